//! The keys of the issuers, and a record of what each has signed.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::super::model::{
    json::Json,
    keys::{Made, Material, Signatures, material},
};
use crate::{keys, signer::Signer};

/// A key with its public half.
pub struct OwnedKey {
    signer: Signer,
    pub jwk: Value,
    material: Material,
}

/// Some keys: five of Ed25519, one of P-256, and one of RSA with either of its algorithms.
pub struct Keyring(pub Vec<OwnedKey>);

/// The number of the key of P-256.
pub const ES256: usize = 5;
pub const RS256: usize = 6;
pub const PS256: usize = 7;

impl Keyring {
    pub fn new() -> Self {
        let of_ed25519 = (1..=5).map(|number| keys::ed25519(None, number));
        let others = [keys::es256(None), keys::rsa(None, Algorithm::RS256), keys::rsa(None, Algorithm::PS256)];
        let owned = |signer: Signer| {
            let mut jwk = signer.jwk();
            // The library writes the algorithm of the private key; most issuers leave it out.
            jwk.as_object_mut().unwrap().remove("alg");
            let material = material(&Json::of(&jwk)).unwrap().unwrap();
            OwnedKey { signer, jwk, material }
        };
        Self(of_ed25519.chain(others).map(owned).collect())
    }

    /// The public key under that name, with these members in addition.
    pub fn jwk(&self, number: usize, kid: Option<&str>, further: &Value) -> Value {
        let mut jwk = self.0[number].jwk.clone();
        if let Some(kid) = kid {
            jwk["kid"] = json!(kid);
        }
        for (name, value) in further.as_object().into_iter().flatten() {
            jwk[name] = value.clone();
        }
        jwk
    }

    pub fn alg(&self, number: usize) -> String {
        self.0[number].signer.alg()
    }

    /// Signs a header and a payload, and records that.
    pub fn sign(&self, number: usize, header: &str, payload: &str, signatures: &mut Signatures) -> String {
        let key = &self.0[number];
        let token = key.signer.sign(header, payload);
        let (input, signature) = token.rsplit_once('.').unwrap();
        signatures.0.entry(input.to_owned()).or_default().push(Made {
            signature: signature.to_owned(),
            algorithm: key.signer.alg(),
            key: key.material.clone(),
        });
        token
    }
}

/// So many nameless keys that have signed nothing.
pub fn crowd(number: u8) -> Vec<Value> {
    let key = |number| {
        let mut jwk = keys::ed25519(None, number).jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    };
    (100..100 + number).map(key).collect()
}
