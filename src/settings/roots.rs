//! `SSL_CERT_FILE`: the root certificates that TLS trusts in place of the system's.

use super::SettingError;

const VARIABLE: &str = "SSL_CERT_FILE";
const EXAMPLE: &str = "/opt/roots.pem";
/// How each certificate begins (RFC 7468 §5.1).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Checks the file. The libraries that read it end the process with a panic if it has no certificate.
///
/// # Errors
///
/// Returns [`SettingError`] if the file cannot be read or contains no certificate in PEM.
pub fn check_root_certificates(variable: impl Fn(&str) -> Option<String>) -> Result<(), SettingError> {
    let Some(path) = variable(VARIABLE).filter(|path| !path.trim().is_empty()) else { return Ok(()) };
    let file = std::fs::read(path)
        .map_err(|error| SettingError::new(VARIABLE, format!("names a file that cannot be read: {error}"), EXAMPLE))?;
    if file.windows(BEGIN.len()).any(|window| window == BEGIN) {
        Ok(())
    } else {
        Err(SettingError::new(VARIABLE, "names a file that contains no certificate in PEM", EXAMPLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_ends_the_start_with_one_line() {
        let check = |path: Option<&str>| check_root_certificates(|_| path.map(str::to_owned));
        let file = |name: &str| format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some(" ")), Ok(()));
        assert_eq!(check(Some(&file("tests/certificates/orders.pem"))), Ok(()));
        for (path, problem) in [
            ("/nonexistent.pem".to_owned(), "names a file that cannot be read: No such file or directory"),
            (file("Cargo.toml"), "names a file that contains no certificate in PEM; for example"),
            (file("src"), "names a file that cannot be read: Is a directory"),
        ] {
            let line = check(Some(&path)).unwrap_err().to_string();
            assert!(line.starts_with(&format!("SSL_CERT_FILE {problem}")), "{line}");
        }
    }
}
