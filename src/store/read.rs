//! Reading from DynamoDB: the one `BatchGetItem` of a request.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, warn};

use super::{
    StoreUnavailable,
    dynamodb::{DynamoDb, FIRST_BACKOFF, MAX_BACKOFF, too_late, unavailable},
};
use crate::{
    records::{FetchedItems, Item, ItemKey, Table},
    settings::ReadConsistency,
};

/// The maximum number of keys that DynamoDB accepts in one request.
const MAX_BATCH_KEYS: usize = 100;

/// Keys by table, as the SDK represents them in requests and answers.
type KeysByTable = HashMap<String, KeysAndAttributes>;

impl DynamoDb {
    /// Sends one `BatchGetItem`, or as few parallel ones as 100 keys each allow. Unprocessed keys are requested again.
    pub(super) async fn get(
        &self,
        keys: &[ItemKey],
        consistency: ReadConsistency,
        deadline: Instant,
    ) -> Result<FetchedItems, StoreUnavailable> {
        let batches = try_join_all(keys.chunks(MAX_BATCH_KEYS).map(|keys| self.get_batch(keys, consistency)));
        let items = timeout_at(deadline, batches).await.unwrap_or_else(|_| Err(too_late("BatchGetItem")))?;
        Ok(FetchedItems(items.into_iter().flat_map(|FetchedItems(items)| items).collect()))
    }

    async fn get_batch(
        &self,
        keys: &[ItemKey],
        consistency: ReadConsistency,
    ) -> Result<FetchedItems, StoreUnavailable> {
        let mut items = FetchedItems::default();
        let mut wanted: BTreeSet<&ItemKey> = keys.iter().collect();
        let mut backoff = FIRST_BACKOFF;
        while !wanted.is_empty() {
            let request = self.client.batch_get_item().set_request_items(Some(self.request(&wanted, consistency)?));
            let answer = request.send().await.map_err(|error| unavailable("BatchGetItem", &error))?;
            let responses = answer.responses.unwrap_or_default();
            let left = self.left(&wanted, &answer.unprocessed_keys.unwrap_or_default()).ok_or_else(unreadable)?;
            // DynamoDB lists every table of the request, with an empty list if no item exists. If the answer lacks a
            // table, it does not say that the items do not exist.
            if !wanted.difference(&left).all(|key| responses.contains_key(self.table_name(key.table()))) {
                return Err(unreadable());
            }
            for (table, found) in responses {
                for item in found {
                    let key = self.key_of(&wanted, &table, &item).ok_or_else(unreadable)?;
                    items.0.insert(key.clone(), Ok(Item::from(item)));
                }
            }
            wanted = left;
            if !wanted.is_empty() {
                warn!(event = "unprocessed_keys");
                sleep(backoff).await;
                backoff = MAX_BACKOFF.min(backoff * 2);
            }
        }
        Ok(items)
    }

    fn request(
        &self,
        wanted: &BTreeSet<&ItemKey>,
        consistency: ReadConsistency,
    ) -> Result<KeysByTable, StoreUnavailable> {
        let mut ids: HashMap<&str, Vec<HashMap<String, AttributeValue>>> = HashMap::new();
        for key in wanted {
            let id = AttributeValue::S(key.id().to_owned());
            let id = HashMap::from([(key.table().partition_key().to_owned(), id)]);
            ids.entry(self.table_name(key.table())).or_default().push(id);
        }
        let is_strong = consistency == ReadConsistency::Strong;
        let table = |(table, ids): (&str, _)| {
            let keys = KeysAndAttributes::builder().set_keys(Some(ids)).consistent_read(is_strong).build();
            Ok((table.to_owned(), keys.map_err(|_| StoreUnavailable)?))
        };
        ids.into_iter().map(table).collect()
    }

    /// The wanted keys that were left unprocessed. `None` if the server names a key that was not requested, or a table
    /// without keys, because it is then unknown what it left out. Only our own keys are requested again, never what the
    /// server sent.
    fn left<'a>(&self, wanted: &BTreeSet<&'a ItemKey>, unprocessed: &KeysByTable) -> Option<BTreeSet<&'a ItemKey>> {
        let mut left = BTreeSet::new();
        for (table, keys) in unprocessed {
            if keys.keys().is_empty() {
                return None;
            }
            for key in keys.keys() {
                left.insert(self.key_of(wanted, table, key)?);
            }
        }
        Some(left)
    }

    /// The wanted key that these attributes contain. An item without its key does not belong to this table, so it is
    /// not used.
    fn key_of<'a>(
        &self,
        wanted: &BTreeSet<&'a ItemKey>,
        table: &str,
        attributes: &HashMap<String, AttributeValue>,
    ) -> Option<&'a ItemKey> {
        // DynamoDB returns the table's name as it was requested, which may be an ARN.
        let table = Table::ALL.into_iter().find(|known| self.table_name(*known) == table)?;
        let id = attributes.get(table.partition_key())?.as_s().ok()?;
        wanted.iter().find(|key| key.table() == table && key.id() == id).copied()
    }
}

fn unreadable() -> StoreUnavailable {
    error!(event = "store_unavailable", operation = "BatchGetItem", cause = "incomplete answer");
    StoreUnavailable
}
