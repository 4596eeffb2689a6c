//! A client's record and its policy (docs/data-model.md).

use super::items::{self, Corrupt, Item};

/// What a record says, if each attribute has its type.
pub struct Client {
    pub secret: Option<String>,
    pub previous: Option<(String, i128)>,
    pub issuer: Option<String>,
    pub method: Option<String>,
    pub disabled: bool,
    pub policy: Policy,
}

/// What the caller may see: the map `introspection`.
#[expect(clippy::struct_excessive_bools, reason = "the members of the map")]
pub struct Policy {
    pub allowed: bool,
    pub report: bool,
    pub token_types: Vec<String>,
    pub issuers: Option<Vec<String>>,
    pub audiences: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    pub claims: Option<Vec<String>>,
    pub require_signed_response: bool,
    pub enforce_binding: bool,
}

impl Client {
    pub fn read(record: &Item) -> Result<Self, Corrupt> {
        let others = ["jwks", "assertion_audience", "iam_principal_arn", "iam_principal_id"];
        let names = ["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"];
        let names = names.map(|name| format!("tls_client_auth_{name}"));
        for name in others.into_iter().chain(names.iter().map(String::as_str)) {
            items::string(record, name)?;
        }
        let previous = items::string(record, "previous_client_secret")?;
        let expires_at = items::known_time(record, "previous_client_secret_expires_at")?;
        Ok(Self {
            secret: items::string(record, "client_secret")?,
            previous: previous.zip(expires_at),
            issuer: items::string(record, "issuer")?,
            method: items::string(record, "token_endpoint_auth_method")?,
            disabled: items::boolean(record, "disabled")?.unwrap_or(false),
            policy: Policy::read(&items::map(record, "introspection")?.unwrap_or_default())?,
        })
    }

    /// A client without credentials.
    pub fn is_public(&self) -> bool {
        match self.method.as_deref() {
            Some(method) => method == "none",
            None => self.secret.is_none(),
        }
    }

    /// Whether it may authenticate by this method.
    pub fn uses(&self, method: &str) -> bool {
        self.method.as_deref().is_none_or(|registered| registered == method)
    }
}

impl Policy {
    fn read(introspection: &Item) -> Result<Self, Corrupt> {
        let report = match items::string(introspection, "mode")?.as_deref() {
            None | Some("enforce") => false,
            Some("report") => true,
            Some(_) => return Err(Corrupt),
        };
        items::boolean(introspection, "may_revoke_subjects")?;
        Ok(Self {
            allowed: items::boolean(introspection, "allowed")?.unwrap_or(true),
            report,
            token_types: items::list(introspection, "token_types")?.unwrap_or(vec!["access_token".to_owned()]),
            issuers: items::list(introspection, "issuers")?,
            audiences: items::list(introspection, "audiences")?,
            scopes: items::list(introspection, "scopes")?,
            claims: items::list(introspection, "claims")?,
            require_signed_response: items::boolean(introspection, "require_signed_response")?.unwrap_or(false),
            enforce_binding: items::boolean(introspection, "enforce_binding")?.unwrap_or(false),
        })
    }
}
