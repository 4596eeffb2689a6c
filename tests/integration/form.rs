//! A-13 and A-14: how a body becomes parameters.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue};
use lambda_http::{Context, lambda_runtime};
use serde_json::{Value, json};
use token_introspection::{
    call,
    lambda::{self, Event},
};
use tokio::time::Instant;

use crate::{
    proxy::Fault,
    world::{API, INACTIVE, SECRET, World, introspection, request},
};

const LARGEST_BODY: usize = 64 * 1024;

#[tokio::test]
async fn a13_a_value_is_decoded_once_by_the_rules_of_the_url_standard() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 });
    for (token, forms) in [
        ("a b", &["a+b", "a%20b", "a b", "%61+%62"][..]),
        ("a+b", &["a%2Bb", "a%2bb"]),
        ("%41", &["%2541"]),
        ("100%", &["100%", "100%25"]),
        ("%zz%4", &["%zz%4", "%25zz%4"]),
        ("a=b=c", &["a=b=c", "a%3Db%3dc"]),
        ("a&b", &["a%26b"]),
        ("é💥", &["é💥", "%C3%A9%F0%9F%92%A5", "%c3\u{a9}"][..2]),
        ("\u{feff}bom", &["%EF%BB%BFbom", "\u{feff}bom"]),
        ("\u{fffd}", &["%EF%BF%BD", "\u{fffd}"]),
        ("a\0b", &["a%00b"]),
        ("line\r\nbreak", &["line%0D%0Abreak", "line\r\nbreak"]),
        ("semi;colon", &["semi;colon", "semi%3Bcolon"]),
    ] {
        world.put_token(token, &record);
        for form in forms {
            for body in [format!("token={form}"), format!("&&x=1&%74oken={form}&")] {
                let answer = world.send(request().basic(API, SECRET).body(&body)).await;
                assert_eq!(answer.json()["active"], true, "{body:?}");
            }
        }
    }
}

#[tokio::test]
async fn a13_a_body_that_is_not_utf8_is_a_bad_request() {
    let world = World::new().await;
    for body in [
        &b"token=%FF"[..],
        b"token=\xff",
        b"token=a%C3",
        b"token=%C3%28",
        b"token=%ED%A0%80",
        b"token=%C0%80",
        b"token=%F4%90%80%80",
        b"token=a&x=%FF",
        b"token=a&%FF=x",
        b"token=a&\xfe\xff",
    ] {
        let description = world.send(request().basic(API, SECRET).body(body)).await.assert_error(
            400,
            "invalid_request",
            "malformed_body",
        );
        assert_eq!(description, "the body cannot be decoded", "{}", body.escape_ascii());
        assert_eq!(world.proxy.take_requests(), [], "{}", body.escape_ascii());
    }
}

#[tokio::test]
async fn a14_a_body_over_64_kib_is_too_large_and_one_of_64_kib_is_not() {
    let world = World::new().await;
    let of_length = |length: usize| {
        let start = "token=unknown&x=";
        request().basic(API, SECRET).body(format!("{start}{}", "x".repeat(length - start.len())))
    };
    world.send(of_length(LARGEST_BODY)).await.assert_inactive("unknown_token");
    world.proxy.take_requests();
    for length in [LARGEST_BODY + 1, 2 * LARGEST_BODY] {
        world.send(of_length(length)).await.assert_error(413, "invalid_request", "body_too_large");
        assert_eq!(world.proxy.take_requests(), [], "{length}");
    }
}

#[tokio::test]
async fn a14_a_token_over_16_kib_is_inactive_even_if_it_is_recorded_or_correctly_signed() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 });
    for (length, active) in [(16 * 1024, true), (16 * 1024 + 1, false), (40_000, false)] {
        let token = "t".repeat(length);
        world.put_token(&token, &record);
        assert_eq!(world.introspect(&token).await.json(), world.introspect(&token).await.json());
        let answer = world.send(request().basic(API, SECRET).body(format!("token={token}"))).await;
        assert_eq!(answer.json()["active"], active, "{length}");
    }
    let jwt = world.token(&json!({ "padding": "p".repeat(11_500) }));
    assert!(jwt.len() < 16 * 1024);
    world.send(request().basic(API, SECRET).body(format!("token={jwt}"))).await.assert_active();
    let jwt = world.token(&json!({ "padding": "p".repeat(12_500) }));
    assert!(jwt.len() > 16 * 1024);
    world.send(request().basic(API, SECRET).body(format!("token={jwt}"))).await.assert_inactive("too_long");
}

