//! The requests by which an issuer reports something: a log-out (OpenID Connect Back-Channel Logout §2.5), or a security
//! event (RFC 8935 §2.1). The sender does not authenticate: the token's signature does.

use super::{MAX_BODY_BYTES, RequestError, body, form};
use crate::{call::Call, media_type, settings::Settings, token::PresentedNotice};

/// The only parameter. Others are ignored, even if they are sent twice.
const PARAMETER: &str = "logout_token";

/// Reads the request that reports a log-out.
///
/// # Errors
///
/// Returns the first [`RequestError`] that applies.
pub(super) fn log_out<'a>(call: &Call, settings: &'a Settings) -> Result<PresentedNotice<'a>, RequestError> {
    if call.query_names.iter().any(|name| name == PARAMETER) {
        return Err(RequestError::SecretInQuery);
    }
    // OpenID Connect Back-Channel Logout §2.5: the token is a parameter of a form.
    let body = body(call, media_type::FORM, MAX_BODY_BYTES)?;
    Ok(PresentedNotice::parse(&logout_token(body)?, settings))
}

/// Reads the request that pushes a security event token.
///
/// # Errors
///
/// Returns the first [`RequestError`] that applies. A body that is not text is not such an error, because what cannot be
/// read as a token has an answer of its own (RFC 8935 §2.4).
pub(super) fn event<'a>(call: &Call, settings: &'a Settings) -> Result<PresentedNotice<'a>, RequestError> {
    // RFC 8935 §2.1: the body is the token itself, with this media type.
    let text = match body(call, media_type::SECURITY_EVENT, MAX_BODY_BYTES) {
        Err(RequestError::MalformedForm) => "",
        body => std::str::from_utf8(body?).unwrap_or_default(),
    };
    Ok(PresentedNotice::parse(text.trim(), settings))
}

/// The value of the parameter.
fn logout_token(body: &[u8]) -> Result<String, RequestError> {
    let parameters = form::parse(body).map_err(|form::NotUtf8| RequestError::MalformedForm)?;
    let mut tokens = parameters.into_iter().filter(|(name, _)| name == PARAMETER).map(|(_, value)| value);
    let token = tokens.next();
    if tokens.next().is_some() {
        return Err(RequestError::DuplicateParameter);
    }
    token.filter(|token| !token.is_empty()).ok_or(RequestError::MissingLogoutToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r01_the_parameter_occurs_once_and_others_do_not_matter() {
        for (body, expected) in [
            ("logout_token=a.b", Ok("a.b")),
            ("x=1&x=2&logout_token=a&token=b", Ok("a")),
            ("logout_token=a&logout_token=a", Err(RequestError::DuplicateParameter)),
            ("logout_token=&logout_token=", Err(RequestError::DuplicateParameter)),
            ("logout_token=", Err(RequestError::MissingLogoutToken)),
            ("LOGOUT_TOKEN=a", Err(RequestError::MissingLogoutToken)),
            ("logout_token=%FF", Err(RequestError::MalformedForm)),
        ] {
            assert_eq!(logout_token(body.as_bytes()), expected.map(str::to_owned), "{body}");
        }
    }
}
