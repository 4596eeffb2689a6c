//! Secrets as the values of settings, typed by mistake or pasted instead of their location. No output or log line may
//! quote one.

use std::process::Command;

use serde_json::json;
use token_introspection::settings::Settings;

use crate::{keys::pem, world::OWN};

pub const PASSWORD: &str = "hunter2-canary";

pub const VARIABLES: [&str; 28] = [
    "ISSUER",
    "PUBLIC_URL",
    "MTLS_PUBLIC_URL",
    "MTLS_METHOD",
    "CLIENTS_TABLE",
    "TOKENS_TABLE",
    "STATE_TABLE",
    "TRUSTED_ISSUERS",
    "TRUSTED_ISSUERS_FILE",
    "GLOBAL_REVOCATION_ISSUERS",
    "DEFAULT_POLICY",
    "CORS_ALLOWED_ORIGINS",
    "METADATA_FILE",
    "CLOCK_SKEW_SECONDS",
    "JWKS_REFRESH_SECONDS",
    "HOT_RECORD_SECONDS",
    "SIGNING_KEY",
    "SIGNING_ALGORITHM",
    "FAILED_AUTHENTICATION_LIMIT",
    "READ_CONSISTENCY",
    "REDIS_URL",
    "AUTHORIZER_CLIENT_ID",
    "AUTHORIZER_SCOPES",
    "AUTHORIZER_RESPONSE",
    "LOG_LEVEL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
];

/// What may be typed or pasted by mistake.
pub fn secrets() -> [String; 4] {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": PASSWORD });
    [PASSWORD.to_owned(), pem("EC"), jwk.to_string(), json!({ "keys": [jwk] }).to_string()]
}

#[track_caller]
pub fn assert_quotes_nothing(output: &str, variable: &str, value: &str) {
    // The body of the PEM differs each time, but begins with the same bytes of its format.
    for secret in ["hunter2", "BEGIN PRIVATE", "MIGHAgEAM", "MHcCAQEE", "\"d\""] {
        assert!(!output.contains(secret), "{variable}={value} is quoted: {output}");
    }
}

/// The error line for this value, if it makes the function refuse to start.
pub fn error(variable: &str, value: &str) -> Option<String> {
    let read = |name: &str| match name {
        _ if name == variable => Some(value.to_owned()),
        "ISSUER" => Some(OWN.to_owned()),
        _ => None,
    };
    match Settings::read(read) {
        Ok(settings) => {
            settings.warn();
            None
        }
        Err(error) => Some(format!("{error} {error:?}")),
    }
}

/// The output of a program whose environment has this setting and otherwise valid ones.
pub fn printed(program: &str, arguments: &[&str], variable: &str, value: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs([
        ("ISSUER", OWN),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("LOG_LEVEL", "trace"),
    ]);
    let output = command.env(variable, value).output().unwrap();
    assert!(!output.status.success(), "{variable}={value}");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// One value of each kind, for programs, which take longer to start.
fn few(secret: &str) -> Vec<String> {
    let forms =
        ["{}", "file:{}", "https://user:{}@a.example", "http://u:{}@127.0.0.1:1", "http://{}", "[{\"issuer\":\"{}\"}]"];
    forms.iter().map(|form| form.replace("{}", secret)).collect()
}

/// The same values as texts, for programs.
pub fn few_values() -> Vec<String> {
    let [password, pem, ..] = secrets();
    [password, pem].iter().flat_map(|secret| few(secret)).collect()
}

/// Runs a program with each of these values in each variable that makes it refuse to start, and checks that its output
/// quotes none of them.
pub fn assert_prints_no_setting(program: &str, arguments: &[&str]) {
    let values = few_values();
    let check = |variable: &str| {
        for value in &values {
            // The others are only noticed after the function has started.
            if variable.starts_with("AWS_") || error(variable, value).is_some() {
                assert_quotes_nothing(&printed(program, arguments, variable, value), variable, value);
            }
        }
    };
    // Most of the time is spent waiting for servers that do not exist.
    std::thread::scope(|scope| {
        for variable in VARIABLES {
            let check = &check;
            scope.spawn(move || check(variable));
        }
    });
}
