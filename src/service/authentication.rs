//! Who is asking: the one round trip, and the asynchronous steps around [`Caller::authenticate`].

use std::collections::BTreeSet;

use tracing::{error, info, warn};

use super::{Reads, Service, Unjudged, unavailable};
use crate::{
    audit::{Reason, Trail},
    auth::{Asserted, Authenticated, Bearing, Caller, Refusal},
    call::Call,
    records::{Items, Key, Table},
    request::Credentials,
    response::{Challenge, Outcome},
    store::Unavailable,
    token::{Candidate, PresentedToken},
};

impl Service {
    /// Makes the one round trip, and learns from it who is asking.
    pub(super) async fn authenticate(
        &self,
        mut credentials: Credentials<'_>,
        tokens: &mut [PresentedToken<'_>],
        reads: Reads,
        call: &Call,
        trail: &mut Trail,
    ) -> Result<(Caller, Items), Outcome> {
        trail.method = credentials.method();
        self.expect_keys(&mut credentials, tokens, call.now);
        let keys = self.first_keys(&credentials, tokens, call.now);
        let items = match reads {
            Reads::Introspection => self.store.get(&keys, call.deadline).await,
            Reads::Revocation => self.store.get_strongly(&keys, call.deadline).await,
        };
        let mut items = items.map_err(|Unavailable| unavailable(trail))?;
        trail.caller = known_client(&credentials, &items);
        let (client_id, is_bearer) =
            (credentials.client_id().to_owned(), matches!(credentials, Credentials::Bearer(_)));
        let caller = match Caller::authenticate(credentials, &items, &self.settings, call.now) {
            Ok(Authenticated::Caller(caller)) => Ok(caller),
            Ok(Authenticated::Asserted(asserted)) => self.guard(asserted, call, trail).await?,
            Ok(Authenticated::Bearing(bearing)) => {
                let caller = self.verify_bearer(bearing, &items, call, trail).await?;
                // What is said of a mark on the token must not be what somebody said of one on the caller's.
                let tokens_own: Vec<Key> = tokens.iter().flat_map(PresentedToken::keys).collect();
                items.0.retain(|key, _| key.table() != Table::Tokens || tokens_own.contains(key));
                caller
            }
            Err(refusal) => Err(refusal),
        };
        caller.map(|caller| (caller, items)).map_err(|refusal| self.refuse(refusal, &client_id, is_bearer, call, trail))
    }

    /// Finds out which key a token without `kid` is most likely signed with, so that its mark is read in the same trip.
    fn expect_keys(&self, credentials: &mut Credentials<'_>, tokens: &mut [PresentedToken<'_>], now: i64) {
        let expect_key = |candidate: &mut Candidate<'_>| {
            if candidate.header().kid.is_none() {
                let kid = self.issuers.only_fitting_kid(candidate, now);
                candidate.expect_key(kid.as_deref());
            }
        };
        for token in tokens {
            if let PresentedToken::Jwt { candidate: Ok(candidate), .. } = token {
                expect_key(candidate);
            }
        }
        if let Credentials::Bearer(presented) = credentials {
            presented.candidate.as_deref_mut().into_iter().for_each(expect_key);
        }
    }

    /// The keys of the one round trip: the caller's record, the tokens' records, the marks of the caller's own token,
    /// and the key sets of the tokens' issuers. What several of them name is asked for once.
    fn first_keys(&self, credentials: &Credentials<'_>, tokens: &[PresentedToken<'_>], now: i64) -> Vec<Key> {
        let presented = tokens.iter().filter_map(|token| match token {
            PresentedToken::Jwt { candidate, .. } => candidate.as_ref().ok(),
            PresentedToken::Opaque { .. } => None,
        });
        let own = match credentials {
            Credentials::Bearer(presented) => presented.candidate.as_ref(),
            _ => None,
        };
        let snapshots = presented.chain(own).filter_map(|candidate| self.issuers.snapshot_key(candidate, now));
        let tokens = tokens.iter().flat_map(PresentedToken::keys);
        let keys: BTreeSet<Key> = credentials.keys().into_iter().chain(tokens).chain(snapshots).collect();
        keys.into_iter().collect()
    }

    /// Checks the signature of the caller's own token, then its marks. Keys are fetched for it, because the client's record
    /// names its issuer.
    async fn verify_bearer(
        &self,
        bearing: Bearing<'_>,
        items: &Items,
        call: &Call,
        trail: &mut Trail,
    ) -> Result<Result<Caller, Refusal>, Outcome> {
        let (candidate, bearer) = bearing.open();
        match self.verify(candidate, items, call).await {
            Ok(claims) => Ok(bearer.verified(&claims)),
            Err(Unjudged::Inactive(why)) => Ok(Err(Refusal::Bearer(why))),
            Err(Unjudged::KeysUnavailable { retry_after }) => {
                trail.reason = Some(Reason::KeysUnavailable);
                Err(Outcome::Unavailable(retry_after))
            }
            Err(Unjudged::StoreUnavailable) => Err(unavailable(trail)),
        }
    }

    /// Lets an assertion pass once.
    async fn guard(
        &self,
        asserted: Asserted,
        call: &Call,
        trail: &mut Trail,
    ) -> Result<Result<Caller, Refusal>, Outcome> {
        if asserted.by_registered_audience {
            info!(event = "assertion_audience_used", client_id = trail.caller);
        }
        let (key, expires_at) = asserted.guard();
        let first = self.store.use_once(key, expires_at, &call.request_id, call.deadline).await;
        let first = first.map_err(|Unavailable| unavailable(trail))?;
        Ok(asserted.used(first.as_ref()))
    }

    fn refuse(&self, refusal: Refusal, client_id: &str, is_bearer: bool, call: &Call, trail: &mut Trail) -> Outcome {
        match refusal {
            Refusal::CorruptRecord => error!(event = "corrupt_item", item = "client", client_id = trail.caller),
            // Most likely a client that is configured with an endpoint's URL, which its operator can change.
            Refusal::AssertionAudience => warn!(event = "assertion_audience_refused", client_id = trail.caller),
            _ => {}
        }
        let challenge = match refusal {
            Refusal::InsufficientScope => Challenge::InsufficientScope,
            _ if is_bearer => Challenge::InvalidToken,
            _ => Challenge::Basic,
        };
        trail.reason = Some(Reason::Refused(refusal));
        match self.throttle.count_failure(client_id, &call.source_address, call.now) {
            Some(seconds) => Outcome::Throttled(seconds),
            None => Outcome::Refused(challenge),
        }
    }
}

/// The client id of a record that was there.
fn known_client(credentials: &Credentials<'_>, items: &Items) -> Option<String> {
    let key = credentials.client_key()?;
    items.contains(&key).then(|| key.id().to_owned())
}
