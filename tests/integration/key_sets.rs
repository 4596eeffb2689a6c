//! Fetched keys: when and how often they are fetched, how long they count, and which answers of a key host are refused.

use std::{cell::Cell, time::Duration};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use token_introspection::{service::Service, settings::LogLevel};
use tokio::{task::yield_now, time::Instant};

use crate::{
    key_host::KeyHost,
    keys,
    log::Log,
    signer::Signer,
    world::{ACTIVE, Answer, ISSUER, World, claims, introspection, send},
};

/// The time of the first request in each test.
const T: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

/// A store and a key host, without an execution environment yet.
pub struct Deployment {
    pub world: World,
    pub host: KeyHost,
}

impl Deployment {
    pub async fn publishing(keys: &[&Signer]) -> Self {
        Self { world: World::new().await, host: KeyHost::start(&key_set(keys)).await }
    }

    /// Another execution environment, which has fetched nothing yet.
    pub async fn environment(&self) -> Service {
        self.environment_with(&[]).await
    }

    /// The same with further settings.
    pub async fn environment_with(&self, settings: &[(&str, &str)]) -> Service {
        let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": self.host.url }]);
        let settings: Vec<_> = self.world.token_settings().into_iter().chain(settings.iter().copied()).collect();
        World::service(&self.world.proxy.url, &issuers.to_string(), &settings).await
    }

    pub fn publish(&self, keys: &[&Signer]) {
        self.host.publish(200, key_set(keys).to_string());
    }

    /// How many snapshots were sent to the store since the last call.
    pub fn snapshots_written(&self) -> usize {
        let requests = self.world.proxy.take_requests();
        let ids =
            requests.iter().filter(|(operation, _)| operation == "PutItem").map(|(_, body)| &body["Item"]["id"]["S"]);
        ids.filter(|id| id.as_str().unwrap().starts_with("jwks#")).count()
    }
}

/// What an issuer publishes.
pub fn key_set(keys: &[&Signer]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() })
}

/// The claims of an access token that is valid for days.
pub fn claims_of_the_key_tests() -> Value {
    claims(&json!({ "iat": T - 10, "exp": T + 10 * DAY }))
}

/// An access token that this key signed and that is valid for days.
pub fn token(signer: &Signer) -> String {
    signer.token(&json!({ "typ": "at+jwt" }), &claims_of_the_key_tests())
}

/// What the environment answers at that time, in seconds after [`T`].
pub async fn at(environment: &Service, seconds: i64, token: &str) -> Answer {
    send(environment, introspection(token).at(T + seconds)).await
}

#[tokio::test]
async fn h13_one_cold_environment_fetches_and_shares_the_set_with_all_others() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let first = deployment.environment().await;
    at(&first, 0, &token(&key)).await.assert_active();
    at(&first, 1, &token(&key)).await.assert_active();
    assert_eq!((deployment.host.take_requests(), deployment.snapshots_written()), (1, 1));

    deployment.host.publish(500, "");
    let second = deployment.environment().await;
    at(&second, 299, &token(&key)).await.assert_active();
    let started = deployment.environment().await;
    started.warm_up(T + 299, Instant::now() + Duration::from_secs(2)).await;
    at(&started, 299, &token(&key)).await.assert_active();
    assert_eq!((deployment.host.take_requests(), deployment.snapshots_written()), (0, 0));
}

#[tokio::test]
async fn h13_twenty_first_requests_at_once_make_one_fetch() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let environment = deployment.environment().await;
    let token = token(&key);
    for answer in join_all((0..20).map(|_| at(&environment, 0, &token))).await {
        answer.assert_active();
    }
    assert_eq!((deployment.host.take_requests(), deployment.snapshots_written()), (1, 1));
}

#[tokio::test]
async fn h13_a_request_of_the_next_second_that_waited_for_a_fetch_makes_none() {
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&known)).await.assert_active();
    deployment.host.take_requests();
    let new = token(&new);
    let (one, next) = join(at(&environment, 10, &new), at(&environment, 11, &new)).await;
    one.assert_inactive("unknown_key");
    next.assert_inactive("unknown_key");
    assert_eq!(deployment.host.take_requests(), 1);
    at(&environment, 11, &new).await.assert_inactive("unknown_key");
    assert_eq!(deployment.host.take_requests(), 1, "it did not wait");
}

#[tokio::test]
async fn h13_an_unknown_kid_is_fetched_at_once_within_the_budget() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    let environment = deployment.environment().await;
    // Even the very first request can name an unknown key. The set that it fetched is less than a second old.
    at(&environment, 0, &token(&new)).await.assert_inactive("unknown_key");
    deployment.publish(&[&known, &new]);
    at(&environment, 0, &token(&new)).await.assert_inactive("unknown_key");
    assert_eq!(deployment.host.take_requests(), 1);
    at(&environment, 1, &token(&new)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
    // Invented `kid`s use up the budget and are inactive anyway. The log says so once a minute.
    let mut fetches = 0;
    for seconds in 2..122 {
        for number in 0..3 {
            let invented = keys::ed25519(Some(&format!("invented-{seconds}-{number}")), 9);
            at(&environment, seconds, &token(&invented)).await.assert_verdict("unknown_key", seconds);
        }
        at(&environment, seconds, &token(&known)).await.assert_verdict(ACTIVE, seconds);
        fetches += deployment.host.take_requests();
    }
    assert!((30..=10 + 122 / 5).contains(&fetches), "{fetches}");
    let lines = log.take();
    assert_eq!(lines.matches("jwks_budget_used_up").count(), 2, "{lines}");
}

