//! What a command prints: columns for humans or one JSON document on standard output, and warnings and errors on
//! standard error. Only verdicts, warnings and errors are coloured, and only on a terminal: `anstream` removes the
//! colours if the output is piped or `NO_COLOR` is set.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use tabwriter::TabWriter;

use crate::{args::Format, problem::Problem};

/// The answer of a command, in both forms. It may contain a new secret, so it has no `Debug`.
pub struct Report {
    pub text: String,
    pub json: Value,
    pub exit_code: u8,
}

impl Report {
    /// The answer of a successful command.
    pub fn done(text: String, json: Value) -> Self {
        Self { text, json, exit_code: 0 }
    }

    /// Prints the answer, and returns the exit code.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Unknown`] if standard output cannot be written: a secret that is shown only once is then
    /// lost.
    pub fn print(self, format: Format) -> Result<ExitCode, Problem> {
        let written = match format {
            Format::Table => {
                let mut stdout = anstream::stdout().lock();
                stdout.write_all(self.text.as_bytes()).and_then(|()| stdout.flush())
            }
            Format::Json => {
                let mut stdout = io::stdout().lock();
                writeln!(stdout, "{:#}", self.json).and_then(|()| stdout.flush())
            }
        };
        written.map_err(|error| {
            Problem::Unknown(format!(
                "the command succeeded, but its answer could not be written to standard output: {error}"
            ))
        })?;
        Ok(ExitCode::from(self.exit_code))
    }
}

/// The text of a table's cell, which may have the colour of a verdict.
#[derive(Clone)]
pub struct Cell {
    text: String,
    tone: Option<Tone>,
}

/// What a verdict means for the token's bearer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Unknown,
}

const WARNING: Style = AnsiColor::Yellow.on_default();
const ERROR: Style = AnsiColor::Red.on_default();

impl From<String> for Cell {
    fn from(text: String) -> Self {
        // Other programs write the tables as well, and control characters could change the terminal.
        Self { text: text.replace(char::is_control, " "), tone: None }
    }
}

impl Cell {
    /// A verdict.
    pub fn verdict(text: &str, tone: Tone) -> Self {
        Self { tone: Some(tone), ..Self::from(text.to_owned()) }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(tone) = self.tone else { return formatter.write_str(&self.text) };
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => ERROR,
            Tone::Unknown => WARNING,
        };
        write!(formatter, "{style}{}{style:#}", self.text)
    }
}

/// Prints a warning to standard error, which scripts do not parse.
pub fn warn(text: &str) {
    let text = text.replace(char::is_control, " ");
    print_error(&format!("introspection-admin: {WARNING}warning:{WARNING:#} {text}"));
}

/// Prints the line that says why the command failed.
pub fn fail(text: &str) {
    print_error(&format!("{ERROR}introspection-admin:{ERROR:#} {text}"));
}

/// Prints a line to standard error.
pub fn print_error(line: &str) {
    // If standard error is closed, nothing can be reported.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Names and values in two columns.
pub fn pairs<C: Into<Cell> + Clone>(pairs: &[(&str, C)]) -> String {
    columns(pairs.iter().map(|(name, value)| vec![(*name).to_owned().into(), value.clone().into()]))
}

/// Rows under a heading.
pub fn table<C: Into<Cell>>(heading: &[&str], rows: Vec<Vec<C>>) -> String {
    let heading = heading.iter().map(|name| name.to_uppercase().into()).collect();
    columns(std::iter::once(heading).chain(rows.into_iter().map(|row| row.into_iter().map(Into::into).collect())))
}

/// Lines with aligned cells.
fn columns(rows: impl Iterator<Item = Vec<Cell>>) -> String {
    let mut aligned = TabWriter::new(Vec::new()).minwidth(0).ansi(true);
    for row in rows {
        let cells: Vec<_> = row.iter().map(Cell::to_string).collect();
        // Writing to a vector cannot fail.
        let _ = writeln!(aligned, "{}", cells.join("\t"));
    }
    let text = aligned.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&text).lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_aligned() {
        let rows = vec![vec!["é".to_owned(), "b".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&["id", "name"], rows), "ID    NAME\né     b\nlong\n");
    }

    #[test]
    fn a_cell_takes_the_columns_that_a_terminal_gives_it() {
        let rows = vec![vec!["漢字".to_owned(), "a".to_owned()], vec!["e\u{301}".to_owned(), "b".to_owned()]];
        assert_eq!(table(&["id", "name"], rows), "ID    NAME\n漢字  a\ne\u{301}     b\n");
        // The text is as long as an item of a table may be. It is not broken into lines, so that it can be copied.
        let long = "x".repeat(400 * 1024);
        assert_eq!(pairs(&[("jwks", long.clone())]), format!("jwks  {long}\n"));
    }

    #[test]
    fn a_verdict_is_coloured_and_takes_no_more_columns() {
        let row = |text, tone| vec![Cell::verdict(text, tone), "why".to_owned().into()];
        let rows = vec![row("passed", Tone::Good), row("FAILED", Tone::Bad), row("unknown", Tone::Unknown)];
        let expected = "RESULT   DETAIL\n\u{1b}[32mpassed\u{1b}[0m   why\n\u{1b}[31mFAILED\u{1b}[0m   why\n\
                        \u{1b}[33munknown\u{1b}[0m  why\n";
        assert_eq!(table(&["result", "detail"], rows), expected);
    }

    #[test]
    fn no_cell_contains_control_characters() {
        assert_eq!(pairs(&[("name", "a\u{1b}[2J\nb".to_owned())]), "name  a [2J b\n");
    }
}
