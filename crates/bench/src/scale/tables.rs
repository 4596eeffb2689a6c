//! The three tables for many environments at once: the client's record, no mark, and a state table that is really written
//! and read. Counts the keys of the requests.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::http::{Request, response, serve};

/// The record of the client `orders-api`, with the SHA-256 of the secret in the event.
const CLIENT: &str = concat!(
    r#"{"client_id":{"S":"orders-api"},"client_secret":{"S":""#,
    "3db87847f904f2bcedef3faa57b083955ac8c8c09f08094434e3b5952c63832e",
    r#""}}"#
);
const STATE_TABLE: &str = "oauth-introspection-state";

/// What the tables have seen.
#[derive(Clone, Default)]
pub struct Seen {
    /// The keys of each `BatchGetItem`, without their tables.
    pub reads: Vec<Vec<String>>,
    /// Whether every table of every request was read strongly consistent.
    pub eventual: usize,
    pub writes: usize,
}

#[derive(Clone)]
pub struct Tables {
    pub url: String,
    shared: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    seen: Seen,
    /// The issuer's snapshot, and its `fetched_at`.
    snapshot: Option<(String, i64)>,
    /// The lease of its key fetch, and its `held_until` and `holder`.
    lease: Option<(String, i64, String)>,
}

impl Tables {
    /// Starts them. Each request takes at least so long.
    pub fn start(latency: Duration) -> Self {
        let shared = Arc::<Mutex<State>>::default();
        let held = Arc::clone(&shared);
        let address = serve(move |request| {
            thread::sleep(latency);
            lock(&held).answer(request)
        });
        Self { url: format!("http://{address}"), shared }
    }

    /// What was seen since the last time.
    pub fn take_seen(&self) -> Seen {
        std::mem::take(&mut lock(&self.shared).seen)
    }

