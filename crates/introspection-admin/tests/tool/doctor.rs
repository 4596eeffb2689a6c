//! `doctor`: each planted fault is found, with its name and what it is about, and a sound deployment has none.

use serde_json::{Value, json};
use test_support::{
    key_host::KeyHost,
    keys,
    world::{AUDIENCE, ISSUER, OWN, SECRET, World},
};
use token_introspection::{call::now, records::sha256_hex};

use super::{Tool, count};

/// The subjects of each finding, by its name.
fn subjects(report: &Value, name: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["name"] == name);
    let subjects = finding.and_then(|finding| finding["subjects"].as_array());
    subjects.into_iter().flatten().map(|subject| subject["subject"].as_str().unwrap().to_owned()).collect()
}

fn names(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["name"].as_str().unwrap()).collect()
}

/// A client with a secret, and with audiences unless the changes say otherwise.
fn put_client(world: &World, id: &str, changes: &Value) {
    let mut client = json!({
        "client_id": id, "client_secret": sha256_hex(SECRET), "introspection": { "audiences": [AUDIENCE] },
    });
    for (name, value) in changes.as_object().unwrap().clone() {
        client[name] = value;
    }
    world.put_client(&client);
}

/// A world without any findings, except that its tables have no time to live.
async fn sound() -> (World, Tool) {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    tool.run("tables create").await.done();
    put_client(&world, "api", &json!({}));
    (world, tool)
}

#[tokio::test]
async fn a_sound_deployment_has_no_findings_and_nothing_is_written() {
    let (world, tool) = sound().await;
    world.put_client(&json!({ "client_id": "web" }));
    world.put_mark(&format!("sub#{ISSUER}#alice"), &json!({ "not_before": 1000, "expires_at": 2000 }));
    world.put_mark(&format!("iss#{OWN}"), &json!({ "not_before": 1000 }));
    world.put_token("t", &json!({ "token_type": "access_token", "client_id": "web", "exp": now() + 60 }));
    let before = world.dynamodb("Scan", &json!({ "TableName": "oauth-tokens" })).await;
    let report = tool.json("doctor").await;
    assert_eq!(report["findings"], json!([]), "{report}");
    let clients = report["counts"]["clients"].as_u64().unwrap();
    assert_eq!(report["counts"], json!({ "issuers": 2, "clients": clients, "marks": 2, "token_records": 1 }));
    assert!(clients >= 2);
    let text = tool.run("doctor").await.done().stdout;
    assert!(text.contains("clients, 1 token record, 2 marks\nfound nothing\n\nISSUER "), "{text}");
    assert!(
        text.lines().any(|line| line.starts_with(ISSUER) && line.contains("rfc9068") && line.ends_with('-')),
        "{text}"
    );
    assert_eq!(before, world.dynamodb("Scan", &json!({ "TableName": "oauth-tokens" })).await);
}

