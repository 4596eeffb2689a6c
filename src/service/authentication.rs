//! Authentication of the caller: the reads, and the asynchronous steps around [`Caller::authenticate`].

use std::collections::BTreeSet;

use tracing::{error, info, warn};

use super::{Reads, Service, Unjudged, unavailable};
use crate::{
    audit::{AuditRecord, Reason},
    auth::{AuthError, Authentication, Caller, PUBLIC_METHOD, RevokingClient, UnspentAssertion, UnverifiedBearer},
    call::Call,
    records::{FetchedItems, ItemKey, Table, sha256_hex},
    request::{Credentials, RevocationCredentials, client_key},
    response::{Challenge, Outcome},
    store::StoreUnavailable,
    token::{PresentedToken, UnverifiedToken},
};

/// What has been read for a request, and what is still to be read.
pub(super) struct TokenItems {
    read: FetchedItems,
    unread: Vec<ItemKey>,
    reads: Reads,
}

/// The items that are needed to authenticate the caller.
struct OwnKeys {
    /// The client's record; `None` for an id that no record can have.
    client: Option<ItemKey>,
    /// What the caller's own token needs: its marks and its issuer's keys.
    bearer: BTreeSet<ItemKey>,
}

/// Who presented credentials, for the count of failures and the challenge.
struct Presented {
    client_id: String,
    by_bearer: bool,
}

