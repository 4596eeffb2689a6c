//! Ory Hydra, Zitadel, authentik and `FusionAuth`.

use serde_json::{Value, json};

use super::shapes::{Issuer, inactive, token};
use crate::world::changed;

const HYDRA: &str = "https://hydra.example.com";
const ZITADEL: &str = "https://example.us1.zitadel.cloud";
const AUTHENTIK: &str = "https://authentik.example.com/application/o/shop/";
const FUSIONAUTH: &str = "https://example.fusionauth.io";
/// A project of Zitadel.
const PROJECT: &str = "69234237810729019";
/// An application of `FusionAuth`.
const APPLICATION: &str = "3c219e58-ed0e-4b18-ad48-f4f92793ae32";
const ORDERS: &str = "https://orders.example.com";

pub fn issuers() -> Vec<Issuer> {
    vec![hydra(), zitadel(), authentik(), fusionauth()]
}

fn jwt() -> Value {
    json!({ "typ": "JWT" })
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
            inactive("the ID token", "not_an_access_token", json!({}), id_token.clone()),
            inactive(
                "the ID token without hash",
                "not_an_access_token",
                json!({}),
                changed(&id_token, &json!({ "at_hash": null, "nonce": "n-1" })),
            ),
            inactive("of a client that asked for no audience", "wrong_audience", json!({}), json!({ "aud": [] })),
            inactive(
                "with a slash after the issuer",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": format!("{HYDRA}/") }),
            ),
            inactive("with scopes of another type", "wrong_claim_type", json!({}), json!({ "scp": 1 })),
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
            inactive("the ID token", "not_an_access_token", json!({}), id_token.clone()),
            inactive(
                "the ID token without hash",
                "not_an_access_token",
                json!({}),
                changed(&id_token, &json!({ "at_hash": null, "nonce": "n-1" })),
            ),
            inactive("for another project", "wrong_audience", json!({}), json!({ "aud": ["259254020357123456"] })),
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
            inactive("the ID token", "required_claim", json!({}), json!({ "azp": null, "uid": null, "at_hash": "h" })),
            inactive("the ID token without hash", "required_claim", json!({}), json!({ "azp": null, "uid": null })),
            inactive(
                "the ID token without nonce",
                "required_claim",
                json!({}),
                json!({ "azp": null, "uid": null, "nonce": null }),
            ),
            inactive("with a hash", "not_an_access_token", json!({}), json!({ "c_hash": "h" })),
            inactive("another client's", "required_claim", json!({}), json!({ "azp": "other", "aud": "other" })),
            inactive("HS256", "wrong_algorithm", json!({ "alg": "HS256" }), json!({})),
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
            inactive(
                "the ID token",
                "required_claim",
                json!({}),
                json!({ "tty": null, "scope": null, "at_hash": "h", "nonce": "n-1" }),
            ),
            inactive("the ID token without hash", "required_claim", json!({}), json!({ "tty": null, "scope": null })),
            inactive("with another tty", "required_claim", json!({}), json!({ "tty": "id" })),
            inactive(
                "another application's",
                "wrong_audience",
                json!({}),
                json!({ "aud": "other", "applicationId": "other" }),
            ),
            inactive("a new tenant's", "untrusted_issuer", json!({}), json!({ "iss": "acme.com" })),
            inactive("HS256", "wrong_algorithm", json!({ "alg": "HS256" }), json!({})),
        ],
    }
}
