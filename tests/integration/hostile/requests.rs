//! Hostile requests: methods, paths, media types, bodies, credentials, and headers that other components would obey.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Method};
use serde_json::json;

use super::T;
use crate::world::{API, Request, SECRET, World, introspection, request};

const ROUTES: [&str; 3] = ["/token/introspect", "/token/introspect/batch", "/token/revoke"];

/// What is wrong with a request, the request, and how it ends.
struct Sent {
    case: String,
    request: Request,
    status: u16,
    reason: &'static str,
}

fn sent(case: impl Into<String>, request: Request, status: u16, reason: &'static str) -> Sent {
    Sent { case: case.into(), request, status, reason }
}

/// A request with a header of exactly these bytes.
fn with_header(mut request: Request, name: &str, value: &[u8]) -> Request {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    request.0.headers.insert(name, HeaderValue::from_bytes(value).unwrap());
    request
}

fn methods_and_paths() -> Vec<Sent> {
    let mut all = Vec::new();
    let method = |name: &str| Method::from_bytes(name.as_bytes()).unwrap();
    for name in
        ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "post", "QUERY", "PROPFIND", "X"]
    {
        for path in ROUTES {
            let request = introspection("x").path(path).method(method(name));
            all.push(sent(format!("{name} {path}"), request, 405, "method_not_allowed"));
        }
    }
    for name in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"] {
        for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
            let request = introspection("x").path(path).method(method(name));
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
        all.push(sent(format!("path {path:?}"), introspection("x").path(path), 404, "not_found"));
    }
    all
}

fn media_types_and_queries() -> Vec<Sent> {
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
        let request = with_header(introspection("x"), "content-type", media_type.as_bytes());
        all.push(sent(format!("media type {media_type:?}"), request, 415, "wrong_media_type"));
    }
    all.push(sent("no media type", introspection("x").without_header("content-type"), 415, "wrong_media_type"));
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
            let request = introspection("x").path(path).query(query);
            all.push(sent(format!("{path}?{query}"), request, 400, "secret_in_query"));
        }
    }
    all
}

fn bodies() -> Vec<Sent> {
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
            let body = if name == "token" { twice.clone() } else { format!("token=x&{twice}") };
            all.push(sent(format!("body {body}"), with(body.as_bytes()), 400, "duplicate_parameter"));
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
    all.push(sent("two mechanisms", with(b"token=x&client_secret=y"), 400, "two_mechanisms"));
    all.push(sent("another client", with(b"token=x&client_id=other"), 400, "client_id_mismatch"));
    all.push(sent("a part of a proof", with(b"token=x&dpop=a"), 400, "incomplete_proof"));
    all.push(sent(
        "a proof of no method",
        with(b"token=x&dpop=a&htm=G%20T&htu=https%3A%2F%2Fa.example"),
        400,
        "wrong_proof_target",
    ));
    all.push(sent("no certificate", with(b"token=x&client_certificate=AAAA"), 400, "wrong_client_certificate"));
    all
}

