//! `HEAD` gets the status and the headers of `GET` without a body, for every event source and every answer.

use serde_json::{Value, json};

use crate::{
    aws::{Aws, Fault, KEY},
    events::{answer, demo_service, event},
    signing_keys::deployment,
};

/// A request of each kind of source, with that method and path and without credentials.
fn requests(method: &str, path: &str) -> Vec<String> {
    ["http-api-active", "function-url-active", "rest-api-active", "alb-active"]
        .map(|name| {
            event(name, |event| {
                event["body"] = json!(null);
                if event["version"] == "2.0" {
                    event["rawPath"] = json!(path);
                    event["requestContext"]["http"]["method"] = json!(method);
                } else {
                    event["path"] = json!(path);
                    event["httpMethod"] = json!(method);
                }
            })
        })
        .into()
}

/// The answer without its body, which must be empty for `HEAD` only.
fn without_body(mut answer: Value, is_empty: bool) -> Value {
    let body = answer.as_object_mut().unwrap().remove("body").unwrap();
    assert_eq!(body.as_str().unwrap().is_empty(), is_empty, "{body}");
    answer
}

#[tokio::test]
async fn a02_head_gets_no_body_on_any_route() {
    let (_engine, service) = demo_service().await;
    for (path, status) in [
        ("/.well-known/oauth-authorization-server", 200),
        ("/stage/.well-known/openid-configuration", 200),
        ("/.well-known/jwks.json", 200),
        ("/token/introspect", 405),
        ("/token/introspect/batch", 405),
        ("/token/revoke", 405),
        ("/elsewhere", 404),
        ("", 404),
    ] {
        for (get, head) in requests("GET", path).into_iter().zip(requests("HEAD", path)) {
            let (get, head) = (answer(&service, &get).await, answer(&service, &head).await);
            assert_eq!(get["statusCode"], status, "{path}");
            assert_eq!(without_body(head, true), without_body(get, false), "{path}");
        }
    }
}

#[tokio::test]
async fn a02_head_gets_no_body_if_the_answer_is_500_or_503() {
    let (_engine, service) = demo_service().await;
    let unreadable = |method| {
        requests(method, "/.well-known/jwks.json").into_iter().map(|text| {
            let mut event: Value = serde_json::from_str(&text).unwrap();
            event["isBase64Encoded"] = json!("no");
            event.to_string()
        })
    };
    for (get, head) in unreadable("GET").zip(unreadable("HEAD")) {
        let (get, head) = (answer(&service, &get).await, answer(&service, &head).await);
        assert_eq!(get["statusCode"], 500);
        assert_eq!(without_body(head, true), without_body(get, false));
    }
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    aws.fail(Fault::AccessDenied);
    let path = "/.well-known/jwks.json";
    for (get, head) in requests("GET", path).into_iter().zip(requests("HEAD", path)) {
        let (get, head) = (answer(&world.service, &get).await, answer(&world.service, &head).await);
        assert_eq!(get["statusCode"], 503);
        assert_eq!(without_body(head, true), without_body(get, false));
    }
}
