//! A proxy in front of the store. It counts requests, and fails when a test wants it to.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{plan::Plan, server, slow::Slow, time};

/// How the store fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    ServerError,
    /// 503 Service Unavailable.
    Overloaded,
    /// 403 of a gateway on the way, which is not in DynamoDB's form.
    Forbidden,
    Throttled,
    AccessDenied,
    /// As for a request that is not valid.
    BadRequest,
    MissingTable,
    /// As for credentials whose time is over.
    ExpiredCredentials,
    /// As for credentials that AWS does not know, or not any more.
    UnknownCredentials,
    /// The connection ends, and no other one can be opened.
    Refuses,
    Hangs,
    /// The answer begins, and never ends.
    Stalls,
    /// The answer comes byte by byte.
    Drips,
    Resets,
    /// Every key is always left unprocessed.
    Unprocessed,
    /// The first read leaves all but one key of each table unprocessed. The second is complete.
    UnprocessedOnce,
    Truncated,
    /// The members of the answer have other types.
    WrongTypes,
    Empty,
    /// The answer has another checksum than its own.
    WrongChecksum,
    /// The answer lost its items on the way, and has the checksum that it had before.
    Corrupted,
    /// The answer lacks the tables without items.
    LacksTables,
    /// The first read leaves keys unprocessed, as with `UnprocessedOnce`, but returns them in another form.
    Echoes(Echo),
}

/// How a server returns unprocessed keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Without the consistency that was requested.
    Bare,
    /// With the opposite consistency, and an attribute list without any relevant attribute.
    Changed,
    /// With a key that was not requested.
    OtherKey,
    /// With a table that was not requested.
    OtherTable,
    /// With the tables, but without their keys.
    NoKeys,
}

impl Echo {
    fn apply(self, left: &mut Value) {
        let tables = left.as_object_mut().unwrap();
        match self {
            Self::Bare => tables.values_mut().for_each(|table| *table = json!({ "Keys": table["Keys"] })),
            Self::Changed => tables.values_mut().for_each(|table| {
                *table = json!({ "Keys": table["Keys"], "ConsistentRead": false, "ProjectionExpression": "client_id" });
            }),
            Self::OtherKey => {
                let other = json!({ "id": { "S": "sub#https://other.example.com#alice" } });
                if let Some(table) = tables.values_mut().next() {
                    table["Keys"].as_array_mut().unwrap().push(other);
                }
            }
            Self::OtherTable => {
                let keys = json!({ "Keys": [{ "id": { "S": "x" } }], "ConsistentRead": true });
                tables.insert("oauth-other".to_owned(), keys);
            }
            Self::NoKeys => tables.values_mut().for_each(|table| table["Keys"] = json!([])),
        }
    }
}

/// An answer to a read or a write whose members have other types than DynamoDB's.
const WRONG_TYPES: &str = r#"{"Responses":["oauth-tokens"],"UnprocessedKeys":"none","Attributes":[]}"#;

const CHECKSUM: &str = "x-amz-crc32";

type Answered = Either<Full<Bytes>, Slow>;

/// What another program does before a request with this operation arrives, after `spared` of them have passed.
struct Interference {
    operation: &'static str,
    spared: usize,
    act: Box<dyn FnOnce() + Send>,
}

/// How long a proxy refuses connections because of one request.
const ONE_REFUSAL: Duration = Duration::from_millis(5);

/// The proxy, and the requests that it has seen.
#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    state: Arc<Mutex<State>>,
    /// Whether connections are refused.
    refusing: watch::Sender<bool>,
}

impl State {
    /// Whether connections are refused because of one request only.
    fn once_refused(&self) -> bool {
        self.plan.fault() != Fault::Refuses
    }
}

#[derive(Default)]
struct State {
    plan: Plan<Fault>,
    /// The operation and body of each request.
    requests: Vec<(String, Value)>,
    interference: Option<Interference>,
}

impl Proxy {
    /// Starts a proxy in front of this engine.
    pub async fn start(upstream: &str) -> Self {
        let (listener, url) = server::bind().await;
        let proxy = Self { url, state: Arc::default(), refusing: watch::Sender::new(false) };
        let upstream: Uri = upstream.parse().unwrap();
        tokio::spawn(proxy.clone().serve(listener, upstream));
        proxy
    }

