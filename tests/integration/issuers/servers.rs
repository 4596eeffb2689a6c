//! Keycloak, Spring Authorization Server, Duende `IdentityServer`, AD FS and UAA.

use serde_json::{Value, json};

use super::shapes::{Issuer, and, inactive, token};
use crate::world::changed;

const KEYCLOAK: &str = "https://keycloak.example.com/realms/shop";
const SPRING: &str = "https://auth.example.com";
const DUENDE: &str = "https://identity.example.com";
const ADFS: &str = "http://adfs.example.com/adfs/services/trust";
const UAA: &str = "https://uaa.example.com/oauth/token";
const ORDERS: &str = "https://orders.example.com";

pub fn issuers() -> Vec<Issuer> {
    vec![keycloak(), spring(), duende(), adfs(), uaa()]
}

fn jwt() -> Value {
    json!({ "typ": "JWT" })
}

fn keycloak() -> Issuer {
    let today = json!({
        "iss": KEYCLOAK, "jti": "onrtac:1", "aud": "account", "sub": "u-1", "typ": "Bearer", "azp": "web", "sid": "s-1",
        "acr": "1", "auth_time": 1_700_000_000, "allowed-origins": ["https://shop.example.com"],
        "realm_access": { "roles": ["user"] }, "resource_access": { "account": { "roles": ["view-profile"] } },
        "scope": "openid profile", "preferred_username": "alice", "email_verified": true,
    });
    let up_to_24 = changed(&today, &json!({ "nonce": "n-1", "session_state": "s-1", "jti": "j-2" }));
    let old = changed(&up_to_24, &json!({ "sid": null, "acr": "0", "aud": null }));
    let lightweight = json!({
        "iss": KEYCLOAK, "jti": "onltac:3", "typ": "Bearer", "azp": "web", "sid": "s-1", "scope": "openid profile",
    });
    let service_account = json!({
        "iss": KEYCLOAK, "jti": "trrtcc:4", "aud": "account", "sub": "u-2", "typ": "Bearer", "azp": "batch", "acr": "1",
        "scope": "profile", "client_id": "batch", "clientHost": "192.0.2.1", "clientAddress": "192.0.2.1",
        "preferred_username": "service-account-batch", "auth_time": 0,
    });
    let bound = changed(&today, &json!({ "typ": "DPoP", "jti": "j-5", "cnf": { "jkt": "thumbprint" } }));
    let named = json!({
        "typ": null, "azp": null, "client_id": "web", "preferred_username": null, "username": "alice",
    });
    Issuer {
        section: "Keycloak",
        tokens: vec![
            token("from 25", jwt(), today, named.clone()),
            token("up to 24", jwt(), up_to_24, and(&named, &json!({ "session_state": null }))),
            token("before sid", jwt(), old, and(&named, &json!({ "session_state": null, "sid": "s-1" }))),
            token("lightweight", jwt(), lightweight, json!({ "typ": null, "azp": null, "client_id": "web" })),
            token(
                "of a service account, with the unknown auth_time of old versions",
                jwt(),
                service_account,
                json!({
                    "typ": null, "azp": null, "preferred_username": null, "username": "service-account-batch",
                    "auth_time": null,
                }),
            ),
            token(
                "bound by DPoP",
                jwt(),
                bound,
                and(&named, &json!({ "token_type": "DPoP", "binding": "not_presented" })),
            ),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "not_an_access_token",
                json!({}),
                json!({ "typ": "ID", "aud": "web", "at_hash": "h", "nonce": "n-1" }),
            ),
            inactive(
                "the ID token without hash",
                "not_an_access_token",
                json!({}),
                json!({ "typ": "ID", "aud": "web" }),
            ),
            inactive(
                "the refresh token",
                "not_an_access_token",
                json!({}),
                json!({ "typ": "Refresh", "aud": KEYCLOAK }),
            ),
            inactive(
                "the offline token",
                "not_an_access_token",
                json!({}),
                json!({ "typ": "Offline", "aud": KEYCLOAK }),
            ),
            inactive("the logout token", "not_an_access_token", json!({}), json!({ "typ": "Logout", "events": {} })),
            inactive("without the claim typ", "not_an_access_token", json!({}), json!({ "typ": null, "nonce": "n-1" })),
            inactive("with a hash", "not_an_access_token", json!({}), json!({ "at_hash": "h" })),
            inactive(
                "another realm's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://keycloak.example.com/realms/master" }),
            ),
            inactive("HS256", "wrong_algorithm", json!({ "alg": "HS256" }), json!({})),
        ],
    }
}

