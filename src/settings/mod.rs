//! The environment variables of the function, read and checked once during the start.

mod authorizer;
mod error;
mod global_revocation;
mod issuer;
mod mtls;
mod proxy;
mod redis_url;
mod roots;
mod route_scopes;
mod signing;
mod tables;
mod url;

use std::time::Duration;

use serde_json::{Map, Value};
use tracing::warn;

use self::error::json_problem;
pub use self::{
    authorizer::{AuthorizerResponse, AuthorizerSettings},
    error::SettingError,
    issuer::{KeySource, TrustedIssuer, metadata_addresses},
    mtls::MtlsMethod,
    proxy::ProxySettings,
    redis_url::RedisUrl,
    roots::check_root_certificates,
    route_scopes::RouteScopes,
    signing::SigningKeySource,
    tables::TableNames,
    url::is_loopback,
};
use crate::jwt::Algorithm;

/// The maximum of `CLOCK_SKEW_SECONDS`.
pub const MAX_CLOCK_SKEW_SECONDS: u32 = 60;

/// The settings of a deployment; `docs/settings.md` describes each.
pub struct Settings {
    /// Our own issuer identifier.
    pub issuer: String,
    /// The base URL of the endpoints in the metadata, without a trailing slash.
    pub public_url: String,
    /// The base URL of the domain that asks for client certificates, without a trailing slash.
    pub mtls_public_url: Option<String>,
    /// The only method of mutual TLS that authenticates clients here.
    pub mtls_method: MtlsMethod,
    pub tables: TableNames,
    /// The Redis server that has the tokens table, if there is one.
    pub redis_url: Option<RedisUrl>,
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// The issuers whose subjects callers may revoke. If empty, no route for that exists.
    pub global_revocation_issuers: Vec<String>,
    pub default_policy: DefaultPolicy,
    /// For the reads that a verdict needs. Revocation and the operator's tool always read strongly consistently.
    pub read_consistency: ReadConsistency,
    /// How long an execution environment may reuse the items that many requests share. If zero, it never does.
    pub hot_record_lifetime: Duration,
    /// The exact origins from which browsers may call. If empty, CORS is off.
    pub cors_allowed_origins: Vec<String>,
    /// Additional metadata members, which describe the authorization server.
    pub metadata: Map<String, Value>,
    /// The tolerance for `nbf` and `iat`. It never applies to `exp`.
    pub clock_skew_seconds: i64,
    /// The age at which a key set is fetched again.
    pub jwks_refresh: Duration,
    /// How issuers' key hosts are reached.
    pub proxies: ProxySettings,
    /// The number of wrong credentials per client id and source address, in each minute and execution environment.
    pub failed_authentication_limit: u32,
    /// The keys of signed answers. The first one signs, and all are published. If empty, answers are not signed.
    pub signing_keys: Vec<SigningKeySource>,
    /// The algorithm of an RSA key that does not name one itself.
    pub rsa_signing_algorithm: Algorithm,
    /// The function as a Lambda authorizer. If `None`, it answers no event of one.
    pub authorizer: Option<AuthorizerSettings>,
    pub log_level: LogLevel,
}

/// What a client record without `introspection.audiences` may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultPolicy {
    /// Every access token.
    Any,
    /// Access tokens whose `aud` contains the client's id, or that were issued to the client.
    Audience,
}

/// How DynamoDB reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadConsistency {
    /// A read sees everything that was written before.
    Strong,
    /// A read sees everything that was written a moment ago, usually within a second. It costs half as much.
    Eventual,
}

