//! `HOT_RECORD_SECONDS`: what the reads leave out, for how long, and what never changes because of it.

use std::time::Duration;

use serde_json::{Value, json};
use token_introspection::{call::now, records::sha256_hex, settings::Settings};

use crate::{
    keys,
    log::Log,
    proxy::Fault,
    time::pass,
    world::{
        ACCEPTED, ACTIVE, ALL_IN_DYNAMODB, API, AUDIENCE, ISSUER, OWN, Request, SECRET, World, claims, introspection,
        request, revoked_by,
    },
};

const HOT: (&str, &str) = ("HOT_RECORD_SECONDS", "5");
const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");
const OTHER_SECRET: &str = "0therS3cretOfTheApi0123456789abcdefghijk";

/// The ids that were read since the last time, in each round trip.
fn trips(world: &World) -> Vec<Vec<String>> {
    let mut trips = Vec::new();
    for (operation, body) in world.proxy.take_requests() {
        if operation == "BatchGetItem" {
            let tables = body["RequestItems"].as_object().unwrap().values();
            let keys = tables.flat_map(|table| table["Keys"].as_array().unwrap());
            let ids = keys.flat_map(|key| key.as_object().unwrap().values().map(|id| id["S"].as_str().unwrap()));
            trips.push(ids.map(str::to_owned).collect());
        }
    }
    #[cfg(feature = "redis")]
    trips.extend(world.tokens.tap.take_trips().iter().map(|trip| crate::tokens::items_of(trip)));
    trips
}

/// All of them, in alphabetical order.
fn ids(world: &World) -> Vec<String> {
    let mut ids = trips(world).concat();
    ids.sort_unstable();
    ids
}

/// The number of keys in each round trip.
fn costs(world: &World) -> Vec<usize> {
    trips(world).iter().map(Vec::len).collect()
}

async fn hot() -> World {
    World::with(&[HOT, NO_LIMIT]).await
}

/// The marks that many tokens share.
fn shared_marks() -> [String; 3] {
    [format!("client#{ISSUER}#app"), format!("iss#{ISSUER}"), format!("kid#{ISSUER}#key-1")]
}

#[tokio::test]
async fn g03_four_shared_items_are_left_out_of_the_next_reads_and_no_others() {
    for (setting, changes, all, rest) in [
        ("0", json!({}), 6, 6),
        ("1", json!({}), 6, 2),
        ("5", json!({}), 6, 2),
        ("5", json!({ "sid": "s-1" }), 7, 3),
        ("5", json!({ "sid": "s-1", "grant_id": "g-1" }), 8, 4),
    ] {
        let world = World::with(&[("HOT_RECORD_SECONDS", setting)]).await;
        let token = world.token(&changes);
        world.introspect(&token).await.assert_active();
        let first = ids(&world);
        world.introspect(&token).await.assert_active();
        let second = ids(&world);
        assert_eq!((first.len(), second.len()), (all, rest), "{setting} {changes}");
        let left_out: Vec<&String> = first.iter().filter(|id| !second.contains(id)).collect();
        let expected: Vec<String> = [API.to_owned()].into_iter().chain(shared_marks()).collect();
        assert!(left_out.is_empty() || left_out == expected.iter().collect::<Vec<_>>(), "{left_out:?}");
    }
}

#[tokio::test]
async fn g03_a_shared_mark_takes_effect_within_the_time_whether_it_appears_or_disappears() {
    for (seconds, setting) in [(1, "1"), (5, "5")] {
        for mark in shared_marks() {
            let world = World::with(&[("HOT_RECORD_SECONDS", setting)]).await;
            let token = world.token(&json!({}));
            let whole = Duration::from_secs(seconds);
            world.introspect(&token).await.assert_active();
            world.put_mark(&mark, &json!({}));
            world.introspect(&token).await.assert_verdict(ACTIVE, &mark);
            // Requests in between prolong nothing.
            pass(whole / 2).await;
            world.introspect(&token).await.assert_verdict(ACTIVE, &mark);
            pass(whole / 2).await;
            world.introspect(&token).await.assert_verdict(revoked_by(&mark), &mark);
            world.delete_item(&mark).await;
            world.introspect(&token).await.assert_verdict(revoked_by(&mark), &mark);
            pass(whole).await;
            world.introspect(&token).await.assert_verdict(ACTIVE, &mark);
        }
    }
}

