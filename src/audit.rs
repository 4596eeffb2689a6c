//! The audit record that every call writes: the caller, the outcome and the reason. It contains no token, secret, token
//! identifier or subject.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tracing::info;

use crate::{
    access::{Access, AccessAnswer, Unauthorized},
    call::Call,
    digest::Digest,
    outcome::{Answer, Outcome, TokenFacts, TokenVerdict, Verdict},
    policy::PolicyReport,
    records::RevokedBy,
    spent::{Spent, Stopwatch},
    token::Inactive,
    view::Binding,
};

/// What the request itself says, before anything is read from the store.
#[derive(Default)]
pub struct RequestFacts {
    /// The method by which the caller wants to authenticate.
    pub method: Option<&'static str>,
    /// The trusted issuer of a subject, if the request names one instead of a token.
    pub subjects_issuer: Option<String>,
    /// The token in the request. Each token of a batch has a record of its own.
    pub token: Option<TokenFacts>,
}

impl RequestFacts {
    /// The facts of a request that contains one token.
    pub fn of_token(method: Option<&'static str>, token: TokenFacts) -> Self {
        Self { method, subjects_issuer: None, token: Some(token) }
    }
}

/// The record of a call, or of one token of a batch. It contains no token (RFC 7662 §4, O-06).
#[derive(Default)]
struct AuditRecord<'a> {
    outcome: &'static str,
    caller: Option<&'a str>,
    method: Option<&'static str>,
    token: Option<&'a TokenFacts>,
    subjects_issuer: Option<&'a str>,
    policy: &'static str,
    /// Whether the sender of a bound token that is active proved possession of its keys.
    binding: Option<&'static str>,
    /// What a policy in report mode found, from which the tool drafts one.
    report: Option<&'a PolicyReport>,
    reason: Option<&'static str>,
    /// What the reason does not say about the refused credentials of a registered client. A line of its own would take time
    /// by which registered client ids could be told apart from others.
    detail: Option<String>,
    /// The reason in the mark that revokes the token.
    mark_reason: Option<&'a str>,
    /// The number of tokens in a batch, and the number of active ones.
    counts: Option<(usize, usize)>,
    /// The position of the token in its batch, from 0.
    position: Option<usize>,
    /// The call that the record is about, and its whole latency. `None` for one token of a batch.
    call: Option<(&'a Call, Duration)>,
}

/// Writes the record of the call, and one for each token of a batch, whatever `LOG_LEVEL` says.
pub fn write_record(answer: &Answer, request: &RequestFacts, call: &Call, latency: Duration) {
    let Answer { caller, outcome } = answer;
    let mut record = AuditRecord {
        outcome: outcome.class(),
        caller: caller.as_deref(),
        method: request.method,
        token: request.token.as_ref(),
        subjects_issuer: request.subjects_issuer.as_deref(),
        policy: outcome.policy(),
        reason: outcome.reason(),
        detail: outcome.detail().filter(|_| caller.is_some()),
        call: Some((call, latency)),
        ..AuditRecord::default()
    };
    match outcome {
        Outcome::Introspected(token) | Outcome::Signed { token, .. } | Outcome::NotSigned(token) => {
            record.token = Some(&token.facts);
            record.binding = token.verdict.binding();
            record.mark_reason = mark_reason(&token.verdict);
            record.report = token.verdict.report();
        }
        Outcome::Batch(tokens) => {
            for (position, token) in tokens.iter().enumerate() {
                AuditRecord::of_entry(token, position, &record).write(&call.request_id);
            }
            let active = tokens.iter().filter(|token| matches!(token.verdict, Verdict::Active { .. })).count();
            record.counts = Some((tokens.len(), active));
        }
        _ => {}
    }
    record.write(&call.request_id);
}

