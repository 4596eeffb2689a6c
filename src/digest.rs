//! SHA-256 digests: of secrets and tokens, whose text is never stored, and of long names in keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A SHA-256 digest. It may be that of a secret or a token, so it has neither `Debug` nor `Display`, and comparing two
/// digests takes constant time.
#[derive(Clone, Copy, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a text or of bytes.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// A value that replaces a missing digest, so that comparing it costs the same. No text with this digest is known.
    pub const fn placeholder() -> Self {
        Self([0; 32])
    }

    /// Parses a digest as records contain it: 64 lower-case hex digits. Returns `None` for any other text.
    pub fn from_hex(text: &str) -> Option<Self> {
        // The library accepts upper case as well.
        let is_lower_case = !text.bytes().any(|digit| digit.is_ascii_uppercase());
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok().filter(|()| is_lower_case)?;
        Some(Self(bytes))
    }

    /// The digest as keys and records contain it: 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Parses a digest as tokens contain it: canonical base64url without padding. Returns `None` for any other text.
    pub fn from_base64url(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The digest as tokens contain it: base64url without padding (RFC 7638 §3, RFC 8705 §3.1, RFC 9449 §4.2).
    pub fn to_base64url(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl ConstantTimeEq for Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.as_slice().ct_eq(other.0.as_slice())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn digests_are_lower_case_hex() {
        assert_eq!(Digest::of("abc").to_hex(), ABC);
        assert!(Digest::from_hex(ABC) == Some(Digest::of("abc")));
        assert!(Digest::from_hex(ABC) != Some(Digest::of("abx")));
        let (long, umlaut) = (format!("{ABC}00"), format!("{}é", &ABC[2..]));
        for text in ["", "b", &ABC[1..], &ABC[2..], &long, &umlaut, &ABC.to_uppercase(), &ABC.replace('b', "g")] {
            assert!(Digest::from_hex(text).is_none(), "{text}");
        }
    }

    #[test]
    fn digests_in_tokens_are_base64url() {
        // RFC 9449 §7.1.
        let hash = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
        let digest = Digest::of("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        assert_eq!(digest.to_base64url(), hash);
        assert!(Digest::from_base64url(hash) == Some(digest));
        for text in ["", "AAAA", &hash[1..], &format!("{hash}="), &hash.replace("QEo", "QEp")] {
            assert!(Digest::from_base64url(text).is_none(), "{text}");
        }
    }
}
