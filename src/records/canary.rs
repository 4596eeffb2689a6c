//! The canary: a random value that is both in the state table and in Redis. A Redis server without it has lost its data,
//! or is another server.

use std::{collections::HashMap, fmt};

use serde::Deserialize;
use serde_dynamo::AttributeValue;

use super::{Corrupt, FetchedItems, ItemKey, types::StrictString};

/// The random value. It is not a secret, but nothing needs to print it.
#[derive(Clone, Deserialize, PartialEq, Eq)]
pub struct Canary {
    value: StrictString,
}

impl Canary {
    pub fn new(value: String) -> Self {
        Self { value: StrictString(value) }
    }

    /// The attributes of its item, which is the same in both stores and has no expiry.
    pub fn attributes(&self) -> HashMap<String, AttributeValue> {
        let StrictString(value) = &self.value;
        HashMap::from([("value".to_owned(), AttributeValue::S(value.clone()))])
    }
}

/// The canary as one of the two stores has it.
#[derive(Clone, PartialEq, Eq)]
pub enum CanaryCopy {
    Missing,
    Present(Canary),
    /// There is an item of another form.
    Unreadable,
}

impl CanaryCopy {
    /// The copy among the items that were fetched, of which its key was one.
    pub fn from_items(items: &FetchedItems, key: &ItemKey) -> Self {
        match items.record(key) {
            Ok(Some(canary)) => Self::Present(canary),
            Ok(None) => Self::Missing,
            Err(Corrupt) => Self::Unreadable,
        }
    }

    /// What the two copies say about the data of the Redis server. `self` is the copy of the state table.
    pub fn standing(&self, in_redis: &Self) -> Standing {
        match (self, in_redis) {
            (Self::Missing, _) => Standing::Unprotected,
            (Self::Unreadable, _) => Standing::Lost(Loss::UnreadableExpectation),
            (Self::Present(expected), Self::Present(found)) if expected == found => Standing::Protected,
            (Self::Present(_), Self::Present(_)) => Standing::Lost(Loss::Other),
            (Self::Present(_), Self::Missing) => Standing::Lost(Loss::Missing),
            (Self::Present(_), Self::Unreadable) => Standing::Lost(Loss::Unreadable),
        }
    }
}

/// Whether a Redis server still has the data that it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has the canary that the state table has.
    Protected,
    /// The state table has no canary, so a loss would not be noticed.
    Unprotected,
    Lost(Loss),
}

/// How it shows that a server lost its data or is another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    Missing,
    Other,
    Unreadable,
    /// The canary of the state table cannot be read, so no server has the expected one.
    UnreadableExpectation,
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Missing => "the server lost its data, or is another server: its canary is missing",
            Self::Other => "the server lost its data, or is another server: it has another canary",
            Self::Unreadable => "the server lost its data, or is another server: its canary cannot be read",
            Self::UnreadableExpectation => {
                return formatter.write_str(
                    "the canary in the state table cannot be read; if the server has its data, run introspection-admin redis accept",
                );
            }
        };
        write!(
            formatter,
            "{what}; restore a backup or write the revocations again, then run introspection-admin redis accept"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_dynamo::Item;

    use super::*;

    fn present(value: &str) -> CanaryCopy {
        CanaryCopy::Present(Canary::new(value.to_owned()))
    }

    #[test]
    fn u01_only_the_same_canary_in_both_stores_protects() {
        use CanaryCopy::{Missing, Unreadable};
        for (state, redis, expected) in [
            (present("a"), present("a"), Standing::Protected),
            (present("a"), present("b"), Standing::Lost(Loss::Other)),
            (present("a"), present(""), Standing::Lost(Loss::Other)),
            (present("a"), Missing, Standing::Lost(Loss::Missing)),
            (present("a"), Unreadable, Standing::Lost(Loss::Unreadable)),
            (Missing, Missing, Standing::Unprotected),
            (Missing, present("a"), Standing::Unprotected),
            (Missing, Unreadable, Standing::Unprotected),
            // What cannot be read is never equal, not even to itself.
            (Unreadable, Unreadable, Standing::Lost(Loss::UnreadableExpectation)),
            (Unreadable, Missing, Standing::Lost(Loss::UnreadableExpectation)),
            (Unreadable, present("a"), Standing::Lost(Loss::UnreadableExpectation)),
        ] {
            assert_eq!(state.standing(&redis), expected);
        }
    }

    #[test]
    fn u01_each_loss_says_what_was_found_and_what_to_do() {
        for (loss, found) in [
            (Loss::Missing, "its canary is missing"),
            (Loss::Other, "it has another canary"),
            (Loss::Unreadable, "its canary cannot be read"),
            (Loss::UnreadableExpectation, "if the server has its data"),
        ] {
            let line = loss.to_string();
            assert!(line.contains(found) && line.ends_with("introspection-admin redis accept"), "{line}");
        }
    }

    #[test]
    fn a_canary_is_read_as_it_was_written_and_nothing_else_is_one() {
        let key = ItemKey::canary();
        let read = |attributes| CanaryCopy::from_items(&FetchedItems::single(&key, Item::from(attributes)), &key);
        assert!(read(Canary::new("a".to_owned()).attributes()) == present("a"));
        assert!(CanaryCopy::from_items(&FetchedItems::default(), &key) == CanaryCopy::Missing);
        for value in [AttributeValue::N("1".to_owned()), AttributeValue::Null(true), AttributeValue::B(vec![97])] {
            assert!(read(HashMap::from([("value".to_owned(), value)])) == CanaryCopy::Unreadable);
        }
        assert!(read(HashMap::<String, AttributeValue>::new()) == CanaryCopy::Unreadable);
    }
}
