//! Hostile key hosts: redirects, statuses, encodings, framing, metadata that lead elsewhere. Whatever a host answers, only
//! the configured hosts get requests.
//!
//! Not every place that they name can be watched: for these, the cause in the log shows that the answer or the metadata were
//! refused, and no connection failed.

use serde_json::{Value, json};
use token_introspection::settings::LogLevel;

use super::{OtherHosts, causes, forbidden_writes, not_inactive, not_unavailable};
use crate::{
    key_sets::{at, key_set, token},
    key_site::{Site, response, trusting},
    keys,
    log::Log,
    world::{ACTIVE, ISSUER, World, changed},
};

const CHUNKED: &str = "transfer-encoding: chunked";

/// Answers of the configured host that are no key set, for the place of the attacker's host, with the cause that is logged.
fn refused(set: &str, elsewhere: &str) -> Vec<(String, String, &'static str)> {
    let mut answers = Vec::new();
    let targets = [
        elsewhere,
        "/good",
        "http://169.254.169.254/latest/meta-data/",
        "https://keys.example/good",
        "//127.0.0.1/good",
        "file:///etc/passwd",
    ];
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for target in targets {
            answers.push((
                format!("{status} to {target}"),
                response(&format!("{status} Moved"), &format!("location: {target}\r\n"), set),
                "redirect",
            ));
        }
    }
    for status in
        [201, 202, 203, 206, 226, 304, 400, 401, 403, 404, 407, 410, 418, 429, 451, 500, 502, 503, 504, 511, 599]
    {
        let headers = format!("www-authenticate: Basic\r\nretry-after: 0\r\nlocation: {elsewhere}\r\n");
        let cause = if status == 304 { "redirect" } else { "status" };
        answers.push((format!("status {status}"), response(&format!("{status} Status"), &headers, set), cause));
    }
    for encoding in
        ["gzip", "x-gzip", "br", "deflate", "zstd", "gzip, identity", "identity, gzip", "compress", "aes128gcm"]
    {
        answers.push((
            format!("encoding {encoding}"),
            response("200 OK", &format!("content-encoding: {encoding}\r\n"), set),
            "compressed",
        ));
    }
    let framed = |head: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
    let length = set.len();
    let large = format!("{set}{}", " ".repeat(256 * 1024));
    let of_causes = [
        (
            "connection",
            vec![
                ("nothing", String::new()),
                ("no status line", set.to_owned()),
                ("another protocol", "SSH-2.0-OpenSSH_9.9\r\n".to_owned()),
                ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
                ("HTTP/9.9", format!("HTTP/9.9 200 OK\r\n\r\n{set}")),
                ("no headers' end", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n".to_owned()),
                ("a status of 4 digits", format!("HTTP/1.1 2000 OK\r\n\r\n{set}")),
                ("a negative length", framed("content-length: -1", set)),
                ("a length that is not a number", framed("content-length: ten", set)),
                ("a length of 2^64", framed("content-length: 18446744073709551616", set)),
                ("two lengths", framed(&format!("content-length: {length}\r\ncontent-length: 2"), set)),
                ("a header name with a space", framed("content length: 5", set)),
                ("a header of a megabyte", framed(&format!("x: {}", "x".repeat(1 << 20)), set)),
                ("ten thousand headers", framed(&"x: y\r\n".repeat(10_000), set)),
            ],
        ),
        (
            "status",
            vec![(
                "switching protocols",
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n".to_owned(),
            )],
        ),
        (
            "body",
            vec![
                ("a length that is too large", framed(&format!("content-length: {}", length + 1), set)),
                ("a length of a terabyte", framed("content-length: 1099511627776", set)),
                ("a chunk without end", framed(CHUNKED, &format!("{length:x}\r\n{set}\r\n"))),
                ("a chunk that is too short", framed(CHUNKED, &format!("{:x}\r\n{set}\r\n0\r\n\r\n", length + 9))),
                ("a chunk of no number", framed(CHUNKED, &format!("zz\r\n{set}\r\n0\r\n\r\n"))),
                ("a chunk of 2^64", framed(CHUNKED, &format!("10000000000000000\r\n{set}\r\n0\r\n\r\n"))),
                ("an unknown transfer encoding", framed("transfer-encoding: gzip, chunked", set)),
            ],
        ),
        ("not_json", vec![("a length that is too small", framed(&format!("content-length: {}", length - 1), set))]),
        (
            "too_large",
            vec![
                ("a body over 256 KiB", response("200 OK", "", &large)),
                ("chunks over 256 KiB", framed(CHUNKED, &format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()))),
            ],
        ),
    ];
    for (cause, cases) in of_causes {
        answers.extend(cases.into_iter().map(|(case, answer)| (case.to_owned(), answer, cause)));
    }
    answers
}

