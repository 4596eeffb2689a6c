//! `TRUSTED_ISSUERS`: which issuers' tokens are judged, by which rules and with which keys.

mod entry;
mod identifier;

use std::path::PathBuf;

use http::Uri;
use serde_json::{Map, Value};

use self::entry::Entry;
pub use self::entry::metadata_addresses;
use super::{SettingError, error::json_problem, url};
use crate::{
    jwt::{Algorithm, LoadedKeys},
    profile::{ClaimNames, Profile},
};

const EXAMPLE: &str =
    r#"[{"issuer":"https://auth.example.com","profile":"rfc9068","jwks_uri":"https://auth.example.com/jwks.json"}]"#;

/// An issuer whose tokens are judged.
pub struct TrustedIssuer {
    /// Compared with `iss` byte for byte. Marks, policies and client records use this identifier.
    pub issuer: String,
    /// Additional values of `iss` in tokens of this issuer.
    pub aliases: Vec<String>,
    /// The required value of the claim `tid`, if the entry lists `tenants`. Each tenant is a separate issuer.
    pub tenant: Option<String>,
    /// The position of its entry in the setting. Several tenants may share an entry.
    pub entry: usize,
    pub profile: &'static Profile,
    /// Claims that take precedence over those of the profile.
    pub claim_names: ClaimNames,
    pub keys: KeySource,
    /// A file with a token that is sent when the keys are fetched.
    pub jwks_bearer_file: Option<PathBuf>,
    pub algorithms: Vec<Algorithm>,
    /// The accepted clients. `None` means any.
    pub client_ids: Option<Vec<String>>,
    /// The accepted `aud` values. `None` means any.
    pub audiences: Option<Vec<String>>,
    /// Claims that a token must contain with exactly these values.
    pub required_claims: Map<String, Value>,
    /// The accepted `aud` values of logout tokens. If `None`, no logout token of this issuer is accepted.
    pub logout_audiences: Option<Vec<String>>,
    /// The accepted `aud` values of security event tokens. If `None`, no event of this issuer is accepted.
    pub event_audiences: Option<Vec<String>>,
}

/// The location of an issuer's keys.
pub enum KeySource {
    /// In the setting itself; never fetched.
    Inline(LoadedKeys),
    /// At a URL.
    Remote(Uri),
    /// At a URL that the issuer's metadata name. These are the addresses of the metadata; the first one that has them
    /// is used (OpenID Connect Discovery §4, RFC 8414 §3).
    Discovered([Uri; 2]),
}

/// Reads the JSON array. `variable` is the setting that it is from.
///
/// # Errors
///
/// Returns [`SettingError`] if the JSON has another shape, or if an entry cannot be used.
pub fn parse(variable: &'static str, text: &str) -> Result<Vec<TrustedIssuer>, SettingError> {
    let entries: Vec<Entry> = serde_json::from_str(text)
        .map_err(|error| problem(variable, format!("is not the expected JSON: {}", json_problem(&error))))?;
    let mut issuers: Vec<TrustedIssuer> = Vec::with_capacity(entries.len());
    for (position, entry) in entries.into_iter().enumerate() {
        let name = shown(&entry.issuer, position);
        let wrong = |what| problem(variable, format!("has an issuer {name} {what}"));
        for entry in entry.for_each_tenant().map_err(wrong)? {
            let issuer = entry.check(position).map_err(wrong)?;
            if let Some(twice) = issuer.identifiers().find(|name| find(&issuers, name).is_some()) {
                return Err(problem(variable, format!("names the issuer {} twice", shown(twice, position))));
            }
            issuers.push(issuer);
        }
    }
    Ok(issuers)
}

/// Finds the issuer with this identifier or alias. RFC 9068 §4 and RFC 8725 §3.8: the `iss` of a token must match
/// exactly, byte for byte (H-05).
pub fn find<'a>(issuers: &'a [TrustedIssuer], name: &str) -> Option<&'a TrustedIssuer> {
    issuers.iter().find(|issuer| issuer.identifiers().any(|own| own == name))
}

impl TrustedIssuer {
    /// Whether tokens that were issued to this client are accepted. If clients are listed, a token that names no client
    /// is not accepted.
    pub fn accepts_client(&self, client_id: Option<&str>) -> bool {
        let is_listed = |listed: &[String]| client_id.is_some_and(|id| listed.iter().any(|listed| listed == id));
        self.client_ids.as_deref().is_none_or(is_listed)
    }

    /// Every value of `iss` that names this issuer (H-32).
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.issuer).chain(&self.aliases).map(String::as_str)
    }

    /// Checks that the token file can be read, if there is one. The path is not quoted, because it may be the token
    /// itself.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if the file cannot be read or is empty.
    pub(super) fn check_token_file(&self) -> Result<(), SettingError> {
        let Some(path) = &self.jwks_bearer_file else { return Ok(()) };
        let what = match std::fs::read_to_string(path) {
            Ok(token) if token.trim().is_empty() => "names an empty file".to_owned(),
            Ok(_) => return Ok(()),
            Err(error) => format!("names a file that cannot be read: {error}"),
        };
        let name = shown(&self.issuer, self.entry);
        Err(problem("TRUSTED_ISSUERS", format!("has an issuer {name} whose \"jwks_bearer_file\" {what}")))
    }

    /// Whether only the audience distinguishes this entry's access tokens from its ID tokens, which may have the same
    /// audience.
    pub fn tells_access_tokens_by_audience_only(&self) -> bool {
        self.profile.is_generic() && self.required_claims.is_empty()
    }
}

/// How an error names an entry: by its issuer if that may be quoted, or else by its number.
fn shown(issuer: &str, position: usize) -> String {
    let is_quotable = url::is_quotable(&identifier::with_tenant(issuer, "tenantid"));
    if is_quotable { format!("{issuer:?}") } else { format!("(entry {})", position + 1) }
}

fn problem(variable: &'static str, what: String) -> SettingError {
    SettingError::new(variable, what, EXAMPLE)
}