    /// Serves connections, except while they are refused.
    async fn serve(self, mut listener: TcpListener, upstream: Uri) {
        let address = listener.local_addr().unwrap();
        let mut refusing = self.refusing.subscribe();
        loop {
            let mut connections = JoinSet::new();
            let (proxy, upstream) = (self.clone(), upstream.clone());
            let answer = move |request| proxy.clone().answer(request, upstream.clone());
            tokio::select! {
                () = server::serve_in(&mut connections, &listener, answer) => {}
                refused = refusing.wait_for(|refusing| *refusing) => if refused.is_err() { return },
            }
            // The port has no listener, and the open connections end.
            drop((listener, connections));
            if self.state.lock().unwrap().once_refused() {
                tokio::time::sleep(ONE_REFUSAL).await;
                self.refusing.send_replace(false);
            }
            let _ = refusing.wait_for(|refusing| !refusing).await;
            listener = TcpListener::bind(address).await.unwrap();
        }
    }

    pub fn fail(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// Fails after this many more requests have passed.
    pub fn fail_after(&self, spared: usize, fault: Fault) {
        self.state.lock().unwrap().plan = Plan::after(spared, fault);
        self.refusing.send_replace(false);
    }

    /// Fails only the next request.
    pub fn fail_once(&self, fault: Fault) {
        self.fail_at(0, fault);
    }

    /// Fails only one request, after this many have passed.
    pub fn fail_at(&self, spared: usize, fault: Fault) {
        self.state.lock().unwrap().plan = Plan::at(spared, fault);
    }

    /// Lets another program act before the next request with this operation arrives, after `spared` of them have
    /// passed.
    pub fn interfere(&self, spared: usize, operation: &'static str, act: impl FnOnce() + Send + 'static) {
        self.state.lock().unwrap().interference = Some(Interference { operation, spared, act: Box::new(act) });
    }

    /// The operation and body of each request since the last call.
    pub fn take_requests(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    async fn answer(self, request: Request<Incoming>, upstream: Uri) -> Result<Response<Answered>, std::io::Error> {
        let (response, fault) = self.respond(request, upstream).await?;
        let (mut parts, body) = response.into_parts();
        let slow = match fault {
            Fault::Stalls => Slow::stalls,
            Fault::Drips => Slow::drips,
            _ => return Ok(Response::from_parts(parts, Either::Left(body))),
        };
        let whole = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        parts.headers.insert(http::header::CONTENT_LENGTH, whole.len().into());
        Ok(Response::from_parts(parts, Either::Right(slow(&whole))))
    }

    /// Notes a request, and returns the fault that it has.
    fn due_fault(&self, operation: String, request: &Value) -> Fault {
        let mut state = self.state.lock().unwrap();
        match state.interference.take() {
            Some(due) if due.operation == operation && due.spared == 0 => (due.act)(),
            Some(mut due) => {
                due.spared -= usize::from(due.operation == operation);
                state.interference = Some(due);
            }
            None => {}
        }
        state.requests.push((operation, request.clone()));
        state.plan.take()
    }

    /// The whole response, and the fault that this request has.
    async fn respond(
        &self,
        request: Request<Incoming>,
        upstream: Uri,
    ) -> Result<(Response<Full<Bytes>>, Fault), std::io::Error> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let target = parts.headers["x-amz-target"].to_str().unwrap().to_owned();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let fault = self.due_fault(operation, &json);
        parts.uri = upstream;
        let mut forwarded = json.clone();
        match fault {
            Fault::None
            | Fault::LacksTables
            | Fault::Stalls
            | Fault::Drips
            | Fault::WrongChecksum
            | Fault::Corrupted => {}
            Fault::ServerError
            | Fault::Overloaded
            | Fault::Throttled
            | Fault::AccessDenied
            | Fault::BadRequest
            | Fault::MissingTable
            | Fault::ExpiredCredentials
            | Fault::UnknownCredentials => return Ok((refusal(fault), fault)),
            Fault::Forbidden => return Ok((forbidden(), fault)),
            Fault::Refuses => {
                self.refusing.send_replace(true);
                return Err(std::io::Error::other("refused"));
            }
            Fault::WrongTypes => return Ok((answer(WRONG_TYPES.to_owned()), fault)),
            Fault::Hangs => time::hang().await,
            Fault::Resets => return Err(std::io::Error::other("reset")),
            Fault::Unprocessed => {
                return Ok((
                    answer(json!({ "Responses": {}, "UnprocessedKeys": json["RequestItems"] }).to_string()),
                    fault,
                ));
            }
            Fault::UnprocessedOnce | Fault::Echoes(_) => {
                self.fail(Fault::None);
                for table in forwarded["RequestItems"].as_object_mut().unwrap().values_mut() {
                    table["Keys"].as_array_mut().unwrap().truncate(1);
                }
            }
            Fault::Truncated => return Ok((answer(r#"{"Responses":{"oauth-tokens":[{"id":{"S":"#.to_owned()), fault)),
            Fault::Empty => return Ok((answer("{}".to_owned()), fault)),
        }
        parts.headers.remove(http::header::CONTENT_LENGTH);
        let request = Request::from_parts(parts, Full::new(Bytes::from(forwarded.to_string())));
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let response = client.request(request).await.map_err(std::io::Error::other)?;
        let (mut parts, body) = response.into_parts();
        let mut body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        assert!(parts.headers.contains_key(CHECKSUM), "the engine sends a checksum, as DynamoDB does");
        if fault == Fault::WrongChecksum {
            parts.headers.insert(CHECKSUM, http::HeaderValue::from_static("1"));
        }
        if fault == Fault::Corrupted {
            body = without_items(&body);
            parts.headers.remove(http::header::CONTENT_LENGTH);
        }
        if fault == Fault::LacksTables {
            let mut whole: Value = serde_json::from_slice(&body)?;
            whole["Responses"]
                .as_object_mut()
                .unwrap()
                .retain(|_, items| items.as_array().is_some_and(|items| !items.is_empty()));
            return Ok((answer(whole.to_string()), fault));
        }
        if matches!(fault, Fault::UnprocessedOnce | Fault::Echoes(_)) {
            let mut whole: Value = serde_json::from_slice(&body)?;
            let mut left = json["RequestItems"].clone();
            for table in left.as_object_mut().unwrap().values_mut() {
                table["Keys"].as_array_mut().unwrap().remove(0);
            }
            left.as_object_mut().unwrap().retain(|_, table| !table["Keys"].as_array().unwrap().is_empty());
            if let Fault::Echoes(echo) = fault {
                echo.apply(&mut left);
            }
            whole["UnprocessedKeys"] = left;
            body = whole.to_string().into();
            return Ok((answer(String::from_utf8_lossy(&body).into_owned()), fault));
        }
        Ok((Response::from_parts(parts, Full::new(body)), fault))
    }
}

/// The answer to a read with an empty list for each table, or an answer to a write with another length.
fn without_items(body: &Bytes) -> Bytes {
    let mut whole: Value = serde_json::from_slice(body).unwrap_or_default();
    match whole["Responses"].as_object_mut() {
        Some(tables) => tables.values_mut().for_each(|items| *items = json!([])),
        None => whole = json!({ "Attributes": {} }),
    }
    whole.to_string().into()
}

/// DynamoDB's answer with the error of this fault.
fn refusal(fault: Fault) -> Response<Full<Bytes>> {
    match fault {
        Fault::Overloaded => error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        Fault::Throttled => error(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException"),
        Fault::AccessDenied => error(StatusCode::BAD_REQUEST, "AccessDeniedException"),
        Fault::BadRequest => error(StatusCode::BAD_REQUEST, "ValidationException"),
        Fault::MissingTable => error(StatusCode::BAD_REQUEST, "ResourceNotFoundException"),
        Fault::ExpiredCredentials => error(StatusCode::BAD_REQUEST, "ExpiredTokenException"),
        Fault::UnknownCredentials => error(StatusCode::BAD_REQUEST, "UnrecognizedClientException"),
        _ => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
    }
}

/// The answer of a firewall.
fn forbidden() -> Response<Full<Bytes>> {
    let mut response = answer("<html>Forbidden</html>".to_owned());
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/html"));
    response
}

fn answer(body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

fn error(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "the test made this request fail" });
    let mut response = answer(body.to_string());
    *response.status_mut() = status;
    response
}
