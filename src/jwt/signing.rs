//! Our private keys, and what they sign.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Algorithm, PublishedKey, RejectedKey, decode_pem,
    material::{bytes, string, without_leading_zeros},
    parse_object,
};

/// A private key with its one algorithm. It has no `Debug`.
pub struct SigningKey {
    key: PrivateKey,
    published: PublishedKey,
}

enum PrivateKey {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// Why a text cannot be used as a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusableSigningKey {
    /// The text is neither PKCS#8 in PEM nor a JSON Web Key, or the key in it is broken.
    Malformed,
    /// The text is a PEM of another kind: encrypted, or in a format for only one kind of key.
    NotPkcs8,
    /// The key's type, curve or size is not supported for signing.
    Kind,
    /// The key's `use`, `key_ops` or `alg` contradict its purpose here.
    Purpose,
}

impl UnusableSigningKey {
    /// What is wrong with the key, to be written after the name of its file or secret.
    pub fn problem(self) -> &'static str {
        match self {
            Self::Malformed => "holds neither a private key in PKCS#8 PEM nor a private JSON Web Key",
            Self::NotPkcs8 => "holds a PEM other than unencrypted PKCS#8 (openssl pkcs8 -topk8 -nocrypt converts it)",
            Self::Kind => "holds a key that is neither P-256, Ed25519 nor RSA of 2,048 to 8,192 bits",
            Self::Purpose => "holds a key that is not for signing, or for another algorithm",
        }
    }
}

impl SigningKey {
    /// Parses a private key: PKCS#8 in PEM, or a JSON Web Key. `rsa` is the algorithm for an RSA key that does not name
    /// one.
    ///
    /// # Errors
    ///
    /// Returns [`UnusableSigningKey`] if the text cannot be used as a signing key. No error quotes the key.
    pub fn parse(text: &str, rsa: Algorithm) -> Result<Self, UnusableSigningKey> {
        if text.trim_start().starts_with('{') { Self::from_jwk(text, rsa) } else { Self::from_pem(text, rsa) }
    }

    /// The public half.
    pub fn published(&self) -> &PublishedKey {
        &self.published
    }

    /// Signs a text. Returns `None` if the library refuses.
    pub fn sign(&self, text: &str) -> Option<Vec<u8>> {
        let (text, random) = (text.as_bytes(), SystemRandom::new());
        match &self.key {
            PrivateKey::Ec(key) => key.sign(&random, text).ok().map(|signature| signature.as_ref().to_vec()),
            PrivateKey::Ed25519(key) => key.try_sign(text).ok().map(|signature| signature.as_ref().to_vec()),
            PrivateKey::Rsa(key) => {
                let padding =
                    if self.published.algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, text, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    fn new(key: PrivateKey, rsa: Algorithm, kid: Option<&str>) -> Option<Self> {
        let published = match &key {
            PrivateKey::Ec(key) => PublishedKey::ec(key.public_key().as_ref(), kid)?,
            PrivateKey::Ed25519(key) => PublishedKey::ed25519(key.public_key().as_ref(), kid),
            PrivateKey::Rsa(key) => PublishedKey::rsa(key.public_key(), rsa, kid),
        };
        Some(Self { key, published })
    }

    fn from_pem(text: &str, rsa: Algorithm) -> Result<Self, UnusableSigningKey> {
        if !text.contains("-----BEGIN PRIVATE KEY-----") {
            let is_other_key = text.contains("PRIVATE KEY-----");
            return Err(if is_other_key { UnusableSigningKey::NotPkcs8 } else { UnusableSigningKey::Malformed });
        }
        // With two keys, it would be unclear which one signs. Each key has one line at its beginning and one at its
        // end.
        if text.matches("PRIVATE KEY-----").count() > 2 {
            return Err(UnusableSigningKey::Malformed);
        }
        let der = decode_pem(text, "PRIVATE KEY").ok_or(UnusableSigningKey::Malformed)?;
        let key = if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der) {
            PrivateKey::Ec(key)
        } else if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            PrivateKey::Ed25519(key)
        } else {
            PrivateKey::Rsa(RsaKeyPair::from_pkcs8(&der).map_err(|_| UnusableSigningKey::Kind)?)
        };
        Self::new(key, rsa, None).ok_or(UnusableSigningKey::Kind)
    }

    fn from_jwk(text: &str, rsa: Algorithm) -> Result<Self, UnusableSigningKey> {
        let jwk = Value::Object(parse_object(text.as_bytes()).map_err(|_| UnusableSigningKey::Malformed)?);
        let member = |name| string(&jwk, name).map_err(|_: RejectedKey| UnusableSigningKey::Malformed);
        let number = |name, length| bytes(&jwk, name, length).map_err(|_| UnusableSigningKey::Malformed);
        let (kty, crv) = (member("kty")?.ok_or(UnusableSigningKey::Malformed)?, member("crv")?);
        may_sign(&jwk, member("use")?)?;
        let own =
            member("alg")?.map(|name| Algorithm::from_name(name).ok_or(UnusableSigningKey::Purpose)).transpose()?;
        let signs_with = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256];
        if own.is_some_and(|own| !own.fits(kty, crv) || !signs_with.contains(&own)) {
            return Err(UnusableSigningKey::Purpose);
        }
        let key = match (kty, crv) {
            ("EC", Some("P-256")) => {
                let (d, x, y) = (number("d", Some(32))?, number("x", Some(32))?, number("y", Some(32))?);
                let point = [&[4][..], &x, &y].concat();
                EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
                    .map(PrivateKey::Ec)
            }
            ("OKP", Some("Ed25519")) => {
                Ed25519KeyPair::from_seed_and_public_key(&number("d", Some(32))?, &number("x", Some(32))?)
                    .map(PrivateKey::Ed25519)
            }
            ("RSA", _) => rsa_key(number)?.map(PrivateKey::Rsa),
            _ => return Err(UnusableSigningKey::Kind),
        };
        let key =
            key.map_err(|_| if kty == "RSA" { UnusableSigningKey::Kind } else { UnusableSigningKey::Malformed })?;
        Self::new(key, own.unwrap_or(rsa), member("kid")?.filter(|kid| !kid.is_empty())).ok_or(UnusableSigningKey::Kind)
    }
}