#[tokio::test]
async fn h13_a_fetch_by_one_environment_counts_for_all() {
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    let (one, other) = (deployment.environment().await, deployment.environment().await);
    at(&one, 0, &token(&known)).await.assert_active();
    at(&other, 0, &token(&known)).await.assert_active();
    deployment.publish(&[&known, &new]);
    at(&one, 10, &token(&new)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 2);
    let invented = keys::ed25519(Some("c"), 3);
    at(&other, 10, &token(&invented)).await.assert_inactive("unknown_key");
    at(&other, 10, &token(&new)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 0, "the other's set is the newest, and not a second old");
    at(&other, 11, &token(&invented)).await.assert_inactive("unknown_key");
    assert_eq!(deployment.host.take_requests(), 1);
}

#[tokio::test]
async fn g08_h13_an_unknown_kid_is_503_while_the_key_host_fails() {
    let (known, unknown) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&known)).await.assert_active();
    deployment.host.publish(500, "");
    at(&environment, 30, &token(&unknown)).await.assert_unavailable("keys_unavailable");
    assert_eq!(deployment.host.take_requests(), 2);
    for seconds in [31, 59] {
        at(&environment, seconds, &token(&unknown)).await.assert_unavailable("keys_unavailable");
        at(&environment, seconds, &token(&known)).await.assert_active();
    }
    assert_eq!(deployment.host.take_requests(), 0, "failures count towards the cool-down");
    deployment.publish(&[&known]);
    at(&environment, 60, &token(&unknown)).await.assert_inactive("unknown_key");
    deployment.publish(&[&known, &unknown]);
    at(&environment, 90, &token(&unknown)).await.assert_active();
}

