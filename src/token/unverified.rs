//! A JWT whose issuer is trusted and whose claims are readable, before its signature is verified.

use std::marker::PhantomData;

use serde_json::{Value, value::RawValue};

use super::{
    Claims, Inactive, Notice, Parsed, VerifiedToken,
    marks::{JwtMarks, OwnIdentity},
};
use crate::{
    digest::Digest,
    jwt::{CheckedSignatures, Header, Malformed, RawMembers, UnverifiedJwt, VerificationKey},
    profile::ProfileMismatch,
    records::{ItemKey, MarkKey, MarkKind, TokenType},
    settings::{Settings, TrustedIssuer},
};

/// A JWT whose signature is not verified. Its claims may only choose which records are read. `S` says what has been
/// judged.
///
/// Its method `verify` is the only way from here to a [`VerifiedToken`].
pub struct UnverifiedToken<'a, S = Parsed> {
    issuer: &'a TrustedIssuer,
    jwt: UnverifiedJwt,
    /// The digest of the whole token.
    digest: Digest,
    claims: Claims,
    /// Whether a claim shows that this is an access token.
    has_evidence: bool,
    marks: JwtMarks,
    /// The mark on the key that most likely signed a token without `kid`.
    expected_key_mark: Option<MarkKey>,
    state: PhantomData<S>,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads a token for which [`crate::jwt::is_jwt`] holds.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive`] if no record and no key could make it active.
    pub fn parse(token: &str, settings: &'a Settings) -> Result<Self, Inactive> {
        let jwt = UnverifiedJwt::parse(token).map_err(|Malformed(what)| Inactive::Malformed(what))?;
        let issuer = Self::issuer_named(&jwt, settings);
        Self::read(jwt, Digest::of(token), issuer)
    }

    /// The trusted issuer that a token names, even if that issuer did not make it.
    pub fn issuer_named(jwt: &UnverifiedJwt, settings: &'a Settings) -> Option<&'a TrustedIssuer> {
        string(&jwt.claims, "iss").and_then(|issuer| settings.trusted_issuer(&issuer))
    }

    /// Reads the claims by the issuer's profile. `digest` is that of the token's text, and `issuer` that of
    /// [`UnverifiedToken::issuer_named`].
    ///
    /// # Errors
    ///
    /// Returns [`Inactive`] as [`UnverifiedToken::parse`] does.
    pub fn read(mut jwt: UnverifiedJwt, digest: Digest, issuer: Option<&'a TrustedIssuer>) -> Result<Self, Inactive> {
        let set = std::mem::take(&mut jwt.claims);
        let presented = string(&set, "iss");
        let Some(issuer) = issuer else { return Err(Inactive::UntrustedIssuer { iss: presented }) };
        if let Some(tenant) = &issuer.tenant {
            let tid = string(&set, "tid");
            if tid.as_ref() != Some(tenant) {
                return Err(Inactive::WrongTenant { tid, expected: tenant.clone() });
            }
        }
        has_required_claims(issuer, &set)?;
        let own = OwnIdentity::from_claims(&set);
        let profile = issuer.profile;
        let has_evidence = !profile.checked.is_empty()
            || profile.evidence.iter().any(|claim| set.get(*claim).is_some_and(|text| has_value(text)))
            || (profile.is_generic() && !issuer.required_claims.is_empty());
        let canonical = profile.canonical(set, &issuer.claim_names).map_err(mismatch)?;
        let mut claims = Claims::read(TokenType::AccessToken, canonical)?;
        claims.alias = presented.filter(|presented| *presented != issuer.issuer);
        claims.issuer.clone_from(&issuer.issuer);
        if profile.audience_in_scopes {
            claims.take_audience_from_scopes();
        }
        // A claim that is only checked is not repeated in the answer.
        claims.others.retain(|name, _| !issuer.required_claims.contains_key(name));
        let marks = JwtMarks::derive(&claims, &own, jwt.jws.signing_input(), jwt.jws.header.kid.as_deref())?;
        Ok(Self { issuer, jwt, digest, claims, has_evidence, marks, expected_key_mark: None, state: PhantomData })
    }
}

impl<'a> UnverifiedToken<'a, Notice> {
    /// Reads a notice by the registered names of its claims. `digest` is that of the text, and `issuer` that of
    /// [`UnverifiedToken::issuer_named`].
    ///
    /// # Errors
    ///
    /// Returns [`Inactive`] if the issuer is not trusted, or if a claim has a wrong type.
    pub fn notice(mut jwt: UnverifiedJwt, digest: Digest, issuer: Option<&'a TrustedIssuer>) -> Result<Self, Inactive> {
        let set = std::mem::take(&mut jwt.claims);
        let presented = string(&set, "iss");
        let Some(issuer) = issuer else { return Err(Inactive::UntrustedIssuer { iss: presented }) };
        let mut claims = Claims::read(TokenType::AccessToken, set)?;
        claims.issuer.clone_from(&issuer.issuer);
        let marks = JwtMarks::of_notice(&issuer.issuer, jwt.jws.signing_input(), jwt.jws.header.kid.as_deref())?;
        let (has_evidence, expected_key_mark) = (false, None);
        Ok(Self { issuer, jwt, digest, claims, has_evidence, marks, expected_key_mark, state: PhantomData })
    }
}

impl<'a, S> UnverifiedToken<'a, S> {
    /// The same token, with proof of what has been judged since.
    pub fn into_state<T>(self, _proof: T) -> UnverifiedToken<'a, T> {
        let Self { issuer, jwt, digest, claims, has_evidence, marks, expected_key_mark, state: PhantomData } = self;
        UnverifiedToken { issuer, jwt, digest, claims, has_evidence, marks, expected_key_mark, state: PhantomData }
    }

    /// The trusted issuer that it names.
    pub fn issuer(&self) -> &'a TrustedIssuer {
        self.issuer
    }

    pub fn header(&self) -> &Header {
        &self.jwt.jws.header
    }

    /// The token's claims, which may be forged.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether a claim shows that this is an access token, by the rules of its profile.
    pub fn has_evidence(&self) -> bool {
        self.has_evidence
    }

    /// The marks that would revoke it, as far as the token itself determines them.
    pub fn marks(&self) -> &[MarkKey] {
        &self.marks.all
    }

    /// The mark that revokes this one token, under any profile.
    pub fn own_mark(&self) -> &MarkKey {
        &self.marks.own
    }

    /// Sets the key that most likely signed a token without `kid`, so that its mark is read with the others.
    pub fn expect_key(&mut self, kid: Option<&str>) {
        self.expected_key_mark = kid.and_then(|kid| self.signing_key_mark(kid));
    }

    /// The keys of the items to read before the token can be judged.
    pub fn item_keys(&self) -> impl Iterator<Item = &ItemKey> {
        self.marks.all.iter().chain(&self.expected_key_mark).map(|mark| &mark.key)
    }

    fn signing_key_mark(&self, kid: &str) -> Option<MarkKey> {
        MarkKey::new(MarkKind::SigningKey, &self.issuer.issuer, Some(kid)).ok()
    }

    /// Verifies the token, if one of these keys of its issuer made the signature. A key whose mark would have an
    /// overlong item key could not be distrusted, so it verifies nothing (G-13).
    ///
    /// # Errors
    ///
    /// Returns the token itself, unchanged.
    pub(crate) fn verify<'k>(
        self: Box<Self>,
        mut keys: impl Iterator<Item = &'k VerificationKey>,
        checked: &CheckedSignatures,
    ) -> Result<VerifiedToken<S>, Box<Self>> {
        // RFC 7662 §4: the signature of a signed token must be checked, with a key of the issuer that it names (G-04).
        let Some(key) = keys.find(|key| checked.verify(&self.jwt.jws, &self.digest, key)) else { return Err(self) };
        // If the header names the key, its mark is already among the marks.
        let (read, unread_mark) = match key.kid().filter(|_| self.header().kid.is_none()) {
            None => (None, None),
            Some(kid) => match self.signing_key_mark(kid) {
                None => return Err(self),
                mark if mark == self.expected_key_mark => (mark, None),
                mark => (None, mark),
            },
        };
        let signing_kid = key.kid().map(str::to_owned);
        let Self { claims, marks, state, .. } = *self;
        let marks = marks.all.into_iter().chain(read).collect();
        Ok(VerifiedToken { claims, marks, unread_mark, signing_kid, state })
    }
}

/// Checks that the token contains the entry's `required_claims`, each with exactly this value.
fn has_required_claims(issuer: &TrustedIssuer, set: &RawMembers) -> Result<(), Inactive> {
    for (claim, expected) in &issuer.required_claims {
        let found = set.get(claim);
        let is_equal =
            found.is_some_and(|text| serde_json::from_str(text.get()).is_ok_and(|found: Value| found == *expected));
        if !is_equal {
            let expected = expected.to_string();
            return Err(Inactive::RequiredClaim { claim: claim.clone(), expected, missing: found.is_none() });
        }
    }
    Ok(())
}

/// Whether a claim has a value. An empty claim is not evidence of anything.
fn has_value(claim: &RawValue) -> bool {
    let is_empty = |value: Value| match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.iter().all(|value| value.as_str().is_some_and(|text| text.trim().is_empty())),
        _ => false,
    };
    serde_json::from_str(claim.get()).is_ok_and(|value| !is_empty(value))
}

fn mismatch(ProfileMismatch { claim, found, expected }: ProfileMismatch) -> Inactive {
    Inactive::NotAnAccessToken { claim: claim.to_owned(), found, expected: expected.to_vec() }
}

fn string(set: &RawMembers, name: &str) -> Option<String> {
    set.get(name).and_then(|text| serde_json::from_str(text.get()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h03_an_empty_claim_is_no_evidence() {
        for (claim, expected) in [
            ("null", false),
            (r#""""#, false),
            (r#"" ""#, false),
            ("[]", false),
            (r#"["", " "]"#, false),
            (r#"["", "a"]"#, true),
            (r#""a""#, true),
            ("0", true),
            ("false", true),
            ("{}", true),
        ] {
            assert_eq!(has_value(&RawValue::from_string(claim.to_owned()).unwrap()), expected, "{claim}");
        }
    }
}
