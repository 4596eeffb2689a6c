//! Hostile input of every kind, made by generators: tokens, key sets and their hosts, requests, and items.
//!
//! Each case names the rule that must stop it. All wrong cases are listed at once, and each table asserts how many cases
//! it has, so that none of them is lost unnoticed. docs/attacks.md lists the attacks, and says what each group asserts.

mod claims;
mod corrupt_items;
mod credentials;
mod events;
mod headers;
mod hosts;
mod items;
mod key_sets;
mod requests;
mod signatures;
mod tokens;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{
    key_site::proxy,
    log::Log,
    world::{Answer, CHALLENGE, INACTIVE, REFUSED, World},
};

/// When the requests of these tests are made.
const T: i64 = 1_800_000_000;

/// What is wrong with a token, the token, and the rule that makes it inactive.
struct Hostile {
    case: String,
    token: String,
    reason: &'static str,
}

/// One value of each JSON type, except those types.
fn values_except(types: &[&str]) -> Vec<Value> {
    let values = [
        ("null", json!(null)),
        ("bool", json!(true)),
        ("number", json!(1)),
        ("string", json!("1")),
        ("array", json!([])),
        ("array", json!([1])),
        ("object", json!({})),
        ("object", json!({ "a": "b" })),
    ];
    values.into_iter().filter(|(name, _)| !types.contains(name)).map(|(_, value)| value).collect()
}

/// The object with a member of exactly this value, null included.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

/// What differs from the constant inactive answer for that reason; `None` if nothing does.
pub fn not_inactive(answer: &Answer, reason: &str) -> Option<String> {
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    let found = (answer.status.as_u16(), answer.body.as_str(), answer.reason().unwrap_or("active"));
    let is_constant = found == (200, INACTIVE, reason) && answer.all_headers() == headers;
    (!is_constant).then(|| format!("expected {reason}, found {found:?}"))
}

/// The body of the refusal for that reason. None of them quotes the request.
fn refusal(reason: &str) -> String {
    let text = match reason {
        "no_credentials"
        | "unknown_client"
        | "wrong_secret"
        | "unsupported_mechanism"
        | "public_client"
        | "corrupt_client_record" => return REFUSED.to_owned(),
        "not_found" => return r#"{"error":"not_found"}"#.to_owned(),
        "method_not_allowed" => "the method is not allowed here",
        "secret_in_query" => "tokens and credentials must not be sent in the URL",
        "wrong_media_type" => "the body must be application/x-www-form-urlencoded",
        "body_too_large" => "the body is too large",
        "malformed_body" => "the body cannot be decoded",
        "duplicate_parameter" => "a parameter was sent more than once",
        "missing_token" => "the parameter token is missing",
        "wrong_tokens" => "tokens must be a list of 1 to 50 strings",
        "proof_in_batch" => "a proof belongs to one token; introspect this token by itself",
        "two_mechanisms" => "the client authenticated in more than one way",
        "unreadable_credentials" => "the Authorization header cannot be read",
        "client_id_mismatch" => "client_id differs from the client of the Authorization header",
        "incomplete_proof" => "dpop, htm and htu are sent together or not at all",
        "wrong_proof_target" => "htm must be a method and htu an absolute URL, as the client sent them",
        "wrong_client_certificate" => {
            "client_certificate must be PEM or base64url DER, and client_certificate_thumbprint base64url SHA-256"
        }
        _ => panic!("{reason} refuses no request"),
    };
    format!(r#"{{"error":"invalid_request","error_description":"{text}"}}"#)
}

/// What differs from the refusal with that status for that reason, in any byte or header; `None` if nothing does.
fn not_refused(answer: &Answer, status: u16, reason: &str) -> Option<String> {
    let mut headers = vec![
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    let allow = answer.header("allow");
    match status {
        401 => headers.insert(3, ("www-authenticate", CHALLENGE)),
        405 if ["POST", "GET, HEAD"].contains(&allow) => headers.insert(0, ("allow", allow)),
        _ => {}
    }
    let found = (answer.status.as_u16(), answer.body.as_str(), answer.reason().unwrap_or("active"));
    let is_refusal = found == (status, refusal(reason).as_str(), reason) && answer.all_headers() == headers;
    (!is_refusal).then(|| format!("expected {status} {reason}, found {found:?} {:?}", answer.all_headers()))
}

/// What differs from the answer "don't know" because an issuer's keys could not be checked; `None` if nothing does.
fn not_unavailable(answer: &Answer) -> Option<String> {
    let retry_after = answer.header("retry-after");
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("retry-after", retry_after),
        ("x-content-type-options", "nosniff"),
    ];
    let body = concat!(
        r#"{"error":"temporarily_unavailable","#,
        r#""error_description":"the token cannot be checked now; request request-1"}"#
    );
    let found = (answer.status.as_u16(), answer.body.as_str(), answer.reason().unwrap_or("active"));
    let is_unavailable = found == (503, body, "keys_unavailable")
        && answer.all_headers() == headers
        && retry_after.parse::<u32>().is_ok_and(|seconds| seconds > 0);
    (!is_unavailable).then(|| format!("expected 503, found {found:?} {:?}", answer.all_headers()))
}

/// What a call asked of DynamoDB although a call that ends for this reason must not: anything but reads, and reads before the
/// request is well-formed and has credentials.
pub fn forbidden_requests(reads: &[(String, Value)], reason: Option<&str>) -> Option<String> {
    let may_read = match reason {
        None => true,
        Some(reason) => {
            ["unknown_client", "wrong_secret", "unsupported_mechanism", "unknown_token", "too_long"].contains(&reason)
        }
    };
    let operations: Vec<_> = reads.iter().map(|(operation, _)| operation.as_str()).collect();
    let is_allowed = operations.iter().all(|operation| *operation == "BatchGetItem") && (may_read || reads.is_empty());
    (!is_allowed).then(|| format!("requests to the store: {operations:?}"))
}

/// The writes since the last call that are not of a key snapshot or of the lease of a fetch, which fetched keys cause.
fn forbidden_writes(world: &World) -> Vec<String> {
    let requests = world.proxy.take_requests();
    let writes = requests.iter().filter(|(operation, _)| operation != "BatchGetItem" && operation != "GetItem");
    let is_of_keys = |request: &Value| {
        let id = request["Item"]["id"]["S"].as_str().or(request["Key"]["id"]["S"].as_str()).unwrap_or_default();
        id.starts_with("jwks#") || id.starts_with("fetch#")
    };
    let forbidden = writes.filter(|(_, request)| !is_of_keys(request));
    forbidden.map(|(operation, request)| format!("{operation} {request}")).collect()
}

/// The hosts that no setting names. Connections to all of them, except to loopback addresses, go through the proxy of
/// `HTTPS_PROXY` if the URL is https, and this is that proxy.
pub struct OtherHosts {
    /// The value of `HTTPS_PROXY`.
    proxy: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl OtherHosts {
    pub async fn start() -> Self {
        let (address, requests) = proxy("127.0.0.1:9", "403 Forbidden").await;
        Self { proxy: format!("http://{address}"), requests }
    }

    pub fn setting(&self) -> (&str, &str) {
        ("HTTPS_PROXY", &self.proxy)
    }

    /// The requests for tunnels since the last call.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// The `cause` of each line of this event since the last call, and the lines are forgotten.
fn causes(log: &Log, event: &str) -> Vec<String> {
    let lines = log.take();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let causes = lines.filter(|line| line["event"] == event);
    causes.map(|line| line["cause"].as_str().unwrap_or_default().to_owned()).collect()
}
