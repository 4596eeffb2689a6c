//! `client …`: registering, showing and disabling clients, and rotating their secrets.

use serde_json::{Value, json};
use test_support::world::{API, AUDIENCE, ISSUER, OWN, SECRET, World};
use token_introspection::{call::now, records::sha256_hex};

use super::{Tool, count, file};

fn secret_of(answer: &Value) -> String {
    answer["client_secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn c09_a_secret_is_shown_once_and_stored_as_its_digest() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let run = tool.run("client add --id orders --name Orders --output json").await.done();
    let secret = secret_of(&run.json());
    assert!(secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "C-05");
    assert_eq!((count(&run.stdout, &secret), count(&run.stderr, &secret)), (1, 0));
    let record = json!({
        "client_id": { "S": "orders" }, "client_name": { "S": "Orders" }, "client_secret": { "S": sha256_hex(&secret) },
    });
    assert_eq!(world.stored_client("orders").await, record);
    world.introspect_as("orders", &secret, &world.token(&json!({}))).await.assert_active();
    for line in ["client show orders", "client list", "client show orders --output json", "client list --output json"] {
        let shown = tool.run(line).await.done().stdout;
        assert!(
            shown.contains("orders") && !shown.contains(&secret) && !shown.contains(&sha256_hex(&secret)),
            "{line}"
        );
    }
}

#[tokio::test]
async fn adding_an_existing_client_changes_nothing() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let before = world.stored_client(API).await;
    for line in [format!("client add --id {API}"), format!("client add --id {API} --public")] {
        tool.run(&line).await.failed(1, "the client \"api\" already exists");
    }
    assert_eq!(world.stored_client(API).await, before);
    let (one, other) = (tool.json("client add").await, tool.json("client add").await);
    assert!(one["client_id"] != other["client_id"] && one["client_secret"] != other["client_secret"]);
}

#[tokio::test]
async fn every_option_of_a_policy_is_stored_as_the_function_reads_it() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let line = "client add --id orders --issuer https://issuer.example.com --method client_secret_post --audience a \
                --audience b --scope read,x --scope orders:* --claim acr --token-type access_token \
                --token-type refresh_token --policy-issuer https://issuer.example.com --mode report \
                --require-signed-response --may-revoke-subjects";
    let words: Vec<_> =
        line.split_whitespace().map(|word| if word == "read,x" { "read write" } else { word }).collect();
    tool.run_words(&words, "").await.done();
    let list = |values: &[&str]| json!({ "L": values.iter().map(|value| json!({ "S": value })).collect::<Vec<_>>() });
    let record = world.stored_client("orders").await;
    assert_eq!(record["issuer"]["S"], ISSUER);
    assert_eq!(record["token_endpoint_auth_method"]["S"], "client_secret_post");
    let policy = json!({
        "audiences": list(&["a", "b"]), "scopes": list(&["read", "write", "orders:*"]), "claims": list(&["acr"]),
        "token_types": list(&["access_token", "refresh_token"]), "issuers": list(&[ISSUER]), "mode": { "S": "report" },
        "require_signed_response": { "BOOL": true },
        "may_revoke_subjects": { "BOOL": true },
    });
    assert_eq!(record["introspection"]["M"], policy);
    let silent = secret_of(&tool.json("client add --id silent --not-allowed").await);
    assert_eq!(world.introspect_as("silent", &silent, "t").await.status, 403);
    let wrong = secret_of(&tool.json(&format!("client add --id there --audience {AUDIENCE}x")).await);
    world.introspect_as("there", &wrong, &world.token(&json!({}))).await.assert_inactive("audience_hidden");
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let run = tool.run("client add --id web --public --output json").await.done();
    assert_eq!(run.json(), json!({ "client_id": "web", "client_secret": null }));
    assert_eq!(world.stored_client("web").await, json!({ "client_id": { "S": "web" } }));
    assert_eq!(tool.json("client show web").await["status"], "public");
    tool.run("client rotate-secret web").await.failed(1, "has no secret to replace");
}

