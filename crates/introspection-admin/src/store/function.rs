//! Reads the environment variables of a deployed function with one request to the Lambda API. A client library for that
//! service would be a large dependency for one operation, so the request is signed with the SDK's signer and sent with
//! its connector.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use token_introspection::{arn::Arn, store::http_connector};
use tokio::time::{sleep, timeout};

use super::{AdminError, CONNECT_TIMEOUT, Connection, TOTAL_TIMEOUT, configuration, proxies};

/// The maximum length of a name or ARN. The API's own limit is 170 characters.
const MAX_NAME: usize = 200;
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
const ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// The characters that a path segment may contain unencoded (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The configuration of a deployed function. The variables may contain secrets, so there is no `Debug`.
pub struct Deployed {
    pub variables: BTreeMap<String, String>,
    /// The Region in the function's ARN, if an ARN was given.
    pub region: Option<String>,
}

/// Why the configuration could not be read. Its `Display` is one line that says what helps.
#[derive(Debug, PartialEq, Eq)]
pub enum FunctionFailure {
    /// There is no Region or there are no credentials, or AWS does not accept the credentials.
    Account(AdminError),
    Name,
    NotFound(String),
    NotAllowed(String),
    /// Lambda may not decrypt the variables with these credentials.
    Encrypted(String),
    Throttled,
    Unreachable,
    Timeout,
    Other(String),
}

impl FunctionFailure {
    /// Whether the operator named something wrong. Otherwise, the configuration is unknown.
    pub fn is_wrong_usage(&self) -> bool {
        matches!(self, Self::Name | Self::NotFound(_))
    }
}

impl fmt::Display for FunctionFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(failure) => write!(formatter, "{failure}"),
            Self::Name => write!(formatter, "--function is not the name or ARN of a Lambda function"),
            Self::NotFound(name) => write!(
                formatter,
                "there is no Lambda function {name:?} in this account and Region; check --function and --region"
            ),
            Self::NotAllowed(name) => write!(
                formatter,
                "these credentials may not use lambda:GetFunctionConfiguration on the function {name:?}; have it \
                 granted, or give --settings FILE"
            ),
            Self::Encrypted(code) => write!(
                formatter,
                "Lambda could not decrypt the function's environment variables ({code}); have kms:Decrypt granted, or \
                 give --settings FILE"
            ),
            Self::Throttled => write!(formatter, "Lambda throttles these requests; try again"),
            Self::Unreachable => write!(formatter, "Lambda cannot be reached; check --region and the network"),
            Self::Timeout => write!(formatter, "Lambda did not answer in time; try again"),
            Self::Other(what) => write!(formatter, "Lambda answered GetFunctionConfiguration with {what}; try again"),
        }
    }
}

impl std::error::Error for FunctionFailure {}

impl From<AdminError> for FunctionFailure {
    fn from(failure: AdminError) -> Self {
        Self::Account(failure)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    environment: Option<Environment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
    error: Option<EnvironmentError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnvironmentError {
    error_code: String,
}

/// Reads the environment variables of a function. The name or ARN may end with an alias or version.
///
/// # Errors
///
/// Returns [`FunctionFailure`] if the variables could not be read.
pub async fn deployed_variables(name: &str, connection: &Connection) -> Result<Deployed, FunctionFailure> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_:$.".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_name) {
        return Err(FunctionFailure::Name);
    }
    let region = if Arn::is_meant(name) {
        let function =
            Arn::parse(name).filter(|arn| !arn.region.is_empty() && arn.name_of("lambda", "function:").is_some());
        Some(function.ok_or(FunctionFailure::Name)?.region)
    } else {
        None
    };
    // `--endpoint-url` is only for DynamoDB.
    let connection = Connection {
        endpoint_url: None,
        region: region.clone().or_else(|| connection.region.clone()),
        lambda_endpoint_url: connection.lambda_endpoint_url.clone(),
        prepared: None,
    };
    let config = configuration(&connection).await?;
    let uri = uri(name, &config, connection.lambda_endpoint_url.as_deref());
    let connector = http_connector(CONNECT_TIMEOUT, &proxies().map_err(AdminError::from)?);
    let request = || ask(name, &uri, &config, &connector);
    let variables = timeout(TOTAL_TIMEOUT, with_retries(request)).await.unwrap_or(Err(FunctionFailure::Timeout))?;
    Ok(Deployed { variables, region })
}

