//! Steps of the lists in CONTRIBUTING.md that no other test checks: each setting and each profile is documented, and is
//! in the tables of the tests.

use std::{cell::RefCell, collections::BTreeSet, fs};

use test_support::{providers::goldens, wrong_settings};
use token_introspection::{
    profile::Profile,
    settings::{Settings, check_root_certificates},
};

use crate::issuers;

/// Variables that are not in the summary of docs/settings.md, and why.
const NOT_IN_SUMMARY: [(&str, &str); 1] = [("ALL_PROXY", "it is read in place of HTTPS_PROXY")];

/// Variables into which the tests paste no secrets, and why.
const NOT_PASTED_INTO: [(&str, &str); 4] = [
    ("HTTPS_PROXY", "the tests of `settings/proxy.rs` do"),
    ("ALL_PROXY", "the tests of `settings/proxy.rs` do"),
    ("NO_PROXY", "every text is a valid value"),
    ("SSL_CERT_FILE", "no error quotes a path"),
];

fn page(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Every variable that the start reads, in upper case, because some are read in lower case too.
fn variables() -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    let variable = |name: &str| {
        names.borrow_mut().insert(name.to_ascii_uppercase());
        (name == "ISSUER").then(|| "https://introspection.example.com".to_owned())
    };
    assert!(Settings::read(variable).is_ok());
    assert!(check_root_certificates(variable).is_ok());
    names.into_inner()
}

fn is_exempt(exemptions: &[(&str, &str)], name: &str) -> bool {
    exemptions.iter().any(|(exempt, _)| *exempt == name)
}

/// The names in backticks.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The text below that heading, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no {heading}"));
    rest.split("\n#").next().unwrap_or_default()
}

#[test]
fn every_setting_is_documented_deployable_and_tried_with_a_secret() {
    let (settings, deploy, template) = (page("docs/settings.md"), page("docs/deploy.md"), page("template.yaml"));
    let variables = variables();
    assert!(variables.len() > 20, "{variables:?}");
    let summary = quoted(section(&settings, "## Summary"));
    let without_parameter = deploy.lines().find(|line| line.contains("have no parameter")).unwrap();
    for name in &variables {
        assert!(summary.contains(name.as_str()) || is_exempt(&NOT_IN_SUMMARY, name), "docs/settings.md: {name}");
        // A variable for the file with the same content has no section of its own.
        let headed = name.trim_end_matches("_FILE");
        let is_headed = |line: &str| line.starts_with("## ") && line[3..].split(", ").any(|v| v == headed || v == name);
        assert!(settings.lines().any(is_headed) || name == "ALL_PROXY", "docs/settings.md has no section {name}");
        let in_template = template.lines().any(|line| line.trim_start().starts_with(&format!("{name}: ")));
        let is_set_by_hand = quoted(without_parameter).contains(name.as_str()) || is_exempt(&NOT_IN_SUMMARY, name);
        assert!(in_template || is_set_by_hand, "template.yaml sets no {name}, and docs/deploy.md does not say so");
        let is_tried = wrong_settings::VARIABLES.contains(&name.as_str());
        assert!(is_tried || is_exempt(&NOT_PASTED_INTO, name), "VARIABLES of test-support: {name}");
    }
}

#[test]
fn every_profile_is_documented_and_in_every_table_of_the_tests() {
    let (settings, issuers_page) = (page("docs/settings.md"), page("docs/issuers.md"));
    let rows = section(&settings, "### Profiles").lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let described: Vec<&str> = rows.map(|(name, _)| name).collect();
    let known: Vec<&str> = Profile::all().map(|profile| profile.name).collect();
    assert_eq!(described, known, "the table of profiles in docs/settings.md");
    let member = settings.lines().find(|line| line.starts_with("| `profile` |")).unwrap();
    let (golden, shapes) = (goldens(), issuers::matrix_profiles());
    for name in known {
        assert!(quoted(member).contains(name), "the member `profile` in docs/settings.md does not list {name}");
        assert!(issuers_page.contains(&format!("\"profile\": \"{name}\"")), "no entry of docs/issuers.md has {name}");
        // The profile of the RFC is that of the tests' own issuer, and `generic` has no shape of its own.
        let is_everywhere = ["rfc9068", "generic"].contains(&name);
        assert!(
            is_everywhere || golden.iter().any(|golden| golden.profile == name),
            "crates/test-support/src/providers.rs has no token of {name}"
        );
        assert!(
            shapes.iter().any(|shape| shape == name),
            "tests/integration/issuers/matrix.rs has no column of {name}"
        );
    }
}
