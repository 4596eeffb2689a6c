//! The straight line: a call becomes a response, each stage consuming what the one above made.

mod authentication;
mod batch;
mod revocation;
mod signing;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use http::Response;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error, error_span};

use crate::{
    audit::{AuditRecord, Fingerprinter, Reason},
    auth::Caller,
    call::Call,
    issuers::{Issuers, KeysUnavailable, VerifyError},
    judge, policy,
    records::{FetchedItems, ItemKey, MarkKey},
    request::{Credentials, Query, Request},
    response::{Outcome, render, with_cors},
    settings::Settings,
    signer::Signer,
    store::{Store, StoreUnavailable},
    throttle::Throttle,
    token::{Claims, Inactive, OpaqueToken, PresentedToken, UnverifiedToken, VerifiedToken},
    view::View,
};

/// Keys that hold nothing, read where an opaque token names no marks: as many as a usual one names.
const PADDING_READS: usize = 4;

/// What the reads before the verdict are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Introspection,
    /// Nothing of the tokens is read before the caller has authenticated: a batch could cost hundreds of reads.
    Batch,
    /// Always strongly consistent: it must find a token that was stored a moment ago, or it would answer that there is
    /// nothing to revoke.
    Revocation,
}

/// The service, as one execution environment holds it.
pub struct Service {
    settings: Arc<Settings>,
    store: Store,
    signer: Signer,
    issuers: Issuers,
    throttle: Throttle,
    fingerprinter: Fingerprinter,
}

impl Service {
    /// Puts the parts together. Sends nothing yet.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness to give.
    pub fn new(settings: Arc<Settings>, store: Store, signer: Signer) -> Result<Self, getrandom::Error> {
        Ok(Self {
            issuers: Issuers::new(&settings, store.clone()),
            throttle: Throttle::new(settings.failed_authentication_limit),
            fingerprinter: Fingerprinter::new()?,
            settings,
            store,
            signer,
        })
    }

    /// Opens the connection to the store, so that the first request does not pay for it, and brings the key sets
    /// that other environments shared. A failure is left for the first request to meet.
    pub async fn warm_up(&self, now: i64, deadline: Instant) {
        let mut keys = self.issuers.snapshot_item_keys();
        if keys.is_empty() {
            // Our own keys have no snapshot, so nothing is there; but the state table is in DynamoDB always.
            keys.extend(ItemKey::snapshot(&self.settings.issuer));
        }
        if let Ok(items) = self.store.get(&keys, deadline).await {
            self.settings.trusted_issuers.iter().for_each(|issuer| self.issuers.adopt(issuer, &items, now));
        }
    }

    /// Answers a call, always: a defect of ours is a 500, and what takes too long is a 503.
    pub async fn handle(&self, call: Call) -> Response<String> {
        // Every line that is logged on the way names the request, so it can be joined to the audit record.
        let span = error_span!("request", request_id = call.request_id);
        let started = Instant::now();
        let mut trail = AuditRecord::default();
        // Boxed, because the SDK's futures nest so deep that the compiler's own limits are near.
        let answer = Box::pin(self.answer(&call, &mut trail));
        let answer = AssertUnwindSafe(answer).catch_unwind().instrument(span);
        let outcome = if let Ok(answered) = timeout_at(call.deadline, answer).await {
            answered.unwrap_or(Outcome::Internal)
        } else {
            trail.reason = Some(Reason::Deadline);
            Outcome::Unavailable(1)
        };
        trail.write(&outcome, &call.request_id, started.elapsed());
        with_cors(render(outcome, &call.request_id), &call.headers, &self.settings.cors_allowed_origins)
    }

