//! Clients with their policies.

use serde_json::{Value, json};

use super::{
    super::model::{base64::sha256, items::Item},
    dice::Dice,
    items::{change, object},
    values,
};
use crate::{engine::attribute, world::AUDIENCE};

/// The secrets that the clients have or had.
pub const SECRETS: [&str; 4] = ["s3cr3tOfTheApi0123456789abcdefghijklmnop", "p+l u/s=%41:x", "100%", "\u{fc}+%zz"];
pub const OLD_SECRET: &str = "theSecretBeforeTheRotation0123456789";

/// A client and the secret that it has. The larger `odds` is, the more often something is wrong with it.
pub fn client(dice: &mut Dice, id: &str, now: i64, odds: u32) -> (Item, String) {
    let secret = if dice.chance(60) { SECRETS[0] } else { dice.one(&SECRETS) };
    let mut item = object(&json!({ "client_secret": sha256(secret.as_bytes()) }));
    if dice.chance(5 * odds) {
        item.remove("client_secret");
    }
    if dice.chance(25) {
        let until = values::time(dice, now, 10).split(['e', 'E']).next().unwrap().to_owned();
        item.insert("previous_client_secret".into(), json!({ "S": sha256(OLD_SECRET.as_bytes()) }));
        item.insert("previous_client_secret_expires_at".into(), json!({ "N": until }));
    }
    if dice.chance(75) {
        item.insert("introspection".into(), json!({ "M": policy(dice, id) }));
    }
    if dice.chance(25) {
        let issuers = [
            "https://introspection.example.com",
            "https://rfc9068.example.com",
            "https://okta.example.com/oauth2/default",
            "https://entra.example.com/t-2/v2.0",
            "https://elsewhere.example.com",
        ];
        item.insert("issuer".into(), json!({ "S": dice.pick(&issuers) }));
    }
    if dice.chance(2 + 4 * odds) {
        let methods = [
            "client_secret_basic",
            "client_secret_basic",
            "client_secret_post",
            "none",
            "private_key_jwt",
            "bearer",
            "aws_iam",
            "unknown",
        ];
        item.insert("token_endpoint_auth_method".into(), json!({ "S": dice.pick(&methods) }));
    }
    if dice.chance(2 + odds) {
        item.insert("disabled".into(), json!({ "BOOL": dice.chance(70) }));
    }
    if dice.chance(3 + 4 * odds) {
        change(
            dice,
            &mut item,
            &[
                "disabled",
                "jwks",
                "introspection",
                "issuer",
                "client_name",
                "redirect_uris",
                "allowed_scopes",
                "assertion_audience",
                "tls_client_auth_san_ip",
                "iam_principal_arn",
                "token_endpoint_auth_method",
            ],
        );
    }
    (item, secret.to_owned())
}

fn list(dice: &mut Dice, strings: &[&str]) -> Value {
    let strings = dice.some(strings, 45);
    // A set is never empty, and this engine's sets have no empty texts.
    if !strings.is_empty() && !strings.contains(&"") && dice.chance(40) {
        return json!({ "SS": strings });
    }
    attribute(&json!(strings))
}

fn policy(dice: &mut Dice, id: &str) -> Item {
    let mut policy = Item::new();
    let issuers = [
        "https://rfc9068.example.com",
        "https://generic.example.com",
        "https://mapped.example.com",
        "https://cognito.example.com/pool",
        "https://auth0.example.com/",
        "https://entra.example.com/t-1/v2.0",
        "https://okta.example.com/oauth2/default",
        "https://keycloak.example.com/realms/shop",
        "https://aliased.example.com",
        "https://introspection.example.com",
        "https://alias.example.com",
        "https://fetched.example.com",
    ];
    let choices: [(&str, &[&str], u32); 5] = [
        ("audiences", &[AUDIENCE, "orders", id, "other"], 35),
        ("scopes", &["read", "wri*", "*", "admin", "", "https://api.example.com/read"], 35),
        ("claims", &["username", "sid", "department", "scp", "number", "nested"], 35),
        ("issuers", &issuers, 12),
        ("token_types", &["access_token", "refresh_token"], 35),
    ];
    for (name, strings, percent) in choices {
        if dice.chance(percent) {
            let strings = if name == "token_types" && dice.chance(85) {
                json!({ "L": [{ "S": "access_token" }, { "S": "refresh_token" }] })
            } else {
                list(dice, strings)
            };
            policy.insert(name.to_owned(), strings);
        }
    }
    for (name, value, percent) in [
        ("mode", json!({ "S": dice.pick(&["report", "report", "report", "report", "enforce", "Report"]) }), 20),
        ("allowed", json!({ "BOOL": dice.chance(60) }), 5),
        ("enforce_binding", json!({ "BOOL": dice.chance(80) }), 25),
        ("require_signed_response", json!({ "BOOL": dice.chance(50) }), 3),
    ] {
        if dice.chance(percent) {
            policy.insert(name.to_owned(), value);
        }
    }
    if dice.chance(3) {
        change(
            dice,
            &mut policy,
            &[
                "allowed",
                "mode",
                "audiences",
                "scopes",
                "claims",
                "issuers",
                "token_types",
                "may_revoke_subjects",
                "enforce_binding",
                "require_signed_response",
            ],
        );
    }
    policy
}
