//! The function's settings as a document: the answer of the Lambda API, or a file with `NAME=value` lines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::problem::Problem;

/// The environment variables of a deployed function. They may contain secrets, so there is no `Debug`.
pub struct Document {
    /// Where the variables are from, for errors.
    pub origin: String,
    pub variables: BTreeMap<String, String>,
}

const TRUSTED_ISSUERS_FILE: &str = "TRUSTED_ISSUERS_FILE";

impl Document {
    /// Parses the document of `--settings`: JSON as the Lambda API returns it, or lines. Errors never quote a value.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the text is neither of the two.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let origin = "the file of --settings".to_owned();
        let text = text.trim_start_matches('\u{feff}');
        let variables = if text.trim_start().starts_with('{') { json(text) } else { lines(text) };
        variables
            .map(|variables| Self { origin, variables })
            .map_err(|what| Problem::Usage(format!("--settings: {what}")))
    }

    /// The value of a variable. Account, Region and credentials are always the operator's own, and so is a local copy
    /// of the file with the trusted issuers.
    pub fn variable(&self, name: &str, environment: &impl Fn(&str) -> Option<String>) -> Option<String> {
        match name {
            _ if name.starts_with("AWS_") => environment(name),
            TRUSTED_ISSUERS_FILE => {
                let deployed = self.issuers_file()?;
                Some(environment(name).unwrap_or_else(|| deployed.to_owned()))
            }
            _ => self.variables.get(name).cloned(),
        }
    }

    /// The file in the function's package that contains its trusted issuers.
    pub fn issuers_file(&self) -> Option<&str> {
        self.variables.get(TRUSTED_ISSUERS_FILE).map(String::as_str).filter(|path| !path.trim().is_empty())
    }
}

/// Parses the answer of `aws lambda get-function-configuration` or `get-function`, the argument of
/// `update-function-configuration --environment`, or a plain object.
fn json(text: &str) -> Result<BTreeMap<String, String>, String> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| format!("the JSON ends or breaks at line {}", error.line()))?;
    let document = document.get("Configuration").unwrap_or(&document);
    let environment = document.get("Environment");
    if let Some(code) = document.pointer("/Environment/Error/ErrorCode").and_then(Value::as_str) {
        return Err(format!("Lambda could not decrypt the variables ({code})"));
    }
    let is_answer = document.get("FunctionName").is_some() || document.get("FunctionArn").is_some();
    let variables = match environment.unwrap_or(document).get("Variables") {
        Some(variables) => variables,
        None if environment.is_some() || is_answer => return Ok(BTreeMap::new()),
        None => document,
    };
    let variables = variables.as_object().ok_or("\"Variables\" is not an object")?;
    variables
        .iter()
        .map(|(name, value)| match value {
            Value::String(value) => Ok((name.clone(), value.clone())),
            _ => Err(format!("the value of {name:?} is not a string")),
        })
        .collect()
}

/// Parses `NAME=value` lines, with comments, `export`, and quoted values, which may have several lines.
fn lines(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    let (mut rest, mut number) = (text, 1);
    while !rest.is_empty() {
        let line = rest.lines().next().unwrap_or_default();
        let trimmed = line.trim();
        let mut length = line.len();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let wrong = |what: &str| format!("line {number} {what}");
            let (name, value) = line.split_once('=').ok_or_else(|| wrong("is not NAME=value"))?;
            let start = name.len() + 1;
            let name = name.trim().strip_prefix("export ").unwrap_or(name).trim();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(wrong("is not NAME=value"));
            }
            let value = if value.trim_start().starts_with(['\'', '"']) {
                let indent = value.len() - value.trim_start().len();
                let from = rest.get(start + indent..).unwrap_or_default();
                let (value, used) = quoted(from).ok_or_else(|| wrong("has a quote that is never closed"))?;
                length = start + indent + used;
                value
            } else {
                plain(value)
            };
            variables.insert(name.to_owned(), value);
        }
        let used = rest.get(..length).unwrap_or(rest);
        number += used.matches('\n').count() + 1;
        rest = rest.get(length..).unwrap_or_default();
        // Only a comment may follow a closing quote.
        rest = rest.split_once('\n').map_or("", |(_, next)| next);
    }
    if variables.is_empty() { Err("there is no NAME=value line in it".to_owned()) } else { Ok(variables) }
}

