//! One object of an event, whose members are parsed only if they are requested.
//!
//! A member that the function does not need may contain anything: numbers of any size, nested objects, duplicates. It
//! is never parsed, so it cannot make an event unreadable.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Why an event cannot be read: the location of the fault, and what is wrong there. It quotes no value.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The JSON path, such as `requestContext.http.method`. `.` is the event itself.
    pub path: String,
    pub problem: &'static str,
}

/// The members of an object as raw JSON, in their original order.
pub struct Members<'a> {
    path: String,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Members<'a> {
    /// The members of the whole event.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if the event is not an object.
    pub fn of_event(event: &'a RawValue) -> Result<Self, Fault> {
        Self::parse(String::new(), event).ok_or(Fault { path: ".".to_owned(), problem: "is not a JSON object" })
    }

    fn parse(path: String, object: &'a RawValue) -> Option<Self> {
        let Pairs(members) = serde_json::from_str(object.get()).ok()?;
        Some(Self { path, members })
    }

    /// The raw value of a member; `null` counts as absent.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if the object has two members of this name, because either could be meant.
    pub fn get(&self, name: &str) -> Result<Option<&'a RawValue>, Fault> {
        let mut values = self.members.iter().filter(|(member, _)| *member == name).map(|(_, value)| *value);
        let value = values.next();
        if values.next().is_some() {
            return Err(self.fault(name, "occurs twice"));
        }
        Ok(value.filter(|value| value.get() != "null"))
    }

    /// The members of an optional object. Anything but an object has no members.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] as [`Members::get`] does.
    pub fn inner(&self, name: &str) -> Result<Self, Fault> {
        let inner = self.get(name)?.and_then(|value| Self::parse(self.path_of(name), value));
        Ok(inner.unwrap_or_else(|| Self { path: self.path_of(name), members: Vec::new() }))
    }

    /// The members of an object that must be valid if it exists.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if it is not an object, or if it repeats a member.
    pub fn object(&self, name: &str) -> Result<Option<Self>, Fault> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let object = Self::parse(self.path_of(name), value).ok_or_else(|| self.fault(name, "is not an object"))?;
        let mut names = BTreeSet::new();
        for (position, (name, _)) in object.members.iter().enumerate() {
            if !names.insert(name) {
                return Err(object.fault_at(position, "occurs twice"));
            }
        }
        Ok(Some(object))
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// A text member, if it exists.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if it is not text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        self.read(name, "is not a string")
    }

    /// A text member that every event of its kind has.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if it is missing or not text.
    pub fn needed_text(&self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| self.fault(name, "is missing"))
    }

    /// Whether a member is this text, however it is escaped. It may have any other type.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] as [`Members::get`] does.
    pub fn is_text(&self, name: &str, text: &str) -> Result<bool, Fault> {
        let is_text =
            |value: &RawValue| serde_json::from_str::<Cow<'_, str>>(value.get()).is_ok_and(|found| found == text);
        Ok(self.get(name)?.is_some_and(is_text))
    }

    /// A boolean member. It is false if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if it is not a boolean.
    pub fn flag(&self, name: &str) -> Result<bool, Fault> {
        Ok(self.read(name, "is not true or false")?.unwrap_or_default())
    }

    fn read<T: DeserializeOwned>(&self, name: &str, problem: &'static str) -> Result<Option<T>, Fault> {
        let value = self.get(name)?.map(|value| serde_json::from_str(value.get()));
        value.transpose().map_err(|_| self.fault(name, problem))
    }

    /// A fault of this member. Its name is one of ours.
    pub fn fault(&self, name: &str, problem: &'static str) -> Fault {
        Fault { path: self.path_of(name), problem }
    }

    /// A fault of the member at this position. Its name is from outside, so it is quoted only if it is a plain one.
    pub fn fault_at(&self, position: usize, problem: &'static str) -> Fault {
        let is_plain = |name: &str| {
            (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match self.members.get(position) {
            Some((name, _)) if is_plain(name) => self.fault(name, problem),
            _ => Fault { path: format!("{}[{position}]", self.path), problem },
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// An object as a list, so that duplicates are noticed.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name. It is copied only if it contains an escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = object.next_entry::<Name<'_>, &RawValue>()? {
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_however_it_is_escaped() {
        for (event, expected) in [
            (r#"{"version":"2.0"}"#, Ok(true)),
            (r#"{"version":"\u0032.0"}"#, Ok(true)),
            (r#"{"version" : "2\u002e0" }"#, Ok(true)),
            (r#"{"version":"1.0"}"#, Ok(false)),
            (r#"{"version":"2.0 "}"#, Ok(false)),
            (r#"{"version":2.0}"#, Ok(false)),
            (r#"{"version":["2.0"]}"#, Ok(false)),
            (r#"{"version":null}"#, Ok(false)),
            ("{}", Ok(false)),
            (r#"{"version":"2.0","version":"2.0"}"#, Err(())),
        ] {
            let event = serde_json::from_str::<Box<RawValue>>(event).unwrap();
            let found = Members::of_event(&event).unwrap().is_text("version", "2.0");
            assert_eq!(found.map_err(drop), expected, "{event}");
        }
    }
}
