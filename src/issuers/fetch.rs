//! Fetching an issuer's key set over HTTPS.

use std::{sync::OnceLock, time::Duration};

use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use lambda_runtime::tower::BoxError;
use tokio::time::{Instant, timeout_at};

/// For one fetch, connection and body included. The deadline of the invocation ends it sooner.
const TIMEOUT: Duration = Duration::from_secs(1);
/// A longer key set is refused.
const MAX_BYTES: usize = 256 * 1024;

type HttpsClient = Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>;

/// An HTTP client that is made when it is first needed: loading the root certificates costs a cold start more
/// than all the rest, and most cold starts find the keys in the state table.
#[derive(Default)]
pub struct Fetcher {
    client: OnceLock<HttpsClient>,
}

/// Why a key set could not be had; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchError {
    NoRootCertificates,
    Connection,
    /// A redirect included: none is followed.
    Status(StatusCode),
    Body,
    Timeout,
    /// What came is no key set, or holds no key that may verify anything.
    UnusableSet,
}

impl Fetcher {
    /// Fetches the text of a key set.
    ///
    /// # Errors
    ///
    /// [`FetchError`], for anything but a 200 with a body of at most 256 KiB in time.
    pub async fn fetch(&self, uri: &Uri, deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let deadline = deadline.min(Instant::now() + TIMEOUT);
        timeout_at(deadline, self.fetch_body(uri)).await.unwrap_or(Err(FetchError::Timeout))
    }

    async fn fetch_body(&self, uri: &Uri) -> Result<Vec<u8>, FetchError> {
        let request = Request::get(uri)
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .header(header::USER_AGENT, concat!("token-introspection/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|_| FetchError::Connection)?;
        let response = self.client()?.request(request).await.map_err(|_| FetchError::Connection)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body: Result<_, BoxError> = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        Ok(body.map_err(|_| FetchError::Body)?.to_bytes().into())
    }

    fn client(&self) -> Result<&HttpsClient, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Plain http is for loopback addresses; the settings refuse any other.
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|_| FetchError::NoRootCertificates)?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(self.client.get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
}
