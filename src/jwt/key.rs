//! Public keys from JSON Web Key Sets, and the signature check. The one file that names `jsonwebtoken`.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Jws, DecodingKey};
use serde_json::{Map, Value};

use super::{Algorithm, UnverifiedJws};

/// A public key that is fit to verify signatures of exactly one algorithm.
pub struct VerificationKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
    public_jwk: Value,
}

/// Why an entry of a key set was not loaded; the other entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectedKey {
    /// It is no object, or a member that matters has a wrong type or encoding.
    Malformed,
    /// `use`, `key_ops` or a symmetric `kty` say that it verifies no signatures (RFC 7517 §4.2, §4.3).
    NotForSignatures,
    /// Its algorithm is unknown, does not fit its type, or is not among the issuer's.
    Algorithm,
    /// An RSA modulus outside 2,048 to 8,192 bits, or an unusable exponent (RFC 7518 §3.3).
    Strength,
}

impl VerificationKey {
    /// Loads one entry of a key set, fixing the algorithm it may be used with: its own `alg`,
    /// else the first of `allowed` that fits its type.
    ///
    /// # Errors
    ///
    /// [`RejectedKey`], if the entry must not verify anything.
    pub fn from_jwk(jwk: &Value, allowed: &[Algorithm]) -> Result<Self, RejectedKey> {
        let kty = string(jwk, "kty")?.ok_or(RejectedKey::Malformed)?;
        let crv = string(jwk, "crv")?;
        let kid = string(jwk, "kid")?;
        may_verify(jwk, kty)?;
        let algorithm = match string(jwk, "alg")? {
            Some(name) => Algorithm::from_name(name),
            None => allowed.iter().copied().find(|algorithm| algorithm.fits(kty, crv)),
        };
        let algorithm = algorithm
            .filter(|algorithm| algorithm.fits(kty, crv) && allowed.contains(algorithm))
            .ok_or(RejectedKey::Algorithm)?;

        let mut public_jwk = Map::from_iter([("kty".to_owned(), kty.into()), ("use".to_owned(), "sig".into())]);
        for name in ["kid", "alg", "crv", "n", "e", "x", "y"] {
            public_jwk.extend(string(jwk, name)?.map(|value| (name.to_owned(), value.into())));
        }
        let key = match algorithm {
            Algorithm::Es256 => ec_key(jwk, 32, &ECDSA_P256_SHA256_FIXED)?,
            Algorithm::Es384 => ec_key(jwk, 48, &ECDSA_P384_SHA384_FIXED)?,
            Algorithm::EdDsa => DecodingKey::from_ed_der(&bytes(jwk, "x", Some(32))?),
            _ => rsa_key(jwk)?,
        };
        Ok(Self { kid: kid.map(str::to_owned), algorithm, key, public_jwk: Value::Object(public_jwk) })
    }

    /// The key's identifier in its set, if it has one (RFC 7517 §4.5).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The entry again, with nothing but its public members.
    pub fn public_jwk(&self) -> &Value {
        &self.public_jwk
    }

    /// Whether this key made the signature. The algorithm is the key's, never the token's.
    pub fn verifies(&self, jws: &UnverifiedJws) -> bool {
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => Jws::RS256,
            Algorithm::Rs384 => Jws::RS384,
            Algorithm::Rs512 => Jws::RS512,
            Algorithm::Ps256 => Jws::PS256,
            Algorithm::Ps384 => Jws::PS384,
            Algorithm::Ps512 => Jws::PS512,
            Algorithm::Es256 => Jws::ES256,
            Algorithm::Es384 => Jws::ES384,
            Algorithm::EdDsa => Jws::EdDSA,
        };
        jsonwebtoken::crypto::verify(jws.signature(), jws.signing_input().as_bytes(), &self.key, algorithm)
            .unwrap_or(false)
    }
}

/// An entry may verify signatures unless it says otherwise.
fn may_verify(jwk: &Value, kty: &str) -> Result<(), RejectedKey> {
    let key_ops_allow = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => return Err(RejectedKey::Malformed),
    };
    let use_allows = string(jwk, "use")?.is_none_or(|intended| intended == "sig");
    if kty == "oct" || !use_allows || !key_ops_allow { Err(RejectedKey::NotForSignatures) } else { Ok(()) }
}

fn rsa_key(jwk: &Value) -> Result<DecodingKey, RejectedKey> {
    let (n, e) = (bytes(jwk, "n", None)?, bytes(jwk, "e", None)?);
    let n = without_leading_zeros(&n);
    let e = without_leading_zeros(&e);
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let odd_and_over_one = e.last().is_some_and(|byte| byte % 2 == 1) && e != [1];
    if !(2048..=8192).contains(&bits) || e.len() > 4 || !odd_and_over_one {
        return Err(RejectedKey::Strength);
    }
    Ok(DecodingKey::from_rsa_raw_components(n, e))
}

