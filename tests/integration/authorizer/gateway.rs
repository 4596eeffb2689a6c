//! A small gateway: it turns a request into the event of each kind of authorizer, calls the function, honours the answer
//! as API Gateway documents it, and calls the protected route, which returns what it was told about the token.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::{Context, lambda_runtime, lambda_runtime::Diagnostic};
use serde_json::{Map, Value, json};
use token_introspection::{
    lambda::{Event, handle},
    service::Service,
};

/// The kinds of APIs, and of their authorizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Payload format 2.0 with simple responses.
    Http,
    /// Payload format 2.0 without them.
    HttpPolicy,
    /// Payload format 1.0.
    HttpFormat1,
    Rest,
    RestToken,
    WebSocket,
}

impl Api {
    pub const ALL: [Self; 6] =
        [Self::Http, Self::HttpPolicy, Self::HttpFormat1, Self::Rest, Self::RestToken, Self::WebSocket];

    /// The setting that fits this kind of API.
    pub fn response(self) -> &'static str {
        if self == Self::HttpPolicy { "policy" } else { "simple" }
    }

    /// The status of a request whose token is not active.
    pub fn unauthorized(self) -> u16 {
        match self {
            Self::Http | Self::HttpPolicy | Self::HttpFormat1 => 403,
            Self::Rest | Self::RestToken | Self::WebSocket => 401,
        }
    }
}

/// A request to a protected route.
#[derive(Clone)]
pub struct Asked {
    pub method: &'static str,
    pub path: String,
    /// The path as the API declares it.
    pub resource: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub certificate: Option<String>,
    pub stage_variables: Value,
}

/// `GET /orders/7` with that `Authorization` header.
pub fn asked(authorization: &str) -> Asked {
    Asked {
        method: "GET",
        path: "/orders/7".to_owned(),
        resource: "/orders/{id}",
        headers: vec![("Authorization", authorization.to_owned()), ("User-Agent", "curl/8.5.0".to_owned())],
        certificate: None,
        stage_variables: json!({}),
    }
}

/// What the client of the protected API gets.
#[derive(Debug, PartialEq)]
pub struct Got {
    pub status: u16,
    /// What the protected route was told about the token.
    pub claims: Value,
}

const API_ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod";
const DOMAIN: &str = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";

/// The event of that request.
pub fn event(api: Api, asked: &Asked) -> Value {
    let Asked { method, path, resource, .. } = asked;
    let arn = match api {
        Api::WebSocket => format!("{API_ARN}/$connect"),
        _ => format!("{API_ARN}/{method}{path}"),
    };
    let single: Map<String, Value> =
        asked.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut several: Map<String, Value> = Map::new();
    for (name, value) in &asked.headers {
        let values = several.entry((*name).to_owned()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(json!(value));
    }
    let certificate = asked.certificate.as_ref().map(|pem| json!({ "clientCertPem": pem, "subjectDN": "CN=x" }));
    let mut identity = json!({ "sourceIp": "198.51.100.7", "userAgent": "curl/8.5.0" });
    if let Some(certificate) = &certificate {
        identity["clientCert"] = certificate.clone();
    }
    match api {
        Api::Http | Api::HttpPolicy => {
            let joined: Map<String, Value> = several
                .iter()
                .map(|(name, values)| {
                    let values: Vec<_> =
                        values.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
                    (name.to_lowercase(), json!(values.join(",")))
                })
                .collect();
            let mut event = json!({
                "version": "2.0", "type": "REQUEST", "routeArn": arn, "identitySource": [], "rawQueryString": "",
                "routeKey": format!("{method} {resource}"), "rawPath": path, "headers": joined,
                "requestContext": {
                    "accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": DOMAIN, "stage": "prod",
                    "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7" },
                    "requestId": "LV7fzho-PHcEJPw=", "routeKey": format!("{method} {resource}"),
                },
                "stageVariables": asked.stage_variables,
            });
            if let Some(certificate) = certificate {
                event["requestContext"]["authentication"] = json!({ "clientCert": certificate });
            }
            event
        }
        Api::HttpFormat1 | Api::Rest => {
            let mut event = json!({
                "type": "REQUEST", "methodArn": arn, "resource": resource, "path": path, "httpMethod": method,
                "headers": single, "multiValueHeaders": several, "queryStringParameters": {}, "pathParameters": {},
                "stageVariables": asked.stage_variables,
                "requestContext": {
                    "accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": DOMAIN, "stage": "prod",
                    "httpMethod": method, "path": format!("/prod{path}"), "resourcePath": resource,
                    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "identity": identity,
                },
            });
            if api == Api::HttpFormat1 {
                event["version"] = json!("1.0");
                event.as_object_mut().unwrap().remove("multiValueHeaders");
            }
            event
        }
        Api::RestToken => json!({ "type": "TOKEN", "methodArn": arn, "authorizationToken": single["Authorization"] }),
        Api::WebSocket => json!({
            "type": "REQUEST", "methodArn": arn, "headers": single, "multiValueHeaders": several,
            "queryStringParameters": {}, "multiValueQueryStringParameters": {}, "stageVariables": asked.stage_variables,
            "requestContext": {
                "routeKey": "$connect", "eventType": "CONNECT", "messageDirection": "IN", "stage": "prod",
                "connectedAt": 1_793_534_400_345_i64, "connectionId": "bXVsdGk=", "domainName": DOMAIN,
                "apiId": "a1b2c3d4e5", "requestId": "bXVsdGk=", "identity": identity,
            },
        }),
    }
}

