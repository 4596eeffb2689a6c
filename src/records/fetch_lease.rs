//! Which execution environment fetches an issuer's keys: `fetch#<iss>` of the state table.

use serde::{Deserialize, Serialize};

/// The right to fetch an issuer's keys, which one environment of the deployment has at a time.
#[derive(Deserialize, Serialize)]
pub struct FetchLease {
    /// The environment that fetches, by a random name.
    pub holder: String,
    /// Where it fetches. An environment with another address does not wait for it.
    pub jwks_uri: String,
    /// Until when no other environment may fetch, in seconds since the epoch.
    pub held_until: i64,
    pub state: FetchState,
}

/// What became of a fetch.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchState {
    InFlight,
    /// The set was written to the snapshot.
    Shared,
    Failed,
}

impl FetchLease {
    /// A lease is given up after the fetch. If its holder ends before that, others wait for at most this time, which is
    /// longer than any request.
    pub const LIFETIME_SECONDS: i64 = 3;
}
