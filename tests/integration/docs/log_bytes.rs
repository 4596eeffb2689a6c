//! docs/deploy.md on the size of an audit record, which `CloudWatch` Logs charges by the byte.
//!
//! `cargo test log_bytes -- --nocapture` shows the figures of the page, and what each member costs.

use std::fmt::Write;

use serde_json::{Map, Value};
use token_introspection::settings::LogLevel;

use super::page::page;
use crate::{
    demo, events,
    log::Log,
    world::{request, send},
};

/// As long as the ids that Lambda gives.
const REQUEST_ID: &str = "8f5e1c2a-1b7d-4c3e-9a60-2d1f0e4b7c55";
/// What would make three metrics of a record, if no metric filters did: the latency, and counts by outcome and by reason.
const EMF: &str = concat!(
    r#""_aws":{"Timestamp":1795811131000,"CloudWatchMetrics":["#,
    r#"{"Namespace":"token-introspection","Dimensions":[[]],"Metrics":[{"Name":"latency_ms","Unit":"Milliseconds"}]},"#,
    r#"{"Namespace":"token-introspection","Dimensions":[["outcome"]],"Metrics":[{"Name":"calls"}]},"#,
    r#"{"Namespace":"token-introspection","Dimensions":[["reason"]],"Metrics":[{"Name":"calls"}]}]},"calls":1,"#
);
/// A typical line may not be longer. A new member is worth its bytes for every request, so raise this on purpose.
const MAX_BYTES: usize = 360;

/// The line that such a request leaves, with times of one digit.
async fn line(caller: &str, secret: &str, token: &str) -> String {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (_engine, service) = events::demo_service().await;
    log.take();
    let form = [("token", token)];
    send(&service, request().basic(caller, secret).form(&form).request_id(REQUEST_ID)).await;
    let line = log.take().trim_end().to_owned();
    assert_eq!(line.lines().count(), 1, "{line}");
    let mut parts = line.split("_ms\":");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        write!(shown, "_ms\":3{}", part.trim_start_matches(|c: char| c.is_ascii_digit())).unwrap();
    }
    shown
}

#[tokio::test]
async fn o06_log_bytes_of_a_typical_request_are_those_of_the_page_and_below_their_limit() {
    let (caller, secret) = demo::ORDERS_API;
    let tokens = demo::jwts();
    let (deploy, mut rows) = (page("docs/deploy.md"), Vec::new());
    for (name, secret, token) in [
        ("active", secret, &tokens.active),
        ("inactive, expired", secret, &tokens.expired),
        ("refused, wrong secret", "wrong", &tokens.active),
    ] {
        let line = line(caller, secret, token).await;
        println!("{name}: {} bytes", line.len());
        for (member, value) in serde_json::from_str::<Map<String, Value>>(&line).unwrap() {
            println!("    {:3} {member}", format!("\"{member}\":{value},").len());
        }
        assert!(line.len() <= MAX_BYTES, "{name}: {} bytes: {line}", line.len());
        rows.push(format!("| {name} | {} |", line.len()));
    }
    let emf = format!("would need {} bytes more in each record", EMF.len());
    assert!(deploy.text.contains(&emf), "docs/deploy.md does not say: {emf}");
    for row in rows {
        assert!(deploy.text.contains(&row), "docs/deploy.md does not have the row {row}");
    }
}
