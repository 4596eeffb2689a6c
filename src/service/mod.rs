//! The straight line: a call becomes a response, each stage consuming what the one above made.

mod authentication;
mod revocation;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use http::Response;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error, error_span};

use crate::{
    audit::{Fingerprints, Reason, Trail},
    call::Call,
    issuers::{Issuers, Unverified},
    judge, metadata, policy,
    records::{Items, Key, MarkKey},
    request::{Query, Request},
    response::{Outcome, render, with_cors},
    settings::Settings,
    store::{Store, Unavailable},
    throttle::Throttle,
    token::{Candidate, Claims, Inactive, PresentedToken},
};

/// Keys that hold nothing, read where an opaque token names no marks: as many as a usual one names.
const NOTHING_KEYS: usize = 4;

/// The service, as one execution environment holds it.
pub struct Service {
    settings: Arc<Settings>,
    store: Store,
    issuers: Issuers,
    throttle: Throttle,
    fingerprints: Fingerprints,
}

impl Service {
    /// Puts the parts together. Sends nothing yet.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness to give.
    pub fn new(settings: Arc<Settings>, store: Store) -> Result<Self, getrandom::Error> {
        Ok(Self {
            issuers: Issuers::new(&settings, store.clone()),
            throttle: Throttle::new(settings.failed_authentication_limit),
            fingerprints: Fingerprints::new()?,
            settings,
            store,
        })
    }

    /// Opens the connection to the store, so that the first request does not pay for it, and brings the key sets
    /// that other environments shared. A failure is left for the first request to meet.
    pub async fn warm_up(&self, now: i64, deadline: Instant) {
        let mut keys = self.issuers.snapshot_keys();
        keys.truncate(100);
        if keys.is_empty() {
            keys.push(Key::nothing("warm-up", 0));
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
        let mut trail = Trail::default();
        let answer = AssertUnwindSafe(self.answer(&call, &mut trail)).catch_unwind().instrument(span);
        let outcome = match timeout_at(call.deadline, answer).await {
            Ok(answered) => answered.unwrap_or(Outcome::Internal),
            Err(_) => {
                trail.reason = Some(Reason::Deadline);
                Outcome::Unavailable
            }
        };
        trail.write(&outcome, &call.request_id, started.elapsed());
        with_cors(render(outcome, &call.request_id), &call.headers, &self.settings.cors_allowed_origins)
    }

    async fn answer(&self, call: &Call, trail: &mut Trail) -> Outcome {
        match Request::parse(call, &self.settings) {
            Ok(Request::Introspection(query)) => self.introspect(query, call, trail).await,
            Ok(Request::Revocation(query)) => self.revoke(query, call, trail).await,
            Ok(Request::Metadata) => Outcome::Document(metadata::document(&self.settings)),
            Ok(Request::KeySet) => Outcome::Document(metadata::KEY_SET.to_owned()),
            Ok(Request::Preflight) => Outcome::Preflight,
            Err(rejection) => {
                trail.reason = Some(Reason::Rejected(rejection));
                Outcome::Rejected(rejection)
            }
        }
    }

    async fn introspect(&self, query: Query<'_>, call: &Call, trail: &mut Trail) -> Outcome {
        let Query { credentials, token } = query;
        let (caller, items) = match self.authenticate(credentials, &token, call, trail).await {
            Ok(authenticated) => authenticated,
            Err(refused) => return refused,
        };
        if !caller.may_introspect() {
            trail.reason = Some(Reason::NotAllowed);
            return Outcome::NotAllowed;
        }
        if caller.policy().require_signed_response == Some(true) {
            trail.reason = Some(Reason::SignedResponseRequired);
            return Outcome::SignedResponseRequired;
        }
        let verdict = match token {
            PresentedToken::Jwt { candidate, .. } => self.judge_jwt(candidate, &items, call).await,
            PresentedToken::Opaque { digest, too_long } => {
                self.judge_opaque(&digest, too_long, &items, call, trail).await
            }
        };
        match verdict {
            Ok(claims) => {
                let decision = policy::view(&caller, claims, &self.settings);
                trail.would_deny = decision.would_deny;
                decision.view.map_or_else(|why| inactive(why, &items, trail), |view| Outcome::Active(Box::new(view)))
            }
            Err(Unverified::Inactive(why)) => inactive(why, &items, trail),
            Err(Unverified::DontKnow) => {
                trail.reason.get_or_insert(Reason::KeysUnavailable);
                Outcome::Unavailable
            }
        }
    }

    async fn judge_jwt(
        &self,
        candidate: Result<Box<Candidate<'_>>, Inactive>,
        items: &Items,
        call: &Call,
    ) -> Result<Claims, Unverified> {
        let candidate = judge::jwt(candidate, items, &self.settings, call.now).map_err(Unverified::Inactive)?;
        self.issuers.verify(candidate, items, call.now, call.deadline).await
    }

    /// Reads a second time, whatever the record says: the marks that it names, or as many keys that hold nothing.
    async fn judge_opaque(
        &self,
        digest: &str,
        too_long: bool,
        items: &Items,
        call: &Call,
        trail: &mut Trail,
    ) -> Result<Claims, Unverified> {
        let recorded = judge::record(digest, too_long, items, &self.settings, call.now);
        let keys: Vec<Key> = match &recorded {
            Ok(recorded) => recorded.marks.iter().map(|MarkKey { key, .. }| key.clone()).collect(),
            Err(_) => (0..NOTHING_KEYS).map(|number| Key::nothing(digest, number)).collect(),
        };
        let marks = self.store.get(&keys, call.deadline).await.map_err(|Unavailable| {
            trail.reason = Some(Reason::StoreUnavailable);
            Unverified::DontKnow
        })?;
        let recorded = recorded.map_err(Unverified::Inactive)?;
        trail.issuer = Some(recorded.claims.issuer.clone());
        judge::is_not_revoked(&recorded.claims, &recorded.marks, &marks).map_err(|why| {
            note_mark_reason(why, &marks, trail);
            Unverified::Inactive(why)
        })?;
        Ok(recorded.claims)
    }
}

fn unavailable(trail: &mut Trail) -> Outcome {
    trail.reason = Some(Reason::StoreUnavailable);
    Outcome::Unavailable
}

fn inactive(why: Inactive, items: &Items, trail: &mut Trail) -> Outcome {
    note_mark_reason(why, items, trail);
    match why {
        Inactive::CorruptMark(kind) => error!(event = "corrupt_item", item = kind.prefix(), token = trail.token),
        Inactive::CorruptRecord => error!(event = "corrupt_item", item = "token", token = trail.token),
        _ => {}
    }
    trail.reason = Some(Reason::Inactive(why));
    Outcome::Inactive
}

/// Notes what whoever wrote the mark that revokes said of it.
fn note_mark_reason(why: Inactive, items: &Items, trail: &mut Trail) {
    if let Inactive::Revoked(kind) = why {
        trail.mark_reason = trail.mark_reason.take().or_else(|| items.mark_reason(kind));
    }
}
