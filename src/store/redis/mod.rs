//! The tokens table in Redis or Valkey: the same ids as keys, JSON objects with the same attributes as values, and the
//! keys' expiry instead of `expires_at`.

mod canary;
mod connection;
mod failure;
mod server;
mod value;
mod write;

use futures_util::FutureExt;
use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::Instant;
use tracing::error;

use super::{StoreUnavailable, dynamodb::DynamoDb};
use crate::{
    digest::Digest,
    records::{Corrupt, FetchedItems, Item, ItemKey},
    settings::SettingError,
};

pub use self::{connection::Redis, failure::RedisFailure, write::StoredValue};

impl Redis {
    /// Checks that the server may hold revocations, if it can be reached, and learns the canary. It reads a key that does
    /// not exist, so that missing rights are noticed now. A server that lost its data does not stop the start, because
    /// the cure is outside: each request is refused until the operator accepts the loss.
    pub(in crate::store) async fn check(&self, dynamodb: &DynamoDb, deadline: Instant) -> Result<(), SettingError> {
        let key = [ItemKey::padding(&Digest::of("start"), 0)];
        let checked = async {
            // A wrong setting must be reported even if DynamoDB does not return the canary.
            self.unguarded().read(&key, deadline).await?;
            self.trusted(dynamodb, deadline, || self.read(&key, deadline).boxed()).await
        };
        match checked.await {
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
        dynamodb: &DynamoDb,
        deadline: Instant,
    ) -> Result<FetchedItems, StoreUnavailable> {
        if keys.is_empty() {
            return Ok(FetchedItems::default());
        }
        let read = self.trusted(dynamodb, deadline, || self.read(keys, deadline).boxed()).await;
        read.map_err(|failure| unavailable(&failure))
    }

    async fn read(&self, keys: &[ItemKey], deadline: Instant) -> Result<FetchedItems, RedisFailure> {
        let mut items = FetchedItems::default();
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
