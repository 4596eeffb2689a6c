//! O-04 and the clause of A-04 about logs: no secret is written. Also O-09, whose test causes a panic in the log.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use serde_json::json;
use test_support::leaks::Secrets;
use token_introspection::{call, records::sha256_hex, settings::LogLevel};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

use crate::{
    keys,
    log::{Log, listen},
    proxy::Fault,
    world::{API, ISSUER, SECRET, World, claims, introspection, request, send},
};

#[tokio::test]
async fn o04_a04_the_log_has_no_secrets_and_no_personal_data_even_at_the_level_trace() {
    let (log, _guard) = Log::start(LogLevel::Trace);
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "3")]).await;
    let previous = "previous-secret-of-the-api-0123456789abcdef";
    world.put_client(&json!({
        "client_id": API, "client_secret": sha256_hex(SECRET), "previous_client_secret": sha256_hex(previous),
        "previous_client_secret_expires_at": call::now() + 600,
    }));
    world.put_client(&json!({ "client_id": "corrupt", "client_secret": sha256_hex(SECRET), "disabled": "no" }));
    let who = json!({ "sub": "subject-of-it", "jti": "identifier-of-it", "sid": "session-of-it",
        "grant_id": "grant-of-it", "username": "name-of-it", "email": "mail@of-it.example" });
    let mut record = who.clone();
    record.as_object_mut().unwrap().extend(
        json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 })
            .as_object()
            .unwrap()
            .clone(),
    );
    record.as_object_mut().unwrap().remove("email");
    world.put_token("opaque-token-that-is-active", &record);
    record["nbf"] = json!("corrupt");
    world.put_token("opaque-token-that-is-corrupt", &record);
    world.put_mark(&format!("jti#{ISSUER}#identifier-of-the-revoked"), &json!({ "reason": "stolen" }));
    world.put_mark(&format!("sub#{ISSUER}#subject-of-the-corrupt"), &json!({ "not_before": "corrupt" }));
    let tokens = [
        world.token(&who),
        world.token(&json!({ "jti": "identifier-of-the-revoked" })),
        world.token(&json!({ "sub": "subject-of-the-corrupt" })),
        world.token(&json!({ "sub": ["subject-in-a-list"] })),
        world.token(&json!({ "exp": 1, "sub": "subject-of-the-expired" })),
        world.token(&json!({ "iss": "https://stranger-of-it.example" })),
        keys::ed25519(Some("kid-of-it"), 9).token(&json!({ "typ": "at+jwt" }), &claims(&who)),
        "opaque-token-that-is-active".to_owned(),
        "opaque-token-that-is-corrupt".to_owned(),
        "opaque-token-that-nobody-knows".to_owned(),
        "eyJhbGciOiJub25lIn0.garbage-payload-of-it.garbage-signature-of-it".to_owned(),
        "line\nbreak-token \u{1b}[31m \u{e9}".to_owned(),
    ];
    let mut asked = 0;
    for token in &tokens {
        let form = [("token", token.as_str()), ("client_id", API), ("client_secret", previous)];
        for request in [
            introspection(token),
            request().form(&form),
            request().form(&form[..1]),
            introspection(token).basic(API, "wrong-secret-of-it"),
            introspection(token).basic("client-of-it-that-nobody-knows", "wrong-secret-of-it"),
            introspection(token).basic("corrupt", SECRET),
            introspection(token).query(&format!("token={token}&client_secret=secret-in-the-query-of-it")),
            introspection(token).header("authorization", "Bearer bearer-of-it"),
            introspection(token).header("authorization", "Basic credentials-of-it"),
            request().form(&[("token", token), ("client_assertion", "assertion-of-it")]),
            introspection(token).header("dpop", "proof-of-it").header("cookie", "cookie-of-it"),
            introspection(token).path("/path-of-it/token/introspect"),
            introspection(token).path("/path-of-it"),
        ] {
            world.send(request).await;
            asked += 1;
        }
    }
    for fault in [Fault::ServerError, Fault::Truncated, Fault::AccessDenied, Fault::Resets, Fault::Empty] {
        world.proxy.fail(fault);
        world.introspect(&tokens[0]).await.assert_unavailable("store_unavailable");
        asked += 1;
    }
    let text = log.take();
    assert_eq!(text.lines().filter(|line| line.contains(r#""target":"audit""#)).count(), asked);
    assert!(text.contains("corrupt_item") && text.contains("store_unavailable"), "{text}");
    let mut forbidden = vec!["of-it".to_owned(), "subject-".into(), "identifier-".into(), "wrong-secret".into()];
    for secret in tokens.iter().map(String::as_str).chain([SECRET, previous]) {
        forbidden.extend([secret.to_owned(), sha256_hex(secret), STANDARD.encode(secret)]);
        forbidden.extend(secret.split('.').filter(|part| part.len() > 20).map(str::to_owned));
        // Not even the first part of a digest, with which a token could be searched for.
        forbidden.push(sha256_hex(secret)[..8].to_owned());
    }
    forbidden.push(STANDARD.encode(format!("{API}:{SECRET}")));
    for secret in forbidden {
        assert!(!text.contains(&secret), "{secret:?} is in the log:\n{text}");
    }
}

#[tokio::test]
async fn o04_a_fingerprint_links_the_records_of_a_token_only_within_one_environment() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = World::new().await;
    let other_environment = World::service(&world.proxy.url, "[]", &[]).await;
    for token in ["token-1", "token-1", "token-2"] {
        world.introspect(token).await.assert_inactive("unknown_token");
    }
    send(&other_environment, introspection("token-1")).await.assert_inactive("unknown_token");
    let records = log.take_audit();
    let tokens: Vec<_> = records.iter().map(|record| record["token"].as_str().unwrap()).collect();
    assert!(tokens.iter().all(|token| token.len() == 8 && token.bytes().all(|byte| byte.is_ascii_hexdigit())));
    assert_eq!(tokens[0], tokens[1]);
    assert!(tokens[0] != tokens[2] && tokens[0] != tokens[3], "{tokens:?}");
}

/// Every test searches what it logged, so the search itself must be able to fail.
#[test]
fn o04_a_planted_leak_in_the_log_of_a_request_is_found() {
    let world_token = keys::ed25519(Some("k"), 9).token(&json!({}), &claims(&json!({ "sub": "subject-of-it" })));
    let asked = introspection(&world_token).header("dpop", "proof-of-the-sender");
    let secrets = Secrets::of(&asked.0);
    let logged = |text: &str| [json!({ "reason": "expired", "detail": text }).as_object().unwrap().clone()];
    secrets.assert_absent(&logged("nothing of it"));
    for leak in [
        &world_token,
        SECRET,
        &sha256_hex(SECRET),
        "subject-of-it",
        "proof-of-the-sender",
        "a\u{1b}[31m",
        "a\nb",
        "\u{85}",
    ] {
        let found = std::panic::catch_unwind(|| secrets.assert_absent(&logged(&format!("quoted: {leak}"))));
        assert!(found.is_err(), "{leak:?}");
    }
}

/// Panics at the first line that our own code logs.
struct Defect(AtomicBool);

impl<S: Subscriber> Layer<S> for Defect {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let ours = event.metadata().target().starts_with("token_introspection");
        assert!(!ours || self.0.swap(true, Ordering::Relaxed), "a defect");
    }
}

