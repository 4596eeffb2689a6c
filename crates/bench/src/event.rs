//! The events that every handler gets, and the settings that they share.

use std::process::Command;

use crate::{handler::Handler, tokens};

const EVENT: &str = include_str!("../../../events/http-api-active.json");
/// The key set of the issuer.
pub const JWKS: &str = include_str!("../fixtures/jwks.json");

/// What a resource server sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// The same token again, as during a token's life.
    Again,
    /// Each time a token that the handler has not seen.
    New,
}

/// An HTTP API's events for introspections of active RS256 tokens.
pub struct Events {
    pub again: String,
    pub new: Vec<String>,
}

impl Events {
    pub fn read() -> Self {
        let mut events = tokens::rs256().into_iter().map(|token| introspection(&token));
        Self { again: events.next().unwrap(), new: events.collect() }
    }
}

/// The event for the introspection of a token.
pub fn introspection(token: &str) -> String {
    let (head, rest) = EVENT.split_once(r#""body": "token="#).unwrap();
    let (_, tail) = rest.split_once('"').unwrap();
    format!(r#"{head}"body": "token={token}"{tail}"#)
}

/// Gives a handler its environment. Of this machine's variables it keeps only what the interpreters need, because those
/// that name root certificates or proxies change what a start costs, and Lambda sets none of them.
pub fn set_environment(command: &mut Command, handler: &Handler, runtime: &str, dynamodb: &str, at_once: usize) {
    let kept = ["PATH", "HOME"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept).envs(environment(handler, runtime, dynamodb, at_once));
}

/// Lambda's variables, the tables, the issuer's keys, and the handler's own settings.
fn environment(handler: &Handler, runtime: &str, dynamodb: &str, at_once: usize) -> Vec<(String, String)> {
    let issuers = format!(
        r#"[{{"issuer":"https://auth.example.com","profile":"rfc9068","jwks":{},"algorithms":["RS256"]}}]"#,
        JWKS.trim()
    );
    let mut variables = vec![
        ("AWS_LAMBDA_RUNTIME_API", runtime),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
        ("_HANDLER", "main.handle"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        // One about the version of Node.js, in every start.
        ("NODE_NO_WARNINGS", "1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEXAMPLE"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("ISSUER", "https://introspection.example.com"),
        ("TRUSTED_ISSUERS", &issuers),
        ("JWKS", JWKS.trim()),
    ];
    variables.extend(handler.settings);
    let at_once_text = at_once.to_string();
    if at_once > 1 {
        variables.push(("AWS_LAMBDA_MAX_CONCURRENCY", &at_once_text));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
