//! A Redis server that lost its data: its answers would make revoked tokens active again. The canary shows the loss, and
//! every answer is 503 until the server has its data again. The tool's tests show how an operator accepts a loss.

use std::time::Duration;

use redis::cmd;
use serde_json::{Value, json};
use token_introspection::{records::sha256_hex, service::Service, settings::LogLevel};
use tokio::time::Instant;

use crate::{
    log::Log,
    redis_server::{RedisServer, run},
    tokens::{CANARY, items_of},
    world::{ACTIVE, API, ISSUER, SECRET, World, introspection, issuers, request, send},
};

pub const STATE: &str = "oauth-introspection-state";
/// The options of a server whose tests replace its data.
const DEBUG: [&str; 2] = ["--enable-debug-command", "local"];

/// A deployment with two tokens, of which one is revoked.
pub struct Deployment {
    pub world: World,
    pub good: String,
    pub revoked: String,
}

impl Deployment {
    pub async fn new() -> Self {
        Box::pin(Self::begin()).await
    }

    async fn begin() -> Self {
        let world = World::new().await;
        let [good, revoked] = ["good", "revoked"].map(|jti| world.token(&json!({ "jti": jti })));
        let deployment = Self { world, good, revoked };
        deployment.revoke();
        deployment.assert_right("at first").await;
        deployment
    }

    pub fn revoke(&self) {
        self.world.put_mark(&format!("jti#{ISSUER}#revoked"), &json!({}));
    }

    /// Another environment of the deployment, which has just started.
    pub async fn another(&self) -> Service {
        World::service(&self.world.proxy.url, &issuers(&self.world.signer), &self.world.token_settings()).await
    }

    pub async fn assert_right(&self, case: &str) {
        for service in [&self.world.service, &self.another().await] {
            send(service, introspection(&self.good)).await.assert_verdict(ACTIVE, case);
            send(service, introspection(&self.revoked)).await.assert_verdict("revoked_token", case);
        }
    }

    /// No token gets a verdict, and nothing is written for a caller.
    pub async fn assert_lost(&self, case: &str) {
        let (log, _guard) = Log::start(LogLevel::Info);
        for service in [&self.world.service, &self.another().await] {
            for token in [&self.good, &self.revoked] {
                send(service, introspection(token)).await.assert_unavailable("store_unavailable");
                let revocation = request().path("/token/revoke").basic(API, SECRET).form(&[("token", token)]);
                send(service, revocation).await.assert_unavailable("store_unavailable");
            }
        }
        let log = log.take();
        assert!(log.contains("run introspection-admin redis accept") && log.contains("\"Redis\""), "{case}: {log}");
        assert!(!log.contains(&self.recorded().await), "{case}: {log}");
    }

    /// The canary in the state table.
    pub async fn recorded(&self) -> String {
        let item = self.world.stored(STATE, "id", CANARY).await;
        assert_eq!(item.as_object().map(serde_json::Map::len), Some(2), "an id and a value, and no expiry: {item}");
        item["value"]["S"].as_str().unwrap().to_owned()
    }

    /// The canary in Redis.
    pub fn in_redis(&self) -> String {
        let value: String = cmd("GET").arg(CANARY).query(&mut self.world.redis()).unwrap();
        let value: Value = serde_json::from_str(&value).unwrap();
        value["value"].as_str().unwrap().to_owned()
    }

    pub fn put_canary(&self, value: &str) {
        cmd("SET").arg(CANARY).arg(json!({ "value": value }).to_string()).exec(&mut self.world.redis()).unwrap();
    }
}

#[tokio::test]
async fn g08_u01_a_state_table_that_lost_its_item_gets_the_canary_that_an_environment_knows() {
    let deployment = Deployment::new().await;
    let canary = deployment.recorded().await;
    for in_redis in [None, Some("theirs")] {
        deployment.world.delete(STATE, CANARY).await;
        deployment.world.tokens.server.run("FLUSHALL");
        if let Some(value) = in_redis {
            deployment.put_canary(value);
        }
        deployment.world.introspect(&deployment.revoked).await.assert_unavailable("store_unavailable");
        assert_eq!(deployment.recorded().await, canary);
        deployment.assert_lost("both stores lost it").await;
        deployment.put_canary(&canary);
        deployment.revoke();
        deployment.assert_right("restored").await;
    }
}

