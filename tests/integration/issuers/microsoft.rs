//! Microsoft Entra ID, Azure AD B2C and Entra External ID.

use serde_json::{Value, json};

use super::shapes::{Issuer, inactive, token};

const TENANT: &str = "9122040d-6c67-4c5b-b112-36a304b66dad";
const ENTRA_1: &str = "https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/";
const ENTRA_2: &str = "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0";
const OTHER_TENANT: &str = "5e9c3f1a-0b7d-4a52-8f2e-7d6c5b4a3f21";
const OTHER_1: &str = "https://sts.windows.net/5e9c3f1a-0b7d-4a52-8f2e-7d6c5b4a3f21/";
const OTHER_2: &str = "https://login.microsoftonline.com/5e9c3f1a-0b7d-4a52-8f2e-7d6c5b4a3f21/v2.0";
const STRANGER: &str = "11111111-2222-4333-8444-555555555555";
const STRANGERS: &str = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const API_ID: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
const B2C: &str = "https://contoso.b2clogin.com/775527ff-9a37-4307-8b3d-cc311f58d925/v2.0/";
const EXTERNAL: &str =
    "https://aaaabbbb-0000-cccc-1111-dddd2222eeee.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0";

pub fn issuers() -> Vec<Issuer> {
    vec![entra(), entra_of_many_tenants(), b2c(), external_id()]
}

/// A delegated token of version 2, its session and its `uti`.
fn delegated(issuer: &str, tenant: &str, audience: &str) -> Value {
    json!({
        "iss": issuer, "aud": audience, "nbf": 0, "aio": "opaque", "azp": "app-1", "azpacr": "1", "name": "Alice",
        "oid": "oid-1", "preferred_username": "alice@example.com", "rh": "opaque", "scp": "orders.read orders.write",
        "sid": "s-1", "sub": "pairwise-1", "tid": tenant, "uti": "u-1", "ver": "2.0",
    })
}

/// How its answer differs.
fn of_version_2() -> Value {
    json!({
        "azp": null, "client_id": "app-1", "scp": null, "scope": "orders.read orders.write", "uti": null, "jti": "u-1",
        "preferred_username": null, "username": "alice@example.com",
    })
}

fn version_1(issuer: &str, tenant: &str) -> Value {
    json!({
        "iss": issuer, "aud": "api://orders", "nbf": 0, "acr": "1", "aio": "opaque", "amr": ["pwd"], "appid": "app-1",
        "appidacr": "1", "ipaddr": "192.0.2.1", "name": "Alice", "oid": "oid-1", "rh": "opaque", "scp": "orders.read",
        "sid": "s-2", "sub": "pairwise-1", "tid": tenant, "unique_name": "alice@example.com",
        "upn": "alice@example.com", "uti": "u-2", "ver": "1.0",
    })
}

fn of_version_1() -> Value {
    json!({
        "appid": null, "client_id": "app-1", "scp": null, "scope": "orders.read", "uti": null, "jti": "u-2",
        "upn": null, "username": "alice@example.com",
    })
}

fn entra_id_token() -> Value {
    json!({ "aud": "app-1", "azp": null, "azpacr": null, "scp": null, "nonce": "n-1" })
}

fn entra() -> Issuer {
    let jwt = json!({ "typ": "JWT" });
    let app_only = json!({
        "iss": ENTRA_2, "aud": API_ID, "nbf": 0, "aio": "opaque", "azp": "app-2", "azpacr": "1", "idtyp": "app",
        "oid": "oid-2", "rh": "opaque", "roles": ["Orders.Read.All"], "sub": "oid-2", "tid": TENANT, "uti": "u-3",
        "ver": "2.0",
    });
    Issuer {
        section: "Microsoft Entra ID",
        tokens: vec![
            token("a user's, version 2", jwt.clone(), delegated(ENTRA_2, TENANT, API_ID), of_version_2()),
            token(
                "a user's, version 1",
                json!({ "typ": "JWT", "x5t": "thumbprint" }),
                version_1(ENTRA_1, TENANT),
                of_version_1(),
            ),
            token(
                "an application's",
                jwt,
                app_only,
                json!({ "azp": null, "client_id": "app-2", "uti": null, "jti": "u-3" }),
            ),
        ],
        inactive: vec![
            inactive("the ID token", "not_an_access_token", json!({}), entra_id_token()),
            inactive(
                "the ID token without nonce",
                "missing_claim",
                json!({}),
                json!({ "aud": "app-1", "azp": null, "scp": null }),
            ),
            inactive(
                "the ID token with roles",
                "missing_claim",
                json!({}),
                json!({ "aud": "app-1", "azp": null, "scp": null, "roles": ["a"] }),
            ),
            inactive("for Microsoft Graph", "wrong_audience", json!({}), json!({ "aud": GRAPH })),
            inactive("another tenant's", "untrusted_issuer", json!({}), json!({ "iss": OTHER_2, "tid": OTHER_TENANT })),
            inactive(
                "another tenant's, version 1",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": OTHER_1, "tid": OTHER_TENANT }),
            ),
            inactive(
                "for another API",
                "wrong_audience",
                json!({}),
                json!({ "aud": "99998888-7777-4666-8555-444433332222" }),
            ),
            inactive("of no client", "missing_claim", json!({}), json!({ "azp": null })),
        ],
    }
}

