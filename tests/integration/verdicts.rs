//! What makes a token active, and what makes it inactive: times, records, and that asking changes nothing.

use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::{
    keys,
    world::{ACTIVE, API, AUDIENCE, GENERIC, ISSUER, OWN, World},
};

/// When the tokens of these tests are issued.
const T: i64 = 1_800_000_000;

#[tokio::test]
async fn g01_g02_h19_a_token_is_active_from_nbf_and_iat_with_leeway_to_exp_without() {
    let world = World::new().await;
    for (changes, now, verdict) in [
        (json!({}), T, ACTIVE),
        (json!({}), T + 599, ACTIVE),
        (json!({}), T + 600, "expired"),
        (json!({}), T + 601, "expired"),
        (json!({ "exp": T - 1 }), T, "expired"),
        (json!({ "nbf": T + 10 }), T, ACTIVE),
        (json!({ "nbf": T + 11 }), T, "not_yet_valid"),
        (json!({ "nbf": T + 11 }), T + 1, ACTIVE),
        (json!({ "iat": T + 10 }), T, ACTIVE),
        (json!({ "iat": T + 11 }), T, "issued_in_the_future"),
        (json!({ "iat": T + 11 }), T + 1, ACTIVE),
        // These are far outside any leeway.
        (json!({ "nbf": T + 500 }), T, "not_yet_valid"),
        (json!({ "iat": T + 500 }), T, "issued_in_the_future"),
        (json!({}), T + 1_000_000, "expired"),
    ] {
        for token in world.both_forms(&issued_at_t(&changes)) {
            world.introspect_at(now, &token).await.assert_verdict(verdict, format!("{changes} at {} {token}", now - T));
        }
    }
}

#[tokio::test]
async fn h19_the_leeway_is_a_setting_and_never_applies_to_exp() {
    for (skew, granted) in [("0", 0), ("60", 60)] {
        let world = World::with(&[("CLOCK_SKEW_SECONDS", skew)]).await;
        for (changes, now, verdict) in [
            (json!({ "nbf": T + granted }), T, ACTIVE),
            (json!({ "nbf": T + granted + 1 }), T, "not_yet_valid"),
            (json!({ "iat": T + granted }), T, ACTIVE),
            (json!({ "iat": T + granted + 1 }), T, "issued_in_the_future"),
            (json!({}), T + 599, ACTIVE),
            (json!({}), T + 600, "expired"),
        ] {
            for token in world.both_forms(&issued_at_t(&changes)) {
                world.introspect_at(now, &token).await.assert_verdict(verdict, format!("{skew}: {changes} {token}"));
            }
        }
    }
}

#[tokio::test]
async fn g06_i02_a_token_of_an_untrusted_issuer_or_for_another_audience_is_inactive() {
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": key_set(), "audiences": [AUDIENCE, "second"] },
        { "issuer": GENERIC, "profile": "generic", "jwks": key_set(), "required_claims": { "token_use": "access" } },
    ]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let jwt = |changes: Value| world.token(&changes);
    for (case, token, verdict) in [
        ("good", jwt(json!({})), ACTIVE),
        ("of an unknown issuer", jwt(json!({ "iss": "https://other.example.com" })), "untrusted_issuer"),
        ("of our own issuer, whose JWTs are not trusted", jwt(json!({ "iss": OWN })), "untrusted_issuer"),
        ("without issuer", jwt(json!({ "iss": null })), "untrusted_issuer"),
        ("with an accepted audience among others", jwt(json!({ "aud": ["other", "second"] })), ACTIVE),
        ("with no accepted audience", jwt(json!({ "aud": "https://other.example.com" })), "wrong_audience"),
        ("with a longer audience", jwt(json!({ "aud": format!("{AUDIENCE}/") })), "wrong_audience"),
        ("with an empty list of audiences", jwt(json!({ "aud": [] })), "wrong_audience"),
        ("of the other issuer", jwt(json!({ "iss": GENERIC, "token_use": "access" })), ACTIVE),
        ("of its wrong type", jwt(json!({ "iss": GENERIC, "token_use": "id" })), "required_claim"),
        ("of no type", jwt(json!({ "iss": GENERIC })), "required_claim"),
        ("cut short", jwt(json!({}))[..100].to_owned(), "unknown_token"),
        ("with a fourth part", format!("{}.AAAA", jwt(json!({}))), "unknown_token"),
        ("with a white space", format!(" {}", jwt(json!({}))), "unknown_token"),
        ("garbage", "garbage".to_owned(), "unknown_token"),
        ("three dots", "...".to_owned(), "unknown_token"),
        ("a NUL", "\0".to_owned(), "unknown_token"),
        ("not ASCII", "tökén😀".to_owned(), "unknown_token"),
        ("of the maximum length", "x".repeat(16 * 1024), "unknown_token"),
        ("too long", "x".repeat(16 * 1024 + 1), "too_long"),
    ] {
        world.introspect(&token).await.assert_verdict(verdict, case);
    }
}

#[tokio::test]
async fn a14_g06_a_token_over_sixteen_kibibytes_is_inactive_even_if_it_has_a_record() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": T + 600 });
    for (length, verdict) in [(16 * 1024, ACTIVE), (16 * 1024 + 1, "too_long")] {
        let active = verdict == ACTIVE;
        let token = "x".repeat(length);
        world.put_token(&token, &record);
        world.introspect_at(T, &token).await.assert_verdict(verdict, length);
        let padding = 16 * 1024 - world.token(&json!({ "padding": "" })).len();
        let padding = padding * 3 / 4 + usize::from(!active) * 3;
        let token = world.token(&json!({ "padding": "x".repeat(padding) }));
        assert_eq!(token.len() <= 16 * 1024, active, "{}", token.len());
        world.introspect(&token).await.assert_verdict(verdict, format!("a JWT of {}", token.len()));
    }
}

