//! One JSON object per line on standard output, only from our own code.

use std::io;

use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    fmt::{
        self, MakeWriter,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::settings::LogLevel;

/// Starts logging for the whole process. A second call has no effect.
pub fn start(level: LogLevel) {
    // Only a test starts logging twice.
    let _ = subscriber(level, io::stdout).try_init();
    // A panic's message may quote request data, so only its location is logged.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(event = "panic", location);
    }));
}

/// The subscriber that writes log lines of this level.
///
/// From dependencies, only errors are logged: at lower levels some of them log requests, and with them tokens.
pub fn subscriber(
    level: LogLevel,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let targets = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("token_introspection", level)
        .with_target("audit", Level::INFO)
        .with_target("aws_config", Level::ERROR);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    Registry::default().with(lines.with_timer(Milliseconds).with_writer(writer).with_filter(targets))
}

/// The time of day to the millisecond. `CloudWatch` Logs is no more precise, and charges for every byte.
struct Milliseconds;

impl FormatTime for Milliseconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        match time.split_once('.').and_then(|(seconds, fraction)| Some((seconds, fraction.get(..3)?))) {
            Some((seconds, milliseconds)) => write!(writer, "{seconds}.{milliseconds}Z"),
            None => writer.write_str(&time),
        }
    }
}