    /// Puts a snapshot of this key set into the state table, or removes it.
    pub fn set_snapshot(&self, issuer: &str, jwks_uri: &str, jwks: &str, fetched_at: Option<i64>) {
        let item = fetched_at.map(|at| {
            let jwks = jwks.replace('\\', "\\\\").replace('"', "\\\"");
            let item = format!(
                r#"{{"id":{{"S":"jwks#{issuer}"}},"jwks":{{"S":"{jwks}"}},"jwks_uri":{{"S":"{jwks_uri}"}},"fetched_at":{{"N":"{at}"}}}}"#
            );
            (item, at)
        });
        lock(&self.shared).snapshot = item;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn answer(&mut self, request: &Request) -> Vec<u8> {
        let body = String::from_utf8_lossy(&request.body);
        if body.contains(r#""RequestItems""#) { self.read(&body) } else { self.write(&body) }
    }

    fn read(&mut self, body: &str) -> Vec<u8> {
        let keys = keys(body);
        let mut tables = Vec::new();
        for table in ["oauth-clients", "oauth-tokens", STATE_TABLE] {
            if body.contains(&format!(r#""{table}":"#)) {
                let asked = |prefix: &str| keys.iter().any(|key| key.starts_with(prefix));
                let snapshot = self.snapshot.iter().filter(|_| asked("jwks#")).map(|(item, _)| item.as_str());
                let lease = self.lease.iter().filter(|_| asked("fetch#")).map(|(item, ..)| item.as_str());
                let items = match table {
                    "oauth-clients" => CLIENT,
                    STATE_TABLE => &snapshot.chain(lease).collect::<Vec<_>>().join(","),
                    _ => "",
                };
                tables.push(format!(r#""{table}":[{items}]"#));
            }
        }
        self.seen.eventual += usize::from(!body.contains(r#""ConsistentRead":true"#));
        self.seen.reads.push(keys);
        json("200 OK", &format!(r#"{{"Responses":{{{}}},"UnprocessedKeys":{{}}}}"#, tables.join(",")))
    }

    /// The conditional writes: of a snapshot only over an older one, and of a lease only over one that has ended or has the
    /// same holder.
    fn write(&mut self, body: &str) -> Vec<u8> {
        self.seen.writes += 1;
        let item = object(body, r#""Item":"#);
        let number = |text: &str, name: &str| between(text, &format!(r#""{name}":{{"N":""#), "\"").parse().unwrap();
        let is_met = if item.contains(r#""id":{"S":"fetch#"#) {
            let holder = between(item, r#""holder":{"S":""#, "\"");
            let now: i64 = number(body, ":now");
            let is_met = self.lease.as_ref().is_none_or(|(_, until, of)| *until <= now || of == holder);
            let lease = (item.to_owned(), number(item, "held_until"), holder.to_owned());
            self.lease = if is_met { Some(lease) } else { self.lease.take() };
            is_met
        } else {
            let fetched_at = number(item, "fetched_at");
            let is_met = self.snapshot.as_ref().is_none_or(|(_, existing)| *existing < fetched_at);
            self.snapshot = if is_met { Some((item.to_owned(), fetched_at)) } else { self.snapshot.take() };
            is_met
        };
        if is_met {
            return json("200 OK", "{}");
        }
        json(
            "400 Bad Request",
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"exists"}"#,
        )
    }
}

fn json(status: &str, body: &str) -> Vec<u8> {
    response(status, "Content-Type: application/x-amz-json-1.0\r\nx-amzn-requestid: 1\r\n", body.as_bytes())
}

/// The keys of a `BatchGetItem`: its only attribute values.
fn keys(body: &str) -> Vec<String> {
    body.split(r#"{"S":""#).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split(before).nth(1).unwrap().split(after).next().unwrap()
}

/// The JSON object after this text.
fn object<'t>(text: &'t str, before: &str) -> &'t str {
    let start = text.find(before).unwrap() + before.len();
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (offset, byte) in text[start..].bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => depth -= 1,
            _ => {}
        }
        if depth == 0 && byte == b'}' && !in_string {
            return &text[start..=start + offset];
        }
    }
    panic!("no object after {before}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_written_only_over_an_older_one_and_read_again() {
        let mut state = State::default();
        let put = |at: i64| {
            format!(
                r#"{{"TableName":"{STATE_TABLE}","Item":{{"id":{{"S":"jwks#i"}},"jwks":{{"S":"{{\"}}"}},"fetched_at":{{"N":"{at}"}}}},"ConditionExpression":"x"}}"#
            )
        };
        let get = format!(
            r#"{{"RequestItems":{{"{STATE_TABLE}":{{"Keys":[{{"id":{{"S":"jwks#i"}}}}],"ConsistentRead":true}}}}}}"#
        );
        let mut ask = |body: String| {
            let request = Request { method: "POST".into(), path: "/".into(), body: body.into_bytes() };
            String::from_utf8(state.answer(&request)).unwrap()
        };
        assert!(ask(get.clone()).contains(":[]"));
        assert!(ask(put(5)).contains("200 OK") && ask(put(5)).contains("ConditionalCheckFailed"));
        assert!(ask(put(6)).contains("200 OK"));
        let lease = |holder: &str, now: i64| {
            format!(
                r#"{{"TableName":"{STATE_TABLE}","Item":{{"id":{{"S":"fetch#i"}},"holder":{{"S":"{holder}"}},"held_until":{{"N":"{}"}}}},"ExpressionAttributeValues":{{":now":{{"N":"{now}"}}}}}}"#,
                now + 3
            )
        };
        assert!(ask(lease("a", 5)).contains("200 OK") && ask(lease("b", 7)).contains("ConditionalCheckFailed"));
        assert!(ask(lease("a", 6)).contains("200 OK") && ask(lease("b", 9)).contains("200 OK"));
        assert!(ask(get).contains(r#""jwks":{"S":"{\"}"},"fetched_at":{"N":"6"}"#));
        assert_eq!((state.seen.writes, state.seen.eventual, state.seen.reads.len()), (7, 0, 2));
    }
}
