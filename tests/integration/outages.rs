//! A store that fails in every way: a token whose items could not be read is neither active nor inactive.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    proxy::{Echo, Fault},
    time::fast_forward,
    world::{ACTIVE, API, ISSUER, SECRET, World, introspection},
};

/// The faults of the store that can last.
const FAULTS: [Fault; 8] = [
    Fault::ServerError,
    Fault::Throttled,
    Fault::AccessDenied,
    Fault::Hangs,
    Fault::Resets,
    Fault::Unprocessed,
    Fault::Truncated,
    Fault::Empty,
];

/// Asks while the store fails, with little time left, and again after it has recovered.
async fn assert_survives(world: &World, token: &str, spared: usize, fault: Fault, verdict: &str) {
    const TIME_LEFT: Duration = Duration::from_millis(400);
    world.proxy.fail_after(spared, fault);
    let started = Instant::now();
    let answer = fast_forward(world.send(introspection(token).within(TIME_LEFT))).await;
    let elapsed = started.elapsed();
    world.proxy.fail(Fault::None);
    assert_eq!(answer.status, 503, "{fault:?} after {spared}: {}", answer.body);
    answer.assert_unavailable("store_unavailable");
    assert!(elapsed < Duration::from_secs(2), "{fault:?} after {spared}: {elapsed:?}");
    world.introspect(token).await.assert_verdict(verdict, format!("after {fault:?}"));
}

