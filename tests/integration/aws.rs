//! The parts of KMS and Secrets Manager that signing needs, on a loopback port. They fail on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use serde_json::{Value, json};
use test_support::{plan::Plan, slow::Slow};

use crate::{kms::KmsKey, server, time};

/// A P-256 key that always exists in KMS.
pub const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// How the services behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    AccessDenied,
    /// 403 of a firewall on the way.
    Forbidden,
    BadRequest,
    Missing,
    Throttled,
    ExpiredCredentials,
    UnknownCredentials,
    ServerError,
    Overloaded,
    Hangs,
    /// The answer begins, and never ends.
    Stalls,
    /// The answer comes byte by byte.
    Drips,
    Resets,
    Truncated,
    /// The members have other types.
    WrongTypes,
    /// The answer lacks the requested value.
    Empty,
    /// The requested value is not valid.
    Garbage,
}

#[derive(Clone)]
pub struct Aws {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    plan: Plan<Fault>,
    operations: Vec<String>,
    secrets: BTreeMap<String, Value>,
    keys: BTreeMap<String, Arc<KmsKey>>,
}

impl Aws {
    pub async fn start() -> Self {
        let (listener, url) = server::bind().await;
        let aws = Self { url, state: Arc::default() };
        aws.put_key(KEY, "ECC_NIST_P256");
        let serving = aws.clone();
        server::serve(listener, move |request| serving.clone().answer(request));
        aws
    }

    pub fn fail(&self, fault: Fault) {
        self.follow(Plan::after(0, fault));
    }

    /// Fails as planned.
    pub fn follow(&self, plan: Plan<Fault>) {
        self.state.lock().unwrap().plan = plan;
    }

    /// Stores a secret, and returns its ARN.
    pub fn put_secret(&self, name: &str, content: Value) -> String {
        let arn = format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf");
        self.state.lock().unwrap().secrets.insert(arn.clone(), content);
        arn
    }

    /// Creates a key of that `KeySpec` in KMS.
    pub fn put_key(&self, arn: &str, spec: &str) {
        self.state.lock().unwrap().keys.insert(arn.to_owned(), Arc::new(KmsKey::new(spec)));
    }

    /// Returns the names of the operations since the last call.
    pub fn take_operations(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().operations)
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Either<Full<Bytes>, Slow>>, std::io::Error> {
        let (response, fault) = self.respond(request).await?;
        let slow = match fault {
            Fault::Stalls => Slow::stalls,
            Fault::Drips => Slow::drips,
            _ => return Ok(response.map(Either::Left)),
        };
        let (parts, body) = response.into_parts();
        let whole = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        Ok(Response::from_parts(parts, Either::Right(slow(&whole))))
    }

    /// The whole response, and the fault that this request has.
    async fn respond(&self, request: Request<Incoming>) -> Result<(Response<Full<Bytes>>, Fault), std::io::Error> {
        let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
        let body: Value = serde_json::from_slice(&body)?;
        let (fault, secret, key) = {
            let mut state = self.state.lock().unwrap();
            state.operations.push(operation.clone());
            let named = |name| body[name].as_str().unwrap_or_default();
            let fault = state.plan.take();
            (fault, state.secrets.get(named("SecretId")).cloned(), state.keys.get(named("KeyId")).cloned())
        };
        let error =
            |status, code: &str| Ok((answer(status, &json!({ "__type": code, "message": "told to fail" })), fault));
        match fault {
            Fault::None | Fault::Garbage | Fault::Stalls | Fault::Drips => {}
            Fault::Forbidden => return Ok((answer(StatusCode::FORBIDDEN, &json!("forbidden")), fault)),
            Fault::BadRequest => return error(StatusCode::BAD_REQUEST, "ValidationException"),
            Fault::Missing => return error(StatusCode::BAD_REQUEST, "NotFoundException"),
            Fault::Throttled => return error(StatusCode::BAD_REQUEST, "ThrottlingException"),
            Fault::ExpiredCredentials => return error(StatusCode::BAD_REQUEST, "ExpiredTokenException"),
            Fault::UnknownCredentials => return error(StatusCode::BAD_REQUEST, "UnrecognizedClientException"),
            Fault::Overloaded => return error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Fault::Resets => return Err(std::io::Error::other("reset")),
            Fault::Truncated => {
                let mut truncated = answer(StatusCode::OK, &json!({}));
                *truncated.body_mut() = Full::new(Bytes::from_static(br#"{"KeyId":"arn:"#));
                return Ok((truncated, fault));
            }
            Fault::WrongTypes => {
                let wrong = json!({ "PublicKey": 1, "Signature": [], "SecretString": {}, "KeyUsage": 7 });
                return Ok((answer(StatusCode::OK, &wrong), fault));
            }
            Fault::AccessDenied => return error(StatusCode::BAD_REQUEST, "AccessDeniedException"),
            Fault::ServerError => return error(StatusCode::INTERNAL_SERVER_ERROR, "KMSInternalException"),
            Fault::Hangs => time::hang().await,
            Fault::Empty => return Ok((answer(StatusCode::OK, &json!({})), fault)),
        }
        let garbled = |bytes: &[u8]| STANDARD.encode(if fault == Fault::Garbage { &bytes[1..] } else { bytes });
        let result = match (operation.as_str(), key) {
            ("GetPublicKey", Some(key)) => {
                let mut description = key.described();
                description["KeyId"] = body["KeyId"].clone();
                description["PublicKey"] = json!(garbled(&key.info()));
                description
            }
            ("Sign", Some(key)) => match key.sign(&body) {
                Some(signature) => json!({
                    "KeyId": body["KeyId"], "Signature": garbled(&signature), "SigningAlgorithm": body["SigningAlgorithm"],
                }),
                None => return error(StatusCode::BAD_REQUEST, "ValidationException"),
            },
            ("GetSecretValue", _) => match secret {
                Some(_) if fault == Fault::Garbage => json!({ "SecretString": "no key" }),
                Some(content) => content,
                None => return error(StatusCode::BAD_REQUEST, "ResourceNotFoundException"),
            },
            _ => return error(StatusCode::BAD_REQUEST, "NotFoundException"),
        };
        Ok((answer(StatusCode::OK, &result), fault))
    }
}

fn answer(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}
