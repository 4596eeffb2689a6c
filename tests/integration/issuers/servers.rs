//! Servers that people run themselves: Keycloak to UAA.

use serde_json::{Value, json};

use super::shapes::{Issuer, and, inactive, token};
use crate::world::changed;

const KEYCLOAK: &str = "https://keycloak.example.com/realms/shop";
const SPRING: &str = "https://auth.example.com";
const DUENDE: &str = "https://identity.example.com";
const HYDRA: &str = "https://hydra.example.com";
const ZITADEL: &str = "https://example.us1.zitadel.cloud";
const AUTHENTIK: &str = "https://authentik.example.com/application/o/shop/";
const ADFS: &str = "http://adfs.example.com/adfs/services/trust";
const FUSIONAUTH: &str = "https://example.fusionauth.io";
const UAA: &str = "https://uaa.example.com/oauth/token";
const ORDERS: &str = "https://orders.example.com";
/// A project of Zitadel.
const PROJECT: &str = "69234237810729019";
/// An application of FusionAuth.
const APPLICATION: &str = "3c219e58-ed0e-4b18-ad48-f4f92793ae32";

pub fn issuers() -> Vec<Issuer> {
    vec![keycloak(), spring(), duende(), hydra(), zitadel(), authentik(), adfs(), fusionauth(), uaa()]
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
            token("bound by DPoP", jwt(), bound, and(&named, &json!({ "token_type": "DPoP" }))),
        ],
        inactive: vec![
            inactive("the ID token", json!({}), json!({ "typ": "ID", "aud": "web", "at_hash": "h", "nonce": "n-1" })),
            inactive("the ID token without hash", json!({}), json!({ "typ": "ID", "aud": "web" })),
            inactive("the refresh token", json!({}), json!({ "typ": "Refresh", "aud": KEYCLOAK })),
            inactive("the offline token", json!({}), json!({ "typ": "Offline", "aud": KEYCLOAK })),
            inactive("the logout token", json!({}), json!({ "typ": "Logout", "events": {} })),
            inactive("without the claim typ", json!({}), json!({ "typ": null, "nonce": "n-1" })),
            inactive("with a hash", json!({}), json!({ "at_hash": "h" })),
            inactive("another realm's", json!({}), json!({ "iss": "https://keycloak.example.com/realms/master" })),
            inactive("HS256", json!({ "alg": "HS256" }), json!({})),
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
            inactive("the ID token", json!({}), id_token.clone()),
            inactive("the ID token with nonce", json!({}), changed(&id_token, &json!({ "nonce": "n-1" }))),
            inactive(
                "without the customizer",
                json!({}),
                json!({ "aud": "web", "client_id": null, "token_use": null }),
            ),
            inactive("for another API", json!({}), json!({ "aud": "https://billing.example.com" })),
            inactive("with a list of other things as scope", json!({}), json!({ "scope": ["a", 1] })),
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
                jwt(),
                json!({ "aud": "web", "scope": null, "client_id": null, "at_hash": "h", "nonce": "n-1", "jti": null }),
            ),
            inactive("the ID token without hash", jwt(), json!({ "aud": "web", "scope": null, "client_id": null })),
            inactive("for another API", json!({}), json!({ "aud": "billing" })),
            inactive("for no API", json!({}), json!({ "aud": null })),
            inactive("the logout token", json!({ "typ": "logout+jwt" }), json!({ "aud": "web", "events": {} })),
        ],
    }
}

fn hydra() -> Issuer {
    let user = json!({
        "iss": HYDRA, "aud": [ORDERS], "client_id": "web", "ext": { "department": "sales" }, "jti": "j-1", "nbf": 0,
        "scp": ["openid", "orders.read"], "sub": "alice",
    });
    let with_session = changed(&user, &json!({ "sid": "s-1", "jti": "j-2" }));
    let machine = json!({
        "iss": HYDRA, "aud": [ORDERS], "client_id": "batch", "ext": {}, "jti": "j-3", "nbf": 0, "scp": ["orders.read"],
        "sub": "batch",
    });
    let joined = json!({ "scp": null, "scope": "openid orders.read" });
    let id_token = json!({
        "at_hash": "h", "aud": ["web"], "auth_time": 1_700_000_000, "rat": 1_700_000_000, "sid": "s-1", "scp": null,
        "client_id": null, "ext": null, "nbf": null,
    });
    Issuer {
        section: "Ory Hydra",
        tokens: vec![
            token("a user's", jwt(), user, joined.clone()),
            token("with a session", jwt(), with_session, joined),
            token("a machine's", jwt(), machine, json!({ "scp": null, "scope": "orders.read" })),
        ],
        inactive: vec![
            inactive("the ID token", json!({}), id_token.clone()),
            inactive(
                "the ID token without hash",
                json!({}),
                changed(&id_token, &json!({ "at_hash": null, "nonce": "n-1" })),
            ),
            inactive("of a client that asked for no audience", json!({}), json!({ "aud": [] })),
            inactive("with a slash after the issuer", json!({}), json!({ "iss": format!("{HYDRA}/") })),
            inactive("with scopes of another type", json!({}), json!({ "scp": 1 })),
        ],
    }
}

