//! The access token of a request to a protected API, which an authorizer judges (RFC 6750 §2.1, T-03).

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use super::credentials::{Scheme, scheme};
use crate::{settings::Settings, token::PresentedToken};

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A presented access token, and how it was presented.
pub struct PresentedAccess<'a> {
    pub token: PresentedToken<'a>,
    pub scheme: AccessScheme,
}

/// The scheme under which a token was presented, with what belongs to it.
pub enum AccessScheme {
    /// The token by itself.
    Bearer,
    /// The token and a proof, which nothing has checked yet. `None` if there is no header `DPoP`, or more than one
    /// (RFC 9449 §4.3).
    Dpop(Option<String>),
}

/// Why a request has no token to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAccessToken {
    /// No `Authorization` header, or one of another scheme.
    Missing,
    /// Several `Authorization` headers, or one that is not a scheme and a token.
    Unreadable,
}

impl<'a> PresentedAccess<'a> {
    /// Reads the token of a request. Only the header counts: a URL is logged in too many places (RFC 6750 §2.3).
    ///
    /// # Errors
    ///
    /// Returns [`NoAccessToken`] if there is no token, or if it cannot be read.
    pub fn parse(headers: &HeaderMap, settings: &'a Settings) -> Result<Self, NoAccessToken> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(NoAccessToken::Missing)?;
        if values.next().is_some() {
            return Err(NoAccessToken::Unreadable);
        }
        let text = value.to_str().map_err(|_| NoAccessToken::Unreadable)?;
        let (scheme, token) = scheme(text).map_err(|_| NoAccessToken::Unreadable)?;
        let is_dpop = match scheme {
            Scheme::Bearer => false,
            Scheme::Dpop => true,
            Scheme::Basic | Scheme::Other => return Err(NoAccessToken::Missing),
        };
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoAccessToken::Unreadable);
        }
        let scheme = if is_dpop { AccessScheme::Dpop(proof(headers)) } else { AccessScheme::Bearer };
        Ok(Self { token: PresentedToken::parse(token, settings), scheme })
    }
}

/// The only `DPoP` header. HTTP APIs join two with a comma, which no proof contains.
fn proof(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(DPOP).iter();
    let value = values.next()?.to_str().ok()?;
    (values.next().is_none() && !value.contains(',')).then(|| value.trim().to_owned())
}

impl NoAccessToken {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "no_access_token",
            Self::Unreadable => "unreadable_authorization",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn parse(headers: &[(&'static str, &str)]) -> Result<(bool, Option<String>), NoAccessToken> {
        let settings = Settings::read(|name| (name == "ISSUER").then(|| "https://a.example".to_owned()));
        let settings = settings.unwrap_or_else(|error| panic!("{error}"));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        PresentedAccess::parse(&map, &settings).map(|presented| match presented.scheme {
            AccessScheme::Bearer => (false, None),
            AccessScheme::Dpop(proof) => (true, proof),
        })
    }

    #[test]
    fn t03_the_token_is_that_of_the_one_authorization_header() {
        for (headers, expected) in [
            (vec![("authorization", "Bearer abc")], Ok((false, None))),
            (vec![("authorization", "bearer  a|b.c-~+/==")], Ok((false, None))),
            (vec![("authorization", "DPoP abc")], Ok((true, None))),
            (vec![("authorization", "dpop abc"), ("dpop", "proof")], Ok((true, Some("proof".to_owned())))),
            (vec![("authorization", "DPoP abc"), ("dpop", "a"), ("dpop", "b")], Ok((true, None))),
            (vec![("authorization", "DPoP abc"), ("dpop", "a,b")], Ok((true, None))),
            // The scheme decides whether a proof counts.
            (vec![("authorization", "Bearer abc"), ("dpop", "proof")], Ok((false, None))),
            (vec![], Err(NoAccessToken::Missing)),
            (vec![("authorization", "Basic YTpi")], Err(NoAccessToken::Missing)),
            (vec![("authorization", "Negotiate abc")], Err(NoAccessToken::Missing)),
            (vec![("authorization", "")], Err(NoAccessToken::Unreadable)),
            (vec![("authorization", "Bearer")], Err(NoAccessToken::Unreadable)),
            (vec![("authorization", "Bearer a b")], Err(NoAccessToken::Unreadable)),
            (vec![("authorization", "Bearer a,Bearer b")], Err(NoAccessToken::Unreadable)),
            (vec![("authorization", "Bearer a\u{fffd}")], Err(NoAccessToken::Unreadable)),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer a")], Err(NoAccessToken::Unreadable)),
        ] {
            assert_eq!(parse(&headers), expected, "{headers:?}");
        }
    }
}
