//! The event that every handler gets, and the settings that they share.

const EVENT: &str = include_str!("../../../events/http-api-active.json");
const TOKEN: &str = include_str!("../fixtures/token-rs256.txt");
const JWKS: &str = include_str!("../fixtures/jwks.json");

/// An HTTP API's event for an introspection of an active RS256 token.
pub fn introspection() -> String {
    let (head, rest) = EVENT.split_once(r#""body": "token="#).unwrap();
    let (_, tail) = rest.split_once('"').unwrap();
    format!(r#"{head}"body": "token={}"{tail}"#, TOKEN.trim())
}

/// The environment of every handler: Lambda's variables, the tables, and the issuer's keys.
pub fn environment(runtime: &str, dynamodb: &str, at_once: usize) -> Vec<(String, String)> {
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
    let at_once_text = at_once.to_string();
    if at_once > 1 {
        variables.push(("AWS_LAMBDA_MAX_CONCURRENCY", &at_once_text));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