#[tokio::test]
async fn o09_a_panic_while_a_request_is_answered_is_500_and_the_next_request_is_answered() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "corrupt", "client_secret": sha256_hex(SECRET), "disabled": "no" }));
    // Only in the log can a test cause a defect while a request is answered.
    let guard = listen(Registry::default().with(Defect(AtomicBool::new(false))));
    let answer = world.introspect_as("corrupt", SECRET, "x").await;
    drop(guard);
    assert_eq!(answer.assert_error(500, "server_error", None), "request request-1");
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!(answer.all_headers(), headers);
    world.introspect_as("corrupt", SECRET, "x").await.assert_error(401, "invalid_client", "corrupt_client_record");
}

#[tokio::test]
async fn o09_a_panic_is_500_only_for_its_own_request_among_others_at_the_same_time() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "corrupt", "client_secret": sha256_hex(SECRET), "disabled": "no" }));
    let token = world.token(&json!({}));
    let guard = listen(Registry::default().with(Defect(AtomicBool::new(false))));
    let asked = |number| if number == 3 { ("corrupt", "x") } else { (API, token.as_str()) };
    let answers = join_all((0..8).map(asked).map(|(client, token)| world.introspect_as(client, SECRET, token))).await;
    drop(guard);
    for (number, answer) in answers.iter().enumerate() {
        if number == 3 {
            answer.assert_error(500, "server_error", None);
        } else {
            answer.assert_active();
        }
    }
}
