//! A token that its issuer made, and what has been judged of it.

use std::marker::PhantomData;

use super::{Claims, Inactive, opaque};
use crate::{
    records::{MarkKey, TokenRecord},
    settings::Settings,
};

/// The state of a token of which nothing has been judged.
pub struct Parsed;

/// A token that its issuer made: a key of the issuer made the signature of the JWT, or the issuer stored the record of
/// the opaque token. Whether it is revoked is not known yet. `S` says what has been judged of it.
pub struct VerifiedToken<S = Parsed> {
    pub(super) claims: Claims,
    pub(super) marks: Vec<MarkKey>,
    pub(super) unread_mark: Option<MarkKey>,
    pub(super) signing_kid: Option<String>,
    pub(super) state: PhantomData<S>,
}

impl VerifiedToken {
    /// Makes an opaque token of its record. A record without `iss` is a token of our own issuer.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive`] if the record's issuer is not trusted, its members have wrong types, or a mark could have no
    /// key.
    pub fn from_record(record: TokenRecord, settings: &Settings) -> Result<Self, Inactive> {
        let mut claims = opaque::claims(record, &settings.issuer)?;
        let Some(issuer) = settings.canonical_issuer(&claims.issuer).map(str::to_owned) else {
            return Err(Inactive::UntrustedIssuer { iss: Some(claims.issuer) });
        };
        let presented = std::mem::replace(&mut claims.issuer, issuer);
        claims.alias = Some(presented).filter(|presented| *presented != claims.issuer);
        let marks = claims.marks()?;
        Ok(Self { claims, marks, unread_mark: None, signing_kid: None, state: PhantomData })
    }
}

impl<S> VerifiedToken<S> {
    /// The same token, with the proof of what has been judged since.
    pub fn into_state<T>(self, _proof: T) -> VerifiedToken<T> {
        let Self { claims, marks, unread_mark, signing_kid, state: PhantomData } = self;
        VerifiedToken { claims, marks, unread_mark, signing_kid, state: PhantomData }
    }

    /// What its issuer says of it.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The marks that would revoke it. Of a JWT, their items were read before the signature was verified.
    pub fn marks(&self) -> &[MarkKey] {
        &self.marks
    }

    /// The mark on the key that made the signature, if that was not expected and has yet to be read.
    pub fn unread_mark(&self) -> Option<&MarkKey> {
        self.unread_mark.as_ref()
    }

    /// The name of the key that made the signature, if it has one. A key without a name cannot be distrusted by a mark.
    pub fn signing_kid(&self) -> Option<&str> {
        self.signing_kid.as_deref()
    }

    pub fn into_claims(self) -> Claims {
        self.claims
    }
}
