//! Revocation of JWTs, by the key that signed them: fetched within limits, or distrusted.

use serde_json::json;
use token_introspection::{records::sha256_hex, service::Service};

use crate::{
    key_sets::{Deployment, at, claims_of_the_key_tests, token},
    keys,
    signer::Signer,
    world::{Answer, ISSUER, OWN, SECRET, World, changed, request, send},
};

/// The time of the first request, as in the other key tests.
const T: i64 = 1_800_000_000;
/// The client that the tokens are issued to, which is public in some tests.
const APP: &str = "app";

/// A deployment that fetches the keys, and an environment of it that holds them.
async fn fetched(key: &Signer, is_public: bool) -> (Deployment, Service) {
    let deployment = Box::pin(Deployment::publishing(&[key])).await;
    let secret = (!is_public).then(|| sha256_hex(SECRET));
    deployment.world.put_client(&json!({ "client_id": APP, "client_secret": secret, "issuer": ISSUER }));
    let environment = Box::pin(deployment.environment()).await;
    Box::pin(at(&environment, 0, &token(key))).await.assert_active();
    deployment.host.take_requests();
    (deployment, environment)
}

async fn revoke(environment: &Service, is_public: bool, seconds: i64, token: &str) -> Answer {
    let request = request().path("/token/revoke").at(T + seconds);
    let request = if is_public {
        request.form(&[("token", token), ("client_id", APP)])
    } else {
        request.basic(APP, SECRET).form(&[("token", token)])
    };
    send(environment, request).await
}

