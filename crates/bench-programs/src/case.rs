//! The cases: each kind of token, of credentials and of outcome.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::{
    Tokens,
    signing::{CLIENT, SUBJECT},
    table::Table,
    world::JWKS,
};

const SECRET: &str = "dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM";
const ROLE: &str = "arn:aws:iam::123456789012:role/orders-api";
/// Its place in an event.
const TOKEN: &str = "TOKEN";

/// What is measured under one name.
pub enum Case<'t> {
    /// The whole line, from the event to the response and the audit record.
    Requests(Requests<'t>),
    /// Only the signature check, with a key that is loaded.
    Signature { algorithm: &'static str, tokens: &'t [String] },
    /// Only the SHA-256 of the token.
    Digest { token: &'t str },
}

/// Requests that differ only in their tokens.
pub struct Requests<'t> {
    event: String,
    tokens: &'t [String],
    pub table: Table,
    pub expected: &'static str,
}

impl<'t> Requests<'t> {
    /// Requests with Basic credentials.
    pub fn basic(secret: &str, tokens: &'t [String], expected: &'static str) -> Self {
        let header = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
        let mut table = Table::default();
        table.add_client(CLIENT, &secret_record(CLIENT));
        Self { event: event("token=TOKEN", Some(&header), None), tokens, table, expected }
    }

    fn other(event: String, tokens: &'t [String], record: &Value) -> Self {
        let mut table = Table::default();
        table.add_client(CLIENT, record);
        Self { event, tokens, table, expected: "active" }
    }

    /// Each event.
    pub fn events(&self) -> Vec<String> {
        self.tokens.iter().map(|token| self.event.replace(TOKEN, token)).collect()
    }
}

/// All cases, by name, in the order of the table. A token is presented once, except in "again" and in what needs no
/// signature check.
pub fn cases<'t>(tokens: &'t Tokens) -> Vec<(String, Case<'t>)> {
    let mut cases = Vec::new();
    let mut add = |name: String, requests: Requests<'t>| cases.push((name, Case::Requests(requests)));
    for kind in ["RS256", "PS256", "ES256", "EdDSA"] {
        let (all, expired) = (tokens.all(kind), tokens.all(&format!("{kind} expired")));
        add(format!("{kind}, basic, active"), Requests::basic(SECRET, all, "active"));
        add(format!("{kind}, basic, active, again"), Requests::basic(SECRET, &all[..1], "active"));
        add(format!("{kind}, basic, expired"), Requests::basic(SECRET, expired, "inactive"));
        add(format!("{kind}, basic, revoked"), revoked(Requests::basic(SECRET, all, "inactive")));
    }
    let (opaque, expired) = (tokens.all("opaque"), tokens.all("opaque expired"));
    add("opaque, basic, active".to_owned(), opaque_records(Requests::basic(SECRET, opaque, "active"), tokens));
    add("opaque, basic, expired".to_owned(), opaque_records(Requests::basic(SECRET, expired, "inactive"), tokens));
    add(
        "opaque, basic, revoked".to_owned(),
        opaque_records(revoked(Requests::basic(SECRET, opaque, "inactive")), tokens),
    );
    add("garbage, basic, inactive".to_owned(), Requests::basic(SECRET, tokens.all("garbage"), "inactive"));
    let all = tokens.all("RS256");
    add("RS256, basic, wrong secret".to_owned(), Requests::basic("wrong", &all[..1], "refused"));
    other_credentials(tokens, &mut add);
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let tokens = tokens.all(algorithm);
        cases.push((format!("{algorithm}, only the signature check"), Case::Signature { algorithm, tokens }));
    }
    cases.push(("RS256, only the SHA-256".to_owned(), Case::Digest { token: tokens.one("RS256") }));
    cases
}

fn other_credentials<'t>(tokens: &'t Tokens, add: &mut impl FnMut(String, Requests<'t>)) {
    let all = tokens.all("RS256");
    let form = event(&format!("token=TOKEN&client_id={CLIENT}&client_secret={SECRET}"), None, None);
    add("RS256, post, active".to_owned(), Requests::other(form, all, &secret_record(CLIENT)));
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let assertion = tokens.one("assertion");
    let form = format!("token=TOKEN&client_assertion_type={kind}&client_assertion={assertion}");
    let jwks: Value = serde_json::from_str(JWKS).unwrap();
    let jwks = json!({ "keys": [jwks["keys"][0]] }).to_string();
    let record = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
    let requests = Requests::other(event(&form, None, None), all, &record);
    add("RS256, private_key_jwt, up to its first use".to_owned(), Requests { expected: "first use", ..requests });
    let header = format!("Bearer {}", tokens.one("bearer"));
    let record =
        json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": "https://auth.example.com" });
    add("RS256, bearer, active".to_owned(), Requests::other(event("token=TOKEN", Some(&header), None), all, &record));
    let record = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "aws_iam", "iam_principal_arn": ROLE });
    let iam = json!({ "iam": { "userArn": "arn:aws:sts::123456789012:assumed-role/orders-api/i-0abc", "userId": "AROAEXAMPLE:i-0abc" } });
    let form = format!("token=TOKEN&client_id={CLIENT}");
    add("RS256, aws_iam, active".to_owned(), Requests::other(event(&form, None, Some(&iam)), all, &record));
}

/// A client that authenticates with the secret.
pub fn secret_record(id: &str) -> Value {
    json!({ "client_id": id, "client_secret": sha256_hex(SECRET) })
}

/// The credentials of a client with the secret.
pub fn basic_header(id: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{SECRET}")))
}

fn revoked(mut requests: Requests<'_>) -> Requests<'_> {
    requests.table.add_mark(SUBJECT);
    requests
}

fn opaque_records<'t>(mut requests: Requests<'t>, tokens: &Tokens) -> Requests<'t> {
    requests.table.add_opaque(tokens.one("opaque"), 4_102_444_800);
    requests.table.add_opaque(tokens.one("opaque expired"), 1_767_225_900);
    requests
}

/// A request through an HTTP API, with the members that API Gateway sends.
pub fn event(form: &str, authorization: Option<&str>, authorizer: Option<&Value>) -> String {
    let mut event: Value = serde_json::from_str(include_str!("../../../events/http-api-active.json")).unwrap();
    event["body"] = form.into();
    match authorization {
        Some(value) => event["headers"]["authorization"] = value.into(),
        None => drop(event["headers"].as_object_mut().unwrap().remove("authorization")),
    }
    if let Some(authorizer) = authorizer {
        event["requestContext"]["authorizer"] = authorizer.clone();
    }
    event.to_string()
}
