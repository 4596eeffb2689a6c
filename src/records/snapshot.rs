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

#[cfg(test)]
mod tests {
    use serde_dynamo::{
        AttributeValue::{self, N, Null, S},
        Item,
    };

    use super::*;

    #[test]
    fn h27_a_snapshot_is_read_whole_or_not_at_all() {
        let whole = [("jwks", S("{}".into())), ("jwks_uri", S("u".into())), ("fetched_at", N("1".into()))];
        let reads = |attributes: &[(&str, AttributeValue)]| {
            let item: std::collections::HashMap<_, _> =
                attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            serde_dynamo::from_item::<_, Snapshot>(Item::from(item)).is_ok()
        };
        assert!(reads(&whole));
        for odd in 0..whole.len() {
            for value in [Null(true), AttributeValue::Bool(true), AttributeValue::L(vec![])] {
                let mut changed = whole.clone();
                changed[odd].1 = value;
                assert!(!reads(&changed), "{}", whole[odd].0);
            }
        }
    }
}
