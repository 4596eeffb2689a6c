//! Checks the records of the clients: whether they can be read, whether the clients can authenticate, and what their
//! policies leave to defaults.

use serde_dynamo::AttributeValue;
use token_introspection::{
    auth::{CannotAuthenticate, Registration},
    records::{ClientRecord, FetchedItems, Item, ItemKey, Mode, PolicyRecord, StrictString, UnixTime},
    settings::{DefaultPolicy, Settings},
};

use super::{finding::Kind, report::Findings};
use crate::{client::is_private, registration, time::dated, trust::untrusted};

/// What the records are checked against.
pub(super) struct ClientCheck<'a> {
    pub settings: &'a Settings,
    pub now: i64,
    /// A secret that is refused within this time is reported.
    pub within: u32,
}

impl ClientCheck<'_> {
    pub fn look(&self, item: &Item, findings: &mut Findings) {
        let Some(AttributeValue::S(id)) = item.get("client_id") else { return };
        let Ok(key) = ItemKey::client(id) else { return };
        if let Some(AttributeValue::S(jwks)) = item.get("jwks")
            && is_private(jwks)
        {
            findings.add(Kind::PrivateKey, id, "");
        }
        let items = FetchedItems::single(&key, item.clone());
        let Ok(Some(record)) = items.record::<ClientRecord>(&key) else {
            findings.add(Kind::CorruptClient, id, "");
            return;
        };
        // A client that is not used needs nothing.
        match Registration::from_items(&key, &items, self.settings, self.now) {
            Err(CannotAuthenticate::Disabled) => return,
            Err(CannotAuthenticate::PublicClient) => {}
            Err(why) => {
                findings.add(Kind::CannotAuthenticate, id, format!("{} ({})", registration::cannot(why), why.name()));
            }
            Ok(_) => self.look_at_policy(id, record.introspection.as_ref(), findings),
        }
        self.look_at_secret(id, &record, item, findings);
        if let Some(issuer) = record.issuer.as_deref().filter(|issuer| !self.is_configured(issuer)) {
            findings.add(Kind::ClientOfUnknownIssuer, id, untrusted(issuer, self.settings));
        }
    }

    fn look_at_secret(&self, id: &str, record: &ClientRecord, item: &Item, findings: &mut Findings) {
        match record.previous_secret(self.now) {
            Some((_, until)) if until <= UnixTime(self.now).plus(self.within.into()) => {
                findings.add(Kind::SecretExpires, id, format!("it is accepted until {}", dated(until)));
            }
            None if matches!(item.get("previous_client_secret"), Some(AttributeValue::S(_))) => {
                findings.add(Kind::SecretOver, id, "");
            }
            _ => {}
        }
    }

    fn look_at_policy(&self, id: &str, policy: Option<&PolicyRecord>, findings: &mut Findings) {
        let default = PolicyRecord::default();
        let policy = policy.unwrap_or(&default);
        if !policy.allowed {
            return;
        }
        if policy.audiences.is_none() {
            let kind = match self.settings.default_policy {
                DefaultPolicy::Any => Kind::DefaultPolicyAny,
                DefaultPolicy::Audience => Kind::ReliesOnDefault,
            };
            findings.add(kind, id, "");
        }
        if policy.mode == Mode::Report {
            findings.add(Kind::ReportMode, id, "");
        }
        for StrictString(issuer) in policy.issuers.iter().flatten() {
            if !self.is_configured(issuer) {
                findings.add(Kind::PolicyOfUnknownIssuer, id, untrusted(issuer, self.settings));
            }
        }
    }

    fn is_configured(&self, issuer: &str) -> bool {
        is_configured(issuer, self.settings)
    }
}

/// Whether tokens, records and marks can have this issuer, byte for byte. Those of an alias have the entry's issuer.
pub(super) fn is_configured(issuer: &str, settings: &Settings) -> bool {
    settings.issuer == issuer || settings.trusted_issuers.iter().any(|entry| entry.issuer == issuer)
}
