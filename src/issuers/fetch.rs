//! Fetching an issuer's key set over HTTPS.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::fetch_error::FetchError;
use crate::{
    connect::{Connector, connector},
    jwt::document,
    settings::{KeySource, ProxySettings, TrustedIssuer, is_loopback},
};

/// The time limit of one fetch, including connection and body. The deadline of the invocation may end it earlier.
const TIMEOUT: Duration = Duration::from_secs(1);
/// A larger key set is refused.
const MAX_BYTES: usize = 256 * 1024;

type HttpsClient = Client<Connector, Empty<&'static [u8]>>;

/// An HTTP client that is made when it is first needed: most cold starts find the keys in the state table.
pub struct Fetcher {
    client: OnceLock<HttpsClient>,
    proxies: ProxySettings,
    timeout: Duration,
}

/// The location of an issuer's keys, and the token to fetch them with.
pub struct KeyLocation {
    issuer: String,
    address: Address,
    bearer_file: Option<PathBuf>,
}

enum Address {
    KeySet(Uri),
    /// The addresses of the issuer's metadata. The second is tried if the first has none.
    Metadata([Uri; 2]),
}

impl KeyLocation {
    /// Returns `None` if the keys are in the settings.
    pub fn for_issuer(issuer: &TrustedIssuer) -> Option<Self> {
        let address = match &issuer.keys {
            KeySource::Inline(_) => return None,
            KeySource::Remote(uri) => Address::KeySet(uri.clone()),
            KeySource::Discovered(metadata) => Address::Metadata(metadata.clone()),
        };
        Some(Self { issuer: issuer.issuer.clone(), address, bearer_file: issuer.jwks_bearer_file.clone() })
    }

    #[cfg(test)]
    pub fn key_set(issuer: &str, uri: Uri) -> Self {
        Self { issuer: issuer.to_owned(), address: Address::KeySet(uri), bearer_file: None }
    }

    /// The configured address. A snapshot from another address is not used.
    pub fn uri(&self) -> &Uri {
        match &self.address {
            Address::KeySet(uri) | Address::Metadata([uri, _]) => uri,
        }
    }
}

impl Fetcher {
    pub fn new(proxies: ProxySettings) -> Self {
        Self::with_timeout(proxies, TIMEOUT)
    }

    /// A fetcher with another time limit: an operator can wait longer than a request.
    pub fn with_timeout(proxies: ProxySettings, timeout: Duration) -> Self {
        Self { client: OnceLock::new(), proxies, timeout }
    }

    /// Fetches the text of an issuer's key set, through its metadata if the settings do not say where the keys are.
    ///
    /// # Errors
    ///
    /// Returns [`FetchError`] unless the answer is 200 with a body of at most 256 KiB, all in time.
    pub async fn fetch(&self, location: &KeyLocation, deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let deadline = deadline.min(Instant::now() + self.timeout);
        timeout_at(deadline, self.fetch_keys(location)).await.unwrap_or(Err(FetchError::TimedOut))
    }

