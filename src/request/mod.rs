//! Everything that a request says, believed nothing yet. Pure: no store, no clock, no keys.

mod assertion;
mod bearer;
mod credentials;
mod form;
mod parameters;
mod route;

use http::{HeaderMap, Method, header::CONTENT_TYPE};

pub use self::{
    assertion::{Assertion, PresentedAssertion},
    bearer::PresentedBearer,
    credentials::{Attested, Credentials, PresentedSecret, SecretMethod},
    form::{NotUtf8, names as parse_names, parse as parse_form},
};
use self::{parameters::Parameters, route::Route};
use crate::{call::Call, settings::Settings, token::PresentedToken};

/// The largest body of the introspection route, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Parameters that must not travel in a URL, where logs and histories keep them (RFC 6749 §2.3.1).
const NEVER_IN_THE_QUERY: [&str; 4] = ["token", "client_secret", "client_assertion", "access_token"];

/// What a request asks for.
pub enum Request<'a> {
    Introspection(Query<'a>),
    Revocation(Query<'a>),
    Metadata,
    KeySet,
    /// A browser asks whether it may call (CORS).
    Preflight,
}

/// A question about one token, or the wish to revoke it: the two requests have the same form (RFC 7662 §2.1,
/// RFC 7009 §2.1).
pub struct Query<'a> {
    pub credentials: Credentials<'a>,
    pub token: PresentedToken<'a>,
}

/// Why a request is refused before anything is looked up, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    NotFound,
    /// Holds the value of `Allow`.
    MethodNotAllowed(&'static str),
    SecretInQuery,
    MediaType,
    TooLarge,
    /// Invalid UTF-8, or a base64 envelope of the event source that does not decode.
    MalformedForm,
    DuplicateParameter,
    TwoMechanisms,
    UnreadableCredentials,
    ClientIdMismatch,
    NoCredentials,
    MissingToken,
}

impl<'a> Request<'a> {
    /// Reads a call.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] that applies; their order is part of the contract (conformance A-21).
    pub fn parse(call: &'a Call, settings: &'a Settings) -> Result<Self, Rejection> {
        let route = Route::of(&call.path, settings).ok_or(Rejection::NotFound)?;
        let cors = !settings.cors_allowed_origins.is_empty();
        match (route, &call.method) {
            (Route::Introspection, &Method::POST) => Query::parse(call, settings).map(Self::Introspection),
            (Route::Revocation, &Method::POST) => Query::parse(call, settings).map(Self::Revocation),
            (Route::Introspection | Route::Revocation, &Method::OPTIONS) if cors => Ok(Self::Preflight),
            (Route::Introspection | Route::Revocation, _) => {
                Err(Rejection::MethodNotAllowed(if cors { "POST, OPTIONS" } else { "POST" }))
            }
            (Route::Metadata, &Method::GET | &Method::HEAD) => Ok(Self::Metadata),
            (Route::KeySet, &Method::GET | &Method::HEAD) => Ok(Self::KeySet),
            (Route::Metadata | Route::KeySet, _) => Err(Rejection::MethodNotAllowed("GET, HEAD")),
        }
    }
}

impl<'a> Query<'a> {
    fn parse(call: &'a Call, settings: &'a Settings) -> Result<Self, Rejection> {
        if call.query_names.iter().any(|name| NEVER_IN_THE_QUERY.contains(&name.as_str())) {
            return Err(Rejection::SecretInQuery);
        }
        if !is_form(&call.headers) {
            return Err(Rejection::MediaType);
        }
        let body = call.body.as_deref().ok_or(Rejection::MalformedForm)?;
        if body.len() > MAX_BODY_BYTES {
            return Err(Rejection::TooLarge);
        }
        let parameters = Parameters::parse(body)?;
        let mut credentials = Credentials::parse(call, &parameters, settings)?;
        let token = parameters.token.ok_or(Rejection::MissingToken)?;
        credentials.refuse_if_they_are(&token);
        Ok(Self { credentials, token: PresentedToken::parse(&token, settings) })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}
