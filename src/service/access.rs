//! The line of an authorizer: the same stages as an introspection, for the client that the operator configured instead
//! of one that authenticates, and then what only a resource server checks: possession of a bound token's key, and the
//! scopes of the route. A revocation ends access on the next request, because nothing is kept of an answer (RFC 7662 §4,
//! T-10).

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error, error_span, info};

use super::{
    Service,
    reads::{OwnKeys, Reads},
};
use crate::{
    access::{Access, AccessAnswer, AccessRequest, Forbidden, Rendered, Reply, Unauthorized, Unknown},
    audit::write_access_record,
    auth::Caller,
    call::Call,
    outcome::{Denial, TokenFacts, TokenVerdict, Unavailable, Verdict},
    proof::{PresentedDpop, PresentedProofs, TargetUrl, Thumbprint, Unproved},
    records::{FetchedItems, TokenType},
    request::{AccessScheme, PresentedAccess},
    settings::AuthorizerSettings,
    store::StoreUnavailable,
    token::{Inactive, PresentedToken},
    view::{Binding, View},
};

impl Service {
    /// Always ends in a reply: a defect in our code and a call that takes too long are "don't know".
    pub async fn authorize(&self, request: AccessRequest) -> Reply {
        let call = &request.call;
        let span = error_span!("request", request_id = call.request_id);
        let started = Instant::now();
        let parse = || {
            let _running = call.spent.parse.start();
            PresentedAccess::parse(&call.headers, &self.settings).map(|presented| {
                let facts = self.facts(&presented.token);
                (presented, facts)
            })
        };
        let internal = || AccessAnswer::early(Access::Unknown(Unknown::Internal));
        let answer = match span.in_scope(|| catch_unwind(AssertUnwindSafe(parse))) {
            Err(_panic) => internal(),
            Ok(presented) => {
                let facts = presented.as_ref().ok().map(|(_, facts)| facts.clone());
                let answer = async {
                    match (&self.settings.authorizer, presented) {
                        (None, _) => AccessAnswer::early(Access::Unknown(Unknown::NotConfigured)),
                        (Some(_), Err(why)) => AccessAnswer::early(Access::Unauthorized(Unauthorized::NoToken(why))),
                        (Some(authorizer), Ok((presented, facts))) => {
                            self.access(authorizer, presented, facts, &request).await
                        }
                    }
                };
                let answer = AssertUnwindSafe(Box::pin(answer)).catch_unwind().instrument(span.clone());
                let mut answer = match timeout_at(call.deadline, answer).await {
                    Ok(answered) => answered.unwrap_or_else(|_panic| internal()),
                    Err(_elapsed) => AccessAnswer::early(Access::Unknown(Unknown::Unavailable(Unavailable::Deadline))),
                };
                answer.token = answer.token.or(facts);
                answer
            }
        };
        let _entered = span.entered();
        self.reply(answer, &request, started)
    }

    /// Renders the reply, and writes the record of how the call ended.
    fn reply(&self, answer: AccessAnswer, request: &AccessRequest, started: Instant) -> Reply {
        let AccessAnswer { caller, token, access } = answer;
        let Rendered { access, reply, left_out } = match &self.settings.authorizer {
            Some(authorizer) => access.render(request, authorizer.response),
            None => Rendered { access, reply: Reply::Failed, left_out: 0 },
        };
        if left_out > 0 {
            info!(event = "claims_left_out", number = left_out);
        }
        if let Access::Unknown(why) = &access
            && let Some(cure) = why.cure()
        {
            error!(event = "authorizer_misconfigured", reason = access.reason(), cure);
        }
        let answer = AccessAnswer { caller, token, access };
        write_access_record(&answer, &request.call, started.elapsed());
        reply
    }

    async fn access(
        &self,
        authorizer: &AuthorizerSettings,
        presented: PresentedAccess<'_>,
        facts: TokenFacts,
        request: &AccessRequest,
    ) -> AccessAnswer {
        let (PresentedAccess { mut token, scheme }, call) = (presented, &request.call);
        let (caller, items) = match self.configured_caller(authorizer, &mut token, call).await {
            Ok(found) => found,
            Err(why) => return AccessAnswer { caller: None, token: Some(facts), access: Access::Unknown(why) },
        };
        let proofs = proofs(&scheme, &token, request);
        let verdict = async {
            let pending = self.judge(token, facts.clone(), &caller, &items, call);
            let marks = self.read_record_marks(pending.record_marks(), call).await;
            let marks = marks.map_err(|StoreUnavailable| Unavailable::Store)?;
            self.verdict(pending, &caller, &proofs, &items, &marks, call).await
        };
        let (facts, access) = match verdict.await {
            Ok(TokenVerdict { facts, verdict }) => (facts, decide(verdict, &scheme, authorizer, request)),
            Err(what) => (facts, Access::Unknown(Unknown::Unavailable(what))),
        };
        AccessAnswer { caller: Some(caller.client_id().to_owned()), token: Some(facts), access }
    }