/// How much the function logs. Audit records are written at every level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Settings {
    /// Reads the settings. `variable` looks up a variable. Files that settings name are read here too.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] for the first setting that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        // A template leaves a variable empty if its parameter is not set.
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let issuer = get("ISSUER").ok_or_else(|| issuer_error("is missing"))?;
        url::identifier(&issuer).map_err(issuer_error)?;
        let public_url = base_url(&get, "PUBLIC_URL", "https://introspection.example.com")?;
        let tables = TableNames::read(get);
        let redis_url = RedisUrl::read(get)?;
        tables.check(redis_url.as_ref())?;
        let trusted_issuers = trusted_issuers(&get)?;
        let (signing_keys, rsa_signing_algorithm) = signing::read(&get)?;
        Ok(Self {
            public_url: public_url.unwrap_or_else(|| issuer.trim_end_matches('/').to_owned()),
            mtls_public_url: base_url(&get, "MTLS_PUBLIC_URL", "https://mtls.example.com")?,
            mtls_method: MtlsMethod::read(get)?,
            tables,
            redis_url,
            global_revocation_issuers: global_revocation::read(get, &issuer, &trusted_issuers)?,
            trusted_issuers,
            default_policy: match get("DEFAULT_POLICY").as_deref() {
                None | Some("any") => DefaultPolicy::Any,
                Some("audience") => DefaultPolicy::Audience,
                Some(_) => {
                    return Err(SettingError::new("DEFAULT_POLICY", "is neither \"any\" nor \"audience\"", "audience"));
                }
            },
            read_consistency: match get("READ_CONSISTENCY").as_deref() {
                None | Some("strong") => ReadConsistency::Strong,
                Some("eventual") => ReadConsistency::Eventual,
                Some(_) => {
                    return Err(SettingError::new(
                        "READ_CONSISTENCY",
                        "is neither \"strong\" nor \"eventual\"",
                        "strong",
                    ));
                }
            },
            hot_record_lifetime: Duration::from_secs(whole_number(&get, "HOT_RECORD_SECONDS", 0, 0..=5)?.into()),
            cors_allowed_origins: cors_allowed_origins(&get)?,
            metadata: metadata(&get)?,
            clock_skew_seconds: whole_number(&get, "CLOCK_SKEW_SECONDS", 10, 0..=MAX_CLOCK_SKEW_SECONDS)?.into(),
            jwks_refresh: Duration::from_secs(whole_number(&get, "JWKS_REFRESH_SECONDS", 300, 60..=86_400)?.into()),
            proxies: ProxySettings::read(get)?,
            failed_authentication_limit: whole_number(&get, "FAILED_AUTHENTICATION_LIMIT", 20, 1..=1_000_000)?,
            signing_keys,
            rsa_signing_algorithm,
            authorizer: AuthorizerSettings::read(get)?,
            log_level: log_level(&get)?,
            issuer,
        })
    }

    /// The path of our own issuer identifier, without a trailing slash. Empty if it has no path.
    pub fn issuer_path(&self) -> &str {
        url::path(&self.issuer)
    }

    /// Checks that the token files of `jwks_bearer_file` can be read. [`Settings::read`] does not, because the files
    /// are missing on a machine on which an operator reads the settings of a deployed function.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] for the first file that cannot be read or is empty.
    pub fn check_token_files(&self) -> Result<(), SettingError> {
        self.trusted_issuers.iter().try_for_each(TrustedIssuer::check_token_file)
    }

    /// Logs warnings about settings that are valid but risky.
    pub fn warn(&self) {
        if self.default_policy == DefaultPolicy::Any {
            warn!(
                event = "default_policy_any",
                meaning = "under DEFAULT_POLICY=any every confidential client may introspect every access token"
            );
        }
        if self.read_consistency == ReadConsistency::Eventual {
            warn!(
                event = "read_consistency_eventual",
                meaning = "under READ_CONSISTENCY=eventual a revocation may take effect a moment later, usually within a second"
            );
        }
        if !self.hot_record_lifetime.is_zero() {
            warn!(
                event = "hot_record_seconds",
                seconds = self.hot_record_lifetime.as_secs(),
                meaning = "a change to a client record or an iss#, kid# or client# mark takes effect up to that many seconds later"
            );
        }
        if self.trusted_issuers.is_empty() {
            warn!(event = "no_trusted_issuers", meaning = "only opaque tokens can be active");
        }
        for trusted in self.trusted_issuers.iter().filter(|trusted| trusted.tells_access_tokens_by_audience_only()) {
            warn!(
                event = "access_tokens_by_audience_only",
                issuer = trusted.issuer,
                meaning = "an ID token with one of these audiences is taken for an access token; add required_claims"
            );
        }
    }

    /// The trusted issuer with this identifier or alias.
    pub fn trusted_issuer(&self, issuer: &str) -> Option<&TrustedIssuer> {
        issuer::find(&self.trusted_issuers, issuer)
    }

    /// Whether any issuer may send logout tokens. Otherwise, no route receives them.
    pub fn receives_log_outs(&self) -> bool {
        self.trusted_issuers.iter().any(|issuer| issuer.logout_audiences.is_some())
    }

    /// The same for security event tokens.
    pub fn receives_events(&self) -> bool {
        self.trusted_issuers.iter().any(|issuer| issuer.event_audiences.is_some())
    }

    /// The issuers at which a client without `issuer` in its record is registered: `ISSUER`, and the first entry of
    /// `TRUSTED_ISSUERS` with all its tenants.
    pub fn home_issuers(&self) -> impl Iterator<Item = &str> {
        let first = self.trusted_issuers.iter().filter(|trusted| trusted.entry == 0).map(|trusted| &trusted.issuer);
        let own = self.canonical_issuer(&self.issuer).unwrap_or(&self.issuer);
        std::iter::once(own).chain(first.map(String::as_str).filter(move |issuer| *issuer != own))
    }

    /// The identifier by which marks name an issuer whose tokens can be active: the one of its entry, even if `issuer`
    /// is an alias, or `ISSUER`. `None` for any other issuer.
    pub fn canonical_issuer<'a>(&'a self, issuer: &'a str) -> Option<&'a str> {
        match self.trusted_issuer(issuer) {
            Some(trusted) => Some(&trusted.issuer),
            None => Some(issuer).filter(|issuer| *issuer == self.issuer),
        }
    }
}

