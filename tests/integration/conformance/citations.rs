//! What the comments of the sources cite: sections of specifications, and rows of `docs/conformance.md`.

use std::{collections::BTreeSet, fs, path::Path};

use super::files;

/// Specifications other than RFCs, as comments name them.
const OTHER_DOCUMENTS: [&str; 9] = [
    "Global Token Revocation",
    "OpenID Connect Core",
    "OpenID Connect Discovery",
    "OpenID Connect Back-Channel Logout",
    "FAPI 2.0",
    "SEC 1",
    "rfc7523bis",
    "Fetch standard",
    "URL standard",
];
/// The names that rows have for them.
const SHORT_NAMES: [(&str, &str); 1] = [("OIDC Core", "OpenID Connect Core")];

/// A comment: its place, the sections that it cites, and the rows that it names.
#[derive(Default)]
pub(super) struct Comment {
    pub file: String,
    pub line: usize,
    pub references: BTreeSet<String>,
    pub rows: BTreeSet<String>,
    /// Citations that a search for a section would miss.
    pub problems: Vec<String>,
}

/// The specification of a reference: `RFC 7662` of `RFC 7662 §2.2`.
pub(super) fn document(reference: &str) -> &str {
    let end = [" §", " App. "].iter().filter_map(|mark| reference.find(mark)).min();
    &reference[..end.unwrap_or(reference.len())]
}

pub(super) fn has_section(reference: &str) -> bool {
    document(reference) != reference
}

/// The references in the column "source" of a row: `RFC 7662 §2.1, §2.3; RFC 6749 §5.2`.
pub(super) fn of_row(source: &str) -> Vec<String> {
    let mut references = Vec::new();
    for part in source.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (document, sections) = part.split_once(" §").unwrap_or((part, ""));
        let document = SHORT_NAMES.iter().find(|(short, _)| *short == document).map_or(document, |(_, name)| name);
        if sections.is_empty() {
            references.push(document.to_owned());
        } else {
            references.extend(sections.split(", §").map(|section| format!("{document} §{section}")));
        }
    }
    references
}

/// The comments of the function and of the operator's tool, without those of tests and of what only serves tests.
pub(super) fn of_sources() -> Vec<Comment> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut comments = Vec::new();
    for file in files(&root.join("src"), "rs").into_iter().chain(files(&root.join("crates"), "rs")) {
        let path = file.strip_prefix(root).unwrap().display().to_string();
        let is_source = path.starts_with("src/") || path.split('/').nth(2) == Some("src");
        if is_source && !path.starts_with("crates/test-support/") {
            comments.extend(of_text(&path, &fs::read_to_string(&file).unwrap()));
        }
    }
    comments
}

/// The comments of one file. Lines that follow each other are one comment.
pub(super) fn of_text(file: &str, text: &str) -> Vec<Comment> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut comments: Vec<Comment> = Vec::new();
    let mut continues = false;
    for (number, line) in (1..).zip(code.lines()) {
        let is_comment = line.trim_start().starts_with("//");
        let Some((_, said)) = line.split_once("//").filter(|(before, _)| is_comment || before.ends_with(' ')) else {
            continues = false;
            continue;
        };
        if !(continues && is_comment) {
            comments.push(Comment { file: file.to_owned(), line: number, ..Comment::default() });
        }
        continues = is_comment;
        if let Some(comment) = comments.last_mut() {
            comment.read(number, said);
        }
    }
    comments
}

impl Comment {
    /// Reads one line. A citation that is broken over two lines, or that leaves the document out as in "§2.1, §2.3",
    /// would not be found by a search.
    fn read(&mut self, number: usize, line: &str) {
        let mut problem = |what: &str| self.problems.push(format!("{}:{number} {what}: {}", self.file, line.trim()));
        for (at, _) in line.match_indices('§') {
            if documents(line).iter().all(|(_, end)| end + 1 != at) {
                problem("has a section without its document");
            }
        }
        if line.trim_end().ends_with("RFC") {
            problem("breaks a citation over two lines");
        }
        for (start, end) in documents(line) {
            let rest = &line[end..];
            let section = [" §", " App. "].iter().find_map(|mark| Some((*mark, rest.strip_prefix(mark)?)));
            let reference = section.map_or(line[start..end].to_owned(), |(mark, rest)| {
                let is_part = |c: char| c.is_ascii_digit() || c == '.' || mark == " App. " && c.is_ascii_uppercase();
                let section = rest.split(|c| !is_part(c)).next().unwrap_or_default().trim_end_matches('.');
                format!("{}{mark}{section}", &line[start..end])
            });
            self.references.insert(reference);
        }
        self.rows.extend(rows_named(line));
    }
}

/// The positions of the specifications that a line names.
fn documents(line: &str) -> Vec<(usize, usize)> {
    let rfcs = line.match_indices("RFC ").filter_map(|(at, name)| {
        let number = line.get(at + name.len()..at + name.len() + 4)?;
        number.bytes().all(|digit| digit.is_ascii_digit()).then_some((at, at + name.len() + 4))
    });
    let others = OTHER_DOCUMENTS.iter().flat_map(|name| line.match_indices(name));
    rfcs.chain(others.map(|(at, name)| (at, at + name.len()))).collect()
}

/// The rows that a line names: `J-15`, but not the `P-25` of `P-256`.
pub(super) fn rows_named(line: &str) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_row = |word: &&str| {
        let mut characters = word.chars();
        let (group, dash) = (characters.next(), characters.next());
        let group_fits = group.is_some_and(|group| ('A'..='U').contains(&group));
        group_fits && dash == Some('-') && word.len() == 4 && characters.all(|c| c.is_ascii_digit())
    };
    line.split(|c| !is_word(c)).filter(is_row).map(str::to_owned).collect()
}

#[test]
fn citations_are_read_as_they_are_written() {
    let text = "//! RFC 9701.\n\nfn f() {\n    // RFC 7662 §2.2: a string (J-15, P-256). See RFC 6749 App. B,\n    \
                // and OpenID Connect Core §3.1.3.6.\n    g(); // RFC 7519 §4.1.4\n}\n#[cfg(test)]\n// RFC 1 §2\n";
    let comments = of_text("src/f.rs", text);
    let found: Vec<_> =
        comments.iter().map(|comment| (comment.line, comment.references.iter().cloned().collect())).collect();
    let expected: [(usize, Vec<&str>); 3] = [
        (1, vec!["RFC 9701"]),
        (4, vec!["OpenID Connect Core §3.1.3.6", "RFC 6749 App. B", "RFC 7662 §2.2"]),
        (6, vec!["RFC 7519 §4.1.4"]),
    ];
    assert_eq!(found, expected.map(|(line, list)| (line, list.into_iter().map(str::to_owned).collect::<Vec<_>>())));
    assert_eq!(comments[1].rows, BTreeSet::from(["J-15".to_owned()]));
    for unfound in ["// RFC 8725 §3.1, §3.11", "// see RFC\n// 7662", "// §2.2 of RFC 7662", "// RFCs 7515 and 7519 §4"]
    {
        let comments = of_text("src/f.rs", unfound);
        assert_eq!(comments.iter().map(|comment| comment.problems.len()).sum::<usize>(), 1, "{unfound}");
    }
    assert_eq!(
        of_row("RFC 7662 §2.1, §2.3; OIDC Core §9; RFC 6749 App. B; RFC 9325"),
        ["RFC 7662 §2.1", "RFC 7662 §2.3", "OpenID Connect Core §9", "RFC 6749 App. B", "RFC 9325"]
    );
}
