//! Global token revocation: who may revoke a subject, and what it ends.

use http::Method;
use serde_json::{Value, json};
use test_support::pages::blocks;
use token_introspection::{call, records::sha256_hex, settings::LogLevel};

use super::{SKEW, entry, trusting};
use crate::{
    log::Log,
    proxy::Fault,
    world::{ACTIVE, GENERIC, ISSUER, OWN, Request, SECRET, World, changed, get, issuers, request, send},
};

const ADMIN: &str = "admin-console";

async fn world() -> World {
    let world = World::with(&[("GLOBAL_REVOCATION_ISSUERS", &format!("{ISSUER},{OWN}"))]).await;
    put_admin(&world, &json!({}));
    world
}

/// The client that may revoke, with these attributes of its record changed.
fn put_admin(world: &World, changes: &Value) {
    let record = json!({ "client_id": ADMIN, "client_secret": sha256_hex(SECRET), "issuer": ISSUER,
                         "introspection": { "may_revoke_subjects": true } });
    world.put_client(&changed(&record, changes));
}

fn subject(iss: &str, sub: &str) -> Value {
    json!({ "sub_id": { "format": "iss_sub", "iss": iss, "sub": sub } })
}

/// The request with this body, without credentials.
pub fn revoking(body: &Value) -> Request {
    let request = request().path("/global-token-revocation").header("content-type", "application/json");
    request.body(body.to_string())
}

fn revoke(iss: &str, sub: &str) -> Request {
    revoking(&subject(iss, sub)).basic(ADMIN, SECRET)
}

#[tokio::test]
async fn r16_all_tokens_of_the_subject_up_to_now_are_revoked_and_no_others() {
    let world = world().await;
    let now = call::now();
    let answer = world.send(revoke(ISSUER, "alice").at(now)).await;
    let headers = [("cache-control", "no-store"), ("pragma", "no-cache"), ("x-content-type-options", "nosniff")];
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), (204, headers.to_vec(), ""));
    assert_eq!((answer.outcome(), answer.reason()), ("subject_revoked", None));
    for (iat, sub, expected) in [
        (now - 10, "alice", "revoked_subject"),
        (now + SKEW, "alice", "revoked_subject"),
        (now + SKEW + 1, "alice", ACTIVE),
        (now, "bob", ACTIVE),
    ] {
        let token = world.token(&json!({ "iat": iat, "sub": sub, "jti": format!("{iat}{sub}") }));
        world.introspect_at(now + SKEW + 1, &token).await.assert_verdict(expected, format!("{iat} {sub}"));
    }
    let mark = world.stored_item(&format!("sub#{ISSUER}#alice")).await;
    assert_eq!(mark["reason"]["S"], "global token revocation");
    assert_eq!((&mark["not_before"]["N"], mark.get("expires_at")), (&json!((now + SKEW).to_string()), None));
    // A subject that has no tokens gets the same answer, and again.
    assert_eq!(world.send(revoke(ISSUER, "a-stranger").at(now)).await, answer);
    assert_eq!(world.send(revoke(ISSUER, "alice").at(now)).await, answer);
}

#[tokio::test]
async fn r16_the_requests_of_the_pages_are_answered() {
    let issuer = "https://auth.example.com";
    let world = World::with(&[("ISSUER", issuer), ("GLOBAL_REVOCATION_ISSUERS", issuer)]).await;
    put_admin(&world, &json!({ "issuer": issuer }));
    let blocks = blocks("json", "subject");
    for block in &blocks {
        let body: Value = serde_json::from_str(&block.text).unwrap();
        assert_eq!(world.send(revoking(&body).basic(ADMIN, SECRET)).await.status, 204, "{}", block.place);
    }
    assert_eq!(blocks.len(), 2);
}

#[tokio::test]
async fn r16_opaque_tokens_of_the_own_issuer_are_revoked_too() {
    let world = world().await;
    put_admin(&world, &json!({ "issuer": OWN }));
    let record = json!({ "token_type": "access_token", "client_id": "app", "sub": "alice", "iat": call::now() - 10,
                         "exp": call::now() + 600 });
    world.put_token("opaque", &record);
    world.introspect("opaque").await.assert_active();
    assert_eq!(world.send(revoke(OWN, "alice")).await.status, 204);
    world.introspect("opaque").await.assert_inactive("revoked_subject");
}

