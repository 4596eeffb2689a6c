//! The N-th exchange of a request fails, in every way: the answer is the right one or "don't know", in time, and the next
//! request gets the right one.
//!
//! Each line of the service is run once without a fault, which counts its exchanges with the store and gives the right
//! answer. Then each exchange fails in each way, once and from then on, each time in an execution environment of its own.
//! The limits of time here are those of a busy machine; `cost` lets each exchange hang, and has the exact ones.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use test_support::plan::Plan;
use token_introspection::{records::sha256_hex, service::Service};
use tokio::time::Instant;

use crate::{
    aws::{self, Aws, KEY},
    key_host::KeyHost,
    key_sets::{at, claims_of_the_key_tests, key_set},
    key_site::{Manner, Site, response, trusting},
    keys::{self, pem},
    notices::{RECEIVER, entry, log_out},
    proxy::{Echo, Fault},
    signed_responses::{SIGNED, verified},
    signing_keys,
    time::fast_forward,
    world::{
        ALL_IN_DYNAMODB, API, AUDIENCE, Answer, ISSUER, OWN, Request, SECRET, World, changed, claims, introspection,
        request, send,
    },
};

/// The time of the requests.
const T: i64 = 1_800_000_000;
/// An issuer whose keys are fetched.
const FETCHED: &str = "https://fetched.example.com";
const BY_KEY: &str = "by-key";
const BY_TOKEN: &str = "by-token";
const ADMIN: &str = "admin-console";

const FAULTS: [Fault; 19] = [
    Fault::ServerError,
    Fault::Overloaded,
    Fault::Forbidden,
    Fault::Throttled,
    Fault::AccessDenied,
    Fault::BadRequest,
    Fault::MissingTable,
    Fault::ExpiredCredentials,
    Fault::UnknownCredentials,
    Fault::Refuses,
    Fault::Hangs,
    Fault::Stalls,
    Fault::Drips,
    Fault::Resets,
    Fault::Truncated,
    Fault::Empty,
    Fault::WrongTypes,
    Fault::WrongChecksum,
    Fault::Corrupted,
];
/// Those that only a read can have.
const OF_READS: [Fault; 7] = [
    Fault::Unprocessed,
    Fault::UnprocessedOnce,
    Fault::Echoes(Echo::Bare),
    Fault::Echoes(Echo::Changed),
    Fault::Echoes(Echo::OtherKey),
    Fault::Echoes(Echo::OtherTable),
    Fault::Echoes(Echo::NoKeys),
];
/// The manners in which a key host fails to answer.
const MANNERS: [Manner; 5] = [Manner::Drips, Manner::BreaksOff, Manner::Stalls, Manner::Hangs, Manner::Resets];
const OF_SIGNERS: [aws::Fault; 17] = [
    aws::Fault::AccessDenied,
    aws::Fault::Forbidden,
    aws::Fault::BadRequest,
    aws::Fault::Missing,
    aws::Fault::Throttled,
    aws::Fault::ExpiredCredentials,
    aws::Fault::UnknownCredentials,
    aws::Fault::ServerError,
    aws::Fault::Overloaded,
    aws::Fault::Hangs,
    aws::Fault::Stalls,
    aws::Fault::Drips,
    aws::Fault::Resets,
    aws::Fault::Truncated,
    aws::Fault::WrongTypes,
    aws::Fault::Empty,
    aws::Fault::Garbage,
];

/// A request of one kind: always the same question, with an identifier of its own; and the mark that it writes, without
/// that identifier, if it writes one.
type Line = (&'static str, fn(&Deployment, &str) -> Request, Option<&'static str>);

