//! The ways into the project agree with each other: the steps of `.ci/run`, the hosted jobs, the recipes of the
//! justfile, and the files that documents for developers name.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Steps that are no hosted jobs, and why.
const NOT_HOSTED: [(&str, &str); 1] = [("corpora", "its vectors are not part of this project")];

/// Pages whose paths must exist.
const PAGES: [&str; 5] =
    ["ARCHITECTURE.md", "CONTRIBUTING.md", "RELEASING.md", "docs/dependencies.md", ".github/pull_request_template.md"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn words(text: &str) -> BTreeSet<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The text between the two in the first line that contains the former.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.lines().find_map(|line| line.trim().strip_prefix(start)).unwrap_or_default();
    rest.split(end).next().unwrap_or_default()
}

/// The texts of the four places that name steps of CI.
struct Places {
    script: String,
    workflow: String,
    justfile: String,
    contributing: String,
}

impl Places {
    fn read() -> Self {
        Self {
            script: read(".ci/run"),
            workflow: read(".github/workflows/ci.yml"),
            justfile: read("justfile"),
            contributing: read("CONTRIBUTING.md"),
        }
    }

    /// Every difference between them, one line each.
    fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut differ = |place: &str, found: &BTreeSet<String>, expected: &BTreeSet<String>| {
            for name in found.symmetric_difference(expected) {
                differences.push(format!("{place} and STEPS of .ci/run differ in {name}"));
            }
        };
        let steps = words(between(&self.script, "STEPS=(", ")"));
        let functions = self.script.lines().filter_map(|line| line.strip_prefix("step_")?.split_once("()"));
        differ("functions of .ci/run", &functions.map(|(name, _)| name.to_owned()).collect(), &steps);
        let mut hosted = words(between(&self.workflow, "steps: [", "]"));
        hosted.extend(NOT_HOSTED.map(|(step, _)| step.to_owned()));
        differ(".github/workflows/ci.yml", &hosted, &steps);
        // A row of the table of suites, whose second cell is the step.
        let rows = self.contributing.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
        let documented = rows.filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        differ("CONTRIBUTING.md", &documented.map(str::to_owned).collect(), &steps);
        for line in self.justfile.lines().filter_map(|line| line.trim().strip_prefix("bash .ci/run ")) {
            for name in line.split(' ').take_while(|word| *word != "{{").filter(|word| !steps.contains(*word)) {
                differences.push(format!("the justfile runs {name}, which is no step of .ci/run"));
            }
        }
        for (step, why) in NOT_HOSTED {
            if words(between(&self.workflow, "steps: [", "]")).contains(step) {
                differences.push(format!("{step} is a hosted job, although {why}"));
            }
        }
        differences
    }
}

