//! Group B: what requests with wrong credentials cost, and what they reveal.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::world::{ALL_IN_DYNAMODB, API, Request, SECRET, World, introspection, percent_encoded, request};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");

fn post(client_id: &str, secret: &str) -> Request {
    request().form(&[("token", "x"), ("client_id", client_id), ("client_secret", secret)])
}

/// The keys of one read, with their tables.
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
fn b12_b13_the_source_compares_secrets_only_with_ct_eq_with_or_without_a_record() {
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
    assert!(!before.contains("AuthError::") && !before.contains("registered("), "{before}");
    assert!(after.contains("registered(") && after.contains("AuthError::WrongSecret"));
    assert_eq!(source.matches("digests").count(), comparison.matches("digests").count());
}

#[tokio::test]
async fn b13_a_stored_secret_that_is_not_a_digest_matches_nothing() {
    let world = World::with(&[NO_LIMIT]).await;
    let digest = sha256_hex(SECRET);
    for stored in [SECRET, &digest[..63], &format!("{digest}0"), &digest.to_uppercase(), ""] {
        world.put_client(&json!({ "client_id": API, "client_secret": stored }));
        for secret in [SECRET, stored, &digest] {
            world.introspect_as(API, secret, "x").await.assert_error(401, "invalid_client", "wrong_secret");
        }
    }
}

#[tokio::test]
async fn b15_b16_above_the_limit_wrong_credentials_get_429_and_correct_ones_are_never_refused() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "3")]).await;
    let token = world.token(&json!({}));
    // The first second of a minute, so that the minute does not end during the test.
    let start = token_introspection::call::now().div_euclid(60) * 60;
    let wrong = |token: &str| introspection(token).basic(API, "wrong").at(start);
    for _ in 0..3 {
        world.send(wrong(&token)).await.assert_error(401, "invalid_client", "wrong_secret");
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
    world.send(from_elsewhere).await.assert_error(401, "invalid_client", "wrong_secret");
    world.send(wrong(&token).basic("other", "wrong")).await.assert_error(401, "invalid_client", "unknown_client");
    world.send(wrong(&token).at(start + 60)).await.assert_error(401, "invalid_client", "wrong_secret");
}

/// The number of keys in each read since the last time.
fn reads(world: &World) -> Vec<usize> {
    world.proxy.take_requests().iter().map(|(_, read)| keys_of(read).len()).collect()
}

/// A batch of fifty different tokens, the most that are allowed.
fn batch(world: &World) -> Request {
    let token =
        |n: usize| world.token(&json!({ "jti": format!("j{n}"), "sub": format!("s{n}"), "sid": format!("i{n}") }));
    let tokens: Vec<_> = (0..50).map(token).collect();
    let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
    batch.body(json!({ "tokens": tokens }).to_string())
}

#[tokio::test]
async fn b19_a_batch_costs_one_read_of_one_key_until_the_caller_is_authenticated() {
    let world = World::with(&[NO_LIMIT]).await;
    world.put_client(&json!({ "client_id": "disabled", "client_secret": sha256_hex(SECRET), "disabled": true }));
    for (reason, case, client_id, secret) in [
        ("wrong_secret", "wrong secret", API, "wrong"),
        ("unknown_client", "unknown", "nobody", SECRET),
        ("disabled", "disabled", "disabled", SECRET),
        ("unknown_client", "longest id", &"x".repeat(2048), SECRET),
    ] {
        world.send(batch(&world).basic(client_id, secret)).await.assert_error(401, "invalid_client", reason);
        assert_eq!(reads(&world), [1], "{case}");
    }
    // An id that no record can have costs the same, unless the tokens are in Redis.
    for client_id in ["", "a%0Ab", &"x".repeat(3000)] {
        world.send(batch(&world).basic(client_id, SECRET)).await.assert_error(401, "invalid_client", "unknown_client");
        assert_eq!(reads(&world), vec![1; usize::from(ALL_IN_DYNAMODB)], "{client_id:.20}");
    }
    world.send(batch(&world)).await.assert_error(401, "invalid_client", "no_credentials");
    assert_eq!(reads(&world), Vec::<usize>::new(), "no credentials");
    assert_eq!(world.send(batch(&world).basic(API, SECRET)).await.status, 200);
    assert_eq!(reads(&world)[0], 1);
}

#[tokio::test]
async fn b19_b11_a_throttled_client_and_address_cost_only_the_clients_record_and_correct_credentials_still_work() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "2")]).await;
    let start = token_introspection::call::now().div_euclid(60) * 60;
    let token = world.token(&json!({ "iat": start, "exp": start + 600 }));
    let wrong = |token: &str| introspection(token).basic(API, "wrong").at(start);
    for _ in 0..2 {
        world.send(wrong(&token)).await.assert_error(401, "invalid_client", "wrong_secret");
        let expected = if ALL_IN_DYNAMODB { 6 } else { 1 };
        assert_eq!(reads(&world), [expected], "below the limit, one read for everything");
    }
    let posted = |token: &str| {
        let form = [("token", token), ("client_id", API), ("client_secret", "wrong")];
        request().form(&form).at(start)
    };
    let forged = token.replace('.', "..");
    for token in [token.as_str(), "unknown", "a.b.c", &forged] {
        for request in [
            wrong(token),
            posted(token),
            wrong(token).path("/token/revoke"),
            batch(&world).basic(API, "wrong").at(start),
        ] {
            world.send(request).await.assert_error(429, "invalid_client", "wrong_secret");
            assert_eq!(reads(&world), [1], "{token:.20}");
        }
    }
    // The correct secret is still accepted, with a second read for the token.
    world.send(introspection(&token).at(start)).await.assert_active();
    assert_eq!(reads(&world), if ALL_IN_DYNAMODB { vec![1, 5] } else { vec![1] });
    world.put_item(&json!({ "id": format!("jti#{}#jti-1", crate::world::ISSUER) }));
    world.send(introspection(&token).at(start)).await.assert_inactive("revoked_token");
    reads(&world);
    // In another minute, and for another client or address, there is one read again.
    let mut elsewhere = introspection("x").at(start);
    elsewhere.0.source_address = "192.0.2.2".to_owned();
    for request in [elsewhere, introspection("x").at(start + 60)] {
        world.send(request).await.assert_inactive("unknown_token");
        assert_eq!(reads(&world)[0], if ALL_IN_DYNAMODB { 3 } else { 1 });
    }
}

#[tokio::test]
async fn b15_wrong_credentials_cannot_lock_a_resource_server_out() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    let (token, now) = (world.token(&json!({})), token_introspection::call::now());
    for _ in 0..10 {
        world.send(introspection(&token).basic(API, "wrong").at(now)).await;
        world.send(introspection(&token).at(now)).await.assert_active();
    }
    world.send(introspection(&token).basic(API, "wrong").at(now)).await.assert_error(
        429,
        "invalid_client",
        "wrong_secret",
    );
}

#[tokio::test]
async fn b18_a_client_id_that_cannot_exist_is_an_unknown_client_and_its_key_is_not_read() {
    let world = World::with(&[NO_LIMIT]).await;
    let refused = world.introspect_as("missing", "wrong", "x").await;
    refused.assert_error(401, "invalid_client", "unknown_client");
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
    // The longest id that DynamoDB accepts, and unusual characters, are valid in client ids.
    for client_id in ["x".repeat(2048), "é ü#/?&=+%".to_owned()] {
        world.put_client(&json!({ "client_id": client_id, "client_secret": sha256_hex(SECRET) }));
        world.send(post(&client_id, SECRET)).await.assert_inactive("unknown_token");
    }
}
