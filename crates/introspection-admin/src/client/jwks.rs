//! `--jwks`: a client's public keys from a file. A private key in it is refused.

use serde_json::Value;
use token_introspection::{
    auth::{RegisteredMethod, load_client_key},
    jwt::{RejectedKey, key_set, key_set_entries},
};

use crate::{input::Input, output::warn, problem::Problem};

/// The members of a JSON Web Key that only its owner may know (RFC 7518 §6.2.2, RFC 7518 §6.3.2, RFC 7518 §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// The maximum size in bytes, because the record is read with every request of its client. Certificates are the longest
/// members of a key.
const MAX_BYTES: usize = 64 * 1024;

/// A JSON Web Key Set (RFC 7517 §5) without private keys.
pub(super) struct ClientKeySet(Vec<Value>);

impl ClientKeySet {
    /// Reads the key set.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if it is not a key set, or if it contains a private key. The error never quotes it.
    pub fn read(source: &Input) -> Result<Self, Problem> {
        let text = source.read_document("--jwks", "key set")?;
        let text = text.trim();
        if is_private(text) {
            return Err(private());
        }
        let keys = key_set_entries(text.as_bytes()).ok();
        let set = Self(keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
            Problem::usage(
                "--jwks is not a JSON Web Key Set, which is one JSON object with a list of \"keys\" and no member twice; for \
                 example: {\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"…\"}]}",
            )
        })?);
        if set.text().len() > MAX_BYTES {
            return Err(Problem::usage("--jwks is over 64 KiB; pass only the client's own keys"));
        }
        Ok(set)
    }

    /// The set as text, for the record.
    pub fn text(&self) -> String {
        key_set(&self.0)
    }

    /// The keys that cannot check an assertion, each with its reason.
    pub fn unusable(&self) -> Vec<String> {
        let reason = |(number, jwk): (usize, &Value)| {
            let why = match load_client_key(jwk).err()? {
                unreadable if unreadable.is_unreadable() => "a member is missing or cannot be read",
                RejectedKey::Symmetric | RejectedKey::Use | RejectedKey::KeyOps => {
                    "its kty, use or key_ops say that it verifies no signatures"
                }
                RejectedKey::RsaSize | RejectedKey::RsaExponent => "an RSA key has 2,048 to 8,192 bits",
                _ => "its algorithm is not RS256, PS256, ES256 or EdDSA, or does not fit its type",
            };
            Some(format!("of key {}, {why}", number + 1))
        };
        self.0.iter().enumerate().filter_map(reason).collect()
    }

    /// Warns about keys that the client can never use.
    pub fn warn_of_unused(&self, method: &RegisteredMethod) {
        match method {
            RegisteredMethod::PrivateKeyJwt(keys) if keys.len() < self.0.len() => {
                let mut reasons = self.unusable();
                if keys.len() + reasons.len() < self.0.len() {
                    reasons.push("the set has more keys than are read".to_owned());
                }
                warn(&format!("{} of {} keys are used: {}", keys.len(), self.0.len(), reasons.join("; ")));
            }
            RegisteredMethod::SelfSignedTlsClientAuth { certificates } if *certificates < self.0.len() => {
                warn(&format!(
                    "{certificates} of {} keys are used: the others have no certificate as x5c",
                    self.0.len()
                ));
            }
            _ => {}
        }
    }
}

/// Whether a text contains a private or shared key, in PEM or as a JSON Web Key.
pub fn is_private(text: &str) -> bool {
    let is_private_jwk = || serde_json::from_str::<Value>(text).is_ok_and(|value| holds_private_key(&value));
    text.contains("PRIVATE KEY-----") || is_private_jwk()
}

/// Whether a JSON value contains a private or shared key at any depth.
pub(super) fn holds_private_key(set: &Value) -> bool {
    match set {
        Value::Object(members) => {
            members.iter().any(|(name, value)| PRIVATE.contains(&name.as_str()) || holds_private_key(value))
        }
        Value::Array(values) => values.iter().any(holds_private_key),
        _ => false,
    }
}

fn private() -> Problem {
    Problem::usage(
        "--jwks contains a private key, which was not stored; pass only the public keys, without the members d, p, \
         q, dp, dq, qi, oth and k, and generate a new key if anyone else may have seen that one",
    )
}
