//! The tokens table in Redis: the requests to the server, the effects of a server that fails, and what is written. All
//! other tests show that the verdicts are those of DynamoDB.

use std::{collections::BTreeSet, time::Duration};

use redis::cmd;
use serde_json::{Value, json};
use token_introspection::{call::now, records::sha256_hex, service::Service, settings::LogLevel};
use tokio::time::Instant;

use crate::{
    line::{Death, Line},
    log::Log,
    redis_server::{RedisServer, run},
    redis_tap::Break,
    time,
    tokens::items_of,
    world::{ACTIVE, API, INACTIVE, ISSUER, OWN, SECRET, World, introspection, issuers, request, revoked_by, send},
};

/// How many keys each round trip to Redis asked for.
fn trips(world: &World) -> Vec<usize> {
    let trips = world.tokens.tap.take_trips();
    trips.iter().map(|trip| items_of(trip).len()).collect()
}

fn record(changes: &Value) -> Value {
    let mut record = json!({ "token_type": "access_token", "client_id": "app", "sub": "alice", "sid": "s-1",
                             "grant_id": "g-1", "exp": now() + 600 });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

#[tokio::test]
async fn o02_a_jwt_costs_one_pipeline_for_every_verdict() {
    let world = World::new().await;
    let good = world.token(&json!({}));
    let bad_signature = format!("{}AAAA", &good[..good.len() - 4]);
    let revoked = world.token(&json!({ "jti": "revoked" }));
    world.put_mark(&format!("jti#{ISSUER}#revoked"), &json!({}));
    world.introspect(&good).await.assert_active();
    let one = trips(&world);
    assert_eq!(one.len(), 1, "{one:?}");
    for (reason, token) in
        [("bad_signature", bad_signature), ("expired", world.token(&json!({ "exp": 1 }))), ("revoked_token", revoked)]
    {
        world.introspect(&token).await.assert_inactive(reason);
        assert_eq!(trips(&world), one, "{reason}");
    }
}

#[tokio::test]
async fn o02_o03_an_opaque_token_costs_two_pipelines_for_every_verdict() {
    let world = World::new().await;
    world.put_token("good", &record(&json!({})));
    world.put_token("expired", &record(&json!({ "exp": 1 })));
    world.put_token("revoked", &record(&json!({ "revoked": true })));
    world.put_token("marked", &record(&json!({ "sub": "bob" })));
    world.put_mark(&format!("sub#{OWN}#bob"), &json!({}));
    world.introspect("good").await.assert_active();
    let two = trips(&world);
    assert_eq!(two.len(), 2);
    for (token, reason) in [
        ("expired", "expired"),
        ("revoked", "revoked_record"),
        ("marked", "revoked_subject"),
        ("unknown", "unknown_token"),
    ] {
        world.introspect(token).await.assert_verdict(reason, token);
        let [first, _] = trips(&world)[..] else { panic!("{token}") };
        assert_eq!(first, two[0], "{token}");
    }
    // A request that is refused before the caller is known causes no read.
    world.send(request().form(&[("token", "good")])).await.assert_error(401, "invalid_client", "no_credentials");
    assert_eq!(trips(&world), Vec::<usize>::new());
}

#[tokio::test]
async fn o02_a_batch_reads_shared_keys_once_in_one_pipeline() {
    let world = World::new().await;
    let tokens: Vec<_> = (0..50)
        .map(|n| world.token(&json!({ "jti": format!("j{n}"), "sub": format!("s{n}"), "sid": format!("i{n}") })))
        .collect();
    let batch = request().path("/token/introspect/batch").header("content-type", "application/json").basic(API, SECRET);
    let answer = world.send(batch.body(json!({ "tokens": tokens }).to_string())).await;
    assert!(answer.json()["results"].as_array().unwrap().iter().all(|entry| entry["active"] == true));
    // 50 each of jti, sub and sid; the tokens' client, issuer and signing key.
    assert_eq!(trips(&world), [153]);
    let opaque: Vec<_> = (0..10).map(|number| format!("opaque-{number}")).collect();
    for token in &opaque {
        world.put_token(token, &record(&json!({ "sub": token })));
    }
    let batch = request().path("/token/introspect/batch").header("content-type", "application/json").basic(API, SECRET);
    world.send(batch.body(json!({ "tokens": opaque }).to_string())).await;
    // A record and a mark each; then grant, session, client and issuer, and a subject each.
    assert_eq!(trips(&world), [20, 14]);
}

#[tokio::test]
async fn the_start_opens_the_connection_to_dynamodb_too() {
    let world = World::new().await;
    world.service.warm_up(now(), Instant::now() + Duration::from_secs(2)).await;
    assert_eq!(world.proxy.take_requests().len(), 1);
}

#[tokio::test]
async fn o05_the_server_learns_digests_and_never_a_token() {
    let world = World::new().await;
    world.put_token("opaque-token", &record(&json!({})));
    let jwt = world.token(&json!({}));
    world.introspect("opaque-token").await.assert_active();
    world.introspect(&jwt).await.assert_active();
    let sent = world.tokens.tap.take_text();
    assert!(sent.contains(&format!("token#{}", sha256_hex("opaque-token"))));
    for part in jwt.split('.').chain(["opaque-token", SECRET]) {
        assert!(!sent.contains(part), "{part}");
    }
}

#[tokio::test]
async fn g08_an_unreachable_server_is_503_and_the_first_request_after_its_recovery_is_answered() {
    let world = World::new().await;
    world.put_token("opaque", &record(&json!({})));
    let jwt = world.token(&json!({}));
    for fault in [Break::Close, Break::Swallow] {
        for (token, verdict) in [(jwt.as_str(), ACTIVE), ("opaque", ACTIVE), ("unknown", "unknown_token")] {
            world.tokens.tap.fail(fault);
            world.introspect(token).await.assert_unavailable("store_unavailable");
            let revocation = request().path("/token/revoke").basic(API, SECRET).form(&[("token", token)]);
            world.send(revocation).await.assert_unavailable("store_unavailable");
            world.tokens.tap.fail(Break::Nothing);
            world.introspect(token).await.assert_verdict(verdict, format!("{fault:?}"));
        }
    }
}

#[tokio::test]
async fn g08_a_server_that_fails_at_the_second_pipeline_is_503_although_the_record_is_valid() {
    let world = World::new().await;
    world.put_token("good", &record(&json!({})));
    world.put_token("expired", &record(&json!({ "exp": 1 })));
    for fault in [Break::Close, Break::Swallow] {
        for (token, verdict) in [("good", ACTIVE), ("expired", "expired"), ("unknown", "unknown_token")] {
            world.introspect(token).await.assert_verdict(verdict, token);
            world.tokens.tap.fail_after(1, fault);
            world.introspect(token).await.assert_unavailable("store_unavailable");
            world.tokens.tap.fail(Break::Nothing);
            world.introspect(token).await.assert_verdict(verdict, token);
        }
    }
}

#[tokio::test]
async fn g08_a_connection_that_broke_between_requests_costs_only_time() {
    let world = World::new().await;
    let jwt = world.token(&json!({}));
    world.introspect(&jwt).await.assert_active();
    world.tokens.tap.end_connections();
    world.introspect(&jwt).await.assert_active();
    world.tokens.tap.fail_at(0, Break::Close);
    world.introspect(&jwt).await.assert_active();
    world.tokens.server.run("CLIENT KILL TYPE normal");
    world.introspect(&jwt).await.assert_active();
}

/// A service that reaches Redis through a proxy.
async fn through_line(world: &World) -> (Line, Service) {
    let line = Line::start(world.tokens.server.port).await;
    let url = format!("redis://127.0.0.1:{}", line.port);
    let service = World::service(&world.proxy.url, &issuers(&world.signer), &[("REDIS_URL", &url)]).await;
    (line, service)
}

#[tokio::test]
async fn g08_a_connection_that_died_costs_a_new_connection_and_never_a_503() {
    let world = World::new().await;
    let (line, service) = through_line(&world).await;
    for death in Death::ALL {
        for token in world.both_forms(&json!({})) {
            for _ in 0..2 {
                let started = Instant::now();
                send(&service, introspection(&token)).await.assert_verdict(ACTIVE, format!("{death:?}"));
                assert!(started.elapsed() < Duration::from_millis(1200), "{death:?}: {:?}", started.elapsed());
                line.end_connections(death).await;
            }
        }
    }
}

#[tokio::test]
async fn g08_after_a_pause_a_silent_server_costs_a_short_try() {
    let world = World::new().await;
    let (line, service) = through_line(&world).await;
    let token = world.token(&json!({}));
    send(&service, introspection(&token)).await.assert_active();
    line.end_connections(Death::Silent).await;
    time::pass(Duration::from_secs(5)).await;
    let started = Instant::now();
    send(&service, introspection(&token)).await.assert_active();
    // A try that is not short takes 600 ms.
    assert!(started.elapsed() < Duration::from_millis(550), "{:?}", started.elapsed());
}

#[tokio::test]
async fn g08_the_answers_of_a_primary_that_became_a_replica_are_not_used() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = World::new().await;
    let other = RedisServer::start(&[]);
    let jwt = world.token(&json!({}));
    world.introspect(&jwt).await.assert_active();
    world.tokens.server.run(&format!("REPLICAOF 127.0.0.1 {}", other.port));
    log.take();
    world.introspect(&jwt).await.assert_unavailable("store_unavailable");
    assert!(log.take().contains("is a replica"));
    world.tokens.server.run("REPLICAOF NO ONE");
    world.introspect(&jwt).await.assert_active();
}

