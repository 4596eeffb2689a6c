//! Records in memory, in place of the tables.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use serde_json::{Value, json};
use token_introspection::{
    digest::Digest,
    records::{FetchedItems, Item, ItemKey},
};

use crate::signing::{ISSUER, SUBJECT};

/// All records of a case.
#[derive(Default)]
pub struct Table(HashMap<ItemKey, Item>);

impl Table {
    /// What a read of these keys returns.
    pub fn read(&self, keys: &[ItemKey]) -> FetchedItems {
        let found = keys.iter().filter_map(|key| Some((key.clone(), Ok(self.0.get(key)?.clone()))));
        FetchedItems(found.collect())
    }

    pub fn add_client(&mut self, id: &str, record: &Value) {
        self.0.insert(ItemKey::client(id).unwrap(), item(record));
    }

    /// The record of an opaque token that is active until then.
    pub fn add_opaque(&mut self, token: &str, exp: i64) {
        let key = ItemKey::token(&Digest::of(token));
        let record = json!({
            "id": key.id(), "token_type": "access_token", "iss": ISSUER, "sub": SUBJECT, "client_id": "web-app",
            "aud": "https://api.example.com", "scope": "orders:read orders:write profile", "iat": 1_767_225_600,
            "exp": exp, "grant_id": "g-1", "sid": "s-1", "jti": "j-1",
        });
        self.0.insert(key, item(&record));
    }

    /// A mark that revokes all tokens of a subject.
    pub fn add_mark(&mut self, subject: &str) {
        let key = ItemKey::mark("sub", ISSUER, Some(subject)).unwrap();
        let mark = [("id", key.id()), ("reason", "left the company")];
        let mark = mark.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        self.0.insert(key, HashMap::from(mark).into());
    }
}

/// An item as DynamoDB has it, of plain JSON.
fn item(record: &Value) -> Item {
    let attribute = |value: &Value| match value {
        Value::Number(number) => AttributeValue::N(number.to_string()),
        other => AttributeValue::S(other.as_str().unwrap().to_owned()),
    };
    let members = record.as_object().unwrap().iter();
    members.map(|(name, value)| (name.clone(), attribute(value))).collect::<HashMap<_, _>>().into()
}