    async fn answer(&self, call: &Call, trail: &mut AuditRecord) -> Outcome {
        match Request::parse(call, &self.settings) {
            Ok(Request::Introspection(query)) => self.introspect(query, call, trail).await,
            Ok(Request::Batch(batch)) => self.introspect_batch(batch, call, trail).await,
            Ok(Request::Revocation(revocation)) => self.revoke(revocation, call, trail).await,
            Ok(Request::Metadata) => self.metadata(call, trail).await,
            Ok(Request::KeySet) => self.key_set(call, trail).await,
            Ok(Request::Preflight) => Outcome::Preflight,
            Err(rejection) => {
                trail.reason = Some(Reason::Rejected(rejection));
                Outcome::Rejected(rejection)
            }
        }
    }

    async fn introspect(&self, query: Query<'_>, call: &Call, trail: &mut AuditRecord) -> Outcome {
        let Query { credentials, mut token, signed } = query;
        self.note_token(&token, trail);
        let tokens = std::slice::from_mut(&mut token);
        let reads = Reads::Introspection;
        let (caller, items) = match self.introspector(credentials, tokens, reads, signed, call, trail).await {
            Ok(authenticated) => authenticated,
            Err(refused) => return refused,
        };
        let verdict = match token {
            PresentedToken::Jwt { unverified, .. } => self.judge_jwt(unverified, &caller, &items, call).await,
            PresentedToken::Opaque { digest, too_long } => {
                self.judge_opaque(&digest, too_long, &items, call, trail).await
            }
        };
        let outcome = match verdict {
            Ok(claims) => match self.view(&caller, claims, trail) {
                Ok(view) => Outcome::Active(view),
                Err(why) => inactive(why, &items, trail),
            },
            Err(Unjudged::Inactive(why)) => inactive(why, &items, trail),
            Err(Unjudged::KeysUnavailable { retry_after }) => {
                trail.reason = Some(Reason::KeysUnavailable);
                Outcome::Unavailable(retry_after)
            }
            Err(Unjudged::StoreUnavailable) => unavailable(trail),
        };
        if signed { self.signed(outcome, &caller, call, trail).await } else { outcome }
    }