/// The context of an invocation, each with an id of its own, as Lambda has it.
fn context() -> Context {
    static INVOCATIONS: AtomicU64 = AtomicU64::new(0);
    let request_id = format!("8476a536-e9f4-11e8-9739-{:012x}", INVOCATIONS.fetch_add(1, Ordering::Relaxed));
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("lambda-runtime-deadline-ms"),
        HeaderValue::from_static("4102444800000"),
    )]);
    Context::new(&request_id, lambda_runtime::Config::default().into(), &headers).unwrap()
}

/// What the function returns for that event, or the error that the runtime reports.
pub async fn invoke(service: &Service, event: &str) -> Result<Value, Diagnostic> {
    let event: Event = serde_json::from_str(event).unwrap();
    let returned = handle(service, event, context(), false).await.map_err(Diagnostic::from)?;
    Ok(serde_json::to_value(returned).unwrap())
}

/// Sends a request through the gateway.
pub async fn send(api: Api, service: &Service, asked: &Asked) -> Got {
    // The gateway itself refuses a request without the identity source of a TOKEN authorizer.
    let has_token = asked.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if api == Api::RestToken && !has_token {
        return Got { status: 401, claims: Value::Null };
    }
    let event = event(api, asked);
    match invoke(service, &event.to_string()).await {
        Ok(answer) => honour(api, &event, &answer),
        Err(error) => {
            let is_rest = matches!(api, Api::Rest | Api::RestToken | Api::WebSocket);
            let status = if is_rest && error.error_message == "Unauthorized" { 401 } else { 500 };
            Got { status, claims: Value::Null }
        }
    }
}

/// What API Gateway makes of an answer. An answer that it does not accept is a 500.
pub fn honour(api: Api, event: &Value, answer: &Value) -> Got {
    let refused = |status| Got { status, claims: Value::Null };
    let context = &answer["context"];
    let is_flat =
        context.as_object().is_none_or(|context| context.values().all(|value| !value.is_object() && !value.is_array()));
    if answer.to_string().len() > 8 * 1024 || !is_flat {
        return refused(500);
    }
    if api == Api::Http {
        return match answer["isAuthorized"].as_bool() {
            Some(true) => Got { status: 200, claims: context.clone() },
            Some(false) => refused(403),
            None => refused(500),
        };
    }
    let statements = answer["policyDocument"]["Statement"].as_array();
    let (Some(_), Some([statement]), "2012-10-17") = (
        answer["principalId"].as_str(),
        statements.map(Vec::as_slice),
        answer["policyDocument"]["Version"].as_str().unwrap_or_default(),
    ) else {
        return refused(500);
    };
    let requested = event["routeArn"].as_str().or(event["methodArn"].as_str()).unwrap();
    let resource = statement["Resource"].as_str().unwrap();
    if statement["Action"] != "execute-api:Invoke" || resource.len() > 512 {
        return refused(500);
    }
    if statement["Effect"] == "Allow" && is_like(resource.as_bytes(), requested.as_bytes()) {
        let mut claims = context.clone();
        claims["principalId"] = answer["principalId"].clone();
        Got { status: 200, claims }
    } else {
        refused(403)
    }
}

/// Whether a text matches a pattern of IAM: `*` matches any text, and `?` one character.
pub fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => is_like(rest, text) || (!text.is_empty() && is_like(pattern, &text[1..])),
        ([b'?', pattern @ ..], [_, text @ ..]) => is_like(pattern, text),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && is_like(pattern, text),
        _ => false,
    }
}
