//! A JSON Web Key Set (RFC 7517 §5) as a text: its entries, the keys that load, and why the others do not.

use std::fmt;

use serde_json::{Value, json};

use super::{Algorithm, VerificationKey, parse_object};

/// Why a text is not a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadableKeySet {
    NotJson,
    /// A member is named twice, so the document has more than one reading.
    DuplicateMembers,
    /// JSON, but not an object with a list of `keys`.
    NotAKeySet,
}

/// Why an entry of a key set was not loaded. The others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectedKey {
    NotAnObject,
    /// This member is missing, `null` or empty.
    Missing(&'static str),
    /// This member has another JSON type than it must have.
    WrongType(&'static str),
    /// This member is not base64.
    Encoding(&'static str),
    /// This member has another length than a key of its type has.
    Length(&'static str),
    NotOnCurve,
    /// A shared secret, which nothing that is published can be.
    Symmetric,
    /// `use` is not `sig`.
    Use,
    /// `key_ops` does not contain `verify`.
    KeyOps,
    KeyType,
    Curve,
    UnknownAlgorithm,
    AlgorithmOfAnotherType,
    /// Its algorithm, or every one of its type, is missing from the allowed algorithms.
    AlgorithmNotAllowed,
    /// An RSA modulus outside 2,048 to 8,192 bits.
    RsaSize,
    RsaExponent,
}

/// An entry of a key set that was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedKey {
    /// As published. `None` if it has none, or one that cannot be read.
    pub kid: Option<String>,
    pub kty: Option<String>,
    pub cause: RejectedKey,
}

/// The keys of a set: those that loaded and those that did not.
#[derive(Default)]
pub struct LoadedKeys {
    pub keys: Vec<VerificationKey>,
    pub dropped: Vec<DroppedKey>,
}

impl LoadedKeys {
    /// Loads each entry by itself, so that one bad entry never loses the set. RFC 7517 §4 and RFC 7517 §5: members and
    /// keys that are not understood are ignored (H-30).
    pub fn load(entries: &[Value], algorithms: &[Algorithm]) -> Self {
        let mut loaded = Self::default();
        for entry in entries {
            match VerificationKey::from_issuer_jwk(entry, algorithms) {
                Ok(key) => loaded.keys.push(key),
                Err(cause) => loaded.dropped.push(DroppedKey::new(entry, cause)),
            }
        }
        loaded
    }
}

impl DroppedKey {
    fn new(entry: &Value, cause: RejectedKey) -> Self {
        Self { kid: kid(entry), kty: entry.get("kty").and_then(Value::as_str).map(str::to_owned), cause }
    }
}

impl fmt::Display for DroppedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(formatter, "kid {kid:?}")?,
            None => write!(formatter, "without kid")?,
        }
        write!(formatter, ", kty {}: {}", self.kty.as_deref().unwrap_or("missing"), self.cause)
    }
}

impl RejectedKey {
    /// Whether the key was published but could not be read, so that nothing is known about it. The other causes are
    /// rules: such a key was read, and is not a key of the set.
    pub fn is_unreadable(self) -> bool {
        match self {
            Self::NotAnObject
            | Self::Missing(_)
            | Self::WrongType(_)
            | Self::Encoding(_)
            | Self::Length(_)
            | Self::NotOnCurve => true,
            Self::Symmetric
            | Self::Use
            | Self::KeyOps
            | Self::KeyType
            | Self::Curve
            | Self::UnknownAlgorithm
            | Self::AlgorithmOfAnotherType
            | Self::AlgorithmNotAllowed
            | Self::RsaSize
            | Self::RsaExponent => false,
        }
    }

    /// Its stable name, for logs and `explain`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::Missing(_) => "missing_member",
            Self::WrongType(_) => "wrong_member_type",
            Self::Encoding(_) => "not_base64",
            Self::Length(_) => "wrong_length",
            Self::NotOnCurve => "not_on_curve",
            Self::Symmetric => "symmetric",
            Self::Use => "use_not_sig",
            Self::KeyOps => "key_ops_without_verify",
            Self::KeyType => "unknown_kty",
            Self::Curve => "unknown_crv",
            Self::UnknownAlgorithm => "unknown_alg",
            Self::AlgorithmOfAnotherType => "alg_of_another_kty",
            Self::AlgorithmNotAllowed => "alg_not_allowed",
            Self::RsaSize => "rsa_size",
            Self::RsaExponent => "rsa_exponent",
        }
    }

    /// The member that is at fault, if it is one.
    pub fn member(self) -> Option<&'static str> {
        match self {
            Self::Missing(member) | Self::WrongType(member) | Self::Encoding(member) | Self::Length(member) => {
                Some(member)
            }
            _ => None,
        }
    }
}

