//! The canary in the state table: what a Redis server that has not lost its data has too.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::{Instant, timeout_at};

use super::{
    StoreUnavailable,
    dynamodb::{DynamoDb, cause_of, is_met, too_late},
};
use crate::{
    records::{Canary, CanaryCopy, ItemKey, Table},
    settings::ReadConsistency,
};

/// The result of recording a canary for which the state table had none.
pub(super) enum CanaryWrite {
    Written,
    /// Another environment, or the operator's tool, has recorded one in the meantime.
    Exists,
    /// The function's role may not write the item.
    NotAllowed,
}

impl DynamoDb {
    /// Reads the expected canary, always strongly consistently: an old one would be a loss that never happened.
    pub(super) async fn expected_canary(&self, deadline: Instant) -> Result<CanaryCopy, StoreUnavailable> {
        let key = ItemKey::expected_canary();
        let items = self.get(std::slice::from_ref(&key), ReadConsistency::Strong, deadline).await?;
        Ok(CanaryCopy::from_items(&items, &key))
    }

    /// Records a canary, if none is recorded.
    pub(super) async fn record_canary(
        &self,
        canary: &Canary,
        deadline: Instant,
    ) -> Result<CanaryWrite, StoreUnavailable> {
        let item: HashMap<_, AttributeValue> =
            canary.attributes().into_iter().map(|(name, value)| (name, value.into())).collect();
        let write = self
            .client
            .put_item()
            .table_name(self.table_name(Table::State))
            .set_item(Some(item))
            .item("id", AttributeValue::S(ItemKey::expected_canary().id().to_owned()))
            .condition_expression("attribute_not_exists(id)")
            .send();
        match timeout_at(deadline, write).await {
            Err(_) => Err(too_late("PutItem")),
            Ok(Err(error)) if cause_of(&error) == "AccessDeniedException" => Ok(CanaryWrite::NotAllowed),
            Ok(answer) => is_met(answer).map(|met| if met { CanaryWrite::Written } else { CanaryWrite::Exists }),
        }
    }
}
