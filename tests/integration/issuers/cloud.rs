//! Amazon Cognito, Auth0 and Okta.

use serde_json::json;

use super::shapes::{Issuer, inactive, token};

const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123";
const AUTH0: &str = "https://tenant.eu.auth0.com/";
const OKTA: &str = "https://example.okta.com/oauth2/default";

pub fn issuers() -> Vec<Issuer> {
    vec![cognito(), auth0(), okta()]
}

fn cognito() -> Issuer {
    let user = json!({
        "iss": COGNITO, "sub": "52d5f4e4-1051-70b4-8d5e-0f0a4a2f6c11", "token_use": "access",
        "client_id": "1example23456789", "scope": "openid https://orders.example.com/read", "version": 2,
        "auth_time": 1_700_000_000, "username": "alice", "cognito:groups": ["admins"], "event_id": "e-1",
        "jti": "j-1", "origin_jti": "o-1",
    });
    let bound = json!({
        "iss": COGNITO, "sub": "52d5f4e4-1051-70b4-8d5e-0f0a4a2f6c11", "token_use": "access",
        "client_id": "1example23456789", "scope": "openid", "version": 2, "auth_time": 1_700_000_000,
        "username": "alice", "jti": "j-2", "origin_jti": "o-2", "aud": "https://orders.example.com",
    });
    let machine = json!({
        "iss": COGNITO, "sub": "2machine23456789", "token_use": "access", "client_id": "2machine23456789",
        "scope": "https://orders.example.com/read", "version": 2, "auth_time": 1_700_000_000, "jti": "j-3",
    });
    let session = |origin: &str| json!({ "token_use": null, "origin_jti": null, "sid": origin });
    Issuer {
        section: "Amazon Cognito",
        tokens: vec![
            token("a user's", json!({}), user, session("o-1")),
            token("one bound to a resource", json!({}), bound, session("o-2")),
            token("a machine's", json!({}), machine, json!({ "token_use": null })),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "not_an_access_token",
                json!({}),
                json!({
                    "token_use": "id", "aud": "1example23456789", "client_id": null, "scope": null, "username": null,
                    "cognito:username": "alice", "email": "alice@example.com",
                }),
            ),
            inactive(
                "the ID token of the hosted pages",
                "not_an_access_token",
                json!({}),
                json!({
                    "token_use": "id", "aud": "1example23456789", "client_id": null, "at_hash": "h", "nonce": "n-1",
                }),
            ),
            inactive("another client's", "wrong_client", json!({}), json!({ "client_id": "3stranger3456789" })),
            inactive("without token_use", "not_an_access_token", json!({}), json!({ "token_use": null })),
            inactive(
                "another pool's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_XyZ" }),
            ),
            inactive(
                "with a slash after the issuer",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": format!("{COGNITO}/") }),
            ),
        ],
    }
}

fn auth0() -> Issuer {
    let user = json!({
        "iss": AUTH0, "sub": "auth0|alice", "aud": ["https://orders.example.com", "https://tenant.eu.auth0.com/userinfo"],
        "azp": "client-1", "scope": "openid read:orders", "permissions": ["read:orders"],
    });
    let dialect = json!({
        "iss": AUTH0, "sub": "auth0|alice", "aud": "https://orders.example.com", "client_id": "client-1", "jti": "j-1",
        "scope": "read:orders", "sid": "s-1",
    });
    let machine = json!({
        "iss": AUTH0, "sub": "client-2@clients", "aud": "https://orders.example.com", "azp": "client-2",
        "scope": "read:orders", "gty": "client-credentials",
    });
    let id_token = json!({
        "aud": "client-1", "azp": null, "scope": null, "permissions": null, "nickname": "alice", "sid": "s-1",
    });
    Issuer {
        section: "Auth0",
        tokens: vec![
            token("a user's", json!({ "typ": "JWT" }), user, json!({ "azp": null, "client_id": "client-1" })),
            token(
                "one of the RFC 9068 dialect, with the session of an Action",
                json!({ "typ": "at+jwt" }),
                dialect,
                json!({}),
            ),
            token("a machine's", json!({ "typ": "JWT" }), machine, json!({ "azp": null, "client_id": "client-2" })),
        ],
        inactive: vec![
            inactive("the ID token", "missing_claim", json!({}), id_token.clone()),
            inactive(
                "the ID token with nonce",
                "not_an_access_token",
                json!({}),
                crate::world::changed(&id_token, &json!({ "nonce": "n-1" })),
            ),
            inactive("for another API", "wrong_audience", json!({}), json!({ "aud": "https://billing.example.com" })),
            inactive(
                "for the issuer's own API only",
                "wrong_audience",
                json!({}),
                json!({ "aud": "https://tenant.eu.auth0.com/userinfo" }),
            ),
            inactive(
                "without the issuer's slash",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://tenant.eu.auth0.com" }),
            ),
            inactive("HS256", "wrong_algorithm", json!({ "alg": "HS256" }), json!({})),
        ],
    }
}

fn okta() -> Issuer {
    let user = json!({
        "iss": OKTA, "ver": 1, "jti": "AT.1", "aud": "api://default", "cid": "0oa1", "uid": "00u1",
        "scp": ["openid", "orders:read"], "auth_time": 1_700_000_000, "sub": "alice@example.com",
    });
    let machine = json!({
        "iss": OKTA, "ver": 1, "jti": "AT.2", "aud": "api://default", "cid": "0oa2", "scp": ["orders:read"], "sub": "0oa2",
    });
    Issuer {
        section: "Okta",
        tokens: vec![
            token(
                "a user's",
                json!({}),
                user,
                json!({ "cid": null, "client_id": "0oa1", "scp": null, "scope": "openid orders:read" }),
            ),
            token(
                "a machine's",
                json!({}),
                machine,
                json!({ "cid": null, "client_id": "0oa2", "scp": null, "scope": "orders:read" }),
            ),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "missing_claim",
                json!({}),
                json!({ "aud": "0oa1", "cid": null, "uid": null, "scp": null, "jti": "ID.1", "idp": "00o1", "amr": ["pwd"] }),
            ),
            inactive(
                "the ID token with hash and nonce",
                "not_an_access_token",
                json!({}),
                json!({ "aud": "0oa1", "cid": null, "scp": null, "jti": "ID.1", "at_hash": "h", "nonce": "n-1" }),
            ),
            inactive(
                "the org authorization server's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://example.okta.com", "aud": "https://example.okta.com" }),
            ),
            inactive(
                "another authorization server's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://example.okta.com/oauth2/aus1" }),
            ),
            inactive("for another API", "wrong_audience", json!({}), json!({ "aud": "api://billing" })),
        ],
    }
}
