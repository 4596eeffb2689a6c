//! Signing keys of every kind, which are generated once for the whole run.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey};

use crate::signer::Signer;

static RSA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    // The library signs with the PKCS#1 form, which is the last part of the PKCS#8 form.
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = key.as_der().unwrap().as_ref().to_vec();
    let pkcs1 = pkcs8.windows(4).skip(4).position(|bytes| bytes[..2] == [0x30, 0x82]).unwrap() + 4;
    pkcs8[pkcs1..].to_vec()
});
static EC: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    pkcs8.as_ref().to_vec()
});

/// An Ed25519 key. Each number gives another key.
pub fn ed25519(kid: Option<&str>, number: u8) -> Signer {
    Signer::ed25519(kid, [number; 32])
}

/// The P-256 key.
pub fn es256(kid: Option<&str>) -> Signer {
    Signer::new(kid, Algorithm::ES256, EncodingKey::from_ec_der(&EC))
}

/// The 2048-bit RSA key, for this algorithm.
pub fn rsa(kid: Option<&str>, algorithm: Algorithm) -> Signer {
    Signer::new(kid, algorithm, EncodingKey::from_rsa_der(&RSA))
}

/// A new private key in PKCS#8 PEM.
pub fn pem(kind: &str) -> String {
    let random = SystemRandom::new();
    let der = match kind {
        "EC" => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap().as_ref().to_vec(),
        "OKP" => Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap().as_ref().to_vec(),
        _ => RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap().as_ref().to_vec(),
    };
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}
