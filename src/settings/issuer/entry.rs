//! One entry of `TRUSTED_ISSUERS` as written, and its checks.

use std::path::PathBuf;

use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{KeySource, TrustedIssuer, identifier};
use crate::{
    jwt::{self, Algorithm, LoadedKeys, UnreadableKeySet, key_set_entries},
    profile::{ClaimNames, Profile},
    settings::url,
};

/// An entry as written. [`Entry::for_each_tenant`] makes a copy for each tenant, and [`Entry::check`] makes the issuer.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub issuer: String,
    profile: String,
    jwks_uri: Option<String>,
    jwks: Option<Box<RawValue>>,
    algorithms: Option<Vec<String>>,
    client_ids: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
    #[serde(default)]
    required_claims: Map<String, Value>,
    #[serde(default)]
    claim_names: ClaimNames,
    #[serde(default)]
    aliases: Vec<String>,
    tenants: Option<Vec<String>>,
    jwks_bearer_file: Option<PathBuf>,
    logout_audiences: Option<Vec<String>>,
    event_audiences: Option<Vec<String>>,
    /// The tenant of this copy of the entry.
    #[serde(skip)]
    tenant: Option<String>,
}

impl Entry {
    /// The entry itself or, if it has tenants, a copy for each of them in which `{tenantid}` is replaced.
    pub fn for_each_tenant(self) -> Result<Vec<Self>, String> {
        let Some(tenants) = &self.tenants else { return Ok(vec![self]) };
        if !identifier::has_tenant(&self.issuer) {
            return Err("with \"tenants\" but without {tenantid} in \"issuer\"".to_owned());
        }
        if tenants.is_empty() || !tenants.iter().all(|tenant| identifier::is_tenant(tenant)) {
            return Err("whose \"tenants\" is not a list of tenant ids".to_owned());
        }
        Ok(tenants.iter().map(|tenant| self.for_tenant(tenant)).collect())
    }

    fn for_tenant(&self, tenant: &str) -> Self {
        let filled = |text: &String| identifier::with_tenant(text, tenant);
        Self {
            issuer: filled(&self.issuer),
            jwks_uri: self.jwks_uri.as_ref().map(filled),
            aliases: self.aliases.iter().map(filled).collect(),
            tenant: Some(tenant.to_owned()),
            ..self.clone()
        }
    }

    /// Makes the issuer from the entry at this position.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, to be written after the issuer's name. It never quotes the entry, which may contain a
    /// secret by mistake.
    pub fn check(self, position: usize) -> Result<TrustedIssuer, String> {
        identifier::check(&self.issuer)?;
        self.aliases
            .iter()
            .try_for_each(|alias| identifier::check(alias).map_err(|what| format!("with an alias {what}")))?;
        let profile = Profile::named(&self.profile).ok_or_else(unknown_profile)?;
        self.tells_access_tokens(profile)?;
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
                None => KeySource::Discovered(metadata_addresses(&self.issuer).map_err(
                    |_| "with neither \"jwks_uri\" nor \"jwks\", whose identifier is not a URL to find them by",
                )?),
            },
        };
        if self.jwks_bearer_file.is_some() && matches!(keys, KeySource::Inline(_)) {
            return Err("with both \"jwks_bearer_file\" and \"jwks\", whose keys are never fetched".into());
        }
        for (member, audiences) in [
            ("audiences", &self.audiences),
            ("logout_audiences", &self.logout_audiences),
            ("event_audiences", &self.event_audiences),
        ] {
            lists_names(member, "audiences", audiences.as_deref())?;
        }
        lists_names("client_ids", "clients", self.client_ids.as_deref())?;
        Ok(TrustedIssuer {
            issuer: self.issuer,
            aliases: self.aliases,
            tenant: self.tenant,
            entry: position,
            profile,
            claim_names: self.claim_names,
            keys,
            jwks_bearer_file: self.jwks_bearer_file,
            algorithms,
            client_ids: self.client_ids,
            audiences: self.audiences,
            required_claims: self.required_claims,
            logout_audiences: self.logout_audiences,
            event_audiences: self.event_audiences,
        })
    }

    /// Checks that the entry distinguishes this issuer's access tokens from its other tokens, and determines who they
    /// are for.
    fn tells_access_tokens(&self, profile: &Profile) -> Result<(), String> {
        let lists_any = |values: &Option<Vec<String>>| values.iter().flatten().next().is_some();
        if profile.is_generic() && self.required_claims.is_empty() && !lists_any(&self.audiences) {
            return Err("with profile \"generic\" and neither \"required_claims\" nor \"audiences\", \
                        which would take an ID token for an access token"
                .into());
        }
        if profile.client_ids_required && !lists_any(&self.client_ids) {
            return Err(format!(
                "with profile {:?} and no \"client_ids\", which list the accepted clients",
                self.profile
            ));
        }
        Ok(())
    }
}

