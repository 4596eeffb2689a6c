//! Creates the three tables, for development and scripts. The template of a deployment creates its own.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
        TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use token_introspection::records::Table;
use tokio::time::{Instant, sleep};

use super::{AdminError, AdminStore, failure};

/// The time limit for creating a table. It usually takes less than ten seconds.
const MAX_CREATION: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// The attribute by which DynamoDB removes expired items.
const TIME_TO_LIVE: &str = "expires_at";

/// The result for one table.
pub struct TableCreation {
    pub name: String,
    /// Whether the table existed before.
    pub existed: bool,
    pub time_to_live: TimeToLive,
}

/// Whether DynamoDB removes expired items from a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeToLive {
    /// No item of the table expires.
    NotWanted,
    On,
    /// It is turned on for another attribute.
    OtherAttribute(String),
}

impl AdminStore {
    /// Creates a table, or completes an existing one, and waits until it can be used.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError::OtherTable`] if a table of this name has another primary key.
    pub async fn create_table(&self, table: Table) -> Result<TableCreation, AdminError> {
        let name = self.tables.name(table).to_owned();
        let existed = !self.request_table(table, &name).await?;
        self.wait_for_table(table, &name).await?;
        let time_to_live = match table {
            Table::Clients => TimeToLive::NotWanted,
            Table::Tokens | Table::State => self.have_time_to_live(&name).await?,
        };
        Ok(TableCreation { name, existed, time_to_live })
    }

    /// Requests the table. Returns whether it did not exist before.
    async fn request_table(&self, table: Table, name: &str) -> Result<bool, AdminError> {
        let key = table.partition_key();
        let unusable = |_| other("CreateTable", name, "no answer, because the request could not be made");
        let definition = AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash);
        let request = self
            .client
            .create_table()
            .table_name(name)
            .attribute_definitions(definition.build().map_err(unusable)?)
            .key_schema(element.build().map_err(unusable)?)
            .billing_mode(BillingMode::PayPerRequest);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some("ResourceInUseException") => Ok(false),
            Err(error) => Err(failure("CreateTable", name, &error)),
        }
    }

    async fn wait_for_table(&self, table: Table, name: &str) -> Result<(), AdminError> {
        let deadline = Instant::now() + MAX_CREATION;
        loop {
            let answer = self.client.describe_table().table_name(name).send().await;
            let description = match answer {
                Ok(answer) => answer.table,
                // A table that was just requested may still be unknown to another server.
                Err(error) if code(&error) == Some("ResourceNotFoundException") => None,
                Err(error) => return Err(failure("DescribeTable", name, &error)),
            };
            if let Some(description) = description {
                let keys = description.key_schema.unwrap_or_default();
                if !matches!(keys.as_slice(), [only] if only.attribute_name() == table.partition_key()) {
                    return Err(AdminError::OtherTable(name.to_owned()));
                }
                if matches!(description.table_status, Some(TableStatus::Active | TableStatus::Updating)) {
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                return Err(AdminError::Timeout);
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn have_time_to_live(&self, name: &str) -> Result<TimeToLive, AdminError> {
        let client = &self.client;
        let answer = client.describe_time_to_live().table_name(name).send().await;
        let answer = answer.map_err(|error| failure("DescribeTimeToLive", name, &error))?;
        let present = answer.time_to_live_description.filter(|description| {
            matches!(description.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        });
        match present.and_then(|description| description.attribute_name) {
            Some(attribute) if attribute == TIME_TO_LIVE => Ok(TimeToLive::On),
            Some(attribute) => Ok(TimeToLive::OtherAttribute(attribute)),
            None => {
                let wanted = TimeToLiveSpecification::builder().enabled(true).attribute_name(TIME_TO_LIVE).build();
                let wanted = wanted.map_err(|_| other("UpdateTimeToLive", name, "nothing"))?;
                let answer =
                    client.update_time_to_live().table_name(name).time_to_live_specification(wanted).send().await;
                answer.map(|_| TimeToLive::On).map_err(|error| failure("UpdateTimeToLive", name, &error))
            }
        }
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

fn other(operation: &'static str, table: &str, code: &str) -> AdminError {
    AdminError::Other { operation, table: table.to_owned(), code: code.to_owned() }
}
