//! `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9): a JWT that proves possession of the client's key.

use super::{Found, Refusal, entries, registered};
use crate::{
    judge,
    jwt::{Algorithm, VerificationKey},
    records::{Audience, ClientRecord, Key, Seconds},
    request::{Assertion, PresentedAssertion},
    settings::Settings,
};

/// The algorithms of clients' keys. A key without `alg` has the first that fits it.
pub const ALGORITHMS: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
/// How far ahead an assertion may expire, in seconds: some libraries make them for an hour.
const LONGEST_LIFE: i64 = 3600;
/// More keys of a client are not looked at.
const MAX_KEYS: usize = 20;
/// Keys tried for one assertion: one, but for sets that name several keys alike or not at all.
const MAX_TRIES: usize = 4;
/// Keys whose private halves nobody kept, so that an assertion in an unknown client's name costs a check as well.
const NOBODYS_KEYS: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","x":"WC4CxnXYwzUsVneXw3mQTBKn2EQyYWBnAVHJz1e9x1U"},
    {"kty":"EC","crv":"P-256","x":"iJx98hoDg8zzMU7jk6fcrSxOUNfOnY93Q1ocL3g8SS4","y":"Um0g0Yl7HqReJOinaRdtnhBG-aloA7v_BWrVTax0uxA"},
    {"kty":"RSA","alg":"RS256","e":"AQAB","n":"zZWKj51zyAKvKIG1kvA6USW99ChY9erw798KqFdJ7OP-Tqj4oW2OSUwZCm66pWB0jebTMBR_zpapvTsAdWu738t0sHoMGHfTF0teJhR4TlEf05pCXt2gBt4PfmzLnY_5UVqLDBR0BRwRfSu4GaFpMqxHZPcQqZTdGBbdIcJPRr_yGWrkOsfzGCK3nDgbOO-JWKxQ7IjJdKXT-C5R4r0KIT4KdJl4gpDa3inY78M7esNcuULT5oNiwqrHuk-eOkYYeGTsvW2sYb4OBivFS45Z1kHRN8iIa9HwX548FnF7z6znUXPfbCbErfuypg2E7rJRzXo0jmEsfgxZHv3ygME3Ww"},
    {"kty":"RSA","alg":"PS256","e":"AQAB","n":"zZWKj51zyAKvKIG1kvA6USW99ChY9erw798KqFdJ7OP-Tqj4oW2OSUwZCm66pWB0jebTMBR_zpapvTsAdWu738t0sHoMGHfTF0teJhR4TlEf05pCXt2gBt4PfmzLnY_5UVqLDBR0BRwRfSu4GaFpMqxHZPcQqZTdGBbdIcJPRr_yGWrkOsfzGCK3nDgbOO-JWKxQ7IjJdKXT-C5R4r0KIT4KdJl4gpDa3inY78M7esNcuULT5oNiwqrHuk-eOkYYeGTsvW2sYb4OBivFS45Z1kHRN8iIa9HwX548FnF7z6znUXPfbCbErfuypg2E7rJRzXo0jmEsfgxZHv3ygME3Ww"}
]}"#;

/// An assertion that is good but for whether it was used before.
pub(super) struct Accepted {
    pub record: ClientRecord,
    /// The item that its one use writes, and how long that must stay.
    pub use_key: Key,
    pub use_expires_at: Seconds,
    /// Its `aud` is the client's registered one instead of our issuer identifier.
    pub by_registered_audience: bool,
}

