//! Keys of a KMS that signs as the API reference of AWS describes it under `Sign` and `GetPublicKey`.

use aws_lc_rs::{
    digest::{Digest, SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The longest `Message`, in bytes.
const LONGEST: usize = 4096;

pub enum KmsKey {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl KmsKey {
    /// A key of that `KeySpec`, another one each time.
    pub fn new(spec: &str) -> Self {
        match spec {
            "ECC_NIST_P256" => Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            "ECC_NIST_EDWARDS25519" => Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
            "RSA_2048" => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            other => panic!("{other}"),
        }
    }

    /// The members of `GetPublicKey`'s answer that say what the key is. Its public half is a `SubjectPublicKeyInfo`.
    pub fn described(&self) -> Value {
        let (spec, algorithms) = match self {
            Self::P256(_) => ("ECC_NIST_P256", json!(["ECDSA_SHA_256"])),
            Self::Ed25519(_) => ("ECC_NIST_EDWARDS25519", json!(["ED25519_PH_SHA_512", "ED25519_SHA_512"])),
            Self::Rsa(_) => ("RSA_2048", json!(["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"])),
        };
        json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": algorithms })
    }

    pub fn info(&self) -> Vec<u8> {
        let info: PublicKeyX509Der<'_> = match self {
            Self::P256(key) => key.public_key().as_der().unwrap(),
            Self::Ed25519(key) => key.public_key().as_der().unwrap(),
            Self::Rsa(key) => key.public_key().as_der().unwrap(),
        };
        info.as_ref().to_vec()
    }

    /// The answer of `Sign` to that request; `None` if KMS would refuse it as invalid.
    pub fn sign(&self, request: &Value) -> Option<Vec<u8>> {
        let message = STANDARD.decode(request["Message"].as_str()?).ok()?;
        let is_digest = match request["MessageType"].as_str() {
            None | Some("RAW") => false,
            Some("DIGEST") => true,
            Some(_) => return None,
        };
        if message.len() > LONGEST {
            return None;
        }
        // Signatures with SHA-256 take a text or its digest, which must have the right length.
        let digest = || match request["MessageType"].as_str() {
            Some("DIGEST") => Digest::import_less_safe(&message, &SHA256).ok(),
            _ => Some(digest(&SHA256, &message)),
        };
        match (self, request["SigningAlgorithm"].as_str()?) {
            (Self::P256(key), "ECDSA_SHA_256") => Some(key.sign_digest(&digest()?).ok()?.as_ref().to_vec()),
            // It takes only the text itself: `ED25519_PH_SHA_512` would be for digests.
            (Self::Ed25519(key), "ED25519_SHA_512") if !is_digest => Some(key.sign(&message).as_ref().to_vec()),
            (Self::Rsa(key), algorithm) => {
                let padding = match algorithm {
                    "RSASSA_PKCS1_V1_5_SHA_256" => &RSA_PKCS1_SHA256,
                    // The salt is as long as the digest.
                    "RSASSA_PSS_SHA_256" => &RSA_PSS_SHA256,
                    _ => return None,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(padding, &digest()?, &mut signature).ok()?;
                Some(signature)
            }
            _ => None,
        }
    }
}