async fn with_retries<T>(request: impl AsyncFn() -> Result<T, FunctionFailure>) -> Result<T, FunctionFailure> {
    let mut backoff = FIRST_BACKOFF;
    for _ in 1..ATTEMPTS {
        match request().await {
            Err(FunctionFailure::Throttled | FunctionFailure::Unreachable | FunctionFailure::Other(_)) => {}
            answer => return answer,
        }
        sleep(backoff).await;
        backoff *= 2;
    }
    request().await
}

fn uri(name: &str, config: &SdkConfig, endpoint: Option<&str>) -> String {
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let regional = format!("https://lambda.{region}.{suffix}");
    let endpoint = endpoint.or(config.endpoint_url()).unwrap_or(&regional).trim_end_matches('/');
    format!("{endpoint}/2015-03-31/functions/{}/configuration", utf8_percent_encode(name, SEGMENT))
}

async fn ask(
    name: &str,
    uri: &str,
    config: &SdkConfig,
    connector: &SharedHttpConnector,
) -> Result<BTreeMap<String, String>, FunctionFailure> {
    let request = signed(uri, config).await?;
    let response = connector
        .call(request)
        .await
        .map_err(|error| if error.is_timeout() { FunctionFailure::Timeout } else { FunctionFailure::Unreachable })?;
    let status = response.status().as_u16();
    let code = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().to_owned();
    match (status, code.as_str()) {
        (200, _) => {}
        (404, _) => return Err(FunctionFailure::NotFound(name.to_owned())),
        (429, _) => return Err(FunctionFailure::Throttled),
        (403, "" | "AccessDeniedException") => return Err(FunctionFailure::NotAllowed(name.to_owned())),
        (401 | 403, code) => return Err(AdminError::BadCredentials(code.to_owned()).into()),
        (status, code) => return Err(FunctionFailure::Other(format!("the status {status} {code}").trim().to_owned())),
    }
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body.map_err(|_| FunctionFailure::Other("a body that breaks off".to_owned()))?.to_bytes();
    let unreadable = || FunctionFailure::Other("a body that is not a function's configuration".to_owned());
    let configuration: Configuration = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    match configuration.environment {
        Some(Environment { error: Some(error), .. }) => Err(FunctionFailure::Encrypted(error.error_code)),
        Some(Environment { variables, .. }) => Ok(variables),
        None => Ok(BTreeMap::new()),
    }
}

/// Makes a request with AWS Signature Version 4.
async fn signed(uri: &str, config: &SdkConfig) -> Result<HttpRequest, FunctionFailure> {
    use aws_sdk_dynamodb::config::ProvideCredentials as _;
    let provider = config.credentials_provider().ok_or(AdminError::NoCredentials)?;
    let identity = provider.provide_credentials().await.map_err(|_| AdminError::NoCredentials)?.into();
    let unusable = || FunctionFailure::Unreachable;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(config.region().map(AsRef::as_ref).unwrap_or_default())
        .name("lambda")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| unusable())?
        .into();
    let signable = SignableRequest::new("GET", uri, std::iter::empty(), SignableBody::Bytes(&[]));
    let (instructions, _) = sign(signable.map_err(|_| unusable())?, &parameters).map_err(|_| unusable())?.into_parts();
    let mut request = http::Request::get(uri).body("".into()).map_err(|_| unusable())?;
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|_| unusable())
}
