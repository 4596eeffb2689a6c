//! Hostile requests: methods, paths, media types and bodies.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use serde_json::json;

use super::{OtherHosts, T, credentials, forbidden_requests, not_inactive, not_refused};
use crate::{
    key_host::KeyHost,
    keys,
    world::{API, ISSUER, Request, SECRET, World, introspection, request},
};

const ROUTES: [&str; 3] = ["/token/introspect", "/token/introspect/batch", "/token/revoke"];

/// A deployment in which each request to a host is seen. The keys of its issuer have not been fetched, so a request whose
/// token is checked asks their host.
pub struct Watched {
    pub world: World,
    keys: KeyHost,
    others: OtherHosts,
}

impl Watched {
    pub async fn start() -> Self {
        let keys = KeyHost::start(&json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] })).await;
        let others = OtherHosts::start().await;
        let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": keys.url }]).to_string();
        let settings =
            [("TRUSTED_ISSUERS", issuers.as_str()), ("FAILED_AUTHENTICATION_LIMIT", "1000000"), others.setting()];
        let world = World::with(&settings).await;
        Self { world, keys, others }
    }

    /// A good token of the issuer.
    pub fn token(&self) -> String {
        self.world.token(&json!({ "iat": T, "exp": T + 600 }))
    }

    /// The number of requests to any host since the last call.
    pub fn take_requests(&self) -> usize {
        self.keys.take_requests() + self.others.take_requests().len()
    }
}

/// What is wrong with a request, the request, and how it ends.
pub struct Sent {
    case: String,
    request: Request,
    status: u16,
    reason: &'static str,
}

pub fn sent(case: impl Into<String>, request: Request, status: u16, reason: &'static str) -> Sent {
    Sent { case: case.into(), request, status, reason }
}

/// A request with a header of exactly these bytes.
pub fn with_header(mut request: Request, name: &str, value: &[u8]) -> Request {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    request.0.headers.insert(name, HeaderValue::from_bytes(value).unwrap());
    request
}

fn methods_and_paths(token: &str) -> Vec<Sent> {
    let mut all = Vec::new();
    let method = |name: &str| Method::from_bytes(name.as_bytes()).unwrap();
    for name in
        ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "post", "QUERY", "PROPFIND", "X"]
    {
        for path in ROUTES {
            let request = introspection(token).path(path).method(method(name));
            all.push(sent(format!("{name} {path}"), request, 405, "method_not_allowed"));
        }
    }
    for name in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"] {
        for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
            let request = introspection(token).path(path).method(method(name));
            all.push(sent(format!("{name} {path}"), request, 405, "method_not_allowed"));
        }
    }
    for path in [
        "",
        "/",
        "*",
        "/token",
        "/token/",
        "/token/introspect/",
        "/token/introspect/.",
        "/token/introspect/..",
        "/token/introspect/../revoke/",
        "/token/introspect%2F",
        "/token/introspect%00",
        "/token%2Fintrospect",
        "/token/introspect;v=1",
        "/token/introspect.json",
        "/token/introspect\0",
        "/token/introspect ",
        "/TOKEN/INTROSPECT",
        "/token//introspect",
        "\\token\\introspect",
        "/token/introspect/batch/",
        "/token/introspect/batches",
        "/token/revoke/x",
        "/logout/backchannel",
        "/events",
        "/global-token-revocation",
        "/.well-known/jwks.json/",
        "/.env",
        "/2018-06-01/runtime/invocation/next",
    ] {
        all.push(sent(format!("path {path:?}"), introspection(token).path(path), 404, "not_found"));
    }
    all
}

fn media_types_and_queries(token: &str) -> Vec<Sent> {
    let mut all = Vec::new();
    for media_type in [
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/jwt",
        "application/xml",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded-2",
        "application/x-www-form-urlencoded, application/json",
        "application/x-www-form-urlencoded\tx",
        "x-application/x-www-form-urlencoded",
        "application x-www-form-urlencoded",
        "application/x-www-form-urlencoded\u{a0}",
    ] {
        let request = with_header(introspection(token), "content-type", media_type.as_bytes());
        all.push(sent(format!("media type {media_type:?}"), request, 415, "wrong_media_type"));
    }
    all.push(sent("no media type", introspection(token).without_header("content-type"), 415, "wrong_media_type"));
    for query in [
        "token=x",
        "token",
        "%74oken=x",
        "a=1&token=x",
        "&&token=x",
        "client_secret=x",
        "client_assertion=x",
        "access_token=x",
        "access%5Ftoken=x",
        "token=x&token=y",
    ] {
        for path in ROUTES {
            let request = introspection(token).path(path).query(query);
            all.push(sent(format!("{path}?{query}"), request, 400, "secret_in_query"));
        }
    }
    all
}

