//! Who is asking: the one round trip, and the asynchronous steps around [`Caller::authenticate`].

use std::collections::BTreeSet;

use tracing::{error, info, warn};

use super::{Service, unavailable};
use crate::{
    audit::{Reason, Trail},
    auth::{Asserted, Authenticated, Bearing, Caller, Refusal},
    call::Call,
    issuers::Unverified,
    records::{Items, Key, Table},
    request::Credentials,
    response::{Challenge, Outcome},
    store::Unavailable,
    token::PresentedToken,
};

impl Service {
    /// Makes the one round trip, and learns from it who is asking.
    pub(super) async fn authenticate(
        &self,
        credentials: Credentials<'_>,
        tokens: &[PresentedToken<'_>],
        call: &Call,
        trail: &mut Trail,
    ) -> Result<(Caller, Items), Outcome> {
        trail.method = credentials.method();
        let items = self.store.get(&self.first_keys(&credentials, tokens, call.now), call.deadline).await;
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

    /// Checks the signature of the caller's own token. Keys are fetched for it, since its record names its issuer.
    async fn verify_bearer(
        &self,
        bearing: Bearing<'_>,
        items: &Items,
        call: &Call,
        trail: &mut Trail,
    ) -> Result<Result<Caller, Refusal>, Outcome> {
        let (candidate, bearer) = bearing.open();
        match self.issuers.verify(candidate, items, call.now, call.deadline).await {
            Ok(claims) => Ok(bearer.verified(&claims)),
            Err(Unverified::Inactive(why)) => Ok(Err(Refusal::Bearer(why))),
            Err(Unverified::DontKnow) => {
                trail.reason = Some(Reason::KeysUnavailable);
                Err(Outcome::Unavailable)
            }
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
        trail.reason = Some(Reason::Refused(refusal));
        let challenge = match refusal {
            Refusal::InsufficientScope => Challenge::InsufficientScope,
            _ if is_bearer => Challenge::InvalidToken,
            _ => Challenge::Basic,
        };
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
