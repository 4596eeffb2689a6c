//! `TRUSTED_ISSUERS`: whose tokens are judged, by which rules and with which keys.

use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{SettingError, url};
use crate::jwt::{Algorithm, VerificationKey};

const EXAMPLE: &str =
    r#"[{"issuer":"https://auth.example.com","profile":"rfc9068","jwks_uri":"https://auth.example.com/jwks.json"}]"#;

/// An issuer whose tokens are judged.
pub struct TrustedIssuer {
    /// Compared with `iss` byte for byte.
    pub issuer: String,
    pub profile: Profile,
    pub keys: KeySource,
    pub algorithms: Vec<Algorithm>,
    /// Accepted `aud` values. `None`: any.
    pub audiences: Option<Vec<String>>,
    /// Claims that a token must hold with exactly these values.
    pub required_claims: Map<String, Value>,
}

/// The rules by which an issuer makes its access tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// RFC 9068, JWT Profile for OAuth 2.0 Access Tokens.
    Rfc9068,
    /// Any JWT with `iss` and `exp` that is no ID token, as `required_claims` or `audiences` tell.
    Generic,
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
    profile: Profile,
    jwks_uri: Option<String>,
    jwks: Option<Value>,
    algorithms: Option<Vec<String>>,
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
        if self.profile == Profile::Generic
            && self.required_claims.is_empty()
            && self.audiences.iter().flatten().next().is_none()
        {
            return Err("with profile \"generic\" and neither \"required_claims\" nor \"audiences\", \
                        which would take an ID token for an access token"
                .into());
        }
        let algorithms = match &self.algorithms {
            None => vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa],
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
            (None, None) => KeySource::Discovered(metadata_places(&self.issuer)?),
        };
        Ok(TrustedIssuer {
            issuer: self.issuer,
            profile: self.profile,
            keys,
            algorithms,
            audiences: self.audiences,
            required_claims: self.required_claims,
        })
    }
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
