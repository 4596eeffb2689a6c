//! `docs/conformance.md` claims no statement without a test, and no test's claim is missing from it. Each section that
//! a row of level M or S cites is cited in the sources too, at the check that enforces it, and each section that the
//! sources cite is known. `UPDATE_CONFORMANCE=1 cargo test --test integration conformance` writes the page's generated
//! parts.

mod citations;
mod known;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use citations::{Comment, document, has_section};

/// Folders whose tests count, and what a test's name follows in them.
const SUITES: [(&str, &str, &str); 6] = [
    ("src", "rs", "fn "),
    ("crates", "rs", "fn "),
    ("tests/integration", "rs", "fn "),
    ("tests/real", "py", "def test_"),
    ("tests/signed", "py", "def test_"),
    ("tests/template", "py", "def test_"),
];
/// The most files that a row may have without one that names the row's id, so that a reader finds the check.
const MOST_FILES: usize = 3;
/// The heading after which the page is generated.
const GENERATED: &str = "## Without a check in the sources";

/// A row of the table.
struct Row {
    id: String,
    level: String,
    references: Vec<String>,
    code: BTreeSet<String>,
    shown_by: BTreeSet<String>,
}

/// What needs no check in the sources, and what they may cite beyond the rows.
struct Known<'k> {
    exempt: &'k [(&'k str, &'k str)],
    without_code: &'k [(&'k str, &'k str)],
    others: &'k [(&'k str, &'k str)],
}

const KNOWN: Known<'static> = Known { exempt: known::EXEMPT, without_code: known::WITHOUT_CODE, others: known::OTHERS };

/// The ids at the start of a test's name: `b02_b05_refusals_are_equal` shows B-02 and B-05.
fn ids(name: &str) -> Vec<String> {
    name.split('_')
        .map_while(|part| {
            let (group, number) = part.split_at_checked(1)?;
            let is_id = group.chars().all(|c| ('a'..='u').contains(&c)) && number.len() == 2;
            (is_id && number.chars().all(|c| c.is_ascii_digit())).then(|| format!("{}-{number}", group.to_uppercase()))
        })
        .collect()
}

/// The files of a folder and of those below it that have this extension, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// Each id with the files whose tests show it.
fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (folder, extension, before) in SUITES {
        for file in files(&root.join(folder), extension) {
            let text = fs::read_to_string(&file).unwrap();
            let file = file.strip_prefix(root).unwrap().display().to_string();
            let mut is_test = extension == "py";
            for line in text.lines() {
                is_test |= line.contains("#[test]") || line.contains("#[tokio::test");
                if let Some((_, name)) = line.split_once(before).filter(|_| is_test) {
                    for id in ids(name) {
                        shown.entry(id).or_default().insert(file.clone());
                    }
                    is_test = extension == "py";
                }
            }
        }
    }
    shown
}

/// The rows of the page, without what is generated below them.
fn rows(page: &str) -> Vec<Row> {
    page.lines().take_while(|line| *line != GENERATED).filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let id = line.strip_prefix("| ")?.get(..4).filter(|id| citations::rows_named(id) == [*id])?;
    // From the right, because a statement may contain the separator.
    let mut cells = line.trim_end().trim_end_matches('|').rsplit('|').map(str::trim);
    let mut next = || cells.next().unwrap_or_default();
    let (shown_by, code, source, level) = (next(), next(), next(), next());
    let files = |cell: &str| {
        let files = cell.split(", ").map(|file| file.trim_matches('`').to_owned());
        files.filter(|file| !file.is_empty()).collect()
    };
    Some(Row {
        id: id.to_owned(),
        level: level.to_owned(),
        references: citations::of_row(source),
        code: files(code),
        shown_by: files(shown_by),
    })
}

impl Row {
    /// Whether the cited text demands or recommends it.
    fn is_demanded(&self) -> bool {
        matches!(self.level.as_str(), "M" | "S")
    }

    /// The files whose comments name this row; otherwise, those that cite its sections.
    fn code(&self, comments: &[Comment]) -> BTreeSet<String> {
        let files = |is_meant: &dyn Fn(&Comment) -> bool| -> BTreeSet<String> {
            comments.iter().filter(|comment| is_meant(comment)).map(|comment| comment.file.clone()).collect()
        };
        let named = files(&|comment| comment.rows.contains(&self.id));
        let cites = |comment: &Comment| self.references.iter().any(|reference| comment.references.contains(reference));
        if named.is_empty() { files(&cites) } else { named }
    }
}