fn bodies(token: &str) -> Vec<Sent> {
    let mut all = Vec::new();
    let with = |body: &[u8]| request().basic(API, SECRET).body(body);
    for body in [
        &b"token=%FF"[..],
        b"token=%C3%28",
        b"token=%C0%80",
        b"token=%ED%A0%80",
        b"token=%F4%90%80%80",
        b"token=\xff",
        b"\xff=token",
        b"token=a&%FF=x",
        b"\xfe\xff\0t\0o\0k\0e\0n",
    ] {
        all.push(sent(format!("body {}", body.escape_ascii()), with(body), 400, "malformed_body"));
    }
    for name in ["token", "token_type_hint", "client_id", "dpop", "htm", "htu", "client_certificate"] {
        for twice in [
            format!("{name}=a&{name}=a"),
            format!("{name}=&{name}=a"),
            format!("{name}&%{:02x}{}=", name.as_bytes()[0], &name[1..]),
        ] {
            let body = if name == "token" { twice.clone() } else { format!("token={token}&{twice}") };
            all.push(sent(format!("body {twice}"), with(body.as_bytes()), 400, "duplicate_parameter"));
        }
    }
    for body in [
        "",
        "&&&",
        "=",
        "=token",
        "token",
        "token=",
        "Token=x",
        "TOKEN=x",
        "token[]=x",
        "token[0]=x",
        "tokens=x",
        "{\"token\":\"x\"}",
        " token=x",
        "token%00=x",
    ] {
        all.push(sent(format!("body {body:?}"), with(body.as_bytes()), 400, "missing_token"));
    }
    for length in [64 * 1024 + 1, 1024 * 1024, 6 * 1024 * 1024] {
        all.push(sent(format!("a body of {length} bytes"), with(&vec![b'x'; length]), 413, "body_too_large"));
    }
    for token in ["t".repeat(16 * 1024 + 1), ".".repeat(20_000), "a.".repeat(10_000)] {
        all.push(sent(
            format!("a token of {} bytes", token.len()),
            with(format!("token={token}").as_bytes()),
            200,
            "too_long",
        ));
    }
    let many = "&a=".repeat(10_000);
    all.push(sent("10,000 parameters", with(format!("token=x{many}").as_bytes()), 200, "unknown_token"));
    for (case, parameters, reason) in [
        ("two mechanisms", "client_secret=y", "two_mechanisms"),
        ("another client", "client_id=other", "client_id_mismatch"),
        ("a part of a proof", "dpop=a", "incomplete_proof"),
        ("a proof of no method", "dpop=a&htm=G%20T&htu=https%3A%2F%2Fa.example", "wrong_proof_target"),
        ("no certificate", "client_certificate=AAAA", "wrong_client_certificate"),
    ] {
        all.push(sent(case, with(format!("token={token}&{parameters}").as_bytes()), 400, reason));
    }
    all
}

fn batches(token: &str) -> Vec<Sent> {
    let batch = |body: String| {
        request()
            .path("/token/introspect/batch")
            .basic(API, SECRET)
            .header("content-type", "application/json")
            .body(body)
    };
    let mut all = Vec::new();
    let deep = format!(r#"{{"tokens":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    for body in [
        "",
        "[]",
        "null",
        "1",
        "\"x\"",
        "{",
        "{}x",
        "{'tokens':['x']}",
        r#"{"tokens":["x"],}"#,
        r#"{"tokens":["x"],"tokens":["y"]}"#,
        r#"{"tokens":["x"],"\u0074okens":["y"]}"#,
        r#"{"tokens":["x"],"a":{"b":1,"b":2}}"#,
        r#"{"tokens":["\ud800"]}"#,
        r#"{"tokens":[NaN]}"#,
        r#"{"tokens":["x"],"client_id":1}"#,
        "token=x",
        &deep,
        "\u{feff}{\"tokens\":[\"x\"]}",
    ] {
        let case = format!("batch {}", body.chars().take(50).collect::<String>());
        let body = body.replace("[\"x\"]", &format!("[\"{token}\"]"));
        all.push(sent(case, batch(body), 400, "malformed_body"));
    }
    for tokens in [
        json!(null),
        json!([]),
        json!(token),
        json!({}),
        json!(1),
        json!([1]),
        json!([null]),
        json!([[token]]),
        json!([""]),
        json!([token, ""]),
        json!([token, 1]),
        json!({ "0": token }),
        json!(vec![token; 51]),
        json!(vec!["x"; 10_000]),
    ] {
        let case = format!("tokens {}", tokens.to_string().chars().take(20).collect::<String>());
        all.push(sent(case, batch(json!({ "tokens": tokens }).to_string()), 400, "wrong_tokens"));
    }
    all.push(sent("a batch without tokens", batch("{}".to_owned()), 400, "wrong_tokens"));
    all.push(sent(
        "a batch with a proof",
        batch(json!({ "tokens": [token], "dpop": "a" }).to_string()),
        400,
        "proof_in_batch",
    ));
    all.push(sent("a batch over 1 MiB", batch(" ".repeat(1024 * 1024 + 1)), 413, "body_too_large"));
    all
}

#[tokio::test]
async fn a02_a03_a04_a07_a13_a14_b01_b02_b05_b18_c06_hostile_requests_are_refused_each_by_its_rule() {
    let watched = Watched::start().await;
    let (world, token) = (&watched.world, watched.token());
    let all: Vec<_> = [methods_and_paths, media_types_and_queries, bodies, batches, credentials::all]
        .into_iter()
        .flat_map(|cases| cases(&token))
        .collect();
    let count = all.len();
    let mut wrong = Vec::new();
    for Sent { case, request, status, reason } in all {
        // All requests were made at once, and their time began then.
        let answer = world.send(request.at(T).within(Duration::from_millis(1800))).await;
        let difference =
            if status == 200 { not_inactive(&answer, reason) } else { not_refused(&answer, status, reason) };
        let reads = forbidden_requests(&world.proxy.take_requests(), Some(reason));
        wrong.extend(difference.into_iter().chain(reads).map(|what| format!("{case}: {what}")));
        if watched.take_requests() != 0 {
            wrong.push(format!("{case}: a host was asked"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "{count} hostile requests");
    // The same token in a good request causes a fetch, so that a check before a refusal would have been seen.
    world.send(introspection(&token).at(T)).await.assert_active();
    assert_eq!(watched.take_requests(), 1);
}