#[tokio::test]
async fn each_fault_of_a_client_is_found() {
    let (world, tool) = sound().await;
    let soon = now() + 3600;
    let previous = json!({ "previous_client_secret": sha256_hex("x"), "previous_client_secret_expires_at": soon });
    for (id, changes, name) in [
        ("typed", json!({ "disabled": "no" }), "corrupt_client_record"),
        ("policy", json!({ "introspection": { "mode": "sometimes" } }), "corrupt_client_record"),
        ("empty", json!({ "client_secret": sha256_hex("") }), "cannot_authenticate"),
        ("method", json!({ "token_endpoint_auth_method": "client_secret_jwt" }), "cannot_authenticate"),
        ("keys", json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": "{}" }), "cannot_authenticate"),
        ("bearer", json!({ "token_endpoint_auth_method": "bearer", "issuer": "https://x" }), "cannot_authenticate"),
        (
            "private",
            json!({ "jwks": r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"a","d":"b"}]}"# }),
            "private_key_stored",
        ),
        ("rotated", previous, "previous_secret_expires"),
        ("over", json!({ "previous_client_secret": sha256_hex("x") }), "previous_secret_over"),
        ("elsewhere", json!({ "issuer": "https://other.example" }), "client_of_unknown_issuer"),
        (
            "slash",
            json!({ "introspection": { "audiences": [AUDIENCE], "issuers": [format!("{ISSUER}/")] } }),
            "policy_of_unknown_issuer",
        ),
        ("default", json!({ "introspection": {} }), "default_policy_any"),
        ("report", json!({ "introspection": { "audiences": [AUDIENCE], "mode": "report" } }), "report_mode"),
    ] {
        put_client(&world, id, &changes);
        let report = tool.run("doctor --output json").await.json();
        assert!(subjects(&report, name).contains(&id.to_owned()), "{id}: {report}");
    }
    // These need nothing.
    put_client(&world, "off", &json!({ "disabled": true, "introspection": {}, "client_secret": sha256_hex("") }));
    put_client(&world, "refused", &json!({ "introspection": { "allowed": false } }));
    let run = tool.run("doctor --output json").await.ended(1);
    let report = run.json();
    assert_eq!(subjects(&report, "corrupt_client_record"), ["policy", "typed"]);
    assert_eq!(subjects(&report, "cannot_authenticate"), ["bearer", "empty", "keys", "method"]);
    for id in ["\"off\"", "\"refused\"", "\"web\""] {
        assert_eq!(count(&report["findings"].to_string(), id), 0, "{id}: {report}");
    }
    // The rotated client has a week by default.
    let later = tool.run("doctor --secrets-within 10m --output json").await.json();
    assert_eq!(subjects(&later, "previous_secret_expires"), Vec::<String>::new());
    for secret in [sha256_hex(SECRET), sha256_hex("x")] {
        assert!(!run.stdout.contains(&secret), "a digest is printed");
    }
}

#[tokio::test]
async fn defaults_that_show_every_audience_are_found() {
    let (world, tool) = sound().await;
    for id in ["default", "none"] {
        put_client(&world, id, &json!({ "introspection": {} }));
    }
    let report = tool.json("doctor").await;
    assert_eq!(names(&report), ["default_policy_any"]);
    assert_eq!(subjects(&report, "default_policy_any"), ["default", "none"]);
    let report = tool.with("DEFAULT_POLICY", "audience").json("doctor").await;
    assert_eq!(names(&report), ["relies_on_default"]);
}

#[tokio::test]
async fn items_that_cannot_be_read_or_are_never_read_are_found() {
    let (world, tool) = sound().await;
    world.put_token("corrupt", &json!({ "token_type": "access_token", "client_id": "app" }));
    world.put_token(
        "foreign",
        &json!({ "token_type": "access_token", "client_id": "app", "exp": now() + 60, "iss": "https://x" }),
    );
    world.put_mark(&format!("sub#{ISSUER}#milliseconds"), &json!({ "not_before": 1_700_000_000_000_i64 }));
    world.put_mark(&format!("client#{ISSUER}#typed"), &json!({ "not_before": "soon" }));
    world.put_mark(&format!("sub#{ISSUER}/#slash"), &json!({}));
    world.put_mark("iss#https://other.example", &json!({}));
    for odd in [format!("sub#{ISSUER}"), "subject#a#b".to_owned(), "revoked#token".to_owned(), "token#ABC".to_owned()] {
        world.put_mark(&odd, &json!({}));
    }
    // A mark that revokes by its presence is readable with any attributes.
    world.put_mark(&format!("jti#{ISSUER}#1"), &json!({ "not_before": "soon" }));
    let report = tool.run("doctor --output json").await.ended(1).json();
    assert_eq!(subjects(&report, "corrupt_record"), [format!("token#{}", sha256_hex("corrupt"))]);
    assert_eq!(subjects(&report, "record_of_unknown_issuer"), [format!("token#{}", sha256_hex("foreign"))]);
    let expected = [format!("client#{ISSUER}#typed"), format!("sub#{ISSUER}#milliseconds")];
    assert_eq!(subjects(&report, "corrupt_mark"), expected);
    let expected = ["iss#https://other.example".to_owned(), format!("sub#{ISSUER}/#slash")];
    assert_eq!(subjects(&report, "mark_of_unknown_issuer"), expected);
    assert!(report.to_string().contains("the slash at the end"), "{report}");
    assert_eq!(subjects(&report, "unknown_item").len(), 4, "{report}");
    // Without the scan, nothing of this is known.
    let report = tool.json("doctor --skip-tokens").await;
    assert_eq!(names(&report), ["tokens_not_read"]);
}

