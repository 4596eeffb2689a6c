//! docs/issuers.md as the tests read it.

use std::{fs, path::Path};

use serde_json::Value;

/// The kinds of marks that the page may name.
const KINDS: [&str; 7] = ["sid#", "sub#", "client#", "jti#", "jwt#", "iss#", "grant#"];

/// A section with entries to paste.
pub struct Section {
    pub title: String,
    pub entries: Vec<Value>,
    /// The ids of marks, with `<claim>` instead of the token's values.
    pub marks: Vec<String>,
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/issuers.md")).unwrap()
}

/// Every section with a JSON block, of which it has one.
pub fn sections() -> Vec<Section> {
    let page = page();
    let sections = page.split("\n## ").skip(1).filter_map(|text| {
        let (title, text) = text.split_once('\n')?;
        let (_, block) = text.split_once("\n```json entries\n")?;
        let (block, rest) = block.split_once("\n```\n")?;
        assert!(!rest.contains("```json"), "{title} has two JSON blocks");
        let entries = serde_json::from_str(block).unwrap_or_else(|error| panic!("{title}: {error}"));
        // A kind by itself is a mention.
        let is_mark = |span: &&str| KINDS.iter().any(|kind| span.starts_with(kind) && span != kind);
        let mut marks: Vec<String> = rest.split('`').skip(1).step_by(2).filter(is_mark).map(str::to_owned).collect();
        marks.sort_unstable();
        marks.dedup();
        Some(Section { title: title.to_owned(), entries, marks })
    });
    sections.collect()
}

/// The titles in the table at the top, in its order.
pub fn index() -> Vec<String> {
    let page = page();
    let (top, _) = page.split_once("\n## ").unwrap();
    let rows = top.lines().filter_map(|line| line.strip_prefix("| ["));
    let titles: Vec<_> = rows.map(|row| row.split_once("](#").unwrap()).collect();
    for (title, rest) in &titles {
        let anchor: String = title.to_lowercase().replace(' ', "-").replace(',', "");
        assert!(rest.starts_with(&format!("{anchor})")), "the index links {title} elsewhere");
    }
    titles.into_iter().map(|(title, _)| title.to_owned()).collect()
}

/// The id with each `<claim>` replaced; `None` if one of them has no value.
pub fn filled(mark: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut parts = mark.split('<');
    let mut id = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (claim, rest) = part.split_once('>').unwrap();
        id += &value(claim)?;
        id += rest;
    }
    Some(id)
}
