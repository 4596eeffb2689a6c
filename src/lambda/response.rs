//! Answers in the form that each event source expects.

use http::{HeaderMap, Response};
use lambda_http::{
    Body,
    aws_lambda_events::{
        alb::AlbTargetGroupResponse,
        apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse},
    },
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::event::EventSource;

/// What the function returns to the gateway.
#[derive(Serialize)]
#[serde(untagged)]
pub enum GatewayResponse {
    HttpApi(ApiGatewayV2httpResponse),
    RestApi(ApiGatewayProxyResponse),
    LoadBalancer(AlbTargetGroupResponse),
    /// An authorizer's answer, which is no HTTP response.
    Access(Box<RawValue>),
}

impl GatewayResponse {
    /// Renders a response. The answer to a `HEAD` has the headers of the answer to a `GET`, but no body
    /// (RFC 9110 §9.3.2), because gateways pass on what the function returns.
    pub fn new(source: EventSource, response: Response<String>, is_head: bool) -> Self {
        let (parts, body) = response.into_parts();
        let status_code = parts.status.as_u16().into();
        // Every body is text, a signed one too, so it is never base64-encoded.
        let body = Some(Body::Text(if is_head { String::new() } else { body }));
        match source {
            EventSource::HttpApi => {
                let mut response = ApiGatewayV2httpResponse::default();
                (response.status_code, response.headers, response.body) = (status_code, parts.headers, body);
                Self::HttpApi(response)
            }
            EventSource::RestApi => {
                let mut response = ApiGatewayProxyResponse::default();
                // API Gateway would send headers that are in both maps twice.
                response.headers = HeaderMap::new();
                (response.status_code, response.multi_value_headers, response.body) =
                    (status_code, parts.headers, body);
                Self::RestApi(response)
            }
            EventSource::LoadBalancer => {
                let mut response = AlbTargetGroupResponse::default();
                let reason = parts.status.canonical_reason().unwrap_or_default();
                response.status_description = Some(format!("{} {reason}", parts.status.as_u16()));
                // A target group reads one of the two maps, depending on its configuration.
                response.headers.clone_from(&parts.headers);
                (response.status_code, response.multi_value_headers, response.body) =
                    (status_code, parts.headers, body);
                Self::LoadBalancer(response)
            }
        }
    }
}
