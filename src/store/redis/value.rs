//! Attributes as JSON. N is a number, L an array, M an object; the others have the JSON type of the same name. Numbers
//! keep their text.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use serde_json::value::RawValue;

use crate::{
    jwt::{RawMembers, parse_members},
    records::{Corrupt, Item, to_json},
};

/// Parses a value. A duplicate member could be read in two ways, so it is corrupt.
///
/// # Errors
///
/// Returns [`Corrupt`] if the text is not exactly one JSON object.
pub(super) fn item(value: &[u8]) -> Result<Item, Corrupt> {
    attributes(parse_members(value).map_err(|_| Corrupt)?).map(Item::from)
}

/// Writes a value.
///
/// # Errors
///
/// Returns [`Corrupt`] if an attribute contains bytes, which JSON cannot represent.
pub(super) fn text(attributes: HashMap<String, AttributeValue>) -> Result<String, Corrupt> {
    to_json(&AttributeValue::M(attributes)).map(|text| text.get().to_owned())
}

fn attributes(members: RawMembers) -> Result<HashMap<String, AttributeValue>, Corrupt> {
    members.into_iter().map(|(name, text)| Ok((name, attribute(&text)?))).collect()
}

fn attribute(text: &RawValue) -> Result<AttributeValue, Corrupt> {
    let read = || {
        Some(match text.get().bytes().next()? {
            b'{' => AttributeValue::M(attributes(serde_json::from_str(text.get()).ok()?).ok()?),
            b'[' => {
                let values: Vec<Box<RawValue>> = serde_json::from_str(text.get()).ok()?;
                AttributeValue::L(values.iter().map(|value| attribute(value)).collect::<Result<_, _>>().ok()?)
            }
            b'"' => AttributeValue::S(serde_json::from_str(text.get()).ok()?),
            b't' | b'f' => AttributeValue::Bool(text.get() == "true"),
            b'n' => AttributeValue::Null(true),
            // A number beyond a double is beyond DynamoDB's numbers too.
            _ => AttributeValue::N(Some(text.get()).filter(|text| text.parse().is_ok_and(f64::is_finite))?.to_owned()),
        })
    };
    read().ok_or(Corrupt)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn attributes_survive_the_way_there_and_back() {
        let value = json!({
            "token_type": "access_token", "exp": 4_102_444_800_i64, "iat": -1, "half": 0.5, "revoked": false, "sub": null,
            "aud": ["a", "b"], "cnf": { "jkt": "x" }, "claims": { "deep": [{ "list": [1, true, null] }] }, "empty": "",
        });
        let read = item(value.to_string().as_bytes()).unwrap();
        assert_eq!(read.get("exp"), Some(&AttributeValue::N("4102444800".into())));
        assert_eq!(read.get("sub"), Some(&AttributeValue::Null(true)));
        let written = text(read.into_inner()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        let digits = r#"{"long":12345678901234567890123456789012345678,"price":0.10}"#;
        assert_eq!(text(item(digits.as_bytes()).unwrap().into_inner()), Ok(digits.to_owned()));
    }

    #[test]
    fn g11_anything_but_a_json_object_is_corrupt() {
        assert!(item(b"{}").is_ok());
        for value in ["", "1", "[]", "null", "\"{}\"", "{", "{}{}", "{\"a\":1,\"a\":2}", "{\"a\":1e999}", "not_before"]
        {
            assert_eq!(item(value.as_bytes()), Err(Corrupt), "{value}");
        }
        assert_eq!(item(b"{\"a\":\"\xff\"}"), Err(Corrupt));
        assert_eq!(text(HashMap::from([("a".to_owned(), AttributeValue::B(vec![1]))])), Err(Corrupt));
    }
}
