//! A token of each provider as the provider makes it, and what a resource server is told of it.

use serde_json::{Value, json};
use token_introspection::call;

use crate::{
    keys,
    operator::Tool,
    signer::Signer,
    world::{API, Answer, INACTIVE, SECRET, World, changed, request, send},
};

const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf";
const AUTH0: &str = "https://tenant.eu.auth0.com/";
const ENTRA_1: &str = "https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/";
const ENTRA_2: &str = "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0";
const OKTA: &str = "https://tenant.okta.com/oauth2/default";
const KEYCLOAK: &str = "https://keycloak.example.com/realms/shop";

/// A provider's token, and the answer to it beyond `active`, `iss`, `exp` and `iat`.
struct Golden {
    profile: &'static str,
    issuer: &'static str,
    header: Value,
    claims: Value,
    answer: Value,
    /// An ID token of the same provider for the same sign-in: claims to change, null to take away.
    id_token: Value,
    /// The session's name in a `sid#` mark.
    session: &'static str,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn goldens() -> Vec<Golden> {
    vec![
        Golden {
            profile: "cognito",
            issuer: COGNITO,
            header: json!({}),
            claims: json!({
                "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "token_use": "access", "client_id": "7abc",
                "scope": "openid https://api.example.com/read", "auth_time": 1_700_000_000, "version": 2,
                "username": "alice", "cognito:groups": ["admins"], "event_id": "e-1", "jti": "j-1", "origin_jti": "o-1",
            }),
            answer: json!({
                "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "client_id": "7abc",
                "scope": "openid https://api.example.com/read", "token_type": "Bearer", "jti": "j-1",
                "username": "alice", "auth_time": 1_700_000_000, "cognito:groups": ["admins"], "event_id": "e-1",
                "sid": "o-1", "version": 2,
            }),
            id_token: json!({
                "token_use": "id", "aud": "7abc", "client_id": null, "scope": null, "cognito:username": "alice",
            }),
            session: "o-1",
        },
        Golden {
            profile: "auth0",
            issuer: AUTH0,
            header: json!({ "typ": "JWT" }),
            claims: json!({
                "sub": "auth0|alice", "aud": ["https://api.example.com", "https://tenant.eu.auth0.com/userinfo"],
                "azp": "client-1", "scope": "openid read:orders", "permissions": ["read:orders"], "sid": "s-1",
            }),
            answer: json!({
                "sub": "auth0|alice", "aud": ["https://api.example.com", "https://tenant.eu.auth0.com/userinfo"],
                "client_id": "client-1", "scope": "openid read:orders", "token_type": "Bearer",
                "permissions": ["read:orders"], "sid": "s-1",
            }),
            id_token: json!({ "aud": "client-1", "azp": null, "scope": null, "nonce": "n-1", "email": "a@example.com" }),
            session: "s-1",
        },
        Golden {
            profile: "auth0",
            issuer: AUTH0,
            header: json!({ "typ": "at+jwt" }),
            claims: json!({
                "sub": "auth0|alice", "aud": "https://api.example.com", "client_id": "client-1", "jti": "j-2",
                "scope": "read:orders", "sid": "s-2",
            }),
            answer: json!({
                "sub": "auth0|alice", "aud": "https://api.example.com", "client_id": "client-1",
                "scope": "read:orders", "token_type": "Bearer", "jti": "j-2", "sid": "s-2",
            }),
            id_token: json!({ "aud": "client-1", "client_id": null, "scope": null }),
            session: "s-2",
        },
        Golden {
            profile: "entra",
            issuer: ENTRA_1,
            header: json!({ "typ": "JWT", "x5t": "thumbprint" }),
            claims: json!({
                "sub": "pairwise-1", "aud": "api://orders", "appid": "app-1", "appidacr": "1", "oid": "o-1", "sid": "s-3",
                "tid": "9122040d-6c67-4c5b-b112-36a304b66dad", "scp": "orders.read", "upn": "alice@example.com",
                "uti": "u-1", "ver": "1.0", "acr": "1",
            }),
            answer: json!({
                "sub": "pairwise-1", "aud": "api://orders", "client_id": "app-1", "scope": "orders.read",
                "token_type": "Bearer", "jti": "u-1", "username": "alice@example.com", "acr": "1", "appidacr": "1",
                "oid": "o-1", "sid": "s-3", "tid": "9122040d-6c67-4c5b-b112-36a304b66dad", "ver": "1.0",
            }),
            id_token: json!({ "aud": "app-1", "appid": null, "scp": null, "nonce": "n-1" }),
            session: "s-3",
        },
        Golden {
            profile: "entra",
            issuer: ENTRA_2,
            header: json!({ "typ": "JWT" }),
            claims: json!({
                "sub": "service-1", "aud": "11112222-bbbb-3333-cccc-4444dddd5555", "azp": "app-2", "azpacr": "1",
                "oid": "o-2", "roles": ["Orders.Read.All"], "tid": "9122040d-6c67-4c5b-b112-36a304b66dad",
                "uti": "u-2", "ver": "2.0", "sid": "s-4",
            }),
            answer: json!({
                "sub": "service-1", "aud": "11112222-bbbb-3333-cccc-4444dddd5555", "client_id": "app-2",
                "token_type": "Bearer", "jti": "u-2", "azpacr": "1", "oid": "o-2", "roles": ["Orders.Read.All"],
                "sid": "s-4", "tid": "9122040d-6c67-4c5b-b112-36a304b66dad", "ver": "2.0",
            }),
            id_token: json!({ "aud": "app-2", "azp": null, "preferred_username": "alice@example.com" }),
            session: "s-4",
        },
        Golden {
            profile: "okta",
            issuer: OKTA,
            header: json!({}),
            claims: json!({
                "sub": "alice@example.com", "aud": "api://default", "cid": "0oa1", "uid": "00u1", "ver": 1,
                "scp": ["openid", "orders:read"], "jti": "AT.1", "auth_time": 1_700_000_000, "sid": "s-5",
            }),
            answer: json!({
                "sub": "alice@example.com", "aud": "api://default", "client_id": "0oa1", "scope": "openid orders:read",
                "token_type": "Bearer", "jti": "AT.1", "auth_time": 1_700_000_000, "sid": "s-5", "uid": "00u1", "ver": 1,
            }),
            id_token: json!({ "aud": "0oa1", "cid": null, "uid": null, "scp": null, "jti": "ID.1", "idp": "00o1" }),
            session: "s-5",
        },
        Golden {
            profile: "keycloak",
            issuer: KEYCLOAK,
            header: json!({ "typ": "JWT" }),
            claims: json!({
                "sub": "f:1", "aud": "account", "typ": "Bearer", "azp": "shop", "jti": "onrtac:1", "sid": "s-6", "acr": "1",
                "scope": "openid profile", "realm_access": { "roles": ["user"] }, "preferred_username": "alice",
            }),
            answer: json!({
                "sub": "f:1", "aud": "account", "client_id": "shop", "scope": "openid profile", "token_type": "Bearer",
                "jti": "onrtac:1", "username": "alice", "acr": "1", "realm_access": { "roles": ["user"] }, "sid": "s-6",
            }),
            id_token: json!({ "typ": "ID", "aud": "shop" }),
            session: "s-6",
        },
    ]
}

