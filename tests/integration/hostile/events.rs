//! Hostile parts of a gateway's event: whatever a client can write into it, the answer is not a `5xx`. A change of credentials,
//! media type, body or path is refused by its rule, and a change of what the function does not read changes nothing.

use http::StatusCode;
use serde_json::{Value, json};
use token_introspection::settings::LogLevel;

use super::{OtherHosts, forbidden_requests, refusal};
use crate::{
    engine::Engine,
    events::{answer, demo_service_over, event},
    log::Log,
    proxy::Proxy,
    world::{CHALLENGE, INACTIVE},
};

/// An event of each gateway, and the name of its path.
const GATEWAYS: [(&str, &str); 4] = [
    ("http-api-active", "rawPath"),
    ("function-url-active", "rawPath"),
    ("rest-api-active", "path"),
    ("alb-active", "path"),
];

/// What a change leads to.
#[derive(Clone, Copy)]
enum Ends {
    /// The answer to the plain event, whole.
    Unchanged,
    /// The constant inactive answer, for this reason.
    Inactive(&'static str),
    /// This status, and the refusal for this reason.
    Refused(u16, &'static str),
}
use Ends::{Inactive, Refused, Unchanged};

/// What is changed, a change that a client can cause, and what it leads to.
type Change = (String, Box<dyn Fn(&mut Value)>, Ends);

/// Sets a header in each form in which the gateway shows it.
fn set_header(event: &mut Value, name: &str, value: &str) {
    for (member, shown) in [("headers", json!(value)), ("multiValueHeaders", json!([value]))] {
        if let Some(headers) = event[member].as_object_mut() {
            headers.retain(|existing, _| !existing.eq_ignore_ascii_case(name));
            headers.insert(name.to_owned(), shown);
        }
    }
}

/// How a request with this header ends, instead of `Basic` with the secret of the client.
fn with_credentials(value: &str) -> Ends {
    // Without a scheme, or with a comma in it. Any other text is a scheme that is not supported.
    let is_unreadable = value.trim().is_empty() || value.contains(',');
    if is_unreadable { Refused(400, "unreadable_credentials") } else { Refused(401, "unsupported_mechanism") }
}

fn headers() -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    let long = "x".repeat(10_000);
    let values = ["", " ", "\t", "é", "\u{202e}", "\r\nx: y", "\0", "a,b", "\"", "{}", "%00", "\u{ffff}", &long];
    for name in ["accept", "content-type", "authorization", "host", "origin", "x-amzn-trace-id", "user-agent"] {
        for value in values {
            let ends = match name {
                "authorization" => with_credentials(value),
                "content-type" => Refused(415, "wrong_media_type"),
                _ => Unchanged,
            };
            let (name, value) = (name.to_owned(), value.to_owned());
            let case = format!("{name}: {}", value.escape_debug().take(20).collect::<String>());
            all.push((case, Box::new(move |event| set_header(event, &name, &value)), ends));
        }
    }
    for name in ["", " ", "a b", "é", ":path", "__proto__", "content-length", "a\r\nb", "\0", &long] {
        let name = name.to_owned();
        let case = format!("a header named {}", name.escape_debug().take(20).collect::<String>());
        all.push((case, Box::new(move |event| set_header(event, &name, "1")), Unchanged));
    }
    all
}

fn paths_and_queries(path_member: &'static str) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    let long = format!("/{}/token/introspect", "x".repeat(8000));
    let unknown = Refused(404, "not_found");
    for (path, ends) in [
        ("", unknown),
        ("/", unknown),
        ("//", unknown),
        ("/%", unknown),
        ("/%00", unknown),
        ("/\0", unknown),
        ("*", unknown),
        // Only the end of a path counts, because a stage or a base path may precede it.
        ("/é/token/introspect", Unchanged),
        ("/../token/introspect", Unchanged),
        ("http://a/token/introspect", Unchanged),
        (&long, Unchanged),
    ] {
        let path = path.to_owned();
        let case = format!("path {}", path.escape_debug().take(30).collect::<String>());
        all.push((case, Box::new(move |event| event[path_member] = json!(path)), ends));
    }
    for query in ["%", "%zz=1", "a=%FF", "&&&", "=", "token=x", "a=\u{0}", "é=é"] {
        let ends = if query == "token=x" { Refused(400, "secret_in_query") } else { Unchanged };
        let query = query.to_owned();
        let case = format!("query {}", query.escape_debug());
        let change = move |event: &mut Value| {
            let pair = query.split_once('=').unwrap_or((&query, ""));
            event["rawQueryString"] = json!(query);
            event["queryStringParameters"] = json!({ pair.0: pair.1 });
            event["multiValueQueryStringParameters"] = json!({ pair.0: [pair.1] });
        };
        all.push((case, Box::new(change), ends));
    }
    all
}

/// No body but that of the plain event asks about its token.
fn bodies() -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    let large = "t".repeat(6 * 1024 * 1024);
    for (body, base64, ends) in [
        ("", false, Refused(400, "missing_token")),
        ("!", true, Refused(400, "malformed_body")),
        ("dG9r", true, Refused(400, "missing_token")),
        ("/w==", true, Refused(400, "malformed_body")),
        ("token=\u{0}", false, Inactive("unknown_token")),
        ("token=%", false, Inactive("unknown_token")),
        (&large, false, Refused(413, "body_too_large")),
    ] {
        let body = body.to_owned();
        let case = format!("body {} in base64: {base64}", body.escape_debug().take(20).collect::<String>());
        let change = move |event: &mut Value| (event["body"], event["isBase64Encoded"]) = (json!(body), json!(base64));
        all.push((case, Box::new(change), ends));
    }
    let none = |event: &mut Value| event["body"] = json!(null);
    all.push(("no body".to_owned(), Box::new(none), Refused(400, "missing_token")));
    all
}

