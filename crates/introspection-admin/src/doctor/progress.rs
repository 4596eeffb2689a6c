//! Says on standard error how far a long scan is, so that the operator knows that it goes on.

use std::time::Duration;

use tokio::time::Instant;

use crate::output::print_error;

/// A scan that is over before this time says nothing.
const FIRST: Duration = Duration::from_secs(2);
const BETWEEN: Duration = Duration::from_secs(5);

/// The progress of one scan.
pub(super) struct Progress<'a> {
    table: &'a str,
    begun: Instant,
    next: Instant,
}

impl<'a> Progress<'a> {
    pub fn new(table: &'a str) -> Self {
        let begun = Instant::now();
        Self { table, begun, next: begun + FIRST }
    }

    /// Reports the number of items so far, if it is time to.
    pub fn at(&mut self, items: u64) {
        if let Some(line) = self.line(items, Instant::now()) {
            print_error(&line);
        }
    }

    fn line(&mut self, items: u64, now: Instant) -> Option<String> {
        if now < self.next {
            return None;
        }
        self.next = now + BETWEEN;
        let seconds = (now - self.begun).as_secs();
        Some(format!("introspection-admin: read {items} items of {:?} in {seconds} s …", self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_scan_is_reported_now_and_then() {
        let mut progress = Progress::new("oauth-tokens");
        let at = |seconds| progress.begun + Duration::from_secs(seconds);
        let times = [1, 2, 4, 7, 11, 12].map(at);
        let lines: Vec<_> = times.into_iter().filter_map(|now| progress.line(1000, now)).collect();
        let expected =
            [2, 7, 12].map(|s| format!("introspection-admin: read 1000 items of \"oauth-tokens\" in {s} s …"));
        assert_eq!(lines, expected);
    }
}
