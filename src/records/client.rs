//! Records of the clients table, with their policies.

use serde::{Deserialize, Deserializer};

use super::{StrictString, TokenType, UnixTime, types};
use crate::{auth_method::AuthMethod, digest::Digest};

/// A client as an authorization server or the operator's tool registered it (RFC 7591 §2). Attributes that no decision
/// reads (`client_name`, `redirect_uris`, `allowed_scopes`) are left out.
#[derive(Deserialize)]
pub struct ClientRecord {
    /// If absent, the client is a public client.
    pub client_secret: Option<StoredSecret>,
    previous_client_secret: Option<StoredSecret>,
    #[serde(default, deserialize_with = "types::known")]
    previous_client_secret_expires_at: Option<UnixTime>,
    /// The issuer at which this client id is registered.
    pub issuer: Option<String>,
    /// If absent, any method with a secret; if the record has no secret either, the client is public.
    pub token_endpoint_auth_method: Option<NamedMethod>,
    pub jwks: Option<String>,
    pub assertion_audience: Option<String>,
    tls_client_auth_subject_dn: Option<String>,
    tls_client_auth_san_dns: Option<String>,
    tls_client_auth_san_uri: Option<String>,
    tls_client_auth_san_ip: Option<String>,
    tls_client_auth_san_email: Option<String>,
    pub iam_principal_arn: Option<String>,
    /// The principal's unique id (`AROA…`, `AIDA…`), which must match as well.
    pub iam_principal_id: Option<String>,
    #[serde(default, deserialize_with = "types::or_default")]
    pub disabled: bool,
    #[serde(default, deserialize_with = "types::map")]
    pub introspection: Option<PolicyRecord>,
}

impl ClientRecord {
    /// Whether the client is registered for this method of authentication. If the record names no method, the client
    /// sends its secret either way, or is public if it has no secret.
    pub fn is_registered_for(&self, method: AuthMethod) -> bool {
        match &self.token_endpoint_auth_method {
            None if self.client_secret.is_none() => method == AuthMethod::None,
            None => AuthMethod::WITH_SECRET.contains(&method),
            Some(NamedMethod::Known(registered)) => *registered == method,
            Some(NamedMethod::Unknown(_)) => false,
        }
    }

    /// The only name of the client's certificate (RFC 8705 §2.1.2, F-01). Returns `None` if the record has more than
    /// one name, because it is then unclear which one counts.
    pub fn certificate_name(&self) -> Option<(CertificateName, &str)> {
        let names = [
            (CertificateName::SubjectDn, &self.tls_client_auth_subject_dn),
            (CertificateName::SanDns, &self.tls_client_auth_san_dns),
            (CertificateName::SanUri, &self.tls_client_auth_san_uri),
            (CertificateName::SanIp, &self.tls_client_auth_san_ip),
            (CertificateName::SanEmail, &self.tls_client_auth_san_email),
        ];
        let mut names = names.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        names.next().filter(|_| names.next().is_none())
    }

    /// The secret before a rotation, with its expiry. It is accepted until then, and never without an expiry (B-14).
    pub fn previous_secret(&self, now: i64) -> Option<(&StoredSecret, UnixTime)> {
        let expires_at = self.previous_client_secret_expires_at.filter(|UnixTime(expires_at)| now < *expires_at)?;
        Some((self.previous_client_secret.as_ref()?, expires_at))
    }
}

/// An attribute that names the certificate of a client with `tls_client_auth` (RFC 8705 §2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateName {
    SubjectDn,
    SanDns,
    SanUri,
    SanIp,
    SanEmail,
}

impl CertificateName {
    /// The name of the attribute.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::SubjectDn => "tls_client_auth_subject_dn",
            Self::SanDns => "tls_client_auth_san_dns",
            Self::SanUri => "tls_client_auth_san_uri",
            Self::SanIp => "tls_client_auth_san_ip",
            Self::SanEmail => "tls_client_auth_san_email",
        }
    }
}

/// The `token_endpoint_auth_method` of a record (RFC 7591 §2).
#[derive(Deserialize)]
#[serde(from = "String")]
pub enum NamedMethod {
    Known(AuthMethod),
    /// The name of a method that is not supported here.
    Unknown(String),
}

impl From<String> for NamedMethod {
    fn from(name: String) -> Self {
        AuthMethod::from_name(&name).map_or(Self::Unknown(name), Self::Known)
    }
}

/// A secret as a record contains it: the lower-case hex SHA-256 of its text.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct StoredSecret(Option<Digest>);

impl StoredSecret {
    /// The digest that a presented secret must have. `None` if the stored text is not a digest. RFC 6749 §2.3.1: a
    /// client with a password authenticates with it. The empty secret is never accepted, not even if a record contains
    /// its digest (C-07).
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
#[expect(clippy::struct_excessive_bools, reason = "each is an independent member of the map")]
pub struct PolicyRecord {
    /// Whether the client may introspect at all (RFC 7662 §4).
    #[serde(deserialize_with = "types::or_true")]
    pub allowed: bool,
    #[serde(deserialize_with = "types::or_default")]
    pub mode: Mode,
    /// The kinds of token that the client may see.
    #[serde(deserialize_with = "token_types")]
    pub token_types: Vec<StrictString>,
    pub issuers: Option<Vec<StrictString>>,
    /// The identifiers of this resource server. If absent, `DEFAULT_POLICY` decides.
    pub audiences: Option<Vec<StrictString>>,
    /// The released scopes; a trailing `*` matches a prefix. If absent, all scopes are released.
    pub scopes: Option<Vec<StrictString>>,
    /// The released members in addition to the registered ones. If absent, all members are released.
    pub claims: Option<Vec<StrictString>>,
    /// Whether the client gets only signed answers (RFC 9701 §8.2).
    #[serde(deserialize_with = "types::or_default")]
    pub require_signed_response: bool,
    /// Whether the client may revoke all tokens of a subject of its issuers.
    #[serde(deserialize_with = "types::or_default")]
    pub may_revoke_subjects: bool,
    /// Whether a token that is bound to a key is inactive unless its sender proved possession of it (RFC 9449 §7.1).
    #[serde(deserialize_with = "types::or_default")]
    pub enforce_binding: bool,
}

/// The policy of a record that has none.
impl Default for PolicyRecord {
    fn default() -> Self {
        Self {
            allowed: true,
            mode: Mode::Enforce,
            token_types: by_default(),
            issuers: None,
            audiences: None,
            scopes: None,
            claims: None,
            require_signed_response: false,
            may_revoke_subjects: false,
            enforce_binding: false,
        }
    }
}

/// Reads the kinds of token that a policy lists.
fn token_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<StrictString>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(by_default))
}

/// The kinds of token that a client may see if its policy lists none.
fn by_default() -> Vec<StrictString> {
    vec![StrictString(TokenType::AccessToken.name().to_owned())]
}

/// Whether the policy hides members, or only reports what it would hide.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
// `serde_dynamo` would also accept a map with the variant's name as a variant.
#[serde(try_from = "StrictString")]
pub enum Mode {
    #[default]
    Enforce,
    Report,
}

impl Mode {
    pub const ALL: [Self; 2] = [Self::Enforce, Self::Report];

    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Report => "report",
        }
    }
}

impl TryFrom<StrictString> for Mode {
    type Error = &'static str;

    fn try_from(StrictString(name): StrictString) -> Result<Self, &'static str> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or("not a mode")
    }
}