fn entra_of_many_tenants() -> Issuer {
    let jwt = json!({ "typ": "JWT" });
    Issuer {
        section: "Microsoft Entra ID, many tenants",
        tokens: vec![
            token("the first tenant's", jwt.clone(), delegated(ENTRA_2, TENANT, API_ID), of_version_2()),
            token("the second tenant's", jwt.clone(), delegated(OTHER_2, OTHER_TENANT, API_ID), of_version_2()),
            token("the second tenant's, version 1", jwt, version_1(OTHER_1, OTHER_TENANT), of_version_1()),
        ],
        inactive: vec![
            inactive("the ID token", "not_an_access_token", json!({}), entra_id_token()),
            inactive(
                "a tenant's that is not listed",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": STRANGERS, "tid": STRANGER }),
            ),
            inactive(
                "a listed tid under another tenant's issuer",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": STRANGERS }),
            ),
            inactive(
                "one tenant's tid under another's issuer",
                "wrong_tenant",
                json!({}),
                json!({ "tid": OTHER_TENANT }),
            ),
            inactive(
                "another tenant's tid under a listed issuer",
                "wrong_tenant",
                json!({}),
                json!({ "tid": STRANGER }),
            ),
            inactive("without tid", "wrong_tenant", json!({}), json!({ "tid": null })),
            inactive("with a tid of another type", "wrong_tenant", json!({}), json!({ "tid": [TENANT] })),
            inactive(
                "with the placeholder itself",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://login.microsoftonline.com/{tenantid}/v2.0", "tid": "{tenantid}" }),
            ),
            inactive("for Microsoft Graph", "wrong_audience", json!({}), json!({ "aud": GRAPH })),
        ],
    }
}

fn b2c() -> Issuer {
    let user = json!({
        "iss": B2C, "aud": "22223333-cccc-4444-dddd-5555eeee6666", "nbf": 0, "azp": "app-1", "nonce": "n-1",
        "scp": "orders.read", "sub": "user-1", "tfp": "B2C_1_signin", "ver": "1.0", "name": "Alice",
    });
    let without_nonce = json!({
        "iss": B2C, "aud": "22223333-cccc-4444-dddd-5555eeee6666", "nbf": 0, "azp": "app-1", "scp": "orders.read",
        "sub": "user-1", "acr": "b2c_1a_signin", "ver": "1.0", "auth_time": 1_700_000_000,
    });
    let answer = json!({ "azp": null, "client_id": "app-1", "scp": null, "scope": "orders.read" });
    Issuer {
        section: "Azure AD B2C",
        tokens: vec![
            token("with nonce", json!({ "typ": "JWT" }), user, answer.clone()),
            token("without nonce", json!({ "typ": "JWT" }), without_nonce, answer),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "not_an_access_token",
                json!({}),
                json!({ "aud": "app-1", "azp": null, "scp": null }),
            ),
            inactive(
                "the ID token with hashes",
                "not_an_access_token",
                json!({}),
                json!({ "aud": "app-1", "azp": null, "scp": null, "at_hash": "h", "c_hash": "h" }),
            ),
            inactive("with nonce and no scope", "not_an_access_token", json!({}), json!({ "scp": null })),
            inactive("with a hash", "not_an_access_token", json!({}), json!({ "at_hash": "h" })),
            inactive("for the client itself", "wrong_audience", json!({}), json!({ "aud": "app-1" })),
            inactive(
                "another tenant's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": B2C.replace("775527ff", "00000000") }),
            ),
        ],
    }
}

fn external_id() -> Issuer {
    let tenant = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    Issuer {
        section: "Microsoft Entra External ID",
        tokens: vec![token(
            "a user's",
            json!({ "typ": "JWT" }),
            delegated(EXTERNAL, tenant, "33334444-dddd-5555-eeee-6666ffff7777"),
            of_version_2(),
        )],
        inactive: vec![
            inactive("the ID token", "not_an_access_token", json!({}), entra_id_token()),
            inactive(
                "with the host that users see",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": format!("https://contoso.ciamlogin.com/{tenant}/v2.0") }),
            ),
            inactive("for another API", "wrong_audience", json!({}), json!({ "aud": API_ID })),
        ],
    }
}
