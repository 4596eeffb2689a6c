//! Conditional writes. Nothing is written over a value that has changed since it was read.

use std::collections::HashMap;

use redis::{Cmd, Value, cmd};
use serde_dynamo::AttributeValue::{self, N, S};
use tokio::time::Instant;

use super::{Redis, Trouble, item_of, unavailable, value};
use crate::{
    records::{Corrupt, Item, Items, Key, Seconds},
    store::{MARK_REASON, Unavailable, operator::Change},
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

/// Whoever changes one value that often at the same time is a program gone wrong.
const ATTEMPTS: u32 = 5;
/// An expiry that the server takes: not before its first second, and no more milliseconds than it can count.
const EXPIRIES: std::ops::RangeInclusive<i64> = 1..=9_000_000_000_000_000;

/// A value as it was read.
struct Stored {
    value: Vec<u8>,
    /// What `EXPIRETIME` says.
    expiry: i64,
    /// What can be made of the value; `None`: there is none.
    item: Option<Result<Item, Corrupt>>,
}

impl Redis {
    /// Writes a mark that revokes all it names, unless there is one that does, and for as long.
    pub async fn put_mark(&self, key: &Key, expires_at: Option<Seconds>, deadline: Instant) -> Result<(), Unavailable> {
        let expires_at = expires_at.map(|Seconds(seconds)| seconds);
        self.mark(key, expires_at, deadline).await.map_err(|trouble| unavailable(&trouble))
    }

    async fn mark(&self, key: &Key, expires_at: Option<i64>, deadline: Instant) -> Result<(), Trouble> {
        for _ in 0..ATTEMPTS {
            let stored = self.stored(key, deadline).await?;
            let spares = |item: &Item| item.contains_key("not_before");
            // One that cannot be read revokes all it names as it is.
            let revokes_all = stored.item.as_ref().is_some_and(|item| !item.as_ref().is_ok_and(spares));
            if revokes_all && stored.stays_until(expires_at) {
                return Ok(());
            }
            // What somebody else said in one that only ends too soon is kept.
            let attributes = match &stored.item {
                Some(Ok(item)) if revokes_all => item.clone().into_inner(),
                _ => HashMap::from([("reason".to_owned(), S(MARK_REASON.to_owned()))]),
            };
            let until = if stored.stays_until(expires_at) { stored.expires_at() } else { expires_at };
            if self.replace(key, &stored, attributes, until, deadline).await? {
                return Ok(());
            }
        }
        Err(Trouble::Contended)
    }

    /// The items under these keys for the operator's tool, which sees the keys' expiries as `expires_at`.
    pub async fn items(&self, keys: &[Key]) -> Result<Items, Trouble> {
        let mut items = Items::default();
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
    pub async fn insert(&self, key: &Key, attributes: HashMap<String, AttributeValue>) -> Result<bool, Trouble> {
        let (attributes, expires_at) = undated(attributes);
        let absent = Stored { value: Vec::new(), expiry: ABSENT, item: None };
        self.replace(key, &absent, attributes, expires_at, self.deadline()).await
    }

    /// Changes an item that is there, and says whether it was, and as it was read.
    pub async fn update(&self, key: &Key, change: Change) -> Result<bool, Trouble> {
        let stored = self.stored(key, self.deadline()).await?;
        let Some(item) = &stored.item else { return Ok(false) };
        // Of one that cannot be read there is nothing to keep.
        let item = item.clone().unwrap_or_else(|Corrupt| Item::from(HashMap::<String, AttributeValue>::new()));
        let mut attributes = dated(item, stored.expires_at()).into_inner();
        if change.unchanged.iter().any(|(name, value)| attributes.get(*name) != value.as_ref()) {
            return Ok(false);
        }
        attributes.retain(|name, _| !change.remove.contains(&name.as_str()));
        attributes.extend(change.set);
        let (attributes, expires_at) = undated(attributes);
        self.replace(key, &stored, attributes, expires_at, self.deadline()).await
    }

    async fn stored(&self, key: &Key, deadline: Instant) -> Result<Stored, Trouble> {
        let replies = self.send([Cmd::get(key.id()), Cmd::expire_time(key.id())], deadline).await?;
        let [value, expiry]: [_; 2] = replies.try_into().map_err(|_: Vec<_>| Trouble::Unreadable)?;
        let bytes = match &value {
            Ok(Value::BulkString(bytes)) => bytes.clone(),
            _ => Vec::new(),
        };
        match (item_of(value)?, expiry?) {
            (None, Value::Int(_)) => Ok(Stored { value: bytes, expiry: ABSENT, item: None }),
            (item, Value::Int(expiry)) => Ok(Stored { value: bytes, expiry, item }),
            _ => Err(Trouble::Unreadable),
        }
    }

    async fn replace(
        &self,
        key: &Key,
        expected: &Stored,
        attributes: HashMap<String, AttributeValue>,
        expires_at: Option<i64>,
        deadline: Instant,
    ) -> Result<bool, Trouble> {
        let value = value::text(attributes).map_err(|Corrupt| Trouble::Unreadable)?;
        let expires_at =
            expires_at.map_or(String::new(), |at| at.clamp(*EXPIRIES.start(), *EXPIRIES.end()).to_string());
        let mut script = cmd("EVAL");
        script.arg(REPLACE).arg(1).arg(key.id());
        script.arg(expected.expiry).arg(&expected.value).arg(value).arg(expires_at);
        match self.send([script], deadline).await?.pop() {
            Some(Ok(Value::Int(written))) => Ok(written == 1),
            // A key that holds another type than a string stays so: it is for a person to remove.
            Some(Err(error)) => Err(error.into()),
            _ => Err(Trouble::Unreadable),
        }
    }
}

impl Stored {
    /// Whether there is a value, and none that ends sooner.
    fn stays_until(&self, expires_at: Option<i64>) -> bool {
        self.expiry == STAYS || expires_at.is_some_and(|expires_at| self.expiry >= expires_at)
    }

    fn expires_at(&self) -> Option<i64> {
        (self.expiry != ABSENT && self.expiry != STAYS).then_some(self.expiry)
    }
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