/// Writes the record of an authorizer's call. Its `method` is `authorizer`, because no client authenticates. The reason is
/// only here: RFC 7662 §2.2 advises against revealing it (T-11).
pub fn write_access_record(answer: &AccessAnswer, call: &Call, latency: Duration) {
    let AccessAnswer { caller, token, access } = answer;
    let record = AuditRecord {
        outcome: access.class(),
        caller: caller.as_deref(),
        method: Some("authorizer"),
        token: token.as_ref(),
        policy: access.policy(),
        binding: match access {
            Access::Allowed { view, .. } => view.binding().map(Binding::name),
            _ => None,
        },
        report: match access {
            Access::Allowed { report, .. } => report.as_deref(),
            _ => None,
        },
        reason: access.reason(),
        mark_reason: match access {
            Access::Unauthorized(Unauthorized::Inactive(why)) => mark_reason_of(why),
            _ => None,
        },
        call: Some((call, latency)),
        ..AuditRecord::default()
    };
    record.write(&call.request_id);
}

impl<'a> AuditRecord<'a> {
    fn of_entry(token: &'a TokenVerdict, position: usize, batch: &Self) -> Self {
        Self {
            outcome: token.verdict.class(),
            caller: batch.caller,
            method: batch.method,
            token: Some(&token.facts),
            policy: token.verdict.policy(),
            binding: token.verdict.binding(),
            report: token.verdict.report(),
            reason: token.verdict.reason(),
            mark_reason: mark_reason(&token.verdict),
            position: Some(position),
            ..Self::default()
        }
    }

    fn write(&self, request_id: &str) {
        let spent = |stage: fn(&Spent) -> &Stopwatch| {
            self.call.and_then(|(call, _)| stage(&call.spent).total()).map(milliseconds)
        };
        info!(
            target: "audit",
            outcome = self.outcome,
            caller = self.caller,
            method = self.method,
            issuer = self.token.and_then(|token| token.issuer.as_deref()).or(self.subjects_issuer),
            token = self.token.map(|token| token.fingerprint.as_str()),
            policy = self.policy,
            binding = self.binding,
            audiences = self.report.map(|report| report.audiences.as_str()),
            scopes = self.report.map(|report| report.scopes.as_str()),
            claims = self.report.map(|report| report.claims.as_str()),
            reason = self.reason,
            detail = self.detail,
            mark_reason = self.mark_reason,
            tokens = self.counts.map(|(tokens, _)| tokens),
            active_tokens = self.counts.map(|(_, active)| active),
            position = self.position,
            latency_ms = self.call.map(|(_, latency)| milliseconds(latency)),
            parse_ms = spent(|spent| &spent.parse),
            store_ms = spent(|spent| &spent.store),
            keys_ms = spent(|spent| &spent.keys),
            signer_ms = spent(|spent| &spent.signer),
            cold_start = self.call.and_then(|(call, _)| call.cold_start.then_some(true)),
            xray_trace_id = self.call.and_then(|(call, _)| call.trace_id.as_deref()),
            request_id,
        );
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn mark_reason(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Inactive(why) => mark_reason_of(why),
        _ => None,
    }
}

fn mark_reason_of(why: &Inactive) -> Option<&str> {
    match why {
        Inactive::Revoked(RevokedBy { reason, .. }) => reason.as_deref(),
        _ => None,
    }
}

/// Fingerprints tokens under a random key that never leaves the execution environment: two records of one token can be
/// told to belong together, but a token cannot be searched for.
pub struct Fingerprinter {
    keyed: Hmac<Sha256>,
}

impl Fingerprinter {
    /// Generates the random key.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system provides no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        Ok(Self { keyed: Hmac::<Sha256>::new(&key.into()) })
    }

    /// The first 8 hex digits of the HMAC of the token's digest.
    pub fn fingerprint(&self, token: &Digest) -> String {
        // RFC 7662 §4: token values must not get into logs, so a log contains only this fingerprint (O-04).
        let tag = self.keyed.clone().chain_update(token.bytes()).finalize().into_bytes();
        hex::encode(tag.get(..4).unwrap_or_default())
    }
}
