//! Which items are read when: all in one round trip, unless the caller is throttled or asks about a batch.

use std::collections::BTreeSet;

use super::{
    Service,
    hot::{HotItems, Moment},
    judgement::PADDING_READS,
};
use crate::{
    call::Call,
    digest::Digest,
    outcome::{Answer, Outcome, Unavailable},
    records::{FetchedItems, ItemKey},
    store::StoreUnavailable,
    token::{PresentedToken, UnverifiedToken, VerifiedToken},
};

/// What the items are read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    Introspection,
    /// The same for an authorizer, whose client presents no credentials that could fail.
    Authorizer,
    /// Nothing about the tokens is read before the caller has authenticated, because a batch can cost hundreds of
    /// reads.
    Batch,
    /// These reads are always strongly consistent. Otherwise, a token that was just stored could be missed, and the
    /// answer would be that there is nothing to revoke.
    Revocation,
}

/// The items that are needed to authenticate the caller.
pub(super) struct OwnKeys {
    /// The client's record. `None` if no record can have this id.
    pub client: Option<ItemKey>,
    /// The client's record, if an earlier request has read it and it accepts the credentials.
    pub held: Option<FetchedItems>,
    /// What the caller's own token needs: its marks and its issuer's keys.
    pub bearer: BTreeSet<ItemKey>,
}

impl OwnKeys {
    fn client_to_read(&self) -> Option<&ItemKey> {
        self.client.as_ref().filter(|_| self.held.is_none())
    }
}

/// The items of the first trip, and the keys that are still to be read.
pub(super) struct FirstRead {
    pub items: FetchedItems,
    unread: Vec<ItemKey>,
    pub reads: Reads,
}

