//! `revoke`: every mark takes effect at the next request, and no existing mark is weakened by accident.

use serde_json::{Value, json};
use test_support::world::{GENERIC, ISSUER, OWN, SECRET, World, request, revoked_by};
use token_introspection::{call::now, records::sha256_hex};

use super::{Tool, file};

#[tokio::test]
async fn g10_g12_every_mark_revokes_at_the_next_request() {
    for (options, id, has_not_before) in [
        ("--jti jti-1", "jti#ISSUER#jti-1", false),
        ("--sub alice", "sub#ISSUER#alice", true),
        ("--sid s1", "sid#ISSUER#s1", false),
        ("--grant g1", "grant#ISSUER#g1", false),
        ("--client app", "client#ISSUER#app", true),
        ("--kid key-1", "kid#ISSUER#key-1", false),
        ("", "iss#ISSUER", true),
        ("--not-before none", "iss#ISSUER", false),
        ("--sub alice --not-before none", "sub#ISSUER#alice", false),
        ("--grant g1 --not-before now", "grant#ISSUER#g1", true),
    ] {
        let world = World::new().await;
        let tool = Tool::beside(&world);
        let [jwt, opaque] = world.both_forms(&json!({ "sid": "s1", "grant_id": "g1" }));
        let spared = world.token(&json!({ "iss": GENERIC, "token_use": "access" }));
        for token in [&jwt, &opaque] {
            world.introspect(token).await.assert_active();
        }
        let line = format!("revoke {options} --issuer {ISSUER} --reason because");
        let (before, answer) = (now(), tool.json(&line.replace("  ", " ")).await);
        let id = id.replace("ISSUER", ISSUER);
        assert_eq!((&answer["id"], &answer["result"]), (&json!(id), &json!("written")), "{options}");
        let mark = world.stored_mark(&id).await;
        assert_eq!(mark["reason"]["S"], "because");
        assert_eq!(mark.get("expires_at"), None, "the last exp that it concerns is unknown: {options}");
        assert_eq!(mark.get("not_before").is_some(), has_not_before, "{options}");
        if has_not_before {
            let not_before = answer["not_before"].as_i64().unwrap();
            assert!((before + 10..=now() + 10).contains(&not_before), "now and the clock skew: {options}");
            assert_eq!(answer["counts_from"], not_before + 1, "{options}");
        }
        world.introspect(&jwt).await.assert_inactive(revoked_by(&id));
        if !id.starts_with("kid#") {
            world.introspect(&opaque).await.assert_inactive(revoked_by(&id));
        }
        world.introspect(&spared).await.assert_active();
    }
}

#[tokio::test]
async fn g12_one_session_can_be_excepted() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let (stays, goes) = (world.token(&json!({ "sid": "s1" })), world.token(&json!({ "sid": "s2", "jti": "2" })));
    let line = format!("revoke --sub alice --except-sid s1 --issuer {ISSUER}");
    let run = tool.run(&line).await.done();
    assert!(run.stdout.contains("except the session \"s1\""), "{}", run.stdout);
    assert!(run.stdout.contains("issued from then on are not revoked"), "{}", run.stdout);
    world.introspect(&stays).await.assert_active();
    world.introspect(&goes).await.assert_inactive("revoked_subject");
}

#[tokio::test]
async fn the_issuer_is_our_own_unless_an_option_names_another() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let run = tool.run("revoke --sub alice --output json").await.done();
    assert_eq!(run.json()["id"], format!("sub#{OWN}#alice"));
    run.warned("the mark is for tokens of ISSUER");
    tool.run("revoke --sub alice --issuer https://x#y").await.failed(2, "--issuer contains '#'");
    let run = tool.run(&format!("revoke --sub alice --issuer {ISSUER} --output json")).await.done();
    assert_eq!((run.stderr.as_str(), &run.json()["issuer"]), ("", &json!(ISSUER)));
}

