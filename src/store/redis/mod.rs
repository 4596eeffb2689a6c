//! The tokens table in Redis or Valkey: the same ids as keys, JSON objects with the same attributes as values, and the
//! keys' expiry instead of `expires_at`.

mod connection;
mod failure;
mod server;
mod value;
mod write;

use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::Instant;
use tracing::error;

use super::StoreUnavailable;
use crate::{
    digest::Digest,
    records::{Corrupt, FetchedItems, Item, ItemKey},
    settings::SettingError,
};

pub use self::{connection::Redis, failure::RedisFailure, write::StoredValue};

impl Redis {
    /// Checks that the server may hold revocations, if it can be reached. It reads a key that does not exist, so that
    /// missing rights are noticed now.
    pub(in crate::store) async fn check(&self, deadline: Instant) -> Result<(), SettingError> {
        match self.read(&[ItemKey::padding(&Digest::of("start"), 0)], deadline).await {
            Ok(_) => Ok(()),
            Err(failure) => {
                let setting = failure.setting();
                unavailable(&failure);
                setting.map_or(Ok(()), Err)
            }
        }
    }

    /// Fetches the items under these keys in one pipeline. It sends a `GET` for each key instead of one `MGET`, because
    /// a cluster's keys are in many slots, and because one key of another type must not hide the others.
    pub(in crate::store) async fn get(
        &self,
        keys: &[ItemKey],
        deadline: Instant,
    ) -> Result<FetchedItems, StoreUnavailable> {
        self.read(keys, deadline).await.map_err(|failure| unavailable(&failure))
    }

    async fn read(&self, keys: &[ItemKey], deadline: Instant) -> Result<FetchedItems, RedisFailure> {
        let mut items = FetchedItems::default();
        if keys.is_empty() {
            return Ok(items);
        }
        let replies = self.send(keys.iter().map(|key| Cmd::get(key.id())), deadline).await?;
        for (key, reply) in keys.iter().zip(replies) {
            if let Some(item) = item_of(reply)? {
                items.0.insert(key.clone(), item);
            }
        }
        Ok(items)
    }
}

/// The result of a `GET`. A key of another type than a string exists, but is unreadable.
fn item_of(reply: RedisResult<Value>) -> Result<Option<Result<Item, Corrupt>>, RedisFailure> {
    match reply {
        Ok(Value::Nil) => Ok(None),
        Ok(Value::BulkString(value)) => Ok(Some(value::item(&value))),
        Ok(_) => Err(RedisFailure::Unreadable),
        Err(error) if is_wrong_type(&error) => Ok(Some(Err(Corrupt))),
        Err(error) => Err(error.into()),
    }
}

fn is_wrong_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

/// Logs the failure. Its text quotes neither keys nor values.
fn unavailable(failure: &RedisFailure) -> StoreUnavailable {
    error!(event = "store_unavailable", operation = "Redis", cause = %failure);
    StoreUnavailable
}
