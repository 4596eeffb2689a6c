//! How long ago a peer last answered. Between two invocations an execution environment is frozen, and its connections
//! may die unnoticed, so a connection is trusted only if it was used a moment ago.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// If a peer has not answered for this long, a held connection may be dead.
const MAX_TRUSTED: Duration = Duration::from_secs(5);
/// How long a connection that may be dead gets to answer before a new one is opened. This is several times what
/// DynamoDB and Redis need, and leaves the rest of an attempt for the new connection.
pub(super) const FIRST_TRY: Duration = Duration::from_millis(250);

/// When a peer last answered, by two clocks: in a frozen environment the monotonic clock may stop, and the other clock
/// may be set back.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastAnswer {
    monotonic: Instant,
    wall: SystemTime,
}

impl LastAnswer {
    pub(super) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// Whether connections may have died since then.
    pub(super) fn is_long_ago(self) -> bool {
        self.is_long_before(Instant::now(), SystemTime::now())
    }

    fn is_long_before(self, monotonic: Instant, wall: SystemTime) -> bool {
        // A wall clock that was set back says nothing about the time in between.
        let elapsed = wall.duration_since(self.wall).unwrap_or(Duration::MAX);
        elapsed >= MAX_TRUSTED || monotonic.saturating_duration_since(self.monotonic) >= MAX_TRUSTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g08_either_clock_shows_a_pause() {
        let then = LastAnswer::now();
        let (short, long) = (Duration::from_millis(4900), Duration::from_secs(5));
        for (monotonic, wall, expected) in [
            (then.monotonic, then.wall, false),
            (then.monotonic + short, then.wall + short, false),
            (then.monotonic + long, then.wall + long, true),
            // The environment was frozen, and so was its monotonic clock.
            (then.monotonic, then.wall + long, true),
            // The wall clock was set back by the length of the pause, and by more.
            (then.monotonic + long, then.wall, true),
            (then.monotonic, then.wall - short, true),
        ] {
            assert_eq!(then.is_long_before(monotonic, wall), expected);
        }
    }
}
