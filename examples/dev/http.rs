//! A plain HTTP server that passes each request to the service, as the function does.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use test_support::demo;
use token_introspection::{
    call::{self, Call, Identity},
    request,
    service::Service,
    spent::Spent,
};
use tokio::net::TcpListener;

use crate::console::{self, Console};

/// More than any route accepts, so that the service itself refuses bodies that are too large.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The description of all routes, at `/openapi.yaml`.
const OPENAPI: &str = include_str!("../../docs/openapi.yaml");

/// The number of requests so far.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Serves until the process ends. The keys of the demo's issuer are at `/demo-issuer/jwks.json`.
pub async fn serve(listener: TcpListener, service: Arc<Service>, console: Arc<Console>) -> io::Result<()> {
    loop {
        let (stream, address) = listener.accept().await?;
        let (service, console) = (Arc::clone(&service), Arc::clone(&console));
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let (service, console) = (Arc::clone(&service), Arc::clone(&console));
                async move {
                    Ok::<_, Infallible>(match request.uri().path() {
                        "/demo-issuer/jwks.json" => Response::new(demo::key_set().to_string()),
                        "/demo-issuer/unreachable" => unavailable(),
                        "/openapi.yaml" => Response::new(OPENAPI.to_owned()),
                        path if console::serves(path) => console.answer(request, address.ip()).await,
                        _ => service.handle(call_of(request, address.ip().to_string()).await).await,
                    })
                }
            });
            // If the connection fails, only its client is affected.
            let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// The answer of an issuer that publishes no keys at the moment.
fn unavailable() -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

async fn call_of(request: Request<Incoming>, source_address: String) -> Call {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
    Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query_names: parts.uri.query().map(request::parse_names).unwrap_or_default(),
        headers: parts.headers,
        body: body.ok().map(|body| body.to_bytes().into()),
        source_address,
        // There is no gateway that could have authenticated the caller.
        identity: Identity::default(),
        // Each request needs an id of its own: an assertion that is used again with the same id counts as a repeated
        // write.
        request_id: format!("dev-{}-{}", call::now(), REQUESTS.fetch_add(1, Ordering::Relaxed)),
        trace_id: None,
        cold_start: false,
        spent: Spent::default(),
        now: call::now(),
        deadline: call::deadline(Duration::from_secs(2)),
    }
}
