//! Group R: what issuers report ends what it names, and nothing else.

mod costs;
mod events;
mod events_refused;
pub mod global_revocation;
mod log_out;
mod log_out_refused;
mod provider_calls;
mod providers;

use serde_json::{Value, json};
use token_introspection::{call, records::sha256_hex, service::Service};

use crate::{
    key_host::KeyHost,
    keys,
    world::{Answer, ISSUER, Request, World, changed, request, send},
};

/// The audience of the notices: a client of this deployment at the issuer.
pub const RECEIVER: &str = "introspection-receiver";
const LOG_OUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const SKEW: i64 = 10;

/// The issuer of [`World::signer`], which may send notices, with these members of its entry changed.
pub fn entry(changes: &Value) -> Value {
    let entry = json!({
        "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [keys::ed25519(Some("key-1"), 1).jwk()] },
        "logout_audiences": [RECEIVER],
    });
    changed(&entry, changes)
}

/// `TRUSTED_ISSUERS` with this issuer.
pub fn issuers() -> String {
    json!([entry(&json!({ "event_audiences": [RECEIVER] }))]).to_string()
}

async fn world() -> World {
    World::with(&[("TRUSTED_ISSUERS", &issuers())]).await
}

/// A host that publishes the key of [`World::signer`], and `TRUSTED_ISSUERS` with this entry, whose keys are fetched there.
async fn published(entry: &Value) -> (KeyHost, Value) {
    let host = KeyHost::start(&json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] })).await;
    let fetched = json!({ "jwks": null, "jwks_uri": host.url, "algorithms": ["EdDSA"] });
    let issuers = json!([changed(entry, &fetched)]);
    (host, issuers)
}

/// Another environment of the same deployment, with these issuers.
async fn trusting(world: &World, issuers: &Value) -> Service {
    World::service(&world.proxy.url, &issuers.to_string(), &world.token_settings()).await
}

/// The claims of a good logout token for a session, with these changed.
pub fn log_out_claims(changes: &Value) -> Value {
    let now = call::now();
    let claims = json!({
        "iss": ISSUER, "aud": RECEIVER, "iat": now, "exp": now + 120, "jti": "logout-1", "sid": "s-1", "sub": "alice",
        "events": { LOG_OUT_EVENT: {} },
    });
    changed(&claims, changes)
}

/// The request that carries this logout token.
pub fn log_out(token: &str) -> Request {
    request().path("/logout/backchannel").form(&[("logout_token", token)])
}

/// A logout token with these claims changed.
fn logout_token(world: &World, changes: &Value) -> String {
    world.signer.token(&json!({ "typ": "logout+jwt" }), &log_out_claims(changes))
}

/// The id of the replay guard of a logout token.
fn guard(issuer: &str, jti: &str) -> String {
    format!("logout#{}", sha256_hex(&format!("{issuer}\0{jti}")))
}

/// Asserts that the log-out succeeded, with the answer of the specification.
#[track_caller]
fn assert_logged_out(answer: &Answer, case: &str) {
    let headers = [("cache-control", "no-store"), ("pragma", "no-cache"), ("x-content-type-options", "nosniff")];
    let expected = (200, headers.to_vec(), "");
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), expected, "{case}");
    assert_eq!((answer.reason(), answer.outcome()), (None, "logged_out"), "{case}");
}

/// Asserts that the token was not accepted for this reason. The answer has the same bytes for all.
#[track_caller]
fn assert_not_accepted(answer: &Answer, reason: &str, case: &str) {
    let body = r#"{"error":"invalid_request","error_description":"the logout token is not accepted"}"#;
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!(answer.reason(), Some(reason), "{case}: {}", answer.body);
    let expected = (400, headers.to_vec(), body);
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), expected, "{case}");
    assert_eq!(answer.outcome(), "not_accepted", "{case}");
}

async fn send_to(service: &Service, token: &str) -> Answer {
    send(service, log_out(token)).await
}

/// The issuer with events enabled.
fn events_entry() -> Value {
    entry(&json!({ "logout_audiences": null, "event_audiences": [RECEIVER] }))
}

/// The claims of a good security event token about a session of a user, with these changed.
pub fn set_claims(changes: &Value) -> Value {
    let claims = json!({
        "iss": ISSUER, "aud": RECEIVER, "iat": call::now() - 5, "jti": "event-1",
        "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": "alice" },
        "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} },
    });
    changed(&claims, changes)
}

/// A security event token with these claims changed.
pub fn event_token(world: &World, changes: &Value) -> String {
    world.signer.token(&json!({ "typ": "secevent+jwt" }), &set_claims(changes))
}

/// A security event token that the issuer did not sign.
pub fn forged_event(kid: &str) -> String {
    keys::ed25519(Some(kid), 2).token(&json!({ "typ": "secevent+jwt" }), &set_claims(&json!({})))
}

/// The request that pushes this token.
pub fn push(token: &str) -> Request {
    let request = request().path("/events").header("content-type", "application/secevent+jwt");
    request.header("accept", "application/json").body(token)
}

/// Asserts that a token was accepted, with the answer of the specification.
#[track_caller]
fn assert_accepted(answer: &Answer, outcome: &str, case: &str) {
    let headers = [("cache-control", "no-store"), ("pragma", "no-cache"), ("x-content-type-options", "nosniff")];
    assert_eq!(answer.reason(), None, "{case}: {}", answer.body);
    let expected = (202, headers.to_vec(), "");
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), expected, "{case}");
    assert_eq!(answer.outcome(), outcome, "{case}");
}
