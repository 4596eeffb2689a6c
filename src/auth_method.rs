//! The methods of client authentication: the one list, with the names that client records, metadata and the log use.

/// A method of client authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// RFC 6749 §2.3.1, in the header.
    ClientSecretBasic,
    /// RFC 6749 §2.3.1, in the body.
    ClientSecretPost,
    /// RFC 7523 §2.2.
    PrivateKeyJwt,
    /// RFC 8705 §2.1.
    TlsClientAuth,
    /// RFC 8705 §2.2.
    SelfSignedTlsClientAuth,
    /// With an access token that was issued to the client (RFC 7662 §2.1). The name is our own.
    Bearer,
    /// With an IAM signature, which API Gateway checks. The name is our own.
    AwsIam,
    /// No authentication: a public client (RFC 7591 §2).
    None,
}

impl AuthMethod {
    /// The methods that prove who the client is.
    pub const CONFIDENTIAL: [Self; 7] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::Bearer,
        Self::AwsIam,
    ];
    /// The methods that use a secret. A client without a registered method may use either.
    pub const WITH_SECRET: [Self; 2] = [Self::ClientSecretBasic, Self::ClientSecretPost];

    /// Its value in `token_endpoint_auth_method` (RFC 7591 §2, RFC 8705 §2).
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::Bearer => "bearer",
            Self::AwsIam => "aws_iam",
            Self::None => "none",
        }
    }

    /// The method with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::CONFIDENTIAL.into_iter().chain([Self::None]).find(|method| method.name() == name)
    }

    /// The names of alternative methods, joined with "or".
    pub fn any_of(methods: &[Self]) -> String {
        methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_one_name_and_other_texts_name_no_method() {
        for method in AuthMethod::CONFIDENTIAL.into_iter().chain([AuthMethod::None]) {
            assert_eq!(AuthMethod::from_name(method.name()), Some(method));
        }
        for name in ["", "client_secret_jwt", "CLIENT_SECRET_BASIC", " none", "mutual_tls", "Bearer"] {
            assert_eq!(AuthMethod::from_name(name), None, "{name}");
        }
    }
}
