//! Conditional writes. A value is never overwritten if it has changed since it was read.

use std::collections::HashMap;

use futures_util::FutureExt;
use redis::{Cmd, Value, cmd};
use serde_dynamo::AttributeValue::{self, N};
use tokio::time::Instant;

use super::{Redis, RedisFailure, item_of, unavailable, value};
use crate::{
    records::{Corrupt, Item, ItemKey, NewMark, strengthened},
    store::{MARK_ATTEMPTS, StoreUnavailable, dynamodb::DynamoDb},
};

/// Writes a value if the existing one, and its expiry, are as expected. This needs a script, because no command
/// compares. `EXPIRETIME` is -2 if the key does not exist, and -1 if it does not expire.
const REPLACE: &str = "\
if redis.call('EXPIRETIME', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
if ARGV[1] ~= '-2' and redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if ARGV[4] == '' then redis.call('SET', KEYS[1], ARGV[3]) else redis.call('SET', KEYS[1], ARGV[3], 'EXAT', ARGV[4]) end
return 1";
const ABSENT: i64 = -2;
const STAYS: i64 = -1;

/// The expiries that the server accepts: after the epoch, and with no more milliseconds than it can count.
const EXPIRIES: std::ops::RangeInclusive<i64> = 1..=9_000_000_000_000_000;

/// A value as it was read, with the expiry of its key. It may contain a token's record, so it has no `Debug`.
pub struct StoredValue {
    bytes: Vec<u8>,
    /// The result of `EXPIRETIME`.
    expiry: i64,
    item: Result<Item, Corrupt>,
}

impl StoredValue {
    /// The attributes, with the key's expiry as `expires_at`.
    ///
    /// # Errors
    ///
    /// Returns [`Corrupt`] if the value cannot be read.
    pub fn item(&self) -> Result<Item, Corrupt> {
        self.item.clone().map(|item| dated(item, self.expires_at()))
    }

    /// The attributes, for a change. Of a value that cannot be read, only the expiry is returned.
    pub fn item_to_change(&self) -> Item {
        let no_attributes = || HashMap::<String, AttributeValue>::new().into();
        self.item().unwrap_or_else(|Corrupt| dated(no_attributes(), self.expires_at()))
    }

    fn expires_at(&self) -> Option<i64> {
        (self.expiry != STAYS).then_some(self.expiry)
    }
}

impl Redis {
    /// Writes a mark. An existing mark keeps its other attributes, and is never weakened.
    pub(in crate::store) async fn put_mark(
        &self,
        mark: &NewMark,
        dynamodb: &DynamoDb,
        deadline: Instant,
    ) -> Result<(), StoreUnavailable> {
        // A mark that only a server without its data has would be lost with that server.
        let written = self.trusted(dynamodb, deadline, || self.mark(mark, deadline).boxed()).await;
        written.map_err(|failure| unavailable(&failure))
    }

    async fn mark(&self, mark: &NewMark, deadline: Instant) -> Result<(), RedisFailure> {
        let key = &mark.key;
        for _ in 0..MARK_ATTEMPTS {
            let stored = self.stored(key, deadline).await?;
            let written = match &stored {
                None => self.replace(key, None, mark.attributes(), deadline).await?,
                Some(value) => {
                    let Some(attributes) = strengthened(&value.item_to_change(), mark) else { return Ok(()) };
                    if value.item.is_ok() {
                        self.replace(key, stored.as_ref(), attributes, deadline).await?
                    } else {
                        // An unreadable value already revokes everything it names, so only its expiry may change.
                        let (_, expires_at) = undated(attributes);
                        self.replace_value(key, stored.as_ref(), &value.bytes, expires_at, deadline).await?
                    }
                }
            };
            if written {
                return Ok(());
            }
        }
        Err(RedisFailure::Contended)
    }

    /// The value under a key. `None` if the key does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`RedisFailure`] if the value could not be read.
    pub async fn stored(&self, key: &ItemKey, deadline: Instant) -> Result<Option<StoredValue>, RedisFailure> {
        let replies = self.send([Cmd::get(key.id()), Cmd::expire_time(key.id())], deadline).await?;
        let [value, expiry]: [_; 2] = replies.try_into().map_err(|_: Vec<_>| RedisFailure::Unreadable)?;
        let bytes = match &value {
            Ok(Value::BulkString(bytes)) => bytes.clone(),
            _ => Vec::new(),
        };
        let item = item_of(value)?;
        let Value::Int(expiry) = expiry? else { return Err(RedisFailure::Unreadable) };
        Ok(item.map(|item| StoredValue { bytes, expiry, item }))
    }

    /// Writes attributes, with `expires_at` as the key's expiry, if the key still has the value that was read or, for
    /// `None`, if it still does not exist. Returns whether they were written.
    ///
    /// # Errors
    ///
    /// Returns [`RedisFailure`] if it is unknown whether they were written.
    pub async fn replace(
        &self,
        key: &ItemKey,
        expected: Option<&StoredValue>,
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
        expected: Option<&StoredValue>,
        value: &[u8],
        expires_at: Option<i64>,
        deadline: Instant,
    ) -> Result<bool, RedisFailure> {
        let expires_at =
            expires_at.map_or(String::new(), |at| at.clamp(*EXPIRIES.start(), *EXPIRIES.end()).to_string());
        let mut script = cmd("EVAL");
        script.arg(REPLACE).arg(1).arg(key.id());
        let (expiry, bytes) = expected.map_or((ABSENT, &[][..]), |value| (value.expiry, &value.bytes));
        script.arg(expiry).arg(bytes).arg(value).arg(expires_at);
        match self.send([script], deadline).await?.pop() {
            Some(Ok(Value::Int(written))) => Ok(written == 1),
            // A key of another type than a string is kept, for the operator to remove.
            Some(Err(error)) => Err(error.into()),
            _ => Err(RedisFailure::Unreadable),
        }
    }
}

/// An item with the key's expiry as its `expires_at`, instead of its own.
fn dated(item: Item, expires_at: Option<i64>) -> Item {
    let mut attributes = item.into_inner();
    attributes.remove("expires_at");
    attributes.extend(expires_at.map(|at| ("expires_at".to_owned(), N(at.to_string()))));
    attributes.into()
}

/// Separates the attributes of a value from the expiry of its key.
fn undated(mut attributes: HashMap<String, AttributeValue>) -> (HashMap<String, AttributeValue>, Option<i64>) {
    let expires_at = match attributes.remove("expires_at") {
        Some(N(number)) => number.parse().ok(),
        _ => None,
    };
    (attributes, expires_at)
}
