//! A gateway's event is read and answered, whatever it contains, and its reading does not depend on how its JSON is
//! written.

use http::{HeaderMap, Response};
use serde_json::Value;
use token_introspection::{
    call::Call,
    jwt::parse_object,
    lambda::{Asked, Event, GatewayResponse},
    outcome::Outcome,
    request::Request,
    response::render,
};

use crate::world::{SETTINGS, call};

/// What an event says: `None` if it cannot be read.
pub type Subject = fn(&Event) -> Option<String>;

/// Answers a request that is refused before anything is looked up. `None` for any other.
pub type Answer = fn(&Call) -> Option<Response<String>>;

pub fn check(data: &[u8]) {
    is_answered(answer, data);
    holds(reading, data);
}

/// The code of the function. The text has all members of the reading; it is only compared.
pub fn reading(event: &Event) -> Option<String> {
    Some(match event.read().ok()? {
        Asked::Request(incoming) => format!(
            "{:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            incoming.source,
            incoming.method,
            incoming.path,
            incoming.query_names,
            sorted(&incoming.headers),
            incoming.body,
            incoming.source_address,
            incoming.identity.iam_user_arn,
            incoming.identity.iam_user_id,
            incoming.identity.certificate,
        ),
        Asked::Access(incoming) => format!(
            "{:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            incoming.gateway,
            incoming.resource,
            incoming.method,
            incoming.path,
            incoming.route_key,
            incoming.stage_scopes,
            incoming.url,
            sorted(&incoming.headers),
            incoming.source_address,
            incoming.identity.certificate,
        ),
    })
}

/// The headers in the order of their names, and the values of one name in their own order.
fn sorted(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    let mut headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    headers.sort_by_key(|(name, _)| *name);
    headers
}

/// Written again, with other white space, escapes and order, the event has the same reading.
pub fn holds(subject: Subject, data: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(data) else { return };
    // An event with duplicate members cannot be written again.
    let Ok(members) = parse_object(data) else { return };
    // The order of these decides nothing, but a list of them is in their order.
    let has_query =
        ["queryStringParameters", "multiValueQueryStringParameters"].iter().any(|map| members.contains_key(*map));
    // Names of headers differ only in their case, so that the last one counts.
    let has_twins = ["headers", "multiValueHeaders"].iter().any(|map| has_twins(members.get(*map)));
    if has_query || has_twins {
        return;
    }
    let written = serde_json::to_vec_pretty(&Value::Object(members)).unwrap();
    let again: Event = serde_json::from_slice(&written).expect("any JSON is an event");
    assert!(subject(&event) == subject(&again), "an event that is written again has another reading");
}

fn has_twins(headers: Option<&Value>) -> bool {
    let Some(Value::Object(headers)) = headers else { return false };
    let mut names: Vec<_> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// The code of the function.
fn answer(call: &Call) -> Option<Response<String>> {
    Request::parse(call, &SETTINGS).err().map(|error| render(&Outcome::Rejected(error), &call.request_id))
}

/// Any JSON is an event. A request that is refused gets a status that says so, in the form of its source.
pub fn is_answered(answer: Answer, data: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(data) else { return };
    let is_head = event.is_head();
    let incoming = match event.read() {
        Ok(Asked::Request(incoming)) => incoming,
        Ok(Asked::Access(_)) => return,
        Err(unreadable) => {
            let path = unreadable.fault.path;
            assert!(path.len() <= 200 && !path.contains(char::is_control), "a fault quotes the event");
            return;
        }
    };
    assert!(is_head == (incoming.method == http::Method::HEAD), "two readings of the method");
    let source = incoming.source;
    let mut call = call(incoming.method, incoming.path, incoming.headers, incoming.body, incoming.identity);
    call.query_names = incoming.query_names;
    let Some(response) = answer(&call) else { return };
    assert!((400..500).contains(&response.status().as_u16()), "a request that is refused gets another status");
    let answer = serde_json::to_value(GatewayResponse::new(source, response, is_head)).expect("an answer is JSON");
    assert!(answer["statusCode"].as_u64().is_some_and(|status| (400..500).contains(&status)));
    assert!(!is_head || answer["body"].as_str().is_none_or(str::is_empty), "the answer to HEAD has a body");
}
