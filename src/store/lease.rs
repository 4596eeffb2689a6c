//! The lease of a key fetch.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::{Instant, timeout_at};

use super::{Store, StoreUnavailable, dynamodb::is_met};
use crate::records::{FetchLease, ItemKey, Table};

/// How long an ended lease is kept, in seconds. It is only read by those that wait for it.
const KEPT_SECONDS: i64 = 3600;

impl Store {
    /// Takes the lease, unless another environment holds it, or writes how the fetch of its holder ended. Returns whether
    /// it was written.
    ///
    /// # Errors
    ///
    /// Returns [`StoreUnavailable`] if it is unknown whether the lease was written.
    pub async fn put_lease(
        &self,
        key: &ItemKey,
        lease: &FetchLease,
        now: i64,
        deadline: Instant,
    ) -> Result<bool, StoreUnavailable> {
        let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(lease).map_err(|_| StoreUnavailable)?;
        let number = |number: i64| AttributeValue::N(number.to_string());
        let write = self
            .dynamodb
            .client
            .put_item()
            .table_name(self.dynamodb.table_name(Table::State))
            .set_item(Some(item))
            .item("id", AttributeValue::S(key.id().to_owned()))
            .item("expires_at", number(now.saturating_add(KEPT_SECONDS)))
            // Also overwrites leases that can never end, and those of another key host.
            .condition_expression(
                "NOT attribute_type(held_until, :number) OR held_until <= :now OR held_until > :latest \
                 OR holder = :holder OR jwks_uri <> :uri",
            )
            .expression_attribute_values(":number", AttributeValue::S("N".to_owned()))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":latest", number(now.saturating_add(2 * FetchLease::LIFETIME_SECONDS)))
            .expression_attribute_values(":holder", AttributeValue::S(lease.holder.clone()))
            .expression_attribute_values(":uri", AttributeValue::S(lease.jwks_uri.clone()))
            .send();
        timeout_at(deadline, write).await.map_or(Err(StoreUnavailable), is_met)
    }
}
