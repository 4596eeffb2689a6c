//! A token of each provider in the form of that provider, and its answer.

use serde_json::{Value, json};
use token_introspection::{call, service::Service};

use crate::{
    signer::Signer,
    world::{API, Answer, SECRET, World, changed, request, send},
};

pub const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf";
pub const AUTH0: &str = "https://tenant.eu.auth0.com/";
pub const ENTRA_1: &str = "https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/";
pub const ENTRA_2: &str = "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0";
pub const OKTA: &str = "https://tenant.okta.com/oauth2/default";
pub const KEYCLOAK: &str = "https://keycloak.example.com/realms/shop";

/// A provider's token, and its answer in addition to `active`, `iss`, `exp` and `iat`.
pub struct Golden {
    pub profile: &'static str,
    pub issuer: &'static str,
    pub header: Value,
    pub claims: Value,
    pub answer: Value,
    /// An ID token of the same provider and sign-in: the claims that differ; null removes a claim.
    pub id_token: Value,
    /// The session as a `sid#` mark names it.
    pub session: &'static str,
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn goldens() -> Vec<Golden> {
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
            id_token: json!({ "aud": "client-1", "client_id": null, "scope": null, "nonce": "n-2" }),
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
            id_token: json!({
                "aud": "app-2", "azp": null, "scp": null, "nonce": "n-2", "preferred_username": "alice@example.com",
            }),
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
            id_token: json!({ "aud": "0oa1", "cid": null, "uid": null, "scp": null, "jti": "ID.1", "idp": "00o1", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" }),
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

/// The trusted issuers of a deployment that trusts all of these providers.
pub fn trusted_issuers(signer: &Signer) -> String {
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

pub async fn providers(signer: &Signer) -> (World, Service) {
    let world = World::new().await;
    let service = World::service(&world.engine.url, &trusted_issuers(signer), &world.token_settings()).await;
    (world, service)
}

pub fn with_times(golden: &Golden) -> Value {
    let times = json!({ "iss": golden.issuer, "iat": call::now() - 10, "exp": call::now() + 600 });
    changed(&golden.claims, &times)
}

pub async fn ask(service: &Service, token: &str) -> Answer {
    send(service, request().basic(API, SECRET).form(&[("token", token)])).await
}
