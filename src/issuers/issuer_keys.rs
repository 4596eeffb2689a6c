//! The keys of one issuer that this execution environment holds, and when it may fetch more. No I/O.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::{
    budget::{Budget, elapsed, rest_of_pause},
    fetch::KeyLocation,
    flight::Flight,
    held_set::HeldSet,
    key_set::IssuerKeySet,
};
use crate::{records::Snapshot, token::UnverifiedToken};

/// The pause after a failed fetch, in seconds.
const FAILURE_PAUSE: i64 = 30;
/// The pause between two fetches that bad signatures cause, in seconds (H-14).
const RECHECK_PAUSE: i64 = 30;
/// The pause between two log lines about a used-up budget, in seconds.
const LOG_PAUSE: i64 = 60;
/// The clocks of two environments differ by at most this many seconds.
const CLOCK_DIFFERENCE: i64 = 60;

/// One issuer whose keys are fetched.
pub struct IssuerKeys {
    pub location: KeyLocation,
    /// The age in seconds at which a set is fetched again (H-17).
    refresh: i64,
    state: Mutex<State>,
    /// The lock of the one fetch in flight. Requests that only read keys never wait for it.
    pub flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub held: Option<HeldSet>,
    /// When the last fetch started, if it failed.
    pub failed_at: Option<i64>,
    /// When the last fetch started that a bad signature caused, by this environment or by one that this one waited for.
    pub rechecked_at: Option<i64>,
    /// When the log last said that the budget is used up.
    budget_logged_at: Option<i64>,
    pub budget: Budget,
}

/// What a fetch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchReason {
    /// No set is held, or the held one is due.
    Due,
    /// The held set has no key for a token.
    UnknownKey,
    /// No held key made the signature of a token whose sender has not authenticated.
    Unauthenticated,
    /// No held key made the signature. The issuer may have replaced a key under the same `kid`, or repaired one.
    Recheck,
}

/// Why a fetch is not allowed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAllowed {
    /// A fetch was just made, or the held set is no longer due.
    NotNeeded,
    /// The last fetch failed less than 30 s ago.
    Failed,
    /// A bad signature caused a fetch less than 30 s ago.
    Rechecked,
    /// No fetch is left. `log` is true if the log has not said so within the last minute.
    BudgetUsedUp { log: bool },
}

impl IssuerKeys {
    pub fn new(location: KeyLocation, refresh: i64) -> Self {
        Self { location, refresh, state: Mutex::default(), flight: tokio::sync::Mutex::default() }
    }

    /// The set that may be used now. It may be stale for at most a day (H-16).
    pub fn set(&self, now: i64) -> Option<Arc<IssuerKeySet>> {
        self.with(|state| state.usable(now).map(|held| Arc::clone(&held.set)))
    }

    /// Whether no set is held, or the held set is due for a refresh.
    pub fn is_due(&self, now: i64) -> bool {
        self.with(|state| state.is_due(self.refresh, now))
    }

    /// Whether the shared snapshot may know more about this token than the held set.
    pub fn needs_snapshot<S>(&self, unverified: &UnverifiedToken<'_, S>, now: i64) -> bool {
        self.is_due(now) || self.set(now).is_none_or(|set| !set.serves(unverified))
    }

