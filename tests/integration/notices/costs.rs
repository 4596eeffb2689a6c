//! What notices cost, and what they reveal: anyone may send them.

use serde_json::{Value, json};
use token_introspection::{call, settings::LogLevel};

use super::{
    assert_logged_out, assert_not_accepted, entry, guard, log_out, log_out_claims, logout_token, published, send_to,
    trusting, world,
};
use crate::{
    keys,
    log::Log,
    signer::Signer as IssuersKey,
    world::{Answer, ISSUER, World, introspection, send},
};

/// An answer, and the reads, writes and fetches that it needed.
type Seen = (Answer, Vec<(String, usize)>, usize);

/// The ids that a read asks for.
fn ids(body: &Value) -> Vec<String> {
    let tables = body["RequestItems"].as_object().unwrap();
    let keys = tables.values().flat_map(|table| table["Keys"].as_array().unwrap());
    let mut ids: Vec<_> = keys.map(|key| key["id"]["S"].as_str().unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn r06_a_log_out_costs_one_read_one_mark_and_one_guard() {
    // Whatever verdicts may be read with: a guard or a mark that was just written is never missed.
    let settings =
        [("READ_CONSISTENCY", "eventual"), ("HOT_RECORD_SECONDS", "5"), ("TRUSTED_ISSUERS", &super::issuers())];
    let world = World::with(&settings).await;
    world.proxy.take_requests();
    assert_logged_out(&world.send(log_out(&logout_token(&world, &json!({})))).await, "");
    let requests = world.proxy.take_requests();
    let operations: Vec<_> = requests.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["BatchGetItem", "PutItem", "PutItem"]);
    assert_eq!(ids(&requests[0].1), [format!("kid#{ISSUER}#key-1"), guard(ISSUER, "logout-1")]);
    let tables = requests[0].1["RequestItems"].as_object().unwrap();
    assert!(tables.values().all(|table| table["ConsistentRead"] == true), "{tables:?}");
    let written: Vec<_> = requests[1..].iter().map(|(_, body)| body["Item"]["id"]["S"].clone()).collect();
    assert_eq!(written, [json!(format!("sid#{ISSUER}#s-1")), json!(guard(ISSUER, "logout-1"))]);
}

#[tokio::test]
async fn r08_a_token_that_breaks_a_rule_by_itself_costs_no_read() {
    let world = world().await;
    world.proxy.take_requests();
    for changes in [json!({ "aud": "x" }), json!({ "events": {} }), json!({ "iat": 1 }), json!({ "nonce": "n" })] {
        assert_eq!(world.send(log_out(&logout_token(&world, &changes))).await.status, 400);
    }
    assert_eq!(world.proxy.take_requests(), []);
}

#[tokio::test]
async fn r06_o02_a_forged_token_gets_the_same_bytes_reads_and_fetches_whatever_items_exist() {
    let world = World::new().await;
    let (host, issuers) = published(&entry(&json!({}))).await;
    let now = call::now();
    for forger in [keys::ed25519(Some("key-1"), 2), keys::ed25519(Some("key-2"), 2), keys::ed25519(None, 2)] {
        let token = forger.token(&json!({ "typ": "logout+jwt" }), &log_out_claims(&json!({})));
        let mut seen: Vec<Seen> = Vec::new();
        for present in [false, true] {
            if present {
                for mark in ["iss", "sid", "sub", "kid"].map(|kind| match kind {
                    "iss" => format!("iss#{ISSUER}"),
                    "sid" => format!("sid#{ISSUER}#s-1"),
                    "sub" => format!("sub#{ISSUER}#alice"),
                    _ => format!("kid#{ISSUER}#{}", forger.kid.as_deref().unwrap_or("key-1")),
                }) {
                    world.put_mark(&mark, &json!({}));
                }
                let guard = json!({ "id": guard(ISSUER, "logout-1"), "request_id": "other" });
                world.engine.put("oauth-introspection-state", &guard).unwrap();
            }
            for shared in ["jwks", "fetch"] {
                world.delete("oauth-introspection-state", &format!("{shared}#{ISSUER}")).await;
            }
            let service = trusting(&world, &issuers).await;
            world.proxy.take_requests();
            host.take_requests();
            let answer = send(&service, log_out(&token).at(now)).await;
            let requests = world.proxy.take_requests().into_iter();
            let requests = requests.map(|(operation, body)| {
                let keys = if operation == "BatchGetItem" { ids(&body).len() } else { 0 };
                (operation, keys)
            });
            seen.push((answer, requests.collect(), host.take_requests()));
        }
        assert_eq!(seen[0], seen[1], "{:?}", forger.kid);
        assert_eq!(seen[0].0.status, 400);
        world.delete_item(&format!("kid#{ISSUER}#{}", forger.kid.as_deref().unwrap_or("key-1"))).await;
        world.delete("oauth-introspection-state", &guard(ISSUER, "logout-1")).await;
    }
}

#[tokio::test]
async fn r08_invented_keys_use_half_of_the_fetch_budget_and_then_nothing_is_known() {
    let world = World::new().await;
    let (host, issuers) = published(&entry(&json!({}))).await;
    let service = trusting(&world, &issuers).await;
    let now = call::now();
    let invented = |number: i64| {
        let kid = format!("invented-{number}");
        let changes = json!({ "jti": kid, "iat": now, "exp": now + 600 });
        keys::ed25519(Some(&kid), 2).token(&json!({}), &log_out_claims(&changes))
    };
    let mut ends = Vec::new();
    // One per second, as the set must be a second old.
    for second in 0..12 {
        let answer = send(&service, log_out(&invented(second)).at(now + second)).await;
        ends.push((answer.status.as_u16(), host.take_requests()));
        if answer.status == 503 {
            answer.assert_unavailable("keys_unavailable");
        } else {
            assert_not_accepted(&answer, "unknown_key", &second.to_string());
        }
    }
    // The first one fetches because no set is held. One more fetch is allowed after 5 s.
    assert_eq!(ends[..5], [(400, 1); 5]);
    let after: Vec<_> = ends[5..].iter().map(|(status, fetches)| (*status, *fetches)).collect();
    assert!(after.iter().filter(|end| **end == (503, 0)).count() >= 4, "{after:?}");
    // An authenticated caller has the other half.
    let token = keys::ed25519(Some("unknown"), 2).token(&json!({ "typ": "at+jwt" }), &crate::world::claims(&json!({})));
    send(&service, introspection(&token).at(now + 13)).await.assert_inactive("unknown_key");
    assert_eq!(host.take_requests(), 1);
    // A key that the issuer has published in the meantime is found when a fetch is allowed again.
    let new = keys::ed25519(Some("key-2"), 3);
    host.publish(200, json!({ "keys": [world.signer.jwk(), new.jwk()] }).to_string());
    let token = new.token(&json!({}), &log_out_claims(&json!({ "jti": "new", "exp": now + 600 })));
    assert_logged_out(&send(&service, log_out(&token).at(now + 60)).await, "a new key");
}

#[tokio::test]
async fn r08_forged_signatures_take_no_fetch_that_callers_need_and_lose_no_log_out() {
    let world = World::new().await;
    let (host, issuers) = published(&entry(&json!({}))).await;
    let service = trusting(&world, &issuers).await;
    let now = call::now();
    let notice = |signer: &IssuersKey, jti: &str| {
        signer.token(&json!({}), &log_out_claims(&json!({ "jti": jti, "iat": now, "exp": now + 600 })))
    };
    let replaced = keys::ed25519(Some("key-1"), 2);
    let mut ends = Vec::new();
    for second in 0..8 {
        let answer = send(&service, log_out(&notice(&replaced, &second.to_string())).at(now + second)).await;
        ends.push((answer.status.as_u16(), host.take_requests()));
    }
    // Half of the budget, then "don't know": the issuer sends a genuine token again.
    assert_eq!(ends[..5], [(400, 1); 5]);
    assert!(ends[5..].iter().filter(|end| **end == (503, 0)).count() >= 2, "{ends:?}");
    // The issuer really replaces the key under its `kid`. A caller's token is checked against the new one at once.
    host.publish(200, json!({ "keys": [replaced.jwk()] }).to_string());
    let token = replaced.token(&json!({ "typ": "at+jwt" }), &crate::world::claims(&json!({})));
    send(&service, introspection(&token).at(now + 9)).await.assert_active();
    assert_logged_out(&send(&service, log_out(&notice(&replaced, "genuine")).at(now + 10)).await, "genuine");
}

#[tokio::test]
async fn r07_unreachable_keys_are_503_and_the_token_may_be_sent_again() {
    let world = World::new().await;
    let (host, issuers) = published(&entry(&json!({}))).await;
    let service = trusting(&world, &issuers).await;
    let (now, token) = (call::now(), logout_token(&world, &json!({ "exp": null })));
    host.publish(500, "");
    send(&service, log_out(&token).at(now)).await.assert_unavailable("keys_unavailable");
    assert_eq!(world.count_items().await, 0);
    host.publish(200, json!({ "keys": [world.signer.jwk()] }).to_string());
    assert_logged_out(&send(&service, log_out(&token).at(now + 31)).await, "after the pause");
}

#[tokio::test]
async fn r10_o06_the_audit_record_has_issuer_and_reason_and_neither_subject_nor_session() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = world().await;
    for (changes, outcome, reason) in [
        (json!({ "sid": "canary-1", "sub": "canary-2", "jti": "canary-3" }), "logged_out", Value::Null),
        (json!({ "sid": "canary-1", "sub": "canary-2", "jti": "canary-3" }), "not_accepted", json!("replayed")),
        (json!({ "aud": "canary-4", "jti": "canary-3" }), "not_accepted", json!("wrong_audience")),
    ] {
        log.take();
        send_to(&world.service, &logout_token(&world, &changes)).await;
        let text = log.take();
        assert!(!text.contains("canary") && !text.contains("eyJ"), "{text}");
        let record: Value = text.lines().map(|line| serde_json::from_str(line).unwrap()).next_back().unwrap();
        for (name, expected) in [
            ("target", json!("audit")),
            ("outcome", json!(outcome)),
            ("method", json!("logout_token")),
            ("issuer", json!(ISSUER)),
            ("policy", json!("none")),
            ("reason", reason),
            ("caller", Value::Null),
        ] {
            assert_eq!(record[name], expected, "{name} of {changes}");
        }
        assert_eq!(record["token"].as_str().map(str::len), Some(8));
    }
}
