//! DynamoDB through the official SDK: the one round trip of a request, and the writes.

use std::{collections::HashMap, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::put_item::PutItemError,
    types::{AttributeValue, KeysAndAttributes},
};
use futures_util::future::try_join_all;
use tokio::time::{Instant, error::Elapsed, sleep, timeout_at};
use tracing::{error, warn};

use super::{MARK_REASON, Unavailable};
use crate::{
    records::{Item, Items, Key, Seconds, Snapshot, Table},
    settings::TableNames,
};

/// To open a connection; within a Region it takes a few milliseconds. These limits are Redis's as well.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);
/// For one attempt; DynamoDB's slowest reads of a single item take a tenth of it.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(600);
/// For all attempts together. The deadline of the invocation, where it is nearer, ends them sooner.
pub(super) const TOTAL_TIMEOUT: Duration = Duration::from_millis(1500);
/// DynamoDB takes no more in one request.
const MAX_BATCH_KEYS: usize = 100;
pub(super) const ATTEMPTS: u32 = 3;
pub(super) const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_millis(200);

/// The three tables in DynamoDB, or two where Redis has the third.
#[derive(Clone)]
pub(super) struct DynamoDb {
    pub client: Client,
    pub tables: TableNames,
}

impl DynamoDb {
    /// Configures the client, with our time limits. Sends nothing.
    pub fn with_config(config: &SdkConfig, tables: TableNames) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(TOTAL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF);
        let config = aws_sdk_dynamodb::config::Builder::from(config).timeout_config(timeouts).retry_config(retries);
        Self { client: Client::from_conf(config.build()), tables }
    }

    /// One strongly consistent `BatchGetItem`, or as few at once as 100 keys each allow; what DynamoDB leaves
    /// unprocessed is asked for again.
    pub async fn get(&self, keys: &[Key], deadline: Instant) -> Result<Items, Unavailable> {
        let batches = try_join_all(keys.chunks(MAX_BATCH_KEYS).map(|keys| self.get_batch(keys)));
        let items = timeout_at(deadline, batches).await.unwrap_or_else(|_| {
            error!(event = "store_unavailable", operation = "BatchGetItem", cause = "deadline");
            Err(Unavailable)
        })?;
        Ok(Items(items.into_iter().flat_map(|Items(items)| items).collect()))
    }

    async fn get_batch(&self, keys: &[Key]) -> Result<Items, Unavailable> {
        let mut items = Items::default();
        let mut wanted = self.wanted(keys);
        let mut backoff = FIRST_BACKOFF;
        while !wanted.is_empty() {
            let answer = self.client.batch_get_item().set_request_items(Some(wanted)).send().await;
            let answer = answer.map_err(|error| unavailable("BatchGetItem", &error))?;
            // An answer that says nothing is not one that says "nothing there".
            for (table, found) in answer.responses.ok_or(Unavailable)? {
                let (table, attribute) = self.table_of(&table).ok_or(Unavailable)?;
                for item in found {
                    // An item without its key is no item of this table; believing the rest is out of the question.
                    let Some(Ok(id)) = item.get(attribute).map(AttributeValue::as_s) else { return Err(Unavailable) };
                    let key = keys.iter().find(|key| key.table() == table && key.id() == id).ok_or(Unavailable)?;
                    items.0.insert(key.clone(), Ok(Item::from(item)));
                }
            }
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if !wanted.is_empty() {
                warn!(event = "unprocessed_keys");
                sleep(backoff).await;
                backoff = LONGEST_BACKOFF.min(backoff * 2);
            }
        }
        Ok(items)
    }

    pub async fn put_snapshot(&self, key: &Key, snapshot: &Snapshot, deadline: Instant) -> Result<(), Unavailable> {
        let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(snapshot).map_err(|_| Unavailable)?;
        let number = |number: i64| AttributeValue::N(number.to_string());
        let write = self
            .client
            .put_item()
            .table_name(self.table_name(Table::State))
            .set_item(Some(item))
            .item("id", AttributeValue::S(key.id().to_owned()))
            .item("expires_at", number(snapshot.fetched_at + Snapshot::LIFETIME_SECONDS))
            // One that nobody can date, from the future or from another place would otherwise stand for ever.
            .condition_expression(
                "NOT attribute_type(fetched_at, :number) OR fetched_at < :mine OR fetched_at > :future \
                 OR jwks_uri <> :uri",
            )
            .expression_attribute_values(":number", AttributeValue::S("N".to_owned()))
            .expression_attribute_values(":mine", number(snapshot.fetched_at))
            .expression_attribute_values(":future", number(snapshot.fetched_at + Snapshot::LIFETIME_SECONDS))
            .expression_attribute_values(":uri", AttributeValue::S(snapshot.jwks_uri.clone()))
            .send();
        written(timeout_at(deadline, write).await)
    }

    pub async fn put_mark(&self, key: &Key, expires_at: Option<Seconds>, deadline: Instant) -> Result<(), Unavailable> {
        let expires_at = expires_at.map(|Seconds(seconds)| AttributeValue::N(seconds.to_string()));
        let ends_sooner = if expires_at.is_some() { "expires_at < :until" } else { "attribute_exists(expires_at)" };
        let write = self
            .client
            .put_item()
            .table_name(self.table_name(Table::Tokens))
            .set_item(expires_at.clone().map(|time| HashMap::from([("expires_at".to_owned(), time)])))
            .item("id", AttributeValue::S(key.id().to_owned()))
            .item("reason", AttributeValue::S(MARK_REASON.to_owned()))
            .condition_expression(format!("attribute_not_exists(id) OR attribute_exists(not_before) OR {ends_sooner}"))
            .set_expression_attribute_values(expires_at.map(|time| HashMap::from([(":until".to_owned(), time)])))
            .send();
        written(timeout_at(deadline, write).await)
    }

    fn wanted(&self, keys: &[Key]) -> HashMap<String, KeysAndAttributes> {
        let mut wanted: HashMap<String, Vec<HashMap<String, AttributeValue>>> = HashMap::new();
        for key in keys {
            let attribute = partition_key(key.table());
            let id = HashMap::from([(attribute.to_owned(), AttributeValue::S(key.id().to_owned()))]);
            wanted.entry(self.table_name(key.table()).to_owned()).or_default().push(id);
        }
        wanted
            .into_iter()
            .filter_map(|(table, keys)| {
                let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build().ok()?;
                Some((table, keys))
            })
            .collect()
    }

    pub fn table_name(&self, table: Table) -> &str {
        match table {
            Table::Clients => &self.tables.clients,
            Table::Tokens => &self.tables.tokens,
            Table::State => &self.tables.state,
        }
    }

    fn table_of(&self, name: &str) -> Option<(Table, &'static str)> {
        // DynamoDB answers with the name it was asked by, be it a name or an ARN.
        [Table::Clients, Table::Tokens, Table::State]
            .into_iter()
            .find(|table| self.table_name(*table) == name)
            .map(|table| (table, partition_key(table)))
    }
}

/// The SDK's configuration from its standard variables. Sends nothing.
pub async fn configuration() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).load().await
}

/// A conditional write has done its work where the item that it met is as good.
fn written<T>(answer: Result<Result<T, SdkError<PutItemError>>, Elapsed>) -> Result<(), Unavailable> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
            Ok(())
        }
        Ok(Err(error)) => Err(unavailable("PutItem", &error)),
        Err(_) => Err(Unavailable),
    }
}

/// The attribute that is a table's partition key.
pub(super) fn partition_key(table: Table) -> &'static str {
    match table {
        Table::Clients => "client_id",
        Table::Tokens | Table::State => "id",
    }
}

/// Logs which kind of failure it was.
pub(super) fn unavailable<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> Unavailable {
    error!(event = "store_unavailable", operation, cause = cause_of(error));
    Unavailable
}

/// Which kind of failure it was, for the log. The error's text may quote keys, so it stays out of there.
pub fn cause_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection",
        SdkError::ResponseError(_) => "unreadable response",
        SdkError::ServiceError(service) => service.err().code().unwrap_or("service error"),
        _ => "request",
    }
}
