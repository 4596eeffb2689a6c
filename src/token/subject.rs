//! Subject identifiers: how a request or an event names what it is about (RFC 9493).

use serde_json::Value;

/// A subject by its issuer and its identifier there.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuerSubject {
    pub issuer: String,
    pub subject: String,
}

impl IssuerSubject {
    /// Reads a subject identifier of the format `iss_sub` (RFC 9493 §3.2.3). `None` if it has another format, or if a
    /// member is missing, empty or not a string.
    pub fn parse(identifier: &Value) -> Option<Self> {
        let member = |name: &str| identifier.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let is_of_format = member("format").is_some_and(|format| format == "iss_sub");
        is_of_format.then(|| Some(Self { issuer: member("iss")?, subject: member("sub")? })).flatten()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn r16_a_subject_has_an_issuer_and_an_identifier() {
        let good = json!({ "format": "iss_sub", "iss": "https://a", "sub": "alice", "other": 1 });
        let parsed = IssuerSubject::parse(&good).map(|subject| (subject.issuer, subject.subject));
        assert_eq!(parsed, Some(("https://a".to_owned(), "alice".to_owned())));
        for wrong in [
            json!({ "format": "iss_sub", "iss": "https://a" }),
            json!({ "format": "iss_sub", "iss": "https://a", "sub": "" }),
            json!({ "format": "iss_sub", "iss": 1, "sub": "alice" }),
            json!({ "format": "ISS_SUB", "iss": "https://a", "sub": "alice" }),
            json!({ "iss": "https://a", "sub": "alice" }),
            json!({ "format": "email", "email": "alice@example.com" }),
            json!({ "format": "opaque", "id": "alice" }),
            json!(["iss_sub"]),
            json!("alice"),
            json!(null),
        ] {
            assert!(IssuerSubject::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
