//! Public keys from JSON Web Key Sets, and the signature check. The one file that names `jsonwebtoken`.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm as Jws, DecodingKey};
use serde_json::{Map, Value};

use super::{
    Algorithm, Header, RejectedKey, UnverifiedJws,
    material::{Material, string},
};
use crate::digest::Digest;

/// A public key that verifies signatures only of the algorithms that were fixed when it was loaded.
pub struct VerificationKey {
    kid: Option<String>,
    algorithm: Algorithm,
    /// Further algorithms that the key may be used with. All of them fit its type.
    further: Vec<Algorithm>,
    key: DecodingKey,
    public_jwk: Value,
    /// Computed when it is first needed: a client's key is loaded for each of its requests and never needs it.
    digest: OnceLock<Digest>,
}

impl VerificationKey {
    /// Loads one entry of a client's key set. Such a key has exactly one algorithm: its own `alg`, or else the first of
    /// `allowed` that fits its type.
    ///
    /// # Errors
    ///
    /// Returns [`RejectedKey`] if the entry must not verify anything, or cannot be read.
    pub fn from_jwk(jwk: &Value, allowed: &[Algorithm]) -> Result<Self, RejectedKey> {
        let mut key = Self::from_issuer_jwk(jwk, allowed)?;
        key.further.clear();
        Ok(key)
    }

    /// Loads one entry of an issuer's key set. A key without `alg` is used with every one of `allowed` that fits its
    /// type: most issuers leave `alg` out, and some sign with two algorithms under one RSA key.
    ///
    /// # Errors
    ///
    /// Returns [`RejectedKey`] if the entry must not verify anything, or cannot be read.
    pub fn from_issuer_jwk(jwk: &Value, allowed: &[Algorithm]) -> Result<Self, RejectedKey> {
        if !jwk.is_object() {
            return Err(RejectedKey::NotAnObject);
        }
        // Every member that decides is read before any rule applies, so that a member of a wrong type means
        // "unreadable", whatever the other members say.
        let kid = string(jwk, "kid")?;
        let kty = string(jwk, "kty")?.ok_or(RejectedKey::Missing("kty"))?;
        let crv = string(jwk, "crv")?;
        let alg = string(jwk, "alg")?;
        may_verify(jwk, kty)?;
        let (algorithm, further) = algorithms(kty, crv, alg, allowed)?;

        let material = Material::read(jwk, kty, crv)?;
        let mut public_jwk = Map::from_iter([("kty".to_owned(), kty.into()), ("use".to_owned(), "sig".into())]);
        for (name, value) in [("kid", kid), ("alg", alg), ("crv", crv)] {
            public_jwk.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        public_jwk.extend(material.members().into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        let key = match &material {
            Material::Ec { .. } => DecodingKey::from_ec_der(&material.point()),
            Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
            Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
        };
        let (kid, public_jwk) = (kid.map(str::to_owned), Value::Object(public_jwk));
        Ok(Self { kid, algorithm, further, key, public_jwk, digest: OnceLock::new() })
    }

    /// The `kid` of the key, if it has one (RFC 7517 §4.5). An empty one counts as missing.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The first of its algorithms. A client's key has only one.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it verifies signatures of this algorithm.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.algorithm == algorithm || self.further.contains(&algorithm)
    }

    /// The entry with only its public members.
    pub fn public_jwk(&self) -> &Value {
        &self.public_jwk
    }

    /// The digest of the entry's public members.
    pub fn digest(&self) -> &Digest {
        self.digest.get_or_init(|| Digest::of(self.public_jwk.to_string()))
    }

    /// The algorithm that a header names, if the key serves it. RFC 8725 §3.1: the token's `alg` only chooses among the
    /// algorithms that the key was loaded for (H-06).
    pub fn algorithm_for(&self, header: &Header) -> Option<Algorithm> {
        Algorithm::from_name(&header.alg).filter(|algorithm| self.serves(*algorithm))
    }

    /// Whether this key made the signature.
    pub fn verifies(&self, jws: &UnverifiedJws) -> bool {
        let Some(algorithm) = self.algorithm_for(&jws.header) else { return false };
        let algorithm = match algorithm {
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
        // RFC 7515 §5.2: the signature is checked over the text exactly as received.
        jsonwebtoken::crypto::verify(jws.signature(), jws.signing_input().as_bytes(), &self.key, algorithm)
            .unwrap_or(false)
    }
}

/// An entry may verify signatures unless it says otherwise (RFC 7517 §4.2, RFC 7517 §4.3).
fn may_verify(jwk: &Value, kty: &str) -> Result<(), RejectedKey> {
    let intended = string(jwk, "use")?;
    let operations = match jwk.get("key_ops") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(operations)) => operations,
        Some(_) => return Err(RejectedKey::WrongType("key_ops")),
    };
    if kty == "oct" {
        return Err(RejectedKey::Symmetric);
    }
    if intended.is_some_and(|intended| intended != "sig") {
        return Err(RejectedKey::Use);
    }
    // An empty list counts as missing: some libraries write every member that they know.
    if !operations.is_empty() && !operations.iter().any(|operation| operation == "verify") {
        return Err(RejectedKey::KeyOps);
    }
    Ok(())
}

