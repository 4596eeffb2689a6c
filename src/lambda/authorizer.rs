//! Events of API Gateway's Lambda authorizers, and how the function answers them.

use http::{HeaderMap, HeaderValue, Method, header::AUTHORIZATION};
use lambda_http::lambda_runtime::Diagnostic;
use serde_json::value::RawValue;

use super::{
    event::{add_headers, certificate_of_http_api, certificate_of_rest_api, http_method},
    members::{Fault, Members},
};
use crate::{
    access::{Gateway, Reply},
    call::Identity,
};

/// The members that name what is to be authorized. No other event has one of them.
const RESOURCES: [&str; 2] = ["routeArn", "methodArn"];
/// The stage variable with the scopes that all routes of the stage require, separated by commas.
const STAGE_SCOPES: &str = "required_scopes";

/// A request to a protected API, as an event describes it.
pub struct IncomingAccess {
    pub gateway: Gateway,
    pub resource: String,
    pub method: Method,
    pub path: String,
    pub route_key: Option<String>,
    pub stage_scopes: Option<String>,
    pub url: Option<String>,
    pub headers: HeaderMap,
    pub source_address: String,
    pub identity: Identity,
}

/// Why an invocation fails. The gateway reads the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// REST and WebSocket APIs answer 401 to exactly this message.
    Unauthorized,
    /// Any other message is a 500.
    Unknown,
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        let (error_type, error_message) = match failed {
            Failed::Unauthorized => ("Unauthorized", "Unauthorized"),
            Failed::Unknown => ("Unknown", "the token cannot be checked now"),
        };
        Self { error_type: error_type.to_owned(), error_message: error_message.to_owned() }
    }
}

/// The reply in the form of the runtime.
pub fn answer(reply: Reply) -> Result<Box<RawValue>, Failed> {
    match reply {
        Reply::Answer(json) => RawValue::from_string(json).map_err(|_| Failed::Unknown),
        Reply::Unauthorized => Err(Failed::Unauthorized),
        Reply::Failed => Err(Failed::Unknown),
    }
}

/// Whether this is an authorizer's event, which no client of an API can cause: its text is never a member of the event
/// itself (T-01).
pub fn is_of_an_authorizer(event: &Members<'_>) -> bool {
    event.iter().any(|(name, _)| RESOURCES.contains(&name))
}

impl IncomingAccess {
    /// Reads the members that an authorizer needs, and ignores all others.
    ///
    /// # Errors
    ///
    /// Returns [`Fault`] if one of them is missing, occurs twice, or has another type than the gateway sends.
    pub fn read(event: &Members<'_>) -> Result<Self, Fault> {
        match event.needed_text("type")?.as_str() {
            "REQUEST" if event.get("routeArn")?.is_some() => Self::of_format_2(event),
            "REQUEST" => Self::of_request(event),
            "TOKEN" => Self::of_token(event),
            _ => Err(event.fault("type", "is neither REQUEST nor TOKEN")),
        }
    }

    /// An HTTP API with payload format 2.0.
    fn of_format_2(event: &Members<'_>) -> Result<Self, Fault> {
        let context = event.inner("requestContext")?;
        let http = context.inner("http")?;
        let path = event.needed_text("rawPath")?;
        Ok(Self {
            gateway: Gateway::HttpApi,
            resource: event.needed_text("routeArn")?,
            method: http_method(&http, "method")?,
            route_key: Some(event.needed_text("routeKey")?),
            stage_scopes: event.inner("stageVariables")?.text(STAGE_SCOPES)?,
            url: url(&context, &path)?,
            headers: headers(event)?,
            source_address: http.text("sourceIp")?.unwrap_or_default(),
            identity: with_certificate(certificate_of_http_api(&context)?),
            path,
        })
    }

    /// A REST API, a WebSocket API, or an HTTP API with payload format 1.0.
    fn of_request(event: &Members<'_>) -> Result<Self, Fault> {
        let context = event.inner("requestContext")?;
        let is_socket = context.get("connectionId")?.is_some();
        let is_http_api = event.is_text("version", "1.0")?;
        let path = if is_socket { String::new() } else { event.needed_text("path")? };
        let (method, route_key) = if is_socket {
            (Method::GET, context.needed_text("routeKey")?)
        } else {
            let method = http_method(event, "httpMethod")?;
            let route_key = format!("{method} {}", event.needed_text("resource")?);
            (method, route_key)
        };
        // The path with the stage or the base path, as the client sent it.
        let url = match context.text("path")? {
            Some(path) => url(&context, &path)?,
            None => None,
        };
        Ok(Self {
            gateway: if is_http_api && !is_socket { Gateway::HttpApiFormat1 } else { Gateway::RestApi },
            resource: event.needed_text("methodArn")?,
            method,
            path,
            route_key: Some(route_key),
            stage_scopes: event.inner("stageVariables")?.text(STAGE_SCOPES)?,
            url,
            headers: headers(event)?,
            source_address: context.inner("identity")?.text("sourceIp")?.unwrap_or_default(),
            identity: with_certificate(certificate_of_rest_api(&context)?),
        })
    }

    /// A REST API whose authorizer gets only one header. Such an event names neither route nor stage.
    fn of_token(event: &Members<'_>) -> Result<Self, Fault> {
        let mut headers = HeaderMap::new();
        if let Some(token) = event.text("authorizationToken")? {
            let value = HeaderValue::from_str(&token).unwrap_or(HeaderValue::from_static("?"));
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            gateway: Gateway::RestApi,
            resource: event.needed_text("methodArn")?,
            method: Method::GET,
            path: String::new(),
            route_key: None,
            stage_scopes: None,
            url: None,
            headers,
            source_address: String::new(),
            identity: Identity::default(),
        })
    }
}

fn with_certificate(certificate: Option<String>) -> Identity {
    Identity { certificate, ..Identity::default() }
}

/// The requested URL without its query, as the client sent it. The domain is the gateway's, and not a header.
fn url(context: &Members<'_>, path: &str) -> Result<Option<String>, Fault> {
    Ok(context.text("domainName")?.map(|domain| format!("https://{domain}{path}")))
}

/// The headers, with all values of those that were sent more than once. The map of single values would hide them.
fn headers(event: &Members<'_>) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    add_headers(&mut headers, event, "multiValueHeaders")?;
    if headers.is_empty() {
        add_headers(&mut headers, event, "headers")?;
    }
    Ok(headers)
}
