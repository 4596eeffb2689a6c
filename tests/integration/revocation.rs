//! `POST /token/revoke`: a client revokes its own tokens, and learns nothing about those of others.

use serde_json::{Value, json};
use token_introspection::{call, records::sha256_hex};

use crate::{
    proxy::Fault,
    time::fast_forward,
    world::{AUDIENCE, Answer, ISSUER, OWN, SECRET, World, request},
};

/// The client that the tokens of [`World::token`] are issued to.
const APP: &str = "app";

async fn world() -> World {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": APP, "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    world.put_client(&json!({ "client_id": "own-app", "client_secret": sha256_hex(SECRET), "issuer": OWN }));
    world
}

async fn revoke_as(world: &World, client_id: &str, token: &str) -> Answer {
    world.send(request().path("/token/revoke").basic(client_id, SECRET).form(&[("token", token)])).await
}

/// Asserts the constant answer to a revocation, which does not show whether a token was revoked.
#[track_caller]
fn assert_done(answer: &Answer) {
    assert_same(answer);
    assert_eq!((answer.outcome(), answer.reason()), ("revoked", None));
}

/// Asserts the same answer if nothing was revoked for that reason.
#[track_caller]
fn assert_nothing_revoked(answer: &Answer, reason: &str) {
    assert_same(answer);
    assert_eq!((answer.outcome(), answer.reason()), ("nothing_revoked", Some(reason)));
}

#[track_caller]
fn assert_same(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", ""));
}

fn record(token_type: &str) -> Value {
    json!({
        "token_type": token_type, "client_id": "own-app", "sub": "alice", "aud": AUDIENCE, "grant_id": "g-1", "sid": "s-1",
        "iat": call::now() - 10, "exp": call::now() + 600,
    })
}

#[tokio::test]
async fn n01_n04_a_clients_own_jwt_is_inactive_on_the_next_request() {
    let world = world().await;
    for changes in [json!({}), json!({ "jti": "jti-2", "nbf": call::now() + 5 })] {
        let token = world.token(&changes);
        world.introspect(&token).await.assert_active();
        assert_done(&revoke_as(&world, APP, &token).await);
        world.introspect(&token).await.assert_inactive("revoked_token");
        assert_done(&revoke_as(&world, APP, &token).await);
    }
    world.introspect(&world.token(&json!({ "jti": "jti-3" }))).await.assert_active();
}

