//! Queries for `CloudWatch` Logs Insights: every field and value in them is one that the function logs.

use std::collections::BTreeSet;

use super::{
    audit_records::{fields, first_column, listed_events},
    page::{blocks, page, spans},
};

/// The words of the query language.
const LANGUAGE: [&str; 18] = [
    "fields",
    "filter",
    "stats",
    "sort",
    "limit",
    "by",
    "as",
    "desc",
    "and",
    "or",
    "in",
    "like",
    "count",
    "count_distinct",
    "pct",
    "bin",
    "1m",
    "5m",
];
/// Members of every line.
const OF_EVERY_LINE: [&str; 5] = ["@timestamp", "@logStream", "@message", "target", "event"];

/// The members of lines other than audit records: each is in the row of its line.
fn members_of_other_lines() -> BTreeSet<String> {
    let page = page("docs/deploy.md");
    let rows = page.rows();
    let lines = rows.iter().filter(|(_, cells)| cells.len() == 3 && spans(&cells[0]).iter().any(is_event));
    lines.flat_map(|(_, cells)| spans(&cells[2])).map(str::to_owned).collect()
}

fn is_event(name: &&str) -> bool {
    listed_events().contains(*name)
}

/// The words and the quoted values of a query. A name after `as` is the query's own.
fn parts(query: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut names, mut values) = (BTreeSet::new(), BTreeSet::new());
    let mut own = BTreeSet::new();
    for (number, part) in query.split('"').enumerate() {
        if number % 2 == 1 {
            values.insert(part.to_owned());
            continue;
        }
        let without_patterns: String = part.split('/').step_by(2).collect();
        let mut last = String::new();
        for word in without_patterns.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '@' | '.')) {
            if last == "as" {
                own.insert(word.to_owned());
            } else if !word.is_empty() && !word.chars().all(|c| c.is_ascii_digit()) {
                names.insert(word.to_owned());
            }
            word.clone_into(&mut last);
        }
    }
    (names.difference(&own).cloned().collect(), values)
}

#[test]
fn each_field_and_value_of_a_query_is_one_that_is_logged() {
    let known: BTreeSet<String> =
        fields().into_iter().chain(LANGUAGE.iter().chain(&OF_EVERY_LINE).map(|name| (*name).to_owned())).collect();
    let known: BTreeSet<String> = known.union(&members_of_other_lines()).cloned().collect();
    let mut values: BTreeSet<String> = listed_events();
    values.extend(first_column(&page("docs/deploy.md"), "outcome"));
    values.extend(["audit", "would_deny"].map(str::to_owned));
    let blocks = blocks("text", "insights");
    assert!(blocks.len() >= 6, "{} queries", blocks.len());
    for block in blocks {
        let (names, quoted) = parts(&block.text);
        for name in names {
            assert!(known.contains(&name), "{}: nothing has the field {name}", block.place);
        }
        // A request id is the reader's own.
        for value in quoted.into_iter().filter(|value| value.len() != 36) {
            assert!(values.contains(&value), "{}: nothing has the value {value}", block.place);
        }
    }
}

#[test]
fn an_unknown_field_is_found() {
    let (names, values) = parts("filter a = \"b c\" and d like /^e_/\n| stats count(*) as f by g | sort f");
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["a", "and", "as", "by", "count", "d", "filter", "g", "like", "sort", "stats"]
    );
    assert_eq!(values.into_iter().collect::<Vec<_>>(), ["b c"]);
}