/// A value without quotes. A comment may follow it, except after JSON.
fn plain(value: &str) -> String {
    let value = value.trim();
    let is_json = value.starts_with(['[', '{']);
    let end = if is_json { None } else { value.find(" #") };
    end.and_then(|end| value.get(..end)).unwrap_or(value).trim_end().to_owned()
}

/// A quoted value, as a shell reads it (including `'it'\''s'`), and its length in bytes.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (None, '\\') => value.push(characters.next()?.1),
            (None, c) if c.is_whitespace() => return Some((value, at)),
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') => match characters.next()?.1 {
                'n' => value.push('\n'),
                c @ ('"' | '\\' | '$' | '`') => value.push(c),
                c => value.extend(['\\', c]),
            },
            (_, c) => value.push(c),
        }
    }
    quote.is_none().then_some((value, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        Document::parse(text).map_or_else(
            |problem| vec![("error".to_owned(), problem.to_string())],
            |document| document.variables.into_iter().collect(),
        )
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn settings_are_read_from_lines() {
        for (text, value) in [
            ("A=b", "b"),
            ("A=b\r\n", "b"),
            ("\n# comment\n  export A = b  \n", "b"),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A='b c' # comment\n", "b c"),
            ("A=\"b\\\"c\\n\"", "b\"c\n"),
            ("A='it'\\''s'", "it's"),
            (r#"A=[{"issuer": "https://a", "x": " # "}]"#, r#"[{"issuer": "https://a", "x": " # "}]"#),
            ("A='[\n {\"issuer\": \"https://a\"}\n]'\n", "[\n {\"issuer\": \"https://a\"}\n]"),
        ] {
            assert_eq!(parsed(text), [pair("A", value)], "{text:?}");
        }
        assert_eq!(parsed("A='x\ny'\nB=\"z\"\n#\nC=1"), [pair("A", "x\ny"), pair("B", "z"), pair("C", "1")]);
    }

    #[test]
    fn settings_are_read_from_json_of_the_lambda_api() {
        for text in [
            r#"{"FunctionName": "f", "Environment": {"Variables": {"A": "b"}}}"#,
            r#"{"Configuration": {"Environment": {"Variables": {"A": "b"}}}, "Code": {}}"#,
            r#"{"Variables": {"A": "b"}}"#,
            r#" {"A": "b"}"#,
        ] {
            assert_eq!(parsed(text), [pair("A", "b")], "{text}");
        }
        assert_eq!(parsed(r#"{"FunctionName": "f"}"#), []);
    }

    #[test]
    fn o04_errors_quote_no_value() {
        for (text, expected) in [
            ("hunter2", "line 1 is not NAME=value"),
            ("A=1\nsecret value=hunter2", "line 2 is not NAME=value"),
            ("A='x\ny'\nB='hunter2", "line 3 has a quote that is never closed"),
            ("{\"A\": \"hunter2\"", "the JSON ends or breaks at line 1"),
            ("{\"A\": [\"hunter2\"]}", "the value of \"A\" is not a string"),
            ("{\"Environment\": {\"Error\": {\"ErrorCode\": \"AccessDeniedException\"}}}", "could not decrypt"),
            ("# nothing", "no NAME=value line"),
        ] {
            let errors = parsed(text);
            let [(_, error)] = errors.as_slice() else { panic!("{text}") };
            assert!(error.contains(expected) && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn credentials_stay_the_operators_and_the_file_of_issuers_may_be_a_local_copy() {
        let document =
            Document::parse("AWS_REGION=there\nISSUER=deployed\nTRUSTED_ISSUERS_FILE=/var/task/issuers.json");
        let Ok(document) = document else { panic!("the document does not parse") };
        let environment = |name: &str| Some(format!("operator's {name}"));
        assert_eq!(document.variable("AWS_REGION", &environment), Some("operator's AWS_REGION".to_owned()));
        assert_eq!(document.variable("ISSUER", &environment), Some("deployed".to_owned()));
        assert_eq!(document.variable("REDIS_URL", &environment), None);
        let file = "TRUSTED_ISSUERS_FILE";
        assert_eq!(document.variable(file, &environment), Some(format!("operator's {file}")));
        assert_eq!(document.variable(file, &|_: &str| None), Some("/var/task/issuers.json".to_owned()));
    }
}
