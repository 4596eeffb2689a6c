//! The presented token: its form, its content, and which records could concern it. Nothing is judged here.

mod claims;
mod inactive;
mod marks;
mod not_accepted;
mod notice;
mod opaque;
mod subject;
mod unverified;
mod verified;

pub use self::{
    claims::Claims,
    inactive::Inactive,
    marks::own_mark,
    not_accepted::NotAccepted,
    notice::{Notice, PresentedNotice},
    opaque::{claims as claims_of_record, is_ignored_in_claims},
    subject::{EventSubject, IssuerSubject},
    unverified::UnverifiedToken,
    verified::{Parsed, VerifiedToken},
};
use crate::{
    digest::Digest,
    jwt::{self, UnverifiedJwt},
    records::ItemKey,
    settings::{Settings, TrustedIssuer},
};

/// The maximum size of a token in bytes, also as a credential.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Whether a token is too long to be read. As the presented token it is inactive; as a credential it is refused.
pub fn is_too_long(token: &str) -> bool {
    token.len() > MAX_TOKEN_BYTES
}

/// The `token` parameter of a request, without its text.
pub enum PresentedToken<'a> {
    Jwt {
        unverified: Result<Box<UnverifiedToken<'a>>, Inactive>,
        /// The trusted issuer that it names, for the audit record, even if the token does not parse.
        issuer: Option<&'a TrustedIssuer>,
        /// The digest of the text.
        digest: Digest,
    },
    Opaque {
        digest: Digest,
        too_long: bool,
    },
}

impl<'a> PresentedToken<'a> {
    /// Distinguishes a JWT from an opaque token, only by its form. A hint has no effect.
    pub fn parse(token: &str, settings: &'a Settings) -> Self {
        let too_long = is_too_long(token);
        let digest = Digest::of(token);
        if jwt::is_jwt(token) {
            let jwt = if too_long {
                Err(Inactive::TooLong)
            } else {
                UnverifiedJwt::parse(token).map_err(|jwt::Malformed(what)| Inactive::Malformed(what))
            };
            let issuer = jwt.as_ref().ok().and_then(|jwt| UnverifiedToken::issuer_named(jwt, settings));
            let unverified = jwt.and_then(|jwt| UnverifiedToken::read(jwt, digest, issuer));
            Self::Jwt { unverified: unverified.map(Box::new), issuer, digest }
        } else {
            Self::Opaque { digest, too_long }
        }
    }

    /// The digest of the token's text.
    pub fn digest(&self) -> &Digest {
        match self {
            Self::Jwt { digest, .. } | Self::Opaque { digest, .. } => digest,
        }
    }

    /// The keys of all records that the first trip must fetch to judge this token. There is at least one.
    pub fn keys(&self) -> Vec<ItemKey> {
        match self {
            Self::Jwt { unverified: Ok(unverified), .. } => unverified.item_keys().cloned().collect(),
            Self::Jwt { unverified: Err(_), digest, .. } => vec![ItemKey::padding(digest, 0)],
            Self::Opaque { digest, .. } => vec![ItemKey::token(digest), ItemKey::revoked(digest)],
        }
    }
}
