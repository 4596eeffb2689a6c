//! Which servers are accepted: one that may lose or miss a revocation stops the start with one line.

use std::process::{Command, Stdio};

use crate::{
    redis_server::{RedisServer, refusal},
    world::OWN,
};

#[tokio::test]
async fn a_server_that_may_evict_keys_is_refused() {
    let server = RedisServer::start(&[]);
    assert_eq!(refusal(&server.url()).await, None);
    for policy in [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] {
        server.run(&format!("CONFIG SET maxmemory-policy {policy}"));
        let line = refusal(&server.url()).await.unwrap_or_default();
        assert!(
            line.starts_with("REDIS_URL may evict keys") && line.contains(policy) && line.contains("noeviction"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn an_unreachable_server_does_not_stop_the_start() {
    assert_eq!(refusal("redis://127.0.0.1:1").await, None);
    assert_eq!(refusal("rediss://127.0.0.1:1").await, None);
}

#[tokio::test]
async fn the_function_prints_that_one_line_and_exits() {
    let server = RedisServer::start(&["--maxmemory-policy", "allkeys-lru"]);
    let mut function = Command::new(env!("CARGO_BIN_EXE_token-introspection"));
    function.env_clear().envs([
        ("ISSUER", OWN),
        ("REDIS_URL", &server.url()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    let output = tokio::task::spawn_blocking(move || function.stdin(Stdio::null()).output().unwrap()).await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let line = stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with("token-introspection: REDIS_URL may evict keys"), "{stderr}");
}
