//! the order of the refusals if a request has several faults. A-22: every answer is in time.

use std::time::Duration;

use http::Method;
use serde_json::json;
use token_introspection::{call, records::sha256_hex};
use tokio::time::Instant;

use crate::{
    key_host::KeyHost,
    keys,
    proxy::Fault,
    time::fast_forward,
    world::{API, ISSUER, Request, SECRET, World, claims, introspection, request},
};

/// Removes one fault from a request.
type Repair = fn(Request) -> Request;

#[tokio::test]
async fn a21_each_refusal_precedes_the_next_check() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    // The checks before the credentials must not read the store, so it fails.
    world.proxy.fail(Fault::AccessDenied);
    let everything_wrong = || {
        request()
            .path("/nowhere")
            .method(Method::GET)
            .query("token=x")
            .header("content-type", "text/plain")
            .header("authorization", "Basic !")
            .body([&b"token=%FF&token=b&client_secret=c&"[..], &vec![b'x'; 70_000]].concat())
    };
    let steps: [(u16, &str, &str, &str, Repair); 11] = [
        (404, "not_found", "not_found", "", |request| request.path("/token/introspect")),
        (405, "invalid_request", "method_not_allowed", "the method is not allowed here", |request| {
            request.method(Method::POST)
        }),
        (400, "invalid_request", "secret_in_query", "tokens and credentials must not be sent in the URL", |request| {
            request.query("")
        }),
        (415, "invalid_request", "wrong_media_type", "the body must be application/x-www-form-urlencoded", |request| {
            request.header("content-type", "application/x-www-form-urlencoded")
        }),
        (413, "invalid_request", "body_too_large", "the body is too large", |request| {
            request.body("token=%FF&token=b&client_secret=c")
        }),
        (400, "invalid_request", "malformed_body", "the body cannot be decoded", |request| {
            request.body("token=&token=&client_secret=c")
        }),
        (400, "invalid_request", "duplicate_parameter", "a parameter was sent more than once", |request| {
            request.body("client_secret=c")
        }),
        (400, "invalid_request", "two_mechanisms", "the client authenticated in more than one way", |request| {
            request.body("token=")
        }),
        (400, "invalid_request", "unreadable_credentials", "the Authorization header cannot be read", |request| {
            request.without_header("authorization")
        }),
        (401, "invalid_client", "no_credentials", "", |request| request.basic(API, "wrong")),
        (400, "invalid_request", "missing_token", "the parameter token is missing", |request| request.body("token=x")),
    ];
    let mut repairs: Vec<Repair> = Vec::new();
    for (status, code, reason, description, repair) in steps {
        let faulty = repairs.iter().fold(everything_wrong(), |request, repair| repair(request));
        let answer = world.send(faulty).await;
        assert_eq!(answer.assert_error(status, code, reason), description);
        assert_eq!(answer.header("location"), "", "never a redirect");
        assert_eq!(world.proxy.take_requests(), [], "{status} {description}");
        repairs.push(repair);
    }
    let readable = || repairs.iter().fold(everything_wrong(), |request, repair| repair(request));
    world.send(readable()).await.assert_unavailable("store_unavailable");
    world.proxy.fail(Fault::None);
    world.proxy.take_requests();

    world.put_policy(&json!({ "allowed": false }));
    let not_throttled = world.send(readable()).await;
    not_throttled.assert_error(401, "invalid_client", "wrong_secret");
    world.send(readable()).await.assert_error(429, "invalid_client", "wrong_secret");
    world.send(readable().basic(API, SECRET)).await.assert_error(403, "unauthorized_client", "not_allowed");
    world.put_policy(&json!({}));
    world.send(readable().basic(API, SECRET)).await.assert_inactive("unknown_token");
}

#[tokio::test]
async fn a21_two_mechanisms_are_refused_before_a_different_client_id() {
    let world = World::new().await;
    let both = [("token", "x"), ("client_id", "other"), ("client_secret", "c")];
    let description = world.send(request().basic(API, SECRET).form(&both)).await.assert_error(
        400,
        "invalid_request",
        "two_mechanisms",
    );
    assert!(description.contains("more than one way"), "{description}");
    let description = world.send(request().basic(API, SECRET).form(&both[..2])).await.assert_error(
        400,
        "invalid_request",
        "client_id_mismatch",
    );
    assert!(description.contains("client_id differs"), "{description}");
}

/// Asserts that the answer is "don't know" before gateways time out.
async fn assert_unavailable_in_time(world: &World, request: Request, reason: &str, case: &str) {
    let started = Instant::now();
    let answer = fast_forward(world.send(request)).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{case}: {:?}", started.elapsed());
    answer.assert_unavailable(reason);
}

#[test]
fn a22_the_deadline_is_below_two_seconds_and_leaves_time_to_answer() {
    let left = |time_left| call::deadline(time_left).saturating_duration_since(Instant::now());
    assert!(left(Duration::from_mins(15)) <= Duration::from_millis(1800));
    assert!(left(Duration::from_secs(1)) <= Duration::from_millis(850));
    assert_eq!(left(Duration::from_millis(10)), Duration::ZERO);
}

#[tokio::test]
async fn a22_a_store_that_hangs_or_never_ends_is_503_within_two_seconds() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for fault in [Fault::Hangs, Fault::Unprocessed] {
        world.proxy.fail(fault);
        let (jwt, opaque) = (introspection(&token), introspection("unknown"));
        let stranger = request().basic("nobody", "wrong").form(&[("token", "x")]);
        let case = format!("{fault:?}");
        tokio::join!(
            assert_unavailable_in_time(&world, jwt, "store_unavailable", &case),
            assert_unavailable_in_time(&world, opaque, "store_unavailable", &case),
            assert_unavailable_in_time(&world, stranger, "store_unavailable", &case),
        );
    }
}

#[tokio::test]
async fn a22_an_issuer_whose_key_host_hangs_is_503_within_two_seconds() {
    let host = KeyHost::start(&json!({})).await;
    host.hang();
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let token = keys::ed25519(Some("key-1"), 1).token(&json!({ "typ": "at+jwt" }), &claims(&json!({})));
    assert_unavailable_in_time(&world, introspection(&token), "keys_unavailable", "key host").await;
}

#[tokio::test]
async fn a22_an_invocation_with_less_time_left_is_answered_sooner() {
    let world = World::new().await;
    world.proxy.fail(Fault::Hangs);
    let started = Instant::now();
    let answer = world.send(introspection("unknown").within(Duration::from_millis(100))).await;
    // The store's own limits end an attempt after 600 ms and all of them after 1,500 ms.
    assert!(started.elapsed() < Duration::from_millis(1400), "{:?}", started.elapsed());
    answer.assert_unavailable("store_unavailable");
    world.send(introspection("unknown").within(Duration::ZERO)).await.assert_unavailable("store_unavailable");
}

#[tokio::test]
async fn a21_the_verdict_comes_last_so_a_client_that_is_not_allowed_never_learns_it() {
    let world = World::new().await;
    let secret = sha256_hex(SECRET);
    world.put_client(&json!({ "client_id": "barred", "client_secret": secret, "introspection": { "allowed": false } }));
    let token = world.token(&json!({}));
    let answers = [
        world.introspect_as("barred", SECRET, &token).await,
        world.introspect_as("barred", SECRET, "unknown").await,
        world.introspect_as("barred", SECRET, "a.b.c").await,
    ];
    answers[0].assert_error(403, "unauthorized_client", "not_allowed");
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}
