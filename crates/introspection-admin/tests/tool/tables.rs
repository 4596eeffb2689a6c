//! `tables create`.

use dynoxide::{Database, server};
use serde_json::json;
use test_support::world::World;
use tokio::net::TcpListener;

use super::Tool;

/// The address of an engine without tables.
async fn empty_engine() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(server::serve_on(listener, Database::memory().unwrap()));
    url
}

#[tokio::test]
async fn the_tables_are_created_once_and_can_be_used_at_once() {
    let url = empty_engine().await;
    let tool = Tool::at("http://127.0.0.1:1");
    let there = |line: &str| format!("{line} --endpoint-url {url} --region eu-central-1");
    tool.run(&there("client list")).await.failed(3, "there is no table \"oauth-clients\"");
    let table =
        |name: &str, result: &str, ttl: Option<&str>| json!({ "name": name, "result": result, "time_to_live": ttl });
    for result in ["created", "exists"] {
        let answer = tool.json(&there("tables create")).await;
        let expected = [
            table("oauth-clients", result, None),
            table("oauth-tokens", result, Some("expires_at")),
            table("oauth-introspection-state", result, Some("expires_at")),
        ];
        assert_eq!(answer["tables"], json!(expected));
    }
    tool.run(&there("client add --id a")).await.done();
    let run = tool.run(&there("client list")).await.done();
    assert!(run.stdout.starts_with("CLIENT_ID  STATUS   METHOD  ISSUER  NAME\na"), "{}", run.stdout);
}

#[tokio::test]
async fn the_names_of_tables_come_from_the_functions_settings() {
    let url = empty_engine().await;
    let tool =
        Tool::at(&url).with("CLIENTS_TABLE", "my-clients").with("TOKENS_TABLE", "my-tokens").with("STATE_TABLE", "");
    let names: Vec<_> = tool.json("tables create").await["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["name"].clone())
        .collect();
    assert_eq!(names, ["my-clients", "my-tokens", "oauth-introspection-state"]);
    let run = tool.run("tables create").await.done();
    assert!(run.stdout.contains("my-clients                 exists  -\n"), "{}", run.stdout);
}

#[tokio::test]
async fn an_existing_table_is_completed_and_never_taken_for_another() {
    let world = World::new().await;
    let tool = Tool::at(&world.engine.url);
    let time_to_live = async |table: &str| {
        let answer = world.dynamodb("DescribeTimeToLive", &json!({ "TableName": table })).await;
        answer["TimeToLiveDescription"]["TimeToLiveStatus"].clone()
    };
    assert_eq!(time_to_live("oauth-tokens").await, "DISABLED");
    tool.run("tables create").await.done();
    assert_eq!(time_to_live("oauth-tokens").await, "ENABLED");
    assert_eq!(time_to_live("oauth-clients").await, "DISABLED");
    let other = Tool::at(&world.engine.url).with("TOKENS_TABLE", "oauth-clients");
    other.run("tables create").await.failed(2, "TOKENS_TABLE is the same table as CLIENTS_TABLE");
    let other = other.with("CLIENTS_TABLE", "other-clients");
    other.run("tables create").await.failed(2, "another primary key");
    let specification = json!({ "Enabled": true, "AttributeName": "until" });
    let request = json!({ "TableName": "theirs", "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }], "BillingMode": "PAY_PER_REQUEST" });
    world.dynamodb("CreateTable", &request).await;
    let request = json!({ "TableName": "theirs", "TimeToLiveSpecification": specification });
    world.dynamodb("UpdateTimeToLive", &request).await;
    let run = Tool::at(&world.engine.url).with("STATE_TABLE", "theirs").run("tables create").await.done();
    run.warned("has \"until\" as its time to live");
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn without_redis_there_is_no_server_to_accept() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    tool.run("redis accept").await.failed(2, "REDIS_URL is not set, so the tokens are in DynamoDB");
    assert_eq!(tool.json("doctor").await["redis"], json!(null));
}