/// The text to be signed: header and claims, which are JSON already (RFC 7515 §5.1).
pub fn signing_input(key: &PublishedKey, typ: &str, claims: &str) -> String {
    let header = json!({ "alg": key.algorithm.name(), "kid": key.kid, "typ": typ });
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims))
}

/// The text with its signature: a JWS in compact form (RFC 7515 §7.1).
pub fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A key may sign unless it says otherwise (RFC 7517 §4.2, RFC 7517 §4.3).
fn may_sign(jwk: &Value, purpose: Option<&str>) -> Result<(), UnusableSigningKey> {
    let key_ops_allow = match jwk.get("key_ops") {
        None | Some(Value::Null) => true,
        // An empty list counts as missing, as it does in a key that verifies.
        Some(Value::Array(operations)) => {
            operations.is_empty() || operations.iter().any(|operation| operation == "sign")
        }
        Some(_) => return Err(UnusableSigningKey::Malformed),
    };
    if key_ops_allow && purpose.is_none_or(|purpose| purpose == "sig") {
        Ok(())
    } else {
        Err(UnusableSigningKey::Purpose)
    }
}

/// All eight numbers are required: the party that made the key had them (RFC 7518 §6.3.2).
fn rsa_key(
    number: impl Fn(&'static str, Option<usize>) -> Result<Vec<u8>, UnusableSigningKey>,
) -> Result<Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>, UnusableSigningKey> {
    let number = |name| number(name, None);
    let public = |name| number(name).map(|number| without_leading_zeros(&number).to_vec());
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: public("n")?, e: public("e")? },
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dP: number("dp")?,
        dQ: number("dq")?,
        qInv: number("qi")?,
    };
    Ok(RsaKeyPair::from_components(&components))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{encoding::AsDer, rsa::KeySize};
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::jwt::{UnverifiedJws, VerificationKey};

    const ALL: [Algorithm; 4] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256];

    fn pem(pkcs8: &[u8]) -> String {
        let lines: Vec<String> = STANDARD
            .encode(pkcs8)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    fn ec_pem() -> String {
        pem(EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap().as_ref())
    }

    /// The private keys of RFC 7515, appendix A.2 and appendix A.3.
    const RSA_JWK: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB","d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc","dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0","dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU","qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;
    const EC_JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

    /// The private key of RFC 8037, appendix A.1.
    fn ed25519_jwk(changes: &Value) -> String {
        let mut jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            jwk[name] = value.clone();
        }
        jwk.to_string()
    }

    #[test]
    fn each_problem_is_described_as_one_of_the_file_or_the_secret() {
        use UnusableSigningKey::{Kind, Malformed, NotPkcs8, Purpose};
        for why in [Malformed, NotPkcs8, Kind, Purpose] {
            assert!(why.problem().starts_with("holds "), "{why:?}");
        }
    }

    #[test]
    fn j08_every_kind_of_key_signs_what_its_published_half_verifies() {
        let rsa = pem(RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap().as_ref());
        let v1 = pem(Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap().as_ref());
        let v2 = pem(Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref());
        for (text, rsa, algorithm) in [
            (ec_pem(), Algorithm::Rs256, Algorithm::Es256),
            (v1, Algorithm::Rs256, Algorithm::EdDsa),
            (v2, Algorithm::Rs256, Algorithm::EdDsa),
            (format!("Bag Attributes\r\n{}", rsa.replace('\n', "\r\n")), Algorithm::Rs256, Algorithm::Rs256),
            (rsa, Algorithm::Ps256, Algorithm::Ps256),
            (EC_JWK.to_owned(), Algorithm::Rs256, Algorithm::Es256),
            (RSA_JWK.to_owned(), Algorithm::Ps256, Algorithm::Ps256),
            (RSA_JWK.replace('}', r#","alg":"RS256"}"#), Algorithm::Ps256, Algorithm::Rs256),
            (
                ed25519_jwk(&json!({ "alg": "Ed25519", "use": "sig", "key_ops": ["sign"] })),
                Algorithm::Ps256,
                Algorithm::EdDsa,
            ),
        ] {
            let key = SigningKey::parse(&text, rsa).map_err(UnusableSigningKey::problem).unwrap();
            let published = key.published();
            assert_eq!(published.algorithm, algorithm);
            let input = signing_input(published, "example", r#"{"a":1}"#);
            let jws = compact(&input, &key.sign(&input).unwrap());
            let verifier = VerificationKey::from_jwk(&published.jwk, &ALL).map_err(|why| format!("{why:?}")).unwrap();
            let (jws, payload) = UnverifiedJws::parse(&jws).unwrap();
            assert_eq!(payload, br#"{"a":1}"#);
            assert_eq!((jws.header.alg.as_str(), jws.header.typ.as_deref()), (algorithm.name(), Some("example")));
            assert_eq!(jws.header.kid.as_deref(), Some(published.kid.as_str()));
            assert!(verifier.verifies(&jws), "{algorithm:?}");
            let other = UnverifiedJws::parse(&compact(&format!("{input}AA"), &key.sign(&input).unwrap())).unwrap().0;
            assert!(!verifier.verifies(&other), "{algorithm:?}");
        }
    }

    #[test]
    fn j13_nothing_private_is_published_and_a_jwk_keeps_its_identifier() {
        let key = SigningKey::parse(&ed25519_jwk(&json!({ "kid": "answers-1", "more": 1 })), Algorithm::Rs256);
        let key = key.map_err(UnusableSigningKey::problem).unwrap();
        let expected = json!({
            "alg": "EdDSA", "crv": "Ed25519", "kid": "answers-1", "kty": "OKP", "use": "sig",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        assert_eq!(key.published().jwk, expected);
        let unnamed = SigningKey::parse(&ed25519_jwk(&json!({ "kid": "" })), Algorithm::Rs256);
        let kid = unnamed.map(|key| key.published().kid.clone());
        assert_eq!(kid, Ok("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned()));
    }

    #[test]
    fn j08_unusable_signing_keys_are_refused() {
        let mut small_rsa = json!({ "kty": "RSA" });
        for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
            small_rsa[name] = "AQAB".into();
        }
        let p384 = EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let p384 = pem(p384.to_pkcs8v1().unwrap().as_ref());
        let two = ec_pem() + &ec_pem();
        let rs512 = json!({ "kty": "RSA", "alg": "RS512", "n": "AA", "e": "AQAB" }).to_string();
        for (text, expected) in [
            ("", UnusableSigningKey::Malformed),
            ("a key", UnusableSigningKey::Malformed),
            ("{}", UnusableSigningKey::Malformed),
            ("-----BEGIN PRIVATE KEY-----\nAAAA", UnusableSigningKey::Malformed),
            ("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----", UnusableSigningKey::Malformed),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", UnusableSigningKey::Kind),
            ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", UnusableSigningKey::NotPkcs8),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
                UnusableSigningKey::NotPkcs8,
            ),
            (&two, UnusableSigningKey::Malformed),
            (&p384, UnusableSigningKey::Kind),
            (&rs512, UnusableSigningKey::Purpose),
            (&ed25519_jwk(&json!({ "use": "enc" })), UnusableSigningKey::Purpose),
            (&ed25519_jwk(&json!({ "key_ops": ["verify"] })), UnusableSigningKey::Purpose),
            (&ed25519_jwk(&json!({ "alg": "ES256" })), UnusableSigningKey::Purpose),
            (&ed25519_jwk(&json!({ "alg": "HS256" })), UnusableSigningKey::Purpose),
            (&ed25519_jwk(&json!({ "crv": "Ed448" })), UnusableSigningKey::Kind),
            (&ed25519_jwk(&json!({ "kty": "oct" })), UnusableSigningKey::Kind),
            (&small_rsa.to_string(), UnusableSigningKey::Kind),
            (&ed25519_jwk(&json!({ "d": null })), UnusableSigningKey::Malformed),
            (&ed25519_jwk(&json!({ "d": "AAAA" })), UnusableSigningKey::Malformed),
            (
                &ed25519_jwk(&json!({ "x": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" })),
                UnusableSigningKey::Malformed,
            ),
        ] {
            assert_eq!(SigningKey::parse(text, Algorithm::Rs256).err(), Some(expected), "{text}");
        }
    }
}
