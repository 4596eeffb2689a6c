//! A notice: a JWT by which an issuer tells that something ended, such as a logout token. It is no access token, so no
//! profile applies to it, and nothing but the notice itself follows from its claims.

use super::{NotAccepted, UnverifiedToken, is_too_long};
use crate::{
    digest::Digest,
    jwt::{self, UnverifiedJwt},
    settings::{Settings, TrustedIssuer},
    token::Inactive,
};

/// The state of a notice that has not been judged. A [`Parsed`](super::Parsed) token never becomes one, nor the other
/// way round.
pub struct Notice;

/// A notice as it was sent, without its text.
pub struct PresentedNotice<'a> {
    pub unverified: Result<Box<UnverifiedToken<'a, Notice>>, NotAccepted>,
    /// The trusted issuer that it names, for the audit record, even if it does not parse.
    pub issuer: Option<&'a TrustedIssuer>,
    /// The digest of the text.
    pub digest: Digest,
}

impl<'a> PresentedNotice<'a> {
    /// Reads the text of a notice.
    pub fn parse(text: &str, settings: &'a Settings) -> Self {
        let digest = Digest::of(text);
        let (issuer, unverified) = match Self::jwt(text) {
            Ok(jwt) => {
                let issuer = UnverifiedToken::issuer_named(&jwt, settings);
                (issuer, UnverifiedToken::notice(jwt, digest, issuer).map(Box::new).map_err(NotAccepted::Token))
            }
            Err(why) => (None, Err(why)),
        };
        Self { unverified, issuer, digest }
    }

    fn jwt(text: &str) -> Result<UnverifiedJwt, NotAccepted> {
        if is_too_long(text) {
            return Err(Inactive::TooLong.into());
        }
        // OpenID Connect Back-Channel Logout §2.6: a logout token is a JWT. An encrypted one is not accepted here.
        if !jwt::is_jwt(text) {
            return Err(NotAccepted::NotAJwt);
        }
        UnverifiedJwt::parse(text).map_err(|jwt::Malformed(what)| Inactive::Malformed(what).into())
    }
}
