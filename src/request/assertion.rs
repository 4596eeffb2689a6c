//! `private_key_jwt`: a JWT that the client signed, sent in the body (RFC 7523 §2.2).

use super::Parameters;
use crate::{
    jwt::{UnverifiedJws, UnverifiedJwt, is_jwt},
    records::TokenType,
    token::{Claims, is_too_long},
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The `client_assertion` of a request. Its signature is not verified yet.
pub struct PresentedAssertion {
    /// The client that it names, whose record is read. Empty if it does not name a client.
    pub client_id: String,
    /// The signed text, if it parses.
    pub jws: Option<UnverifiedJws>,
    /// The claims, which are registered for tokens as well. `None` if they cannot be read in full, if they name two
    /// clients, or if the assertion is of another type.
    pub claims: Option<Claims>,
}

impl PresentedAssertion {
    pub(super) fn parse(text: &str, parameters: &Parameters) -> Self {
        let is_readable = !is_too_long(text) && is_jwt(text);
        let Some(UnverifiedJwt { jws, claims }) = is_readable.then(|| UnverifiedJwt::parse(text).ok()).flatten() else {
            return Self { client_id: String::new(), jws: None, claims: None };
        };
        // A claim of a wrong type does not hide which client the assertion names: some clients send `"aud": null`.
        let named = |name| {
            let id: Option<String> = claims.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
            id.filter(|id| !id.is_empty())
        };
        let client_id = named("sub").or_else(|| named("iss")).unwrap_or_default();
        let is_named = |name: &str| !name.is_empty() && name == client_id;
        // RFC 7521 §4.2: a `client_id` in addition to the assertion must name the same client.
        let names_one_client = parameters.client_id.as_deref().is_none_or(is_named);
        // RFC 7521 §4.2 and RFC 7523 §2.2: `client_assertion_type` has exactly this value (E-01).
        let is_of_the_type = parameters.client_assertion_type.as_deref() == Some(TYPE);
        let claims = Claims::read(TokenType::AccessToken, claims).ok();
        // RFC 7523 §3: issuer and subject are both the client (E-02).
        let claims = claims.filter(|claims| {
            let subject = claims.subject.as_deref().unwrap_or_default();
            is_named(&claims.issuer) && is_named(subject) && names_one_client && is_of_the_type
        });
        Self { client_id, jws: Some(jws), claims }
    }
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
    fn e01_e02_b18_an_assertion_is_of_the_one_type_and_names_one_client_even_if_a_claim_cannot_be_read() {
        let good = jwt(r#"{"iss":"a","sub":"a"}"#);
        for (text, client_id, assertion_type, named, accepted) in [
            (good.as_str(), None, Some(TYPE), "a", true),
            (&good, Some("a"), Some(TYPE), "a", true),
            (&good, Some("b"), Some(TYPE), "a", false),
            (&good, None, None, "a", false),
            (&good, None, Some("urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), "a", false),
            (&good, None, Some("urn:ietf:params:oauth:client-assertion-type:JWT-bearer"), "a", false),
            (&jwt(r#"{"iss":"a","sub":"b"}"#), None, Some(TYPE), "b", false),
            (&jwt(r#"{"iss":"a"}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"","sub":""}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"sub":"a"}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"a","sub":["a"]}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"a","sub":""}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":7,"sub":"a"}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":7,"sub":null}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"iss":"a","sub":"a","aud":null}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"a","sub":"a","aud":7}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"a","sub":"a","aud":["x",null]}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"a","sub":"a","jti":{}}"#), None, Some(TYPE), "a", false),
            (&jwt(r#"{"iss":"a","sub":"a","sub":"a"}"#), None, Some(TYPE), "", false),
            (&jwt(r#"{"iss":"a","sub":"a","exp":"1"}"#), None, Some(TYPE), "a", false),
            (&format!("{good}="), None, Some(TYPE), "", false),
            ("a.b.c", None, Some(TYPE), "", false),
            (&format!("{good}{}", "A".repeat(16 * 1024)), None, Some(TYPE), "", false),
        ] {
            let presented = presented(text, client_id, assertion_type);
            let actual = (presented.client_id.as_str(), presented.claims.is_some());
            assert_eq!(actual, (named, accepted), "{text:.80} {client_id:?} {assertion_type:?}");
        }
    }
}
