//! The shared snapshot of an issuer's keys: `jwks#<iss>` of the state table.

use serde::{Deserialize, Serialize};

use super::types::{self, StrictString};

/// A key set that an execution environment fetched, for the other environments and for the next cold start.
#[derive(Deserialize, Serialize)]
pub struct Snapshot {
    /// A JSON Web Key Set as text, with only the keys that loaded and only their public members.
    pub jwks: String,
    /// Where the set was fetched. If this differs from the configured address, the snapshot is not used.
    pub jwks_uri: String,
    /// When the fetch started, in seconds since the epoch.
    pub fetched_at: i64,
    /// The `kid`s of keys that were published but could not be read; an empty one means a key without `kid`. Tokens
    /// with these keys are neither active nor inactive.
    #[serde(default, deserialize_with = "types::or_default", skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<StrictString>,
    /// Whether the set has more keys than are loaded.
    #[serde(default, deserialize_with = "types::or_default", skip_serializing_if = "is_false")]
    pub truncated: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(truncated: &bool) -> bool {
    !truncated
}

impl Snapshot {
    /// An older set is neither used nor kept.
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
    fn h27_a_whole_set_has_no_attributes_about_what_is_missing() {
        let mut snapshot = Snapshot {
            jwks: String::new(),
            jwks_uri: String::new(),
            fetched_at: 1,
            unreadable: vec![],
            truncated: false,
        };
        let names = |snapshot: &Snapshot| {
            let item: Item = serde_dynamo::to_item(snapshot).unwrap();
            let mut names: Vec<String> = item.keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(names(&snapshot), ["fetched_at", "jwks", "jwks_uri"]);
        snapshot.unreadable.push(StrictString("kid".to_owned()));
        snapshot.truncated = true;
        assert_eq!(names(&snapshot), ["fetched_at", "jwks", "jwks_uri", "truncated", "unreadable"]);
    }

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
        // The attributes of version 2 may be missing, but may not have another type.
        for (name, value, expected) in [
            ("unreadable", AttributeValue::L(vec![S("a".into()), S(String::new())]), true),
            ("unreadable", Null(true), true),
            ("unreadable", S("a".into()), false),
            ("unreadable", AttributeValue::L(vec![N("1".into())]), false),
            ("unreadable", AttributeValue::Ss(vec!["a".into()]), true),
            // `serde_dynamo` would read bytes as text.
            ("unreadable", AttributeValue::Bs(vec![b"a".to_vec()]), false),
            ("truncated", AttributeValue::Bool(true), true),
            ("truncated", Null(true), true),
            ("truncated", S("true".into()), false),
        ] {
            let mut longer = whole.to_vec();
            longer.push((name, value));
            assert_eq!(reads(&longer), expected, "{name}");
        }
    }
}
