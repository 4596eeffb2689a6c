//! A Redis server that lost its data: what the tool says, that revocations can be written again, and `redis accept`,
//! after which the function answers again.

use serde_json::{Value, json};
use test_support::{
    proxy::Fault,
    redis::cmd,
    redis_server::run,
    tokens::CANARY,
    world::{ACTIVE, ISSUER, World, introspection, issuers, send},
};

use super::Tool;

const STATE: &str = "oauth-introspection-state";

/// A deployment whose server has lost its data, with two subjects' tokens. Bob's were revoked.
struct Lost {
    world: World,
    tool: Tool,
    alice: String,
    bob: String,
}

impl Lost {
    async fn new() -> Self {
        Box::pin(Self::begin()).await
    }

    async fn begin() -> Self {
        let world = World::new().await;
        let [alice, bob] = ["alice", "bob"].map(|sub| world.token(&json!({ "sub": sub })));
        let tool = Tool::beside(&world);
        let lost = Self { world, tool, alice, bob };
        lost.revoke_bob().await;
        lost.assert_right().await;
        lost.world.tokens.server.run("FLUSHALL");
        lost.assert_unavailable().await;
        lost
    }

    async fn revoke_bob(&self) -> super::Run {
        self.tool.run(&format!("revoke --sub bob --issuer {ISSUER} --not-before none")).await.done()
    }

    async fn assert_right(&self) {
        self.world.introspect(&self.alice).await.assert_verdict(ACTIVE, "alice");
        self.world.introspect(&self.bob).await.assert_verdict("revoked_subject", "bob");
    }

    async fn assert_unavailable(&self) {
        let (world, trusted) = (&self.world, issuers(&self.world.signer));
        let started = World::service(&world.proxy.url, &trusted, &world.token_settings()).await;
        for service in [&self.world.service, &started] {
            for token in [&self.alice, &self.bob] {
                send(service, introspection(token)).await.assert_unavailable("store_unavailable");
            }
        }
    }

    async fn recorded(&self) -> Value {
        self.world.stored(STATE, "id", CANARY).await["value"]["S"].clone()
    }

    fn in_redis(&self) -> Value {
        let value: Option<String> = cmd("GET").arg(CANARY).query(&mut self.world.redis()).unwrap();
        value.map_or(Value::Null, |value| serde_json::from_str::<Value>(&value).unwrap()["value"].clone())
    }
}

#[tokio::test]
async fn g08_u04_what_was_revoked_is_written_again_before_the_loss_is_accepted() {
    let lost = Lost::new().await;
    // The mark is written, but it does not count yet.
    lost.revoke_bob().await.warned("the function answers 503 until the server is accepted");
    lost.assert_unavailable().await;
    let old = lost.recorded().await;
    let answer = lost.tool.json("redis accept").await;
    assert_eq!((&answer["before"], &answer["now"]), (&json!("lost"), &json!("protected")));
    assert!(answer["because"].as_str().unwrap().contains("its canary is missing"), "{answer}");
    // The environment goes on without a restart.
    lost.assert_right().await;
    assert!(
        lost.recorded().await != old
            && lost.recorded().await == lost.in_redis()
            && !answer.to_string().contains(lost.in_redis().as_str().unwrap())
    );
    let again = lost.tool.run("redis accept").await.done();
    assert_eq!(again.stdout, "before  protected\nnow     protected\n");
    assert!(lost.revoke_bob().await.stderr.is_empty());
    // It is protected against the next loss.
    lost.world.tokens.server.run("FLUSHALL");
    lost.assert_unavailable().await;
}

#[tokio::test]
async fn u04_the_tool_reports_a_loss_as_the_function_does() {
    let lost = Lost::new().await;
    let cure = "run introspection-admin redis accept";
    lost.tool.run_with("explain --token -", &lost.alice).await.failed(3, cure);
    let finding = async |tool: &Tool, code| {
        let report = tool.run("doctor --output json").await.ended(code).json();
        let names: Vec<_> = report["findings"].as_array().unwrap().iter().map(|found| found["name"].clone()).collect();
        let found = names.iter().filter_map(Value::as_str).find(|name| name.starts_with("redis_")).map(str::to_owned);
        (report["redis"].clone(), found)
    };
    assert_eq!(finding(&lost.tool, 1).await, (json!("lost"), Some("redis_data_lost".to_owned())));
    let canary = json!({ "value": lost.recorded().await }).to_string();
    run(lost.world.tokens.server.port, &["SET", CANARY, &canary]);
    assert_eq!(finding(&lost.tool, 0).await, (json!("protected"), None));
    lost.tool.run_with("explain --token -", &lost.alice).await.done();
    lost.world.delete(STATE, CANARY).await;
    assert_eq!(finding(&lost.tool, 0).await, (json!("unprotected"), Some("redis_unprotected".to_owned())));
    lost.tool.run_with("explain --token -", &lost.alice).await.done();
    assert_eq!(lost.recorded().await, Value::Null, "explain writes nothing");
    let report = lost.tool.run("doctor --skip-tokens --output json").await.done().json();
    assert_eq!(report["redis"], Value::Null);
    let nowhere = Tool::beside(&lost.world).with("REDIS_URL", "redis://127.0.0.1:1");
    assert_eq!(finding(&nowhere, 3).await, (Value::Null, None));
}

