//! Global revocation by an identity provider, which authenticates by a JWT that it signs with the keys of its ID tokens.

use serde_json::{Value, json};
use token_introspection::call;

use super::{SKEW, global_revocation::revoking};
use crate::{
    keys,
    proxy::Fault,
    world::{Answer, GENERIC, ISSUER, OWN, Request, World, changed, introspection, request},
};

const PROVIDER: &str = "okta-integration";
const CHALLENGE: &str = r#"Bearer realm="token-introspection", error="invalid_token""#;

fn endpoint() -> String {
    format!("{OWN}/global-token-revocation")
}

async fn world() -> World {
    let settings = [
        ("GLOBAL_REVOCATION_ISSUERS", ISSUER),
        ("MTLS_PUBLIC_URL", "https://mtls.example.com"),
        ("FAILED_AUTHENTICATION_LIMIT", "1000"),
    ];
    let world = World::with(&settings).await;
    put_provider(&world, &json!({}));
    world
}

fn put_provider(world: &World, changes: &Value) {
    let record = json!({ "client_id": PROVIDER, "token_endpoint_auth_method": "bearer", "issuer": ISSUER,
                         "introspection": { "may_revoke_subjects": true, "allowed": false } });
    world.put_client(&changed(&record, changes));
}

fn provider_claims(changes: &Value) -> Value {
    let now = call::now();
    let claims =
        json!({ "iss": ISSUER, "sub": PROVIDER, "aud": endpoint(), "jti": "call-1", "iat": now, "exp": now + 300 });
    changed(&claims, changes)
}

fn jwt(world: &World, changes: &Value) -> String {
    world.signer.token(&json!({ "typ": "global-token-revocation+jwt" }), &provider_claims(changes))
}

