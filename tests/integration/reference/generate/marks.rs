//! Marks.

use serde_json::json;

use super::{super::model::items::Item, dice::Dice, items::odd, tokens::ISSUED};

/// The id of a mark that could concern a token of these scenes, and its attributes.
pub fn mark(dice: &mut Dice, issuers: &[String], now: i64) -> (String, Item) {
    let issuer = dice.one(issuers);
    let id = match dice.below(9) {
        0 => format!("iss#{issuer}"),
        1 => format!("jti#{issuer}#{}", dice.pick(&["j-1", "j-2", "x#y"])),
        2 => format!("kid#{issuer}#{}", dice.pick(&["k-0", "k-1", "k-es", "same", "fetched-0"])),
        3 => format!("grant#{issuer}#g-1"),
        4 => format!("sid#{issuer}#{}", dice.pick(&["s-1", "s-2"])),
        5 | 6 => format!("sub#{issuer}#{}", dice.pick(&["alice", "bob"])),
        _ => format!("client#{issuer}#{}", dice.pick(&["app", "api-0"])),
    };
    (id, limits(dice, now))
}

/// The attributes of a mark, whose limit is often beside the second in which tokens are issued.
pub fn limits(dice: &mut Dice, now: i64) -> Item {
    let mut item = Item::new();
    if dice.chance(80) {
        let beside = dice.one(&ISSUED) + dice.one(&[-1, 0, 0, 1]);
        let at = now - if dice.chance(60) { beside } else { dice.one(&[250, 200, 199, 0]) };
        item.insert("not_before".into(), json!({ "N": at.to_string() }));
    }
    if dice.chance(30) {
        item.insert("except_sid".into(), json!({ "S": dice.pick(&["s-1", "s-2"]) }));
    }
    if dice.chance(20) {
        item.insert("expires_at".into(), json!({ "N": (now - 1000).to_string() }));
    }
    if dice.chance(15) {
        let value = dice.one(&[
            json!({ "N": "0" }),
            json!({ "N": "1800000000000" }),
            json!({ "N": "-7" }),
            json!({ "NULL": true }),
            json!({ "S": "1800000000" }),
            json!({ "BOOL": true }),
            json!({ "N": "1799999920.9" }),
        ]);
        item.insert("not_before".into(), value);
    }
    if dice.chance(6) {
        let value = odd(dice);
        item.insert("except_sid".into(), value);
    }
    if dice.chance(6) {
        let value = odd(dice);
        item.insert("reason".into(), value);
    }
    item
}
