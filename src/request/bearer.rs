//! `Authorization: Bearer`: an access token of the caller's own (RFC 6750 §2.1, RFC 7662 §2.1).

use super::Parameters;
use crate::{
    jwt::is_jwt,
    records::{Key, sha256_hex},
    settings::Settings,
    token::Candidate,
};

/// A longer token is none.
const MAX_BYTES: usize = 16 * 1024;

/// A token that was sent as credentials.
pub struct PresentedBearer<'a> {
    /// The client that it was issued to, as it says; empty where it says none.
    pub client_id: String,
    /// `None`, if it is no JWT of a trusted issuer, names another client than the body, or is what is asked about.
    pub candidate: Option<Box<Candidate<'a>>>,
    digest: String,
}

impl<'a> PresentedBearer<'a> {
    /// The method's name in client records; our own.
    pub const METHOD: &'static str = "bearer";

    pub(super) fn parse(text: &str, parameters: &Parameters, settings: &'a Settings) -> Self {
        let is_readable = text.len() <= MAX_BYTES && is_jwt(text);
        let candidate = if is_readable { Candidate::parse(text, settings).ok() } else { None };
        let client_id = candidate.as_ref().and_then(|candidate| candidate.unverified_claims().client_id.clone());
        let names_one_client = parameters.client_id.is_none() || parameters.client_id == client_id;
        Self {
            client_id: client_id.unwrap_or_default(),
            candidate: candidate.filter(|_| names_one_client).map(Box::new),
            digest: sha256_hex(text),
        }
    }

    /// A token that asks about itself shows nothing but that somebody has it.
    pub(super) fn refuse_if_it_is(&mut self, token: &str) {
        if self.digest == sha256_hex(token) {
            self.candidate = None;
        }
    }

    /// The keys of the marks that would revoke it.
    pub fn mark_keys(&self) -> impl Iterator<Item = Key> {
        self.candidate.iter().flat_map(|candidate| candidate.item_keys().cloned())
    }
}
