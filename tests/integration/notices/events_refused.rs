//! Security event tokens that are not accepted: each rule, with the code of RFC 8935 §2.4.

use http::Method;
use serde_json::{Value, json};
use token_introspection::call;

use super::{RECEIVER, SKEW, assert_accepted, event_token, events_entry, published, push, set_claims, trusting};
use crate::{
    keys,
    world::{Answer, GENERIC, ISSUER, World, changed, get, send},
};

const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

async fn world() -> World {
    World::with(&[("TRUSTED_ISSUERS", &json!([events_entry()]).to_string())]).await
}

/// Asserts that the token was refused for this reason, with this code and the headers of the specification.
#[track_caller]
fn assert_refused(answer: &Answer, code: &str, reason: &str, case: &str) {
    let headers = [
        ("cache-control", "no-store"),
        ("content-language", "en"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!(answer.reason(), Some(reason), "{case}: {}", answer.body);
    assert_eq!((answer.status.as_u16(), answer.all_headers()), (400, headers.to_vec()), "{case}");
    let body = answer.json();
    assert_eq!((&body["err"], body["description"].is_string()), (&json!(code), true), "{case}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{case}");
    assert_eq!(answer.outcome(), "not_accepted", "{case}");
}

#[tokio::test]
async fn r11_r13_each_rule_of_the_claims_has_its_code() {
    let world = world().await;
    let now = call::now();
    let user = |iss: &str| json!({ "format": "iss_sub", "iss": iss, "sub": "alice" });
    for (changes, code, reason) in [
        (json!({ "iss": null }), "invalid_issuer", "untrusted_issuer"),
        (json!({ "iss": "https://stranger.example" }), "invalid_issuer", "untrusted_issuer"),
        (json!({ "aud": null }), "invalid_audience", "wrong_audience"),
        (json!({ "aud": "other" }), "invalid_audience", "wrong_audience"),
        (json!({ "iat": null }), "invalid_request", "missing_claim"),
        (json!({ "iat": now + SKEW + 1 }), "invalid_request", "issued_in_the_future"),
        (json!({ "iat": (now * 1000) }), "invalid_request", "wrong_claim_type"),
        (json!({ "exp": now }), "invalid_request", "expired"),
        (json!({ "jti": null }), "invalid_request", "missing_claim"),
        (json!({ "events": null }), "invalid_request", "wrong_events"),
        (json!({ "events": {} }), "invalid_request", "wrong_events"),
        (json!({ "events": [REVOKED] }), "invalid_request", "wrong_events"),
        (json!({ "events": { REVOKED: true } }), "invalid_request", "wrong_events"),
        (json!({ "events": { REVOKED: [] } }), "invalid_request", "wrong_events"),
        (json!({ "sub_id": null }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": null, "sub": "alice" }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": "alice" }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": {} }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": { "format": "email", "email": "a@b.c" } }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": { "format": "account", "uri": "acct:a@b.c" } }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": { "format": "phone_number", "phone_number": "+1" } }), "invalid_request", "wrong_subject"),
        (
            json!({ "sub_id": { "format": "complex", "tenant": { "format": "opaque", "id": "t" } } }),
            "invalid_request",
            "wrong_subject",
        ),
        (json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER } }), "invalid_request", "wrong_subject"),
        (json!({ "sub_id": { "format": "opaque", "id": "x".repeat(3000) } }), "invalid_request", "unrevocable"),
        (json!({ "sub_id": user("https://stranger.example") }), "access_denied", "foreign_subject"),
        (json!({ "sub_id": user(&format!("{ISSUER}/")) }), "access_denied", "foreign_subject"),
        (json!({ "sub_id": user(GENERIC) }), "access_denied", "foreign_subject"),
        (
            json!({ "sub_id": { "format": "complex", "user": user(GENERIC), "session": { "format": "opaque", "id": "s" } } }),
            "access_denied",
            "foreign_subject",
        ),
        (
            json!({ "sub_id": { "format": "aliases", "identifiers": (0..30).map(|n| json!({ "format": "opaque", "id": n.to_string() })).collect::<Vec<_>>() } }),
            "invalid_request",
            "wrong_subject",
        ),
    ] {
        let answer = world.send(push(&event_token(&world, &changes)).at(now)).await;
        assert_refused(&answer, code, reason, &changes.to_string());
    }
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r11_r13_each_rule_of_form_header_and_signature_has_its_code() {
    let world = world().await;
    let claims = set_claims(&json!({}));
    let with = |header: Value| world.signer.token(&changed(&json!({ "typ": "secevent+jwt" }), &header), &claims);
    let good = event_token(&world, &json!({}));
    let (input, _) = good.rsplit_once('.').unwrap();
    let forged = |kid: Option<&str>| keys::ed25519(kid, 2).token(&json!({ "typ": "secevent+jwt" }), &claims);
    for (case, token, code, reason) in [
        ("no body", String::new(), "invalid_request", "not_a_jwt"),
        ("JSON", claims.to_string(), "invalid_request", "not_a_jwt"),
        ("a form", format!("token={good}"), "invalid_request", "not_a_jwt"),
        ("not decodable", format!("{input}=.AA"), "invalid_request", "malformed"),
        ("too long", event_token(&world, &json!({ "a": "x".repeat(17_000) })), "invalid_request", "too_long"),
        ("no typ", world.signer.token(&json!({}), &claims), "invalid_request", "wrong_typ"),
        ("typ JWT", with(json!({ "typ": "JWT" })), "invalid_request", "wrong_typ"),
        ("a logout token", with(json!({ "typ": "logout+jwt" })), "invalid_request", "wrong_typ"),
        ("an access token", with(json!({ "typ": "at+jwt" })), "invalid_request", "wrong_typ"),
        ("alg none", with(json!({ "alg": "none" })), "authentication_failed", "wrong_algorithm"),
        ("alg HS256", with(json!({ "alg": "HS256" })), "authentication_failed", "wrong_algorithm"),
        ("an extension", with(json!({ "crit": ["x"] })), "invalid_request", "critical_extension"),
        ("a forged signature", forged(Some("key-1")), "authentication_failed", "bad_signature"),
        ("an invented key", forged(Some("key-9")), "invalid_key", "unknown_key"),
        ("no signature", format!("{input}."), "authentication_failed", "bad_signature"),
    ] {
        assert_refused(&world.send(push(&token)).await, code, reason, case);
    }
    for body in [&b"\xff\xfe"[..], b"\xff.\xff.\xff"] {
        assert_refused(&world.send(push("").body(body)).await, "invalid_request", "not_a_jwt", "not text");
    }
    world.put_mark(&format!("kid#{ISSUER}#key-1"), &json!({}));
    assert_refused(&world.send(push(&good)).await, "invalid_key", "revoked_signing_key", "a distrusted key");
    assert_eq!(world.count_items().await, 1);
}

