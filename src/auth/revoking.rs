//! Clients of the revocation endpoint, which public clients may use too (RFC 7009 §5).

use super::{AuthError, Caller, Client, Found, registered};
use crate::{
    auth_method::AuthMethod,
    records::{ClientRecord, FetchedItems, ItemKey},
    settings::Settings,
    token::Claims,
};

/// A client that may revoke the tokens that were issued to it: an authenticated caller, or a public client that named
/// itself. It never becomes a [`Caller`], so a public client cannot introspect.
pub struct RevokingClient {
    client: Client,
    is_public: bool,
}

impl RevokingClient {
    /// Accepts the client id of a public client instead of credentials.
    ///
    /// # Errors
    ///
    /// Returns [`AuthError`] if the client does not exist, or if it is able to authenticate but did not.
    pub fn public(key: Option<&ItemKey>, items: &FetchedItems, settings: &Settings) -> Result<Self, AuthError> {
        let found: Found = key.map_or(Ok(None), |key| items.record::<ClientRecord>(key));
        let record = registered(found, AuthMethod::None, &[AuthMethod::None])?;
        let client_id = key.map(ItemKey::id).unwrap_or_default();
        Ok(Self { client: Client::new(client_id, record, settings), is_public: true })
    }

    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        self.client.client_id()
    }

    /// Whether it has proved nothing: anyone can send its id.
    pub fn is_public(&self) -> bool {
        self.is_public
    }

    /// Whether a token with these claims was issued to this client.
    pub fn was_issued(&self, claims: &Claims) -> bool {
        self.client.was_issued(claims)
    }
}

impl From<Caller> for RevokingClient {
    fn from(Caller(client): Caller) -> Self {
        Self { client, is_public: false }
    }
}
