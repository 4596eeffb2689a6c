//! Invocations with any deadline: the answer is right or "don't know", in time, and never a failed invocation.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::{Context, lambda_runtime};
use serde_json::{Value, json};
use token_introspection::{
    lambda::{Event, handle},
    service::Service,
};

use crate::{
    authorizer::gateway::{Api, asked, event},
    proxy::Fault,
    time::on_a_still_clock,
    world::{API, SECRET, World},
};

/// Timers are rounded up to whole milliseconds, and the time that is left is read from another clock.
const ROUNDING: Duration = Duration::from_millis(2);

/// The context of an invocation with this deadline, in milliseconds since the epoch.
fn context(deadline: u64) -> Context {
    let deadline = HeaderValue::from_str(&deadline.to_string()).unwrap();
    let headers = HeaderMap::from_iter([(HeaderName::from_static("lambda-runtime-deadline-ms"), deadline)]);
    Context::new("8476a536-e9f4-11e8-9739-2dfe598c3fcd", lambda_runtime::Config::default().into(), &headers).unwrap()
}

/// An introspection as an HTTP API sends it.
fn introspection(token: &str) -> Value {
    let credentials = format!("Basic {}", STANDARD.encode(format!("{API}:{SECRET}")));
    json!({
        "version": "2.0", "rawPath": "/token/introspect", "rawQueryString": "",
        "headers": { "authorization": credentials, "content-type": "application/x-www-form-urlencoded" },
        "requestContext": { "http": { "method": "POST", "path": "/token/introspect", "sourceIp": "192.0.2.1" } },
        "body": format!("token={token}"), "isBase64Encoded": false,
    })
}

/// The status of the answer to an introspection. It panics if the invocation fails.
async fn status(service: &Service, event: &Value, deadline: u64) -> u64 {
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    let answer = handle(service, event, context(deadline), false).await.expect("an answer");
    serde_json::to_value(answer).unwrap()["statusCode"].as_u64().unwrap()
}

fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since_epoch.as_millis()).unwrap()
}

/// The name of a case, its deadline, and the time in which the answer comes if the store does not answer.
fn deadlines() -> Vec<(&'static str, u64, u64)> {
    vec![
        ("20 ms are left", now() + 20, 0),
        ("50 ms are left", now() + 50, 0),
        ("less than the reserve is left", now() + 140, 0),
        ("200 ms are left", now() + 200, 50),
        ("a second is left", now() + 1000, 850),
        ("a minute is left", now() + 60_000, 1800),
        ("it passed while the event was delivered", now() - 100, 0),
        // Lambda sends no event after its deadline, so these are an emulator's, or those of a clock that is wrong.
        ("it has passed", now() - 5000, 1800),
        ("it passed long ago", 1, 1800),
        ("it is missing", 0, 1800),
        ("it is in the year 2100", 4_102_444_800_000, 1800),
        ("it is the last one", u64::MAX, 1800),
    ]
}

#[tokio::test]
async fn a22_whatever_the_deadline_the_answer_is_right_or_503_in_time() {
    let world = World::with(&[("AUTHORIZER_CLIENT_ID", API), ("AUTHORIZER_RESPONSE", "simple")]).await;
    let token = world.token(&json!({}));
    let request = introspection(&token);
    let access = event(Api::Http, &asked(&format!("Bearer {token}"))).to_string();
    for number in 0..deadlines().len() {
        let (case, deadline, _) = deadlines()[number];
        let (answered, elapsed) = on_a_still_clock(status(&world.service, &request, deadline)).await;
        assert!(answered == 200 || answered == 503, "{case}: {answered}");
        assert_eq!(elapsed, Duration::ZERO, "{case}");
        let has_time = deadlines()[number].2 > 0;
        assert!(answered == 200 || !has_time, "{case}: {answered}");

        world.proxy.fail(Fault::Hangs);
        let (_, deadline, limit) = deadlines()[number];
        let (answered, elapsed) = on_a_still_clock(status(&world.service, &request, deadline)).await;
        assert_eq!(answered, 503, "{case}");
        assert!(elapsed <= Duration::from_millis(limit) + ROUNDING, "{case}: {elapsed:?}");
        let (_, deadline, limit) = deadlines()[number];
        let work = handle(&world.service, serde_json::from_str(&access).unwrap(), context(deadline), false);
        let (answered, elapsed) = on_a_still_clock(work).await;
        assert!(answered.is_err(), "{case}: an authorizer that does not know fails");
        assert!(elapsed <= Duration::from_millis(limit) + ROUNDING, "{case}: {elapsed:?}");
        world.proxy.fail(Fault::None);
        assert_eq!(status(&world.service, &request, now() + 10_000).await, 200, "{case}: the next request");
    }
}
