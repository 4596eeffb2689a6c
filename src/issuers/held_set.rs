//! A key set that this execution environment holds, and how old it is.

use std::sync::Arc;

use tokio::time::Instant;

use super::{budget::elapsed, key_set::IssuerKeySet};

/// The minimum age in seconds of a set before it is fetched again (H-13). Otherwise, each request with a `kid` that does not
/// exist would cause a fetch.
const MIN_AGE: i64 = 1;
/// A request starts no fetch later than this many seconds after it arrived (`call::deadline`).
const MAX_DELAY: i64 = 2;

/// A held set. Its age follows from when it was fetched, by the wall clock of any environment. That clock may be set back, so a
/// set is also never held for longer than that by the monotonic clock of this one.
pub struct HeldSet {
    pub set: Arc<IssuerKeySet>,
    since: Instant,
    /// Whether this environment fetched it. Otherwise, it adopted a snapshot.
    is_fetched_here: bool,
}

impl HeldSet {
    pub fn fetched(set: Arc<IssuerKeySet>) -> Self {
        Self { set, since: Instant::now(), is_fetched_here: true }
    }

    pub fn adopted(set: IssuerKeySet) -> Self {
        Self { set: Arc::new(set), since: Instant::now(), is_fetched_here: false }
    }

    /// The age in seconds, by the clock that says more.
    pub fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.set.fetched_at).max(self.held_for())
    }

    fn held_for(&self) -> i64 {
        i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    /// When a fetch starts that replaces this set. `now` is when its request arrived, which may be a moment ago: a set that
    /// was dated by it would seem old enough for the next request at once.
    pub fn time_of_next(&self, now: i64) -> i64 {
        let by_this_set = self.set.fetched_at.saturating_add(self.held_for());
        let is_a_moment_later = (now..=now.saturating_add(MAX_DELAY)).contains(&by_this_set);
        if self.is_fetched_here && is_a_moment_later { by_this_set } else { now }
    }

    /// Whether the set is too young to be fetched again, for a request that has waited for a fetch since `asked`. Times of the
    /// wall clock are whole seconds, so the set may have been fetched in the second before, and yet during that wait.
    pub fn is_young(&self, now: i64, asked: Instant) -> bool {
        elapsed(self.set.fetched_at, now).is_some_and(|age| {
            self.age(now) < MIN_AGE || (age <= MIN_AGE && self.is_fetched_here && self.since > asked)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio::time::advance;

    use super::*;
    use crate::jwt::Algorithm;

    const T: i64 = 1_700_000_000;

    fn fetched_at_t() -> HeldSet {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let keys = json!({ "keys": [key] }).to_string();
        let set = IssuerKeySet::parse(keys.as_bytes(), &[Algorithm::EdDsa], T).unwrap();
        HeldSet::fetched(Arc::new(set))
    }

    #[tokio::test(start_paused = true)]
    async fn h13_a_set_is_young_for_a_second_and_for_a_request_that_waited_for_it() {
        let before = Instant::now();
        advance(Duration::from_millis(100)).await;
        let held = fetched_at_t();
        let after = Instant::now();
        for (seconds, waited, did_not) in [(-3600, false, false), (0, true, true), (1, true, false), (2, false, false)]
        {
            assert_eq!(
                (held.is_young(T + seconds, before), held.is_young(T + seconds, after)),
                (waited, did_not),
                "{seconds}"
            );
        }
        let adopted = HeldSet { is_fetched_here: false, ..fetched_at_t() };
        assert!(
            adopted.is_young(T, before) && !adopted.is_young(T + 1, before),
            "another environment fetched it earlier"
        );
        advance(Duration::from_secs(1)).await;
        assert!(!held.is_young(T, Instant::now()), "the wall clock was set back");
    }

    #[tokio::test(start_paused = true)]
    async fn h13_a_set_that_a_late_request_fetched_is_not_dated_too_early() {
        let held = fetched_at_t();
        assert_eq!([-3600, -1, 0, 1].map(|seconds| held.time_of_next(T + seconds) - T), [-3600, 0, 0, 1]);
        advance(Duration::from_secs(1)).await;
        // It arrived in the same second as the request that fetched the held set.
        assert_eq!([-2, -1, 0, 1, 2].map(|seconds| held.time_of_next(T + seconds) - T), [-2, 1, 1, 1, 2]);
        let adopted = HeldSet { is_fetched_here: false, ..held };
        assert_eq!(adopted.time_of_next(T), T, "another environment's clock dated it");
    }

    #[tokio::test(start_paused = true)]
    async fn h16_h17_the_age_is_by_the_clock_that_says_more() {
        let held = fetched_at_t();
        // The environment was frozen, and its monotonic clock with it.
        assert_eq!([0, 1, 299, 300, 86_400].map(|seconds| held.age(T + seconds)), [0, 1, 299, 300, 86_400]);
        assert_eq!(held.age(T - 30), 0, "it was fetched by an environment whose clock is ahead");
        advance(Duration::from_mins(5)).await;
        // The wall clock was set back by the length of the pause, by less, and by more.
        assert_eq!([0, 10, -30, -3600].map(|seconds| held.age(T + seconds)), [300; 4]);
        assert_eq!(held.age(T + 400), 400);
    }
}
