//! `token put`: the record of an opaque token.

use serde_json::{Value, json};
use test_support::world::{API, ISSUER, SECRET, World};
use token_introspection::{call::now, records::sha256_hex};

use super::{Tool, count, file};

#[tokio::test]
async fn a_new_token_is_shown_once_and_is_active() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let before = now();
    let run = tool.run("token put --client app --sub alice --expires-in 600 --output json").await.done();
    let token = run.json()["token"].as_str().unwrap().to_owned();
    assert_eq!((token.len(), count(&run.stdout, &token), count(&run.stderr, &token)), (43, 1, 0));
    let answer = world.introspect(&token).await.assert_active();
    assert_eq!((&answer["sub"], &answer["client_id"]), (&json!("alice"), &json!("app")));
    let record = world.stored_mark(&format!("token#{}", sha256_hex(&token))).await;
    let exp: i64 = record["exp"]["N"].as_str().unwrap().parse().unwrap();
    assert!((before + 600..=now() + 600).contains(&exp) && record["expires_at"] == record["exp"]);
    assert!(!record.to_string().contains(&token));
}

#[tokio::test]
async fn every_attribute_is_stored_as_the_function_reads_it() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let (iat, exp) = (now() - 5, now() + 600);
    let claims = file("claims.json", r#"{"acr": "gold", "auth_time": 17, "level": 1.5, "deep": {"a": [true, null]}}"#);
    let words = [
        "token",
        "put",
        "--token",
        "-",
        "--client",
        "app",
        "--sub",
        "alice",
        "--scope",
        "read write",
        "--aud",
        "a",
        "--aud",
        "b",
        "--issuer",
        ISSUER,
        "--exp",
        &exp.to_string(),
        "--iat",
        &iat.to_string(),
        "--nbf",
        &iat.to_string(),
        "--jti",
        "j1",
        "--sid",
        "s1",
        "--grant-id",
        "g1",
        "--username",
        "Alice",
        "--cnf",
        r#"{"jkt": "x"}"#,
        "--claims",
        &claims,
        "--output",
        "json",
    ];
    let token = "an-opaque-token-of-another-server";
    let run = tool.run_words(&words, &format!("{token}\n")).await.done();
    assert_eq!((&run.json()["token"], run.stdout.contains(token)), (&Value::Null, false));
    let answer = world.introspect(token).await.assert_active();
    let expected = json!({
        "active": true, "iss": ISSUER, "sub": "alice", "aud": ["a", "b"], "client_id": "app", "scope": "read write",
        "token_type": "DPoP", "exp": exp, "iat": iat, "nbf": iat, "jti": "j1", "username": "Alice",
        "cnf": { "jkt": "x" }, "binding": "not_presented", "acr": "gold", "auth_time": 17, "level": 1.5, "deep": { "a": [true, null] }, "sid": "s1",
    });
    assert_eq!(answer, expected);
    tool.run_words(&words, token).await.failed(1, "already stored");
    for mark in ["--grant g1", "--sid s1"] {
        tool.run(&format!("revoke {mark} --issuer {ISSUER}")).await.done();
    }
    world.introspect(token).await.assert_inactive("revoked_grant");
    let run = tool.run_with("token put --token - --client app --expires-in 60 --revoked", "short").await.done();
    run.warned("may be guessed");
    world.introspect("short").await.assert_inactive("revoked_record");
}

#[tokio::test]
async fn a_refresh_token_needs_no_expiry() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let answer = tool.json("token put --type refresh_token --client api").await;
    let token = answer["token"].as_str().unwrap();
    world.introspect_as(API, SECRET, token).await.assert_inactive("token_type_hidden");
    world.put_policy(&json!({ "token_types": ["access_token", "refresh_token"] }));
    world.introspect_as(API, SECRET, token).await.assert_active();
    let record = world.stored_mark(answer["id"].as_str().unwrap()).await;
    assert_eq!((record.get("exp"), record.get("expires_at")), (None, None));
}

#[tokio::test]
async fn a_token_that_could_never_be_active_is_refused() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let jwt = world.token(&json!({}));
    let put = "token put --client app --expires-in 60";
    for (line, stdin, expected) in [
        ("token put --client app".to_owned(), "", "give --exp or --expires-in"),
        ("token put --expires-in 60".to_owned(), "", "--client <CLIENT_ID> is missing"),
        (format!("{put} --exp 1"), "", "cannot be used with"),
        (format!("{put} --exp soon"), "", "seconds since the epoch"),
        (format!("{put} --token -"), &jwt, "is a JWT"),
        (format!("{put} --token -"), &"x".repeat(16 * 1024 + 1), "over 16 KiB"),
        (format!("{put} --token -"), "", "is empty"),
        (format!("{put} --token -"), "two\nlines", "more than one line"),
        (format!("{put} --token literal"), "", "takes - (standard input) or @FILE"),
        (format!("{put} --token @/nowhere"), "", "cannot be read"),
        (format!("{put} --claims [1]"), "", "--claims is not a JSON object"),
        (format!("{put} --claims {{\"a\":1,\"a\":2}}"), "", "names a member twice"),
        (format!("{put} --claims {{\"acr\":1}}"), "", "could not be read back"),
        (format!("{put} --claims {{\"a\":1,\"sub\":\"alice\"}}"), "", "use --sub instead"),
        (format!("{put} --cnf @/nowhere"), "", "cannot be read"),
        (format!("{put} --sub {}", "x".repeat(2048)), "", "over 2,048 bytes"),
    ] {
        let run = tool.run_with(&line, stdin).await;
        run.failed(2, expected);
        assert!(!run.stderr.contains("literal") && !run.stderr.contains(&jwt), "O-04: {}", run.stderr);
    }
    assert_eq!(world.count_items().await, 0, "nothing was written");
    tool.run("token put --client app --exp 1").await.done().warned("already expired");
}

#[tokio::test]
async fn j20_claims_that_the_function_would_ignore_are_refused_with_the_option_to_use() {
    let tool = Tool::at("http://127.0.0.1:1");
    for (claim, expected) in [
        ("iss", "use --issuer instead"),
        ("client_id", "use --client instead"),
        ("sub", "use --sub instead"),
        ("scope", "use --scope instead"),
        ("aud", "use --aud instead"),
        ("iat", "use --iat instead"),
        ("exp", "use --exp instead"),
        ("nbf", "use --nbf instead"),
        ("jti", "use --jti instead"),
        ("sid", "use --sid instead"),
        ("grant_id", "use --grant-id instead"),
        ("username", "use --username instead"),
        ("cnf", "use --cnf instead"),
        ("token_type", "use --type instead"),
        ("active", "leave it out"),
    ] {
        let claims = json!({ "acr": "gold", claim: "x" }).to_string();
        let run = tool.run(&format!("token put --client a --expires-in 60 --claims {claims}")).await;
        run.failed(2, &format!("--claims contains {claim:?}"));
        run.failed(2, expected);
    }
}
