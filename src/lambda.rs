//! Gateway events in, gateway responses out. The one place that names `lambda_http`.

use std::{
    convert::Infallible,
    future::ready,
    mem::take,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method};
use lambda_http::{
    Adapter, Context, LambdaEvent, Service as _, aws_lambda_events::query_map::QueryMap, lambda_runtime,
    request::LambdaRequest, service_fn,
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json, value::RawValue};

use crate::{
    call::{Call, Identity, deadline, now},
    request::parse_names,
    service::Service,
};

/// Tells the adapter to leave a body as it is. Of the media types of our answers it knows JSON alone, and would encode
/// a signed one in base64. It does not take the header away.
const AS_TEXT: &str = "x-lambda-http-content-encoding";

/// Serves the Lambda Runtime API until the environment is shut down.
///
/// # Errors
///
/// Where the Runtime API itself fails.
pub async fn run(service: Arc<Service>) -> Result<(), lambda_http::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(handle(&service, event.payload, event.context).await) }
    }))
    .await
}

/// An event from a gateway, or something that no gateway sends.
pub enum Event {
    /// The event, and the client certificate of a REST API's event, which the adapter's type leaves out.
    Http(Box<LambdaRequest>, Option<String>),
    Unreadable,
}

impl<'de> Deserialize<'de> for Event {
    /// Takes any JSON: an error here would be a failed invocation instead of an answer.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let Ok(request) = serde_json::from_str(text.get()) else { return Ok(Self::Unreadable) };
        let certificate = match request {
            LambdaRequest::ApiGatewayV1(_) => serde_json::from_str(text.get()).ok().and_then(|event: Value| {
                event.pointer("/requestContext/identity/clientCert/clientCertPem")?.as_str().map(str::to_owned)
            }),
            _ => None,
        };
        Ok(Self::Http(Box::new(request), certificate))
    }
}

/// Answers one event in the form that its source expects.
pub async fn handle(service: &Service, event: Event, context: Context) -> impl Serialize + use<> {
    let unreadable = || {
        let body = json!({ "error": "invalid_request", "error_description": "the event is not an HTTP request" });
        json!({ "statusCode": 400, "headers": { "content-type": "application/json" }, "body": body.to_string() })
    };
    let Event::Http(mut request, certificate) = event else { return unreadable() };
    let call = take_call(&mut request, certificate, &context);
    let mut response = service.handle(call).await;
    response.headers_mut().insert(AS_TEXT, HeaderValue::from_static("text"));
    let mut response = Some(response);
    let mut adapter = Adapter::from(service_fn(move |_| ready(response.take().ok_or(()))));
    let response = adapter.call(LambdaEvent::new(*request, context)).await;
    let mut response =
        response.ok().and_then(|response| serde_json::to_value(response).ok()).unwrap_or_else(unreadable);
    for headers in ["headers", "multiValueHeaders"] {
        response.get_mut(headers).and_then(Value::as_object_mut).map(|headers| headers.remove(AS_TEXT));
    }
    response
}

/// Takes the request out of the event, and leaves the adapter one that holds nothing a stranger sent: its own
/// conversion panics on a malformed host, query or body.
fn take_call(request: &mut LambdaRequest, certificate: Option<String>, context: &Context) -> Call {
    // Lambda runs nothing past its deadline, so one that has passed is a local emulator's, and means nothing.
    let time_left = context.deadline().duration_since(SystemTime::now()).unwrap_or(Duration::MAX);
    let identity = identity(request, certificate);
    let call = |method: &Method, path: Option<String>, headers: HeaderMap, query_names, body, source_address| Call {
        method: method.clone(),
        path: path.unwrap_or_default(),
        query_names,
        headers,
        body,
        source_address,
        identity,
        request_id: context.request_id.clone(),
        now: now(),
        deadline: deadline(time_left),
    };
    match request {
        LambdaRequest::ApiGatewayV2(event) => {
            event.request_context.domain_name = None;
            event.query_string_parameters = QueryMap::default();
            event.cookies = None;
            call(
                &event.request_context.http.method,
                event.raw_path.replace("/".to_owned()),
                take(&mut event.headers),
                event.raw_query_string.take().map(|query| parse_names(&query)).unwrap_or_default(),
                body(event.body.take(), event.is_base64_encoded),
                event.request_context.http.source_ip.take().unwrap_or_default(),
            )
        }
        LambdaRequest::ApiGatewayV1(event) => {
            event.request_context.domain_name = None;
            call(
                &event.http_method,
                event.path.replace("/".to_owned()),
                merged(take(&mut event.multi_value_headers), take(&mut event.headers)),
                names([&mut event.multi_value_query_string_parameters, &mut event.query_string_parameters]),
                body(event.body.take(), event.is_base64_encoded),
                event.request_context.identity.source_ip.take().unwrap_or_default(),
            )
        }
        LambdaRequest::Alb(event) => {
            let headers = merged(take(&mut event.multi_value_headers), take(&mut event.headers));
            let source_address = last_forwarded_for(&headers);
            call(
                &event.http_method,
                event.path.replace("/".to_owned()),
                headers,
                names([&mut event.multi_value_query_string_parameters, &mut event.query_string_parameters]),
                body(event.body.take(), event.is_base64_encoded),
                source_address,
            )
        }
        // Sources that are not compiled in have no variant; the type is open all the same.
        _ => call(&Method::GET, None, HeaderMap::new(), Vec::new(), None, String::new()),
    }
}

/// Whom the gateway has authenticated. Load balancers say such things in headers, which do not count.
fn identity(request: &mut LambdaRequest, certificate: Option<String>) -> Identity {
    match request {
        LambdaRequest::ApiGatewayV2(event) => {
            let (authorizer, authentication) =
                (event.request_context.authorizer.take(), event.request_context.authentication.take());
            Identity {
                iam_user_arn: authorizer.and_then(|authorizer| authorizer.iam).and_then(|iam| iam.user_arn),
                certificate: authentication
                    .and_then(|authentication| authentication.client_cert)
                    .and_then(|certificate| certificate.client_cert_pem),
            }
        }
        LambdaRequest::ApiGatewayV1(event) => {
            Identity { iam_user_arn: event.request_context.identity.user_arn.take(), certificate }
        }
        _ => Identity::default(),
    }
}

/// The body, if its envelope decodes.
fn body(text: Option<String>, base64: bool) -> Option<Vec<u8>> {
    let text = text.unwrap_or_default();
    if base64 { STANDARD.decode(text).ok() } else { Some(text.into_bytes()) }
}

/// One map of the two that REST APIs and load balancers fill; for a name in both, the single value counts.
fn merged(mut several: HeaderMap, single: HeaderMap) -> HeaderMap {
    several.extend(single);
    several
}

/// The names of query parameters, decoded once more where the source had not done it.
fn names(queries: [&mut QueryMap; 2]) -> Vec<String> {
    let names = queries.map(|query| take(query).iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>());
    names.concat().iter().map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned()).collect()
}

/// A load balancer appends the address that it saw.
fn last_forwarded_for(headers: &HeaderMap) -> String {
    let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
    forwarded.rsplit(',').next().unwrap_or_default().trim().to_owned()
}
