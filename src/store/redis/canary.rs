//! Notices a server that lost its data: each pipeline reads the canary, and its replies count only if that is the one
//! that the state table has (U-01). Otherwise, revoked tokens would be active again.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use redis::{Cmd, RedisResult, Value, cmd};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Redis, RedisFailure, connection::is_young, item_of, value};
use crate::{
    call::now,
    digest::Digest,
    records::{Canary, CanaryCopy, FetchedItems, ItemKey, Standing},
    store::{canary::CanaryWrite, dynamodb::DynamoDb},
};

/// What protects a deployment, depending on what prevented it.
const ALLOW_KEY: &str = "run introspection-admin redis accept, or let the function's user set the key canary#tokens";
const ALLOW_READING: &str =
    "let the function's user read the key canary#tokens, then run introspection-admin redis accept";
const ALLOW_ITEM: &str = "let the function's role write the state table";
const ALLOW_WRITES: &str = "let the server accept writes, without which revocations fail too";
const DELETE_KEY: &str = "delete the key canary#tokens, which some other program wrote";

/// What this environment expects of the canary in Redis. It is shared by all requests.
#[derive(Clone, Default)]
pub(super) struct Guard(Arc<Mutex<Expectation>>);

#[derive(Clone, Default)]
enum Expectation {
    /// It was not read from the state table yet.
    #[default]
    Unknown,
    /// The state table has this copy, so Redis must have the same.
    Recorded(CanaryCopy),
    /// The state table has none, and none could be recorded.
    Unprotected {
        /// The copy in Redis. `None` if the server refuses to show it.
        in_redis: Option<CanaryCopy>,
        /// When that was found out, in seconds since the epoch. It is tried again with the age of a connection.
        since: i64,
    },
}

impl Guard {
    /// The command that reads the canary.
    pub fn command() -> Cmd {
        Cmd::get(ItemKey::canary().id())
    }

    /// Checks the two replies of one pipeline to that command. Both are compared with one copy of the expectation, which
    /// another request may replace meanwhile.
    pub fn check(&self, replies: [RedisResult<Value>; 2]) -> Result<(), RedisFailure> {
        let expectation = self.expectation();
        replies.into_iter().try_for_each(|reply| expectation.check(copy_of(reply)?.as_ref()))
    }

    fn expectation(&self) -> Expectation {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn expect(&self, expectation: Expectation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = expectation;
    }
}

impl Expectation {
    /// Whether a pipeline can be checked without another look at the state table.
    fn is_current(&self, now: i64) -> bool {
        match self {
            Self::Unknown => false,
            // It is read again only if a reply does not fit (U-03).
            Self::Recorded(_) => true,
            Self::Unprotected { since, .. } => is_young(*since, now),
        }
    }

    fn check(&self, found: Option<&CanaryCopy>) -> Result<(), RedisFailure> {
        match (self, found) {
            (Self::Recorded(expected), Some(found)) => match expected.standing(found) {
                Standing::Protected => Ok(()),
                Standing::Lost(loss) => Err(RedisFailure::DataLost(loss)),
                Standing::Unprotected => Err(RedisFailure::Unsettled),
            },
            (Self::Recorded(_), None) => Err(RedisFailure::Refused("NOPERM".to_owned())),
            (Self::Unprotected { in_redis, .. }, found) if in_redis.as_ref() == found => Ok(()),
            // Of an unprotected server: a canary was written or deleted, so the state table may have one by now.
            (Self::Unknown | Self::Unprotected { .. }, _) => Err(RedisFailure::Unsettled),
        }
    }
}

impl Redis {
    /// Runs an operation whose pipelines are checked. If the canary is not the expected one, the expectation is read
    /// again, once, because the operator may have accepted the loss; then the operation runs again over a new
    /// connection, which leads to the server that the name means now.
    pub(super) async fn trusted<'a, T>(
        &self,
        dynamodb: &DynamoDb,
        deadline: Instant,
        operation: impl Fn() -> BoxFuture<'a, Result<T, RedisFailure>>,
    ) -> Result<T, RedisFailure> {
        let Some(guard) = &self.guard else { return operation().await };
        let is_current = guard.expectation().is_current(now());
        if !is_current {
            self.settle(guard, dynamodb, deadline).await?;
        }
        match operation().await {
            Err(failure) if failure.is_of_canary() && is_current => {}
            outcome => return outcome,
        }
        self.disconnect();
        self.settle(guard, dynamodb, deadline).await?;
        operation().await
    }

    /// Reads the expected canary. It is read before Redis, because a canary is written to Redis first: if the state
    /// table has one, so has a server that lost nothing.
    async fn settle(&self, guard: &Guard, dynamodb: &DynamoDb, deadline: Instant) -> Result<(), RedisFailure> {
        let recorded = dynamodb.expected_canary(deadline).await.map_err(|_| RedisFailure::CanaryUnknown)?;
        let expectation = match (recorded, guard.expectation()) {
            // The state table lost its item. Redis may have lost its data too, so it must not become the measure.
            (CanaryCopy::Missing, Expectation::Recorded(CanaryCopy::Present(known))) => {
                let recorded = self.record(&known, dynamodb, deadline).await?;
                Expectation::Recorded(recorded.unwrap_or(CanaryCopy::Present(known)))
            }
            (CanaryCopy::Missing, _) => self.establish(guard, dynamodb, deadline).await?,
            (copy, _) => Expectation::Recorded(copy),
        };
        guard.expect(expectation);
        Ok(())
    }

