//! The documentation: every page is in the index, every link leads somewhere, and every code block and quoted error is
//! compared with what the service, the tool or the template really says.
//!
//! A block's info string is its language and its kind, as in "sh tool". The test of that kind reads all blocks of all
//! pages, so a new block is tested as soon as it is written, and one without a kind fails here.

mod attacks;
mod audit_records;
mod clients;
mod commands;
mod dev_server;
mod errors;
mod items;
mod links;
mod log_bytes;
mod queries;
mod readme;
mod redis;
mod requests;
mod tables;

use test_support::pages as page;

/// Each kind of block, and what holds it.
const KINDS: [(&str, &str); 41] = [
    ("json event", "notices/events.rs: signed and sent to the service"),
    ("json subject", "notices/global_revocation.rs: sent to the service"),
    ("apache client-library", "clients.rs, and tests/interop"),
    ("console dev", "dev_server.rs: run against the development server, output compared"),
    ("go client-library", "clients.rs"),
    ("http answer", "requests.rs: compared with the service's answer"),
    ("http request", "requests.rs: sent to the service"),
    ("go proofs", "tests/interop/proofs: run in front of the dev server"),
    ("java issuer", "clients.rs: compared with the entry beside it"),
    ("java proofs", "tests/interop/proofs: run in front of the dev server"),
    ("js client-library", "clients.rs, and tests/interop"),
    ("js proofs", "tests/interop/proofs: run in front of the dev server"),
    ("json audit", "audit_records.rs: compared with the record of such a call"),
    ("json authorizer", "authorizer/recorded.rs: compared with the recorded answers"),
    ("json client", "tests/tool/documented.rs of the tool: compared with the item that the command before it writes"),
    ("json client-library", "clients.rs"),
    ("json entries", "items.rs: accepted as TRUSTED_ISSUERS; those of issuers.md also by tests/integration/issuers"),
    ("json iam", "items.rs: compared with the template's policies"),
    ("json item", "data_model.rs: put into the tables and judged"),
    (
        "json revocation-event",
        "tests/tool/revocation_events.rs of the tool: compared with what the template's pipe makes",
    ),
    ("json revocation-rule", "tests/tool/revocation_events.rs of the tool: matched with the event beside it"),
    ("lua client-library", "clients.rs"),
    ("mermaid picture", "readme.rs"),
    ("nginx client-library", "clients.rs"),
    ("properties client-library", "clients.rs"),
    ("python client-library", "clients.rs"),
    ("python proofs", "tests/interop/proofs: run in front of the dev server"),
    ("python run", "tests/real/test_data_model.py: run, and the function asked"),
    ("sh aws", "commands.rs: writes to DynamoDB are sent to the engine, names are compared with the template"),
    ("sh cargo", "commands.rs: binaries, examples, features and tests of these names exist"),
    ("sh curl", "requests.rs: sent to the service"),
    ("sh dev", "dev_server.rs: the variables of the console blocks"),
    ("sh sam", "commands.rs: parameters are those of the template"),
    ("sh tool", "tests/tool/documented.rs of the tool: run"),
    ("text acl", "redis.rs, and redis_fitness.rs: given to a Redis server"),
    ("text form", "settings_page.rs: the form of its lines"),
    ("text insights", "queries.rs: every field is one that the function logs"),
    ("text line", "settings_page.rs: each line is printed for settings that cause it"),
    ("text redis", "redis.rs: values read as items"),
    ("toml cargo-lambda", "redis.rs: the feature exists"),
    ("yaml client-library", "clients.rs"),
];

/// Kinds of the pages in docs/guides, which tests/guides runs and holds to its own rules. A block may also be a file.
const OF_GUIDES: [&str; 2] = ["sh run", "text output"];

/// Kinds that are read from one page only.
const OF_ONE_PAGE: [(&str, &str); 4] = [
    ("json item", "docs/data-model.md"),
    ("python run", "docs/data-model.md"),
    ("text form", "docs/settings.md"),
    ("text line", "docs/settings.md"),
];

#[test]
fn every_block_is_of_a_kind_that_a_test_reads() {
    let blocks: Vec<_> = page::pages().iter().flat_map(page::Page::blocks).collect();
    let name = |block: &page::Block| format!("{} {}", block.language, block.kind);
    for block in &blocks {
        let is_guide = block.place.starts_with("docs/guides/");
        let is_run = is_guide && (OF_GUIDES.contains(&name(block).as_str()) || block.kind.starts_with("file:"));
        let known = is_run || KINDS.iter().any(|(kind, _)| *kind == name(block));
        assert!(known, "{}: no test reads blocks of the kind {:?}", block.place, name(block));
        let elsewhere = OF_ONE_PAGE.iter().find(|(kind, page)| *kind == name(block) && !block.place.starts_with(page));
        assert!(elsewhere.is_none(), "{}: only another page is read: {elsewhere:?}", block.place);
    }
    for (kind, _) in KINDS {
        assert!(blocks.iter().any(|block| name(block) == *kind), "no page has a block {kind:?}");
    }
}

#[test]
fn a_page_is_read_as_github_reads_it() {
    let text = "# A\n\n| a | b |\n| --- | --- |\n| `x` | 1 \\| 2 |\n\n```sh tool\nls \\\n  -l # list\n```\n";
    let page = page::Page { path: "x.md".to_owned(), text: text.to_owned() };
    let [block] = &page.blocks()[..] else { panic!("one block") };
    assert_eq!((block.place.as_str(), block.language.as_str(), block.kind.as_str()), ("x.md:7", "sh", "tool"));
    assert_eq!(page::commands(&block.text), ["ls    -l"]);
    assert_eq!(page.rows()[2].1, ["`x`", "1 | 2"]);
    assert_eq!(page::words(r#"a 'b c' "d\"e" f=g\ h ''"#), ["a", "b c", "d\"e", "f=g h", ""]);
    assert_eq!(page::spans("`a` and `b c`"), ["a", "b c"]);
}
