//! Every status, header and error code of the product.

use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{self, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, VARY, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::{
    media_type,
    outcome::{Challenge, Denial, Outcome, TokenVerdict, Unavailable, Verdict},
    request::RequestError,
    token::{Inactive, NotAccepted},
};

/// The only body for inactive tokens (J-22, O-03). RFC 7662 §2.2: the response should not say why the token is
/// inactive (I-02, O-01).
const INACTIVE: &str = r#"{"active":false}"#;
/// Lambda returns at most 6 MiB. The rest is for status and headers.
const MAX_RETURNED_BYTES: usize = 6 * 1024 * 1024 - 64 * 1024;
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=300");
const JSON: HeaderValue = HeaderValue::from_static(media_type::JSON);
const SIGNED: HeaderValue = HeaderValue::from_static(media_type::SIGNED_ANSWER);

/// Renders an outcome; its reason never reaches the wire. `request_id` is in the responses that an operator may have to
/// look up.
pub fn render(outcome: &Outcome, request_id: &str) -> Response<String> {
    match outcome {
        Outcome::Introspected(TokenVerdict { verdict: Verdict::KeysUnavailable { retry_after }, .. }) => {
            unavailable(Unavailable::Keys { retry_after: *retry_after }, request_id)
        }
        // RFC 7662 §2.2: an answer about a token is 200 with JSON (A-01). RFC 7662 §2.3: so is the answer about a token
        // that is unknown, invalid or hidden, because the request was correct (G-06, I-02).
        Outcome::Introspected(TokenVerdict { verdict, .. }) => match token_introspection(verdict) {
            Some(body) => json_response(StatusCode::OK, body),
            None => render(&Outcome::Internal, request_id),
        },
        // RFC 9701 §5: a signed answer has a media type of its own (J-03).
        Outcome::Signed { jwt, .. } => with(json_response(StatusCode::OK, jwt.clone()), CONTENT_TYPE, SIGNED),
        Outcome::Batch(tokens) => match batch(tokens) {
            Some(body) => json_response(StatusCode::OK, body),
            None => render(&Outcome::Internal, request_id),
        },
        // RFC 7009 §2.2: a token that is not valid gets 200 too, and clients ignore the body (N-01).
        // Global Token Revocation: a revocation that succeeded is 204 (R-16).
        Outcome::SubjectRevoked => no_body(StatusCode::NO_CONTENT),
        // OpenID Connect Back-Channel Logout §2.8: a log-out that succeeded is 200 (R-03).
        Outcome::Revoked | Outcome::NothingRevoked(_) | Outcome::LoggedOut => no_body(StatusCode::OK),
        // OpenID Connect Back-Channel Logout §2.8: a token that is not valid is 400, with an error object. The answer is
        // the same whatever is wrong with it (R-03).
        Outcome::LogOutRefused(_) => {
            error(StatusCode::BAD_REQUEST, "invalid_request", Some("the logout token is not accepted"))
        }
        // RFC 8935 §2.2: a token that was accepted is 202 without a body, also if it was received before (R-11).
        Outcome::EventsReceived | Outcome::EventsIgnored => no_body(StatusCode::ACCEPTED),
        Outcome::EventsRefused(why) => events_refused(why),
        Outcome::Document(body) => {
            // RFC 8414 §3.2: metadata responses are 200 with JSON.
            let mut response = json_response(StatusCode::OK, body.clone());
            response.headers_mut().remove(PRAGMA);
            // Unlike the answer about a token, a document may be cached (M-11).
            with(response, CACHE_CONTROL, PUBLIC)
        }
        Outcome::Preflight => {
            let response = no_body(StatusCode::NO_CONTENT);
            let response = with(response, header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            let response = with(response, header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
            let allowed = HeaderValue::from_static("authorization, content-type");
            with(response, header::ACCESS_CONTROL_ALLOW_HEADERS, allowed)
        }
        Outcome::Rejected(error) => rejected(*error),
        Outcome::Refused { challenge, .. } => refused(*challenge),
        Outcome::Throttled { retry_after, .. } => {
            with(error(StatusCode::TOO_MANY_REQUESTS, "invalid_client", None), RETRY_AFTER, (*retry_after).into())
        }
        Outcome::Denied(Denial::NotAllowed) => {
            error(StatusCode::FORBIDDEN, "unauthorized_client", Some("this client may not introspect tokens"))
        }
        // Global Token Revocation: a caller without the permission gets 403 (R-15).
        Outcome::Denied(Denial::MayNotRevokeSubjects | Denial::ForeignSubject) => error(
            StatusCode::FORBIDDEN,
            "unauthorized_client",
            Some("this client may not revoke the tokens of this subject"),
        ),
        Outcome::Denied(Denial::SignedResponseRequired) => {
            error(StatusCode::BAD_REQUEST, "invalid_request", Some("this client is registered for signed responses"))
        }
        Outcome::NotSigned(_) => unavailable(Unavailable::Signer, request_id),
        Outcome::Unavailable(what) => unavailable(*what, request_id),
        Outcome::TooLarge(_) => error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            Some("the answer is too large; introspect fewer tokens at once"),
        ),
        Outcome::Internal => {
            // The request id is all that a response shows of a defect (O-09).
            let description = format!("request {request_id}");
            error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", Some(&description))
        }
    }
}

/// The claims of a signed answer, as JSON; `None` if there is no verdict to sign. RFC 9701 §5 has exactly these
/// claims (J-04). Neither `sub` nor `exp` is among them, so the answer cannot be taken for an access token
/// (RFC 9701 §8.1, J-05).
pub fn signed_claims(verdict: &Verdict, issuer: &str, audience: &str, now: i64) -> Option<String> {
    #[derive(Serialize)]
    struct SignedClaims<'a> {
        iss: &'a str,
        aud: &'a str,
        iat: i64,
        token_introspection: Box<RawValue>,
    }
    let token_introspection = RawValue::from_string(token_introspection(verdict)?).ok()?;
    serde_json::to_string(&SignedClaims { iss: issuer, aud: audience, iat: now, token_introspection }).ok()
}

/// Whether Lambda can return this response, which it takes as a string within JSON. A longer one would fail the invocation, and
/// the gateway would answer 5xx. Each quotation mark and backslash takes two bytes there.
pub fn is_deliverable(response: &Response<String>) -> bool {
    let body = response.body();
    body.len() <= MAX_RETURNED_BYTES / 2
        || body.len() + body.bytes().filter(|byte| matches!(byte, 0x22 | 0x5c)).count() <= MAX_RETURNED_BYTES
}

/// The members about a token: the body of a JSON answer, and the claim `token_introspection` of a signed one (J-07).
fn token_introspection(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Active { view, .. } => serde_json::to_string(view).ok(),
        // RFC 9701 §5: a signed answer says nothing else about an inactive token either (J-06).
        Verdict::Inactive(_) => Some(INACTIVE.to_owned()),
        Verdict::KeysUnavailable { .. } => None,
    }
}

