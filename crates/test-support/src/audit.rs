//! What one call logs: the audit records, which say by which rule it ended (a response does not), and every other event.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use serde_json::{Map, Value};
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    dispatcher::get_default,
    field::{Field, Visit},
    instrument::WithSubscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

use crate::log::dispatch;

/// An audit record, by the names of its members.
pub type AuditRecord = Map<String, Value>;

/// The target of audit records.
const AUDIT: &str = "audit";

/// Runs a call, and returns its result with the audit records that it wrote, and with the members of everything that it
/// logged. The log of the test, if it has one, gets everything as before.
pub(crate) async fn with_records<F: Future>(call: F) -> (F::Output, Vec<AuditRecord>, Vec<Map<String, Value>>) {
    let records = Records::default();
    let recorder = Recorder { log: get_default(Dispatch::clone), records: records.clone() };
    let output = call.with_subscriber(dispatch(recorder)).await;
    let events = std::mem::take(&mut *records.0.lock().unwrap());
    let audit = events.iter().filter(|(target, _)| *target == AUDIT).map(|(_, members)| members.clone()).collect();
    (output, audit, events.into_iter().map(|(_, members)| members).collect())
}

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<(&'static str, AuditRecord)>>>);

/// Keeps our events by their targets, and hands everything on to the log of the test.
struct Recorder {
    log: Dispatch,
    records: Records,
}

/// Whether it is an event that the function logs, at any level.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    metadata.is_event() && (target == AUDIT || target.starts_with("token_introspection"))
}

impl Subscriber for Recorder {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // The log has its own registration; what it wants is asked each time.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata) || self.log.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The log has its own share in the level of the process.
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        if is_ours(event.metadata()) {
            let mut record = Members::default();
            event.record(&mut record);
            self.records.0.lock().unwrap().push((event.metadata().target(), record.0));
        }
        // Asked again, because the log's own filters remember their last answer only.
        if self.log.enabled(event.metadata()) {
            self.log.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.log.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.log.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.log.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.log.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.log.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.log.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.log.try_close(span)
    }
}

/// The members of an event.
#[derive(Default)]
struct Members(AuditRecord);

impl Visit for Members {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
