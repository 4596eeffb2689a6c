//! The binary itself, behind a small Runtime API: what API Gateway reads of an invocation is on the wire as it expects.

use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use tokio::time::timeout;

use super::*;
use crate::{demo, engine::Engine, server};

/// The invocations to serve, and what the function returned for them: the end of the path, and the body.
#[derive(Default)]
struct Invocations {
    next: Vec<String>,
    returned: Vec<(String, Value)>,
}

/// Ends the function when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn runtime_api(invocations: &Mutex<Invocations>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    if path.ends_with("/next") {
        loop {
            let next = invocations.lock().unwrap().next.pop();
            if let Some(event) = next {
                return Response::builder()
                    .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                    .header("lambda-runtime-deadline-ms", "4102444800000")
                    .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:f")
                    .body(Full::from(event))
                    .unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let end = path.rsplit('/').next().unwrap_or_default().to_owned();
    invocations.lock().unwrap().returned.push((end, serde_json::from_slice(&body).unwrap()));
    Response::builder().status(202).body(Full::default()).unwrap()
}

#[tokio::test]
async fn t02_t08_the_runtime_api_gets_the_one_error_that_is_a_401_and_others_that_are_a_500() {
    let engine = Engine::start(0).await.unwrap();
    demo::seed(&engine).unwrap();
    let recorded = |name: &str| {
        std::fs::read_to_string(format!("{}/events/authorizer/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    // The last one is served first.
    let next = vec![
        recorded("http-api-active").replacen("\"rawPath\"", "\"notThePath\"", 1),
        crate::events::event("http-api-no-credentials", |_| ()),
        recorded("rest-request-revoked"),
        recorded("http-api-active"),
    ];
    let invocations = Arc::new(Mutex::new(Invocations { next, returned: Vec::new() }));
    let (listener, url) = server::bind().await;
    let served = Arc::clone(&invocations);
    server::serve(listener, move |request| {
        let served = Arc::clone(&served);
        async move { Ok::<_, std::convert::Infallible>(runtime_api(&served, request).await) }
    });
    let issuers = json!([{ "issuer": demo::TRUSTED_ISSUER, "profile": "rfc9068", "jwks": demo::key_set() }]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_token-introspection"));
    command.env_clear().stdout(Stdio::null()).envs([
        ("ISSUER", "http://127.0.0.1:9000"),
        ("TRUSTED_ISSUERS", &issuers.to_string()),
        ("AUTHORIZER_CLIENT_ID", demo::ORDERS_API.0),
        ("AWS_LAMBDA_RUNTIME_API", url.trim_start_matches("http://")),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &engine.url),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "dev"),
        ("AWS_SECRET_ACCESS_KEY", "dev"),
    ]);
    let running = Running(command.spawn().unwrap());
    let all = async {
        while invocations.lock().unwrap().returned.len() < 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), all).await.unwrap();
    drop(running);
    let returned = std::mem::take(&mut invocations.lock().unwrap().returned);
    let [active, revoked, request, unreadable] = <[_; 4]>::try_from(returned).unwrap();
    assert_eq!((active.0.as_str(), &active.1["isAuthorized"]), ("response", &json!(true)));
    assert_eq!((revoked.0.as_str(), &revoked.1["errorMessage"]), ("error", &json!("Unauthorized")));
    // A failed invocation does not end the environment, and a request to the endpoint is answered by it as well.
    assert_eq!((request.0.as_str(), &request.1["statusCode"]), ("response", &json!(401)));
    assert_eq!(
        (unreadable.0.as_str(), &unreadable.1["errorMessage"]),
        ("error", &json!("the token cannot be checked now"))
    );
}
