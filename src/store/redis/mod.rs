//! The tokens table in Redis or Valkey: the same ids as keys, JSON objects of the same attributes as values, the keys'
//! expiry in the place of `expires_at`.

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
    /// Whether the server may hold revocations, as far as it can be reached. A key that holds nothing is asked for, so
    /// that missing rights are noticed now.
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

    /// The items under these keys, in one pipeline. `GET` for each, and not one `MGET`: a cluster's keys are in many
    /// slots, and one key of another type must not hide the rest.
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

/// What a `GET` brought. A key that holds another type than a string is there, and unreadable.
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

/// Logs which failure it was; the text quotes neither key nor value.
fn unavailable(failure: &RedisFailure) -> StoreUnavailable {
    error!(event = "store_unavailable", operation = "Redis", cause = %failure);
    StoreUnavailable
}
