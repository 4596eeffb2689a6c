//! Records of opaque tokens.

use serde_json::json;

use super::{
    super::model::items::Item,
    dice::Dice,
    items::{change, object, odd},
    values,
};
use crate::{engine::attribute, world::AUDIENCE};

/// The record of an opaque token.
pub fn record(dice: &mut Dice, now: i64, skew: i64) -> Item {
    let mut item = object(&json!({
        "token_type": dice.pick(&["access_token", "access_token", "refresh_token"]), "exp": now + 600,
        "client_id": dice.pick(&["app", "api-0", "api-0", "api-1"]),
    }));
    let issuers = [
        "https://introspection.example.com",
        "https://rfc9068.example.com",
        "https://entra.example.com/t-1/v2.0",
        "https://mapped.example.com",
        "https://alias.example.com",
        "https://unknown.example.com",
    ];
    let time = |dice: &mut Dice| {
        let text = values::time(dice, now, skew);
        json!({ "N": text.split(['e', 'E', '.']).next().unwrap() })
    };
    let audiences = [
        json!({ "S": AUDIENCE }),
        json!({ "SS": [AUDIENCE, "orders"] }),
        json!({ "L": [{ "S": "api-0" }] }),
        json!({ "L": [] }),
    ];
    let choices = [
        ("sub", json!({ "S": dice.pick(&["alice", "bob"]) }), 70),
        ("scope", json!({ "S": dice.pick(&["read write", "read", "hidden", "", " read  admin"]) }), 70),
        ("aud", dice.one(&audiences), 70),
        ("iss", json!({ "S": dice.pick(&issuers) }), 40),
        ("iat", json!({ "N": (now - 100).to_string() }), 60),
        ("jti", json!({ "S": dice.pick(&["j-1", "j-2"]) }), 40),
        ("sid", json!({ "S": dice.pick(&["s-1", "s-2"]) }), 40),
        ("grant_id", json!({ "S": "g-1" }), 30),
        ("username", json!({ "S": "alice@example.com" }), 30),
        ("nbf", time(dice), 15),
        ("exp", time(dice), 20),
        ("iat", time(dice), 12),
        (
            "cnf",
            dice.one(&[
                json!({ "M": { "jkt": { "S": "AAAA" } } }),
                json!({ "M": { "x5t#S256": { "S": "AAAA" } } }),
                json!({ "M": {} }),
            ]),
            20,
        ),
        ("claims", json!({ "M": claims(dice, now) }), 50),
        ("revoked", json!({ "BOOL": dice.chance(50) }), 12),
        ("expires_at", odd(dice), 10),
        (
            "exp",
            dice.one(&[
                json!({ "N": "0" }),
                json!({ "N": "1800000000000" }),
                json!({ "N": "-5" }),
                json!({ "N": "253402300799" }),
            ]),
            4,
        ),
        ("iat", json!({ "N": dice.pick(&["0", "1800000000000", "1800000000.5"]) }), 4),
        ("sub", json!({ "S": "x".repeat(2040) }), 2),
    ];
    for (name, value, percent) in choices {
        if dice.chance(percent) {
            item.insert(name.to_owned(), value);
        }
    }
    if dice.chance(15) {
        change(
            dice,
            &mut item,
            &[
                "token_type",
                "client_id",
                "exp",
                "scope",
                "aud",
                "iss",
                "nbf",
                "jti",
                "cnf",
                "claims",
                "username",
                "revoked",
            ],
        );
    }
    item
}

/// Members of `claims`: of every type, and some that an attribute has.
fn claims(dice: &mut Dice, now: i64) -> Item {
    let scopes = [attribute(&json!("read hidden")), attribute(&json!(["read", "hidden"])), odd(dice)];
    let choices = [
        ("act", attribute(&json!({ "sub": "bob" }))),
        ("act", odd(dice)),
        ("acr", attribute(&json!("gold"))),
        ("acr", odd(dice)),
        ("auth_time", attribute(&json!(now - 150))),
        ("auth_time", odd(dice)),
        (
            "authorization_details",
            attribute(&json!([{ "type": "a", "locations": [AUDIENCE] }, { "type": "b", "locations": ["orders"] }])),
        ),
        ("department", attribute(&json!("sales"))),
        ("number", json!({ "N": "12345678901234567890123456789012345678" })),
        ("nested", attribute(&json!({ "b": [1, null, true], "a": { "c": "d" } }))),
        ("scp", dice.one(&scopes)),
        ("sub", attribute(&json!("mallory"))),
        ("username", attribute(&json!("mallory"))),
        ("active", attribute(&json!(false))),
        ("binding", attribute(&json!("proved"))),
        ("grant_id", attribute(&json!("g-2"))),
        ("nothing", attribute(&json!(null))),
        ("permissions", attribute(&json!("read hidden"))),
    ];
    dice.some(&choices, 25).into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
