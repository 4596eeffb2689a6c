//! The replay guard of `private_key_jwt`: an assertion is used once.

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::Instant;

use super::{Store, StoreUnavailable, dynamodb::condition_met};
use crate::records::{ItemKey, Table, UnixTime};

/// Proof that an assertion was used for the first time. [`Store::use_once`] is the only way to get one.
pub struct FirstUse(ItemKey);

impl FirstUse {
    /// Whether it is the first use under that key.
    pub fn is_of(&self, key: &ItemKey) -> bool {
        self.0 == *key
    }
}

impl Store {
    /// Writes the use of an assertion, if there was none, in one conditional `PutItem`. The same request may write
    /// it again: the SDK repeats a write whose answer was lost.
    ///
    /// # Errors
    ///
    /// [`StoreUnavailable`], if it is not known whether there was one: nothing may be taken for a first use then
    /// (E-10).
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
            // RFC 7523 §3: the server remembers the `jti` as long as the assertion could be valid (E-08).
            .condition_expression("attribute_not_exists(id) OR request_id = :request_id")
            .expression_attribute_values(":request_id", request_id)
            .send();
        Ok(condition_met(write, deadline).await?.then(|| FirstUse(key.clone())))
    }
}