impl Service {
    /// Reads the client's record, and learns from it who sent the request.
    pub(super) async fn authenticate(
        &self,
        mut credentials: Credentials<'_>,
        tokens: &mut [PresentedToken<'_>],
        reads: Reads,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<(Caller, TokenItems), Outcome> {
        trail.method = credentials.method();
        if let Credentials::Bearer(presented) = &mut credentials {
            presented.unverified.as_deref_mut().into_iter().for_each(|own| self.expect_key(own, call.now));
        }
        let own = match &credentials {
            Credentials::Bearer(presented) => presented.unverified.as_deref(),
            _ => None,
        };
        let snapshot = own.and_then(|unverified| self.issuers.snapshot_item_key(unverified, call.now));
        let own_keys = OwnKeys {
            client: credentials.client_key(),
            bearer: own.into_iter().flat_map(|unverified| unverified.item_keys().cloned()).chain(snapshot).collect(),
        };
        let presented = Presented {
            client_id: credentials.client_id().to_owned(),
            by_bearer: matches!(credentials, Credentials::Bearer(_)),
        };
        let mut items = self.first_read(&own_keys, tokens, reads, &presented, call, trail).await?;
        trail.caller = known_client(credentials.client_key(), &items.read);
        let caller = match Caller::authenticate(credentials, &items.read, &self.settings, call.now) {
            Ok(Authentication::Complete(caller)) => Ok(caller),
            Ok(Authentication::NeedsFirstUse(assertion)) => self.check_replay(assertion, call, trail).await?,
            Ok(Authentication::NeedsSignature(bearer)) => {
                let caller = self.verify_bearer(bearer, &mut items, &own_keys.bearer, call, trail).await?;
                // The reason of a mark on the caller's token must not be reported as one of the presented token.
                let of_tokens: Vec<ItemKey> = tokens.iter().flat_map(PresentedToken::keys).collect();
                items.read.0.retain(|key, _| key.table() != Table::Tokens || of_tokens.contains(key));
                caller
            }
            Err(error) => Err(error),
        };
        caller.map(|caller| (caller, items)).map_err(|error| self.refuse(error, &presented, call, trail))
    }

    /// The same for the revocation endpoint, where a public client presents only its id (RFC 7009 §5).
    pub(super) async fn authenticate_revoking(
        &self,
        credentials: RevocationCredentials<'_>,
        token: &mut PresentedToken<'_>,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<(RevokingClient, TokenItems), Outcome> {
        let (tokens, reads) = (std::slice::from_mut(token), Reads::Revocation);
        let client_id = match credentials {
            RevocationCredentials::Confidential(credentials) => {
                let (caller, items) = self.authenticate(credentials, tokens, reads, call, trail).await?;
                return Ok((caller.into(), items));
            }
            RevocationCredentials::PublicClient(client_id) => client_id,
        };
        trail.method = Some(PUBLIC_METHOD);
        let key = client_key(&client_id);
        let presented = Presented { client_id, by_bearer: false };
        let own_keys = OwnKeys { client: key.clone(), bearer: BTreeSet::new() };
        let items = self.first_read(&own_keys, tokens, reads, &presented, call, trail).await?;
        trail.caller = known_client(key.clone(), &items.read);
        let client = RevokingClient::public(key.as_ref(), &items.read, &self.settings);
        client.map(|client| (client, items)).map_err(|error| self.refuse(error, &presented, call, trail))
    }

    /// Reads those of the keys that were left out because the caller is throttled.
    async fn read_unread<'k>(
        &self,
        items: &mut TokenItems,
        keys: impl Iterator<Item = &'k ItemKey>,
        call: &Call,
    ) -> Result<(), Unjudged> {
        let keys: Vec<ItemKey> = keys.filter(|key| items.unread.contains(key)).cloned().collect();
        if !keys.is_empty() {
            items.unread.retain(|key| !keys.contains(key));
            items.read.0.extend(self.read(&keys, items.reads, call).await?.0);
        }
        Ok(())
    }

    /// Reads what was left out before the caller was known.
    pub(super) async fn read_rest(
        &self,
        items: TokenItems,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<FetchedItems, Outcome> {
        let TokenItems { read: mut items, unread, reads } = items;
        if !unread.is_empty() {
            let rest = self.read(&unread, reads, call).await;
            items.0.extend(rest.map_err(|StoreUnavailable| unavailable(trail))?.0);
        }
        Ok(items)
    }

    /// The one place that chooses the consistency: revocation reads strongly, whatever `READ_CONSISTENCY` says.
    async fn read(&self, keys: &[ItemKey], reads: Reads, call: &Call) -> Result<FetchedItems, StoreUnavailable> {
        match reads {
            Reads::Introspection | Reads::Batch => self.store.get(keys, call.deadline).await,
            Reads::Revocation => self.store.get_strongly(keys, call.deadline).await,
        }
    }

    /// Makes the first round trip. A batch reads what is needed to authenticate the caller before the tokens' items. If
    /// this client and address are throttled, only the client's record is read: credentials that have failed so often
    /// cost no more. A key that several of them name is read once.
    async fn first_read(
        &self,
        own: &OwnKeys,
        tokens: &mut [PresentedToken<'_>],
        reads: Reads,
        presented: &Presented,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<TokenItems, Outcome> {
        for token in &mut *tokens {
            if let PresentedToken::Jwt { unverified: Ok(unverified), .. } = token {
                self.expect_key(unverified, call.now);
            }
        }
        let candidates = tokens.iter().filter_map(|token| match token {
            PresentedToken::Jwt { unverified, .. } => unverified.as_deref().ok(),
            PresentedToken::Opaque { .. } => None,
        });
        let snapshots = candidates
            .filter_map(|unverified: &UnverifiedToken<'_>| self.issuers.snapshot_item_key(unverified, call.now));
        let of_tokens: BTreeSet<ItemKey> = tokens.iter().flat_map(PresentedToken::keys).chain(snapshots).collect();
        let all: BTreeSet<ItemKey> =
            of_tokens.into_iter().chain(own.client.clone()).chain(own.bearer.iter().cloned()).collect();
        let mut first: BTreeSet<ItemKey> =
            if self.throttle.is_at_limit(&presented.client_id, &call.source_address, call.now) {
                own.client.iter().cloned().collect()
            } else if reads == Reads::Batch {
                own.client.iter().chain(&own.bearer).cloned().collect()
            } else {
                all.clone()
            };
        let unread: BTreeSet<ItemKey> = all.difference(&first).cloned().collect();
        if first.is_empty() {
            // A client id that no record can have costs a read all the same.
            first.insert(ItemKey::padding(&sha256_hex(&presented.client_id), 0));
        }
        let first: Vec<ItemKey> = first.into_iter().collect();
        let read = self.read(&first, reads, call).await.map_err(|StoreUnavailable| unavailable(trail))?;
        Ok(TokenItems { read, unread: unread.into_iter().collect(), reads })
    }

    /// Finds out which key a token without `kid` is most likely signed with, so that its mark is read in the same trip.
    fn expect_key(&self, unverified: &mut UnverifiedToken<'_>, now: i64) {
        if unverified.header().kid.is_none() {
            let kid = self.issuers.only_fitting_kid(unverified, now);
            unverified.expect_key(kid.as_deref());
        }
    }

    /// Checks the signature of the caller's own token, then its marks. Keys are fetched for it, because the client's record
    /// names its issuer.
    async fn verify_bearer(
        &self,
        bearer: UnverifiedBearer<'_>,
        items: &mut TokenItems,
        own: &BTreeSet<ItemKey>,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<Result<Caller, AuthError>, Outcome> {
        let (unverified, bearer) = bearer.open();
        let claims = async {
            let is_key_set = |key: &&ItemKey| key.table() == Table::State;
            self.read_unread(items, own.iter().filter(is_key_set), call).await?;
            let token = self.issuers.verify(unverified, &items.read, call.now, call.deadline).await?;
            self.read_unread(items, own.iter(), call).await?;
            self.unrevoked(token, &items.read, call).await
        };
        match claims.await {
            Ok(claims) => Ok(bearer.verified(&claims)),
            Err(Unjudged::Inactive(why)) => Ok(Err(AuthError::BearerInactive(why))),
            Err(Unjudged::KeysUnavailable { retry_after }) => {
                trail.reason = Some(Reason::KeysUnavailable);
                Err(Outcome::Unavailable(retry_after))
            }
            Err(Unjudged::StoreUnavailable) => Err(unavailable(trail)),
        }
    }

    /// Accepts an assertion once. It is marked as used before the token is judged: a replay learns nothing and costs no
    /// further read, and a request that ends in 503 has used its assertion up.
    async fn check_replay(
        &self,
        assertion: UnspentAssertion,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Result<Result<Caller, AuthError>, Outcome> {
        if assertion.by_registered_audience {
            info!(event = "assertion_audience_used", client_id = trail.caller);
        }
        let (key, expires_at) = assertion.guard();
        let first = self.store.use_once(key, expires_at, &call.request_id, call.deadline).await;
        let first = first.map_err(|StoreUnavailable| unavailable(trail))?;
        Ok(assertion.used(first.as_ref()))
    }

    fn refuse(&self, error: AuthError, presented: &Presented, call: &Call, trail: &mut AuditRecord) -> Outcome {
        let (client_id, reason, detail) = (trail.caller.as_deref(), error.name(), error.detail());
        match error {
            AuthError::CorruptClientRecord => error!(event = "corrupt_item", item = "client", client_id),
            // Most likely a client that is configured with an endpoint's URL, which its operator can change.
            AuthError::AssertionAudience { .. } => warn!(event = "assertion_audience_refused", client_id, detail),
            _ if client_id.is_some() && detail.is_some() => info!(event = "client_refused", client_id, reason, detail),
            _ => {}
        }
        let challenge = match error {
            AuthError::InsufficientScope => Challenge::InsufficientScope,
            _ if presented.by_bearer => Challenge::InvalidToken,
            _ => Challenge::Basic,
        };
        trail.reason = Some(Reason::Refused(error));
        match self.throttle.count_failure(&presented.client_id, &call.source_address, call.now) {
            Some(seconds) => Outcome::Throttled(seconds),
            None => Outcome::Refused(challenge),
        }
    }
}

/// The client id of a record that exists.
fn known_client(key: Option<ItemKey>, items: &FetchedItems) -> Option<String> {
    let key = key?;
    items.contains(&key).then(|| key.id().to_owned())
}
