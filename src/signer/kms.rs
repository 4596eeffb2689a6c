//! A key in AWS KMS, which signs there and never leaves it.

use aws_config::SdkConfig;
use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{KeyUsageType, MessageType, SigningAlgorithmSpec},
};
use sha2::{Digest, Sha256};

use super::{Unavailable, failed};
use crate::{
    jwt::{Algorithm, PublishedKey, raw_p256},
    settings::Arn,
    store::cause_of,
};

/// The key with its public half, which KMS was asked for once: it never changes.
pub(super) struct KmsKey {
    client: Client,
    arn: String,
    published: PublishedKey,
}

impl KmsKey {
    /// Asks for the public half.
    pub(super) async fn open(arn: &Arn, rsa: Algorithm, config: SdkConfig) -> Result<Self, Unavailable> {
        let client = Client::new(&config);
        let answer = client
            .get_public_key()
            .key_id(&arn.text)
            .send()
            .await
            .map_err(|error| failed("GetPublicKey", cause_of(&error)))?;
        let signs = answer.key_usage == Some(KeyUsageType::SignVerify);
        let published = answer.public_key.filter(|_| signs).and_then(|key| PublishedKey::from_info(key.as_ref(), rsa));
        let problem = "the key is for other uses than signing, or neither P-256, Ed25519 nor RSA";
        let published = published.ok_or_else(|| failed("GetPublicKey", problem))?;
        Ok(Self { client, arn: arn.text.clone(), published })
    }

    pub(super) fn published(&self) -> &PublishedKey {
        &self.published
    }

    /// Has a text signed. KMS gets its digest, which has one size whatever the answer's; of Ed25519 it wants the whole
    /// text, and takes 4,096 bytes.
    pub(super) async fn sign(&self, text: &str) -> Result<Vec<u8>, Unavailable> {
        let digest = || (MessageType::Digest, Sha256::digest(text).to_vec());
        let (algorithm, (message_type, message)) = match self.published.algorithm {
            Algorithm::Es256 => (SigningAlgorithmSpec::EcdsaSha256, digest()),
            Algorithm::Rs256 => (SigningAlgorithmSpec::RsassaPkcs1V15Sha256, digest()),
            Algorithm::Ps256 => (SigningAlgorithmSpec::RsassaPssSha256, digest()),
            Algorithm::EdDsa => (SigningAlgorithmSpec::Ed25519Sha512, (MessageType::Raw, text.into())),
            _ => return Err(Unavailable),
        };
        let request = self.client.sign().key_id(&self.arn).signing_algorithm(algorithm).message_type(message_type);
        let answer =
            request.message(Blob::new(message)).send().await.map_err(|error| failed("Sign", cause_of(&error)))?;
        let signature = answer.signature.map(Blob::into_inner);
        let raw = match self.published.algorithm {
            Algorithm::Es256 => signature.and_then(|der| raw_p256(&der)),
            _ => signature.filter(|signature| !signature.is_empty()),
        };
        raw.ok_or_else(|| failed("Sign", "the signature cannot be read"))
    }
}
