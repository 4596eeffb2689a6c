//! One environment of the deployment fetches an issuer's keys at a time. The others wait for what it found.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use token_introspection::service::Service;

use crate::{
    key_sets::{Deployment, at, token},
    keys,
    proxy::Fault,
    time::{fast_forward, on_a_patient_clock},
    world::{API, Answer, ISSUER, Request, SECRET, introspection, request, send},
};

/// The time of the first request, as in the other key tests.
const T: i64 = 1_800_000_000;
const ENVIRONMENTS: usize = 8;

async fn environments(deployment: &Deployment) -> Vec<Service> {
    join_all((0..ENVIRONMENTS).map(|_| deployment.environment())).await
}

async fn all_at(environments: &[Service], seconds: i64, token: &str) -> Vec<Answer> {
    join_all(environments.iter().map(|environment| at(environment, seconds, token))).await
}

fn put_lease(deployment: &Deployment, attributes: &serde_json::Value) {
    let mut item = json!({ "id": format!("fetch#{ISSUER}"), "holder": "another", "jwks_uri": deployment.host.url });
    item.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    deployment.world.engine.put("oauth-introspection-state", &item).unwrap();
}

#[tokio::test]
async fn h13_a_rush_of_cold_environments_makes_one_fetch() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let rush = environments(&deployment).await;
    for answer in all_at(&rush, 0, &token(&key)).await {
        answer.assert_active();
    }
    assert_eq!((deployment.host.take_requests(), deployment.snapshots_written()), (1, 1));
    // They refresh in the same second, too.
    for answer in all_at(&rush, 300, &token(&key)).await {
        answer.assert_active();
    }
    assert_eq!(deployment.host.take_requests(), 1);
}

#[tokio::test]
async fn h13_an_unknown_kid_in_all_environments_at_once_makes_one_fetch() {
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    let rush = environments(&deployment).await;
    all_at(&rush, 0, &token(&known)).await;
    deployment.host.take_requests();
    for answer in all_at(&rush, 10, &token(&new)).await {
        answer.assert_inactive("unknown_key");
    }
    assert_eq!(deployment.host.take_requests(), 1);
    deployment.publish(&[&known, &new]);
    for answer in all_at(&rush, 11, &token(&new)).await {
        answer.assert_active();
    }
    assert_eq!(deployment.host.take_requests(), 1);
}

#[tokio::test]
async fn h13_a_failed_fetch_counts_for_those_that_waited_for_it() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    deployment.host.publish(500, "");
    let rush = environments(&deployment).await;
    for answer in all_at(&rush, 0, &token(&key)).await {
        answer.assert_unavailable("keys_unavailable");
    }
    let fetches = deployment.host.take_requests();
    assert!((1..ENVIRONMENTS).contains(&fetches), "{fetches}");
    // None of them tries again within 30 s.
    deployment.publish(&[&key]);
    for answer in all_at(&rush, 29, &token(&key)).await {
        answer.assert_unavailable("keys_unavailable");
    }
    assert_eq!(deployment.host.take_requests(), 0);
    for answer in all_at(&rush, 30, &token(&key)).await {
        answer.assert_active();
    }
    assert_eq!(deployment.host.take_requests(), 1);
}

#[tokio::test]
async fn h13_an_environment_that_ended_during_its_fetch_delays_the_others_for_seconds() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    put_lease(&deployment, &json!({ "held_until": T + 3, "state": "in_flight" }));
    let environment = deployment.environment().await;
    fast_forward(at(&environment, 0, &token(&key))).await.assert_unavailable("keys_unavailable");
    assert_eq!(deployment.host.take_requests(), 0);
    at(&environment, 3, &token(&key)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
}

#[tokio::test]
async fn h13_an_environment_waits_only_for_a_lease_that_can_end() {
    let key = keys::ed25519(Some("a"), 1);
    for attributes in [
        json!({ "held_until": T, "state": "in_flight" }),
        json!({ "held_until": T + 3600, "state": "in_flight" }),
        json!({ "held_until": "soon", "state": "in_flight" }),
        json!({ "state": "in_flight" }),
        json!({ "held_until": T + 3, "state": "in_flight", "jwks_uri": "https://elsewhere.example/jwks.json" }),
    ] {
        let deployment = Deployment::publishing(&[&key]).await;
        put_lease(&deployment, &attributes);
        at(&deployment.environment().await, 0, &token(&key)).await.assert_active();
        assert_eq!(deployment.host.take_requests(), 1, "{attributes}");
    }
}

