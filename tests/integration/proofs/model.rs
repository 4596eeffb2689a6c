//! A second opinion on proofs: the list of RFC 9449 §4.3, item by item, in the simplest code, with another library for
//! keys and the algorithm of RFC 3986 word by word.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, jwk::Jwk};
use serde_json::Value;

use super::sha256;

/// What a resource server got.
pub(super) struct Received<'a> {
    pub proof: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    pub token: &'a str,
    pub jkt: &'a str,
    pub now: f64,
    pub skew: f64,
}

pub(super) fn accepts(received: &Received<'_>) -> bool {
    check(received).is_some()
}

fn check(received: &Received<'_>) -> Option<()> {
    let parts: Vec<&str> = received.proof.split('.').collect();
    let [header, payload, signature] = parts[..] else { return None };
    let (header, payload) = (json(header)?, json(payload)?);
    // 3. All required claims are there. 4. The type. 5. An asymmetric algorithm.
    let text = |object: &Value, name: &str| object.get(name)?.as_str().map(str::to_owned);
    let jti = text(&payload, "jti")?;
    let typ = text(&header, "typ")?.to_lowercase();
    let alg = text(&header, "alg")?;
    let algorithm: Algorithm = if alg == "Ed25519" { Algorithm::EdDSA } else { alg.parse().ok()? };
    let symmetric = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].contains(&algorithm);
    // 6. The signature. 7. No private key.
    let jwk = header.get("jwk")?;
    let is_private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| jwk.get(name).is_some());
    let key = DecodingKey::from_jwk(&serde_json::from_value::<Jwk>(jwk.clone()).ok()?).ok()?;
    let (signed, _) = received.proof.rsplit_once('.')?;
    let is_signed = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm).ok()?;
    // 8. The method. 9. The URL. 11. The time. 12. The hash of the token and the key that it is bound to.
    let is_method = text(&payload, "htm")? == received.method;
    let is_url = normal(&text(&payload, "htu")?)? == normal(received.url)?;
    let age = received.now - payload.get("iat")?.as_f64()?.floor();
    let is_recent = -received.skew <= age && age <= 300.0 + received.skew;
    let is_token = text(&payload, "ath")? == sha256(received.token);
    let is_key = thumbprint(jwk)? == received.jkt;
    let all = [
        !jti.is_empty(),
        ["dpop+jwt", "application/dpop+jwt"].contains(&typ.as_str()),
        !symmetric && !is_private && is_signed,
        is_method && is_url && is_recent && is_token && is_key,
        header.get("crit").is_none() && header.get("b64").is_none_or(|b64| *b64 == true),
    ];
    all.iter().all(|holds| *holds).then_some(())
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok().filter(Value::is_object)
}

/// RFC 7638 §3.
fn thumbprint(jwk: &Value) -> Option<String> {
    let get = |name: &str| jwk.get(name).and_then(Value::as_str);
    let text = match get("kty")? {
        "EC" => format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, get("crv")?, get("x")?, get("y")?),
        "OKP" => format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, get("crv")?, get("x")?),
        _ => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, get("e")?, get("n")?),
    };
    Some(sha256(&text))
}

/// RFC 3986 §6.2.2 and §6.2.3, without query and fragment.
fn normal(url: &str) -> Option<String> {
    let url = url.split('#').next()?.split('?').next()?;
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_lowercase();
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let mut authority = authority.to_lowercase();
    if !["http", "https"].contains(&scheme.as_str()) || authority.is_empty() || authority.contains('@') {
        return None;
    }
    for (of, port) in [("https", ":443"), ("http", ":80")] {
        if scheme == of {
            authority = authority.strip_suffix(port).unwrap_or(&authority).to_owned();
        }
    }
    let mut input = unescaped(path)?;
    let mut output = String::new();
    // RFC 3986 §5.2.4, steps 2A to 2E.
    while !input.is_empty() {
        if let Some(rest) = input.strip_prefix("/./") {
            input = format!("/{rest}");
        } else if input == "/." {
            "/".clone_into(&mut input);
        } else if let Some(rest) = input.strip_prefix("/../") {
            input = format!("/{rest}");
            output.truncate(output.rfind('/').unwrap_or(0));
        } else if input == "/.." {
            "/".clone_into(&mut input);
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |next| next + 1);
            output.push_str(&input[..end]);
            input = input[end..].to_owned();
        }
    }
    Some(format!("{scheme}://{authority}{}", if output.is_empty() { "/" } else { &output }))
}

fn unescaped(path: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        if first != '%' {
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let digits = rest.get(1..3)?;
        let byte = hex::decode(digits).ok()?[0];
        let unreserved = byte.is_ascii_alphanumeric() || [b'-', b'.', b'_', b'~'].contains(&byte);
        if unreserved {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&digits.to_uppercase());
        }
        rest = &rest[3..];
    }
    Some(text)
}
