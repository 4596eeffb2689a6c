//! A request as the function sees it, whatever brought it: a gateway's event, a load balancer's, a socket.

use http::{HeaderMap, Method};
use tokio::time::Instant;

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
    /// The identifier under which the event source logs this request.
    pub request_id: String,
    /// When the request came, in seconds since the epoch.
    pub now: i64,
    /// When it must have been answered.
    pub deadline: Instant,
}
