//! A client as it is registered: who it is, and what it may see. That says nothing of who is asking.

use crate::{
    records::{ClientRecord, PolicyRecord},
    settings::Settings,
};

/// Whom a record is of. A [`super::Caller`] is one that has authenticated; without that, nothing is released to it.
pub struct Client {
    id: String,
    /// The issuers where this client id is registered.
    home_issuers: Vec<String>,
    policy: PolicyRecord,
}

impl Client {
    pub(super) fn of(client_id: &str, record: ClientRecord, settings: &Settings) -> Self {
        let home_issuers = match record.issuer {
            Some(issuer) => vec![issuer],
            None => settings.home_issuers().map(str::to_owned).collect(),
        };
        Self { id: client_id.to_owned(), home_issuers, policy: record.introspection.unwrap_or_default() }
    }

    /// The client's identifier; unique at its issuer alone.
    pub fn client_id(&self) -> &str {
        &self.id
    }

    /// Whether this is the client of that id at that issuer: what "issued to this client" means.
    pub fn is_client(&self, issuer: &str, client_id: Option<&str>) -> bool {
        client_id == Some(&self.id) && self.is_registered_at(issuer)
    }

    /// Whether this client's id means this client at that issuer.
    pub fn is_registered_at(&self, issuer: &str) -> bool {
        self.home_issuers.iter().any(|home| home == issuer)
    }

    /// Whether this client may introspect at all (RFC 7662 §4).
    pub fn may_introspect(&self) -> bool {
        self.policy.allowed != Some(false)
    }

    /// What it may see.
    pub fn policy(&self) -> &PolicyRecord {
        &self.policy
    }
}