#[tokio::test]
async fn g03_every_other_mark_takes_effect_on_the_next_request() {
    let world = hot().await;
    let changes = json!({ "jti": "jti-1", "grant_id": "grant-1", "sid": "session-1", "sub": "alice" });
    let [jwt, opaque] = world.both_forms(&changes);
    let revoked = format!("revoked#{}", sha256_hex(&opaque));
    for mark in [
        format!("jti#{ISSUER}#jti-1"),
        format!("grant#{ISSUER}#grant-1"),
        format!("sid#{ISSUER}#session-1"),
        format!("sub#{ISSUER}#alice"),
        revoked.clone(),
    ] {
        for token in [&jwt, &opaque] {
            world.introspect(token).await.assert_verdict(ACTIVE, &mark);
        }
        world.put_mark(&mark, &json!({}));
        for token in [&jwt, &opaque] {
            let active = mark == revoked && *token == jwt;
            world.introspect(token).await.assert_verdict(if active { ACTIVE } else { revoked_by(&mark) }, &mark);
        }
        world.delete_item(&mark).await;
    }
    let record = |revoked: bool| json!({ "token_type": "access_token", "client_id": "app", "exp": now() + 600, "revoked": revoked });
    for revoked in [false, true, false] {
        world.put_token("opaque", &record(revoked));
        world.introspect("opaque").await.assert_verdict(if revoked { "revoked_record" } else { ACTIVE }, revoked);
    }
}

#[tokio::test]
async fn g11_a_corrupt_mark_is_held_as_long_as_any_other() {
    let world = World::with(&[("HOT_RECORD_SECONDS", "1")]).await;
    let (token, mark) = (world.token(&json!({})), format!("client#{ISSUER}#app"));
    world.put_mark(&mark, &json!({ "not_before": "yesterday" }));
    world.introspect(&token).await.assert_inactive("corrupt_mark");
    world.delete_item(&mark).await;
    world.introspect(&token).await.assert_inactive("corrupt_mark");
    pass(Duration::from_secs(1)).await;
    world.introspect(&token).await.assert_active();
}