/// Every difference between rows and sources, one line each.
fn breaches(rows: &[Row], comments: &[Comment], known: &Known<'_>) -> Vec<String> {
    let mut breaches: Vec<String> = comments.iter().flat_map(|comment| comment.problems.clone()).collect();
    let cited: BTreeSet<&str> = comments.iter().flat_map(|comment| &comment.references).map(String::as_str).collect();
    let is_cited = |reference: &str| {
        cited.contains(reference) || !has_section(reference) && cited.iter().any(|cited| document(cited) == reference)
    };
    let of_rows: BTreeSet<&str> = rows.iter().flat_map(|row| &row.references).map(String::as_str).collect();
    let demanded: BTreeSet<&str> =
        rows.iter().filter(|row| row.is_demanded()).flat_map(|row| &row.references).map(String::as_str).collect();
    let lists = |list: &[(&str, &str)], name: &str| list.iter().any(|(listed, _)| *listed == name);

    for reference in &demanded {
        match (is_cited(reference), lists(known.exempt, reference)) {
            (false, false) => breaches.push(format!("{reference} is cited by no comment, and is not exempt")),
            (true, true) => breaches.push(format!("{reference} is exempt, although a comment cites it")),
            _ => {}
        }
    }
    for (reference, _) in known.exempt.iter().filter(|(reference, _)| !demanded.contains(reference)) {
        breaches.push(format!("{reference} is exempt, although no row of level M or S cites it"));
    }
    for reference in &cited {
        let is_known = |known: &str| known == *reference || !has_section(reference) && document(known) == *reference;
        if !of_rows.iter().any(|known| is_known(known)) && !known.others.iter().any(|(known, _)| is_known(known)) {
            breaches.push(format!("{reference} is cited by a comment, and by no row and no list"));
        }
    }
    for (reference, _) in known.others {
        if of_rows.contains(reference) || !cited.contains(reference) {
            breaches.push(format!("{reference} is listed, although a row cites it or no comment does"));
        }
    }
    for row in rows {
        let (id, code, excused) = (&row.id, row.code(comments), lists(known.without_code, &row.id));
        match code.len() {
            0 if row.is_demanded() && !excused => breaches.push(format!("{id} has no check in the sources")),
            1.. if excused => breaches.push(format!("{id} is listed as one without a check, and has one")),
            count if count > MOST_FILES => {
                breaches.push(format!("{id} would have {count} files; name it at its check ({id})"));
            }
            _ => {}
        }
    }
    for comment in comments {
        for id in &comment.rows {
            let Some(row) = rows.iter().find(|row| row.id == *id) else {
                breaches.push(format!("{}:{} names {id}, which is not a row", comment.file, comment.line));
                continue;
            };
            let mut sections = row.references.iter().filter(|reference| has_section(reference)).peekable();
            if sections.peek().is_some() && !sections.any(|section| comment.references.contains(section)) {
                breaches.push(format!("{}:{} names {id} and cites none of its sections", comment.file, comment.line));
            }
        }
    }
    breaches
}

#[test]
fn the_conformance_table_agrees_with_the_tests_and_the_sources() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let page = fs::read_to_string(&path).unwrap();
    let (rows, shown, comments) = (rows(&page), shown(), citations::of_sources());
    assert!(rows.len() > 150 && comments.len() > 500, "the table or the sources were not read");
    let expected = updated(&page, &shown, &comments);
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    let nothing = BTreeSet::new();
    for row in &rows {
        let (id, tests) = (&row.id, shown.get(&row.id).unwrap_or(&nothing));
        assert_eq!(row.shown_by, *tests, "{id}: run UPDATE_CONFORMANCE=1 cargo test conformance");
        assert_eq!(row.code, row.code(&comments), "{id}: run UPDATE_CONFORMANCE=1 cargo test conformance");
        assert!(!tests.is_empty(), "{id} is shown by no test");
    }
    assert_eq!(page, expected, "run UPDATE_CONFORMANCE=1 cargo test conformance");
}

#[test]
fn each_section_of_a_row_is_cited_at_its_check_and_each_cited_section_is_known() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md")).unwrap();
    let breaches = breaches(&rows(&page), &citations::of_sources(), &KNOWN);
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// The page with its two last columns and its last sections rewritten.
fn updated(page: &str, shown: &BTreeMap<String, BTreeSet<String>>, comments: &[Comment]) -> String {
    let list = |files: &BTreeSet<String>| files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
    let cell = |text: String| if text.is_empty() { " ".to_owned() } else { format!(" {text} ") };
    let mut text = String::new();
    for line in page.lines().take_while(|line| *line != GENERATED) {
        let Some(row) = row(line) else {
            writeln!(text, "{line}").unwrap();
            continue;
        };
        let kept: Vec<&str> = line.trim_end().trim_end_matches('|').rsplitn(3, '|').collect();
        let shown_by = shown.get(&row.id).map(list).unwrap_or_default();
        writeln!(text, "{}|{}|{}|", kept[2], cell(list(&row.code(comments))), cell(shown_by)).unwrap();
    }
    let cell_of = |reference: &str| {
        let cites = |comment: &&Comment| comment.references.contains(reference);
        list(&comments.iter().filter(cites).map(|comment| comment.file.clone()).collect())
    };
    writeln!(text, "{GENERATED}\n").unwrap();
    writeln!(text, "Sections and rows of level M or S that nothing in the sources can enforce.\n").unwrap();
    writeln!(text, "| section or row | why |\n| --- | --- |").unwrap();
    for (name, why) in KNOWN.exempt.iter().chain(KNOWN.without_code) {
        writeln!(text, "| {name} | {why} |").unwrap();
    }
    writeln!(text, "\n## Cited beyond the rows\n").unwrap();
    writeln!(text, "Sections that the sources follow and no row cites.\n").unwrap();
    writeln!(text, "| section | about | code |\n| --- | --- | --- |").unwrap();
    for (reference, about) in KNOWN.others {
        writeln!(text, "| {reference} | {about} | {} |", cell_of(reference)).unwrap();
    }
    text
}

