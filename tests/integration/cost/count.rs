//! The exchanges of a request with its peers.

use std::fmt;

use serde_json::Value;

/// What a request cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The number of keys of each read, and whether it was strongly consistent.
    pub reads: Vec<(usize, bool)>,
    pub writes: usize,
    /// Requests to key hosts.
    pub fetches: usize,
    /// Calls of KMS.
    pub signer: usize,
}

impl Cost {
    /// From the requests to the store, and the numbers of the others.
    pub fn new(store: &[(String, Value)], fetches: usize, signer: usize) -> Self {
        let reads = store.iter().filter(|(operation, _)| operation == "BatchGetItem");
        let mut reads: Vec<_> = reads.map(|(_, body)| read(body)).collect();
        // Reads that are sent at the same time, because one can have no more keys, may arrive in any order.
        if reads.iter().any(|(keys, _)| *keys == 100) {
            reads.sort_unstable();
        }
        let writes = store.iter().filter(|(operation, _)| operation == "PutItem").count();
        assert_eq!(reads.len() + writes, store.len(), "there is no other operation");
        Self { reads, writes, fetches, signer }
    }

    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// An item of up to 4 KB costs one unit if it is read strongly consistent, and half a unit if not.
    pub fn read_units(&self) -> f64 {
        let units = |(keys, strong): &(usize, bool)| {
            let keys = f64::from(u32::try_from(*keys).unwrap());
            if *strong { keys } else { keys / 2.0 }
        };
        self.reads.iter().map(units).fold(0.0, |sum, units| sum + units)
    }
}

fn read(body: &Value) -> (usize, bool) {
    let tables: Vec<_> = body["RequestItems"].as_object().unwrap().values().collect();
    let keys = tables.iter().map(|table| table["Keys"].as_array().unwrap().len()).sum();
    let strong = tables.iter().filter(|table| table["ConsistentRead"] == true).count();
    assert!(strong == 0 || strong == tables.len(), "one read is consistent for all of its tables: {body}");
    (keys, strong > 0)
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads: Vec<_> = self.reads.iter().map(|(keys, _)| keys.to_string()).collect();
        let mut parts = Vec::new();
        if !reads.is_empty() {
            parts.push(format!("read {}", reads.join(" + ")));
        }
        for (number, what) in [(self.writes, "write"), (self.fetches, "fetch"), (self.signer, "signer")] {
            match number {
                0 => {}
                1 => parts.push(what.to_owned()),
                _ => parts.push(format!("{what} × {number}")),
            }
        }
        formatter.write_str(if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }.as_str())
    }
}
