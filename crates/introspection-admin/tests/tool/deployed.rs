//! Settings from the deployed function (`--function`) or from a file (`--settings`).

use std::{
    collections::HashMap,
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::{Value, json};
use test_support::{
    server,
    world::{ISSUER, OWN, World},
};
use token_introspection::{call::now, records::sha256_hex};

use super::{Tool, file};

/// The part of Lambda's API that the tool uses, on a loopback port.
#[derive(Clone)]
struct Lambda {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    variables: HashMap<String, String>,
    /// The status and error name to answer with instead, and for how many requests.
    fault: Option<(u16, &'static str, usize)>,
    /// Path and `Authorization` of each request.
    requests: Vec<(String, String)>,
}

impl Lambda {
    async fn start(variables: HashMap<String, String>) -> Self {
        let (listener, url) = server::bind().await;
        let state = State { variables, ..State::default() };
        let lambda = Self { url, state: Arc::new(Mutex::new(state)) };
        let serving = lambda.clone();
        server::serve(listener, move |request| ready(Ok::<_, Infallible>(serving.answer(&request))));
        lambda
    }

    fn fail(&self, status: u16, name: &'static str, times: usize) {
        self.state.lock().unwrap().fault = Some((status, name, times));
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<String> {
        let mut state = self.state.lock().unwrap();
        let path = request.uri().path().to_owned();
        let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        state.requests.push((path.clone(), header("authorization").unwrap_or_default()));
        assert!(header("x-amz-date").is_some());
        let (status, error, body) = match &mut state.fault {
            Some((status, name, times)) if *times > 0 => {
                *times -= 1;
                (*status, *name, json!({ "Message": "no" }))
            }
            _ if path.contains("missing") => (404, "ResourceNotFoundException", json!({ "Message": "no" })),
            _ if path.contains("encrypted") => {
                (200, "", json!({ "Environment": { "Error": { "ErrorCode": "KMSAccessDeniedException" } } }))
            }
            _ if path.contains("empty") => (200, "", json!({ "FunctionName": "empty" })),
            _ => (200, "", json!({ "FunctionName": "f", "Environment": { "Variables": state.variables } })),
        };
        let response = Response::builder().status(status).header("x-amzn-errortype", error);
        response.body(body.to_string()).unwrap()
    }
}

/// The variables of the function that serves a world, and a tool that knows only the account.
fn deployment(world: &World) -> (HashMap<String, String>, Tool) {
    let mut tool = Tool::beside(world);
    let mut variables = HashMap::from([("CLOCK_SKEW_SECONDS".to_owned(), "37".to_owned())]);
    tool.environment.retain(|name, value| {
        let is_account = name.starts_with("AWS_");
        if !is_account {
            variables.insert((*name).to_owned(), value.clone());
        }
        is_account
    });
    (variables, tool)
}

async fn revokes_as_the_function(world: &World, tool: &Tool, options: &str) {
    let subject = sha256_hex(options);
    let token = world.token(&json!({ "sub": subject }));
    world.introspect(&token).await.assert_active();
    let words = ["revoke", "--sub", &subject, "--issuer", ISSUER, "--output", "json"];
    let words: Vec<_> = words.into_iter().chain(options.split(' ')).collect();
    let before = now();
    let answer = tool.run_words(&words, "").await.done().json();
    assert!(answer["not_before"].as_i64().unwrap() >= before + 37, "the function's own clock skew: {answer}");
    world.introspect(&token).await.assert_inactive("revoked_subject");
    let explained = tool.run_with(&format!("explain --token - {options}"), &token).await.ended(1);
    assert!(explained.stdout.contains("inactive"));
    let words = ["revoke", "--sub", "a", "--issuer", "https://issuer.example.com/"];
    let words: Vec<_> = words.into_iter().chain(options.split(' ')).collect();
    tool.run_words(&words, "").await.failed(1, "the slash at the end");
}

#[tokio::test]
async fn g17_settings_are_read_from_the_deployed_function() {
    let world = World::new().await;
    let (variables, tool) = deployment(&world);
    let lambda = Lambda::start(variables).await;
    let tool = tool.with("AWS_ENDPOINT_URL_LAMBDA", &lambda.url);
    revokes_as_the_function(&world, &tool, "--function token-introspection").await;
    let (path, authorization) = lambda.state.lock().unwrap().requests[0].clone();
    assert_eq!(path, "/2015-03-31/functions/token-introspection/configuration");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=operator/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/lambda/aws4_request"), "{authorization}");

    // The tool's own variables do not count then.
    let confused = tool.with("ISSUER", "https://other.example").with("TRUSTED_ISSUERS", "[]");
    let confused = confused.with("CLOCK_SKEW_SECONDS", "0").with("TOKENS_TABLE", "other");
    revokes_as_the_function(&world, &confused, "--function token-introspection:live").await;
    let arn = "--function arn:aws:lambda:eu-central-1:111122223333:function:token-introspection --region eu-west-1";
    revokes_as_the_function(&world, &confused, arn).await;
    let (path, authorization) = lambda.state.lock().unwrap().requests.last().unwrap().clone();
    assert!(path.contains("arn%3Aaws%3Alambda%3Aeu-central-1%3A111122223333%3Afunction%3A"), "{path}");
    assert!(authorization.contains("/eu-central-1/lambda/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn g17_a_function_that_cannot_be_read_is_reported_in_one_line() {
    let world = World::new().await;
    let (variables, tool) = deployment(&world);
    let lambda = Lambda::start(variables).await;
    let tool = tool.with("AWS_ENDPOINT_URL", &lambda.url);
    let line = "revoke --sub alice --function f";
    for (status, name, code, expected) in [
        (403, "AccessDeniedException", 3, "may not use lambda:GetFunctionConfiguration on the function \"f\""),
        (403, "ExpiredTokenException", 3, "AWS does not accept the credentials (ExpiredTokenException)"),
        (429, "TooManyRequestsException", 3, "Lambda throttles these requests"),
        (500, "ServiceException", 3, "with the status 500 ServiceException"),
        (404, "ResourceNotFoundException", 2, "there is no Lambda function \"f\""),
    ] {
        lambda.fail(status, name, usize::MAX);
        tool.run(line).await.failed(code, expected);
    }
    lambda.fail(429, "TooManyRequestsException", 1);
    tool.run("client list --function f").await.done();
    tool.run("client list --function a/b").await.failed(2, "is not the name or ARN");
    tool.run("client list --function encrypted").await.failed(3, "could not decrypt");
    tool.run("revoke --sub a --function empty").await.failed(2, "in the settings of the function \"empty\", ISSUER is");
    let nowhere = tool.with("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1");
    nowhere.run(line).await.failed(3, "Lambda cannot be reached");
}

#[tokio::test]
async fn g17_settings_are_read_from_a_file() {
    let world = World::new().await;
    let (variables, tool) = deployment(&world);
    let lines: Vec<_> = variables.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
    let answer = json!({ "FunctionName": "f", "Environment": { "Variables": variables } }).to_string();
    for (name, text) in [("lines.env", lines.join("\n")), ("function.json", answer)] {
        let path = file(&format!("settings-{name}"), &text);
        revokes_as_the_function(&world, &tool, &format!("--settings {}", path.trim_start_matches('@'))).await;
        revokes_as_the_function(&world, &tool, &format!("--settings {path}")).await;
    }
    tool.run("client list --settings /nowhere/settings.env").await.failed(2, "cannot be read");
    let secret = file("settings-secret.env", "ISSUER=https://a\nhunter2");
    tool.run(&format!("client list --settings {secret}")).await.failed(2, "--settings: line 2 is not NAME=value");
}

#[tokio::test]
async fn g17_a_file_that_only_the_functions_package_has_is_named() {
    let world = World::new().await;
    let (mut variables, tool) = deployment(&world);
    let issuers = variables.remove("TRUSTED_ISSUERS").unwrap();
    for name in ["METADATA_FILE", "TRUSTED_ISSUERS_FILE"] {
        variables.insert(name.to_owned(), format!("/var/task/{name}.json"));
    }
    variables.insert("SIGNING_KEY".to_owned(), "file:/var/task/key.pem".to_owned());
    let answer = json!({ "Environment": { "Variables": variables } }).to_string();
    let options = format!("--settings {}", file("settings-package.json", &answer));
    let line = format!("revoke --sub alice --issuer {OWN} {options}");
    tool.run(&line).await.failed(2, "reads its trusted issuers from \"/var/task/TRUSTED_ISSUERS_FILE.json\"");
    let copy = file("issuers-copy.json", &issuers);
    let tool = tool.with("TRUSTED_ISSUERS_FILE", copy.trim_start_matches('@'));
    let run = tool.run(&line).await.done();
    run.warned("as a copy of \"/var/task/TRUSTED_ISSUERS_FILE.json\"");
    assert_eq!(Value::from(run.code), 0);
}
