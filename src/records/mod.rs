//! The items of the three tables as typed records: how each attribute is read. `store` fetches the items.

mod canary;
mod client;
mod fetch_lease;
mod json;
mod key;
mod mark;
mod snapshot;
mod strengthen;
mod token;
mod types;

use serde::de::DeserializeOwned;

pub use self::{
    canary::{Canary, CanaryCopy, Loss, Standing},
    client::{CertificateName, ClientRecord, Mode, NamedMethod, PolicyRecord, StoredSecret},
    fetch_lease::{FetchLease, FetchState},
    json::to_json,
    key::{InvalidItemKey, ItemKey, Table},
    mark::{Mark, MarkKey, MarkKind, RevocationFacts, RevokedBy, named, revokes},
    snapshot::Snapshot,
    strengthen::{MarkScope, MarkTerms, NewMark, strengthened},
    token::{Audience, TokenRecord, TokenType},
    types::{Corrupt, FetchedItems, Item, MAX_REASON_CHARACTERS, StrictString, UnixTime, item_size},
};

impl FetchedItems {
    /// One item, as if it had been fetched, to check what the function will read.
    pub fn single(key: &ItemKey, item: Item) -> Self {
        Self([(key.clone(), Ok(item))].into())
    }

    /// The record under this key. Returns `Ok(None)` if the item does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`Corrupt`] if the item cannot be read as this kind of record.
    pub fn record<T: DeserializeOwned>(&self, key: &ItemKey) -> Result<Option<T>, Corrupt> {
        self.0.get(key).map(|item| types::read(item.clone()?)).transpose()
    }

    /// The record of an opaque token under this key. Returns `Ok(None)` if the item does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`Corrupt`] if the item cannot be read.
    pub fn token_record(&self, key: &ItemKey) -> Result<Option<TokenRecord>, Corrupt> {
        self.0.get(key).map(|item| TokenRecord::read(item.clone()?)).transpose()
    }

    /// The reason that the writer of this mark gave.
    pub fn mark_reason(&self, key: &ItemKey) -> Option<String> {
        self.item(key)?.ok().and_then(mark::reason)
    }

    /// The item under this key, unchanged. It is an error if the item cannot be read at all.
    pub fn item(&self, key: &ItemKey) -> Option<Result<&Item, Corrupt>> {
        self.0.get(key).map(|item| item.as_ref().map_err(|corrupt| *corrupt))
    }

    /// Whether an item exists under this key, whatever its attributes are.
    pub fn contains(&self, key: &ItemKey) -> bool {
        self.0.contains_key(key)
    }
}

/// The digest of a text in the form of items.
pub fn sha256_hex(text: &str) -> String {
    crate::digest::Digest::of(text).to_hex()
}