#[tokio::test]
async fn g06_an_opaque_token_is_judged_by_its_record() {
    let world = World::new().await;
    world.put_policy(&json!({ "token_types": ["access_token", "refresh_token"] }));
    let access = json!({ "token_type": "access_token", "client_id": "app", "exp": T + 600 });
    let refresh = json!({ "token_type": "refresh_token", "client_id": API });
    for (case, record, changes, verdict) in [
        ("an access token", &access, json!({}), ACTIVE),
        ("without an expiry", &access, json!({ "exp": null }), "corrupt_record"),
        ("without a client", &access, json!({ "client_id": null }), "corrupt_record"),
        ("of a trusted issuer", &access, json!({ "iss": ISSUER }), ACTIVE),
        ("of ours, by name", &access, json!({ "iss": OWN }), ACTIVE),
        (
            "of an issuer that is not trusted",
            &access,
            json!({ "iss": "https://other.example.com" }),
            "untrusted_issuer",
        ),
        ("revoked", &access, json!({ "revoked": true }), "revoked_record"),
        ("not revoked", &access, json!({ "revoked": false }), ACTIVE),
        ("of another type", &access, json!({ "token_type": "id_token" }), "corrupt_record"),
        ("of no type", &access, json!({ "token_type": null }), "corrupt_record"),
        ("a refresh token", &refresh, json!({}), ACTIVE),
        ("which ended", &refresh, json!({ "exp": T }), "expired"),
        ("which was used and rotated away", &refresh, json!({ "revoked": true }), "revoked_record"),
    ] {
        let mut record = record.clone();
        record.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        world.put_token(case, &record);
        world.introspect_at(T, case).await.assert_verdict(verdict, format!("{case}: {record}"));
    }
}

#[tokio::test]
async fn g06_a_token_is_inactive_once_its_record_is_deleted_or_its_grant_is_revoked() {
    let world = World::new().await;
    let [_, token] = world.both_forms(&json!({ "grant_id": "grant-1" }));
    world.introspect(&token).await.assert_active();
    world.put_mark(&format!("grant#{ISSUER}#grant-1"), &json!({}));
    world.introspect(&token).await.assert_inactive("revoked_grant");
    world.delete_item(&format!("grant#{ISSUER}#grant-1")).await;
    world.introspect(&token).await.assert_active();
    world.delete_item(&format!("token#{}", sha256_hex(&token))).await;
    world.introspect(&token).await.assert_inactive("unknown_token");
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g07_the_time_to_live_of_an_item_decides_nothing() {
    let world = World::new().await;
    for (exp, expires_at, verdict) in [
        (T + 600, T + 600, ACTIVE),
        (T + 600, T - 600, ACTIVE),
        (T + 600, 0, ACTIVE),
        (T - 1, T + 600, "expired"),
        (T, T + 600, "expired"),
    ] {
        let record = json!({ "token_type": "access_token", "client_id": "app", "exp": exp, "expires_at": expires_at });
        world.put_token("opaque", &record);
        world.introspect_at(T, "opaque").await.assert_verdict(verdict, record);
    }
    // A mark that DynamoDB has not yet deleted still revokes.
    let token = world.token(&issued_at_t(&json!({})));
    world.introspect_at(T, &token).await.assert_active();
    world.put_mark(&format!("jti#{ISSUER}#jti-1"), &json!({ "expires_at": T - 86_400 }));
    world.introspect_at(T, &token).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn g09_asking_twice_gives_the_same_answer_and_writes_nothing() {
    let world = World::new().await;
    let expired = world.both_forms(&issued_at_t(&json!({ "exp": T - 1 })));
    for token in world.both_forms(&issued_at_t(&json!({}))).into_iter().chain(expired).chain(["unknown".to_owned()]) {
        let first = world.introspect_at(T, &token).await;
        assert_eq!(world.introspect_at(T, &token).await, first, "{token}");
    }
    let operations: Vec<_> = world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect();
    assert!(!operations.is_empty() && operations.iter().all(|operation| operation == "BatchGetItem"), "{operations:?}");
}

#[tokio::test]
async fn g05_i01_a_caller_outside_the_tokens_audience_gets_the_constant_answer() {
    let world = World::with(&[("DEFAULT_POLICY", "audience")]).await;
    for token in world.both_forms(&json!({ "aud": [AUDIENCE, API] })) {
        world.introspect(&token).await.assert_active();
    }
    for token in world.both_forms(&json!({ "aud": [AUDIENCE] })) {
        world.introspect(&token).await.assert_inactive("audience_hidden");
        world.put_policy(&json!({ "audiences": [AUDIENCE] }));
        world.introspect(&token).await.assert_active();
        world.put_policy(&json!({}));
    }
    // The default of the setting makes every confidential client an intended recipient.
    let world = World::new().await;
    let token = world.token(&json!({ "aud": "https://other.example.com" }));
    world.introspect(&token).await.assert_active();
}

fn key_set() -> Value {
    json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] })
}

/// These changes of a token that is issued at [`T`] for ten minutes.
fn issued_at_t(changes: &Value) -> Value {
    let mut all = json!({ "iat": T, "exp": T + 600 });
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    all
}