/// Answers with a good set, and with headers that ask for something else.
fn accepted(set: &str, elsewhere: &str) -> Vec<(String, String)> {
    let headers = [
        format!("refresh: 0; url={elsewhere}"),
        format!("link: <{elsewhere}>; rel=preload"),
        format!("content-location: {elsewhere}"),
        format!("location: {elsewhere}"),
        format!("alt-svc: h3=\"{}\"", elsewhere.trim_start_matches("http://")),
        format!("set-cookie: a=b; domain={elsewhere}"),
        "clear-site-data: *".to_owned(),
        "content-type: text/html".to_owned(),
        "content-type: image/png".to_owned(),
        "content-type: application/jwk-set+json; charset=utf-16".to_owned(),
        "cache-control: max-age=31536000, immutable".to_owned(),
        "expires: Fri, 31 Dec 9999 23:59:59 GMT".to_owned(),
        "age: -1".to_owned(),
        "date: Thu, 01 Jan 1970 00:00:00 GMT".to_owned(),
        "strict-transport-security: max-age=31536000".to_owned(),
    ];
    let answers = headers.map(|header| (header.clone(), response("200 OK", &format!("{header}\r\n"), set)));
    let early =
        format!("HTTP/1.1 103 Early Hints\r\nlink: <{elsewhere}>; rel=preload\r\n\r\n{}", response("200 OK", "", set));
    answers.into_iter().chain([("early hints".to_owned(), early)]).collect()
}

/// The attacker's host publishes the attacker's key under each path that an answer names.
async fn attacker() -> Site {
    let site = Site::start().await;
    for path in ["/", "/jwks.json", "/good", "/keys"] {
        site.put(path, &key_set(&[&keys::ed25519(Some("a"), 66)]));
    }
    site
}

#[tokio::test]
async fn h13_hostile_key_hosts_are_an_outage_and_lead_to_no_other_host() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (world, site, attacker) = (World::new().await, Site::start().await, attacker().await);
    let others = OtherHosts::start().await;
    let (key, other) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 66));
    let (set, elsewhere) = (key_set(&[&key]).to_string(), attacker.url("/jwks.json"));
    site.put("/good", &key_set(&[&key]));
    let (refused, accepted) = (refused(&set, &elsewhere), accepted(&set, &elsewhere));
    let count = refused.len() + accepted.len();
    let refused = refused.into_iter().map(|(case, answer, cause)| (case, answer, Some(cause)));
    let cases = refused.chain(accepted.into_iter().map(|(case, answer)| (case, answer, None)));
    let mut wrong = Vec::new();
    for (number, (case, answer, cause)) in cases.enumerate() {
        let is_good = cause.is_none();
        // Another address each time, so that no snapshot of an earlier case is used.
        let path = format!("/{number}");
        site.put_raw(&path, &answer);
        let entry = json!({ "issuer": ISSUER, "jwks_uri": site.url(&path) });
        let environment = trusting(&world, &entry, &[others.setting()]).await;
        log.take();
        let genuine = at(&environment, 0, &token(&key)).await;
        let forged = at(&environment, 0, &token(&other)).await;
        if is_good {
            genuine.assert_verdict(ACTIVE, &case);
            wrong.extend(not_inactive(&forged, "bad_signature").map(|what| format!("{case}, forged: {what}")));
        } else {
            wrong.extend(not_unavailable(&genuine).map(|what| format!("{case}: {what}")));
            wrong.extend(not_unavailable(&forged).map(|what| format!("{case}, forged: {what}")));
        }
        let logged = causes(&log, "jwks_fetch_failed");
        if logged != cause.into_iter().collect::<Vec<_>>() {
            wrong.push(format!("{case}: expected {cause:?}, found {logged:?}"));
        }
        let paths = requested(&site);
        if paths != [path.as_str()] && paths != [path.as_str(), path.as_str()] {
            wrong.push(format!("{case}: requests for {paths:?}"));
        }
        wrong.extend(forbidden_writes(&world).into_iter().map(|what| format!("{case}: {what}")));
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 110, "{count} hosts");
    assert_eq!(attacker.take_requests(), [""; 0]);
    assert_eq!(others.take_requests(), [""; 0]);
}

