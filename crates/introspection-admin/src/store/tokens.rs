//! The tokens table in Redis for the operator's tool, with the same conditional writes as the function's marks.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use token_introspection::{
    records::{FetchedItems, ItemKey},
    store::{Redis, RedisFailure},
};

use super::Change;

/// The items under these keys, each with its key's expiry as `expires_at`.
pub(super) async fn items(redis: &Redis, keys: &[ItemKey]) -> Result<FetchedItems, RedisFailure> {
    let mut items = FetchedItems::default();
    for key in keys {
        if let Some(value) = redis.stored(key, redis.deadline()).await? {
            items.0.insert(key.clone(), value.item());
        }
    }
    Ok(items)
}

/// Writes an item if none exists. Returns whether it was written.
pub(super) async fn insert(
    redis: &Redis,
    key: &ItemKey,
    attributes: HashMap<String, AttributeValue>,
) -> Result<bool, RedisFailure> {
    redis.replace(key, None, attributes, redis.deadline()).await
}

/// Changes an existing item. Returns false if it does not exist or has changed since it was read.
pub(super) async fn update(redis: &Redis, key: &ItemKey, change: Change) -> Result<bool, RedisFailure> {
    let Some(stored) = redis.stored(key, redis.deadline()).await? else { return Ok(false) };
    let mut attributes = stored.item_to_change().into_inner();
    if change.unchanged.iter().any(|(name, value)| attributes.get(*name) != value.as_ref()) {
        return Ok(false);
    }
    attributes.retain(|name, _| !change.remove.contains(&name.as_str()));
    attributes.extend(change.set);
    redis.replace(key, Some(&stored), attributes, redis.deadline()).await
}
