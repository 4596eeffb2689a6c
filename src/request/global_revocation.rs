//! The request to revoke all tokens of a subject (Global Token Revocation, an Internet-Draft).

use http::header::AUTHORIZATION;

use super::{
    Credentials, MAX_BODY_BYTES, Parameters, RequestError, body,
    credentials::{Scheme, scheme},
    route,
};
use crate::{
    auth_method::AuthMethod,
    call::Call,
    jwt::parse_object,
    media_type,
    settings::Settings,
    token::{IssuerSubject, PresentedNotice},
};

/// A request to revoke all tokens of a subject.
pub struct GlobalRevocation<'a> {
    pub credentials: RevokerCredentials<'a>,
    pub subject: IssuerSubject,
}

/// How the caller identifies itself.
pub enum RevokerCredentials<'a> {
    /// As for introspection.
    Client(Credentials<'a>),
    /// By a JWT for this endpoint, which the issuer of a client's tokens has signed.
    Provider(Box<PresentedProvider<'a>>),
}

/// The JWT of an identity provider, before it is checked.
pub struct PresentedProvider<'a> {
    /// The client that it names as its subject. Empty if it names none.
    pub client_id: String,
    pub notice: PresentedNotice<'a>,
}

impl<'a> GlobalRevocation<'a> {
    /// Reads the request.
    ///
    /// # Errors
    ///
    /// Returns the first [`RequestError`] that applies.
    pub(super) fn parse(call: &'a Call, settings: &'a Settings) -> Result<Self, RequestError> {
        let body = body(call, media_type::JSON, MAX_BODY_BYTES)?;
        let mut members = parse_object(body).map_err(|_| RequestError::MalformedForm)?;
        let parameters = Parameters::from_json(&mut members)?;
        let credentials = match (Credentials::parse(call, &parameters, settings)?, provider(call, settings)) {
            (Credentials::Bearer(_), Some(provider)) => {
                if parameters.client_id.is_some_and(|client_id| client_id != provider.client_id) {
                    return Err(RequestError::ClientIdMismatch);
                }
                RevokerCredentials::Provider(Box::new(provider))
            }
            (credentials, _) => RevokerCredentials::Client(credentials),
        };
        // Global Token Revocation: `sub_id` is a subject identifier. Those that do not name the issuer cannot be mapped
        // to the subject of a token here.
        let subject = members.get("sub_id").and_then(IssuerSubject::parse).ok_or(RequestError::WrongSubject)?;
        Ok(Self { credentials, subject })
    }
}

impl RevokerCredentials<'_> {
    /// The mechanism, for the audit record.
    pub fn method(&self) -> Option<&'static str> {
        match self {
            Self::Client(credentials) => credentials.method(),
            Self::Provider(_) => Some(AuthMethod::Bearer.name()),
        }
    }
}

/// The bearer token of the request, if it is a JWT for this endpoint. An access token of the caller is for our issuer
/// identifier instead.
fn provider<'a>(call: &Call, settings: &'a Settings) -> Option<PresentedProvider<'a>> {
    let mut values = call.headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.to_str().ok());
    let bearer = |value| scheme(value).ok().filter(|(scheme, _)| *scheme == Scheme::Bearer).map(|(_, token)| token);
    let notice = PresentedNotice::parse(values.find_map(bearer)?, settings);
    let client_id = {
        let claims = notice.unverified.as_ref().ok()?.unverified_claims();
        let is_ours = |audience: &str| audience.ends_with(route::GLOBAL_REVOCATION);
        claims.audiences().any(is_ours).then(|| claims.subject.clone().unwrap_or_default())?
    };
    Some(PresentedProvider { client_id, notice })
}
