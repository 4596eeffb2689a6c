//! The three tables over the network, behind one door. All are in DynamoDB, but for the tokens table where a team keeps
//! that in Redis. Beside `signer` the one place that names the AWS SDK.

mod dynamodb;
mod operator;
#[cfg(feature = "redis")]
mod redis;
#[cfg(not(feature = "redis"))]
#[path = "no_redis.rs"]
mod redis;
mod replay;

use aws_config::SdkConfig;
use futures_util::future::try_join;
use tokio::time::Instant;

use self::{
    dynamodb::DynamoDb,
    redis::{Limits, Redis},
};
use crate::{
    records::{Items, Key, Seconds, Snapshot, Table},
    settings::{SettingError, Settings},
};

pub use self::{
    dynamodb::{cause_of, configuration},
    operator::{Change, Connection, Creation, Failure, Operator, TimeToLive},
    replay::FirstUse,
};

/// What a mark says of itself that the revocation endpoint wrote.
const MARK_REASON: &str = "revoked by its client";

/// The store did not say all that was asked of it, so nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// The three tables.
#[derive(Clone)]
pub struct Store {
    dynamodb: DynamoDb,
    /// Where the tokens table is, if not in DynamoDB.
    redis: Option<Redis>,
}

impl Store {
    /// Configures the clients, with our time limits. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for a `REDIS_URL` that cannot be used, and for any in a build without the feature `redis`.
    pub fn with_config(config: &SdkConfig, settings: &Settings) -> Result<Self, SettingError> {
        let redis = settings.redis_url.as_ref().map(|url| Redis::new(url, Limits::FUNCTION)).transpose()?;
        Ok(Self { dynamodb: DynamoDb::with_config(config, settings.tables.clone()), redis })
    }

    /// Looks whether Redis may hold revocations, so that the start ends where it may not. One that is out of reach is
    /// left for the first request to meet; each new connection is looked at again.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for a server that may evict keys, is a replica, is too old or has several shards, and for
    /// credentials that it does not take.
    pub async fn check(&self, deadline: Instant) -> Result<(), SettingError> {
        match &self.redis {
            Some(redis) => redis.check(deadline).await,
            None => Ok(()),
        }
    }

    /// Brings the items under these keys, none of them twice, in one round trip, or in as few at once as DynamoDB
    /// allows; Redis is asked at the same time.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], if anything is still missing at the deadline: an item that could not be read is not an
    /// item that is not there.
    pub async fn get(&self, keys: &[Key], deadline: Instant) -> Result<Items, Unavailable> {
        let Some(redis) = &self.redis else { return self.dynamodb.get(keys, deadline).await };
        let (tokens, others): (Vec<_>, Vec<_>) = keys.iter().cloned().partition(|key| key.table() == Table::Tokens);
        let (tokens, mut items) = try_join(redis.get(&tokens, deadline), self.dynamodb.get(&others, deadline)).await?;
        items.0.extend(tokens.0);
        Ok(items)
    }

    /// Shares a key set that was just fetched, unless another environment shared a newer one.
    ///
    /// # Errors
    ///
    /// [`Unavailable`]; that a newer one is there is none.
    pub async fn put_snapshot(&self, key: &Key, snapshot: &Snapshot, deadline: Instant) -> Result<(), Unavailable> {
        self.dynamodb.put_snapshot(key, snapshot, deadline).await
    }

    /// Writes a mark that revokes all it names, and stays as long as that. One that is there stays, unless it spares
    /// anything or ends sooner.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], if it is not known to be written.
    pub async fn put_mark(&self, key: &Key, expires_at: Option<Seconds>, deadline: Instant) -> Result<(), Unavailable> {
        match &self.redis {
            Some(redis) => redis.put_mark(key, expires_at, deadline).await,
            None => self.dynamodb.put_mark(key, expires_at, deadline).await,
        }
    }
}