#[tokio::test]
async fn g07_one_jwt_is_revoked_by_its_jti_or_its_signing_input() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let exp = now() + 600;
    let token = world.token(&json!({ "exp": exp }));
    let answer = tool.json_with("revoke --token -", &format!("{token}\n")).await;
    assert_eq!(answer["id"], format!("jti#{ISSUER}#jti-1"));
    assert_eq!(answer["expires_at"], exp + 3600, "never before the token's own exp");
    let mark = world.stored_mark(&format!("jti#{ISSUER}#jti-1")).await;
    assert_eq!(mark["expires_at"]["N"], (exp + 3600).to_string());
    world.introspect(&token).await.assert_inactive("revoked_token");

    let nameless = world.token(&json!({ "iss": GENERIC, "token_use": "access", "jti": null, "exp": exp }));
    world.introspect(&nameless).await.assert_active();
    let run = tool.run(&format!("revoke --output json --token {}", file("jwt-without-jti", &nameless))).await.done();
    let input = nameless.rsplit_once('.').unwrap().0;
    assert_eq!(run.json()["id"], format!("jwt#{}", sha256_hex(input)));
    assert_eq!(run.json()["expires_at"], exp + 3600);
    assert!(!run.stdout.contains(&nameless) && !run.stderr.contains(&nameless));
    world.introspect(&nameless).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn one_opaque_token_is_revoked_by_its_digest() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let [_, token] = world.both_forms(&json!({ "grant_id": "g1" }));
    let run = tool.run_with("revoke --token - --output json", &token).await.done();
    assert_eq!(run.json()["id"], format!("revoked#{}", sha256_hex(&token)));
    assert_eq!(run.json()["expires_at"], Value::Null, "the record's exp may be extended later");
    run.warned("--grant \"g1\" revokes all tokens of its grant");
    world.introspect(&token).await.assert_inactive("revoked_token");
    world.put_token("odd", &json!({ "token_type": 1 }));
    tool.run_with("revoke --token -", "odd").await.done().warned("cannot be read");
}

#[tokio::test]
async fn an_existing_mark_that_revokes_more_is_kept() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let id = format!("sub#{ISSUER}#alice");
    let revoke = |options: &str| format!("revoke --sub alice --issuer {ISSUER} {options}").trim_end().to_owned();
    world.put_mark(&id, &json!({ "not_before": 2_000, "team": "theirs", "expires_at": 5_000_000_000_i64 }));

    let answer = tool.json(&revoke("--not-before 1000 --reason earlier")).await;
    assert_eq!((&answer["result"], &answer["not_before"]), (&json!("kept"), &json!(2_000)));
    let mark = world.stored_mark(&id).await;
    assert!(mark["not_before"]["N"] == "2000" && mark.get("reason").is_none(), "{mark}");
    assert_eq!(mark.get("expires_at"), None, "a later limit is a stronger mark, and its last exp is unknown");

    let answer = tool.json(&revoke("--not-before 3000 --expires-at 6000000000")).await;
    assert_eq!((&answer["result"], &answer["not_before"]), (&json!("changed"), &json!(3_000)));
    assert_eq!((&answer["expires_at"], world.stored_mark(&id).await.get("expires_at")), (&Value::Null, None));
    assert_eq!(world.stored_mark(&id).await["team"]["S"], "theirs", "attributes of other programs are kept");

    let answer = tool.json(&revoke("--not-before 3000 --except-sid s1")).await;
    assert_eq!((&answer["result"], &answer["except_sid"]), (&json!("kept"), &Value::Null));
    let before = world.stored_mark(&id).await;
    tool.run(&revoke("--not-before 4000 --except-sid s1")).await.failed(1, "some of which the new mark");
    assert_eq!(world.stored_mark(&id).await, before);
    let answer = tool.json(&revoke("--not-before 4000 --except-sid s1 --replace")).await;
    assert_eq!((&answer["result"], &answer["except_sid"]), (&json!("changed"), &json!("s1")));
    assert_eq!(world.stored_mark(&id).await["except_sid"]["S"], "s1");

    assert_eq!(tool.json(&revoke("--not-before none")).await["result"], "changed");
    let mark = world.stored_mark(&id).await;
    assert!(mark.get("not_before").is_none() && mark.get("except_sid").is_none(), "{mark}");
    let answer = tool.json(&revoke("")).await;
    assert_eq!((&answer["result"], &answer["not_before"]), (&json!("kept"), &Value::Null));
}

#[tokio::test]
async fn of_marks_written_at_the_same_time_the_strongest_is_kept() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let lines = [1000, 3000, 2000, 4000]
        .map(|not_before| format!("revoke --sub alice --issuer {ISSUER} --not-before {not_before}"));
    for run in futures_util::future::join_all(lines.iter().map(|line| tool.run(line))).await {
        run.done();
    }
    let mark = world.stored_mark(&format!("sub#{ISSUER}#alice")).await;
    assert_eq!(mark["not_before"]["N"], "4000");
}

#[tokio::test]
async fn a_mark_that_cannot_be_read_revokes_everything_and_is_not_weakened() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let id = format!("sub#{ISSUER}#alice");
    world.put_mark(&id, &json!({ "not_before": "soon" }));
    let revoke = format!("revoke --sub alice --issuer {ISSUER}");
    assert_eq!(tool.json(&revoke).await["result"], "kept");
    assert_eq!(world.stored_mark(&id).await["not_before"]["S"], "soon");
    assert_eq!(tool.json(&format!("{revoke} --not-before none")).await["result"], "kept");
    assert_eq!(tool.json(&format!("{revoke} --not-before none --reason r")).await["result"], "changed");
    assert_eq!(world.stored_mark(&id).await.get("not_before"), None);
}

