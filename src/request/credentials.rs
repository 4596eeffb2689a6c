//! How the caller identifies itself. Secrets are hashed here, and their plaintext is not passed on.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, header::AUTHORIZATION};

use super::{Parameters, PresentedAssertion, PresentedBearer, RequestError, form};
use crate::{
    auth_method::AuthMethod,
    call::{Call, Identity},
    digest::Digest,
    records::ItemKey,
    settings::Settings,
};

/// The beginning of an `Authorization` header with an AWS signature.
const SIGNATURE_VERSION_4: &[u8] = b"AWS4-";

/// Credentials as presented, before they are checked.
pub enum Credentials<'a> {
    /// A client id and a secret.
    Secret(PresentedSecret),
    /// A signed assertion.
    Assertion(Box<PresentedAssertion>),
    /// An access token of the caller.
    Bearer(Box<PresentedBearer<'a>>),
    /// A client id, and the identity that the gateway authenticated.
    Gateway(GatewayCredentials<'a>),
    /// A mechanism that is not supported here.
    Unsupported,
}

/// Credentials at the revocation endpoint, at which a public client identifies itself only by its id (RFC 7009 §5).
pub enum RevocationCredentials<'a> {
    Confidential(Credentials<'a>),
    /// The id of a client that presented no other credentials.
    PublicClient(String),
}

/// A secret that was sent with a client id. It has no `Debug`, although it contains only digests.
pub struct PresentedSecret {
    pub client_id: String,
    /// How it was sent: one of [`AuthMethod::WITH_SECRET`].
    pub method: AuthMethod,
    /// The digests of three readings of the secret: form-decoded, as sent, and percent-decoded with `+` kept. Some
    /// clients encode it, some do not, and some only percent-encode it (C-05).
    pub digests: [Digest; 3],
}

/// The client id of a caller that the gateway has authenticated.
pub struct GatewayCredentials<'a> {
    pub client_id: String,
    pub identity: &'a Identity,
}

impl<'a> Credentials<'a> {
    /// Reads the credentials of a request.
    ///
    /// # Errors
    ///
    /// Returns [`RequestError::TwoMechanisms`], [`RequestError::UnreadableCredentials`] or
    /// [`RequestError::ClientIdMismatch`] if the credentials are contradictory or unreadable, and
    /// [`RequestError::NoCredentials`] if there are no credentials.
    pub fn parse(call: &'a Call, parameters: &Parameters, settings: &'a Settings) -> Result<Self, RequestError> {
        let identity = &call.identity;
        // The gateway has checked that signature, and its request context contains the result.
        let is_the_gateways =
            |value: &&HeaderValue| identity.iam_user_arn.is_some() && value.as_bytes().starts_with(SIGNATURE_VERSION_4);
        let mut authorization = call.headers.get_all(AUTHORIZATION).iter().filter(|value| !is_the_gateways(value));
        let (header, second_header) = (authorization.next(), authorization.next());
        let mechanisms = [header.is_some(), parameters.client_secret.is_some(), parameters.client_assertion.is_some()];
        // RFC 6749 §2.3: a client must not use more than one authentication method in a request.
        if mechanisms.into_iter().filter(|used| *used).count() > 1 {
            return Err(RequestError::TwoMechanisms);
        }
        if second_header.is_some() {
            return Err(RequestError::UnreadableCredentials);
        }
        if let Some(header) = header {
            let text = std::str::from_utf8(header.as_bytes()).map_err(|_| RequestError::UnreadableCredentials)?;
            match scheme(text)? {
                (Scheme::Basic, credentials) => from_basic(credentials, parameters.client_id.as_deref()),
                (Scheme::Bearer, token) => {
                    Ok(Self::Bearer(Box::new(PresentedBearer::parse(token, parameters, settings))))
                }
                // RFC 9449 §7.1: `DPoP` requires a proof for each request, which is not checked for callers, so it
                // authenticates none (D-06).
                (Scheme::Dpop | Scheme::Other, _) => Ok(Self::Unsupported),
            }
        } else if let Some(secret) = &parameters.client_secret {
            // RFC 6749 §2.3.1: a secret may be in the body instead of the header, and nowhere else (C-08).
            let digest = Digest::of(secret);
            Ok(Self::Secret(PresentedSecret {
                client_id: parameters.client_id.clone().unwrap_or_default(),
                method: AuthMethod::ClientSecretPost,
                digests: [digest; 3],
            }))
        } else if let Some(assertion) = &parameters.client_assertion {
            Ok(Self::Assertion(Box::new(PresentedAssertion::parse(assertion, parameters))))
        } else {
            // RFC 8705 §2: with mutual TLS, `client_id` says which client this is. It counts only together with an
            // identity that the gateway authenticated, and only if no other credentials were sent (B-07, F-06).
            // RFC 7662 §2.1: no caller is answered without credentials (B-01).
            let has_identity = identity.iam_user_arn.is_some() || identity.certificate.is_some();
            let client_id = parameters.client_id.clone().filter(|_| has_identity).ok_or(RequestError::NoCredentials)?;
            Ok(Self::Gateway(GatewayCredentials { client_id, identity }))
        }
    }