fn batches() -> Vec<Sent> {
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
        all.push(sent(case, batch(body.to_owned()), 400, "malformed_body"));
    }
    for tokens in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!(1),
        json!([1]),
        json!([null]),
        json!([["x"]]),
        json!([""]),
        json!(["x", ""]),
        json!(["x", 1]),
        json!({ "0": "x" }),
        json!(vec!["x"; 51]),
        json!(vec!["x"; 10_000]),
    ] {
        let case = format!("tokens {}", tokens.to_string().chars().take(50).collect::<String>());
        all.push(sent(case, batch(json!({ "tokens": tokens }).to_string()), 400, "wrong_tokens"));
    }
    all.push(sent("a batch without tokens", batch("{}".to_owned()), 400, "wrong_tokens"));
    all.push(sent("a batch with a proof", batch(r#"{"tokens":["x"],"dpop":"a"}"#.to_owned()), 400, "proof_in_batch"));
    all.push(sent("a batch over 1 MiB", batch(" ".repeat(1024 * 1024 + 1)), 413, "body_too_large"));
    all
}

fn credentials() -> Vec<Sent> {
    let mut all = Vec::new();
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text)).into_bytes();
    let unreadable = [
        b"Basic".to_vec(),
        b"Basic !".to_vec(),
        b"Basic YXBpOng".to_vec(),
        b"Basic YXBp Ong=".to_vec(),
        b"Basic YXBpOng=,".to_vec(),
        Vec::new(),
        b"Basic \xff".to_vec(),
        encoded(b""),
        encoded(b"api"),
        encoded(b"api:\n"),
        encoded(b"a\0pi:x"),
        encoded(b"api:\xff"),
        encoded(b"api:\x7f"),
    ];
    let form = || request().form(&[("token", "x")]);
    for header in unreadable {
        let case = format!("authorization {}", header.escape_ascii());
        all.push(sent(case, with_header(form(), "authorization", &header), 400, "unreadable_credentials"));
    }
    let twice = form().basic(API, SECRET).another_header("authorization", "Bearer x");
    all.push(sent("two authorization headers", twice, 400, "unreadable_credentials"));
    for scheme in [
        "Digest username=\"api\"",
        "Negotiate AAAA",
        "NTLM AAAA",
        "HOBA result=\"a\"",
        "Mutual a",
        "AWS4-HMAC-SHA256 Credential=a",
        "DPoP a",
        "GNAP a",
        "Token a",
        "Basic2 YXBpOng=",
    ] {
        let request = with_header(form(), "authorization", scheme.as_bytes());
        all.push(sent(format!("authorization {scheme}"), request, 401, "unsupported_mechanism"));
    }
    for client_id in [
        "API",
        "Api",
        " api",
        "api ",
        "api\t",
        "api/",
        "\u{430}pi",
        "api\u{200b}",
        "a\u{300}pi",
        "*",
        "%",
        "api'--",
        "{\"$ne\":1}",
        "../api",
        "oauth-clients",
        &"c".repeat(2048),
    ] {
        let request = request().form(&[("token", "x"), ("client_id", client_id), ("client_secret", SECRET)]);
        all.push(sent(
            format!("client {}", client_id.chars().take(20).collect::<String>()),
            request,
            401,
            "unknown_client",
        ));
    }
    for client_id in ["", "a\0pi", "api\n", "\u{7f}", &"c".repeat(2049), &"c".repeat(3000)] {
        let request = request().form(&[("token", "x"), ("client_id", client_id), ("client_secret", SECRET)]);
        all.push(sent(
            format!("client {}", client_id.escape_debug().take(20).collect::<String>()),
            request,
            401,
            "unknown_client",
        ));
    }
    for secret in [
        &SECRET[1..],
        &SECRET.to_uppercase(),
        &format!("{SECRET} "),
        &format!("{SECRET}\0"),
        "x",
        "*",
        "null",
        &"s".repeat(10_000),
        &token_introspection::records::sha256_hex(SECRET),
    ] {
        let request = request().form(&[("token", "x"), ("client_id", API), ("client_secret", secret)]);
        all.push(sent(
            format!("secret {}", secret.escape_debug().take(20).collect::<String>()),
            request,
            401,
            "wrong_secret",
        ));
    }
    all
}

