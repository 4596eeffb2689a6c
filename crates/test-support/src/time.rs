//! Time that passes at once, while real connections stay open.
//!
//! A clock that is paused throughout would not do: it runs ahead as soon as all tasks wait, and they wait for real
//! connections too. So the time passes in steps, and each step waits until nothing has happened for a moment.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    select,
    task::spawn_blocking,
    time::{Instant, advance, pause, resume, sleep},
};

/// The time that passes in one step.
const STEP: Duration = Duration::from_millis(50);
/// If the tasks of a test do not work for so long, all of them wait for timers.
const QUIET: Duration = Duration::from_micros(500);
/// The work of the timer that measures this.
const IDLE_WORK: Duration = Duration::from_micros(200);
/// After so many steps every caller of a peer that hangs has given up.
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
    if STILL.with_borrow(|still| still.as_ref().map(|hanging| hanging.store(true, Ordering::Relaxed))).is_some() {
        return pending().await;
    }
    for _ in 0..STEPS {
        step().await;
    }
    pending::<()>().await;
}

/// Runs this to its end. The time that it waits for timers, such as pauses between attempts, passes almost at once.
pub async fn fast_forward<T>(work: impl Future<Output = T>) -> T {
    let steps = async {
        loop {
            step().await;
        }
    };
    select! {
        biased;
        output = work => output,
        () = steps => unreachable!("the steps never end"),
    }
}

/// Runs this to its end, and returns the time that it waited. The clock stands still until a peer [hangs](hang), however long
/// the work takes, and from then on it jumps from one timer to the next. So the result is exact, if all that is asked after
/// the first peer hung hangs as well.
pub async fn on_a_still_clock<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let hanging = Arc::new(AtomicBool::new(false));
    STILL.set(Some(Arc::clone(&hanging)));
    pause();
    // A paused clock does not jump while such a task runs.
    let gate = spawn_blocking({
        let hanging = Arc::clone(&hanging);
        move || {
            while !hanging.load(Ordering::Relaxed) {
                thread::sleep(QUIET);
            }
        }
    });
    let started = Instant::now();
    let output = work.await;
    let elapsed = started.elapsed();
    STILL.set(None);
    hanging.store(true, Ordering::Relaxed);
    resume();
    gate.await.unwrap();
    (output, elapsed)
}

/// Runs this to its end. Time passes only in steps, while nothing works, so that no time limit ends work that is only slow.
pub async fn on_a_patient_clock<T>(work: impl Future<Output = T>) -> T {
    pause();
    let runtime = Handle::current().metrics();
    let steps = async {
        loop {
            let before = runtime.worker_total_busy_duration(0);
            // The clock does not jump during this either.
            spawn_blocking(|| thread::sleep(QUIET)).await.unwrap();
            if runtime.worker_total_busy_duration(0) < before + IDLE_WORK {
                advance(STEP).await;
            }
        }
    };
    let output = select! {
        biased;
        output = work => output,
        () = steps => unreachable!("the steps never end"),
    };
    resume();
    output
}

/// Lets a step's time pass, once every task of this test waits for a timer.
async fn step() {
    let Some(_turn) = Turn::take() else { return sleep(STEP).await };
    while !is_quiet().await {}
    pass(STEP).await;
}

/// Whether the tasks of this test do not work for a moment, so that no answer is on its way either.
async fn is_quiet() -> bool {
    let runtime = Handle::current().metrics();
    let before = runtime.worker_total_busy_duration(0);
    sleep(QUIET).await;
    runtime.worker_total_busy_duration(0) < before + IDLE_WORK
}

/// The right to let the time pass. If several tasks did, the time would pass faster than connections answer.
struct Turn(());

thread_local! {
    /// Whether a task of this thread, and so of this test, has the turn.
    static TAKEN: Cell<bool> = const { Cell::new(false) };
    /// Whether a peer hangs, if the clock of this test stands still.
    static STILL: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

impl Turn {
    fn take() -> Option<Self> {
        if TAKEN.replace(true) { None } else { Some(Self(())) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TAKEN.set(false);
    }
}
