//! The shared snapshot of an issuer's keys: `jwks#<iss>` of the state table.

use serde::{Deserialize, Serialize};

/// What an execution environment fetched, for the others and for the next cold start.
#[derive(Deserialize, Serialize)]
pub struct Snapshot {
    /// A JSON Web Key Set as text: only keys that loaded, only their public members.
    pub jwks: String,
    /// Where the set came from. Another value than the configured one makes the snapshot worthless.
    pub jwks_uri: String,
    /// When the fetch began, in seconds since the epoch.
    pub fetched_at: i64,
}

impl Snapshot {
    /// An older set is not used any more, nor kept.
    pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;
}
