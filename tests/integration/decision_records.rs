//! docs/decisions: each record has a date, a status and its four sections, and a row in the index that agrees.

use std::{collections::BTreeMap, fs, path::Path};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/decisions");
const SECTIONS: [&str; 4] = ["Problem", "Alternatives", "Decision", "Consequences"];

/// Year, month and day of `2026-11-27`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize| part.parse::<u32>().ok().filter(|_| part.len() == digits);
    match parts.as_slice() {
        [year, month, day] => {
            number(year, 4).is_some_and(|year| year >= 2026)
                && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
                && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
        }
        _ => false,
    }
}

fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Every fault of the records, one line each.
fn faults(records: &BTreeMap<String, String>, index: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (position, (file, record)) in records.iter().enumerate() {
        let number = format!("{:04}", position + 1);
        let mut fault = |what: &str| faults.push(format!("{file} {what}"));
        if !file.starts_with(&format!("{number}-")) {
            fault(&format!("does not have the next number, {number}"));
        }
        let title = record.lines().next().and_then(|line| line.strip_prefix(&format!("# {number}. ")));
        if title.is_none() {
            fault(&format!("does not begin with \"# {number}. \" and a title"));
        }
        let date = field(record, "Date").unwrap_or_default();
        if !is_date(date) {
            fault("has no line \"Date: YYYY-MM-DD\"");
        }
        let status = field(record, "Status").unwrap_or_default();
        let successor = status.strip_prefix("superseded by [").and_then(|rest| rest.split_once("]("));
        match successor {
            Some((_, link)) if records.contains_key(link.trim_end_matches(')')) => {}
            None if status == "accepted" => {}
            _ => fault("has no line \"Status: accepted\" or \"Status: superseded by [NNNN](record)\""),
        }
        let sections: Vec<(&str, &str)> =
            record.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, ""))).collect();
        if sections.iter().map(|(name, _)| *name).collect::<Vec<_>>() != SECTIONS {
            fault(&format!("does not have the sections {}", SECTIONS.join(", ")));
        }
        for (name, text) in &sections {
            if text.trim().len() < 40 {
                fault(&format!("says too little under {name}"));
            }
        }
        if !record.contains(" Refused") || !record.contains(" Chosen") {
            fault("does not say which alternative was refused, and which was chosen");
        }
        let status = successor.map_or(status.to_owned(), |(number, _)| format!("superseded by {number}"));
        let row = format!("| [{number}]({file}) | {date} | {} | {status} |", title.unwrap_or_default());
        if index.matches(&row).count() != 1 {
            fault(&format!("is not in README.md as {row}"));
        }
    }
    let rows = index.lines().filter(|line| line.starts_with("| [")).count();
    if rows != records.len() {
        faults.push(format!("README.md has {rows} rows for {} records", records.len()));
    }
    faults
}

fn records() -> BTreeMap<String, String> {
    let names = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| !["README.md", "template.md"].contains(&name.as_str()))
        .map(|name| (name.clone(), fs::read_to_string(Path::new(FOLDER).join(name)).unwrap()))
        .collect()
}

fn index() -> String {
    fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap()
}

#[test]
fn decision_records_have_a_date_a_status_and_their_sections() {
    let records = records();
    assert!(records.len() > 20, "the records were not found");
    let faults = faults(&records, &index());
    assert!(faults.is_empty(), "docs/decisions:\n{}", faults.join("\n"));
}

#[test]
fn a_planted_fault_in_decision_records_is_found() {
    let index = index();
    for (from, to) in [
        ("Date: ", "Day: "),
        ("Date: 2026-", "Date: 2026-31-"),
        ("Status: accepted", "Status: perhaps"),
        ("Status: accepted", "Status: superseded by [0999](0999-missing.md)"),
        ("## Alternatives", "## Options"),
        ("## Consequences\n", "## Consequences\n\nNone.\n\n## More\n"),
        ("# 0001. A panic", "# 0002. A panic"),
        ("Refused", "Rejected"),
    ] {
        let mut records = records();
        let first = records.values_mut().next().unwrap();
        let planted = first.replace(from, to);
        assert_ne!(*first, planted, "{from} is not in the first record");
        *first = planted;
        assert!(!faults(&records, &index).is_empty(), "{from} as {to}");
    }
    let mut records = records();
    records.pop_last();
    assert!(!faults(&records, &index).is_empty(), "a row without a record");
}
