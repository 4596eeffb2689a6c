//! docs/dependencies.md names exactly the direct dependencies of the workspace, with their licences, and those whose
//! default features are on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
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

fn dependencies() -> Dependencies {
    let mut found = Dependencies::default();
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
            (Some(licence), [_, purpose, reason, said]) => {
                if purpose.is_empty() || reason.is_empty() {
                    differences.push(format!("{name} has an empty cell"));
                }
                if let Some(licence) = licence.as_ref().filter(|licence| licence != said) {
                    differences.push(format!("{name} is licensed under {licence}, and the page says {said}"));
                }
            }
            _ => differences.push(format!("the row of {name} does not have four cells")),
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
    assert!(dependencies.licences.len() > 20, "the manifests were not read");
    let differences = differences(&page(), &dependencies);
    assert!(differences.is_empty(), "docs/dependencies.md:\n{}", differences.join("\n"));
}

#[test]
fn a_planted_difference_in_the_dependencies_page_is_found() {
    let (page, dependencies) = (page(), dependencies());
    for (from, to) in [
        ("| `subtle` |", "| `another` |"),
        ("| MIT OR Apache-2.0 |\n| `hmac`", "| MIT |\n| `hmac`"),
        ("`getrandom`, ", ""),
        ("Exceptions, ", "Exceptions, `tokio`, "),
    ] {
        let planted = page.replacen(from, to, 1);
        assert_ne!(planted, page, "{from} is not in the page");
        assert!(!differences(&planted, &dependencies).is_empty(), "{from} as {to}");
    }
}
