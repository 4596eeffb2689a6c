//! All that is not the introspection of one token.

use http::Method;
use serde_json::{Value, json};
use token_introspection::call;

use super::{
    deployment::{ADMIN, APP, Deployment, FETCHED, Question},
    kinds::{AUTHORIZER, BATCH, DOCUMENTS, ERROR, Kind, NOTICES, REVOCATION, kind},
};
use crate::{
    authorizer::gateway::asked,
    keys,
    notices::{global_revocation::revoking, log_out, log_out_claims, push, set_claims},
    signed_responses::KEY_SET,
    world::{API, ISSUER, OWN, Request, SECRET, changed, get, introspection, request},
};

pub fn all(at: &Deployment) -> Vec<Kind> {
    let mut kinds = batches(at);
    kinds.extend(revocations(at));
    kinds.extend(notices());
    kinds.extend(authorizations());
    kinds.extend(documents());
    kinds.extend(errors());
    kinds
}

fn batch(tokens: &[String]) -> Request {
    let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
    batch.basic(API, SECRET).body(json!({ "tokens": tokens }).to_string())
}

fn batches(at: &Deployment) -> Vec<Kind> {
    for number in 0..50 {
        at.opaque(&format!("of-a-batch-{number}"), &json!({ "sub": format!("s-{number}") }));
    }
    let different = |at: &Deployment| -> Vec<String> {
        let token =
            |n| at.world.token(&json!({ "jti": format!("j{n}"), "sub": format!("s{n}"), "sid": format!("i{n}") }));
        (0..50).map(token).collect()
    };
    let numbered = |name: &str| -> Vec<String> { (0..50).map(|number| format!("{name}-{number}")).collect() };
    vec![
        kind(BATCH, "one JWT", |at, _| batch(&[at.world.token(&json!({}))])),
        kind(BATCH, "one JWT, fifty times", |at, _| batch(&vec![at.world.token(&json!({})); 50])),
        kind(BATCH, "fifty JWTs of different users and sessions", move |at, _| batch(&different(at))),
        kind(BATCH, "fifty opaque tokens of different users", move |_, _| batch(&numbered("of-a-batch"))),
        kind(BATCH, "fifty unknown tokens", move |_, _| batch(&numbered("unknown"))),
        kind(BATCH, "a JWT, an opaque and an unknown token", |at, _| {
            batch(&[at.world.token(&json!({})), "of-a-batch-1".to_owned(), "unknown".to_owned()])
        }),
        kind(BATCH, "a JWT whose issuer's keys are fetched", |at, _| {
            batch(&[at.fetched(&at.world.signer, &json!({}))])
        }),
        kind(BATCH, "fifty JWTs of a caller with a wrong secret", move |at, _| {
            batch(&different(at)).basic(API, "wrong")
        }),
        kind(BATCH, "fifty JWTs of a caller that may not introspect", move |at, _| {
            batch(&different(at)).basic("not-allowed", SECRET)
        }),
        kind(BATCH, "fifty-one tokens", |_, _| batch(&vec!["x".to_owned(); 51])),
    ]
}

fn revoke(token: &str) -> Request {
    request().path("/token/revoke").basic(APP, SECRET).form(&[("token", token)])
}

fn revocations(at: &Deployment) -> Vec<Kind> {
    let own = json!({ "iss": ISSUER });
    let refresh = json!({ "iss": ISSUER, "token_type": "refresh_token", "grant_id": "g-of-refresh" });
    at.opaque("own, revoked before", &own);
    vec![
        kind(REVOCATION, "of a JWT", |at, id| revoke(&at.world.token(&json!({ "jti": id })))),
        kind(REVOCATION, "of a JWT that is revoked already", |at, _| {
            revoke(&at.world.token(&json!({ "jti": "again" })))
        })
        .again(1),
        kind(REVOCATION, "of a JWT whose issuer's keys are fetched", |at, id| {
            revoke(&at.fetched(&at.world.signer, &json!({ "jti": id, "client_id": "of-fetched" })))
                .basic("of-fetched", SECRET)
        }),
        kind(REVOCATION, "of an opaque access token", move |at, id| revoke(&at.opaque(id, &own))),
        kind(REVOCATION, "of a refresh token with a grant", move |at, id| {
            let grant = json!({ "grant_id": format!("grant-{id}") });
            revoke(&at.opaque(id, &changed(&refresh, &grant)))
        }),
        kind(REVOCATION, "of an opaque token that is revoked already", |_, _| revoke("own, revoked before")).again(1),
        kind(REVOCATION, "by a public client", |at, id| {
            let token = at.world.token(&json!({ "jti": id, "client_id": "public" }));
            request().path("/token/revoke").form(&[("token", &token), ("client_id", "public")])
        }),
        kind(REVOCATION, "of a JWT of another client", |at, _| {
            revoke(&at.world.token(&json!({ "client_id": "other" })))
        }),
        kind(REVOCATION, "of a JWT that is forged", |_, _| {
            revoke(
                &keys::ed25519(Some("key-1"), 2).token(&json!({ "typ": "at+jwt" }), &crate::world::claims(&json!({}))),
            )
        }),
        kind(REVOCATION, "of a JWT that has expired", |at, _| revoke(&at.world.token(&json!({ "exp": 1 })))),
        kind(REVOCATION, "of an unknown token", |_, _| revoke("unknown")),
        kind(REVOCATION, "by a client with a wrong secret", |at, _| {
            revoke(&at.world.token(&json!({}))).basic(APP, "wrong")
        }),
        kind(REVOCATION, "of a subject, by a client", |_, id| revoking(&subject(id)).basic(ADMIN, SECRET)),
        kind(REVOCATION, "of a subject, by an identity provider", |at, id| {
            let now = call::now();
            let claims = json!({ "iss": ISSUER, "sub": "provider", "aud": format!("{OWN}/global-token-revocation"),
                                 "jti": id, "iat": now, "exp": now + 300 });
            let token = at.world.signer.token(&json!({ "typ": "global-token-revocation+jwt" }), &claims);
            revoking(&subject(id)).header("authorization", &format!("Bearer {token}"))
        }),
        kind(REVOCATION, "of a subject, by a client that may not", |_, id| revoking(&subject(id)).basic(APP, SECRET)),
        kind(REVOCATION, "of a subject, by a client with a wrong secret", |_, id| {
            revoking(&subject(id)).basic(ADMIN, "wrong")
        }),
    ]
}

