//! The known parameters of a form body, each at most once.

use serde_json::{Map, Value};

use super::{RequestError, form};

/// The parameters of the body. They contain secrets, so there is no `Debug`.
#[derive(Default)]
pub struct Parameters {
    pub token: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_assertion: Option<String>,
    pub client_assertion_type: Option<String>,
    /// What the sender of the token presented to the resource server, which forwards it. An extension of this server.
    pub dpop: Option<String>,
    pub htm: Option<String>,
    pub htu: Option<String>,
    pub client_certificate: Option<String>,
    pub client_certificate_thumbprint: Option<String>,
}

/// The parameters about proofs. A batch has none, because a proof belongs to one token.
pub const OF_PROOFS: [&str; 5] = ["dpop", "htm", "htu", "client_certificate", "client_certificate_thumbprint"];

impl Parameters {
    /// Reads a form body.
    ///
    /// # Errors
    ///
    /// Returns [`RequestError::MalformedForm`] if the body cannot be decoded, and [`RequestError::DuplicateParameter`]
    /// if a known parameter occurs more than once.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let mut parameters = Self::default();
        let mut hint = None;
        let (mut seen, mut duplicate) = (Vec::new(), false);
        for (name, value) in form::parse(body).map_err(|form::NotUtf8| RequestError::MalformedForm)? {
            // RFC 7662 §1.1: names and values are case sensitive, so `Token` is another parameter.
            let slot = match name.as_str() {
                "token" => &mut parameters.token,
                // RFC 7662 §2.1 and RFC 7009 §2.1: a server may ignore the hint. Its value is dropped here, so no
                // decision can depend on it. Sending it twice is still an error.
                "token_type_hint" => &mut hint,
                "client_id" => &mut parameters.client_id,
                "client_secret" => &mut parameters.client_secret,
                "client_assertion" => &mut parameters.client_assertion,
                "client_assertion_type" => &mut parameters.client_assertion_type,
                "dpop" => &mut parameters.dpop,
                "htm" => &mut parameters.htm,
                "htu" => &mut parameters.htu,
                "client_certificate" => &mut parameters.client_certificate,
                "client_certificate_thumbprint" => &mut parameters.client_certificate_thumbprint,
                // RFC 6749 §3.2: a server must ignore unknown parameters.
                _ => continue,
            };
            // RFC 6749 §3.1: a parameter without a value counts as omitted.
            *slot = Some(value).filter(|value| !value.is_empty());
            duplicate |= seen.contains(&name);
            seen.push(name);
        }
        // RFC 6749 §3.2: a parameter must not be sent more than once.
        if duplicate { Err(RequestError::DuplicateParameter) } else { Ok(parameters) }
    }

    /// Takes the credentials out of a batch's JSON object, whose members were already checked for duplicates.
    ///
    /// # Errors
    ///
    /// Returns [`RequestError::MalformedForm`] if one of them is not a string.
    pub fn from_json(members: &mut Map<String, Value>) -> Result<Self, RequestError> {
        let mut string = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(RequestError::MalformedForm),
        };
        Ok(Self {
            client_id: string("client_id")?,
            client_secret: string("client_secret")?,
            client_assertion: string("client_assertion")?,
            client_assertion_type: string("client_assertion_type")?,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a21_the_credentials_of_a_batch_are_strings_of_its_object() {
        let names = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
        let read = |batch: Value| {
            let mut members = batch.as_object().cloned().unwrap();
            let parameters = Parameters::from_json(&mut members);
            parameters.map(|found| {
                [found.client_id, found.client_secret, found.client_assertion, found.client_assertion_type]
            })
        };
        for (at, name) in names.into_iter().enumerate() {
            let mut expected = [None, None, None, None];
            assert_eq!(read(json!({ name: "" })), Ok(expected.clone()), "{name}");
            expected[at] = Some("a".to_owned());
            assert_eq!(read(json!({ name: "a", "tokens": [] })), Ok(expected), "{name}");
            for wrong in [json!(null), json!(1), json!(["a"])] {
                assert_eq!(read(json!({ name: wrong })), Err(RequestError::MalformedForm), "{name}");
            }
        }
    }

    #[test]
    fn a07_a08_known_parameters_occur_once_and_others_any_number_of_times() {
        let others =
            ["token", "token_type_hint", "client_id", "client_secret", "client_assertion", "client_assertion_type"];
        for name in others.into_iter().chain(OF_PROOFS) {
            for body in [format!("{name}=a&{name}=a"), format!("{name}=&{name}=a"), format!("{name}&x=1&{name}")] {
                assert_eq!(Parameters::parse(body.as_bytes()).err(), Some(RequestError::DuplicateParameter), "{body}");
            }
        }
        assert!(Parameters::parse(b"token=a&x=1&x=2&Token=b&TOKEN=c").is_ok());
    }

    #[test]
    fn a06_a09_empty_is_absent_and_names_are_case_sensitive() {
        for body in ["token=", "token", "Token=a", "token%20=a"] {
            assert_eq!(Parameters::parse(body.as_bytes()).map(|parameters| parameters.token), Ok(None), "{body}");
        }
        assert_eq!(Parameters::parse(b"%74oken=a%20b").map(|parameters| parameters.token), Ok(Some("a b".into())));
    }
}