#[test]
fn a_planted_breach_between_rows_and_sources_is_found() {
    let rows = rows(
        "| A-01 | a || b | M | RFC 7662 §2.1; RFC 9325 |  | `tests/a.rs` |\n| A-02 | c | D | RFC 7662 §4 |  | `tests/a.rs` |\n",
    );
    let known = Known { exempt: &[("RFC 9325", "")], without_code: &[], others: &[("RFC 3986 §2", "")] };
    let good = "// RFC 7662 §2.1: it is a form (A-01).\nf();\n// RFC 3986 §2.\n";
    let found = |text: &str, known: &Known<'_>| breaches(&rows, &citations::of_text("src/f.rs", text), known);
    assert_eq!(found(good, &known), Vec::<String>::new());
    for (planted, what) in [
        ("// RFC 3986 §2.\n// RFC 7662 §4: see A-02.", "RFC 7662 §2.1 is cited by no comment"),
        ("// RFC 7662 §2.1\nf();\n// RFC 3986 §2\n// RFC 9325", "RFC 9325 is exempt, although a comment"),
        ("// RFC 7662 §2.1\nf();\n// RFC 3986 §2\n// RFC 7662 §9", "RFC 7662 §9 is cited by a comment, and by no row"),
        (
            "// RFC 7662 §2.1\nf();\n// RFC 1 §2, RFC 3986 §2\n// RFC 2119",
            "RFC 2119 is cited by a comment, and by no row",
        ),
        ("// RFC 7662 §2.1\n", "RFC 3986 §2 is listed, although"),
        ("// RFC 7662 §2.1, §4\n// RFC 3986 §2", "has a section without its document"),
        ("// RFC 7662 §2.1\n// RFC 3986 §2, B-99", "names B-99, which is not a row"),
        ("// RFC 7662 §2.1\nf();\n// RFC 3986 §2, A-01", "names A-01 and cites none of its sections"),
    ] {
        let found = found(planted, &known);
        assert!(found.iter().any(|breach| breach.contains(what)), "{planted}: {found:?}");
    }
    for (known, what) in [
        (Known { exempt: &[], ..known }, "RFC 9325 is cited by no comment"),
        (Known { exempt: &[("RFC 9325", ""), ("RFC 7662 §4", "")], ..known }, "RFC 7662 §4 is exempt, although no row"),
        (
            Known { others: &[("RFC 3986 §2", ""), ("RFC 7662 §4", "")], ..known },
            "RFC 7662 §4 is listed, although a row",
        ),
        (Known { without_code: &[("A-01", "")], ..known }, "A-01 is listed as one without a check"),
    ] {
        let found = found(good, &known);
        assert!(found.len() == 1 && found[0].starts_with(what), "{found:?}");
    }
    let many: String = (0..=MOST_FILES).map(|_| "// RFC 7662 §2.1\nf();\n").collect();
    let each = (0..).zip(many.split_inclusive("f();\n"));
    let comments: Vec<_> = each.flat_map(|(n, text)| citations::of_text(&format!("src/{n}.rs"), text)).collect();
    assert!(breaches(&rows, &comments, &known).iter().any(|breach| breach.contains("A-01 would have 4 files")));
    let nowhere = Row { references: Vec::new(), ..self::rows("| A-03 | a | M |  |  |  |\n").remove(0) };
    assert_eq!(
        breaches(&[nowhere], &[], &Known { exempt: &[], without_code: &[], others: &[] }),
        ["A-03 has no check in the sources"]
    );
}

#[test]
fn ids_are_read_from_the_start_of_a_name() {
    assert_eq!(ids("b02_b05_refusals_are_equal"), ["B-02", "B-05"]);
    assert_eq!(ids("refusals_b02"), Vec::<String>::new());
    assert_eq!(ids("x5t_is_no_id"), Vec::<String>::new());
}