const LINES: [Line; 13] = [
    ("a JWT", |at, _| introspection(&at.token(&json!({}))), None),
    ("a revoked JWT", |at, _| introspection(&at.token(&json!({ "sid": "revoked" }))), None),
    (
        "a JWT of an issuer whose keys are fetched",
        |at, _| {
            let claims = claims(&json!({ "iss": FETCHED, "iat": T - 5, "exp": T + 600 }));
            introspection(&at.world.signer.token(&json!({ "typ": "at+jwt" }), &claims))
        },
        None,
    ),
    ("an opaque token", |_, _| introspection("opaque"), None),
    ("an unknown token", |_, _| introspection("unknown"), None),
    ("wrong credentials", |_, _| request().basic(API, "wrong").form(&[("token", "unknown")]), None),
    (
        "a caller with an assertion",
        |_, id| {
            let claims = json!({ "iss": BY_KEY, "sub": BY_KEY, "aud": OWN, "iat": T, "exp": T + 60, "jti": id });
            let assertion = keys::es256(Some("k1")).token(&json!({}), &claims);
            let assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            request().form(&[
                ("token", "opaque"),
                ("client_assertion_type", assertion_type),
                ("client_assertion", &assertion),
            ])
        },
        None,
    ),
    (
        "a caller with a token",
        |at, _| {
            let own =
                json!({ "aud": OWN, "client_id": BY_TOKEN, "sub": BY_TOKEN, "scope": "introspection", "jti": "own" });
            request().header("authorization", &format!("Bearer {}", at.token(&own))).form(&[("token", "opaque")])
        },
        None,
    ),
    (
        "a batch",
        |at, _| {
            let body = json!({ "tokens": [at.token(&json!({})), "opaque", "unknown"] }).to_string();
            let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
            batch.body(body).basic(API, SECRET)
        },
        None,
    ),
    (
        "a revocation of a JWT",
        |at, id| {
            let token = at.token(&json!({ "client_id": API, "jti": id }));
            request().path("/token/revoke").basic(API, SECRET).form(&[("token", &token)])
        },
        Some("jti"),
    ),
    (
        "a log-out",
        |at, id| {
            let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
            let claims = json!({ "iss": ISSUER, "aud": RECEIVER, "iat": T, "exp": T + 120, "jti": id, "sid": id,
                             "events": event });
            log_out(&at.world.signer.token(&json!({ "typ": "logout+jwt" }), &claims))
        },
        Some("sid"),
    ),
    (
        "a security event",
        |at, id| {
            let claims = json!({
                "iss": ISSUER, "aud": RECEIVER, "iat": T - 5, "jti": id,
                "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": id },
                "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} },
            });
            let event = at.world.signer.token(&json!({ "typ": "secevent+jwt" }), &claims);
            request().path("/events").header("content-type", "application/secevent+jwt").body(event)
        },
        Some("sub"),
    ),
    (
        "a revocation of a subject",
        |_, id| {
            let body = json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": id } }).to_string();
            let revocation = request().path("/global-token-revocation").header("content-type", "application/json");
            revocation.body(body).basic(ADMIN, SECRET)
        },
        Some("sub"),
    ),
];

/// A new value for each call.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("unique-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A deployment that has what all lines need.
struct Deployment {
    world: World,
    host: KeyHost,
    issuers: String,
}

