//! What a command prints on standard output: columns for people, or one JSON document.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;

use crate::{args::Format, problem::Problem};

/// The answer of a command, in both forms. It may hold a new secret, so it has no `Debug`.
pub struct Report {
    pub text: String,
    pub json: Value,
    pub exit_code: u8,
}

impl Report {
    /// The answer of a command that succeeded.
    pub fn done(text: String, json: Value) -> Self {
        Self { text, json, exit_code: 0 }
    }

    /// Prints it and returns the exit code.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Unknown`] if nothing can be written to standard output: a secret that is shown once is then lost.
    pub fn print(self, format: Format) -> Result<ExitCode, Problem> {
        let mut stdout = io::stdout().lock();
        let written = match format {
            Format::Table => stdout.write_all(self.text.as_bytes()),
            Format::Json => writeln!(stdout, "{:#}", self.json),
        };
        written.and_then(|()| stdout.flush()).map_err(|error| {
            Problem::Unknown(format!(
                "the command succeeded, but its answer could not be written to standard output: {error}"
            ))
        })?;
        Ok(ExitCode::from(self.exit_code))
    }
}

/// Prints a warning to standard error, which scripts do not parse.
pub fn warn(text: &str) {
    // If standard error is closed, nothing is left to report to.
    let _ = writeln!(io::stderr(), "introspection-admin: warning: {}", text.replace(char::is_control, " "));
}

/// Names and values in two columns.
pub fn pairs(pairs: &[(&str, String)]) -> String {
    columns(pairs.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect())
}

/// Rows under a heading.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let heading = heading.iter().map(|name| name.to_uppercase()).collect();
    columns(std::iter::once(heading).chain(rows).collect())
}

/// Lines with aligned cells: every cell except the last is padded.
fn columns(rows: Vec<Vec<String>>) -> String {
    // Other programs write the tables as well, and control characters would steer the terminal.
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.into_iter().map(|cell| cell.replace(char::is_control, " ")).collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
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
    fn no_cell_steers_the_terminal() {
        assert_eq!(pairs(&[("name", "a\u{1b}[2J\nb".to_owned())]), "name  a [2J b\n");
    }
}
