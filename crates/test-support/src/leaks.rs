//! Searches what every request of the tests leaves in the log for what must not be there (O-04): the request's tokens and
//! secrets, what a token says of a person, and control characters.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};
use token_introspection::{call::Call, records::sha256_hex};

/// Parameters whose values are public.
const PUBLIC: [&str; 10] = [
    "client_id",
    "iss",
    "format",
    "token_type_hint",
    "client_assertion_type",
    "grant_type",
    "htm",
    "htu",
    "scope",
    "client_certificate_thumbprint",
];
/// Headers with credentials or proofs.
const HEADERS: [&str; 2] = ["authorization", "dpop"];
/// Claims that say which person or which token it is.
const PERSONAL: [&str; 8] = ["sub", "jti", "sid", "username", "email", "name", "origin_jti", "grant_id"];
/// Shorter values occur in a log by chance.
const SHORTEST: usize = 8;

/// What must not be in the log of a request.
pub struct Secrets(Vec<String>);

impl Secrets {
    pub fn of(call: &Call) -> Self {
        let (mut values, mut secrets) = (Vec::new(), Vec::new());
        for header in HEADERS.iter().flat_map(|name| call.headers.get_all(*name)) {
            let value = String::from_utf8_lossy(header.as_bytes()).into_owned();
            let credentials = value.split_once(' ').map_or(value.as_str(), |(_, credentials)| credentials).trim();
            if let Some((_, password)) = decoded(credentials).as_deref().and_then(|pair| pair.split_once(':')) {
                values.push(password.to_owned());
            }
            // The subject of a caller's own token is the client, which the log names.
            secrets.extend(personal(credentials, |name| name != "sub"));
            values.push(credentials.to_owned());
        }
        let credentials = values.len();
        let body = call.body.as_deref().unwrap_or_default();
        match serde_json::from_slice(body) {
            Ok(json @ Value::Object(_)) => values.extend(texts(&json)),
            _ if body.contains(&b'=') => values.extend(
                form_urlencoded::parse(body)
                    .filter(|(name, _)| !PUBLIC.contains(&name.as_ref()))
                    .map(|(_, value)| value.into_owned()),
            ),
            _ => values.extend(String::from_utf8(body.to_owned())),
        }
        let in_body = values.iter().skip(credentials);
        secrets.extend(in_body.flat_map(|value| personal(value, |_| true)));
        for value in values.into_iter().filter(|value| value.len() >= SHORTEST) {
            secrets.push(sha256_hex(&value));
            secrets.extend(value.split('.').filter(|part| part.len() > 20).map(str::to_owned));
            secrets.push(value);
        }
        Self(secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect())
    }

    /// Fails the test if one of them, or a control character, is in what was logged.
    pub fn assert_absent(&self, events: &[Map<String, Value>]) {
        for text in events.iter().flat_map(Map::values).filter_map(Value::as_str) {
            assert!(!text.contains(char::is_control), "a control character was logged: {events:?}");
            let found = self.0.iter().find(|secret| text.contains(secret.as_str()));
            assert_eq!(found, None, "it was logged: {events:?}");
        }
    }
}

/// What those claims of a JWT say of a person. The subject of an assertion, and of a token that a client got for itself, is
/// that client, which the log names.
fn personal(token: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: Map<String, Value> = serde_json::from_slice(&payload).unwrap_or_default();
    let of_client = ["iss", "client_id"].iter().any(|client| claims.get(*client) == claims.get("sub"));
    let names = PERSONAL.iter().filter(|name| wanted(name) && !(of_client && **name == "sub"));
    names.filter_map(|name| claims.get(*name)).flat_map(texts).collect()
}

/// The texts in a value that are not public.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !PUBLIC.contains(&name.as_str()))
            .flat_map(|(_, value)| texts(value))
            .collect(),
        _ => Vec::new(),
    }
}

fn decoded(credentials: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(credentials).ok()?).ok()
}