fn revoke(token: &str, sub: &str) -> Request {
    let body = json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": sub } });
    revoking(&body).header("authorization", &format!("Bearer {token}"))
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str, case: &str) {
    assert_eq!(answer.reason(), Some(reason), "{case}: {}", answer.body);
    let seen = (answer.status.as_u16(), answer.header("www-authenticate"), answer.body.as_str());
    assert_eq!(seen, (401, CHALLENGE, r#"{"error":"invalid_client"}"#), "{case}");
}

#[tokio::test]
async fn r19_a_provider_revokes_its_users_with_each_jwt_once() {
    let world = world().await;
    let token = world.token(&json!({}));
    world.introspect(&token).await.assert_active();
    let call = jwt(&world, &json!({}));
    let answer = world.send(revoke(&call, "alice").request_id("request-1")).await;
    assert_eq!((answer.status.as_u16(), answer.outcome()), (204, "subject_revoked"));
    let record = answer.audit.last().unwrap();
    assert_eq!(
        (&record["caller"], &record["method"], &record["issuer"]),
        (&json!(PROVIDER), &json!("bearer"), &json!(ISSUER))
    );
    world.introspect(&token).await.assert_inactive("revoked_subject");
    assert_refused(&world.send(revoke(&call, "bob").request_id("request-2")).await, "assertion_replayed", "again");
    let now = call::now();
    for (number, (header, changes)) in [
        (json!({ "typ": "JWT" }), json!({})),
        (json!({}), json!({})),
        (json!({}), json!({ "aud": [endpoint()] })),
        (json!({}), json!({ "aud": "https://mtls.example.com/global-token-revocation" })),
        (json!({}), json!({ "exp": now + 3600, "nbf": now })),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = provider_claims(&changes);
        claims["jti"] = json!(format!("good-{number}"));
        let call = revoke(&world.signer.token(&header, &claims), "alice").request_id(&number.to_string());
        let answer = world.send(call.at(now)).await;
        assert_eq!(answer.status, 204, "{changes}: {:?}", answer.reason());
    }
}

#[tokio::test]
async fn r19_each_rule_of_the_jwt_refuses_with_the_same_bytes() {
    let world = world().await;
    let now = call::now();
    for (changes, reason) in [
        (json!({ "aud": [endpoint(), "other"] }), "assertion_audience"),
        (json!({ "aud": "https://other.example/global-token-revocation" }), "assertion_audience"),
        (json!({ "aud": format!("http{}", &endpoint()[5..]) }), "assertion_audience"),
        (json!({ "exp": null }), "assertion_time"),
        (json!({ "exp": now }), "assertion_time"),
        (json!({ "exp": now + 3601 }), "assertion_time"),
        (json!({ "iat": null }), "assertion_time"),
        (json!({ "iat": now + SKEW + 1 }), "assertion_time"),
        (json!({ "nbf": now + SKEW + 1 }), "assertion_time"),
        (json!({ "jti": null }), "assertion_without_jti"),
        (json!({ "jti": "" }), "assertion_without_jti"),
        (json!({ "sub": "another-client" }), "unknown_client"),
        (json!({ "sub": null }), "unknown_client"),
        (json!({ "sub": "" }), "unknown_client"),
        (json!({ "iss": GENERIC }), "bearer_foreign"),
        // Without our endpoint as an audience, it counts as an access token, and lacks the claims of one.
        (json!({ "aud": OWN }), "bearer_malformed"),
        (json!({ "aud": null }), "bearer_malformed"),
        (json!({ "iss": "https://stranger.example" }), "bearer_malformed"),
    ] {
        let answer = world.send(revoke(&jwt(&world, &changes), "alice").at(now)).await;
        assert_refused(&answer, reason, &changes.to_string());
    }
    let claims = provider_claims(&json!({}));
    let forged = |kid: Option<&str>| keys::ed25519(kid, 2).token(&json!({}), &claims);
    for (case, token, reason) in [
        ("an access token's type", world.signer.token(&json!({ "typ": "at+jwt" }), &claims), "assertion_header"),
        ("a logout token's type", world.signer.token(&json!({ "typ": "logout+jwt" }), &claims), "assertion_header"),
        ("alg none", world.signer.token(&json!({ "alg": "none" }), &claims), "bearer_inactive"),
        ("a forged signature", forged(Some("key-1")), "bearer_inactive"),
        ("an invented key", forged(Some("key-9")), "bearer_inactive"),
    ] {
        assert_refused(&world.send(revoke(&token, "alice")).await, reason, case);
    }
    world.put_mark(&format!("kid#{ISSUER}#key-1"), &json!({}));
    assert_refused(&world.send(revoke(&jwt(&world, &json!({})), "alice")).await, "bearer_inactive", "a distrusted key");
    assert_eq!(world.count_items().await, 1);
}

#[tokio::test]
async fn r19_the_record_must_accept_the_provider_and_allow_the_revocation() {
    let world = world().await;
    let mut number = 0;
    for (changes, status, reason) in [
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), 401, "wrong_method"),
        (json!({ "token_endpoint_auth_method": null }), 401, "public_client"),
        (json!({ "disabled": true }), 401, "disabled"),
        (json!({ "issuer": GENERIC }), 401, "bearer_foreign"),
        (json!({ "issuer": null }), 401, "bearer_foreign"),
        (json!({ "introspection": { "may_revoke_subjects": "yes" } }), 401, "corrupt_client_record"),
        (json!({ "introspection": {} }), 403, "may_not_revoke_subjects"),
    ] {
        put_provider(&world, &changes);
        number += 1;
        let token = jwt(&world, &json!({ "jti": number.to_string() }));
        let answer = world.send(revoke(&token, "alice").request_id(&number.to_string())).await;
        assert_eq!((answer.status.as_u16(), answer.reason()), (status, Some(reason)), "{changes}");
    }
    put_provider(&world, &json!({}));
    let foreign = revoking(&json!({ "sub_id": { "format": "iss_sub", "iss": GENERIC, "sub": "alice" } }));
    let foreign = foreign.header("authorization", &format!("Bearer {}", jwt(&world, &json!({ "jti": "f" }))));
    world.send(foreign).await.assert_error(403, "unauthorized_client", "foreign_subject");
    let body = json!({ "client_id": "other", "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": "alice" } });
    let named = revoking(&body).header("authorization", &format!("Bearer {}", jwt(&world, &json!({}))));
    world.send(named).await.assert_error(400, "invalid_request", "client_id_mismatch");
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r19_the_jwt_is_no_credential_elsewhere_and_an_access_token_still_is_one_here() {
    let world = world().await;
    put_provider(&world, &json!({ "introspection": { "may_revoke_subjects": true } }));
    let call = jwt(&world, &json!({}));
    for path in ["/token/introspect", "/token/revoke"] {
        let question = request().path(path).header("authorization", &format!("Bearer {call}")).form(&[("token", "x")]);
        assert_eq!(world.send(question).await.status, 401, "{path}");
    }
    let answer = world.send(introspection(&call)).await;
    assert_eq!(answer.body, r#"{"active":false}"#);
    let own = world.token(&json!({ "client_id": PROVIDER, "aud": OWN, "scope": "introspection", "sub": PROVIDER }));
    assert_eq!(world.send(revoke(&own, "alice")).await.status, 204);
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn r19_r06_known_and_unknown_clients_cost_the_same_read_and_a_wrong_jwt_none() {
    let world = world().await;
    let mut seen = Vec::new();
    for sub in [PROVIDER, "another-client"] {
        let token = keys::ed25519(Some("key-1"), 2).token(&json!({}), &provider_claims(&json!({ "sub": sub })));
        world.proxy.take_requests();
        let answer = world.send(revoke(&token, "alice")).await;
        let operations: Vec<_> = world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect();
        seen.push((answer, operations));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].1, ["BatchGetItem"]);
    assert_eq!(world.send(revoke(&jwt(&world, &json!({ "exp": 1 })), "alice")).await.status, 401);
    assert_eq!(world.proxy.take_requests(), []);
    world.send(revoke(&jwt(&world, &json!({})), "alice")).await;
    let operations: Vec<_> = world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["BatchGetItem", "PutItem", "PutItem"]);
    world.proxy.fail(Fault::AccessDenied);
    world
        .send(revoke(&jwt(&world, &json!({ "jti": "call-2" })), "alice"))
        .await
        .assert_unavailable("store_unavailable");
}
