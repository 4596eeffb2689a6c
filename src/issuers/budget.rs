//! How many fetches one environment makes for an issuer (H-13), and times between which the clock may have been set. No
//! I/O.

/// The number of fetches that may follow one another at once.
const CAPACITY: i64 = 10;
/// The number of seconds after which one more fetch is allowed.
const REFILL_SECONDS: i64 = 5;
/// Requests of one environment do not arrive exactly in the order of their times.
const OUT_OF_ORDER_SECONDS: i64 = 2;

/// The seconds since an earlier time. `None` if that time is in the future: the clock was set back, so nothing is
/// known, and no pause may depend on it.
pub fn elapsed(since: i64, now: i64) -> Option<i64> {
    let elapsed = now.saturating_sub(since);
    (elapsed >= -OUT_OF_ORDER_SECONDS).then_some(elapsed.max(0))
}

/// How much is left of a pause of `pause` seconds that began at `since`. `None` if it is over.
pub fn rest_of_pause(since: Option<i64>, pause: i64, now: i64) -> Option<i64> {
    let elapsed = elapsed(since?, now)?;
    (elapsed < pause).then(|| pause - elapsed)
}

/// A token bucket.
pub struct Budget {
    left: i64,
    /// When a fetch was last added.
    refilled_at: Option<i64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: CAPACITY, refilled_at: None }
    }
}

impl Budget {
    /// Whether a fetch is left.
    pub fn is_left(&mut self, now: i64) -> bool {
        self.refill(now);
        self.left > 0
    }

    /// Whether a fetch is left for a sender that has not authenticated. Half of the budget is kept for callers that
    /// have, so that tokens with invented key ids, which anyone can send, do not use it up.
    pub fn is_left_for_anyone(&mut self, now: i64) -> bool {
        self.refill(now);
        self.left > CAPACITY / 2
    }

    /// Takes a fetch, if one is left.
    pub fn take(&mut self, now: i64) {
        self.refill(now);
        self.left = (self.left - 1).max(0);
    }

    fn refill(&mut self, now: i64) {
        let since = *self.refilled_at.get_or_insert(now);
        match elapsed(since, now) {
            // Only time from here on adds fetches.
            None => self.refilled_at = Some(now),
            Some(_) if self.left >= CAPACITY => self.refilled_at = Some(now.max(since)),
            Some(elapsed) => {
                let added = elapsed / REFILL_SECONDS;
                self.left = self.left.saturating_add(added).min(CAPACITY);
                self.refilled_at = Some(since.saturating_add(added.saturating_mul(REFILL_SECONDS)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_700_000_000;

    fn taken(budget: &mut Budget, now: i64) -> usize {
        let mut taken = 0;
        while budget.is_left(now) && taken < 100 {
            budget.take(now);
            taken += 1;
        }
        taken
    }

    #[test]
    fn h13_ten_fetches_and_one_every_five_seconds() {
        let mut budget = Budget::default();
        for (seconds, expected) in [(0, 10), (1, 0), (4, 0), (5, 1), (9, 0), (10, 1), (27, 3), (30, 1), (1_000_000, 10)]
        {
            assert_eq!(taken(&mut budget, T + seconds), expected, "after {seconds} s");
        }
    }

    #[test]
    fn r08_half_of_the_budget_is_kept_for_authenticated_callers() {
        let mut budget = Budget::default();
        let mut taken_by_anyone = 0;
        while budget.is_left_for_anyone(T) {
            budget.take(T);
            taken_by_anyone += 1;
        }
        assert_eq!((taken_by_anyone, taken(&mut budget, T)), (5, 5));
        assert!(!budget.is_left_for_anyone(T + 29) && budget.is_left_for_anyone(T + 30));
    }

    #[test]
    fn h13_a_clock_that_moves_neither_stops_fetches_nor_gives_more_than_ten() {
        let mut budget = Budget::default();
        assert_eq!(taken(&mut budget, T), 10);
        assert_eq!(taken(&mut budget, T - 3600), 0);
        assert_eq!(taken(&mut budget, T - 3595), 1, "there is no wait of an hour");
        assert_eq!(taken(&mut budget, T + 3600), 10);
        assert_eq!(taken(&mut budget, i64::MAX), 10);
        assert_eq!(taken(&mut budget, i64::MIN), 0);
    }

    #[test]
    fn a_pause_that_began_in_the_future_is_not_going_on() {
        for (since, rest) in [
            (T, Some(30)),
            (T - 29, Some(1)),
            (T - 30, None),
            (T + 1, Some(30)),
            (T + 2, Some(30)),
            (T + 3, None),
            (T + 3600, None),
        ] {
            assert_eq!(rest_of_pause(Some(since), 30, T), rest, "{since}");
        }
        assert_eq!(rest_of_pause(None, 30, T), None);
    }
}
