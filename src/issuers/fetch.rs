//! Fetching an issuer's key set over HTTPS.

use std::{sync::OnceLock, time::Duration};

use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
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

/// Where to look for an issuer's keys.
pub enum Places {
    KeySet(Uri),
    /// The places of its metadata; the second is tried where the first has none.
    Metadata([Uri; 2]),
}

impl Places {
    /// The place that stands for all: a snapshot from another one is worthless.
    pub fn name(&self) -> &Uri {
        match self {
            Self::KeySet(uri) | Self::Metadata([uri, _]) => uri,
        }
    }
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
    /// The issuer's metadata are unreadable, name another issuer, or no https place for the keys.
    Metadata,
    /// What came is no key set, or holds no key that may verify anything.
    UnusableSet,
}

impl Fetcher {
    /// Fetches the text of an issuer's key set, by way of its metadata where the settings do not say where it is.
    ///
    /// # Errors
    ///
    /// [`FetchError`], for anything but answers of 200 with a body of at most 256 KiB, all in time.
    pub async fn fetch(&self, issuer: &str, places: &Places, deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let deadline = deadline.min(Instant::now() + TIMEOUT);
        let keys = async {
            match places {
                Places::KeySet(uri) => self.fetch_body(uri).await,
                Places::Metadata([openid, oauth]) => {
                    let metadata = match self.fetch_body(openid).await {
                        Err(FetchError::Status(_)) => self.fetch_body(oauth).await?,
                        metadata => metadata?,
                    };
                    self.fetch_body(&place_of_keys(&metadata, issuer).ok_or(FetchError::Metadata)?).await
                }
            }
        };
        timeout_at(deadline, keys).await.unwrap_or(Err(FetchError::Timeout))
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
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await.map_err(|_| FetchError::Body)?;
        Ok(body.to_bytes().into())
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

/// Where an issuer's metadata say that its keys are. They must be its own (RFC 8414 §3.3), and a place that does
/// not stand in our settings must be https.
fn place_of_keys(metadata: &[u8], issuer: &str) -> Option<Uri> {
    #[derive(Deserialize)]
    struct Metadata {
        issuer: String,
        jwks_uri: String,
    }
    let metadata: Metadata = serde_json::from_slice(metadata).ok()?;
    let uri: Uri = metadata.jwks_uri.parse().ok()?;
    (metadata.issuer == issuer && uri.scheme_str() == Some("https")).then_some(uri)
}
