//! A record of the clients table, and the policy in it.

use serde::Deserialize;

use super::{StrictString, UnixTime, types};
use crate::{auth_method::AuthMethod, digest::Digest};

/// A client as an authorization server or the operator's tool registered it (RFC 7591 §2).
/// Attributes that no decision reads (`client_name`, `redirect_uris`, `allowed_scopes`) are not here.
#[derive(Deserialize)]
pub struct ClientRecord {
    /// Absent: a public client.
    pub client_secret: Option<StoredSecret>,
    previous_client_secret: Option<StoredSecret>,
    #[serde(default, deserialize_with = "types::known")]
    previous_client_secret_expires_at: Option<UnixTime>,
    /// The issuer where this client id is registered.
    pub issuer: Option<String>,
    /// Absent: any method with a secret, or none without one.
    pub token_endpoint_auth_method: Option<NamedMethod>,
    pub jwks: Option<String>,
    pub assertion_audience: Option<String>,
    pub tls_client_auth_subject_dn: Option<String>,
    pub tls_client_auth_san_dns: Option<String>,
    pub tls_client_auth_san_uri: Option<String>,
    pub tls_client_auth_san_ip: Option<String>,
    pub tls_client_auth_san_email: Option<String>,
    pub iam_principal_arn: Option<String>,
    /// The principal's unique id (`AROA…`, `AIDA…`), which must match as well.
    pub iam_principal_id: Option<String>,
    #[serde(default, deserialize_with = "types::or_default")]
    pub disabled: bool,
    #[serde(default, deserialize_with = "types::map")]
    pub introspection: Option<PolicyRecord>,
}

impl ClientRecord {
    /// Whether the client is registered for that method of authentication. Without a name of one, the client sends its
    /// secret either way, and is public if it has none.
    pub fn is_registered_for(&self, method: AuthMethod) -> bool {
        match &self.token_endpoint_auth_method {
            None if self.client_secret.is_none() => method == AuthMethod::None,
            None => AuthMethod::WITH_SECRET.contains(&method),
            Some(NamedMethod::Known(registered)) => *registered == method,
            Some(NamedMethod::Unknown(_)) => false,
        }
    }

    /// The secret before a rotation with its expiry. It counts until then, and never without an expiry.
    pub fn previous_secret(&self, now: i64) -> Option<(&StoredSecret, UnixTime)> {
        let expires_at = self.previous_client_secret_expires_at.filter(|UnixTime(expires_at)| now < *expires_at)?;
        Some((self.previous_client_secret.as_ref()?, expires_at))
    }
}

/// `token_endpoint_auth_method` of a record (RFC 7591 §2).
#[derive(Deserialize)]
#[serde(from = "String")]
pub enum NamedMethod {
    Known(AuthMethod),
    /// No method that is supported here has this name.
    Unknown(String),
}

impl From<String> for NamedMethod {
    fn from(name: String) -> Self {
        AuthMethod::from_name(&name).map_or(Self::Unknown(name), Self::Known)
    }
}

/// A secret as a record holds it: the lower-case hex SHA-256 of its text.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct StoredSecret(Option<Digest>);

impl StoredSecret {
    /// What the digest of a presented secret has to equal. `None` for a text that is no digest, and for the digest of the
    /// empty secret, which is never accepted (RFC 6749 §2.3.1).
    pub fn digest(&self) -> Option<&Digest> {
        self.0.as_ref()
    }
}

impl From<String> for StoredSecret {
    fn from(stored: String) -> Self {
        Self(Digest::from_hex(&stored).filter(|digest| *digest != Digest::of("")))
    }
}

/// What this caller may see: the `introspection` map of its record.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct PolicyRecord {
    /// Whether it may introspect at all (RFC 7662 §4).
    #[serde(deserialize_with = "types::or_true")]
    pub allowed: bool,
    #[serde(deserialize_with = "types::or_default")]
    pub mode: Mode,
    pub token_types: Option<Vec<StrictString>>,
    pub issuers: Option<Vec<StrictString>>,
    /// This resource server's identifiers. Absent: `DEFAULT_POLICY` decides.
    pub audiences: Option<Vec<StrictString>>,
    /// Released scopes; a trailing `*` matches a prefix. Absent: all.
    pub scopes: Option<Vec<StrictString>>,
    /// Released members beyond the registered ones. Absent: all.
    pub claims: Option<Vec<StrictString>>,
    /// Whether it gets only signed answers (RFC 9701 §8.2).
    #[serde(deserialize_with = "types::or_default")]
    pub require_signed_response: bool,
}

/// The policy of a record without one.
impl Default for PolicyRecord {
    fn default() -> Self {
        Self {
            allowed: true,
            mode: Mode::Enforce,
            token_types: None,
            issuers: None,
            audiences: None,
            scopes: None,
            claims: None,
            require_signed_response: false,
        }
    }
}

/// Whether the policy hides, or only says what it would hide.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
// `serde_dynamo` would also take a map with the variant's name for a variant.
#[serde(try_from = "StrictString")]
pub enum Mode {
    #[default]
    Enforce,
    Report,
}

impl TryFrom<StrictString> for Mode {
    type Error = &'static str;

    fn try_from(StrictString(name): StrictString) -> Result<Self, &'static str> {
        match name.as_str() {
            "enforce" => Ok(Self::Enforce),
            "report" => Ok(Self::Report),
            _ => Err("not a mode"),
        }
    }
}