#[tokio::test]
async fn g08_u01_a_server_that_lost_its_data_is_503_however_it_lost_it() {
    let deployment = Deployment::new().await;
    let server = &deployment.world.tokens.server;
    let canary = deployment.recorded().await;
    assert_eq!(deployment.in_redis(), canary);
    for loss in ["FLUSHALL", "FLUSHALL ASYNC", "FLUSHDB", &format!("DEL {CANARY}"), &format!("RENAME {CANARY} other")] {
        server.run(loss);
        deployment.assert_lost(loss).await;
        // The server gets its data back, as from a backup.
        deployment.put_canary(&canary);
        deployment.revoke();
        deployment.assert_right(loss).await;
    }
    for other in ["", "null", "[]", "{}", r#"{"value":1}"#, r#"{"value":"another"}"#, "rubbish"] {
        cmd("SET").arg(CANARY).arg(other).exec(&mut deployment.world.redis()).unwrap();
        deployment.assert_lost(other).await;
    }
    server.run(&format!("DEL {CANARY}"));
    server.run(&format!("RPUSH {CANARY} {canary}"));
    deployment.assert_lost("a list").await;
    server.run(&format!("DEL {CANARY}"));
    deployment.put_canary(&canary);
    deployment.assert_right("at last").await;
}

#[tokio::test]
async fn g08_u01_a_server_that_restarts_without_its_data_is_503_and_one_that_keeps_them_is_not() {
    let mut deployment = Deployment::new().await;
    deployment.world.tokens.server.restart(&[]);
    deployment.assert_lost("a restart").await;
    deployment.world.tokens.server.restart(&DEBUG);
    deployment.put_canary(&deployment.recorded().await);
    deployment.revoke();
    deployment.assert_right("restored").await;
    let server = &deployment.world.tokens.server;
    server.run("DEBUG RELOAD");
    deployment.assert_right("the file has the data").await;
    let canary = deployment.recorded().await;
    server.run("FLUSHALL");
    server.run("SAVE");
    deployment.put_canary(&canary);
    deployment.revoke();
    deployment.assert_right("the file has no data").await;
    server.run("DEBUG RELOAD NOSAVE");
    deployment.assert_lost("the file was loaded").await;
}

