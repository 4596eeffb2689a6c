//! The three tables behind one interface. All are in DynamoDB, except the tokens table if it is in Redis. Only this
//! module and `signer` name the AWS SDK.

#[cfg(feature = "redis")]
mod canary;
mod dynamodb;
mod lease;
mod mark;
#[cfg(not(feature = "redis"))]
mod no_redis;
mod pause;
mod read;
mod reconnect;
#[cfg(feature = "redis")]
mod redis;
mod replay;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use futures_util::future::try_join;
use tokio::time::Instant;

use self::dynamodb::{ATTEMPT_TIMEOUT, CONNECT_TIMEOUT, DynamoDb, TOTAL_TIMEOUT};
#[cfg(not(feature = "redis"))]
use self::no_redis as redis;
use crate::{
    records::{FetchedItems, ItemKey, NewMark, Snapshot, Table},
    settings::{ReadConsistency, SettingError, Settings, TableNames},
};

pub use self::{
    dynamodb::{cause_of, configuration},
    reconnect::{http_client, http_connector},
    redis::{Redis, RedisFailure, StoredValue},
    replay::FirstUse,
};

/// The maximum number of attempts to write a mark that other writers change at the same time.
const MARK_ATTEMPTS: u32 = 5;

/// The store did not return everything that was requested, so nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreUnavailable;

/// The time limits for Redis.
#[derive(Clone)]
pub struct RedisLimits {
    /// For opening a connection, including TLS and authentication.
    pub connect: Duration,
    /// For one attempt, including a new connection if one is needed.
    pub attempt: Duration,
    /// For all attempts together.
    pub total: Duration,
}

impl RedisLimits {
    const FUNCTION: Self = Self { connect: CONNECT_TIMEOUT, attempt: ATTEMPT_TIMEOUT, total: TOTAL_TIMEOUT };
}

/// The three tables.
#[derive(Clone)]
pub struct Store {
    dynamodb: DynamoDb,
    /// The tokens table, if it is not in DynamoDB.
    redis: Option<Redis>,
    /// For the reads that a verdict needs.
    consistency: ReadConsistency,
}

impl Store {
    /// Configures the clients with our time limits. No request is sent yet.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if `REDIS_URL` cannot be used, or if it is set in a build without the feature `redis`.
    pub fn with_config(config: &SdkConfig, settings: &Settings) -> Result<Self, SettingError> {
        let redis = settings.redis_url.as_ref().map(|url| Redis::new(url, RedisLimits::FUNCTION)).transpose()?;
        let redis = redis.map(Redis::guarded);
        let dynamodb = DynamoDb::with_config(config, settings.tables.clone(), &settings.proxies);
        Ok(Self { dynamodb, redis, consistency: settings.read_consistency })
    }

    /// The tables, with clients that the caller has configured. All reads are strongly consistent. Redis is read even if
    /// it lost its data.
    pub fn with_clients(client: Client, tables: TableNames, redis: Option<Redis>) -> Self {
        Self { dynamodb: DynamoDb { client, tables }, redis, consistency: ReadConsistency::Strong }
    }

    /// Checks that Redis may hold revocations, so that the function refuses to start if it may not, and learns the canary
    /// that it must have. If the server is unavailable or lost its data, each request tries again; every new connection
    /// is checked.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if the server may evict keys, is a replica, is too old, has several shards or refuses
    /// the credentials.
    pub async fn check(&self, deadline: Instant) -> Result<(), SettingError> {
        match &self.redis {
            Some(redis) => redis.check(&self.dynamodb, deadline).await,
            None => Ok(()),
        }
    }

    /// Fetches the items under these keys, which must all be different, in one round trip or in as few parallel ones as
    /// DynamoDB allows. Redis is read at the same time. `READ_CONSISTENCY` decides how DynamoDB reads.
    ///
    /// # Errors
    ///
    /// Returns [`StoreUnavailable`] if any item is still missing at the deadline: an item that could not be read is not an
    /// absent item.
    pub async fn get(&self, keys: &[ItemKey], deadline: Instant) -> Result<FetchedItems, StoreUnavailable> {
        self.get_with(self.consistency, keys, deadline).await
    }

    /// Does the same, but always strongly consistently: revocation must find a token that was just stored.
    ///
    /// # Errors
    ///
    /// Returns [`StoreUnavailable`] as [`Store::get`] does.
    pub async fn get_strongly(&self, keys: &[ItemKey], deadline: Instant) -> Result<FetchedItems, StoreUnavailable> {
        self.get_with(ReadConsistency::Strong, keys, deadline).await
    }

    async fn get_with(
        &self,
        consistency: ReadConsistency,
        keys: &[ItemKey],
        deadline: Instant,
    ) -> Result<FetchedItems, StoreUnavailable> {
        let Some(redis) = &self.redis else { return self.dynamodb.get(keys, consistency, deadline).await };
        let (tokens, others): (Vec<_>, Vec<_>) = keys.iter().cloned().partition(|key| key.table() == Table::Tokens);
        let others = self.dynamodb.get(&others, consistency, deadline);
        let (tokens, mut items) = try_join(redis.get(&tokens, &self.dynamodb, deadline), others).await?;
        items.0.extend(tokens.0);
        Ok(items)
    }

    /// Shares a key set that was just fetched, unless another environment has shared a newer one.
    ///
    /// # Errors
    ///
    /// Returns [`StoreUnavailable`] if it is unknown whether a snapshot is stored. A newer snapshot is not an error.
    pub async fn put_snapshot(
        &self,
        key: &ItemKey,
        snapshot: &Snapshot,
        deadline: Instant,
    ) -> Result<(), StoreUnavailable> {
        self.dynamodb.put_snapshot(key, snapshot, deadline).await
    }

    /// Writes a mark. An existing mark is never weakened: it keeps its other attributes, and only its limits and its
    /// expiry are extended, as [`strengthened`](crate::records::strengthened) says.
    ///
    /// # Errors
    ///
    /// Returns [`StoreUnavailable`] if it is unknown whether the mark was written.
    pub async fn put_mark(&self, mark: &NewMark, deadline: Instant) -> Result<(), StoreUnavailable> {
        match &self.redis {
            Some(redis) => redis.put_mark(mark, &self.dynamodb, deadline).await,
            None => self.dynamodb.put_mark(mark, deadline).await,
        }
    }
}
