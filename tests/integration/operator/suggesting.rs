//! `issuer suggest`: the entry that it prints serves the function, and the token is never repeated.

use serde_json::{Value, json};

use super::Tool;
use crate::{
    key_host::KeyHost,
    world::{self, AUDIENCE, World, claims},
};

#[tokio::test]
async fn the_suggested_entry_serves_the_function() {
    let world = World::new().await;
    let host = KeyHost::start(&json!({ "keys": [world.signer.jwk()] })).await;
    let tool = Tool::at(&world.engine.url);
    let issuer = host.url.trim_end_matches("/jwks.json").to_owned();
    let claims = claims(&json!({ "iss": issuer, "typ": "Bearer", "azp": "app", "client_id": null }));
    let token = world.signer.token(&json!({ "typ": "JWT" }), &claims);
    let run = tool.run_with("issuer suggest --token - --output json", &format!("Bearer {token}\n")).await.done();
    assert!(!run.stdout.contains(&token) && !run.stderr.contains(&token), "O-04");
    run.warned("the word Bearer");
    let answer = run.json();
    assert_eq!((&answer["profile"], &answer["passes"]), (&json!("keycloak"), &json!(true)), "{answer}");
    assert_eq!(answer["entry"]["audiences"], json!([AUDIENCE]));
    let mut entry = answer["entry"].clone();
    entry["jwks_uri"] = host.url.clone().into();
    let service = World::service(&world.engine.url, &json!([entry]).to_string(), &world.token_settings()).await;
    world::send(&service, world::introspection(&token)).await.assert_active();
    let text = tool.run_with("issuer suggest --token -", &token).await.done().stdout;
    let entry: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(entry, answer["entry"], "{text}");
}

#[tokio::test]
async fn keys_are_fetched_and_a_forged_signature_is_noticed() {
    let world = World::new().await;
    let tool = Tool::at("http://127.0.0.1:1");
    let token = world.token(&json!({ "iss": "https://127.0.0.1:1" }));
    let answer = tool.json_with("issuer suggest --token -", &token).await;
    assert!(answer["notes"].to_string().contains("the issuer's keys do not tell from here"), "{answer}");
    let id_token = world.signer.token(&json!({}), &claims(&json!({ "at_hash": "h" })));
    let run = tool.run_with("issuer suggest --token - --output json", &id_token).await.ended(1);
    assert!(run.json()["notes"].to_string().contains("it is an ID token"), "{}", run.stdout);
    tool.run_with("issuer suggest --token -", "opaque").await.failed(1, "the token is opaque");
    tool.run_with("issuer suggest --token -", "a.b.c.d.e").await.failed(1, "encrypted");
}
