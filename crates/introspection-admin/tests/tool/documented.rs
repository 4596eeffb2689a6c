//! The tests run each command of the operator's tool that a page shows. Each client record on a page must be the one
//! that the command before it writes.

use std::{
    convert::Infallible,
    fs,
    future::ready,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use http::Response;
use serde_json::{Value, json};
use test_support::{
    certificates::{ORDERS, body},
    keys::{ed25519, es256},
    pages::{Block, blocks, commands, pages, words},
    server,
    world::{ALL_IN_DYNAMODB, OWN, SECRET, World, changed, claims},
};
use token_introspection::records::sha256_hex;

/// The issuer of the pages' examples, which the tool has to trust.
const AUTH: &str = "https://auth.example.com";
/// Commands that need an issuer on the network, and end with "cannot be reached" without one.
const NEEDS_A_NETWORK: &str = "issuer suggest --issuer";
/// Commands about a Redis server, which end with "there is no server to accept" without one.
const NEEDS_REDIS: &str = "redis accept";

/// A folder with the files that the pages name.
fn folder(world: &World) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("docs-tool-{}", world.engine.url.replace([':', '/'], "-")));
    fs::create_dir_all(&folder).unwrap();
    let key = es256(Some("k1")).jwk();
    let jwks = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k1","x":{},"y":{}}}]}}"#, key["x"], key["y"]);
    let token = world.signer.token(&json!({ "typ": "at+jwt" }), &claims(&json!({ "iss": AUTH })));
    let lines: Vec<String> = settings().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let settings = lines.join("\n");
    let certificate = format!(r#"{{"keys":[{{"kty":"EC","x5c":["{}"]}}]}}"#, body(ORDERS));
    for (name, text) in [
        ("orders-jwks.json", jwks),
        ("certificate-jwks.json", certificate),
        ("token.txt", token),
        ("production.env", settings),
        ("records.json", log_events()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    folder
}

/// The function's settings.
fn settings() -> Vec<(String, String)> {
    let keys = [ed25519(Some("key-1"), 1).jwk(), ed25519(Some("2026-03"), 2).jwk()];
    let issuers = json!([{ "issuer": AUTH, "profile": "rfc9068", "jwks": { "keys": keys } }]);
    vec![("ISSUER".to_owned(), OWN.to_owned()), ("TRUSTED_ISSUERS".to_owned(), issuers.to_string())]
}

/// Lambda's answer to a request for the function's settings.
fn configuration() -> String {
    let variables: Value = settings().into_iter().map(|(name, value)| (name, json!(value))).collect();
    json!({ "FunctionName": "f", "Environment": { "Variables": variables } }).to_string()
}

/// The answer of `CloudWatch` Logs to a request for the records of a caller in report mode.
fn log_events() -> String {
    let record = json!({
        "target": "audit", "caller": "orders-api", "policy": "would_deny", "issuer": AUTH, "audiences": "a", "scopes": "",
        "claims": "", "timestamp": "2026-11-22T18:23:50.375Z",
    });
    json!({ "events": [{ "timestamp": 1, "message": record.to_string() }] }).to_string()
}

/// What a page's command needs on standard input, and the words of the tool's own command.
fn split(command: &str, folder: &Path) -> (String, Vec<String>) {
    let (before, tool) = command.rsplit_once("| ").unwrap_or(("", command));
    let (tool, file) = tool.split_once(" < ").unwrap_or((tool, ""));
    let tool = tool.trim().strip_prefix("cargo run --bin introspection-admin -- ").unwrap_or(tool.trim());
    let words = words(tool.strip_prefix("introspection-admin ").unwrap_or(tool));
    let input = match self::words(before).as_slice() {
        _ if !file.is_empty() => fs::read_to_string(folder.join(file.trim())).unwrap(),
        [aws, logs, ..] if aws == "aws" && logs == "logs" => log_events(),
        [aws, ..] if aws == "aws" => configuration(),
        [printf, format, ..] if printf == "printf" => format.replace("%s", &body(ORDERS)),
        _ => String::new(),
    };
    (input, words)
}

/// Runs a page's command in that folder, and returns its exit code and output.
async fn run(world: &World, lambda: &str, folder: &Path, command: &str) -> (i32, String) {
    let (input, words) = split(command, folder);
    let mut tool = Command::new(env!("CARGO_BIN_EXE_introspection-admin"));
    tool.args(words).current_dir(folder).env_clear().envs(settings());
    tool.envs(world.tokens.settings.iter().map(|(name, value)| (*name, value.as_str())));
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "operator"),
        ("AWS_SECRET_ACCESS_KEY", "operator"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &world.engine.url),
        ("AWS_ENDPOINT_URL_LAMBDA", lambda),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        // No issuer is asked over the network.
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ] {
        tool.env(name, value);
    }
    tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = tokio::task::spawn_blocking(move || {
        let mut child = tool.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    });
    let output = running.await.unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

/// A deployment with the clients that the pages name, and Lambda's API.
async fn deployment() -> (World, String) {
    let world = World::new().await;
    for client_id in ["orders-api", "web-app"] {
        world.put_client(&json!({ "client_id": client_id, "client_secret": sha256_hex(SECRET) }));
    }
    let (listener, lambda) = server::bind().await;
    server::serve(listener, |_| ready(Ok::<_, Infallible>(Response::new(configuration()))));
    (world, lambda)
}

/// The client that a command registers, if it names one.
fn registered(command: &str) -> Option<String> {
    let words = words(command);
    let id = words.iter().position(|word| word == "--id")?;
    command.contains("client add").then(|| words[id + 1].clone())
}

async fn forget(world: &World, client_id: &str) {
    world
        .dynamodb("DeleteItem", &json!({ "TableName": "oauth-clients", "Key": { "client_id": { "S": client_id } } }))
        .await;
}

#[tokio::test]
async fn each_command_of_the_tool_that_a_page_shows_does_what_it_says() {
    let mut count = 0;
    for block in blocks("sh", "tool") {
        let (world, lambda) = deployment().await;
        let folder = folder(&world);
        for command in commands(&block.text) {
            if let Some(client_id) = registered(&command) {
                forget(&world, &client_id).await;
            }
            let (code, output) = run(&world, &lambda, &folder, &command).await;
            let expected = match () {
                () if command.contains(NEEDS_A_NETWORK) => 3,
                () if command.contains(NEEDS_REDIS) && ALL_IN_DYNAMODB => 2,
                () => 0,
            };
            assert_eq!(code, expected, "{}: {command}\n{output}", block.place);
            count += 1;
        }
    }
    assert!(count > 30, "{count} commands");
}

/// An attribute as plain JSON.
fn plain(attribute: &Value) -> Value {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "M" => value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        "L" => value.as_array().unwrap().iter().map(plain).collect(),
        _ => value.clone(),
    }
}

