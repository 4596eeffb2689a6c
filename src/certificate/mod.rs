//! Client certificates (RFC 5280), parsed and compared with what clients registered. The gateway has already decided
//! whether a certificate is valid. The only module that names `x509_cert`.

mod name;

use core::net::IpAddr;

use x509_cert::{
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

pub use self::name::DistinguishedName;
use crate::jwt::decode_pem;

/// The subject of a certificate, with all its names.
pub struct Certificate {
    /// `None` if the name is empty or cannot be read.
    subject: Option<DistinguishedName>,
    alternative_names: Vec<GeneralName>,
}

/// The first certificate of a PEM text (RFC 7468 §5), as DER.
pub fn der_of_pem(pem: &str) -> Option<Vec<u8>> {
    decode_pem(pem, "CERTIFICATE")
}

impl Certificate {
    /// Parses a certificate. Returns `None` if the bytes are not a certificate.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let certificate = certificate.tbs_certificate();
        let alternative_names = certificate.get_extension::<SubjectAltName>().ok()?;
        Some(Self {
            subject: DistinguishedName::from_x509(certificate.subject()),
            alternative_names: alternative_names.map(|(_, SubjectAltName(names))| names).unwrap_or_default(),
        })
    }

    /// Whether this is the certificate's subject.
    pub fn has_subject(&self, name: &DistinguishedName) -> bool {
        self.subject.as_ref() == Some(name)
    }

    /// Whether the certificate has this `dNSName`. Wildcards do not match: the name identifies one client.
    pub fn has_dns_name(&self, name: &str) -> bool {
        self.has(
            |alternative| matches!(alternative, GeneralName::DnsName(dns) if dns.as_str().eq_ignore_ascii_case(name)),
        )
    }

    /// Whether the certificate has this `uniformResourceIdentifier`.
    pub fn has_uri(&self, uri: &str) -> bool {
        self.has(
            |alternative| matches!(alternative, GeneralName::UniformResourceIdentifier(own) if own.as_str() == uri),
        )
    }

    /// Whether the certificate has this `iPAddress`, in any notation.
    pub fn has_ip_address(&self, address: IpAddr) -> bool {
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        self.has(|alternative| matches!(alternative, GeneralName::IpAddress(own) if own.as_bytes() == octets))
    }

    /// Whether the certificate has this `rfc822Name`. Only the host is compared without regard to case (RFC 5280 §7.5).
    pub fn has_email_address(&self, address: &str) -> bool {
        let Some((local, host)) = address.rsplit_once('@') else { return false };
        self.has(|alternative| {
            let GeneralName::Rfc822Name(own) = alternative else { return false };
            own.as_str()
                .rsplit_once('@')
                .is_some_and(|(own_local, own_host)| own_local == local && own_host.eq_ignore_ascii_case(host))
        })
    }

    fn has(&self, is_it: impl Fn(&GeneralName) -> bool) -> bool {
        self.alternative_names.iter().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = include_str!("../../tests/certificates/orders.pem");

    fn orders() -> Certificate {
        der_of_pem(ORDERS).and_then(|der| Certificate::parse(&der)).unwrap()
    }

    #[test]
    fn f01_each_alternative_name_is_compared_by_its_own_rules() {
        let orders = orders();
        for (name, expected) in [
            ("orders.example.com", true),
            ("ORDERS.example.com", true),
            ("example.com", false),
            ("*.example.com", false),
            ("192.0.2.7", false),
            ("", false),
        ] {
            assert_eq!(orders.has_dns_name(name), expected, "{name}");
        }
        for (uri, expected) in
            [("spiffe://example.com/orders", true), ("spiffe://example.com/Orders", false), ("spiffe://", false)]
        {
            assert_eq!(orders.has_uri(uri), expected, "{uri}");
        }
        for (address, expected) in
            [("192.0.2.7", true), ("2001:DB8:0:0::7", true), ("::ffff:192.0.2.7", false), ("192.0.2.8", false)]
        {
            assert_eq!(orders.has_ip_address(address.parse().unwrap()), expected, "{address}");
        }
        for (address, expected) in [
            ("Orders@example.com", true),
            ("Orders@EXAMPLE.com", true),
            ("orders@example.com", false),
            ("Orders@example.org", false),
            ("example.com", false),
            ("@example.com", false),
        ] {
            assert_eq!(orders.has_email_address(address), expected, "{address}");
        }
    }

    #[test]
    fn f03_the_subject_is_the_one_that_a_printer_of_rfc_4514_writes() {
        let name = |text| DistinguishedName::parse(text).unwrap();
        let orders = orders();
        assert!(orders.has_subject(&name(r"CN=orders-api,OU=Orders+serialNumber=7,O=Example\, Größe GmbH,C=DE")));
        assert!(!orders.has_subject(&name(r"C=DE,O=Example\, Größe GmbH,OU=Orders+serialNumber=7,CN=orders-api")));
        assert!(!orders.has_subject(&name("CN=orders-api")));
    }

    #[test]
    fn bytes_that_are_not_a_certificate_do_not_parse() {
        let whole = der_of_pem(ORDERS).unwrap();
        assert!(Certificate::parse(&whole).is_some());
        for end in 0..whole.len() {
            assert!(Certificate::parse(&whole[..end]).is_none(), "{end}");
        }
        assert!(Certificate::parse(&[&whole[..], &[0]].concat()).is_none());
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        for pem in ["", begin, end, "MIIB", &format!("{begin}!{end}"), &format!("{end}{begin}")] {
            assert!(der_of_pem(pem).is_none(), "{pem}");
        }
    }
}
