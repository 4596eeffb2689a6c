//! docs/dependencies.md names exactly the direct dependencies of the workspace, with their licences and last releases, and
//! those whose default features are on.
//!
//! `UPDATE_DEPENDENCIES=1` writes the releases, with their days, from the index of crates.io that cargo keeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    process::Command,
};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What the manifests say about the direct dependencies.
#[derive(Default)]
struct Dependencies {
    /// Each with its licence, if cargo knows it: packages of features that are off were never downloaded.
    licences: BTreeMap<String, Option<String>>,
    with_default_features: BTreeSet<String>,
    /// The version of each in Cargo.lock.
    versions: BTreeMap<String, String>,
}

/// What cargo says about the workspace, without a network: `cargo test` has downloaded what it needs.
fn metadata(arguments: &[&str]) -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(ROOT).args(["metadata", "--format-version", "1", "--offline", "--locked"]).args(arguments);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The target that this machine builds for; packages of others were never downloaded.
fn host() -> String {
    let rustc = Command::new("rustc").arg("-vV").current_dir(ROOT).output().unwrap();
    let version = String::from_utf8(rustc.stdout).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// The versions in Cargo.lock of what the crates of the workspace depend on.
fn locked() -> BTreeMap<String, String> {
    let lock = fs::read_to_string(format!("{ROOT}/Cargo.lock")).unwrap();
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let value = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.map(|rest| rest.trim_end_matches('"').to_owned())
    };
    let mut versions = BTreeMap::new();
    for package in packages.iter().filter(|package| value(package, "source").is_none()) {
        for line in package.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")) {
            // The version follows the name if the lock file has several versions of that crate.
            let (name, version) = line.split_once(' ').unwrap_or((line, ""));
            let only = packages.iter().find(|package| value(package, "name").as_deref() == Some(name));
            let only = only.and_then(|package| value(package, "version")).unwrap_or_default();
            versions.insert(name.to_owned(), if version.is_empty() { only } else { version.to_owned() });
        }
    }
    versions
}

fn dependencies() -> Dependencies {
    let mut found = Dependencies { versions: locked(), ..Dependencies::default() };
    let features: &[&str] = if cfg!(feature = "redis") { &["--all-features"] } else { &[] };
    let all = metadata(&[&["--filter-platform", &host()], features].concat());
    for package in metadata(&["--no-deps"])["packages"].as_array().unwrap() {
        // Crates of the workspace name each other by path and come from no registry.
        for dependency in package["dependencies"].as_array().unwrap().iter().filter(|one| !one["source"].is_null()) {
            let name = text(dependency, "name");
            let packages = all["packages"].as_array().unwrap();
            let licence =
                packages.iter().find(|one| text(one, "name") == name).map(|one| text(one, "license").to_owned());
            found.licences.insert(name.to_owned(), licence);
            if dependency["uses_default_features"] == true {
                found.with_default_features.insert(name.to_owned());
            }
        }
    }
    found
}

/// The names in backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a cell has that version, and the day on which it was published.
fn is_release(cell: &str, version: &str) -> bool {
    let Some((said, rest)) = cell.split_once(", ") else { return false };
    let day = rest.split_once("; newest ").map_or(rest, |(day, _)| day);
    let numbers: Vec<_> = day.split('-').collect();
    let is_day = numbers.iter().map(|number| number.len()).eq([4, 2, 2])
        && numbers.iter().all(|number| number.bytes().all(|digit| digit.is_ascii_digit()));
    said == version && is_day
}

/// What the cell of a crate's last release must say, by the index of crates.io that cargo keeps.
fn release(name: &str, version: &str) -> Option<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))?;
    let folder = match name.len() {
        length @ 1..=2 => length.to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    };
    let indexes = fs::read_dir(home.join("registry/index")).ok()?;
    let entries = indexes.filter_map(|index| fs::read(index.ok()?.path().join(".cache").join(&folder).join(name)).ok());
    let bytes = entries.max_by_key(Vec::len)?;
    let all: Vec<Value> =
        bytes.split(|byte| *byte == 0).filter_map(|entry| serde_json::from_slice(entry).ok()).collect();
    let published = |release: &Value| text(release, "pubtime").chars().take(10).collect::<String>();
    let own = all.iter().find(|release| text(release, "vers") == version)?;
    let is_final = |release: &&Value| release["yanked"] != true && !text(release, "vers").contains('-');
    let last = all.iter().filter(is_final).max_by_key(|release| text(release, "pubtime").to_owned())?;
    let newest = if text(last, "vers") == version { String::new() } else { format!("; newest {}", text(last, "vers")) };
    Some(format!("{version}, {}{newest}", published(own)))
}