    /// Starts a fetch if it is allowed. Returns `None` if there is too little time. The caller holds `flight`, so at
    /// most one fetch is in flight, and has wanted one since `asked`.
    ///
    /// # Errors
    ///
    /// Returns [`NotAllowed`] if the fetch may not be made now, regardless of the time.
    pub fn try_begin_fetch(
        &self,
        reason: FetchReason,
        now: i64,
        asked: Instant,
        has_time: bool,
    ) -> Result<Option<Flight<'_>>, NotAllowed> {
        self.with(|state| {
            state.may_fetch(reason, self.refresh, now, asked)?;
            if !has_time {
                return Ok(None);
            }
            let fetched_at = state.held.as_ref().map_or(now, |held| held.time_of_next(now));
            Ok(Some(Flight::new(self, reason, now, fetched_at)))
        })
    }

    /// Adopts a set that another environment fetched, if it is newer than the held one.
    pub fn adopt(&self, set: IssuerKeySet, now: i64) {
        self.with(|state| {
            let is_credible = |set: &IssuerKeySet| set.fetched_at <= now.saturating_add(CLOCK_DIFFERENCE);
            let held = state.held.as_ref().filter(|held| is_credible(&held.set));
            if is_credible(&set) && held.is_none_or(|held| held.set.fetched_at < set.fetched_at) {
                let is_newer = |failed_at: &i64| *failed_at > set.fetched_at && elapsed(*failed_at, now).is_some();
                state.failed_at = state.failed_at.filter(is_newer);
                state.held = Some(HeldSet::adopted(set));
            }
        });
    }

    /// Whether the last fetch that this environment knows of failed.
    pub fn last_fetch_failed(&self) -> bool {
        self.with(|state| state.failed_at.is_some())
    }

    /// The number of seconds, at least 1, after which a fetch may be tried again.
    pub fn retry_after(&self, now: i64) -> u32 {
        let pauses = self.with(|state| {
            let failed = rest_of_pause(state.failed_at, FAILURE_PAUSE, now);
            failed.or_else(|| rest_of_pause(state.rechecked_at, RECHECK_PAUSE, now))
        });
        pauses.and_then(|rest| u32::try_from(rest).ok()).unwrap_or(1).max(1)
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // No code that holds this lock can panic, so a poisoned state is still consistent.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn usable(&self, now: i64) -> Option<&HeldSet> {
        self.held.as_ref().filter(|held| held.age(now) < Snapshot::LIFETIME_SECONDS)
    }

    /// A set that is further in the future than clocks differ was fetched before the clock was set back.
    fn is_due(&self, refresh: i64, now: i64) -> bool {
        self.usable(now)
            .is_none_or(|held| held.age(now) >= refresh || now.saturating_sub(held.set.fetched_at) < -CLOCK_DIFFERENCE)
    }

    fn may_fetch(&mut self, reason: FetchReason, refresh: i64, now: i64, asked: Instant) -> Result<(), NotAllowed> {
        let is_young = self.usable(now).is_some_and(|held| held.is_young(now, asked));
        if is_young || (reason == FetchReason::Due && !self.is_due(refresh, now)) {
            return Err(NotAllowed::NotNeeded);
        }
        if rest_of_pause(self.failed_at, FAILURE_PAUSE, now).is_some() {
            return Err(NotAllowed::Failed);
        }
        if reason == FetchReason::Recheck && rest_of_pause(self.rechecked_at, RECHECK_PAUSE, now).is_some() {
            return Err(NotAllowed::Rechecked);
        }
        let is_left = match reason {
            FetchReason::UnknownKey => self.budget.is_left(now),
            FetchReason::Unauthenticated => self.budget.is_left_for_anyone(now),
            FetchReason::Due | FetchReason::Recheck => true,
        };
        if !is_left {
            // The half that is left for authenticated callers may still be there.
            let log = !self.budget.is_left(now) && rest_of_pause(self.budget_logged_at, LOG_PAUSE, now).is_none();
            if log {
                self.budget_logged_at = Some(now);
            }
            return Err(NotAllowed::BudgetUsedUp { log });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Uri;
    use serde_json::json;
    use tokio::time::advance;

    use super::*;
    use crate::{issuers::flight::FAIR_TIME, jwt::Algorithm};

    const T: i64 = 1_700_000_000;

    fn set(kid: &str, fetched_at: i64) -> IssuerKeySet {
        let key =
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        IssuerKeySet::parse(json!({ "keys": [key] }).to_string().as_bytes(), &[Algorithm::EdDsa], fetched_at).unwrap()
    }

    fn keys() -> IssuerKeys {
        IssuerKeys::new(
            KeyLocation::key_set("https://issuer.example", Uri::from_static("https://issuer.example/jwks.json")),
            300,
        )
    }

    fn may_fetch(keys: &IssuerKeys, reason: FetchReason, now: i64) -> Result<(), NotAllowed> {
        keys.try_begin_fetch(reason, now, Instant::now(), false).map(|_| ())
    }

    fn begin(keys: &IssuerKeys, reason: FetchReason, now: i64) -> Flight<'_> {
        keys.try_begin_fetch(reason, now, Instant::now(), true).ok().flatten().unwrap()
    }

    fn fetched(keys: &IssuerKeys, kid: &str, now: i64) {
        begin(keys, FetchReason::Due, now).succeeded(Arc::new(set(kid, now)));
    }

    fn holds(keys: &IssuerKeys, kid: &str, now: i64) -> bool {
        keys.set(now).is_some_and(|set| set.keys()[0].kid() == Some(kid))
    }

    #[test]
    fn h13_only_a_fetch_that_was_tried_counts_as_failed() {
        let keys = keys();
        drop(begin(&keys, FetchReason::Due, T));
        assert!(!keys.last_fetch_failed(), "it had no time");
        begin(&keys, FetchReason::Due, T).failed();
        assert!(keys.last_fetch_failed());
        for reason in [FetchReason::Due, FetchReason::UnknownKey, FetchReason::Recheck] {
            assert_eq!(may_fetch(&keys, reason, T + 29), Err(NotAllowed::Failed));
            assert_eq!(may_fetch(&keys, reason, T + 30), Ok(()));
        }
        assert_eq!([0, 1, 29, 30, 99].map(|seconds| keys.retry_after(T + seconds)), [30, 29, 1, 1, 1]);
        fetched(&keys, "a", T + 30);
        assert!(!keys.last_fetch_failed());
    }

    #[test]
    fn h13_h14_a_fetch_that_was_not_made_begins_no_pause_and_costs_no_budget() {
        let keys = keys();
        fetched(&keys, "a", T);
        for _ in 0..20 {
            begin(&keys, FetchReason::Recheck, T + 1).not_made();
            drop(begin(&keys, FetchReason::UnknownKey, T + 1));
        }
        assert_eq!(may_fetch(&keys, FetchReason::Recheck, T + 1), Ok(()));
        begin(&keys, FetchReason::Recheck, T + 1).left_to_another();
        for _ in 0..8 {
            assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T + 2), Ok(()));
            begin(&keys, FetchReason::UnknownKey, T + 2).left_to_another();
        }
        assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T + 2), Err(NotAllowed::BudgetUsedUp { log: true }));
        for _ in 0..20 {
            begin(&keys, FetchReason::Recheck, T + 31).not_made();
        }
        assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T + 31), Ok(()), "refilled by time only");
        assert_eq!(may_fetch(&keys, FetchReason::Recheck, T + 30), Err(NotAllowed::Rechecked), "the earlier one");
    }

    #[tokio::test(start_paused = true)]
    async fn h13_a_fetch_that_is_cut_off_after_a_fair_time_counts_as_failed() {
        let keys = keys();
        let flight = begin(&keys, FetchReason::Due, T);
        advance(FAIR_TIME).await;
        drop(flight);
        assert!(keys.last_fetch_failed());
    }

    #[test]
    fn h13_an_unknown_kid_waits_for_a_second_and_for_the_budget() {
        let keys = keys();
        fetched(&keys, "a", T);
        assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T), Err(NotAllowed::NotNeeded));
        let mut fetches = 0;
        let mut logged = 0;
        for seconds in 1..=120 {
            match may_fetch(&keys, FetchReason::UnknownKey, T + seconds) {
                Ok(()) => {
                    let flight = begin(&keys, FetchReason::UnknownKey, T + seconds);
                    flight.succeeded(Arc::new(set("a", T + seconds)));
                    fetches += 1;
                }
                Err(NotAllowed::BudgetUsedUp { log }) => logged += usize::from(log),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((fetches, logged), (9 + 120 / 5, 2));
    }

    #[test]
    fn h14_signatures_cause_one_fetch_in_thirty_seconds() {
        let keys = keys();
        fetched(&keys, "a", T);
        assert_eq!(may_fetch(&keys, FetchReason::Recheck, T), Err(NotAllowed::NotNeeded));
        begin(&keys, FetchReason::Recheck, T + 1).succeeded(Arc::new(set("a", T + 1)));
        assert_eq!(may_fetch(&keys, FetchReason::Recheck, T + 30), Err(NotAllowed::Rechecked));
        assert_eq!(may_fetch(&keys, FetchReason::Recheck, T + 31), Ok(()));
        assert_eq!(
            may_fetch(&keys, FetchReason::UnknownKey, T + 2),
            Ok(()),
            "an unknown key does not wait for this pause"
        );
    }

    #[test]
    fn h16_h17_a_set_is_refreshed_after_its_time_and_used_for_a_day() {
        let keys = keys();
        fetched(&keys, "a", T);
        assert!(!keys.is_due(T + 299) && keys.is_due(T + 300) && keys.set(T + 300).is_some());
        assert_eq!(may_fetch(&keys, FetchReason::Due, T + 299), Err(NotAllowed::NotNeeded));
        begin(&keys, FetchReason::Due, T + 300).failed();
        assert_eq!(may_fetch(&keys, FetchReason::Due, T + 329), Err(NotAllowed::Failed));
        assert!(keys.set(T + 86_399).is_some() && keys.set(T + 86_400).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn h16_h17_a_set_ages_although_the_wall_clock_was_set_back() {
        let keys = keys();
        fetched(&keys, "a", T);
        advance(Duration::from_mins(5)).await;
        assert!(keys.is_due(T) && keys.set(T).is_some());
        for reason in [FetchReason::Due, FetchReason::UnknownKey] {
            assert_eq!(may_fetch(&keys, reason, T), Ok(()), "{reason:?}");
        }
        fetched(&keys, "b", T);
        assert!(!keys.is_due(T) && may_fetch(&keys, FetchReason::UnknownKey, T) == Err(NotAllowed::NotNeeded));
        advance(Duration::from_hours(24)).await;
        assert!(keys.set(T).is_none());
    }

    #[test]
    fn h13_a_clock_that_was_set_back_stops_no_fetch() {
        let keys = keys();
        fetched(&keys, "a", T);
        begin(&keys, FetchReason::UnknownKey, T + 1).failed();
        let back = T - 3600;
        assert!(keys.is_due(back), "the set is from the future");
        for reason in [FetchReason::Due, FetchReason::UnknownKey, FetchReason::Recheck] {
            assert_eq!(may_fetch(&keys, reason, back), Ok(()), "{reason:?}");
        }
        keys.adopt(set("b", back - 10), back);
        assert!(holds(&keys, "b", back) && !keys.last_fetch_failed(), "times in the future are ignored");
        begin(&keys, FetchReason::Recheck, T).failed();
        assert_eq!((may_fetch(&keys, FetchReason::Recheck, back), keys.retry_after(back)), (Ok(()), 1));
    }

    #[test]
    fn h13_a_newer_snapshot_counts_for_the_deployment_and_an_older_one_is_ignored() {
        let keys = keys();
        begin(&keys, FetchReason::Due, T).failed();
        keys.adopt(set("a", T - 100), T);
        assert!(keys.last_fetch_failed(), "the failure is newer than the snapshot");
        keys.adopt(set("a", T + 5), T + 6);
        assert!(!keys.last_fetch_failed());
        assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T + 5), Err(NotAllowed::NotNeeded));
        assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T + 6), Ok(()));
        keys.adopt(set("b", T + 4), T + 40);
        assert!(holds(&keys, "a", T + 40), "an older snapshot changes nothing");
        keys.adopt(set("b", T + 1000), T + 40);
        assert!(holds(&keys, "a", T + 40), "nor does one from the future");
        keys.adopt(set("b", T + 41), T + 40);
        assert_eq!(may_fetch(&keys, FetchReason::UnknownKey, T + 42), Ok(()));
    }
}
