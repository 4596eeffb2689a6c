//! `Authorization: Bearer`: an access token of the caller (RFC 6750 §2.1, RFC 7662 §2.1).

use super::Parameters;
use crate::{
    digest::Digest,
    jwt::is_jwt,
    settings::Settings,
    token::{UnverifiedToken, is_too_long},
};

/// A token that was sent as credentials. Its signature is not verified yet.
pub struct PresentedBearer<'a> {
    /// The client that it claims to be issued to. Empty if it names no client.
    pub client_id: String,
    /// `None` if it is not a JWT of a trusted issuer, or names another client than the body.
    pub unverified: Option<Box<UnverifiedToken<'a>>>,
    /// Whether it is the token to introspect.
    pub asks_about_itself: bool,
    signing_input_digest: Digest,
}

impl<'a> PresentedBearer<'a> {
    pub(super) fn parse(text: &str, parameters: &Parameters, settings: &'a Settings) -> Self {
        let is_readable = !is_too_long(text) && is_jwt(text);
        let unverified = if is_readable { UnverifiedToken::parse(text, settings).ok() } else { None };
        let client_id = unverified.as_ref().and_then(|unverified| unverified.unverified_claims().client_id.clone());
        let names_one_client = parameters.client_id.is_none() || parameters.client_id == client_id;
        Self {
            client_id: client_id.unwrap_or_default(),
            unverified: unverified.filter(|_| names_one_client).map(Box::new),
            asks_about_itself: false,
            signing_input_digest: signing_input_digest(text),
        }
    }

    /// Records that the request asks about this token. A token that is used to introspect itself proves only that the
    /// sender has it. It is the same token even with another signature: an ECDSA signature `(r, s)` has a valid twin
    /// `(r, n−s)` (D-04).
    pub(super) fn reject_self_introspection(&mut self, token: &str) {
        self.asks_about_itself |= self.signing_input_digest == signing_input_digest(token);
    }
}

/// The digest of the signed part: everything before the last dot (RFC 7515 §5.1).
fn signing_input_digest(text: &str) -> Digest {
    Digest::of(text.rsplit_once('.').map_or(text, |(signing_input, _)| signing_input))
}
