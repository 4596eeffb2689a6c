//! A key that is somewhere else: brought when it is first needed, kept, and not asked for again and again while it
//! cannot be had.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::OnceCell;

use super::SignerUnavailable;

/// Between two attempts to bring one key, in seconds. Metadata and key set need no authentication, so that without a
/// pause anybody could keep the function waiting, 1.5 s for each request. The issuers' 30 s would be too long: a key set
/// that is stale serves meanwhile, and in the place of a key there is nothing, so that this environment signs no answer.
const COOL_DOWN_SECONDS: u64 = 5;
/// No attempt was made yet.
const NEVER: i64 = i64::MIN;

/// A key behind an ARN. There is no way from a loaded key back to none, so that no later failure loses it.
pub(super) struct Remote<K> {
    key: OnceCell<K>,
    /// When the last attempt began, in seconds since the epoch; it did not succeed, or else the key would be there.
    began_at: AtomicI64,
}

impl<K> Remote<K> {
    pub(super) fn new() -> Self {
        Self { key: OnceCell::new(), began_at: AtomicI64::new(NEVER) }
    }

    /// The key, which is brought if it is not here and if the last attempt is long enough ago.
    ///
    /// The cell lets one caller try at a time, and who finds the key here never waits. It stays locked while that one
    /// attempt is under way, which is safe because whoever is cut short at its deadline, at either side, leaves it
    /// unlocked; and who has waited finds the key, or that the attempt which it wanted has just been made.
    pub(super) async fn get(
        &self,
        now: i64,
        bring: impl AsyncFnOnce() -> Result<K, SignerUnavailable>,
    ) -> Result<&K, SignerUnavailable> {
        let attempt = async || {
            if !self.may_begin(now) {
                return Err(SignerUnavailable);
            }
            bring().await
        };
        self.key.get_or_try_init(attempt).await
    }

    /// Whether an attempt may begin, and if so, counts it as failed: one that is cut short with its invocation is one
    /// that failed, and after one that succeeds nobody asks.
    fn may_begin(&self, now: i64) -> bool {
        // In both directions: who has waited for an attempt came before it, and who comes long before it has a clock
        // that was set back, which must not make the pause longer.
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
            let bring = async || {
                attempts.set(attempts.get() + 1);
                outcome
            };
            (remote.get(now, bring).await.copied(), attempts.get())
        };
        assert_eq!(get(T, Err(SignerUnavailable)).await, (Err(SignerUnavailable), 1));
        for now in [T, T + 1, T + 4] {
            assert_eq!(get(now, Ok("key")).await, (Err(SignerUnavailable), 1), "{}", now - T);
        }
        assert_eq!(get(T + 5, Err(SignerUnavailable)).await, (Err(SignerUnavailable), 2));
        assert_eq!(
            get(T + 9, Ok("key")).await,
            (Err(SignerUnavailable), 2),
            "the second failure counts as the first did"
        );
        assert_eq!(get(T + 10, Ok("key")).await, (Ok("key"), 3));
        for now in [T + 10, T + 100, T] {
            assert_eq!(get(now, Err(SignerUnavailable)).await, (Ok("key"), 3), "a key that is here is kept");
        }
    }

    #[tokio::test]
    async fn g08_a_clock_that_was_set_back_prolongs_nothing() {
        let remote = Remote::new();
        assert_eq!(remote.get(T, async || Err(SignerUnavailable)).await, Err(SignerUnavailable));
        assert_eq!(remote.get(T - 3600, async || Ok("key")).await, Ok(&"key"));
    }

    #[tokio::test]
    async fn g08_one_attempt_is_under_way_at_a_time_and_one_that_is_cut_short_has_failed() {
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
        assert_eq!(attempts.get(), 1, "they wait for the one that is under way");
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
