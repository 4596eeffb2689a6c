//! Describes how a client authenticates, or why it never can. A new method or reason of the library needs a description
//! here, or this does not compile.

use token_introspection::{
    auth::{CannotAuthenticate, RegisteredMethod},
    jwt::VerificationKey,
    settings::Settings,
};

use crate::{output::warn, problem::Problem};

/// What the client must present.
pub fn method(method: &RegisteredMethod) -> String {
    let methods = method.method_names().join(" or ");
    let with = match method {
        RegisteredMethod::Secret(_) => "with its secret".to_owned(),
        RegisteredMethod::PrivateKeyJwt(keys) => {
            let keys: Vec<_> = keys.iter().map(key).collect();
            format!("with an assertion signed by a key of its jwks: {}", keys.join(", "))
        }
        RegisteredMethod::TlsClientAuth { name, value } => {
            format!("with a certificate whose {} is {value:?}", name.attribute())
        }
        RegisteredMethod::SelfSignedTlsClientAuth { certificates: 1 } => "with the certificate of its jwks".to_owned(),
        RegisteredMethod::SelfSignedTlsClientAuth { certificates } => {
            format!("with one of the {certificates} certificates of its jwks")
        }
        RegisteredMethod::Bearer { issuer } => {
            format!(
                "with an access token of {issuer} for the audience ISSUER, with the scope introspection (of Cognito \
                     ISSUER/introspection)"
            )
        }
        RegisteredMethod::AwsIam { principal, unique_id: None } => format!("as {principal}"),
        RegisteredMethod::AwsIam { principal, unique_id: Some(id) } => {
            format!("as {principal} with the unique id {id}")
        }
    };
    format!("{methods}, {with}")
}

fn key(key: &VerificationKey) -> String {
    let name = key.algorithm().name();
    key.kid().map_or_else(|| format!("{name} without kid"), |kid| format!("{name} {kid:?}"))
}

/// Why the client can never authenticate.
pub fn cannot(why: CannotAuthenticate) -> &'static str {
    match why {
        CannotAuthenticate::UnknownClient => "no such client exists",
        CannotAuthenticate::CorruptClientRecord => "an attribute of its record has a wrong type",
        CannotAuthenticate::Disabled => "it is disabled",
        CannotAuthenticate::PublicClient => {
            "it is public: it has no secret to authenticate with, and can only revoke its own tokens"
        }
        CannotAuthenticate::UnknownMethod => "its token_endpoint_auth_method is not supported here",
        CannotAuthenticate::OtherMtlsMethod => "MTLS_METHOD names the other method of mutual TLS",
        CannotAuthenticate::UnusableSecret => "no secret has the digest in its record",
        CannotAuthenticate::NoUsableKey => "its jwks has no key that could verify an assertion",
        CannotAuthenticate::NotOneSubject => {
            "its record has none, or more than one, of the subject values of tls_client_auth"
        }
        CannotAuthenticate::UnusableSubject => "no certificate can have its subject value",
        CannotAuthenticate::NoUsableCertificate => "its jwks has no key whose x5c begins with a certificate",
        CannotAuthenticate::UnusablePrincipal => "its iam_principal_arn is not that of an IAM user or role",
        CannotAuthenticate::UnusablePrincipalId => {
            "its iam_principal_id is not the unique id of its principal, AIDA… for a user and AROA… for a role"
        }
        CannotAuthenticate::NoIssuer => "its record names no issuer whose tokens it could present",
        CannotAuthenticate::UntrustedIssuer => "the issuer whose tokens it would present is not in TRUSTED_ISSUERS",
        CannotAuthenticate::UnlistedClient => {
            "its issuer's client_ids in TRUSTED_ISSUERS do not list it, so its own tokens are inactive"
        }
    }
}

/// Warns if the function accepts the other method of mutual TLS, or if it is unknown which one it accepts.
pub fn warn_of_mtls(client_id: &str, method: &RegisteredMethod, settings: Result<&Settings, Problem>) {
    let Some(mtls) = method.mtls() else { return };
    match settings {
        Ok(settings) if settings.mtls_method == mtls => {}
        Ok(settings) => warn(&format!(
            "the function refuses the client {client_id:?}: MTLS_METHOD is {}, and the client is registered for {}",
            settings.mtls_method.auth_method().name(),
            mtls.auth_method().name()
        )),
        Err(problem) => warn(&format!(
            "whether the function accepts {}, as MTLS_METHOD decides, is not known here: {problem}",
            mtls.auth_method().name()
        )),
    }
}