/// A deployment that trusts all of them.
/// The providers as the setting has them.
fn trusted_issuers(signer: &Signer) -> String {
    let mut issuers: Vec<Value> = Vec::new();
    for golden in goldens() {
        if !issuers.iter().any(|issuer| issuer["issuer"] == golden.issuer) {
            let mut issuer = json!({
                "issuer": golden.issuer, "profile": golden.profile, "algorithms": ["EdDSA"],
                "jwks": { "keys": [signer.jwk()] },
            });
            if golden.profile == "cognito" {
                issuer["client_ids"] = json!(["7abc"]);
            }
            issuers.push(issuer);
        }
    }
    json!(issuers).to_string()
}

async fn providers(signer: &Signer) -> (World, token_introspection::service::Service) {
    let world = World::new().await;
    let service = World::service(&world.engine.url, &trusted_issuers(signer), &world.token_settings()).await;
    (world, service)
}

fn with_times(golden: &Golden) -> Value {
    let times = json!({ "iss": golden.issuer, "iat": call::now() - 10, "exp": call::now() + 600 });
    changed(&golden.claims, &times)
}

async fn ask(service: &token_introspection::service::Service, token: &str) -> Answer {
    send(service, request().basic(API, SECRET).form(&[("token", token)])).await
}

#[tokio::test]
async fn h22_h23_h24_h25_h26_each_provider_is_answered_in_the_registered_members() {
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
        assert_eq!(ask(&service, &signer.token(&golden.header, &claims)).await.body, INACTIVE, "{}", golden.issuer);
    }
}

