//! `SSL_CERT_FILE`: the root certificates that TLS trusts instead of the system's.

use rustls::pki_types::{
    CertificateDer,
    pem::{self, PemObject},
};

use super::SettingError;

const VARIABLE: &str = "SSL_CERT_FILE";
const EXAMPLE: &str = "/opt/roots.pem";

/// Checks the file with the parser of the library that reads it, which ignores a file that contains no certificate. Every
/// call over TLS would then fail.
///
/// # Errors
///
/// Returns [`SettingError`] if the file cannot be read or contains no certificate in PEM (RFC 7468 §5.1).
pub fn check_root_certificates(variable: impl Fn(&str) -> Option<String>) -> Result<(), SettingError> {
    let Some(path) = variable(VARIABLE).filter(|path| !path.trim().is_empty()) else { return Ok(()) };
    let error = |problem| SettingError::new(VARIABLE, problem, EXAMPLE);
    let certificate = CertificateDer::pem_file_iter(path).and_then(|mut certificates| {
        let readable = |read: &Result<_, _>| matches!(read, Ok(_) | Err(pem::Error::Io(_)));
        certificates.find(readable).transpose()
    });
    match certificate {
        Ok(Some(_)) => Ok(()),
        Err(pem::Error::Io(problem)) => Err(error(format!("names a file that cannot be read: {problem}"))),
        Ok(None) | Err(_) => Err(error("names a file that contains no certificate in PEM".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With this, this file contains the lines around a certificate, but no certificate.
    const EMPTY: &str = "
-----BEGIN CERTIFICATE-----
!
-----END CERTIFICATE-----
";

    #[test]
    fn a_file_without_certificates_ends_the_start_with_one_line() {
        let check = |path: Option<&str>| check_root_certificates(|_| path.map(str::to_owned));
        let file = |name: &str| format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        assert!(include_str!("roots.rs").contains(EMPTY));
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some(" ")), Ok(()));
        assert_eq!(check(Some(&file("tests/certificates/orders.pem"))), Ok(()));
        for (path, problem) in [
            ("/nonexistent.pem".to_owned(), "names a file that cannot be read: No such file or directory"),
            (file("Cargo.toml"), "names a file that contains no certificate in PEM; for example"),
            (file("src"), "names a file that cannot be read: Is a directory"),
            (file("src/settings/roots.rs"), "names a file that contains no certificate in PEM; for example"),
        ] {
            let line = check(Some(&path)).unwrap_err().to_string();
            assert!(line.starts_with(&format!("SSL_CERT_FILE {problem}")), "{line}");
        }
    }
}
