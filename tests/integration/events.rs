//! The recorded events of `events/`, through the function's own handler: gateway JSON in, gateway JSON out.

use std::{fs, future::ready, path::PathBuf, sync::LazyLock};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Response};
use lambda_http::{Adapter, Context, LambdaEvent, Service as _, lambda_runtime, request::LambdaRequest, service_fn};
use serde_json::{Value, json};
use token_introspection::{
    call,
    jwt::{Algorithm, UnverifiedJws, VerificationKey},
    lambda::{Event, handle},
};

use crate::{
    demo::{self, Answer},
    engine::Engine,
    keys::pem,
    signed_responses::{key_file, verified},
    world::{World, get, request, send},
};

/// Our own issuer identifier in the demo.
const OWN: &str = "http://127.0.0.1:9000";

/// The key of signed answers. Tests run in parallel, so only one of them may write the file.
static KEY: LazyLock<String> = LazyLock::new(|| key_file("demo", &pem("EC")));

/// The service that `cargo lambda watch` runs with the environment of the dev server.
pub async fn demo_service() -> (Engine, token_introspection::service::Service) {
    let engine = Engine::start(0).await.unwrap();
    let service = demo_service_over(&engine, &engine.url, &[]).await;
    (engine, service)
}

/// The same over an engine that is reached at that URL, with further settings.
pub async fn demo_service_over(
    engine: &Engine,
    url: &str,
    settings: &[(&str, &str)],
) -> token_introspection::service::Service {
    demo::seed(engine).unwrap();
    let issuers = json!([{
        "issuer": demo::TRUSTED_ISSUER, "profile": "rfc9068", "jwks": demo::key_set(),
        "logout_audiences": [demo::RECEIVER], "event_audiences": [demo::RECEIVER],
    }]);
    let own = [("ISSUER", OWN), ("GLOBAL_REVOCATION_ISSUERS", OWN), ("SIGNING_KEY", &**KEY)];
    let settings: Vec<_> = own.iter().chain(settings).copied().collect();
    World::service(url, &issuers.to_string(), &settings).await
}

pub fn context() -> Context {
    let headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("lambda-runtime-deadline-ms"),
        http::HeaderValue::from_static("4102444800000"),
    )]);
    Context::new("8476a536-e9f4-11e8-9739-2dfe598c3fcd", lambda_runtime::Config::default().into(), &headers).unwrap()
}

/// What the function returns for that event.
pub async fn answer(service: &token_introspection::service::Service, event: &str) -> Value {
    let event: Event = serde_json::from_str(event).unwrap();
    serde_json::to_value(handle(service, event, context(), false).await.unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("events")
}

#[tokio::test]
async fn a01_each_recorded_event_gets_the_answer_beside_it() {
    let (_engine, service) = demo_service().await;
    let keys = send(&service, get("/.well-known/jwks.json")).await.json();
    for name in opaque() {
        let read =
            |name: String| fs::read_to_string(folder().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: Value = serde_json::from_str(&read(format!("{name}.expected.json"))).unwrap();
        let mut answer = answer(&service, &read(format!("{name}.json"))).await;
        // A body that differs each time is described by an object.
        if expected["body"].is_object() {
            answer["body"] = described(answer["body"].as_str().unwrap(), &expected["body"], &keys);
        }
        assert_eq!(answer, expected, "{name}");
    }
}

/// The names of the recorded requests.
pub fn opaque() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
    let mut names: Vec<_> = names.filter(|name| !name.ends_with(".expected")).collect();
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    names
}

/// What `lambda_http`'s own adapter makes of the response in that answer. It encodes a signed body in base64 unless a
/// header tells it not to, which it then leaves in the answer.
pub async fn shaped_by_the_adapter(event: &str, answer: &Value) -> Value {
    const AS_TEXT: &str = "x-lambda-http-content-encoding";
    // The adapter panics at a host that is not one, as a recorded placeholder is.
    let mut event: Value = serde_json::from_str(event).unwrap();
    event["requestContext"].as_object_mut().unwrap().remove("domainName");
    for headers in ["headers", "multiValueHeaders"] {
        event[headers]
            .as_object_mut()
            .into_iter()
            .for_each(|headers| headers.retain(|name, _| !name.eq_ignore_ascii_case("host")));
    }
    let request: LambdaRequest = serde_json::from_value(event).unwrap();
    let mut response = Response::builder().status(u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap());
    let headers = [&answer["headers"], &answer["multiValueHeaders"]].map(|map| map.as_object().unwrap());
    for (name, value) in headers.into_iter().find(|headers| !headers.is_empty()).unwrap() {
        response = response.header(name, value.as_str().or(value[0].as_str()).unwrap());
    }
    let response = response.header(AS_TEXT, "text").body(answer["body"].as_str().unwrap().to_owned()).unwrap();
    let mut response = Some(response);
    let mut adapter = Adapter::from(service_fn(move |_| ready(response.take().ok_or(()))));
    let shaped = adapter.call(LambdaEvent::new(request, context())).await.unwrap();
    let mut shaped = serde_json::to_value(shaped).unwrap();
    for headers in ["headers", "multiValueHeaders"] {
        shaped[headers].as_object_mut().unwrap().remove(AS_TEXT);
    }
    shaped
}

#[tokio::test]
async fn answers_have_the_shape_that_the_runtimes_adapter_gives_them() {
    let (_engine, service) = demo_service().await;
    let events = opaque().iter().map(|name| event(name, |_| ())).collect::<Vec<_>>();
    for event in events {
        let answer = answer(&service, &event).await;
        assert_eq!(answer, shaped_by_the_adapter(&event, &answer).await, "{event}");
    }
}

/// The parts of a signed answer or of our key set that are the same each time, in the form of the expectation. The rest
/// is checked here: the signature, the time, and that each key has a name.
fn described(body: &str, expected: &Value, keys: &Value) -> Value {
    if expected.get("signed").is_some() {
        let (jws, claims) = UnverifiedJws::parse(body).unwrap();
        let mut header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body.split('.').next().unwrap()).unwrap()).unwrap();
        let kid = header.as_object_mut().unwrap().remove("kid").unwrap();
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
        assert!(VerificationKey::from_jwk(key, &[Algorithm::Es256]).unwrap().verifies(&jws), "{body}");
        let mut claims: Value = serde_json::from_slice(&claims).unwrap();
        let iat = claims.as_object_mut().unwrap().remove("iat").unwrap();
        assert!((call::now() - iat.as_i64().unwrap()).abs() <= 60, "{iat}");
        return json!({ "signed": { "header": header, "claims": claims } });
    }
    let mut set: Value = serde_json::from_str(body).unwrap();
    for key in set["keys"].as_array_mut().unwrap() {
        for member in ["kid", "x", "y"] {
            assert!(key.as_object_mut().unwrap().remove(member).is_some_and(|value| value.is_string()), "{body}");
        }
    }
    set
}

