//! Signs answers (RFC 9701) with the keys of `SIGNING_KEY`, wherever they are. Only this module and `store` name the
//! AWS SDK.

mod kms;
mod remote;

use std::{sync::Arc, time::Duration};

use aws_config::{Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_secretsmanager::Client;
use tokio::time::{Instant, timeout_at};
use tracing::error;

use self::{kms::KmsKey, remote::Remote};
use crate::{
    arn::Arn,
    jwt::{Algorithm, PublishedKey, SigningKey, compact, signing_input},
    settings::{ProxySettings, Settings, SigningKeySource},
    store::{cause_of, http_client},
};

/// The time limit for opening a connection. Within a Region it takes a few milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);
/// The time limit of one attempt. KMS takes some tens of milliseconds for an RSA signature.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(700);
/// The time limit of all attempts together. The deadline of the invocation may end them earlier.
const TOTAL_TIMEOUT: Duration = Duration::from_millis(1500);
const ATTEMPTS: u32 = 2;
/// The pause between them, up to these times. The SDK's own of up to a second would leave the second attempt too little time.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const MAX_BACKOFF: Duration = Duration::from_millis(200);

/// The keys of `SIGNING_KEY`, in their order. The first one signs, and all are published (J-13).
pub struct Signer {
    keys: Vec<SignerKey>,
    /// The algorithm of an RSA key that does not name one itself.
    rsa: Algorithm,
    config: SdkConfig,
    proxies: ProxySettings,
}

/// A key is unavailable or did not sign, so there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerUnavailable;

/// A key, by its location. A key behind an ARN is loaded when it is first needed, so that a cold start never waits for
/// it. Each key has its own attempts and pauses, so one that cannot be loaded does not affect the others.
enum SignerKey {
    InProcess(Arc<SigningKey>),
    Secret(Arn, Remote<SigningKey>),
    Kms(Arn, Remote<KmsKey>),
}

impl Signer {
    /// Takes the keys of the settings. No request is sent yet.
    pub fn new(settings: &Settings, config: SdkConfig) -> Self {
        let key = |source: &SigningKeySource| match source {
            SigningKeySource::File(key) => SignerKey::InProcess(Arc::clone(key)),
            SigningKeySource::SecretsManager(arn) => SignerKey::Secret(arn.clone(), Remote::new()),
            SigningKeySource::Kms(arn) => SignerKey::Kms(arn.clone(), Remote::new()),
        };
        Self {
            keys: settings.signing_keys.iter().map(key).collect(),
            rsa: settings.rsa_signing_algorithm,
            config,
            proxies: settings.proxies.clone(),
        }
    }

    /// The algorithm of signed answers, or `None` if answers are not signed. Only the first key is loaded for this,
    /// because the others do not sign.
    ///
    /// # Errors
    ///
    /// Returns [`SignerUnavailable`] if the key that signs cannot be loaded before the deadline, or could not be a
    /// moment ago.
    pub async fn algorithm(&self, now: i64, deadline: Instant) -> Result<Option<Algorithm>, SignerUnavailable> {
        let Some(first) = self.keys.first() else { return Ok(None) };
        in_time(deadline, self.published(first, now)).await.map(|key| Some(key.algorithm))
    }

    /// The public half of every key, so that answers signed by an earlier key can still be checked (M-06).
    ///
    /// # Errors
    ///
    /// Returns [`SignerUnavailable`] if one of them cannot be loaded before the deadline, or could not be a moment ago.
    /// A resource server that kept a set without this key would treat its signatures as forged.
    pub async fn key_set(&self, now: i64, deadline: Instant) -> Result<Vec<&PublishedKey>, SignerUnavailable> {
        in_time(deadline, async {
            let mut set = Vec::new();
            // The keys are loaded one after another. If they were loaded at the same time, the failure of one would
            // abort the others and count as their failure.
            for key in &self.keys {
                set.push(self.published(key, now).await?);
            }
            Ok(set)
        })
        .await
    }

    /// Signs claims, which are JSON already, as a JWT of this type.
    ///
    /// # Errors
    ///
    /// Returns [`SignerUnavailable`] if there is no signature at the deadline, or if the key that signs could not be
    /// loaded a moment ago.
    pub async fn sign(
        &self,
        typ: &str,
        claims: &str,
        now: i64,
        deadline: Instant,
    ) -> Result<String, SignerUnavailable> {
        in_time(deadline, async {
            // RFC 9701 §6: answers are signed with the algorithm of the first key, which the metadata announce (J-08).
            let first = self.keys.first().ok_or(SignerUnavailable)?;
            let input = signing_input(self.published(first, now).await?, typ, claims);
            let signature = match first {
                SignerKey::InProcess(key) => key.sign(&input).ok_or(SignerUnavailable)?,
                SignerKey::Secret(arn, key) => {
                    self.secret(arn, key, now).await?.sign(&input).ok_or(SignerUnavailable)?
                }
                SignerKey::Kms(arn, key) => self.kms(arn, key, now).await?.sign(&input).await?,
            };
            Ok(compact(&input, &signature))
        })
        .await
    }

    async fn published<'a>(&'a self, key: &'a SignerKey, now: i64) -> Result<&'a PublishedKey, SignerUnavailable> {
        match key {
            SignerKey::InProcess(key) => Ok(key.published()),
            SignerKey::Secret(arn, key) => self.secret(arn, key, now).await.map(SigningKey::published),
            SignerKey::Kms(arn, key) => self.kms(arn, key, now).await.map(KmsKey::published),
        }
    }

    async fn secret<'a>(
        &self,
        arn: &Arn,
        key: &'a Remote<SigningKey>,
        now: i64,
    ) -> Result<&'a SigningKey, SignerUnavailable> {
        key.get(now, || load_secret(arn, self.rsa, self.config_for(arn))).await
    }

    async fn kms<'a>(&self, arn: &Arn, key: &'a Remote<KmsKey>, now: i64) -> Result<&'a KmsKey, SignerUnavailable> {
        key.get(now, || KmsKey::open(arn, self.rsa, self.config_for(arn))).await
    }

    /// The SDK's configuration with our time limits, for the Region that the ARN names.
    fn config_for(&self, arn: &Arn) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(TOTAL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        let config = self.config.to_builder().timeout_config(timeouts).retry_config(retries);
        let config = config.http_client(http_client(CONNECT_TIMEOUT, &self.proxies));
        config.region(Region::new(arn.region.clone())).build()
    }
}