/// A client of one method, and its request.
type Method = (&'static str, Value, Box<dyn Fn(&World) -> Request>);

fn assertion(key: &crate::signer::Signer, jti: i64) -> Request {
    let set = json!({ "iss": "c", "sub": "c", "aud": OWN, "iat": now(), "exp": now() + 60, "jti": format!("{jti}") });
    let assertion = key.token(&json!({}), &set);
    let parameters = [
        ("token", "unknown"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    // Each request of a deployment has an id of its own. The fingerprint of a key tells two assertions with one `jti` apart.
    request().request_id(&sha256_hex(&assertion)[..7]).form(&parameters)
}

fn methods() -> Vec<Method> {
    let user = "arn:aws:iam::123456789012:user/gateway";
    let count = std::sync::atomic::AtomicI64::new(0);
    let next = move || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let secret = json!({ "client_secret": sha256_hex(SECRET) });
    let jwks = json!({ "keys": [keys::es256(Some("k1")).jwk()] }).to_string();
    let by_key = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
    let bearer = |world: &World| {
        let own = json!({ "aud": OWN, "client_id": "c", "scope": "introspection", "jti": "own" });
        let header = format!("Bearer {}", world.token(&own));
        request().header("authorization", &header).form(&[("token", "unknown")])
    };
    let iam = move |_: &World| {
        request().path("/iam/token/introspect").iam(user).form(&[("token", "unknown"), ("client_id", "c")])
    };
    vec![
        ("basic", secret.clone(), Box::new(|_| request().basic("c", SECRET).form(&[("token", "unknown")]))),
        ("iam", json!({ "token_endpoint_auth_method": "aws_iam", "iam_principal_arn": user }), Box::new(iam)),
        ("assertion", by_key, Box::new(move |_| assertion(&keys::es256(Some("k1")), next()))),
        ("bearer", json!({ "token_endpoint_auth_method": "bearer", "issuer": ISSUER }), Box::new(bearer)),
    ]
}

#[tokio::test]
async fn a_record_of_each_method_is_reused_and_a_change_takes_effect_within_the_time() {
    for (method, record, ask) in methods() {
        let world = hot().await;
        let put = |disabled: bool| {
            let mut record = record.clone();
            (record["client_id"], record["disabled"]) = (json!("c"), json!(disabled));
            world.put_client(&record);
        };
        let reads_record = || ids(&world).iter().any(|id| id == "c");
        put(false);
        world.send(ask(&world)).await.assert_verdict(ACCEPTED, method);
        assert!(reads_record(), "{method}");
        world.send(ask(&world)).await.assert_verdict(ACCEPTED, method);
        assert!(!reads_record(), "{method}");
        put(true);
        world.send(ask(&world)).await.assert_verdict(ACCEPTED, method);
        pass(Duration::from_secs(5)).await;
        for _ in 0..2 {
            assert_eq!(world.send(ask(&world)).await.status, 401, "{method}");
            assert!(reads_record(), "{method}: a refusal follows from a record that was just read");
        }
        put(false);
        world.send(ask(&world)).await.assert_verdict(ACCEPTED, method);
    }
}

#[tokio::test]
async fn b14_new_credentials_work_at_once_and_old_ones_until_the_record_is_read_again() {
    let world = hot().await;
    let token = world.token(&json!({}));
    let put = |secret: &str| world.put_client(&json!({ "client_id": API, "client_secret": sha256_hex(secret) }));
    world.introspect(&token).await.assert_active();
    put(OTHER_SECRET);
    world.introspect(&token).await.assert_active();
    world.introspect_as(API, OTHER_SECRET, &token).await.assert_active();
    world.introspect(&token).await.assert_error(401, "invalid_client", "wrong_secret");
    world.introspect_as(API, OTHER_SECRET, &token).await.assert_active();
    // A client that is unknown at first is known as soon as it is registered.
    world.introspect_as("new", SECRET, &token).await.assert_error(401, "invalid_client", "unknown_client");
    world.put_client(&json!({ "client_id": "new", "client_secret": sha256_hex(SECRET) }));
    world.introspect_as("new", SECRET, &token).await.assert_active();
    // The same for keys.
    let (old, new) = (keys::es256(Some("k1")), keys::es256(Some("k2")));
    for (number, key) in [&old, &new].into_iter().enumerate() {
        let jwks = json!({ "keys": [key.jwk()] }).to_string();
        world.put_client(&json!({ "client_id": "c", "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks }));
        let base = i64::try_from(number).unwrap() * 10;
        for jti in base..base + 2 {
            world.send(assertion(key, jti)).await.assert_inactive(ACCEPTED);
        }
    }
}

#[tokio::test]
async fn b12_b19_wrong_credentials_cost_the_same_reads_for_held_and_unknown_clients_and_when_throttled() {
    let world = World::with(&[HOT, ("FAILED_AUTHENTICATION_LIMIT", "2")]).await;
    let token = world.token(&json!({}));
    let start = now().div_euclid(60) * 60;
    let good = world.token(&json!({ "iat": start, "exp": start + 600 }));
    for _ in 0..2 {
        world.send(introspection(&good).at(start)).await.assert_active();
    }
    trips(&world);
    let digest = sha256_hex("x");
    for (client_id, reason) in [(API, "wrong_secret"), ("unknown", "unknown_client")] {
        let wrong = |token: &str| introspection(token).basic(client_id, "wrong").at(start);
        for _ in 0..2 {
            world.send(wrong("x")).await.assert_error(401, "invalid_client", reason);
            let expected = [client_id.to_owned(), format!("revoked#{digest}"), format!("token#{digest}")];
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            let trips = trips(&world);
            assert!(!ALL_IN_DYNAMODB || trips.len() == 1, "{trips:?}");
            let mut ids = trips.concat();
            ids.sort_unstable();
            assert_eq!(ids, expected);
        }
        for token in ["x", &token] {
            world.send(wrong(token)).await.assert_error(429, "invalid_client", reason);
            assert_eq!(trips(&world), [[client_id]], "a throttled caller costs the record only");
        }
    }
    // The right secret of a throttled caller is read as ever; the marks of the token are left out as ever.
    world.send(introspection(&good).at(start)).await.assert_active();
    assert_eq!(ids(&world), [API.to_owned(), format!("jti#{ISSUER}#jti-1"), format!("sub#{ISSUER}#alice")]);
}

#[tokio::test]
async fn o02_g14_every_inactive_answer_costs_the_same_reads_whatever_is_held() {
    let world = hot().await;
    world.put_policy(&json!({ "audiences": [AUDIENCE] }));
    let (other, audience) = (json!({ "client_id": "other" }), json!({ "aud": "https://elsewhere.example.com" }));
    let forged = |changes: &Value| keys::ed25519(Some("key-1"), 2).token(&json!({ "typ": "at+jwt" }), &claims(changes));
    world.put_mark(&format!("client#{ISSUER}#other"), &json!({}));
    world.put_mark(&format!("sub#{ISSUER}#mallory"), &json!({}));
    let sub = json!({ "sub": "mallory" });
    let [jwt, opaque] = world.both_forms(&json!({}));
    let [other_jwt, other_opaque] = world.both_forms(&other);
    for token in [&jwt, &opaque, &other_jwt, &other_opaque] {
        world.introspect(token).await;
    }
    trips(&world);
    let forms = [world.both_forms(&json!({ "exp": 1 })), world.both_forms(&audience), world.both_forms(&sub)];
    let [mut jwts, mut opaques]: [Vec<String>; 2] =
        [0, 1].map(|form| forms.iter().map(|token| token[form].clone()).collect());
    jwts.extend([other_jwt, forged(&json!({})), forged(&other), forged(&sub)]);
    opaques.extend([other_opaque, "unknown".to_owned(), "unknown too".to_owned()]);
    let broken = ["expired", "audience_hidden", "revoked_subject", "revoked_client"];
    for (tokens, last, expected) in [(jwts, "bad_signature", vec![2]), (opaques, "unknown_token", vec![2, 4])] {
        let reasons = broken.into_iter().chain(std::iter::repeat(last));
        for (number, (token, reason)) in tokens.iter().zip(reasons).enumerate() {
            world.introspect(token).await.assert_verdict(reason, number);
            assert_eq!(costs(&world), expected, "{number}");
        }
    }
    world.introspect(&opaque).await.assert_active();
    assert_eq!(costs(&world), [2, 4]);
}

#[tokio::test]
async fn o02_a_token_that_names_no_item_costs_a_read_even_if_the_record_is_held() {
    let world = hot().await;
    let untrusted = world.token(&json!({ "iss": "https://elsewhere.example.com" }));
    for expected in [2, 1] {
        world.introspect(&untrusted).await.assert_inactive("untrusted_issuer");
        let ids = ids(&world);
        assert!(ids.len() == expected && ids[expected - 1].starts_with("nothing#"), "{ids:?}");
    }
}

#[tokio::test]
async fn g03_a_batch_leaves_them_out_as_well() {
    let world = hot().await;
    let tokens: Vec<String> = (0..3).map(|number| world.token(&json!({ "jti": format!("{number}") }))).collect();
    let batch = || {
        let body = json!({ "tokens": tokens }).to_string();
        let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
        batch.basic(API, SECRET).body(body)
    };
    let mut read = Vec::new();
    for _ in 0..2 {
        assert_eq!(world.send(batch()).await.json()["results"][2]["active"], true);
        read.push(ids(&world).len());
    }
    assert_eq!(read, [1 + 3 + 1 + 3, 3 + 1], "jti# of each token, and the sub# that they share");
    world.put_mark(&format!("jti#{ISSUER}#1"), &json!({}));
    let results = world.send(batch()).await.json()["results"].clone();
    assert_eq!([&results[0]["active"], &results[1]["active"]], [true, false]);
}

#[tokio::test]
async fn n04_revocation_reads_every_item_and_strongly() {
    let world = World::with(&[HOT, ("READ_CONSISTENCY", "eventual")]).await;
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    let token = world.token(&json!({}));
    for _ in 0..2 {
        world.introspect_as("app", SECRET, &token).await.assert_active();
    }
    let other = world.token(&json!({ "jti": "other" }));
    for token in [&token, &other] {
        trips(&world);
        let revocation = request().path("/token/revoke").basic("app", SECRET).form(&[("token", token)]);
        assert_eq!(world.send(revocation).await.status, 200);
        let requests = world.proxy.take_requests();
        let tables = requests.iter().filter(|(operation, _)| operation == "BatchGetItem");
        let tables: Vec<&Value> =
            tables.flat_map(|(_, body)| body["RequestItems"].as_object().unwrap().values()).collect();
        assert!(!tables.is_empty() && tables.iter().all(|table| table["ConsistentRead"] == true));
        let text = json!(tables).to_string();
        let expected = ["app".to_owned()].into_iter().chain(shared_marks().into_iter().filter(|_| ALL_IN_DYNAMODB));
        for id in expected {
            assert!(text.contains(&format!("\"{id}\"")), "{id} is not read");
        }
        world.introspect_as("app", SECRET, token).await.assert_inactive("revoked_token");
    }
    // What revocation has read is not held either: a client that only revokes is read by its first introspection.
    world.put_client(&json!({ "client_id": "app-2", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    let revocation = request().path("/token/revoke").basic("app-2", SECRET).form(&[("token", "unknown")]);
    assert_eq!(world.send(revocation).await.status, 200);
    trips(&world);
    world.introspect_as("app-2", SECRET, "unknown").await.assert_inactive("unknown_token");
    assert!(ids(&world).iter().any(|id| id == "app-2"));
}

#[tokio::test]
async fn g08_what_could_not_be_read_is_not_held() {
    let world = hot().await;
    let token = world.token(&json!({}));
    for fault in [Fault::Unprocessed, Fault::ServerError, Fault::Truncated] {
        world.proxy.fail(fault);
        world
            .send(introspection(&token).within(Duration::from_millis(600)))
            .await
            .assert_unavailable("store_unavailable");
        world.proxy.fail(Fault::None);
        trips(&world);
        world.put_mark(&format!("client#{ISSUER}#app"), &json!({}));
        world.introspect(&token).await.assert_inactive("revoked_client");
        assert_eq!(ids(&world).len(), 6, "{fault:?}");
        world.delete_item(&format!("client#{ISSUER}#app")).await;
        pass(Duration::from_secs(5)).await;
    }
}

#[test]
fn it_is_a_whole_number_from_0_to_5_and_more_than_0_is_warned_of() {
    let read = |value: &str| {
        let value = value.to_owned();
        Settings::read(move |name| match name {
            "ISSUER" => Some(OWN.to_owned()),
            "HOT_RECORD_SECONDS" => Some(value.clone()),
            _ => None,
        })
    };
    for wrong in ["6", "-1", "0.5", "5s", "one"] {
        let line = read(wrong).err().unwrap_or_else(|| panic!("{wrong} is accepted")).to_string();
        let expected = "HOT_RECORD_SECONDS is not a whole number from 0 to 5; for example: HOT_RECORD_SECONDS=0";
        assert_eq!(line, expected);
    }
    let (log, _guard) = Log::start(token_introspection::settings::LogLevel::Info);
    for (value, warned) in [("0", false), (" ", false), ("1", true), (" 5 ", true)] {
        read(value).unwrap_or_else(|error| panic!("{error}")).warn();
        assert_eq!(log.take().contains("hot_record_seconds"), warned, "{value}");
    }
}
