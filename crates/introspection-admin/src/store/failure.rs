//! Why the store did not do what the operator's tool asked for.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use token_introspection::{settings::SettingError, store::RedisFailure};

/// A failure of the store. Its `Display` is one line that says what helps. It quotes neither keys nor attributes,
/// although DynamoDB's errors do.
#[derive(Debug, PartialEq, Eq)]
pub enum AdminError {
    /// The item has changed, or does not exist, although the write expected it.
    Condition,
    NoCredentials,
    NoRegion,
    /// The credentials are unknown to AWS, or have expired.
    BadCredentials(String),
    /// This table does not exist.
    NoTable(String),
    /// This table has another primary key than ours.
    OtherTable(String),
    NotAllowed {
        operation: &'static str,
        table: String,
    },
    /// A wrong setting, because Redis cannot be used like this.
    Setting(SettingError),
    /// What Redis did instead. A write may still have been made.
    Redis(String),
    Unreachable,
    /// DynamoDB did not answer in time. A write may still have been made.
    Timeout,
    Other {
        operation: &'static str,
        table: String,
        code: String,
    },
}

impl fmt::Display for AdminError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition => {
                write!(formatter, "another program changed the item at the same time; run the command again")
            }
            Self::NoCredentials => write!(
                formatter,
                "there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (a \
                 local engine takes any)"
            ),
            Self::NoRegion => write!(formatter, "there is no AWS Region; give --region or set AWS_REGION"),
            Self::BadCredentials(code) => {
                write!(
                    formatter,
                    "AWS does not accept the credentials ({code}); renew them or choose another AWS_PROFILE"
                )
            }
            Self::NoTable(table) => write!(
                formatter,
                "there is no table {table:?} in this account and Region; `introspection-admin tables create` makes it, \
                 CLIENTS_TABLE, TOKENS_TABLE and STATE_TABLE name others"
            ),
            Self::OtherTable(table) => write!(
                formatter,
                "the table {table:?} has another primary key than ours; choose other names with CLIENTS_TABLE, \
                 TOKENS_TABLE and STATE_TABLE"
            ),
            Self::NotAllowed { operation, table } => write!(
                formatter,
                "these credentials may not use dynamodb:{operation} on the table {table:?}; use others, or have it \
                 granted"
            ),
            Self::Setting(error) => write!(formatter, "{error}"),
            Self::Redis(failure) => {
                write!(formatter, "with Redis, {failure}; check the result, then run the command again")
            }
            Self::Unreachable => {
                write!(formatter, "DynamoDB cannot be reached; check --endpoint-url, --region and the network")
            }
            Self::Timeout => write!(
                formatter,
                "DynamoDB did not answer in time, and a write may have been made; check the result, then run the command \
                 again"
            ),
            Self::Other { operation, table, code } => {
                let hint = match code.as_str() {
                    "ValidationException" => "check the names of the tables and what was given",
                    _ => "try again",
                };
                write!(formatter, "DynamoDB answered {operation} on the table {table:?} with {code}; {hint}")
            }
        }
    }
}

impl std::error::Error for AdminError {}

impl From<SettingError> for AdminError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error)
    }
}

impl From<RedisFailure> for AdminError {
    fn from(failure: RedisFailure) -> Self {
        failure.setting().map_or_else(|| Self::Redis(failure.to_string()), Self::Setting)
    }
}

/// Names the failure by the error's code. The error's message is not used, because it may quote what was written.
pub(super) fn failure<E: ProvideErrorMetadata, R>(
    operation: &'static str,
    table: &str,
    error: &SdkError<E, R>,
) -> AdminError {
    let code = match error {
        SdkError::TimeoutError(_) => return AdminError::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => return AdminError::Timeout,
        SdkError::DispatchFailure(_) => return AdminError::Unreachable,
        SdkError::ServiceError(service) => service.err().code().unwrap_or("an error without a code"),
        SdkError::ResponseError(_) => "an answer that cannot be read",
        _ => "no answer, because the request could not be made",
    };
    match code {
        "ConditionalCheckFailedException" => AdminError::Condition,
        "ResourceNotFoundException" => AdminError::NoTable(table.to_owned()),
        "AccessDeniedException" => AdminError::NotAllowed { operation, table: table.to_owned() },
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException" => AdminError::BadCredentials(code.to_owned()),
        _ => AdminError::Other { operation, table: table.to_owned(), code: code.to_owned() },
    }
}