    /// The client id that was presented, unverified. Empty if it is missing.
    pub fn client_id(&self) -> &str {
        match self {
            Self::Secret(presented) => &presented.client_id,
            Self::Assertion(presented) => &presented.client_id,
            Self::Gateway(presented) => &presented.client_id,
            Self::Bearer(presented) => &presented.client_id,
            Self::Unsupported => "",
        }
    }

    /// The mechanism, for the log.
    pub fn method(&self) -> Option<&'static str> {
        match self {
            Self::Secret(presented) => Some(presented.method.name()),
            Self::Assertion(_) => Some(AuthMethod::PrivateKeyJwt.name()),
            // Only the client's record says which of the two methods of mutual TLS it is.
            Self::Gateway(GatewayCredentials { identity, .. }) => {
                Some(if identity.iam_user_arn.is_some() { AuthMethod::AwsIam.name() } else { "mutual_tls" })
            }
            Self::Bearer(_) => Some(AuthMethod::Bearer.name()),
            Self::Unsupported => None,
        }
    }

    /// Records the token to introspect, which must not be the credentials themselves.
    pub fn reject_self_introspection(&mut self, token: &str) {
        if let Self::Bearer(presented) = self {
            presented.reject_self_introspection(token);
        }
    }

    /// The key of the client's record. `None` if the text cannot be a client id (B-18).
    pub fn client_key(&self) -> Option<ItemKey> {
        client_key(self.client_id())
    }
}

impl<'a> RevocationCredentials<'a> {
    /// Reads the credentials of a request to revoke.
    ///
    /// # Errors
    ///
    /// Returns [`RequestError`] as [`Credentials::parse`] does, except that a client id without other credentials is
    /// accepted.
    pub fn parse(call: &'a Call, parameters: &Parameters, settings: &'a Settings) -> Result<Self, RequestError> {
        match (Credentials::parse(call, parameters, settings), &parameters.client_id) {
            (Err(RequestError::NoCredentials), Some(client_id)) => Ok(Self::PublicClient(client_id.clone())),
            (credentials, _) => credentials.map(Self::Confidential),
        }
    }

    /// The mechanism, for the audit record.
    pub fn method(&self) -> Option<&'static str> {
        match self {
            Self::Confidential(credentials) => credentials.method(),
            Self::PublicClient(_) => Some(AuthMethod::None.name()),
        }
    }
}

/// The key of a client's record. `None` if the text cannot be a client id.
pub fn client_key(client_id: &str) -> Option<ItemKey> {
    if client_id.contains(char::is_control) { None } else { ItemKey::client(client_id).ok() }
}

/// The known schemes of `Authorization`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Basic,
    Bearer,
    Dpop,
    Other,
}

/// Splits a header's value into scheme and credentials (RFC 9110 §11.6.2).
pub(super) fn scheme(value: &str) -> Result<(Scheme, &str), RequestError> {
    // Only these two characters are white space in a header.
    let value = value.trim_matches([' ', '\t']);
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    // RFC 9110 §11.1: the name of a scheme is case-insensitive (C-01).
    let is = |name| scheme.eq_ignore_ascii_case(name);
    // HTTP APIs join two headers with a comma, which neither a scheme's name nor any of these credentials may contain.
    let joined = scheme.contains(',') || (is("Basic") || is("Bearer") || is("DPoP")) && value.contains(',');
    if scheme.is_empty() || joined {
        return Err(RequestError::UnreadableCredentials);
    }
    let scheme = if is("Basic") {
        Scheme::Basic
    } else if is("Bearer") {
        Scheme::Bearer
    } else if is("DPoP") {
        Scheme::Dpop
    } else {
        Scheme::Other
    };
    Ok((scheme, credentials.trim_start_matches([' ', '\t'])))
}

fn from_basic(credentials: &str, body_client_id: Option<&str>) -> Result<Credentials<'static>, RequestError> {
    // RFC 6749 §5.2: a request that cannot be read is `invalid_request` (C-06).
    let presented = basic(credentials).ok_or(RequestError::UnreadableCredentials)?;
    // Some clients repeat their id in the body. With a different id there, either client could be meant (B-06).
    if body_client_id.is_some_and(|id| id != presented.client_id) {
        return Err(RequestError::ClientIdMismatch);
    }
    Ok(Credentials::Secret(presented))
}

