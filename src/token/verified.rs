//! A token that its issuer made, and what has been judged about it.

use std::marker::PhantomData;

use super::{Claims, Inactive, opaque};
use crate::{
    records::{MarkKey, TokenRecord},
    settings::Settings,
};

/// The state of a token that has not been judged.
pub struct Parsed;

/// A token that its issuer made: one of the issuer's keys made the JWT's signature, or the issuer stored the opaque
/// token's record. It may still be revoked. `S` says what has been judged.
pub struct VerifiedToken<S = Parsed> {
    pub(super) claims: Claims,
    pub(super) marks: Vec<MarkKey>,
    pub(super) unread_mark: Option<MarkKey>,
    pub(super) signing_kid: Option<String>,
    pub(super) state: PhantomData<S>,
}

impl VerifiedToken {
    /// Makes an opaque token from its record. A record without `iss` belongs to our own issuer.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive`] if the record's issuer is not trusted, its members have wrong types, or a mark would have
    /// an overlong key.
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
    /// The same token, with proof of what has been judged since.
    pub fn into_state<T>(self, _proof: T) -> VerifiedToken<T> {
        let Self { claims, marks, unread_mark, signing_kid, state: PhantomData } = self;
        VerifiedToken { claims, marks, unread_mark, signing_kid, state: PhantomData }
    }

    /// The token's claims, which are its issuer's.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The marks that would revoke it. For a JWT, their items were read before the signature was verified.
    pub fn marks(&self) -> &[MarkKey] {
        &self.marks
    }

    /// The mark on the signing key, if that key was not expected, so the mark is still to be read.
    pub fn unread_mark(&self) -> Option<&MarkKey> {
        self.unread_mark.as_ref()
    }

    /// The `kid` of the signing key, if it has one. A key without `kid` cannot be distrusted by a mark.
    pub fn signing_kid(&self) -> Option<&str> {
        self.signing_kid.as_deref()
    }

    pub fn into_claims(self) -> Claims {
        self.claims
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        digest::Digest,
        records::{FetchedItems, ItemKey},
    };

    #[test]
    fn h32_a_record_keeps_the_alias_that_it_names() {
        let entry = json!([{ "issuer": "https://b.example", "profile": "generic", "required_claims": { "use": "access" },
            "jwks_uri": "https://b.example/keys", "aliases": ["https://c.example"] }]);
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some("https://a.example".to_owned()),
            "TRUSTED_ISSUERS" => Some(entry.to_string()),
            _ => None,
        });
        let settings = settings.map_err(|error| error.to_string()).unwrap();
        let key = ItemKey::token(&Digest::of("token"));
        for (iss, issuer, alias) in [
            (None, "https://a.example", None),
            (Some("https://b.example"), "https://b.example", None),
            (Some("https://c.example"), "https://b.example", Some("https://c.example")),
        ] {
            let item = json!({ "token_type": "access_token", "client_id": "c", "iss": iss, "exp": 9 });
            let items = FetchedItems::single(&key, serde_dynamo::to_item(item).unwrap());
            let record = items.token_record(&key).unwrap().unwrap();
            let token = VerifiedToken::from_record(record, &settings).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!((token.claims.issuer.as_str(), token.claims.alias.as_deref()), (issuer, alias));
        }
    }
}
