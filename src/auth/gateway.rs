//! Callers whom the gateway has authenticated: `aws_iam`, and mutual TLS (RFC 8705 §2).

use core::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{AuthError, Found, entries, iam::Principal, registered};
use crate::{
    call::Identity,
    certificate::{Certificate, DistinguishedName, der_of_pem},
    records::ClientRecord,
    request::GatewayCredentials,
    settings::{MtlsMethod, Settings},
};

/// Checks the identity that the gateway established. Of the two methods of mutual TLS, only the deployment's counts
/// (F-09): the gateway's truststore cannot tell a certificate for one from a certificate for the other.
pub(super) fn check(identity: &Identity, found: Found, settings: &Settings) -> Result<ClientRecord, AuthError> {
    let accepted = [GatewayCredentials::IAM, settings.mtls_method.name()];
    let used = if identity.iam_user_arn.is_some() { GatewayCredentials::IAM } else { settings.mtls_method.name() };
    let record = registered(found, used, |method| method.is_some_and(|method| accepted.contains(&method)))?;
    let is_the_client = if record.token_endpoint_auth_method.as_deref() == Some(GatewayCredentials::IAM) {
        Principal::of(&record).is_some_and(|principal| principal.is(identity))
    } else {
        identity.certificate.as_deref().and_then(der_of_pem).is_some_and(|der| {
            Certificate::parse(&der).is_some_and(|certificate| match settings.mtls_method {
                MtlsMethod::TlsClientAuth => registered_subject(&record)
                    .and_then(Subject::parse)
                    .is_some_and(|subject| subject.is_of(&certificate)),
                MtlsMethod::SelfSignedTlsClientAuth => own_certificates(&record).contains(&der),
            })
        })
    };
    if is_the_client { Ok(record) } else { Err(AuthError::WrongIdentity { registered: identity_of(&record) }) }
}

/// The identity that the client registered, in words.
fn identity_of(record: &ClientRecord) -> String {
    match (record.iam_principal_arn.as_deref(), registered_subject(record)) {
        (Some(arn), _) => match &record.iam_principal_id {
            Some(id) => format!("{arn} with the unique id {id}"),
            None => arn.to_owned(),
        },
        (None, Some((attribute, value))) => format!("{attribute} {value}"),
        (None, None) => "a certificate of its jwks".to_owned(),
    }
}

/// The one subject value that the client registered, under the name of its attribute (RFC 8705 §2.1.2, F-01). A record
/// with two values has none, because it does not say which of them counts.
pub(super) fn registered_subject(record: &ClientRecord) -> Option<(&'static str, &str)> {
    let values = [
        ("tls_client_auth_subject_dn", &record.tls_client_auth_subject_dn),
        ("tls_client_auth_san_dns", &record.tls_client_auth_san_dns),
        ("tls_client_auth_san_uri", &record.tls_client_auth_san_uri),
        ("tls_client_auth_san_ip", &record.tls_client_auth_san_ip),
        ("tls_client_auth_san_email", &record.tls_client_auth_san_email),
    ];
    let mut values = values.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    values.next().filter(|_| values.next().is_none())
}

/// A subject value as it is compared.
pub(super) enum Subject<'a> {
    Name(DistinguishedName),
    Dns(&'a str),
    Uri(&'a str),
    IpAddress(IpAddr),
    Email(&'a str),
}

impl<'a> Subject<'a> {
    /// Reads the value of that attribute; `None` for what no certificate can hold. The names that are texts are
    /// ASCII in every certificate (RFC 5280 §4.2.1.6).
    pub fn parse((name, value): (&str, &'a str)) -> Option<Self> {
        let is_text = !value.is_empty() && value.is_ascii();
        match name {
            "tls_client_auth_subject_dn" => DistinguishedName::parse(value).map(Self::Name),
            "tls_client_auth_san_dns" => is_text.then_some(Self::Dns(value)),
            "tls_client_auth_san_uri" => is_text.then_some(Self::Uri(value)),
            "tls_client_auth_san_ip" => value.parse().ok().map(Self::IpAddress),
            _ => (is_text && value.contains('@')).then_some(Self::Email(value)),
        }
    }

    fn is_of(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Name(name) => certificate.has_subject(name),
            Self::Dns(name) => certificate.has_dns_name(name),
            Self::Uri(uri) => certificate.has_uri(uri),
            Self::IpAddress(address) => certificate.has_ip_address(*address),
            Self::Email(address) => certificate.has_email_address(address),
        }
    }
}

/// The certificates of the client's keys (RFC 8705 §2.2, F-02): the first of each `x5c` (RFC 7517 §4.7).
pub(super) fn own_certificates(record: &ClientRecord) -> Vec<Vec<u8>> {
    let first = |key: &Value| STANDARD.decode(key.get("x5c")?.get(0)?.as_str()?).ok();
    record.jwks.as_deref().map(entries).unwrap_or_default().iter().filter_map(first).collect()
}