fn subject(sub: &str) -> Value {
    json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": sub } })
}

fn log_out_token(at: &Deployment, changes: &Value) -> Request {
    log_out(&at.world.signer.token(&json!({ "typ": "logout+jwt" }), &log_out_claims(changes)))
}

fn event(at: &Deployment, changes: &Value) -> Request {
    let changes = changed(&json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": changes["jti"] } }), changes);
    push(&at.world.signer.token(&json!({ "typ": "secevent+jwt" }), &set_claims(&changes)))
}

fn notices() -> Vec<Kind> {
    let session = |event: &str| json!({ format!("https://schemas.openid.net/secevent/{event}"): {} });
    vec![
        kind(NOTICES, "a log-out of a session", |at, id| log_out_token(at, &json!({ "jti": id, "sid": id }))),
        kind(NOTICES, "a log-out of a user", |at, id| log_out_token(at, &json!({ "jti": id, "sid": null, "sub": id }))),
        kind(NOTICES, "a log-out that was received before", |at, _| {
            log_out_token(at, &json!({ "jti": "received before", "sid": "received before" }))
        })
        .again(1),
        kind(NOTICES, "a log-out that another key signed", |_, id| {
            log_out(&keys::ed25519(Some("key-1"), 2).token(&json!({}), &log_out_claims(&json!({ "jti": id }))))
        }),
        kind(NOTICES, "a log-out of an issuer whose keys are fetched", |at, id| {
            log_out_token(at, &json!({ "iss": FETCHED, "jti": id, "sid": id }))
        }),
        kind(NOTICES, "a log-out for another audience", |at, _| log_out_token(at, &json!({ "aud": "other" }))),
        kind(NOTICES, "an event that ends a session", move |at, id| {
            event(at, &json!({ "jti": id, "events": session("caep/event-type/session-revoked") }))
        }),
        kind(NOTICES, "an event that ends nothing", move |at, id| {
            event(at, &json!({ "jti": id, "events": session("caep/event-type/assurance-level-change") }))
        }),
        kind(NOTICES, "an event that another key signed", |_, id| {
            push(
                &keys::ed25519(Some("key-1"), 2)
                    .token(&json!({ "typ": "secevent+jwt" }), &set_claims(&json!({ "jti": id }))),
            )
        }),
        kind(NOTICES, "an event for another audience", |at, _| event(at, &json!({ "aud": "other" }))),
    ]
}

fn bearer(token: &str) -> Question {
    Question::Access(asked(&format!("Bearer {token}")))
}

fn authorizations() -> Vec<Kind> {
    vec![
        kind(AUTHORIZER, "a JWT", |at, _| bearer(&at.world.token(&json!({})))),
        kind(AUTHORIZER, "a JWT that has expired", |at, _| bearer(&at.world.token(&json!({ "exp": 1 })))),
        kind(AUTHORIZER, "a JWT whose issuer's keys are fetched", |at, _| {
            bearer(&at.fetched(&at.world.signer, &json!({})))
        }),
        kind(AUTHORIZER, "an opaque token", |_, _| bearer("plain")),
        kind(AUTHORIZER, "an unknown token", |_, _| bearer("unknown")),
        kind(AUTHORIZER, "no token", |_, _| Question::Access(asked("Basic YTpi"))),
    ]
}

fn documents() -> Vec<Kind> {
    vec![
        kind(DOCUMENTS, "metadata", |_, _| get("/.well-known/oauth-authorization-server")),
        kind(DOCUMENTS, "keys of signed answers", |_, _| get(KEY_SET)),
        kind(DOCUMENTS, "a CORS preflight", |_, _| {
            request().method(Method::OPTIONS).header("origin", "https://app.example.com")
        }),
    ]
}

fn errors() -> Vec<Kind> {
    let good = |at: &Deployment| introspection(&at.world.token(&json!({})));
    vec![
        kind(ERROR, "another path", move |at, _| good(at).path("/other")),
        kind(ERROR, "another method", move |at, _| good(at).method(Method::GET)),
        kind(ERROR, "another media type", move |at, _| good(at).header("content-type", "text/plain")),
        kind(ERROR, "a body of more than 64 KiB", move |at, _| good(at).body("x".repeat(70_000))),
        kind(ERROR, "a token in the query", move |at, _| good(at).query("token=x")),
        kind(ERROR, "no token", |_, _| request().basic(API, SECRET).form(&[("x", "y")])),
        kind(ERROR, "two tokens", |_, _| request().basic(API, SECRET).form(&[("token", "x"), ("token", "x")])),
        kind(ERROR, "two ways of authentication", |_, _| {
            request().basic(API, SECRET).form(&[("token", "x"), ("client_id", API), ("client_secret", SECRET)])
        }),
        kind(ERROR, "a proof without its target", |at, _| {
            request().basic(API, SECRET).form(&[("token", &at.world.token(&json!({}))), ("dpop", "x")])
        }),
    ]
}
