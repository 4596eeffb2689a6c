//! Converts attributes of an item to JSON text, so that numbers keep all of their 38 digits.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_dynamo::AttributeValue;
use serde_json::value::RawValue;

use super::{Corrupt, Item};
use crate::jwt::RawMembers;

type Attributes = HashMap<String, AttributeValue>;

/// A map attribute as the members of a JSON object.
#[derive(Default)]
pub(super) struct JsonMap {
    pub members: RawMembers,
    /// Members with binary data, which JSON cannot represent.
    pub unreadable: Vec<String>,
}

/// Takes an optional map attribute out of an item. NULL counts as absent.
///
/// # Errors
///
/// Returns [`Corrupt`] if the attribute is not a map.
pub(super) fn take_map(item: &mut Item, name: &str) -> Result<Option<JsonMap>, Corrupt> {
    let mut attributes = std::mem::replace(item, Item::from(Attributes::new())).into_inner();
    let value = attributes.remove(name);
    *item = attributes.into();
    let members = match value {
        None | Some(AttributeValue::Null(_)) => return Ok(None),
        Some(AttributeValue::M(members)) => members,
        Some(_) => return Err(Corrupt),
    };
    let mut map = JsonMap::default();
    for (name, value) in members {
        match to_json(&value) {
            Ok(text) => drop(map.members.insert(name, text)),
            Err(Corrupt) => map.unreadable.push(name),
        }
    }
    map.unreadable.sort_unstable();
    Ok(Some(map))
}

/// An attribute as JSON text.
///
/// # Errors
///
/// Returns [`Corrupt`] for bytes, which JSON cannot represent, and for a number that JSON does not allow.
pub fn to_json(value: &AttributeValue) -> Result<Box<RawValue>, Corrupt> {
    let mut text = String::new();
    write(value, &mut text)?;
    RawValue::from_string(text).map_err(|_| Corrupt)
}

fn write(value: &AttributeValue, text: &mut String) -> Result<(), Corrupt> {
    match value {
        AttributeValue::S(string) => write_string(string, text)?,
        AttributeValue::N(number) => write_number(number, text)?,
        AttributeValue::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        AttributeValue::Null(_) => text.push_str("null"),
        AttributeValue::L(values) => write_list(values, text, write)?,
        AttributeValue::Ss(strings) => write_list(strings, text, |string, text| write_string(string, text))?,
        AttributeValue::Ns(numbers) => write_list(numbers, text, |number, text| write_number(number, text))?,
        AttributeValue::M(members) => {
            // The order is fixed, so that equal items give equal answers.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (position, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if position == 0 { "" } else { "," });
                write_string(name, text)?;
                text.push(':');
                write(value, text)?;
            }
            text.push('}');
        }
        AttributeValue::B(_) | AttributeValue::Bs(_) => return Err(Corrupt),
    }
    Ok(())
}

fn write_list<T>(
    values: &[T],
    text: &mut String,
    write: impl Fn(&T, &mut String) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    text.push('[');
    for (position, value) in values.iter().enumerate() {
        text.push_str(if position == 0 { "" } else { "," });
        write(value, text)?;
    }
    text.push(']');
    Ok(())
}

/// DynamoDB writes every number as JSON does, but another writer of the item may not. A text that is not a number could
/// add elements to a list, or members to an object.
fn write_number(number: &str, text: &mut String) -> Result<(), Corrupt> {
    let is_digit = |c: char| c.is_ascii_digit();
    // JSON that begins like a number is one, possibly with white space after it.
    let is_number = number.starts_with(|c| c == '-' || is_digit(c))
        && number.ends_with(is_digit)
        && serde_json::from_str::<IgnoredAny>(number).is_ok();
    if !is_number {
        return Err(Corrupt);
    }
    text.push_str(number);
    Ok(())
}

fn write_string(string: &str, text: &mut String) -> Result<(), Corrupt> {
    text.push_str(&serde_json::to_string(string).map_err(|_| Corrupt)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue::{B, Bool, L, M, N, Ns, Null, S, Ss};

    use super::*;

    fn map(value: AttributeValue) -> Result<Option<(String, Vec<String>)>, Corrupt> {
        let mut item: Item = HashMap::from([("claims".to_owned(), value), ("other".to_owned(), S("x".into()))]).into();
        let map = take_map(&mut item, "claims")?;
        assert!(item.get("claims").is_none() && item.get("other").is_some());
        Ok(map.map(|map| (serde_json::to_string(&map.members).unwrap(), map.unreadable)))
    }

    #[test]
    fn h35_numbers_of_a_record_keep_all_their_digits() {
        let digits = "12345678901234567890123456789012345678";
        let nested = HashMap::from([("b".to_owned(), N("0.10".into())), ("a".to_owned(), N(digits.into()))]);
        let claims = HashMap::from([
            ("n".to_owned(), N(digits.into())),
            ("l".to_owned(), L(vec![N("1E+100".into()), S("a\"b".into()), Bool(true), Null(true)])),
            ("m".to_owned(), M(nested)),
            ("s".to_owned(), Ss(vec!["x".into()])),
            ("t".to_owned(), Ns(vec!["-1.50".into()])),
        ]);
        let expected = format!(
            r#"{{"l":[1E+100,"a\"b",true,null],"m":{{"a":{digits},"b":0.10}},"n":{digits},"s":["x"],"t":[-1.50]}}"#
        );
        assert_eq!(map(M(claims)), Ok(Some((expected, vec![]))));
    }

    #[test]
    fn g11_what_json_does_not_have_is_corrupt() {
        assert_eq!(map(Null(true)), Ok(None));
        for value in [S("x".into()), L(vec![]), N("1".into())] {
            assert_eq!(map(value), Err(Corrupt));
        }
        for value in [B(vec![1]), N("x".into()), N("1,2".into()), L(vec![B(vec![])])] {
            let map = map(M(HashMap::from([("a".to_owned(), value), ("b".to_owned(), N("1".into()))])));
            assert_eq!(map, Ok(Some((r#"{"b":1}"#.to_owned(), vec!["a".to_owned()]))));
        }
    }

    #[test]
    fn g11_a_text_that_is_not_a_number_adds_nothing_to_the_value_that_it_is_in() {
        for text in ["1,2", "1,\"admin\":true", "1 ", " 1", "1]", "true", "\"a\"", "01", "1e", "-", "+1", "NaN", ""] {
            let [one, set] = [N(text.into()), Ns(vec!["1".into(), text.into()])];
            for value in [L(vec![one.clone()]), M(HashMap::from([("a".to_owned(), one.clone())])), one, set] {
                assert_eq!(to_json(&value).map(|json| json.get().to_owned()), Err(Corrupt), "{text}");
            }
        }
    }
}