#[tokio::test]
async fn h13_without_a_lease_an_environment_fetches_anyway() {
    let key = keys::ed25519(Some("a"), 1);
    for fault in [Fault::ServerError, Fault::AccessDenied, Fault::Resets, Fault::Truncated, Fault::Hangs] {
        let deployment = Deployment::publishing(&[&key]).await;
        let environment = deployment.environment().await;
        // The read succeeds, and no write does.
        deployment.world.proxy.fail_after(1, fault);
        let request = introspection(&token(&key)).at(T).within(Duration::from_secs(2));
        fast_forward(send(&environment, request)).await.assert_active();
        assert_eq!(deployment.host.take_requests(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn h13_a_slow_key_host_delays_other_environments_but_not_their_held_keys() {
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    let (one, other) = (deployment.environment().await, deployment.environment().await);
    at(&one, 0, &token(&known)).await.assert_active();
    at(&other, 0, &token(&known)).await.assert_active();
    put_lease(&deployment, &json!({ "held_until": T + 12, "state": "in_flight" }));
    // The set is not due, so nothing waits for the other environment's fetch.
    at(&one, 10, &token(&known)).await.assert_active();
    // "Don't know" is not "inactive".
    fast_forward(at(&other, 10, &token(&new))).await.assert_unavailable("keys_unavailable");
    // A set that is due serves until a newer one can be had.
    put_lease(&deployment, &json!({ "held_until": T + 303, "state": "in_flight" }));
    fast_forward(at(&one, 300, &token(&known))).await.assert_active();
}

#[tokio::test]
async fn g08_h13_a_fetch_for_which_the_agreement_left_too_little_time_is_not_begun() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let (one, other) = (deployment.environment().await, deployment.environment().await);
    let hurried = |milliseconds| introspection(&token(&key)).at(T).within(Duration::from_millis(milliseconds));
    // The lease cannot be written in time. A fetch would have the rest, in which this host does not answer.
    deployment.host.hang();
    deployment.world.proxy.fail_after(1, Fault::Hangs);
    fast_forward(send(&one, hurried(1000))).await.assert_unavailable("keys_unavailable");
    assert_eq!(deployment.host.take_requests(), 0);
    deployment.world.proxy.fail(Fault::None);
    deployment.publish(&[&key]);
    // It is written, but late. It is given up, so that the others need not wait for its end.
    deployment.world.proxy.interfere(0, "PutItem", || std::thread::sleep(Duration::from_millis(150)));
    send(&one, hurried(600)).await.assert_unavailable("keys_unavailable");
    at(&other, 0, &token(&key)).await.assert_active();
    at(&one, 0, &token(&key)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
}

/// Tokens with a thousand different keys that no issuer has published, in batches.
fn rush(round: usize) -> Vec<Request> {
    let invented = |number: usize| token(&keys::ed25519(Some(&format!("invented-{round}-{number}")), 9));
    let batch = |first: usize| {
        let tokens: Vec<_> = (first..first + 50).map(invented).collect();
        let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
        batch.basic(API, SECRET).body(json!({ "tokens": tokens }).to_string())
    };
    (0..20).map(|number| batch(number * 50)).collect()
}

/// Asks all at once, spread over the environments, and asserts the documented answer to each.
async fn assert_unknown(environments: &[Service], round: usize, seconds: i64) {
    let asked = rush(round).into_iter().enumerate().map(|(number, batch)| {
        let batch = batch.at(T + seconds).within(Duration::from_mins(10));
        send(&environments[number % environments.len()], batch)
    });
    let answers = on_a_patient_clock(join_all(asked)).await;
    let verdicts: Vec<_> = answers.iter().flat_map(Answer::verdicts).collect();
    assert_eq!(verdicts.len(), 1000);
    assert!(verdicts.iter().all(|verdict| *verdict == "unknown_key"), "round {round}: {verdicts:?}");
}

#[tokio::test]
async fn h13_a_rush_of_a_thousand_unknown_keys_makes_one_fetch_in_each_cool_down() {
    let known = keys::ed25519(Some("a"), 1);
    for number in [1, 4] {
        let deployment = Deployment::publishing(&[&known]).await;
        let environments = join_all((0..number).map(|_| deployment.environment())).await;
        all_at(&environments, 0, &token(&known)).await;
        deployment.host.take_requests();
        // A second rush while the set is less than a second old makes none.
        for (round, (seconds, fetches)) in [(10, 1), (10, 0), (11, 1), (20, 1)].into_iter().enumerate() {
            assert_unknown(&environments, round, seconds).await;
            assert_eq!(deployment.host.take_requests(), fetches, "{number} environments, after {seconds} s");
        }
        // The keys in use are never affected.
        for answer in all_at(&environments, 20, &token(&known)).await {
            answer.assert_active();
        }
    }
}

#[tokio::test]
async fn h13_a_rush_during_a_failure_of_the_host_makes_one_fetch_in_thirty_seconds() {
    let known = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&known]).await;
    let environments = [deployment.environment().await];
    all_at(&environments, 0, &token(&known)).await;
    deployment.host.take_requests();
    deployment.host.publish(500, "");
    for (round, (seconds, fetches)) in [(10, 1), (11, 0), (39, 0), (40, 1), (41, 0)].into_iter().enumerate() {
        let batch = rush(round).swap_remove(0).at(T + seconds);
        let answer = send(&environments[0], batch).await;
        // The host may have published the keys in the meantime.
        assert!(answer.verdicts().iter().all(|verdict| *verdict == "keys_unavailable"), "{:?}", answer.verdicts());
        assert_eq!(deployment.host.take_requests(), fetches, "after {seconds} s");
    }
}

#[tokio::test]
async fn h14_a_bad_signature_that_waited_for_another_environment_in_vain_may_fetch_again() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    let deployment = Deployment::publishing(&[&old]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&old)).await.assert_active();
    deployment.publish(&[&new]);
    deployment.host.take_requests();
    // The environment that holds the lease has ended.
    put_lease(&deployment, &json!({ "held_until": T + 13, "state": "in_flight" }));
    fast_forward(at(&environment, 10, &token(&new))).await.assert_unavailable("keys_unavailable");
    assert_eq!(deployment.host.take_requests(), 0);
    at(&environment, 13, &token(&new)).await.assert_active();
}