/// Reads a client id and a secret around the first colon (RFC 7617 §2). RFC 6749 §2.3.1 requires both to be
/// form-encoded, which half of the clients omit (C-02, C-03, C-04).
fn basic(credentials: &str) -> Option<PresentedSecret> {
    let text = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    if text.contains(char::is_control) {
        return None;
    }
    let (raw_id, raw_secret) = text.split_once(':')?;
    let decoded = |raw: &str| form::decode(raw.as_bytes()).unwrap_or_else(|form::NotUtf8| raw.to_owned());
    let with_plus = form::decode_percent_only(raw_secret).unwrap_or_else(|form::NotUtf8| raw_secret.to_owned());
    Some(PresentedSecret {
        client_id: decoded(raw_id),
        method: AuthMethod::ClientSecretBasic,
        digests: [Digest::of(decoded(raw_secret)), Digest::of(raw_secret), Digest::of(with_plus)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &str) -> Result<Credentials<'static>, RequestError> {
        from_header(value, None)
    }

    fn from_header(value: &str, body_client_id: Option<&str>) -> Result<Credentials<'static>, RequestError> {
        match scheme(value)? {
            (Scheme::Basic, credentials) => from_basic(credentials, body_client_id),
            _ => Ok(Credentials::Unsupported),
        }
    }

    fn basic_header(text: impl AsRef<[u8]>) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn secret(value: &str) -> Option<(String, [String; 3])> {
        match header(value) {
            Ok(Credentials::Secret(presented)) => Some((presented.client_id, presented.digests.map(Digest::to_hex))),
            _ => None,
        }
    }

    #[test]
    fn c03_the_published_vector_is_read() {
        let value = "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==";
        let (id, digests) = secret(value).unwrap();
        assert_eq!(id, "1PpG/Q 1");
        assert_eq!(digests[0], Digest::of("z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=").to_hex());
    }

    #[test]
    fn c02_c04_c05_the_three_readings_of_the_secret_are_kept_and_the_id_is_the_decoded_one() {
        for (text, id, decoded, raw, with_plus) in [
            ("https%3A%2F%2Fapi.example%2Fx:a%2Bb", "https://api.example/x", "a+b", "a%2Bb", "a+b"),
            ("id:a+b:c", "id", "a b:c", "a+b:c", "a+b:c"),
            ("id:a+b%2F", "id", "a b/", "a+b%2F", "a+b/"),
            ("a%2Bb:c", "a+b", "c", "c", "c"),
            ("id:%FF", "id", "%FF", "%FF", "%FF"),
            ("%FFid:x", "%FFid", "x", "x", "x"),
            ("id:%zz", "id", "%zz", "%zz", "%zz"),
            ("ïd:é", "ïd", "é", "é", "é"),
            ("id:", "id", "", "", ""),
        ] {
            let expected = (id.to_owned(), [decoded, raw, with_plus].map(|reading| Digest::of(reading).to_hex()));
            assert_eq!(secret(&basic_header(text)), Some(expected), "{text}");
        }
    }

    #[test]
    fn c01_the_scheme_has_no_case() {
        for scheme in ["Basic", "basic", "BASIC", "bAsIc"] {
            assert!(secret(&format!("{scheme} {}", STANDARD.encode("a:b"))).is_some(), "{scheme}");
        }
    }

    #[test]
    fn c06_a15_unreadable_credentials_are_a_bad_request() {
        let twice = format!("{}, {}", basic_header("a:b"), basic_header("a:b"));
        for value in [
            "Basic",
            "Basic ",
            "Basic a:b",
            "Basic YTpi=",
            "Basic YTp",
            &basic_header("no colon"),
            &basic_header("a:b\n"),
            &basic_header("a\0:b"),
            &basic_header(b"a:\xff"),
            &twice,
            "Bearer a, Basic YTpi",
            "",
            "  ",
        ] {
            assert_eq!(header(value).err(), Some(RequestError::UnreadableCredentials), "{value}");
        }
    }

    #[test]
    fn d06_other_schemes_are_not_supported() {
        for value in ["DPoP abc", "dpop abc", "Digest a=1, b=2", "Negotiate", "Bearerabc"] {
            let is_supported = |scheme| [Scheme::Basic, Scheme::Bearer].contains(&scheme);
            assert!(scheme(value).is_ok_and(|(scheme, _)| !is_supported(scheme)), "{value}");
        }
        for value in ["Bearer abc", "bearer abc", "BEARER  abc", "Bearer"] {
            assert!(scheme(value).is_ok_and(|(scheme, _)| scheme == Scheme::Bearer), "{value}");
        }
    }

    #[test]
    fn c01_white_space_of_unicode_is_not_white_space_of_a_header() {
        for space in ["\u{85}", "\u{a0}", "\u{2003}", "\u{3000}"] {
            assert!(header(&format!("{space}Basic YTpi")).is_ok_and(|found| matches!(found, Credentials::Unsupported)));
            for value in [format!("Basic {space}YTpi"), format!("Basic YTpi{space}")] {
                assert_eq!(header(&value).err(), Some(RequestError::UnreadableCredentials), "{value:?}");
            }
        }
        assert!(secret("\t Basic \t YTpi \t").is_some());
    }

    #[test]
    fn b06_the_body_may_repeat_the_client_id_and_not_change_it() {
        let value = basic_header("a%20b:secret");
        assert!(from_header(&value, Some("a b")).is_ok());
        assert_eq!(from_header(&value, Some("a%20b")).err(), Some(RequestError::ClientIdMismatch));
    }

    #[test]
    fn b18_unusable_client_ids_have_no_key() {
        for id in ["", "a%0Ab", &"x".repeat(3000)] {
            assert!(
                header(&basic_header(format!("{id}:s"))).is_ok_and(|presented| presented.client_key().is_none()),
                "{id}"
            );
        }
    }
}
