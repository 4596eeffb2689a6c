//! The error line with which the function refuses to start if a setting is wrong.

use std::fmt;

use serde_json::error::Category;

/// A missing or wrong setting. Its `Display` is one line that names the variable, what is wrong and an example of a
/// correct value.
///
/// Any setting may contain a secret, by mistake or because a key was pasted instead of its location. So the problem
/// says where the fault is (the number of an entry, a member's name from our own list, line and column), but never
/// quotes the value.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingError {
    variable: &'static str,
    problem: String,
    example: String,
}

impl SettingError {
    pub fn new(variable: &'static str, problem: impl Into<String>, example: impl Into<String>) -> Self {
        Self { variable, problem: problem.into(), example: example.into() }
    }
}

/// What is wrong with a JSON document, without the values and names that `serde_json` quotes from it.
pub fn json_problem(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    // Our own deserializers report no position if the whole document is at fault.
    let place = if line == 0 { String::new() } else { format!(" at line {line} column {column}") };
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    match error.classify() {
        // These are fixed texts of the parser.
        Category::Syntax | Category::Eof | Category::Io => format!("{text}{place}"),
        Category::Data => format!("{}{place}", data_problem(text)),
    }
}

/// What is wrong with a value. Only our own words are quoted: the names of missing and duplicate members, and what was
/// expected.
fn data_problem(text: &str) -> String {
    if ["missing field `", "duplicate field `"].iter().any(|ours| text.starts_with(ours)) {
        return text.to_owned();
    }
    let what = if text.starts_with("unknown field ") {
        "unknown member"
    } else if text.starts_with("invalid type: ") {
        "wrong type"
    } else {
        "wrong value"
    };
    // The parser writes what was found before what was expected, so text from the document cannot be the last part.
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{what}, expected {expected}"),
        None => what.to_owned(),
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A text of the operating system or of a server may contain a line break, but the message must be one line.
        let problem = self.problem.replace(char::is_control, " ");
        write!(formatter, "{} {problem}; for example: {}={}", self.variable, self.variable, self.example)
    }
}

impl std::error::Error for SettingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_is_quoted_in_it() {
        let error = SettingError::new("ISSUER", "is \"a\nb\r\u{7}\"", "https://introspection.example.com");
        let expected = "ISSUER is \"a b  \"; for example: ISSUER=https://introspection.example.com";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_json_error_has_a_position_and_quotes_nothing() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Entry {
            issuer: String,
            algorithms: Option<Vec<String>>,
        }
        for (text, expected) in [
            ("hunter2", "expected value at line 1 column 1"),
            (r#"[{"issuer":"hunter2"#, "EOF while parsing a string at line 1 column 19"),
            (r#""hunter2""#, "wrong type, expected a sequence at line 1 column 9"),
            (r#"[{"hunter2":1}]"#, "unknown member, expected `issuer` or `algorithms` at line 1 column 11"),
            (r#"[{"issuer":1,"issuer":2}]"#, "wrong type, expected a string at line 1 column 12"),
            (r#"[{"issuer":"","issuer":""}]"#, "duplicate field `issuer` at line 1 column 22"),
            ("[{}]", "missing field `issuer` at line 1 column 3"),
            (
                r#"[{"issuer":"","algorithms":"hunter2, expected hunter2"}]"#,
                "wrong type, expected a sequence at line 1 column 54",
            ),
        ] {
            let error = serde_json::from_str::<Vec<Entry>>(text).unwrap_err();
            assert_eq!(json_problem(&error), expected, "{text}");
        }
    }
}
