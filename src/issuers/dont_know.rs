//! Why a token's signature did not make it active, and when it makes sense to ask again.

use super::key_set::Gap;
use crate::token::Inactive;

/// Why a token's signature did not make it active.
pub enum Unverified {
    Inactive(Inactive),
    /// The function could not look, so nothing is known.
    DontKnow(DontKnow),
}

/// A token that cannot be judged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DontKnow {
    pub cause: Cause,
    /// After how many seconds the answer may be another one.
    pub retry_after: u32,
}

/// What kept the function from looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The last fetch of the issuer's keys failed.
    FetchFailed,
    /// The rest of the invocation's time was too short to fetch them.
    NoTime,
    /// The issuer publishes a key that may be the token's and cannot be read.
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
            Self::UnreadableKey => "unreadable_key",
            Self::TruncatedSet => "truncated_key_set",
            Self::TooManyTries => "too_many_keys_fit",
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

impl From<DontKnow> for Unverified {
    fn from(dont_know: DontKnow) -> Self {
        Self::DontKnow(dont_know)
    }
}
