//! The replay guards: each assertion of `private_key_jwt` and each logout token is used at most once.

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::Instant;

use super::{Store, StoreUnavailable, dynamodb::condition_met};
use crate::records::{ItemKey, Table, UnixTime};

/// Proof that an assertion or a logout token was used for the first time. Only [`Store::use_once`] returns one.
pub struct FirstUse(ItemKey);

impl FirstUse {
    /// Whether this is the first use under this key.
    pub fn is_of(&self, key: &ItemKey) -> bool {
        self.0 == *key
    }
}

impl Store {
    /// Records the first use of an assertion or a logout token with one conditional `PutItem`. The same request may write it again,
    /// because the SDK repeats a write whose answer was lost.
    ///
    /// # Errors
    ///
    /// Returns [`StoreUnavailable`] if it is unknown whether it was used before. It then must not count as a
    /// first use (E-10).
    pub async fn use_once(
        &self,
        key: &ItemKey,
        expires_at: UnixTime,
        request_id: &str,
        deadline: Instant,
    ) -> Result<Option<FirstUse>, StoreUnavailable> {
        let UnixTime(expires_at) = expires_at;
        let request_id = AttributeValue::S(request_id.to_owned());
        let write = self
            .dynamodb
            .client
            .put_item()
            .table_name(self.dynamodb.table_name(Table::State))
            .item("id", AttributeValue::S(key.id().to_owned()))
            .item("request_id", request_id.clone())
            .item("expires_at", AttributeValue::N(expires_at.to_string()))
            // RFC 7523 §3: the server remembers the `jti` for as long as the assertion could be valid (E-08).
            .condition_expression("attribute_not_exists(id) OR request_id = :request_id")
            .expression_attribute_values(":request_id", request_id)
            .send();
        Ok(condition_met(write, deadline).await?.then(|| FirstUse(key.clone())))
    }
}
