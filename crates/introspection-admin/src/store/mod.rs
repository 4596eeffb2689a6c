//! What the operator's tool does with the tables and the function never does: it writes clients, token records and
//! marks, lists clients and creates tables. No request of a caller gets here.

mod failure;
mod function;
mod tables;
mod tokens;

use std::{collections::HashMap, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{
        ConfigBag, Intercept, ProvideCredentials, Region, interceptors::BeforeSerializationInterceptorContextRef,
    },
    error::BoxError,
    operation::batch_get_item::BatchGetItemInput,
    types::AttributeValue,
};
use futures_util::future::try_join_all;
use token_introspection::{
    records::{FetchedItems, Item, ItemKey, Table},
    settings::{ProxySettings, RedisUrl, SettingError, TableNames},
    store::{Redis, RedisLimits, Store, http_client},
};

use self::failure::failure;
pub use self::{
    failure::AdminError,
    function::{FunctionFailure, deployed_variables},
    tables::TimeToLive,
};

/// An operator may be far away from the Region and can wait, so these limits are longer than the function's.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const REDIS_LIMITS: RedisLimits =
    RedisLimits { connect: CONNECT_TIMEOUT, attempt: ATTEMPT_TIMEOUT, total: Duration::from_secs(15) };

/// The location of DynamoDB, if the SDK's standard variables do not name it.
#[derive(Clone, Default)]
pub struct Connection {
    pub endpoint_url: Option<String>,
    pub region: Option<String>,
    /// The endpoint of Lambda, for reading deployed functions.
    pub lambda_endpoint_url: Option<String>,
    /// The configuration of the program that contains the tool, in place of everything above.
    pub prepared: Option<SdkConfig>,
}

/// The SDK's configuration: endpoint, Region and credentials are found as in every AWS tool.
async fn configuration(connection: &Connection) -> Result<SdkConfig, AdminError> {
    if let Some(prepared) = &connection.prepared {
        let client = http_client(CONNECT_TIMEOUT, &ProxySettings::default());
        return Ok(prepared.to_builder().http_client(client).build());
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(TOTAL_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(CONNECT_TIMEOUT, &proxies()?))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_initial_backoff(FIRST_BACKOFF));
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &connection.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(AdminError::NoRegion);
    }
    let credentials = config.credentials_provider().ok_or(AdminError::NoCredentials)?;
    credentials.provide_credentials().await.map_err(|_| AdminError::NoCredentials)?;
    Ok(config)
}

/// The proxy of the environment's variables.
fn proxies() -> Result<ProxySettings, SettingError> {
    ProxySettings::read(|name| std::env::var(name).ok())
}

/// The three tables, with the operator's rights.
pub struct AdminStore {
    client: Client,
    tables: TableNames,
    /// The tokens table, if it is not in DynamoDB.
    redis: Option<Redis>,
}

/// Changes to one existing item. Attributes that it does not name are kept, including those of other programs.
#[derive(Default)]
pub struct Change {
    pub set: HashMap<String, serde_dynamo::AttributeValue>,
    pub remove: Vec<&'static str>,
    /// Attributes that must still have the value that was read. `None` means absent.
    pub unchanged: Vec<(&'static str, Option<serde_dynamo::AttributeValue>)>,
}

impl AdminStore {
    /// Finds endpoint, Region and credentials as every AWS tool does. No request is sent yet.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError::NoRegion`], [`AdminError::NoCredentials`] or [`AdminError::Setting`] if one of them is
    /// missing or wrong.
    pub async fn open(
        tables: TableNames,
        redis_url: Option<&RedisUrl>,
        connection: Connection,
    ) -> Result<Self, AdminError> {
        let redis = redis_url.map(|url| Redis::new(url, REDIS_LIMITS)).transpose()?;
        let client = Client::new(&configuration(&connection).await?);
        Ok(Self { client, tables, redis })
    }

    /// The tables that are in DynamoDB.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = vec![Table::Clients, Table::Tokens, Table::State];
        tables.retain(|table| *table != Table::Tokens || self.redis.is_none());
        tables
    }

    /// The item under this key of a table in DynamoDB, with a strongly consistent read.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError`] if it is unknown whether the item exists.
    pub async fn item(&self, key: &ItemKey) -> Result<Option<Item>, AdminError> {
        let table = self.tables.name(key.table());
        let request = self.client.get_item().table_name(table).consistent_read(true);
        let answer = request.set_key(Some(primary_key(key))).send().await;
        Ok(answer.map_err(|error| failure("GetItem", table, &error))?.item.map(Item::from))
    }

    /// The items under these keys, to be judged by the library.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError`] if one of them could not be read.
    pub async fn items(&self, keys: &[ItemKey]) -> Result<FetchedItems, AdminError> {
        let (in_redis, others): (Vec<_>, Vec<_>) = keys.iter().cloned().partition(|key| self.redis_of(key).is_some());
        let found = try_join_all(others.iter().map(|key| self.item(key))).await?;
        let found = others.into_iter().zip(found).filter_map(|(key, item)| Some((key, Ok(item?))));
        let mut items = FetchedItems(found.collect());
        if let Some(redis) = &self.redis {
            items.0.extend(tokens::items(redis, &in_redis).await?.0);
        }
        Ok(items)
    }

