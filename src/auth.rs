//! Who is asking. The caller is judged before the token; nothing about a token can be learned without a [`Caller`].

use subtle::{Choice, ConstantTimeEq};

use crate::{
    records::{ClientRecord, Corrupt, Items, PolicyRecord, Seconds},
    request::{Credentials, PresentedSecret},
    settings::Settings,
};

/// An authenticated confidential client. [`Caller::authenticate`] is the only way to make one.
pub struct Caller {
    client_id: String,
    /// Where this client id is registered; the id alone says nothing of another issuer's tokens.
    issuer: String,
    /// The same id at the one trusted issuer counts too, where the record names none.
    also_at: Option<String>,
    policy: PolicyRecord,
}

/// Why the credentials authenticate nobody: for the log, never for the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnsupportedMechanism,
    UnknownClient,
    CorruptRecord,
    Disabled,
    /// It has no secret, so it cannot authenticate (RFC 7662 §2.1).
    PublicClient,
    /// The client is registered for another mechanism.
    WrongMethod,
    WrongSecret,
}

impl Caller {
    /// Checks credentials against the client's record. A wrong secret, an unknown client and a disabled one cost
    /// the same comparisons.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; the caller is told no more than that there is one (RFC 6749 §5.2).
    pub fn authenticate(
        credentials: &Credentials,
        items: &Items,
        settings: &Settings,
        now: i64,
    ) -> Result<Self, Refusal> {
        let Credentials::Secret(presented) = credentials else { return Err(Refusal::UnsupportedMechanism) };
        let record = credentials.client_key().map_or(Ok(None), |key| items.record::<ClientRecord>(&key));
        let secret_is_right = bool::from(secret_matches(record.as_ref().ok().and_then(Option::as_ref), presented, now));
        let record = record.map_err(|Corrupt| Refusal::CorruptRecord)?.ok_or(Refusal::UnknownClient)?;
        if record.disabled == Some(true) {
            return Err(Refusal::Disabled);
        }
        if record.client_secret.is_none() {
            return Err(Refusal::PublicClient);
        }
        if record.token_endpoint_auth_method.as_deref().is_some_and(|method| method != presented.method.name()) {
            return Err(Refusal::WrongMethod);
        }
        if !secret_is_right {
            return Err(Refusal::WrongSecret);
        }
        let also_at = match settings.trusted_issuers.as_slice() {
            [only] if record.issuer.is_none() => Some(only.issuer.clone()),
            _ => None,
        };
        Ok(Self {
            client_id: presented.client_id.clone(),
            issuer: record.issuer.unwrap_or_else(|| settings.issuer.clone()),
            also_at,
            policy: record.introspection.unwrap_or_default(),
        })
    }

    /// The client's identifier; unique at its issuer alone.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether this is the client of that id at that issuer: what "issued to this client" means.
    pub fn is_client(&self, issuer: &str, client_id: Option<&str>) -> bool {
        client_id == Some(&self.client_id) && (issuer == self.issuer || Some(issuer) == self.also_at.as_deref())
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

/// Compares both readings of the presented secret with both secrets of the record, whether they are there or not.
fn secret_matches(record: Option<&ClientRecord>, presented: &PresentedSecret, now: i64) -> Choice {
    // No digest has this form, so it stands for "no secret" and costs what a secret costs.
    const NO_SECRET: &str = "----------------------------------------------------------------";
    // An empty secret is none either, though somebody stored its digest (RFC 6749 §2.3.1).
    const EMPTY_SECRET: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let previous_counts = record
        .and_then(|record| record.previous_client_secret_expires_at)
        .is_some_and(|Seconds(expires_at)| now < expires_at);
    let current = record.and_then(|record| record.client_secret.as_deref()).unwrap_or(NO_SECRET);
    let previous = record.and_then(|record| record.previous_client_secret.as_deref()).unwrap_or(NO_SECRET);
    let equals_one = |stored: &str| {
        presented
            .digests
            .iter()
            .fold(Choice::from(0), |found, digest| found | stored.as_bytes().ct_eq(digest.as_bytes()))
    };
    let matches = equals_one(current) | (equals_one(previous) & Choice::from(u8::from(previous_counts)));
    matches & !equals_one(EMPTY_SECRET)
}