fn spring() -> Issuer {
    let user = json!({
        "iss": SPRING, "sub": "alice", "aud": ORDERS, "nbf": 0, "scope": ["openid", "orders:read"], "jti": "j-1",
        "token_use": "access", "client_id": "web",
    });
    let with_session = changed(&user, &json!({ "jti": "j-2", "sid": "s-1", "aud": [ORDERS] }));
    let machine =
        changed(&user, &json!({ "jti": "j-3", "sub": "batch", "client_id": "batch", "scope": ["orders:read"] }));
    let joined = json!({ "token_use": null, "scope": "openid orders:read" });
    let id_token = json!({
        "aud": "web", "azp": "web", "auth_time": 1_700_000_000, "sid": "s-1", "scope": null, "client_id": null,
        "token_use": null,
    });
    Issuer {
        section: "Spring Authorization Server",
        tokens: vec![
            token("a user's", json!({}), user, joined.clone()),
            token("with a session", json!({}), with_session, joined),
            token("a machine's", json!({}), machine, json!({ "token_use": null, "scope": "orders:read" })),
        ],
        inactive: vec![
            inactive("the ID token", "required_claim", json!({}), id_token.clone()),
            inactive(
                "the ID token with nonce",
                "required_claim",
                json!({}),
                changed(&id_token, &json!({ "nonce": "n-1" })),
            ),
            inactive(
                "without the customizer",
                "required_claim",
                json!({}),
                json!({ "aud": "web", "client_id": null, "token_use": null }),
            ),
            inactive("for another API", "wrong_audience", json!({}), json!({ "aud": "https://billing.example.com" })),
            inactive(
                "with a list of other things as scope",
                "wrong_claim_type",
                json!({}),
                json!({ "scope": ["a", 1] }),
            ),
        ],
    }
}

fn duende() -> Issuer {
    let header = json!({ "typ": "at+jwt" });
    let user = json!({
        "iss": DUENDE, "nbf": 0, "aud": "orders", "scope": ["openid", "orders.read"], "amr": ["pwd"], "client_id": "web",
        "sub": "u-1", "auth_time": 1_700_000_000, "idp": "local", "sid": "S1", "jti": "J1",
    });
    let spaced = changed(&user, &json!({ "scope": "openid orders.read", "jti": "J2", "aud": ["orders", "billing"] }));
    let machine = json!({
        "iss": DUENDE, "nbf": 0, "aud": "orders", "scope": ["orders.read"], "client_id": "batch", "jti": "J3",
    });
    Issuer {
        section: "Duende IdentityServer",
        tokens: vec![
            token("a user's", header.clone(), user, json!({ "scope": "openid orders.read" })),
            token("with spaces between scopes", header.clone(), spaced, json!({})),
            token("a machine's", header, machine, json!({ "scope": "orders.read" })),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "not_an_access_token",
                jwt(),
                json!({ "aud": "web", "scope": null, "client_id": null, "at_hash": "h", "nonce": "n-1", "jti": null }),
            ),
            inactive(
                "the ID token without hash",
                "wrong_audience",
                jwt(),
                json!({ "aud": "web", "scope": null, "client_id": null }),
            ),
            inactive("for another API", "wrong_audience", json!({}), json!({ "aud": "billing" })),
            inactive("for no API", "wrong_audience", json!({}), json!({ "aud": null })),
            inactive(
                "the logout token",
                "wrong_typ",
                json!({ "typ": "logout+jwt" }),
                json!({ "aud": "web", "events": {} }),
            ),
        ],
    }
}

