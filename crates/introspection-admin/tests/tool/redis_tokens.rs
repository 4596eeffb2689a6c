//! The tool with the tokens in Redis: what it writes, and what it says when it cannot.

use serde_json::{Value, json};
use test_support::redis::cmd;
use test_support::{
    redis_server::run,
    redis_tap::Break,
    world::{ISSUER, OWN, World},
};
use token_introspection::call::now;

use super::Tool;

#[tokio::test]
async fn a_mark_that_cannot_be_written_is_told_with_what_was_done() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "app", "issuer": ISSUER }));
    world.tokens.server.run("CONFIG SET maxmemory-policy volatile-lru");
    let tool = Tool::beside(&world);
    // What has nothing to do with tokens works all the same: a leaked secret does not wait for Redis.
    tool.run("client list").await.done();
    tool.run("client rotate-secret api").await.done();
    tool.run("client disable app")
        .await
        .failed(2, "the client is disabled; its tokens may still be active, but REDIS_URL");
    world.tokens.server.run("CONFIG SET maxmemory-policy noeviction");
    tool.run("client disable app").await.done();
    assert_eq!(world.count_items().await, 1);
}

#[tokio::test]
async fn the_tool_looks_again_where_somebody_else_was_faster() {
    let world = World::new().await;
    let (port, tool, id) = (world.tokens.server.port, Tool::beside(&world), format!("sub#{OWN}#alice"));
    let (near, far) = (now() + 1000, now() + 9000);
    let revoke = format!("revoke --sub alice --not-before 200 --expires-at {near}");
    // Another end of the same value, and another value of the same end: before the tool reads it a second time, and
    // before it writes.
    for (word, spared) in [("GET", 1), ("EVAL", 0)] {
        for (value, end, expected) in [(r#"{"not_before":100}"#, far, "200"), (r#"{"not_before":300}"#, near, "300")] {
            run(port, &["SET", &id, r#"{"not_before":100}"#, "EXAT", &near.to_string()]);
            let theirs = (id.clone(), end.to_string());
            world.tokens.tap.interfere(spared, word, move || run(port, &["SET", &theirs.0, value, "EXAT", &theirs.1]));
            tool.run(&revoke).await.done();
            let stored = world.stored_item(&id).await;
            assert_eq!(stored["not_before"]["N"], expected, "{word}: {stored}");
            assert_eq!(stored["expires_at"]["N"], end.to_string(), "{word}: {stored}");
        }
    }
    // An end that only the value speaks of is none.
    run(port, &["SET", &id, r#"{"not_before":100,"expires_at":5}"#]);
    tool.run(&revoke).await.done();
    assert_eq!(world.stored_item(&id).await["expires_at"], Value::Null);
}

#[tokio::test]
async fn the_tool_keeps_expiries_and_mends_what_cannot_be_read() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let id = format!("sub#{OWN}#alice");
    let expires_at = now() + 5000;
    tool.run(&format!("revoke --sub alice --not-before 100 --expires-at {expires_at}")).await.done();
    let stored = world.stored_item(&id).await;
    assert_eq!(
        (&stored["not_before"]["N"], &stored["expires_at"]["N"]),
        (&json!("100"), &json!(expires_at.to_string()))
    );
    // A longer reach keeps the later end; what somebody else added stays.
    let value = r#"{"not_before":100,"theirs":[1]}"#;
    cmd("SET").arg(&id).arg(value).arg("EXAT").arg(expires_at).exec(&mut world.redis()).unwrap();
    tool.run(&format!("revoke --sub alice --not-before 200 --expires-at {}", expires_at - 1000)).await.done();
    let stored = world.stored_item(&id).await;
    assert_eq!(
        (&stored["not_before"]["N"], &stored["expires_at"]["N"]),
        (&json!("200"), &json!(expires_at.to_string()))
    );
    assert_eq!(stored["theirs"]["L"][0]["N"], "1");
    tool.run("revoke --sub alice --not-before none --expires-at never").await.done();
    let stored = world.stored_item(&id).await;
    assert_eq!((&stored["not_before"], &stored["expires_at"]), (&Value::Null, &Value::Null), "{stored}");
    // What cannot be read revokes everything until it ends, and what is written in its place does so for good, unless
    // less is asked for.
    let port = world.tokens.server.port;
    for (line, not_before, end) in [
        ("--not-before 300", Value::Null, Value::Null),
        ("--not-before none --expires-at never --reason r", Value::Null, Value::Null),
        ("--not-before 300 --expires-at END", Value::Null, Value::Null),
        ("--not-before 300 --replace", json!("300"), Value::Null),
        ("--not-before 300 --expires-at END --replace", json!("300"), json!(expires_at.to_string())),
    ] {
        for mark in [vec!["SET", &id, "rubbish"], vec!["SET", &id, "rubbish", "EX", "60"]] {
            run(port, &mark);
            let line = line.replace("END", &expires_at.to_string());
            tool.run(&format!("revoke --sub alice {line}")).await.done();
            let stored = world.stored_item(&id).await;
            assert_eq!(
                (&stored["not_before"]["N"], &stored["expires_at"]["N"]),
                (&not_before, &end),
                "{line} {mark:?}"
            );
        }
    }
    // One of another type is for a person to remove.
    run(port, &["DEL", &id]);
    run(port, &["RPUSH", &id, "x"]);
    tool.run("revoke --sub alice").await.failed(3, "the server answered WRONGTYPE");
    let tables = tool.run("tables create --output json").await.done();
    tables.warned("the tokens are in Redis");
    let names: Vec<_> = tables.json()["tables"].as_array().unwrap().iter().map(|table| table["name"].clone()).collect();
    assert_eq!(names, ["oauth-clients", "oauth-introspection-state"]);
}

#[tokio::test]
async fn a_server_out_of_reach_is_unknown_to_the_tool_and_never_a_negative_answer() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    world.tokens.tap.fail(Break::Close);
    for line in
        ["revoke --sub alice", "client disable api", "explain --token -", "token put --client app --expires-in 60"]
    {
        tool.run_with(line, "opaque").await.failed(3, "with Redis, the server cannot be reached");
    }
    world.tokens.tap.fail(Break::Nothing);
    assert_eq!(world.count_items().await, 0);
}
