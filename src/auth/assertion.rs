//! `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9): a JWT that proves possession of the client's key.

use serde_json::Value;

use super::{AuthError, Found, registered};
use crate::{
    auth_method::AuthMethod,
    judge,
    jwt::{self, Algorithm, Header, RejectedKey, VerificationKey, registered_entries},
    media_type,
    records::{Audience, ClientRecord, ItemKey, UnixTime},
    request::PresentedAssertion,
    settings::Settings,
};

/// The accepted algorithms of clients' keys.
pub const ALGORITHMS: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
/// The algorithms of a key without `alg`. An RSA key is then used only for RS256.
const WITHOUT_ALG: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
/// How far in the future an assertion may expire, in seconds. Some libraries make assertions that are valid for an
/// hour.
const MAX_LIFETIME_SECONDS: i64 = 3600;
/// How many keys of a client are considered.
const MAX_KEYS: usize = 20;
/// The number of signature checks for each assertion, regardless of the client. Only a set in which several keys have
/// the same `kid`, or none, needs more than one.
const CHECKS: usize = 4;

/// An assertion that is valid unless it was used before.
pub(super) struct Accepted {
    pub record: ClientRecord,
    /// The item that the first use writes, and until when it must be kept.
    pub use_key: ItemKey,
    pub use_expires_at: UnixTime,
    /// Whether its `aud` is the one that the client registered instead of our issuer identifier.
    pub by_registered_audience: bool,
}

pub(super) fn check(
    presented: &PresentedAssertion,
    found: Found,
    settings: &Settings,
    now: i64,
) -> Result<Accepted, AuthError> {
    let key_set = found.as_ref().ok().and_then(Option::as_ref).and_then(|record| record.jwks.as_deref());
    // This precedes every refusal that depends on the record, so that all refusals cost the same signature checks.
    let text = presented.jws.as_ref();
    let signed = text.is_some_and(|text| is_signed(&text.header, key_set, |key| key.verifies(text)));
    if presented.client_id.is_empty() {
        return Err(AuthError::MalformedAssertion);
    }
    let record = registered(found, AuthMethod::PrivateKeyJwt, &[AuthMethod::PrivateKeyJwt])?;
    let (Some(text), Some(claims)) = (text, &presented.claims) else { return Err(AuthError::MalformedAssertion) };
    // RFC 7523 §3: the assertion must be signed, by one of the keys that the client registered.
    if !signed {
        return Err(AuthError::AssertionSignature);
    }
    has_fitting_header(&text.header)?;
    let time = || AuthError::AssertionTime { exp: claims.expires_at.map(|UnixTime(exp)| exp), now };
    // RFC 7523 §3 and OpenID Connect Core §9: `exp` is required, and one that is too far in the future may be
    // refused (E-07).
    let Some(UnixTime(expires_at)) = claims.expires_at else { return Err(time()) };
    if expires_at.saturating_sub(now) > MAX_LIFETIME_SECONDS {
        return Err(time());
    }
    judge::is_current(claims, now, settings.clock_skew_seconds).map_err(|_| time())?;
    // RFC 7523 §3: the audience is this server. rfc7523bis: it is the only value, and is our issuer identifier (E-03,
    // E-04).
    let audience = claims.audience.as_ref().and_then(sole);
    let is_for_us = audience == Some(&settings.issuer);
    if !is_for_us && (audience.is_none() || record.assertion_audience.as_deref() != audience) {
        let found = claims.audience.iter().flat_map(Audience::iter).map(str::to_owned).collect();
        let accepted = [Some(&settings.issuer), record.assertion_audience.as_ref()];
        let accepted = accepted.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" or ");
        return Err(AuthError::AssertionAudience { found, accepted });
    }
    // OpenID Connect Core §9: `jti` is required, because it identifies the assertion when it is used again (E-08).
    let jti = claims.jti.as_deref().filter(|jti| !jti.is_empty()).ok_or(AuthError::AssertionWithoutJti)?;
    Ok(Accepted {
        use_key: ItemKey::assertion(&presented.client_id, jti),
        use_expires_at: UnixTime(expires_at + settings.clock_skew_seconds),
        by_registered_audience: !is_for_us,
        record,
    })
}

/// The value of an audience that has exactly one. An assertion for two servers could be replayed between them.
fn sole(audience: &Audience) -> Option<&str> {
    let mut values = audience.iter();
    values.next().filter(|_| values.next().is_none())
}

fn has_fitting_header(header: &Header) -> Result<(), AuthError> {
    // RFC 8725 §3.11: another explicit type means another kind of JWT (E-06).
    let typ_fits = header.typ.as_deref().is_none_or(|typ| {
        ["jwt", "client-authentication+jwt"].iter().any(|expected| media_type::is_typ(typ, expected))
    });
    if !typ_fits {
        return Err(AuthError::AssertionHeader { typ: header.typ.clone() });
    }
    // RFC 7515 §4.1.11: a JWS with an extension that is not supported is invalid, and no extension is supported
    // here (E-12). RFC 7797 §7: no JWT has an unencoded payload.
    if header.critical || header.unencoded { Err(AuthError::AssertionHeader { typ: None }) } else { Ok(()) }
}

