//! Whether an answer is the expected one, and what to look at if it is not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    generate::{Scene, deployments::Variant},
    model::{Expected, Wire, base64, json::Json},
};
use crate::world::{Answer, CHALLENGE};

const BEARER: &str = r#"Bearer realm="token-introspection", error="invalid_token""#;

/// The verdict or the reason of an expected answer.
pub fn name(expected: &Expected) -> &'static str {
    match expected {
        Expected::Error(end) => end.reason,
        Expected::Inactive(reason) => reason,
        Expected::Active(_) => "active",
        Expected::Batch(_) => "batch",
    }
}

/// How an answer to an event differs from the expected one. It does not say by which rule it ended.
pub fn visible_difference(wire: &Wire, expected: &Expected, answer: &Answer) -> Option<String> {
    let mut answer = answer.clone();
    let of_token = |entry: &Expected| match name(entry) {
        "active" => json!({ "position": 0 }),
        reason => json!({ "position": 0, "reason": reason }),
    };
    let entries = if let Expected::Batch(entries) = expected { entries.as_slice() } else { &[] };
    let of_tokens = entries.iter().map(|entry| of_token(entry).as_object().unwrap().clone());
    answer.audit.splice(0..0, of_tokens);
    if !["active", "batch"].contains(&name(expected)) {
        answer.audit.last_mut().unwrap().insert("reason".to_owned(), name(expected).into());
    }
    difference(wire, expected, &answer)
}

/// How an answer differs from the expected one.
pub fn difference(wire: &Wire, expected: &Expected, answer: &Answer) -> Option<String> {
    let (status, challenge) = match expected {
        Expected::Error(end) if end.status != 401 => (end.status, ""),
        Expected::Error(end) => (401, if end.reason.starts_with("bearer") { BEARER } else { CHALLENGE }),
        _ => (200, ""),
    };
    let retry = if status == 503 { "a time" } else { "" };
    let found_retry = if answer.header("retry-after").parse::<u32>().is_ok() { "a time" } else { "" };
    let allow = if status == 405 { "POST" } else { "" };
    let of_call = answer.reason().unwrap_or(if matches!(expected, Expected::Batch(_)) { "batch" } else { "active" });
    let found =
        (answer.status.as_u16(), of_call, answer.header("www-authenticate"), found_retry, answer.header("allow"));
    let expects = (status, name(expected), challenge, retry, allow);
    if found != expects {
        return Some(format!(
            "expected {} {}, got {} {}\n{found:?}\n{}",
            status,
            name(expected),
            found.0,
            found.1,
            answer.body
        ));
    }
    // The body of an answer to HEAD goes no further than this boundary.
    if wire.method == "HEAD" {
        return None;
    }
    let Expected::Batch(entries) = expected else { return of_body(expected, &answer.body, answer) };
    let verdicts: Vec<_> = entries.iter().map(name).collect();
    if answer.verdicts() != verdicts {
        return Some(format!("batch of {verdicts:?}, got {:?}", answer.verdicts()));
    }
    let results = Json::read(answer.body.as_bytes())?;
    let results = results.get("results").and_then(Json::list).unwrap_or_default();
    let differs = |(expected, result): (&Expected, &Json)| match expected {
        Expected::Error(end) => {
            let body = json!({ "error": end.error }).to_string();
            (result.to_string() != body).then(|| format!("an entry {body}\n{result}"))
        }
        _ => of_body(expected, &result.to_string(), answer),
    };
    if results.len() == entries.len() {
        return entries.iter().zip(results).find_map(differs);
    }
    Some("another number of entries".to_owned())
}

/// How a body, or an entry of a batch, differs.
fn of_body(expected: &Expected, body: &str, answer: &Answer) -> Option<String> {
    match expected {
        Expected::Error(end) => {
            let description = end.description.replace('…', "");
            let expects = if end.description.is_empty() {
                json!({ "error": end.error }).to_string()
            } else {
                format!(
                    r#"{{"error":"{}","error_description":"{description}{}"}}"#,
                    end.error,
                    request_id(answer, end.description)
                )
            };
            (expects != body).then(|| format!("error body {expects}\n{body}"))
        }
        Expected::Active(members) => of_members(members, body),
        _ => (body != r#"{"active":false}"#).then(|| format!("inactive body\n{body}")),
    }
}

/// The id with which a description ends, from the audit record.
fn request_id(answer: &Answer, description: &str) -> String {
    let id = answer.audit.last().and_then(|record| record["request_id"].as_str()).unwrap_or_default();
    if description.ends_with('…') { id.to_owned() } else { String::new() }
}

/// How the members of an active answer differ: in their order, names and values.
fn of_members(members: &[(String, Json)], body: &str) -> Option<String> {
    let Some(Json::Object(found)) = Json::read(body.as_bytes()) else { return Some("no object".to_owned()) };
    let sorted = |members: &[(String, Json)]| -> Vec<(String, Json)> {
        members.iter().map(|(name, value)| (name.clone(), value.sorted())).collect()
    };
    let (found, members) = (sorted(&found), sorted(members));
    if found == members {
        return None;
    }
    let names = |members: &[(String, Json)]| members.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    let differs = |name: &&String| {
        let of = |members: &[(String, Json)]| members.iter().find(|(member, _)| member == *name).cloned();
        of(&found) != of(&members)
    };
    let (names_found, names_expected) = (names(&found), names(&members));
    let differing: Vec<_> = names_found.union(&names_expected).filter(differs).collect();
    Some(format!("members {differing:?}\nexpected {}\ngot      {body}", Json::Object(members)))
}

/// A request and the items in which it may end, for reading. The secrets in them are made up.
pub fn minimal_facts(variant: &Variant, wire: &Wire, scene: &Scene) -> String {
    let body = percent_encoding::percent_decode(&wire.body).decode_utf8_lossy().into_owned();
    let mut lines = vec![
        format!("deployment {}", variant.name),
        format!("{} {}?{} at {}", wire.method, wire.path, wire.query, wire.now),
        body.chars().take(2000).collect(),
    ];
    let part = |text: &str| base64::url(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    lines.extend(body.split(['.', '&', '=']).filter(|text| text.starts_with("ey")).filter_map(part));
    for (name, value) in &wire.headers {
        let readable = value.split_once(' ').and_then(|(_, rest)| base64::standard(rest.trim()));
        lines.push(format!("{name}: {value} {}", String::from_utf8_lossy(&readable.unwrap_or_default())));
    }
    let items = scene.tables.clients.iter().chain(&scene.tables.tokens);
    lines.extend(items.map(|(id, item)| format!("{id} {}", Value::from(item.clone()))));
    let digest =
        body.split('&').filter_map(|pair| pair.strip_prefix("token=")).map(|token| base64::sha256(token.as_bytes()));
    lines.extend(digest.map(|digest| format!("digest of the token: {digest}")));
    if variant.fetches_keys {
        lines.push(String::from_utf8_lossy(&variant.deployment.entries[0].key_document).into_owned());
    }
    lines.join("\n")
}
