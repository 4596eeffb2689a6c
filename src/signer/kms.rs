//! A key in AWS KMS. KMS signs with it, and the key never leaves KMS.

use aws_config::SdkConfig;
use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{KeyUsageType, MessageType, SigningAlgorithmSpec},
};

use super::{SignerUnavailable, failed};
use crate::{
    arn::Arn,
    digest::Digest,
    jwt::{Algorithm, PublishedKey, raw_p256},
    store::cause_of,
};

/// The maximum size in bytes of a message that KMS hashes itself.
const MAX_MESSAGE: usize = 4096;

/// The key with its public half, which is fetched once, because it never changes.
pub(super) struct KmsKey {
    client: Client,
    arn: String,
    published: PublishedKey,
}

impl KmsKey {
    /// Fetches the public half.
    pub(super) async fn open(arn: &Arn, rsa: Algorithm, config: SdkConfig) -> Result<Self, SignerUnavailable> {
        let client = Client::new(&config);
        let answer = client
            .get_public_key()
            .key_id(arn.to_string())
            .send()
            .await
            .map_err(|error| failed("GetPublicKey", cause_of(&error)))?;
        let signs = answer.key_usage == Some(KeyUsageType::SignVerify);
        let published = answer.public_key.filter(|_| signs).and_then(|key| PublishedKey::from_info(key.as_ref(), rsa));
        let problem = "the key is for other uses than signing, or neither P-256, Ed25519 nor RSA";
        let published = published.ok_or_else(|| failed("GetPublicKey", problem))?;
        Ok(Self { client, arn: arn.to_string(), published })
    }

    pub(super) fn published(&self) -> &PublishedKey {
        &self.published
    }

    /// Signs a text. KMS hashes a short text itself. For a longer one it accepts the digest, except with Ed25519, which
    /// signs no digest: such a key cannot sign longer answers.
    ///
    /// A failure to sign has no cool-down, unlike a failure to load a key: only authenticated callers get here, a
    /// failure with one text says nothing about the next, and KMS itself throttles callers that send too many requests.
    pub(super) async fn sign(&self, text: &str) -> Result<Vec<u8>, SignerUnavailable> {
        let algorithm = match self.published.algorithm {
            Algorithm::Es256 => SigningAlgorithmSpec::EcdsaSha256,
            Algorithm::Rs256 => SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
            Algorithm::Ps256 => SigningAlgorithmSpec::RsassaPssSha256,
            Algorithm::EdDsa => SigningAlgorithmSpec::Ed25519Sha512,
            _ => return Err(SignerUnavailable),
        };
        let (message_type, message) = if text.len() <= MAX_MESSAGE {
            (MessageType::Raw, text.into())
        } else if self.published.algorithm == Algorithm::EdDsa {
            return Err(failed("Sign", "the answer is longer than KMS signs with Ed25519"));
        } else {
            (MessageType::Digest, Digest::of(text).bytes().to_vec())
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
