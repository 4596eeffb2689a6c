//! docs/reasons.md lists each name that audit records, logs and `explain` use, and no other.

use std::{collections::BTreeSet, fs, path::Path};

/// The files whose functions `name` return the names that the page lists.
const SOURCES: [&str; 10] = [
    "src/token/inactive.rs",
    "src/token/not_accepted.rs",
    "src/request/mod.rs",
    "src/outcome.rs",
    "src/access/mod.rs",
    "src/proof/unproved.rs",
    "src/request/access.rs",
    "src/issuers/verify_error.rs",
    "src/issuers/fetch_error.rs",
    "src/jwt/key_set.rs",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The strings of the functions `name` in that file.
fn names_in(path: &str) -> BTreeSet<String> {
    let text = read(path);
    let functions = text.split("fn name(").skip(1).filter_map(|rest| rest.split_once("\n    }\n"));
    let names: BTreeSet<_> =
        functions.flat_map(|(body, _)| body.split('"').skip(1).step_by(2)).map(str::to_owned).collect();
    assert!(!names.is_empty() && names.iter().all(|name| is_name(name)), "{path}: {names:?}");
    names
}

/// The names in the first column of a page's tables.
fn rows(page: &str) -> Vec<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(name, _)| name.to_owned()).filter(|name| is_name(name)).collect()
}

#[test]
fn each_reason_has_one_row_and_each_row_a_reason() {
    let page = read("docs/reasons.md");
    let listed = rows(&page);
    let used: BTreeSet<String> = SOURCES.iter().flat_map(|path| names_in(path)).collect();
    // The headings of the tables are `reason` and `cause`.
    let listed: Vec<_> = listed.into_iter().filter(|name| !["reason", "cause"].contains(&name.as_str())).collect();
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a name has two rows");
    assert_eq!(unique, used);
}

#[test]
fn a_planted_name_without_a_row_is_found() {
    assert!(names_in("src/token/inactive.rs").contains("revoked_session"));
    assert_eq!(rows("| `a_b` | x |\n| `A` | x |\n| `c` |"), ["a_b", "c"]);
}