/// An event of an HTTP API with that body.
fn event(body: &str, base64: bool) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/token/introspect", "rawQueryString": "",
        "headers": {
            "authorization": format!("Basic {}", STANDARD.encode(format!("{API}:{SECRET}"))),
            "content-type": "application/x-www-form-urlencoded",
            "host": "gateway.example",
        },
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "gateway.example", "requestId": "r", "stage": "$default",
            "http": {
                "method": "POST", "path": "/token/introspect", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": body, "isBase64Encoded": base64,
    })
}

/// Hands an event to the function, whose invocation ends at that time.
async fn invoke(world: &World, event: &Value, deadline_ms: i64) -> Value {
    let mut headers = HeaderMap::new();
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from(deadline_ms));
    let context = Context::new("invocation-1", lambda_runtime::Config::default().into(), &headers).unwrap();
    let event: Event = serde_json::from_value(event.clone()).unwrap();
    serde_json::to_value(lambda::handle(&world.service, event, context, false).await.unwrap()).unwrap()
}

fn in_a_minute() -> i64 {
    (call::now() + 60) * 1000
}

#[tokio::test]
async fn a14_a_base64_body_is_decoded_before_it_is_measured_and_read() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let plain = invoke(&world, &event(&format!("token={token}"), false), in_a_minute()).await;
    assert_eq!(plain["statusCode"], 200);
    assert!(plain["body"].as_str().unwrap().starts_with(r#"{"active":true,"#), "{plain}");
    let encoded = STANDARD.encode(format!("token={token}"));
    assert_eq!(invoke(&world, &event(&encoded, true), in_a_minute()).await, plain);
    // The same text without the flag is a form without a token.
    assert_eq!(invoke(&world, &event(&encoded, false), in_a_minute()).await["statusCode"], 400);
    let largest = format!("token=x&x={}", "x".repeat(LARGEST_BODY - 10));
    for (body, status) in [(largest.clone(), 200), (largest + "x", 413), ("token=\u{fffd}".into(), 200)] {
        let answer = invoke(&world, &event(&STANDARD.encode(body), true), in_a_minute()).await;
        assert_eq!(answer["statusCode"], status);
    }
    let answer = invoke(&world, &event(&STANDARD.encode(b"token=\xff"), true), in_a_minute()).await;
    assert_eq!(answer["statusCode"], 400);
}

#[tokio::test]
async fn a22_the_deadline_is_that_of_the_invocation() {
    let world = World::new().await;
    world.proxy.fail(Fault::Hangs);
    // The store's own limits would allow 1,500 ms.
    for (time_left, at_most_ms) in [(Duration::from_mins(1), 2000), (Duration::from_millis(700), 1400)] {
        let started = Instant::now();
        let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time_left;
        let deadline_ms = i64::try_from(deadline.as_millis()).unwrap();
        let answer = invoke(&world, &event("token=x", false), deadline_ms).await;
        assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&json!(503), &json!("1")));
        assert!(started.elapsed().as_millis() < at_most_ms, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn b07_a_client_certificate_is_not_a_second_mechanism_for_a_client_with_a_secret() {
    let world = World::new().await;
    let mut with_certificate = event("token=unknown", false);
    with_certificate["requestContext"]["authentication"] = json!({ "clientCert": {
        "clientCertPem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "subjectDN": "CN=client",
        "issuerDN": "CN=authority", "serialNumber": "1",
        "validity": { "notBefore": "Jan  1 00:00:00 2026 GMT", "notAfter": "Jan  1 00:00:00 2036 GMT" },
    }});
    let answer = invoke(&world, &with_certificate, in_a_minute()).await;
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!(INACTIVE)));
    let header = introspection("unknown").header("x-client-cert", "CN=client").header("x-amzn-mtls-clientcert", "x");
    world.send(header).await.assert_inactive("unknown_token");
}