/// The algorithms that a key of this type may be used with: at least one.
fn algorithms(
    kty: &str,
    crv: Option<&str>,
    alg: Option<&str>,
    allowed: &[Algorithm],
) -> Result<(Algorithm, Vec<Algorithm>), RejectedKey> {
    match (kty, crv) {
        ("RSA", _) | ("EC", Some("P-256" | "P-384")) | ("OKP", Some("Ed25519")) => {}
        ("EC" | "OKP", None) => return Err(RejectedKey::Missing("crv")),
        ("EC" | "OKP", _) => return Err(RejectedKey::Curve),
        _ => return Err(RejectedKey::KeyType),
    }
    let own = match alg {
        None => None,
        Some(name) => Some(Algorithm::from_name(name).ok_or(RejectedKey::UnknownAlgorithm)?),
    };
    if own.is_some_and(|own| !own.fits(kty, crv)) {
        return Err(RejectedKey::AlgorithmOfAnotherType);
    }
    let fitting = allowed.iter().copied().filter(|algorithm| algorithm.fits(kty, crv));
    let mut fitting = fitting.filter(|algorithm| own.is_none_or(|own| own == *algorithm));
    let first = fitting.next().ok_or(RejectedKey::AlgorithmNotAllowed)?;
    Ok((first, fitting.collect()))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    use serde_json::json;

    use super::*;
    use crate::jwt::UnverifiedJwt;

    const ALL: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];
    // The public key of RFC 7515, appendix A.3.
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    #[test]
    fn h06_a_key_on_p384_checks_es384_and_nothing_else() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
        let [x, y, header] = [x, y, br#"{"alg":"ES384"}"#].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let jwk = json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y });
        let key = VerificationKey::from_jwk(&jwk, &[Algorithm::Es256, Algorithm::Es384]).unwrap();
        assert!(VerificationKey::from_jwk(&jwk, &ALL).is_err());
        let signature = pair.sign(&SystemRandom::new(), format!("{header}.e30").as_bytes()).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(signature);
        for (payload, expected) in [("e30", true), ("eyJhIjoxfQ", false)] {
            let jwt = UnverifiedJwt::parse(&format!("{header}.{payload}.{signature}"));
            assert_eq!(jwt.map(|jwt| key.verifies(&jwt.jws)).ok(), Some(expected), "{payload}");
        }
    }

    fn ec(change: impl FnOnce(&mut Value)) -> Value {
        let mut jwk = json!({
            "kty": "EC", "crv": "P-256", "kid": "a", "alg": "ES256", "use": "sig", "key_ops": ["verify"], "x": X, "y": Y,
        });
        change(&mut jwk);
        jwk
    }

    fn rsa(bits: usize, e: &str) -> Value {
        let mut n = vec![0xffu8; bits / 8];
        n[0] = 0x80;
        json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": e })
    }

    fn rejected(jwk: &Value) -> Option<RejectedKey> {
        VerificationKey::from_issuer_jwk(jwk, &ALL).err()
    }

    #[test]
    fn h06_h31_refused_by_rule_is_not_unreadable() {
        for (jwk, expected, unreadable) in [
            (ec(|jwk| jwk["use"] = "enc".into()), RejectedKey::Use, false),
            (ec(|jwk| jwk["key_ops"] = json!(["encrypt"])), RejectedKey::KeyOps, false),
            (json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" }), RejectedKey::Symmetric, false),
            (ec(|jwk| jwk["alg"] = "RS256".into()), RejectedKey::AlgorithmOfAnotherType, false),
            (ec(|jwk| jwk["alg"] = "HS256".into()), RejectedKey::UnknownAlgorithm, false),
            (ec(|jwk| jwk["crv"] = "P-521".into()), RejectedKey::Curve, false),
            (ec(|jwk| jwk["crv"] = "P-384".into()), RejectedKey::AlgorithmOfAnotherType, false),
            (ec(|jwk| jwk["kty"] = "XYZ".into()), RejectedKey::KeyType, false),
            (ec(|jwk| jwk["use"] = json!(1)), RejectedKey::WrongType("use"), true),
            (ec(|jwk| jwk["key_ops"] = json!("verify")), RejectedKey::WrongType("key_ops"), true),
            (ec(|jwk| jwk["kid"] = json!(7)), RejectedKey::WrongType("kid"), true),
            (ec(|jwk| jwk["alg"] = json!(["ES256"])), RejectedKey::WrongType("alg"), true),
            (ec(|jwk| jwk["kty"] = json!(null)), RejectedKey::Missing("kty"), true),
            (ec(|jwk| jwk["crv"] = json!("")), RejectedKey::Missing("crv"), true),
            (ec(|jwk| jwk["x"] = "".into()), RejectedKey::Missing("x"), true),
            (ec(|jwk| jwk["x"] = "AAAA".into()), RejectedKey::NotOnCurve, true),
            (ec(|jwk| jwk["x"] = "=".into()), RejectedKey::Encoding("x"), true),
            (ec(|jwk| jwk["x"] = jwk["y"].clone()), RejectedKey::NotOnCurve, true),
            (ec(|jwk| jwk["x"] = URL_SAFE_NO_PAD.encode([1; 33]).into()), RejectedKey::Length("x"), true),
            (json!("not an object"), RejectedKey::NotAnObject, true),
        ] {
            assert_eq!(rejected(&jwk), Some(expected), "{jwk}");
            assert_eq!(expected.is_unreadable(), unreadable, "{jwk}");
        }
        assert!(rejected(&ec(|_| ())).is_none());
        let not_allowed = VerificationKey::from_jwk(&ec(|_| ()), &[Algorithm::Rs256]);
        assert_eq!(not_allowed.err(), Some(RejectedKey::AlgorithmNotAllowed));
    }

    #[test]
    fn h30_null_and_empty_members_count_as_missing() {
        for name in ["kid", "alg", "use", "key_ops"] {
            for empty in [json!(null), json!(""), json!([])] {
                let readable = name == "key_ops" && empty != "" || name != "key_ops" && !empty.is_array();
                assert_eq!(rejected(&ec(|jwk| jwk[name] = empty.clone())).is_none(), readable, "{name} {empty}");
            }
        }
        let key = VerificationKey::from_issuer_jwk(&ec(|jwk| jwk["kid"] = "".into()), &ALL);
        assert_eq!(key.map(|key| key.kid().map(str::to_owned)), Ok(None));
    }

    #[test]
    fn h30_padded_and_standard_base64_and_coordinates_of_another_length_are_read() {
        let canonical = VerificationKey::from_issuer_jwk(&ec(|_| ()), &ALL).map(|key| key.public_jwk().clone());
        let y = URL_SAFE_NO_PAD.decode(Y).unwrap();
        for y in [
            format!("{Y}="),
            Y.replace('_', "/"),
            STANDARD.encode(&y),
            URL_SAFE_NO_PAD.encode([&[0][..], &y].concat()),
            URL_SAFE_NO_PAD.encode([&[0; 34][..], &y].concat()),
        ] {
            let key = VerificationKey::from_issuer_jwk(&ec(|jwk| jwk["y"] = y.clone().into()), &ALL);
            assert_eq!(key.map(|key| key.public_jwk().clone()), canonical, "{y}");
        }
    }

    #[test]
    fn h06_weak_rsa_keys_are_not_loaded() {
        for (bits, e, expected) in [
            (2048, "AQAB", None),
            (4096, "Aw", None),
            (2048, "AAEAAQ", None),
            (2040, "AQAB", Some(RejectedKey::RsaSize)),
            (1024, "AQAB", Some(RejectedKey::RsaSize)),
            (8200, "AQAB", Some(RejectedKey::RsaSize)),
            (2048, "gAAAAQ", None),
            (2048, "AQ", Some(RejectedKey::RsaExponent)),
            (2048, "Ag", Some(RejectedKey::RsaExponent)),
            (2048, "", Some(RejectedKey::Missing("e"))),
            (2048, "AQAAAAE", Some(RejectedKey::RsaExponent)),
        ] {
            assert_eq!(rejected(&rsa(bits, e)), expected, "{bits} {e}");
        }
        let mut shorter = rsa(2048, "AQAB");
        shorter["n"] = URL_SAFE_NO_PAD.encode([0x7f; 2048 / 8]).into();
        assert_eq!(rejected(&shorter), Some(RejectedKey::RsaSize), "2,047 bits");
    }

    #[test]
    fn h06_a_key_without_alg_serves_every_allowed_algorithm_of_its_type_and_a_clients_key_the_first() {
        let allowed = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256, Algorithm::Ps384];
        let serves = |key: VerificationKey| allowed.map(|algorithm| key.serves(algorithm));
        let issuers = VerificationKey::from_issuer_jwk(&rsa(2048, "AQAB"), &allowed).map(serves);
        assert_eq!(issuers, Ok([false, true, true, true]));
        let clients = VerificationKey::from_jwk(&rsa(2048, "AQAB"), &allowed).map(serves);
        assert_eq!(clients, Ok([false, true, false, false]));
    }

    #[test]
    fn h27_private_members_are_dropped() {
        let key = VerificationKey::from_jwk(&ec(|jwk| jwk["d"] = "secret".into()), &ALL);
        let text = key.map(|key| key.public_jwk().to_string()).unwrap_or_default();
        assert!(text.contains("f83OJ3D2") && !text.contains("secret"), "{text}");
    }
}
