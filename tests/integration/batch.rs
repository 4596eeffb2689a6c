//! `POST /token/introspect/batch`: many tokens of one caller, each answered as the single route would.

use serde_json::{Value, json};
use token_introspection::{call, records::sha256_hex};

use crate::{
    key_host::KeyHost,
    keys,
    proxy::Fault,
    time::fast_forward,
    world::{
        ACTIVE, ALL_IN_DYNAMODB, API, AUDIENCE, Answer, ISSUER, OWN, Request, SECRET, World, claims, request, send,
    },
};

/// The reads of a batch with opaque tokens: the client, the tokens, and the marks.
const TRIPS: usize = if ALL_IN_DYNAMODB { 3 } else { 1 };

fn batch(body: &Value) -> Request {
    let body = body.to_string();
    request().path("/token/introspect/batch").header("content-type", "application/json").body(body)
}

fn tokens(tokens: &[String]) -> Request {
    batch(&json!({ "tokens": tokens })).basic(API, SECRET)
}

fn put_opaque(world: &World, token: &str, changes: &Value) {
    let mut record = json!({ "token_type": "access_token", "client_id": "app", "sub": "alice", "aud": AUDIENCE, "exp": call::now() + 600 });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    world.put_token(token, &record);
}

/// The number of keys in each read since the last call.
fn reads(world: &World) -> Vec<usize> {
    let keys = |body: &Value| {
        let tables = body["RequestItems"].as_object().unwrap().values();
        tables.map(|table| table["Keys"].as_array().unwrap().len()).sum()
    };
    world.proxy.take_requests().iter().map(|(_, body)| keys(body)).collect()
}

/// Tokens of every kind.
fn mix(world: &World) -> Vec<String> {
    put_opaque(world, "opaque", &json!({}));
    put_opaque(world, "opaque-revoked", &json!({ "sid": "s-1" }));
    world.put_mark(&format!("sid#{OWN}#s-1"), &json!({}));
    world.put_mark(&format!("jti#{ISSUER}#revoked"), &json!({}));
    vec![
        world.token(&json!({})),
        "opaque".to_owned(),
        world.token(&json!({ "jti": "revoked" })),
        "unknown".to_owned(),
        world.token(&json!({ "exp": 1 })),
        "opaque-revoked".to_owned(),
        "a.b.c".to_owned(),
        world.token(&json!({ "jti": "other", "sub": "bob" })),
        world.token(&json!({})),
    ]
}