    /// A caller who may introspect, and the records of the tokens.
    async fn introspector(
        &self,
        credentials: Credentials<'_>,
        tokens: &mut [PresentedToken<'_>],
        reads: Reads,
        signed: bool,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<(Caller, FetchedItems), Outcome> {
        let (caller, items) = self.authenticate(credentials, tokens, reads, call, trail).await?;
        if !caller.may_introspect() {
            trail.reason = Some(Reason::NotAllowed);
            return Err(Outcome::NotAllowed);
        }
        if caller.policy().require_signed_response == Some(true) && !signed {
            trail.reason = Some(Reason::SignedResponseRequired);
            return Err(Outcome::SignedResponseRequired);
        }
        Ok((caller, self.read_rest(items, call, trail).await?))
    }

    /// What the caller sees of an active token.
    fn view(&self, caller: &Caller, claims: Claims, trail: &mut AuditRecord) -> Result<Box<View>, Inactive> {
        let decision = policy::view(caller, claims, &self.settings);
        trail.would_deny |= decision.would_deny;
        decision.view.map(Box::new)
    }

    /// Judges a JWT in the order of the contract: the token itself, whether the policy hides it anyway, its signature,
    /// its marks. What is hidden or broken causes no fetch, and marks are invisible without a valid signature.
    async fn judge_jwt(
        &self,
        unverified: Result<Box<UnverifiedToken<'_>>, Inactive>,
        caller: &Caller,
        items: &FetchedItems,
        call: &Call,
    ) -> Result<Claims, Unjudged> {
        let unverified = judge::jwt(unverified, &self.settings, call.now)?;
        policy::is_visible_at_all(caller, unverified.unverified_claims(), &self.settings)?;
        let token = self.issuers.verify(unverified, items, call.now, call.deadline).await?;
        self.unrevoked(token, items, call).await
    }

    /// Checks the marks of a verified token. The mark on a key that could not be expected is read now.
    async fn unrevoked(&self, token: VerifiedToken, items: &FetchedItems, call: &Call) -> Result<Claims, Unjudged> {
        let later = match token.unread_mark() {
            Some(mark) => self.store.get(std::slice::from_ref(&mark.key), call.deadline).await?,
            None => FetchedItems::default(),
        };
        Ok(judge::unrevoked(token, items, &later)?)
    }

    /// Reads a second time, whatever the record says.
    async fn judge_opaque(
        &self,
        digest: &str,
        too_long: bool,
        items: &FetchedItems,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<Claims, Unjudged> {
        let opaque = judge::record(digest, too_long, items, &self.settings, call.now);
        let marks = self.store.get(&second_keys(digest, opaque.as_ref().ok()), call.deadline).await?;
        let opaque = opaque?;
        log_left_out(&opaque, trail.token.as_deref());
        trail.issuer = Some(opaque.claims.issuer.clone());
        judge::is_not_revoked(&opaque.claims, &opaque.marks, &marks)
            .inspect_err(|why| note_mark_reason(why, &marks, trail))?;
        Ok(opaque.claims)
    }

    fn note_token(&self, token: &PresentedToken<'_>, trail: &mut AuditRecord) {
        let digest = match token {
            PresentedToken::Jwt { issuer, digest, .. } => {
                trail.issuer = issuer.map(|issuer| issuer.issuer.clone());
                digest
            }
            PresentedToken::Opaque { digest, .. } => digest,
        };
        trail.token = Some(self.fingerprinter.fingerprint(digest));
    }
}

/// The keys of an opaque token's second trip: the marks that its record names, or as many that hold nothing.
fn second_keys(digest: &str, opaque: Option<&OpaqueToken>) -> Vec<ItemKey> {
    match opaque {
        Some(opaque) => opaque.marks.iter().map(|MarkKey { key, .. }| key.clone()).collect(),
        None => (0..PADDING_READS).map(|number| ItemKey::padding(digest, number)).collect(),
    }
}

fn unavailable(trail: &mut AuditRecord) -> Outcome {
    trail.reason = Some(Reason::StoreUnavailable);
    Outcome::Unavailable(1)
}

fn inactive(why: Inactive, items: &FetchedItems, trail: &mut AuditRecord) -> Outcome {
    note_mark_reason(&why, items, trail);
    log_corrupt_item(&why, trail.token.as_deref());
    trail.reason = Some(Reason::Inactive(why));
    Outcome::Inactive
}

/// Logs that an item of a token cannot be read.
fn log_corrupt_item(why: &Inactive, token: Option<&str>) {
    match why {
        Inactive::CorruptMark(kind) => error!(event = "corrupt_item", item = kind.prefix(), token),
        Inactive::CorruptRecord => error!(event = "corrupt_item", item = "token", token),
        _ => {}
    }
}

/// Logs that an attribute of a token record that no decision reads has a wrong type.
fn log_left_out(opaque: &OpaqueToken, token: Option<&str>) {
    if !opaque.claims.left_out.is_empty() {
        error!(event = "corrupt_item", item = "token", attributes = opaque.claims.left_out.join(" "), token);
    }
}

/// Notes the reason that the mark which revokes a token gives.
fn note_mark_reason(why: &Inactive, items: &FetchedItems, trail: &mut AuditRecord) {
    if let Inactive::Revoked { kind, .. } = why {
        trail.mark_reason = trail.mark_reason.take().or_else(|| items.mark_reason(*kind));
    }
}

/// Why a token got no verdict "active".
enum Unjudged {
    Inactive(Inactive),
    /// The seconds after which the answer may be another one.
    KeysUnavailable {
        retry_after: u32,
    },
    StoreUnavailable,
}

impl From<Inactive> for Unjudged {
    fn from(why: Inactive) -> Self {
        Self::Inactive(why)
    }
}

impl From<VerifyError> for Unjudged {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Inactive(why) => Self::Inactive(why),
            VerifyError::KeysUnavailable(KeysUnavailable { retry_after, .. }) => Self::KeysUnavailable { retry_after },
        }
    }
}

impl From<StoreUnavailable> for Unjudged {
    fn from(StoreUnavailable: StoreUnavailable) -> Self {
        Self::StoreUnavailable
    }
}
