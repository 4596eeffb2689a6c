//! Tokens, secrets, keys and JSON documents that come in by standard input or from a file.

use std::io::{self, IsTerminal, Read};

use serde_json::{Map, Value};
use token_introspection::jwt;

use crate::{output::warn, problem::Problem};

/// No token, secret or set of claims is longer.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where a token, a secret or a key set is to be read. What was typed may be the token itself, so it has no `Debug`.
#[derive(Clone)]
pub struct Source(String);

impl From<String> for Source {
    fn from(typed: String) -> Self {
        Self(typed)
    }
}

impl Source {
    /// Reads it, without the line break at its end. `option` and `what` are for the error.
    ///
    /// # Errors
    ///
    /// Where it stands on the command line itself, cannot be read, is empty or holds more than one line.
    pub fn read(&self, option: &str, what: &str) -> Result<String, Problem> {
        let text = self.text(option, what, &format!("; change that {what} if it was a live one"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.contains(char::is_control) {
            Err(Problem::usage(format!("the {what} of {option} is more than one line, or holds control characters")))
        } else {
            Ok(text.to_owned())
        }
    }

    /// Reads a text of many lines.
    ///
    /// # Errors
    ///
    /// Where it stands on the command line itself, cannot be read or is empty.
    pub fn read_document(&self, option: &str, what: &str) -> Result<String, Problem> {
        self.text(option, what, "")
    }

    /// `cure` is for what somebody else may have seen by now.
    fn text(&self, option: &str, what: &str, cure: &str) -> Result<String, Problem> {
        let text = match (self.0.as_str(), self.0.strip_prefix('@')) {
            ("-", _) => {
                if io::stdin().is_terminal() {
                    warn(&format!("reading the {what} from the terminal; end it with a line break and Ctrl-D"));
                }
                read_text(io::stdin())
            }
            (_, Some(path)) => std::fs::File::open(path).and_then(read_text),
            _ => {
                return Err(Problem::usage(format!(
                    "{option} takes - (standard input) or @FILE, not the {what} itself, which a shell's history would \
                     keep{cure}"
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

/// A JSON object, as it was typed or in the file that `@FILE` names.
///
/// # Errors
///
/// Where it is none, or says a thing twice.
pub fn json_object(option: &str, typed: &str) -> Result<Map<String, Value>, Problem> {
    let text = match typed.strip_prefix('@') {
        Some(path) => std::fs::File::open(path)
            .and_then(read_text)
            .map_err(|error| Problem::usage(format!("the file of {option} cannot be read: {error}")))?,
        None => typed.to_owned(),
    };
    jwt::parse_object(text.as_bytes()).map_err(|_| {
        Problem::usage(format!(
            "{option} is not a JSON object, or says a thing twice; for example: {option} '{{\"a\": 1}}'"
        ))
    })
}

fn read_text(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES { Err(io::Error::other("it is over 1 MiB")) } else { Ok(text) }
}
