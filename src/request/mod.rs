//! Everything that a request says, before any of it is trusted. This module is pure: no store, no clock, no keys.

mod accept;
mod access;
mod assertion;
mod bearer;
mod credentials;
mod form;
mod global_revocation;
mod notice;
mod parameters;
mod proofs;
pub mod route;

use http::{Method, header::CONTENT_TYPE};

pub use self::{
    accept::AnswerForm,
    access::{AccessScheme, NoAccessToken, PresentedAccess},
    assertion::PresentedAssertion,
    bearer::PresentedBearer,
    credentials::{Credentials, GatewayCredentials, PresentedSecret, RevocationCredentials, client_key},
    form::{NotUtf8, names as parse_names, parse as parse_form},
    global_revocation::{GlobalRevocation, PresentedProvider, RevokerCredentials},
};
use self::{
    parameters::{OF_PROOFS, Parameters},
    route::Route,
};
use crate::{
    call::Call,
    jwt::parse_object,
    media_type,
    proof::PresentedProofs,
    settings::Settings,
    token::{PresentedNotice, PresentedToken},
};

/// The maximum size of a form body, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The maximum size of a batch body, in bytes.
const MAX_BATCH_BYTES: usize = 1024 * 1024;
const MAX_BATCH_TOKENS: usize = 50;

/// Parameters that must not be in a URL, because logs and histories keep URLs.
const NEVER_IN_THE_QUERY: [&str; 4] = ["token", "client_secret", "client_assertion", "access_token"];

