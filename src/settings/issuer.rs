//! `TRUSTED_ISSUERS`: whose tokens are judged, by which rules and with which keys.

use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{SettingError, url};
use crate::{
    jwt::{Algorithm, VerificationKey},
    profile::Profile,
};

const EXAMPLE: &str =
    r#"[{"issuer":"https://auth.example.com","profile":"rfc9068","jwks_uri":"https://auth.example.com/jwks.json"}]"#;

/// An issuer whose tokens are judged.
pub struct TrustedIssuer {
    /// Compared with `iss` byte for byte.
    pub issuer: String,
    pub profile: &'static Profile,
    pub keys: KeySource,
    pub algorithms: Vec<Algorithm>,
    /// Accepted clients. `None`: any.
    pub client_ids: Option<Vec<String>>,
    /// Accepted `aud` values. `None`: any.
    pub audiences: Option<Vec<String>>,
    /// Claims that a token must hold with exactly these values.
    pub required_claims: Map<String, Value>,
}

/// Where an issuer's keys are.
pub enum KeySource {
    /// In the setting itself; never fetched.
    Inline(Vec<VerificationKey>),
    /// At a URL (RFC 7517 §5).
    Remote(Uri),
    /// Where the issuer's own metadata say; these are the places of the metadata, the first of which counts
    /// (OpenID Connect Discovery §4, RFC 8414 §3).
    Discovered([Uri; 2]),
}

/// One element of the setting, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    profile: String,
    jwks_uri: Option<String>,
    jwks: Option<Value>,
    algorithms: Option<Vec<String>>,
    client_ids: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
    #[serde(default)]
    required_claims: Map<String, Value>,
}

/// Reads the JSON array; `variable` is the setting it came from.
///
/// # Errors
///
/// [`SettingError`] for JSON of another shape and for every entry that could not be kept.
pub fn parse(variable: &'static str, text: &str) -> Result<Vec<TrustedIssuer>, SettingError> {
    let entries: Vec<Entry> =
        serde_json::from_str(text).map_err(|error| problem(variable, format!("is not the expected JSON: {error}")))?;
    let mut issuers: Vec<TrustedIssuer> = Vec::with_capacity(entries.len());
    for entry in entries {
        if issuers.iter().any(|known| known.issuer == entry.issuer) {
            return Err(problem(variable, format!("names the issuer {:?} twice", entry.issuer)));
        }
        let name = entry.issuer.clone();
        issuers.push(entry.check().map_err(|what| problem(variable, format!("has an issuer {name:?} {what}")))?);
    }
    Ok(issuers)
}

impl Entry {
    fn check(self) -> Result<TrustedIssuer, String> {
        if self.issuer.is_empty() || self.issuer.len() > 1024 || self.issuer.contains(['#', '\0']) {
            return Err("whose identifier is empty, over 1,024 bytes or holds '#'".into());
        }
        let profile =
            Profile::named(&self.profile).ok_or_else(|| format!("with the unknown profile {:?}", self.profile))?;
        let tells_access_tokens = |values: &Option<Vec<String>>| values.iter().flatten().next().is_some();
        if profile.is_generic() && self.required_claims.is_empty() && !tells_access_tokens(&self.audiences) {
            return Err("with profile \"generic\" and neither \"required_claims\" nor \"audiences\", \
                        which would take an ID token for an access token"
                .into());
        }
        if profile.client_ids_required && !tells_access_tokens(&self.client_ids) {
            return Err(format!(
                "with profile {:?} and no \"client_ids\", which list the accepted clients",
                self.profile
            ));
        }
        let algorithms = match &self.algorithms {
            None => profile.algorithms.to_vec(),
            Some(names) => names.iter().map(|name| algorithm(name)).collect::<Result<_, _>>()?,
        };
        if algorithms.is_empty() {
            return Err("with an empty list of \"algorithms\"".into());
        }
        let keys = match (self.jwks_uri, self.jwks) {
            (Some(uri), None) => {
                KeySource::Remote(url::endpoint(&uri).map_err(|what| format!("whose \"jwks_uri\" {what}"))?)
            }
            (None, Some(jwks)) => KeySource::Inline(inline(&jwks, &algorithms)?),
            (Some(_), Some(_)) => return Err("with both \"jwks_uri\" and \"jwks\"".into()),
            (None, None) => match profile.key_set {
                Some(path) => KeySource::Remote(key_set_of(&self.issuer, path)?),
                None => KeySource::Discovered(metadata_places(&self.issuer)?),
            },
        };
        Ok(TrustedIssuer {
            issuer: self.issuer,
            profile,
            keys,
            algorithms,
            client_ids: self.client_ids,
            audiences: self.audiences,
            required_claims: self.required_claims,
        })
    }
}

/// The place that the profile knows, below the issuer's identifier.
fn key_set_of(issuer: &str, path: &str) -> Result<Uri, String> {
    let why = "without \"jwks_uri\", whose identifier is no https URL to find the keys by";
    url::identifier(issuer)
        .and_then(|_| url::endpoint(&format!("{}{path}", issuer.trim_end_matches('/'))))
        .map_err(|_| why.to_owned())
}

/// An issuer's metadata are below its identifier; RFC 8414 has its well-known part before the path instead.
fn metadata_places(issuer: &str) -> Result<[Uri; 2], String> {
    let why = "with neither \"jwks_uri\" nor \"jwks\", whose identifier is no URL to find them by";
    url::identifier(issuer).map_err(|_| why)?;
    let path = url::path(issuer);
    let origin = issuer.trim_end_matches('/').strip_suffix(path).unwrap_or(issuer);
    let place = |text: String| text.parse::<Uri>().map_err(|_| why.to_owned());
    Ok([
        place(format!("{origin}{path}/.well-known/openid-configuration"))?,
        place(format!("{origin}/.well-known/oauth-authorization-server{path}"))?,
    ])
}

/// As of a fetched set, entries that verify no signatures are passed over; a copied set often has some.
fn inline(jwks: &Value, algorithms: &[Algorithm]) -> Result<Vec<VerificationKey>, String> {
    let entries = jwks.get("keys").and_then(Value::as_array).ok_or("whose \"jwks\" has no \"keys\"")?;
    let keys: Vec<_> = entries.iter().filter_map(|entry| VerificationKey::from_jwk(entry, algorithms).ok()).collect();
    if keys.is_empty() { Err("whose \"jwks\" has no key for any of its \"algorithms\"".into()) } else { Ok(keys) }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name).ok_or_else(|| {
        format!("with the algorithm {name:?}, which is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA")
    })
}

fn problem(variable: &'static str, what: String) -> SettingError {
    SettingError::new(variable, what, EXAMPLE)
}
