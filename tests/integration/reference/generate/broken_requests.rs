//! Requests that break a rule of their form.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};

use super::{super::model::Wire, dice::Dice, requests::Sender};

fn set(wire: &mut Wire, name: &'static str, value: &str) {
    wire.headers.retain(|(header, _)| *header != name);
    wire.headers.push((name, value.to_owned()));
}

fn append(wire: &mut Wire, parameter: &[u8]) {
    wire.body.push(b'&');
    wire.body.extend_from_slice(parameter);
}

/// Changes a request so that most often it breaks a rule.
pub fn break_a_rule(dice: &mut Dice, wire: &mut Wire, sender: &Sender<'_>) {
    let credentials = format!("{}:{}", sender.id, sender.secret);
    match dice.below(15) {
        0 => dice
            .pick(&[
                "/",
                "/token/introspect/",
                "/token/Introspect",
                "/token/introspect/x",
                "/introspect",
                "/stage/token/introspect",
                "",
            ])
            .clone_into(&mut wire.path),
        1 => dice.pick(&["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]).clone_into(&mut wire.method),
        2 => dice
            .pick(&[
                "token=x",
                "x=1&access_token",
                "client_secret=",
                "%74oken=x",
                "client_assertion=x",
                "x=token",
                "client_id=x",
                "Token=x",
            ])
            .clone_into(&mut wire.query),
        3 => {
            let media_types = [
                "application/json",
                "",
                "text/plain",
                "application/x-www-form-urlencoded; charset=UTF-8",
                "APPLICATION/X-WWW-FORM-URLENCODED",
                " application/x-www-form-urlencoded ;x",
                "multipart/form-data; boundary=x",
            ];
            set(wire, "content-type", dice.pick(&media_types));
        }
        4 => {
            let length = (64 * 1024 + dice.below(2)).saturating_sub(wire.body.len()).max(1);
            append(wire, "x".repeat(length - 1).as_bytes());
        }
        5 => append(
            wire,
            dice.pick(&[&b"x=%FF"[..], b"%ff", b"x=\xff", b"x=%C3%28", b"x=%ED%A0%80", b"x=%C3%A9", b"x=\xc3\xa9"]),
        ),
        6 => append(
            wire,
            dice.pick(&[
                &b"token=x"[..],
                b"%74oken",
                b"token_type_hint=a&token_type_hint=a",
                b"client_id=a&client_id=b",
                b"client_secret&client_secret",
                b"client_assertion&client_assertion=",
                b"dpop=&dpop",
                b"htu=x&htu=x",
            ]),
        ),
        7 => append(
            wire,
            dice.pick(&[&b"client_secret=x"[..], b"client_secret=", b"client_assertion=x", b"client_assertion="]),
        ),
        8 => append(wire, dice.pick(&[&b"client_id=api-0"[..], b"client_id=api-1", b"client_id="])),
        9 => {
            let without = String::from_utf8_lossy(&wire.body).into_owned();
            let parameters = without.split('&').filter(|parameter| !parameter.starts_with("token="));
            wire.body = parameters.collect::<Vec<_>>().join("&").into_bytes();
            append(wire, dice.pick(&[&b""[..], b"token=", b"token"]));
        }
        10 => wire.headers.retain(|(name, _)| *name != "authorization"),
        11 => {
            let bytes = [credentials.as_bytes(), &[0xff][..]].concat();
            let values = [
                format!("Basic {}", STANDARD_NO_PAD.encode(format!("{credentials}="))),
                format!("Basic {}", URL_SAFE.encode(format!("{credentials}\u{fff}?>"))),
                format!("Basic {}", STANDARD.encode(bytes)),
                format!("Basic {}", STANDARD.encode(sender.id)),
                format!("Basic {}", STANDARD.encode(format!("{credentials}\n"))),
                format!("Basic {}", STANDARD.encode(format!("{credentials}%0A"))),
                format!("Basic {}", STANDARD.encode(format!("{}:", sender.id))),
                format!("Basic {}", STANDARD.encode(format!(":{}", sender.secret))),
                "Basic".to_owned(),
                "Basic ".to_owned(),
                "Basic !".to_owned(),
                String::new(),
                format!("Basic {0},Basic {0}", STANDARD.encode(&credentials)),
            ];
            let value = dice.one(&values);
            set(wire, "authorization", &value);
        }
        12 => set(
            wire,
            "authorization",
            dice.pick(&["DPoP abc", "Digest abc", "Negotiate abc==", "basics abc", "Bearer abc", "bearer a.b.c"]),
        ),
        13 => wire.headers.push(("authorization", format!("Basic {}", STANDARD.encode(&credentials)))),
        _ => append(wire, dice.pick(&[&b"dpop=x"[..], b"dpop=", b"access_token=x", b"client_assertion_type=x"])),
    }
}
