//! The commonest patterns of unclear English, in comments, messages, documentation and the names of tests.

use std::{ffi::OsStr, fs, path::Path};

/// Words that are found one after the other, and what to write instead.
const PATTERNS: [(&[&str], &str); 9] = [
    (&["alone"], "`only`, before the noun"),
    (&["nobody", "somebody", "whoever", "whom"], "the role: the client, the operator, an attacker"),
    (&["is none", "are none", "was none", "were none"], "`is not valid`, `does not exist`, `is missing`"),
    (&["brings", "bring", "brought"], "`fetches`, `loads`, `returns`"),
    (&["but for", "save for"], "`except`"),
    (
        &[
            "stands in",
            "stands before",
            "stands for",
            "stands above",
            "stands below",
            "stands beside",
            "stands here",
            "stands at",
            "stands there",
            "stands on",
            "stand in",
            "stand before",
            "stand for",
            "stand beside",
            "stand here",
            "stand there",
            "stand under",
            "stand at",
        ],
        "`is in`, `precedes`, `means`",
    ),
    (
        &[
            "where it is",
            "where it has",
            "where it may",
            "where it must",
            "where it does",
            "where there is",
            "where there are",
            "where that is",
            "where that has",
            "where that fails",
            "where this is",
            "where they are",
            "where no",
            "where none",
            "where nothing",
            "where neither",
            "where both",
            "where one of",
            "where an",
            "where a",
        ],
        "`if` or `when` for a condition",
    ),
    (&["comes to", "come to", "came to", "is told", "are told", "is said of", "are said of"], "the active verb"),
    (&["that is there", "that are there", "is there all the same"], "`an existing …`"),
];

/// What the style guide itself must name, to forbid it.
const NAMES_THE_PATTERNS: [&str; 2] = ["tests/integration/english.rs", "CONTRIBUTING.md"];

/// A run of prose: the line where it begins, and its words in lower case. Punctuation that ends a thought is a `|`.
struct Passage {
    line: usize,
    words: String,
}

impl Passage {
    fn new(line: usize, text: &str) -> Self {
        let mut spaced = String::from(" ");
        for (number, part) in text.split('`').enumerate() {
            // What is between backticks is code.
            if number % 2 == 1 {
                spaced.push('x');
                continue;
            }
            for c in part.chars() {
                match c {
                    '.' | ';' | ':' | '!' | '?' | '(' | ')' | '|' | '"' | '→' => spaced.push_str(" | "),
                    _ if c.is_alphanumeric() || c == '\'' || c == '#' || c == '-' => spaced.extend(c.to_lowercase()),
                    _ => spaced.push(' '),
                }
            }
        }
        let words = format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "));
        Self { line, words }
    }

    /// The patterns that it has, with what to write instead.
    fn breaches(&self) -> Vec<String> {
        let found = PATTERNS.iter().flat_map(|(phrases, instead)| {
            let has = |phrase: &&&str| self.words.contains(&format!(" {phrase} "));
            phrases.iter().filter(has).map(move |phrase| format!("{phrase:?}; write {instead}"))
        });
        found.collect()
    }
}

/// The prose of a file: comments, messages and names of tests in Rust, and the text outside code blocks elsewhere.
fn passages(path: &str, text: &str) -> Vec<Passage> {
    match Path::new(path).extension().and_then(OsStr::to_str) {
        Some("rs") => of_rust(text),
        Some("py") => of_python(text),
        end => of_text(text, end == Some("md")),
    }
}

fn of_rust(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut comment: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_start();
        if let Some(words) = trimmed.strip_prefix("//") {
            let words = words.trim_start_matches(['/', '!']).trim();
            let (_, said) = comment.get_or_insert_with(|| (number, String::new()));
            said.push_str(if words.is_empty() { " | " } else { " " });
            said.push_str(words);
            continue;
        }
        passages.extend(comment.take().map(|(line, said)| Passage::new(line, &said)));
        let messages = trimmed.split('"').skip(1).step_by(2).filter(|message| message.contains(' '));
        passages.extend(messages.map(|message| Passage::new(number, message)));
        if let Some((_, rest)) = trimmed.split_once("fn ") {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            passages.push(Passage::new(number, &name.replace('_', " ")));
        }
    }
    passages.extend(comment.map(|(line, said)| Passage::new(line, &said)));
    passages
}

