//! What an issuer publishes, for the operator's tool: fetched as the function fetches it, but neither held nor shared.
//! It needs no tables.

use std::time::Duration;

use http::Uri;
use serde_json::{Map, Value};

use super::{
    VerifyError, conclude,
    fetch::{Fetcher, KeyLocation},
    fetch_error::FetchError,
    key_set::{IssuerKeySet, load},
};
use crate::{
    jwt::{Algorithm, CheckedSignatures, LoadedKeys, document, key_set_entries},
    settings::{ProxySettings, TrustedIssuer},
    token::{UnverifiedToken, VerifiedToken},
};

/// The time limit for one document or key set. An operator waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fetches what issuers publish.
pub struct Probe {
    fetcher: Fetcher,
}

/// The text of a fetched key set.
pub struct PublishedKeys {
    text: Vec<u8>,
}

impl Probe {
    pub fn new(proxies: ProxySettings) -> Self {
        Self { fetcher: Fetcher::with_timeout(proxies, PATIENCE) }
    }

    /// Fetches the metadata at these addresses, regardless of the issuer that they name.
    ///
    /// # Errors
    ///
    /// Returns [`FetchError`] if no address has them, or if they are not a JSON object.
    pub async fn metadata(&self, addresses: &[Uri; 2]) -> Result<Map<String, Value>, FetchError> {
        document(&self.fetcher.fetch_metadata(addresses).await?).map_err(FetchError::from)
    }

    /// Fetches the keys of an issuer as the function would with this entry.
    ///
    /// # Errors
    ///
    /// Returns [`FetchError`], with the cause that the function would log.
    pub async fn keys(&self, issuer: &TrustedIssuer) -> Result<PublishedKeys, FetchError> {
        let location = KeyLocation::for_issuer(issuer).ok_or(FetchError::NoJwksUri)?;
        let text = self.fetcher.fetch(&location, tokio::time::Instant::now() + PATIENCE).await?;
        Ok(PublishedKeys { text })
    }
}

impl PublishedKeys {
    /// Loads the keys that may be used with these algorithms. Also returns whether the set has more keys than are
    /// loaded.
    ///
    /// # Errors
    ///
    /// Returns [`FetchError`] if the text is not a key set.
    pub fn load(&self, algorithms: &[Algorithm]) -> Result<(LoadedKeys, bool), FetchError> {
        let entries = key_set_entries(&self.text)?;
        let (loaded, rest) = load(&entries, algorithms);
        Ok((loaded, !rest.is_empty()))
    }

    /// Checks the signature of a token.
    ///
    /// # Errors
    ///
    /// Returns [`FetchError`] if the text is not a key set, or has no usable key. The inner error is the function's own
    /// answer.
    pub fn verify(
        &self,
        unverified: Box<UnverifiedToken<'_>>,
    ) -> Result<Result<VerifiedToken, VerifyError>, FetchError> {
        let set = IssuerKeySet::parse(&self.text, &unverified.issuer().algorithms, 0)?;
        Ok(conclude(set.check(unverified, &CheckedSignatures::default()), None, 1))
    }
}