/// Checks that a list has a name, and no empty one. With an empty list, every token of the issuer would be refused; an
/// empty name is most likely a variable that was not set.
fn lists_names(member: &str, what: &str, names: Option<&[String]>) -> Result<(), String> {
    match names {
        Some(names) if names.is_empty() || names.iter().any(String::is_empty) => {
            Err(format!("whose {member:?} is not a list of {what}"))
        }
        _ => Ok(()),
    }
}

/// The location of the keys according to the profile, below the issuer's identifier.
fn key_set_of(issuer: &str, path: &str) -> Result<Uri, String> {
    let why = "without \"jwks_uri\", whose identifier is not an https URL to find the keys by";
    url::identifier(issuer)
        .and_then(|_| url::endpoint(&format!("{}{path}", issuer.trim_end_matches('/'))))
        .map_err(|_| why.to_owned())
}

/// The locations of an issuer's metadata: below its identifier and, as RFC 8414 has it, with the well-known part in
/// front of the path.
///
/// # Errors
///
/// Returns what is wrong with the identifier, if it is not an issuer's URL.
pub fn metadata_addresses(issuer: &str) -> Result<[Uri; 2], &'static str> {
    url::identifier(issuer)?;
    let path = url::path(issuer);
    let origin = issuer.trim_end_matches('/').strip_suffix(path).unwrap_or(issuer);
    let address = |text: String| text.parse::<Uri>().map_err(|_| "is not a URL");
    Ok([
        address(format!("{origin}{path}/.well-known/openid-configuration"))?,
        address(format!("{origin}/.well-known/oauth-authorization-server{path}"))?,
    ])
}

/// As in a fetched set, keys that a rule refuses are ignored, because copied sets often contain some. A key that cannot
/// be read was meant to be used, so the function refuses to start.
fn inline(jwks: &RawValue, algorithms: &[Algorithm]) -> Result<LoadedKeys, String> {
    let entries = key_set_entries(jwks.get().as_bytes()).map_err(|unreadable| match unreadable {
        UnreadableKeySet::DuplicateMembers => "whose \"jwks\" names a member twice",
        UnreadableKeySet::NotJson | UnreadableKeySet::NotAKeySet => "whose \"jwks\" has no \"keys\"",
    })?;
    let loaded = LoadedKeys::load(&entries, algorithms);
    if let Some(key) = loaded.dropped.iter().find(|key| key.cause.is_unreadable()) {
        let name = match &key.kid {
            None => "without kid".to_owned(),
            Some(kid) if url::is_plain(kid) => format!("kid {kid:?}"),
            // A text of any length and content may have been pasted here, so the key is named by its number.
            Some(kid) => {
                let position = entries.iter().position(|entry| jwt::kid(entry).as_ref() == Some(kid));
                format!("key {}", position.unwrap_or_default() + 1)
            }
        };
        return Err(format!("whose \"jwks\" has a key that cannot be read: {name}, {}", key.cause));
    }
    if loaded.keys.is_empty() {
        return Err("whose \"jwks\" has no key for any of its \"algorithms\"".into());
    }
    Ok(loaded)
}

fn unknown_profile() -> String {
    let mut names: Vec<_> = Profile::all().map(|profile| profile.name).collect();
    let last = names.pop().unwrap_or_default();
    format!("with an unknown profile; known are {} and {last}", names.join(", "))
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    let known =
        "with an algorithm that is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, Ed25519";
    Algorithm::from_name(name).ok_or_else(|| known.to_owned())
}
