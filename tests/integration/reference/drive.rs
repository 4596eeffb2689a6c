//! How a request reaches the service: as the call that its handler gets, or as the event of a gateway.

use std::collections::BTreeMap;

use ::base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use lambda_http::{Context, lambda_runtime};
use serde_json::{Map, Value, json};
use token_introspection::{
    lambda::{Event, handle},
    service::Service,
};

use super::model::Wire;
use crate::world::{self, Answer, request};

/// The call of a request.
pub fn as_call(wire: &Wire) -> world::Request {
    let mut request = request().without_header("content-type").at(wire.now);
    request = request.method(Method::from_bytes(wire.method.as_bytes()).unwrap()).path(&wire.path).query(&wire.query);
    for (name, value) in &wire.headers {
        request = request.another_header(name, value);
    }
    request.body(&wire.body)
}

/// The event of an HTTP API, which joins headers of one name. Its body is in base64 if it is not a text, or if that is
/// wanted.
fn event(wire: &Wire, in_base64: bool) -> Value {
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &wire.headers {
        let joined = headers.get(name).map_or(value.clone(), |first| format!("{first},{value}"));
        headers.insert(name, joined);
    }
    let text = std::str::from_utf8(&wire.body).ok().filter(|_| !in_base64);
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": wire.path, "rawQueryString": wire.query, "headers": headers,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "gateway.example", "requestId": "request-1", "stage": "$default",
            "http": {
                "method": wire.method, "path": wire.path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": text.map_or_else(|| STANDARD.encode(&wire.body), str::to_owned), "isBase64Encoded": text.is_none(),
    })
}

/// What the function answers to the event of a request. It has no audit records.
pub async fn answer_to_event(service: &Service, wire: &Wire, in_base64: bool) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from_static("4102444800000"));
    let context = Context::new("request-1", lambda_runtime::Config::default().into(), &headers).unwrap();
    let event: Event = serde_json::from_value(event(wire, in_base64)).unwrap();
    let answer = serde_json::to_value(handle(service, event, context, false).await.unwrap()).unwrap();
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let header = |(name, value): (&String, &Value)| {
        (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(text(value)).unwrap())
    };
    let headers = answer["headers"].as_object().into_iter().flatten().map(header).collect();
    let audit = vec![Map::from_iter([("request_id".to_owned(), json!("request-1"))])];
    Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: text(&answer["body"]), audit }
}
