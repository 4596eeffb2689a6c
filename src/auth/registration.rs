//! How a client must authenticate according to its record, for the tool, which writes records and explains answers.
//! Nothing here authenticates a client: a [`Registration`] is not a [`super::Caller`], and cannot become one.

use super::{
    AuthError, Client, assertion,
    gateway::{Subject, own_certificates},
    iam::Principal,
    secret,
};
use crate::{
    auth_method::AuthMethod,
    certificate::Certificate,
    jwt::VerificationKey,
    records::{CertificateName, ClientRecord, Corrupt, FetchedItems, ItemKey, NamedMethod},
    settings::{MtlsMethod, Settings},
};

/// A client that is able to authenticate.
pub struct Registration {
    pub client: Client,
    pub method: RegisteredMethod,
}

/// How a client must authenticate, with the values from its record (RFC 7591 §2, `token_endpoint_auth_method`).
pub enum RegisteredMethod {
    /// With a secret. If the record names no method, the client may send it either way.
    Secret(Option<AuthMethod>),
    /// With an assertion that one of these keys signed.
    PrivateKeyJwt(Vec<VerificationKey>),
    /// With a certificate in which this attribute has this value.
    TlsClientAuth { name: CertificateName, value: String },
    /// With one of the registered certificates.
    SelfSignedTlsClientAuth { certificates: usize },
    /// With an access token of this issuer.
    Bearer { issuer: String },
    /// As this IAM user or role, with this unique id if the record has one.
    AwsIam { principal: String, unique_id: Option<String> },
}

/// Why no credentials of the client are accepted. It never reaches the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotAuthenticate {
    UnknownClient,
    CorruptClientRecord,
    Disabled,
    /// The client has no secret, and its record names no other method (RFC 6749 §2.1).
    PublicClient,
    /// The method is not supported here.
    UnknownMethod,
    /// The deployment's `MTLS_METHOD` is the other method of mutual TLS.
    OtherMtlsMethod,
    /// The stored value is not the digest of a secret, or is the digest of an empty one.
    UnusableSecret,
    /// The `jwks` has no key that can check an assertion.
    NoUsableKey,
    /// The record has no subject value, or more than one.
    NotOneSubject,
    /// No certificate can contain the subject value.
    UnusableSubject,
    /// The `jwks` has no key with a certificate (RFC 7517 §4.7).
    NoUsableCertificate,
    /// The principal is not an IAM user or role.
    UnusablePrincipal,
    /// The `iam_principal_id` is not the unique id of such a principal.
    UnusablePrincipalId,
    /// The client must present a token of its issuer, but its record names no issuer.
    NoIssuer,
    /// The client must present a token of its issuer, which is not trusted.
    UntrustedIssuer,
    /// The `client_ids` of its issuer do not contain the client, so its own tokens are inactive.
    UnlistedClient,
}

impl CannotAuthenticate {
    /// The stable name. If the function refuses for the same reason, it is the name of that [`super::AuthError`].
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownClient => AuthError::UnknownClient.name(),
            Self::CorruptClientRecord => AuthError::CorruptClientRecord.name(),
            Self::Disabled => AuthError::Disabled.name(),
            Self::PublicClient => AuthError::PublicClient.name(),
            Self::UnknownMethod => "unknown_method",
            Self::OtherMtlsMethod => "other_mtls_method",
            Self::UnusableSecret => "unusable_secret",
            Self::NoUsableKey => "no_usable_key",
            Self::NotOneSubject => "not_one_subject",
            Self::UnusableSubject => "unusable_subject",
            Self::NoUsableCertificate => "no_usable_certificate",
            Self::UnusablePrincipal => "unusable_principal",
            Self::UnusablePrincipalId => "unusable_principal_id",
            Self::NoIssuer => "no_issuer",
            Self::UntrustedIssuer => "untrusted_issuer",
            Self::UnlistedClient => "unlisted_client",
        }
    }
}

impl Registration {
    /// Reads the client under this key, and checks whether it can authenticate as far as its record and the settings
    /// determine that.
    ///
    /// # Errors
    ///
    /// Returns [`CannotAuthenticate`] if no credentials of the client are accepted.
    pub fn from_items(
        key: &ItemKey,
        items: &FetchedItems,
        settings: &Settings,
        now: i64,
    ) -> Result<Self, CannotAuthenticate> {
        let record = items.record::<ClientRecord>(key).map_err(|Corrupt| CannotAuthenticate::CorruptClientRecord)?;
        let record = record.ok_or(CannotAuthenticate::UnknownClient)?;
        if record.disabled {
            return Err(CannotAuthenticate::Disabled);
        }
        let method = RegisteredMethod::from_record(&record, now)?;
        if method.mtls().is_some_and(|method| method != settings.mtls_method) {
            return Err(CannotAuthenticate::OtherMtlsMethod);
        }
        if let RegisteredMethod::Bearer { issuer } = &method {
            let issuer = settings.trusted_issuer(issuer).ok_or(CannotAuthenticate::UntrustedIssuer)?;
            if !issuer.accepts_client(Some(key.id())) {
                return Err(CannotAuthenticate::UnlistedClient);
            }
        }
        Ok(Self { client: Client::new(key.id(), record, settings), method })
    }
}

