//! `explain`: the verdict is that of the service, with the reasons.

use serde_json::{Value, json};
use test_support::{
    key_host::KeyHost,
    keys,
    world::{ACTIVE, ALL_IN_DYNAMODB, AUDIENCE, GENERIC, ISSUER, SECRET, World},
};
use token_introspection::{call::now, records::sha256_hex};

use super::{Run, Tool};

pub async fn explain(tool: &Tool, token: &str, options: &str) -> Run {
    let run = tool.run_with(format!("explain --token - --output json {options}").trim(), token).await;
    assert!(!run.stdout.contains(token) && !run.stderr.contains(token), "O-04");
    run
}

fn stage<'a>(explanation: &'a Value, name: &str) -> &'a Value {
    explanation["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn h31_each_dropped_key_is_one_line() {
    let key = keys::ed25519(Some("a"), 1);
    let encryption = json!({ "kty": "RSA", "use": "enc", "kid": "enc", "n": "AQAB", "e": "AQAB" });
    let short = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AAAA" });
    let host = KeyHost::start(&json!({ "keys": [encryption, key.jwk(), short] })).await;
    let world = World::new().await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]).to_string();
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &issuers);
    let token = key.token(&json!({ "typ": "at+jwt" }), &test_support::world::claims(&json!({})));
    let run = explain(&tool, &token, "").await;
    let expected = json!([
        { "kid": "enc", "kty": "RSA", "cause": "use_not_sig", "member": null, "unreadable": false },
        { "kid": "short", "kty": "OKP", "cause": "wrong_length", "member": "x", "unreadable": true },
    ]);
    assert_eq!(run.json()["dropped_keys"], expected);
    let text = tool.run_with("explain --token -", &token).await.stdout;
    assert!(text.contains("key not loaded: kid \"enc\", kty RSA: use_not_sig\n"), "{text}");
}

#[tokio::test]
async fn every_reason_is_named_and_the_verdict_is_that_of_the_service() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let good = world.token(&json!({}));
    let forger = keys::ed25519(Some("key-1"), 9);
    let typed = |typ: &str| world.signer.token(&json!({ "typ": typ }), &test_support::world::claims(&json!({})));
    let jwt = |changes: Value| world.token(&changes);
    world.put_token("token-corrupt", &json!({ "token_type": "access_token", "client_id": "app" }));
    let record = |changes: Value| {
        let mut record = json!({ "token_type": "access_token", "client_id": "app", "exp": now() + 600 });
        record.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        record
    };
    world.put_token("token-revoked", &record(json!({ "revoked": true })));
    world.put_token("token-foreign", &record(json!({ "iss": "https://other.example" })));
    world.put_token("token-over", &record(json!({ "exp": now() - 1 })));
    world.put_token("token-good", &record(json!({})));
    for (token, at, reason) in [
        (good.clone(), "", Value::Null),
        ("token-good".to_owned(), "", Value::Null),
        ("x".repeat(16 * 1024 + 1), "form", json!("too_long")),
        (format!("{good}="), "form", json!("malformed")),
        (jwt(json!({ "iss": "https://other.example" })), "issuer", json!("untrusted_issuer")),
        (jwt(json!({ "iss": null })), "issuer", json!("untrusted_issuer")),
        (jwt(json!({ "sub": 1 })), "claims", json!("wrong_claim_type")),
        (jwt(json!({ "sub": "x".repeat(2048) })), "claims", json!("unrevocable")),
        (jwt(json!({ "iss": GENERIC })), "profile", json!("required_claim")),
        (jwt(json!({ "jti": null })), "profile", json!("missing_claim")),
        (typed("JWT"), "profile", json!("wrong_typ")),
        (jwt(json!({ "exp": now() - 1 })), "times", json!("expired")),
        (jwt(json!({ "nbf": now() + 100 })), "times", json!("not_yet_valid")),
        (
            forger.token(&json!({ "typ": "at+jwt" }), &test_support::world::claims(&json!({}))),
            "signature",
            json!("bad_signature"),
        ),
        (
            keys::ed25519(Some("key-2"), 1)
                .token(&json!({ "typ": "at+jwt" }), &test_support::world::claims(&json!({}))),
            "signature",
            json!("unknown_key"),
        ),
        ("token-unheard-of".to_owned(), "record", json!("unknown_token")),
        ("token-corrupt".to_owned(), "record", json!("corrupt_record")),
        ("token-revoked".to_owned(), "record", json!("revoked_record")),
        ("token-foreign".to_owned(), "issuer", json!("untrusted_issuer")),
        ("token-over".to_owned(), "times", json!("expired")),
    ] {
        let run = explain(&tool, &token, "").await.ended(i32::from(!reason.is_null()));
        let explanation = run.json();
        let verdict = if reason.is_null() { "active" } else { "inactive" };
        assert_eq!((&explanation["verdict"], &explanation["reason"]), (&json!(verdict), &reason), "{explanation}");
        assert_eq!(explanation["hint"].is_string(), !reason.is_null(), "a cure for each reason: {explanation}");
        if !at.is_empty() {
            assert_eq!(
                (&stage(&explanation, at)["result"], &stage(&explanation, at)["reason"]),
                (&json!("failed"), &reason)
            );
        }
        world.introspect(&token).await.assert_verdict(reason.as_str().unwrap_or(ACTIVE), &reason);
    }
}

