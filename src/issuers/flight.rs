//! A fetch that is allowed and has not ended.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    held_set::HeldSet,
    issuer_keys::{FetchReason, IssuerKeys},
    key_set::IssuerKeySet,
};

/// The minimum time for a fetch. A fetch with less would say nothing about the issuer, so it is not started.
pub const FAIR_TIME: Duration = Duration::from_millis(300);

/// A fetch in flight. It counts when it ends. If it is dropped without an outcome, because the invocation was cut off, it
/// counts as failed if it was in flight for a fair time, and otherwise as not made.
pub struct Flight<'a> {
    keys: &'a IssuerKeys,
    reason: FetchReason,
    now: i64,
    /// When it was allowed, in seconds since the epoch.
    pub fetched_at: i64,
    began: Instant,
    open: bool,
}

impl<'a> Flight<'a> {
    /// A fetch that may begin now.
    pub fn new(keys: &'a IssuerKeys, reason: FetchReason, now: i64, fetched_at: i64) -> Self {
        Self { keys, reason, now, fetched_at, began: Instant::now(), open: true }
    }

    /// Replaces the held set by the fetched one.
    pub fn succeeded(mut self, set: Arc<IssuerKeySet>) {
        self.counts();
        self.keys.with(|state| {
            state.failed_at = None;
            state.held = Some(HeldSet::fetched(set));
        });
    }

    /// Ends it without an outcome: another environment has fetched.
    pub fn left_to_another(mut self) {
        self.counts();
    }

    /// Ends it before a fetch was made. No pause begins, so the next request may fetch.
    pub fn not_made(mut self) {
        self.open = false;
    }

    /// Notes that the issuer did not return its keys.
    pub fn failed(mut self) {
        self.counts_as_failed();
    }

    fn counts_as_failed(&mut self) {
        self.counts();
        self.keys.with(|state| state.failed_at = Some(self.now));
    }

    fn counts(&mut self) {
        self.open = false;
        self.keys.with(|state| {
            state.budget.take(self.now);
            if self.reason == FetchReason::Recheck {
                state.rechecked_at = Some(self.now);
            }
        });
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.open && self.began.elapsed() >= FAIR_TIME {
            self.counts_as_failed();
        }
    }
}