#[tokio::test]
async fn h22_a_cognito_token_of_an_unlisted_client_is_inactive() {
    let signer = keys::ed25519(Some("k"), 7);
    let (_world, service) = providers(&signer).await;
    let golden = &goldens()[0];
    for changes in [
        json!({ "client_id": "8xyz" }),
        json!({ "client_id": null }),
        json!({ "token_use": null }),
        json!({ "token_use": "refresh" }),
    ] {
        let claims = changed(&with_times(golden), &changes);
        assert_eq!(ask(&service, &signer.token(&golden.header, &claims)).await.body, INACTIVE, "{changes}");
    }
}

#[tokio::test]
async fn i01_the_scopes_of_a_cognito_token_name_the_resource_servers_that_it_is_for() {
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
        assert_eq!(answer.json()["active"], active, "{audience} {changes}");
        assert_eq!(answer.json().get("aud"), changes.get("aud").filter(|_| active), "the scopes' servers are no `aud`");
    }
}

#[tokio::test]
async fn h24_a_token_for_microsoft_graph_is_inactive() {
    let signer = keys::ed25519(Some("k"), 7);
    let (_world, service) = providers(&signer).await;
    let golden = &goldens()[3];
    let header = json!({ "typ": "JWT", "kid": "k", "alg": "EdDSA", "nonce": "hashed" });
    // What is signed holds the hash of the nonce; what is sent, the nonce itself.
    let hashed = signer.sign(&header.to_string(), &with_times(golden).to_string());
    let sent = json!({ "typ": "JWT", "kid": "k", "alg": "EdDSA", "nonce": "plain" });
    let other = signer.sign(&sent.to_string(), &with_times(golden).to_string());
    let (input, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = hashed.rsplit_once('.').unwrap();
    ask(&service, &other).await.assert_active();
    assert_eq!(ask(&service, &format!("{input}.{signature}")).await.body, INACTIVE);
}

#[tokio::test]
async fn h22_h23_h24_h25_a_revoked_session_ends_each_providers_tokens() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    for golden in goldens() {
        let token = signer.token(&golden.header, &with_times(&golden));
        ask(&service, &token).await.assert_active();
        let revoke = format!("revoke --sid {} --issuer {}", golden.session, golden.issuer);
        Tool::beside(&world).with("TRUSTED_ISSUERS", &trusted_issuers(&signer)).run(&revoke).await.done();
        assert_eq!(ask(&service, &token).await.body, INACTIVE, "{}", golden.issuer);
    }
}

#[tokio::test]
async fn g15_a_token_of_each_profile_is_revoked_by_the_tool() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &trusted_issuers(&signer));
    for (number, golden) in goldens().into_iter().enumerate() {
        for jti in [json!(format!("own-jti-{number}")), Value::Null] {
            let claims = changed(&with_times(&golden), &json!({ "jti": jti, "uti": golden.claims.get("uti") }));
            let token = signer.token(&golden.header, &claims);
            if ask(&service, &token).await.body == INACTIVE {
                // This profile requires a jti.
                assert!(jti.is_null(), "{}", golden.issuer);
                continue;
            }
            tool.run_with("revoke --token -", &token).await.done();
            assert_eq!(ask(&service, &token).await.body, INACTIVE, "{} {jti}", golden.issuer);
        }
    }
}

#[tokio::test]
async fn h23_a_token_without_jti_is_revoked_by_what_was_signed() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    let golden = &goldens()[1];
    let token = signer.token(&golden.header, &with_times(golden));
    ask(&service, &token).await.assert_active();
    let (input, _) = token.rsplit_once('.').unwrap();
    world.put_mark(&format!("jwt#{}", token_introspection::records::sha256_hex(input)), &json!({}));
    assert_eq!(ask(&service, &token).await.body, INACTIVE);
}

#[test]
fn providers_need_no_place_of_their_keys_and_cognito_its_clients() {
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
