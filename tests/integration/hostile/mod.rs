//! Hostile input of every kind, made by generators: tokens, key sets and their hosts, requests, and items.
//!
//! Each case names the rule that must stop it. All wrong cases are listed at once, and each table asserts how many cases
//! it has, so that none of them is lost unnoticed. docs/attacks.md lists the attacks.

mod claims;
mod events;
mod headers;
mod hosts;
mod items;
mod key_sets;
mod requests;
mod signatures;
mod tokens;

use serde_json::{Value, json};

use crate::world::{Answer, INACTIVE};

/// When the requests of these tests are made.
const T: i64 = 1_800_000_000;

/// What is wrong with a token, the token, and the rule that makes it inactive.
struct Hostile {
    case: String,
    token: String,
    reason: &'static str,
}

/// One value of each JSON type, except those types.
fn values_except(types: &[&str]) -> Vec<Value> {
    let values = [
        ("null", json!(null)),
        ("bool", json!(true)),
        ("number", json!(1)),
        ("string", json!("1")),
        ("array", json!([])),
        ("array", json!([1])),
        ("object", json!({})),
        ("object", json!({ "a": "b" })),
    ];
    values.into_iter().filter(|(name, _)| !types.contains(name)).map(|(_, value)| value).collect()
}

/// The object with a member of exactly this value, null included.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

/// What differs from the constant inactive answer for that reason; `None` if nothing does.
fn not_inactive(answer: &Answer, reason: &str) -> Option<String> {
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    let found = (answer.status.as_u16(), answer.body.as_str(), answer.reason().unwrap_or("active"));
    let is_constant = found == (200, INACTIVE, reason) && answer.all_headers() == headers;
    (!is_constant).then(|| format!("expected {reason}, found {found:?}"))
}
