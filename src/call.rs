//! A request in one form for all its sources: a gateway's event, a load balancer's, or a socket.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method};
use tokio::time::Instant;

use crate::spent::Spent;

/// The part of an invocation's time that must remain when its request is answered.
const ANSWER_RESERVE: Duration = Duration::from_millis(150);
/// Common gateways time out after two seconds.
const MAX_ANSWER: Duration = Duration::from_millis(1800);

/// Everything that the function reads of a request. It contains secrets and tokens, so it has no `Debug`.
pub struct Call {
    pub method: Method,
    /// The path, which may begin with a stage or a base path.
    pub path: String,
    /// The decoded names of the query parameters. Their values are not kept.
    pub query_names: Vec<String>,
    pub headers: HeaderMap,
    /// The body, decoded if the event source encoded it as base64. `None` if that base64 is not valid.
    pub body: Option<Vec<u8>>,
    /// The address that the edge saw, for counting wrong credentials.
    pub source_address: String,
    /// The identity that the gateway authenticated.
    pub identity: Identity,
    /// The identifier under which the event source logs this request.
    pub request_id: String,
    /// The trace of this request, if one is kept.
    pub trace_id: Option<String>,
    /// Whether the environment was started for this request.
    pub cold_start: bool,
    /// Where its time goes.
    pub spent: Spent,
    /// When the request arrived, in seconds since the epoch.
    pub now: i64,
    /// When the response must be ready.
    pub deadline: Instant,
}

/// The identity that the gateway authenticated. It is read only from the event's request context, which no client can
/// write. Headers that claim an identity are ignored.
#[derive(Default)]
pub struct Identity {
    /// The IAM user or assumed role whose signature the gateway checked (`AWS_IAM` authorization).
    pub iam_user_arn: Option<String>,
    /// The unique id of that user or role: `AIDA…`, or `AROA…` followed by a colon and the session's name.
    pub iam_user_id: Option<String>,
    /// The client's certificate in PEM (mutual TLS). The client proved possession of its key, and the gateway checked
    /// its chain against the truststore.
    pub certificate: Option<String>,
}

/// The current time, in seconds since the epoch.
pub fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// The deadline of a request, given the time that its invocation has left.
pub fn deadline(time_left: Duration) -> Instant {
    Instant::now() + time_left.saturating_sub(ANSWER_RESERVE).min(MAX_ANSWER)
}
