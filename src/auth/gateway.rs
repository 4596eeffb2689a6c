//! Callers that the gateway has authenticated: `aws_iam`, and mutual TLS (RFC 8705 §2).

use core::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{AuthError, Found, iam::Principal, registered};
use crate::{
    auth_method::AuthMethod,
    call::Identity,
    certificate::{Certificate, DistinguishedName, der_of_pem},
    jwt::registered_entries,
    records::{CertificateName, ClientRecord},
    settings::{MtlsMethod, Settings},
};

/// Checks the identity that the gateway established. Only the deployment's method of mutual TLS is accepted (F-09),
/// because the gateway's truststore cannot distinguish a certificate for one method from a certificate for the other.
pub(super) fn check(identity: &Identity, found: Found, settings: &Settings) -> Result<ClientRecord, AuthError> {
    let mtls = settings.mtls_method.auth_method();
    let used = if identity.iam_user_arn.is_some() { AuthMethod::AwsIam } else { mtls };
    let record = registered(found, used, &[AuthMethod::AwsIam, mtls])?;
    let is_the_client = if record.is_registered_for(AuthMethod::AwsIam) {
        Principal::from_record(&record).is_some_and(|principal| principal.is(identity))
    } else {
        identity.certificate.as_deref().and_then(der_of_pem).is_some_and(|der| {
            Certificate::parse(&der).is_some_and(|certificate| match settings.mtls_method {
                MtlsMethod::TlsClientAuth => record
                    .certificate_name()
                    .and_then(Subject::parse)
                    .is_some_and(|subject| subject.is_of(&certificate)),
                MtlsMethod::SelfSignedTlsClientAuth => own_certificates(&record).contains(&der),
            })
        })
    };
    if is_the_client { Ok(record) } else { Err(AuthError::WrongIdentity { registered: identity_of(&record) }) }
}

/// Describes the identity that the client registered.
fn identity_of(record: &ClientRecord) -> String {
    match (record.iam_principal_arn.as_deref(), record.certificate_name()) {
        (Some(arn), _) => match &record.iam_principal_id {
            Some(id) => format!("{arn} with the unique id {id}"),
            None => arn.to_owned(),
        },
        (None, Some((name, value))) => format!("{} {value}", name.attribute()),
        (None, None) => "a certificate of its jwks".to_owned(),
    }
}

/// A subject value in comparable form.
pub(super) enum Subject<'a> {
    Name(DistinguishedName),
    Dns(&'a str),
    Uri(&'a str),
    IpAddress(IpAddr),
    Email(&'a str),
}

impl<'a> Subject<'a> {
    /// Parses the value of this attribute. Returns `None` if no certificate can contain it: text values are ASCII in
    /// every certificate (RFC 5280 §4.2.1.6).
    pub fn parse((name, value): (CertificateName, &'a str)) -> Option<Self> {
        let is_text = !value.is_empty() && value.is_ascii();
        match name {
            CertificateName::SubjectDn => DistinguishedName::parse(value).map(Self::Name),
            CertificateName::SanDns => is_text.then_some(Self::Dns(value)),
            CertificateName::SanUri => is_text.then_some(Self::Uri(value)),
            CertificateName::SanIp => value.parse().ok().map(Self::IpAddress),
            CertificateName::SanEmail => (is_text && value.contains('@')).then_some(Self::Email(value)),
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
    record.jwks.as_deref().map(registered_entries).unwrap_or_default().iter().filter_map(first).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn f01_a_subject_value_is_one_that_a_certificate_can_contain() {
        use CertificateName::{SanDns, SanEmail, SanIp, SanUri, SubjectDn};
        for (name, value, expected) in [
            (SubjectDn, "CN=ä", true),
            (SubjectDn, "ä", false),
            (SanDns, "a.example", true),
            (SanDns, "ä.example", false),
            (SanDns, "", false),
            (SanUri, "a:b", true),
            (SanUri, "ä:b", false),
            (SanUri, "", false),
            (SanIp, "::1", true),
            (SanIp, "a", false),
            (SanEmail, "a@b.example", true),
            (SanEmail, "ä@b.example", false),
            (SanEmail, "b.example", false),
        ] {
            assert_eq!(Subject::parse((name, value)).is_some(), expected, "{name:?} {value}");
        }
    }

    #[test]
    fn a_refusal_describes_the_identity_that_the_client_registered() {
        let arn = "arn:aws:iam::111122223333:role/Orders";
        let mut cases = vec![
            (json!({ "iam_principal_arn": arn }), arn.to_owned()),
            (
                json!({ "iam_principal_arn": arn, "iam_principal_id": "AROA1" }),
                format!("{arn} with the unique id AROA1"),
            ),
            (json!({}), "a certificate of its jwks".to_owned()),
        ];
        for attribute in ["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"] {
            let attribute = format!("tls_client_auth_{attribute}");
            cases.push((json!({ &attribute: "x" }), format!("{attribute} x")));
        }
        for (record, expected) in cases {
            assert_eq!(identity_of(&serde_json::from_value(record).unwrap()), expected);
        }
    }
}
