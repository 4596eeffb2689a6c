//! What the function reads of an event: only the members that it needs, of all four kinds of events.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    authorizer::{IncomingAccess, is_of_an_authorizer},
    members::{Fault, Members},
};
use crate::{call::Identity, request::parse_names};

/// An event, or any JSON that a gateway would not send. It contains secrets and tokens, so it has no `Debug`.
///
/// Any JSON deserializes into it: an error at that point would be a failed invocation instead of an answer.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Event(Box<RawValue>);

/// What sent an event, and so which form the answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// An HTTP API with payload format 2.0, or a function URL.
    HttpApi,
    RestApi,
    LoadBalancer,
}

/// What an event asks for.
pub enum Asked {
    Request(Incoming),
    Access(IncomingAccess),
}

/// Why an event cannot be read, and whether it is one of an authorizer, whose invocation then fails.
#[derive(Debug)]
pub struct Unreadable {
    pub fault: Fault,
    pub of_an_authorizer: bool,
}

/// The request in an event.
pub struct Incoming {
    pub source: EventSource,
    pub method: Method,
    pub path: String,
    pub query_names: Vec<String>,
    pub headers: HeaderMap,
    /// `None` if its base64 is not valid.
    pub body: Option<Vec<u8>>,
    pub source_address: String,
    pub identity: Identity,
}

impl Event {
    /// Reads the members that the function needs, and ignores all others.
    ///
    /// # Errors
    ///
    /// Returns `Unreadable` if one of them is missing, occurs twice, or has another type than the source sends.
    pub fn read(&self) -> Result<Asked, Unreadable> {
        let unreadable = |of_an_authorizer| move |fault| Unreadable { fault, of_an_authorizer };
        let event = Members::of_event(&self.0).map_err(unreadable(false))?;
        if is_of_an_authorizer(&event) {
            IncomingAccess::read(&event).map(Asked::Access).map_err(unreadable(true))
        } else {
            Incoming::read(&event).map(Asked::Request).map_err(unreadable(false))
        }
    }

    /// Whether the request is a `HEAD`, as far as an unreadable event shows it.
    pub fn is_head(&self) -> bool {
        let method = Members::of_event(&self.0).and_then(|event| {
            let context = event.inner("requestContext")?;
            method(source(&event, &context)?, &event, &context)
        });
        method.is_ok_and(|method| method == Method::HEAD)
    }
}

impl Incoming {
    fn read(event: &Members<'_>) -> Result<Self, Fault> {
        let context = event.inner("requestContext")?;
        let source = source(event, &context)?;
        let method = method(source, event, &context)?;
        let is_base64 = event.flag("isBase64Encoded")?;
        let body = event.text("body")?.unwrap_or_default();
        let body = if is_base64 { STANDARD.decode(body).ok() } else { Some(body.into_bytes()) };
        let headers = headers(source, event)?;
        let path = event.needed_text(if source == EventSource::HttpApi { "rawPath" } else { "path" })?;
        let query_names = match source {
            EventSource::HttpApi => event.text("rawQueryString")?.map(|query| parse_names(&query)).unwrap_or_default(),
            EventSource::RestApi | EventSource::LoadBalancer => query_names(event)?,
        };
        let source_address = match source {
            EventSource::HttpApi => context.inner("http")?.text("sourceIp")?.unwrap_or_default(),
            EventSource::RestApi => context.inner("identity")?.text("sourceIp")?.unwrap_or_default(),
            EventSource::LoadBalancer => last_forwarded_for(&headers),
        };
        let identity = match source {
            EventSource::HttpApi => identity_of_http_api(&context)?,
            EventSource::RestApi => identity_of_rest_api(&context)?,
            // Load balancers put the identity into headers, which do not count.
            EventSource::LoadBalancer => Identity::default(),
        };
        Ok(Self { source, method, path, query_names, headers, body, source_address, identity })
    }
}

fn source(event: &Members<'_>, context: &Members<'_>) -> Result<EventSource, Fault> {
    Ok(if event.is_text("version", "2.0")? || context.get("http")?.is_some() {
        EventSource::HttpApi
    } else if context.get("elb")?.is_some() {
        EventSource::LoadBalancer
    } else {
        EventSource::RestApi
    })
}

