//! The key set that execution environments share through the state table, and which of its parts are used.

use serde_json::{Value, json};

use crate::{
    key_sets::{Deployment, at, key_set, token},
    keys,
    proxy::Fault,
    signer::Signer,
    world::{ACTIVE, ISSUER, introspection, request, send},
};

/// The time of the first request, as in the other key tests.
const T: i64 = 1_800_000_000;
const STATE: &str = "oauth-introspection-state";

/// The shared snapshot as it is stored, if there is one.
async fn stored(deployment: &Deployment) -> Value {
    let request = json!({ "TableName": STATE, "Key": { "id": { "S": format!("jwks#{ISSUER}") } } });
    deployment.world.dynamodb("GetItem", &request).await["Item"].take()
}

/// Puts a snapshot of these keys in its place, with attributes in DynamoDB's own form changed.
fn plant(deployment: &Deployment, keys: &[&Signer], changes: &Value) {
    let mut item = json!({
        "id": { "S": format!("jwks#{ISSUER}") },
        "jwks": { "S": key_set(keys).to_string() },
        "jwks_uri": { "S": deployment.host.url },
        "fetched_at": { "N": T.to_string() },
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            item.as_object_mut().unwrap().remove(name);
        } else {
            item[name] = value.clone();
        }
    }
    deployment.world.engine.put_attributes(STATE, &item).unwrap();
}

#[tokio::test]
async fn h27_a_snapshot_holds_the_keys_that_loaded_and_their_public_members() {
    let (one, other) = (keys::ed25519(Some("a"), 1), keys::es256(Some("b")));
    let deployment = Deployment::publishing(&[&one]).await;
    let mut private = other.jwk();
    private["d"] = json!("cHJpdmF0ZQ");
    private["x5c"] = json!(["cHJpdmF0ZQ"]);
    let odd =
        [json!({ "kty": "oct", "kid": "c", "k": "c2VjcmV0" }), json!("garbage"), json!({ "kty": "EC", "kid": "d" })];
    let set = json!({ "keys": [odd[0], one.jwk(), odd[1], private, odd[2]], "more": "cHJpdmF0ZQ" });
    deployment.host.publish(200, set.to_string());
    at(&deployment.environment().await, 0, &token(&one)).await.assert_active();

    let item = stored(&deployment).await;
    let jwks: Value = serde_json::from_str(item["jwks"]["S"].as_str().unwrap()).unwrap();
    assert_eq!(jwks, key_set(&[&one, &other]));
    let expected = json!({
        "id": { "S": format!("jwks#{ISSUER}") },
        "jwks": item["jwks"],
        "jwks_uri": { "S": deployment.host.url },
        "fetched_at": { "N": T.to_string() },
        "expires_at": { "N": (T + 86_400).to_string() },
        // The strings among the keys have no `kid`.
        "unreadable": { "L": [{ "S": "" }, { "S": "d" }] },
    });
    assert_eq!(item, expected);
}

