//! The pages of the documentation for the tests: code blocks, tables, headings and links.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page of the documentation.
pub struct Page {
    /// The path from the root of the repository.
    pub path: String,
    pub text: String,
}

/// A fenced code block.
pub struct Block {
    /// The page and line of the fence, for messages.
    pub place: String,
    /// The first word of the info string, which GitHub uses for highlighting.
    pub language: String,
    /// The second word of the info string, which tells a test what to do with the block.
    pub kind: String,
    pub text: String,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn page(path: &str) -> Page {
    Page { path: path.to_owned(), text: read(path) }
}

/// Every page in docs/, and the README.
pub fn pages() -> Vec<Page> {
    let (mut folders, mut paths) = (vec![root().join("docs")], vec![root().join("README.md")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| page(path.strip_prefix(root()).unwrap().to_str().unwrap())).collect()
}

impl Page {
    pub fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut open) = (Vec::new(), None::<Block>);
        for (number, line) in (1..).zip(self.text.lines()) {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, open.take()) {
                (Some(info), None) => {
                    let mut words = info.split_whitespace().map(str::to_owned);
                    let (language, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                    open =
                        Some(Block { place: format!("{}:{number}", self.path), language, kind, text: String::new() });
                }
                (Some(_), Some(block)) => blocks.push(block),
                (None, Some(mut block)) => {
                    block.text += line;
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a code block has no end", self.path);
        blocks
    }

    /// The lines outside code blocks, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut in_block = false;
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| {
            let is_fence = line.trim_start().starts_with("```");
            in_block ^= is_fence;
            !in_block && !is_fence
        });
        lines.collect()
    }

    /// The cells of each row of each table, including headings, with the number of the line.
    pub fn rows(&self) -> Vec<(usize, Vec<String>)> {
        let rows = self.prose().into_iter().filter(|(_, line)| line.starts_with('|'));
        rows.map(|(number, line)| (number, cells(line))).collect()
    }
}

/// The cells of a row. A `\|` is part of a cell.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').replace("\\|", "\u{0}");
    row.trim_end_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// Each code span of a text.
pub fn spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|span| !span.is_empty()).collect()
}

/// Every block with this language and kind, on all pages.
pub fn blocks(language: &str, kind: &str) -> Vec<Block> {
    let blocks = pages().into_iter().flat_map(|page| page.blocks());
    blocks.filter(|block| block.language == language && block.kind == kind).collect()
}

/// The commands of a shell block. Continued lines are joined; comments and empty lines are left out.
pub fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ").replace("|\n", "| ");
    let lines = joined.lines().map(|line| line.split(" # ").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The words of a command, split as a shell does, without quotes. Variables are not replaced.
pub fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut any) = (Vec::new(), String::new(), None::<char>, false);
    let mut characters = command.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => (quote, any) = (Some(c), true),
            (None, ' ') => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (None | Some('"'), '\\') => {
                (any, word) = (true, word + &characters.next().map(String::from).unwrap_or_default());
            }
            (_, c) => {
                word.push(c);
                any = true;
            }
        }
    }
    words.extend(any.then_some(word));
    words
}