    /// Fetches an issuer's metadata from the first of these addresses that has them.
    ///
    /// # Errors
    ///
    /// Returns [`FetchError`], as [`Fetcher::fetch`] does.
    pub async fn fetch_metadata(&self, addresses: &[Uri; 2]) -> Result<Vec<u8>, FetchError> {
        let deadline = Instant::now() + self.timeout;
        timeout_at(deadline, self.fetch_first(addresses, None)).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn fetch_first(
        &self,
        [openid, oauth]: &[Uri; 2],
        token: Option<&HeaderValue>,
    ) -> Result<Vec<u8>, FetchError> {
        match self.fetch_body(openid, token).await {
            Err(FetchError::Status(_) | FetchError::Redirect(_)) => self.fetch_body(oauth, token).await,
            // Some hosts answer requests for unknown addresses with an HTML page.
            Ok(page) if serde_json::from_slice::<IgnoredAny>(&page).is_err() => {
                self.fetch_body(oauth, token).await.or(Ok(page))
            }
            metadata => metadata,
        }
    }

    async fn fetch_keys(&self, location: &KeyLocation) -> Result<Vec<u8>, FetchError> {
        let token = location.bearer_file.as_deref().map(read_token).transpose()?;
        let addresses = match &location.address {
            Address::KeySet(uri) => return self.fetch_body(uri, token.as_ref()).await,
            Address::Metadata(addresses) => addresses,
        };
        let metadata = self.fetch_first(addresses, token.as_ref()).await?;
        let [openid, _] = addresses;
        let keys = jwks_uri(&metadata, &location.issuer, openid)?;
        // The token is for the issuer, not for another host that its metadata name.
        let token = token.filter(|_| is_same_origin(&keys, openid));
        self.fetch_body(&keys, token.as_ref()).await
    }

    async fn fetch_body(&self, uri: &Uri, token: Option<&HeaderValue>) -> Result<Vec<u8>, FetchError> {
        let mut request = Request::get(uri)
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::USER_AGENT, concat!("token-introspection/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token);
        }
        let request = request.body(Empty::new()).map_err(|_| FetchError::Connection)?;
        let response = self.client()?.request(request).await.map_err(|error| FetchError::of_request(&error))?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => return Err(FetchError::Redirect(status)),
            status => return Err(FetchError::Status(status)),
        }
        let is_plain = |name: &HeaderValue| name.is_empty() || name.as_bytes().eq_ignore_ascii_case(b"identity");
        if let Some(encoding) = response.headers().get(header::CONTENT_ENCODING).filter(|name| !is_plain(name)) {
            return Err(FetchError::Compressed(String::from_utf8_lossy(encoding.as_bytes()).into_owned()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        Ok(body.map_err(|error| of_body(error.as_ref()))?.to_bytes().into())
    }

    fn client(&self) -> Result<&HttpsClient, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let connector = connector(&self.proxies).map_err(|_| FetchError::NoRootCertificates)?;
        // No connection is kept: after the minutes until the next fetch, or after a freeze of the environment, the peer
        // may have closed it silently.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(self.client.get_or_init(|| client))
    }
}

fn of_body(error: &(dyn Error + 'static)) -> FetchError {
    if error.is::<LengthLimitError>() { FetchError::TooLarge } else { FetchError::Body }
}

/// The `Authorization` header with the token of a file. The file is read for each fetch, because such tokens are
/// renewed in place.
fn read_token(path: &Path) -> Result<HeaderValue, FetchError> {
    let text = std::fs::read_to_string(path).map_err(|_| FetchError::TokenFileUnreadable)?;
    let token = text.trim();
    let header = HeaderValue::from_str(&format!("Bearer {token}")).ok().filter(|_| !token.is_empty());
    let mut header = header.ok_or(FetchError::TokenFileUnreadable)?;
    header.set_sensitive(true);
    Ok(header)
}

/// The `jwks_uri` of an issuer's metadata. The metadata must be the issuer's own (RFC 8414 §3.3), and the address must
/// be https, except that an issuer on a loopback address may name a loopback address.
fn jwks_uri(metadata: &[u8], issuer: &str, address: &Uri) -> Result<Uri, FetchError> {
    let metadata = document(metadata)?;
    let text = |name| metadata.get(name).and_then(Value::as_str);
    let found = text("issuer").unwrap_or_default();
    if found != issuer {
        return Err(FetchError::IssuerDiffers { expected: issuer.to_owned(), found: found.to_owned() });
    }
    let uri = text("jwks_uri").filter(|uri| !uri.is_empty()).ok_or(FetchError::NoJwksUri)?;
    let insecure = || FetchError::InsecureJwksUri(uri.to_owned());
    let parsed: Uri = uri.parse().map_err(|_| insecure())?;
    let is_own = |uri: &Uri| uri.host().is_some_and(is_loopback);
    match parsed.scheme_str() {
        Some("https") => Ok(parsed),
        Some("http") if is_own(&parsed) && is_own(address) => Ok(parsed),
        _ => Err(insecure()),
    }
}

fn is_same_origin(one: &Uri, other: &Uri) -> bool {
    let port = |uri: &Uri| uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    one.scheme_str() == other.scheme_str() && host(one) == host(other) && port(one) == port(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "https://issuer.example/.well-known/openid-configuration";

    #[test]
    fn a_token_goes_to_the_issuers_own_origin_only() {
        for (uri, same) in [
            ("https://issuer.example/keys", true),
            ("https://issuer.example:443/keys", true),
            ("https://ISSUER.example/keys", true),
            ("https://issuer.example:8443/keys", false),
            ("http://issuer.example/keys", false),
            ("https://keys.issuer.example/keys", false),
            ("https://issuer.example.attacker.example/", false),
        ] {
            assert_eq!(is_same_origin(&uri.parse().unwrap(), &PLACE.parse().unwrap()), same, "{uri}");
        }
    }

    #[test]
    fn metadata_say_where_the_keys_are_or_what_is_wrong_with_them() {
        let own = "http://127.0.0.1:9/.well-known/openid-configuration";
        for (text, address, expected) in [
            (r#"{"issuer":"i","jwks_uri":"https://a.example/k"}"#, PLACE, Ok("https://a.example/k")),
            (r#"{"issuer":"i","jwks_uri":"http://127.0.0.1:8/k"}"#, own, Ok("http://127.0.0.1:8/k")),
            (r#"{"issuer":"i","jwks_uri":"http://127.0.0.1:8/k"}"#, PLACE, Err("insecure_jwks_uri")),
            (r#"{"issuer":"i","jwks_uri":"http://a.example/k"}"#, own, Err("insecure_jwks_uri")),
            (r#"{"issuer":"i","jwks_uri":"file:///etc/passwd"}"#, own, Err("insecure_jwks_uri")),
            (r#"{"issuer":"i/","jwks_uri":"https://a.example/k"}"#, PLACE, Err("issuer_differs")),
            (r#"{"jwks_uri":"https://a.example/k"}"#, PLACE, Err("issuer_differs")),
            (r#"{"issuer":"i","issuer":"i","jwks_uri":"https://a.example/k"}"#, PLACE, Err("duplicate_members")),
            (r#"{"issuer":"i"}"#, PLACE, Err("no_jwks_uri")),
            (r#"{"issuer":"i","jwks_uri":null}"#, PLACE, Err("no_jwks_uri")),
            ("<html>", PLACE, Err("not_json")),
        ] {
            let found = jwks_uri(text.as_bytes(), "i", &address.parse().unwrap());
            assert_eq!(found.map(|uri| uri.to_string()).map_err(|error| error.name()), expected.map(str::to_owned));
        }
    }
}