#[tokio::test]
async fn r15_only_a_caller_whose_record_says_so_may_revoke() {
    let world = world().await;
    let may = |value: Value| json!({ "introspection": { "may_revoke_subjects": value } });
    for (changes, status, reason) in [
        (may(json!(false)), 403, "may_not_revoke_subjects"),
        (may(Value::Null), 403, "may_not_revoke_subjects"),
        (json!({ "introspection": {} }), 403, "may_not_revoke_subjects"),
        (json!({ "introspection": null }), 403, "may_not_revoke_subjects"),
        (may(json!("true")), 401, "corrupt_client_record"),
        (may(json!(1)), 401, "corrupt_client_record"),
        (may(json!([true])), 401, "corrupt_client_record"),
        (may(json!({ "BOOL": true })), 401, "corrupt_client_record"),
        (json!({ "disabled": true }), 401, "disabled"),
        (json!({ "client_secret": sha256_hex("another") }), 401, "wrong_secret"),
        (json!({ "client_secret": null }), 401, "public_client"),
    ] {
        put_admin(&world, &changes);
        let answer = world.send(revoke(ISSUER, "alice")).await;
        let code = if status == 403 { "unauthorized_client" } else { "invalid_client" };
        answer.assert_error(status, code, reason);
    }
    assert_eq!(world.count_items().await, 0);
    // A client that may only revoke is possible.
    put_admin(&world, &json!({ "introspection": { "may_revoke_subjects": true, "allowed": false } }));
    assert_eq!(world.send(revoke(ISSUER, "alice")).await.status, 204);
    let question = request().basic(ADMIN, SECRET).form(&[("token", "x")]);
    world.send(question).await.assert_error(403, "unauthorized_client", "not_allowed");
}

#[tokio::test]
async fn r15_credentials_are_in_the_header_or_in_the_object() {
    let world = world().await;
    let members = |extra: Value| changed(&subject(ISSUER, "alice"), &extra);
    let post = members(json!({ "client_id": ADMIN, "client_secret": SECRET }));
    assert_eq!(world.send(revoking(&post)).await.status, 204);
    for (request, status, reason) in [
        (revoking(&members(json!({}))), 401, "no_credentials"),
        (revoking(&members(json!({ "client_id": ADMIN }))), 401, "no_credentials"),
        (revoking(&post).basic(ADMIN, SECRET), 400, "two_mechanisms"),
        (revoking(&members(json!({ "client_id": 1 }))), 400, "malformed_body"),
    ] {
        let answer = world.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.reason()), (status, Some(reason)));
    }
}

#[tokio::test]
async fn r17_the_issuer_is_one_of_the_callers_and_one_of_the_deployments_setting() {
    let world = world().await;
    for (registered, iss, reason) in [
        (json!(ISSUER), ISSUER, None),
        (json!(ISSUER), OWN, Some("foreign_subject")),
        (json!(ISSUER), GENERIC, Some("foreign_subject")),
        (json!(GENERIC), GENERIC, Some("foreign_subject")),
        (json!(GENERIC), ISSUER, Some("foreign_subject")),
        (json!(OWN), OWN, None),
        // Without `issuer`: our own, and the first of the trusted.
        (Value::Null, OWN, None),
        (Value::Null, ISSUER, None),
        (Value::Null, GENERIC, Some("foreign_subject")),
        (json!(ISSUER), "https://stranger.example", Some("foreign_subject")),
        (json!("https://stranger.example"), "https://stranger.example", Some("foreign_subject")),
        (json!(ISSUER), &format!("{ISSUER}/"), Some("foreign_subject")),
    ] {
        put_admin(&world, &json!({ "issuer": registered }));
        let answer = world.send(revoke(iss, "alice")).await;
        match reason {
            None => assert_eq!(answer.status, 204, "{registered} {iss}"),
            Some(reason) => {
                let description = answer.assert_error(403, "unauthorized_client", reason);
                assert_eq!(description, "this client may not revoke the tokens of this subject");
            }
        }
    }
    // An alias names the same issuer, and the mark has its identifier.
    let issuers = json!([entry(&json!({ "aliases": ["https://alias.example"] }))]).to_string();
    let settings = [&[("GLOBAL_REVOCATION_ISSUERS", "https://alias.example")][..], &world.token_settings()].concat();
    let service = World::service(&world.proxy.url, &issuers, &settings).await;
    put_admin(&world, &json!({ "issuer": "https://alias.example" }));
    assert_eq!(send(&service, revoke("https://alias.example", "carol")).await.status, 204);
    assert_ne!(world.stored_item(&format!("sub#{ISSUER}#carol")).await, Value::Null);
}

