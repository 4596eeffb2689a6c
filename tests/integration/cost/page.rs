//! docs/request-costs.md, and the figures of docs/cost.md that follow from the same counts.

use std::{fmt::Write as _, fs, path::PathBuf};

use super::{count::Cost, kinds::JWT};

const START: &str = "<!-- The rest is written by `UPDATE_COSTS=1 cargo test --test integration cost`. -->\n";

pub struct Row {
    pub group: &'static str,
    pub name: String,
    /// The status with the reason, or with the outcome.
    pub answer: String,
    pub first: Cost,
    pub next: Cost,
    /// The read units of the next request, in each setup.
    pub units: Vec<f64>,
}

impl Row {
    fn line(&self) -> String {
        let units: Vec<_> = self.units.iter().map(f64::to_string).collect();
        let latest = if self.first.is_nothing() { "at once" } else { "1.8 s" };
        let Self { name, answer, first, next, .. } = self;
        let first = if first == next { "the same".to_owned() } else { first.to_string() };
        format!("| {name} | {answer} | {first} | {next} | {} | {latest} |", units.join(" / "))
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn rendered(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            let header =
                "| request | answer | first | next | read units | latest |\n| --- | --- | --- | --- | --- | --- |";
            writeln!(text, "\n## {group}\n\n{header}").unwrap();
        }
        writeln!(text, "{}", row.line()).unwrap();
    }
    text
}

/// Fails with the old and the new figures of each row that changed.
pub fn compare(rows: &[Row]) {
    let page = fs::read_to_string(path("request-costs.md")).unwrap();
    let (introduction, old) = page.split_once(START).expect("the page has the line that begins its generated part");
    let new = rendered(rows);
    if std::env::var_os("UPDATE_COSTS").is_some() {
        return fs::write(path("request-costs.md"), format!("{introduction}{START}{new}")).unwrap();
    }
    let changed = differences(old, &new);
    assert!(
        changed.is_empty() && old == new,
        "the costs of {} requests changed. If that is intended, `UPDATE_COSTS=1 cargo test --test integration cost` writes \
         docs/request-costs.md:\n{}",
        changed.len() / 2,
        changed.join("\n")
    );
}

/// The lines of each text that the other one lacks, in the order of the page.
fn differences(old: &str, new: &str) -> Vec<String> {
    let only = |one: &str, other: &str, sign: &str| -> Vec<(String, String)> {
        let lacks = |line: &&str| !other.lines().any(|known| known == *line);
        let name = |line: &str| line.split(" | ").next().unwrap_or_default().to_owned();
        one.lines().filter(lacks).map(|line| (name(line), format!("{sign} {line}"))).collect()
    };
    let (gone, come) = (only(old, new, "was"), only(new, old, "is "));
    let mut lines = Vec::new();
    for (name, line) in &gone {
        lines.push(line.clone());
        lines.extend(come.iter().filter(|(other, _)| other == name).map(|(_, line)| line.clone()));
    }
    let added = come.iter().filter(|(name, _)| !gone.iter().any(|(other, _)| other == name));
    lines.extend(added.map(|(_, line)| line.clone()));
    lines
}

/// The read units of docs/cost.md, which the benchmark counts in the release binary, are the same.
pub fn compare_with_cost_page(rows: &[Row]) {
    let page = fs::read_to_string(path("cost.md")).unwrap();
    let tokens = ["plain", "with a session", "with a session and a grant"];
    let row = |name: &&str| rows.iter().find(|row| row.group == JWT && row.name == **name).unwrap();
    for (setup, name) in
        ["default", "`HOT_RECORD_SECONDS=5`", "`READ_CONSISTENCY=eventual`", "both"].into_iter().enumerate()
    {
        let units: Vec<_> = tokens.iter().map(|token| row(token).units[setup].to_string()).collect();
        let (_, table) = page.split_once("## Read units of a JWT").unwrap();
        let line = table.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
        let stated: Vec<_> = line.split(" | ").skip(1).take(3).map(|cell| cell.split(' ').next().unwrap()).collect();
        assert_eq!(stated, units, "docs/cost.md, {name}: stated, and counted");
    }
}

#[test]
fn a_changed_row_is_shown_with_its_old_and_its_new_figures() {
    let old = "| a | 200 | read 6 |\n| b | 200 | read 1 |\n| gone | 200 | nothing |\n";
    let new = "| a | 200 | read 7 |\n| b | 200 | read 1 |\n| new | 200 | nothing |\n";
    let expected = [
        "was | a | 200 | read 6 |",
        "is  | a | 200 | read 7 |",
        "was | gone | 200 | nothing |",
        "is  | new | 200 | nothing |",
    ];
    assert_eq!(differences(old, new), expected);
}