impl fmt::Display for RejectedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member() {
            Some(member) => write!(formatter, "{} ({member})", self.name()),
            None => formatter.write_str(self.name()),
        }
    }
}

/// The entries of a key set.
///
/// # Errors
///
/// Returns [`UnreadableKeySet`] if the text is not one JSON object with a list of `keys`, or names a member twice.
pub fn key_set_entries(text: &[u8]) -> Result<Vec<Value>, UnreadableKeySet> {
    entries_of(document(text)?).ok_or(UnreadableKeySet::NotAKeySet)
}

/// The entries of a key set that a client registered; empty if the text is not a key set. Of several members with one
/// name the last counts, as RFC 7517 §4 allows.
pub fn registered_entries(text: &str) -> Vec<Value> {
    serde_json::from_str(text).ok().and_then(entries_of).unwrap_or_default()
}

/// The entries of an object that is a key set.
fn entries_of(mut set: serde_json::Map<String, Value>) -> Option<Vec<Value>> {
    match set.remove("keys") {
        Some(Value::Array(entries)) => Some(entries),
        _ => None,
    }
}

/// The key set of these keys (RFC 7517 §5), as a text.
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a Value>) -> String {
    json!({ "keys": keys.into_iter().collect::<Vec<_>>() }).to_string()
}

/// A JSON object that an issuer publishes: its key set or its metadata.
///
/// # Errors
///
/// Returns [`UnreadableKeySet`], as [`key_set_entries`] does.
pub fn document(text: &[u8]) -> Result<serde_json::Map<String, Value>, UnreadableKeySet> {
    parse_object(text).map_err(|_| match serde_json::from_slice::<Value>(text) {
        Ok(Value::Object(_)) => UnreadableKeySet::DuplicateMembers,
        Ok(_) => UnreadableKeySet::NotAKeySet,
        Err(_) => UnreadableKeySet::NotJson,
    })
}

/// The `kid` of an entry, if one can be made out. A number is not a valid `kid`, but names the tokens that mean it.
pub fn kid(entry: &Value) -> Option<String> {
    match entry.get("kid") {
        Some(Value::String(kid)) if !kid.is_empty() => Some(kid.clone()),
        Some(Value::Number(kid)) => Some(kid.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h30_a_document_with_duplicates_is_told_from_one_that_is_not_json() {
        for (text, expected) in [
            (r#"{"keys":[],"keys":[]}"#, UnreadableKeySet::DuplicateMembers),
            (r#"{"keys":[{"kid":"a","kid":"b"}]}"#, UnreadableKeySet::DuplicateMembers),
            (r#"{"keys":[],"x":{"a":1,"a":1}}"#, UnreadableKeySet::DuplicateMembers),
            ("<html>", UnreadableKeySet::NotJson),
            ("", UnreadableKeySet::NotJson),
            (r#"{"keys":[]"#, UnreadableKeySet::NotJson),
            ("[]", UnreadableKeySet::NotAKeySet),
            (r#"{"keys":{}}"#, UnreadableKeySet::NotAKeySet),
            (r#"{"kty":"RSA"}"#, UnreadableKeySet::NotAKeySet),
        ] {
            assert_eq!(key_set_entries(text.as_bytes()).err(), Some(expected), "{text}");
        }
        assert_eq!(key_set_entries(br#"{"keys":[1]}"#), Ok(vec![1.into()]));
    }

    #[test]
    fn h31_each_cause_has_a_name_of_its_own() {
        let entries: Vec<Value> =
            serde_json::from_str(r#"[7, {"kty":"oct","kid":"a"}, {"kty":"EC","kid":9}]"#).unwrap();
        let loaded = LoadedKeys::load(&entries, &[Algorithm::Es256]);
        let lines: Vec<_> = loaded.dropped.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "without kid, kty missing: not_an_object",
                "kid \"a\", kty oct: symmetric",
                "kid \"9\", kty EC: wrong_member_type (kid)",
            ]
        );
    }
}
