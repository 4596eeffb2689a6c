//! Group B: what odd, wrong and persistent credentials cost and learn.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::world::{ALL_IN_DYNAMODB, API, Request, SECRET, World, introspection, percent_encoded, request};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");

fn post(client_id: &str, secret: &str) -> Request {
    request().form(&[("token", "x"), ("client_id", client_id), ("client_secret", secret)])
}

/// The keys that one read asked for, with their tables; tokens' digests stand for the tokens.
fn keys_of(read: &Value) -> BTreeSet<String> {
    let tables = read["RequestItems"].as_object().unwrap();
    tables
        .iter()
        .flat_map(|(table, wanted)| {
            let keys = wanted["Keys"].as_array().unwrap().iter();
            keys.flat_map(|key| key.as_object().unwrap().values())
                .map(move |id| format!("{table} {}", id["S"].as_str().unwrap()))
        })
        .collect()
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn b12_an_unknown_client_is_answered_after_the_same_reads_as_a_known_one() {
    let world = World::with(&[NO_LIMIT]).await;
    let mut answers = Vec::new();
    for client_id in [API, "nobody"] {
        answers.push(world.introspect_as(client_id, "wrong", "x").await);
        let requests = world.proxy.take_requests();
        let [(operation, read)] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(operation, "BatchGetItem");
        let digest = sha256_hex("x");
        let expected = [
            format!("oauth-clients {client_id}"),
            format!("oauth-tokens revoked#{digest}"),
            format!("oauth-tokens token#{digest}"),
        ];
        assert_eq!(keys_of(read), BTreeSet::from(expected));
    }
    assert_eq!(answers[0], answers[1]);
}

/// Reads the source, since no test of behaviour can see that a comparison takes constant time.
#[test]
fn b12_b13_the_source_compares_secrets_by_ct_eq_alone_with_or_without_a_record() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/auth/secret.rs");
    let source = fs::read_to_string(path).unwrap();
    let (_, comparison) = source.split_once("fn secret_matches(").expect("the one function that compares secrets");
    let comparison = comparison.split("\n}\n").next().unwrap();
    assert!(comparison.contains(".ct_eq("));
    for short_circuit in ["==", "!=", ".eq(", ".any(", ".all(", ".contains(", "&&", "||", "return", "?;", "if "] {
        assert!(!comparison.contains(short_circuit), "{short_circuit} in:\n{comparison}");
    }
    // It runs before any refusal that depends on the record, and there are no digests elsewhere.
    let check = source.split_once("fn check(").unwrap().1.split("\n}\n").next().unwrap();
    let (before, after) = check.split_once("secret_matches(").unwrap();
    assert!(!before.contains("Refusal::") && !before.contains("registered("), "{before}");
    assert!(after.contains("registered(") && after.contains("Refusal::WrongSecret"));
    assert_eq!(source.matches("digests").count(), comparison.matches("digests").count());
}

#[tokio::test]
async fn b13_a_stored_secret_that_is_no_digest_matches_nothing() {
    let world = World::with(&[NO_LIMIT]).await;
    let digest = sha256_hex(SECRET);
    for stored in [SECRET, &digest[..63], &format!("{digest}0"), &digest.to_uppercase(), ""] {
        world.put_client(&json!({ "client_id": API, "client_secret": stored }));
        for secret in [SECRET, stored, &digest] {
            world.introspect_as(API, secret, "x").await.assert_error(401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn b15_b16_past_the_limit_wrong_credentials_get_429_and_right_ones_are_never_refused() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "3")]).await;
    let token = world.token(&json!({}));
    // A minute's first second, so that no boundary falls into the test.
    let start = token_introspection::call::now().div_euclid(60) * 60;
    let wrong = |token: &str| introspection(token).basic(API, "wrong").at(start);
    for _ in 0..3 {
        world.send(wrong(&token)).await.assert_error(401, "invalid_client");
    }
    world.proxy.take_requests();
    let throttled = world.send(wrong(&token)).await;
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("retry-after", "60"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!((throttled.status.as_u16(), throttled.all_headers()), (429, headers.to_vec()));
    assert_eq!(throttled.body, r#"{"error":"invalid_client"}"#);
    for other in ["unknown", "a.b.c", &world.token(&json!({ "exp": 1 }))] {
        assert_eq!(world.send(wrong(other)).await, throttled, "a 429 says nothing about the token");
    }
    assert_eq!(world.send(post(API, "wrong").at(start)).await, throttled, "the mechanism does not matter");
    let operations: Vec<_> = world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["BatchGetItem"; 5], "nothing is written");

    let mut from_elsewhere = wrong(&token);
    from_elsewhere.0.source_address = "192.0.2.2".to_owned();
    world.send(from_elsewhere).await.assert_error(401, "invalid_client");
    world.send(wrong(&token).basic("other", "wrong")).await.assert_error(401, "invalid_client");
    world.send(wrong(&token).at(start + 60)).await.assert_error(401, "invalid_client");
}

#[tokio::test]
async fn b15_nobody_can_lock_a_resource_server_out() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    let (token, now) = (world.token(&json!({})), token_introspection::call::now());
    for _ in 0..10 {
        world.send(introspection(&token).basic(API, "wrong").at(now)).await;
        world.send(introspection(&token).at(now)).await.assert_active();
    }
    world.send(introspection(&token).basic(API, "wrong").at(now)).await.assert_error(429, "invalid_client");
}

#[tokio::test]
async fn b18_an_odd_client_id_is_an_unknown_client_after_the_one_read_without_that_key() {
    let world = World::with(&[NO_LIMIT]).await;
    let refused = world.introspect_as("nobody", "wrong", "x").await;
    refused.assert_error(401, "invalid_client");
    world.proxy.take_requests();
    let long = "x".repeat(2049);
    let wide = "é".repeat(1025);
    for client_id in ["", &long, &wide, "a\nb", "a\0", "\u{7f}", "\u{85}", "\r\n"] {
        let encoded = percent_encoded(client_id);
        for request in [post(client_id, SECRET), introspection("x").basic(&encoded, SECRET)] {
            assert_eq!(world.send(request).await, refused, "{client_id:.20?}");
            let requests = world.proxy.take_requests();
            assert!(requests.len() == usize::from(ALL_IN_DYNAMODB), "{requests:?}");
            let keys: BTreeSet<_> = requests.iter().flat_map(|(_, read)| keys_of(read)).collect();
            assert!(keys.iter().all(|key| key.starts_with("oauth-tokens ")), "{keys:?}");
            assert!(!keys.is_empty() || !ALL_IN_DYNAMODB);
        }
    }
    // The longest that DynamoDB takes, and what only looks odd, are client ids like any other.
    for client_id in ["x".repeat(2048), "é ü#/?&=+%".to_owned()] {
        world.put_client(&json!({ "client_id": client_id, "client_secret": sha256_hex(SECRET) }));
        world.send(post(&client_id, SECRET)).await.assert_inactive();
    }
}
