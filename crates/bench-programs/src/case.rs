//! The cases: each kind of token, of credentials and of outcome.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

pub const CLIENT: &str = "orders-api";
pub const SECRET: &str = "dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM";
pub const AUDIENCE: &str = "https://introspection.example.com";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/orders-api";
const BEARER: &str = include_str!("../../bench/fixtures/bearer.txt");
const ASSERTION: &str = include_str!("../../bench/fixtures/assertion.txt");
/// Each kind of token, with a valid one and an expired one.
const TOKENS: [(&str, &str, &str); 6] = [
    (
        "RS256",
        include_str!("../../bench/fixtures/token-rs256.txt"),
        include_str!("../../bench/fixtures/token-rs256-expired.txt"),
    ),
    (
        "PS256",
        include_str!("../../bench/fixtures/token-ps256.txt"),
        include_str!("../../bench/fixtures/token-ps256-expired.txt"),
    ),
    (
        "ES256",
        include_str!("../../bench/fixtures/token-es256.txt"),
        include_str!("../../bench/fixtures/token-es256-expired.txt"),
    ),
    (
        "EdDSA",
        include_str!("../../bench/fixtures/token-eddsa.txt"),
        include_str!("../../bench/fixtures/token-eddsa-expired.txt"),
    ),
    (
        "opaque",
        include_str!("../../bench/fixtures/token-opaque.txt"),
        include_str!("../../bench/fixtures/token-opaque-expired.txt"),
    ),
    ("garbage", include_str!("../../bench/fixtures/token-garbage.txt"), ""),
];

/// What is measured under one name.
pub enum Case {
    /// The whole line, from the event to the response and the audit record.
    Request { event: String, client: Value, revoked: bool, expected: &'static str },
    /// Only the signature check, with a key that is loaded.
    Signature { algorithm: &'static str, token: &'static str },
    /// Only the SHA-256 of the token.
    Digest { token: &'static str },
}

/// All cases, by name, in the order of the table.
pub fn cases() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for (kind, token, expired) in TOKENS {
        let (token, expired) = (token.trim(), expired.trim());
        let active = if kind == "garbage" { "inactive" } else { "active" };
        cases.push((format!("{kind}, basic, {active}"), basic(token, SECRET, false, active)));
        if kind != "garbage" {
            cases.push((format!("{kind}, basic, expired"), basic(expired, SECRET, false, "inactive")));
            cases.push((format!("{kind}, basic, revoked"), basic(token, SECRET, true, "inactive")));
        }
    }
    let token = TOKENS[0].1.trim();
    cases.push(("RS256, basic, wrong secret".to_owned(), basic(token, "wrong", false, "refused")));
    let form = format!("token={token}&client_id={CLIENT}&client_secret={SECRET}");
    cases.push(("RS256, post, active".to_owned(), request(&form, None, &secret_record(), None, "active")));
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let form = format!("token={token}&client_assertion_type={kind}&client_assertion={}", ASSERTION.trim());
    let jwks: Value = serde_json::from_str(include_str!("../../bench/fixtures/jwks.json")).unwrap();
    let jwks = json!({ "keys": [jwks["keys"][0]] }).to_string();
    let record = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
    cases.push((
        "RS256, private_key_jwt, up to its first use".to_owned(),
        request(&form, None, &record, None, "first use"),
    ));
    let header = format!("Bearer {}", BEARER.trim());
    let record =
        json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": "https://auth.example.com" });
    cases.push((
        "RS256, bearer, active".to_owned(),
        request(&format!("token={token}"), Some(&header), &record, None, "active"),
    ));
    let record = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "aws_iam", "iam_principal_arn": ROLE });
    let iam = json!({ "iam": { "userArn": "arn:aws:sts::123456789012:assumed-role/orders-api/i-0abc", "userId": "AROAEXAMPLE:i-0abc" } });
    let form = format!("token={token}&client_id={CLIENT}");
    cases.push(("RS256, aws_iam, active".to_owned(), request(&form, None, &record, Some(&iam), "active")));
    for (kind, token, _) in &TOKENS[..4] {
        cases.push((
            format!("{kind}, only the signature check"),
            Case::Signature { algorithm: kind, token: token.trim() },
        ));
    }
    cases.push(("RS256, only the SHA-256".to_owned(), Case::Digest { token }));
    cases
}

fn secret_record() -> Value {
    json!({ "client_id": CLIENT, "client_secret": sha256_hex(SECRET) })
}

fn basic(token: &str, secret: &str, revoked: bool, expected: &'static str) -> Case {
    let header = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    let case = request(&format!("token={token}"), Some(&header), &secret_record(), None, expected);
    match case {
        Case::Request { event, client, .. } => Case::Request { event, client, revoked, expected },
        other => other,
    }
}

/// A request through an HTTP API, with the members that API Gateway sends.
fn request(
    form: &str,
    authorization: Option<&str>,
    client: &Value,
    authorizer: Option<&Value>,
    expected: &'static str,
) -> Case {
    let mut event: Value = serde_json::from_str(include_str!("../../../events/http-api-active.json")).unwrap();
    event["body"] = form.into();
    match authorization {
        Some(value) => event["headers"]["authorization"] = value.into(),
        None => drop(event["headers"].as_object_mut().unwrap().remove("authorization")),
    }
    if let Some(authorizer) = authorizer {
        event["requestContext"]["authorizer"] = authorizer.clone();
    }
    Case::Request { event: event.to_string(), client: client.clone(), revoked: false, expected }
}
