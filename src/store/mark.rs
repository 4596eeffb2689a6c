//! Writes revocation marks in DynamoDB, with the only two operations that the function may use there: `BatchGetItem`
//! and `PutItem`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::Instant;
use tracing::error;

use super::{
    MARK_ATTEMPTS, StoreUnavailable,
    dynamodb::{DynamoDb, condition_met},
};
use crate::{
    records::{Item, ItemKey, NewMark, Table, strengthened},
    settings::ReadConsistency,
};

/// The attributes that a mark may have. If an existing mark lacks one of them, it must still lack it when it is
/// replaced.
const ATTRIBUTES: [&str; 4] = ["not_before", "except_sid", "expires_at", "reason"];
/// The maximum number of attributes that are compared before an item is replaced. DynamoDB accepts at most 300
/// operators in a condition.
const MAX_COMPARED: usize = 100;

/// A write that depends on what is stored.
struct ConditionalPut {
    attributes: HashMap<String, AttributeValue>,
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl DynamoDb {
    /// Writes a mark. An existing mark keeps its other attributes, and is never weakened.
    pub(super) async fn put_mark(&self, mark: &NewMark, deadline: Instant) -> Result<(), StoreUnavailable> {
        let key = &mark.key;
        if self.put(key, ConditionalPut::new(mark), deadline).await? {
            return Ok(());
        }
        for _ in 0..MARK_ATTEMPTS {
            let items = self.get(std::slice::from_ref(key), ReadConsistency::Strong, deadline).await?;
            let put = match items.item(key) {
                // The existing mark was deleted in the meantime.
                None => ConditionalPut::new(mark),
                Some(item) => {
                    let item = item.map_err(|_| StoreUnavailable)?;
                    let Some(attributes) = strengthened(item, mark) else {
                        return Ok(());
                    };
                    ConditionalPut::over(item, attributes)
                }
            };
            if self.put(key, put, deadline).await? {
                return Ok(());
            }
        }
        error!(event = "store_unavailable", operation = "PutItem", cause = "other writers kept changing the mark");
        Err(StoreUnavailable)
    }

    /// Returns whether the condition was met.
    async fn put(&self, key: &ItemKey, put: ConditionalPut, deadline: Instant) -> Result<bool, StoreUnavailable> {
        let write = self
            .client
            .put_item()
            .table_name(self.table_name(Table::Tokens))
            .set_item(Some(put.attributes))
            .item("id", AttributeValue::S(key.id().to_owned()))
            .condition_expression(put.condition)
            .set_expression_attribute_names(Some(put.names))
            .set_expression_attribute_values((!put.values.is_empty()).then_some(put.values))
            .send();
        condition_met(write, deadline).await
    }
}

impl ConditionalPut {
    /// Writes a mark if none exists.
    fn new(mark: &NewMark) -> Self {
        Self {
            attributes: aws(mark.attributes()),
            condition: "attribute_not_exists(#id)".to_owned(),
            names: HashMap::from([("#id".to_owned(), "id".to_owned())]),
            values: HashMap::new(),
        }
    }

    /// Replaces an item by these attributes, if it has not changed since it was read.
    fn over(item: &Item, attributes: HashMap<String, serde_dynamo::AttributeValue>) -> Self {
        let mut put = Self {
            attributes: aws(attributes),
            condition: String::new(),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        let absent = ATTRIBUTES.into_iter().filter(|name| !item.contains_key(*name)).map(|name| (name, None));
        let present = item.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
        let conditions = absent.chain(present).take(MAX_COMPARED).enumerate().map(|(number, (name, value))| {
            put.names.insert(format!("#n{number}"), name.to_owned());
            let Some(value) = value else { return format!("attribute_not_exists(#n{number})") };
            put.values.insert(format!(":v{number}"), value.into());
            format!("#n{number} = :v{number}")
        });
        put.condition = conditions.collect::<Vec<_>>().join(" AND ");
        put
    }
}

fn aws(attributes: HashMap<String, serde_dynamo::AttributeValue>) -> HashMap<String, AttributeValue> {
    attributes.into_iter().map(|(name, value)| (name, value.into())).collect()
}
