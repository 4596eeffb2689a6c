//! How a new client must authenticate: the options of each method, and the attributes that they set.

use std::collections::HashMap;

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use token_introspection::{
    auth::{CannotAuthenticate, RegisteredMethod, Registration},
    auth_method::AuthMethod,
    call::now,
    digest::Digest,
    records::{CertificateName, ClientRecord, FetchedItems, Item, ItemKey},
};

use super::{Secret, jwks::ClientKeySet, named};
use crate::{args::choice, environment::Environment, input::Input, problem::Problem, registration};

/// How the client must authenticate.
#[derive(Args)]
pub(super) struct Authentication {
    /// Method of authentication, see below; if left out, a secret, which may be sent either way
    #[arg(long, value_parser = choice(&AuthMethod::CONFIDENTIAL, AuthMethod::name), hide_possible_values = true, conflicts_with = "public")]
    method: Option<AuthMethod>,
    /// Register a public client: it has no secret and may not introspect
    #[arg(long, conflicts_with_all = ["secret", "jwks", "assertion_audience", "CertificateNames", "iam_principal_arn", "iam_principal_id", "Policy"])]
    public: bool,
    /// Import a secret of at least 32 characters, as - (standard input) or @FILE
    #[arg(long, value_name = "-|@FILE")]
    secret: Option<Input>,
    /// Public keys of the client, a JSON Web Key Set, as - (standard input) or @FILE
    #[arg(long, value_name = "-|@FILE")]
    jwks: Option<Input>,
    /// Additional `aud` that its assertions may have instead of ISSUER
    #[arg(long, value_name = "AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    assertion_audience: Option<String>,
    #[command(flatten)]
    certificate: CertificateNames,
    /// ARN of the client's IAM user or role; a role includes all of its sessions
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    iam_principal_arn: Option<String>,
    /// Unique id of that user (AIDA…) or role (AROA…); a principal that is created again has another one
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    iam_principal_id: Option<String>,
}

/// The one value that identifies the client's certificate. The attributes have the names of the options.
#[derive(Args)]
#[group(multiple = true)]
struct CertificateNames {
    /// Subject of its certificate as in RFC 4514, with the last relative name first
    #[arg(long = "tls-client-auth-subject-dn", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    subject_dn: Option<String>,
    /// DNS name in its certificate
    #[arg(long = "tls-client-auth-san-dns", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    san_dns: Option<String>,
    /// URI in its certificate
    #[arg(long = "tls-client-auth-san-uri", value_name = "URI", value_parser = NonEmptyStringValueParser::new())]
    san_uri: Option<String>,
    /// IP address in its certificate
    #[arg(long = "tls-client-auth-san-ip", value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    san_ip: Option<String>,
    /// Mail address in its certificate
    #[arg(long = "tls-client-auth-san-email", value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    san_email: Option<String>,
}

impl Authentication {
    /// Whether the client authenticates with an access token of its issuer.
    pub fn is_by_token(&self) -> bool {
        self.method == Some(AuthMethod::Bearer)
    }

    /// Checks that each option belongs to the method, and that no required option is missing.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] for the first option at fault.
    pub fn fits(&self, has_id: bool, has_issuer: bool) -> Result<(), Problem> {
        let secret = AuthMethod::WITH_SECRET;
        let keys = [AuthMethod::PrivateKeyJwt, AuthMethod::SelfSignedTlsClientAuth];
        let (tls, iam, assertion) = ([AuthMethod::TlsClientAuth], [AuthMethod::AwsIam], [AuthMethod::PrivateKeyJwt]);
        let options: [(&str, bool, &[AuthMethod]); 5] = [
            ("--secret", self.secret.is_some(), &secret),
            ("--jwks", self.jwks.is_some(), &keys),
            ("--assertion-audience", self.assertion_audience.is_some(), &assertion),
            ("--iam-principal-arn", self.iam_principal_arn.is_some(), &iam),
            ("--iam-principal-id", self.iam_principal_id.is_some(), &iam),
        ];
        let certificate = self.certificate.values().map(|(name, value)| (option_of(name), value.is_some(), &tls[..]));
        let options = options.map(|(option, given, methods)| (option.to_owned(), given, methods));
        // Without a method, the client uses a secret.
        let method = self.method.unwrap_or(AuthMethod::ClientSecretBasic);
        let misplaced = |(_, given, methods): &(String, bool, &[AuthMethod])| *given && !methods.contains(&method);
        if let Some((option, _, methods)) = options.into_iter().chain(certificate).find(misplaced) {
            let methods = AuthMethod::any_of(methods);
            return Err(Problem::usage(format!(
                "{option} belongs to --method {methods}; leave it out, or give that method"
            )));
        }
        let missing = |what: &str| Err(Problem::usage(format!("{what}; --help says more")));
        match method {
            AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth if self.jwks.is_none() => {
                missing("--jwks is missing: the method needs the client's public keys, as - (standard input) or @FILE")
            }
            AuthMethod::AwsIam if self.iam_principal_arn.is_none() => {
                missing("--iam-principal-arn is missing: the method needs the IAM user or role that the client is")
            }
            AuthMethod::Bearer if !has_issuer => {
                missing("--issuer is missing: the method needs the trusted issuer whose tokens the client presents")
            }
            AuthMethod::Bearer if !has_id => {
                missing("--id is missing: the method needs the id that the client has at its issuer")
            }
            _ => Ok(()),
        }
    }

    /// The secret, if the client uses one.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the secret to import is not valid.
    pub fn secret(&self) -> Result<Option<Secret>, Problem> {
        let by_secret = self.method.is_none_or(|method| AuthMethod::WITH_SECRET.contains(&method));
        if by_secret && !self.public { Secret::new(self.secret.as_ref()).map(Some) } else { Ok(None) }
    }

