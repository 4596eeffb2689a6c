//! Time that passes at once, while real connections stay open.
//!
//! A clock that is paused throughout would not do: it runs ahead as soon as all tasks wait, and they wait for real
//! connections too.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    time::Duration,
};

use tokio::time::{advance, pause, resume, sleep};

/// A peer that hangs is waited for in steps of this length.
const STEP: Duration = Duration::from_millis(50);
/// After so many steps every caller has given up.
const STEPS: u32 = 60;

/// Lets that much time pass for every timer of this test.
pub async fn pass(time: Duration) {
    let mut advancing = pin!(advance(time));
    // The clock is paused within one poll only, so that no other task finds it paused.
    poll_fn(|context| {
        pause();
        let polled = advancing.as_mut().poll(context);
        resume();
        polled
    })
    .await;
}

/// Never ends, as a peer that never answers. The time that its caller waits passes almost at once.
pub async fn hang() {
    for _ in 0..STEPS {
        pass(STEP).await;
        // What the caller does about it takes real time.
        sleep(Duration::from_millis(1)).await;
    }
    pending::<()>().await;
}
