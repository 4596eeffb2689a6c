//! The credentials of a request: an input's first line is the header `Authorization`, and the rest is the body.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use token_introspection::{
    auth_method::AuthMethod,
    call::Call,
    digest::Digest,
    request::{Credentials, Request},
    token::is_too_long,
};

use crate::{
    two_parts,
    world::{SETTINGS, posted},
};

/// The client id and the three readings of the secret that a request presents. `None` if it presents no secret.
pub type Subject = fn(&Call) -> Option<(String, [String; 3])>;

/// The credentials of a request. `None` if it is refused.
pub type Parse = for<'a> fn(&'a Call) -> Option<Credentials<'a>>;

pub fn check(data: &[u8]) {
    let (header, body) = two_parts(data);
    use_one_mechanism(credentials_of, header, body);
    holds(secret_of, header, body);
}

/// The code of the function.
pub fn credentials_of(call: &Call) -> Option<Credentials<'_>> {
    match Request::parse(call, &SETTINGS) {
        Ok(Request::Introspection(query)) => Some(query.credentials),
        _ => None,
    }
}

pub fn secret_of(call: &Call) -> Option<(String, [String; 3])> {
    match credentials_of(call)? {
        Credentials::Secret(presented) => Some((presented.client_id, presented.digests.map(Digest::to_hex))),
        _ => None,
    }
}

/// A client id and a secret that a client encodes as RFC 6749 §2.3.1 demands arrive unchanged, in the header and in the
/// body.
pub fn holds(subject: Subject, id: &[u8], secret: &[u8]) {
    let (Ok(id), Ok(secret)) = (std::str::from_utf8(id), std::str::from_utf8(secret)) else { return };
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let digest = Digest::of(secret).to_hex();
    if id.len() + secret.len() > 4096 {
        return;
    }
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))));
    let found = subject(&request(basic.as_bytes(), b"token=a"));
    let as_sent = Digest::of(encoded(secret)).to_hex();
    assert!(
        found.is_some_and(|(client, [decoded, raw, _])| client == id && decoded == digest && raw == as_sent),
        "the header has another meaning"
    );
    if !secret.is_empty() {
        let body = format!("token=a&client_id={}&client_secret={}", encoded(id), encoded(secret));
        let found = subject(&request(b"", body.as_bytes()));
        let expected = (id.to_owned(), [digest.clone(), digest.clone(), digest]);
        assert!(found == Some(expected), "the body has another meaning");
    }
}

/// A request that is read has exactly one mechanism, which is the one that it names.
pub fn use_one_mechanism(subject: Parse, header: &[u8], body: &[u8]) {
    let call = request(header, body);
    let Some(credentials) = subject(&call) else { return };
    let sent =
        |name: &str| form_urlencoded::parse(body).any(|(parameter, value)| parameter == name && !value.is_empty());
    let has_header = call.headers.contains_key(AUTHORIZATION);
    let used = [has_header, sent("client_secret"), sent("client_assertion")];
    assert!(used.iter().filter(|used| **used).count() == 1, "not exactly one mechanism");
    let begins_with = |scheme: &str| {
        header.trim_ascii().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    match credentials {
        Credentials::Secret(presented) if presented.method == AuthMethod::ClientSecretBasic => {
            assert!(begins_with("basic "), "a secret from another scheme");
            let text = header.trim_ascii().get(6..).unwrap_or_default().trim_ascii();
            let text = STANDARD.decode(text).ok().and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
            let (_, secret) = text.split_once(':').expect("credentials without a colon are read");
            assert!(presented.digests[1] == Digest::of(secret), "another secret than was sent");
            assert!(!text.contains(char::is_control), "a control character is accepted");
        }
        Credentials::Secret(_) => assert!(sent("client_secret"), "a secret from nowhere"),
        Credentials::Assertion(presented) => {
            assert!(sent("client_assertion"), "an assertion from nowhere");
            let is_accepted = presented.claims.is_some();
            assert!(!is_accepted || !presented.client_id.is_empty(), "an assertion names no client");
        }
        Credentials::Bearer(presented) => {
            assert!(begins_with("bearer"), "a token from another scheme");
            let token = std::str::from_utf8(header).unwrap_or_default();
            assert!(presented.unverified.is_none() || !is_too_long(token.get(7..).unwrap_or_default().trim()));
        }
        Credentials::Gateway(_) => panic!("no gateway has authenticated this client"),
        Credentials::Unsupported => assert!(has_header && !begins_with("basic ") && !begins_with("bearer ")),
    }
}

fn request(header: &[u8], body: &[u8]) -> Call {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(header)
        && !header.is_empty()
    {
        headers.insert(AUTHORIZATION, value);
    }
    posted(headers, body)
}
