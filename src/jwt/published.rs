//! The public halves of the keys that sign our answers, in the form in which they are published.

use aws_lc_rs::{io::Positive, rsa::PublicKey as RsaPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use spki::{
    ObjectIdentifier, SubjectPublicKeyInfoOwned,
    der::{Decode, Tag, Tagged},
};

use super::Algorithm;
use crate::digest::Digest;

/// One of our public keys, with its one algorithm.
pub struct PublishedKey {
    pub algorithm: Algorithm,
    /// The key's own identifier, or else its thumbprint (RFC 7638).
    pub kid: String,
    /// The entry of the key set (RFC 7517 §4).
    pub jwk: Value,
}

/// The types of keys that are not RSA (RFC 5480 §2.1.1, RFC 8410 §3).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

impl PublishedKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1). `rsa` is the algorithm for an RSA key, which could have several.
    pub fn from_info(der: &[u8], rsa: Algorithm) -> Option<Self> {
        let info = SubjectPublicKeyInfoOwned::from_der(der).ok()?;
        let key = info.subject_public_key.as_bytes()?;
        match (info.algorithm.oid, &info.algorithm.parameters) {
            (EC, Some(curve)) if curve.tag() == Tag::ObjectIdentifier && curve.value() == P256.as_bytes() => {
                Self::ec(key, None)
            }
            (ED25519, None) if key.len() == 32 => Some(Self::ed25519(key, None)),
            // A key of another type is not an RSA key either.
            _ => RsaPublicKey::from_der(der).ok().map(|key| Self::rsa(&key, rsa, None)),
        }
    }

    /// A P-256 key from its uncompressed point (SEC 1 §2.3.3).
    pub(super) fn ec(point: &[u8], kid: Option<&str>) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        let members = [("crv", "P-256".to_owned()), ("kty", "EC".to_owned()), ("x", encode(x)), ("y", encode(y))];
        (y.len() == 32).then(|| Self::new(Algorithm::Es256, members, kid))
    }

    pub(super) fn ed25519(key: &[u8], kid: Option<&str>) -> Self {
        let members = [("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", encode(key))];
        Self::new(Algorithm::EdDsa, members, kid)
    }

    pub(super) fn rsa(key: &RsaPublicKey, algorithm: Algorithm, kid: Option<&str>) -> Self {
        let number = |number: Positive<'_>| encode(number.big_endian_without_leading_zero());
        let members = [("e", number(key.exponent())), ("kty", "RSA".to_owned()), ("n", number(key.modulus()))];
        Self::new(algorithm, members, kid)
    }

    /// `members` are the ones that define the key (RFC 7638 §3.2).
    fn new<const N: usize>(algorithm: Algorithm, members: [(&str, String); N], kid: Option<&str>) -> Self {
        let mut jwk: Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let kid = kid.map_or_else(|| thumbprint(jwk.clone()), str::to_owned);
        for (name, value) in [("use", "sig"), ("alg", algorithm.name()), ("kid", &kid)] {
            jwk.insert(name.to_owned(), value.into());
        }
        Self { algorithm, kid, jwk: Value::Object(jwk) }
    }
}

/// The thumbprint of a key (RFC 7638 §3), by the members that define it.
pub(super) fn thumbprint(members: Map<String, Value>) -> String {
    // A map writes its members in the order of their names and without white space, as the thumbprint requires.
    Digest::of(Value::Object(members).to_string()).to_base64url()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j13_a_key_without_an_identifier_is_named_by_its_thumbprint() {
        // RFC 8037, appendix A.3.
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = PublishedKey::ed25519(&x, None);
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(key.jwk["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(PublishedKey::ed25519(&x, Some("mine")).kid, "mine");
    }

    /// The bytes that precede the point of a P-256 key, and an Ed25519 key, in a `SubjectPublicKeyInfo` (RFC 5480 §2,
    /// RFC 8410 §4).
    const P256_INFO: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    const ED25519_INFO: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    #[test]
    fn j14_anything_but_a_public_key_is_refused() {
        let point = [4; 65];
        let info = |prefix: &[u8], key: &[u8]| PublishedKey::from_info(&[prefix, key].concat(), Algorithm::Rs256);
        assert!(info(&P256_INFO, &point).is_some_and(|key| key.algorithm == Algorithm::Es256));
        assert!(info(&ED25519_INFO, &[7; 32]).is_some_and(|key| key.algorithm == Algorithm::EdDsa));
        let changed = |prefix: &[u8], at: usize, to: u8| {
            let mut prefix = prefix.to_vec();
            prefix[at] = to;
            prefix
        };
        for (prefix, key) in [
            (&P256_INFO[..], &point[..64]),
            (&P256_INFO, &[4; 66]),
            (&P256_INFO, &[2; 65]),
            (&ED25519_INFO, &[7; 31]),
            (&ED25519_INFO, &[7; 33]),
            // Its lengths are those of the shorter key.
            (&[0x30, 0x29, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x20, 0x00], &[7; 31]),
            (&[], &[]),
            (&[0x30], &[0; 300]),
            // The key of another curve, and an Ed25519 key with parameters and with unused bits.
            (&changed(&P256_INFO, 22, 0x08), &point),
            // The curve is not an object identifier.
            (&changed(&P256_INFO, 13, 0x04), &point),
            (&[0x30, 0x2c, 0x30, 0x07, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x05, 0x00, 0x03, 0x21, 0x00], &[7; 32]),
            (&changed(&ED25519_INFO, 11, 1), &[8; 32]),
        ] {
            assert!(info(prefix, key).is_none(), "{} {}", prefix.len(), key.len());
        }
    }
}