    /// Reads the record of the configured client, in one trip with the records that concern the token (T-12).
    async fn configured_caller(
        &self,
        authorizer: &AuthorizerSettings,
        token: &mut PresentedToken<'_>,
        call: &Call,
    ) -> Result<(Caller, FetchedItems), Unknown> {
        let (key, reads) = (authorizer.client_key(), Reads::Authorizer);
        let store = |StoreUnavailable: StoreUnavailable| Unknown::Unavailable(Unavailable::Store);
        let held = self.held_record(Some(key), authorizer.client_id(), reads, call);
        let known = held.as_ref().and_then(|held| Caller::configured(authorizer, held, &self.settings).ok());
        let own =
            OwnKeys { client: Some(key.clone()), held: held.filter(|_| known.is_some()), bearer: BTreeSet::new() };
        let tokens = std::slice::from_mut(token);
        let first = self.first_read(&own, authorizer.client_id(), tokens, reads, call).await.map_err(store)?;
        let caller = match known {
            Some(caller) => caller,
            None => Caller::configured(authorizer, &first.items, &self.settings).map_err(Unknown::Client)?,
        };
        if !caller.may_introspect() {
            return Err(Unknown::Denied(Denial::NotAllowed));
        }
        Ok((caller, self.read_rest(first, call).await.map_err(store)?))
    }
}

/// What follows from the verdict for this request: the sender must have the key of a bound token, and the token must
/// have the scopes of the route.
fn decide(verdict: Verdict, scheme: &AccessScheme, authorizer: &AuthorizerSettings, request: &AccessRequest) -> Access {
    let (view, report) = match verdict {
        Verdict::Active { view, report } => (view, report),
        Verdict::Inactive(why) => return Access::Unauthorized(Unauthorized::Inactive(why)),
        Verdict::KeysUnavailable { retry_after } => {
            return Access::Unknown(Unknown::Unavailable(Unavailable::Keys { retry_after }));
        }
    };
    // RFC 6749 §1.5: refresh tokens are never sent to resource servers, even if the client may introspect its own.
    if !view.is_access_token() {
        let listed = vec![TokenType::AccessToken.name().to_owned()];
        return Access::Unauthorized(Unauthorized::Inactive(Inactive::TokenTypeHidden { listed }));
    }
    if let Err(why) = has_keys(&view, scheme) {
        return Access::Unauthorized(Unauthorized::Unproved(why));
    }
    match request.required_scopes(authorizer) {
        Ok(required) if required.iter().all(|scope| view.has_scope(scope)) => Access::Allowed { view, report },
        Ok(required) => Access::Forbidden(Forbidden::MissingScope { required }),
        Err(ended) => ended,
    }
}

/// What the sender presented beside the token.
fn proofs(scheme: &AccessScheme, token: &PresentedToken<'_>, request: &AccessRequest) -> PresentedProofs {
    let call = &request.call;
    let dpop = match scheme {
        AccessScheme::Dpop(Some(proof)) => Some(PresentedDpop {
            proof: proof.clone(),
            method: call.method.to_string(),
            url: request.url.as_deref().and_then(TargetUrl::parse),
            token: *token.digest(),
            received_at: call.now,
        }),
        AccessScheme::Dpop(None) | AccessScheme::Bearer => None,
    };
    PresentedProofs { dpop, certificate: call.identity.certificate.as_deref().and_then(Thumbprint::of_pem) }
}

/// Checks that the sender of an active token has its keys. An authorizer is the resource server, so it enforces the
/// binding whatever the policy says: after it, there is no other that could (RFC 8705 §3, T-07).
fn has_keys(view: &View, scheme: &AccessScheme) -> Result<(), Unproved> {
    match (view.is_bound_by_thumbprint(), scheme) {
        (true, AccessScheme::Dpop(_)) | (false, AccessScheme::Bearer) => {}
        // RFC 9449 §7.2: a bound token is not accepted under the scheme `Bearer`. RFC 9449 §7.1: nor is a token that is
        // not bound under `DPoP`, whose proof would show nothing.
        (true, AccessScheme::Bearer) | (false, AccessScheme::Dpop(_)) => return Err(Unproved::Scheme),
    }
    match view.binding() {
        None | Some(Binding::Proved) => Ok(()),
        Some(Binding::NotPresented(why)) => Err(why),
    }
}