#[tokio::test]
async fn issuers_are_asked_for_their_keys_and_the_age_of_the_shared_set_counts() {
    let (world, tool) = sound().await;
    let (key, nameless) = (keys::ed25519(Some("a"), 1), keys::ed25519(None, 2));
    let host = KeyHost::start(&json!({ "keys": [key.jwk()] })).await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]).to_string();
    let tool = tool.with("TRUSTED_ISSUERS", &issuers);
    let snapshot = |age: i64, uri: &str| {
        let item = json!({
            "id": format!("jwks#{ISSUER}"), "jwks": json!({ "keys": [key.jwk()] }).to_string(), "jwks_uri": uri,
            "fetched_at": now() - age,
        });
        world.engine.put("oauth-introspection-state", &item).unwrap();
    };
    let report = tool.json("doctor").await;
    assert_eq!(names(&report), Vec::<&str>::new());
    let issuer = &report["issuers"][0];
    assert_eq!((&issuer["loaded_keys"], &issuer["shared_seconds_ago"]), (&json!(1), &Value::Null));

    let short = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AAAA" });
    let encryption = json!({ "kty": "RSA", "use": "enc", "kid": "enc", "n": "AQAB", "e": "AQAB" });
    host.publish(200, json!({ "keys": [nameless.jwk(), short, encryption] }).to_string());
    let report = tool.json("doctor").await;
    assert_eq!(names(&report), ["key_dropped", "key_without_kid"], "a key that a rule excludes is no finding");
    host.publish(200, json!({ "keys": [encryption] }).to_string());
    assert_eq!(names(&tool.run("doctor --output json").await.ended(1).json()), ["no_usable_key"]);

    host.publish(500, "");
    for (age, code, name) in [(60, 0, "keys_unreachable"), (13 * 3600, 1, "keys_unavailable")] {
        snapshot(age, &host.url);
        let report = tool.run("doctor --output json").await.ended(code).json();
        assert_eq!(names(&report), [name], "{age}");
        assert!(report["findings"].to_string().contains("status"), "{report}");
    }
    snapshot(60, "https://other.example/jwks.json");
    let report = tool.run("doctor --output json").await.ended(1).json();
    assert_eq!(names(&report), ["keys_unavailable", "snapshot_unusable"]);
    host.publish(200, json!({ "keys": [key.jwk()] }).to_string());
    assert_eq!(names(&tool.json("doctor").await), ["snapshot_unusable"]);
}

#[tokio::test]
async fn tables_that_are_missing_or_keep_expired_items_are_found() {
    let world = World::new().await;
    put_client(&world, "api", &json!({}));
    let tool = Tool::beside(&world);
    let report = tool.json("doctor").await;
    assert_eq!(subjects(&report, "time_to_live_off"), ["oauth-introspection-state", "oauth-tokens"]);
    let tool = tool.with("TOKENS_TABLE", "other-tokens").with("STATE_TABLE", "oauth-clients-2");
    let run = tool.run("doctor --output json").await.ended(1);
    assert_eq!(subjects(&run.json(), "table_missing"), ["oauth-clients-2", "other-tokens"]);
    let text = tool.run("doctor").await.ended(1).stdout;
    assert!(text.contains("\nerror table_missing: the table does not exist, so every request gets 503\n"), "{text}");
    tool.with("TRUSTED_ISSUERS", "[{").run("doctor").await.failed(2, "TRUSTED_ISSUERS");
}

#[tokio::test]
async fn the_report_is_unknown_if_dynamodb_is() {
    let tool = Tool::at("http://127.0.0.1:9").with("ISSUER", OWN).with("TRUSTED_ISSUERS", "[]");
    tool.run("doctor").await.failed(3, "DynamoDB cannot be reached");
    Tool::at("http://127.0.0.1:9").run("doctor").await.failed(2, "ISSUER is missing");
}
