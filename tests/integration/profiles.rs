//! Tokens as each provider issues them, and the answers that a resource server gets.

use serde_json::json;

use crate::{
    keys,
    providers::{ask, goldens, providers, with_times},
    world::{ACTIVE, changed},
};

#[tokio::test]
async fn h22_h23_h24_h25_h26_each_providers_token_is_answered_with_the_registered_members() {
    let signer = keys::ed25519(Some("k"), 7);
    let (_world, service) = providers(&signer).await;
    for golden in goldens() {
        let claims = with_times(&golden);
        let answer = ask(&service, &signer.token(&golden.header, &claims)).await.assert_active();
        let common = json!({ "active": true, "iss": claims["iss"], "exp": claims["exp"], "iat": claims["iat"] });
        assert_eq!(answer, changed(&golden.answer, &common), "{}", golden.issuer);
    }
}

#[tokio::test]
async fn h22_h23_h24_h25_an_id_token_of_the_same_issuer_is_inactive() {
    let signer = keys::ed25519(Some("k"), 7);
    let (_world, service) = providers(&signer).await;
    for golden in goldens() {
        let claims = changed(&with_times(&golden), &golden.id_token);
        // No issuer writes an access token's type into an ID token.
        let header = changed(&golden.header, &json!({ "typ": "JWT" }));
        let answer = ask(&service, &signer.token(&header, &claims)).await;
        answer.assert_verdict("not_an_access_token", golden.issuer);
    }
}

#[tokio::test]
async fn h22_a_cognito_token_of_an_unlisted_client_is_inactive() {
    let signer = keys::ed25519(Some("k"), 7);
    let (_world, service) = providers(&signer).await;
    let golden = &goldens()[0];
    for (changes, reason) in [
        (json!({ "client_id": "8xyz" }), "wrong_client"),
        (json!({ "client_id": null }), "missing_claim"),
        (json!({ "token_use": null }), "not_an_access_token"),
        (json!({ "token_use": "refresh" }), "not_an_access_token"),
    ] {
        let claims = changed(&with_times(golden), &changes);
        ask(&service, &signer.token(&golden.header, &claims)).await.assert_verdict(reason, changes);
    }
}

#[tokio::test]
async fn i01_the_scopes_of_a_cognito_token_name_its_audience() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    let golden = &goldens()[0];
    for (audience, changes, active) in [
        ("https://api.example.com", json!({}), true),
        ("https://other.example.com", json!({}), false),
        ("openid", json!({}), false),
        ("https://api.example.com", json!({ "aud": "https://bound.example.com" }), false),
        ("https://bound.example.com", json!({ "aud": "https://bound.example.com" }), true),
    ] {
        world.put_policy(&json!({ "audiences": [audience] }));
        let claims = changed(&with_times(golden), &changes);
        let answer = ask(&service, &signer.token(&golden.header, &claims)).await;
        answer.assert_verdict(if active { ACTIVE } else { "audience_hidden" }, format!("{audience} {changes}"));
        assert_eq!(
            answer.json().get("aud"),
            changes.get("aud").filter(|_| active),
            "the answer has no `aud` made of the scopes"
        );
    }
}

#[tokio::test]
async fn h24_a_token_for_microsoft_graph_is_inactive() {
    let signer = keys::ed25519(Some("k"), 7);
    let (_world, service) = providers(&signer).await;
    let golden = &goldens()[3];
    let header = json!({ "typ": "JWT", "kid": "k", "alg": "EdDSA", "nonce": "hashed" });
    // The header contains the hash of the nonce when it is signed, and the nonce itself when it is sent.
    let hashed = signer.sign(&header.to_string(), &with_times(golden).to_string());
    let sent = json!({ "typ": "JWT", "kid": "k", "alg": "EdDSA", "nonce": "plain" });
    let other = signer.sign(&sent.to_string(), &with_times(golden).to_string());
    let (input, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = hashed.rsplit_once('.').unwrap();
    ask(&service, &other).await.assert_active();
    ask(&service, &format!("{input}.{signature}")).await.assert_inactive("bad_signature");
}

#[tokio::test]
async fn h23_a_token_without_jti_is_revoked_by_its_signing_input() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    let golden = &goldens()[1];
    let token = signer.token(&golden.header, &with_times(golden));
    ask(&service, &token).await.assert_active();
    let (input, _) = token.rsplit_once('.').unwrap();
    world.put_mark(&format!("jwt#{}", token_introspection::records::sha256_hex(input)), &json!({}));
    ask(&service, &token).await.assert_inactive("revoked_token");
}

#[test]
fn providers_need_no_jwks_uri_and_cognito_needs_client_ids() {
    for (profile, further, accepted) in [
        ("cognito", json!({ "client_ids": ["7abc"] }), true),
        ("cognito", json!({}), false),
        ("cognito", json!({ "client_ids": [] }), false),
        ("auth0", json!({}), true),
        ("entra", json!({}), true),
        ("okta", json!({}), true),
        ("keycloak", json!({}), true),
        ("github", json!({}), false),
    ] {
        let entry = changed(&json!({ "issuer": "https://issuer.example.com/x", "profile": profile }), &further);
        let issuers = json!([entry]).to_string();
        let settings = token_introspection::settings::Settings::read(|name| match name {
            "ISSUER" => Some("https://introspection.example.com".into()),
            "TRUSTED_ISSUERS" => Some(issuers.clone()),
            _ => None,
        });
        assert_eq!(settings.is_ok(), accepted, "{profile} {further}");
    }
}