/// A point that is not on the curve verifies nothing, and is told from a key here instead of at every signature
/// (RFC 7518 §6.2.1).
fn ec_key(
    jwk: &Value,
    coordinate: usize,
    curve: &'static EcdsaVerificationAlgorithm,
) -> Result<DecodingKey, RejectedKey> {
    let mut point = vec![0x04];
    point.extend(bytes(jwk, "x", Some(coordinate))?);
    point.extend(bytes(jwk, "y", Some(coordinate))?);
    ParsedPublicKey::new(curve, &point).map_err(|_| RejectedKey::Malformed)?;
    Ok(DecodingKey::from_ec_der(&point))
}

pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    number.iter().position(|byte| *byte != 0).and_then(|first| number.get(first..)).unwrap_or_default()
}

pub(super) fn bytes(jwk: &Value, name: &str, length: Option<usize>) -> Result<Vec<u8>, RejectedKey> {
    let text = string(jwk, name)?.ok_or(RejectedKey::Malformed)?;
    let decoded = URL_SAFE_NO_PAD.decode(text).map_err(|_| RejectedKey::Malformed)?;
    if length.is_some_and(|length| decoded.len() != length) { Err(RejectedKey::Malformed) } else { Ok(decoded) }
}

pub(super) fn string<'a>(jwk: &'a Value, name: &str) -> Result<Option<&'a str>, RejectedKey> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(RejectedKey::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

    fn ec(change: impl FnOnce(&mut Value)) -> Value {
        // The public key of RFC 7515, appendix A.3.
        let mut jwk = json!({
            "kty": "EC", "crv": "P-256", "kid": "a", "alg": "ES256", "use": "sig", "key_ops": ["verify"],
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        change(&mut jwk);
        jwk
    }

    fn rsa(bits: usize, e: &str) -> Value {
        let mut n = vec![0xffu8; bits / 8];
        n[0] = 0x80;
        json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": e })
    }

    #[test]
    fn h06_a_key_says_itself_what_it_may_do() {
        for (jwk, expected) in [
            (ec(|jwk| jwk["use"] = "enc".into()), RejectedKey::NotForSignatures),
            (ec(|jwk| jwk["key_ops"] = json!(["encrypt"])), RejectedKey::NotForSignatures),
            (json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" }), RejectedKey::NotForSignatures),
            (ec(|jwk| jwk["alg"] = "RS256".into()), RejectedKey::Algorithm),
            (ec(|jwk| jwk["alg"] = "HS256".into()), RejectedKey::Algorithm),
            (ec(|jwk| jwk["crv"] = "P-521".into()), RejectedKey::Algorithm),
            (ec(|jwk| jwk["crv"] = "P-384".into()), RejectedKey::Algorithm),
            (ec(|jwk| jwk["kty"] = "XYZ".into()), RejectedKey::Algorithm),
            (ec(|jwk| jwk["use"] = json!(1)), RejectedKey::Malformed),
            (ec(|jwk| jwk["key_ops"] = json!("verify")), RejectedKey::Malformed),
            (ec(|jwk| jwk["kid"] = json!(7)), RejectedKey::Malformed),
            (ec(|jwk| jwk["x"] = "AAAA".into()), RejectedKey::Malformed),
            (ec(|jwk| jwk["x"] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=".into()), RejectedKey::Malformed),
            // Not on the curve.
            (ec(|jwk| jwk["x"] = jwk["y"].clone()), RejectedKey::Malformed),
            (json!("not an object"), RejectedKey::Malformed),
        ] {
            assert_eq!(VerificationKey::from_jwk(&jwk, &ALL).err(), Some(expected), "{jwk}");
        }
        assert!(VerificationKey::from_jwk(&ec(|_| ()), &ALL).is_ok());
        let not_allowed = VerificationKey::from_jwk(&ec(|_| ()), &[Algorithm::Rs256]);
        assert_eq!(not_allowed.err(), Some(RejectedKey::Algorithm));
    }

    #[test]
    fn h06_weak_rsa_keys_are_not_loaded() {
        for (bits, e, loads) in [
            (2048, "AQAB", true),
            (4096, "Aw", true),
            (2040, "AQAB", false),
            (1024, "AQAB", false),
            (8200, "AQAB", false),
            (2048, "AQ", false),
            (2048, "Ag", false),
            (2048, "", false),
            (2048, "AQAAAAE", false),
        ] {
            assert_eq!(VerificationKey::from_jwk(&rsa(bits, e), &ALL).is_ok(), loads, "{bits} {e}");
        }
    }

    #[test]
    fn a_key_without_alg_takes_the_first_allowed_one_that_fits() {
        let key =
            VerificationKey::from_jwk(&rsa(2048, "AQAB"), &[Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256]);
        assert_eq!(key.map(|key| key.algorithm()), Ok(Algorithm::Ps256));
    }

    #[test]
    fn h27_private_members_are_dropped() {
        let key = VerificationKey::from_jwk(&ec(|jwk| jwk["d"] = "secret".into()), &ALL);
        let text = key.map(|key| key.public_jwk().to_string()).unwrap_or_default();
        assert!(text.contains("f83OJ3D2") && !text.contains("secret"), "{text}");
    }
}