fn issuer_error(what: &str) -> SettingError {
    SettingError::new("ISSUER", what, "https://introspection.example.com")
}

/// Reads a base URL, and removes its trailing slash.
fn base_url(
    get: &impl Fn(&str) -> Option<String>,
    variable: &'static str,
    example: &'static str,
) -> Result<Option<String>, SettingError> {
    let Some(text) = get(variable) else { return Ok(None) };
    url::identifier(&text).map_err(|what| SettingError::new(variable, what, example))?;
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

fn trusted_issuers(get: &impl Fn(&str) -> Option<String>) -> Result<Vec<TrustedIssuer>, SettingError> {
    match (get("TRUSTED_ISSUERS"), get("TRUSTED_ISSUERS_FILE")) {
        (Some(_), Some(_)) => Err(SettingError::new(
            "TRUSTED_ISSUERS_FILE",
            "is set together with TRUSTED_ISSUERS; keep one of them",
            "issuers.json",
        )),
        (Some(text), None) => issuer::parse("TRUSTED_ISSUERS", &text),
        (None, Some(path)) => {
            issuer::parse("TRUSTED_ISSUERS_FILE", &file("TRUSTED_ISSUERS_FILE", &path, "issuers.json")?)
        }
        (None, None) => Ok(Vec::new()),
    }
}

fn cors_allowed_origins(get: &impl Fn(&str) -> Option<String>) -> Result<Vec<String>, SettingError> {
    let Some(list) = get("CORS_ALLOWED_ORIGINS") else { return Ok(Vec::new()) };
    (1..)
        .zip(list.split(',').map(str::trim))
        .map(|(number, origin): (usize, _)| {
            // An origin consists only of scheme, host and port (RFC 6454 §6.1).
            match url::endpoint(origin) {
                Ok(_) if origin.splitn(4, '/').count() == 3 && !origin.contains(['?', '#', '*']) => {
                    Ok(origin.to_owned())
                }
                _ => Err(SettingError::new(
                    "CORS_ALLOWED_ORIGINS",
                    format!("has an entry {number} that is not an exact https origin: no path, no last slash, no *"),
                    "https://app.example.com,https://admin.example.com",
                )),
            }
        })
        .collect()
}

fn metadata(get: &impl Fn(&str) -> Option<String>) -> Result<Map<String, Value>, SettingError> {
    let Some(path) = get("METADATA_FILE") else { return Ok(Map::new()) };
    let text = file("METADATA_FILE", &path, "metadata.json")?;
    serde_json::from_str(&text).map_err(|error| {
        let problem = format!("is not a JSON object: {}", json_problem(&error));
        SettingError::new("METADATA_FILE", problem, "metadata.json")
    })
}

/// Reads the file that a setting names. The path is not quoted, because the file's content may have been pasted
/// instead.
fn file(variable: &'static str, path: &str, example: &'static str) -> Result<String, SettingError> {
    std::fs::read_to_string(path).map_err(|error| {
        let problem = if path.trim_start().starts_with(['[', '{']) {
            "is a JSON document instead of the path of a file that contains it".to_owned()
        } else {
            format!("names a file that cannot be read: {error}")
        };
        SettingError::new(variable, problem, example)
    })
}

fn whole_number(
    get: &impl Fn(&str) -> Option<String>,
    variable: &'static str,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, SettingError> {
    let Some(text) = get(variable) else { return Ok(default) };
    text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let problem = format!("is not a whole number from {} to {}", range.start(), range.end());
        SettingError::new(variable, problem, default.to_string())
    })
}

fn log_level(get: &impl Fn(&str) -> Option<String>) -> Result<LogLevel, SettingError> {
    match get("LOG_LEVEL").map(|level| level.to_ascii_lowercase()).as_deref() {
        Some("error") => Ok(LogLevel::Error),
        Some("warn") => Ok(LogLevel::Warn),
        None | Some("info") => Ok(LogLevel::Info),
        Some("debug") => Ok(LogLevel::Debug),
        Some("trace") => Ok(LogLevel::Trace),
        Some(_) => Err(SettingError::new("LOG_LEVEL", "is not one of error, warn, info, debug, trace", "info")),
    }
}