impl Service {
    /// Makes the first round trip. For a batch, it reads only what authenticates the caller. If this client and address
    /// are throttled, it reads only the client's record: credentials that have failed so often must not cost
    /// more (B-19). A key that occurs more than once is read once.
    pub(super) async fn first_read(
        &self,
        own: &OwnKeys,
        client_id: &str,
        tokens: &mut [PresentedToken<'_>],
        reads: Reads,
        call: &Call,
    ) -> Result<FirstRead, StoreUnavailable> {
        for token in &mut *tokens {
            if let PresentedToken::Jwt { unverified: Ok(unverified), .. } = token {
                self.expect_key(unverified, call.now);
            }
        }
        let jwts = tokens.iter().filter_map(|token| match token {
            PresentedToken::Jwt { unverified, .. } => unverified.as_deref().ok(),
            PresentedToken::Opaque { .. } => None,
        });
        let snapshots = jwts.filter_map(|token: &UnverifiedToken<'_>| self.issuers.snapshot_item_key(token, call.now));
        let of_tokens = tokens.iter().flat_map(PresentedToken::keys).chain(snapshots);
        let all: BTreeSet<ItemKey> =
            of_tokens.chain(own.client_to_read().cloned()).chain(own.bearer.iter().cloned()).collect();
        let may_be_throttled = reads != Reads::Authorizer;
        let mut first: BTreeSet<ItemKey> =
            if may_be_throttled && self.throttle.is_at_limit(client_id, &call.source_address, call.now) {
                own.client_to_read().into_iter().cloned().collect()
            } else if reads == Reads::Batch {
                own.client_to_read().into_iter().chain(&own.bearer).cloned().collect()
            } else {
                all.clone()
            };
        let unread: BTreeSet<ItemKey> = all.difference(&first).cloned().collect();
        if first.is_empty() && own.held.is_none() {
            // A client id that no record can have costs a read too.
            first.insert(ItemKey::padding(&Digest::of(client_id), 0));
        }
        let first: Vec<ItemKey> = first.into_iter().collect();
        let items = self.read(&first, reads, call).await?;
        Ok(FirstRead { items, unread: unread.into_iter().collect(), reads })
    }

    /// Reads those of the keys that were skipped because the caller is throttled.
    pub(super) async fn read_unread<'k>(
        &self,
        first: &mut FirstRead,
        keys: impl Iterator<Item = &'k ItemKey>,
        call: &Call,
    ) -> Result<(), StoreUnavailable> {
        let keys: Vec<ItemKey> = keys.filter(|key| first.unread.contains(key)).cloned().collect();
        if !keys.is_empty() {
            first.unread.retain(|key| !keys.contains(key));
            first.items.0.extend(self.read(&keys, first.reads, call).await?.0);
        }
        Ok(())
    }

    /// Reads the keys that were skipped before the caller was known.
    pub(super) async fn read_rest(&self, first: FirstRead, call: &Call) -> Result<FetchedItems, StoreUnavailable> {
        let FirstRead { mut items, unread, reads } = first;
        if !unread.is_empty() {
            items.0.extend(self.read(&unread, reads, call).await?.0);
        }
        Ok(items)
    }

    /// Reads the mark of a signing key that was not expected.
    pub(super) async fn read_unread_mark<S>(
        &self,
        token: &VerifiedToken<S>,
        reads: Reads,
        call: &Call,
    ) -> Result<FetchedItems, StoreUnavailable> {
        match token.unread_mark() {
            Some(mark) => self.read(std::slice::from_ref(&mark.key), reads, call).await,
            None => Ok(FetchedItems::default()),
        }
    }

    /// Reads the marks that records of opaque tokens name. Padding replaces marks that are held, as far as it does for
    /// unknown tokens, so that known and unknown tokens cost the same (O-02).
    pub(super) async fn read_record_marks(
        &self,
        keys: &[ItemKey],
        call: &Call,
    ) -> Result<FetchedItems, StoreUnavailable> {
        let _waiting = call.spent.store.start();
        let Some(hot) = &self.hot else { return self.read(keys, Reads::Introspection, call).await };
        let asked_at = Moment::now();
        let (held, mut unread) = hot.split(keys, asked_at);
        let padding = unread.len()..keys.len().min(PADDING_READS);
        unread.extend(padding.map(|number| ItemKey::padding(&Digest::of(&call.request_id), number)));
        self.read_beside(hot, held, &unread, asked_at, call).await
    }

    /// The only place that chooses the consistency, and leaves out the items that are held: revocation reads everything
    /// strongly, regardless of `READ_CONSISTENCY` and `HOT_RECORD_SECONDS` (N-04).
    pub(super) async fn read(
        &self,
        keys: &[ItemKey],
        reads: Reads,
        call: &Call,
    ) -> Result<FetchedItems, StoreUnavailable> {
        let _waiting = call.spent.store.start();
        let hot = match (reads, &self.hot) {
            (Reads::Revocation, _) => return self.store.get_strongly(keys, call.deadline).await,
            (_, None) => return self.store.get(keys, call.deadline).await,
            (_, Some(hot)) => hot,
        };
        let asked_at = Moment::now();
        let (held, unread) = hot.split(keys, asked_at);
        self.read_beside(hot, held, &unread, asked_at, call).await
    }

    /// Reads what is not held, and holds what is shared of it. A failed read leaves nothing to hold.
    async fn read_beside(
        &self,
        hot: &HotItems,
        held: FetchedItems,
        unread: &[ItemKey],
        asked_at: Moment,
        call: &Call,
    ) -> Result<FetchedItems, StoreUnavailable> {
        let mut items = self.store.get(unread, call.deadline).await?;
        hot.hold(unread, &items, asked_at);
        items.0.extend(held.0);
        Ok(items)
    }

    /// The client's record if it is held. `None` if it must be read: by revocation, for a client and address that are
    /// throttled (B-19), and if no items are held in this deployment.
    pub(super) fn held_record(
        &self,
        client: Option<&ItemKey>,
        client_id: &str,
        reads: Reads,
        call: &Call,
    ) -> Option<FetchedItems> {
        let hot = self.hot.as_ref().filter(|_| reads != Reads::Revocation)?;
        if self.throttle.is_at_limit(client_id, &call.source_address, call.now) {
            return None;
        }
        Some(client.map(|key| hot.client_record(key, Moment::now())).unwrap_or_default())
    }

    /// Determines which key most likely signed a token without `kid`, so that the key's mark is read in the same trip.
    pub(super) fn expect_key<S>(&self, unverified: &mut UnverifiedToken<'_, S>, now: i64) {
        if unverified.header().kid.is_none() {
            let kid = self.issuers.only_fitting_kid(unverified, now);
            unverified.expect_key(kid.as_deref());
        }
    }
}

impl From<StoreUnavailable> for Outcome {
    fn from(StoreUnavailable: StoreUnavailable) -> Self {
        Self::Unavailable(Unavailable::Store)
    }
}

impl From<StoreUnavailable> for Answer {
    fn from(unavailable: StoreUnavailable) -> Self {
        Outcome::from(unavailable).into()
    }
}
