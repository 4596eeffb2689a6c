//! Logout tokens that are not accepted: each rule, and that the answer does not reveal which one.

use http::Method;
use serde_json::{Value, json};
use token_introspection::{call, records::sha256_hex};

use super::{
    LOG_OUT_EVENT, RECEIVER, SKEW, assert_not_accepted, entry, log_out, log_out_claims, logout_token, send_to,
    trusting, world,
};
use crate::{
    keys,
    world::{GENERIC, ISSUER, World, get, request, send},
};

#[tokio::test]
async fn r02_r03_each_rule_of_the_claims_refuses_with_the_same_bytes() {
    let world = world().await;
    let now = call::now();
    for (changes, reason) in [
        (json!({ "iss": null }), "untrusted_issuer"),
        (json!({ "iss": "https://stranger.example" }), "untrusted_issuer"),
        (json!({ "iss": format!("{ISSUER}/") }), "untrusted_issuer"),
        (json!({ "iss": 1 }), "untrusted_issuer"),
        (json!({ "aud": null }), "wrong_audience"),
        (json!({ "aud": "other" }), "wrong_audience"),
        (json!({ "aud": [] }), "wrong_audience"),
        (json!({ "aud": 1 }), "wrong_claim_type"),
        (json!({ "iat": null }), "missing_claim"),
        (json!({ "iat": 0 }), "missing_claim"),
        (json!({ "iat": "now" }), "wrong_claim_type"),
        (json!({ "iat": now - 300 - SKEW - 1 }), "too_old"),
        (json!({ "iat": 1 }), "too_old"),
        (json!({ "iat": now + SKEW + 1 }), "issued_in_the_future"),
        (json!({ "exp": now }), "expired"),
        (json!({ "exp": 0 }), "expired"),
        (json!({ "exp": "1" }), "wrong_claim_type"),
        (json!({ "nbf": now + SKEW + 1 }), "not_yet_valid"),
        (json!({ "jti": null }), "missing_claim"),
        (json!({ "jti": "" }), "missing_claim"),
        (json!({ "jti": 1 }), "wrong_claim_type"),
        (json!({ "sid": null, "sub": null }), "missing_claim"),
        (json!({ "sid": "", "sub": "" }), "missing_claim"),
        (json!({ "sid": 1 }), "wrong_claim_type"),
        (json!({ "sub": ["alice"] }), "wrong_claim_type"),
        (json!({ "nonce": "n" }), "has_nonce"),
        (json!({ "nonce": null, "a": 1, "events": null }), "wrong_events"),
        (json!({ "events": {} }), "wrong_events"),
        (json!({ "events": [LOG_OUT_EVENT] }), "wrong_events"),
        (json!({ "events": LOG_OUT_EVENT }), "wrong_events"),
        (json!({ "events": { LOG_OUT_EVENT: true } }), "wrong_events"),
        (json!({ "events": { LOG_OUT_EVENT: [] } }), "wrong_events"),
        (json!({ "events": { "https://schemas.openid.net/event/backchannel-logout": {} } }), "wrong_events"),
        (json!({ "sid": "s".repeat(3000) }), "unrevocable"),
    ] {
        let mut claims = log_out_claims(&changes);
        // Null takes a claim away. For this rule, it is a value.
        if changes.get("nonce").is_some_and(Value::is_null) {
            claims["events"] = Value::Null;
        }
        let token = world.signer.token(&json!({ "typ": "logout+jwt" }), &claims);
        assert_not_accepted(&world.send(log_out(&token).at(now)).await, reason, &changes.to_string());
    }
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r01_r03_each_rule_of_form_header_and_signature_refuses_with_the_same_bytes() {
    let world = world().await;
    let claims = log_out_claims(&json!({}));
    let good = logout_token(&world, &json!({}));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let with = |header: Value| world.signer.token(&header, &claims);
    let forged = |kid: Option<&str>| keys::ed25519(kid, 2).token(&json!({ "typ": "logout+jwt" }), &claims);
    let duplicate = claims.to_string().replacen('{', r#"{"sid":"s-2","#, 1);
    for (case, token, reason) in [
        ("opaque", "opaque".to_owned(), "not_a_jwt"),
        ("encrypted", format!("{input}.a.b.c"), "not_a_jwt"),
        ("not decodable", format!("{input}=.{signature}"), "malformed"),
        ("a duplicate claim", world.signer.sign(r#"{"alg":"EdDSA","kid":"key-1"}"#, &duplicate), "malformed"),
        ("too long", logout_token(&world, &json!({ "a": "x".repeat(12_300) })), "too_long"),
        ("an access token", with(json!({ "typ": "at+jwt" })), "wrong_typ"),
        ("a security event token", with(json!({ "typ": "secevent+jwt" })), "wrong_typ"),
        ("a type with a space", with(json!({ "typ": "logout+jwt " })), "wrong_typ"),
        ("alg none", with(json!({ "alg": "none" })), "wrong_algorithm"),
        ("alg HS256", with(json!({ "alg": "HS256" })), "wrong_algorithm"),
        ("another algorithm", with(json!({ "alg": "RS256" })), "bad_signature"),
        ("an extension", with(json!({ "crit": ["b64"], "b64": true })), "critical_extension"),
        ("an unencoded payload", with(json!({ "b64": false })), "unencoded_payload"),
        ("a forged signature", forged(Some("key-1")), "bad_signature"),
        ("an invented key", forged(Some("key-9")), "unknown_key"),
        ("no kid", forged(None), "bad_signature"),
        ("no signature", format!("{input}."), "bad_signature"),
    ] {
        assert_not_accepted(&world.send(log_out(&token)).await, reason, case);
    }
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r06_a_distrusted_key_ends_nothing_and_other_marks_do_not_matter() {
    let world = world().await;
    for id in [format!("iss#{ISSUER}"), format!("sub#{ISSUER}#alice"), format!("sid#{ISSUER}#s-1")] {
        world.put_mark(&id, &json!({}));
    }
    super::assert_logged_out(&world.send(log_out(&logout_token(&world, &json!({})))).await, "what it ends is ended");
    world.put_mark(&format!("kid#{ISSUER}#key-1"), &json!({}));
    let token = |jti: &str| logout_token(&world, &json!({ "sid": "s-2", "jti": jti }));
    assert_not_accepted(&world.send(log_out(&token("logout-2"))).await, "revoked_signing_key", "with kid");
    let unnamed = keys::ed25519(None, 1).token(&json!({}), &log_out_claims(&json!({ "jti": "logout-3" })));
    assert_not_accepted(&world.send(log_out(&unnamed)).await, "revoked_signing_key", "without kid");
}

#[tokio::test]
async fn r01_only_an_entry_with_logout_audiences_enables_its_issuer_and_the_route() {
    let world = world().await;
    let token = logout_token(&world, &json!({}));
    let other = json!({ "issuer": GENERIC, "profile": "rfc9068", "jwks": { "keys": [world.signer.jwk()] },
                        "logout_audiences": [RECEIVER] });
    let service = trusting(&world, &json!([entry(&json!({ "logout_audiences": null })), other])).await;
    assert_not_accepted(&send_to(&service, &token).await, "issuer_not_enabled", "another entry enables the route");
    // Without such an entry, the route is an unknown one, whatever the method and the body.
    let off = trusting(&world, &json!([entry(&json!({ "logout_audiences": null }))])).await;
    let unknown = send(&off, get("/logout/nowhere")).await;
    for request in [log_out(&token), get("/logout/backchannel"), log_out("x").header("content-type", "text/plain")] {
        let answer = send(&off, request).await;
        answer.assert_error(404, "not_found", "not_found");
        assert_eq!(answer, unknown);
    }
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r01_a21_the_request_is_checked_in_the_order_of_the_other_routes() {
    let world = world().await;
    let token = logout_token(&world, &json!({}));
    let good = || log_out(&token);
    for (request, status, reason) in [
        (good().method(Method::GET).query("logout_token=x"), 405, "method_not_allowed"),
        (good().method(Method::OPTIONS), 405, "method_not_allowed"),
        (good().query("logout_token=x").header("content-type", "text/plain"), 400, "secret_in_query"),
        (good().query("access_token=x"), 400, "secret_in_query"),
        (good().header("content-type", "application/json"), 415, "wrong_media_type"),
        (good().header("content-type", "application/logout+jwt"), 415, "wrong_media_type"),
        (good().body(vec![b'x'; 70_000]), 413, "body_too_large"),
        (good().body("logout_token=%FF&logout_token=x"), 400, "malformed_body"),
        (good().body("logout_token=x&logout_token=x"), 400, "duplicate_parameter"),
        (good().body("logout_token="), 400, "missing_logout_token"),
        (good().body(format!("token={token}")), 400, "missing_logout_token"),
        (good().body(format!("Logout_Token={token}")), 400, "missing_logout_token"),
        (good().body(""), 400, "missing_logout_token"),
    ] {
        world.proxy.take_requests();
        let answer = world.send(request).await;
        answer.assert_error(status, "invalid_request", reason);
        assert_eq!(answer.header("cache-control"), "no-store", "{reason}");
        assert_eq!(answer.header("allow"), if status == 405 { "POST" } else { "" });
        assert_eq!(world.proxy.take_requests(), [], "{reason}");
    }
}

#[tokio::test]
async fn r02_h04_an_access_token_ends_nothing_and_a_logout_token_is_no_access_token() {
    let world = world().await;
    let access = world.token(&json!({ "aud": RECEIVER, "sid": "s-1" }));
    assert_not_accepted(&world.send(log_out(&access)).await, "wrong_typ", "an access token");
    for typ in [json!({ "typ": "logout+jwt" }), json!({ "typ": "at+jwt" }), json!({})] {
        let claims = log_out_claims(&json!({ "client_id": "app" }));
        let token = world.signer.token(&typ, &claims);
        let answer = world.introspect(&token).await;
        assert_eq!(answer.body, r#"{"active":false}"#, "{typ}");
    }
    // Nor is it a credential: the client is registered for access tokens of the same issuer.
    world.put_client(&json!({ "client_id": "bearer", "token_endpoint_auth_method": "bearer", "issuer": ISSUER,
                              "client_secret": sha256_hex("x") }));
    let token = logout_token(&world, &json!({ "client_id": "bearer", "scope": "introspection" }));
    let question = request().header("authorization", &format!("Bearer {token}")).form(&[("token", "x")]);
    assert_eq!(world.send(question).await.status, 401);
}

#[tokio::test]
async fn r03_no_detail_of_a_token_reaches_the_answer() {
    let world = World::with(&[("TRUSTED_ISSUERS", &json!([entry(&json!({}))]).to_string())]).await;
    let canary = "canary-4711";
    for changes in [json!({ "iss": canary }), json!({ "aud": canary }), json!({ "sid": canary, "nonce": canary })] {
        let answer = world.send(log_out(&logout_token(&world, &changes))).await;
        let headers = format!("{:?}", answer.headers);
        assert!(answer.status == 400 && !answer.body.contains(canary) && !headers.contains(canary), "{changes}");
    }
}
