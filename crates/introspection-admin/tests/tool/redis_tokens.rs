//! The tool with the tokens in Redis: what it writes, and what it reports if it cannot write.

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
async fn a_mark_that_cannot_be_written_is_reported_with_what_was_done() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "app", "issuer": ISSUER }));
    world.tokens.server.run("CONFIG SET maxmemory-policy volatile-lru");
    let tool = Tool::beside(&world);
    // Commands that need no tokens still work: replacing a leaked secret must not wait for Redis.
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
async fn the_tool_reads_again_if_another_process_wrote_first() {
    let world = World::new().await;
    let (port, tool, id) = (world.tokens.server.port, Tool::beside(&world), format!("sub#{OWN}#alice"));
    let (near, far) = (now() + 1000, now() + 9000);
    let revoke = format!("revoke --sub alice --not-before 200 --expires-at {near}");
    // Another process changes the expiry or the value of the mark: before the tool reads it a second time, and before
    // it writes.
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
    // An expiry inside the value does not count; only that of the key does.
    run(port, &["SET", &id, r#"{"not_before":100,"expires_at":5}"#]);
    tool.run(&revoke).await.done();
    assert_eq!(world.stored_item(&id).await["expires_at"], Value::Null);
}

#[tokio::test]
async fn the_tool_keeps_expiries_and_replaces_unreadable_marks() {
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
    // A mark that revokes more keeps the later expiry and the attributes that another program added.
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
    // An unreadable mark revokes everything until it expires. The mark that replaces it does so for ever, unless the
    // command limits it.
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
    // An operator has to remove a value of another type.
    run(port, &["DEL", &id]);
    run(port, &["RPUSH", &id, "x"]);
    tool.run("revoke --sub alice").await.failed(3, "the server answered WRONGTYPE");
    let tables = tool.run("tables create --output json").await.done();
    tables.warned("the tokens are in Redis");
    let names: Vec<_> = tables.json()["tables"].as_array().unwrap().iter().map(|table| table["name"].clone()).collect();
    assert_eq!(names, ["oauth-clients", "oauth-introspection-state"]);
}

#[tokio::test]
async fn an_unreachable_server_is_unknown_to_the_tool_and_never_a_negative_answer() {
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

#[tokio::test]
async fn doctor_says_that_items_in_redis_are_not_read() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    world.put_mark(&format!("sub#{ISSUER}/#alice"), &json!({ "not_before": "soon" }));
    let report = tool.json("doctor").await;
    let findings = report["findings"].as_array().unwrap();
    let skipped = findings.iter().find(|finding| finding["name"] == "tokens_not_read").unwrap();
    assert_eq!(skipped["subjects"][0]["subject"], "REDIS_URL");
    assert!(findings.iter().all(|finding| !finding.to_string().contains("sub#")), "{report}");
}
