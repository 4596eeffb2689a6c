//! The members of an event that the function reads, those that it ignores, and events that cannot be read.

use serde_json::{Value, json};
use token_introspection::settings::LogLevel;

use crate::{
    events::{answer, demo_service, event},
    log::Log,
};

/// The request id of [`answer`]'s invocations.
const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
/// A value that no log line may quote.
const CANARY: &str = "hunter2-canary";

/// Sets the member at a path such as `requestContext.http.method`, or removes it if `value` is `None`.
fn set(event: &mut Value, path: &str, value: Option<Value>) {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut object = event;
    for step in parent.split('.').filter(|step| !step.is_empty()) {
        object = &mut object[step];
    }
    match value {
        Some(value) => object[name] = value,
        None => drop(object.as_object_mut().unwrap().remove(name)),
    }
}

#[tokio::test]
async fn members_that_are_not_needed_may_hold_anything() {
    let (_engine, service) = demo_service().await;
    let claims = json!({ "jwt": { "claims": { "exp": 4_102_444_800_i64, "ratio": 0.5, "groups": ["a", 1], "deep": { "a": null } },
        "scopes": null } });
    for (name, path, value) in [
        ("http-api-active", "requestContext.authorizer", claims.clone()),
        ("function-url-active", "requestContext.authorizer", claims.clone()),
        (
            "http-api-active",
            "requestContext.authorizer",
            json!({ "lambda": { "tenant": 7, "nested": { "list": [1, {}] } } }),
        ),
        (
            "http-api-active",
            "requestContext.authorizer",
            json!({ "lambda": null, "jwt": 5, "iam": null, "next": true }),
        ),
        ("http-api-active", "requestContext.authorizer", json!(null)),
        ("http-api-active", "requestContext.authorizer", json!({})),
        ("http-api-active", "requestContext.authorizer", json!("text")),
        ("http-api-active", "requestContext.authorizer", json!([1])),
        ("http-api-active", "requestContext.authentication", json!({ "clientCert": null })),
        ("http-api-active", "requestContext.authentication", json!(null)),
        ("http-api-active", "requestContext.timeEpoch", json!("later")),
        ("http-api-active", "requestContext.http.protocol", json!(3)),
        ("http-api-active", "requestContext.accountId", json!(123_456_789_012_i64)),
        ("http-api-active", "requestContext.stage", json!(null)),
        ("http-api-active", "requestContext.http.sourceIp", json!(null)),
        ("http-api-active", "cookies", json!([1, null])),
        ("http-api-active", "cookies", json!(["a=b"])),
        ("http-api-active", "pathParameters", json!({ "proxy": 5 })),
        ("http-api-active", "stageVariables", json!([])),
        ("http-api-active", "queryStringParameters", json!({ "a": 1 })),
        ("http-api-active", "rawQueryString", json!(null)),
        ("http-api-active", "routeKey", json!(0)),
        ("http-api-active", "ofTheFuture", json!({ "a": [{}] })),
        ("http-api-active", "isBase64Encoded", json!(null)),
        ("http-api-active", "headers.x-nothing", json!(null)),
        (
            "rest-api-active",
            "requestContext.authorizer",
            json!({ "principalId": 42, "integrationLatency": 12.5, "flag": true }),
        ),
        ("rest-api-active", "requestContext.authorizer", json!({ "claims": { "exp": 1, "a": { "b": [null] } } })),
        ("rest-api-active", "requestContext.identity.accountId", json!(5)),
        ("rest-api-active", "requestContext.identity.clientCert", json!("text")),
        ("rest-api-active", "requestContext.identity", json!(null)),
        ("rest-api-active", "requestContext.requestTimeEpoch", json!("x")),
        ("rest-api-active", "requestContext.operationName", json!([])),
        ("rest-api-active", "multiValueHeaders", json!(null)),
        ("rest-api-active", "headers", json!(null)),
        ("rest-api-active", "queryStringParameters", json!({ "a": 1, "b": null })),
        ("rest-api-active", "multiValueQueryStringParameters", json!({ "a": "not a list" })),
        ("rest-api-active", "version", json!("1.0")),
        ("rest-api-active", "resource", json!(1)),
        ("alb-active", "requestContext.elb", json!({ "targetGroupArn": 5, "more": {} })),
        ("alb-active", "queryStringParameters", json!(null)),
        ("alb-active", "ofTheFuture", json!(1)),
    ] {
        let expected = answer(&service, &event(name, |_| ())).await;
        assert_eq!(expected["statusCode"], 200);
        let changed = event(name, |event| set(event, path, Some(value.clone())));
        assert_eq!(answer(&service, &changed).await, expected, "{name}: {path} = {value}");
    }
    // What `Value` cannot hold: numbers without bounds, duplicates, thousands of levels.
    let text = event("http-api-active", |event| set(event, "requestContext.authorizer", None));
    let expected = answer(&service, &text).await;
    for authorizer in [
        r#"{"jwt":{"claims":{"n":1e999,"m":-123456789012345678901234567890}}}"#.to_owned(),
        r#"{"lambda":{"a":1,"a":2},"lambda":3}"#.to_owned(),
        format!(r#"{{"lambda":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000)),
        r#"{"lambda":"\ud800"}"#.to_owned(),
    ] {
        let changed =
            text.replacen(r#""requestContext":{"#, &format!(r#""requestContext":{{"authorizer":{authorizer},"#), 1);
        assert_ne!(changed, text);
        assert_eq!(answer(&service, &changed).await, expected, "{}", authorizer.get(..60).unwrap_or(&authorizer));
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_500_and_logged_with_the_path_of_the_fault() {
    let (_engine, service) = demo_service().await;
    let (log, _guard) = Log::start(LogLevel::Error);
    let canary = || json!({ CANARY: [CANARY] });
    let mut cases: Vec<(String, &str)> = Vec::new();
    for (name, path, value, reported) in [
        ("http-api-active", "headers", Some(json!([CANARY])), ""),
        ("http-api-active", "headers", Some(json!(CANARY)), ""),
        ("http-api-active", "headers.x-count", Some(json!(5)), ""),
        ("http-api-active", "headers.x-flag", Some(json!(true)), ""),
        ("http-api-active", "headers.accept", Some(json!([CANARY, 1])), ""),
        ("http-api-active", "headers.accept", Some(canary()), ""),
        ("http-api-active", "body", Some(json!(5)), ""),
        ("http-api-active", "body", Some(canary()), ""),
        ("http-api-active", "isBase64Encoded", Some(json!("true")), ""),
        ("http-api-active", "isBase64Encoded", Some(json!(1)), ""),
        ("http-api-active", "rawPath", Some(json!([CANARY])), ""),
        ("http-api-active", "rawPath", None, ""),
        ("http-api-active", "rawQueryString", Some(canary()), ""),
        ("http-api-active", "requestContext.http.method", None, ""),
        ("http-api-active", "requestContext.http.method", Some(json!(null)), ""),
        ("http-api-active", "requestContext.http.method", Some(json!(7)), ""),
        ("http-api-active", "requestContext.http.method", Some(json!("hunter2-canary POST")), ""),
        ("http-api-active", "requestContext.http.sourceIp", Some(json!(1)), ""),
        ("http-api-active", "requestContext.http", None, "requestContext.http.method"),
        ("http-api-active", "requestContext", None, "requestContext.http.method"),
        ("http-api-active", "requestContext", Some(json!(CANARY)), "requestContext.http.method"),
        ("http-api-iam", "requestContext.authorizer.iam.userArn", Some(json!([CANARY])), ""),
        ("http-api-iam", "requestContext.authorizer.iam.userId", Some(json!(12)), ""),
        ("http-api-mtls", "requestContext.authentication.clientCert.clientCertPem", Some(canary()), ""),
        ("function-url-active", "body", Some(json!(false)), ""),
        ("rest-api-active", "httpMethod", None, ""),
        ("rest-api-active", "path", Some(json!(1)), ""),
        ("rest-api-active", "path", None, ""),
        ("rest-api-active", "multiValueHeaders", Some(json!("x")), ""),
        ("rest-api-active", "multiValueHeaders.Accept", Some(json!([[]])), ""),
        ("rest-api-active", "queryStringParameters", Some(json!("token=hunter2-canary")), ""),
        ("rest-api-active", "multiValueQueryStringParameters", Some(json!([])), ""),
        ("rest-api-active", "requestContext.identity.sourceIp", Some(json!(1)), ""),
        ("rest-api-active", "requestContext.identity.userArn", Some(json!(1)), ""),
        ("rest-api-active", "requestContext.identity.user", Some(json!({})), ""),
        ("alb-active", "httpMethod", Some(json!("")), ""),
        ("alb-active", "path", Some(json!(null)), ""),
        ("alb-active", "headers", Some(json!(1)), ""),
    ] {
        let reported = if reported.is_empty() { path } else { reported };
        cases.push((event(name, |event| set(event, path, value)), reported));
    }
    // Two members of one name are ambiguous.
    for (name, member, path) in [
        ("http-api-active", r#""body":"token=hunter2-canary","#, "body"),
        ("http-api-active", r#""isBase64Encoded":true,"#, "isBase64Encoded"),
        ("http-api-active", r#""headers":{},"#, "headers"),
        ("http-api-active", r#""requestContext":{"http":{"method":"GET"}},"#, "requestContext"),
        ("alb-active", r#""path":"/hunter2-canary","#, "path"),
    ] {
        cases.push((event(name, |_| ()).replacen('{', &format!("{{{member}"), 1), path));
    }
    let twice =
        event("http-api-active", |_| ()).replacen(r#""headers":{"#, r#""headers":{"accept":"hunter2-canary","#, 1);
    cases.push((twice, "headers.accept"));
    // A client chooses the names of headers, so a name is quoted only if it is a valid one.
    let odd = event("http-api-active", |event| event["headers"] = json!({ "token=hunter2-canary": 1 }));
    cases.push((odd, "headers[0]"));
    for (text, path) in [
        ("{}", "httpMethod"),
        ("[]", "."),
        ("null", "."),
        ("1", "."),
        (r#""hunter2-canary""#, "."),
        (r#"{"Records":[]}"#, "httpMethod"),
        (r#"{"version":"2.0"}"#, "requestContext.http.method"),
        (r#"{"requestContext":{"elb":{}}}"#, "httpMethod"),
    ] {
        cases.push((text.to_owned(), path));
    }
    for (event, path) in cases {
        let answer = answer(&service, &event).await;
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(answer["statusCode"], 500, "{path}: {event}");
        assert_eq!(body, json!({ "error": "server_error", "error_description": format!("request {REQUEST_ID}") }));
        assert_eq!(answer["headers"]["content-type"], "application/json");
        assert_eq!(answer["multiValueHeaders"]["cache-control"], json!(["no-store"]));
        assert_eq!(answer["isBase64Encoded"], false);
        let text = log.take();
        let line: Value = serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{path}: {error}: {text}"));
        assert_eq!(
            (&line["level"], &line["event"], &line["request_id"], &line["path"]),
            (&json!("ERROR"), &json!("unreadable_event"), &json!(REQUEST_ID), &json!(path)),
            "{event}"
        );
        assert!(line["problem"].is_string() && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_header_that_http_does_not_allow_is_neither_a_credential_nor_a_fault() {
    let (_engine, service) = demo_service().await;
    let status = |name, header: &'static str, value: Value| {
        let changed = event(name, |event| event["headers"][header] = value);
        let service = &service;
        async move { answer(service, &changed).await["statusCode"].as_u64().unwrap() }
    };
    for (header, value, expected) in [
        ("x-other", json!("a\u{0}b\nc\u{7f}"), 200),
        ("x-other", json!("\u{fffd}\u{e9}\u{1f600}"), 200),
        ("na me", json!("a"), 200),
        ("", json!("a"), 200),
        ("authorization", json!("Basic b3JkZXJz\u{1}"), 400),
        ("authorization", json!("Basic \u{e9}"), 400),
        ("content-type", json!("application/x-www-form-urlencoded\u{0}"), 415),
        ("accept", json!("\u{0}"), 200),
    ] {
        for name in ["http-api-active", "alb-active", "function-url-active"] {
            assert_eq!(status(name, header, value.clone()).await, expected, "{name} {header:?}: {value}");
        }
    }
}

#[tokio::test]
async fn large_bodies_empty_paths_and_health_checks_get_their_answers() {
    let (_engine, service) = demo_service().await;
    for name in ["http-api-active", "rest-api-active", "alb-active", "function-url-active"] {
        let path = if name.contains("-api") && !name.starts_with("rest") || name.starts_with("function") {
            "rawPath"
        } else {
            "path"
        };
        for (member, value, expected) in [
            ("body", json!("x".repeat(6 * 1024 * 1024)), 413),
            ("body", json!(null), 400),
            ("body", json!(""), 400),
            (path, json!(""), 404),
            (path, json!("/%zz/stage/token/introspect"), 200),
            (path, json!("/token%2Fintrospect"), 404),
            (path, json!("/caf\u{e9}/token/introspect"), 200),
        ] {
            let changed = event(name, |event| event[member] = value.clone());
            let status = answer(&service, &changed).await["statusCode"].clone();
            let shown = value.to_string();
            assert_eq!(status, expected, "{name} {member}: {}", shown.get(..60).unwrap_or(&shown));
        }
    }
    let health_check = json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/b" } },
        "httpMethod": "GET", "path": "/", "queryStringParameters": {},
        "headers": { "user-agent": "ELB-HealthChecker/2.0" }, "body": "", "isBase64Encoded": false,
    });
    let answer = answer(&service, &health_check.to_string()).await;
    assert_eq!((&answer["statusCode"], &answer["statusDescription"]), (&json!(404), &json!("404 Not Found")));
}