/// Whether a written record is the shown one, in which `…` replaces key material.
fn fits(shown: &Value, written: &Value) -> bool {
    match (shown, written) {
        (Value::Object(shown), Value::Object(written)) => {
            shown.len() == written.len()
                && shown.iter().all(|(name, value)| written.get(name).is_some_and(|written| fits(value, written)))
        }
        (Value::String(shown), Value::String(written)) => match serde_json::from_str::<Value>(shown) {
            Ok(shown @ Value::Object(_)) => serde_json::from_str(written).is_ok_and(|written| fits(&shown, &written)),
            _ => shown.strip_suffix('…').map_or(shown == written, |start| written.starts_with(start)),
        },
        (Value::Array(shown), Value::Array(written)) => {
            shown.len() == written.len() && shown.iter().zip(written).all(|(shown, written)| fits(shown, written))
        }
        _ => shown == written,
    }
}

#[tokio::test]
async fn each_client_record_of_a_page_is_what_the_command_before_it_writes() {
    let mut count = 0;
    for page in pages() {
        let (mut registrations, mut shown): (Vec<String>, Vec<Block>) = (Vec::new(), Vec::new());
        for block in page.blocks() {
            match format!("{} {}", block.language, block.kind).as_str() {
                "sh tool" => {
                    registrations.extend(commands(&block.text).into_iter().filter(|c| registered(c).is_some()));
                }
                "json client" => shown.push(block),
                _ => {}
            }
        }
        if shown.is_empty() {
            continue;
        }
        assert_eq!(shown.len(), registrations.len(), "{}: a command without its record", page.path);
        for (block, command) in shown.iter().zip(registrations) {
            let (world, lambda) = deployment().await;
            let (code, output) = run(&world, &lambda, &folder(&world), &command).await;
            assert_eq!(code, 0, "{command}\n{output}");
            let key = json!({ "client_id": { "S": registered(&command) } });
            let item = world.dynamodb("GetItem", &json!({ "TableName": "oauth-clients", "Key": key })).await;
            let written = plain(&json!({ "M": item["Item"] }));
            let shown: Value =
                serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{}: {error}", block.place));
            assert!(fits(&shown, &written), "{}: {command} writes {written}", block.place);
            count += 1;
        }
    }
    assert!(count >= 6, "{count} records");
}

#[test]
fn a_record_that_differs_is_found() {
    let shown = json!({ "client_id": "a", "jwks": r#"{"keys":[{"x":"…","y":"A…"}]}"# });
    let written = json!({ "client_id": "a", "jwks": r#"{"keys":[{"x":"1","y":"A1"}]}"# });
    assert!(fits(&shown, &written));
    for change in [json!({ "client_id": "b" }), json!({ "issuer": "i" }), json!({ "jwks": r#"{"keys":[{"x":"1"}]}"# })]
    {
        assert!(!fits(&shown, &changed(&written, &change)), "{change}");
    }
}
