//! How items are read (docs/data-model.md).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    json::Json,
    time::{Time, time},
};

/// The attributes of an item, in DynamoDB's own JSON.
pub type Item = Map<String, Value>;

/// What is stored.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub clients: BTreeMap<String, Item>,
    pub tokens: BTreeMap<String, Item>,
}

/// An attribute that a decision reads has another type than its own.
#[derive(Clone, Copy, Debug)]
pub struct Corrupt;

/// An optional attribute. NULL counts as absent.
fn attribute<'i>(item: &'i Item, name: &str) -> Option<(&'i str, &'i Value)> {
    let (kind, value) = item.get(name)?.as_object()?.iter().next()?;
    (kind != "NULL").then_some((kind, value))
}

pub fn string(item: &Item, name: &str) -> Result<Option<String>, Corrupt> {
    match attribute(item, name) {
        None => Ok(None),
        Some(("S", value)) => Ok(Some(value.as_str().ok_or(Corrupt)?.to_owned())),
        Some(_) => Err(Corrupt),
    }
}

pub fn boolean(item: &Item, name: &str) -> Result<Option<bool>, Corrupt> {
    match attribute(item, name) {
        None => Ok(None),
        Some(("BOOL", value)) => Ok(value.as_bool()),
        Some(_) => Err(Corrupt),
    }
}

/// A time, in which zero is a time like any other.
pub fn any_time(item: &Item, name: &str) -> Result<Option<Time>, Corrupt> {
    match attribute(item, name) {
        None => Ok(None),
        Some(("N", value)) => Ok(Some(value.as_str().and_then(time).ok_or(Corrupt)?)),
        Some(_) => Err(Corrupt),
    }
}

/// A time, in which zero means unknown.
pub fn known_time(item: &Item, name: &str) -> Result<Option<i128>, Corrupt> {
    Ok(any_time(item, name)?.map(|time| time.seconds).filter(|seconds| *seconds != 0))
}

/// A list of strings: L of S, or SS.
pub fn list(item: &Item, name: &str) -> Result<Option<Vec<String>>, Corrupt> {
    let strings = match attribute(item, name) {
        None => return Ok(None),
        Some(("SS", value)) => value.as_array().ok_or(Corrupt)?.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
        Some(("L", value)) => {
            value.as_array().ok_or(Corrupt)?.iter().map(|element| element.get("S").and_then(Value::as_str)).collect()
        }
        Some(_) => return Err(Corrupt),
    };
    Ok(Some(strings.ok_or(Corrupt)?.into_iter().map(str::to_owned).collect()))
}

pub fn map(item: &Item, name: &str) -> Result<Option<Item>, Corrupt> {
    match attribute(item, name) {
        None => Ok(None),
        Some(("M", value)) => Ok(Some(value.as_object().ok_or(Corrupt)?.clone())),
        Some(_) => Err(Corrupt),
    }
}

/// A value as an answer shows it.
pub fn json(attribute: &Value) -> Json {
    let Some((kind, value)) = attribute.as_object().and_then(|value| value.iter().next()) else { return Json::Null };
    match kind.as_str() {
        "S" => Json::Text(value.as_str().unwrap_or_default().to_owned()),
        "N" => Json::Number(value.as_str().unwrap_or_default().to_owned()),
        "BOOL" => Json::Bool(value.as_bool().unwrap_or_default()),
        "L" => Json::List(value.as_array().into_iter().flatten().map(json).collect()),
        "SS" => Json::of(value),
        "M" => {
            let members = value.as_object().into_iter().flatten();
            Json::Object(members.map(|(name, value)| (name.clone(), json(value))).collect())
        }
        _ => Json::Null,
    }
}
