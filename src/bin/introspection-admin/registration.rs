//! How a client authenticates, or why it never can, in words. A new way or obstacle of the library needs its words here
//! to compile.

use token_introspection::{
    auth::{Barred, Way},
    jwt::VerificationKey,
};

/// What the client has to present.
pub fn way(way: &Way) -> String {
    let methods = way.methods().join(" or ");
    let with = match way {
        Way::Secret(_) => "with its secret".to_owned(),
        Way::PrivateKeyJwt(keys) => {
            let keys: Vec<_> = keys.iter().map(key).collect();
            format!("with an assertion that a key of its jwks made: {}", keys.join(", "))
        }
        Way::TlsClientAuth { attribute, value } => format!("with a certificate whose {attribute} is {value:?}"),
        Way::SelfSignedTlsClientAuth { certificates: 1 } => "with the certificate of its jwks".to_owned(),
        Way::SelfSignedTlsClientAuth { certificates } => {
            format!("with one of the {certificates} certificates of its jwks")
        }
        Way::Bearer { issuer } => {
            format!(
                "with an access token of {issuer} for the audience ISSUER, with the scope introspection (of Cognito \
                     ISSUER/introspection)"
            )
        }
        Way::AwsIam { principal } => format!("as {principal}"),
    };
    format!("{methods}, {with}")
}

fn key(key: &VerificationKey) -> String {
    let name = key.algorithm().name();
    key.kid().map_or_else(|| format!("{name} without kid"), |kid| format!("{name} {kid:?}"))
}

/// Why nothing that the client could present is accepted.
pub fn barred(why: Barred) -> &'static str {
    match why {
        Barred::UnknownClient => "there is no such client",
        Barred::CorruptRecord => "its record holds a wrong type",
        Barred::Disabled => "it is disabled",
        Barred::PublicClient => "it is public, and has no secret to authenticate with",
        Barred::UnknownMethod => "its token_endpoint_auth_method is none that is known here",
        Barred::UnusableSecret => "its secret is none that could be presented",
        Barred::NoUsableKey => "its jwks holds no key that an assertion could be checked with",
        Barred::NotOneSubject => "its record holds none, or more than one, of the subject values of tls_client_auth",
        Barred::UnusableSubject => "its subject value is none that a certificate can have",
        Barred::NoUsableCertificate => "its jwks holds no key whose x5c begins with a certificate",
        Barred::UnusablePrincipal => "its iam_principal_arn is not that of an IAM user or role",
        Barred::NoIssuer => "its record names no issuer whose tokens it could present",
        Barred::UntrustedIssuer => "the issuer whose tokens it would present is not in TRUSTED_ISSUERS",
        Barred::UnlistedClient => {
            "its issuer's client_ids in TRUSTED_ISSUERS do not list it, so its own tokens are inactive"
        }
    }
}
