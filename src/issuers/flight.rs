//! A fetch that is allowed and has not ended.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{held_set::HeldSet, issuer_keys::IssuerKeys, key_set::IssuerKeySet};

/// The minimum time for a fetch. A fetch with less would say nothing about the issuer, so it is not started.
pub const FAIR_TIME: Duration = Duration::from_millis(300);

/// A fetch in flight. If it is dropped without an outcome, because the invocation was cut off, it counts as failed if it
/// had a fair time to answer, and otherwise as not made.
pub struct Flight<'a> {
    keys: &'a IssuerKeys,
    now: i64,
    /// When it starts, in seconds since the epoch.
    pub fetched_at: i64,
    began: Instant,
    /// What `rechecked_at` was before.
    rechecked_before: Option<i64>,
    open: bool,
}

impl<'a> Flight<'a> {
    /// A fetch that begins now. `rechecked_before` is what `rechecked_at` was before.
    pub fn new(keys: &'a IssuerKeys, now: i64, fetched_at: i64, rechecked_before: Option<i64>) -> Self {
        Self { keys, now, fetched_at, began: Instant::now(), rechecked_before, open: true }
    }

    /// Replaces the held set by the fetched one.
    pub fn succeeded(mut self, set: Arc<IssuerKeySet>) {
        self.open = false;
        self.keys.with(|state| {
            state.failed_at = None;
            state.held = Some(HeldSet::fetched(set));
        });
    }

    /// Ends it without an outcome: another environment has fetched.
    pub fn left_to_another(mut self) {
        self.open = false;
    }

    /// Ends it before a fetch was made. No pause begins, so the next request may fetch.
    pub fn not_made(mut self) {
        self.take_back();
    }

    /// Notes that the issuer did not return its keys.
    pub fn failed(mut self) {
        self.open = false;
        self.keys.with(|state| state.failed_at = Some(self.now));
    }

    fn take_back(&mut self) {
        self.open = false;
        self.keys.with(|state| {
            state.budget.give_back();
            state.rechecked_at = self.rechecked_before;
        });
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.open && self.began.elapsed() >= FAIR_TIME {
            self.keys.with(|state| state.failed_at = Some(self.now));
        } else if self.open {
            self.take_back();
        }
    }
}