impl RegisteredMethod {
    /// Reads the method from a record, as authentication does. Whether the client is disabled, and what the settings
    /// accept, does not matter here.
    ///
    /// # Errors
    ///
    /// Returns [`CannotAuthenticate`] if the record allows no method.
    pub fn from_record(record: &ClientRecord, now: i64) -> Result<Self, CannotAuthenticate> {
        let by_secret = |method| {
            if record.client_secret.is_none() {
                Err(CannotAuthenticate::PublicClient)
            } else if secret::has_one(record, now) {
                Ok(Self::Secret(method))
            } else {
                Err(CannotAuthenticate::UnusableSecret)
            }
        };
        let method = match &record.token_endpoint_auth_method {
            None => return by_secret(None),
            Some(NamedMethod::Known(method)) => *method,
            Some(NamedMethod::Unknown(_)) => return Err(CannotAuthenticate::UnknownMethod),
        };
        match method {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => by_secret(Some(method)),
            AuthMethod::PrivateKeyJwt => {
                let keys = record.jwks.as_deref().map(assertion::keys).unwrap_or_default();
                if keys.is_empty() { Err(CannotAuthenticate::NoUsableKey) } else { Ok(Self::PrivateKeyJwt(keys)) }
            }
            AuthMethod::TlsClientAuth => {
                let (name, value) = record.certificate_name().ok_or(CannotAuthenticate::NotOneSubject)?;
                Subject::parse((name, value)).ok_or(CannotAuthenticate::UnusableSubject)?;
                Ok(Self::TlsClientAuth { name, value: value.to_owned() })
            }
            AuthMethod::SelfSignedTlsClientAuth => {
                let own = own_certificates(record);
                let certificates = own.iter().filter(|der| Certificate::parse(der).is_some()).count();
                if certificates == 0 {
                    Err(CannotAuthenticate::NoUsableCertificate)
                } else {
                    Ok(Self::SelfSignedTlsClientAuth { certificates })
                }
            }
            AuthMethod::Bearer => {
                record.issuer.clone().map(|issuer| Self::Bearer { issuer }).ok_or(CannotAuthenticate::NoIssuer)
            }
            AuthMethod::AwsIam => {
                let principal = Principal::from_record(record).ok_or(CannotAuthenticate::UnusablePrincipal)?;
                if !principal.has_plausible_id() {
                    return Err(CannotAuthenticate::UnusablePrincipalId);
                }
                let principal = record.iam_principal_arn.clone().unwrap_or_default();
                Ok(Self::AwsIam { principal, unique_id: record.iam_principal_id.clone() })
            }
            AuthMethod::None => Err(CannotAuthenticate::PublicClient),
        }
    }

    /// The method of mutual TLS, if the client uses one.
    pub fn mtls(&self) -> Option<MtlsMethod> {
        match self {
            Self::TlsClientAuth { .. } => Some(MtlsMethod::TlsClientAuth),
            Self::SelfSignedTlsClientAuth { .. } => Some(MtlsMethod::SelfSignedTlsClientAuth),
            _ => None,
        }
    }

    /// The names of the methods that the client may use.
    pub fn method_names(&self) -> Vec<&'static str> {
        let method = match self {
            Self::Secret(None) => return AuthMethod::WITH_SECRET.map(AuthMethod::name).to_vec(),
            Self::Secret(Some(method)) => *method,
            Self::PrivateKeyJwt(_) => AuthMethod::PrivateKeyJwt,
            Self::TlsClientAuth { .. } => AuthMethod::TlsClientAuth,
            Self::SelfSignedTlsClientAuth { .. } => AuthMethod::SelfSignedTlsClientAuth,
            Self::Bearer { .. } => AuthMethod::Bearer,
            Self::AwsIam { .. } => AuthMethod::AwsIam,
        };
        vec![method.name()]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::digest::Digest;

    const ORDERS: &str = include_str!("../../tests/certificates/orders.pem");