/// The paths of the requests since the last call.
fn requested(site: &Site) -> Vec<String> {
    site.take_requests().iter().map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn h13_hostile_metadata_lead_to_no_other_host() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (world, site, attacker) = (World::new().await, Site::start().await, attacker().await);
    let others = OtherHosts::start().await;
    let key = keys::ed25519(Some("a"), 1);
    let issuer = site.url("/tenant");
    let claims = changed(&crate::key_sets::claims_of_the_key_tests(), &json!({ "iss": issuer }));
    let token = key.token(&json!({}), &claims);
    let port = attacker.address.rsplit(':').next().unwrap();
    let no_locations =
        [json!(null), json!(""), json!(1), json!([attacker.url("/keys")]), json!({ "url": attacker.url("/keys") })];
    let insecure = [
        json!("/keys"),
        json!("keys"),
        json!(format!("//{}/keys", attacker.address)),
        json!("http://keys.example/"),
        json!("http://169.254.169.254/latest/meta-data/"),
        json!(format!("http://attacker.localhost.example:{port}/keys")),
        json!(format!("ftp://{}/keys", attacker.address)),
        json!(format!("gopher://{}/keys", attacker.address)),
        json!(format!("ws://{}/keys", attacker.address)),
        json!("file:///etc/passwd"),
        json!("data:application/json,{}"),
        json!("javascript:alert(1)"),
        json!(format!("http://127.0.0.1@keys.example:{port}/keys")),
        json!(format!("http://127.0.0.1.keys.example:{port}/keys")),
        json!(format!("http://[::ffff:a9fe:a9fe]:{port}/keys")),
        json!(format!("http://0.0.0.0:{port}/keys")),
        json!(format!("http://2130706433:{port}/keys")),
        json!(format!(" {}", attacker.url("/keys"))),
        json!(format!("{}\r\nx: y", attacker.url("/keys"))),
    ];
    let naming = |uri: Value| json!({ "issuer": issuer, "jwks_uri": uri });
    let issuers = [
        format!("{issuer}/"),
        site.url("/Tenant"),
        site.url(""),
        ISSUER.to_owned(),
        attacker.url("/tenant"),
        String::new(),
    ];
    let of_others = issuers.map(|other| json!({ "issuer": other, "jwks_uri": attacker.url("/keys") }));
    let all: Vec<(&str, Value)> = [
        ("no_jwks_uri", no_locations.map(naming).to_vec()),
        ("insecure_jwks_uri", insecure.map(naming).to_vec()),
        ("issuer_differs", of_others.to_vec()),
    ]
    .into_iter()
    .flat_map(|(cause, documents)| documents.into_iter().map(move |document| (cause, document)))
    .collect();
    assert!(all.len() >= 30, "{} documents", all.len());
    for (cause, metadata) in &all {
        site.put("/tenant/.well-known/openid-configuration", metadata);
        let environment = trusting(&world, &json!({ "issuer": issuer }), &[others.setting()]).await;
        log.take();
        let answer = at(&environment, 0, &token).await;
        assert_eq!(not_unavailable(&answer), None, "{metadata}");
        assert!(requested(&site).iter().all(|path| path.contains("/.well-known/")), "{metadata}");
        assert_eq!(causes(&log, "jwks_fetch_failed"), [*cause], "{metadata}");
        assert_eq!(attacker.take_requests(), [""; 0], "{metadata}");
        assert_eq!(others.take_requests(), [""; 0], "{metadata}");
        assert_eq!(forbidden_writes(&world), [""; 0], "{metadata}");
    }
}