#[tokio::test]
async fn g08_a_store_that_fails_is_503_in_time_for_every_token() {
    let world = World::new().await;
    let [jwt, opaque] = world.both_forms(&json!({}));
    let [revoked_jwt, revoked_opaque] = world.both_forms(&json!({ "client_id": "bad" }));
    world.put_mark(&format!("client#{ISSUER}#bad"), &json!({}));
    for fault in FAULTS {
        for (token, verdict) in [
            (jwt.as_str(), ACTIVE),
            (&opaque, ACTIVE),
            (&revoked_jwt, "revoked_client"),
            (&revoked_opaque, "revoked_client"),
            // While the store fails, it is not known that this token is unknown.
            ("unknown", "unknown_token"),
        ] {
            assert_survives(&world, token, 0, fault, verdict).await;
        }
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g08_a_store_that_fails_at_the_second_read_is_503_although_the_record_is_valid() {
    let world = World::new().await;
    let [_, good] = world.both_forms(&json!({}));
    let [_, expired] = world.both_forms(&json!({ "exp": 1 }));
    for fault in FAULTS {
        for (token, verdict) in [(good.as_str(), ACTIVE), (&expired, "expired"), ("unknown", "unknown_token")] {
            assert_survives(&world, token, 1, fault, verdict).await;
        }
    }
}

#[tokio::test]
async fn g08_wrong_credentials_are_503_too_while_they_cannot_be_checked() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    world.proxy.fail(Fault::Throttled);
    for (client_id, secret) in [(API, "wrong"), ("nobody", "wrong")] {
        world.introspect_as(client_id, secret, &token).await.assert_unavailable("store_unavailable");
    }
    world.proxy.fail(Fault::None);
    world.introspect_as(API, "wrong", &token).await.assert_error(401, "invalid_client", "wrong_secret");
}

#[tokio::test]
async fn g08_a_single_failure_is_retried_and_costs_only_time() {
    let world = World::new().await;
    for token in world.both_forms(&json!({})) {
        for fault in [Fault::ServerError, Fault::Throttled, Fault::Resets] {
            world.proxy.fail_once(fault);
            world.introspect(&token).await.assert_verdict(ACTIVE, format!("{fault:?}"));
        }
    }
}

/// The keys that a request to the store asks for.
fn keys(request: &Value) -> BTreeSet<String> {
    let tables = request["RequestItems"].as_object().unwrap().iter();
    tables
        .flat_map(|(name, table)| table["Keys"].as_array().unwrap().iter().map(move |key| format!("{name} {key}")))
        .collect()
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g08_only_the_unprocessed_keys_are_requested_again() {
    let world = World::new().await;
    let [jwt, opaque] = world.both_forms(&json!({}));
    let [revoked_jwt, revoked_opaque] = world.both_forms(&json!({ "client_id": "bad" }));
    world.put_mark(&format!("client#{ISSUER}#bad"), &json!({}));
    // Only the second read of an opaque token can find its mark.
    for (token, spared, verdict) in [
        (&jwt, 0, ACTIVE),
        (&opaque, 0, ACTIVE),
        (&opaque, 1, ACTIVE),
        (&revoked_jwt, 0, "revoked_client"),
        (&revoked_opaque, 0, "revoked_client"),
        (&revoked_opaque, 1, "revoked_client"),
    ] {
        world.proxy.take_requests();
        world.proxy.fail_after(spared, Fault::UnprocessedOnce);
        world.introspect(token).await.assert_verdict(verdict, spared);
        let requests = world.proxy.take_requests();
        let (whole, again) = (&requests[spared].1, &requests[spared + 1].1);
        // The first key of each table was answered.
        let answered: BTreeSet<String> = whole["RequestItems"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, table)| format!("{name} {}", table["Keys"][0]))
            .collect();
        let missing: BTreeSet<_> = keys(whole).difference(&answered).cloned().collect();
        assert!(!missing.is_empty());
        assert_eq!(keys(again), missing);
        for table in again["RequestItems"].as_object().unwrap().values() {
            assert_eq!(table["ConsistentRead"], true);
        }
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g08_unprocessed_keys_are_requested_as_before_whatever_the_server_echoes() {
    let world = World::new().await;
    let [jwt, opaque] = world.both_forms(&json!({}));
    let [revoked_jwt, revoked_opaque] = world.both_forms(&json!({ "client_id": "bad" }));
    world.put_mark(&format!("client#{ISSUER}#bad"), &json!({}));
    for echo in [Echo::Bare, Echo::Changed] {
        for (token, spared, verdict) in [
            (&jwt, 0, ACTIVE),
            (&opaque, 0, ACTIVE),
            (&opaque, 1, ACTIVE),
            (&revoked_jwt, 0, "revoked_client"),
            (&revoked_opaque, 0, "revoked_client"),
            (&revoked_opaque, 1, "revoked_client"),
        ] {
            world.proxy.take_requests();
            world.proxy.fail_after(spared, Fault::Echoes(echo));
            world.introspect(token).await.assert_verdict(verdict, format!("{echo:?} {spared}"));
            let requests = world.proxy.take_requests();
            for table in requests[spared + 1].1["RequestItems"].as_object().unwrap().values() {
                let members: Vec<_> = table.as_object().unwrap().keys().map(String::as_str).collect();
                assert_eq!((members, &table["ConsistentRead"]), (vec!["ConsistentRead", "Keys"], &json!(true)));
            }
        }
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g08_an_echo_of_what_was_not_requested_is_an_outage() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for echo in [Echo::OtherKey, Echo::OtherTable, Echo::NoKeys] {
        world.proxy.fail(Fault::Echoes(echo));
        world.introspect(&token).await.assert_unavailable("store_unavailable");
        world.introspect(&token).await.assert_active();
    }
}

#[tokio::test]
async fn g08_an_answer_that_lacks_a_table_is_an_outage() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    // No mark exists, so the answer lacks the tokens table. For an unknown client, it lacks the clients table too.
    world.proxy.fail(Fault::LacksTables);
    #[cfg(not(feature = "redis"))]
    world.introspect(&token).await.assert_unavailable("store_unavailable");
    world.introspect_as("unknown", SECRET, &token).await.assert_unavailable("store_unavailable");
    world.proxy.fail(Fault::None);
    world.introspect(&token).await.assert_active();
}
