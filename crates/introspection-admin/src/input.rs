//! Tokens, secrets, keys and JSON documents that are read from standard input or from a file.

use std::io::{self, IsTerminal, Read, Write};

use serde_json::{Map, Value};
use token_introspection::jwt;

use crate::{output::warn, paste::Pasted, problem::Problem};

/// The maximum size in bytes of what is read.
const MAX_BYTES: u64 = 1024 * 1024;
/// The same for audit records: about a million of them.
const MAX_RECORDS_BYTES: u64 = 512 * MAX_BYTES;

/// Where to read a token, a secret or a key set. The typed text may be the token itself, so it has no `Debug`.
#[derive(Clone)]
pub struct Input(Source);

#[derive(Clone)]
enum Source {
    /// What the operator typed: `-` or `@FILE`.
    Typed(String),
    /// The text itself, from another program.
    Given(String),
}

impl From<String> for Input {
    fn from(typed: String) -> Self {
        Self(Source::Typed(typed))
    }
}

impl Input {
    /// A text that another program has already read.
    pub fn given(text: &str) -> Self {
        Self(Source::Given(text.to_owned()))
    }

    /// Reads the text, without the line break at its end. `option` and `what` name it in errors.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the secret itself was typed, cannot be read, is empty or has more than one line.
    pub fn read(&self, option: &str, what: &str) -> Result<String, Problem> {
        let text = self.text(option, what, &format!("; change that {what} if it was a live one"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.contains(char::is_control) {
            Err(Problem::usage(format!(
                "the {what} of {option} has more than one line, or contains control characters"
            )))
        } else {
            Ok(text.to_owned())
        }
    }

    /// Reads an existing token, removes what was pasted around it, and warns about that.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the token itself was typed, cannot be read, is empty or contains control
    /// characters.
    pub fn read_token(&self, option: &str) -> Result<String, Problem> {
        let text = self.text(option, "token", "; change that token if it was a live one")?;
        let pasted = Pasted::new(&text);
        if let Some(message) = pasted.message() {
            warn(&format!("removed from the token of {option}: {message}"));
        }
        match pasted.token {
            token if token.is_empty() => Err(Problem::usage(format!("the token of {option} is empty"))),
            token if token.contains(char::is_control) => {
                Err(Problem::usage(format!("the token of {option} contains control characters")))
            }
            token => Ok(token),
        }
    }

    /// Asks the operator a question. Returns `None` if there is no terminal.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        match &self.0 {
            Source::Typed(typed) if typed != "-" && io::stdin().is_terminal() => {}
            _ => return None,
        }
        let mut stderr = io::stderr();
        let asked = write!(stderr, "introspection-admin: {} [y/N] ", question.replace(char::is_control, " "));
        asked.and_then(|()| stderr.flush()).ok()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Reads a text with any number of lines.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the text itself was typed, cannot be read or is empty.
    pub fn read_document(&self, option: &str, what: &str) -> Result<String, Problem> {
        self.text(option, what, "")
    }

    /// Reads audit records, of which there may be many.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the records were typed, cannot be read or are empty.
    pub fn read_records(&self, option: &str) -> Result<String, Problem> {
        self.text_up_to(MAX_RECORDS_BYTES, option, "records", "")
    }

    /// `hint` is the advice for a text that was typed, which others may have seen.
    fn text(&self, option: &str, what: &str, hint: &str) -> Result<String, Problem> {
        self.text_up_to(MAX_BYTES, option, what, hint)
    }

    fn text_up_to(&self, limit: u64, option: &str, what: &str, hint: &str) -> Result<String, Problem> {
        let typed = match &self.0 {
            Source::Typed(typed) => typed.as_str(),
            Source::Given(text) => return Ok(text.clone()),
        };
        let text = match (typed, typed.strip_prefix('@')) {
            ("-", _) => {
                if io::stdin().is_terminal() {
                    warn(&format!("reading the {what} from the terminal; end it with a line break and Ctrl-D"));
                }
                read_text(io::stdin(), limit)
            }
            (_, Some(path)) => std::fs::File::open(path).and_then(|file| read_text(file, limit)),
            _ => {
                return Err(Problem::usage(format!(
                    "{option} takes - (standard input) or @FILE, not the {what} itself, which a shell's history would \
                     keep{hint}"
                )));
            }
        };
        let text = text.map_err(|error| Problem::usage(format!("the {what} of {option} cannot be read: {error}")))?;
        if text.trim_end_matches(['\r', '\n']).is_empty() {
            return Err(Problem::usage(format!("the {what} of {option} is empty")));
        }
        Ok(text)
    }
}

/// Reads a JSON object, as typed or from the file of `@FILE`.
///
/// # Errors
///
/// Returns [`Problem::Usage`] if it is not a JSON object, or if it repeats a member.
pub fn json_object(option: &str, typed: &str) -> Result<Map<String, Value>, Problem> {
    let text = match typed.strip_prefix('@') {
        Some(path) => std::fs::File::open(path)
            .and_then(|file| read_text(file, MAX_BYTES))
            .map_err(|error| Problem::usage(format!("the file of {option} cannot be read: {error}")))?,
        None => typed.to_owned(),
    };
    jwt::parse_object(text.as_bytes()).map_err(|_| {
        Problem::usage(format!(
            "{option} is not a JSON object, or names a member twice; for example: {option} '{{\"a\": 1}}'"
        ))
    })
}

fn read_text(source: impl Read, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    source.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::other(format!("it is over {} MiB", limit / MAX_BYTES)));
    }
    Ok(text)
}
