//! An issuer's signing key, for making tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign, jwk::Jwk};
use serde_json::{Value, json};

/// A private key, with its `kid`.
pub struct Signer {
    pub kid: Option<String>,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    /// Takes a key that was generated elsewhere, in the library's form.
    pub fn new(kid: Option<&str>, algorithm: Algorithm, key: EncodingKey) -> Self {
        Self { kid: kid.map(str::to_owned), algorithm, key }
    }

    /// The Ed25519 key with these 32 bytes (RFC 8410 §7).
    pub fn ed25519(kid: Option<&str>, seed: [u8; 32]) -> Self {
        const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        Self::new(kid, Algorithm::EdDSA, EncodingKey::from_ed_der(&[&PKCS8[..], &seed].concat()))
    }

    /// The name of the algorithm in a header.
    pub fn alg(&self) -> String {
        format!("{:?}", self.algorithm)
    }

    /// A JWT with `alg`, `kid` and these additional header members.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let mut members = json!({ "alg": self.alg() });
        if let Some(kid) = &self.kid {
            members["kid"] = json!(kid);
        }
        for (name, value) in header.as_object().into_iter().flatten() {
            members[name] = value.clone();
        }
        self.sign(&members.to_string(), &claims.to_string())
    }

    /// A JWT of exactly these texts, whether or not they are JSON.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = sign(input.as_bytes(), &self.key, self.algorithm).unwrap_or_default();
        format!("{input}.{signature}")
    }

    /// The public key as an issuer publishes it.
    pub fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).ok();
        let mut jwk = json!(jwk);
        jwk["use"] = json!("sig");
        if let Some(kid) = &self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }
}