/// Headers by which proxies and frameworks change a request, or say who sent it. None of them is read.
const SMUGGLED: [(&str, &str); 44] = [
    ("x-http-method-override", "GET"),
    ("x-http-method", "DELETE"),
    ("x-method-override", "PUT"),
    ("x-original-url", "/token/revoke"),
    ("x-rewrite-url", "/token/revoke"),
    ("x-original-host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-real-ip", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1;host=evil.example"),
    ("host", "evil.example"),
    ("x-client-cert", "MIIB"),
    ("x-ssl-client-cert", "MIIB"),
    ("x-ssl-client-verify", "SUCCESS"),
    ("x-ssl-client-s-dn", "CN=api"),
    ("ssl_client_cert", "MIIB"),
    ("x-amzn-mtls-clientcert", "MIIB"),
    ("x-amzn-mtls-clientcert-leaf", "MIIB"),
    ("x-forwarded-client-cert", "Subject=\"CN=api\""),
    ("client-cert", ":MIIB:"),
    ("x-amz-security-token", "AAAA"),
    ("x-amzn-iam-user-arn", "arn:aws:iam::1:user/api"),
    ("x-amzn-oidc-data", "e30.e30.AAAA"),
    ("x-amzn-oidc-identity", "api"),
    ("x-amzn-request-context", "{}"),
    ("x-remote-user", "api"),
    ("remote-user", "api"),
    ("x-user-id", "api"),
    ("x-client-id", "api"),
    ("proxy-authorization", "Basic YXBpOng="),
    ("x-authorization", "Basic YXBpOng="),
    ("transfer-encoding", "chunked"),
    ("content-length", "0"),
    ("content-encoding", "gzip"),
    ("expect", "100-continue"),
    ("upgrade", "h2c"),
    ("connection", "authorization, content-type"),
    ("range", "bytes=0-5"),
    ("if-none-match", "*"),
    ("cookie", "client_id=api"),
    ("origin", "https://evil.example"),
    ("x-debug", "1"),
];

/// The headers beside no credentials: none of them is an identity.
fn impostors() -> Vec<Sent> {
    let form = || request().form(&[("token", "x"), ("client_id", API)]);
    let plain = SMUGGLED.iter().map(|(name, value)| {
        sent(format!("{name} without credentials"), with_header(form(), name, value.as_bytes()), 401, "no_credentials")
    });
    plain.collect()
}

#[tokio::test]
async fn a02_a03_a04_a07_a13_a14_b01_b02_b05_b18_c06_hostile_requests_are_refused_each_by_its_rule() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1000000")]).await;
    let all: Vec<_> = [methods_and_paths(), media_types_and_queries(), bodies(), batches(), credentials(), impostors()]
        .into_iter()
        .flatten()
        .collect();
    let count = all.len();
    let mut wrong = Vec::new();
    for Sent { case, request, status, reason } in all {
        // All requests were made at once, and their time began then.
        let answer = world.send(request.at(T).within(Duration::from_millis(1800))).await;
        let found = (answer.status.as_u16(), answer.reason().unwrap_or_default());
        if found != (status, reason) || answer.body.contains("true") || !answer.header("location").is_empty() {
            wrong.push(format!("{case}: expected {status} {reason}, found {found:?} {}", answer.body));
        }
        let reads = world.proxy.take_requests();
        // Nothing is read before the request is well-formed and has credentials, and nothing is ever written.
        let may_read = matches!(
            reason,
            "unknown_client" | "wrong_secret" | "unsupported_mechanism" | "unknown_token" | "too_long"
        );
        if reads.iter().any(|(operation, _)| operation != "BatchGetItem") || (!may_read && !reads.is_empty()) {
            wrong.push(format!("{case}: {} requests to the store", reads.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "{count} hostile requests");
}

#[tokio::test]
async fn a08_b07_f04_m01_headers_of_proxies_and_frameworks_change_no_answer() {
    let world = World::new().await;
    let token = world.token(&json!({ "iat": T, "exp": T + 600 }));
    for (question, status) in [(token.as_str(), true), ("unknown", false)] {
        let plain = world.send(introspection(question).at(T)).await;
        assert_eq!(plain.json()["active"], status);
        let reads = world.proxy.take_requests();
        for (name, value) in SMUGGLED {
            let answer = world.send(with_header(introspection(question).at(T), name, value.as_bytes())).await;
            assert_eq!(answer, plain, "{name}");
            assert_eq!(world.proxy.take_requests().len(), reads.len(), "{name}");
        }
        let all = SMUGGLED
            .iter()
            .fold(introspection(question).at(T), |request, (name, value)| with_header(request, name, value.as_bytes()));
        assert_eq!(world.send(all).await, plain, "all at once");
        world.proxy.take_requests();
    }
}