#[tokio::test]
async fn r11_only_an_entry_with_event_audiences_enables_its_issuer_and_the_route() {
    let world = World::new().await;
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let silent = changed(&events_entry(), &json!({ "event_audiences": null }));
    let other = json!({ "issuer": GENERIC, "profile": "rfc9068", "jwks": jwks, "event_audiences": [RECEIVER] });
    let token = event_token(&world, &json!({}));
    let service = trusting(&world, &json!([silent, other])).await;
    assert_refused(&send(&service, push(&token)).await, "invalid_issuer", "issuer_not_enabled", "another entry");
    // The audiences of logout tokens are not those of events.
    let log_outs = changed(&silent, &json!({ "logout_audiences": [RECEIVER] }));
    for entry in [silent, log_outs] {
        let off = trusting(&world, &json!([entry])).await;
        let unknown = send(&off, get("/nowhere")).await;
        for request in [push(&token), get("/events"), push("x").header("content-type", "text/plain")] {
            let answer = send(&off, request).await;
            answer.assert_error(404, "not_found", "not_found");
            assert_eq!(answer, unknown);
        }
    }
    assert_eq!(world.count_items().await, 0);
}

#[tokio::test]
async fn r11_a21_the_request_is_checked_in_the_order_of_the_other_routes() {
    let world = world().await;
    let good = || push(&event_token(&world, &json!({})));
    for (request, status, reason) in [
        (good().method(Method::GET), 405, "method_not_allowed"),
        (good().method(Method::OPTIONS), 405, "method_not_allowed"),
        (good().query("access_token=x"), 400, "secret_in_query"),
        (good().header("content-type", "application/jwt"), 415, "wrong_media_type"),
        (good().header("content-type", "application/x-www-form-urlencoded"), 415, "wrong_media_type"),
        (good().without_header("content-type"), 415, "wrong_media_type"),
        (good().body(vec![b'x'; 70_000]), 413, "body_too_large"),
    ] {
        world.proxy.take_requests();
        world.send(request).await.assert_error(status, "invalid_request", reason);
        assert_eq!(world.proxy.take_requests(), [], "{reason}");
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn r06_an_event_costs_one_read_and_its_marks_and_a_wrong_token_nothing() {
    let world = world().await;
    let token = event_token(&world, &json!({ "sub_id": { "format": "opaque", "id": "id-1" } }));
    for (token, expected) in [
        (token, vec!["BatchGetItem", "PutItem", "PutItem"]),
        (event_token(&world, &json!({ "events": { "https://other.example": {} } })), vec!["BatchGetItem"]),
        (event_token(&world, &json!({ "aud": "other" })), vec![]),
        (event_token(&world, &json!({ "events": {} })), vec![]),
        ("x".to_owned(), vec![]),
    ] {
        world.proxy.take_requests();
        world.send(push(&token)).await;
        let requests = world.proxy.take_requests();
        assert_eq!(requests.iter().map(|(operation, _)| operation.as_str()).collect::<Vec<_>>(), expected);
        let reads = requests.iter().filter(|(operation, _)| operation == "BatchGetItem");
        for (_, read) in reads {
            let tables = read["RequestItems"].as_object().unwrap();
            assert!(tables.values().all(|table| table["ConsistentRead"] == true), "{tables:?}");
            let keys: Vec<_> = tables.values().flat_map(|table| table["Keys"].as_array().unwrap()).collect();
            assert_eq!(keys, [&json!({ "id": { "S": format!("kid#{ISSUER}#key-1") } })]);
        }
    }
}

#[tokio::test]
async fn r06_o02_a_forged_event_gets_the_same_bytes_reads_and_fetches_whatever_marks_exist() {
    let world = World::new().await;
    let (host, issuers) = published(&events_entry()).await;
    let now = call::now();
    for kid in [Some("key-1"), Some("key-2"), None] {
        let token = keys::ed25519(kid, 2).token(&json!({ "typ": "secevent+jwt" }), &set_claims(&json!({})));
        let mut seen = Vec::new();
        for present in [false, true] {
            let marks = [
                format!("kid#{ISSUER}#{}", kid.unwrap_or("key-1")),
                format!("sub#{ISSUER}#alice"),
                format!("iss#{ISSUER}"),
            ];
            for mark in marks.iter().filter(|_| present) {
                world.put_mark(mark, &json!({}));
            }
            for shared in ["jwks", "fetch"] {
                world.delete("oauth-introspection-state", &format!("{shared}#{ISSUER}")).await;
            }
            let service = trusting(&world, &issuers).await;
            world.proxy.take_requests();
            host.take_requests();
            let answer = send(&service, push(&token).at(now)).await;
            let operations: Vec<_> = world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect();
            seen.push((answer, operations, host.take_requests()));
            for mark in &marks {
                world.delete_item(mark).await;
            }
        }
        assert_eq!(seen[0], seen[1], "{kid:?}");
        assert_eq!(seen[0].0.status, 400);
    }
}

#[tokio::test]
async fn r08_events_with_invented_keys_share_the_half_of_the_fetch_budget() {
    let world = World::new().await;
    let (_host, issuers) = published(&events_entry()).await;
    let service = trusting(&world, &issuers).await;
    let now = call::now();
    let mut statuses = Vec::new();
    for second in 0..8 {
        let kid = format!("invented-{second}");
        let token =
            keys::ed25519(Some(&kid), 2).token(&json!({ "typ": "secevent+jwt" }), &set_claims(&json!({ "iat": now })));
        statuses.push(send(&service, push(&token).at(now + second)).await.status.as_u16());
    }
    assert_eq!(statuses[..5], [400; 5]);
    assert!(statuses[5..].contains(&503), "{statuses:?}");
    assert_accepted(&send(&service, push(&event_token(&world, &json!({})))).await, "events_received", "a known key");
}

#[tokio::test]
async fn r13_no_detail_of_a_token_reaches_the_answer() {
    let world = world().await;
    let canary = "canary-4711";
    for changes in [json!({ "iss": canary }), json!({ "aud": canary }), json!({ "sub_id": { "format": canary } })] {
        let answer = world.send(push(&event_token(&world, &changes))).await;
        assert!(answer.status == 400 && !answer.body.contains(canary), "{changes}");
    }
}