#[tokio::test]
async fn u01_a_file_that_is_loaded_counts_with_what_it_has() {
    let mut deployment = Deployment::new().await;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("canary-aof-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    let canary = deployment.recorded().await;
    let options = ["--dir", &folder, "--appendonly", "yes", "--appendfsync", "always"];
    deployment.world.tokens.server.restart(&options);
    deployment.assert_lost("a new file").await;
    deployment.put_canary(&canary);
    deployment.revoke();
    for _ in 0..2 {
        deployment.world.tokens.server.restart(&options);
        deployment.assert_right("the same file").await;
    }
    // A backup has the canary too, so marks that are newer than the backup have to be repeated.
    let options = ["--dir", &folder, "--dbfilename", "backup.rdb"];
    deployment.world.tokens.server.restart(&options);
    deployment.put_canary(&canary);
    deployment.world.tokens.server.run("SAVE");
    deployment.revoke();
    deployment.assert_right("before the backup is used").await;
    deployment.world.tokens.server.restart(&options);
    deployment.world.introspect(&deployment.revoked).await.assert_active();
    deployment.revoke();
    deployment.assert_right("repeated").await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn g08_u01_a_loss_in_the_middle_of_a_pipeline_is_503() {
    let deployment = Deployment::new().await;
    let (world, port) = (&deployment.world, deployment.world.tokens.server.port);
    // Of a pipeline, the server has answered everything except the last canary, and what follows it.
    world.tokens.tap.interrupt(CANARY, move || run(port, &["FLUSHALL"]));
    world.introspect(&deployment.good).await.assert_unavailable("store_unavailable");
    deployment.assert_lost("after it").await;
    // The first canary is read before the marks, so data that arrives in between are not mixed with missing ones.
    let canary = deployment.recorded().await;
    let value = json!({ "value": canary }).to_string();
    let trips = async || {
        world.tokens.tap.take_trips();
        world.tokens.tap.interrupt("jti#", {
            let value = value.clone();
            move || run(port, &["SET", CANARY, &value])
        });
        world.introspect(&deployment.revoked).await
    };
    let answer = trips().await;
    // The first pipeline did not count. The second one found the canary, but the marks were not restored with it.
    assert_eq!(world.tokens.tap.take_trips().len(), 2);
    answer.assert_active();
}

#[tokio::test]
async fn o02_u03_the_canary_costs_no_round_trip_and_no_read_of_the_state_table() {
    let deployment = Deployment::new().await;
    let world = &deployment.world;
    world.proxy.take_requests();
    world.tokens.forget_trips();
    for token in [&deployment.good, &deployment.revoked] {
        world.introspect(token).await;
        let requests = world.proxy.take_requests();
        let [(operation, body)] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(operation, "BatchGetItem");
        assert!(body["RequestItems"].get(STATE).is_none() && body["RequestItems"]["oauth-clients"].is_object());
        let trips = world.tokens.tap.take_trips();
        let [trip] = trips.as_slice() else { panic!("{trips:?}") };
        let words: Vec<&str> = trip.iter().map(|command| command.last().unwrap().as_str()).collect();
        let [first, canary, marks @ .., again, last] = words.as_slice() else { panic!("{words:?}") };
        assert_eq!([*first, *last, *canary, *again], ["ROLE", "ROLE", CANARY, CANARY]);
        assert!(marks == items_of(trip) && marks.len() > 4);
    }
    // While the data are lost, each request looks once whether the operator has accepted that.
    world.tokens.server.run("FLUSHALL");
    for _ in 0..2 {
        world.introspect(&deployment.good).await.assert_unavailable("store_unavailable");
        let requests = world.proxy.take_requests();
        let of_state = requests.iter().filter(|(_, body)| body["RequestItems"].get(STATE).is_some());
        assert_eq!((requests.len(), of_state.count()), (2, 1), "{requests:?}");
        assert_eq!(world.tokens.tap.take_trips().len(), 2);
    }
}

#[tokio::test]
async fn g08_u01_a_mark_is_not_written_to_a_server_that_lost_its_data() {
    let world = World::with(&[("GLOBAL_REVOCATION_ISSUERS", ISSUER)]).await;
    let admin = json!({ "client_id": "admin", "client_secret": sha256_hex(SECRET), "issuer": ISSUER,
                        "introspection": { "may_revoke_subjects": true } });
    world.put_client(&admin);
    let revoke = || {
        let subject = json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": "alice" } });
        let request = request().path("/global-token-revocation").header("content-type", "application/json");
        request.body(subject.to_string()).basic("admin", SECRET)
    };
    world.tokens.server.run("FLUSHALL");
    // This request reads nothing from Redis before it writes.
    world.send(revoke()).await.assert_unavailable("store_unavailable");
    assert_eq!(world.count_items().await, 0);
}

/// Waits until the server's answer to a command says so.
async fn until(server: &RedisServer, command: &str, says: impl Fn(&str) -> bool) {
    let words: Vec<_> = command.split(' ').collect();
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        let answer: String = cmd(words[0]).arg(&words[1..]).query(&mut server.connection()).unwrap();
        if says(&answer) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{command} does not say what it should");
}

/// A replica that has what its primary has.
async fn replica_of(port: u16) -> RedisServer {
    let replica = RedisServer::start(&[]);
    replica.run(&format!("REPLICAOF 127.0.0.1 {port}"));
    until(&replica, "INFO replication", |info| info.contains("master_link_status:up")).await;
    replica
}

#[tokio::test]
async fn g08_u01_a_failover_to_a_replica_with_the_data_works_and_to_one_without_them_is_503() {
    for lost in [false, true] {
        let mut deployment = Deployment::new().await;
        let port = deployment.world.tokens.server.port;
        let replica = replica_of(port).await;
        if lost {
            // The primary restarts empty, and empties its replica.
            deployment.world.tokens.server.restart(&[]);
            until(&replica, "INFO keyspace", |info| !info.contains("keys=")).await;
        }
        replica.run("REPLICAOF NO ONE");
        deployment.world.tokens.tap.lead_to(replica.port);
        deployment.world.tokens.tap.end_connections();
        if lost { deployment.assert_lost("failover").await } else { deployment.assert_right("failover").await }
    }
}

#[tokio::test]
async fn g08_u01_an_old_primary_that_is_emptied_costs_a_new_connection() {
    let deployment = Deployment::new().await;
    let port = deployment.world.tokens.server.port;
    let replica = replica_of(port).await;
    replica.run("REPLICAOF NO ONE");
    // The held connection still leads to the old primary, which calls itself one.
    deployment.world.tokens.tap.lead_to(replica.port);
    deployment.world.tokens.server.run("FLUSHALL");
    deployment.world.introspect(&deployment.revoked).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn g08_u01_eviction_that_is_switched_on_is_noticed_at_the_next_connection_or_with_the_canary() {
    let deployment = Deployment::new().await;
    let server = &deployment.world.tokens.server;
    server.run("CONFIG SET maxmemory-policy allkeys-lru");
    // Nothing is evicted yet. The held connection is used for 30 s at most, and the next one is refused.
    deployment.world.introspect(&deployment.revoked).await.assert_inactive("revoked_token");
    deployment.world.tokens.tap.end_connections();
    deployment.world.introspect(&deployment.revoked).await.assert_unavailable("store_unavailable");
    server.run("CONFIG SET maxmemory-policy noeviction");
    deployment.assert_right("not evicting").await;
    // An eviction of everything takes the canary too.
    server.run("CONFIG SET maxmemory-policy allkeys-lru");
    server.run("CONFIG SET maxmemory 1");
    let _ = cmd("SET").arg("any").arg("value").exec(&mut deployment.world.redis());
    let (log, _guard) = Log::start(LogLevel::Info);
    deployment.world.introspect(&deployment.revoked).await.assert_unavailable("store_unavailable");
    assert!(log.take().contains("may evict keys"));
}
