//! The operator's tool, run as a process. The tests check what it writes against the service's answers.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a missing item or an error fails the test, as it should"
)]
#![cfg_attr(feature = "redis", allow(unused_imports, reason = "some of it is only for tests of DynamoDB's requests"))]

mod aliases;
mod cannot_authenticate;
mod clients;
mod colours;
mod deployed;
// The items of a tokens table in Redis are not read; `redis_tokens` has the test of that.
#[cfg(not(feature = "redis"))]
mod doctor;
mod documented;
mod drafting;
mod explaining;
mod failures;
mod methods;
mod providers;
#[cfg(feature = "redis")]
mod redis_canary;
#[cfg(feature = "redis")]
mod redis_fitness;
#[cfg(feature = "redis")]
mod redis_tokens;
mod registering;
mod revocation;
#[cfg(not(feature = "redis"))]
mod revocation_events;
mod revocation_matrix;
mod secret_settings;
mod suggesting;
mod tables;
mod times;
mod tokens;
mod trust;

use std::{
    collections::HashMap,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use test_support::world::{GENERIC, ISSUER, OWN, World};

/// The tool with an environment of its own.
struct Tool {
    environment: HashMap<&'static str, String>,
}

/// What it printed, and how it ended.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Tool {
    /// The tool with the settings and tables of a world's service.
    fn beside(world: &World) -> Self {
        let jwks = json!({ "keys": [world.signer.jwk()] });
        let issuers = json!([
            { "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks },
            { "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "token_use": "access" } },
        ]);
        let tool = Self::at(&world.engine.url).with("ISSUER", OWN).with("TRUSTED_ISSUERS", &issuers.to_string());
        world.tokens.settings.iter().fold(tool, |tool, (name, value)| tool.with(name, value))
    }

    /// The tool with only the address of the tables.
    fn at(url: &str) -> Self {
        let environment = HashMap::from([
            ("AWS_ACCESS_KEY_ID", "operator".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "operator".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", url.to_owned()),
            // Values that are missing here must not come from this machine's configuration or network.
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]);
        Self { environment }
    }

    /// The tool without AWS settings: no Region, no credentials.
    fn without_aws() -> Self {
        Self { environment: HashMap::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.insert(name, value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Runs a command whose words have no spaces in them.
    async fn run(&self, line: &str) -> Run {
        self.run_words(&line.split(' ').collect::<Vec<_>>(), "").await
    }

    /// Runs such a command with a text on standard input.
    async fn run_with(&self, line: &str, stdin: &str) -> Run {
        self.run_words(&line.split(' ').collect::<Vec<_>>(), stdin).await
    }

    async fn run_words(&self, words: &[&str], stdin: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_introspection-admin"));
        command.args(words).env_clear().envs(&self.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let stdin = stdin.to_owned();
        // The engine runs on this thread, so another one has to wait for the tool.
        let running = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // A command that reads nothing may have ended before this arrives.
            let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
            child.wait_with_output().unwrap()
        });
        let output = running.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a command that must succeed, and returns its JSON.
    async fn json(&self, line: &str) -> Value {
        self.json_with(line, "").await
    }

    async fn json_with(&self, line: &str, stdin: &str) -> Value {
        self.run_with(&format!("{line} --output json"), stdin).await.done().json()
    }
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    #[track_caller]
    fn done(self) -> Self {
        self.ended(0)
    }

    #[track_caller]
    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that it ended with that code, an empty standard output, and one line that contains this.
    #[track_caller]
    fn failed(&self, code: i32, expected: &str) {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        let lines: Vec<_> = self.stderr.lines().filter(|line| !line.contains("warning: ")).collect();
        assert!(
            matches!(lines.as_slice(), [line] if line.starts_with("introspection-admin: ") && line.contains(expected)),
            "expected {expected}, found {}",
            self.stderr
        );
    }

    #[track_caller]
    fn warned(&self, expected: &str) {
        let warned = self.stderr.lines().any(|line| line.contains("warning: ") && line.contains(expected));
        assert!(warned, "expected {expected}, found {}", self.stderr);
    }
}

/// A file of its own for each name.
fn file(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    format!("@{}", path.display())
}

/// How often a text contains another.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}