#[tokio::test]
async fn n01_a_jwt_without_jti_is_revoked_by_its_signing_input() {
    let world = world().await;
    let claims = |changes: &Value| crate::world::claims(changes);
    let generic = json!({ "iss": crate::world::GENERIC, "jti": null, "token_use": "access" });
    world
        .put_client(&json!({ "client_id": APP, "client_secret": sha256_hex(SECRET), "issuer": crate::world::GENERIC }));
    let token = world.signer.token(&json!({}), &claims(&generic));
    world.introspect(&token).await.assert_active();
    assert_done(&revoke_as(&world, APP, &token).await);
    world.introspect(&token).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn n03_revoking_a_refresh_token_revokes_its_grants_access_tokens_but_not_the_session() {
    let world = world().await;
    world.put_token("refresh", &record("refresh_token"));
    world.put_token("access", &record("access_token"));
    let mut other = record("access_token");
    other["grant_id"] = json!("g-2");
    world.put_token("other-grant-same-session", &other);
    world.introspect("access").await.assert_active();
    assert_done(&revoke_as(&world, "own-app", "refresh").await);
    world.introspect("access").await.assert_inactive("revoked_grant");
    world.introspect("other-grant-same-session").await.assert_active();
    for mark in [format!("revoked#{}", sha256_hex("refresh")), format!("grant#{OWN}#g-1")] {
        assert_eq!(world.stored_item(&mark).await["reason"]["S"], "revoked by its client", "{mark}");
    }
    assert_eq!(world.count_items().await, 3 + 2, "three records and these two marks");
}

#[tokio::test]
async fn n04_a_mark_that_would_expire_before_the_token_is_extended() {
    let world = world().await;
    let exp = call::now() + 600;
    let jwt = world.token(&json!({ "exp": exp }));
    let (mark, near, far) = (format!("jti#{ISSUER}#jti-1"), call::now() + 60, exp + 9000);
    let late_enough = json!((exp + 3600).to_string());
    for (theirs, expected) in [
        (json!({}), Value::Null),
        (json!({ "expires_at": far }), json!(far.to_string())),
        (json!({ "expires_at": near }), late_enough.clone()),
    ] {
        world.put_mark(&mark, &theirs);
        assert_done(&revoke_as(&world, APP, &jwt).await);
        assert_eq!(world.stored_item(&mark).await["expires_at"]["N"], expected, "{theirs}");
        world.introspect(&jwt).await.assert_inactive("revoked_token");
    }
    world.delete_item(&mark).await;
    assert_done(&revoke_as(&world, APP, &jwt).await);
    assert_eq!(world.stored_item(&mark).await["expires_at"]["N"], late_enough);
    // The expiry of a grant's last token is not known.
    world.put_token("refresh", &record("refresh_token"));
    let grant = format!("grant#{OWN}#g-1");
    world.put_mark(&grant, &json!({ "expires_at": near }));
    assert_done(&revoke_as(&world, "own-app", "refresh").await);
    assert_eq!(world.stored_item(&grant).await["expires_at"], Value::Null);
}

#[tokio::test]
async fn n03_revoking_an_access_token_does_not_revoke_its_grant() {
    let world = world().await;
    world.put_token("one", &record("access_token"));
    world.put_token("two", &record("access_token"));
    assert_done(&revoke_as(&world, "own-app", "one").await);
    world.introspect("one").await.assert_inactive("revoked_token");
    world.introspect("two").await.assert_active();
}

#[tokio::test]
async fn n02_another_clients_token_stays_active_and_is_answered_like_an_unknown_one() {
    let world = world().await;
    world.put_client(&json!({ "client_id": "stranger", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    // The same client id at another issuer is another client.
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": OWN }));
    world.put_token("opaque", &record("access_token"));
    let jwt = world.token(&json!({}));
    let unknown = revoke_as(&world, "stranger", "unknown").await;
    assert_nothing_revoked(&unknown, "unknown_token");
    for (client_id, token) in
        [("stranger", &jwt), ("app", &jwt), ("app", &"opaque".to_owned()), ("stranger", &"opaque".to_owned())]
    {
        let answer = revoke_as(&world, client_id, token).await;
        assert_eq!(answer, unknown, "{client_id}");
        assert_nothing_revoked(&answer, "foreign_token");
        world.introspect(token).await.assert_active();
    }
    for (token, reason) in [
        (world.token(&json!({ "exp": 1 })), "expired"),
        (format!("{jwt}x"), "malformed"),
        ("a.b.c".to_owned(), "unknown_token"),
        ("x".repeat(20_000), "too_long"),
    ] {
        let answer = revoke_as(&world, APP, &token).await;
        assert_eq!(answer, unknown);
        assert_nothing_revoked(&answer, reason);
    }
    assert!(world.proxy.take_requests().iter().all(|(operation, _)| operation == "BatchGetItem"), "nothing is written");
}

#[tokio::test]
async fn n02_a_forged_token_revokes_nothing() {
    let world = world().await;
    let forged =
        crate::keys::ed25519(Some("key-1"), 99).token(&json!({ "typ": "at+jwt" }), &crate::world::claims(&json!({})));
    assert_nothing_revoked(&revoke_as(&world, APP, &forged).await, "bad_signature");
    world.introspect(&world.token(&json!({}))).await.assert_active();
}

#[tokio::test]
async fn n01_the_caller_is_checked_first_and_its_policy_does_not_matter() {
    let world = world().await;
    world.put_client(&json!({
        "client_id": APP, "client_secret": sha256_hex(SECRET), "issuer": ISSUER, "introspection": { "allowed": false },
    }));
    world.put_client(&json!({ "client_id": "public", "issuer": ISSUER }));
    let token = world.token(&json!({}));
    let at = || request().path("/token/revoke");
    world.send(at().form(&[("token", &token)])).await.assert_error(401, "invalid_client", "no_credentials");
    world.send(at().basic(APP, "wrong").form(&[("token", &token)])).await.assert_error(
        401,
        "invalid_client",
        "wrong_secret",
    );
    world.send(at().basic("public", SECRET).form(&[("token", &token)])).await.assert_error(
        401,
        "invalid_client",
        "public_client",
    );
    world.send(at().basic(APP, SECRET).form(&[])).await.assert_error(400, "invalid_request", "missing_token");
    world.send(at().method(http::Method::GET)).await.assert_error(405, "invalid_request", "method_not_allowed");
    world.introspect(&token).await.assert_active();
    assert_done(&revoke_as(&world, APP, &token).await);
    world.introspect(&token).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn n05_a_store_failure_is_503() {
    let world = world().await;
    let token = world.token(&json!({}));
    for fault in [Fault::ServerError, Fault::Throttled, Fault::Unprocessed, Fault::Resets] {
        world.proxy.fail(fault);
        fast_forward(revoke_as(&world, APP, &token)).await.assert_unavailable("store_unavailable");
    }
    world.proxy.fail(Fault::None);
    world.introspect(&token).await.assert_active();
    assert_done(&revoke_as(&world, APP, &token).await);
    world.introspect(&token).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn n03_an_existing_mark_is_strengthened_and_never_weakened() {
    let world = world().await;
    world.put_token("refresh", &record("refresh_token"));
    world.put_token("access", &record("access_token"));
    let grant = format!("grant#{OWN}#g-1");
    world.put_mark(&grant, &json!({ "not_before": 1, "reason": "theirs" }));
    world.introspect("access").await.assert_active();
    assert_done(&revoke_as(&world, "own-app", "refresh").await);
    world.introspect("access").await.assert_inactive("revoked_grant");
    world.put_mark(&grant, &json!({ "reason": "theirs" }));
    assert_done(&revoke_as(&world, "own-app", "refresh").await);
    world.introspect("access").await.assert_inactive("revoked_grant");
}

#[tokio::test]
async fn n03_g03_a_further_mark_never_turns_an_inactive_token_active() {
    let world = world().await;
    let ids = ["jti", "sid", "sub", "client", "iss", "grant", "kid"];
    let claims = json!({ "sid": "s", "grant_id": "g" });
    let mut inactive = vec![
        (world.token(&json!({ "sid": "s", "grant_id": "g", "exp": 1 })), "expired"),
        ("unknown".to_owned(), "unknown_token"),
    ];
    let forged = crate::keys::ed25519(Some("key-1"), 99);
    inactive.push((forged.token(&json!({ "typ": "at+jwt" }), &crate::world::claims(&claims)), "bad_signature"));
    world.put_mark(&format!("jti#{ISSUER}#dead"), &json!({}));
    inactive.push((world.token(&json!({ "sid": "s", "grant_id": "g", "jti": "dead" })), "revoked_token"));
    let future = call::now() + 1_000_000;
    for prefix in ids {
        let name = match prefix {
            "jti" => "#jti-1",
            "sid" => "#s",
            "sub" => "#alice",
            "client" => "#app",
            "grant" => "#g",
            "kid" => "#key-1",
            _ => "",
        };
        for attributes in [
            json!({}),
            json!({ "not_before": 0 }),
            json!({ "not_before": future }),
            json!({ "except_sid": "s" }),
            json!({ "expires_at": 1 }),
            json!({ "not_before": "corrupt" }),
        ] {
            world.put_mark(&format!("{prefix}#{ISSUER}{name}"), &attributes);
            for (token, reason) in &inactive {
                world.introspect(token).await.assert_inactive(reason);
            }
        }
    }
}
