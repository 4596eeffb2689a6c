//! The tables of a world: what is stored, as DynamoDB's own JSON.

use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// An item as DynamoDB's own JSON. Null if it does not exist.
    pub async fn stored(&self, table: &str, key: &str, id: &str) -> Value {
        let request = json!({ "TableName": table, "Key": { key: { "S": id } } });
        self.dynamodb("GetItem", &request).await["Item"].clone()
    }

    /// The record of a client.
    pub async fn stored_client(&self, id: &str) -> Value {
        self.stored("oauth-clients", "client_id", id).await
    }

    /// Deletes the record of a client.
    pub async fn delete_client(&self, id: &str) {
        let request = json!({ "TableName": "oauth-clients", "Key": { "client_id": { "S": id } } });
        self.dynamodb("DeleteItem", &request).await;
    }

    /// A mark.
    pub async fn stored_mark(&self, id: &str) -> Value {
        self.stored_item(id).await
    }

    /// Deletes an item of a table in DynamoDB whose key is `id`.
    pub async fn delete(&self, table: &str, id: &str) {
        self.dynamodb("DeleteItem", &json!({ "TableName": table, "Key": { "id": { "S": id } } })).await;
    }

    /// Calls an operation of DynamoDB that the service itself does not use.
    pub async fn dynamodb(&self, operation: &str, request: &Value) -> Value {
        let request = http::Request::post(&self.engine.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20270115T080000Z")
            // The engine requires a signature, but does not check it.
            .header("authorization", "AWS4-HMAC-SHA256 Credential=dev, SignedHeaders=host, Signature=none")
            .body(Full::new(Bytes::from(request.to_string())));
        let response = Client::builder(TokioExecutor::new()).build_http().request(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{operation}");
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }
}
