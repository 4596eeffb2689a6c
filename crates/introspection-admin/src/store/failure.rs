//! Why the store did not do what the operator's tool asked of it.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use token_introspection::{settings::SettingError, store::RedisFailure};

/// Its `Display` is one line that names the cure. It quotes no key and no attribute, since errors of DynamoDB do.
#[derive(Debug, PartialEq, Eq)]
pub enum AdminError {
    /// The item is not, or not any more, as the write expected it.
    Condition,
    NoCredentials,
    NoRegion,
    /// Whose credentials these are is unknown, or they are too old.
    BadCredentials(String),
    /// The table that is not there.
    NoTable(String),
    /// The table whose primary key is none of ours.
    OtherTable(String),
    NotAllowed {
        operation: &'static str,
        table: String,
    },
    /// What Redis cannot be used for is a wrong setting.
    Setting(SettingError),
    /// What Redis did instead. A write may have been made all the same.
    Redis(String),
    Unreachable,
    /// A write may have been made all the same.
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
                write!(formatter, "the item was changed by somebody else meanwhile; run the command again")
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
            Self::Redis(failure) => write!(formatter, "with Redis, {failure}; look, then run the command again"),
            Self::Unreachable => {
                write!(formatter, "DynamoDB cannot be reached; check --endpoint-url, --region and the network")
            }
            Self::Timeout => write!(
                formatter,
                "DynamoDB did not answer in time, and a write may have been made; look, then run the command again"
            ),
            Self::Other { operation, table, code } => {
                let cure = match code.as_str() {
                    "ValidationException" => "check the names of the tables and what was given",
                    _ => "try again",
                };
                write!(formatter, "DynamoDB answered {operation} on the table {table:?} with {code}; {cure}")
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

/// Names the failure by the error's code; its message may quote what was written.
pub(super) fn failure<E: ProvideErrorMetadata, R>(
    operation: &'static str,
    table: &str,
    error: &SdkError<E, R>,
) -> AdminError {
    let code = match error {
        SdkError::TimeoutError(_) => return AdminError::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => return AdminError::Timeout,
        SdkError::DispatchFailure(_) => return AdminError::Unreachable,
        SdkError::ServiceError(service) => service.err().code().unwrap_or("an error without a name"),
        SdkError::ResponseError(_) => "something that is no answer of DynamoDB's",
        _ => "nothing, since the request could not be made",
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
