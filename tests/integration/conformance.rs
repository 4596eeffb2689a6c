//! `docs/conformance.md` claims no statement without a test, and no test's claim is missing from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Folders whose tests count, and what a test's name follows in them.
const SUITES: [(&str, &str, &str); 6] = [
    ("src", "rs", "fn "),
    ("crates", "rs", "fn "),
    ("tests/integration", "rs", "fn "),
    ("tests/real", "py", "def test_"),
    ("tests/signed", "py", "def test_"),
    ("tests/template", "py", "def test_"),
];

/// The ids at the start of a test's name: `b02_b05_refusals_are_equal` shows B-02 and B-05.
fn ids(name: &str) -> Vec<String> {
    name.split('_')
        .map_while(|part| {
            let (group, number) = part.split_at_checked(1)?;
            let is_id = group.chars().all(|c| ('a'..='o').contains(&c)) && number.len() == 2;
            (is_id && number.chars().all(|c| c.is_ascii_digit())).then(|| format!("{}-{number}", group.to_uppercase()))
        })
        .collect()
}

/// Each id with the files whose tests show it.
fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (folder, extension, before) in SUITES {
        let (mut folders, mut files) = (vec![root.join(folder)], Vec::<PathBuf>::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        for file in files.into_iter().filter(|file| file.extension().is_some_and(|found| found == extension)) {
            let text = fs::read_to_string(&file).unwrap();
            let file = file.strip_prefix(root).unwrap().display().to_string();
            let mut is_test = extension == "py";
            for line in text.lines() {
                is_test |= line.contains("#[test]") || line.contains("#[tokio::test");
                if let Some((_, name)) = line.split_once(before).filter(|_| is_test) {
                    for id in ids(name) {
                        shown.entry(id).or_default().insert(file.clone());
                    }
                    is_test = extension == "py";
                }
            }
        }
    }
    shown
}

/// The rows of the table: id and files.
fn claimed(table: &str) -> BTreeMap<String, BTreeSet<String>> {
    table
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, id, .., files, _] = cells.as_slice() else { return None };
            let is_row = id.len() == 4 && id.chars().nth(1) == Some('-');
            let files = files.split(", ").filter(|file| !file.is_empty()).map(|file| file.trim_matches('`').to_owned());
            is_row.then(|| ((*id).to_owned(), files.collect()))
        })
        .collect()
}

#[test]
fn the_conformance_table_says_what_the_tests_show() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let table = fs::read_to_string(&path).unwrap();
    let (claimed, mut shown) = (claimed(&table), shown());
    shown.retain(|id, _| claimed.contains_key(id));
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        fs::write(&path, updated(&table, &shown)).unwrap();
        return;
    }
    assert!(claimed.len() > 150, "the table was not read");
    for (id, files) in &claimed {
        let expected = shown.get(id).cloned().unwrap_or_default();
        assert_eq!(*files, expected, "{id}: run UPDATE_CONFORMANCE=1 cargo test conformance");
        assert!(!expected.is_empty(), "{id} is shown by no test");
    }
}

/// The table with its last column written anew.
fn updated(table: &str, shown: &BTreeMap<String, BTreeSet<String>>) -> String {
    let rows = table.lines().map(|line| {
        let id = line.split('|').nth(1).unwrap_or_default().trim();
        if claimed(line).contains_key(id) {
            let files = shown.get(id).into_iter().flatten().map(|file| format!("`{file}`")).collect::<Vec<_>>();
            let rest = line.trim_end().trim_end_matches('|').rsplit_once('|').map_or(line, |(rest, _)| rest);
            format!("{rest}| {} |", files.join(", "))
        } else {
            line.to_owned()
        }
    });
    rows.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn ids_stand_at_the_start_of_a_name() {
    assert_eq!(ids("b02_b05_refusals_are_equal"), ["B-02", "B-05"]);
    assert_eq!(ids("refusals_b02"), Vec::<String>::new());
    assert_eq!(ids("x5t_is_no_id"), Vec::<String>::new());
}
