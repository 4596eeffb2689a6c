//! Converts gateway events to calls, and responses to the form of gateways. The only module that names `lambda_http`.

mod authorizer;
mod concurrency;
mod event;
mod invocation;
mod members;
mod response;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use lambda_http::{
    Context, LambdaEvent,
    lambda_runtime::{LambdaInvocation, Runtime, tower::util::MapRequestLayer},
    service_fn,
};
use serde_json::value::RawValue;
use tracing::error;

pub use self::{
    authorizer::Failed,
    concurrency::Concurrency,
    event::{Asked, Event},
    invocation::ColdStart,
    response::GatewayResponse,
};
use self::{
    authorizer::IncomingAccess,
    event::{EventSource, Incoming, Unreadable},
    invocation::kept_trace,
};
use crate::{
    access::AccessRequest,
    call::{Call, deadline, now},
    outcome::Outcome,
    response::render,
    service::Service,
    spent::Spent,
};

/// An event may take this long from Lambda to here.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Serves the Lambda Runtime API until the environment is shut down: one invocation after the other, or several at
/// once if Lambda says so. Each of several has a worker of the runtime, which asks for the next event only when it has
/// answered the last one.
///
/// # Errors
///
/// Returns an error if the Runtime API itself fails.
pub async fn run(
    service: Arc<Service>,
    concurrency: Concurrency,
    cold_start: ColdStart,
) -> Result<(), lambda_http::Error> {
    let cold_start = Arc::new(cold_start);
    let handler = service_fn(move |event: LambdaEvent<Event>| {
        let (service, is_cold_start) = (Arc::clone(&service), cold_start.take());
        async move { handle(&service, event.payload, event.context, is_cold_start).await }
    });
    let runtime = Runtime::new(handler).layer(MapRequestLayer::new(as_json)).layer(concurrency.delivery());
    runtime.run_concurrent().await
}

/// Replaces an event that is not JSON, which the runtime would report as a failed invocation, by one that [`handle`]
/// answers and logs.
fn as_json(mut invocation: LambdaInvocation) -> LambdaInvocation {
    if serde_json::from_slice::<&RawValue>(&invocation.body).is_err() {
        invocation.body = "null".into();
    }
    invocation
}

/// Answers one event in the form that its source expects. `cold_start` says whether Lambda started this environment for it.
///
/// # Errors
///
/// Returns [`Failed`] only for an authorizer's event. A failed invocation is how the gateway gets "don't know" (T-08), and
/// for REST and WebSocket APIs also a 401. A request to this endpoint is always answered.
pub async fn handle(
    service: &Service,
    event: Event,
    context: Context,
    cold_start: bool,
) -> Result<GatewayResponse, Failed> {
    match event.read() {
        Ok(Asked::Request(incoming)) => {
            let (source, is_head) = (incoming.source, incoming.method == http::Method::HEAD);
            let response = service.handle(call(incoming, &context, cold_start)).await;
            Ok(GatewayResponse::new(source, response, is_head))
        }
        Ok(Asked::Access(incoming)) => {
            let reply = service.authorize(access_request(incoming, &context, cold_start)).await;
            authorizer::answer(reply).map(GatewayResponse::Access)
        }
        Err(Unreadable { fault, of_an_authorizer }) => {
            error!(
                event = "unreadable_event",
                request_id = context.request_id,
                path = fault.path,
                problem = fault.problem
            );
            if of_an_authorizer {
                return Err(Failed::Unknown);
            }
            // The unreadable part may be what identifies the source. All sources accept this form.
            let response = render(&Outcome::Internal, &context.request_id);
            Ok(GatewayResponse::new(EventSource::LoadBalancer, response, event.is_head()))
        }
    }
}

fn call(incoming: Incoming, context: &Context, cold_start: bool) -> Call {
    Call {
        method: incoming.method,
        path: incoming.path,
        query_names: incoming.query_names,
        headers: incoming.headers,
        body: incoming.body,
        source_address: incoming.source_address,
        identity: incoming.identity,
        request_id: context.request_id.clone(),
        trace_id: kept_trace(context.xray_trace_id.as_deref()),
        cold_start,
        spent: Spent::default(),
        now: now(),
        deadline: deadline(time_left(context)),
    }
}

fn access_request(incoming: IncomingAccess, context: &Context, cold_start: bool) -> AccessRequest {
    let call = Call {
        method: incoming.method,
        path: incoming.path,
        query_names: Vec::new(),
        headers: incoming.headers,
        body: None,
        source_address: incoming.source_address,
        identity: incoming.identity,
        request_id: context.request_id.clone(),
        trace_id: kept_trace(context.xray_trace_id.as_deref()),
        cold_start,
        spent: Spent::default(),
        now: now(),
        deadline: deadline(time_left(context)),
    };
    AccessRequest {
        call,
        gateway: incoming.gateway,
        resource: incoming.resource,
        route_key: incoming.route_key,
        stage_scopes: incoming.stage_scopes,
        url: incoming.url,
    }
}

/// The time that the invocation has left. Lambda never delivers an event after its deadline. If the deadline passed a moment
/// ago, the event was delivered at the last one. If it passed before, a local emulator sent it, or the clock is wrong, and
/// it means nothing.
fn time_left(context: &Context) -> Duration {
    match context.deadline().duration_since(SystemTime::now()) {
        Ok(left) => left,
        Err(passed) if passed.duration() < A_MOMENT => Duration::ZERO,
        Err(_) => Duration::MAX,
    }
}
