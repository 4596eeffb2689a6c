//! Why Redis did not do what it was asked to do.

use std::fmt;

use redis::{ErrorKind, RedisError};

use crate::{
    records::Loss,
    settings::{RedisUrl, SettingError},
};

/// A failure of Redis. Its `Display` is one line that quotes neither keys, values nor the URL.
#[derive(Debug, PartialEq, Eq)]
pub enum RedisFailure {
    /// The server must not hold revocations.
    UnsuitableServer(UnsuitableServer),
    /// The server refuses the user, the password or the database of the URL.
    Credentials,
    /// The server answered with an error of this name.
    Refused(String),
    /// The server's answer cannot be read.
    Unreadable,
    /// There is no connection. The reason is from the operating system or TLS.
    Unreachable(String),
    /// The server did not answer in time. A write may still have been made.
    Timeout,
    /// Other writers changed the same value again and again.
    Contended,
    /// The server lacks the canary that the state table has, so it may have forgotten any revocation.
    DataLost(Loss),
    /// The expected canary has to be read before the server's answers count.
    Unsettled,
    /// The expected canary could not be read or recorded.
    CanaryUnknown,
}

/// Why a server must not hold revocations.
#[derive(Debug, PartialEq, Eq)]
pub enum UnsuitableServer {
    /// The server may evict keys before they expire, under this `maxmemory-policy`. Empty if the server does not report
    /// one.
    Evicts(String),
    Replica,
    /// This version lacks commands. Empty if the server does not report its version.
    Old(String),
    /// The keys are in this many shards.
    Sharded(String),
}

impl RedisFailure {
    /// Why a connection could not be opened. At that point, only `AUTH` and `SELECT` can cause an error that has no
    /// other name.
    pub(super) fn of_opening(error: RedisError) -> Self {
        match error.code() {
            Some("ERR" | "NOPERM") => Self::Credentials,
            _ => error.into(),
        }
    }

    /// Whether a new connection may help.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Timeout | Self::Unreadable | Self::UnsuitableServer(UnsuitableServer::Replica)
        )
    }

    /// Whether the expected canary must be read again.
    pub(super) fn is_of_canary(&self) -> bool {
        matches!(self, Self::DataLost(_) | Self::Unsettled)
    }

    /// The wrong setting that caused this, if one did.
    pub fn setting(&self) -> Option<SettingError> {
        match self {
            // During a failover, the name may lead to a replica for a while.
            Self::UnsuitableServer(UnsuitableServer::Replica) => None,
            Self::UnsuitableServer(why) => Some(RedisUrl::error(why.to_string())),
            Self::Credentials => {
                Some(RedisUrl::error("contains a user, a password or a database that the server refuses"))
            }
            Self::Refused(code) if code == "NOPERM" => Some(RedisUrl::error(
                "names a user who may not use INFO, ROLE, GET, SET, EXPIRETIME and EVAL, or not for the keys of docs/redis.md",
            )),
            _ => None,
        }
    }
}

impl From<RedisError> for RedisFailure {
    fn from(error: RedisError) -> Self {
        match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => Self::Credentials,
            (_, Some(code)) => Self::Refused(code.to_owned()),
            _ if error.is_timeout() => Self::Timeout,
            (ErrorKind::Io, _) => Self::Unreachable(error.to_string()),
            _ => Self::Unreadable,
        }
    }
}

impl fmt::Display for RedisFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsuitableServer(why) => write!(formatter, "the server {why}"),
            Self::Credentials => write!(formatter, "the server refuses the user, the password or the database"),
            Self::Refused(code) => write!(formatter, "the server answered {code}"),
            Self::Unreadable => write!(formatter, "the server's answer cannot be read"),
            Self::Unreachable(why) => write!(formatter, "the server cannot be reached: {why}"),
            Self::Timeout => write!(formatter, "the server did not answer in time"),
            Self::Contended => write!(formatter, "the value was changed by other writers too often"),
            Self::DataLost(loss) => write!(formatter, "{loss}"),
            Self::Unsettled => write!(formatter, "the canary changed while it was read"),
            Self::CanaryUnknown => {
                write!(formatter, "the expected canary is unknown, because DynamoDB did not return or record it")
            }
        }
    }
}

impl fmt::Display for UnsuitableServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evicts(policy) if policy.is_empty() => {
                write!(
                    formatter,
                    "does not say whether it evicts keys, and with them revocations; it must be one with the maxmemory-policy noeviction"
                )
            }
            Self::Evicts(policy) => write!(
                formatter,
                "may evict keys, and with them revocations (maxmemory-policy {policy}); set maxmemory-policy to noeviction"
            ),
            Self::Replica => {
                write!(formatter, "is a replica, which may not know of the last revocations; name the primary")
            }
            Self::Old(version) => write!(formatter, "has the version {version:?}; Redis 7.0 or Valkey is needed"),
            Self::Sharded(shards) => {
                write!(
                    formatter,
                    "is a cluster of {shards} shards, but one pipeline reads keys of all shards; use one shard"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_operator_has_to_change_ends_the_start() {
        for (failure, ends) in [
            (RedisFailure::UnsuitableServer(UnsuitableServer::Evicts("allkeys-lru".into())), true),
            (RedisFailure::UnsuitableServer(UnsuitableServer::Evicts(String::new())), true),
            (RedisFailure::UnsuitableServer(UnsuitableServer::Replica), false),
            (RedisFailure::UnsuitableServer(UnsuitableServer::Old("6.2.14".into())), true),
            (RedisFailure::UnsuitableServer(UnsuitableServer::Sharded("3".into())), true),
            (RedisFailure::Credentials, true),
            (RedisFailure::Refused("NOPERM".into()), true),
            (RedisFailure::Refused("LOADING".into()), false),
            (RedisFailure::Unreadable, false),
            (RedisFailure::Unreachable("refused".into()), false),
            (RedisFailure::Timeout, false),
            (RedisFailure::Contended, false),
            // The cure is at the server, and each request tries again.
            (RedisFailure::DataLost(Loss::Missing), false),
            (RedisFailure::Unsettled, false),
            (RedisFailure::CanaryUnknown, false),
        ] {
            let setting = failure.setting().map(|error| error.to_string());
            assert_eq!(setting.is_some(), ends, "{failure}");
            assert!(setting.is_none_or(|line| line.starts_with("REDIS_URL ") && !line.contains('\n')), "{failure}");
        }
    }
}