#[tokio::test]
async fn h27_a_snapshot_is_used_only_if_it_parses_and_has_the_configured_jwks_uri() {
    let (genuine, planted) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    for (changes, verdict) in [
        (json!({}), ACTIVE),
        (json!({ "unknown": { "N": "1" }, "expires_at": { "S": "1" } }), ACTIVE),
        (json!({ "fetched_at": { "N": (T + 60).to_string() } }), ACTIVE),
        (json!({ "jwks_uri": { "S": "https://attacker.example.com/jwks.json" } }), "bad_signature"),
        (json!({ "jwks_uri": { "S": "" } }), "bad_signature"),
        (json!({ "jwks_uri": { "NULL": true } }), "bad_signature"),
        (json!({ "jwks_uri": null }), "bad_signature"),
        (json!({ "jwks": { "S": "{" } }), "bad_signature"),
        (json!({ "jwks": { "S": r#"{"keys":[]}"# } }), "bad_signature"),
        (json!({ "jwks": { "M": {} } }), "bad_signature"),
        (json!({ "jwks": null }), "bad_signature"),
        (json!({ "fetched_at": { "S": T.to_string() } }), "bad_signature"),
        (json!({ "fetched_at": null }), "bad_signature"),
        (json!({ "fetched_at": { "N": (T + 61).to_string() } }), "bad_signature"),
        (json!({ "fetched_at": { "N": "9223372036854775807" } }), "bad_signature"),
        (json!({ "fetched_at": { "N": "-9223372036854775808" } }), "bad_signature"),
        (json!({ "fetched_at": { "N": "1E+100" } }), "bad_signature"),
        (json!({ "fetched_at": { "N": (T - 86_400).to_string() } }), "bad_signature"),
    ] {
        let deployment = Deployment::publishing(&[&genuine]).await;
        plant(&deployment, &[&planted], &changes);
        let environment = deployment.environment().await;
        at(&environment, 0, &token(&planted)).await.assert_verdict(verdict, format!("planted: {changes}"));
        assert_eq!(deployment.host.take_requests(), usize::from(verdict != ACTIVE), "{changes}");
        at(&environment, 1, &token(&genuine)).await.assert_verdict(ACTIVE, format!("genuine: {changes}"));
        // One fetch replaces the unusable snapshot for all environments.
        at(&environment, 400, &token(&genuine)).await.assert_verdict(ACTIVE, format!("later: {changes}"));
        let item = stored(&deployment).await;
        assert_eq!(item["jwks"]["S"], key_set(&[&genuine]).to_string(), "{changes}");
    }
}

#[tokio::test]
async fn h17_a_stale_environment_never_overwrites_a_newer_snapshot() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&new]).await;
    at(&deployment.environment().await, 1000, &token(&new)).await.assert_active();
    let newer = stored(&deployment).await;
    assert_eq!(newer["fetched_at"]["N"], (T + 1000).to_string());
    // An environment that was frozen during its fetch returns with an older set.
    deployment.publish(&[&old]);
    at(&deployment.environment().await, 0, &token(&old)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 2);
    assert_eq!(deployment.snapshots_written(), 2, "both tried");
    assert_eq!(stored(&deployment).await, newer);
}

#[tokio::test]
async fn h17_an_environment_takes_over_the_newer_snapshot_when_its_own_set_is_due() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&old]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&old)).await.assert_active();
    plant(&deployment, &[&new], &json!({ "fetched_at": { "N": (T + 100).to_string() } }));
    at(&environment, 299, &token(&old)).await.assert_active();
    at(&environment, 300, &token(&new)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1, "that of the very first request");
    deployment.publish(&[&new]);
    at(&environment, 300, &token(&old)).await.assert_inactive("unknown_key");
    // An older snapshot changes nothing.
    plant(&deployment, &[&old], &json!({ "fetched_at": { "N": (T + 99).to_string() } }));
    at(&environment, 301, &token(&old)).await.assert_inactive("unknown_key");
    at(&environment, 301, &token(&new)).await.assert_active();
}

#[tokio::test]
async fn h13_a_snapshot_that_cannot_be_written_does_not_affect_the_answer() {
    let key = keys::ed25519(Some("a"), 1);
    for fault in [Fault::ServerError, Fault::Throttled, Fault::AccessDenied, Fault::Resets, Fault::Hangs] {
        let deployment = Deployment::publishing(&[&key]).await;
        let environment = deployment.environment().await;
        deployment.world.proxy.fail_after(1, fault);
        at(&environment, 0, &token(&key)).await.assert_verdict(ACTIVE, format!("{fault:?}"));
        assert!(deployment.snapshots_written() > 0 && stored(&deployment).await.is_null(), "{fault:?}");
        deployment.world.proxy.fail(Fault::None);
        at(&environment, 1, &token(&key)).await.assert_active();
        assert_eq!(deployment.host.take_requests(), 1);
    }
}

