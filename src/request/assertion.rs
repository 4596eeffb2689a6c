//! `private_key_jwt`: a JWT that the client signed, sent in the body (RFC 7523 §2.2).

use super::Parameters;
use crate::{
    jwt::{Header, UnverifiedJws, UnverifiedJwt, VerificationKey, is_jwt},
    records::TokenType,
    token::Claims,
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A longer assertion is none.
const MAX_BYTES: usize = 16 * 1024;

/// What was sent as `client_assertion`.
pub struct PresentedAssertion {
    /// The client that it names; it chooses the record to read. Empty where no client can be read from it.
    pub client_id: String,
    /// `None`, if it is malformed, of another type, or names two clients.
    pub assertion: Option<Assertion>,
}

/// An assertion that parsed and names one client, whose signature nobody has checked.
pub struct Assertion {
    jws: UnverifiedJws,
    /// RFC 7523 §3 takes its claims from the same registry as a token's.
    pub claims: Claims,
}

impl PresentedAssertion {
    /// The method's name in client records and metadata.
    pub const METHOD: &'static str = "private_key_jwt";

    pub(super) fn parse(text: &str, parameters: &Parameters) -> Self {
        let Some(assertion) = read(text) else { return Self { client_id: String::new(), assertion: None } };
        let client_id = assertion.claims.subject.clone().unwrap_or_default();
        let names = |name: &str| !name.is_empty() && name == client_id;
        let names_one_client = names(&assertion.claims.issuer) && parameters.client_id.as_deref().is_none_or(names);
        let is_of_the_type = parameters.client_assertion_type.as_deref() == Some(TYPE);
        Self { client_id, assertion: Some(assertion).filter(|_| names_one_client && is_of_the_type) }
    }
}

impl Assertion {
    pub fn header(&self) -> &Header {
        &self.jws.header
    }

    pub fn is_signed_by(&self, key: &VerificationKey) -> bool {
        key.verifies(&self.jws)
    }
}

fn read(text: &str) -> Option<Assertion> {
    if text.len() > MAX_BYTES || !is_jwt(text) {
        return None;
    }
    let UnverifiedJwt { jws, claims } = UnverifiedJwt::parse(text).ok()?;
    let claims = Claims::read(TokenType::AccessToken, claims).ok()?;
    Some(Assertion { jws, claims })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn jwt(claims: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#), URL_SAFE_NO_PAD.encode(claims))
    }

    fn presented(text: &str, client_id: Option<&str>, assertion_type: Option<&str>) -> PresentedAssertion {
        let parameters = Parameters {
            client_id: client_id.map(str::to_owned),
            client_assertion_type: assertion_type.map(str::to_owned),
            ..Parameters::default()
        };
        PresentedAssertion::parse(text, &parameters)
    }

    #[test]
    fn e01_e02_an_assertion_is_of_the_one_type_and_names_one_client() {
        let good = jwt(r#"{"iss":"a","sub":"a"}"#);
        for (text, client_id, assertion_type, named, accepted) in [
            (good.as_str(), None, Some(TYPE), "a", true),
            (&good, Some("a"), Some(TYPE), "a", true),
            (&good, Some("b"), Some(TYPE), "a", false),
            (&good, None, None, "a", false),
            (&good, None, Some("urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), "a", false),
            (&good, None, Some("urn:ietf:params:oauth:client-assertion-type:JWT-bearer"), "a", false),
            (&jwt(r#"{"iss":"a","sub":"b"}"#), None, Some(TYPE), "b", false),
            (&jwt(r#"{"iss":"a"}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"iss":"","sub":""}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"sub":"a"}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"iss":"a","sub":"a","sub":"a"}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"iss":"a","sub":"a","exp":"1"}"#), None, Some(TYPE), "", false),
            (&format!("{good}="), None, Some(TYPE), "", false),
            ("a.b.c", None, Some(TYPE), "", false),
            (&format!("{good}{}", "A".repeat(MAX_BYTES)), None, Some(TYPE), "", false),
        ] {
            let presented = presented(text, client_id, assertion_type);
            let actual = (presented.client_id.as_str(), presented.assertion.is_some());
            assert_eq!(actual, (named, accepted), "{text:.80} {client_id:?} {assertion_type:?}");
        }
    }
}
