//! Why a token could not be verified, and when it makes sense to ask again.

use super::key_set::Gap;
use crate::token::Inactive;

/// Why a token could not be verified.
pub enum VerifyError {
    Inactive(Inactive),
    /// The function could not look, so nothing is known.
    KeysUnavailable(KeysUnavailable),
}

/// The token cannot be judged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysUnavailable {
    pub cause: Cause,
    /// The number of seconds after which the answer may be different.
    pub retry_after: u32,
}

/// What kept the function from looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The last fetch of the issuer's keys failed.
    FetchFailed,
    /// The rest of the invocation's time was too short to fetch them.
    NoTime,
    /// The issuer's keys were just fetched, or too often, to look for the key of a notice, or of a token that is to be
    /// revoked.
    FetchNotAllowed,
    /// The issuer publishes a key that may be the token's but cannot be read.
    UnreadableKey,
    /// The issuer publishes more keys than are loaded.
    TruncatedSet,
    /// More keys fit the token than are tried.
    TooManyTries,
}

impl Cause {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::FetchFailed => "fetch_failed",
            Self::NoTime => "no_time_to_fetch",
            Self::FetchNotAllowed => "fetch_not_allowed",
            Self::UnreadableKey => "unreadable_key",
            Self::TruncatedSet => "truncated_key_set",
            Self::TooManyTries => "too_many_keys_fit",
        }
    }

    /// What the cause means, as a sentence without a full stop.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::FetchFailed => "the last fetch of the issuer's keys failed",
            Self::NoTime => "there was too little time left to fetch the issuer's keys",
            Self::FetchNotAllowed => {
                "the issuer's keys were just fetched, or too often, to look for the key of a notice, or of a token to revoke"
            }
            Self::UnreadableKey => "the issuer publishes a key that may be the token's but cannot be read",
            Self::TruncatedSet => "the issuer publishes more keys than are loaded",
            Self::TooManyTries => "more keys fit the token than are tried",
        }
    }

    /// What most likely helps.
    pub fn hint(self) -> &'static str {
        match self {
            Self::FetchFailed => "check jwks_uri and the way to it; the log line jwks_fetch_failed names the cause",
            Self::NoTime => "ask again: the next request fetches them",
            Self::FetchNotAllowed => "wait: the sender of the notice or of the revocation sends it again",
            Self::UnreadableKey => "have the issuer correct the key that was not loaded",
            Self::TruncatedSet => "have the issuer remove old keys",
            Self::TooManyTries => "have the issuer give its keys distinct `kid`s, and name them in its tokens",
        }
    }
}

impl From<Gap> for Cause {
    fn from(gap: Gap) -> Self {
        match gap {
            Gap::UnreadableKey => Self::UnreadableKey,
            Gap::TruncatedSet => Self::TruncatedSet,
            Gap::TooManyTries => Self::TooManyTries,
        }
    }
}

impl From<KeysUnavailable> for VerifyError {
    fn from(why: KeysUnavailable) -> Self {
        Self::KeysUnavailable(why)
    }
}
