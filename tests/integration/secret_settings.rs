//! Any setting may contain a secret by mistake, or instead of the secret's location. No output and no log line quotes
//! one.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use token_introspection::settings::LogLevel;

use crate::{
    log::Log,
    world::{ISSUER, OWN},
};
use test_support::wrong_settings::{
    PASSWORD, VARIABLES, assert_prints_no_setting, assert_quotes_nothing, error, secrets,
};

/// A secret in the forms in which a text setting may contain it.
fn texts(secret: &str) -> Vec<String> {
    let forms = [
        "{}",
        " {} ",
        "{}\n",
        "\"{}\"",
        "{},{}",
        "{}:x",
        ":{}",
        "file:{}",
        "file:/keys/{}",
        "file: {}",
        "kms:{}",
        "kms:arn:aws:kms:eu-west-1:123456789012:alias/{}",
        "secretsmanager:{}",
        "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:{}",
        "arn:aws:kms:eu-west-1:123456789012:key/{}",
        "{}://a.example",
        "ftp://{}",
        "http://{}",
        "http://a.example/{}",
        "https://user:{}@a.example",
        "https://{}@a.example",
        "https://a.example?key={}",
        "https://a.example#{}",
        "https://a.example/ {}",
        "https://one.example,https://a.example/{}",
        "redis://:{}@a.example",
        "rediss://:{}@a.example/x",
        "rediss://{}@a.example",
        "rediss://:{}@a.example?a=b",
        "10{}",
        "any {}",
        "RS256{}",
    ];
    forms.iter().map(|form| form.replace("{}", secret)).collect()
}

/// A secret in each member of the JSON of `TRUSTED_ISSUERS` and of other documents.
fn documents(secret: &str) -> Vec<String> {
    let entry = json!({ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": "https://a.example/jwks.json" });
    let with = |member: &str, value: Value| {
        let mut entry = entry.clone();
        entry[member] = value;
        json!([entry]).to_string()
    };
    let mut documents = vec![
        json!(secret).to_string(),
        json!([secret]).to_string(),
        json!([[secret]]).to_string(),
        json!({ secret: secret }).to_string(),
        json!([{ secret: secret }]).to_string(),
        json!([entry, secret]).to_string(),
        format!("{entry}{secret}"),
        format!("[{entry}] {secret}"),
        format!("[{entry},{secret}]"),
        format!("[{{\"issuer\":{}", json!(secret)),
        format!("[{{\"issuer\":\"{secret}"),
        json!([{ "issuer": secret }]).to_string(),
        json!([{ "profile": secret }]).to_string(),
        with(secret, json!(1)),
        format!("[{{\"issuer\":{0},\"issuer\":{0}}}]", json!(secret)),
    ];
    for member in [
        "issuer",
        "profile",
        "jwks_uri",
        "jwks",
        "algorithms",
        "client_ids",
        "audiences",
        "required_claims",
        "claim_names",
        "aliases",
        "tenants",
        "jwks_bearer_file",
    ] {
        for value in [
            json!(secret),
            json!([secret]),
            json!([[secret]]),
            json!({ secret: secret }),
            json!({ "keys": secret }),
            json!({ "keys": [secret, { "kty": secret, "d": secret }] }),
            json!({ "scope": [secret], "sid": { "a": secret } }),
            json!(format!("https://user:{secret}@a.example")),
            json!(format!("https://a.example?key={secret}")),
            json!(format!("https://a.example/#{secret}")),
            json!(format!("https://a.example/{{{secret}}}")),
            json!([format!("https://user:{secret}@a.example")]),
        ] {
            documents.push(with(member, value));
        }
    }
    // Faults that name the entry by its issuer.
    for issuer in [secret.to_owned(), format!("https://user:{secret}@a.example"), format!("https://a.example?{secret}")]
    {
        let entry = json!({ "issuer": issuer, "profile": "rfc9068", "jwks_uri": "https://a.example/jwks.json" });
        documents.push(json!([entry, entry]).to_string());
        for (member, value) in [
            ("profile", json!("github")),
            ("profile", json!("generic")),
            ("profile", json!("cognito")),
            ("algorithms", json!(["HS256"])),
            ("algorithms", json!([])),
            ("jwks", json!({ "keys": [] })),
            ("jwks_uri", json!("http://a.example")),
            ("jwks_uri", json!(null)),
        ] {
            let mut entry = entry.clone();
            entry[member] = value;
            documents.push(json!([entry]).to_string());
        }
    }
    documents
}

#[test]
fn o04_no_error_and_no_log_line_quotes_a_setting() {
    let (log, _guard) = Log::start(LogLevel::Trace);
    let mut errors = 0;
    let mut check = |variable: &str, value: &str| {
        if let Some(text) = error(variable, value) {
            errors += 1;
            assert!(text.starts_with(variable) && text.lines().count() == 1, "{variable}={value}: {text}");
            assert_quotes_nothing(&text, variable, value);
        }
        assert_quotes_nothing(&log.take(), variable, value);
    };
    for secret in secrets() {
        for variable in VARIABLES {
            for value in texts(&secret).iter().chain(&documents(&secret)) {
                check(variable, value);
            }
        }
        // The same in the files that settings name.
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secret-setting.json");
        for content in texts(&secret).iter().chain(&documents(&secret)) {
            std::fs::write(&path, content).unwrap();
            for (variable, prefix) in [("TRUSTED_ISSUERS_FILE", ""), ("METADATA_FILE", ""), ("SIGNING_KEY", "file:")] {
                check(variable, &format!("{prefix}{}", path.display()));
            }
        }
    }
    assert!(errors > 5_000, "{errors}");
}

#[test]
fn o04_the_function_prints_no_setting() {
    assert_prints_no_setting(env!("CARGO_BIN_EXE_token-introspection"), &[]);
}

#[test]
fn a_token_file_that_cannot_be_read_stops_the_start() {
    let directory = std::env::temp_dir().join(format!("token-files-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let empty = directory.join("empty");
    std::fs::write(&empty, "\n").unwrap();
    for (file, expected) in [
        (directory.join("missing").display().to_string(), "names a file that cannot be read"),
        (empty.display().to_string(), "names an empty file"),
        (PASSWORD.to_owned(), "names a file that cannot be read"),
    ] {
        let entry = json!({ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": "https://issuer.example.com/keys",
            "jwks_bearer_file": file });
        let output = Command::new(env!("CARGO_BIN_EXE_token-introspection"))
            .env_clear()
            .envs([("ISSUER", OWN), ("TRUSTED_ISSUERS", &json!([entry]).to_string())])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
        assert!(
            text.contains("TRUSTED_ISSUERS") && text.contains("jwks_bearer_file") && text.contains(expected),
            "{text}"
        );
        assert!(!text.contains(&file), "{text}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
