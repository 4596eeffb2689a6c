//! Entries of issuers and policies of IAM that the pages show. `data_model.rs` has the items.

use serde_json::Value;
use token_introspection::settings::Settings;

use super::page::{blocks, read};
use crate::world::OWN;

#[test]
fn h36_each_entry_that_a_page_shows_is_accepted() {
    let blocks = blocks("json", "entries");
    assert!(blocks.len() > 20, "{} blocks", blocks.len());
    for block in blocks {
        let variable = |name: &str| match name {
            "ISSUER" => Some(OWN.to_owned()),
            "TRUSTED_ISSUERS" => Some(with_token_files(&block.text)),
            _ => None,
        };
        let settings = Settings::read(variable).unwrap_or_else(|error| panic!("{}: {error}", block.place));
        assert!(!settings.trusted_issuers.is_empty(), "{}", block.place);
    }
}

/// The entries with existing files instead of a cluster's.
fn with_token_files(text: &str) -> String {
    let mut entries: Value = serde_json::from_str(text).unwrap();
    for entry in entries.as_array_mut().unwrap().iter_mut().filter(|entry| entry.get("jwks_bearer_file").is_some()) {
        entry["jwks_bearer_file"] = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into();
    }
    entries.to_string()
}

/// The text of the template's policy with that name.
fn policy<'a>(template: &'a str, name: &str) -> &'a str {
    let (_, rest) = template.split_once(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{name} is missing"));
    let end = rest
        .match_indices("\n  ")
        .find(|(at, _)| !rest[at + 3..].starts_with([' ', '#', '\n']))
        .map_or(rest.len(), |(at, _)| at);
    &rest[..end]
}

/// What a statement allows on which keys, in alphabetical order.
fn allowed(actions: &[&str], keys: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = actions.iter().chain(keys).map(|text| (*text).to_owned()).collect();
    all.sort_unstable();
    all
}

#[test]
fn each_policy_that_a_page_shows_grants_what_the_templates_does() {
    let template = read("template.yaml");
    let blocks = blocks("json", "iam");
    let names = ["AuthorizationServerPolicy", "LogoutHandlerPolicy"];
    assert_eq!(blocks.len(), names.len());
    for (block, name) in blocks.iter().zip(names) {
        let statement: Value =
            serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{}: {error}", block.place));
        let texts = |value: &Value| -> Vec<String> {
            value
                .as_array()
                .map_or_else(|| vec![value.clone()], Clone::clone)
                .iter()
                .map(|v| v.as_str().unwrap().to_owned())
                .collect()
        };
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let shown: Vec<String> = [texts(&statement["Action"]), texts(keys)].concat();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        assert_eq!(statement["Condition"]["Null"]["dynamodb:LeadingKeys"], "false", "{}", block.place);
        let policy = policy(&template, name);
        let words: Vec<&str> =
            policy.split([' ', '\n', '[', ']', ',', '"', '\'']).filter(|word| !word.is_empty()).collect();
        let actions: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| word.starts_with("dynamodb:") && !word.contains("LeadingKeys"))
            .collect();
        let prefixes: Vec<String> = words
            .iter()
            .filter(|word| word.contains("#*"))
            .map(|word| word.replace("${LogoutIssuer}", "https://auth.example.com"))
            .collect();
        let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        assert_eq!(allowed(&shown, &[]), allowed(&actions, &prefixes), "{} and {name}", block.place);
    }
}