/// Shows that the tests would see a request to a host that no setting names.
#[tokio::test]
async fn a_request_to_another_host_is_seen() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (world, site, others) = (World::new().await, Site::start().await, OtherHosts::start().await);
    let (issuer, key) = (site.url("/tenant"), keys::ed25519(Some("a"), 1));
    let metadata = json!({ "issuer": issuer, "jwks_uri": "https://keys.example/keys" });
    site.put("/tenant/.well-known/openid-configuration", &metadata);
    let environment = trusting(&world, &json!({ "issuer": issuer }), &[others.setting()]).await;
    let claims = changed(&crate::key_sets::claims_of_the_key_tests(), &json!({ "iss": issuer }));
    assert_eq!(not_unavailable(&at(&environment, 0, &key.token(&json!({}), &claims)).await), None);
    assert_eq!(causes(&log, "jwks_fetch_failed"), ["proxy"]);
    let requests = others.take_requests();
    assert!(requests.len() == 1 && requests[0].starts_with("CONNECT keys.example:443 "), "{requests:?}");
}

#[tokio::test]
async fn o04_h31_what_a_host_publishes_is_logged_short_and_without_control_characters() {
    let (log, _guard) = Log::start(LogLevel::Trace);
    let (world, site, key) = (World::new().await, Site::start().await, keys::ed25519(Some("a"), 1));
    for (number, text) in
        ["a\r\n{\"event\":\"forged\"}", "\u{1b}[31m\u{7f}\u{85}\0", &"k".repeat(20_000)].into_iter().enumerate()
    {
        let path = format!("/{number}");
        let encryption = changed(&key.jwk(), &json!({ "kid": text, "use": "enc" }));
        site.put(&path, &json!({ "keys": [encryption, { "kty": text, "kid": text }, key.jwk()] }));
        let environment = trusting(&world, &json!({ "issuer": ISSUER, "jwks_uri": site.url(&path) }), &[]).await;
        at(&environment, 0, &token(&key)).await.assert_active();
        // The issuer's own metadata name another one.
        let issuer = site.url(&format!("/tenant{number}"));
        let claims = changed(&crate::key_sets::claims_of_the_key_tests(), &json!({ "iss": issuer }));
        let place = format!("/tenant{number}/.well-known/openid-configuration");
        site.put(&place, &json!({ "issuer": text, "jwks_uri": text }));
        let environment = trusting(&world, &json!({ "issuer": issuer }), &[]).await;
        at(&environment, 0, &key.token(&json!({}), &claims)).await.assert_unavailable("keys_unavailable");
    }
    let text = log.take();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let own = lines.iter().filter(|line| line["target"].as_str().is_some_and(|target| target.contains("issuers")));
    let values: Vec<_> = own.flat_map(|line| line.as_object().unwrap().values()).filter_map(Value::as_str).collect();
    assert!(values.iter().filter(|value| **value == "key_dropped").count() >= 6, "{values:?}");
    for value in values {
        assert!(value.chars().count() <= 200 && !value.contains(char::is_control), "{value:?}");
    }
}
