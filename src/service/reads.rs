//! Which items are read when: all in one round trip, unless the caller is throttled or asks about a batch.

use std::collections::BTreeSet;

use super::Service;
use crate::{
    call::Call,
    digest::Digest,
    outcome::{Answer, Outcome, Unavailable},
    records::{FetchedItems, ItemKey},
    store::StoreUnavailable,
    token::{PresentedToken, UnverifiedToken},
};

/// What the items are read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    Introspection,
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
    /// What the caller's own token needs: its marks and its issuer's keys.
    pub bearer: BTreeSet<ItemKey>,
}

/// The items of the first trip, and the keys that are still to be read.
pub(super) struct FirstRead {
    pub items: FetchedItems,
    unread: Vec<ItemKey>,
    reads: Reads,
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
        let all: BTreeSet<ItemKey> = of_tokens.chain(own.client.clone()).chain(own.bearer.iter().cloned()).collect();
        let mut first: BTreeSet<ItemKey> = if self.throttle.is_at_limit(client_id, &call.source_address, call.now) {
            own.client.iter().cloned().collect()
        } else if reads == Reads::Batch {
            own.client.iter().chain(&own.bearer).cloned().collect()
        } else {
            all.clone()
        };
        let unread: BTreeSet<ItemKey> = all.difference(&first).cloned().collect();
        if first.is_empty() {
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

    /// The only place that chooses the consistency: revocation reads strongly, regardless of `READ_CONSISTENCY` (N-04).
    async fn read(&self, keys: &[ItemKey], reads: Reads, call: &Call) -> Result<FetchedItems, StoreUnavailable> {
        match reads {
            Reads::Introspection | Reads::Batch => self.store.get(keys, call.deadline).await,
            Reads::Revocation => self.store.get_strongly(keys, call.deadline).await,
        }
    }

    /// Determines which key most likely signed a token without `kid`, so that the key's mark is read in the same trip.
    pub(super) fn expect_key(&self, unverified: &mut UnverifiedToken<'_>, now: i64) {
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
