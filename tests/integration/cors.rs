//! O-08: in a browser, only pages of configured origins may read the answers.

use http::Method;
use serde_json::json;
use token_introspection::settings::Settings;

use crate::world::{API, Answer, OWN, Request, World, get, introspection, request};

const APP: &str = "https://app.example.com";
const CORS: [(&str, &str); 1] = [("CORS_ALLOWED_ORIGINS", "https://app.example.com, http://localhost:3000")];

fn preflight() -> Request {
    request()
        .method(Method::OPTIONS)
        .without_header("content-type")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
}

fn access_control(answer: &Answer) -> Vec<(&str, &str)> {
    answer.all_headers().into_iter().filter(|(name, _)| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn o08_a02_without_the_setting_there_is_no_cors_header_and_no_preflight() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for request in [introspection(&token), introspection("x").basic(API, "wrong"), introspection(""), preflight()] {
        let answer = world.send(request.header("origin", APP)).await;
        assert_eq!((access_control(&answer), answer.header("vary")), (vec![], ""), "{}", answer.body);
    }
    let answer = world.send(preflight().header("origin", APP)).await;
    answer.assert_error(405, "invalid_request", "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn o08_a_page_of_an_allowed_origin_may_read_every_answer() {
    let world = World::with(&CORS).await;
    let token = world.token(&json!({}));
    for origin in [APP, "http://localhost:3000"] {
        let requests = [
            (200, introspection(&token)),
            (200, introspection("unknown")),
            (400, introspection("")),
            (401, introspection("x").basic(API, "wrong")),
            (404, introspection("x").path("/nowhere")),
            (405, introspection("x").method(Method::PUT)),
            (503, introspection("x").within(std::time::Duration::ZERO)),
            (200, get("/.well-known/openid-configuration")),
        ];
        for (status, request) in requests {
            let answer = world.send(request.header("origin", origin)).await;
            let expected = [
                ("access-control-allow-origin", origin),
                ("access-control-expose-headers", "WWW-Authenticate, Retry-After"),
            ];
            assert_eq!((answer.status.as_u16(), access_control(&answer)), (status, expected.to_vec()));
            assert_eq!(answer.header("vary"), "Origin", "{status}");
        }
    }
}

#[tokio::test]
async fn o08_requests_of_another_origin_or_without_one_get_no_cors_headers() {
    let world = World::with(&CORS).await;
    let plain = world.send(introspection("unknown")).await;
    assert_eq!((access_control(&plain), plain.header("vary")), (vec![], "Origin"));
    for origin in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://evil-app.example.com",
        "https://APP.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "http://app.example.com",
        "https://app.example.com,https://evil.example",
        "null",
        "*",
        "",
    ] {
        assert_eq!(world.send(introspection("unknown").header("origin", origin)).await, plain, "{origin}");
        let answer = world.send(preflight().header("origin", origin)).await;
        assert_eq!((answer.status.as_u16(), access_control(&answer)), (204, vec![]), "{origin}");
        assert_eq!((answer.header("vary"), answer.body.as_str()), ("Origin", ""), "{origin}");
    }
}

#[tokio::test]
async fn o08_a_preflight_allows_the_two_headers_and_post_and_never_credentials() {
    let world = World::with(&CORS).await;
    let answer = world.send(preflight().header("origin", APP)).await;
    let headers = [
        ("access-control-allow-headers", "authorization, content-type"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-origin", APP),
        ("access-control-expose-headers", "WWW-Authenticate, Retry-After"),
        ("access-control-max-age", "600"),
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("vary", "Origin"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), (204, headers.to_vec(), ""));
    // The answer does not depend on what the preflight requests.
    let greedy = preflight()
        .header("origin", APP)
        .header("access-control-request-method", "DELETE")
        .header("access-control-request-headers", "x-evil")
        .header("access-control-request-private-network", "true")
        .query("token=x");
    assert_eq!(world.send(greedy).await, answer);
    assert_eq!(world.proxy.take_requests(), []);
}

#[tokio::test]
async fn o08_a02_with_cors_the_allow_header_names_options_only_on_the_post_route() {
    let world = World::with(&CORS).await;
    let answer = world.send(introspection("x").method(Method::PUT)).await;
    answer.assert_error(405, "invalid_request", "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
    let metadata = world.send(preflight().path("/.well-known/jwks.json")).await;
    metadata.assert_error(405, "invalid_request", "method_not_allowed");
    assert_eq!(metadata.header("allow"), "GET, HEAD");
    world.send(preflight().path("/nowhere")).await.assert_error(404, "not_found", "not_found");
}

#[test]
fn o08_a_setting_that_is_not_a_list_of_exact_origins_stops_the_start() {
    for list in [
        "*",
        "https://*.example.com",
        "https://app.example.com,*",
        "null",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?x",
        "http://app.example.com",
        "app.example.com",
        "https://app.example.com,,https://admin.example.com",
        "https://user@app.example.com",
    ] {
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some(OWN.to_owned()),
            "CORS_ALLOWED_ORIGINS" => Some(list.to_owned()),
            _ => None,
        });
        let error = settings.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("CORS_ALLOWED_ORIGINS ") && error.contains("https://app.example.com"), "{list}");
    }
}
