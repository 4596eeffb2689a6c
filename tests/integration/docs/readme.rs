//! The README: its parts in the order of a reader's questions, and its numbers.

use serde_json::{Value, json};

use super::page::{blocks, page, read, spans};
use crate::world::{ALL_IN_DYNAMODB, World};

/// What a platform engineer asks, in that order.
const PARTS: [&str; 11] = [
    "The problem",
    "One request",
    "What it does",
    "Run it",
    "Deploy it",
    "Call it",
    "What it costs, and how fast it is",
    "How it compares",
    "Limits",
    "Status",
    "Links",
];
/// The lines of a part that fit on one screen.
const SCREEN: usize = 45;

#[test]
fn the_parts_have_their_order_and_each_fits_on_a_screen() {
    let readme = read("README.md");
    let parts: Vec<&str> = readme.split("\n## ").skip(1).collect();
    let titles: Vec<&str> = parts.iter().map(|part| part.lines().next().unwrap()).collect();
    assert_eq!(titles, PARTS);
    for part in parts {
        let lines = part.lines().count();
        assert!(lines <= SCREEN, "{lines} lines: {}", part.lines().next().unwrap());
    }
    assert!(readme.contains("You need Rust and a C compiler."));
}

#[test]
fn each_figure_and_each_claim_has_a_command_that_shows_it() {
    let rows = page("README.md").rows();
    let shown: Vec<_> = rows.iter().filter(|(_, cells)| cells.last().is_some_and(|cell| cell.contains('`'))).collect();
    let of_tables = rows.iter().filter(|(_, cells)| cells.last().is_some_and(|cell| cell == "shown by")).count();
    assert_eq!(of_tables, 2);
    let commands = shown.iter().filter(|(_, cells)| {
        let last = spans(cells.last().unwrap());
        last.iter().any(|span| span.starts_with("cargo test ") || *span == "cargo bench")
    });
    assert!(commands.count() >= 12);
    // Every row between a heading "shown by" and the end of its table.
    let mut in_table = false;
    let mut last_line = 0;
    for (line, cells) in rows {
        in_table &= line == last_line + 1;
        if in_table && !cells[0].starts_with("---") {
            let commands = spans(cells.last().unwrap());
            let is_command = |span: &&str| span.starts_with("cargo test ") || *span == "cargo bench";
            assert!(commands.iter().any(is_command), "README.md:{line}: no command shows {}", cells[0]);
        }
        in_table |= cells.last().is_some_and(|cell| cell == "shown by");
        last_line = line;
    }
}

#[test]
fn the_picture_is_one_that_github_draws() {
    let blocks = blocks("mermaid", "picture");
    assert_eq!(blocks.len(), 1);
    for block in blocks {
        let mut lines = block.text.lines().map(str::trim);
        assert_eq!(lines.next(), Some("sequenceDiagram"), "{}", block.place);
        let participants: Vec<&str> =
            block.text.lines().filter_map(|line| line.trim().strip_prefix("participant ")).collect();
        let names: Vec<&str> = participants.iter().map(|participant| participant.split(' ').next().unwrap()).collect();
        for line in lines.filter(|line| line.contains("->")) {
            let ends = line.split(':').next().unwrap();
            let ends: Vec<&str> = ends.split(['-', '>']).filter(|end| !end.is_empty()).collect();
            assert!(ends.len() == 2 && ends.iter().all(|end| names.contains(end)), "{}: {line}", block.place);
        }
    }
}

#[test]
fn h36_the_number_of_issuers_is_that_of_the_guide() {
    let named =
        ["Amazon Cognito", "Auth0", "Microsoft Entra ID", "Microsoft Entra ID, many tenants", "Okta", "Keycloak"];
    let index = crate::issuers::guide::index();
    assert!(named.iter().all(|name| index.iter().any(|title| title == name)));
    let others = format!("[{} others](docs/issuers.md)", index.len() - named.len());
    assert!(read("README.md").contains(&others), "{others}");
}

#[tokio::test]
async fn o02_a_jwt_of_rfc_9068_reads_six_to_eight_items_in_one_trip() {
    let world = World::new().await;
    let (readme, model) = (read("README.md"), read("docs/data-model.md"));
    for text in ["6 to 8;", "| JWT of profile `rfc9068` with `kid` | 1 | 6; with `sid` 7, with `grant_id` 8 |"] {
        assert!(readme.contains(text) || model.contains(text), "{text}");
    }
    for (names, count) in [(json!({}), 6), (json!({ "sid": "s" }), 7), (json!({ "sid": "s", "grant_id": "g" }), 8)] {
        // The second request is one of an environment that holds the keys.
        for _ in 0..2 {
            world.proxy.take_requests();
            world.introspect(&world.token(&names)).await.assert_active();
        }
        let requests = world.proxy.take_requests();
        let keys = |tables: &Value| {
            tables.as_object().unwrap().values().map(|table| table["Keys"].as_array().unwrap().len()).sum()
        };
        let read: Vec<usize> = requests.iter().map(|(_, body)| keys(&body["RequestItems"])).collect();
        assert_eq!(read, if ALL_IN_DYNAMODB { vec![count] } else { vec![1] }, "{names}");
    }
}
