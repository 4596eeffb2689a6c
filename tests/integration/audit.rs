//! O-06: the record that every call leaves.

use serde_json::json;
use token_introspection::{call, lambda, records::sha256_hex, settings::LogLevel};

use crate::{
    aws::{self, Aws, KEY},
    events,
    key_host::KeyHost,
    log::Log,
    proxy::Fault,
    signed_responses::SIGNED,
    world::{API, AUDIENCE, GENERIC, ISSUER, Request, SECRET, World, get, introspection, request, send},
};

/// The members of a record, in the order in which [`check`] compares them.
const MEMBERS: [&str; 10] =
    ["outcome", "caller", "method", "issuer", "policy", "audiences", "scopes", "claims", "reason", "mark_reason"];

/// The id of a trace.
const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// Callers of every kind, a mark and an opaque token.
async fn world() -> World {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    let secret = sha256_hex(SECRET);
    for (client_id, policy) in [
        ("narrow", json!({ "audiences": ["https://other.example"] })),
        ("reporting", json!({ "audiences": ["https://other.example"], "mode": "report" })),
        ("barred", json!({ "allowed": false })),
    ] {
        world.put_client(&json!({ "client_id": client_id, "client_secret": secret, "introspection": policy }));
    }
    world.put_mark(&format!("sid#{ISSUER}#s1"), &json!({ "reason": "logout" }));
    let exp = call::now() + 600;
    let record = json!({ "token_type": "access_token", "client_id": "app", "aud": AUDIENCE, "exp": exp });
    world.put_token("opaque", &record);
    world
}

/// Sends a request and compares the [`MEMBERS`] of its one record, joined by spaces without the absent ones. The record
/// has no other members except those of every record, so it contains neither a `jti` nor a subject.
async fn check(world: &World, log: &Log, request: Request, expected: &str) {
    log.take();
    world.send(request).await;
    let mut records = log.take_audit();
    assert_eq!(records.len(), 1, "{expected}");
    let mut record = records.remove(0);
    for (name, value) in [("level", "INFO"), ("target", "audit"), ("request_id", "request-1")] {
        assert_eq!(record.remove(name), Some(json!(value)), "{expected}");
    }
    let [latency, parse] = ["latency_ms", "parse_ms"].map(|name| record.remove(name).and_then(|time| time.as_u64()));
    assert!(latency.is_some() && parse <= latency, "{expected}");
    for stage in ["store_ms", "keys_ms", "signer_ms"] {
        // Not every call has each of these stages.
        let time = record.remove(stage).map(|time| time.as_u64().unwrap());
        assert!(time <= latency, "{expected}");
    }
    // A request with credentials has a token, too.
    let token = record.remove("token").map(|token| token.as_str().unwrap().len());
    assert_eq!(token, record.contains_key("method").then_some(8), "{expected}");
    let members: Vec<_> = MEMBERS.iter().filter_map(|name| record.remove(*name)).collect();
    assert!(record.is_empty(), "{record:?}");
    let members: Vec<_> = members.iter().map(|member| member.as_str().unwrap()).collect();
    assert_eq!(members.join(" "), expected);
}

