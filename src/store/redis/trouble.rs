//! Why Redis did not do what was asked of it.

use std::fmt;

use redis::{ErrorKind, RedisError};

use crate::settings::{RedisUrl, SettingError};

/// Its `Display` is one line that quotes neither key, value nor URL.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It may not hold revocations.
    Unfit(Unfit),
    /// It does not take the user, the password or the database of the URL.
    Credentials,
    /// It answered with an error of this name.
    Refused(String),
    /// It answered something that is no answer.
    Unreadable,
    /// There is no connection; the reason is the operating system's or TLS's.
    Unreachable(String),
    /// A write may have been made all the same.
    Timeout,
    /// Others changed the same value again and again.
    Contended,
}

/// Why a server may not hold revocations.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It may drop keys that are not over, under this `maxmemory-policy`; empty: it does not say under which.
    Evicts(String),
    Replica,
    /// This version lacks commands; empty: it does not say which it is.
    Old(String),
    /// Its keys are in as many shards.
    Sharded(String),
}

impl Trouble {
    /// What kept a connection from being opened. Of what is sent then only `AUTH` and `SELECT` can be answered with an
    /// error that has no other name.
    pub(super) fn of_opening(error: RedisError) -> Self {
        match error.code() {
            Some("ERR" | "NOPERM") => Self::Credentials,
            _ => error.into(),
        }
    }

    /// Whether it may be over with a new connection.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout | Self::Unreadable | Self::Unfit(Unfit::Replica))
    }

    /// The wrong setting that it comes from, if it does.
    pub(in crate::store) fn setting(&self) -> Option<SettingError> {
        match self {
            // During a failover the name may lead to a replica for a while.
            Self::Unfit(Unfit::Replica) => None,
            Self::Unfit(unfit) => Some(RedisUrl::error(unfit.to_string())),
            Self::Credentials => {
                Some(RedisUrl::error("holds a user, a password or a database that the server does not take"))
            }
            Self::Refused(code) if code == "NOPERM" => {
                Some(RedisUrl::error("names a user who may not use INFO, ROLE, GET, SET, EXPIRETIME and EVAL"))
            }
            _ => None,
        }
    }
}

impl From<RedisError> for Trouble {
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

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(unfit) => write!(formatter, "the server {unfit}"),
            Self::Credentials => write!(formatter, "the server does not take the user, the password or the database"),
            Self::Refused(code) => write!(formatter, "the server answered {code}"),
            Self::Unreadable => write!(formatter, "the server's answer cannot be read"),
            Self::Unreachable(why) => write!(formatter, "the server cannot be reached: {why}"),
            Self::Timeout => write!(formatter, "the server did not answer in time"),
            Self::Contended => write!(formatter, "the value was changed by others again and again"),
        }
    }
}

impl fmt::Display for Unfit {
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
                    "is a cluster of {shards} shards, and one pipeline asks for keys of all; use one shard"
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
        for (trouble, ends) in [
            (Trouble::Unfit(Unfit::Evicts("allkeys-lru".into())), true),
            (Trouble::Unfit(Unfit::Evicts(String::new())), true),
            (Trouble::Unfit(Unfit::Replica), false),
            (Trouble::Unfit(Unfit::Old("6.2.14".into())), true),
            (Trouble::Unfit(Unfit::Sharded("3".into())), true),
            (Trouble::Credentials, true),
            (Trouble::Refused("NOPERM".into()), true),
            (Trouble::Refused("LOADING".into()), false),
            (Trouble::Unreadable, false),
            (Trouble::Unreachable("refused".into()), false),
            (Trouble::Timeout, false),
            (Trouble::Contended, false),
        ] {
            let setting = trouble.setting().map(|error| error.to_string());
            assert_eq!(setting.is_some(), ends, "{trouble}");
            assert!(setting.is_none_or(|line| line.starts_with("REDIS_URL ") && !line.contains('\n')), "{trouble}");
        }
    }
}