#[tokio::test]
async fn c09_an_imported_secret_has_32_characters_and_is_not_repeated() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let (short, long) = ("x".repeat(31), "é".repeat(32));
    for line in ["client add --id imported --secret -", "client rotate-secret api --secret -"] {
        let run = tool.run_with(line, &format!("{short}\n")).await;
        run.failed(2, "under 32 characters");
        assert!(!run.stderr.contains(&short));
    }
    assert_eq!(world.stored_client("imported").await, Value::Null);
    let run = tool.run_with("client add --id imported --secret -", &format!("{long}\n")).await.done();
    assert!(!run.stdout.contains(&long) && run.stdout.contains("imported"));
    world.introspect_as("imported", &long, &world.token(&json!({}))).await.assert_active();
    let other = "y".repeat(40);
    let line = format!("client rotate-secret imported --secret {}", file("imported-secret", &format!("{other}\r\n")));
    assert_eq!(tool.json(&line).await["client_secret"], Value::Null);
    world.introspect_as("imported", &other, &world.token(&json!({}))).await.assert_active();
    tool.run_with("client rotate-secret imported --secret -", &other).await.failed(2, "is the one that the client has");
}

#[tokio::test]
async fn c11_a_rotated_secret_stays_valid_for_its_overlap_and_nothing_else_changes() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let token = world.token(&json!({}));
    let theirs = json!({ "client_id": API, "client_secret": sha256_hex(SECRET), "logo": { "uri": "https://x" } });
    world.put_client(&theirs);
    let before = now();
    let answer = tool.json("client rotate-secret api").await;
    let second = secret_of(&answer);
    let until = answer["previous_client_secret_expires_at"].as_i64().unwrap();
    assert!((before + 86_400..=now() + 86_400).contains(&until));
    for secret in [SECRET, &second] {
        world.introspect_as(API, secret, &token).await.assert_active();
    }
    let record = world.stored_client(API).await;
    assert_eq!(record["previous_client_secret"]["S"], sha256_hex(SECRET));
    assert_eq!(record["previous_client_secret_expires_at"]["N"], until.to_string());
    assert_eq!(record["logo"]["M"]["uri"]["S"], "https://x");
    assert!(tool.run("client show api").await.done().stdout.contains("valid until"));

    let run = tool.run("client rotate-secret api --overlap 60 --output json").await.done();
    run.warned("the secret before the last rotation was still valid");
    let third = secret_of(&run.json());
    assert_eq!(world.introspect_as(API, SECRET, &token).await.status, 401);
    world.introspect_as(API, &second, &token).await.assert_active();

    let fourth = secret_of(&tool.json("client rotate-secret api --overlap 0").await);
    for secret in [&second, &third] {
        assert_eq!(world.introspect_as(API, secret, &token).await.status, 401);
    }
    world.introspect_as(API, &fourth, &token).await.assert_active();
    let record = world.stored_client(API).await;
    assert!(record.get("previous_client_secret").is_none() && record["logo"]["M"]["uri"]["S"] == "https://x");
}

