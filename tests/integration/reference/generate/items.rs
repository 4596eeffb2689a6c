//! Attributes of items: of each type, and changed ones.

use serde_json::{Value, json};

use super::{super::model::items::Item, dice::Dice};
use crate::engine::attribute;

/// Values of each type, in DynamoDB's own JSON.
pub fn odd(dice: &mut Dice) -> Value {
    dice.one(&[
        json!({ "NULL": true }),
        json!({ "N": "5" }),
        json!({ "BOOL": true }),
        json!({ "L": [] }),
        json!({ "M": {} }),
        json!({ "S": "" }),
        json!({ "SS": ["x"] }),
        json!({ "L": [{ "N": "1" }] }),
    ])
}

/// The attributes of an item, given as plain JSON.
pub fn object(item: &Value) -> Item {
    attribute(item)["M"].as_object().unwrap().clone()
}

/// Changes, adds or removes an attribute.
pub fn change(dice: &mut Dice, item: &mut Item, further: &[&str]) {
    let mut names: Vec<_> = item.keys().cloned().collect();
    names.extend(further.iter().map(ToString::to_string));
    let name = dice.one(&names);
    if dice.chance(35) {
        item.remove(&name);
    } else {
        let value = odd(dice);
        item.insert(name, value);
    }
}
