//! How attributes are read: NULL counts as absent, a wrong type is an error, and lists are `L` of `S` or `SS`.

use std::{collections::HashMap, fmt, marker::PhantomData};

use serde::{
    Serialize,
    de::{self, Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_dynamo::AttributeValue;

/// An item as a mapping library knows it: attribute names to values.
pub type Item = serde_dynamo::Item;

/// About how many bytes of memory an item needs.
pub fn item_size(item: &Item) -> usize {
    map_size(item.inner())
}

fn map_size(map: &HashMap<String, AttributeValue>) -> usize {
    map.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    let texts = |texts: &[String]| texts.iter().map(|text| size_of_val(text) + text.len()).sum::<usize>();
    let content = match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 0,
        AttributeValue::M(map) => map_size(map),
        AttributeValue::L(list) => list.iter().map(value_size).sum(),
        AttributeValue::Ss(set) | AttributeValue::Ns(set) => texts(set),
        AttributeValue::Bs(set) => set.iter().map(|bytes| size_of_val(bytes) + bytes.len()).sum(),
    };
    size_of_val(value) + content
}

/// An item whose relevant attributes do not follow the contract. Corrupt data never helps the bearer (G-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// Reads an item into a record.
///
/// # Errors
///
/// Returns [`Corrupt`] if a required attribute is missing or an attribute has a wrong type.
pub fn read<'de, T: Deserialize<'de>>(item: Item) -> Result<T, Corrupt> {
    serde_dynamo::from_item(item).map_err(|_| Corrupt)
}

/// A longer reason of a mark is cut off.
pub const MAX_REASON_CHARACTERS: usize = 200;

/// A string attribute that no decision reads, cut to [`MAX_REASON_CHARACTERS`].
pub fn text(item: &Item, name: &str) -> Option<String> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.chars().take(MAX_REASON_CHARACTERS).collect()),
        _ => None,
    }
}

/// A point in time, in whole seconds since the epoch. A fraction is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The last second of the year 9999. A later time is most likely in milliseconds, and would make a token immortal
    /// (H-34).
    pub const LAST: i64 = 253_402_300_799;

    /// Returns `None` if the number is not a time.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    pub fn from_f64(seconds: f64) -> Option<Self> {
        // A double of this size is exact, and its floor is at most the last second.
        let limit = 253_402_300_800.0;
        (-limit < seconds && seconds < limit).then(|| Self(seconds.floor() as i64))
    }

    /// The time that is this many seconds later.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The time, unless it is zero, which issuers write for "unknown". Every time except `exp` is read like this.
    pub fn known(self) -> Option<Self> {
        (self.0 != 0).then_some(self)
    }
}

/// Reads an optional time for which zero means "unknown".
pub fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixTime>, D::Error> {
    Ok(Option::<UnixTime>::deserialize(deserializer)?.and_then(UnixTime::known))
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_f64(f64::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("not a time"))
    }
}

/// A value that really is a string: `serde_dynamo` would also accept bytes as an element of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StrictString(pub String);

impl<'de> Deserialize<'de> for StrictString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOnly;

        impl Visitor<'_> for TextOnly {
            type Value = StrictString;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<StrictString, E> {
                Ok(StrictString(text.to_owned()))
            }
        }

        deserializer.deserialize_string(TextOnly)
    }
}

impl PartialEq<str> for StrictString {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

/// Reads an attribute that has the default of its type if it is absent or NULL.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a boolean that is true if it is NULL. If it is absent, the default of its record applies.
pub fn or_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::deserialize(deserializer).map(|value| value.unwrap_or(true))
}

/// Reads an optional map into a struct. `serde_dynamo` would also accept a list, by position.
pub fn map<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct MapOnly<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for MapOnly<T> {
        type Value = Option<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map")
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members)).map(Some)
        }
    }

    deserializer.deserialize_option(MapOnly(PhantomData))
}

/// The items that one trip fetched, by key. An item that cannot be read is an error here, and not absent.
#[derive(Default)]
pub struct FetchedItems(pub HashMap<super::ItemKey, Result<Item, Corrupt>>);

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue::{B, Bool, Bs, L, M, N, Ns, Null, S, Ss};

    use super::*;

    #[test]
    fn the_size_of_an_item_counts_names_values_and_what_they_contain() {
        let (value, text, bytes) = (size_of::<AttributeValue>(), size_of::<String>(), size_of::<Vec<u8>>());
        let texts = || vec!["a".to_owned(), "bcd".to_owned()];
        for (attribute, content) in [
            (S("abc".to_owned()), 3),
            (N("12".to_owned()), 2),
            (B(vec![0; 5]), 5),
            (Bool(true), 0),
            (Null(true), 0),
            (L(vec![S("ab".to_owned()), Null(true)]), 2 * value + 2),
            (M([("name".to_owned(), S("ab".to_owned()))].into()), 4 + value + 2),
            (Ss(texts()), 2 * text + 4),
            (Ns(texts()), 2 * text + 4),
            (Bs(vec![vec![1], vec![1, 2, 3]]), 2 * bytes + 4),
        ] {
            let item = Item::from(HashMap::from([("attribute".to_owned(), attribute.clone())]));
            assert_eq!(item_size(&item), 9 + value + content, "{attribute:?}");
        }
    }
}
