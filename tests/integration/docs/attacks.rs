//! docs/attacks.md leads from each attack of docs/threats.md to a file and a test, and from each published flaw to an attack, and
//! all of them exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{
    links::anchor,
    page::{Page, page, root, spans},
};

/// The columns of a table of attacks.
const HEADINGS: [&str; 5] = ["attack", "known as", "if it worked", "stopped in", "shown by"];

/// The anchor of the table of published flaws.
const FLAWS: &str = "published-flaws";

/// The name after a keyword at the start of a line, if the line has it.
fn name_after<'a>(line: &'a str, keywords: &[&str]) -> Option<&'a str> {
    let rest = keywords.iter().find_map(|keyword| line.trim_start().strip_prefix(keyword))?;
    rest.split('(').next()
}

/// The names of the tests in a file, by its language.
fn tests_in(path: &Path, text: &str) -> Vec<String> {
    if path.extension().is_some_and(|extension| extension == "py") {
        let names = text.lines().filter_map(|line| name_after(line, &["def "]));
        return names.filter(|name| name.starts_with("test_")).map(str::to_owned).collect();
    }
    let mut names = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if matches!(line.trim(), "#[test]" | "#[tokio::test]") {
            let name = lines.by_ref().find_map(|line| name_after(line, &["fn ", "async fn "]));
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

/// The names of all tests of the function and of the tool.
fn tests() -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = ["src", "tests", "crates/introspection-admin"].map(|name| root().join(name)).into();
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs" || extension == "py");
            if path.is_dir() {
                folders.push(path);
            } else if is_source {
                names.extend(tests_in(&path, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    names
}

/// The anchors of the sections of docs/threats.md that describe an attack.
fn threats(threats: &Page) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading = "";
    for (_, line) in threats.prose() {
        if line.starts_with('#') {
            heading = line;
        } else if line.starts_with("**Defence:**") {
            anchors.insert(anchor(heading));
        }
    }
    anchors
}

/// The name of an attack, which may be a link, in the form in which the table of flaws has it.
fn attack_name(cell: &str) -> String {
    let name = cell.strip_prefix('[').and_then(|rest| rest.split_once("](")).map_or(cell, |(name, _)| name);
    name.to_lowercase()
}

/// The rows of the published flaws that do not lead to a row of an attack, one line each: the name of each link is that
/// attack's, and its target the section that has it.
fn lost_flaws(attacks: &Page) -> Vec<String> {
    let rows: BTreeMap<_, _> = attacks.rows().into_iter().collect();
    let (mut section, mut names, mut flaws) = (String::new(), BTreeSet::new(), Vec::new());
    for (number, line) in attacks.prose() {
        if line.starts_with('#') {
            section = anchor(line);
        }
        match rows.get(&number).map(Vec::as_slice) {
            Some([attack, _, _, _, _]) => drop(names.insert((section.clone(), attack_name(attack)))),
            Some([flaw, _, here]) if section == FLAWS && here != "here" && !here.starts_with("---") => {
                flaws.push((number, flaw, here));
            }
            _ => {}
        }
    }
    assert!(flaws.len() >= 20, "{} flaws", flaws.len());
    let mut lost = Vec::new();
    for (number, flaw, here) in flaws {
        let links: Vec<_> = here.split("](#").collect();
        let is_row = |link: &[&str]| {
            let [before, after] = link else { return false };
            let (name, target) = (before.rsplit_once('[').map(|(_, name)| name), after.split_once(')'));
            name.zip(target).is_some_and(|(name, (target, _))| names.contains(&(target.to_owned(), attack_name(name))))
        };
        if links.len() < 2 || !links.windows(2).all(is_row) {
            lost.push(format!("{}:{number}: {flaw} leads to no attack: {here}", attacks.path));
        }
    }
    lost
}

/// Every fault of the page, one line each.
fn faults(attacks: &Page, threats: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<String> {
    let (mut faults, mut reached) = (Vec::new(), BTreeSet::new());
    for (number, cells) in attacks.rows() {
        let [attack, _, effect, files, shown] = &cells[..] else { continue };
        if cells == HEADINGS || attack.starts_with("---") {
            continue;
        }
        let target = attack.split_once("](threats.md#").and_then(|(_, rest)| rest.split_once(')'));
        reached.extend(target.map(|(anchor, _)| anchor.to_owned()));
        let mut fault = |what: String| faults.push(format!("{}:{number}: {what}", attacks.path));
        if effect.is_empty() || spans(files).is_empty() || spans(shown).is_empty() {
            fault(format!("{attack} has an empty cell"));
        }
        for file in spans(files).into_iter().filter(|file| !root().join(file).is_file()) {
            fault(format!("{file} does not exist"));
        }
        for test in spans(shown).into_iter().filter(|test| !tests.contains(*test)) {
            fault(format!("{test} is not a test"));
        }
    }
    faults.extend(lost_flaws(attacks));
    faults.extend(threats.difference(&reached).map(|threat| format!("{threat} of docs/threats.md is not reached")));
    // The table of generators names tests too.
    let generators = attacks.rows().into_iter().filter(|(_, cells)| cells.len() == 3 && cells[2].starts_with('`'));
    for (number, cells) in generators {
        for test in spans(&cells[2]).into_iter().filter(|test| !tests.contains(*test)) {
            faults.push(format!("{}:{number}: {test} is not a test", attacks.path));
        }
    }
    faults
}

#[test]
fn each_attack_leads_to_a_file_and_a_test_and_each_threat_is_an_attack() {
    let (threats, tests) = (threats(&page("docs/threats.md")), tests());
    assert!(threats.len() > 90 && tests.len() > 700, "{} threats, {} tests", threats.len(), tests.len());
    let faults = faults(&page("docs/attacks.md"), &threats, &tests);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_planted_fault_in_the_attacks_is_found() {
    let (good, threats, tests) = (page("docs/attacks.md"), threats(&page("docs/threats.md")), tests());
    for (from, to) in [
        ("`src/jwt/algorithm.rs`", "`src/jwt/algorithms.rs`"),
        ("`src/jwt/algorithm.rs`", ""),
        ("`h06_no_token_is_valid_", "`h06_no_tokens_are_valid_"),
        ("(threats.md#weak-keys)", "(threats.md#algorithm-confusion)"),
        ("`h13_hostile_leases_delay_no_fetch` |", "`h13_hostile_leases` |"),
        ("[a replayed assertion](#client-authentication)", "[a replayed secret](#client-authentication)"),
        ("[a replayed assertion](#client-authentication)", "[a replayed assertion](#introspection)"),
        ("[a replayed assertion](#client-authentication)", "a replayed assertion"),
        ("| [A replayed assertion]", "| [An assertion sent twice]"),
    ] {
        let planted = Page { path: good.path.clone(), text: good.text.replacen(from, to, 1) };
        assert_ne!(planted.text, good.text, "{from} is not in the page");
        assert!(!faults(&planted, &threats, &tests).is_empty(), "{from} as {to}");
    }
}
