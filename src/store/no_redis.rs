//! Replaces Redis in a build without the feature `redis` by types without values. Code that has such a value can never
//! run, so the rest of the store does not depend on the feature.

#![allow(clippy::missing_errors_doc, reason = "a function that cannot be called returns no error")]

use std::{collections::HashMap, fmt};

use serde_dynamo::AttributeValue;
use tokio::time::Instant;

use super::{RedisLimits, StoreUnavailable, dynamodb::DynamoDb};
use crate::{
    records::{Corrupt, FetchedItems, Item, ItemKey, NewMark},
    settings::{RedisUrl, SettingError},
};

/// Has no values in this build.
#[derive(Clone)]
pub enum Redis {}

/// Has no values in this build, because no server is ever asked.
pub enum RedisFailure {}

/// Has no values in this build.
pub enum StoredValue {}

impl RedisFailure {
    pub fn setting(&self) -> Option<SettingError> {
        match *self {}
    }
}

impl fmt::Display for RedisFailure {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl StoredValue {
    pub fn item(&self) -> Result<Item, Corrupt> {
        match *self {}
    }

    pub fn item_to_change(&self) -> Item {
        match *self {}
    }
}

#[expect(clippy::unused_async, reason = "they are async in a build with Redis")]
impl Redis {
    /// Refuses the setting: ignoring it would miss every revocation.
    ///
    /// # Errors
    ///
    /// Always returns [`SettingError`].
    pub fn new(_: &RedisUrl, _: RedisLimits) -> Result<Self, SettingError> {
        Err(RedisUrl::error("needs a build with the cargo feature \"redis\", which this one is without"))
    }

    pub fn deadline(&self) -> Instant {
        match *self {}
    }

    pub(super) fn guarded(self) -> Self {
        match self {}
    }

    pub(super) async fn check(&self, _: &DynamoDb, _: Instant) -> Result<(), SettingError> {
        match *self {}
    }

    pub(super) async fn get(&self, _: &[ItemKey], _: &DynamoDb, _: Instant) -> Result<FetchedItems, StoreUnavailable> {
        match *self {}
    }

    pub(super) async fn put_mark(&self, _: &NewMark, _: &DynamoDb, _: Instant) -> Result<(), StoreUnavailable> {
        match *self {}
    }

    pub async fn stored(&self, _: &ItemKey, _: Instant) -> Result<Option<StoredValue>, RedisFailure> {
        match *self {}
    }

    pub async fn replace(
        &self,
        _: &ItemKey,
        _: Option<&StoredValue>,
        _: HashMap<String, AttributeValue>,
        _: Instant,
    ) -> Result<bool, RedisFailure> {
        match *self {}
    }
}