#[tokio::test]
async fn every_mark_is_shown_with_its_attributes() {
    let claims = json!({ "sid": "s1", "grant_id": "g1" });
    for (options, reason, id) in [
        ("--jti jti-1", "revoked_token", "jti#ISSUER#jti-1"),
        ("--sub alice", "revoked_subject", "sub#ISSUER#alice"),
        ("--sid s1", "revoked_session", "sid#ISSUER#s1"),
        ("--grant g1", "revoked_grant", "grant#ISSUER#g1"),
        ("--client app", "revoked_client", "client#ISSUER#app"),
        ("--kid key-1", "revoked_signing_key", "kid#ISSUER#key-1"),
        ("--not-before now", "revoked_issuer", "iss#ISSUER"),
    ] {
        let world = World::new().await;
        let tool = Tool::beside(&world);
        let [jwt, opaque] = world.both_forms(&claims);
        let answer = tool.json(&format!("revoke {options} --issuer {ISSUER} --reason stolen")).await;
        let id = id.replace("ISSUER", ISSUER);
        let tokens = if reason == "revoked_signing_key" { vec![jwt] } else { vec![jwt, opaque] };
        for token in tokens {
            let explanation = explain(&tool, &token, "").await.ended(1).json();
            assert_eq!(explanation["reason"], reason);
            let marks = explanation["marks"].as_array().unwrap();
            let there: Vec<_> = marks.iter().filter(|mark| mark["there"] == true).collect();
            let expected = json!({
                "id": id, "there": true, "revokes": true, "not_before": answer["not_before"], "except_sid": null,
                "reason": "stolen",
            });
            assert_eq!(there, [&expected]);
        }
    }
}

#[tokio::test]
async fn a_mark_that_does_not_revoke_the_token_is_shown_too() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    world.put_mark(&format!("client#{ISSUER}#app"), &json!({ "not_before": 1000, "reason": "old" }));
    let token = world.token(&json!({ "sid": "s1" }));
    world.put_mark(&format!("sub#{ISSUER}#alice"), &json!({ "except_sid": "s1" }));
    let run = tool.run_with("explain --token -", &token).await.done();
    assert!(run.stdout.starts_with("verdict  active\n"), "{}", run.stdout);
    let line = run.stdout.lines().find(|line| line.starts_with("client#")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1..4], ["yes", "no", "1000"], "{line}");
    world.put_mark(&format!("client#{ISSUER}#app"), &json!({ "not_before": "soon" }));
    let explanation = explain(&tool, &token, "").await.ended(1).json();
    assert_eq!(explanation["reason"], "corrupt_mark");
}

#[tokio::test]
async fn the_mark_of_one_token_is_shown() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let [_, opaque] = world.both_forms(&json!({}));
    let nameless = world.token(&json!({ "iss": GENERIC, "token_use": "access", "jti": null }));
    for (token, reason) in [(opaque, "revoked_token"), (nameless, "revoked_token")] {
        explain(&tool, &token, "").await.done();
        tool.run_with("revoke --token - --reason lost", &token).await.done();
        let explanation = explain(&tool, &token, "").await.ended(1).json();
        assert_eq!(explanation["reason"], reason);
        let marks = explanation["marks"].as_array().unwrap();
        assert!(marks.iter().any(|mark| mark["there"] == true && mark["reason"] == "lost"), "{marks:?}");
    }
}