#[tokio::test]
async fn r15_the_route_exists_only_with_the_setting() {
    let world = World::new().await;
    put_admin(&world, &json!({}));
    world.send(revoke(ISSUER, "alice")).await.assert_error(404, "not_found", "not_found");
    let off = trusting(&world, &json!([entry(&json!({}))])).await;
    send(&off, revoke(ISSUER, "alice")).await.assert_error(404, "not_found", "not_found");
    let metadata = |document: Value| {
        let members = document.as_object().unwrap().clone().into_iter();
        members.filter(|(name, _)| name.starts_with("global_")).map(|(name, _)| name).collect::<Vec<_>>()
    };
    let path = "/.well-known/oauth-authorization-server";
    assert_eq!(metadata(world.send(get(path)).await.json()), Vec::<String>::new());
    let on = World::with(&[("GLOBAL_REVOCATION_ISSUERS", OWN)]).await.send(get(path)).await.json();
    assert_eq!(on["global_token_revocation_endpoint"], format!("{OWN}/global-token-revocation"));
    assert_eq!(
        metadata(on),
        [
            "global_token_revocation_endpoint",
            "global_token_revocation_endpoint_auth_methods_supported",
            "global_token_revocation_endpoint_auth_signing_alg_values_supported",
        ]
    );
}

#[tokio::test]
async fn r16_a21_the_request_is_checked_in_the_order_of_the_other_routes() {
    let world = world().await;
    let good = || revoke(ISSUER, "alice");
    let with = |body: Value| revoking(&body).basic(ADMIN, SECRET);
    let id = |identifier: Value| with(json!({ "sub_id": identifier }));
    for (request, status, reason) in [
        (good().method(Method::GET), 405, "method_not_allowed"),
        (good().method(Method::OPTIONS), 405, "method_not_allowed"),
        (good().query("client_secret=x").header("content-type", "text/plain"), 400, "secret_in_query"),
        (good().header("content-type", "application/x-www-form-urlencoded"), 415, "wrong_media_type"),
        (good().body(vec![b' '; 70_000]), 413, "body_too_large"),
        (good().body("[]"), 400, "malformed_body"),
        (good().body(r#"{"sub_id":{},"sub_id":{}}"#), 400, "malformed_body"),
        (with(json!({})), 400, "wrong_subject"),
        (id(json!({ "format": "email", "email": "alice@example.com" })), 400, "wrong_subject"),
        (id(json!({ "format": "opaque", "id": "alice" })), 400, "wrong_subject"),
        (id(json!({ "iss": ISSUER, "sub": "alice" })), 400, "wrong_subject"),
        (id(json!({ "format": "iss_sub", "iss": ISSUER })), 400, "wrong_subject"),
        (id(json!({ "format": "iss_sub", "iss": ISSUER, "sub": "" })), 400, "wrong_subject"),
        (id(json!({ "format": "iss_sub", "iss": ISSUER, "sub": 1 })), 400, "wrong_subject"),
        (id(json!("alice")), 400, "wrong_subject"),
        (with(json!({ "subject": subject(ISSUER, "alice")["sub_id"] })), 400, "wrong_subject"),
    ] {
        world.proxy.take_requests();
        let answer = world.send(request).await;
        answer.assert_error(status, "invalid_request", reason);
        assert_eq!(world.proxy.take_requests(), [], "{reason}");
    }
    let overlong = world.send(revoke(ISSUER, &"s".repeat(3000))).await;
    overlong.assert_error(400, "invalid_request", "wrong_subject");
    // Without credentials, the subject does not matter.
    world.send(revoking(&json!({}))).await.assert_error(401, "invalid_client", "no_credentials");
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r07_a_failure_of_the_store_is_503_and_the_request_may_be_sent_again() {
    for spared in 0..2 {
        let world = world().await;
        world.proxy.fail_after(spared, Fault::AccessDenied);
        let answer = world.send(revoke(ISSUER, "alice")).await;
        if answer.status == 204 {
            // With a Redis store, the mark does not need DynamoDB.
            assert!(spared == 1 && !crate::world::ALL_IN_DYNAMODB);
            continue;
        }
        answer.assert_unavailable("store_unavailable");
        world.proxy.fail(Fault::None);
        assert_eq!(world.send(revoke(ISSUER, "alice")).await.status, 204);
    }
}

#[tokio::test]
async fn r10_o06_the_audit_record_has_caller_issuer_and_method_and_not_the_subject() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = world().await;
    let global = issuers(&world.signer);
    assert!(global.contains(GENERIC));
    for (iss, outcome, issuer, reason) in [
        (ISSUER, "subject_revoked", json!(ISSUER), Value::Null),
        (GENERIC, "denied", json!(GENERIC), json!("foreign_subject")),
        ("https://stranger.example", "denied", Value::Null, json!("foreign_subject")),
    ] {
        log.take();
        world.send(revoke(iss, "canary-subject")).await;
        let text = log.take();
        assert!(!text.contains("canary"), "{text}");
        let record: Value = text.lines().map(|line| serde_json::from_str(line).unwrap()).next_back().unwrap();
        let members = ["outcome", "caller", "method", "issuer", "reason", "token"].map(|name| record[name].clone());
        let expected = [json!(outcome), json!(ADMIN), json!("client_secret_basic"), issuer, reason, Value::Null];
        assert_eq!(members, expected);
    }
}
