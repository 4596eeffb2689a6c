//! Errors of the tool: one line, with the cure, and never a secret.

use serde_json::json;
use test_support::{
    proxy::Fault,
    world::{ISSUER, World},
};

use super::Tool;

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn an_unreachable_store_is_unknown_and_never_a_negative_answer() {
    let world = World::new().await;
    for (fault, expected) in [
        (Fault::ServerError, "DynamoDB answered"),
        (Fault::Throttled, "DynamoDB answered"),
        (Fault::AccessDenied, "may not use dynamodb:"),
        (Fault::Resets, "cannot be reached"),
        (Fault::Truncated, "DynamoDB"),
    ] {
        world.proxy.fail(fault);
        let tool = Tool::beside(&world).with("AWS_ENDPOINT_URL_DYNAMODB", &world.proxy.url);
        for line in ["client show api", "client list", "revoke --sub alice", "client disable api", "explain --token -"]
        {
            tool.run_with(line, "opaque").await.failed(3, expected);
        }
    }
    let nowhere = Tool::beside(&world).with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");
    nowhere.run("client list").await.failed(3, "cannot be reached; check --endpoint-url");
    assert_eq!(world.count_items().await, 0);
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn a_missing_or_wrong_setting_is_named_with_its_cure() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    tool.run("client list --endpoint-url somewhere").await.failed(2, "--endpoint-url is not a URL");
    let tool = tool.with("REDIS_URL", "redis://127.0.0.1");
    tool.run("revoke --sub alice").await.failed(2, "REDIS_URL needs a build with the cargo feature");
    Tool::at(&world.engine.url).without("AWS_REGION").run("client list").await.failed(2, "give --region");
    Tool::at(&world.engine.url).without("AWS_REGION").run("client list --region eu-west-1").await.done();
    Tool::at(&world.engine.url).without("AWS_SECRET_ACCESS_KEY").run("client list").await.failed(2, "AWS_PROFILE");
    Tool::at(&world.engine.url).run_with("explain --token -", "x").await.failed(2, "ISSUER is missing");
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", "[{");
    tool.run_with("explain --token -", "x").await.failed(2, "TRUSTED_ISSUERS is not the expected JSON");
}

#[tokio::test]
async fn o04_a_token_on_the_command_line_is_refused_and_not_repeated() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let token = world.token(&json!({}));
    for line in [
        format!("explain --token {token}"),
        format!("explain {token}"),
        format!("revoke --token {token}"),
        format!("revoke --token={token}"),
        format!("token put --client a --expires-in 60 --token {token}"),
        format!("client add --secret {token}"),
        format!("client rotate-secret api --secret {token}"),
        token.clone(),
    ] {
        let run = tool.run(&line).await;
        run.failed(2, "");
        assert!(!run.stderr.contains(&token) && !run.stderr.contains("eyJ"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn every_command_has_help_with_examples() {
    let tool = Tool::at("http://127.0.0.1:1");
    for line in [
        "",
        "client add",
        "client rotate-secret",
        "client show",
        "client list",
        "client disable",
        "revoke",
        "token put",
        "explain",
        "issuer suggest",
        "tables create",
    ] {
        let run = tool.run(format!("{line} --help").trim()).await.done();
        assert!(run.stdout.contains("Examples:\n  introspection-admin ") || line.is_empty(), "{line}");
        assert!(run.stdout.contains("Usage: introspection-admin") && run.stderr.is_empty(), "{line}");
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 200), "{line}");
    }
    assert!(tool.run("--version").await.done().stdout.starts_with("introspection-admin "));
    tool.run("--help").await.done();
    assert_eq!(tool.run("client").await.ended(2).stdout, "");
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn a_command_that_fails_half_way_reports_what_was_done() {
    let world = World::new().await;
    let tool = Tool::beside(&world).with("AWS_ENDPOINT_URL_DYNAMODB", &world.proxy.url);
    world.put_client(&json!({ "client_id": "app", "issuer": ISSUER }));
    // The record is read and changed; then the mark cannot be written.
    world.proxy.fail_after(2, Fault::AccessDenied);
    tool.run("client disable app").await.failed(3, "the client is disabled; its tokens may still be active, but ");
    world.proxy.fail(Fault::None);
    tool.run("client disable app").await.done();
    world.introspect(&world.token(&json!({ "client_id": "app" }))).await.assert_inactive("revoked_client");
}
