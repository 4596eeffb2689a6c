//! The HTTP client of all our SDK clients. One dead connection, or a pool full of them, costs only one more attempt on
//! a new connection.
//!
//! The SDK repeats a failed request, but on the next connection of the same pool, which is as old as the last one.
//! After a pause, three dead connections are a failure. If the peer is silent, even one is, because each attempt takes
//! until its time limit. So here, a request that ends without an answer discards the whole pool.

use std::{
    error::Error,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http::{HeaderMap, HeaderName};
use http_body_util::BodyExt;
use hyper_util::{client::legacy, rt::TokioExecutor};
use tokio::time::timeout;
use tracing::error;

use super::pause::{FIRST_TRY, LastAnswer};
use crate::{
    connect::{self, Limited},
    settings::ProxySettings,
};

/// The checksum that DynamoDB sends with each answer. The SDK does not compare it.
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-crc32");

/// An HTTP client with this time limit for opening a connection. It may repeat every request, as the SDK itself does.
pub fn http_client(connect_timeout: Duration, proxies: &ProxySettings) -> SharedHttpClient {
    SharedHttpClient::new(Reconnecting::new(connect_timeout, proxies))
}

/// The same for a single request outside the SDK's clients.
pub fn http_connector(connect_timeout: Duration, proxies: &ProxySettings) -> SharedHttpConnector {
    SharedHttpConnector::new(Reconnecting::new(connect_timeout, proxies))
}

/// Holds the pool that is in use.
struct Held {
    /// `None` if there are no root certificates.
    connector: Option<Limited>,
    pool: Mutex<Pool>,
}

/// A connection pool, and whether it may contain old connections.
#[derive(Clone)]
struct Pool {
    client: Option<legacy::Client<Limited, SdkBody>>,
    /// Distinguishes it from earlier and later pools.
    number: u64,
    /// `None` if all its connections are new.
    last_answer: Option<LastAnswer>,
}

impl Pool {
    fn new(connector: Option<&Limited>, number: u64) -> Self {
        let client = connector.map(|connector| legacy::Client::builder(TokioExecutor::new()).build(connector.clone()));
        Self { client, number, last_answer: None }
    }

    /// Sends a request and reads the whole response.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let client =
            self.client.as_ref().ok_or_else(|| ConnectorError::user("there are no root certificates".into()))?;
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let response = client.request(request).await.map_err(|error| failure(error.into()))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| failure(error.into()))?.to_bytes();
        if !is_intact(&head.headers, &body) {
            return Err(ConnectorError::io("the answer differs from its checksum".into()));
        }
        let response = http::Response::from_parts(head, SdkBody::from(body));
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// The SDK repeats a request after either kind of failure, and reports them differently.
fn failure(error: Box<dyn Error + Send + Sync>) -> ConnectorError {
    if is_timeout(&*error) { ConnectorError::timeout(error) } else { ConnectorError::io(error) }
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        || error.source().is_some_and(is_timeout)
}

/// Whether a body is the one that was sent. A changed answer could lack a mark, so it is not read at all. Services other
/// than DynamoDB send no checksum, and a body without one is read.
fn is_intact(headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(sent) = headers.get(CHECKSUM) else { return true };
    sent.to_str().ok().and_then(|sent| sent.parse().ok()) == Some(crc32fast::hash(body))
}

impl Held {
    fn pool(&self) -> Pool {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_answer(&self, number: u64) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.number == number {
            pool.last_answer = Some(LastAnswer::now());
        }
    }

    /// Replaces the pool with this number, unless another request has already replaced it. Requests that use the old
    /// pool continue to use it.
    fn discard(&self, number: u64) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.number == number {
            *pool = Pool::new(self.connector.as_ref(), number.wrapping_add(1));
        }
    }

    /// Sends a request. If an old connection does not answer, sends it again on a new connection.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let pool = self.pool();
        let Some(last_answer) = pool.last_answer else { return self.try_once(&pool, request).await };
        let Some(again) = request.try_clone() else { return self.try_once(&pool, request).await };
        let first = self.try_once(&pool, request);
        let first = if last_answer.is_long_ago() { timeout(FIRST_TRY, first).await } else { Ok(first.await) };
        match first {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) | Err(_) => self.try_once(&self.pool(), again).await,
        }
    }

    async fn try_once(&self, pool: &Pool, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut attempt = Attempt { held: self, pool: pool.number, answered: false };
        let response = pool.send(request).await?;
        attempt.answered = true;
        self.note_answer(pool.number);
        Ok(response)
    }
}

/// A request in flight. If it fails, or if its caller stops waiting, its pool is discarded.
struct Attempt<'a> {
    held: &'a Held,
    pool: u64,
    answered: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.held.discard(self.pool);
        }
    }
}

/// The client and its connector.
#[derive(Clone)]
struct Reconnecting(Arc<Held>);

impl Reconnecting {
    fn new(connect_timeout: Duration, proxies: &ProxySettings) -> Self {
        let connector = connect::connector(proxies).ok().map(|connector| Limited::new(connector, connect_timeout));
        if connector.is_none() {
            error!(event = "no_root_certificates");
        }
        let pool = Pool::new(connector.as_ref(), 0);
        Self(Arc::new(Held { connector, pool: Mutex::new(pool) }))
    }
}

impl HttpConnector for Reconnecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let held = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { held.send(request).await })
    }
}

impl HttpClient for Reconnecting {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some("1.x".into())))
    }
}

impl fmt::Debug for Reconnecting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reconnecting")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn held() -> Held {
        Held { connector: None, pool: Mutex::new(Pool::new(None, 0)) }
    }

    #[test]
    fn g08_a_pool_is_discarded_once_however_many_requests_fail_on_it() {
        let held = held();
        held.note_answer(0);
        assert!(held.pool().last_answer.is_some());
        for _ in 0..8 {
            held.discard(0);
        }
        assert!(held.pool().number == 1 && held.pool().last_answer.is_none());
        // An answer on the old pool says nothing about the new one.
        held.note_answer(0);
        assert!(held.pool().last_answer.is_none());
    }

    #[test]
    fn g08_a_request_that_is_cut_off_discards_its_pool_and_one_that_was_answered_does_not() {
        let held = held();
        drop(Attempt { held: &held, pool: 0, answered: true });
        assert_eq!(held.pool().number, 0);
        drop(Attempt { held: &held, pool: 0, answered: false });
        assert_eq!(held.pool().number, 1);
    }

    #[test]
    fn g08_an_answer_is_intact_if_its_checksum_is_right_or_missing() {
        let with = |sent: &'static str| HeaderMap::from_iter([(CHECKSUM, HeaderValue::from_static(sent))]);
        // The check value of CRC-32.
        assert!(is_intact(&with("3421780262"), b"123456789"));
        for wrong in ["3421780261", "", "x", "-1", "34217802620", "cbf43926"] {
            assert!(!is_intact(&with(wrong), b"123456789"), "{wrong}");
        }
        assert!(!is_intact(&with("3421780262"), b"123456780"));
        assert!(is_intact(&HeaderMap::new(), b"123456780"));
    }
}