#[tokio::test]
async fn several_faults_are_all_shown_and_the_first_is_the_reason() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    tool.run(&format!("revoke --sub alice --issuer {ISSUER}")).await.done();
    let claims = test_support::world::claims(&json!({ "exp": now() - 1 }));
    let token = keys::ed25519(Some("key-1"), 9).token(&json!({ "typ": "at+jwt" }), &claims);
    let explanation = explain(&tool, &token, "").await.ended(1).json();
    assert_eq!(explanation["reason"], "expired");
    for failed in ["times", "marks", "signature"] {
        assert_eq!(stage(&explanation, failed)["result"], "failed", "{failed}");
    }
}

#[tokio::test]
async fn unreachable_keys_are_unknown_and_the_state_table_is_not_written() {
    let world = World::new().await;
    let host = KeyHost::start(&json!({ "keys": [world.signer.jwk()] })).await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]).to_string();
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &issuers);
    let token = world.token(&json!({}));
    let state = async || world.dynamodb("Scan", &json!({ "TableName": "oauth-introspection-state" })).await;
    // With Redis, the function has recorded its canary.
    let before = state().await;
    let explanation = explain(&tool, &token, "").await.done().json();
    assert!(stage(&explanation, "signature")["detail"].as_str().unwrap().contains(&host.url));
    assert_eq!(host.take_requests(), 1);
    assert_eq!(before["Count"], u64::from(!ALL_IN_DYNAMODB));
    assert_eq!(state().await, before, "the state table is the function's own");
    host.publish(500, "");
    let explanation = explain(&tool, &token, "--client api").await.ended(3).json();
    assert_eq!((&explanation["verdict"], &explanation["client"]["status"]), (&json!("unknown"), &json!(503)));
    assert_eq!(stage(&explanation, "signature")["result"], "unknown");
    // The name is that of the audit record, and the cause that of the log.
    assert_eq!(explanation["reason"], "keys_unavailable");
    assert_eq!(explanation["because"], "the last fetch of the issuer's keys failed");
    assert!(explanation["hint"].is_string() && explanation["client"]["reason"] == "keys_unavailable");
    assert_eq!(stage(&explanation, "signature")["reason"], "fetch_failed");
    tool.run(&format!("revoke --sub alice --issuer {ISSUER}")).await.done();
    // Marks count only for a verified token, so the function still answers 503.
    explain(&tool, &token, "").await.ended(3);
}

#[tokio::test]
async fn the_answer_to_a_client_is_the_same_as_the_services() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let token = world.token(&json!({ "username": "Alice" }));
    for (policy, code, status, reason) in [
        (json!({}), 0, 200, Value::Null),
        (json!({ "audiences": [AUDIENCE], "scopes": ["read"], "claims": [] }), 0, 200, Value::Null),
        (json!({ "audiences": ["https://other.example"] }), 1, 200, json!("audience_hidden")),
        (json!({ "scopes": ["admin"] }), 1, 200, json!("scopes_hidden")),
        (json!({ "issuers": [GENERIC] }), 1, 200, json!("issuer_hidden")),
        (json!({ "token_types": ["refresh_token"] }), 1, 200, json!("token_type_hidden")),
        (json!({ "allowed": false }), 1, 403, json!("not_allowed")),
        (json!({ "mode": "report", "scopes": ["admin"] }), 0, 200, Value::Null),
        (json!({ "mode": "sometimes" }), 1, 401, json!("corrupt_client_record")),
    ] {
        world.put_policy(&policy);
        let explanation = explain(&tool, &token, "--client api").await.ended(code).json();
        let client = &explanation["client"];
        assert_eq!((&client["status"], &client["reason"]), (&json!(status), &reason), "{policy}");
        let answer = world.introspect(&token).await;
        assert_eq!(answer.status.as_u16(), status, "{policy}");
        if status == 200 {
            assert_eq!(client["answer"], answer.json(), "{policy}");
        }
        assert_eq!(client["would_deny"], policy.get("mode").is_some_and(|mode| mode == "report"), "{policy}");
    }
    world.put_client(&json!({ "client_id": "off", "client_secret": sha256_hex(SECRET), "disabled": true }));
    world.put_client(&json!({ "client_id": "web" }));
    world.put_client(&json!({ "client_id": "post", "client_secret": sha256_hex(SECRET),
        "token_endpoint_auth_method": "client_secret_post" }));
    for (id, code, reason) in [
        ("nobody", 1, json!("unknown_client")),
        ("off", 1, json!("disabled")),
        ("web", 1, json!("public_client")),
        ("post", 0, Value::Null),
    ] {
        let explanation = explain(&tool, &token, &format!("--client {id}")).await.ended(code).json();
        assert_eq!(explanation["client"]["reason"], reason);
    }
    world.put_policy(&json!({}));
    let expired = explain(&tool, &world.token(&json!({ "exp": 1 })), "--client api").await.ended(1).json();
    assert_eq!(expired["client"]["answer"], json!({ "active": false }));
    let run = tool.run_with("explain --token - --client api", &token).await.done();
    assert!(run.stdout.contains("answer   active, with the members below"), "{}", run.stdout);
    assert!(run.stdout.contains("\"username\": \"Alice\""), "{}", run.stdout);
}

