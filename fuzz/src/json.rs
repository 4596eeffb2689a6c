//! JSON with one reading: a second opinion on which texts have it. Numbers may have any size, because members that no
//! decision reads keep their text (H-35).

use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};

/// The members of an object in which no name occurs twice, at any depth. A number that a [`Value`] cannot hold is null.
pub fn members(text: &str) -> Result<Map<String, Value>, serde_json::Error> {
    let Members(members) = serde_json::from_str(text)?;
    members.into_iter().map(|(name, value)| Ok((name, one_reading(value.get())?))).collect()
}

fn one_reading(text: &str) -> Result<Value, serde_json::Error> {
    match text.as_bytes().first() {
        Some(b'{') => members(text).map(Value::Object),
        Some(b'[') => {
            let values: Vec<Box<RawValue>> = serde_json::from_str(text)?;
            values.iter().map(|value| one_reading(value.get())).collect::<Result<_, _>>().map(Value::Array)
        }
        Some(b'"') => serde_json::from_str(text),
        _ => Ok(serde_json::from_str(text).unwrap_or_default()),
    }
}

struct Members(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object without duplicate member names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a duplicate member name"));
            }
        }
        Ok(Members(members))
    }
}
