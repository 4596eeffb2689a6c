//! The item keys of the three tables. All item keys of a request can be derived from the request itself.

use crate::digest::Digest;

/// The maximum size in bytes. DynamoDB refuses a whole batch if one key is empty or longer.
const MAX_KEY_BYTES: usize = 2048;

/// The id of the canary of the tokens table, in Redis and in the state table.
const CANARY: &str = "canary#tokens";

/// One of the three tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    Clients,
    Tokens,
    State,
}

impl Table {
    pub const ALL: [Self; 3] = [Self::Clients, Self::Tokens, Self::State];

    /// The name of its partition key.
    pub const fn partition_key(self) -> &'static str {
        match self {
            Self::Clients => "client_id",
            Self::Tokens | Self::State => "id",
        }
    }
}

/// The primary key of one item. It contains client ids, token identifiers and subjects, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemKey {
    table: Table,
    id: String,
}

/// The id is empty or overlong, so DynamoDB would refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidItemKey;

impl ItemKey {
    /// The record of a client.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidItemKey`] if the id is empty or overlong. An attacker's odd client id must not fail the whole
    /// batch.
    pub fn client(client_id: &str) -> Result<Self, InvalidItemKey> {
        Self::new(Table::Clients, client_id.to_owned())
    }

    /// The record of an opaque token, by the digest of its text. RFC 6749 §10.3: tokens must be kept confidential in
    /// storage too, so their text is never stored (O-05).
    pub fn token(digest: &Digest) -> Self {
        Self { table: Table::Tokens, id: format!("token#{}", digest.to_hex()) }
    }

    /// The mark that revokes one opaque token.
    pub fn revoked(digest: &Digest) -> Self {
        Self { table: Table::Tokens, id: format!("revoked#{}", digest.to_hex()) }
    }

    /// The mark that revokes one JWT without `jti`, by the digest of its signing input.
    pub fn jwt(digest: &Digest) -> Self {
        Self { table: Table::Tokens, id: format!("jwt#{}", digest.to_hex()) }
    }

    /// A mark on an issuer, or on one thing of that issuer: `prefix#issuer` or `prefix#issuer#name`.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidItemKey`] if the id is overlong.
    pub fn mark(prefix: &str, issuer: &str, name: Option<&str>) -> Result<Self, InvalidItemKey> {
        Self::new(
            Table::Tokens,
            match name {
                Some(name) => format!("{prefix}#{issuer}#{name}"),
                None => format!("{prefix}#{issuer}"),
            },
        )
    }

    /// The shared snapshot of an issuer's keys.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidItemKey`] if the issuer's identifier is overlong.
    pub fn snapshot(issuer: &str) -> Result<Self, InvalidItemKey> {
        Self::new(Table::State, format!("jwks#{issuer}"))
    }

    /// The lease of an issuer's key fetch.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidItemKey`] if the issuer's identifier is overlong.
    pub fn fetch_lease(issuer: &str) -> Result<Self, InvalidItemKey> {
        Self::new(Table::State, format!("fetch#{issuer}"))
    }

    /// The replay guard of an assertion. The NUL separates the two parts unambiguously, because no client id contains
    /// control characters.
    pub fn assertion(client_id: &str, jti: &str) -> Self {
        Self { table: Table::State, id: format!("assertion#{}", Digest::of(format!("{client_id}\0{jti}")).to_hex()) }
    }

    /// The replay guard of a logout token. The NUL separates the two parts unambiguously, because no issuer identifier
    /// contains control characters.
    pub fn log_out(issuer: &str, jti: &str) -> Self {
        Self { table: Table::State, id: format!("logout#{}", Digest::of(format!("{issuer}\0{jti}")).to_hex()) }
    }

    /// The replay guard of a proof by `DPoP`, by the thumbprint of its key. The NUL separates the two parts unambiguously,
    /// because a thumbprint is base64url.
    pub fn proof(thumbprint: &str, jti: &str) -> Self {
        Self { table: Table::State, id: format!("proof#{}", Digest::of(format!("{thumbprint}\0{jti}")).to_hex()) }
    }

    /// The canary in Redis, beside the records and marks. No record or mark has this prefix.
    pub fn canary() -> Self {
        Self { table: Table::Tokens, id: CANARY.to_owned() }
    }

    /// The canary that is expected in Redis.
    pub fn expected_canary() -> Self {
        Self { table: Table::State, id: CANARY.to_owned() }
    }

    /// An item key that never has an item, `number` of them for each digest. Reading it makes an unknown token cost the
    /// same as a known one.
    pub fn padding(digest: &Digest, number: usize) -> Self {
        Self { table: Table::Tokens, id: format!("nothing#{}#{number}", digest.to_hex()) }
    }

    pub fn table(&self) -> Table {
        self.table
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    fn new(table: Table, id: String) -> Result<Self, InvalidItemKey> {
        if id.is_empty() || id.len() > MAX_KEY_BYTES { Err(InvalidItemKey) } else { Ok(Self { table, id }) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MarkKind, *};

    #[test]
    fn keys_have_the_form_of_the_contract() {
        let id = |key: Result<ItemKey, InvalidItemKey>| key.map(|key| key.id().to_owned());
        assert_eq!(id(ItemKey::client("api")), Ok("api".into()));
        let (digest, hex) = (Digest::of("d"), Digest::of("d").to_hex());
        assert_eq!(id(Ok(ItemKey::token(&digest))), Ok(format!("token#{hex}")));
        assert_eq!(id(Ok(ItemKey::revoked(&digest))), Ok(format!("revoked#{hex}")));
        assert_eq!(id(Ok(ItemKey::jwt(&digest))), Ok(format!("jwt#{hex}")));
        assert_eq!(id(ItemKey::mark("jti", "https://a", Some("1#2"))), Ok("jti#https://a#1#2".into()));
        assert_eq!(id(ItemKey::mark("iss", "https://a", None)), Ok("iss#https://a".into()));
        assert_eq!(id(ItemKey::snapshot("https://a")), Ok("jwks#https://a".into()));
        assert_eq!(
            id(Ok(ItemKey::assertion("api", "1"))),
            Ok(format!("assertion#{}", Digest::of("api\x001").to_hex()))
        );
        assert_eq!(
            id(Ok(ItemKey::log_out("https://a", "1"))),
            Ok(format!("logout#{}", Digest::of("https://a\x001").to_hex()))
        );
        for (key, table) in [(ItemKey::canary(), Table::Tokens), (ItemKey::expected_canary(), Table::State)] {
            assert!(key.table() == table && key.id() == "canary#tokens" && MarkKind::of_id(key.id()).is_none());
        }
    }

    #[test]
    fn b18_empty_and_overlong_names_are_not_valid_keys() {
        assert!(ItemKey::client("").is_err());
        assert!(ItemKey::client(&"x".repeat(2048)).is_ok());
        assert!(ItemKey::client(&"x".repeat(2049)).is_err());
        assert!(ItemKey::client(&"é".repeat(1025)).is_err());
        assert!(ItemKey::mark("sub", "https://a", Some(&"x".repeat(2040))).is_err());
    }
}