fn zitadel() -> Issuer {
    let user = json!({
        "iss": ZITADEL, "sub": "170848145649959169", "aud": ["259254020357123456", PROJECT], "nbf": 0,
        "client_id": "259254020357123456", "jti": "V2_1-at_1",
        "urn:zitadel:iam:org:project:roles": { "admin": { "1704": "example.us1.zitadel.cloud" } },
    });
    let old = changed(&user, &json!({ "client_id": null, "jti": "1705" }));
    let id_token = json!({
        "azp": "259254020357123456", "at_hash": "h", "amr": ["pwd"], "auth_time": 1_700_000_000, "nbf": null, "jti": null,
    });
    Issuer {
        section: "Zitadel",
        tokens: vec![token("a user's", jwt(), user, json!({})), token("of an older version", jwt(), old, json!({}))],
        inactive: vec![
            inactive("the ID token", json!({}), id_token.clone()),
            inactive(
                "the ID token without hash",
                json!({}),
                changed(&id_token, &json!({ "at_hash": null, "nonce": "n-1" })),
            ),
            inactive("for another project", json!({}), json!({ "aud": ["259254020357123456"] })),
        ],
    }
}

fn authentik() -> Issuer {
    let user = json!({
        "iss": AUTHENTIK, "sub": "f8c3de3d", "aud": "4xUo8Yq2shop", "auth_time": 1_700_000_000,
        "acr": "goauthentik.io/providers/oauth2/default", "amr": ["pwd"], "nonce": "n-1", "sid": "s-1",
        "email": "alice@example.com", "preferred_username": "alice", "groups": ["users"], "azp": "4xUo8Yq2shop",
        "uid": "uid-1",
    });
    let machine = changed(
        &user,
        &json!({ "nonce": null, "sid": null, "amr": null, "uid": "uid-2", "scope": "orders.read", "groups": null }),
    );
    let named = |jti: &str| {
        json!({
            "azp": null, "client_id": "4xUo8Yq2shop", "uid": null, "jti": jti, "preferred_username": null,
            "username": "alice",
        })
    };
    Issuer {
        section: "authentik",
        tokens: vec![
            token("a user's", jwt(), user, named("uid-1")),
            token("a machine's", jwt(), machine, named("uid-2")),
        ],
        inactive: vec![
            inactive("the ID token", json!({}), json!({ "azp": null, "uid": null, "at_hash": "h" })),
            inactive("the ID token without hash", json!({}), json!({ "azp": null, "uid": null })),
            inactive("the ID token without nonce", json!({}), json!({ "azp": null, "uid": null, "nonce": null })),
            inactive("with a hash", json!({}), json!({ "c_hash": "h" })),
            inactive("another client's", json!({}), json!({ "azp": "other", "aud": "other" })),
            inactive("HS256", json!({ "alg": "HS256" }), json!({})),
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
                json!({}),
                json!({
                    "iss": "https://adfs.example.com/adfs", "aud": "7c12c80b-9fb5-4dec-abba-e43254ba4279", "scp": null,
                    "appid": null, "apptype": null, "unique_name": "alice", "nonce": "n-1",
                }),
            ),
            inactive(
                "for no API",
                json!({}),
                json!({ "aud": "microsoft:identityserver:7c12c80b-9fb5-4dec-abba-e43254ba4279" }),
            ),
            inactive("with https in the issuer", json!({}), json!({ "iss": ADFS.replace("http:", "https:") })),
        ],
    }
}

fn fusionauth() -> Issuer {
    let header = json!({ "typ": "JWT", "gty": ["authorization_code"] });
    let user = json!({
        "iss": FUSIONAUTH, "aud": APPLICATION, "sub": "u-1", "jti": "j-1", "authenticationType": "PASSWORD",
        "applicationId": APPLICATION, "scope": "openid offline_access", "roles": ["buyer"], "sid": "s-1",
        "auth_time": 1_700_000_000, "tid": "t-1", "tty": "at", "email": "alice@example.com", "email_verified": true,
        "preferred_username": "alice",
    });
    Issuer {
        section: "FusionAuth",
        tokens: vec![token(
            "a user's",
            header,
            user,
            json!({
                "applicationId": null, "client_id": APPLICATION, "preferred_username": null, "username": "alice", "tty": null,
            }),
        )],
        inactive: vec![
            inactive("the ID token", json!({}), json!({ "tty": null, "scope": null, "at_hash": "h", "nonce": "n-1" })),
            inactive("the ID token without hash", json!({}), json!({ "tty": null, "scope": null })),
            inactive("with another tty", json!({}), json!({ "tty": "id" })),
            inactive("another application's", json!({}), json!({ "aud": "other", "applicationId": "other" })),
            inactive("a new tenant's", json!({}), json!({ "iss": "acme.com" })),
            inactive("HS256", json!({ "alg": "HS256" }), json!({})),
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
            inactive("the ID token", json!({}), json!({ "aud": ["web"], "scope": ["openid"] })),
            inactive(
                "the ID token without nonce",
                json!({}),
                json!({ "aud": ["web"], "scope": ["openid"], "nonce": null }),
            ),
            inactive("another zone's", json!({}), json!({ "zid": "other" })),
            inactive("with a hash", json!({}), json!({ "at_hash": "h" })),
        ],
    }
}