#[tokio::test]
async fn g08_u04_an_acceptance_that_ends_between_the_two_writes_leaves_the_outage() {
    let lost = Lost::new().await;
    lost.revoke_bob().await;
    let tool = Tool::beside(&lost.world).with("AWS_ENDPOINT_URL_DYNAMODB", &lost.world.proxy.url);
    // Of its requests to DynamoDB, the first is the read.
    lost.world.proxy.fail_after(1, Fault::AccessDenied);
    tool.run("redis accept")
        .await
        .failed(3, "the canary is in Redis and not in the state table, but these credentials");
    lost.world.proxy.fail(Fault::None);
    assert_ne!(lost.recorded().await, lost.in_redis());
    lost.assert_unavailable().await;
    let found = lost.in_redis();
    tool.run("redis accept").await.done();
    assert_eq!(lost.recorded().await, found);
    lost.assert_right().await;
}

#[tokio::test]
async fn u04_an_environment_may_record_the_canary_of_an_acceptance_first() {
    let lost = Lost::new().await;
    lost.world.delete(STATE, CANARY).await;
    lost.revoke_bob().await;
    let tool = Tool::beside(&lost.world).with("AWS_ENDPOINT_URL_DYNAMODB", &lost.world.proxy.url);
    let (engine, server) = (lost.world.engine.clone(), lost.world.tokens.server.url());
    lost.world.proxy.interfere(0, "PutItem", move || {
        let mut connection = test_support::redis::Client::open(server).unwrap().get_connection().unwrap();
        let value: String = cmd("GET").arg(CANARY).query(&mut connection).unwrap();
        let value: Value = serde_json::from_str(&value).unwrap();
        engine.put(STATE, &json!({ "id": CANARY, "value": value["value"] })).unwrap();
    });
    tool.run("redis accept").await.done();
    assert_eq!(lost.recorded().await, lost.in_redis());
    lost.assert_right().await;
}

#[tokio::test]
async fn u04_deployments_that_share_a_server_share_its_canary() {
    let lost = Lost::new().await;
    let other = World::with(&[("REDIS_URL", &lost.world.tokens.server.url())]).await;
    other.introspect(&other.token(&json!({}))).await.assert_active();
    // The other deployment has created a canary, which is not that of the first one.
    lost.assert_unavailable().await;
    lost.revoke_bob().await;
    let answer = lost.tool.json("redis accept").await;
    assert!(answer["because"].as_str().unwrap().contains("it has another canary"), "{answer}");
    lost.assert_right().await;
    other.introspect(&other.token(&json!({}))).await.assert_active();
}

#[tokio::test]
async fn u04_a_server_is_protected_for_the_first_time_and_whatever_the_canary_was() {
    let lost = Lost::new().await;
    for (redis, state) in [
        (None, json!({})),
        (None, json!({ "value": 1 })),
        (Some("rubbish"), json!({ "value": "a" })),
        (Some("rubbish"), Value::Null),
        (Some(r#"{"value":1}"#), json!({ "value": "a" })),
        (Some(r#"{"value":"b"}"#), Value::Null),
        (None, Value::Null),
    ] {
        lost.world.tokens.server.run(&format!("DEL {CANARY}"));
        lost.world.delete(STATE, CANARY).await;
        if let Some(value) = redis {
            run(lost.world.tokens.server.port, &["SET", CANARY, value, "EX", "1000"]);
        }
        if let Some(attributes) = state.as_object() {
            let mut item = json!(attributes);
            item["id"] = json!(CANARY);
            lost.world.engine.put(STATE, &item).unwrap();
        }
        lost.revoke_bob().await;
        lost.tool.run("redis accept").await.done();
        assert!(lost.recorded().await.is_string() && lost.recorded().await == lost.in_redis(), "{redis:?} {state}");
        lost.assert_right().await;
    }
}

#[tokio::test]
async fn u04_a_key_that_is_not_a_string_is_left_for_the_operator_to_delete() {
    let lost = Lost::new().await;
    lost.world.tokens.server.run(&format!("RPUSH {CANARY} a"));
    lost.tool.run("redis accept").await.failed(3, "with Redis, the server answered WRONGTYPE");
    lost.assert_unavailable().await;
    lost.world.tokens.server.run(&format!("DEL {CANARY}"));
    lost.revoke_bob().await;
    lost.tool.run("redis accept").await.done();
    lost.assert_right().await;
}

#[tokio::test]
async fn u02_the_documented_user_of_the_function_creates_the_canary_and_no_other_writer_can() {
    let world = World::new().await;
    world.tokens.server.run("FLUSHALL");
    world.delete(STATE, CANARY).await;
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redis.md")).unwrap();
    for rule in page.lines().filter_map(|line| line.strip_prefix("ACL SETUSER ")) {
        world.tokens.server.run(&format!("ACL SETUSER {}", rule.replace(">…", ">p")));
    }
    let url = |user: &str| format!("redis://{user}:p@127.0.0.1:{}", world.tokens.server.port);
    for user in ["logout-handler", "authorization-server"] {
        let mut connection = test_support::redis::Client::open(url(user)).unwrap().get_connection().unwrap();
        assert!(cmd("SET").arg(CANARY).arg("{}").exec(&mut connection).is_err(), "{user}");
    }
    let settings = [("REDIS_URL", url("introspection"))];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let service = World::service(&world.proxy.url, &issuers(&world.signer), &settings).await;
    send(&service, introspection(&world.token(&json!({})))).await.assert_active();
    assert!(world.stored(STATE, "id", CANARY).await["value"]["S"].is_string());
    world.tokens.server.run("FLUSHDB");
    send(&service, introspection(&world.token(&json!({})))).await.assert_unavailable("store_unavailable");
    Tool::beside(&world).with("REDIS_URL", &url("operator")).run("redis accept").await.done();
    send(&service, introspection(&world.token(&json!({})))).await.assert_active();
}
