//! The log of one test, written by the function's own subscriber.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use serde_json::{Map, Value};
use token_introspection::{logging, settings::LogLevel};
use tracing::{
    Dispatch, Subscriber,
    callsite::rebuild_interest_cache,
    subscriber::{DefaultGuard, set_default},
};
use tracing_subscriber::Registry;

/// Sends the log of this thread to this subscriber, for as long as the guard exists.
pub fn listen(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
    // With only one subscriber in the process, `tracing` asks the first thread that reaches a log statement whether the
    // statement is enabled, and that thread may belong to another test. With two, it asks all.
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));
    LazyLock::force(&ANOTHER);
    let guard = set_default(subscriber);
    // Threads of other tests may have reached our log statements before.
    rebuild_interest_cache();
    guard
}

/// The log lines of this thread.
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

    /// The audit records since the last call, without the time. Every line must be a JSON object.
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
