//! Which Redis servers the tool and the function accept, with the permissions that the documentation gives them.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use test_support::redis::cmd;
use test_support::{
    redis_server::{RedisServer, refusal},
    world::{ISSUER, SECRET, World, request},
};
use token_introspection::records::sha256_hex;
use tokio::time::Instant;

use super::Tool;

#[tokio::test]
async fn g08_a_name_that_leads_to_a_replica_is_503_until_it_leads_to_a_primary() {
    let (server, primary) = (RedisServer::start(&[]), RedisServer::start(&[]));
    server.run(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    // A failover does not stop the start; only a mistake of the operator does.
    assert_eq!(refusal(&server.url()).await, None);
    let world = World::with(&[("REDIS_URL", &server.url())]).await;
    let jwt = world.token(&json!({}));
    let tool = Tool::beside(&world).with("REDIS_URL", &server.url());
    world.service.warm_up(token_introspection::call::now(), Instant::now() + Duration::from_secs(2)).await;
    for _ in 0..2 {
        world.introspect(&jwt).await.assert_unavailable("store_unavailable");
        tool.run("revoke --sub alice").await.failed(3, "with Redis, the server is a replica");
    }
    server.run("REPLICAOF NO ONE");
    world.introspect(&jwt).await.assert_active();
    tool.run(&format!("revoke --sub alice --issuer {ISSUER}")).await.done();
    world.introspect(&jwt).await.assert_inactive("revoked_subject");
    server.run("CONFIG SET maxmemory-policy allkeys-lru");
    server.run(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    let line = refusal(&server.url()).await.unwrap_or_default();
    assert!(line.starts_with("REDIS_URL may evict keys"), "{line}");
}

#[tokio::test]
async fn wrong_credentials_are_not_quoted_and_the_documented_permissions_are_enough() {
    let server = RedisServer::start(&["--requirepass", "hunter2"]);
    let url = |user: &str| format!("redis://{user}@127.0.0.1:{}", server.port);
    assert_eq!(refusal(&url(":hunter2")).await, None);
    let plain = format!("redis://127.0.0.1:{}", server.port);
    for wrong in [url(":hunter3"), url("nobody:hunter2"), format!("{}/99", url(":hunter2")), plain] {
        let line = refusal(&wrong).await.unwrap_or_default();
        assert!(
            line.starts_with("REDIS_URL contains a user, a password or a database") && !line.contains("hunter"),
            "{line}"
        );
    }

    let client = test_support::redis::Client::open(url(":hunter2")).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut acl = |words: &[&str]| cmd("ACL").arg("SETUSER").arg(words).exec(&mut connection).unwrap();
    for rights in [&["+get"][..], &["+info", "+role"]] {
        acl(&[&["poor", "reset", "on", ">p", "~*", "-@all"], rights].concat());
        let line = refusal(&url("poor:p")).await.unwrap_or_default();
        assert!(line.starts_with("REDIS_URL names a user who may not use INFO"), "{line}");
    }
    acl(&["stuck", "on", ">p", "~*", "+@all", "-select"]);
    let line = refusal(&format!("{}/1", url("stuck:p"))).await.unwrap_or_default();
    assert!(line.starts_with("REDIS_URL contains a user, a password or a database"), "{line}");

    // These rules are those that docs/redis.md shows.
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redis.md")).unwrap();
    let rules: Vec<_> = documented.lines().filter_map(|line| line.strip_prefix("ACL SETUSER ")).collect();
    for rule in &rules {
        acl(&rule.replace(">…", ">p%").split(' ').collect::<Vec<_>>());
    }
    let user = |name: &str| url(&format!("{name}:p%25"));
    let world = World::with(&[("REDIS_URL", &user("introspection"))]).await;
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    let jwt = world.token(&json!({}));
    world.introspect(&jwt).await.assert_active();
    let revocation = request().path("/token/revoke").basic("app", SECRET).form(&[("token", &jwt)]);
    assert_eq!(world.send(revocation).await.status, 200);
    world.introspect(&jwt).await.assert_inactive("revoked_token");
    let tool = Tool::beside(&world).with("REDIS_URL", &user("operator"));
    tool.run("revoke --sub alice").await.done();
    tool.run("revoke --sub alice --not-before none").await.done();
    // Each user may write only its own keys.
    for (name, command, allowed) in [
        ("introspection", ["SET", "sub#i#alice", "{}"], false),
        ("logout-handler", ["SET", "sid#https://auth.example.com#5f2c", "{}"], true),
        ("logout-handler", ["SET", "sid#https://other.example.com#5f2c", "{}"], false),
        ("logout-handler", ["SET", "sub#https://auth.example.com#alice", "{}"], false),
        ("authorization-server", ["SET", "token#1", "{}"], true),
        ("authorization-server", ["SET", "revoked#1", "{}"], false),
        ("operator", ["SET", "iss#https://auth.example.com", "{}"], true),
    ] {
        let mut connection = test_support::redis::Client::open(user(name)).unwrap().get_connection().unwrap();
        let mut run = |words: &[&str]| cmd(words[0]).arg(&words[1..]).exec(&mut connection).is_ok();
        assert_eq!(run(&command), allowed, "{name} {command:?}");
        assert!(!run(&["DEL", command[1]]) && !run(&["FLUSHALL"]) && !run(&["CONFIG", "GET", "*"]), "{name}");
    }
    assert_eq!(rules.len(), 4);
}

#[tokio::test]
async fn a_server_that_begins_to_evict_keys_is_refused_at_the_next_connection() {
    let world = World::new().await;
    let jwt = world.token(&json!({}));
    world.introspect(&jwt).await.assert_active();
    world.tokens.server.run("CONFIG SET maxmemory-policy allkeys-lru");
    world.tokens.tap.end_connections();
    world.introspect(&jwt).await.assert_unavailable("store_unavailable");
    Tool::beside(&world).run("revoke --sub alice").await.failed(2, "REDIS_URL may evict keys");
    world.tokens.server.run("CONFIG SET maxmemory-policy noeviction");
    world.introspect(&jwt).await.assert_active();
}

/// Waits until the nodes of a cluster know each other.
async fn until_cluster_says(node: &RedisServer, line: &str) {
    for _ in 0..400 {
        let info: String = cmd("CLUSTER").arg("INFO").query(&mut node.connection()).unwrap();
        if info.contains(line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the cluster never says {line}");
}

#[tokio::test]
async fn a_cluster_of_one_shard_is_accepted_and_one_of_two_is_refused() {
    let cluster = |name: &str| {
        let file = format!("nodes-{name}-{}.conf", std::process::id());
        let _ = std::fs::remove_file(std::env::temp_dir().join(&file));
        RedisServer::start(&["--cluster-enabled", "yes", "--cluster-config-file", &file])
    };
    let (one, two) = (cluster("one"), cluster("two"));
    one.run("CLUSTER ADDSLOTSRANGE 0 16383");
    let url = one.url();
    until_cluster_says(&one, "cluster_state:ok").await;
    let world = World::with(&[("REDIS_URL", &url)]).await;
    let jwt = world.token(&json!({}));
    world.introspect(&jwt).await.assert_active();
    Tool::beside(&world).with("REDIS_URL", &url).run(&format!("revoke --sub alice --issuer {ISSUER}")).await.done();
    world.introspect(&jwt).await.assert_inactive("revoked_subject");

    one.run("CLUSTER DELSLOTSRANGE 8192 16383");
    two.run("CLUSTER ADDSLOTSRANGE 8192 16383");
    one.run(&format!("CLUSTER MEET 127.0.0.1 {}", two.port));
    until_cluster_says(&one, "cluster_size:2").await;
    let line = refusal(&url).await.unwrap_or_default();
    assert!(line.starts_with("REDIS_URL is a cluster of 2 shards"), "{line}");
    // A key of the other shard does not count as absent.
    world.introspect(&jwt).await.assert_unavailable("store_unavailable");
}

/// A certificate for this machine's address, made by a tool that every platform has.
fn certificate() -> (PathBuf, PathBuf) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("redis-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    openssl.args([
        "-subj",
        "/CN=redis",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).stderr(Stdio::null());
    let made = openssl.status().unwrap_or_else(|error| panic!("NOT RUN: this test needs openssl ({error})"));
    assert!(made.success());
    (key, certificate)
}

#[tokio::test]
async fn tls_connects_only_to_a_server_whose_certificate_is_trusted() {
    let (key, certificate) = certificate();
    let (key, certificate) = (key.to_str().unwrap().to_owned(), certificate.to_str().unwrap().to_owned());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = port.to_string();
    let options =
        ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-auth-clients", "no"];
    let server = RedisServer::start(&options);
    let world = World::new().await;
    let tool = Tool::beside(&world).with("REDIS_URL", &format!("rediss://127.0.0.1:{port}"));
    let stranger = "with Redis, the server cannot be reached";
    tool.run("revoke --sub alice").await.failed(3, stranger);
    assert_eq!(cmd("DBSIZE").query::<u64>(&mut server.connection()).unwrap(), 0);
    let tool = tool.with("SSL_CERT_FILE", &certificate);
    tool.run("revoke --sub alice").await.done();
    assert_eq!(cmd("DBSIZE").query::<u64>(&mut server.connection()).unwrap(), 1);
    // The certificate must contain the server's name.
    let tool = tool.with("REDIS_URL", &format!("rediss://localhost:{port}"));
    tool.run("revoke --sub alice").await.failed(3, stranger);
}
