//! A request as the function sees it, whatever brought it: a gateway's event, a load balancer's, a socket.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method};
use tokio::time::Instant;

/// What is left of an invocation's time when its request has to be answered.
const ANSWER_RESERVE: Duration = Duration::from_millis(150);
/// Common gateways give up after two seconds.
const MAX_ANSWER: Duration = Duration::from_millis(1800);

/// Everything that a request is made of. Holds secrets and tokens, so it has no `Debug`.
pub struct Call {
    pub method: Method,
    /// The path, with whatever stage or base path stands before our routes.
    pub path: String,
    /// The decoded names of the query's parameters. Their values are not even taken over.
    pub query_names: Vec<String>,
    pub headers: HeaderMap,
    /// The body, base64-decoded where the event source had encoded it; `None` where that failed.
    pub body: Option<Vec<u8>>,
    /// The address that the edge saw, for counting wrong credentials.
    pub source_address: String,
    /// Whom the gateway has authenticated.
    pub identity: Identity,
    /// The identifier under which the event source logs this request.
    pub request_id: String,
    /// When the request came, in seconds since the epoch.
    pub now: i64,
    /// When it must have been answered.
    pub deadline: Instant,
}

/// Whom the gateway has authenticated: from the event's request context alone, which no client can write. Headers
/// that claim the same are not looked at.
#[derive(Default)]
pub struct Identity {
    /// The IAM user or assumed role whose signature it has checked (`AWS_IAM` authorization).
    pub iam_user_arn: Option<String>,
    /// The unique id of that user or role, `AIDA…` or `AROA…`, a session's name after a colon.
    pub iam_user_id: Option<String>,
    /// The certificate whose key the client has shown to hold and whose chain the gateway has checked against its
    /// truststore (mutual TLS), in PEM.
    pub certificate: Option<String>,
}

/// The time, in seconds since the epoch.
pub fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// When a request must have been answered, of whose invocation this much time is left.
pub fn deadline(time_left: Duration) -> Instant {
    Instant::now() + time_left.saturating_sub(ANSWER_RESERVE).min(MAX_ANSWER)
}