#[tokio::test]
async fn g10_a_disabled_client_is_refused_and_its_tokens_are_revoked() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let secret = secret_of(&tool.json("client add --id app --issuer https://issuer.example.com").await);
    let [jwt, opaque] = world.both_forms(&json!({ "client_id": "app" }));
    let foreign = world.token(&json!({ "client_id": "app2" }));
    for token in [&jwt, &opaque, &foreign] {
        world.introspect(token).await.assert_active();
    }
    let answer = tool.json("client disable app --reason over").await;
    assert_eq!(answer["disabled"], true);
    assert_eq!(answer["marks"][0]["id"], format!("client#{ISSUER}#app"));
    assert_eq!(world.introspect_as("app", &secret, &jwt).await.status, 401);
    world.introspect(&jwt).await.assert_inactive("revoked_client");
    world.introspect(&opaque).await.assert_inactive("revoked_client");
    world.introspect(&foreign).await.assert_active();
    assert_eq!(tool.json("client show app").await["status"], "disabled");
    let mark = world.stored_mark(&format!("client#{ISSUER}#app")).await;
    assert_eq!((&mark["reason"]["S"], mark.get("expires_at")), (&json!("over"), None));

    // Disabling again never weakens the mark. Without not_before, the mark revokes more.
    tool.run("client disable app --not-before none").await.done();
    tool.run("client disable app").await.done();
    let mark = world.stored_mark(&format!("client#{ISSUER}#app")).await;
    assert!(mark.get("not_before").is_none() && mark["reason"]["S"] == "over");
}

#[tokio::test]
async fn g10_disabling_a_client_without_an_issuer_marks_each_issuer_that_the_function_assumes() {
    let world = World::new().await;
    let ids =
        |answer: Value| answer["marks"].as_array().unwrap().iter().map(|mark| mark["id"].clone()).collect::<Vec<_>>();
    let tool = Tool::beside(&world);
    let both = [json!(format!("client#{OWN}#api")), json!(format!("client#{ISSUER}#api"))];
    assert_eq!(ids(tool.json("client disable api").await), both, "ours, and the first of two trusted ones");
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let entry = |issuer: &str| json!({ "issuer": issuer, "profile": "rfc9068", "jwks": jwks });
    for (trusted, expected) in [
        (json!([entry(ISSUER)]), &both[..]),
        (
            json!([entry("https://other.example"), entry(ISSUER)]),
            &[both[0].clone(), json!("client#https://other.example#api")],
        ),
        (json!([entry(OWN), entry(ISSUER)]), &both[..1]),
        (json!([]), &both[..1]),
    ] {
        let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &trusted.to_string());
        assert_eq!(ids(tool.json("client disable api").await), expected, "{trusted}");
    }
    let before = world.stored_client(API).await;
    tool.without("ISSUER").run("client disable api").await.failed(2, "ISSUER is missing");
    assert_eq!(world.stored_client(API).await, before, "nothing is written");
}

#[tokio::test]
async fn an_unknown_client_is_a_negative_answer() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    for line in ["client show missing", "client rotate-secret missing", "client disable missing"] {
        tool.run(line).await.failed(1, "the client \"missing\" does not exist");
    }
    assert_eq!(world.stored_client("missing").await, Value::Null);
}

#[tokio::test]
async fn a_corrupt_record_is_shown_as_such_and_can_be_disabled() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    world
        .put_client(&json!({ "client_id": "odd", "client_secret": sha256_hex(SECRET), "disabled": "no", "issuer": 1 }));
    let run = tool.run("client show odd --output json").await.done();
    assert_eq!((&run.json()["status"], run.json()["attributes"].get("client_secret")), (&json!("corrupt"), None));
    run.warned("has an attribute of a wrong type");
    let run = tool.run("client disable odd").await.done();
    run.warned("issuer has a wrong type");
    assert_eq!(world.stored_client("odd").await["disabled"], json!({ "BOOL": true }));
    assert!(!world.stored_mark(&format!("client#{OWN}#odd")).await.is_null());
    let list = tool.json("client list").await;
    let ids: Vec<_> = list["clients"].as_array().unwrap().iter().map(|client| client["client_id"].clone()).collect();
    assert_eq!(ids, ["api", "odd"]);
}

#[tokio::test]
async fn control_characters_of_a_record_do_not_reach_the_terminal() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "x\u{1b}[2J", "client_name": "a\u{1b}]0;b\u{7}\nc" }));
    let tool = Tool::beside(&world);
    let shown = tool.run("client list").await.done().stdout;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}') && shown.lines().count() == 3, "{shown}");
}