impl Deployment {
    async fn start() -> Self {
        let world = World::new().await;
        let host = KeyHost::start(&json!({ "keys": [world.signer.jwk()] })).await;
        let fetched = json!({ "issuer": FETCHED, "profile": "rfc9068", "jwks_uri": host.url, "algorithms": ["EdDSA"] });
        let issuers = json!([entry(&json!({ "event_audiences": [RECEIVER] })), fetched]).to_string();
        world.put_client(&json!({
            "client_id": BY_KEY, "token_endpoint_auth_method": "private_key_jwt",
            "jwks": json!({ "keys": [keys::es256(Some("k1")).jwk()] }).to_string(),
        }));
        world.put_client(&json!({ "client_id": BY_TOKEN, "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
        world.put_client(&json!({ "client_id": ADMIN, "client_secret": sha256_hex(SECRET), "issuer": ISSUER,
                                  "introspection": { "may_revoke_subjects": true } }));
        world.put_token(
            "opaque",
            &json!({ "token_type": "access_token", "client_id": "app", "sub": "alice",
                                           "aud": AUDIENCE, "sid": "s-9", "iat": T - 5, "exp": T + 600 }),
        );
        world.put_mark(&format!("sid#{ISSUER}#revoked"), &json!({}));
        Self { world, host, issuers }
    }

    /// A new execution environment, with none of what others shared.
    async fn environment(&self) -> Service {
        for item in ["jwks", "fetch"] {
            self.world.delete("oauth-introspection-state", &format!("{item}#{FETCHED}")).await;
        }
        let settings = [
            self.world.token_settings(),
            vec![("GLOBAL_REVOCATION_ISSUERS", ISSUER), ("FAILED_AUTHENTICATION_LIMIT", "1000000")],
        ];
        World::service(&self.world.proxy.url, &self.issuers, &settings.concat()).await
    }

    /// A good token with these claims changed.
    fn token(&self, changes: &Value) -> String {
        let times = json!({ "iat": T - 5, "exp": T + 600 });
        self.world.token(&changed(&times, changes))
    }

    /// Asks while nothing fails. The time passes as it does, because a store in another process needs it.
    async fn ask(&self, service: &Service, line: &Line, seconds: i64) -> Answer {
        send(service, self.request(line, &unique(), seconds, Duration::from_secs(10))).await
    }

    /// Asks while something fails. The time that is waited for it passes almost at once.
    async fn ask_during_a_fault(&self, service: &Service, line: &Line, id: &str) -> Answer {
        fast_forward(send(service, self.request(line, id, 0, Duration::from_millis(700)))).await
    }

    fn request(&self, line: &Line, id: &str, seconds: i64, time_left: Duration) -> Request {
        line.1(self, id).at(T + seconds).request_id(&unique()).within(time_left)
    }
}

/// What a caller gets.
fn answer(answer: &Answer) -> (u16, String, Option<String>) {
    (answer.status.as_u16(), answer.body.clone(), answer.reason().map(str::to_owned))
}

#[tokio::test]
async fn g08_each_exchange_with_the_store_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let deployment = Deployment::start().await;
    let (mut failed, mut unharmed) = (0, 0);
    for line in &LINES {
        let service = deployment.environment().await;
        deployment.world.proxy.take_requests();
        let right = answer(&deployment.ask(&service, line, 0).await);
        assert!(right.0 < 500, "{}: {right:?}", line.0);
        let operations: Vec<_> = deployment.world.proxy.take_requests().into_iter().map(|(name, _)| name).collect();
        for (number, operation) in operations.iter().enumerate() {
            // An empty answer to a write is what DynamoDB itself gives.
            let is_read = operation == "BatchGetItem";
            let faults = FAULTS.iter().filter(|fault| is_read || **fault != Fault::Empty);
            let faults = faults.chain(if is_read { &OF_READS[..] } else { &[] });
            for (fault, lasts) in faults.flat_map(|fault| [(*fault, false), (*fault, true)]) {
                let case = format!("{}, exchange {number} ({operation}): {fault:?}, lasts: {lasts}", line.0);
                let service = deployment.environment().await;
                if lasts {
                    deployment.world.proxy.fail_after(number, fault);
                } else {
                    deployment.world.proxy.fail_at(number, fault);
                }
                let started = Instant::now();
                let id = unique();
                let got = deployment.ask_during_a_fault(&service, line, &id).await;
                assert!(started.elapsed() < Duration::from_secs(5), "{case}: {:?}", started.elapsed());
                deployment.world.proxy.fail(Fault::None);
                if answer(&got) == right {
                    unharmed += 1;
                    // What is answered as written is written.
                    if let Some(kind) = line.2 {
                        let mark = deployment.world.stored_mark(&format!("{kind}#{ISSUER}#{id}")).await;
                        assert!(!mark.is_null(), "{case}: the mark is missing");
                    }
                } else {
                    assert_eq!(got.status, 503, "{case}: {}", got.body);
                    assert!(!got.body.contains("active"), "{case}: {}", got.body);
                    failed += 1;
                }
                let next = deployment.ask(&service, line, 31).await;
                assert_eq!(answer(&next), right, "{case}: the next request");
            }
        }
    }
    println!("{failed} answers were 503, {unharmed} were right all the same");
    // Both must occur, or the faults did not reach what they are for.
    assert!(failed > 200 && unharmed > 100, "{failed} and {unharmed}");
    assert!(!ALL_IN_DYNAMODB || failed + unharmed == 1312, "docs/testing.md names the number: {failed} and {unharmed}");
}

#[tokio::test]
async fn g08_h13_a_key_host_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let deployment = Deployment::start().await;
    let line = LINES.iter().find(|(name, ..)| name.contains("fetched")).unwrap();
    let right = answer(&deployment.ask(&deployment.environment().await, line, 0).await);
    let key_set = json!({ "keys": [deployment.world.signer.jwk()] }).to_string();
    let half = &key_set[..key_set.len() / 2];
    let statuses =
        [301, 302, 307, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504].map(|status| (status, key_set.as_str()));
    let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(2_000_000));
    let bodies = ["", "null", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#, "<html></html>", half, &large];
    let bodies = bodies.map(|body| (200, body));
    for (status, body) in statuses.into_iter().chain(bodies) {
        let service = deployment.environment().await;
        deployment.host.publish(status, body);
        let case = format!("{status} {}", &body[..body.len().min(40)]);
        let got = deployment.ask(&service, line, 0).await;
        assert_eq!(got.status, 503, "{case}: {}", got.body);
        deployment.host.publish(200, key_set.as_str());
        let next = deployment.ask(&service, line, 31).await;
        assert_eq!(answer(&next), right, "{case}: the next request");
    }
    let service = deployment.environment().await;
    deployment.host.hang();
    deployment.ask(&service, line, 0).await.assert_unavailable("keys_unavailable");
    deployment.host.publish(200, key_set.as_str());
    assert_eq!(answer(&deployment.ask(&service, line, 31).await), right, "after a host that hung");
}

/// Each document of an issuer: its metadata, and the keys that these name.
#[tokio::test]
async fn g08_h13_each_exchange_with_a_key_host_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let (world, key) = (World::new().await, keys::ed25519(Some("a"), 1));
    let whole = |body: &Value| response("200 OK", "", &body.to_string());
    let mut cases = 0;
    for failing in ["/.well-known/openid-configuration", "/keys"] {
        let site = Site::start().await;
        let issuer = site.url("");
        let documents = [
            ("/keys", whole(&key_set(&[&key]))),
            ("/.well-known/openid-configuration", whole(&json!({ "issuer": issuer, "jwks_uri": site.url("/keys") }))),
        ];
        let good = &documents.iter().find(|(path, _)| *path == failing).unwrap().1;
        let statuses = ["301 x", "400 x", "401 x", "403 x", "404 x", "429 x", "500 x", "502 x", "503 x", "504 x"];
        let bodies = ["", "null", "[]", "{}", r#"{"keys":{},"issuer":1}"#, "<html></html>", "{\"keys\":[{"];
        let failures = MANNERS.map(|manner| (good.clone(), manner)).into_iter();
        let failures = failures.chain(statuses.map(|status| (good.replace("200 OK", status), Manner::Whole)));
        let failures = failures.chain(bodies.map(|body| (response("200 OK", "", body), Manner::Whole)));
        // A body that ends before its announced length.
        let longer = good.replacen("content-length: ", "content-length: 9", 1);
        for (answer, manner) in failures.chain([(longer, Manner::Whole)]) {
            let case = format!("{failing} {manner:?} {:.60}", answer.replace("\r\n", " "));
            for (path, document) in &documents {
                site.put_raw(path, document);
            }
            world.delete("oauth-introspection-state", &format!("jwks#{issuer}")).await;
            world.delete("oauth-introspection-state", &format!("fetch#{issuer}")).await;
            let environment = trusting(&world, &json!({ "issuer": issuer }), &[]).await;
            let claims = changed(&claims_of_the_key_tests(), &json!({ "iss": issuer }));
            let token = key.token(&json!({}), &claims);
            site.put_in(failing, &answer, manner);
            let started = Instant::now();
            fast_forward(at(&environment, 0, &token)).await.assert_unavailable("keys_unavailable");
            assert!(started.elapsed() < Duration::from_secs(3), "{case}: {:?}", started.elapsed());
            site.put_raw(failing, good);
            at(&environment, 31, &token).await.assert_active();
            cases += 1;
        }
    }
    assert_eq!(cases, 46);
}

#[tokio::test]
async fn g08_h13_a_key_host_that_refuses_connections_is_503_and_right_once_it_is_back() {
    let (world, key) = (World::new().await, keys::ed25519(Some("a"), 1));
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let uri = format!("http://{address}/keys");
    let environment = trusting(&world, &json!({ "issuer": ISSUER, "jwks_uri": uri }), &[]).await;
    let token = key.token(&json!({}), &claims_of_the_key_tests());
    at(&environment, 0, &token).await.assert_unavailable("keys_unavailable");
    let site = Site::start_at(&address, None).await;
    site.put("/keys", &key_set(&[&key]));
    at(&environment, 30, &token).await.assert_active();
}

/// Each exchange with KMS and with Secrets Manager fails, once and from then on.
#[tokio::test]
async fn g08_j14_each_exchange_with_a_signer_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let aws = Aws::start().await;
    let secret = format!("secretsmanager:{}", aws.put_secret("key", json!({ "SecretString": pem("EC") })));
    let (mut failed, mut unharmed) = (0, 0);
    for (signing_key, exchanges) in [(format!("kms:{KEY}"), 2), (secret, 1)] {
        let ask = |now| introspection("unknown").header("accept", SIGNED).at(now);
        for exchange in 0..exchanges {
            for (fault, once) in OF_SIGNERS.iter().flat_map(|fault| [(*fault, true), (*fault, false)]) {
                let case = format!("{signing_key:.20}, exchange {exchange}: {fault:?}, once: {once}");
                let world = signing_keys::deployment(&aws, &signing_key).await;
                let plan = if once { Plan::at } else { Plan::after };
                aws.follow(plan(exchange, fault));
                let started = Instant::now();
                let got = fast_forward(world.send(ask(T))).await;
                assert!(started.elapsed() < Duration::from_secs(3), "{case}: {:?}", started.elapsed());
                aws.fail(aws::Fault::None);
                if got.status == 200 {
                    assert_eq!(got.header("content-type"), SIGNED, "{case}");
                    verified(&world.service, &got).await;
                    unharmed += 1;
                } else {
                    got.assert_unavailable("signer_unavailable");
                    failed += 1;
                }
                verified(&world.service, &world.send(ask(T + 5)).await).await;
            }
        }
    }
    println!("{failed} answers were 503, {unharmed} were right all the same");
    assert!(failed > 60 && unharmed > 15, "{failed} and {unharmed}");
    assert_eq!(failed + unharmed, 102, "docs/testing.md names the number");
}