/// The answer to the plain event with another status and body, and with the header that the status demands.
fn other_answer(plain: &Value, status: u16, body: &str) -> Value {
    let mut answer = plain.clone();
    (answer["statusCode"], answer["body"]) = (json!(status), json!(body));
    if let Some(description) = answer.get_mut("statusDescription") {
        *description = json!(StatusCode::from_u16(status).unwrap().to_string());
    }
    let maps = [("headers", json!(CHALLENGE)), ("multiValueHeaders", json!([CHALLENGE]))];
    for (map, challenge) in maps.into_iter().filter(|_| status == 401) {
        // A REST API gets an empty map beside the one that counts.
        if let Some(headers) = answer[map].as_object_mut().filter(|headers| !headers.is_empty()) {
            headers.insert("www-authenticate".to_owned(), challenge);
        }
    }
    answer
}

#[tokio::test]
async fn a01_a13_a14_c06_what_a_client_writes_into_an_event_is_never_a_5xx() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let engine = Engine::start(0).await.unwrap();
    let (store, others) = (Proxy::start(&engine.url).await, OtherHosts::start().await);
    let settings = [("FAILED_AUTHENTICATION_LIMIT", "1000000"), others.setting()];
    let service = demo_service_over(&engine, &store.url, &settings).await;
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, path) in GATEWAYS {
        let plain = answer(&service, &event(name, |_| ())).await;
        assert_eq!(plain["statusCode"], 200, "{name}");
        assert!(plain["body"].as_str().unwrap().starts_with(r#"{"active":true"#), "{name}");
        for (case, change, ends) in headers().into_iter().chain(paths_and_queries(path)).chain(bodies()) {
            store.take_requests();
            log.take();
            let found = answer(&service, &event(name, |event| change(event))).await;
            let audit = log.take_audit();
            let reason = audit.last().unwrap().get("reason").and_then(Value::as_str);
            let (whole, expected) = match ends {
                Unchanged => (plain.clone(), None),
                Inactive(reason) => (other_answer(&plain, 200, INACTIVE), Some(reason)),
                Refused(status, reason) => (other_answer(&plain, status, &refusal(reason)), Some(reason)),
            };
            if (&found, reason) != (&whole, expected) {
                wrong.push(format!("{name}, {case}: expected {expected:?} {whole}, found {reason:?} {found}"));
            }
            let forbidden = forbidden_requests(&store.take_requests(), expected);
            wrong.extend(forbidden.map(|what| format!("{name}, {case}: {what}")));
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 500, "{count} events");
    assert_eq!(others.take_requests(), [""; 0], "an event chose a host");
}