#[tokio::test]
async fn n04_the_recorded_revocation_ends_the_token_that_it_names() {
    let (_engine, service) = demo_service().await;
    let (client_id, secret) = demo::WEB_APP;
    let ask = || request().basic(client_id, secret).form(&[("token", demo::REFRESH_TOKEN)]);
    send(&service, ask()).await.assert_active();
    answer(&service, &event("http-api-revoke", |_| ())).await;
    send(&service, ask()).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn r03_r12_r16_the_recorded_reports_end_what_they_name() {
    let (_engine, service) = demo_service().await;
    let (now, signer) = (call::now(), demo::signer());
    let access = |sid: &str| {
        let claims = json!({ "iss": demo::TRUSTED_ISSUER, "sub": "carol", "aud": "a", "client_id": "web-app", "iat": 1_767_225_600,
                             "exp": now + 600, "jti": sid, "sid": sid });
        signer.token(&json!({ "typ": "at+jwt" }), &claims)
    };
    let ask = |token: &str| {
        let (client_id, secret) = demo::ORDERS_API;
        send(&service, request().basic(client_id, secret).form(&[("token", token)]))
    };
    let [by_event, by_log_out] = ["session-2", "session-3"].map(access);
    ask(&by_event).await.assert_active();
    answer(&service, &event("http-api-event", |_| ())).await;
    ask(&by_event).await.assert_inactive("revoked_session");
    ask(&by_log_out).await.assert_active();
    // A logout token is accepted only for minutes, so the recorded one is replaced.
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let claims = json!({ "iss": demo::TRUSTED_ISSUER, "aud": demo::RECEIVER, "iat": now, "jti": "fresh", "sid": "session-3",
                         "events": events });
    let token = signer.token(&json!({ "typ": "logout+jwt" }), &claims);
    let fresh = event("http-api-log-out-too-old", |event| {
        event["body"] = json!(STANDARD.encode(format!("logout_token={token}")));
    });
    assert_eq!(answer(&service, &fresh).await["statusCode"], 200);
    ask(&by_log_out).await.assert_inactive("revoked_session");
}

#[tokio::test]
async fn every_kind_of_gateway_is_among_the_recorded_events() {
    for gateway in ["http-api", "rest-api", "function-url", "alb"] {
        assert!(folder().join(format!("{gateway}-active.json")).exists(), "{gateway}");
    }
}

/// The event of that name, changed.
pub fn event(name: &str, change: impl FnOnce(&mut Value)) -> String {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let mut event = serde_json::from_str(&text).unwrap();
    change(&mut event);
    event.to_string()
}

#[tokio::test]
async fn a14_events_at_which_the_adapter_would_panic_get_an_answer() {
    let (_engine, service) = demo_service().await;
    let service = &service;
    let status = |event: String| async move { answer(service, &event).await["statusCode"].as_u64().unwrap() };
    for host in ["a b", "[", "x:99999", "@:", "a/b?c#d", "\u{7f}"] {
        for name in ["http-api-active", "alb-active"] {
            let changed = event(name, |event| event["headers"]["host"] = json!(host));
            assert_eq!(status(changed).await, 200, "{name}: host {host:?}");
        }
    }
    for name in ["http-api-active", "rest-api-active", "alb-active"] {
        let changed = event(name, |event| {
            event["isBase64Encoded"] = json!(true);
            event["body"] = json!("no base64!");
        });
        assert_eq!(status(changed).await, 400, "{name}");
    }
    for query in ["a b", "%zz", "\u{e9}", "<>\"{}", "token=x"] {
        let changed = event("http-api-active", |event| event["rawQueryString"] = json!(query));
        assert_eq!(status(changed).await, if query == "token=x" { 400 } else { 200 }, "query {query:?}");
    }
    for path in
        ["", "@evil:99999/token/introspect", "//token/introspect", "/%zz/token/introspect", "/a b/token/introspect"]
    {
        let changed = event("http-api-active", |event| event["rawPath"] = json!(path));
        assert_eq!(status(changed).await, if path.is_empty() { 404 } else { 200 }, "path {path:?}");
    }
}

#[tokio::test]
async fn a04_a_token_in_the_query_is_refused_from_every_gateway() {
    let (_engine, service) = demo_service().await;
    for (name, member, value) in [
        ("http-api-active", "rawQueryString", json!("x=1&token=abc")),
        ("http-api-active", "rawQueryString", json!("%74oken=abc")),
        ("rest-api-active", "queryStringParameters", json!({ "token": "abc" })),
        ("rest-api-active", "multiValueQueryStringParameters", json!({ "access_token": ["a", "b"] })),
        ("alb-active", "queryStringParameters", json!({ "client_secret": "abc" })),
        ("alb-active", "multiValueQueryStringParameters", json!({ "%74oken": ["abc"] })),
    ] {
        let answer = answer(&service, &event(name, |event| event[member] = value.clone())).await;
        assert_eq!(answer["statusCode"], 400, "{name} {member}");
        assert!(answer["body"].as_str().unwrap().contains("URL"), "{name} {member}");
    }
}

#[tokio::test]
async fn a15_two_authorization_headers_are_refused_if_the_gateway_shows_both() {
    let (_engine, service) = demo_service().await;
    let joined = event("http-api-active", |event| {
        let header = event["headers"]["authorization"].as_str().unwrap();
        event["headers"]["authorization"] = json!(format!("{header},{header}"));
    });
    assert_eq!(answer(&service, &joined).await["statusCode"], 400);
    let rest = event("rest-api-active", |event| {
        let header = event["headers"]["Authorization"].clone();
        event["multiValueHeaders"]["Authorization"] = json!(["Basic d3Jvbmc6d3Jvbmc=", header]);
    });
    assert_eq!(answer(&service, &rest).await["statusCode"], 200, "the one that the adapter shows counts");
    let balanced = event("alb-active", |event| {
        let mut headers = event["headers"].take();
        let header = headers["authorization"].clone();
        for (_, value) in headers.as_object_mut().unwrap() {
            *value = json!([value]);
        }
        headers["authorization"] = json!([header, header]);
        event["multiValueHeaders"] = headers;
        event.as_object_mut().unwrap().remove("headers");
    });
    assert_eq!(answer(&service, &balanced).await["statusCode"], 400);
}

#[test]
fn the_recorded_tokens_are_the_demos() {
    let jwts = demo::jwts();
    for (name, token) in [
        ("http-api-active", &jwts.active),
        ("http-api-expired", &jwts.expired),
        ("http-api-revoked", &jwts.revoked),
        ("rest-api-active", &jwts.active),
        ("alb-active", &jwts.active),
        ("http-api-revoke", &demo::REFRESH_TOKEN.to_owned()),
        ("http-api-signed", &demo::OPAQUE_TOKEN.to_owned()),
        ("http-api-batch", &demo::OPAQUE_TOKEN.to_owned()),
    ] {
        let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        assert!(text.contains(token.as_str()), "{name} holds another token than the demo mints");
    }
}

/// The dev server prints these; `tests/integration/dev_server.rs` pastes them into a shell.
#[tokio::test]
async fn a01_the_demos_examples_are_answered_as_they_say() {
    let (_engine, service) = demo_service().await;
    let jwts = demo::jwts();
    for example in demo::EXAMPLES {
        let (client_id, secret) = example.client;
        let request = request().path(example.path).basic(client_id, secret).body((example.body)(&jwts));
        let answer = match example.header {
            Some(("Accept", value)) => send(&service, request.header("accept", value)).await,
            Some(("Content-Type", value)) => send(&service, request.header("content-type", value)).await,
            _ => send(&service, request).await,
        };
        match example.answer {
            Answer::Body(text) => assert_eq!(answer.body, text.replace("{issuer}", OWN), "{}", example.what),
            Answer::NoBody => assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{}", example.what),
            Answer::Signed(text) => {
                let (_, claims) = verified(&service, &answer).await;
                assert!(claims.ends_with(&format!(r#","token_introspection":{}}}"#, text.replace("{issuer}", OWN))));
            }
        }
    }
}