#[tokio::test]
async fn g11_a_value_that_is_not_a_json_object_never_helps_the_bearer() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = World::new().await;
    let [jwt, opaque] = world.both_forms(&json!({ "sid": "s-1", "grant_id": "g-1" }));
    let token = format!("token#{}", sha256_hex(&opaque));
    let mut good: Value =
        serde_json::from_str(&cmd("GET").arg(&token).query::<String>(&mut world.redis()).unwrap()).unwrap();
    good["revoked"] = json!(false);
    let marks = ["jti", "sid", "grant", "sub", "client", "iss", "kid"];
    let names = ["#jti-1", "#s-1", "#g-1", "#alice", "#app", "", "#key-1"];
    for (prefix, name) in marks.into_iter().zip(names) {
        let key = format!("{prefix}#{ISSUER}{name}");
        for value in ["", "null", "[]", "not_before", r#"{"not_before":1,"not_before":2}"#, r#"{"not_before":1"#] {
            cmd("SET").arg(&key).arg(value).exec(&mut world.redis()).unwrap();
            log.take();
            let presence_is_enough = ["jti", "kid"].contains(&prefix);
            let reason = if presence_is_enough { revoked_by(&key) } else { "corrupt_mark" };
            world.introspect(&jwt).await.assert_verdict(reason, format!("{key} {value}"));
            assert_eq!(log.take().contains(r#""event":"corrupt_item""#), !presence_is_enough, "{key} {value}");
        }
        cmd("DEL").arg(&key).exec(&mut world.redis()).unwrap();
        cmd("RPUSH").arg(&key).arg("{}").exec(&mut world.redis()).unwrap();
        let reason = if ["jti", "kid"].contains(&prefix) { revoked_by(&key) } else { "corrupt_mark" };
        world.introspect(&jwt).await.assert_verdict(reason, format!("{key} is a list"));
        cmd("DEL").arg(&key).exec(&mut world.redis()).unwrap();
    }
    world.introspect(&opaque).await.assert_active();
    for value in [
        String::new(),
        "[]".to_owned(),
        format!("{good} "),
        format!("{good}x"),
        good.to_string().replacen('{', r#"{"sub":"alice","#, 1),
    ] {
        cmd("SET").arg(&token).arg(&value).exec(&mut world.redis()).unwrap();
        world
            .introspect(&opaque)
            .await
            .assert_verdict(if value.ends_with("} ") { ACTIVE } else { "corrupt_record" }, value);
    }
}

#[tokio::test]
async fn g16_n03_a_mark_outlives_the_token_and_is_never_weakened() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    let exp = now() + 600;
    let jwt = world.token(&json!({ "exp": exp }));
    let revoke = |token: &str| request().path("/token/revoke").basic("app", SECRET).form(&[("token", token)]);
    let mark = format!("jti#{ISSUER}#jti-1");
    assert_eq!(world.send(revoke(&jwt)).await.status, 200);
    world.introspect(&jwt).await.assert_inactive("revoked_token");
    let written = json!({ "id": { "S": mark }, "reason": { "S": "revoked by its client" }, "expires_at": { "N": (exp + 3600).to_string() } });
    assert_eq!(world.stored_item(&mark).await, written);
    // An existing value keeps everything except its limits, and unreadable values stay; but none ends before the token.
    let port = world.tokens.server.port;
    let later = (exp + 9000).to_string();
    for (value, expected) in [
        (r#"{"reason":"theirs"}"#, r#"{"reason":"theirs"}"#),
        ("rubbish", "rubbish"),
        (r#"{"not_before":"1"}"#, r#"{"not_before":"1"}"#),
        (r#"{"not_before":1}"#, "{}"),
        (r#"{"not_before":1,"reason":"theirs"}"#, r#"{"reason":"theirs"}"#),
    ] {
        for end in [None, Some(later.as_str()), Some("60")] {
            match end {
                Some("60") => run(port, &["SET", &mark, value, "EX", "60"]),
                Some(end) => run(port, &["SET", &mark, value, "EXAT", end]),
                None => run(port, &["SET", &mark, value]),
            }
            assert_eq!(world.send(revoke(&jwt)).await.status, 200);
            let stored: String = cmd("GET").arg(&mark).query(&mut world.redis()).unwrap();
            assert_eq!(stored, expected, "{value} {end:?}");
            let stays: i64 = cmd("EXPIRETIME").arg(&mark).query(&mut world.redis()).unwrap();
            let expected = match end {
                Some("60") => exp + 3600,
                Some(_) => exp + 9000,
                None => -1,
            };
            assert_eq!(stays, expected, "{value} {end:?}");
        }
    }
    // A mark on a grant loses its limit, so it revokes all tokens of the grant.
    let client = json!({ "client_id": "own-app", "client_secret": sha256_hex(SECRET), "issuer": OWN });
    world.put_client(&client);
    world.put_token("refresh", &record(&json!({ "token_type": "refresh_token", "client_id": "own-app" })));
    world.put_mark(&format!("grant#{OWN}#g-1"), &json!({ "not_before": 1 }));
    let revocation = request().path("/token/revoke").basic("own-app", SECRET).form(&[("token", "refresh")]);
    assert_eq!(world.send(revocation).await.status, 200);
    let grant = world.stored_item(&format!("grant#{OWN}#g-1")).await;
    assert_eq!((&grant["not_before"], &grant["expires_at"]), (&Value::Null, &Value::Null), "{grant}");
}

#[tokio::test]
async fn n05_a_server_that_is_out_of_memory_is_503() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    let jwt = world.token(&json!({}));
    world.tokens.server.run("CONFIG SET maxmemory 1");
    let revocation = || request().path("/token/revoke").basic("app", SECRET).form(&[("token", &jwt)]);
    world.send(revocation()).await.assert_unavailable("store_unavailable");
    world.introspect(&jwt).await.assert_active();
    world.tokens.server.run("CONFIG SET maxmemory 0");
    assert_eq!(world.send(revocation()).await.status, 200);
    world.introspect(&jwt).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn a_cancelled_request_does_not_give_its_answers_to_the_next_one() {
    let world = World::new().await;
    let [good, bad] = ["good", "bad"].map(|jti| world.token(&json!({ "jti": jti })));
    world.put_mark(&format!("jti#{ISSUER}#bad"), &json!({}));
    let mut cut = 0;
    for number in 0..200 {
        let token = if number % 2 == 0 { &good } else { &bad };
        let time = Duration::from_micros(50 * (number % 80));
        cut += u32::from(tokio::time::timeout(time, world.introspect(token)).await.is_err());
        world.introspect(&bad).await.assert_inactive("revoked_token");
        world.introspect(&good).await.assert_active();
    }
    assert!(cut > 0, "no request was cancelled");
}

#[tokio::test]
async fn n03_a_concurrent_write_by_another_program_is_not_overwritten() {
    let world = World::new().await;
    let port = world.tokens.server.port;
    world.put_client(&json!({ "client_id": "own-app", "client_secret": sha256_hex(SECRET), "issuer": OWN }));
    world.put_token("refresh", &record(&json!({ "token_type": "refresh_token", "client_id": "own-app" })));
    let revoke = || request().path("/token/revoke").basic("own-app", SECRET).form(&[("token", "refresh")]);
    let grant = format!("grant#{OWN}#g-1");
    let own = format!("revoked#{}", sha256_hex("refresh"));
    for (before, key) in [(None, own), (Some(json!({ "not_before": 1 })), grant.clone())] {
        if let Some(before) = &before {
            world.put_mark(&key, before);
        }
        let theirs = key.clone();
        // The first write is that of the token's own mark.
        world.tokens.tap.interfere(usize::from(before.is_some()), "EVAL", move || {
            run(port, &["SET", &theirs, r#"{"reason":"theirs"}"#]);
        });
        assert_eq!(world.send(revoke()).await.status, 200);
        assert_eq!(world.stored_item(&key).await["reason"]["S"], "theirs", "{key}");
        run(port, &["DEL", &key]);
        run(port, &["DEL", &grant]);
    }
}

/// A request of an unknown client reads the same number of keys as one of a known client.
#[tokio::test]
async fn b12_an_unknown_client_is_answered_after_the_same_reads_as_a_known_one() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let mut asked: Vec<BTreeSet<String>> = Vec::new();
    for (client, secret) in [(API, SECRET), (API, "wrong"), ("nobody", SECRET)] {
        world.introspect_as(client, secret, &token).await;
        let trips = world.tokens.tap.take_trips();
        assert_eq!(trips.len(), 1, "{client}");
        asked.push(trips[0].iter().filter(|command| command[0] == "GET").map(|command| command[1].clone()).collect());
    }
    assert!(asked[0] == asked[1] && asked[1] == asked[2], "{asked:?}");
}