fn adfs() -> Issuer {
    let header = json!({ "typ": "JWT", "x5t": "thumbprint" });
    let user = json!({
        "iss": ADFS, "aud": ORDERS, "apptype": "Public", "appid": "7c12c80b-9fb5-4dec-abba-e43254ba4279",
        "authmethod": "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/windows",
        "auth_time": "2026-06-05T20:30:17.507Z", "ver": "1.0", "scp": "openid orders.read", "sub": "alice",
        "upn": "alice@example.com",
    });
    let machine = json!({
        "iss": ADFS, "aud": ORDERS, "apptype": "Confidential", "appid": "00a1c80b-9fb5-4dec-abba-e43254ba4279",
        "authmethod": "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
        "auth_time": "2026-06-05T20:30:17.507Z", "ver": "1.0", "scp": "orders.read",
    });
    Issuer {
        section: "AD FS",
        tokens: vec![
            token(
                "a user's, with a rule for sub",
                header.clone(),
                user,
                json!({
                    "appid": null, "client_id": "7c12c80b-9fb5-4dec-abba-e43254ba4279", "auth_time": null, "scp": null,
                    "scope": "openid orders.read", "upn": null, "username": "alice@example.com",
                }),
            ),
            token(
                "a machine's",
                header,
                machine,
                json!({
                    "appid": null, "client_id": "00a1c80b-9fb5-4dec-abba-e43254ba4279", "auth_time": null, "scp": null,
                    "scope": "orders.read",
                }),
            ),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "untrusted_issuer",
                json!({}),
                json!({
                    "iss": "https://adfs.example.com/adfs", "aud": "7c12c80b-9fb5-4dec-abba-e43254ba4279", "scp": null,
                    "appid": null, "apptype": null, "unique_name": "alice", "nonce": "n-1",
                }),
            ),
            inactive(
                "for no API",
                "wrong_audience",
                json!({}),
                json!({ "aud": "microsoft:identityserver:7c12c80b-9fb5-4dec-abba-e43254ba4279" }),
            ),
            inactive(
                "with https in the issuer",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": ADFS.replace("http:", "https:") }),
            ),
        ],
    }
}

fn uaa() -> Issuer {
    let header = json!({ "typ": "JWT", "jku": "https://uaa.example.com/token_keys" });
    let user = json!({
        "iss": UAA, "jti": "j-1", "nonce": "n-1", "sub": "u-1", "scope": ["openid", "orders.read"], "client_id": "web",
        "cid": "web", "azp": "web", "grant_type": "authorization_code", "user_id": "u-1", "origin": "uaa",
        "user_name": "alice", "email": "alice@example.com", "auth_time": 1_700_000_000, "rev_sig": "fa1c787d",
        "zid": "uaa", "aud": ["web", "orders", "openid"],
    });
    let machine = json!({
        "iss": UAA, "jti": "j-2", "sub": "batch", "authorities": ["orders.read"], "scope": ["orders.read"],
        "client_id": "batch", "cid": "batch", "azp": "batch", "grant_type": "client_credentials", "rev_sig": "771d501f",
        "zid": "uaa", "aud": ["orders", "batch"],
    });
    Issuer {
        section: "Cloud Foundry UAA",
        tokens: vec![
            token(
                "a user's",
                header.clone(),
                user,
                json!({ "scope": "openid orders.read", "user_name": null, "username": "alice", "zid": null }),
            ),
            token("a machine's", header, machine, json!({ "scope": "orders.read", "zid": null })),
        ],
        inactive: vec![
            inactive("the ID token", "wrong_audience", json!({}), json!({ "aud": ["web"], "scope": ["openid"] })),
            inactive(
                "the ID token without nonce",
                "wrong_audience",
                json!({}),
                json!({ "aud": ["web"], "scope": ["openid"], "nonce": null }),
            ),
            inactive("another zone's", "required_claim", json!({}), json!({ "zid": "other" })),
            inactive("with a hash", "not_an_access_token", json!({}), json!({ "at_hash": "h" })),
        ],
    }
}
