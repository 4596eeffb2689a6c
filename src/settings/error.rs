//! The one line with which a wrong setting ends the start.

use std::fmt;

/// A setting that is missing or wrong. Its `Display` is one line that names the variable, what is wrong with it
/// and an example of a right value.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingError {
    variable: &'static str,
    problem: String,
    example: &'static str,
}

impl SettingError {
    pub fn new(variable: &'static str, problem: impl Into<String>, example: &'static str) -> Self {
        Self { variable, problem: problem.into(), example }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is quoted from a setting may hold a line break; the message may not.
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
}
