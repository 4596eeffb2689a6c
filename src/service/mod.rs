//! The main path, top to bottom: a call becomes a response, and each stage takes the result of the one above.

mod access;
mod authentication;
mod global_revocation;
mod hot;
mod judgement;
mod notice;
mod reads;
mod revocation;
mod signing;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures_util::{FutureExt, future::join_all};
use http::Response;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error_span};

use self::{hot::HotItems, judgement::Pending, reads::Reads};
use crate::{
    audit::{Fingerprinter, RequestFacts, write_record},
    auth::Caller,
    call::Call,
    issuers::Issuers,
    outcome::{Answer, Denial, Outcome, TokenFacts, TooLarge, Unavailable},
    proof::PresentedProofs,
    records::ItemKey,
    request::{Batch, Query, Request, RequestError},
    response::{is_deliverable, render, with_cors},
    settings::Settings,
    signer::Signer,
    store::Store,
    throttle::Throttle,
    token::{PresentedNotice, PresentedToken},
};

/// The service in one execution environment.
pub struct Service {
    settings: Arc<Settings>,
    store: Store,
    signer: Signer,
    issuers: Issuers,
    throttle: Throttle,
    /// `None` if every request reads all of its items.
    hot: Option<HotItems>,
    fingerprinter: Fingerprinter,
}

impl Service {
    /// Puts the parts together. No request is sent yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system provides no randomness.
    pub fn new(settings: Arc<Settings>, store: Store, signer: Signer) -> Result<Self, getrandom::Error> {
        Ok(Self {
            issuers: Issuers::new(&settings, store.clone())?,
            throttle: Throttle::new(settings.failed_authentication_limit),
            hot: HotItems::new(settings.hot_record_lifetime),
            fingerprinter: Fingerprinter::new()?,
            settings,
            store,
            signer,
        })
    }

    /// Opens the connection to the store, so that the first request does not pay for it, and loads the key sets that
    /// other environments shared. If this fails, the first request tries again.
    pub async fn warm_up(&self, now: i64, deadline: Instant) {
        let mut keys = self.issuers.snapshot_item_keys();
        if keys.is_empty() {
            // No snapshot of our own issuer exists, so this finds no item. But it reads from the state table, which is
            // always in DynamoDB.
            keys.extend(ItemKey::snapshot(&self.settings.issuer));
        }
        if let Ok(items) = self.store.get(&keys, deadline).await {
            self.settings.trusted_issuers.iter().for_each(|issuer| self.issuers.adopt(issuer, &items, now));
        }
    }

    /// Always answers a call: a defect in our code is a 500, and a call that takes too long is a 503.
    pub async fn handle(&self, call: Call) -> Response<String> {
        // Every log line of this call contains the request id, so it can be joined with the audit record.
        let span = error_span!("request", request_id = call.request_id);
        let started = Instant::now();
        let parse = || {
            let _running = call.spent.parse.start();
            let request = Request::parse(&call, &self.settings);
            (self.request_facts(&request), request)
        };
        let (facts, mut answer) = match span.in_scope(|| catch_unwind(AssertUnwindSafe(parse))) {
            Ok((facts, request)) => {
                // Boxed, because the SDK's futures are nested so deeply that they almost reach the compiler's limits.
                let answer = Box::pin(self.answer(request, &facts, &call));
                let answer = AssertUnwindSafe(answer).catch_unwind().instrument(span);
                let answer = match timeout_at(call.deadline, answer).await {
                    Ok(answered) => answered.unwrap_or_else(|_panic| Outcome::Internal.into()),
                    Err(_elapsed) => Outcome::Unavailable(Unavailable::Deadline).into(),
                };
                (facts, answer)
            }
            Err(_panic) => (RequestFacts::default(), Outcome::Internal.into()),
        };
        let mut response = render(&answer.outcome, &call.request_id);
        if !is_deliverable(&response) {
            answer.outcome = Outcome::TooLarge(TooLarge);
            response = render(&answer.outcome, &call.request_id);
        }
        write_record(&answer, &facts, &call, started.elapsed());
        with_cors(response, &call.headers, &self.settings.cors_allowed_origins)
    }

    async fn answer(&self, request: Result<Request<'_>, RequestError>, facts: &RequestFacts, call: &Call) -> Answer {
        let answer = match request {
            Ok(Request::Introspection(query)) => {
                let facts = facts.token.clone().unwrap_or_else(|| self.facts(&query.token));
                self.introspect(query, facts, call).await
            }
            Ok(Request::Batch(batch)) => self.introspect_batch(batch, call).await,
            Ok(Request::Revocation(revocation)) => self.revoke(revocation, call).await,
            Ok(Request::GlobalRevocation(request)) => self.revoke_subject(request, call).await,
            Ok(Request::LogOut(notice)) => Ok(self.log_out(notice, call).await.into()),
            Ok(Request::Events(notice)) => Ok(self.receive_events(notice, call).await.into()),
            Ok(Request::Metadata) => Ok(self.metadata(call).await.into()),
            Ok(Request::KeySet) => Ok(self.key_set(call).await.into()),
            Ok(Request::Preflight) => Ok(Outcome::Preflight.into()),
            Err(error) => Ok(Outcome::Rejected(error).into()),
        };
        answer.unwrap_or_else(|refused| refused)
    }

