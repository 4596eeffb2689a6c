//! Attributes as JSON. A number is N, an array L, an object M; the rest is named alike.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use crate::{
    jwt::parse_object,
    records::{Corrupt, Item},
};

/// Reads a value. A duplicate member could be read two ways, so it has none.
///
/// # Errors
///
/// [`Corrupt`] for anything but a JSON object.
pub(super) fn item(value: &[u8]) -> Result<Item, Corrupt> {
    serde_dynamo::to_item(parse_object(value).map_err(|_| Corrupt)?).map_err(|_| Corrupt)
}

/// Writes a value.
///
/// # Errors
///
/// [`Corrupt`] for what JSON has no form for: bytes.
pub(super) fn text(attributes: HashMap<String, AttributeValue>) -> Result<String, Corrupt> {
    let members: Map<String, Value> = serde_dynamo::from_item(Item::from(attributes)).map_err(|_| Corrupt)?;
    Ok(Value::Object(members).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    }

    #[test]
    fn g11_whatever_is_no_json_object_is_corrupt() {
        assert!(item(b"{}").is_ok());
        for value in ["", "1", "[]", "null", "\"{}\"", "{", "{}{}", "{\"a\":1,\"a\":2}", "{\"a\":1e999}", "not_before"]
        {
            assert_eq!(item(value.as_bytes()), Err(Corrupt), "{value}");
        }
        assert_eq!(item(b"{\"a\":\"\xff\"}"), Err(Corrupt));
        assert_eq!(text(HashMap::from([("a".to_owned(), AttributeValue::B(vec![1]))])), Err(Corrupt));
    }
}
