//! Authentication of the caller: the reads, and the asynchronous steps around [`Caller::authenticate`].

use std::collections::BTreeSet;

use tracing::{error, info, warn};

use super::{
    Service,
    judgement::NotActive,
    reads::{FirstRead, OwnKeys, Reads},
};
use crate::{
    auth::{AuthError, Authentication, Caller, Reuse, RevokingClient, UnspentAssertion, UnverifiedBearer},
    call::Call,
    issuers::{Purpose, Sender},
    outcome::{Answer, Challenge, Outcome, Unavailable},
    records::{FetchedItems, ItemKey, Table},
    request::{Credentials, RevocationCredentials, client_key},
    store::StoreUnavailable,
    token::PresentedToken,
};

/// The presented credentials, as far as the count of failures and the challenge need them.
pub(super) struct Presented {
    pub client_id: String,
    pub by_bearer: bool,
}

/// Why credentials did not authenticate a caller.
pub(super) enum NotAuthenticated {
    Refused(AuthError),
    Unavailable(Unavailable),
}

impl Service {
    /// Reads the client's record, and authenticates the caller against it.
    pub(super) async fn authenticate(
        &self,
        mut credentials: Credentials<'_>,
        tokens: &mut [PresentedToken<'_>],
        reads: Reads,
        call: &Call,
    ) -> Result<(Caller, FirstRead), Answer> {
        if let Credentials::Bearer(presented) = &mut credentials {
            presented.unverified.as_deref_mut().into_iter().for_each(|own| self.expect_key(own, call.now));
        }
        let own = match &credentials {
            Credentials::Bearer(presented) => presented.unverified.as_deref(),
            _ => None,
        };
        let snapshot = own.and_then(|token| self.issuers.snapshot_item_key(token, call.now));
        let mut own_keys = OwnKeys {
            client: credentials.client_key(),
            held: None,
            bearer: own.into_iter().flat_map(|token| token.item_keys().cloned()).chain(snapshot).collect(),
        };
        let presented = Presented {
            client_id: credentials.client_id().to_owned(),
            by_bearer: matches!(credentials, Credentials::Bearer(_)),
        };
        let held = self.held_record(own_keys.client.as_ref(), &presented.client_id, reads, call);
        let reuse = match &held {
            // Also if no record is held: known and unknown clients cost the same work (B-12).
            Some(held) => Caller::authenticate_again(credentials, held, &self.settings, call.now),
            None => Reuse::NeedsRecord(credentials),
        };
        own_keys.held = held.filter(|_| matches!(reuse, Reuse::Accepted(_)));
        let mut first = self.first_read(&own_keys, &presented.client_id, tokens, reads, call).await?;
        first.items.0.extend(own_keys.held.take().into_iter().flat_map(|held| held.0));
        let known = known_client(own_keys.client.as_ref(), &first.items);
        let authentication = match reuse {
            Reuse::Accepted(authentication) => authentication,
            Reuse::NeedsRecord(credentials) => {
                Caller::authenticate(credentials, &first.items, &self.settings, call.now)
            }
        };
        let caller = match authentication {
            Ok(Authentication::Complete(caller)) => Ok(caller),
            Ok(Authentication::NeedsFirstUse(assertion)) => self.check_replay(assertion, known, call).await,
            Ok(Authentication::NeedsSignature(bearer)) => {
                self.verify_bearer(bearer, &mut first, &own_keys.bearer, call).await
            }
            Err(error) => Err(NotAuthenticated::Refused(error)),
        };
        match caller {
            Ok(caller) => Ok((caller, first)),
            Err(error) => Err(self.not_authenticated(error, &presented, known, call)),
        }
    }

    /// Does the same for the revocation endpoint, at which a public client presents only its id.
    pub(super) async fn authenticate_revoking(
        &self,
        credentials: RevocationCredentials<'_>,
        token: &mut PresentedToken<'_>,
        call: &Call,
    ) -> Result<(RevokingClient, FirstRead), Answer> {
        let (tokens, reads) = (std::slice::from_mut(token), Reads::Revocation);
        let client_id = match credentials {
            RevocationCredentials::Confidential(credentials) => {
                let (caller, first) = self.authenticate(credentials, tokens, reads, call).await?;
                return Ok((caller.into(), first));
            }
            RevocationCredentials::PublicClient(client_id) => client_id,
        };
        let own_keys = OwnKeys { client: client_key(&client_id), held: None, bearer: BTreeSet::new() };
        let first = self.first_read(&own_keys, &client_id, tokens, reads, call).await?;
        match RevokingClient::public(own_keys.client.as_ref(), &first.items, &self.settings) {
            Ok(client) => Ok((client, first)),
            Err(error) => {
                let known = known_client(own_keys.client.as_ref(), &first.items);
                let presented = Presented { client_id, by_bearer: false };
                Err(self.not_authenticated(NotAuthenticated::Refused(error), &presented, known, call))
            }
        }
    }

    /// Checks the signature of the caller's own token, then its marks. Fetching keys for it is allowed, because the
    /// client's record names its issuer.
    async fn verify_bearer(
        &self,
        bearer: UnverifiedBearer<'_>,
        first: &mut FirstRead,
        own: &BTreeSet<ItemKey>,
        call: &Call,
    ) -> Result<Caller, NotAuthenticated> {
        let (token, bearer) = bearer.open();
        let active = async {
            let is_key_set = |key: &&ItemKey| key.table() == Table::State;
            self.read_unread(first, own.iter().filter(is_key_set), call).await?;
            let verifying = call.spent.keys.start();
            // The token is what authenticates its sender.
            let (purpose, sender) = (Purpose::Verdict, Sender::Anyone);
            let token = self.issuers.verify_for(purpose, sender, token, &first.items, call.now, call.deadline).await?;
            drop(verifying);
            self.read_unread(first, own.iter(), call).await?;
            self.unrevoked(token, &first.items, first.reads, call).await
        };
        let claims = active.await.map_err(|error| match error {
            NotActive::Inactive(why) => NotAuthenticated::Refused(AuthError::BearerInactive(why)),
            NotActive::Unavailable(what) => NotAuthenticated::Unavailable(what),
        })?;
        bearer.confirmed(&claims).map_err(NotAuthenticated::Refused)
    }

    /// Accepts an assertion once (E-09). The assertion is recorded as used before the token is judged: a replay learns
    /// nothing and costs no further read, but a request that ends in 503 has used up its assertion.
    pub(super) async fn check_replay(
        &self,
        assertion: UnspentAssertion,
        client_id: Option<&str>,
        call: &Call,
    ) -> Result<Caller, NotAuthenticated> {
        if assertion.by_registered_audience {
            info!(event = "assertion_audience_used", client_id);
        }
        let (key, expires_at) = assertion.guard();
        let _waiting = call.spent.store.start();
        let first = self.store.use_once(key, expires_at, &call.request_id, call.deadline).await;
        let first = first.map_err(|StoreUnavailable| NotAuthenticated::Unavailable(Unavailable::Store))?;
        assertion.used(first.as_ref()).map_err(NotAuthenticated::Refused)
    }

    pub(super) fn not_authenticated(
        &self,
        error: NotAuthenticated,
        presented: &Presented,
        known: Option<&str>,
        call: &Call,
    ) -> Answer {
        let outcome = match error {
            NotAuthenticated::Refused(why) => self.refuse(why, presented, known, call),
            NotAuthenticated::Unavailable(what) => Outcome::Unavailable(what),
        };
        Answer { caller: known.map(str::to_owned), outcome }
    }

    fn refuse(&self, why: AuthError, presented: &Presented, client_id: Option<&str>, call: &Call) -> Outcome {
        match why {
            AuthError::CorruptClientRecord => error!(event = "corrupt_item", item = "client", client_id),
            // Most likely, the client is configured with an endpoint's URL, which its operator can change.
            AuthError::AssertionAudience { .. } => {
                warn!(event = "assertion_audience_refused", client_id, detail = why.detail());
            }
            _ => {}
        }
        // RFC 6749 §5.2: the challenge names the scheme that the client used (B-03).
        let challenge = match why {
            AuthError::InsufficientScope => Challenge::InsufficientScope,
            _ if presented.by_bearer => Challenge::InvalidToken,
            _ => Challenge::Basic,
        };
        match self.throttle.count_failure(&presented.client_id, &call.source_address, call.now) {
            Some(retry_after) => Outcome::Throttled { why, retry_after },
            None => Outcome::Refused { why, challenge },
        }
    }
}

/// The client id, if the client's record exists.
pub(super) fn known_client<'k>(key: Option<&'k ItemKey>, items: &FetchedItems) -> Option<&'k str> {
    key.filter(|key| items.contains(key)).map(ItemKey::id)
}
