//! A key that is stored elsewhere: loaded when it is first needed, then kept. After a failure, there is a pause before
//! the next attempt.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::OnceCell;

use super::SignerUnavailable;

/// The pause between two attempts to load one key, in seconds. Metadata and key set need no authentication, so without
/// a pause any client could make the function wait 1.5 s for each request. The 30 s of issuers' keys would be too long:
/// a stale key set can be used in the meantime, but without a signing key this environment signs no answer.
const COOL_DOWN_SECONDS: u64 = 5;
/// No attempt was made yet.
const NEVER: i64 = i64::MIN;

/// A key behind an ARN. A loaded key is never dropped, so no later failure loses it.
pub(super) struct Remote<K> {
    key: OnceCell<K>,
    /// When the last attempt started, in seconds since the epoch. It did not succeed, or the key would be loaded.
    began_at: AtomicI64,
}

impl<K> Remote<K> {
    pub(super) fn new() -> Self {
        Self { key: OnceCell::new(), began_at: AtomicI64::new(NEVER) }
    }

    /// Returns the key. It is loaded first if it is not loaded yet and the last attempt was long enough ago.
    ///
    /// The cell lets one caller try at a time, and a caller never waits for a loaded key. The cell is locked during an
    /// attempt. That is safe, because a caller that is cut off at its deadline leaves it unlocked. A caller that waited
    /// finds the key, or finds that the attempt it wanted has just failed.
    pub(super) async fn get(
        &self,
        now: i64,
        load: impl AsyncFnOnce() -> Result<K, SignerUnavailable>,
    ) -> Result<&K, SignerUnavailable> {
        let attempt = async || {
            if !self.may_begin(now) {
                return Err(SignerUnavailable);
            }
            load().await
        };
        self.key.get_or_try_init(attempt).await
    }

    /// Whether an attempt may start. If so, it counts as failed from now on: an attempt that is cut off with its
    /// invocation has failed, and after a successful one the time is not used again.
    fn may_begin(&self, now: i64) -> bool {
        // The difference counts in both directions. A caller that waited for an attempt has an earlier time, and a
        // clock that was set back must not make the pause longer.
        let cooling = now.abs_diff(self.began_at.load(Ordering::Relaxed)) < COOL_DOWN_SECONDS;
        if !cooling {
            self.began_at.store(now, Ordering::Relaxed);
        }
        !cooling
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::pending, task::Poll};

    use futures_util::poll;

    use super::*;

    const T: i64 = 1_700_000_000;

    #[tokio::test]
    async fn g08_an_attempt_that_failed_is_not_repeated_for_a_while_and_one_that_succeeded_never() {
        let (remote, attempts) = (Remote::new(), Cell::new(0));
        let get = async |now, outcome| {
            let load = async || {
                attempts.set(attempts.get() + 1);
                outcome
            };
            (remote.get(now, load).await.copied(), attempts.get())
        };
        assert_eq!(get(T, Err(SignerUnavailable)).await, (Err(SignerUnavailable), 1));
        for now in [T, T + 1, T + 4] {
            assert_eq!(get(now, Ok("key")).await, (Err(SignerUnavailable), 1), "{}", now - T);
        }
        assert_eq!(get(T + 5, Err(SignerUnavailable)).await, (Err(SignerUnavailable), 2));
        assert_eq!(get(T + 9, Ok("key")).await, (Err(SignerUnavailable), 2), "the second failure causes a pause too");
        assert_eq!(get(T + 10, Ok("key")).await, (Ok("key"), 3));
        for now in [T + 10, T + 100, T] {
            assert_eq!(get(now, Err(SignerUnavailable)).await, (Ok("key"), 3), "a loaded key is kept");
        }
    }

    #[tokio::test]
    async fn g08_a_clock_that_was_set_back_does_not_prolong_the_pause() {
        let remote = Remote::new();
        assert_eq!(remote.get(T, async || Err(SignerUnavailable)).await, Err(SignerUnavailable));
        assert_eq!(remote.get(T - 3600, async || Ok("key")).await, Ok(&"key"));
    }

    #[tokio::test]
    async fn g08_one_attempt_runs_at_a_time_and_one_that_is_cut_off_has_failed() {
        let (remote, attempts) = (Remote::<&str>::new(), Cell::new(0));
        let hanging = async || {
            attempts.set(attempts.get() + 1);
            pending().await
        };
        let mut first = Box::pin(remote.get(T, hanging));
        assert!(poll!(first.as_mut()).is_pending());
        let mut others: Vec<_> = [T - 1, T, T + 1].map(|now| Box::pin(remote.get(now, hanging))).into();
        for other in &mut others {
            assert!(poll!(other.as_mut()).is_pending());
        }
        assert_eq!(attempts.get(), 1, "they wait for the running attempt");
        drop(first);
        for other in &mut others {
            assert_eq!(poll!(other.as_mut()), Poll::Ready(Err(SignerUnavailable)));
        }
        assert_eq!(attempts.get(), 1);
        let mut again = Box::pin(remote.get(T + 5, hanging));
        assert!(matches!(poll!(again.as_mut()), Poll::Pending));
        assert_eq!(attempts.get(), 2);
    }
}
