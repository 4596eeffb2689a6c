//! Why an issuer's keys could not be fetched, with a name for each cause, for the log.

use std::{error::Error, fmt, io};

use http::StatusCode;
use rustls::CertificateError;

use super::key_set::UnusableKeySet;
use crate::{
    connect::{NameNotFound, ProxyFailure},
    jwt::UnreadableKeySet,
};

/// A longer text is cut off in the log.
const MAX_LOGGED_CHARACTERS: usize = 200;

/// A text that an issuer's host chose, as it is logged: short, and without control characters.
pub fn logged(text: &str) -> String {
    text.chars().take(MAX_LOGGED_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Why a fetch failed. It never contains a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// No root certificate could be loaded, so no certificate can be checked.
    NoRootCertificates,
    /// The entry's `jwks_bearer_file` cannot be read, or contains no token.
    TokenFileUnreadable,
    /// The metadata are those of another issuer.
    IssuerDiffers {
        expected: String,
        found: String,
    },
    /// The metadata name no `jwks_uri`.
    NoJwksUri,
    /// The `jwks_uri` of the metadata is not an https URL.
    InsecureJwksUri(String),
    NotJson,
    DuplicateMembers,
    /// JSON, but not an object with a list of `keys`.
    NotAKeySet,
    /// `Content-Encoding` names an encoding that was not requested.
    Compressed(String),
    Status(StatusCode),
    /// Redirects are not followed.
    Redirect(StatusCode),
    CertificateNotTrusted,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateNameMismatch,
    /// TLS failed for another reason.
    Tls,
    Refused,
    Dns,
    TimedOut,
    /// The proxy of `HTTPS_PROXY` could not be reached, or refused to open a tunnel.
    Proxy,
    /// The connection failed for another reason.
    Connection,
    /// The body ended too early, or could not be read.
    Body,
    TooLarge,
    /// The set was read, but none of its entries may verify anything. Contains their number.
    NoUsableKey(usize),
}

impl FetchError {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoRootCertificates => "no_root_certificates",
            Self::TokenFileUnreadable => "token_file_unreadable",
            Self::IssuerDiffers { .. } => "issuer_differs",
            Self::NoJwksUri => "no_jwks_uri",
            Self::InsecureJwksUri(_) => "insecure_jwks_uri",
            Self::NotJson => "not_json",
            Self::DuplicateMembers => "duplicate_members",
            Self::NotAKeySet => "not_a_key_set",
            Self::Compressed(_) => "compressed",
            Self::Status(_) => "status",
            Self::Redirect(_) => "redirect",
            Self::CertificateNotTrusted => "certificate_not_trusted",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::CertificateNameMismatch => "certificate_name_mismatch",
            Self::Tls => "tls",
            Self::Refused => "refused",
            Self::Dns => "dns",
            Self::TimedOut => "timed_out",
            Self::Proxy => "proxy",
            Self::Connection => "connection",
            Self::Body => "body",
            Self::TooLarge => "too_large",
            Self::NoUsableKey(_) => "no_usable_key",
        }
    }

    /// What was found instead of what was expected.
    pub fn found(&self) -> Option<String> {
        match self {
            Self::IssuerDiffers { found, .. } => Some(logged(found)),
            Self::InsecureJwksUri(text) | Self::Compressed(text) => Some(logged(text)),
            Self::Status(status) | Self::Redirect(status) => Some(status.as_u16().to_string()),
            Self::NoUsableKey(entries) => Some(format!("{entries} keys")),
            _ => None,
        }
    }

    pub fn expected(&self) -> Option<&str> {
        match self {
            Self::IssuerDiffers { expected, .. } => Some(expected),
            _ => None,
        }
    }

    /// Whether the issuer's host answered. Then only a change on its side or in the settings helps. After other
    /// failures, nothing is known.
    pub fn is_answer(&self) -> bool {
        match self {
            Self::Status(status) => !status.is_server_error() && !matches!(status.as_u16(), 408 | 429),
            Self::IssuerDiffers { .. }
            | Self::NoJwksUri
            | Self::InsecureJwksUri(_)
            | Self::NotJson
            | Self::DuplicateMembers
            | Self::NotAKeySet
            | Self::Compressed(_)
            | Self::Redirect(_)
            | Self::TooLarge
            | Self::NoUsableKey(_) => true,
            Self::NoRootCertificates
            | Self::TokenFileUnreadable
            | Self::CertificateNotTrusted
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateNameMismatch
            | Self::Tls
            | Self::Refused
            | Self::Dns
            | Self::TimedOut
            | Self::Proxy
            | Self::Connection
            | Self::Body => false,
        }
    }

    /// The cause of a failed request: the first known one in its chain of errors.
    pub fn of_request(error: &(dyn Error + 'static)) -> Self {
        cause(error).unwrap_or(Self::Connection)
    }
}