/// Comments, documentation, texts and names of functions, each line by itself: `is None` is code.
fn of_python(text: &str) -> Vec<Passage> {
    let (mut is_documentation, mut passages) = (false, Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let quotes = line.matches("\"\"\"").count();
        let said = if is_documentation || quotes > 0 {
            line.replace("\"\"\"", " ")
        } else if let Some((_, rest)) = line.split_once("def ") {
            rest.split('(').next().unwrap_or_default().replace('_', " ")
        } else {
            let (code, comment) = line.split_once("# ").unwrap_or((line, ""));
            let messages = code.split('"').skip(1).step_by(2).filter(|message| message.contains(' '));
            messages.chain([comment]).collect::<Vec<_>>().join(" | ")
        };
        is_documentation ^= quotes % 2 == 1;
        passages.push(Passage::new(number, &said));
    }
    passages
}

/// Paragraphs; a list's items and a table's rows are paragraphs of their own.
fn of_text(text: &str, is_markdown: bool) -> Vec<Passage> {
    let mut passages: Vec<(usize, String)> = Vec::new();
    let (mut is_code, mut begins) = (false, true);
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_start();
        if is_markdown && trimmed.starts_with("```") {
            (is_code, begins) = (!is_code, true);
            continue;
        }
        if is_code || trimmed.is_empty() {
            begins = true;
            continue;
        }
        if begins || !is_markdown || trimmed.starts_with(['|', '-', '#', '>']) {
            passages.push((number, String::new()));
        }
        begins = false;
        if let Some((_, said)) = passages.last_mut() {
            said.push(' ');
            said.push_str(trimmed.trim_start_matches("# "));
        }
    }
    passages.into_iter().map(|(line, said)| Passage::new(line, &said)).collect()
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Vectors and records are data of others, and docs/conformance.md is generated from statements and names of tests.
        if name.starts_with('.') || ["target", "node_modules", "vectors", "conformance.md"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if [".rs", ".md", ".yaml", ".py", ".sh", "justfile"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

#[test]
fn the_english_is_plain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(root, &mut found);
    assert!(found.len() > 200, "the files were not found");
    let mut breaches = Vec::new();
    for path in found {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if NAMES_THE_PATTERNS.contains(&name.as_str()) {
            continue;
        }
        for passage in passages(&name, &fs::read_to_string(&path).unwrap()) {
            breaches.extend(passage.breaches().into_iter().map(|breach| format!("{name}:{} {breach}", passage.line)));
        }
    }
    assert!(breaches.is_empty(), "{} breaches\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn a_planted_breach_of_each_pattern_is_found() {
    for (planted, expected) in [
        ("// The type alone decides.", "alone"),
        ("/// Nobody\n/// reads it.", "nobody"),
        ("fn a_client_that_is_none() {}", "is none"),
        ("error(\"the server brings nothing\")", "brings"),
        ("// Equal,\n// but for the time.", "but for"),
        ("// It stands in the record.", "stands in"),
        ("/// An error where there is none.", "where there is"),
        ("// The caller is told nothing.", "is told"),
        ("// An item that is there.", "that is there"),
    ] {
        let found: Vec<_> = passages("x.rs", planted).iter().flat_map(Passage::breaches).collect();
        assert!(found.iter().any(|breach| breach.starts_with(&format!("{expected:?}"))), "{planted}: {found:?}");
    }
    let harmless = "// `alone` is a word. It says where the keys are, that is: there.\nfn one_standalone_thing() {}";
    assert_eq!(passages("x.rs", harmless).iter().flat_map(Passage::breaches).count(), 0);
    let page = "Text\n```\nnobody\n```\n| a | whoever |\n";
    assert_eq!(passages("x.md", page).iter().flat_map(Passage::breaches).count(), 1);
    let script = "a = b if b is None else 1  # nobody\ndef brings():\n    \"\"\"It is\n    said of.\"\"\"\nb is None\n";
    assert_eq!(passages("x.py", script).iter().flat_map(Passage::breaches).count(), 2);
}