    #[test]
    fn a_record_has_a_method_or_a_reason_against_it() {
        let record = |method: Option<AuthMethod>, attributes: Value| {
            let mut record = attributes;
            record["token_endpoint_auth_method"] = json!(method.map(AuthMethod::name));
            record
        };
        let basic = AuthMethod::WITH_SECRET[0];
        let (secret, role) = (Digest::of("secret").to_hex(), "arn:aws:iam::111122223333:role/Orders");
        let key = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"WC4CxnXYwzUsVneXw3mQTBKn2EQyYWBnAVHJz1e9x1U"}]}"#;
        let certificate: String = ORDERS.lines().filter(|line| !line.starts_with("-----")).collect();
        let certified = json!({ "keys": [{ "kty": "EC", "x5c": [certificate] }] }).to_string();
        let both = AuthMethod::WITH_SECRET.map(AuthMethod::name).join(" ");
        for (record, expected) in [
            (record(None, json!({ "client_secret": secret })), both.as_str()),
            (record(Some(basic), json!({ "client_secret": secret })), basic.name()),
            (record(None, json!({ "client_secret": "secret" })), "unusable_secret"),
            (record(None, json!({})), "public_client"),
            (record(Some(AuthMethod::None), json!({ "client_secret": secret })), "public_client"),
            (json!({ "token_endpoint_auth_method": "other" }), "unknown_method"),
            (record(Some(AuthMethod::PrivateKeyJwt), json!({ "jwks": key })), AuthMethod::PrivateKeyJwt.name()),
            (record(Some(AuthMethod::PrivateKeyJwt), json!({})), "no_usable_key"),
            (record(Some(AuthMethod::TlsClientAuth), json!({})), "not_one_subject"),
            (record(Some(AuthMethod::TlsClientAuth), json!({ "tls_client_auth_san_dns": "ä" })), "unusable_subject"),
            (
                record(Some(AuthMethod::TlsClientAuth), json!({ "tls_client_auth_san_dns": "a.example" })),
                AuthMethod::TlsClientAuth.name(),
            ),
            (record(Some(AuthMethod::SelfSignedTlsClientAuth), json!({ "jwks": key })), "no_usable_certificate"),
            (
                record(Some(AuthMethod::SelfSignedTlsClientAuth), json!({ "jwks": certified })),
                AuthMethod::SelfSignedTlsClientAuth.name(),
            ),
            (record(Some(AuthMethod::Bearer), json!({})), "no_issuer"),
            (record(Some(AuthMethod::Bearer), json!({ "issuer": "https://a.example" })), AuthMethod::Bearer.name()),
            (record(Some(AuthMethod::AwsIam), json!({ "iam_principal_arn": "x" })), "unusable_principal"),
            (
                record(Some(AuthMethod::AwsIam), json!({ "iam_principal_arn": role, "iam_principal_id": "AIDA1" })),
                "unusable_principal_id",
            ),
            (record(Some(AuthMethod::AwsIam), json!({ "iam_principal_arn": role })), AuthMethod::AwsIam.name()),
        ] {
            let method = RegisteredMethod::from_record(&serde_json::from_value(record).unwrap(), 0);
            let found = method.map_or_else(|why| why.name().to_owned(), |method| method.method_names().join(" "));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn f09_settings_and_the_record_decide_whether_a_client_can_authenticate() {
        let entry = json!([{ "issuer": "https://b.example", "profile": "generic", "client_ids": ["listed"],
            "required_claims": { "use": "access" }, "jwks_uri": "https://b.example/keys" }]);
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some("https://a.example".to_owned()),
            "TRUSTED_ISSUERS" => Some(entry.to_string()),
            "MTLS_METHOD" => Some(AuthMethod::SelfSignedTlsClientAuth.name().to_owned()),
            _ => None,
        });
        let settings = settings.map_err(|error| error.to_string()).unwrap();
        let bearer = |issuer| json!({ "token_endpoint_auth_method": AuthMethod::Bearer.name(), "issuer": issuer });
        for (id, changes, expected) in [
            ("c", json!({}), None),
            ("c", json!({ "disabled": true }), Some(CannotAuthenticate::Disabled)),
            ("c", json!({ "disabled": "no" }), Some(CannotAuthenticate::CorruptClientRecord)),
            (
                "c",
                json!({ "token_endpoint_auth_method": AuthMethod::TlsClientAuth.name() }),
                Some(CannotAuthenticate::OtherMtlsMethod),
            ),
            ("c", bearer("https://c.example"), Some(CannotAuthenticate::UntrustedIssuer)),
            ("c", bearer("https://b.example"), Some(CannotAuthenticate::UnlistedClient)),
            ("listed", bearer("https://b.example"), None),
        ] {
            let key = ItemKey::client(id).unwrap();
            let mut record =
                json!({ "client_secret": Digest::of("secret").to_hex(), "tls_client_auth_san_dns": "a.example" });
            for (name, value) in changes.as_object().unwrap() {
                record[name] = value.clone();
            }
            let items = FetchedItems::single(&key, serde_dynamo::to_item(record).unwrap());
            assert_eq!(Registration::from_items(&key, &items, &settings, 0).err(), expected, "{id}: {changes}");
        }
        let key = ItemKey::client("c").unwrap();
        let unknown = Registration::from_items(&key, &FetchedItems::default(), &settings, 0).err();
        assert_eq!(unknown, Some(CannotAuthenticate::UnknownClient));
    }

    #[test]
    fn f09_two_methods_are_mutual_tls() {
        let tls = RegisteredMethod::TlsClientAuth { name: CertificateName::SanDns, value: "a.example".to_owned() };
        let own = RegisteredMethod::SelfSignedTlsClientAuth { certificates: 1 };
        assert!(tls.mtls() == Some(MtlsMethod::TlsClientAuth));
        assert!(own.mtls() == Some(MtlsMethod::SelfSignedTlsClientAuth));
        assert!(RegisteredMethod::Secret(None).mtls().is_none());
    }
}
