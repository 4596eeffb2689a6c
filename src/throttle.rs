//! Counts wrong credentials, so that guessing is slow. Correct credentials are never refused by this limit.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::digest::Digest;

/// How many pairs of client id and address are counted separately within a minute.
const MAX_PAIRS: usize = 10_000;
const MINUTE: i64 = 60;

/// The wrong credentials of the current minute in this execution environment.
pub struct Throttle {
    limit: u32,
    failures: Mutex<Failures>,
}

#[derive(Default)]
struct Failures {
    minute: i64,
    /// By digest, because a client id in a request may have any size.
    counts: HashMap<[u8; 32], u32>,
}

impl Throttle {
    pub fn new(limit: u32) -> Self {
        Self { limit, failures: Mutex::default() }
    }

    /// Counts a failure. Beyond the limit, returns the number of seconds after which the client may try again.
    /// RFC 7662 §4: without a limit, an attacker could use the endpoint to try values (B-15).
    pub fn count_failure(&self, client_id: &str, source_address: &str, now: i64) -> Option<u32> {
        // RFC 6749 §2.3.1: an endpoint that accepts passwords must be protected against guessing.
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.start_minute(now);
        let pair = failures.pair(client_id, source_address);
        let count = failures.counts.entry(pair).or_default();
        *count = count.saturating_add(1);
        (*count > self.limit).then(|| u32::try_from(MINUTE - now.rem_euclid(MINUTE)).unwrap_or(1))
    }

    /// Whether the next failure of this pair would exceed the limit. Does not count one.
    pub fn is_at_limit(&self, client_id: &str, source_address: &str, now: i64) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.start_minute(now);
        let pair = failures.pair(client_id, source_address);
        failures.counts.get(&pair).is_some_and(|count| *count >= self.limit)
    }
}

impl Failures {
    fn start_minute(&mut self, now: i64) {
        let minute = now.div_euclid(MINUTE);
        if self.minute != minute {
            *self = Self { minute, ..Self::default() };
        }
    }

    /// The entry of a pair. Pairs beyond [`MAX_PAIRS`] share one entry.
    fn pair(&self, client_id: &str, source_address: &str) -> [u8; 32] {
        let pair = pair_digest(client_id, source_address);
        if self.counts.len() >= MAX_PAIRS && !self.counts.contains_key(&pair) { [0; 32] } else { pair }
    }
}

fn pair_digest(client_id: &str, source_address: &str) -> [u8; 32] {
    Digest::of([&Digest::of(client_id).bytes(), source_address.as_bytes()].concat()).bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b15_b19_past_the_limit_within_a_minute_failures_are_throttled() {
        let throttle = Throttle::new(2);
        let start = 600;
        let is_at_limit = |client_id, address, now| throttle.is_at_limit(client_id, address, now);
        assert_eq!(throttle.count_failure("a", "1.2.3.4", start), None);
        assert!(!is_at_limit("a", "1.2.3.4", start + 1));
        assert_eq!(throttle.count_failure("a", "1.2.3.4", start + 1), None);
        assert!(is_at_limit("a", "1.2.3.4", start + 1) && is_at_limit("a", "1.2.3.4", start + 59));
        assert!(!is_at_limit("b", "1.2.3.4", start + 1) && !is_at_limit("a", "1.2.3.5", start + 1));
        assert!(!Throttle::new(1).is_at_limit("a", "1.2.3.4", start), "nothing has failed");
        assert_eq!(throttle.count_failure("a", "1.2.3.4", start + 2), Some(58));
        assert_eq!(throttle.count_failure("b", "1.2.3.4", start + 2), None, "another client");
        assert_eq!(throttle.count_failure("a", "1.2.3.5", start + 2), None, "another address");
        assert_eq!(throttle.count_failure("a", "1.2.3.4", start + 59), Some(1));
        assert!(!is_at_limit("a", "1.2.3.4", start + 60));
        assert_eq!(throttle.count_failure("a", "1.2.3.4", start + 60), None, "another minute");
        for hours in [-1, 1] {
            assert_eq!(throttle.count_failure("a", "1.2.3.4", start + hours * 3600), None, "the clock was set");
        }
    }

    #[test]
    fn b15_the_memory_of_failures_is_bounded() {
        let throttle = Throttle::new(5);
        for number in 0..MAX_PAIRS + 100 {
            throttle.count_failure(&number.to_string(), "1.2.3.4", 0);
        }
        assert!(throttle.failures.lock().unwrap().counts.len() <= MAX_PAIRS + 1);
        assert!(throttle.count_failure("new", "1.2.3.4", 1).is_some(), "the overflow shares one count");
    }
}
