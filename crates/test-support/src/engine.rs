//! A DynamoDB-compatible engine in this process, with the three tables.

use std::io;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::{Database, server};
use serde_json::{Value, json};
use token_introspection::{settings::Settings, store::Store};
use tokio::net::TcpListener;

/// The names of the tables, and of their keys.
const TABLES: [(&str, &str); 3] =
    [("oauth-clients", "client_id"), ("oauth-tokens", "id"), ("oauth-introspection-state", "id")];

/// The engine, and its address.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    pub url: String,
}

impl Engine {
    /// Starts listening on this port of the local machine, or on any free port for 0.
    pub async fn start(port: u16) -> io::Result<Self> {
        let database = Database::memory().map_err(io::Error::other)?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(server::serve_on(listener, database.clone()));
        let engine = Self { database, url };
        for (table, key) in TABLES {
            engine.create_table(table, key)?;
        }
        Ok(engine)
    }

    /// Removes all items.
    pub fn clear(&self) -> io::Result<()> {
        for (table, key) in TABLES {
            let request = serde_json::from_value(json!({ "TableName": table }))?;
            self.database.delete_table(request).map_err(io::Error::other)?;
            self.create_table(table, key)?;
        }
        Ok(())
    }

    /// The tables as the function reaches them: over the network, through the SDK, at this address.
    pub async fn store_at(url: &str, settings: &Settings) -> io::Result<Store> {
        Store::with_config(&Self::config_at(url).await, settings).map_err(io::Error::other)
    }

    /// The SDK's configuration for a server at this address.
    pub async fn config_at(url: &str) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url(url)
            .credentials_provider(Credentials::new("dev", "dev", None, None, "dev"))
            .load()
            .await
    }

    /// Writes an item, given as plain JSON.
    pub fn put(&self, table: &str, item: &Value) -> io::Result<()> {
        self.put_attributes(table, &attribute(item)["M"])
    }

    /// Writes an item, given as DynamoDB's own JSON, so that any type is possible.
    pub fn put_attributes(&self, table: &str, item: &Value) -> io::Result<()> {
        let request = serde_json::from_value(json!({ "TableName": table, "Item": item }))?;
        self.database.put_item(request).map(drop).map_err(io::Error::other)
    }

    fn create_table(&self, table: &str, key: &str) -> io::Result<()> {
        let request = serde_json::from_value(json!({
            "TableName": table,
            "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": "S" }],
            "BillingMode": "PAY_PER_REQUEST",
        }))?;
        self.database.create_table(request).map(drop).map_err(io::Error::other)
    }
}

/// A JSON value in DynamoDB's own JSON.
pub fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(bool) => json!({ "BOOL": bool }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(elements) => json!({ "L": elements.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(members) => {
            let members: serde_json::Map<_, _> =
                members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
            json!({ "M": members })
        }
    }
}
