//! Hostile credentials, and headers that proxies, gateways and frameworks obey or take for an identity.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    T, forbidden_requests,
    requests::{Sent, Watched, sent, with_header},
};
use crate::world::{API, SECRET, introspection, request};

pub fn all(token: &str) -> Vec<Sent> {
    [credentials(token), impostors(token)].into_iter().flatten().collect()
}

fn credentials(token: &str) -> Vec<Sent> {
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
    let form = || request().form(&[("token", token)]);
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
        let request = request().form(&[("token", token), ("client_id", client_id), ("client_secret", SECRET)]);
        all.push(sent(
            format!("client {}", client_id.chars().take(20).collect::<String>()),
            request,
            401,
            "unknown_client",
        ));
    }
    for client_id in ["", "a\0pi", "api\n", "\u{7f}", &"c".repeat(2049), &"c".repeat(3000)] {
        let request = request().form(&[("token", token), ("client_id", client_id), ("client_secret", SECRET)]);
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
        let request = request().form(&[("token", token), ("client_id", API), ("client_secret", secret)]);
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
fn impostors(token: &str) -> Vec<Sent> {
    let form = || request().form(&[("token", token), ("client_id", API)]);
    let plain = SMUGGLED.iter().map(|(name, value)| {
        sent(format!("{name} without credentials"), with_header(form(), name, value.as_bytes()), 401, "no_credentials")
    });
    plain.collect()
}

#[tokio::test]
async fn a08_b07_f04_m01_headers_of_proxies_and_frameworks_change_no_answer() {
    let watched = Watched::start().await;
    let (world, token) = (&watched.world, watched.token());
    world.send(introspection(&token).at(T)).await.assert_active();
    assert_eq!(watched.take_requests(), 1, "the keys are fetched once");
    world.proxy.take_requests();
    for (question, status) in [(token.as_str(), true), ("unknown", false)] {
        let plain = world.send(introspection(question).at(T)).await;
        assert_eq!(plain.json()["active"], status);
        let reads = world.proxy.take_requests();
        for (name, value) in SMUGGLED {
            let answer = world.send(with_header(introspection(question).at(T), name, value.as_bytes())).await;
            assert_eq!(answer, plain, "{name}");
            assert_eq!(answer.reason(), plain.reason(), "{name}");
            let requests = world.proxy.take_requests();
            assert_eq!((requests.len(), forbidden_requests(&requests, plain.reason())), (reads.len(), None), "{name}");
        }
        let all = SMUGGLED
            .iter()
            .fold(introspection(question).at(T), |request, (name, value)| with_header(request, name, value.as_bytes()));
        assert_eq!(world.send(all).await, plain, "all at once");
        assert_eq!(forbidden_requests(&world.proxy.take_requests(), plain.reason()), None, "all at once");
    }
    assert_eq!(watched.take_requests(), 0, "a header chose a host");
}