/// Whether one of the client's keys made the signature. This always checks [`CHECKS`] keys, with dummies in place of
/// missing ones, so that an unknown client costs as many checks as a known one (B-12). Only the time of reading the
/// record grows with its length.
fn is_signed(header: &Header, jwks: Option<&str>, mut verifies: impl FnMut(&VerificationKey) -> bool) -> bool {
    let Some(algorithm) = Algorithm::from_name(&header.alg) else { return false };
    let Some(dummy) = dummy_key(algorithm) else { return false };
    let mut own = jwks.map(|jwks| own_keys(jwks, header.kid.as_deref(), algorithm)).unwrap_or_default().into_iter();
    let mut signed = false;
    for _ in 0..CHECKS {
        if let Some(key) = own.next() {
            signed |= verifies(&key);
        } else if let Ok(dummy) = VerificationKey::from_jwk(&dummy, &[algorithm]) {
            // The result does not matter, because a dummy is not a key of the client.
            verifies(&dummy);
        }
    }
    signed
}

/// The first keys of the set for this algorithm: those with this `kid` or, if no key has it, those without a
/// `kid` (E-13).
fn own_keys(jwks: &str, kid: Option<&str>, algorithm: Algorithm) -> Vec<VerificationKey> {
    let entries = registered_entries(jwks);
    let named = |name: Option<&str>| {
        let has_name = |entry: &&Value| jwt::kid(entry).as_deref() == name;
        load(entries.iter().take(MAX_KEYS).filter(has_name), algorithm)
    };
    let Some(kid) = kid else { return load(entries.iter().take(MAX_KEYS), algorithm) };
    let own = named(Some(kid));
    if own.is_empty() { named(None) } else { own }
}

fn load<'a>(entries: impl Iterator<Item = &'a Value>, algorithm: Algorithm) -> Vec<VerificationKey> {
    let for_algorithm = entries.filter(|entry| algorithms(entry).contains(&algorithm));
    for_algorithm.filter_map(|entry| VerificationKey::from_jwk(entry, &[algorithm]).ok()).take(CHECKS).collect()
}

/// RFC 8725 §3.1: the key determines the algorithm, never the assertion. The names are those of RFC 7518 §3.1; all are
/// asymmetric (E-11).
fn algorithms(entry: &Value) -> &'static [Algorithm] {
    let has_alg = entry.get("alg").is_some_and(|alg| !alg.is_null() && alg != "");
    if has_alg { &ALGORITHMS } else { &WITHOUT_ALG }
}

/// Loads one entry of a client's key set.
///
/// # Errors
///
/// Returns [`RejectedKey`] if the key cannot check assertions.
pub fn client_key(entry: &Value) -> Result<VerificationKey, RejectedKey> {
    VerificationKey::from_jwk(entry, algorithms(entry))
}

/// The keys of a set that loaded.
pub(super) fn keys(jwks: &str) -> Vec<VerificationKey> {
    registered_entries(jwks).iter().take(MAX_KEYS).filter_map(|entry| client_key(entry).ok()).collect()
}

/// A public key of this algorithm, whose private key no longer exists.
fn dummy_key(algorithm: Algorithm) -> Option<Value> {
    let jwk = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => DUMMY_RSA,
        Algorithm::Es256 => DUMMY_EC,
        Algorithm::EdDsa => DUMMY_OKP,
        _ => return None,
    };
    serde_json::from_str(jwk).ok()
}

