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

#[cfg(test)]
mod tests {
    use serde_dynamo::{AttributeValue, Item};

    use super::*;

    #[test]
    fn h13_a_lease_is_read_as_it_was_written_and_no_other_state_is_one() {
        for (state, name) in
            [(FetchState::InFlight, "in_flight"), (FetchState::Shared, "shared"), (FetchState::Failed, "failed")]
        {
            let lease = FetchLease { holder: "a".to_owned(), jwks_uri: "u".to_owned(), held_until: 1, state };
            let mut item: Item = serde_dynamo::to_item(lease).unwrap();
            assert_eq!(item["state"], AttributeValue::S(name.to_owned()));
            let read: FetchLease = serde_dynamo::from_item(item.clone()).unwrap();
            assert_eq!((read.state, read.held_until), (state, 1));
            item.insert("state".to_owned(), AttributeValue::S("finished".to_owned()));
            assert!(serde_dynamo::from_item::<_, FetchLease>(item).is_err());
        }
    }
}
