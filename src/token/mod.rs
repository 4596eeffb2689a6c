//! The presented token: what it is, what it says, and which records could concern it. Nothing is judged here.

mod candidate;
mod claims;
mod inactive;
mod marks;
mod opaque;

pub use self::{
    candidate::{Candidate, VerifiedToken},
    claims::Claims,
    inactive::Inactive,
    marks::own_mark,
    opaque::{Recorded, claims as claims_of_record, is_ignored_in_claims},
};
use crate::{
    jwt::{self, UnverifiedJwt},
    records::{Key, sha256_hex},
    settings::{Settings, TrustedIssuer},
};

/// A longer token is inactive, whatever it is.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The `token` parameter of a request, without its text.
pub enum PresentedToken<'a> {
    Jwt {
        candidate: Result<Box<Candidate<'a>>, Inactive>,
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
    /// Tells JWT and opaque token apart, by the token's form alone; a hint decides nothing (RFC 7662 §2.1).
    pub fn parse(token: &str, settings: &'a Settings) -> Self {
        let too_long = token.len() > MAX_TOKEN_BYTES;
        let digest = sha256_hex(token);
        if jwt::is_jwt(token) {
            let jwt = if too_long {
                Err(Inactive::TooLong)
            } else {
                UnverifiedJwt::parse(token).map_err(|jwt::Malformed(what)| Inactive::Malformed(what))
            };
            let issuer = jwt.as_ref().ok().and_then(|jwt| Candidate::issuer_named(jwt, settings));
            let candidate = jwt.and_then(|jwt| Candidate::read(jwt, issuer));
            Self::Jwt { candidate: candidate.map(Box::new), issuer, digest }
        } else {
            Self::Opaque { digest, too_long }
        }
    }

    /// The keys of all records that the first trip must fetch to judge this token; at least one.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::Jwt { candidate: Ok(candidate), .. } => candidate.item_keys().cloned().collect(),
            Self::Jwt { candidate: Err(_), digest, .. } => vec![Key::nothing(digest, 0)],
            Self::Opaque { digest, .. } => vec![Key::token(digest), Key::revoked(digest)],
        }
    }
}