pub(super) fn check(
    presented: &PresentedAssertion,
    found: Found,
    settings: &Settings,
    now: i64,
) -> Result<Accepted, Refusal> {
    let jwks = found.as_ref().ok().and_then(Option::as_ref).and_then(|record| record.jwks.as_deref());
    // Before any refusal that depends on the record, so that all of them cost a check of the signature.
    let signed = presented.assertion.as_ref().is_some_and(|assertion| is_signed(assertion, jwks));
    let record = registered(found, |method| method == Some(PresentedAssertion::METHOD))?;
    let assertion = presented.assertion.as_ref().ok_or(Refusal::MalformedAssertion)?;
    if !signed {
        return Err(Refusal::AssertionSignature);
    }
    if !has_fitting_header(assertion) {
        return Err(Refusal::AssertionHeader);
    }
    let claims = &assertion.claims;
    let Some(Seconds(expires_at)) = claims.expires_at else { return Err(Refusal::AssertionTime) };
    if expires_at.saturating_sub(now) > LONGEST_LIFE {
        return Err(Refusal::AssertionTime);
    }
    judge::is_current(claims, now, settings.clock_skew_seconds).map_err(|_| Refusal::AssertionTime)?;
    let audience = claims.audience.as_ref().and_then(sole).ok_or(Refusal::AssertionAudience)?;
    let is_for_us = audience == settings.issuer;
    if !is_for_us && record.assertion_audience.as_deref() != Some(audience) {
        return Err(Refusal::AssertionAudience);
    }
    let jti = claims.jti.as_deref().filter(|jti| !jti.is_empty()).ok_or(Refusal::AssertionWithoutJti)?;
    Ok(Accepted {
        use_key: Key::assertion(&presented.client_id, jti),
        use_expires_at: Seconds(expires_at + settings.clock_skew_seconds),
        by_registered_audience: !is_for_us,
        record,
    })
}

/// The one value of an audience that has just one: an assertion for two servers could be replayed between them.
fn sole(audience: &Audience) -> Option<&str> {
    let mut values = audience.iter();
    values.next().filter(|_| values.next().is_none())
}

fn has_fitting_header(assertion: &Assertion) -> bool {
    let header = assertion.header();
    let typ_fits = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "client-authentication+jwt")
    });
    typ_fits && !header.critical
}

/// Whether one of the client's keys made the signature: those that `kid` names, else those without a name.
fn is_signed(assertion: &Assertion, jwks: Option<&str>) -> bool {
    let Some(algorithm) = Algorithm::from_name(&assertion.header().alg) else { return false };
    let fitting = |text: &str| {
        let mut keys = keys(text);
        keys.retain(|key| key.algorithm() == algorithm);
        if let Some(kid) = assertion.header().kid.as_deref() {
            let named = keys.iter().any(|key| key.kid() == Some(kid));
            keys.retain(|key| key.kid() == named.then_some(kid));
        }
        keys
    };
    let own = jwks.map(fitting).unwrap_or_default();
    if own.is_empty() {
        // Whatever this says, there is no key of the client's.
        let _ = fitting(NOBODYS_KEYS).iter().any(|key| assertion.is_signed_by(key));
        return false;
    }
    own.iter().take(MAX_TRIES).any(|key| assertion.is_signed_by(key))
}

/// The keys of a set that load.
pub(super) fn keys(jwks: &str) -> Vec<VerificationKey> {
    entries(jwks).iter().take(MAX_KEYS).filter_map(|entry| VerificationKey::from_jwk(entry, &ALGORITHMS).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Text;

    #[test]
    fn b12_nobody_has_a_key_of_each_algorithm() {
        let nobodys = keys(NOBODYS_KEYS);
        for algorithm in ALGORITHMS {
            let name = algorithm.name();
            assert!(nobodys.iter().any(|key| key.algorithm() == algorithm && key.kid().is_none()), "{name}");
            assert_eq!(Algorithm::from_name(name), Some(algorithm));
        }
    }

    #[test]
    fn e11_a_key_is_for_one_algorithm_and_an_rsa_key_without_alg_for_rs256() {
        let rsa = NOBODYS_KEYS.replace(r#""alg":"PS256","#, "");
        assert!(keys(&rsa).iter().all(|key| key.algorithm() != Algorithm::Ps256));
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1,null,{"kty":"oct","k":"AAAA"}]}"#] {
            assert!(keys(text).is_empty(), "{text}");
        }
        let es384 = r#"{"keys":[{"kty":"EC","crv":"P-384","alg":"ES384","x":"AA","y":"AA"}]}"#;
        assert!(keys(es384).is_empty());
    }

    #[test]
    fn e03_only_a_single_audience_counts() {
        let text = |text: &str| Text(text.to_owned());
        for (audience, expected) in [
            (Audience::One(text("a")), Some("a")),
            (Audience::Several(vec![text("a")]), Some("a")),
            (Audience::Several(vec![text("a"), text("a")]), None),
            (Audience::Several(vec![]), None),
        ] {
            assert_eq!(sole(&audience), expected);
        }
    }
}