/// Loads the current version of a secret, and parses the key in it: the same text that a file would contain.
async fn load_secret(arn: &Arn, rsa: Algorithm, config: SdkConfig) -> Result<SigningKey, SignerUnavailable> {
    let failed = |cause: &str| failed("GetSecretValue", cause);
    let answer = Client::new(&config).get_secret_value().secret_id(arn.to_string()).send().await;
    let answer = answer.map_err(|error| failed(cause_of(&error)))?;
    // A file that was stored with the AWS CLI's `--secret-binary` is returned as bytes.
    let bytes = || String::from_utf8(answer.secret_binary?.into_inner()).ok();
    let text = answer.secret_string.or_else(bytes).ok_or_else(|| failed("the secret contains no text"))?;
    // The problem is one of a few fixed texts, and quotes nothing of the secret.
    SigningKey::parse(&text, rsa).map_err(|unusable| failed(unusable.problem()))
}

/// Logs why an operation failed.
fn failed(operation: &str, cause: &str) -> SignerUnavailable {
    error!(event = "signer_unavailable", operation, cause);
    SignerUnavailable
}

async fn in_time<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, SignerUnavailable>>,
) -> Result<T, SignerUnavailable> {
    // Boxed, because the SDK's futures are large and most answers do not need them.
    timeout_at(deadline, Box::pin(work)).await.unwrap_or_else(|_| Err(failed("any", "deadline")))
}