const DUMMY_OKP: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"WC4CxnXYwzUsVneXw3mQTBKn2EQyYWBnAVHJz1e9x1U"}"#;
const DUMMY_EC: &str = r#"{"kty":"EC","crv":"P-256","x":"iJx98hoDg8zzMU7jk6fcrSxOUNfOnY93Q1ocL3g8SS4","y":"Um0g0Yl7HqReJOinaRdtnhBG-aloA7v_BWrVTax0uxA"}"#;
const DUMMY_RSA: &str = r#"{"kty":"RSA","e":"AQAB","n":"zZWKj51zyAKvKIG1kvA6USW99ChY9erw798KqFdJ7OP-Tqj4oW2OSUwZCm66pWB0jebTMBR_zpapvTsAdWu738t0sHoMGHfTF0teJhR4TlEf05pCXt2gBt4PfmzLnY_5UVqLDBR0BRwRfSu4GaFpMqxHZPcQqZTdGBbdIcJPRr_yGWrkOsfzGCK3nDgbOO-JWKxQ7IjJdKXT-C5R4r0KIT4KdJl4gpDa3inY78M7esNcuULT5oNiwqrHuk-eOkYYeGTsvW2sYb4OBivFS45Z1kHRN8iIa9HwX548FnF7z6znUXPfbCbErfuypg2E7rJRzXo0jmEsfgxZHv3ygME3Ww"}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::StrictString;

    fn header(alg: &str, kid: Option<&str>) -> Header {
        Header { alg: alg.to_owned(), typ: None, kid: kid.map(str::to_owned), critical: false, unencoded: false }
    }

    /// A set with `count` entries like this dummy key, each with this `kid`.
    fn set(jwk: &str, count: usize, kid: Option<&str>) -> String {
        let mut jwk: Value = serde_json::from_str(jwk).unwrap();
        jwk.as_object_mut().unwrap().extend(kid.map(|kid| ("kid".to_owned(), kid.into())));
        serde_json::json!({ "keys": vec![jwk; count] }).to_string()
    }

    #[test]
    fn b12_e13_the_number_of_signature_checks_is_the_same_for_every_client() {
        for (alg, jwk) in [("RS256", DUMMY_RSA), ("ES256", DUMMY_EC), ("EdDSA", DUMMY_OKP)] {
            for kid in [None, Some("a"), Some("b")] {
                let sets = [0, 1, 2, 3, 4, 5, 20, 30].map(|count| set(jwk, count, None));
                let named = [1, 4, 20].map(|count| set(jwk, count, Some("a")));
                let odd = ["", "{}", r#"{"keys":[1,null]}"#].map(str::to_owned);
                let sets = sets.into_iter().chain(named).chain(odd).map(Some).chain([None]);
                for set in sets {
                    for (verdict, last) in [(false, false), (true, false), (false, true)] {
                        let mut checks = 0;
                        let signed = is_signed(&header(alg, kid), set.as_deref(), |_| {
                            checks += 1;
                            verdict || last && checks == CHECKS
                        });
                        assert_eq!(checks, CHECKS, "{alg} {kid:?} {set:.80?}");
                        let any = set.as_deref().is_some_and(|set| {
                            Algorithm::from_name(alg).is_some_and(|alg| !own_keys(set, kid, alg).is_empty())
                        });
                        assert!(any || !signed, "a dummy never authenticates: {alg} {kid:?} {set:.80?}");
                        assert!(!(any && verdict) || signed, "{alg} {kid:?} {set:.80?}");
                    }
                }
            }
        }
        for alg in ["none", "HS256", "RS384", "ES384", "es256"] {
            let mut checks = 0;
            assert!(!is_signed(&header(alg, None), Some(&set(DUMMY_EC, 1, None)), |_| {
                checks += 1;
                true
            }));
            assert_eq!(checks, 0, "{alg}");
        }
    }

    #[test]
    fn b12_there_is_a_dummy_key_for_each_algorithm() {
        for algorithm in ALGORITHMS {
            let dummy = dummy_key(algorithm).unwrap();
            assert!(VerificationKey::from_jwk(&dummy, &[algorithm]).is_ok(), "{}", algorithm.name());
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
    }

    #[test]
    fn e11_a_key_is_for_one_algorithm_and_an_rsa_key_without_alg_for_rs256() {
        let rsa = |alg: Value| {
            let mut jwk: Value = serde_json::from_str(DUMMY_RSA).unwrap();
            jwk["alg"] = alg;
            serde_json::json!({ "keys": [jwk] }).to_string()
        };
        let serves = |set: &str, algorithm| !own_keys(set, None, algorithm).is_empty();
        for (set, rs256, ps256) in [
            (set(DUMMY_RSA, 1, None), true, false),
            (rsa(Value::Null), true, false),
            (rsa("".into()), true, false),
            (rsa("RS256".into()), true, false),
            (rsa("PS256".into()), false, true),
            (rsa("RS384".into()), false, false),
            (rsa("ES256".into()), false, false),
        ] {
            assert_eq!((serves(&set, Algorithm::Rs256), serves(&set, Algorithm::Ps256)), (rs256, ps256), "{set:.80}");
            assert!(!serves(&set, Algorithm::Es256) && !serves(&set, Algorithm::EdDsa));
        }
        assert_eq!([1, 30].map(|count| keys(&set(DUMMY_OKP, count, None)).len()), [1, MAX_KEYS]);
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1,null,{"kty":"oct","k":"AAAA"}]}"#] {
            assert!(keys(text).is_empty(), "{text}");
        }
        let es384 = r#"{"keys":[{"kty":"EC","crv":"P-384","alg":"ES384","x":"AA","y":"AA"}]}"#;
        assert!(keys(es384).is_empty());
    }

    #[test]
    fn e06_e12_an_assertion_has_a_fitting_type_and_no_extension() {
        let typ = |typ: &str| Header { typ: Some(typ.to_owned()), ..header("ES256", None) };
        for (header, fits) in [
            (header("ES256", None), true),
            (typ("JWT"), true),
            (typ("client-authentication+jwt"), true),
            (typ("at+jwt"), false),
            (Header { critical: true, ..header("ES256", None) }, false),
            (Header { unencoded: true, ..header("ES256", None) }, false),
        ] {
            assert_eq!(has_fitting_header(&header).is_ok(), fits, "{:?}", header.typ);
        }
    }

    #[test]
    fn e03_only_a_single_audience_counts() {
        let text = |text: &str| StrictString(text.to_owned());
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
