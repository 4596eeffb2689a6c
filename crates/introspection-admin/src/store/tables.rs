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

/// What DynamoDB says about an existing table.
pub struct TableState {
    pub name: String,
    /// Whether it can be read and written.
    pub is_active: bool,
    /// The attribute by which DynamoDB removes expired items, if it does.
    pub time_to_live: Option<String>,
    /// The number of items, which DynamoDB counts every few hours.
    pub items: i64,
}

impl TableState {
    /// Whether DynamoDB removes the items that are over.
    pub fn removes_expired(&self) -> bool {
        self.time_to_live.as_deref() == Some(TIME_TO_LIVE)
    }
}

impl AdminStore {
    /// Reads the state of a table, without changing it.
    ///
    /// # Errors
    ///
    /// Returns [`AdminError::NoTable`] if it does not exist, and [`AdminError::OtherTable`] if it has another primary
    /// key.
    pub async fn table_state(&self, table: Table) -> Result<TableState, AdminError> {
        let name = self.tables.name(table).to_owned();
        let answer = self.client.describe_table().table_name(&name).send().await;
        let description = answer.map_err(|error| failure("DescribeTable", &name, &error))?.table;
        let description = description.ok_or_else(|| other("DescribeTable", &name, "no description"))?;
        let keys = description.key_schema.unwrap_or_default();
        if !is_our_key(&keys, table) {
            return Err(AdminError::OtherTable(name));
        }
        let is_active = matches!(description.table_status, Some(TableStatus::Active | TableStatus::Updating));
        let time_to_live = self.time_to_live(&name).await?;
        Ok(TableState { name, is_active, time_to_live, items: description.item_count.unwrap_or_default() })
    }

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
                if !is_our_key(&keys, table) {
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

    /// The attribute by which DynamoDB removes expired items of a table.
    async fn time_to_live(&self, name: &str) -> Result<Option<String>, AdminError> {
        let answer = self.client.describe_time_to_live().table_name(name).send().await;
        let answer = answer.map_err(|error| failure("DescribeTimeToLive", name, &error))?;
        let present = answer.time_to_live_description.filter(|description| {
            matches!(description.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        });
        Ok(present.and_then(|description| description.attribute_name))
    }

    async fn have_time_to_live(&self, name: &str) -> Result<TimeToLive, AdminError> {
        match self.time_to_live(name).await? {
            Some(attribute) if attribute == TIME_TO_LIVE => Ok(TimeToLive::On),
            Some(attribute) => Ok(TimeToLive::OtherAttribute(attribute)),
            None => {
                let wanted = TimeToLiveSpecification::builder().enabled(true).attribute_name(TIME_TO_LIVE).build();
                let wanted = wanted.map_err(|_| other("UpdateTimeToLive", name, "nothing"))?;
                let request = self.client.update_time_to_live().table_name(name).time_to_live_specification(wanted);
                let answer = request.send().await;
                answer.map(|_| TimeToLive::On).map_err(|error| failure("UpdateTimeToLive", name, &error))
            }
        }
    }
}

fn is_our_key(keys: &[KeySchemaElement], table: Table) -> bool {
    matches!(keys, [only] if only.attribute_name() == table.partition_key())
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

fn other(operation: &'static str, table: &str, code: &str) -> AdminError {
    AdminError::Other { operation, table: table.to_owned(), code: code.to_owned() }
}