#[tokio::test]
async fn each_token_is_answered_in_order_as_the_single_route_would() {
    let world = World::new().await;
    for policy in
        [json!({}), json!({ "scopes": ["read"], "claims": [] }), json!({ "audiences": ["https://nobody.example"] })]
    {
        world.put_policy(&policy);
        let mix = mix(&world);
        let answer = world.send(tokens(&mix)).await;
        let (mut expected, mut verdicts) = (Vec::new(), Vec::new());
        for token in &mix {
            let single = world.introspect(token).await;
            verdicts.extend(single.reason().or(Some(ACTIVE)).map(str::to_owned));
            expected.push(single.body);
        }
        assert_eq!(answer.body, format!(r#"{{"results":[{}]}}"#, expected.join(",")), "{policy}");
        assert_eq!(answer.verdicts(), verdicts, "{policy}");
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    }
}

#[tokio::test]
async fn opaque_tokens_of_a_batch_share_the_second_read() {
    let world = World::new().await;
    for number in 0..10 {
        put_opaque(&world, &format!("opaque-{number}"), &json!({ "sub": format!("s-{number}") }));
    }
    let known: Vec<_> = (0..10).map(|number| format!("opaque-{number}")).collect();
    world.send(tokens(&known)).await;
    assert_eq!(reads(&world).len(), TRIPS);
    let unknown: Vec<_> = (0..10).map(|number| format!("unknown-{number}")).collect();
    world.send(tokens(&unknown)).await;
    assert_eq!(reads(&world).len(), TRIPS);
}

#[tokio::test]
async fn one_to_fifty_tokens_are_accepted_and_anything_else_causes_no_read() {
    let world = World::new().await;
    for wrong in [
        json!([]),
        json!(vec!["x"; 51]),
        json!(["x", 1]),
        json!(["x", ""]),
        json!("x"),
        json!({ "0": "x" }),
        json!(null),
    ] {
        let answer = world.send(batch(&json!({ "tokens": wrong })).basic(API, SECRET)).await;
        assert!(answer.assert_error(400, "invalid_request", "wrong_tokens").contains("1 to 50"), "{wrong}");
    }
    world.send(batch(&json!({})).basic(API, SECRET)).await.assert_error(400, "invalid_request", "wrong_tokens");
    assert_eq!(reads(&world).len(), 0);
    world.send(tokens(&vec!["x".to_owned(); 50])).await;
    assert_eq!(reads(&world).len(), TRIPS);
}

#[tokio::test]
async fn a21_faults_of_a_batch_are_refused_in_the_fixed_order() {
    let world = World::new().await;
    let at = || request().path("/token/introspect/batch").basic(API, SECRET);
    let json_at = |body: &str| at().header("content-type", "application/json").body(body);
    let good = r#"{"tokens":["x"]}"#;
    for (what, request, status) in [
        ("a form", at().form(&[("token", "x")]), 415),
        ("a token in the query", json_at(good).query("token=x"), 400),
        ("over a mebibyte", json_at(&format!("{good}{}", " ".repeat(1024 * 1024))), 413),
        ("just under", json_at(&format!("{good}{}", " ".repeat(1024 * 1024 - good.len()))), 200),
        ("no JSON", json_at("{"), 400),
        ("a list", json_at("[]"), 400),
        ("a duplicate member", json_at(r#"{"tokens":["x"],"tokens":["x"]}"#), 400),
        ("a duplicate credential", json_at(r#"{"tokens":["x"],"x":{"a":1,"a":1}}"#), 400),
        ("a credential that is no string", json_at(r#"{"tokens":["x"],"client_id":1}"#), 400),
        ("two mechanisms", json_at(r#"{"tokens":["x"],"client_id":"api","client_secret":"x"}"#), 400),
        ("an unknown member", json_at(r#"{"tokens":["x"],"further":[1]}"#), 200),
        ("a charset", json_at(good).header("content-type", "Application/JSON; charset=utf-8"), 200),
        ("GET", json_at(good).method(http::Method::GET), 405),
    ] {
        assert_eq!(world.send(request).await.status.as_u16(), status, "{what}");
    }
    let anonymous = batch(&json!({ "tokens": [] }));
    world.send(anonymous).await.assert_error(401, "invalid_client", "no_credentials");
}

#[tokio::test]
async fn b04_credentials_may_be_members_of_the_object() {
    let world = World::new().await;
    let with = |secret: &str| batch(&json!({ "tokens": ["x"], "client_id": API, "client_secret": secret }));
    assert_eq!(world.send(with(SECRET)).await.body, r#"{"results":[{"active":false}]}"#);
    world.send(with("wrong")).await.assert_error(401, "invalid_client", "wrong_secret");
    world.put_client(
        &json!({ "client_id": API, "client_secret": sha256_hex(SECRET), "token_endpoint_auth_method": "client_secret_basic" }),
    );
    world.send(with(SECRET)).await.assert_error(401, "invalid_client", "wrong_method");
}

#[tokio::test]
async fn b10_j11_the_callers_policy_is_checked_before_any_token() {
    let world = World::new().await;
    let mix = mix(&world);
    world.put_policy(&json!({ "allowed": false }));
    world.send(tokens(&mix)).await.assert_error(403, "unauthorized_client", "not_allowed");
    world.put_policy(&json!({ "require_signed_response": true }));
    world.send(tokens(&mix)).await.assert_error(400, "invalid_request", "signed_response_required");
    assert_eq!(reads(&world), [1, 1], "only the client's record is read");
    world.introspect("opaque").await.assert_error(400, "invalid_request", "signed_response_required");
}

#[tokio::test]
async fn g08_an_unreachable_issuer_affects_only_its_own_tokens_and_an_unreachable_store_all() {
    let world = World::new().await;
    let signer = keys::ed25519(Some("k"), 5);
    let host = KeyHost::start(&json!({ "keys": [signer.jwk()] })).await;
    host.publish(500, "");
    let issuers = json!([
        { "issuer": "https://down.example.com", "profile": "rfc9068", "jwks_uri": host.url },
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [world.signer.jwk()] } },
    ]);
    let service = World::service(&world.proxy.url, &issuers.to_string(), &[]).await;
    let down = signer.token(&json!({ "typ": "at+jwt" }), &claims(&json!({ "iss": "https://down.example.com" })));
    let answer: Answer = send(&service, tokens(&[down.clone(), world.token(&json!({})), down, "x".into()])).await;
    let results = answer.json()["results"].clone();
    let unknown = json!({ "error": "temporarily_unavailable" });
    assert_eq!((&results[0], &results[2]), (&unknown, &unknown));
    assert_eq!((&results[1]["active"], &results[3]), (&json!(true), &json!({ "active": false })));

    for fault in [Fault::ServerError, Fault::Unprocessed, Fault::Truncated] {
        world.proxy.fail(fault);
        let answer = fast_forward(world.send(tokens(&[world.token(&json!({}))]))).await;
        answer.assert_unavailable("store_unavailable");
    }
}
