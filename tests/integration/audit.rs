//! O-06: the record that every call leaves.

use serde_json::json;
use token_introspection::{call, records::sha256_hex, settings::LogLevel};

use crate::{
    log::Log,
    proxy::Fault,
    world::{API, AUDIENCE, GENERIC, ISSUER, Request, SECRET, World, get, introspection, request},
};

/// The members of a record, in the order in which [`check`] compares them.
const MEMBERS: [&str; 10] =
    ["outcome", "caller", "method", "issuer", "policy", "audiences", "scopes", "claims", "reason", "mark_reason"];

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
    assert!(record.remove("latency_ms").is_some_and(|latency| latency.is_u64()), "{expected}");
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
