//! `MTLS_METHOD`: the only method of mutual TLS that a deployment accepts (RFC 8705 §2).

use super::SettingError;
use crate::auth_method::AuthMethod;

const VARIABLE: &str = "MTLS_METHOD";

/// A method of mutual TLS. A function has only one truststore. A self-signed certificate in it is a CA, whose owner
/// could issue a certificate for any `tls_client_auth` client. So a deployment accepts only one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MtlsMethod {
    /// The certificate's chain is checked, and its subject is registered (RFC 8705 §2.1).
    #[default]
    TlsClientAuth,
    /// The certificate itself is registered (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

impl MtlsMethod {
    /// The method as client records name it.
    pub fn auth_method(self) -> AuthMethod {
        match self {
            Self::TlsClientAuth => AuthMethod::TlsClientAuth,
            Self::SelfSignedTlsClientAuth => AuthMethod::SelfSignedTlsClientAuth,
        }
    }

    /// Reads the setting.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if the text is not the name of a method.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let Some(text) = variable(VARIABLE) else { return Ok(Self::default()) };
        let known = [Self::TlsClientAuth, Self::SelfSignedTlsClientAuth];
        known.into_iter().find(|method| method.auth_method().name() == text.trim()).ok_or_else(|| {
            let [one, other] = known.map(|method| method.auth_method().name());
            SettingError::new(
                VARIABLE,
                format!("is neither {one:?} nor {other:?}"),
                Self::default().auth_method().name(),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f09_the_setting_names_one_method_and_anything_else_ends_the_start() {
        let read = |text: Option<&str>| MtlsMethod::read(|_| text.map(str::to_owned));
        assert_eq!(read(None), Ok(MtlsMethod::TlsClientAuth));
        for (text, expected) in [
            ("tls_client_auth", MtlsMethod::TlsClientAuth),
            ("self_signed_tls_client_auth", MtlsMethod::SelfSignedTlsClientAuth),
            (" self_signed_tls_client_auth\n", MtlsMethod::SelfSignedTlsClientAuth),
        ] {
            assert_eq!(read(Some(text)), Ok(expected), "{text}");
        }
        for wrong in
            ["both", "TLS_CLIENT_AUTH", "tls_client_auth,self_signed_tls_client_auth", "none", "private_key_jwt"]
        {
            let error = read(Some(wrong)).unwrap_err().to_string();
            assert!(error.starts_with("MTLS_METHOD is neither ") && error.ends_with("MTLS_METHOD=tls_client_auth"));
            assert!(!error.contains(&format!("\"{wrong}\"")), "{error}");
        }
    }
}
