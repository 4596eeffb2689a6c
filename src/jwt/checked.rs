//! Signatures that have been checked, so that a token that a resource server presents again and again is checked once.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, PoisonError},
};

use super::{UnverifiedJws, VerificationKey};
use crate::digest::Digest;

/// The number of tokens in one generation. Two generations take about 300 KB.
const GENERATION: usize = 1024;

/// The tokens whose signature a key was found to have made. It knows only digests: of the whole token, so that no other
/// text is taken for it, and of the public key, so that a key that is replaced or distrusted vouches for nothing. It
/// says nothing about times and marks, which are checked for every request.
#[derive(Default)]
pub struct CheckedSignatures(Mutex<Generations>);

/// The newer generation is filled. When it is full, it replaces the older one, so a token that is presented often stays.
#[derive(Default)]
struct Generations {
    newer: HashMap<[u8; 32], [u8; 32]>,
    older: HashMap<[u8; 32], [u8; 32]>,
}

impl CheckedSignatures {
    /// Whether the key made the signature, as [`VerificationKey::verifies`] says. `digest` is that of the whole token.
    pub fn verify(&self, jws: &UnverifiedJws, digest: &Digest, key: &VerificationKey) -> bool {
        let (token, signer) = (digest.bytes(), key.digest().bytes());
        if key.algorithm_for(&jws.header).is_some() && self.with(|seen| seen.knows(token, signer)) {
            return true;
        }
        let is_valid = key.verifies(jws);
        if is_valid {
            self.with(|seen| seen.add(token, signer));
        }
        is_valid
    }

    fn with<T>(&self, act: impl FnOnce(&mut Generations) -> T) -> T {
        // No code that holds this lock can panic, so a poisoned state is still consistent.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn knows(&mut self, token: [u8; 32], key: [u8; 32]) -> bool {
        if self.newer.get(&token) == Some(&key) {
            return true;
        }
        let is_known = self.older.get(&token) == Some(&key);
        if is_known {
            self.add(token, key);
        }
        is_known
    }

    fn add(&mut self, token: [u8; 32], key: [u8; 32]) {
        if self.newer.len() >= GENERATION {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert(token, key);
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{encoding::AsDer, rsa::KeySize, signature::RsaKeyPair};
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde_json::Value;

    use super::*;
    use crate::jwt::{Algorithm, SigningKey, UnusableSigningKey, compact, signing_input};

    fn signer() -> SigningKey {
        let der = RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(der.as_ref()));
        SigningKey::parse(&pem, Algorithm::Rs256).map_err(UnusableSigningKey::problem).unwrap()
    }

    /// The public key, for one algorithm. The entry itself does not name one.
    fn verifier(key: &SigningKey, algorithm: Algorithm) -> VerificationKey {
        let mut jwk: Value = key.published().jwk.clone();
        jwk.as_object_mut().unwrap().remove("alg");
        VerificationKey::from_issuer_jwk(&jwk, &[algorithm]).unwrap()
    }

    fn token(key: &SigningKey, claims: &str) -> (UnverifiedJws, Digest) {
        let input = signing_input(key.published(), "at+jwt", claims);
        let text = compact(&input, &key.sign(&input).unwrap());
        (UnverifiedJws::parse(&text).unwrap().0, Digest::of(text))
    }

    #[test]
    fn g04_a_checked_signature_counts_for_its_own_token_key_and_algorithm_only() {
        let (key, other) = (signer(), signer());
        let ((jws, digest), (forged, forged_digest)) = (token(&key, "{}"), token(&other, "{}"));
        let trusted = verifier(&key, Algorithm::Rs256);
        let checked = CheckedSignatures::default();
        assert!(!checked.verify(&forged, &forged_digest, &trusted));
        for _ in 0..2 {
            assert!(checked.verify(&jws, &digest, &trusted));
            assert!(!checked.verify(&forged, &forged_digest, &trusted), "a bad signature is not remembered as good");
            assert!(!checked.verify(&jws, &digest, &verifier(&other, Algorithm::Rs256)));
            assert!(!checked.verify(&jws, &digest, &verifier(&key, Algorithm::Ps256)));
        }
        // The second check is skipped: only the digest is looked at.
        assert!(checked.verify(&forged, &digest, &trusted));
        assert!(!CheckedSignatures::default().verify(&forged, &digest, &trusted));
    }

    #[test]
    fn tokens_that_are_presented_often_stay_and_the_number_is_bounded() {
        let mut seen = Generations::default();
        let number = |number: usize| Digest::of(number.to_string()).bytes();
        let (often, key) = (number(usize::MAX), number(0));
        seen.add(often, key);
        for other in 0..5 * GENERATION {
            seen.add(number(other), key);
            assert!(seen.knows(often, key) && seen.newer.len() + seen.older.len() <= 2 * GENERATION);
        }
        assert!(!seen.knows(number(0), key) && seen.knows(number(5 * GENERATION - 1), key));
        assert!(seen.knows(number(5 * GENERATION - GENERATION / 2), key), "the last ones stay without being presented");
        assert!(!seen.knows(often, often), "another key");
    }
}
