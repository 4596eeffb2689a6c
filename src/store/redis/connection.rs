//! The one connection of an execution environment, and the commands that are sent over it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisResult, Value, aio::MultiplexedConnection, cmd, pipe};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{RedisFailure, canary::Guard, failure::UnsuitableServer, server};
use crate::{
    call::now,
    settings::{RedisUrl, SettingError},
    store::{
        RedisLimits,
        dynamodb::{ATTEMPTS, FIRST_BACKOFF},
        pause::{FIRST_TRY, LastAnswer},
    },
};

/// The maximum age of a connection, in seconds. A primary that was replaced may continue to answer without knowing
/// that. Only a new connection leads to the server that the name means now, and checks that server's current
/// configuration.
const MAX_HELD: i64 = 30;

/// Redis or Valkey.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    limits: RedisLimits,
    /// A broken connection is noticed only when it is used: no task watches it while the environment is frozen.
    held: Arc<Mutex<Option<Held>>>,
    /// Checks the canary of each pipeline. `None` for the operator's tool, which writes to a server that lost its data.
    pub(super) guard: Option<Guard>,
}

#[derive(Clone)]
struct Held {
    connection: MultiplexedConnection,
    /// When it was opened, in seconds since the epoch.
    since: i64,
    last_answer: LastAnswer,
}

impl Redis {
    /// Configures the client. No request is sent yet.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if the client library cannot read the URL.
    pub fn new(url: &RedisUrl, limits: RedisLimits) -> Result<Self, SettingError> {
        let client = Client::open(url.expose());
        // The text of the library's error may quote the URL.
        let client = client.map_err(|_| RedisUrl::error("cannot be read as the URL of a server"))?;
        Ok(Self { client, limits, held: Arc::default(), guard: None })
    }

    /// The same connection, for replies that count only if the server has not lost its data.
    pub(in crate::store) fn guarded(self) -> Self {
        Self { guard: Some(Guard::default()), ..self }
    }

    /// The same connection, for any server.
    pub(super) fn unguarded(&self) -> Self {
        Self { guard: None, ..self.clone() }
    }

    /// The deadline of a request that starts now and has none of its own.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.limits.total
    }

    /// Sends the commands in one pipeline, and returns a reply for each. If the held connection is broken, or leads to
    /// a replica by now, the commands are sent again over a new one, so they must be idempotent.
    pub(super) async fn send(
        &self,
        commands: impl IntoIterator<Item = Cmd>,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<Value>>, RedisFailure> {
        let mut pipeline = pipe();
        let canary = self.guard.as_ref().map(|_| Guard::command());
        let before = [cmd("ROLE")].into_iter().chain(canary.clone());
        let after = canary.into_iter().chain([cmd("ROLE")]);
        for command in before.chain(commands).chain(after) {
            pipeline.add_command(command);
        }
        pipeline.ignore_errors();
        let attempts = async {
            let mut attempt = 1;
            loop {
                let outcome = timeout(self.limit(), self.attempt(&pipeline)).await;
                let failure = match outcome.unwrap_or(Err(RedisFailure::Timeout)) {
                    Ok(replies) => return Ok(replies),
                    Err(failure) => failure,
                };
                if !failure.is_of_canary() {
                    self.hold(None);
                }
                if attempt == ATTEMPTS || !failure.may_pass() {
                    return Err(failure);
                }
                attempt += 1;
                sleep(FIRST_BACKOFF).await;
            }
        };
        let outcome = timeout_at(deadline.min(self.deadline()), attempts).await;
        outcome.unwrap_or_else(|_| {
            self.hold(None);
            Err(RedisFailure::Timeout)
        })
    }

    /// Replies count only if the same pipeline shows, before and after them, that the server is the primary and still
    /// has its data. A replica may not know a mark yet, and after a failover an old connection may lead to a replica.
    async fn attempt(&self, pipeline: &Pipeline) -> Result<Vec<RedisResult<Value>>, RedisFailure> {
        let mut connection = self.connection().await?;
        let mut replies: Vec<RedisResult<Value>> = pipeline.query_async(&mut connection).await?;
        if replies.len() != pipeline.len() {
            return Err(RedisFailure::Unreadable);
        }
        is_primary(replies.remove(0)?)?;
        is_primary(replies.pop().ok_or(RedisFailure::Unreadable)??)?;
        self.note_answer();
        if let Some(guard) = &self.guard {
            guard.check([replies.remove(0), replies.pop().ok_or(RedisFailure::Unreadable)?])?;
        }
        Ok(replies)
    }

    /// The held connection, or a new one to a server that was checked.
    async fn connection(&self) -> Result<MultiplexedConnection, RedisFailure> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Held { connection, since, .. }) = held
            && is_young(since, now())
        {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limits.connect))
            .set_response_timeout(Some(self.limits.attempt));
        let opened = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = opened.map_err(RedisFailure::of_opening)?;
        server::check(&mut connection).await?;
        self.hold(Some(Held { connection: connection.clone(), since: now(), last_answer: LastAnswer::now() }));
        Ok(connection)
    }

    /// The time limit of the next attempt. A held connection that may have died in a pause gets only a short time, so
    /// that a silent peer costs only that time and a new connection.
    fn limit(&self) -> Duration {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let may_be_dead =
            held.as_ref().is_some_and(|held| is_young(held.since, now()) && held.last_answer.is_long_ago());
        if may_be_dead { FIRST_TRY.min(self.limits.attempt) } else { self.limits.attempt }
    }

    fn note_answer(&self) {
        if let Some(held) = self.held.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            held.last_answer = LastAnswer::now();
        }
    }

    /// Has the next request open a new connection.
    pub(super) fn disconnect(&self) {
        self.hold(None);
    }

    fn hold(&self, held: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

/// Whether a connection may still be used. If its time is in the future, the clock was set back, and the connection may
/// be old.
pub(super) fn is_young(since: i64, now: i64) -> bool {
    (0..MAX_HELD).contains(&now.saturating_sub(since))
}

/// Checks the reply to `ROLE`.
fn is_primary(role: Value) -> Result<(), RedisFailure> {
    let Value::Array(role) = role else { return Err(RedisFailure::Unreadable) };
    let is_primary = matches!(role.first(), Some(Value::BulkString(role)) if role == b"master");
    if is_primary { Ok(()) } else { Err(RedisFailure::UnsuitableServer(UnsuitableServer::Replica)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_used_for_half_a_minute() {
        for (since, now, young) in [(100, 100, true), (100, 129, true), (100, 130, false), (100, 99, false)] {
            assert_eq!(is_young(since, now), young, "{since} {now}");
        }
    }

    #[test]
    fn only_a_primary_says_that_it_is_one() {
        let role = |role: &[u8]| Value::Array(vec![Value::BulkString(role.to_vec()), Value::Int(1)]);
        assert_eq!(is_primary(role(b"master")), Ok(()));
        for other in ["slave", "sentinel", "", "MASTER"] {
            assert_eq!(
                is_primary(role(other.as_bytes())),
                Err(RedisFailure::UnsuitableServer(UnsuitableServer::Replica)),
                "{other}"
            );
        }
        assert_eq!(is_primary(Value::Array(vec![])), Err(RedisFailure::UnsuitableServer(UnsuitableServer::Replica)));
        assert_eq!(is_primary(Value::Nil), Err(RedisFailure::Unreadable));
    }
}
