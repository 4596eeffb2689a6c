//! What this execution environment holds of one issuer's keys, and when it may ask for more. No I/O.

use std::sync::{Arc, Mutex, PoisonError};

use super::{fetch::Places, key_set::KeySet};
use crate::records::Snapshot;

/// Between two fetches of one issuer's keys that a token could cause, in seconds. Failures count.
const COOL_DOWN_SECONDS: i64 = 30;
/// Clocks of two environments differ by less than this many seconds.
const CLOCK_DIFFERENCE_SECONDS: i64 = 60;

/// One issuer whose keys are fetched.
pub struct Source {
    pub places: Places,
    /// The age in seconds at which a set is fetched again.
    refresh: i64,
    state: Mutex<State>,
    /// Held by the one fetch in flight. Who only reads keys never asks for it.
    pub flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    set: Option<Arc<KeySet>>,
    /// When the last fetch began, if it did not succeed.
    failed_at: Option<i64>,
}

impl Source {
    pub fn new(places: Places, refresh: i64) -> Self {
        Self { places, refresh, state: Mutex::default(), flight: tokio::sync::Mutex::default() }
    }

    /// The set that may be used now, stale for at most a day.
    pub fn set(&self, now: i64) -> Option<Arc<KeySet>> {
        self.with(|state| state.usable(now).cloned())
    }

    /// Whether the held set cannot serve a token of that `kid` without another look: there is none, it is due for
    /// a refresh, or it does not hold the key.
    pub fn needs_keys(&self, kid: Option<&str>, now: i64) -> bool {
        self.with(|state| state.usable(now).is_none_or(|set| now - set.fetched_at >= self.refresh || !set.knows(kid)))
    }

    /// Whether a fetch may begin, and if so, counts it as failed until [`Source::succeeded`]: a fetch that is cut
    /// short with its invocation is one that failed.
    pub fn begin_fetch(&self, now: i64) -> bool {
        self.with(|state| {
            let cooling = |since: Option<i64>| since.is_some_and(|since| now - since < COOL_DOWN_SECONDS);
            let cool = !cooling(state.failed_at) && !cooling(state.usable(now).map(|set| set.fetched_at));
            if cool {
                state.failed_at = Some(now);
            }
            cool
        })
    }

    /// Swaps in a set that was just fetched.
    pub fn succeeded(&self, set: Arc<KeySet>) {
        self.with(|state| {
            state.failed_at = None;
            state.set = Some(set);
        });
    }

    /// Takes over a set that another environment fetched, where it is newer than the held one.
    pub fn adopt(&self, set: KeySet, now: i64) {
        self.with(|state| {
            let newer = state.set.as_ref().is_none_or(|held| held.fetched_at < set.fetched_at);
            if newer && set.fetched_at <= now + CLOCK_DIFFERENCE_SECONDS {
                state.failed_at = state.failed_at.filter(|failed_at| *failed_at > set.fetched_at);
                state.set = Some(Arc::new(set));
            }
        });
    }

    /// Whether the last fetch that this environment knows of failed.
    pub fn last_fetch_failed(&self) -> bool {
        self.with(|state| state.failed_at.is_some())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // No code that holds this lock can panic, so there is no half-made state to fear.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn usable(&self, now: i64) -> Option<&Arc<KeySet>> {
        self.set.as_ref().filter(|set| now.saturating_sub(set.fetched_at) < Snapshot::LIFETIME_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use serde_json::json;

    use super::*;
    use crate::jwt::Algorithm;

    const T: i64 = 1_700_000_000;

    fn set(kid: &str, fetched_at: i64) -> KeySet {
        let key =
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes(), &[Algorithm::EdDsa], fetched_at).unwrap()
    }

    fn source() -> Source {
        Source::new(Places::KeySet(Uri::from_static("https://issuer.example/jwks.json")), 300)
    }

    #[test]
    fn h13_failures_and_successes_count_in_the_cool_down() {
        let source = source();
        assert!(source.needs_keys(Some("a"), T) && source.begin_fetch(T));
        assert!(!source.begin_fetch(T + 29), "a fetch that never ended counts as failed");
        assert!(source.last_fetch_failed());
        assert!(source.begin_fetch(T + 30));
        source.succeeded(Arc::new(set("a", T + 30)));
        assert!(!source.last_fetch_failed());
        assert!(!source.needs_keys(Some("a"), T + 31) && source.needs_keys(Some("b"), T + 31));
        assert!(!source.begin_fetch(T + 59) && source.begin_fetch(T + 60));
    }

    #[test]
    fn h16_h17_a_set_is_refreshed_after_its_time_and_used_for_a_day() {
        let source = source();
        source.succeeded(Arc::new(set("a", T)));
        assert!(!source.needs_keys(Some("a"), T + 299));
        assert!(source.needs_keys(Some("a"), T + 300) && source.set(T + 300).is_some());
        assert!(source.begin_fetch(T + 300) && !source.begin_fetch(T + 329));
        assert!(source.set(T + 86_399).is_some() && source.set(T + 86_400).is_none());
    }

    #[test]
    fn h13_a_newer_snapshot_counts_for_the_deployment_and_an_older_one_for_nothing() {
        let source = source();
        assert!(source.begin_fetch(T));
        source.adopt(set("a", T - 100), T);
        assert!(source.last_fetch_failed(), "the failure is newer than the snapshot");
        source.adopt(set("a", T + 5), T + 6);
        assert!(!source.last_fetch_failed() && !source.begin_fetch(T + 34) && source.begin_fetch(T + 35));
        source.adopt(set("b", T + 4), T + 40);
        assert!(source.set(T + 40).is_some_and(|set| set.knows(Some("a"))), "an older snapshot changes nothing");
        source.adopt(set("b", T + 1000), T + 40);
        assert!(source.set(T + 40).is_some_and(|set| set.knows(Some("a"))), "nor does one from the future");
    }
}
