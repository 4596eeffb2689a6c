//! Requests about one token or several, in every encoding of the clients.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{super::model::Wire, broken_requests::break_a_rule, clients::OLD_SECRET, dice::Dice};
use crate::world::percent_encoded;

const FORM: &str = "application/x-www-form-urlencoded";

/// A client's id, and the secret that it has.
pub struct Sender<'s> {
    pub id: &'s str,
    pub secret: &'s str,
}

/// A request about a token.
pub fn request(dice: &mut Dice, sender: &Sender<'_>, token: &str, now: i64) -> Wire {
    let secret = if dice.chance(3) {
        "wrong"
    } else if dice.chance(4) {
        OLD_SECRET
    } else {
        sender.secret
    };
    let id = if dice.chance(3) { dice.pick(&["nobody", "", "a\u{7}b", "api-9"]) } else { sender.id };
    let mut headers = vec![("content-type", FORM.to_owned())];
    let mut parameters = vec![format!("token={}", encoded(dice, token))];
    if dice.chance(30) {
        parameters.push(format!("client_id={}", encoded(dice, id)));
        parameters.push(format!("client_secret={}", encoded(dice, secret)));
    } else {
        headers.push(("authorization", basic(dice, id, secret)));
    }
    if dice.chance(10) {
        parameters.push(format!("token_type_hint={}", dice.pick(&["access_token", "refresh_token", "", "%00"])));
    }
    if dice.chance(8) {
        let accept = [
            "application/json",
            "*/*",
            "text/html",
            "application/token-introspection+jwt",
            "application/token-introspection+jwt, application/json",
            "application/token-introspection+jwt;q=0",
            "",
        ];
        headers.push(("accept", dice.pick(&accept).to_owned()));
    }
    if dice.chance(30) {
        let at = dice.below(parameters.len() + 1);
        parameters.insert(
            at,
            dice.pick(&["x=1&x=2", "Token=other", "", "resource=a&resource=b", "=", "%74okens=x", "x=%zz%4"])
                .to_owned(),
        );
    }
    let now = if dice.chance(15) { now + dice.one(&[-1, 1, 10, 60, 599, 600, 601, -3600]) } else { now };
    let mut wire = Wire {
        method: "POST".to_owned(),
        path: "/token/introspect".to_owned(),
        query: String::new(),
        headers,
        body: parameters.join("&").into_bytes(),
        now,
    };
    if dice.chance(15) {
        break_a_rule(dice, &mut wire, sender);
    }
    wire
}

/// A request about several tokens.
pub fn batch(dice: &mut Dice, sender: &Sender<'_>, tokens: &[String], now: i64) -> Wire {
    let mut members = vec![format!("\"tokens\":{}", json!(tokens))];
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if dice.chance(40) {
        members.push(format!("\"client_id\":{}", json!(sender.id)));
        members.push(format!("\"client_secret\":{}", json!(sender.secret)));
    } else {
        headers.push(("authorization", basic(dice, sender.id, sender.secret)));
    }
    if dice.chance(12) {
        let odd = [
            "\"x\":1",
            "\"x\":1,\"x\":2",
            "\"tokens\":[\"x\"]",
            "\"client_secret\":\"\"",
            "\"x\":{\"a\":[],\"a\":[]}",
            "\"x\":01",
            "\"token\":\"x\"",
        ];
        members.push(dice.pick(&odd).to_owned());
    }
    if dice.chance(8) {
        let many = json!(vec!["unknown"; 49 + dice.below(3)]).to_string();
        let odd = ["[]", "\"opaque-0\"", "[\"opaque-0\",\"\"]", "[5]", "[null]", "null", &many];
        members[0] = format!("\"tokens\":{}", dice.pick(&odd));
    }
    let body = match dice.below(30) {
        0 => "[]".to_owned(),
        1 => format!("{{{}", members.join(",")),
        _ => format!("{{{}}}", members.join(",")),
    };
    if dice.chance(4) {
        FORM.clone_into(&mut headers[0].1);
    }
    Wire {
        method: "POST".to_owned(),
        path: "/token/introspect/batch".to_owned(),
        query: String::new(),
        headers,
        body: body.into_bytes(),
        now,
    }
}

/// A value in one of the forms that mean it.
fn encoded(dice: &mut Dice, text: &str) -> String {
    match dice.below(3) {
        0 => percent_encoded(text),
        1 => percent_encoded(text).replace("%20", "+").to_lowercase().replace("%2b", "%2B"),
        _ if text.is_ascii() && !text.contains(['%', '+', '&', '=', '\n', ' ', '\u{7}']) => text.to_owned(),
        _ => {
            // Only what means something else is encoded.
            let encode =
                |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { percent_encoded(&c.to_string()) };
            text.chars().map(encode).collect()
        }
    }
}

/// A header of Basic in one of the encodings of its clients.
fn basic(dice: &mut Dice, id: &str, secret: &str) -> String {
    let form = |text: &str| percent_encoded(text).replace("%20", "+");
    let form_id = form(id);
    // Raw, an id with a colon would end there.
    let raw = if id.contains(':') && dice.chance(95) { &form_id } else { id };
    let ways = if dice.chance(10) { 7 } else { 4 };
    let (id, secret) = match dice.below(ways) {
        0 => (form(id), form(secret)),
        1 if dice.chance(50) => (raw.to_owned(), secret.to_owned()),
        1 => (percent_encoded(id), percent_encoded(secret)),
        // As Skipper does.
        2 => (percent_encoded(id), percent_encoded(secret).replace("%2B", "+")),
        3 => (percent_encoded(id), secret.to_owned()),
        4 => (percent_encoded(id), percent_encoded(&percent_encoded(secret))),
        5 => (form(id), percent_encoded(secret).replace("%2B", "+").replace("%20", "+")),
        _ => (raw.to_owned(), secret.to_owned()),
    };
    let scheme = dice.pick(&["Basic ", "Basic ", "Basic ", "basic ", "BASIC   "]);
    format!("{scheme}{}", STANDARD.encode(format!("{id}:{secret}")))
}