fn method(source: EventSource, event: &Members<'_>, context: &Members<'_>) -> Result<Method, Fault> {
    let http = context.inner("http")?;
    let (members, name) = match source {
        EventSource::HttpApi => (&http, "method"),
        EventSource::RestApi | EventSource::LoadBalancer => (event, "httpMethod"),
    };
    http_method(members, name)
}

/// A member that is the method of a request.
pub(super) fn http_method(members: &Members<'_>, name: &str) -> Result<Method, Fault> {
    let method = members.needed_text(name)?;
    Method::from_bytes(method.as_bytes()).map_err(|_| members.fault(name, "is not an HTTP method"))
}

/// The identity that the gateway authenticated. A certificate counts only from here, never from a header (F-04). Custom
/// authorizers may write any members beside `iam`; none of those is read.
fn identity_of_http_api(context: &Members<'_>) -> Result<Identity, Fault> {
    let iam = context.inner("authorizer")?.inner("iam")?;
    Ok(Identity {
        iam_user_arn: iam.text("userArn")?,
        iam_user_id: iam.text("userId")?,
        certificate: certificate_of_http_api(context)?,
    })
}

pub(super) fn certificate_of_http_api(context: &Members<'_>) -> Result<Option<String>, Fault> {
    context.inner("authentication")?.inner("clientCert")?.text("clientCertPem")
}

fn identity_of_rest_api(context: &Members<'_>) -> Result<Identity, Fault> {
    let identity = context.inner("identity")?;
    Ok(Identity {
        iam_user_arn: identity.text("userArn")?,
        iam_user_id: identity.text("user")?,
        certificate: certificate_of_rest_api(context)?,
    })
}

pub(super) fn certificate_of_rest_api(context: &Members<'_>) -> Result<Option<String>, Fault> {
    context.inner("identity")?.inner("clientCert")?.text("clientCertPem")
}

/// The headers. REST APIs and load balancers fill two maps; if a name is in both, the single value counts.
fn headers(source: EventSource, event: &Members<'_>) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    if source != EventSource::HttpApi {
        add_headers(&mut headers, event, "multiValueHeaders")?;
    }
    add_headers(&mut headers, event, "headers")?;
    Ok(headers)
}

/// Adds the headers of one map, in which each value is a text, which replaces earlier ones, or a list of texts.
pub(super) fn add_headers(headers: &mut HeaderMap, event: &Members<'_>, map: &str) -> Result<(), Fault> {
    let Some(members) = event.object(map)? else { return Ok(()) };
    for (position, (name, values)) in members.iter().enumerate() {
        let fault = |problem| members.fault_at(position, problem);
        let not_values = |_| fault("is neither a string nor a list of strings");
        let text = values.get();
        // The first character decides, so that no form is tried in vain.
        let (value, list) = match text.as_bytes().first() {
            Some(b'[') => (None, serde_json::from_str::<Vec<String>>(text).map_err(not_values)?),
            _ => (serde_json::from_str::<Option<String>>(text).map_err(not_values)?, Vec::new()),
        };
        // None of the headers that are read here has a name that HTTP does not allow.
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        let is_full = |_| fault("is a header beyond the maximum number");
        if let Some(value) = value {
            headers.try_insert(&name, header_value(&value)).map_err(is_full)?;
        }
        for value in list {
            headers.try_append(&name, header_value(&value)).map_err(is_full)?;
        }
    }
    Ok(())
}

/// A header's value. A character that HTTP does not allow becomes U+FFFD, which no value that is read here may contain.
/// So a stray control character fails only requests that depend on the header, and is never overlooked.
fn header_value(text: &str) -> HeaderValue {
    let value = HeaderValue::from_str(text)
        .or_else(|_| HeaderValue::from_str(&text.replace(|c: char| c.is_ascii_control() && c != '\t', "\u{fffd}")));
    value.unwrap_or(HeaderValue::from_static("?"))
}

/// The names of the query parameters, decoded again in case the source did not decode them. Their values are not read.
fn query_names(event: &Members<'_>) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for map in ["multiValueQueryStringParameters", "queryStringParameters"] {
        if let Some(query) = event.object(map)? {
            let decoded = query.iter().map(|(name, _)| percent_decode_str(name).decode_utf8_lossy().into_owned());
            names.extend(decoded);
        }
    }
    Ok(names)
}

/// The address that the load balancer saw, which it appends to the header.
fn last_forwarded_for(headers: &HeaderMap) -> String {
    let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
    forwarded.rsplit(',').next().unwrap_or_default().trim().to_owned()
}
