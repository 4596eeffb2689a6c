//! The tokens table of a world, in the same engine as the other tables.

use serde_json::{Value, json};

use crate::world::World;

/// What a world needs for its tokens table in addition to the engine: nothing.
pub struct Tokens {
    /// The settings with which a service and the tool find the table.
    pub settings: Vec<(&'static str, String)>,
}

impl Tokens {
    pub fn start() -> Self {
        Self { settings: Vec::new() }
    }

    /// All requests are those to the engine.
    pub fn forget_trips(&self) {}
}

impl World {
    /// Writes an item, given as plain JSON.
    pub fn put_item(&self, item: &Value) {
        self.engine.put("oauth-tokens", item).unwrap();
    }

    /// Writes an item, given as DynamoDB's own JSON.
    pub fn put_attributes(&self, item: &Value) {
        self.engine.put_attributes("oauth-tokens", item).unwrap();
    }

    /// Deletes the item with this id.
    pub async fn delete_item(&self, id: &str) {
        self.delete("oauth-tokens", id).await;
    }

    /// The item with this id, as DynamoDB's own JSON. Null if it does not exist.
    pub async fn stored_item(&self, id: &str) -> Value {
        let request = json!({ "TableName": "oauth-tokens", "Key": { "id": { "S": id } } });
        self.dynamodb("GetItem", &request).await["Item"].clone()
    }

    /// The number of items.
    pub async fn count_items(&self) -> u64 {
        self.dynamodb("Scan", &json!({ "TableName": "oauth-tokens" })).await["Count"].as_u64().unwrap()
    }
}

/// The ids that this request to DynamoDB reads from the tokens table.
pub fn ids_asked_for(_: &World, request: &Value) -> Vec<String> {
    let keys = request["RequestItems"]["oauth-tokens"]["Keys"].as_array().unwrap();
    keys.iter().map(|key| key["id"]["S"].as_str().unwrap().to_owned()).collect()
}