    /// Every item of the clients table.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError`] if a page could not be read, because half a list would be misleading.
    pub async fn clients(&self) -> Result<Vec<Item>, AdminError> {
        let table = self.tables.name(Table::Clients);
        let mut pages = self.client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        let mut clients = Vec::new();
        while let Some(item) = pages.next().await {
            clients.push(item.map_err(|error| failure("Scan", table, &error))?.into());
        }
        Ok(clients)
    }

    /// Passes each item of a table in DynamoDB to `look`, and the number of items so far after each page to `progress`.
    /// The reads are eventually consistent, which costs half as much.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError`] if a page could not be read.
    pub async fn scan(
        &self,
        table: Table,
        mut look: impl FnMut(Item),
        mut progress: impl FnMut(u64),
    ) -> Result<u64, AdminError> {
        let name = self.tables.name(table);
        let mut pages = self.client.scan().table_name(name).into_paginator().send();
        let mut items = 0;
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| failure("Scan", name, &error))?.items.unwrap_or_default() {
                items += 1;
                look(item.into());
            }
            progress(items);
        }
        Ok(items)
    }

    /// The name of a table in the account.
    pub fn table_name(&self, table: Table) -> &str {
        self.tables.name(table)
    }

    /// Writes an item that does not exist yet.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError::Condition`] if the item exists. It is not changed.
    pub async fn insert(
        &self,
        key: &ItemKey,
        attributes: HashMap<String, serde_dynamo::AttributeValue>,
    ) -> Result<(), AdminError> {
        if let Some(redis) = self.redis_of(key) {
            return tokens::insert(redis, key, attributes).await?.then_some(()).ok_or(AdminError::Condition);
        }
        let table = self.tables.name(key.table());
        let item: HashMap<_, AttributeValue> =
            attributes.into_iter().map(|(name, value)| (name, value.into())).chain(primary_key(key)).collect();
        let request = self.client.put_item().table_name(table).set_item(Some(item));
        let answer = request
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", key.table().partition_key())
            .send()
            .await;
        answer.map(drop).map_err(|error| failure("PutItem", table, &error))
    }

    /// Changes an existing item.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError::Condition`] if the item does not exist or has changed since it was read. It is not
    /// changed.
    pub async fn update(&self, key: &ItemKey, change: Change) -> Result<(), AdminError> {
        if let Some(redis) = self.redis_of(key) {
            return tokens::update(redis, key, change).await?.then_some(()).ok_or(AdminError::Condition);
        }
        let table = self.tables.name(key.table());
        let mut request = self.client.update_item().table_name(table).set_key(Some(primary_key(key)));
        request = request.expression_attribute_names("#key", key.table().partition_key());
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        let mut conditions = vec!["attribute_exists(#key)".to_owned()];
        for (number, (name, value)) in change.set.into_iter().enumerate() {
            request = request.expression_attribute_names(format!("#set{number}"), name);
            request = request.expression_attribute_values(format!(":set{number}"), value.into());
            sets.push(format!("#set{number} = :set{number}"));
        }
        for (number, name) in change.remove.into_iter().enumerate() {
            request = request.expression_attribute_names(format!("#remove{number}"), name);
            removes.push(format!("#remove{number}"));
        }
        for (number, (name, value)) in change.unchanged.into_iter().enumerate() {
            request = request.expression_attribute_names(format!("#old{number}"), name);
            conditions.push(match value {
                None => format!("attribute_not_exists(#old{number})"),
                Some(value) => {
                    request = request.expression_attribute_values(format!(":old{number}"), value.into());
                    format!("#old{number} = :old{number}")
                }
            });
        }
        let clause =
            |verb: &str, terms: Vec<String>| (!terms.is_empty()).then(|| format!("{verb} {}", terms.join(", ")));
        let update: Vec<_> = [clause("SET", sets), clause("REMOVE", removes)].into_iter().flatten().collect();
        let request = request.update_expression(update.join(" ")).condition_expression(conditions.join(" AND "));
        request.send().await.map(drop).map_err(|error| failure("UpdateItem", table, &error))
    }

    /// The same store as the library's type, but only for reading. Only the function writes the state table, so key
    /// sets that `explain` fetches are not shared.
    pub fn read_only_store(&self) -> Store {
        let config = self.client.config().to_builder().interceptor(ReadOnly);
        Store::with_clients(Client::from_conf(config.build()), self.tables.clone(), self.redis.clone())
    }

    /// Redis, if it contains the item under this key.
    fn redis_of(&self, key: &ItemKey) -> Option<&Redis> {
        self.redis.as_ref().filter(|_| key.table() == Table::Tokens)
    }
}

/// Stops every operation except reads before it is sent.
#[derive(Debug)]
struct ReadOnly;

impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let reads = context.input().downcast_ref::<BatchGetItemInput>().is_some();
        if reads { Ok(()) } else { Err("this store is read-only".into()) }
    }
}

fn primary_key(key: &ItemKey) -> HashMap<String, AttributeValue> {
    HashMap::from([(key.table().partition_key().to_owned(), AttributeValue::S(key.id().to_owned()))])
}
