//! Why a command failed.

use std::{fmt, process::ExitCode};

use crate::store::{AdminError, FunctionFailure};
use token_introspection::settings::SettingError;

/// Exit code of a negative answer: inactive, not found, exists already, or a mark that would revoke nothing.
pub const NEGATIVE: u8 = 1;
/// Exit code of an invalid command line or setting.
pub const USAGE: u8 = 2;
/// Exit code if the answer or the result is unknown.
pub const UNKNOWN: u8 = 3;

/// A problem, as one line that says what is wrong and what helps. It contains neither tokens nor secrets.
pub enum Problem {
    Usage(String),
    /// The answer is negative.
    Negative(String),
    Unknown(String),
}

impl Problem {
    pub fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    pub fn negative(text: impl Into<String>) -> Self {
        Self::Negative(text.into())
    }

    /// The same problem, with what was already done.
    #[must_use]
    pub fn after(self, done: &str) -> Self {
        let join = |text: String| format!("{done}, but {text}");
        match self {
            Self::Usage(text) => Self::Usage(join(text)),
            Self::Negative(text) => Self::Negative(join(text)),
            Self::Unknown(text) => Self::Unknown(join(text)),
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => USAGE,
            Self::Negative(_) => NEGATIVE,
            Self::Unknown(_) => UNKNOWN,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(text) | Self::Negative(text) | Self::Unknown(text)) = self;
        // Quoted text may contain a line break, but the message must be one line.
        formatter.write_str(&text.replace(char::is_control, " "))
    }
}

impl From<AdminError> for Problem {
    fn from(failure: AdminError) -> Self {
        match failure {
            AdminError::Condition => Self::Negative(failure.to_string()),
            AdminError::NoCredentials | AdminError::NoRegion | AdminError::OtherTable(_) | AdminError::Setting(_) => {
                Self::Usage(failure.to_string())
            }
            _ => Self::Unknown(failure.to_string()),
        }
    }
}

impl From<FunctionFailure> for Problem {
    fn from(failure: FunctionFailure) -> Self {
        match failure {
            FunctionFailure::Account(failure) => failure.into(),
            failure if failure.is_wrong_usage() => Self::Usage(failure.to_string()),
            failure => Self::Unknown(failure.to_string()),
        }
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Self {
        Self::Usage(error.to_string())
    }
}