#[tokio::test]
async fn o06_the_record_of_a_judged_token_has_caller_method_issuer_verdict_and_policy() {
    // This level logs least.
    let (log, _guard) = Log::start(LogLevel::Error);
    let world = world().await;
    let good = world.token(&json!({}));
    let about = |changes| introspection(&world.token(&changes));
    let as_client = |client_id: &str| introspection(&good).basic(client_id, SECRET);
    let post = request().form(&[("token", &good), ("client_id", API), ("client_secret", SECRET)]);
    for (request, expected) in [
        (about(json!({})), "active api client_secret_basic https://issuer.example.com allow"),
        (post, "active api client_secret_post https://issuer.example.com allow"),
        (introspection("opaque"), "active api client_secret_basic https://introspection.example.com allow"),
        // The last member, `claims`, is empty.
        (
            as_client("reporting"),
            "active reporting client_secret_basic https://issuer.example.com would_deny https://api.example.com read write ",
        ),
        (as_client("narrow"), "inactive narrow client_secret_basic https://issuer.example.com deny audience_hidden"),
        (about(json!({ "exp": 1 })), "inactive api client_secret_basic https://issuer.example.com none expired"),
        (
            about(json!({ "sid": "s1" })),
            "inactive api client_secret_basic https://issuer.example.com none revoked_session logout",
        ),
        // The record names the token's issuer, if it is trusted, for every verdict.
        (
            about(json!({ "sub": 1 })),
            "inactive api client_secret_basic https://issuer.example.com none wrong_claim_type",
        ),
        // Any client can invent an issuer, so the record leaves out an issuer that is not trusted.
        (about(json!({ "iss": "https://stranger.example" })), "inactive api client_secret_basic none untrusted_issuer"),
        (introspection("unknown"), "inactive api client_secret_basic none unknown_token"),
    ] {
        check(&world, &log, request, expected).await;
    }
}

#[tokio::test]
async fn o06_a_call_without_a_verdict_leaves_a_record_too() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let world = world().await;
    let good = world.token(&json!({ "iss": GENERIC, "token_use": "access" }));
    let wrong = || introspection(&good).basic(API, "wrong");
    let refused = "refused api client_secret_basic https://generic.example.com none wrong_secret";
    for (request, expected) in [
        (
            introspection(&good).basic("barred", SECRET),
            "denied barred client_secret_basic https://generic.example.com none not_allowed",
        ),
        (wrong(), refused),
        // Above the limit, the outcome is of the same class.
        (wrong(), refused),
        // A client id without a record does not name a caller.
        (
            introspection(&good).basic("missing", SECRET),
            "refused client_secret_basic https://generic.example.com none unknown_client",
        ),
        (request().form(&[("token", &good)]), "refused none no_credentials"),
        (introspection(""), "invalid_request none missing_token"),
        (introspection(&good).path("/nowhere"), "invalid_request none not_found"),
        (get("/.well-known/openid-configuration"), "document none"),
    ] {
        check(&world, &log, request, expected).await;
    }
    world.proxy.fail(Fault::AccessDenied);
    let unavailable = "unavailable client_secret_basic https://generic.example.com none store_unavailable";
    check(&world, &log, introspection(&good), unavailable).await;
    world.proxy.fail(Fault::Hangs);
    let in_no_time = introspection(&good).within(std::time::Duration::from_millis(50));
    check(&world, &log, in_no_time, unavailable).await;
}

