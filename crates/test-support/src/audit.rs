//! The audit records of one call, which say by which rule it ended: a response does not.

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

/// Runs a call, and returns its result with the audit records that it wrote. The log of the test, if it has one, gets
/// everything as before.
pub(crate) async fn with_records<F: Future>(call: F) -> (F::Output, Vec<AuditRecord>) {
    let records = Records::default();
    let recorder = Recorder { log: get_default(Dispatch::clone), records: records.clone() };
    let output = call.with_subscriber(dispatch(recorder)).await;
    let records = std::mem::take(&mut *records.0.lock().unwrap());
    (output, records)
}

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<AuditRecord>>>);

/// Keeps the audit records, and hands everything on to the log of the test.
struct Recorder {
    log: Dispatch,
    records: Records,
}

fn is_audit(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "audit"
}

impl Subscriber for Recorder {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // The log has its own registration; what it wants is asked each time.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_audit(metadata) || self.log.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The log has its own share in the level of the process.
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        if is_audit(event.metadata()) {
            let mut record = Members::default();
            event.record(&mut record);
            self.records.0.lock().unwrap().push(record.0);
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

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
