//! The log of one test, through the subscriber that the function itself has.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use serde_json::{Map, Value};
use token_introspection::{logging, settings::LogLevel};
use tracing::{
    Dispatch, Subscriber,
    dispatcher::{DefaultGuard, set_default},
};
use tracing_subscriber::Registry;

/// A subscriber as one that gets each line meant for it, whatever other tests do.
pub fn dispatch(subscriber: impl Subscriber + Send + Sync + 'static) -> Dispatch {
    // If the process has one subscriber only, `tracing` lets the thread that first reaches a log statement decide
    // whether that statement is ever enabled, and that may be the thread of another test. With two it asks them.
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));
    LazyLock::force(&ANOTHER);
    // This also asks the subscriber about the log statements that other tests have reached before.
    Dispatch::new(subscriber)
}

/// Sends what this thread logs to that subscriber, for as long as the guard lives.
pub fn listen(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
    set_default(&dispatch(subscriber))
}

/// What this thread logs, as lines.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Starts to log as the function does. Every test has its own thread, and so its own log.
    pub fn start(level: LogLevel) -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let guard = listen(logging::subscriber(level, move || writer.clone()));
        (log, guard)
    }

    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    /// The audit records since the last time, without the time of day; every line is a JSON object.
    pub fn take_audit(&self) -> Vec<Map<String, Value>> {
        let lines: Vec<Map<String, Value>> =
            self.take().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let audit = lines.into_iter().filter(|line| line["target"] == "audit");
        audit
            .map(|mut record| {
                assert!(record.remove("timestamp").is_some_and(|time| time.is_string()));
                record
            })
            .collect()
    }
}
