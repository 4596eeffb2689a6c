//! The presented token: what it is, what it says, and which records could concern it. Nothing is judged here.

mod claims;
mod inactive;
mod marks;
mod opaque;
mod unverified;
mod verified;

pub use self::{
    claims::Claims,
    inactive::Inactive,
    marks::own_mark,
    opaque::{claims as claims_of_record, is_ignored_in_claims},
    unverified::UnverifiedToken,
    verified::{Parsed, VerifiedToken},
};
use crate::{
    jwt::{self, UnverifiedJwt},
    records::{ItemKey, sha256_hex},
    settings::{Settings, TrustedIssuer},
};

/// A longer token is inactive, whatever it is.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The `token` parameter of a request, without its text.
pub enum PresentedToken<'a> {
    Jwt {
        unverified: Result<Box<UnverifiedToken<'a>>, Inactive>,
        /// The trusted issuer that it names, whatever became of it; for the audit record.
        issuer: Option<&'a TrustedIssuer>,
        /// Digest of the text, for a key to read where the token names none.
        digest: String,
    },
    Opaque {
        digest: String,
        too_long: bool,
    },
}

impl<'a> PresentedToken<'a> {
    /// Tells JWT and opaque token apart, by the token's form alone; a hint decides nothing.
    pub fn parse(token: &str, settings: &'a Settings) -> Self {
        let too_long = token.len() > MAX_TOKEN_BYTES;
        let digest = sha256_hex(token);
        if jwt::is_jwt(token) {
            let jwt = if too_long {
                Err(Inactive::TooLong)
            } else {
                UnverifiedJwt::parse(token).map_err(|jwt::Malformed(what)| Inactive::Malformed(what))
            };
            let issuer = jwt.as_ref().ok().and_then(|jwt| UnverifiedToken::issuer_named(jwt, settings));
            let unverified = jwt.and_then(|jwt| UnverifiedToken::read(jwt, issuer));
            Self::Jwt { unverified: unverified.map(Box::new), issuer, digest }
        } else {
            Self::Opaque { digest, too_long }
        }
    }

    /// The keys of all records that the first trip must fetch to judge this token; at least one.
    pub fn keys(&self) -> Vec<ItemKey> {
        match self {
            Self::Jwt { unverified: Ok(unverified), .. } => unverified.item_keys().cloned().collect(),
            Self::Jwt { unverified: Err(_), digest, .. } => vec![ItemKey::padding(digest, 0)],
            Self::Opaque { digest, .. } => vec![ItemKey::token(digest), ItemKey::revoked(digest)],
        }
    }
}