/// The page with the releases of the index.
fn updated(page: &str, versions: &BTreeMap<String, String>) -> String {
    let update = |line: &str| {
        let mut cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let name = cells[0].trim_matches('`').to_owned();
        let Some(release) = versions.get(&name).and_then(|version| release(&name, version)) else {
            return line.to_owned();
        };
        cells.truncate(4);
        format!("| {} | {release} |", cells.join(" | "))
    };
    let lines = page.lines().map(|line| if line.starts_with("| `") { update(line) } else { line.to_owned() });
    lines.map(|line| line + "\n").collect()
}

/// Every difference between page and manifests, one line each.
fn differences(page: &str, dependencies: &Dependencies) -> Vec<String> {
    let mut differences = Vec::new();
    let (tables, by_hand) = page.split_once("\n## What is still written by hand").unwrap();
    assert!(by_hand.contains("| part |"), "the table of what is written by hand is gone");
    let rows: Vec<Vec<&str>> = tables
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let named: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    for name in dependencies.licences.keys().filter(|name| !named.contains(name.as_str())) {
        differences.push(format!("{name} is a dependency without a row"));
    }
    for row in &rows {
        let name = row[0].trim_matches('`');
        match (dependencies.licences.get(name), row.as_slice()) {
            (None, _) => differences.push(format!("{name} has a row and is no direct dependency")),
            (Some(licence), [_, purpose, reason, said, release]) => {
                let version = dependencies.versions.get(name).map(String::as_str).unwrap_or_default();
                if !is_release(release, version) {
                    differences.push(format!("{name} is {version} in Cargo.lock, and the page says {release:?}"));
                }
                if purpose.is_empty() || reason.is_empty() {
                    differences.push(format!("{name} has an empty cell"));
                }
                if let Some(licence) = licence.as_ref().filter(|licence| licence != said) {
                    differences.push(format!("{name} is licensed under {licence}, and the page says {said}"));
                }
            }
            _ => differences.push(format!("the row of {name} does not have five cells")),
        }
    }
    let section = page.split("\n## Default features\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for name in quoted(section).symmetric_difference(&dependencies.with_default_features) {
        differences.push(format!("the default features of {name} are not what the page says"));
    }
    differences
}

fn page() -> String {
    fs::read_to_string(format!("{ROOT}/docs/dependencies.md")).unwrap()
}

#[test]
fn the_dependencies_page_agrees_with_the_manifests() {
    let dependencies = dependencies();
    if env::var_os("UPDATE_DEPENDENCIES").is_some() {
        let (tables, by_hand) =
            page().split_once("\n## What is still").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let updated = updated(&format!("{tables}\n"), &dependencies.versions);
        fs::write(format!("{ROOT}/docs/dependencies.md"), format!("{updated}## What is still{by_hand}")).unwrap();
    }
    assert!(dependencies.licences.len() > 20, "the manifests were not read");
    let differences = differences(&page(), &dependencies);
    assert!(differences.is_empty(), "docs/dependencies.md:\n{}", differences.join("\n"));
}

#[test]
fn a_planted_difference_in_the_dependencies_page_is_found() {
    let (page, dependencies) = (page(), dependencies());
    for (from, to) in [
        ("| `subtle` |", "| `another` |"),
        ("| MIT OR Apache-2.0 | 0.11.", "| MIT | 0.11."),
        ("| 0.11.", "| 0.12."),
        (", 2026-", ", 26-"),
        ("`getrandom`, ", ""),
        ("Exceptions, ", "Exceptions, `tokio`, "),
    ] {
        let planted = page.replacen(from, to, 1);
        assert_ne!(planted, page, "{from} is not in the page");
        assert!(!differences(&planted, &dependencies).is_empty(), "{from} as {to}");
    }
}