    /// Adds the attributes to the record. The function's own code then reads the record, so that a client that could
    /// never authenticate is not written. Returns `None` for a public client.
    ///
    /// # Errors
    ///
    /// Returns [`Problem`] if the client could never authenticate, with the option at fault and what helps.
    pub fn register(
        &self,
        key: &ItemKey,
        secret: Option<&Secret>,
        attributes: &mut HashMap<String, AttributeValue>,
        environment: &Environment,
    ) -> Result<Option<RegisteredMethod>, Problem> {
        if self.public {
            return Ok(None);
        }
        let keys = self.jwks.as_ref().map(ClientKeySet::read).transpose()?;
        let text = |text: &Option<String>| text.clone().map(AttributeValue::S);
        attributes.extend(named([
            ("token_endpoint_auth_method", self.method.map(|method| AttributeValue::S(method.name().to_owned()))),
            ("client_secret", secret.map(|secret| AttributeValue::S(Digest::of(&secret.text).to_hex()))),
            ("jwks", keys.as_ref().map(|keys| AttributeValue::S(keys.text()))),
            ("assertion_audience", text(&self.assertion_audience)),
            ("iam_principal_arn", text(&self.iam_principal_arn)),
            ("iam_principal_id", text(&self.iam_principal_id)),
        ]));
        attributes.extend(self.certificate.attributes());
        let items = FetchedItems::single(key, Item::from(attributes.clone()));
        let method = if self.is_by_token() {
            // Only the function's settings list the trusted issuers.
            Registration::from_items(key, &items, environment.partial_settings()?, now())
                .map(|registration| registration.method)
        } else {
            let record = items.record::<ClientRecord>(key).ok().flatten();
            let record = record.ok_or(CannotAuthenticate::CorruptClientRecord);
            record.and_then(|record| RegisteredMethod::from_record(&record, now()))
        };
        let method = method.map_err(|why| Problem::usage(self.hint(why, keys.as_ref())))?;
        registration::warn_of_mtls(key.id(), &method, environment.settings());
        if let Some(keys) = &keys {
            keys.warn_of_unused(&method);
        }
        Ok(Some(method))
    }

    /// The option at fault, and what helps.
    fn hint(&self, why: CannotAuthenticate, keys: Option<&ClientKeySet>) -> String {
        match why {
            CannotAuthenticate::NoUsableKey => format!(
                "--jwks contains no key that could verify an assertion: {}",
                keys.map(|keys| keys.unusable().join("; ")).unwrap_or_default()
            ),
            CannotAuthenticate::NoUsableCertificate => "--jwks contains no key with a certificate: the first of its \"x5c\" is the \
                                            certificate's DER in base64, as its PEM has it between the first and the \
                                            last line, without line breaks"
                .to_owned(),
            CannotAuthenticate::NotOneSubject => {
                let options = self.certificate.values().map(|(name, _)| option_of(name)).join(", ");
                format!("--method tls_client_auth needs exactly one of {options}")
            }
            CannotAuthenticate::UnusableSubject => {
                let given = self.certificate.values().into_iter().find(|(_, value)| value.is_some());
                let name = given.map_or(CertificateName::SanUri, |(name, _)| name);
                let example = match name {
                    CertificateName::SubjectDn => "CN=orders,O=Example\\, Inc.,C=DE",
                    CertificateName::SanIp => "192.0.2.7 or 2001:db8::7",
                    CertificateName::SanEmail => "orders@example.com",
                    CertificateName::SanDns | CertificateName::SanUri => {
                        "orders.example.com or spiffe://example.com/orders, in ASCII"
                    }
                };
                format!("no certificate can have the value of {}; write it as in {example}", option_of(name))
            }
            CannotAuthenticate::UnusablePrincipal => "--iam-principal-arn is not the ARN of one IAM user or role, as \
                                          arn:aws:iam::111122223333:role/services/Orders is; for a session give its role"
                .to_owned(),
            CannotAuthenticate::NoIssuer | CannotAuthenticate::UntrustedIssuer => "--issuer is not in TRUSTED_ISSUERS, byte for byte, and no \
                                                           other issuer's tokens are accepted; correct one of them"
                .to_owned(),
            CannotAuthenticate::UnlistedClient => "--id is not among the client_ids that TRUSTED_ISSUERS has for --issuer, so the \
                                       client's own tokens would be inactive; add it there first"
                .to_owned(),
            CannotAuthenticate::UnusablePrincipalId => "--iam-principal-id is not the unique id of such a principal: AIDA… \
                                                        of a user, AROA… of a role, in capitals and digits, as `aws iam \
                                                        get-role` prints it as RoleId"
                .to_owned(),
            _ => format!("this client could never authenticate, because {}", registration::cannot(why)),
        }
    }
}

impl CertificateNames {
    fn values(&self) -> [(CertificateName, Option<&String>); 5] {
        [
            (CertificateName::SubjectDn, self.subject_dn.as_ref()),
            (CertificateName::SanDns, self.san_dns.as_ref()),
            (CertificateName::SanUri, self.san_uri.as_ref()),
            (CertificateName::SanIp, self.san_ip.as_ref()),
            (CertificateName::SanEmail, self.san_email.as_ref()),
        ]
    }

    fn attributes(&self) -> impl Iterator<Item = (String, AttributeValue)> {
        let given = self.values().into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.map(|(name, value)| (name.attribute().to_owned(), AttributeValue::S(value.clone())))
    }
}

/// The option of this attribute.
fn option_of(name: CertificateName) -> String {
    format!("--{}", name.attribute().replace('_', "-"))
}