/// The name, with the values if there are any.
impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.found(), self.expected()) {
            (Some(found), Some(expected)) => {
                write!(formatter, "{} (found {found:?}, expected {expected:?})", self.name())
            }
            (Some(found), None) => write!(formatter, "{} ({found})", self.name()),
            _ => formatter.write_str(self.name()),
        }
    }
}

impl From<UnreadableKeySet> for FetchError {
    fn from(unreadable: UnreadableKeySet) -> Self {
        match unreadable {
            UnreadableKeySet::NotJson => Self::NotJson,
            UnreadableKeySet::DuplicateMembers => Self::DuplicateMembers,
            UnreadableKeySet::NotAKeySet => Self::NotAKeySet,
        }
    }
}

impl From<UnusableKeySet> for FetchError {
    fn from(unusable: UnusableKeySet) -> Self {
        match unusable {
            UnusableKeySet::Unreadable(unreadable) => unreadable.into(),
            UnusableKeySet::NoUsableKey(entries) => Self::NoUsableKey(entries),
        }
    }
}

/// An I/O error may wrap the real one as its content instead of its source.
fn cause(error: &(dyn Error + 'static)) -> Option<FetchError> {
    if error.is::<ProxyFailure>() {
        return Some(FetchError::Proxy);
    }
    if error.is::<NameNotFound>() {
        return Some(FetchError::Dns);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    let io = error.downcast_ref::<io::Error>();
    if let Some(inner) = io.and_then(io::Error::get_ref) {
        return cause(inner);
    }
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => return Some(FetchError::Refused),
        Some(io::ErrorKind::TimedOut) => return Some(FetchError::TimedOut),
        _ => {}
    }
    cause(error.source()?)
}

fn of_tls(error: &rustls::Error) -> FetchError {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            FetchError::CertificateExpired
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => FetchError::CertificateNotYetValid,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => FetchError::CertificateNameMismatch,
        rustls::Error::InvalidCertificate(_) => FetchError::CertificateNotTrusted,
        _ => FetchError::Tls,
    }
}

#[cfg(test)]
mod tests {
    use tower_service::Service;

    use super::*;
    use crate::{connect::ProxyConnector, settings::ProxySettings};

    #[test]
    fn o04_a_text_of_a_host_is_logged_short_and_without_control_characters() {
        let found = |text: &str| FetchError::InsecureJwksUri(text.to_owned()).found();
        assert_eq!(found("http://a.example/\r\n\u{1b}[31m").as_deref(), Some("http://a.example/   [31m"));
        assert_eq!(found(&"é".repeat(100_000)).map(|text| text.chars().count()), Some(MAX_LOGGED_CHARACTERS));
        let differs = FetchError::IssuerDiffers { expected: String::new(), found: "a\0".to_owned() };
        assert_eq!(differs.found().as_deref(), Some("a "));
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_not_a_failed_connection() {
        let connect = async |uri: String| {
            let error = ProxyConnector::new(&ProxySettings::default()).call(uri.parse().unwrap()).await.err().unwrap();
            FetchError::of_request(&*error)
        };
        // No resolver has to look up this name: one of its labels is too long.
        assert_eq!(connect(format!("http://{}.example/", "a".repeat(64))).await, FetchError::Dns);
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(connect(format!("http://{free}/")).await, FetchError::Refused);
    }
}
