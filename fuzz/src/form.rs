//! A form body has the pairs that an independent decoder finds, and a written form reads as what was written.

use http::HeaderMap;
use token_introspection::{
    call::Call,
    request::{Credentials, Request, RequestError, parse_form},
};

use crate::world::{SETTINGS, posted};

type Pairs = Vec<(String, String)>;

/// Parses a body. `None` if it is not a form.
pub type Subject = fn(&[u8]) -> Option<Pairs>;

/// The client id of a request with a secret, or of any other request nothing.
pub type Client = fn(&Call) -> Result<Option<String>, RequestError>;

/// The maximum size of a form body (docs/endpoints.md).
const MAX_BYTES: usize = 64 * 1024;
/// Parameters that occur at most once (RFC 6749 §3.2).
const KNOWN: [&str; 11] = [
    "token",
    "token_type_hint",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "dpop",
    "htm",
    "htu",
    "client_certificate",
    "client_certificate_thumbprint",
];

pub fn check(data: &[u8]) {
    holds(|body| parse_form(body).ok(), data);
    is_refused_if_too_large_or_ambiguous(client_of, data);
}

/// The properties of a parser.
pub fn holds(subject: Subject, body: &[u8]) {
    let pairs = subject(body);
    assert!(pairs == decoded(body), "two decoders read different pairs");
    let Some(pairs) = pairs else { return };
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    assert!(subject(written.as_bytes()) == Some(pairs), "a written form reads as something else");
}

/// The pairs by a decoder that shares no code with the function: byte by byte, as RFC 6749 App. B describes it.
fn decoded(body: &[u8]) -> Option<Pairs> {
    let mut pairs = Vec::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (mut name, mut value, mut in_value) = (Vec::new(), Vec::new(), false);
        let mut at = 0;
        while at < pair.len() {
            let digit = |at: usize| pair.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            let (byte, length) = match (pair[at], digit(at + 1), digit(at + 2)) {
                (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap(), 3),
                (b'+', ..) => (b' ', 1),
                (byte, ..) => (byte, 1),
            };
            match (pair[at], in_value) {
                (b'=', false) => in_value = true,
                (_, false) => name.push(byte),
                (_, true) => value.push(byte),
            }
            at += length;
        }
        pairs.push((String::from_utf8(name).ok()?, String::from_utf8(value).ok()?));
    }
    Some(pairs)
}

/// The code of the function.
fn client_of(call: &Call) -> Result<Option<String>, RequestError> {
    Ok(match Request::parse(call, &SETTINGS)? {
        Request::Introspection(query) => match query.credentials {
            Credentials::Secret(presented) => Some(presented.client_id),
            _ => None,
        },
        _ => panic!("the request is for another route"),
    })
}

/// A request with the body is refused if the body is too large, not a form, or names a known parameter twice. Otherwise,
/// its parameters are those of the form.
pub fn is_refused_if_too_large_or_ambiguous(subject: Client, body: &[u8]) {
    let call = posted(HeaderMap::new(), body);
    let parsed = subject(&call);
    let pairs = decoded(body);
    let values = |known: &str| -> Vec<String> {
        let named = pairs.iter().flatten().filter(|(name, _)| name == known);
        named.map(|(_, value)| value.clone()).collect()
    };
    let value = |known: &str| values(known).pop().filter(|value| !value.is_empty());
    let error = if body.len() > MAX_BYTES {
        Some(RequestError::TooLarge)
    } else if pairs.is_none() {
        Some(RequestError::MalformedForm)
    } else if KNOWN.iter().any(|known| values(known).len() > 1) {
        Some(RequestError::DuplicateParameter)
    } else if value("client_secret").is_some() && value("client_assertion").is_some() {
        Some(RequestError::TwoMechanisms)
    } else if value("client_secret").or(value("client_assertion")).is_none() {
        Some(RequestError::NoCredentials)
    } else if value("token").is_none() {
        Some(RequestError::MissingToken)
    } else {
        None
    };
    match (error, parsed) {
        (Some(error), parsed) => assert!(parsed.err() == Some(error), "the request is not refused as {error:?}"),
        (None, Ok(client)) => {
            let expected = value("client_secret").map(|_| value("client_id").unwrap_or_default());
            assert!(client == expected, "another client");
        }
        // What is wrong with the proofs is a rule of its own.
        (None, Err(_)) => assert!(
            ["dpop", "htm", "htu", "client_certificate", "client_certificate_thumbprint"]
                .iter()
                .any(|known| value(known).is_some()),
            "a request without proofs is refused"
        ),
    }
}