#[tokio::test]
async fn h06_one_bad_entry_never_loses_the_set() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let changed = |name: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[name] = value;
        jwk
    };
    for odd in [
        json!(null),
        json!([]),
        json!("a"),
        json!({}),
        json!({ "kty": 1 }),
        json!({ "kty": "EC", "crv": "secp256k1", "kid": "a", "x": "AAAA", "y": "AAAA" }),
        json!({ "kty": "RSA", "kid": "a", "n": "AAAA", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "a", "n": "", "e": "" }),
        json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0" }),
        json!({ "kty": "EC", "crv": "P-256", "kid": "a", "x": "A".repeat(43), "y": "A".repeat(43) }),
        changed("kid", json!(7)),
        changed("use", json!("enc")),
        changed("key_ops", json!("verify")),
        changed("x", json!("AAAA")),
        changed("x", json!("=")),
        changed("alg", json!("HS256")),
        changed("alg", json!("ES256")),
        changed("crv", json!("Ed448")),
    ] {
        deployment.world.delete(STATE, &format!("jwks#{ISSUER}")).await;
        deployment.host.publish(200, json!({ "keys": [odd, key.jwk(), odd] }).to_string());
        let environment = deployment.environment().await;
        at(&environment, 0, &token(&key)).await.assert_verdict(ACTIVE, odd);
    }
}

#[tokio::test]
async fn h13_at_most_a_hundred_keys_of_a_set_are_loaded_and_the_others_are_not_unknown() {
    let signers: Vec<_> = (0..=100).map(|number| keys::ed25519(Some(&format!("key-{number}")), number)).collect();
    let deployment = Deployment::publishing(&signers.iter().collect::<Vec<_>>()).await;
    let environment = deployment.environment().await;
    for number in [0, 99] {
        at(&environment, 0, &token(&signers[number])).await.assert_verdict(ACTIVE, number);
    }
    at(&environment, 0, &token(&signers[100])).await.assert_unavailable("keys_unavailable");
    assert_eq!(stored(&deployment).await["truncated"], json!({ "BOOL": true }));
}

#[tokio::test]
async fn b11_g14_keys_are_fetched_only_for_authenticated_callers_and_tokens_that_could_be_shown() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let environment = deployment.environment().await;
    let token = token(&key);
    let form = |token: &str| request().form(&[("token", token)]).at(T);
    for (case, request, status) in [
        ("no credentials", form(&token), 401),
        ("a wrong secret", form(&token).basic("api", "wrong"), 401),
        ("an unknown client", form(&token).basic("nobody", "wrong"), 401),
    ] {
        assert_eq!(send(&environment, request).await.status, status, "{case}");
        assert_eq!(deployment.host.take_requests(), 0, "{case}");
    }
    deployment.world.put_policy(&json!({ "allowed": false }));
    assert_eq!(send(&environment, introspection(&token).at(T)).await.status, 403);
    assert_eq!(deployment.host.take_requests(), 0);
    // The same holds for a token that is inactive with any signature.
    deployment.world.put_policy(&json!({}));
    at(&environment, 20 * 86_400, &token).await.assert_inactive("expired");
    deployment.world.put_policy(&json!({ "audiences": ["https://other.example.com"] }));
    at(&environment, 0, &token).await.assert_inactive("audience_hidden");
    deployment.world.put_policy(&json!({ "issuers": ["https://other.example.com"] }));
    at(&environment, 0, &token).await.assert_inactive("issuer_hidden");
    deployment.world.put_policy(&json!({ "token_types": ["refresh_token"] }));
    at(&environment, 0, &token).await.assert_inactive("token_type_hidden");
    assert_eq!(deployment.host.take_requests(), 0);
    // A mark counts only for a token with a valid signature, so it does not save the fetch.
    deployment.world.put_policy(&json!({}));
    deployment.world.put_mark(&format!("iss#{ISSUER}"), &json!({}));
    at(&environment, 0, &token).await.assert_inactive("revoked_issuer");
    assert_eq!(deployment.host.take_requests(), 1);
    deployment.world.delete_item(&format!("iss#{ISSUER}")).await;
    at(&environment, 0, &token).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 0);
}