    /// One token (RFC 7662 §2): read, authenticate, authorize, judge, reach the verdict, and sign it if the caller asked for
    /// that.
    async fn introspect(&self, query: Query<'_>, facts: TokenFacts, call: &Call) -> Result<Answer, Answer> {
        let Query { credentials, mut token, proofs, signed } = query;
        let tokens = std::slice::from_mut(&mut token);
        let (caller, first) = self.authenticate(credentials, tokens, Reads::Introspection, call).await?;
        let outcome = async {
            authorize_introspection(&caller, signed)?;
            let items = self.read_rest(first, call).await?;
            let pending = self.judge(token, facts, &caller, &items, call);
            let marks = self.read_record_marks(pending.record_marks(), call).await?;
            let token = self.verdict(pending, &caller, &proofs, &items, &marks, call).await?;
            Ok(if signed { self.sign(token, &caller, call).await } else { Outcome::Introspected(token) })
        };
        Ok(Answer::to(caller.client_id(), outcome.await.unwrap_or_else(|ended: Outcome| ended)))
    }

    /// Many tokens at once, for gateways, session sweeps and log pipelines: answers each token as the single route would,
    /// in the same order. A token whose issuer's keys are out of reach has an answer of its own; a store that is out of
    /// reach fails the whole batch.
    async fn introspect_batch(&self, batch: Batch<'_>, call: &Call) -> Result<Answer, Answer> {
        let Batch { credentials, mut tokens } = batch;
        let (caller, first) = self.authenticate(credentials, &mut tokens, Reads::Batch, call).await?;
        let outcome = async {
            authorize_introspection(&caller, false)?;
            let items = &self.read_rest(first, call).await?;
            let judge = |token| {
                let facts = self.facts(&token);
                self.judge(token, facts, &caller, items, call)
            };
            let pending: Vec<_> = tokens.into_iter().map(judge).collect();
            let keys: BTreeSet<&ItemKey> = pending.iter().flat_map(Pending::record_marks).collect();
            let keys: Vec<ItemKey> = keys.into_iter().cloned().collect();
            // Without opaque tokens there are no keys, so no request is sent.
            let marks = &self.read_record_marks(&keys, call).await?;
            // All at once, so that fetches of several issuers' keys overlap, and an issuer that does not answer takes
            // no time from the others.
            // A proof belongs to one token, so a batch has none.
            let none = &PresentedProofs::default();
            let verdicts = pending.into_iter().map(|token| self.verdict(token, &caller, none, items, marks, call));
            let verdicts: Result<Vec<_>, _> = join_all(verdicts).await.into_iter().collect();
            Ok(Outcome::Batch(verdicts?))
        };
        Ok(Answer::to(caller.client_id(), outcome.await.unwrap_or_else(|ended: Outcome| ended)))
    }

    /// What the request itself says, for the audit record.
    fn request_facts(&self, request: &Result<Request<'_>, RequestError>) -> RequestFacts {
        match request {
            Ok(Request::Introspection(Query { credentials, token, .. })) => {
                RequestFacts::of_token(credentials.method(), self.facts(token))
            }
            Ok(Request::Revocation(request)) => {
                RequestFacts::of_token(request.credentials.method(), self.facts(&request.token))
            }
            Ok(Request::Batch(batch)) => RequestFacts { method: batch.credentials.method(), ..RequestFacts::default() },
            Ok(Request::GlobalRevocation(request)) => RequestFacts {
                method: request.credentials.method(),
                subjects_issuer: self.settings.canonical_issuer(&request.subject.issuer).map(str::to_owned),
                token: None,
            },
            Ok(Request::LogOut(notice)) => RequestFacts::of_token(Some("logout_token"), self.notice_facts(notice)),
            Ok(Request::Events(notice)) => {
                RequestFacts::of_token(Some("security_event_token"), self.notice_facts(notice))
            }
            Ok(Request::Metadata | Request::KeySet | Request::Preflight) | Err(_) => RequestFacts::default(),
        }
    }

    fn facts(&self, token: &PresentedToken<'_>) -> TokenFacts {
        let (digest, issuer) = match token {
            PresentedToken::Jwt { issuer, digest, .. } => (digest, issuer.map(|issuer| issuer.issuer.clone())),
            PresentedToken::Opaque { digest, .. } => (digest, None),
        };
        TokenFacts { fingerprint: self.fingerprinter.fingerprint(digest), issuer }
    }

    fn notice_facts(&self, notice: &PresentedNotice<'_>) -> TokenFacts {
        let issuer = notice.issuer.map(|issuer| issuer.issuer.clone());
        TokenFacts { fingerprint: self.fingerprinter.fingerprint(&notice.digest), issuer }
    }
}

/// Whether the caller may introspect, and may get the answer in this form.
fn authorize_introspection(caller: &Caller, signed: bool) -> Result<(), Denial> {
    if !caller.may_introspect() {
        return Err(Denial::NotAllowed);
    }
    // RFC 9701 §8.2: a caller that is registered for signed answers must not get any other form (J-11).
    if caller.policy().require_signed_response && !signed {
        return Err(Denial::SignedResponseRequired);
    }
    Ok(())
}

impl From<Denial> for Outcome {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}
