//! The recorded events of `events/authorizer/`, with the answers or errors beside them.

use std::{fs, path::PathBuf};

use test_support::pages;

use super::*;
use crate::{demo, engine::Engine};

/// The answers of the guide are recorded ones.
#[test]
fn t02_the_answers_of_the_guide_are_recorded() {
    let path = |name: &str| folder().join(format!("{name}.expected.json"));
    let recorded: Vec<Value> =
        names().iter().map(|name| serde_json::from_str(&fs::read_to_string(path(name)).unwrap()).unwrap()).collect();
    let blocks = pages::blocks("json", "authorizer");
    assert!(!blocks.is_empty());
    for block in blocks {
        let shown: Value = serde_json::from_str(&block.text).unwrap();
        assert!(recorded.contains(&shown), "{}", block.place);
    }
}

/// The required scopes of the example stack.
const SCOPES: &str = r#"{"GET /orders/{id}":"orders:read","POST /admin":"admin","$connect":"orders:read"}"#;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("events/authorizer")
}

fn names() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
    let mut names: Vec<_> = names.filter(|name| !name.ends_with(".expected")).collect();
    names.sort();
    names
}

/// What the runtime gets for that event: an answer, or the error as the Runtime API has it.
async fn returned(name: &str, event: &str) -> Value {
    let engine = Engine::start(0).await.unwrap();
    demo::seed(&engine).unwrap();
    let issuers = json!([{ "issuer": demo::TRUSTED_ISSUER, "profile": "rfc9068", "jwks": demo::key_set() }]);
    let form = if name.contains("policy") { "policy" } else { "simple" };
    let scopes = if name.starts_with("rest-token") { r#"{"*":"orders:read"}"# } else { SCOPES };
    let changes = [
        ("ISSUER", "http://127.0.0.1:9000"),
        ("AUTHORIZER_CLIENT_ID", demo::ORDERS_API.0),
        ("AUTHORIZER_RESPONSE", form),
        ("AUTHORIZER_SCOPES", scopes),
    ];
    let service = World::service(&engine.url, &issuers.to_string(), &changes).await;
    invoke(&service, event).await.unwrap_or_else(|error| serde_json::to_value(error).unwrap())
}

#[tokio::test]
async fn t02_each_recorded_event_of_an_authorizer_gets_the_answer_beside_it() {
    let names = names();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let event = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let returned = returned(&name, &event).await;
        let path = folder().join(format!("{name}.expected.json"));
        if std::env::var_os("UPDATE_EVENTS").is_some() {
            fs::write(path, format!("{}\n", serde_json::to_string_pretty(&returned).unwrap())).unwrap();
            continue;
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(returned, expected, "{name}");
    }
}

#[test]
fn t06_the_required_scopes_are_those_of_the_example_stack() {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/authorizer/template.yaml");
    assert!(fs::read_to_string(template).unwrap().contains(&format!("Default: '{SCOPES}'")));
}
