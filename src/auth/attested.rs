//! Callers whom the gateway has authenticated: `aws_iam`, and the two methods of mutual TLS (RFC 8705 §2).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Found, Refusal, iam::is_principal, registered};
use crate::{
    call::Identity,
    certificate::{Certificate, DistinguishedName, der_of_pem},
    records::ClientRecord,
    request::Attested,
};

pub(super) fn check(identity: &Identity, found: Found) -> Result<ClientRecord, Refusal> {
    const METHODS: [&str; 3] = [Attested::IAM, Attested::TLS, Attested::SELF_SIGNED_TLS];
    let record = registered(found, |method| method.is_some_and(|method| METHODS.contains(&method)))?;
    let is_the_client = match record.token_endpoint_auth_method.as_deref() {
        Some(Attested::IAM) => {
            let caller = identity.iam_user_arn.as_deref().zip(record.iam_principal_arn.as_deref());
            caller.is_some_and(|(caller, principal)| is_principal(principal, caller))
        }
        method => identity.certificate.as_deref().and_then(der_of_pem).is_some_and(|der| {
            Certificate::parse(&der).is_some_and(|certificate| {
                if method == Some(Attested::TLS) {
                    is_subject(&record, &certificate)
                } else {
                    is_among_own(&record, &der)
                }
            })
        }),
    };
    if is_the_client { Ok(record) } else { Err(Refusal::WrongIdentity) }
}

/// Whether the certificate has the one subject value that the client registered (RFC 8705 §2.1.2). A record with
/// two would leave open which of them counts.
fn is_subject(record: &ClientRecord, certificate: &Certificate) -> bool {
    match (
        record.tls_client_auth_subject_dn.as_deref(),
        record.tls_client_auth_san_dns.as_deref(),
        record.tls_client_auth_san_uri.as_deref(),
        record.tls_client_auth_san_ip.as_deref(),
        record.tls_client_auth_san_email.as_deref(),
    ) {
        (Some(name), None, None, None, None) => {
            DistinguishedName::parse(name).is_some_and(|name| certificate.has_subject(&name))
        }
        (None, Some(name), None, None, None) => certificate.has_dns_name(name),
        (None, None, Some(uri), None, None) => certificate.has_uri(uri),
        (None, None, None, Some(address), None) => {
            address.parse().is_ok_and(|address| certificate.has_ip_address(address))
        }
        (None, None, None, None, Some(address)) => certificate.has_email_address(address),
        _ => false,
    }
}

/// Whether it is the certificate of one of the client's keys: the first of its `x5c` (RFC 8705 §2.2, RFC 7517 §4.7).
fn is_among_own(record: &ClientRecord, der: &[u8]) -> bool {
    let set: Option<Value> = record.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok());
    let keys = set.as_ref().and_then(|set| set.get("keys")?.as_array()).map(Vec::as_slice).unwrap_or_default();
    keys.iter().any(|key| {
        let first = key.get("x5c").and_then(|chain| chain.get(0)).and_then(Value::as_str);
        first.and_then(|first| STANDARD.decode(first).ok()).is_some_and(|first| first == der)
    })
}