#[tokio::test]
async fn i05_i08_the_answer_to_a_client_names_what_its_policy_withholds() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let token = world.token(&json!({ "username": "Alice", "scope": "read write", "department": "sales" }));
    for (policy, hidden, narrowed) in [
        (json!({}), json!([]), json!([])),
        (json!({ "claims": [] }), json!(["department", "username"]), json!([])),
        (json!({ "claims": ["username"], "scopes": ["read"] }), json!(["department"]), json!(["scope"])),
        (json!({ "claims": [], "mode": "report" }), json!([]), json!([])),
        (json!({ "scopes": ["admin"] }), json!([]), json!([])),
    ] {
        world.put_policy(&policy);
        let client = explain(&tool, &token, "--client api").await.json()["client"].clone();
        assert_eq!((&client["hidden"], &client["narrowed"]), (&hidden, &narrowed), "{policy}");
        // Only the names of hidden members are in the output.
        if hidden.to_string().contains("department") {
            assert!(!client.to_string().contains("sales"), "{policy}");
        }
    }
    world.put_policy(&json!({ "claims": ["username"], "scopes": ["read"] }));
    let text = tool.run_with("explain --token - --client api", &token).await.done().stdout;
    assert!(
        text.lines().any(|line| line.starts_with("hidden ") && line.ends_with("department, part of scope")),
        "{text}"
    );
}

#[tokio::test]
async fn the_stage_that_decided_is_the_first_of_the_function_that_failed() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let forged = keys::ed25519(Some("key-1"), 9);
    let expired = test_support::world::claims(&json!({ "exp": now() - 1 }));
    world.put_mark(&format!("sub#{ISSUER}#bob"), &json!({}));
    for (token, decided_by) in [
        (world.token(&json!({})), Value::Null),
        (forged.token(&json!({ "typ": "at+jwt" }), &expired), json!("times")),
        (world.token(&json!({ "sub": "bob", "exp": now() - 1 })), json!("times")),
        (world.token(&json!({ "sub": "bob" })), json!("marks")),
        ("not-stored-anywhere".to_owned(), json!("record")),
        (format!("{}=", world.token(&json!({}))), json!("form")),
    ] {
        let explanation = explain(&tool, &token, "").await.json();
        assert_eq!(explanation["decided_by"], decided_by, "{explanation}");
    }
}

#[tokio::test]
async fn the_functions_environment_can_be_used_without_the_private_key_that_it_names() {
    let world = World::new().await;
    let tool = Tool::beside(&world).with("SIGNING_KEY", "file:/nowhere/key.pem");
    let run = explain(&tool, &world.token(&json!({})), "").await;
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[tokio::test]
async fn the_explanation_says_that_a_key_without_kid_cannot_be_distrusted() {
    let world = World::new().await;
    for (signer, expected) in [
        (keys::ed25519(None, 5), "a key without kid, which no mark can distrust (revoke --issuer"),
        (keys::ed25519(Some("k"), 5), "key \"k\", keys from the settings"),
    ] {
        let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [signer.jwk()] } }]);
        let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &issuers.to_string());
        let token = signer.token(&json!({ "typ": "at+jwt" }), &test_support::world::claims(&json!({})));
        let explanation = explain(&tool, &token, "").await.done().json();
        let detail = stage(&explanation, "signature")["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{detail}");
    }
}
