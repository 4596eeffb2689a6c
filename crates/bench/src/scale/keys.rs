//! What an environment knows of an issuer's keys, and what the state table knows: the rules of `src/issuers`, in seconds
//! since the start of the run.

use super::model;

/// The number of fetches that may follow one another at once, and the seconds after which one more is allowed.
const BUDGET: (i64, i64) = (10, 5);
/// For how long a lease is held if its holder does not end it, in seconds.
const LEASE: i64 = 3;

/// One environment's set, of which only the second of its fetch matters, and its budget.
pub struct Keys {
    set: Option<i64>,
    left: i64,
    refilled: i64,
}

impl Keys {
    pub fn new(set: Option<i64>) -> Self {
        Self { set, left: BUDGET.0, refilled: 0 }
    }

    /// The second in which the held set was fetched.
    pub fn set(&self) -> Option<i64> {
        self.set
    }

    fn is_due(&self, now: i64) -> bool {
        self.set.is_none_or(|fetched| now - fetched >= model::REFRESH)
    }

    pub fn needs_snapshot(&self, unknown: bool, now: i64) -> bool {
        unknown || self.is_due(now)
    }

    pub fn adopt(&mut self, snapshot: Option<i64>) {
        self.set = self.set.max(snapshot);
    }

    pub fn may_fetch(&mut self, unknown: bool, now: i64) -> bool {
        self.refill(now);
        let is_young = self.set.is_some_and(|fetched| now - fetched < 1);
        !is_young && (self.is_due(now) || (unknown && self.left > 0))
    }

    pub fn take(&mut self, now: i64) {
        self.refill(now);
        self.left = (self.left - 1).max(0);
    }

    pub fn fetched(&mut self, second: i64) {
        self.set = Some(second);
    }

    fn refill(&mut self, now: i64) {
        if self.left >= BUDGET.0 {
            self.refilled = now;
        } else {
            let added = (now - self.refilled) / BUDGET.1;
            self.left = BUDGET.0.min(self.left + added);
            self.refilled += added * BUDGET.1;
        }
    }
}

/// The issuer's item in the state table.
pub struct SharedState {
    pub snapshot: Option<i64>,
    /// Snapshots by the time at which they were written.
    written: Vec<(f64, i64)>,
    leased_until: i64,
}

impl SharedState {
    /// With a snapshot of that age.
    pub fn new(age: Option<i64>) -> Self {
        Self { snapshot: age.map(|age| -age), written: Vec::new(), leased_until: i64::MIN }
    }

    /// The snapshot that a read at this time finds.
    pub fn snapshot_at(&self, time: f64) -> Option<i64> {
        let written = self.written.iter().filter(|(at, _)| *at <= time).map(|(_, snapshot)| *snapshot).max();
        self.snapshot.max(written)
    }

    /// Writes a snapshot, unless there is one that is as new.
    pub fn put(&mut self, snapshot: i64, now: f64) {
        if self.snapshot_at(now).is_none_or(|existing| existing < snapshot) {
            self.written.push((now, snapshot));
        }
    }

    /// Whether a request that began in this second gets the lease.
    pub fn lease(&mut self, second: i64) -> bool {
        let is_free = second >= self.leased_until;
        if is_free {
            self.leased_until = second + LEASE;
        }
        is_free
    }

    /// Ends the lease of a fetch that began in this second.
    pub fn end_lease(&mut self, second: i64) {
        self.leased_until = second + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_the_function() {
        let mut keys = Keys::new(Some(0));
        assert!(!keys.may_fetch(true, 0) && keys.may_fetch(true, 1), "the minimum age is 1 s");
        assert!(!keys.may_fetch(false, 299) && keys.may_fetch(false, 300), "a set is refreshed after 300 s");
        // As in `h13_an_unknown_kid_waits_for_a_second_and_for_the_budget` of `src/issuers/issuer_keys.rs`.
        keys.take(0);
        let mut fetches = 0;
        for second in 1..=120 {
            if keys.may_fetch(true, second) {
                keys.take(second);
                keys.fetched(second);
                fetches += 1;
            }
        }
        assert_eq!(fetches, 9 + 120 / 5);
    }

    #[test]
    fn a_snapshot_is_seen_once_it_is_written_and_never_replaced_by_an_older_one() {
        let mut shared = SharedState::new(None);
        shared.put(5, 5.2);
        shared.put(4, 5.3);
        assert_eq!([5.1, 5.2, 9.0].map(|time| shared.snapshot_at(time)), [None, Some(5), Some(5)]);
        assert!(shared.lease(6) && !shared.lease(8) && shared.lease(9));
        shared.end_lease(9);
        assert!(!shared.lease(9) && shared.lease(10));
    }
}
