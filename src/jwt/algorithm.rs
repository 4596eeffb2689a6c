//! The signature algorithms that a key may be used with.

/// An asymmetric JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// Symmetric algorithms and `none` have no variant, so nothing can select them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    /// For Ed25519 keys. `EdDSA` and `Ed25519` are two names of it (RFC 9864 §2.2, H-07).
    EdDsa,
}

/// Every algorithm with the names that headers and keys use for it.
const NAMES: [(&str, Algorithm); 10] = [
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
    ("PS256", Algorithm::Ps256),
    ("PS384", Algorithm::Ps384),
    ("PS512", Algorithm::Ps512),
    ("ES256", Algorithm::Es256),
    ("ES384", Algorithm::Es384),
    ("EdDSA", Algorithm::EdDsa),
    ("Ed25519", Algorithm::EdDsa),
];

impl Algorithm {
    /// The algorithm with this name. `None` if the name is unknown, symmetric or `none`. RFC 8725 §3.2: only current
    /// algorithms are accepted (H-06).
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// Every algorithm, once.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().filter(|(name, algorithm)| algorithm.name() == *name).map(|(_, algorithm)| *algorithm)
    }

    /// The name that our own headers use.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("none", |(name, _)| *name)
    }

    /// Whether a key of this type (`kty`) and curve (`crv`) can make signatures with this algorithm.
    pub fn fits(self, kty: &str, crv: Option<&str>) -> bool {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => kty == "RSA",
            Self::Es256 => kty == "EC" && crv == Some("P-256"),
            Self::Es384 => kty == "EC" && crv == Some("P-384"),
            Self::EdDsa => kty == "OKP" && crv == Some("Ed25519"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h06_names_without_a_public_key_have_no_algorithm() {
        for name in ["none", "None", "HS256", "HS384", "HS512", "rs256", "ES512", "ES256K", "Ed448", ""] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn each_algorithm_is_listed_once() {
        assert_eq!(Algorithm::all().count(), 9);
    }

    #[test]
    fn h07_eddsa_has_two_names() {
        assert_eq!(Algorithm::from_name("EdDSA"), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    }

    #[test]
    fn each_algorithm_fits_one_kind_of_key() {
        let kinds = [("RSA", None), ("EC", Some("P-256")), ("EC", Some("P-384")), ("OKP", Some("Ed25519"))];
        for (name, algorithm) in NAMES {
            let fitting = kinds.iter().filter(|(kty, crv)| algorithm.fits(kty, *crv)).count();
            assert_eq!(fitting, 1, "{name}");
            assert!(!algorithm.fits("OKP", Some("Ed448")), "{name}");
            assert!(!algorithm.fits("EC", Some("P-521")) && !algorithm.fits("oct", None), "{name}");
        }
    }
}
