//! A registered client: its identity, and what it may see. Nothing here proves who sent a request.

use crate::{
    records::{ClientRecord, PolicyRecord},
    settings::Settings,
    token::Claims,
};

/// A registered client. Answers are released only to a [`super::Caller`], which is a client that has authenticated.
pub struct Client {
    id: String,
    /// The issuers at which this client id is registered. In another issuer's tokens, the id means another client.
    issuers: Vec<String>,
    policy: PolicyRecord,
}

impl Client {
    pub(super) fn new(client_id: &str, record: ClientRecord, settings: &Settings) -> Self {
        let issuers = match record.issuer {
            Some(issuer) => vec![settings.canonical_issuer(&issuer).map(str::to_owned).unwrap_or(issuer)],
            None => settings.home_issuers().map(str::to_owned).collect(),
        };
        Self { id: client_id.to_owned(), issuers, policy: record.introspection.unwrap_or_default() }
    }

    /// The client id, which is unique only within an issuer.
    pub fn client_id(&self) -> &str {
        &self.id
    }

    /// Whether this client id is registered with that issuer.
    pub fn is_registered_at(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|own| own == issuer)
    }

    /// Whether a token with these claims was issued to this client. The client id means this client only in tokens of
    /// the issuers at which it is registered.
    pub fn was_issued(&self, claims: &Claims) -> bool {
        claims.client_id.as_ref() == Some(&self.id) && self.is_registered_at(&claims.issuer)
    }

    /// Whether this client may introspect at all. RFC 7662 §4: a resource server should be authorized to call this
    /// endpoint, not only authenticated (B-10).
    pub fn may_introspect(&self) -> bool {
        self.policy.allowed
    }

    /// Its policy: what it may see.
    pub fn policy(&self) -> &PolicyRecord {
        &self.policy
    }
}
