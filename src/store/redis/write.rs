//! Conditional writes. Nothing is written over a value that has changed since it was read.

use std::collections::HashMap;

use redis::{Cmd, Value, cmd};
use serde_dynamo::AttributeValue::{self, N};
use tokio::time::Instant;

use super::{Redis, RedisFailure, item_of, unavailable, value};
use crate::{
    records::{Corrupt, FetchedItems, Item, ItemKey, UnixTime, strengthened},
    store::{MARK_ATTEMPTS, StoreUnavailable, new_mark, operator::Change},
};

/// Writes a value where the one that is there, and its expiry, are as expected. A script, since no command compares.
/// `EXPIRETIME` is -2 where there is no key, and -1 where it stays.
const REPLACE: &str = "\
if redis.call('EXPIRETIME', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
if ARGV[1] ~= '-2' and redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if ARGV[4] == '' then redis.call('SET', KEYS[1], ARGV[3]) else redis.call('SET', KEYS[1], ARGV[3], 'EXAT', ARGV[4]) end
return 1";
const ABSENT: i64 = -2;
const STAYS: i64 = -1;

/// An expiry that the server takes: not before its first second, and no more milliseconds than it can count.
const EXPIRIES: std::ops::RangeInclusive<i64> = 1..=9_000_000_000_000_000;

/// A value as it was read.
struct Stored {
    value: Vec<u8>,
    /// What `EXPIRETIME` says.
    expiry: i64,
    /// What can be made of the value; `None`: the key does not exist.
    item: Option<Result<Item, Corrupt>>,
}

impl Redis {
    /// Writes a mark that revokes all that it names. An existing one keeps its other attributes.
    pub async fn put_mark(
        &self,
        key: &ItemKey,
        expires_at: Option<UnixTime>,
        deadline: Instant,
    ) -> Result<(), StoreUnavailable> {
        self.mark(key, expires_at, deadline).await.map_err(|failure| unavailable(&failure))
    }

    async fn mark(&self, key: &ItemKey, expires_at: Option<UnixTime>, deadline: Instant) -> Result<(), RedisFailure> {
        let until = expires_at.map(|UnixTime(seconds)| seconds);
        for _ in 0..MARK_ATTEMPTS {
            let stored = self.stored(key, deadline).await?;
            let written = match &stored.item {
                None => self.replace(key, &stored, new_mark(expires_at), deadline).await?,
                Some(Ok(item)) => match strengthened(&dated(item.clone(), stored.expires_at()), until) {
                    None => return Ok(()),
                    Some(attributes) => self.replace(key, &stored, attributes, deadline).await?,
                },
                // An unreadable value revokes all that it names as it is, so only its expiry may change.
                Some(Err(Corrupt)) => match strengthened(&dated(no_attributes(), stored.expires_at()), until) {
                    None => return Ok(()),
                    Some(attributes) => {
                        let (_, expires_at) = undated(attributes);
                        self.replace_value(key, &stored, &stored.value, expires_at, deadline).await?
                    }
                },
            };
            if written {
                return Ok(());
            }
        }
        Err(RedisFailure::Contended)
    }

    /// The items under these keys for the operator's tool, which sees the keys' expiries as `expires_at`.
    pub async fn items(&self, keys: &[ItemKey]) -> Result<FetchedItems, RedisFailure> {
        let mut items = FetchedItems::default();
        for key in keys {
            let stored = self.stored(key, self.deadline()).await?;
            let expires_at = stored.expires_at();
            if let Some(item) = stored.item {
                let item = item.map(|item| dated(item, expires_at));
                items.0.insert(key.clone(), item);
            }
        }
        Ok(items)
    }

    /// Writes an item where there is none, and says whether there was none.
    pub async fn insert(
        &self,
        key: &ItemKey,
        attributes: HashMap<String, AttributeValue>,
    ) -> Result<bool, RedisFailure> {
        let absent = Stored { value: Vec::new(), expiry: ABSENT, item: None };
        self.replace(key, &absent, attributes, self.deadline()).await
    }

