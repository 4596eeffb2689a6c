//! The console: a page that shows what the service does, and the few routes that it needs besides the service's own.
//! It exists only in this server.

mod actions;
mod guard;
mod offers;

use std::net::IpAddr;

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use introspection_admin::embedded::{Connection, EmbeddedTool};
use serde_json::{Value, json};
use test_support::engine::Engine;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: path, media type, content.
const FILES: [(&str, &str, &str); 8] = [
    ("/", "text/html; charset=utf-8", include_str!("console.html")),
    ("/console/console.css", "text/css; charset=utf-8", include_str!("console.css")),
    ("/console/console.js", JAVASCRIPT, include_str!("console.js")),
    ("/console/answers.js", JAVASCRIPT, include_str!("answers.js")),
    ("/console/jwt.js", JAVASCRIPT, include_str!("jwt.js")),
    ("/console/server.js", JAVASCRIPT, include_str!("server.js")),
    ("/console/view.js", JAVASCRIPT, include_str!("view.js")),
    ("/console/icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

/// The page loads only its own files, sends requests only to this server, and cannot turn a text into markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// More than a token and a few names.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The console of one server.
pub struct Console {
    port: u16,
    engine: Engine,
    tool: EmbeddedTool,
}

/// Whether the console answers requests to this path.
pub fn serves(path: &str) -> bool {
    path == "/" || path.starts_with("/console/")
}

impl Console {
    /// The console of the server on this port. `variable` has its settings.
    pub async fn new(port: u16, engine: Engine, variable: impl Fn(&str) -> Option<String>) -> Self {
        let prepared = Some(Engine::config_at(&engine.url).await);
        let tool = EmbeddedTool::new(Connection { prepared, ..Connection::default() }, variable);
        Self { port, engine, tool }
    }

    /// Answers a request from this address.
    pub async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<String> {
        if let Err(why) = guard::check(peer, request.uri().path(), request.headers(), request.method(), self.port) {
            return json_response(StatusCode::FORBIDDEN, &json!({ "error": why }));
        }
        let path = request.uri().path().to_owned();
        if let Some((_, media_type, content)) = FILES.into_iter().find(|(file, ..)| *file == path) {
            return response(StatusCode::OK, media_type, content.to_owned());
        }
        let name = path.trim_start_matches("/console/");
        let answer = match *request.method() {
            Method::GET if name == "demo" => Some(Ok(offers::all(self.port))),
            Method::POST => match body(request).await {
                Some(input) => actions::run(name, &input, self).await,
                None => Some(Err("the body is not a JSON object".to_owned())),
            },
            _ => None,
        };
        match answer {
            Some(Ok(json)) => json_response(StatusCode::OK, &json),
            Some(Err(problem)) => json_response(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": problem })),
            None => json_response(StatusCode::NOT_FOUND, &json!({ "error": "the console has no such route" })),
        }
    }
}

async fn body(request: Request<Incoming>) -> Option<Value> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok().filter(Value::is_object)
}

fn json_response(status: StatusCode, json: &Value) -> Response<String> {
    response(status, "application/json", json.to_string())
}

fn response(status: StatusCode, media_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
