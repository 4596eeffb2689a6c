//! A client as it is registered: who it is, and what it may see. That says nothing of who is asking.

use crate::{
    records::{ClientRecord, PolicyRecord},
    settings::Settings,
};

/// Whom a record is of. A [`super::Caller`] is one that has authenticated; without that, nothing is released to it.
pub struct Client {
    id: String,
    /// Where this client id is registered; the id alone says nothing of another issuer's tokens.
    issuer: String,
    /// The same id at the one trusted issuer counts too, where the record names none.
    also_at: Option<String>,
    policy: PolicyRecord,
}

impl Client {
    pub(super) fn of(client_id: &str, record: ClientRecord, settings: &Settings) -> Self {
        let also_at = match settings.trusted_issuers.as_slice() {
            [only] if record.issuer.is_none() => Some(only.issuer.clone()),
            _ => None,
        };
        Self {
            id: client_id.to_owned(),
            issuer: record.issuer.unwrap_or_else(|| settings.issuer.clone()),
            also_at,
            policy: record.introspection.unwrap_or_default(),
        }
    }

    /// The client's identifier; unique at its issuer alone.
    pub fn client_id(&self) -> &str {
        &self.id
    }

    /// Whether this is the client of that id at that issuer: what "issued to this client" means.
    pub fn is_client(&self, issuer: &str, client_id: Option<&str>) -> bool {
        client_id == Some(&self.id) && (issuer == self.issuer || Some(issuer) == self.also_at.as_deref())
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