    /// Changes an item that is there, and says whether it was, and as it was read.
    pub async fn update(&self, key: &ItemKey, change: Change) -> Result<bool, RedisFailure> {
        let stored = self.stored(key, self.deadline()).await?;
        let Some(item) = &stored.item else { return Ok(false) };
        // Of one that cannot be read there is nothing to keep.
        let item = item.clone().unwrap_or_else(|Corrupt| no_attributes());
        let mut attributes = dated(item, stored.expires_at()).into_inner();
        if change.unchanged.iter().any(|(name, value)| attributes.get(*name) != value.as_ref()) {
            return Ok(false);
        }
        attributes.retain(|name, _| !change.remove.contains(&name.as_str()));
        attributes.extend(change.set);
        self.replace(key, &stored, attributes, self.deadline()).await
    }

    async fn stored(&self, key: &ItemKey, deadline: Instant) -> Result<Stored, RedisFailure> {
        let replies = self.send([Cmd::get(key.id()), Cmd::expire_time(key.id())], deadline).await?;
        let [value, expiry]: [_; 2] = replies.try_into().map_err(|_: Vec<_>| RedisFailure::Unreadable)?;
        let bytes = match &value {
            Ok(Value::BulkString(bytes)) => bytes.clone(),
            _ => Vec::new(),
        };
        match (item_of(value)?, expiry?) {
            (None, Value::Int(_)) => Ok(Stored { value: bytes, expiry: ABSENT, item: None }),
            (item, Value::Int(expiry)) => Ok(Stored { value: bytes, expiry, item }),
            _ => Err(RedisFailure::Unreadable),
        }
    }

    async fn replace(
        &self,
        key: &ItemKey,
        expected: &Stored,
        attributes: HashMap<String, AttributeValue>,
        deadline: Instant,
    ) -> Result<bool, RedisFailure> {
        let (attributes, expires_at) = undated(attributes);
        let value = value::text(attributes).map_err(|Corrupt| RedisFailure::Unreadable)?;
        self.replace_value(key, expected, value.as_bytes(), expires_at, deadline).await
    }

    async fn replace_value(
        &self,
        key: &ItemKey,
        expected: &Stored,
        value: &[u8],
        expires_at: Option<i64>,
        deadline: Instant,
    ) -> Result<bool, RedisFailure> {
        let expires_at =
            expires_at.map_or(String::new(), |at| at.clamp(*EXPIRIES.start(), *EXPIRIES.end()).to_string());
        let mut script = cmd("EVAL");
        script.arg(REPLACE).arg(1).arg(key.id());
        script.arg(expected.expiry).arg(&expected.value).arg(value).arg(expires_at);
        match self.send([script], deadline).await?.pop() {
            Some(Ok(Value::Int(written))) => Ok(written == 1),
            // A key that holds another type than a string stays so: it is for a person to remove.
            Some(Err(error)) => Err(error.into()),
            _ => Err(RedisFailure::Unreadable),
        }
    }
}

impl Stored {
    fn expires_at(&self) -> Option<i64> {
        (self.expiry != ABSENT && self.expiry != STAYS).then_some(self.expiry)
    }
}

fn no_attributes() -> Item {
    HashMap::<String, AttributeValue>::new().into()
}

/// An item with its key's expiry as an attribute, whatever it says of it itself.
fn dated(item: Item, expires_at: Option<i64>) -> Item {
    let mut attributes = item.into_inner();
    attributes.remove("expires_at");
    attributes.extend(expires_at.map(|at| ("expires_at".to_owned(), N(at.to_string()))));
    attributes.into()
}

/// The attributes of a value, and the expiry of its key.
fn undated(mut attributes: HashMap<String, AttributeValue>) -> (HashMap<String, AttributeValue>, Option<i64>) {
    let expires_at = match attributes.remove("expires_at") {
        Some(N(number)) => number.parse().ok(),
        _ => None,
    };
    (attributes, expires_at)
}
