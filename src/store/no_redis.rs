//! What stands in the place of Redis in a build without the feature `redis`: a type without values. No code that has
//! one can run, so that the rest of the store need not ask which build it is in.

use std::{collections::HashMap, fmt};

use serde_dynamo::AttributeValue;
use tokio::time::Instant;

use super::{StoreUnavailable, operator::Change};
use crate::{
    records::{FetchedItems, ItemKey, UnixTime},
    settings::{RedisUrl, SettingError},
};

/// There is none.
#[derive(Clone)]
pub(super) enum Redis {}

/// Time limits, for whoever has a server to wait for.
pub(super) struct Limits;

/// There is none: nothing is asked of a server.
pub enum RedisFailure {}

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

impl Limits {
    pub const FUNCTION: Self = Self;
    pub const OPERATOR: Self = Self;
}

#[expect(clippy::unused_async, reason = "where there is a server they are")]
impl Redis {
    /// Refuses the setting: to ignore it would be to miss every revocation.
    pub fn new(_: &RedisUrl, _: Limits) -> Result<Self, SettingError> {
        Err(RedisUrl::error("needs a build with the cargo feature \"redis\", which this one is without"))
    }

    pub async fn check(&self, _: Instant) -> Result<(), SettingError> {
        match *self {}
    }

    pub async fn get(&self, _: &[ItemKey], _: Instant) -> Result<FetchedItems, StoreUnavailable> {
        match *self {}
    }

    pub async fn put_mark(&self, _: &ItemKey, _: Option<UnixTime>, _: Instant) -> Result<(), StoreUnavailable> {
        match *self {}
    }

    pub async fn items(&self, _: &[ItemKey]) -> Result<FetchedItems, RedisFailure> {
        match *self {}
    }

    pub async fn insert(&self, _: &ItemKey, _: HashMap<String, AttributeValue>) -> Result<bool, RedisFailure> {
        match *self {}
    }

    pub async fn update(&self, _: &ItemKey, _: Change) -> Result<bool, RedisFailure> {
        match *self {}
    }
}
