//! Where the time of a call goes, for its audit record.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The time that a call spent in each of its stages.
#[derive(Default)]
pub struct Spent {
    /// Reading the request, before anything is awaited.
    pub parse: Stopwatch,
    /// Waiting for the reads and writes of the tables.
    pub store: Stopwatch,
    /// Finding the issuer's keys, which may be fetched, and checking the signature with them.
    pub keys: Stopwatch,
    /// Waiting for the signer of the answer.
    pub signer: Stopwatch,
}

/// Measures for how long at least one of its tasks was going on. Tasks that overlap, as those of a batch do, count once,
/// so that no stage takes longer than its call.
#[derive(Default)]
pub struct Stopwatch(Mutex<Measured>);

#[derive(Default)]
struct Measured {
    /// `None` if no task has ended.
    total: Option<Duration>,
    /// How many tasks are going on.
    tasks: u32,
    /// When the first of them started.
    since: Option<Instant>,
}

impl Stopwatch {
    /// Counts until the guard is dropped, which also happens to a task that is given up because the time is over.
    #[must_use]
    pub fn start(&self) -> Running<'_> {
        let mut measured = self.measured();
        measured.tasks += 1;
        measured.since.get_or_insert_with(Instant::now);
        Running(self)
    }

    /// The time that was measured. `None` if the stage did not occur.
    pub fn total(&self) -> Option<Duration> {
        self.measured().total
    }

    fn measured(&self) -> MutexGuard<'_, Measured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that is going on.
pub struct Running<'a>(&'a Stopwatch);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut measured = self.0.measured();
        measured.tasks -= 1;
        if measured.tasks == 0
            && let Some(since) = measured.since.take()
        {
            measured.total = Some(measured.total.unwrap_or_default() + since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn during(watch: &Stopwatch, seconds: u32) {
        let _running = watch.start();
        sleep(seconds * SECOND).await;
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_overlap_count_once_and_pauses_do_not_count() {
        let watch = Stopwatch::default();
        assert_eq!(watch.total(), None);
        let both = async { tokio::join!(during(&watch, 2), during(&watch, 3)) };
        both.await;
        sleep(5 * SECOND).await;
        during(&watch, 1).await;
        assert_eq!(watch.total(), Some(4 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_given_up_counts_until_then() {
        let watch = Stopwatch::default();
        assert!(timeout(2 * SECOND, during(&watch, 9)).await.is_err());
        assert_eq!(watch.total(), Some(2 * SECOND));
    }
}
