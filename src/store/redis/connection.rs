//! The one connection of an execution environment, and what is sent over it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, Pipeline, RedisResult, Value, aio::MultiplexedConnection, cmd};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Trouble, server, trouble::Unfit};
use crate::settings::{RedisUrl, SettingError};

const ATTEMPTS: u32 = 3;
const BACKOFF: Duration = Duration::from_millis(20);

/// Redis or Valkey.
#[derive(Clone)]
pub(in crate::store) struct Redis {
    client: Client,
    limits: Limits,
    /// Broken ones are found out by using them: nothing watches it while the environment is frozen.
    held: Arc<Mutex<Option<MultiplexedConnection>>>,
}

/// How long to wait.
#[derive(Clone)]
pub(in crate::store) struct Limits {
    /// To open a connection, TLS and authentication included.
    connect: Duration,
    /// For one attempt, with a new connection where there is none.
    attempt: Duration,
    /// For all attempts together.
    total: Duration,
}

impl Limits {
    /// As for DynamoDB; a server in the same Region answers in a few milliseconds.
    pub const FUNCTION: Self = Self {
        connect: Duration::from_millis(400),
        attempt: Duration::from_millis(600),
        total: Duration::from_millis(1500),
    };
    /// A person waits, perhaps behind a tunnel.
    pub const OPERATOR: Self =
        Self { connect: Duration::from_secs(3), attempt: Duration::from_secs(5), total: Duration::from_secs(15) };
}

impl Redis {
    /// Sends nothing yet.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for a URL that the client cannot read.
    pub fn new(url: &RedisUrl, limits: Limits) -> Result<Self, SettingError> {
        let client = Client::open(url.expose());
        // The error's own text may quote the URL.
        let client = client.map_err(|_| RedisUrl::error("cannot be read as the URL of a server"))?;
        Ok(Self { client, limits, held: Arc::default() })
    }

    /// When whoever asks without a deadline gives up: the operator's tool.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.total
    }

    /// Sends the commands in one pipeline, and brings a reply for each. Where the held connection turns out to be
    /// broken, or leads to a replica by now, they are sent again over a new one, so they must bear repetition.
    pub(super) async fn send(
        &self,
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<Value>>, Trouble> {
        let mut pipeline = Pipeline::with_capacity(commands.len() + 1);
        pipeline.add_command(cmd("ROLE")).ignore_errors();
        for command in commands.cmd_iter() {
            pipeline.add_command(command.clone());
        }
        let attempts = async {
            let mut attempt = 1;
            loop {
                let outcome = timeout(self.limits.attempt, self.attempt(&pipeline)).await;
                let trouble = match outcome.unwrap_or(Err(Trouble::Timeout)) {
                    Ok(replies) => return Ok(replies),
                    Err(trouble) => trouble,
                };
                self.hold(None);
                if attempt == ATTEMPTS || !trouble.may_pass() {
                    return Err(trouble);
                }
                attempt += 1;
                sleep(BACKOFF).await;
            }
        };
        let outcome = timeout_at(deadline.min(self.deadline()), attempts).await;
        outcome.unwrap_or_else(|_| {
            self.hold(None);
            Err(Trouble::Timeout)
        })
    }

    /// Replies count only where the same pipeline says that it met the primary: a replica may not know of a mark yet,
    /// and after a failover an old connection leads to one.
    async fn attempt(&self, pipeline: &Pipeline) -> Result<Vec<RedisResult<Value>>, Trouble> {
        let mut connection = self.connection().await?;
        let mut replies: Vec<RedisResult<Value>> = pipeline.query_async(&mut connection).await?;
        if replies.len() != pipeline.len() {
            return Err(Trouble::Unreadable);
        }
        match replies.remove(0)? {
            Value::Array(role) => match role.first() {
                Some(Value::BulkString(role)) if role == b"master" => Ok(replies),
                _ => Err(Trouble::Unfit(Unfit::Replica)),
            },
            _ => Err(Trouble::Unreadable),
        }
    }

    /// The held connection, or a new one to a server that was looked at.
    async fn connection(&self) -> Result<MultiplexedConnection, Trouble> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(connection) = held {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limits.connect))
            .set_response_timeout(Some(self.limits.attempt));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        server::check(&mut connection).await?;
        self.hold(Some(connection.clone()));
        Ok(connection)
    }

    fn hold(&self, connection: Option<MultiplexedConnection>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = connection;
    }
}