#[tokio::test]
async fn g08_an_issuer_whose_keys_were_never_fetched_is_503_until_it_answers() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let good = key_set(&[&key]).to_string();
    let padding = "x".repeat(256 * 1024);
    for (case, status, body) in [
        ("an error", 500, good.clone()),
        ("not found", 404, good.clone()),
        ("another success", 203, good.clone()),
        ("a redirect", 302, good.clone()),
        ("nothing", 200, String::new()),
        ("a page", 200, "<html></html>".to_owned()),
        ("no set", 200, "{}".to_owned()),
        ("one key", 200, key.jwk().to_string()),
        ("no list", 200, r#"{"keys":{}}"#.to_owned()),
        ("no keys", 200, r#"{"keys":[]}"#.to_owned()),
        ("no usable key", 200, r#"{"keys":[{"kty":"oct","kid":"a","k":"AAAA"},{"kty":"XYZ"},1]}"#.to_owned()),
        ("cut short", 200, good[..good.len() - 1].to_owned()),
        ("over 256 KiB", 200, format!("{}{}", good, " ".repeat(256 * 1024))),
        ("over 256 KiB of a member", 200, good.replacen('{', &format!(r#"{{"x":"{padding}","#), 1)),
    ] {
        let environment = deployment.environment().await;
        deployment.host.publish(status, body);
        at(&environment, 0, &token(&key)).await.assert_unavailable("keys_unavailable");
        // A client that followed the redirect would have made two requests.
        assert_eq!(deployment.host.take_requests(), 1, "{case}");
        at(&environment, 29, &token(&key)).await.assert_unavailable("keys_unavailable");
        assert_eq!((deployment.host.take_requests(), deployment.snapshots_written()), (0, 0), "{case}");
    }
    let environment = deployment.environment().await;
    deployment.host.publish(200, format!("{}{}", good, " ".repeat(256 * 1024 - good.len())));
    at(&environment, 0, &token(&key)).await.assert_active();
}

#[tokio::test]
async fn g08_a_key_host_that_never_answers_costs_at_most_one_second() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    deployment.host.hang();
    let environment = deployment.environment().await;
    let started = Instant::now();
    at(&environment, 0, &token(&key)).await.assert_unavailable("keys_unavailable");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    deployment.publish(&[&key]);
    at(&environment, 30, &token(&key)).await.assert_active();
    // An existing set stays in use, after one attempt to refresh it.
    deployment.host.take_requests();
    deployment.host.hang();
    at(&environment, 330, &token(&key)).await.assert_active();
    at(&environment, 331, &token(&key)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
}

#[tokio::test]
async fn h14_a_bad_signature_under_a_known_kid_causes_one_fetch_in_thirty_seconds() {
    let (old, new, forger) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2), keys::ed25519(Some("a"), 3));
    let deployment = Deployment::publishing(&[&old]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&old)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
    for (seconds, fetches) in [(0, 0), (1, 1), (29, 0), (30, 0), (31, 1), (32, 0), (60, 0), (61, 1)] {
        at(&environment, seconds, &token(&forger)).await.assert_verdict("bad_signature", seconds);
        assert_eq!(deployment.host.take_requests(), fetches, "after {seconds} s");
    }
    // The issuer replaces the key by another one under the same `kid`.
    deployment.publish(&[&new]);
    at(&environment, 62, &token(&new)).await.assert_inactive("bad_signature");
    at(&environment, 91, &token(&new)).await.assert_active();
    at(&environment, 91, &token(&old)).await.assert_inactive("bad_signature");
    at(&environment, 121, &token(&old)).await.assert_inactive("bad_signature");
    assert_eq!(deployment.host.take_requests(), 2);
    // While the issuer is down, a bad signature may be that of a key that was replaced again.
    deployment.host.publish(500, "");
    at(&environment, 152, &token(&forger)).await.assert_unavailable("keys_unavailable");
    at(&environment, 152, &token(&new)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
    deployment.publish(&[&forger]);
    at(&environment, 181, &token(&forger)).await.assert_unavailable("keys_unavailable");
    at(&environment, 182, &token(&forger)).await.assert_active();
}

#[tokio::test]
async fn h14_all_requests_that_wait_for_a_fetch_use_its_result() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    let deployment = Deployment::publishing(&[&old]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&old)).await.assert_active();
    deployment.host.hang();
    deployment.world.proxy.take_requests();
    let token = token(&new);
    let askers = join_all((0..4).map(|_| at(&environment, 30, &token)));
    let issuer = async {
        let mut reads = 0;
        while reads < 4 {
            reads += deployment.world.proxy.take_requests().len();
            yield_now().await;
        }
        // By now, all of them wait for the one fetch that the first one began.
        for _ in 0..500 {
            yield_now().await;
        }
        deployment.publish(&[&new]);
    };
    for answer in join(askers, issuer).await.0 {
        answer.assert_active();
    }
    assert_eq!(deployment.host.take_requests(), 2);
}

#[tokio::test]
async fn h13_requests_that_only_read_keys_do_not_wait_for_a_fetch() {
    let (held, unknown) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&held]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&held)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
    deployment.host.hang();
    let (is_fetching, token_of_unknown) = (Cell::new(true), token(&unknown));
    let fetching = async {
        let answer = at(&environment, 30, &token_of_unknown).await;
        is_fetching.set(false);
        answer
    };
    let reading = async {
        while deployment.host.take_requests() == 0 {
            yield_now().await;
        }
        for answer in join_all([&held, &held, &held].map(token).iter().map(|token| at(&environment, 30, token))).await {
            answer.assert_active();
        }
        assert!(is_fetching.get(), "they waited for the fetch");
        deployment.publish(&[&held, &unknown]);
    };
    join(fetching, reading).await.0.assert_active();
}

#[tokio::test]
async fn h16_the_last_good_set_serves_for_a_day_while_the_issuer_is_down() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let warm = deployment.environment().await;
    at(&warm, 0, &token(&key)).await.assert_active();
    deployment.host.publish(503, "");
    let cold = deployment.environment().await;
    for seconds in [300, 3_600, DAY - 1] {
        at(&warm, seconds, &token(&key)).await.assert_verdict(ACTIVE, seconds);
        at(&cold, seconds, &token(&key)).await.assert_verdict(ACTIVE, seconds);
    }
    for environment in [warm, cold, deployment.environment().await] {
        at(&environment, DAY, &token(&key)).await.assert_unavailable("keys_unavailable");
    }
    deployment.publish(&[&key]);
    at(&deployment.environment().await, DAY, &token(&key)).await.assert_active();
}

#[tokio::test]
async fn h17_a_removed_key_stops_verifying_at_the_next_refresh() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&old]).await;
    let (one, other) = (deployment.environment().await, deployment.environment().await);
    for environment in [&one, &other] {
        at(environment, 0, &token(&old)).await.assert_active();
    }
    deployment.publish(&[&new]);
    for environment in [&one, &other] {
        at(environment, 299, &token(&old)).await.assert_active();
        at(environment, 300, &token(&old)).await.assert_inactive("unknown_key");
        at(environment, 300, &token(&new)).await.assert_active();
    }
    assert_eq!(deployment.host.take_requests(), 2, "one at the start, one refresh for both");
    at(&deployment.environment().await, 301, &token(&old)).await.assert_inactive("unknown_key");
}

#[tokio::test]
async fn h17_the_refresh_time_is_a_setting() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&old]).await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": deployment.host.url }]).to_string();
    let environment = World::service(&deployment.world.proxy.url, &issuers, &[("JWKS_REFRESH_SECONDS", "60")]).await;
    at(&environment, 0, &token(&old)).await.assert_active();
    deployment.publish(&[&new]);
    at(&environment, 59, &token(&old)).await.assert_active();
    at(&environment, 60, &token(&old)).await.assert_inactive("unknown_key");
}