#[tokio::test]
async fn n04_n05_a_limit_of_fetches_is_503_and_never_a_revocation_that_is_lost() {
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let (deployment, environment) = fetched(&known, false).await;
    deployment.publish(&[&known, &new]);
    // The held set is not a second old, so the new key is not looked for.
    revoke(&environment, false, 0, &token(&new)).await.assert_unavailable("keys_unavailable");
    assert_eq!(revoke(&environment, false, 1, &token(&new)).await.outcome(), "revoked");
    at(&environment, 1, &token(&new)).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn n05_the_id_of_a_public_client_causes_no_503() {
    let (known, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let (deployment, environment) = fetched(&known, true).await;
    deployment.publish(&[&known, &new]);
    let answer = revoke(&environment, true, 0, &token(&new)).await;
    assert_eq!((answer.status.as_u16(), answer.reason()), (200, Some("unknown_key")));
    assert_eq!(revoke(&environment, true, 1, &token(&new)).await.outcome(), "revoked");
}

#[tokio::test]
async fn n05_h14_a_bad_signature_is_503_as_long_as_a_key_of_the_same_name_may_be_new() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    let (deployment, environment) = fetched(&old, false).await;
    let forged = token(&keys::ed25519(Some("a"), 3));
    assert_eq!(revoke(&environment, false, 5, &forged).await.reason(), Some("bad_signature"));
    assert_eq!(deployment.host.take_requests(), 1);
    deployment.publish(&[&new]);
    let limited = revoke(&environment, false, 6, &token(&new)).await;
    limited.assert_unavailable("keys_unavailable");
    assert_eq!(limited.header("retry-after"), "29");
    assert_eq!(revoke(&environment, false, 35, &token(&new)).await.outcome(), "revoked");
    at(&environment, 35, &token(&new)).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn b11_r08_a_public_client_leaves_half_of_the_fetches_to_authenticated_callers() {
    let known = keys::ed25519(Some("a"), 1);
    let (deployment, environment) = fetched(&known, true).await;
    for seconds in 10..30 {
        let invented = token(&keys::ed25519(Some(&format!("invented-{seconds}")), 9));
        let answer = revoke(&environment, true, seconds, &invented).await;
        assert_eq!((answer.status.as_u16(), answer.reason()), (200, Some("unknown_key")));
    }
    // Half of the ten, and those of 20 seconds.
    let fetches = deployment.host.take_requests();
    assert!((5..=9).contains(&fetches), "{fetches}");
    // The other half is left.
    for seconds in 31..=35 {
        let new = keys::ed25519(Some(&format!("new-{seconds}")), 2);
        deployment.publish(&[&known, &new]);
        at(&environment, seconds, &token(&new)).await.assert_active();
    }
}

#[tokio::test]
async fn b11_r08_so_does_a_forged_token_of_a_caller_that_authenticates_by_one() {
    let (known, forger) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 3));
    let (deployment, environment) = fetched(&known, true).await;
    deployment
        .world
        .put_client(&json!({ "client_id": "by-token", "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    let claims = changed(&claims_of_the_key_tests(), &json!({ "client_id": "by-token", "aud": OWN, "jti": "own" }));
    let ask = |forger: &Signer, seconds: i64| {
        let bearer = format!("Bearer {}", forger.token(&json!({ "typ": "at+jwt" }), &claims));
        send(&environment, request().header("authorization", &bearer).form(&[("token", "x")]).at(T + seconds))
    };
    for seconds in 10..30 {
        let invented = keys::ed25519(Some(&format!("invented-{seconds}")), 9);
        assert_eq!(ask(&invented, seconds).await.status, 401);
    }
    let fetches = deployment.host.take_requests();
    assert!((5..=9).contains(&fetches), "{fetches}");
    // It does not begin the pause after a bad signature either.
    assert_eq!(ask(&forger, 60).await.status, 401);
    let new = keys::ed25519(Some("a"), 2);
    deployment.publish(&[&new]);
    at(&environment, 62, &token(&new)).await.assert_active();
}

#[tokio::test]
async fn b11_h14_a_public_client_does_not_start_the_pause_after_a_bad_signature() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    let (deployment, environment) = fetched(&old, true).await;
    let forged = token(&keys::ed25519(Some("a"), 3));
    assert_eq!(revoke(&environment, true, 5, &forged).await.reason(), Some("bad_signature"));
    deployment.publish(&[&new]);
    at(&environment, 7, &token(&new)).await.assert_active();
}

#[tokio::test]
async fn g13_a_distrusted_key_revokes_nothing() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": APP, "issuer": ISSUER }));
    let mark = format!("kid#{ISSUER}#key-1");
    world.put_mark(&mark, &json!({}));
    // An attacker who has the key signs a token with the identifier of another one.
    let stolen = world.token(&json!({ "jti": "of-another" }));
    let revoke = || request().path("/token/revoke").form(&[("token", stolen.as_str()), ("client_id", APP)]);
    let answer = world.send(revoke()).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert_eq!((answer.outcome(), answer.reason()), ("nothing_revoked", Some("revoked_signing_key")));
    assert!(world.stored_mark(&format!("jti#{ISSUER}#of-another")).await.is_null());
    world.delete_item(&mark).await;
    assert_eq!(world.send(revoke()).await.outcome(), "revoked");
}

#[tokio::test]
async fn g13_a_distrusted_key_revokes_nothing_if_the_token_does_not_name_it() {
    let key = keys::ed25519(Some("a"), 1);
    let (deployment, environment) = fetched(&key, false).await;
    deployment.world.put_mark(&format!("kid#{ISSUER}#a"), &json!({}));
    let unnamed = keys::ed25519(None, 1).token(&json!({ "typ": "at+jwt" }), &claims_of_the_key_tests());
    let answer = revoke(&environment, false, 1, &unnamed).await;
    assert_eq!((answer.outcome(), answer.reason()), ("nothing_revoked", Some("revoked_signing_key")));
}

#[tokio::test]
async fn n02_an_empty_identifier_names_nothing_so_no_client_revokes_the_tokens_of_others() {
    let world = World::new().await;
    for (client, issuer) in [(APP, ISSUER), ("another", ISSUER)] {
        let secret = sha256_hex(SECRET);
        world.put_client(&json!({ "client_id": client, "client_secret": secret, "issuer": issuer }));
    }
    let empty = json!({ "grant_id": "", "sid": "", "sub": "", "jti": "", "iss": ISSUER, "iat": T, "exp": T + 600 });
    for client in [APP, "another"] {
        for kind in ["access", "refresh"] {
            let mut record = empty.clone();
            record["client_id"] = json!(client);
            record["token_type"] = json!(format!("{kind}_token"));
            record["aud"] = json!(crate::world::AUDIENCE);
            world.put_token(&format!("{kind}-of-{client}"), &record);
        }
    }
    let revoke = |token: &str| request().path("/token/revoke").basic(APP, SECRET).form(&[("token", token)]).at(T + 1);
    let jwt = |client: &str| world.token(&json!({ "jti": "", "client_id": client, "iat": T, "exp": T + 600 }));
    let (own, others) = (jwt(APP), jwt("another"));
    for token in ["refresh-of-app", &own] {
        assert_eq!(world.send(revoke(token)).await.outcome(), "revoked", "{token}");
    }
    for token in ["access-of-app", "access-of-another", &others] {
        world.introspect_at(T + 1, token).await.assert_active();
    }
    world.introspect_at(T + 1, &own).await.assert_inactive("revoked_token");
}
