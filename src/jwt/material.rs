//! The numbers of a public key, as issuers write them: in canonical base64url or not, with or without leading zeros.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::RejectedKey;

/// The public numbers of a key, decoded and checked.
pub(super) enum Material {
    /// Coordinates of exactly the length of the curve.
    Ec {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
    /// Without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl Material {
    /// Reads the numbers of a key of this type and curve, which some [`super::Algorithm`] fits.
    pub fn read(jwk: &Value, kty: &str, crv: Option<&str>) -> Result<Self, RejectedKey> {
        match (kty, crv) {
            ("EC", Some("P-256")) => Self::ec(jwk, 32),
            ("EC", _) => Self::ec(jwk, 48),
            ("OKP", _) => Ok(Self::Ed25519 { x: bytes(jwk, "x", Some(32))? }),
            _ => Self::rsa(jwk),
        }
    }

    /// A point that is not on the curve would not verify anything (RFC 7518 §6.2.1).
    fn ec(jwk: &Value, length: usize) -> Result<Self, RejectedKey> {
        let key = Self::Ec { x: coordinate(jwk, "x", length)?, y: coordinate(jwk, "y", length)? };
        let curve = if length == 32 { &ECDSA_P256_SHA256_FIXED } else { &ECDSA_P384_SHA384_FIXED };
        ParsedPublicKey::new(curve, key.point()).map_err(|_| RejectedKey::NotOnCurve)?;
        Ok(key)
    }

    /// The modulus has 2,048 to 8,192 bits (RFC 7518 §3.3). The exponent is odd, greater than one, and fits into 32
    /// bits.
    fn rsa(jwk: &Value) -> Result<Self, RejectedKey> {
        let (n, e) = (bytes(jwk, "n", None)?, bytes(jwk, "e", None)?);
        let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
        let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err(RejectedKey::RsaSize);
        }
        if e.len() > 4 || e == [1] || e.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(RejectedKey::RsaExponent);
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// The uncompressed point of an EC key (SEC 1 §2.3.3); empty for other keys.
    pub fn point(&self) -> Vec<u8> {
        match self {
            Self::Ec { x, y } => [&[0x04][..], x, y].concat(),
            _ => Vec::new(),
        }
    }

    /// The members that contain the numbers, in canonical base64url.
    pub fn members(&self) -> Vec<(&'static str, String)> {
        let members = match self {
            Self::Ec { x, y } => vec![("x", x), ("y", y)],
            Self::Ed25519 { x } => vec![("x", x)],
            Self::Rsa { n, e } => vec![("n", n), ("e", e)],
        };
        members.into_iter().map(|(name, number)| (name, URL_SAFE_NO_PAD.encode(number))).collect()
    }
}

/// A coordinate, padded to its length: some issuers omit leading zeros, and some add one as a sign (RFC 7518 §6.2.1.2
/// requires the full length).
fn coordinate(jwk: &Value, name: &'static str, length: usize) -> Result<Vec<u8>, RejectedKey> {
    let decoded = bytes(jwk, name, None)?;
    let number = without_leading_zeros(&decoded);
    let missing = length.checked_sub(number.len()).ok_or(RejectedKey::Length(name))?;
    Ok([&vec![0; missing][..], number].concat())
}

pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    number.iter().position(|byte| *byte != 0).and_then(|first| number.get(first..)).unwrap_or_default()
}

/// The bytes of a member. Padding and the standard alphabet are accepted too, because their meaning is unambiguous.
pub(super) fn bytes(jwk: &Value, name: &'static str, length: Option<usize>) -> Result<Vec<u8>, RejectedKey> {
    let text = string(jwk, name)?.ok_or(RejectedKey::Missing(name))?;
    let canonical = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let decoded = URL_SAFE_NO_PAD.decode(canonical).map_err(|_| RejectedKey::Encoding(name))?;
    if decoded.is_empty() {
        return Err(RejectedKey::Encoding(name));
    }
    if length.is_some_and(|length| decoded.len() != length) { Err(RejectedKey::Length(name)) } else { Ok(decoded) }
}

/// A member that is a text. `null` and the empty text count as missing, because some issuers write every member.
pub(super) fn string<'a>(jwk: &'a Value, name: &'static str) -> Result<Option<&'a str>, RejectedKey> {
    match jwk.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(RejectedKey::WrongType(name)),
    }
}
