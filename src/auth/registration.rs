//! What a client's record says of how it authenticates, for whoever writes records or explains answers. Nobody is
//! authenticated here: a [`Registration`] is no [`super::Caller`], and nothing makes one of it.

use super::{
    Client, assertion,
    attested::{Subject, own_certificates, registered_subject},
    iam::Principal,
    secret,
};
use crate::{
    certificate::Certificate,
    jwt::VerificationKey,
    records::{ClientRecord, Corrupt, Items, Key},
    request::{Attested, PresentedAssertion, PresentedBearer, SecretMethod},
    settings::Settings,
};

/// A client that could authenticate.
pub struct Registration {
    pub client: Client,
    pub way: Way,
}

/// How a client has to authenticate, with what its record holds for that (RFC 7591 §2, `token_endpoint_auth_method`).
pub enum Way {
    /// By a secret; without a method by either.
    Secret(Option<SecretMethod>),
    /// By an assertion that one of these keys made (RFC 7523 §3).
    PrivateKeyJwt(Vec<VerificationKey>),
    /// By a certificate with this value of that attribute (RFC 8705 §2.1).
    TlsClientAuth { attribute: &'static str, value: String },
    /// By one of so many certificates (RFC 8705 §2.2).
    SelfSignedTlsClientAuth { certificates: usize },
    /// By an access token of this issuer (RFC 7662 §2.1).
    Bearer { issuer: String },
    /// As this IAM user or role.
    AwsIam { principal: String },
}

/// Why nobody can authenticate as a client, whatever they present: not for the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    UnknownClient,
    CorruptRecord,
    Disabled,
    /// It has no secret, and names no other method (RFC 6749 §2.1).
    PublicClient,
    /// Its method is none that is known here.
    UnknownMethod,
    /// What is stored is the digest of no secret, or of the empty one.
    UnusableSecret,
    /// Its `jwks` has no key that an assertion could be checked with.
    NoUsableKey,
    /// It registered no subject value, or more than one (RFC 8705 §2.1.2).
    NotOneSubject,
    /// No certificate can hold its subject value.
    UnusableSubject,
    /// Its `jwks` has no key with a certificate (RFC 7517 §4.7).
    NoUsableCertificate,
    /// Its principal is no IAM user or role.
    UnusablePrincipal,
    /// It has to present a token of its issuer, and names none.
    NoIssuer,
    /// It has to present a token of its issuer, which is not trusted.
    UntrustedIssuer,
    /// The `client_ids` of its issuer do not list it, so that its own tokens are inactive.
    UnlistedClient,
}

impl Registration {
    /// The client under that key, as far as it is the record's to say whether it can authenticate.
    ///
    /// # Errors
    ///
    /// [`Barred`], where no credentials are accepted.
    pub fn of(key: &Key, items: &Items, settings: &Settings, now: i64) -> Result<Self, Barred> {
        let record = items.record::<ClientRecord>(key).map_err(|Corrupt| Barred::CorruptRecord)?;
        let record = record.ok_or(Barred::UnknownClient)?;
        if record.disabled == Some(true) {
            return Err(Barred::Disabled);
        }
        let way = Way::of(&record, now)?;
        if let Way::Bearer { issuer } = &way {
            let issuer = settings.trusted_issuer(issuer).ok_or(Barred::UntrustedIssuer)?;
            let is_listed = |ids: &Vec<String>| ids.iter().any(|id| id == key.id());
            if !issuer.client_ids.as_ref().is_none_or(is_listed) {
                return Err(Barred::UnlistedClient);
            }
        }
        Ok(Self { client: Client::of(key.id(), record, settings), way })
    }
}

impl Way {
    /// Reads the way from a record as authentication reads it, whoever is disabled and whichever issuers are trusted.
    ///
    /// # Errors
    ///
    /// [`Barred`], where the record leaves no way.
    pub fn of(record: &ClientRecord, now: i64) -> Result<Self, Barred> {
        let by_secret = |method| {
            if record.client_secret.is_none() {
                Err(Barred::PublicClient)
            } else if secret::has_one(record, now) {
                Ok(Self::Secret(method))
            } else {
                Err(Barred::UnusableSecret)
            }
        };
        match record.token_endpoint_auth_method.as_deref() {
            None => by_secret(None),
            Some(name) if name == SecretMethod::Basic.name() => by_secret(Some(SecretMethod::Basic)),
            Some(name) if name == SecretMethod::Post.name() => by_secret(Some(SecretMethod::Post)),
            Some(PresentedAssertion::METHOD) => {
                let keys = record.jwks.as_deref().map(assertion::keys).unwrap_or_default();
                if keys.is_empty() { Err(Barred::NoUsableKey) } else { Ok(Self::PrivateKeyJwt(keys)) }
            }
            Some(Attested::TLS) => {
                let (attribute, value) = registered_subject(record).ok_or(Barred::NotOneSubject)?;
                Subject::parse((attribute, value)).ok_or(Barred::UnusableSubject)?;
                Ok(Self::TlsClientAuth { attribute, value: value.to_owned() })
            }
            Some(Attested::SELF_SIGNED_TLS) => {
                let own = own_certificates(record);
                let certificates = own.iter().filter(|der| Certificate::parse(der).is_some()).count();
                if certificates == 0 {
                    Err(Barred::NoUsableCertificate)
                } else {
                    Ok(Self::SelfSignedTlsClientAuth { certificates })
                }
            }
            Some(PresentedBearer::METHOD) => {
                record.issuer.clone().map(|issuer| Self::Bearer { issuer }).ok_or(Barred::NoIssuer)
            }
            Some(Attested::IAM) => {
                let principal = record.iam_principal_arn.as_deref().filter(|arn| Principal::parse(arn).is_some());
                principal.map(|arn| Self::AwsIam { principal: arn.to_owned() }).ok_or(Barred::UnusablePrincipal)
            }
            // The name of having none (RFC 7591 §2).
            Some("none") => Err(Barred::PublicClient),
            Some(_) => Err(Barred::UnknownMethod),
        }
    }

    /// The names of the methods that it may use, as its record or the metadata have them.
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Secret(None) => &["client_secret_basic", "client_secret_post"],
            Self::Secret(Some(SecretMethod::Basic)) => &["client_secret_basic"],
            Self::Secret(Some(SecretMethod::Post)) => &["client_secret_post"],
            Self::PrivateKeyJwt(_) => &[PresentedAssertion::METHOD],
            Self::TlsClientAuth { .. } => &[Attested::TLS],
            Self::SelfSignedTlsClientAuth { .. } => &[Attested::SELF_SIGNED_TLS],
            Self::Bearer { .. } => &[PresentedBearer::METHOD],
            Self::AwsIam { .. } => &[Attested::IAM],
        }
    }
}