#[tokio::test]
async fn an_expiry_is_only_ever_extended() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let id = format!("kid#{ISSUER}#key-1");
    let revoke = |end: i64| format!("revoke --kid key-1 --issuer {ISSUER} --expires-at {end}");
    let far = now() + 1_000_000;
    for (end, expected) in [(far, far), (far - 10, far), (far + 10, far + 10)] {
        assert_eq!(tool.json(&revoke(end)).await["expires_at"], expected);
        assert_eq!(world.stored_mark(&id).await["expires_at"]["N"], expected.to_string());
    }
    tool.run(&revoke(now() - 1)).await.failed(2, "--expires-at is in the past");
    let token = world.token(&json!({ "exp": now() + 600 }));
    let line = format!("revoke --token - --expires-at {}", now() + 60);
    tool.run_with(&line, &token).await.failed(2, "before the token's own exp");
    assert_eq!(tool.json_with("revoke --token - --expires-at never", &token).await["expires_at"], Value::Null);
}

#[tokio::test]
async fn options_without_meaning_are_refused() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    for (line, expected) in [
        ("revoke", "is missing"),
        ("revoke --sub a --client b", "cannot be used with"),
        ("revoke --token - --issuer x", "cannot be used with"),
        ("revoke --kid k --not-before now", "--not-before has no meaning here"),
        ("revoke --jti j --not-before 1", "--not-before has no meaning here"),
        ("revoke --sub a --not-before 1700000000000", "not-before <TIME>: takes none, now or seconds"),
        ("revoke --sub a --expires-at soon", "takes never or seconds"),
        ("revoke --issuer x --except-sid s", "--sub <SUB> is missing"),
    ] {
        tool.run(line).await.failed(2, expected);
    }
    tool.run(&format!("revoke --sub {}", "x".repeat(2048))).await.failed(2, "over 2,048 bytes");
    tool.run(&format!("revoke --sub a --reason {}", "x".repeat(201))).await.failed(2, "over 200 characters");
    tool.run(&format!("revoke --sub a --not-before {}", now() + 1000)).await.done().warned("will be issued until");
}

#[tokio::test]
async fn g16_the_tools_mark_of_an_opaque_token_has_no_expiry_unless_it_is_given() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "own-app", "client_secret": sha256_hex(SECRET), "issuer": OWN }));
    let tool = Tool::beside(&world);
    let mark = format!("revoked#{}", sha256_hex("opaque"));
    world.put_token("opaque", &json!({ "token_type": "access_token", "client_id": "own-app", "exp": now() + 60 }));
    let later = now() + 90_000;
    tool.run_with(&format!("revoke --token - --expires-at {later}"), "opaque").await.done();
    assert_eq!(world.stored_item(&mark).await["expires_at"]["N"], later.to_string());
    tool.run_with("revoke --token - --reason theft", "opaque").await.done();
    let stored = world.stored_item(&mark).await;
    assert_eq!((&stored["expires_at"], &stored["reason"]["S"]), (&Value::Null, &json!("theft")));
    let revocation = request().path("/token/revoke").basic("own-app", SECRET).form(&[("token", "opaque")]);
    assert_eq!(world.send(revocation).await.status, 200);
    assert_eq!(world.stored_item(&mark).await, stored);
}

#[tokio::test]
async fn g16_the_tool_reads_strongly_with_every_setting() {
    let world = World::with(&[("READ_CONSISTENCY", "eventual")]).await;
    let tool =
        Tool::beside(&world).with("AWS_ENDPOINT_URL_DYNAMODB", &world.proxy.url).with("READ_CONSISTENCY", "eventual");
    let token = world.token(&json!({}));
    tool.run(&format!("revoke --sub alice --issuer {ISSUER}")).await.done();
    tool.run_with("explain --token -", &token).await;
    tool.run("client show api").await.done();
    let mut reads = Vec::new();
    for (operation, body) in world.proxy.take_requests() {
        match operation.as_str() {
            "GetItem" => reads.push(body["ConsistentRead"].clone()),
            "BatchGetItem" => {
                let tables = body["RequestItems"].as_object().unwrap().values();
                reads.extend(tables.map(|table| table["ConsistentRead"].clone()));
            }
            _ => {}
        }
    }
    assert!(!reads.is_empty() && reads.iter().all(|read| *read == true), "{reads:?}");
}
