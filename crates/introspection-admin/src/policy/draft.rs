//! A draft of one caller's policy: the least that shows every token of its records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::records::AuditRecord;

/// Below this, the records probably do not show all of a caller's traffic.
const FEW: u64 = 100;
/// A value in at most one of this many records is reported as rare.
const RARE: u64 = 100;

/// How often each value was seen.
type Counts = BTreeMap<String, u64>;

/// What the records of one caller show.
#[derive(Default)]
pub(super) struct Seen {
    records: u64,
    would_deny: u64,
    from: String,
    until: String,
    issuers: Counts,
    scopes: Counts,
    claims: Counts,
    /// The audiences of a token, and how many tokens had just these.
    audiences: BTreeMap<BTreeSet<String>, u64>,
}

impl Seen {
    pub fn add(&mut self, record: AuditRecord) {
        self.records += 1;
        self.would_deny += u64::from(record.policy == "would_deny");
        if self.from.is_empty() || record.timestamp < self.from {
            self.from.clone_from(&record.timestamp);
        }
        if record.timestamp > self.until {
            self.until = record.timestamp;
        }
        count(&mut self.issuers, record.issuer);
        count(&mut self.scopes, words(record.scopes.as_deref()));
        count(&mut self.claims, words(record.claims.as_deref()));
        *self.audiences.entry(words(record.audiences.as_deref()).collect()).or_default() += 1;
    }

    /// The policy, in report mode, so that it can be tried.
    pub fn policy(&self) -> Value {
        json!({
            "mode": "report",
            "issuers": self.issuers.keys().collect::<Vec<_>>(),
            "audiences": self.needed_audiences(),
            "scopes": self.scopes.keys().collect::<Vec<_>>(),
            "claims": self.claims.keys().collect::<Vec<_>>(),
        })
    }

    /// Few audiences of which each token has one: that of the most tokens first, then that of the most others. A token may
    /// also be for other resource servers, whose identifiers this caller's policy should not list.
    fn needed_audiences(&self) -> Vec<&str> {
        let mut needed = Vec::new();
        let mut left: Vec<_> = self.audiences.iter().filter(|(audiences, _)| !audiences.is_empty()).collect();
        while !left.is_empty() {
            let mut counts = BTreeMap::<&str, u64>::new();
            for (audiences, tokens) in &left {
                audiences.iter().for_each(|audience| *counts.entry(audience).or_default() += **tokens);
            }
            // Of several with the same count, the first by its name.
            let Some(most) = counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name))) else {
                break;
            };
            needed.push(most.0);
            left.retain(|(audiences, _)| !audiences.contains(most.0));
        }
        needed.sort_unstable();
        needed
    }

    /// What the operator should know before the policy is used.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.records < FEW {
            notes.push(format!(
                "only {} records: a policy drafted from them may hide tokens that the caller needs",
                self.records
            ));
        }
        let without = self.audiences.get(&BTreeSet::new()).copied().unwrap_or_default();
        if without > 0 {
            notes.push(format!("{without} tokens have no audience, so no list of audiences shows them"));
        }
        let needed = self.needed_audiences();
        let others: BTreeSet<_> =
            self.audiences.keys().flatten().filter(|name| !needed.contains(&name.as_str())).collect();
        if !others.is_empty() {
            let others: Vec<_> = others.into_iter().map(|name| format!("{name:?}")).collect();
            notes.push(format!("left out, because each token also has another audience: {}", others.join(", ")));
        }
        for (kind, counts) in [("issuer", &self.issuers), ("scope", &self.scopes), ("claim", &self.claims)] {
            for (name, count) in
                counts.iter().filter(|(_, count)| self.records >= FEW && **count * RARE <= self.records)
            {
                notes.push(format!("rare: the {kind} {name:?} is in {count} of {} records", self.records));
            }
        }
        notes
    }

    /// Names and values, for humans.
    pub fn pairs(&self, caller: &str) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("caller", caller.to_owned()),
            ("records", format!("{}, from {} until {}", self.records, self.from, self.until)),
            ("would deny", self.would_deny.to_string()),
        ];
        pairs.extend(self.notes().into_iter().map(|note| ("note", note)));
        pairs
    }

    pub fn json(&self, caller: &str) -> Value {
        let audiences: Vec<_> = self
            .audiences
            .iter()
            .map(|(audiences, tokens)| json!({ "audiences": audiences, "records": tokens }))
            .collect();
        json!({
            "caller": caller,
            "records": self.records,
            "would_deny": self.would_deny,
            "from": self.from,
            "until": self.until,
            "policy": self.policy(),
            "seen": { "issuers": self.issuers, "audiences": audiences, "scopes": self.scopes, "claims": self.claims },
            "notes": self.notes(),
        })
    }
}

fn words(list: Option<&str>) -> impl Iterator<Item = String> {
    list.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).map(str::to_owned)
}

fn count(counts: &mut Counts, names: impl IntoIterator<Item = String>) {
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(audiences: &[&str]) -> Seen {
        let mut seen = Seen::default();
        for text in audiences {
            let record = json!({ "audiences": text, "scopes": "read", "claims": "", "issuer": "https://a" });
            seen.add(serde_json::from_value(record).unwrap());
        }
        seen
    }

    #[test]
    fn the_audiences_of_a_draft_are_few_and_show_every_token() {
        for (tokens, needed) in [
            (&["a"][..], &["a"][..]),
            (&["a b", "a c"], &["a"]),
            (&["a b", "b c", "c d"], &["b", "c"]),
            (&["a", "b", "a b"], &["a", "b"]),
            (&["userinfo api", "api"], &["api"]),
            (&["", "a"], &["a"]),
            (&[""], &[]),
        ] {
            assert_eq!(seen(tokens).needed_audiences(), needed, "{tokens:?}");
        }
    }

    #[test]
    fn the_notes_say_what_a_draft_cannot_know() {
        let notes = seen(&["", "userinfo api", "api"]).notes().join("\n");
        assert!(notes.starts_with("only 3 records: "), "{notes}");
        assert!(
            notes.contains("1 tokens have no audience") && notes.contains("another audience: \"userinfo\""),
            "{notes}"
        );
        let mut many = seen(&["api"; 200]);
        let record = json!({ "audiences": "api", "scopes": "admin read", "claims": "", "issuer": "https://a" });
        many.add(serde_json::from_value(record).unwrap());
        assert_eq!(many.notes(), ["rare: the scope \"admin\" is in 1 of 201 records"]);
    }
}
