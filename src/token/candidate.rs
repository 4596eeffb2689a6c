//! A JWT on its way: its issuer is trusted, its claims are readable, its signature nobody has checked.

use serde_json::Value;

use super::{Claims, Inactive};
use crate::{
    jwt::{Header, Malformed, UnverifiedJwt, VerificationKey},
    profile::Unlike,
    records::{Key, MarkKey, MarkKind, TokenType, sha256_hex},
    settings::{Settings, TrustedIssuer},
};

/// A JWT whose unverified claims may choose which records are read, and nothing else.
///
/// [`Candidate::verify`] is the only way from here to [`Claims`] that can be released.
pub struct Candidate<'a> {
    pub issuer: &'a TrustedIssuer,
    jwt: UnverifiedJwt,
    claims: Claims,
    marks: Vec<MarkKey>,
}

impl<'a> Candidate<'a> {
    /// Reads a token for which [`crate::jwt::is_jwt`] holds.
    ///
    /// # Errors
    ///
    /// [`Inactive`] where no record and no key could make it active.
    pub fn parse(token: &str, settings: &'a Settings) -> Result<Self, Inactive> {
        let jwt = UnverifiedJwt::parse(token).map_err(|Malformed| Inactive::Malformed)?;
        let issuer = Self::issuer_named(&jwt, settings);
        Self::read(jwt, issuer.ok_or(Inactive::UntrustedIssuer)?)
    }

    /// The trusted issuer that a token names, be it that issuer's or not.
    pub fn issuer_named(jwt: &UnverifiedJwt, settings: &'a Settings) -> Option<&'a TrustedIssuer> {
        jwt.claims.get("iss").and_then(Value::as_str).and_then(|issuer| settings.trusted_issuer(issuer))
    }

    /// Reads the claims by the issuer's profile.
    ///
    /// # Errors
    ///
    /// [`Inactive`], as [`Candidate::parse`].
    pub fn read(mut jwt: UnverifiedJwt, issuer: &'a TrustedIssuer) -> Result<Self, Inactive> {
        if issuer.required_claims.iter().any(|(name, expected)| jwt.claims.get(name) != Some(expected)) {
            return Err(Inactive::RequiredClaim);
        }
        let canonical = issuer.profile.canonical(std::mem::take(&mut jwt.claims));
        let mut claims = Claims::read(TokenType::AccessToken, canonical.map_err(|Unlike| Inactive::NotAnAccessToken)?)?;
        if issuer.profile.audience_in_scopes {
            claims.take_audience_from_scopes();
        }
        // A claim that is only checked is not repeated in the answer.
        claims.others.retain(|name, _| !issuer.required_claims.contains_key(name));
        let mut marks = claims.marks()?;
        if claims.jti.is_none() {
            let key = Key::jwt(&sha256_hex(jwt.jws.signing_input()));
            marks.push(MarkKey { kind: MarkKind::Jwt, key });
        }
        if let Some(kid) = &jwt.jws.header.kid {
            let mark = MarkKey::new(MarkKind::SigningKey, &issuer.issuer, Some(kid));
            marks.push(mark.map_err(|_| Inactive::Unrevocable)?);
        }
        Ok(Self { issuer, jwt, claims, marks })
    }

    pub fn header(&self) -> &Header {
        &self.jwt.jws.header
    }

    /// What the token says of itself.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// The marks that would revoke it.
    pub fn marks(&self) -> &[MarkKey] {
        &self.marks
    }

    /// The claims, if one of these keys of the token's issuer made the signature.
    ///
    /// # Errors
    ///
    /// The candidate itself, unchanged.
    pub fn verify<'k>(
        self: Box<Self>,
        mut keys: impl Iterator<Item = &'k VerificationKey>,
    ) -> Result<Claims, Box<Self>> {
        if keys.any(|key| key.verifies(&self.jwt.jws)) { Ok(self.claims) } else { Err(self) }
    }
}