/// Lets web pages of an allowed origin read the response (Fetch standard, CORS protocol, O-08). RFC 7009 §2.3 suggests
/// this for revocation.
pub fn with_cors(mut response: Response<String>, request: &HeaderMap, allowed_origins: &[String]) -> Response<String> {
    if allowed_origins.is_empty() {
        return response;
    }
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let origin = request.get(header::ORIGIN).filter(|origin| allowed_origins.iter().any(|allowed| *origin == allowed));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let exposed = HeaderValue::from_static("WWW-Authenticate, Retry-After");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    } else {
        headers.remove(header::ACCESS_CONTROL_ALLOW_METHODS);
        headers.remove(header::ACCESS_CONTROL_ALLOW_HEADERS);
        headers.remove(header::ACCESS_CONTROL_MAX_AGE);
    }
    response
}

fn batch(tokens: &[TokenVerdict]) -> Option<String> {
    let entries = tokens.iter().map(|TokenVerdict { verdict, .. }| match verdict {
        Verdict::KeysUnavailable { .. } => Some(r#"{"error":"temporarily_unavailable"}"#.to_owned()),
        verdict => token_introspection(verdict),
    });
    Some(format!(r#"{{"results":[{}]}}"#, entries.collect::<Option<Vec<_>>>()?.join(",")))
}

fn rejected(request_error: RequestError) -> Response<String> {
    let bad_request = |description| error(StatusCode::BAD_REQUEST, "invalid_request", Some(description));
    match request_error {
        RequestError::NotFound => error(StatusCode::NOT_FOUND, "not_found", None),
        // RFC 9110 §15.5.6: a 405 lists the methods that are allowed.
        RequestError::MethodNotAllowed(allowed) => with(
            error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", Some("the method is not allowed here")),
            header::ALLOW,
            HeaderValue::from_static(allowed),
        ),
        RequestError::SecretInQuery => bad_request("tokens and credentials must not be sent in the URL"),
        RequestError::MediaType(expected) => {
            let description = format!("the body must be {expected}");
            error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", Some(&description))
        }
        RequestError::TooLarge => {
            error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", Some("the body is too large"))
        }
        RequestError::MalformedForm => bad_request("the body cannot be decoded"),
        RequestError::DuplicateParameter => bad_request("a parameter was sent more than once"),
        RequestError::TwoMechanisms => bad_request("the client authenticated in more than one way"),
        RequestError::UnreadableCredentials => bad_request("the Authorization header cannot be read"),
        RequestError::ClientIdMismatch => bad_request("client_id differs from the client of the Authorization header"),
        RequestError::NoCredentials => refused(Challenge::Basic),
        RequestError::NoCredentialsForSigned => error(StatusCode::BAD_REQUEST, "invalid_client", None),
        RequestError::WrongTokens => bad_request("tokens must be a list of 1 to 50 strings"),
        RequestError::MissingLogoutToken => bad_request("the parameter logout_token is missing"),
        RequestError::WrongSubject => bad_request("sub_id must have the format iss_sub, iss and sub"),
        RequestError::MissingToken => bad_request("the parameter token is missing"),
        RequestError::IncompleteProof => bad_request("dpop, htm and htu are sent together or not at all"),
        RequestError::WrongProofTarget => {
            bad_request("htm must be a method and htu an absolute URL, as the client sent them")
        }
        RequestError::WrongClientCertificate => bad_request(
            "client_certificate must be PEM or base64url DER, and client_certificate_thumbprint base64url SHA-256",
        ),
        RequestError::TwoClientCertificates => {
            bad_request("client_certificate and client_certificate_thumbprint are alternatives")
        }
        RequestError::ProofInBatch => bad_request("a proof belongs to one token; introspect this token by itself"),
        RequestError::NothingIsSigned => bad_request("responses are not signed here; accept application/json"),
    }
}

/// RFC 8935 §2.3: the answer to a token that is not accepted is 400, with one of the codes of RFC 8935 §2.4 and the
/// language of its description (R-13). The texts are fixed, so no detail of the token is repeated.
fn events_refused(why: &NotAccepted) -> Response<String> {
    let (code, description) = match why {
        NotAccepted::IssuerNotEnabled | NotAccepted::Token(Inactive::UntrustedIssuer { .. }) => {
            ("invalid_issuer", "events of this issuer are not accepted")
        }
        NotAccepted::Token(Inactive::WrongAudience { .. }) => ("invalid_audience", "the audience is another one"),
        NotAccepted::Token(Inactive::UnknownKey { .. } | Inactive::Revoked(_) | Inactive::CorruptMark(_)) => {
            ("invalid_key", "the signing key is not accepted")
        }
        NotAccepted::Token(Inactive::BadSignature { .. } | Inactive::Algorithm { .. }) => {
            ("authentication_failed", "the signature is not valid")
        }
        NotAccepted::ForeignSubject => ("access_denied", "the subject is not one of this issuer"),
        NotAccepted::WrongSubject => ("invalid_request", "the subject is missing, or its format is not supported"),
        _ => ("invalid_request", "the body is not a security event token that is accepted here"),
    };
    let body = json!({ "err": code, "description": description }).to_string();
    with(json_response(StatusCode::BAD_REQUEST, body), header::CONTENT_LANGUAGE, HeaderValue::from_static("en"))
}

/// RFC 7009 §2.2.1: after a 503, clients assume that the token still exists. `Retry-After` says when to try
/// again (N-05).
fn unavailable(what: Unavailable, request_id: &str) -> Response<String> {
    let (what, retry_after) = match what {
        Unavailable::Keys { retry_after } => ("the token cannot be checked now", retry_after),
        Unavailable::Store | Unavailable::Deadline => ("the token cannot be checked now", 1),
        Unavailable::Signer => ("the signing key cannot be reached now", 1),
    };
    let description = format!("{what}; request {request_id}");
    let response = error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", Some(&description));
    with(response, RETRY_AFTER, retry_after.into())
}

/// RFC 7662 §2.3: missing and wrong credentials get 401, wherever they were sent (B-01, B-04). RFC 6749 §5.2: the error
/// is always `invalid_client`, whatever is wrong with them (B-02).
fn refused(challenge: Challenge) -> Response<String> {
    let (code, challenge) = match challenge {
        // RFC 7617 §2.1: `UTF-8` is the only charset that a challenge may name.
        Challenge::Basic => ("invalid_client", r#"Basic realm="token-introspection", charset="UTF-8""#),
        // RFC 7662 §2.3 and RFC 6750 §3.1: an access token of the caller that is not valid gets 401 too (D-02).
        // RFC 6750 §3: the challenge has the scheme `Bearer` and an error.
        Challenge::InvalidToken => ("invalid_client", r#"Bearer realm="token-introspection", error="invalid_token""#),
        // RFC 7662 §2.3: 401 and not the 403 of RFC 6750 §3.1, because the token authenticates the caller (D-03).
        Challenge::InsufficientScope => (
            "insufficient_scope",
            r#"Bearer realm="token-introspection", error="insufficient_scope", scope="introspection""#,
        ),
    };
    with(error(StatusCode::UNAUTHORIZED, code, None), WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// RFC 6749 §5.2: an error is JSON with `error` and, for humans, `error_description`, both in ASCII (J-12).
fn error(status: StatusCode, code: &str, description: Option<&str>) -> Response<String> {
    let body = match description {
        None => json!({ "error": code }),
        Some(description) => json!({ "error": code, "error_description": description }),
    };
    json_response(status, body.to_string())
}

fn no_body(status: StatusCode) -> Response<String> {
    let mut response = json_response(status, String::new());
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

fn json_response(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let response = with(response, CONTENT_TYPE, JSON);
    // RFC 6749 §5.1: caches must not store information about tokens (A-18).
    let response = with(response, CACHE_CONTROL, NO_STORE);
    let response = with(response, PRAGMA, HeaderValue::from_static("no-cache"));
    // Keeps browsers from guessing another type for the body (A-20).
    with(response, header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
}

fn with(mut response: Response<String>, name: HeaderName, value: HeaderValue) -> Response<String> {
    response.headers_mut().insert(name, value);
    response
}
