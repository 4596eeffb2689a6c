//! The record that every call leaves: who asked, how it ended, and why. It holds no token, secret, token
//! identifier or subject.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tracing::info;

use crate::{
    auth::AuthError,
    records::hex,
    request::RequestError,
    response::{BatchEntry, Outcome},
    token::Inactive,
};

/// What is known of a call, gathered on its way. Only written to; no decision reads it.
#[derive(Default)]
pub struct AuditRecord {
    /// The client id of a record that was there, so that it cannot be something a stranger made up.
    pub caller: Option<String>,
    /// How the caller authenticated.
    pub method: Option<&'static str>,
    /// The trusted issuer that the token names, verified or not.
    pub issuer: Option<String>,
    /// Fingerprint of the token.
    pub token: Option<String>,
    /// Why the caller got no active answer.
    pub reason: Option<Reason>,
    /// What whoever wrote a revocation mark said of it.
    pub mark_reason: Option<String>,
    /// How many tokens a batch asked about.
    pub batch: Option<Counts>,
    /// The position of the one token of a batch that this record is about, from 0.
    pub position: Option<usize>,
    /// The policy is in report mode and would have shown less.
    pub would_deny: bool,
}

/// The tokens of a batch, and how many of them the caller was told to be active.
#[derive(Clone, Copy)]
pub struct Counts {
    pub tokens: usize,
    pub active: usize,
}

/// Why a call did not end in an active answer.
#[derive(Clone, Debug)]
pub enum Reason {
    Rejected(RequestError),
    Refused(AuthError),
    Inactive(Inactive),
    /// The caller's record says that it may not introspect.
    NotAllowed,
    /// The caller's record takes signed responses alone.
    SignedResponseRequired,
    StoreUnavailable,
    KeysUnavailable,
    /// The keys of signed answers are out of reach.
    SignerUnavailable,
    /// The time to answer was over.
    Deadline,
}

impl Reason {
    /// The stable name, as docs/reasons.md lists it.
    pub fn name(&self) -> String {
        match self {
            Self::Rejected(rejection) => rejection.name().to_owned(),
            Self::Refused(error) => error.name().to_owned(),
            Self::Inactive(why) => why.name().to_owned(),
            Self::NotAllowed => "not_allowed".to_owned(),
            Self::SignedResponseRequired => "signed_response_required".to_owned(),
            Self::StoreUnavailable => "store_unavailable".to_owned(),
            Self::KeysUnavailable => "keys_unavailable".to_owned(),
            Self::SignerUnavailable => "signer_unavailable".to_owned(),
            Self::Deadline => "deadline".to_owned(),
        }
    }
}

/// Fingerprints texts under a key that is never shown and that dies with the execution environment: two records
/// of one token can be told to belong together, and a token cannot be looked for.
pub struct Fingerprinter {
    keyed: Hmac<Sha256>,
}

impl Fingerprinter {
    /// Draws the key.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        Ok(Self { keyed: Hmac::<Sha256>::new(&key.into()) })
    }

    /// The first 8 hex digits of an HMAC.
    pub fn fingerprint(&self, text: &str) -> String {
        let tag = self.keyed.clone().chain_update(text).finalize().into_bytes();
        hex(&tag).chars().take(8).collect()
    }
}

impl AuditRecord {
    /// The record of one token of a batch, which has its own beside that of the call.
    #[must_use]
    pub fn of_entry(&self, position: usize) -> Self {
        let (caller, method) = (self.caller.clone(), self.method);
        Self { caller, method, position: Some(position), ..Self::default() }
    }

    /// Writes the record of a call, whatever `LOG_LEVEL` says.
    pub fn write(&self, outcome: &Outcome, request_id: &str, latency: Duration) {
        let class = match outcome {
            Outcome::Active(_) | Outcome::Signed { active: true, .. } => "active",
            Outcome::Inactive | Outcome::Signed { active: false, .. } => "inactive",
            Outcome::Batch(_) => "batch",
            Outcome::Revoked => "revoked",
            Outcome::NothingRevoked => "nothing_revoked",
            Outcome::Document(_) | Outcome::Preflight => "document",
            Outcome::Rejected(RequestError::NoCredentials | RequestError::NoCredentialsForSigned)
            | Outcome::Refused(_)
            | Outcome::Throttled(_) => "refused",
            Outcome::Rejected(_) | Outcome::SignedResponseRequired => "invalid_request",
            Outcome::NotAllowed => "denied",
            Outcome::Unavailable(_) | Outcome::SignerUnavailable => "unavailable",
            Outcome::Internal => "error",
        };
        self.log(class, request_id, Some(latency));
    }

    /// Writes the record of one token of a batch.
    pub fn write_entry(&self, entry: &BatchEntry, request_id: &str) {
        let class = match entry {
            BatchEntry::Active(_) => "active",
            BatchEntry::Inactive => "inactive",
            BatchEntry::Unavailable => "unavailable",
        };
        self.log(class, request_id, None);
    }

    fn log(&self, class: &str, request_id: &str, latency: Option<Duration>) {
        let policy = match &self.reason {
            Some(Reason::Inactive(why)) if why.is_hidden() => "deny",
            _ if self.would_deny => "would_deny",
            _ if class == "active" => "allow",
            _ => "none",
        };
        info!(
            target: "audit",
            outcome = class,
            caller = self.caller,
            method = self.method,
            issuer = self.issuer,
            token = self.token,
            policy,
            reason = self.reason.as_ref().map(Reason::name),
            mark_reason = self.mark_reason,
            tokens = self.batch.map(|counts| counts.tokens),
            active_tokens = self.batch.map(|counts| counts.active),
            position = self.position,
            latency_ms = latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            request_id,
        );
    }
}
