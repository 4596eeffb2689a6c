//! Commands of AWS, SAM and cargo, which a test cannot run as they are: the names in them exist, and their items are
//! written to the embedded engine.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    audit_records::first_column,
    page::{Block, blocks, commands, page, pages, read, root, spans, words},
};
use crate::world::World;

/// Commands that create or remove resources that only an account has.
const OF_AN_ACCOUNT: [&str; 6] = [
    "aws dynamodb update-table --table-name <name> --no-deletion-protection-enabled",
    "aws dynamodb delete-table --table-name <name>",
    "aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
    "aws secretsmanager create-secret --name introspection-signing-1 --secret-string file://key.pem && rm key.pem",
    "aws configure export-credentials --format env",
];

/// The value of an option.
fn option<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).map(String::as_str)
}

/// The JSON of an option; a call of `jq` with a file is that file's text as a string.
fn document(words: &[String], name: &str) -> Value {
    let text = option(words, name).unwrap_or_else(|| panic!("{name} is missing"));
    if let Some(program) = text.strip_prefix("$(jq -n --rawfile jwks orders-jwks.json ") {
        assert_eq!(program, "'{:jwks: {S: $jwks}}')", "another program");
        return json!({ ":jwks": { "S": "{\"keys\":[]}" } });
    }
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
}

#[tokio::test]
async fn each_aws_command_that_writes_an_item_writes_it() {
    let mut writes = 0;
    // The guides write items in blocks that tests/guides runs; their other commands need an account.
    let of_guide = |block: &Block| block.place.starts_with("docs/guides/");
    for block in blocks("sh", "aws").into_iter().filter(|block| !of_guide(block)) {
        for command in commands(&block.text) {
            if OF_AN_ACCOUNT.contains(&command.as_str()) {
                continue;
            }
            let words = words(&command);
            let world = World::new().await;
            world.put_client(&json!({ "client_id": "orders" }));
            let table = option(&words, "--table-name").unwrap_or_else(|| panic!("{}: {command}", block.place));
            let (operation, request) = match words[2].as_str() {
                "put-item" => ("PutItem", json!({ "TableName": table, "Item": document(&words, "--item") })),
                "update-item" => (
                    "UpdateItem",
                    json!({
                        "TableName": table, "Key": document(&words, "--key"),
                        "ConditionExpression": option(&words, "--condition-expression"),
                        "UpdateExpression": option(&words, "--update-expression"),
                        "ExpressionAttributeValues": document(&words, "--expression-attribute-values"),
                    }),
                ),
                other => panic!("{}: {other} is not known here", block.place),
            };
            world.dynamodb(operation, &request).await;
            writes += 1;
        }
    }
    assert!(writes >= 2, "{writes} writes");
}

/// The names of the template's parameters or outputs.
fn names_in_template(section: &str) -> BTreeSet<String> {
    let template = read("template.yaml");
    let (_, rest) = template.split_once(&format!("\n{section}:\n")).unwrap();
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':'));
    names.map(|line| line.trim().trim_end_matches(':').to_owned()).collect()
}

#[test]
fn the_parameters_and_outputs_of_the_page_are_the_templates() {
    let deploy = page("docs/deploy.md");
    assert_eq!(first_column(&deploy, "parameter"), names_in_template("Parameters"));
    let text = deploy.text.replace('\n', " ");
    let outputs = text.split("Outputs: ").nth(1).unwrap().split("  ").next().unwrap();
    let condition = "LogoutIssuer";
    let listed: BTreeSet<_> = spans(outputs).into_iter().filter(|name| *name != condition).map(str::to_owned).collect();
    assert_eq!(listed, names_in_template("Outputs"));
}

#[test]
fn each_parameter_of_a_sam_command_is_one_of_the_templates() {
    let parameters = names_in_template("Parameters");
    for block in blocks("sh", "sam") {
        for command in commands(&block.text) {
            for command in command.split(" && ") {
                let words = words(command);
                assert!(
                    words[0] == "sam" && ["build", "deploy"].contains(&words[1].as_str()),
                    "{}: {command}",
                    block.place
                );
                if let Some(value) = option(&words, "--parameter-overrides") {
                    let (name, _) = value.split_once('=').unwrap();
                    assert!(parameters.contains(name), "{}: {name}", block.place);
                }
            }
        }
    }
}

/// The names of all functions of the tests.
fn tests() -> Vec<String> {
    let (mut folders, mut names) = (["src", "tests", "crates"].map(|name| root().join(name)).to_vec(), Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                names.extend(
                    text.split("fn ").skip(1).filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()),
                );
            }
        }
    }
    names
}

/// Whether this package or another of its workspace has that binary or example.
fn exists(kind: &str, name: &str) -> bool {
    let (folder, table) = if kind == "--bin" { ("src/bin", "[bin]]") } else { ("examples", "[example]]") };
    let crates = std::fs::read_dir(root().join("crates")).into_iter().flatten().map(|entry| entry.unwrap().path());
    crates.chain([root()]).any(|package| {
        let manifest = std::fs::read_to_string(package.join("Cargo.toml")).unwrap_or_default();
        let is_named = |part: &str| part.lines().any(|line| line == format!("name = \"{name}\""));
        let mut tables = manifest.split("\n[");
        let is_package = tables.next().is_some_and(is_named) && package.join("src/main.rs").exists();
        let is_declared = tables.any(|part| part.starts_with(table) && is_named(part));
        let files = [format!("{name}.rs"), format!("{name}/main.rs")];
        is_declared
            || (is_package && kind == "--bin")
            || files.iter().any(|file| package.join(folder).join(file).exists())
    })
}

#[test]
fn each_cargo_command_of_a_page_names_what_exists() {
    let tests = tests();
    let mut commands_: Vec<(String, String)> = Vec::new();
    for page in pages() {
        for block in page.blocks().into_iter().filter(|block| block.language == "sh") {
            commands_.extend(commands(&block.text).into_iter().map(|command| (block.place.clone(), command)));
        }
        let spans =
            page.prose().into_iter().flat_map(|(number, line)| spans(line).into_iter().map(move |span| (number, span)));
        commands_.extend(spans.map(|(number, span)| (format!("{}:{number}", page.path), span.to_owned())));
    }
    let cargo = commands_.iter().filter(|(_, command)| command.starts_with("cargo "));
    let mut count = 0;
    for (place, command) in cargo {
        let words = words(command);
        for kind in ["--bin", "--example"] {
            if let Some(name) = option(&words, kind) {
                assert!(exists(kind, name), "{place}: {command}: {name} does not exist");
            }
        }
        if let Some(path) = option(&words, "--path") {
            assert!(root().join(path).join("Cargo.toml").exists(), "{place}: {command}");
        }
        let filter = words.get(2).filter(|filter| words[1] == "test" && !filter.starts_with('-'));
        if let Some(filter) = filter {
            assert!(tests.iter().any(|name| name.contains(filter.as_str())), "{place}: no test is named {filter}");
        }
        assert!(
            ["run", "test", "bench", "install", "lambda", "build", "deny", "doc"].contains(&words[1].as_str()),
            "{place}: {command}"
        );
        count += 1;
    }
    assert!(count > 8, "{count} commands");
}