#[tokio::test]
async fn o06_each_token_of_a_batch_leaves_its_own_record() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let world = world().await;
    let tokens = [
        world.token(&json!({})),
        world.token(&json!({ "exp": 1 })),
        world.token(&json!({ "iss": GENERIC, "token_use": "access" })),
        world.token(&json!({ "sid": "s1" })),
        "opaque".to_owned(),
        "unknown".to_owned(),
    ];
    let body = json!({ "tokens": tokens }).to_string();
    let batch = request().path("/token/introspect/batch").header("content-type", "application/json").body(body);
    log.take();
    world.send(batch.basic(API, SECRET)).await;
    let mut records = log.take_audit();
    let call = records.pop().unwrap();
    assert_eq!((&call["outcome"], &call["tokens"], &call["active_tokens"]), (&json!("batch"), &json!(6), &json!(3)));
    let described: Vec<String> = records
        .iter()
        .map(|record| {
            assert_eq!((&record["caller"], &record["request_id"]), (&json!(API), &json!("request-1")));
            assert_eq!(record["token"].as_str().unwrap().len(), 8);
            let members =
                ["position", "outcome", "issuer", "policy", "reason", "mark_reason"].map(|name| record.get(name));
            members
                .into_iter()
                .flatten()
                .map(|member| member.to_string().replace('"', ""))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(
        described,
        [
            format!("0 active {ISSUER} allow"),
            format!("1 inactive {ISSUER} none expired"),
            format!("2 active {GENERIC} allow"),
            format!("3 inactive {ISSUER} none revoked_session logout"),
            "4 active https://introspection.example.com allow".to_owned(),
            "5 inactive none unknown_token".to_owned(),
        ]
    );
}

#[tokio::test]
async fn o06_the_record_says_in_which_stage_the_time_went() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let host = KeyHost::start(&json!({ "keys": [] })).await;
    let aws = Aws::start().await;
    let world = World::new().await;
    let signing_key = format!("kms:{KEY}");
    let changes = [world.token_settings(), vec![("SIGNING_KEY", signing_key.as_str())]].concat();
    let slow = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]).to_string();
    let service = World::service_beside(&world.proxy.url, &aws.url, &slow, &changes).await;
    let stages = ["parse_ms", "store_ms", "keys_ms", "signer_ms"];
    let good = world.token(&json!({}));
    let check = async |request: Request, expected: [bool; 4]| {
        log.take();
        let reason = send(&service, request).await.reason().map(str::to_owned);
        let record = log.take_audit().remove(0);
        let occurred = stages.map(|stage| record.contains_key(stage));
        assert_eq!(occurred, expected, "{record:?}");
        let time = |name: &str| record.get(name).map_or(0, |time| time.as_u64().unwrap());
        let slowest = stages.into_iter().max_by_key(|stage| time(stage)).unwrap();
        (reason, slowest, time(slowest), time("latency_ms"))
    };
    // Each stage that hangs has the whole time.
    world.proxy.fail(Fault::Hangs);
    let (reason, slowest, spent, latency) = check(introspection(&good), [true, true, false, false]).await;
    assert_eq!((reason.as_deref(), slowest), (Some("store_unavailable"), "store_ms"));
    assert!(spent > 1000 && latency >= spent, "{spent} of {latency}");
    world.proxy.fail(Fault::None);
    host.hang();
    let (reason, slowest, spent, latency) = check(introspection(&good), [true, true, true, false]).await;
    assert_eq!((reason.as_deref(), slowest), (Some("keys_unavailable"), "keys_ms"));
    assert!(spent > 1000 && latency >= spent, "{spent} of {latency}");
    aws.fail(aws::Fault::Hangs);
    let signed = introspection("unknown").header("accept", SIGNED);
    let (reason, slowest, spent, latency) = check(signed, [true, true, false, true]).await;
    assert_eq!((reason.as_deref(), slowest), (Some("signer_unavailable"), "signer_ms"));
    assert!(spent > 1000 && latency >= spent, "{spent} of {latency}");
    // A request that is refused for its form waits for nothing.
    check(introspection(""), [true, false, false, false]).await;
}

#[tokio::test]
async fn o06_the_first_record_of_an_environment_names_the_cold_start_and_a_kept_trace_is_named() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let (_engine, service) = events::demo_service().await;
    log.take();
    let event =
        r#"{"version":"2.0","rawPath":"/jwks.json","requestContext":{"http":{"method":"GET","path":"/jwks.json"}}}"#;
    for (is_cold_start, sampled, members) in [(true, "1", 2), (false, "0", 0)] {
        let mut context = events::context();
        context.xray_trace_id = Some(format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled={sampled}"));
        let event = serde_json::from_str(event).unwrap();
        lambda::handle(&service, event, context, is_cold_start).await.unwrap();
        let record = log.take_audit().remove(0);
        let found = [record.get("cold_start"), record.get("xray_trace_id")];
        assert_eq!(found.iter().flatten().count(), members, "{record:?}");
        if members > 0 {
            assert_eq!(found, [Some(&json!(true)), Some(&json!(TRACE))]);
        }
    }
}