    /// Creates the canary, or records an existing one: of another deployment, or of an environment that ended before it
    /// recorded its own. All environments that do this at once end with one canary (U-02).
    async fn establish(
        &self,
        guard: &Guard,
        dynamodb: &DynamoDb,
        deadline: Instant,
    ) -> Result<Expectation, RedisFailure> {
        let mut set = cmd("SET");
        set.arg(ItemKey::canary().id()).arg(new_value()?).arg("NX");
        let replies = self.unguarded().send([set, Guard::command()], deadline).await?;
        let [set, found]: [_; 2] = replies.try_into().map_err(|_: Vec<_>| RedisFailure::Unreadable)?;
        let in_redis = copy_of(found)?;
        let (cause, cure) = match (&in_redis, set) {
            (Some(CanaryCopy::Present(canary)), _) => match self.record(canary, dynamodb, deadline).await? {
                Some(recorded) => return Ok(Expectation::Recorded(recorded)),
                None => ("the function's role may not write the item canary#tokens of the state table", ALLOW_ITEM),
            },
            (Some(CanaryCopy::Unreadable), _) => ("the key canary#tokens has a value of another form", DELETE_KEY),
            // It was deleted at once.
            (Some(CanaryCopy::Missing), Ok(_)) => return Err(RedisFailure::Unsettled),
            (Some(CanaryCopy::Missing), Err(error)) if error.code() == Some("NOPERM") => {
                ("the server answered SET of the key canary#tokens with NOPERM", ALLOW_KEY)
            }
            // A server that is full or cannot write its file, for example.
            (Some(CanaryCopy::Missing), Err(_)) => ("the server cannot store the key canary#tokens now", ALLOW_WRITES),
            (None, _) => ("the server answered GET of the key canary#tokens with NOPERM", ALLOW_READING),
        };
        if !matches!(guard.expectation(), Expectation::Unprotected { .. }) {
            warn!(event = "redis_unprotected", cause, cure);
        }
        Ok(Expectation::Unprotected { in_redis, since: now() })
    }

    /// Records a canary in the state table. Returns the one that is recorded now, or `None` if that is not allowed.
    async fn record(
        &self,
        canary: &Canary,
        dynamodb: &DynamoDb,
        deadline: Instant,
    ) -> Result<Option<CanaryCopy>, RedisFailure> {
        match dynamodb.record_canary(canary, deadline).await.map_err(|_| RedisFailure::CanaryUnknown)? {
            CanaryWrite::Written => {
                info!(event = "redis_canary_recorded");
                Ok(Some(CanaryCopy::Present(canary.clone())))
            }
            CanaryWrite::NotAllowed => Ok(None),
            CanaryWrite::Exists => match dynamodb.expected_canary(deadline).await {
                Ok(CanaryCopy::Missing) | Err(_) => Err(RedisFailure::CanaryUnknown),
                Ok(recorded) => Ok(Some(recorded)),
            },
        }
    }
}

/// The value of a new canary, as JSON.
fn new_value() -> Result<String, RedisFailure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| RedisFailure::CanaryUnknown)?;
    let canary = Canary::new(Digest::of(random).to_hex());
    value::text(canary.attributes()).map_err(|_| RedisFailure::CanaryUnknown)
}

/// The copy in the reply of a server. `None` if it refuses to show it.
fn copy_of(reply: RedisResult<Value>) -> Result<Option<CanaryCopy>, RedisFailure> {
    if reply.as_ref().is_err_and(|error| error.code() == Some("NOPERM")) {
        return Ok(None);
    }
    let key = ItemKey::canary();
    let items = item_of(reply)?.map(|item| (key.clone(), item));
    Ok(Some(CanaryCopy::from_items(&FetchedItems(items.into_iter().collect()), &key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Loss;

    fn present(value: &str) -> CanaryCopy {
        CanaryCopy::Present(Canary::new(value.to_owned()))
    }

    #[test]
    fn u01_replies_count_only_with_the_expected_canary() {
        let recorded = Expectation::Recorded(present("a"));
        let unprotected = |in_redis| Expectation::Unprotected { in_redis, since: 0 };
        let (lost, refused) = (RedisFailure::DataLost, || RedisFailure::Refused("NOPERM".to_owned()));
        for (expectation, found, expected) in [
            (&Expectation::Unknown, Some(present("a")), Err(RedisFailure::Unsettled)),
            (&recorded, Some(present("a")), Ok(())),
            (&recorded, Some(present("b")), Err(lost(Loss::Other))),
            (&recorded, Some(CanaryCopy::Missing), Err(lost(Loss::Missing))),
            (&recorded, Some(CanaryCopy::Unreadable), Err(lost(Loss::Unreadable))),
            (&recorded, None, Err(refused())),
            (&unprotected(Some(CanaryCopy::Missing)), Some(CanaryCopy::Missing), Ok(())),
            (&unprotected(None), None, Ok(())),
            (&unprotected(Some(CanaryCopy::Missing)), Some(present("a")), Err(RedisFailure::Unsettled)),
            (&unprotected(Some(present("a"))), Some(CanaryCopy::Missing), Err(RedisFailure::Unsettled)),
            (&unprotected(None), Some(CanaryCopy::Missing), Err(RedisFailure::Unsettled)),
        ] {
            assert_eq!(expectation.check(found.as_ref()), expected);
        }
    }

    #[test]
    fn u03_only_a_recorded_canary_is_never_looked_up_again() {
        let unprotected = Expectation::Unprotected { in_redis: None, since: 100 };
        assert!(!Expectation::Unknown.is_current(100));
        assert!(Expectation::Recorded(present("a")).is_current(1_000_000));
        assert!(unprotected.is_current(129) && !unprotected.is_current(130) && !unprotected.is_current(99));
    }
}