#[test]
fn hosted_jobs_recipes_and_contributing_name_the_steps_of_ci() {
    let differences = Places::read().differences();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_planted_difference_between_the_steps_of_ci_is_found() {
    type Part = fn(&mut Places) -> &mut String;
    let plants: [(Part, &str, &str); 8] = [
        (|places| &mut places.script, "STEPS=(lint ", "STEPS=("),
        (|places| &mut places.script, "STEPS=(lint ", "STEPS=(lint more "),
        (|places| &mut places.script, "step_deny()", "step_denied()"),
        (|places| &mut places.workflow, " deny,", ""),
        (|places| &mut places.workflow, " deny,", " denied,"),
        (|places| &mut places.workflow, " deny,", " deny, corpora,"),
        (|places| &mut places.justfile, ".ci/run deny", ".ci/run denied"),
        (|places| &mut places.contributing, "| `deny` |", "| |"),
    ];
    for (part, from, to) in plants {
        let mut places = Places::read();
        let text = part(&mut places);
        let planted = text.replacen(from, to, 1);
        assert_ne!(*text, planted, "{from} is missing");
        *text = planted;
        assert!(!places.differences().is_empty(), "{from} as {to}");
    }
}

/// The lines of a workflow that use an action by a name that its owner can move to another commit.
fn movable_actions(workflow: &str) -> Vec<&str> {
    let is_fixed = |action: &str| {
        let commit = action.split_once('@').and_then(|(_, rest)| rest.split_once(" # v"));
        commit.is_some_and(|(commit, _)| commit.len() == 40 && commit.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let used = workflow.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "));
    used.filter(|action| !is_fixed(action)).collect()
}

#[test]
fn each_action_of_a_workflow_is_named_by_its_commit() {
    let workflows = files(".github/workflows");
    assert!(workflows.len() >= 3, "{workflows:?}");
    for path in workflows {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(movable_actions(&text), Vec::<&str>::new(), "{}", path.display());
        assert!(text.contains("\npermissions:"), "{} has the default permissions", path.display());
    }
    let planted = "      - uses: actions/checkout@v4\n        uses: a/b@0123 # v1\n      - uses: a/c@main";
    assert_eq!(movable_actions(planted).len(), 3);
}

/// The paths that a page names in backticks: names with a known ending, and folders with a slash at the end. The reader
/// chooses `NAME` and `NNNN`.
fn paths(page: &str) -> Vec<&str> {
    let is_path = |text: &&str| {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        let endings = [".rs", ".md", ".toml", ".yml", ".yaml", ".json", ".lock", ".py", "/"];
        plain && !text.starts_with('/') && endings.iter().any(|ending| text.ends_with(ending))
    };
    let is_fixed = |path: &&str| !path.starts_with("target/") && !path.contains("NAME") && !path.contains("NNNN");
    page.split('`').skip(1).step_by(2).filter(is_path).filter(is_fixed).collect()
}

/// Every file in that folder.
fn files(folder: &str) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![Path::new(ROOT).join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// Whether the path exists in the repository, in `src`, or beside the page; a name by itself, anywhere in `src`.
fn exists(path: &str, page: &str) -> bool {
    let beside = Path::new(page).parent().unwrap_or(Path::new(""));
    let folders = [PathBuf::new(), PathBuf::from("src"), beside.to_owned()];
    folders.iter().any(|folder| Path::new(ROOT).join(folder).join(path).exists())
        || !path.contains('/') && files("src").iter().any(|file| file.ends_with(path))
}

#[test]
fn files_that_documents_for_developers_name_exist() {
    let records = fs::read_dir(Path::new(ROOT).join("docs/decisions")).unwrap();
    let records = records.map(|entry| format!("docs/decisions/{}", entry.unwrap().file_name().display()));
    let mut missing = Vec::new();
    let mut found = 0;
    for page in PAGES.map(str::to_owned).into_iter().chain(records.filter(|name| !name.ends_with("/template.md"))) {
        let text = read(&page);
        found += paths(&text).len();
        missing.extend(paths(&text).iter().filter(|path| !exists(path, &page)).map(|path| format!("{page}: {path}")));
    }
    assert!(found > 40, "the pages were not read");
    assert!(missing.is_empty(), "these files do not exist:\n{}", missing.join("\n"));
    assert!(!exists("jwt/planted.rs", "ARCHITECTURE.md"));
}

/// The names of code that a page has in backticks: the parts of paths with `::`, and types in camel case.
fn identifiers(page: &str) -> BTreeSet<&str> {
    let is_name = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_type = |name: &&str| {
        let capitals = name.chars().filter(char::is_ascii_uppercase).count();
        name.starts_with(|c: char| c.is_ascii_uppercase()) && (2..name.len()).contains(&capitals)
    };
    let spans = page.split('`').skip(1).step_by(2);
    let (paths, plain): (Vec<_>, Vec<_>) = spans.partition(|span| span.contains("::"));
    let parts = paths.into_iter().flat_map(|path| path.split("::")).filter(is_name);
    parts.chain(plain.into_iter().filter(is_name).filter(is_type)).collect()
}

/// Names in these pages that are not ours: operations and permissions of AWS, and parts of other crates.
const FOREIGN: [&str; 6] = ["BatchGetItem", "UpdateItem", "Sign", "PrintableString", "UTF8String", "JwkSet"];

#[test]
fn names_of_code_in_the_architecture_and_in_decisions_exist() {
    let sources = ["src", "crates", "examples", "tests"].into_iter().flat_map(files);
    let sources = sources.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let sources: String = sources.map(|file| fs::read_to_string(file).unwrap()).collect();
    let words: BTreeSet<&str> = sources.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let records = fs::read_dir(Path::new(ROOT).join("docs/decisions")).unwrap();
    let records = records.map(|entry| format!("docs/decisions/{}", entry.unwrap().file_name().display()));
    let (mut missing, mut found) = (Vec::new(), 0);
    for page in records.chain(["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/dependencies.md"].map(str::to_owned)) {
        let text = read(&page);
        let names = identifiers(&text);
        found += names.len();
        let is_gone = |name: &&&str| !words.contains(**name) && !FOREIGN.contains(*name);
        missing.extend(names.iter().filter(is_gone).map(|name| format!("{page}: {name}")));
    }
    assert!(found > 60, "the pages were not read");
    assert!(missing.is_empty(), "these names are not in the sources:\n{}", missing.join("\n"));
    assert_eq!(identifiers("`planted::Gone` and `PlantedType` in `WORDS`"), ["Gone", "PlantedType", "planted"].into());
}