/// What a request asks for.
pub enum Request<'a> {
    Introspection(Query<'a>),
    Batch(Batch<'a>),
    Revocation(Revocation<'a>),
    GlobalRevocation(GlobalRevocation<'a>),
    /// An issuer ended a session, or all sessions of a subject.
    LogOut(PresentedNotice<'a>),
    /// An issuer reports security events.
    Events(PresentedNotice<'a>),
    Metadata,
    KeySet,
    /// A browser asks whether a web page may call (CORS).
    Preflight,
}

/// A question about one token.
pub struct Query<'a> {
    pub credentials: Credentials<'a>,
    pub token: PresentedToken<'a>,
    /// What the sender of the token presented to the caller.
    pub proofs: PresentedProofs,
    /// Whether the answer must be signed.
    pub signed: bool,
}

/// A request to revoke one token, in the same form.
pub struct Revocation<'a> {
    pub credentials: RevocationCredentials<'a>,
    pub token: PresentedToken<'a>,
}

/// Questions of one caller about many tokens.
pub struct Batch<'a> {
    pub credentials: Credentials<'a>,
    /// 1 to 50, in the order of the answers.
    pub tokens: Vec<PresentedToken<'a>>,
}

/// Why a request is refused before anything is looked up, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    NotFound,
    /// Contains the value of `Allow`.
    MethodNotAllowed(&'static str),
    SecretInQuery,
    /// Contains the only media type that the route accepts.
    MediaType(&'static str),
    TooLarge,
    /// The body is not valid UTF-8, not a strict JSON object, or not valid base64 from the event source.
    MalformedForm,
    DuplicateParameter,
    TwoMechanisms,
    UnreadableCredentials,
    ClientIdMismatch,
    NoCredentials,
    /// Like [`RequestError::NoCredentials`], but the request asks for a signed answer.
    NoCredentialsForSigned,
    MissingToken,
    MissingLogoutToken,
    /// The `tokens` of a batch are not a list of 1 to 50 strings.
    WrongTokens,
    /// `sub_id` does not name a subject by its issuer, or its mark would have an overlong key.
    WrongSubject,
    /// `dpop`, `htm` and `htu` are not all present.
    IncompleteProof,
    /// `htm` is not a method, or `htu` is not an absolute URL of HTTP.
    WrongProofTarget,
    /// `client_certificate` or `client_certificate_thumbprint` cannot be read.
    WrongClientCertificate,
    TwoClientCertificates,
    /// A batch has a parameter about proofs.
    ProofInBatch,
    /// The request accepts only signed answers, but answers are not signed here.
    NothingIsSigned,
}

impl RequestError {
    /// The stable name, for audit records and docs/reasons.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::SecretInQuery => "secret_in_query",
            Self::MediaType(_) => "wrong_media_type",
            Self::TooLarge => "body_too_large",
            Self::MalformedForm => "malformed_body",
            Self::DuplicateParameter => "duplicate_parameter",
            Self::TwoMechanisms => "two_mechanisms",
            Self::UnreadableCredentials => "unreadable_credentials",
            Self::ClientIdMismatch => "client_id_mismatch",
            Self::NoCredentials | Self::NoCredentialsForSigned => "no_credentials",
            Self::MissingToken => "missing_token",
            Self::MissingLogoutToken => "missing_logout_token",
            Self::WrongTokens => "wrong_tokens",
            Self::WrongSubject => "wrong_subject",
            Self::IncompleteProof => "incomplete_proof",
            Self::WrongProofTarget => "wrong_proof_target",
            Self::WrongClientCertificate => "wrong_client_certificate",
            Self::TwoClientCertificates => "two_client_certificates",
            Self::ProofInBatch => "proof_in_batch",
            Self::NothingIsSigned => "nothing_is_signed",
        }
    }
}

impl<'a> Request<'a> {
    /// Parses a call.
    ///
    /// # Errors
    ///
    /// Returns the first [`RequestError`] that applies. The order of the checks is part of the contract (conformance
    ///
    pub fn parse(call: &'a Call, settings: &'a Settings) -> Result<Self, RequestError> {
        let route = Route::from_path(&call.path, settings).ok_or(RequestError::NotFound)?;
        let cors = !settings.cors_allowed_origins.is_empty();
        match (route, &call.method) {
            (Route::Introspection, &Method::POST) => {
                let form = AnswerForm::wanted(&call.headers, !settings.signing_keys.is_empty());
                Query::parse(call, settings, form).map(Self::Introspection)
            }
            (Route::Batch, &Method::POST) => Batch::parse(call, settings).map(Self::Batch),
            (Route::Revocation, &Method::POST) => Revocation::parse(call, settings).map(Self::Revocation),
            (Route::GlobalRevocation, &Method::POST) => {
                GlobalRevocation::parse(call, settings).map(Self::GlobalRevocation)
            }
            (Route::LogOut, &Method::POST) => notice::log_out(call, settings).map(Self::LogOut),
            (Route::Events, &Method::POST) => notice::event(call, settings).map(Self::Events),
            // Issuers and administrators' systems send these, and no browser does.
            (Route::LogOut | Route::Events | Route::GlobalRevocation, _) => Err(RequestError::MethodNotAllowed("POST")),
            (Route::Introspection | Route::Batch | Route::Revocation, &Method::OPTIONS) if cors => Ok(Self::Preflight),
            (Route::Introspection | Route::Batch | Route::Revocation, _) => {
                // RFC 7662 §4: a `GET` would leave the token in logs, so only `POST` is accepted.
                Err(RequestError::MethodNotAllowed(if cors { "POST, OPTIONS" } else { "POST" }))
            }
            (Route::Metadata, &Method::GET | &Method::HEAD) => Ok(Self::Metadata),
            (Route::KeySet, &Method::GET | &Method::HEAD) => Ok(Self::KeySet),
            (Route::Metadata | Route::KeySet, _) => Err(RequestError::MethodNotAllowed("GET, HEAD")),
        }
    }
}

impl<'a> Query<'a> {
    fn parse(call: &'a Call, settings: &'a Settings, form: AnswerForm) -> Result<Self, RequestError> {
        let mut parameters = form_parameters(call)?;
        let credentials = Credentials::parse(call, &parameters, settings).map_err(|error| match error {
            // RFC 9701 §5: nothing is signed for a caller without credentials, which gets 400 (J-09).
            RequestError::NoCredentials if form != AnswerForm::Json => RequestError::NoCredentialsForSigned,
            other => other,
        });
        let mut credentials = credentials?;
        // RFC 7662 §2.1: `token` is required. RFC 6749 §5.2: without it, the request is `invalid_request`.
        let token = parameters.token.take().ok_or(RequestError::MissingToken)?;
        if form == AnswerForm::NotServed {
            return Err(RequestError::NothingIsSigned);
        }
        credentials.reject_self_introspection(&token);
        let token = PresentedToken::parse(&token, settings);
        let proofs = proofs::read(parameters, *token.digest(), call.now)?;
        Ok(Self { credentials, token, proofs, signed: form == AnswerForm::Signed })
    }
}

impl<'a> Revocation<'a> {
    fn parse(call: &'a Call, settings: &'a Settings) -> Result<Self, RequestError> {
        let parameters = form_parameters(call)?;
        let mut credentials = RevocationCredentials::parse(call, &parameters, settings)?;
        // RFC 7009 §2.1: `token` is required here too.
        let token = parameters.token.ok_or(RequestError::MissingToken)?;
        if let RevocationCredentials::Confidential(credentials) = &mut credentials {
            credentials.reject_self_introspection(&token);
        }
        Ok(Self { credentials, token: PresentedToken::parse(&token, settings) })
    }
}

impl<'a> Batch<'a> {
    fn parse(call: &'a Call, settings: &'a Settings) -> Result<Self, RequestError> {
        let body = body(call, media_type::JSON, MAX_BATCH_BYTES)?;
        let mut members = parse_object(body).map_err(|_| RequestError::MalformedForm)?;
        let mut credentials = Credentials::parse(call, &Parameters::from_json(&mut members)?, settings)?;
        let tokens: Vec<String> = members
            .remove("tokens")
            .and_then(|tokens| serde_json::from_value(tokens).ok())
            .filter(|tokens: &Vec<String>| (1..=MAX_BATCH_TOKENS).contains(&tokens.len()))
            .filter(|tokens| tokens.iter().all(|token| !token.is_empty()))
            .ok_or(RequestError::WrongTokens)?;
        if OF_PROOFS.iter().any(|name| members.contains_key(*name)) {
            return Err(RequestError::ProofInBatch);
        }
        for token in &tokens {
            credentials.reject_self_introspection(token);
        }
        Ok(Self { credentials, tokens: tokens.iter().map(|token| PresentedToken::parse(token, settings)).collect() })
    }
}

/// RFC 7662 §2.1 and RFC 7009 §2.1: parameters are sent as `application/x-www-form-urlencoded`.
fn form_parameters(call: &Call) -> Result<Parameters, RequestError> {
    Parameters::parse(body(call, media_type::FORM, MAX_BODY_BYTES)?)
}

/// The body of a POST, after its URL, media type and size have been checked.
fn body<'c>(call: &'c Call, expected: &'static str, max_bytes: usize) -> Result<&'c [u8], RequestError> {
    // RFC 6749 §2.3.1 and RFC 9700 §4.3.2: a URL must contain neither credentials nor access tokens (D-05).
    // RFC 7662 §4: logs would contain the token in it.
    if call.query_names.iter().any(|name| NEVER_IN_THE_QUERY.contains(&name.as_str())) {
        return Err(RequestError::SecretInQuery);
    }
    let content_type = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|found| media_type::is_content_type(found, expected)) {
        return Err(RequestError::MediaType(expected));
    }
    let body = call.body.as_deref().ok_or(RequestError::MalformedForm)?;
    // A body that is larger than any legitimate one is refused before it is parsed.
    if body.len() > max_bytes { Err(RequestError::TooLarge) } else { Ok(body) }
}
