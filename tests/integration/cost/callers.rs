//! How the caller authenticates, or why it is refused. The token is always a good JWT.

use serde_json::json;
use test_support::certificates::{BILLING, ORDERS};
use token_introspection::call;

use super::{
    deployment::{BY_CERTIFICATE, BY_KEY, BY_PRINCIPAL, BY_TOKEN, Deployment, SIGNED_ONLY},
    kinds::{CALLERS, Kind, REFUSED, kind},
};
use crate::{
    keys,
    signer::Signer,
    world::{API, OWN, Request, SECRET, introspection, request},
};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Orders/i-0123";

fn good(at: &Deployment) -> String {
    at.world.token(&json!({}))
}

/// With an assertion that this key signs.
fn by_assertion(at: &Deployment, key: &Signer, id: &str) -> Request {
    let claims =
        json!({ "iss": BY_KEY, "sub": BY_KEY, "aud": OWN, "iat": call::now(), "exp": call::now() + 60, "jti": id });
    let assertion = key.token(&json!({}), &claims);
    request().form(&[("token", &good(at)), ("client_assertion_type", ASSERTION), ("client_assertion", &assertion)])
}

/// With an access token of the caller's own.
fn by_token(at: &Deployment, changes: &serde_json::Value) -> Request {
    let own = json!({ "aud": OWN, "client_id": BY_TOKEN, "sub": BY_TOKEN, "scope": "introspection", "jti": "own" });
    let own = at.world.token(&crate::world::changed(&own, changes));
    request().header("authorization", &format!("Bearer {own}")).form(&[("token", &good(at))])
}

fn by_principal(at: &Deployment, arn: &str) -> Request {
    let form = [("token", good(at)), ("client_id", BY_PRINCIPAL.to_owned())];
    request().path("/iam/token/introspect").iam(arn).form(&[(form[0].0, &form[0].1), (form[1].0, &form[1].1)])
}

fn by_certificate(at: &Deployment, pem: &str) -> Request {
    request().certificate(pem).form(&[("token", &good(at)), ("client_id", BY_CERTIFICATE)])
}

/// With a secret in the header.
fn by_secret(client_id: &'static str, secret: &'static str) -> impl Fn(&Deployment, &str) -> Request {
    move |at, _| introspection(&good(at)).basic(client_id, secret)
}

pub fn all(_: &Deployment) -> Vec<Kind> {
    vec![
        kind(CALLERS, "`client_secret_post`", |at, _| {
            request().form(&[("token", &good(at)), ("client_id", API), ("client_secret", SECRET)])
        }),
        kind(CALLERS, "`private_key_jwt`", |at, id| by_assertion(at, &keys::es256(Some("k1")), id)),
        kind(CALLERS, "`bearer`", |at, _| by_token(at, &json!({}))),
        kind(CALLERS, "`aws_iam`", |at, _| by_principal(at, SESSION)),
        kind(CALLERS, "`tls_client_auth`", |at, _| by_certificate(at, ORDERS)),
        kind(CALLERS, "throttled, with the right secret", by_secret(API, SECRET)).after(6, by_secret(API, "wrong")),
        // Only a write can find this.
        kind(CALLERS, "an assertion that was used before", |at, _| {
            by_assertion(at, &keys::es256(Some("k1")), "used before")
        })
        .again(1),
        kind(REFUSED, "no credentials", |at, _| request().form(&[("token", &good(at))])),
        kind(REFUSED, "unreadable credentials", |at, _| {
            request().header("authorization", "Basic !").form(&[("token", &good(at))])
        }),
        kind(REFUSED, "an unknown client", by_secret("nobody", SECRET)),
        kind(REFUSED, "a client id that no record can have", by_secret("", SECRET)),
        kind(REFUSED, "a wrong secret", by_secret(API, "wrong")),
        kind(REFUSED, "a wrong secret, throttled", by_secret(API, "wrong")).again(6),
        kind(REFUSED, "a client that is disabled", by_secret("disabled", SECRET)),
        kind(REFUSED, "a client whose record is corrupt", by_secret("corrupt", SECRET)),
        kind(REFUSED, "a public client", by_secret("public", SECRET)),
        kind(REFUSED, "a client that may not introspect", by_secret("not-allowed", SECRET)),
        kind(REFUSED, "a client that must ask for signed answers", by_secret(SIGNED_ONLY, SECRET)),
        kind(REFUSED, "an assertion of another key", |at, id| by_assertion(at, &keys::ed25519(Some("k1"), 4), id)),
        kind(REFUSED, "a token of the caller that has expired", |at, _| by_token(at, &json!({ "exp": 1 }))),
        kind(REFUSED, "a token of the caller without the scope", |at, _| by_token(at, &json!({ "scope": "read" }))),
        kind(REFUSED, "another principal", |at, _| {
            by_principal(at, "arn:aws:sts::111122223333:assumed-role/Billing/x")
        }),
        kind(REFUSED, "another certificate", |at, _| by_certificate(at, BILLING)),
    ]
}
