//! `policy suggest`: the draft of a caller's policy shows all tokens of its records, and nothing else of other callers.

use serde_json::{Value, json};
use test_support::{
    log::Log,
    world::{AUDIENCE, ISSUER, World},
};
use token_introspection::settings::LogLevel;

use super::{Tool, file};

#[tokio::test]
async fn i13_the_draft_from_the_records_of_report_mode_hides_none_of_those_tokens() {
    let world = World::new().await;
    let (log, _guard) = Log::start(LogLevel::Info);
    world.put_policy(&json!({ "mode": "report", "audiences": ["other"] }));
    let tokens: Vec<String> = [
        json!({ "scope": "read" }),
        json!({ "scope": "read write", "department": "sales" }),
        json!({ "aud": [AUDIENCE, "https://other.example"], "username": "Alice" }),
    ]
    .iter()
    .flat_map(|changes| world.both_forms(changes))
    .collect();
    log.take();
    for token in &tokens {
        world.introspect(token).await.assert_active();
    }
    world.introspect(&world.token(&json!({ "exp": 1, "scope": "admin" }))).await.assert_inactive("expired");
    let lines = log.take();
    let records = file("records.jsonl", &format!("START RequestId: 1\n{lines}"));
    let tool = Tool::without_aws();
    let report = tool.json(&format!("policy suggest --records {records}")).await;
    let draft = &report["callers"][0];
    let expected = json!({
        "mode": "report", "issuers": [ISSUER], "audiences": [AUDIENCE], "scopes": ["read", "write"],
        "claims": ["department", "username"],
    });
    assert_eq!((&draft["caller"], &draft["policy"]), (&json!("api"), &expected));
    assert_eq!((&draft["records"], &draft["would_deny"], &report["other_records"]), (&json!(6), &json!(6), &json!(1)));
    // The draft, enforced, gives the same answers.
    world.put_policy(&json!({}));
    let mut whole = Vec::new();
    for token in &tokens {
        whole.push(world.introspect(token).await.assert_active());
    }
    let mut policy = expected.clone();
    for mode in ["report", "enforce"] {
        policy["mode"] = json!(mode);
        world.put_policy(&policy);
        for (token, whole) in tokens.iter().zip(&whole) {
            log.take();
            assert_eq!(&world.introspect(token).await.assert_active(), whole, "{mode}");
            assert_eq!(log.take_audit()[0]["policy"], "allow", "{mode}");
        }
    }
    let text = tool.run(&format!("policy suggest --records {records}")).await.done().stdout;
    assert!(text.starts_with("caller      api\nrecords     6, from "), "{text}");
    assert!(text.contains("only 6 records") && text.contains("left out"), "{text}");
}

#[tokio::test]
async fn only_the_records_of_the_named_client_count_and_without_any_the_answer_is_negative() {
    let record = |caller: &str, audiences: Option<&str>| {
        json!({
            "target": "audit", "caller": caller, "outcome": "active", "policy": "allow", "issuer": ISSUER,
            "audiences": audiences, "scopes": "read", "claims": "", "timestamp": "2026-11-22T18:23:50.375Z",
        })
        .to_string()
    };
    let lines = [record("b", Some("y")), record("a", Some("x")), record("c", None)].join("\n");
    let tool = Tool::without_aws();
    let suggest = |options: &'static str| {
        let (tool, lines) = (&tool, &lines);
        async move { tool.run_with(&format!("policy suggest --records - --output json{options}"), lines).await }
    };
    let callers = |report: &Value| -> Vec<Value> {
        report["callers"].as_array().unwrap().iter().map(|caller| caller["caller"].clone()).collect()
    };
    assert_eq!(callers(&suggest("").await.done().json()), ["a", "b"]);
    let report = suggest(" --client b").await.done().json();
    assert_eq!((callers(&report), &report["callers"][0]["policy"]["audiences"]), (vec![json!("b")], &json!(["y"])));
    suggest(" --client c").await.failed(1, "of \"c\" is of an active token in report mode");
    tool.run_with("policy suggest --records -", "no records\n").await.failed(1, "none of the 0 audit records is");
    tool.run_with("policy suggest --records -", "").await.failed(2, "empty");
    tool.run("policy suggest --records records.jsonl").await.failed(2, "--records takes - (standard input) or @FILE");
}
