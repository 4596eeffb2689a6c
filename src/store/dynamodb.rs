//! DynamoDB through the official SDK: the client with our time limits, and code that reads and writes share.

use std::{collections::HashMap, time::Duration};

use aws_config::{
    BehaviorVersion, SdkConfig, environment::EnvironmentVariableCredentialsProvider, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::put_item::{PutItemError, PutItemOutput},
    types::AttributeValue,
};
use tokio::time::{Instant, timeout_at};
use tracing::error;

use super::{StoreUnavailable, reconnect::http_client};
use crate::{
    records::{ItemKey, Snapshot, Table},
    settings::{ProxySettings, TableNames},
};

/// The time limit for opening a connection. Within a Region it takes a few milliseconds. Redis has the same limits.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);
/// The time limit of one attempt. DynamoDB's slowest reads of a single item take a tenth of it.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(600);
/// The time limit of all attempts together. The deadline of the invocation may end them earlier.
pub(super) const TOTAL_TIMEOUT: Duration = Duration::from_millis(1500);
pub(super) const ATTEMPTS: u32 = 3;
pub(super) const FIRST_BACKOFF: Duration = Duration::from_millis(20);
pub(super) const MAX_BACKOFF: Duration = Duration::from_millis(200);

/// The three tables in DynamoDB, or two of them if Redis has the third.
#[derive(Clone)]
pub(super) struct DynamoDb {
    pub client: Client,
    pub tables: TableNames,
}

impl DynamoDb {
    /// Configures the client with our time limits. No request is sent yet.
    pub fn with_config(config: &SdkConfig, tables: TableNames, proxies: &ProxySettings) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(TOTAL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts)
            .retry_config(retries)
            .http_client(http_client(CONNECT_TIMEOUT, proxies));
        Self { client: Client::from_conf(config.build()), tables }
    }

    pub async fn put_snapshot(
        &self,
        key: &ItemKey,
        snapshot: &Snapshot,
        deadline: Instant,
    ) -> Result<(), StoreUnavailable> {
        let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(snapshot).map_err(|_| StoreUnavailable)?;
        let number = |number: i64| AttributeValue::N(number.to_string());
        let write = self
            .client
            .put_item()
            .table_name(self.table_name(Table::State))
            .set_item(Some(item))
            .item("id", AttributeValue::S(key.id().to_owned()))
            .item("expires_at", number(snapshot.fetched_at + Snapshot::LIFETIME_SECONDS))
            // Also overwrites snapshots with an invalid or future `fetched_at` or another `jwks_uri`; they would never
            // expire otherwise.
            .condition_expression(
                "NOT attribute_type(fetched_at, :number) OR fetched_at < :mine OR fetched_at > :future \
                 OR jwks_uri <> :uri",
            )
            .expression_attribute_values(":number", AttributeValue::S("N".to_owned()))
            .expression_attribute_values(":mine", number(snapshot.fetched_at))
            .expression_attribute_values(":future", number(snapshot.fetched_at + Snapshot::LIFETIME_SECONDS))
            .expression_attribute_values(":uri", AttributeValue::S(snapshot.jwks_uri.clone()))
            .send();
        // If the condition fails, an equivalent or newer snapshot exists, so this counts as success.
        timeout_at(deadline, write).await.map_or(Err(StoreUnavailable), |answer| is_met(answer).map(|_| ()))
    }

    pub fn table_name(&self, table: Table) -> &str {
        self.tables.name(table)
    }
}

/// The SDK's configuration from its standard variables. No request is sent yet.
pub async fn configuration(proxies: &ProxySettings) -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::latest())
        // The SDK looks for the Region in places that need a client, and panics without one.
        .http_client(http_client(CONNECT_TIMEOUT, proxies))
        // Our own time limits are shorter than its grace period.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    // Lambda puts the credentials into the environment. The default chain would look there first as well, but it
    // prepares clients for all the other places.
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_some_and(|id| !id.is_empty()) {
        return loader.credentials_provider(EnvironmentVariableCredentialsProvider::new()).load().await;
    }
    loader.load().await
}

/// Whether the condition of a write was met, and so the item was written.
pub(super) async fn condition_met(
    write: impl Future<Output = Result<PutItemOutput, SdkError<PutItemError>>>,
    deadline: Instant,
) -> Result<bool, StoreUnavailable> {
    timeout_at(deadline, write).await.map_or_else(|_| Err(too_late("PutItem")), is_met)
}

pub(super) fn is_met(answer: Result<PutItemOutput, SdkError<PutItemError>>) -> Result<bool, StoreUnavailable> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
            Ok(false)
        }
        Err(error) => Err(unavailable("PutItem", &error)),
    }
}

/// Logs that the deadline came before the answer.
pub(super) fn too_late(operation: &str) -> StoreUnavailable {
    error!(event = "store_unavailable", operation, cause = "deadline");
    StoreUnavailable
}

/// Logs the kind of failure.
pub(super) fn unavailable<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> StoreUnavailable {
    error!(event = "store_unavailable", operation, cause = cause_of(error));
    StoreUnavailable
}

/// The kind of failure, for the log. The error's text is not logged, because it may quote keys.
pub fn cause_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection",
        SdkError::ResponseError(_) => "unreadable response",
        SdkError::ServiceError(service) => service.err().code().unwrap_or("service error"),
        _ => "request",
    }
}
