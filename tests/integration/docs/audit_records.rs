//! docs/deploy.md on logs: the audit record that it shows is one of ours, each member has its row, and each event too.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use token_introspection::settings::LogLevel;

use super::page::{Page, blocks, page, root, spans};
use crate::{
    demo, events,
    log::Log,
    world::{ISSUER, World, request, send},
};

/// Members of every log line, which the table of the audit record leaves out.
const OF_EVERY_LINE: [&str; 3] = ["timestamp", "level", "target"];
/// What differs from call to call.
const DIFFERENT: [&str; 7] = ["timestamp", "token", "latency_ms", "parse_ms", "store_ms", "keys_ms", "request_id"];

/// The code spans in the first column of the table with that heading.
pub fn first_column(page: &Page, heading: &str) -> BTreeSet<String> {
    let rows = page.rows();
    let tables = rows.split(|(_, cells)| cells.iter().all(|cell| cell.starts_with("---")));
    let mut names = BTreeSet::new();
    let mut is_wanted = false;
    for table in tables {
        for (_, cells) in if is_wanted { table } else { &[] } {
            names.extend(spans(&cells[0]).iter().map(|span| (*span).to_owned()));
        }
        is_wanted = table.last().is_some_and(|(_, cells)| spans(&cells[0]) == [heading] || cells[0] == heading);
    }
    names
}

fn deploy() -> Page {
    page("docs/deploy.md")
}

/// The rows of the audit record's table.
pub fn fields() -> BTreeSet<String> {
    first_column(&deploy(), "field")
}

/// The events of the other lines.
pub fn listed_events() -> BTreeSet<String> {
    first_column(&deploy(), "event")
}

#[tokio::test]
async fn o06_the_audit_record_of_the_page_is_one_that_such_a_call_leaves() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (_engine, service) = events::demo_service().await;
    let form = [("token", demo::jwts().active)];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    log.take();
    send(&service, request().basic(demo::ORDERS_API.0, demo::ORDERS_API.1).form(&form)).await.assert_active();
    let line = log.take();
    let members = |text: &str| -> Vec<String> {
        let parts = text.trim().trim_matches(['{', '}']).split(",\"").map(|part| part.trim_start_matches('"'));
        parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
    };
    let blocks = blocks("json", "audit");
    assert!(!blocks.is_empty());
    for block in blocks {
        assert_eq!(members(&block.text), members(&line), "{}", block.place);
        let [mut shown, mut logged] =
            [&block.text, &line].map(|text| serde_json::from_str::<Map<String, Value>>(text).unwrap());
        for record in [&mut shown, &mut logged] {
            record.retain(|name, _| !DIFFERENT.contains(&name.as_str()));
        }
        assert_eq!(shown, logged, "{}", block.place);
    }
}

#[tokio::test]
async fn o06_each_member_of_an_audit_record_has_a_row_and_each_row_a_member() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = World::new().await;
    let token = world.token(&json!({ "sid": "s1" }));
    let batch = request().path("/token/introspect/batch").basic(crate::world::API, crate::world::SECRET);
    let batch = batch.header("content-type", "application/json").body(json!({ "tokens": [token] }).to_string());
    world.send(batch).await;
    world.put_mark(&format!("sid#{ISSUER}#s1"), &json!({ "reason": "logout" }));
    world.introspect(&token).await.assert_inactive("revoked_session");
    world.introspect(&world.token(&json!({ "cnf": { "jkt": "k" } }))).await.assert_active();
    world.put_policy(&json!({ "mode": "report" }));
    world.introspect(&world.token(&json!({}))).await.assert_active();
    world.put_client(&json!({ "client_id": "gateway", "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    world.introspect_as("gateway", "x", "y").await.assert_error(401, "invalid_client", "wrong_method");
    let mut first = crate::world::get("/.well-known/openid-configuration");
    (first.0.cold_start, first.0.trace_id) = (true, Some("1-5759e988-bd862e3fe1be46a994272793".to_owned()));
    world.send(first).await;
    let logged: BTreeSet<String> = log.take_audit().into_iter().flatten().map(|(name, _)| name).collect();
    let logged: BTreeSet<String> = logged.into_iter().filter(|name| !OF_EVERY_LINE.contains(&name.as_str())).collect();
    assert_eq!(logged, fields());
}

/// The names of the events in the sources.
fn events_in_the_code() -> BTreeSet<String> {
    let (mut folders, mut names) = (vec![root().join("src")], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let events = text.split("event = \"").skip(1).filter_map(|rest| rest.split_once('"'));
            names.extend(events.map(|(name, _)| name.to_owned()));
        }
    }
    names
}

#[test]
fn each_event_of_the_log_has_a_row_and_each_row_an_event() {
    assert_eq!(events_in_the_code(), listed_events());
}
