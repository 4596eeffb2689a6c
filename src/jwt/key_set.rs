//! A JSON Web Key Set (RFC 7517 §5) as text: its entries, the keys that load, and why the others do not.

use std::fmt;

use serde_json::{Value, json};

use super::{Algorithm, VerificationKey, parse_object};

/// Why a text is not a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadableKeySet {
    NotJson,
    /// A member occurs twice, so the document has more than one reading.
    DuplicateMembers,
    /// JSON, but not an object with a list of `keys`.
    NotAKeySet,
}

/// Why an entry of a key set was not loaded. The other entries are not affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectedKey {
    NotAnObject,
    /// This member is missing, `null` or empty.
    Missing(&'static str),
    /// This member has the wrong JSON type.
    WrongType(&'static str),
    /// This member is not base64.
    Encoding(&'static str),
    /// This member has the wrong length for a key of its type.
    Length(&'static str),
    NotOnCurve,
    /// The key is symmetric. A shared secret must never be published.
    Symmetric,
    /// `use` is not `sig`.
    Use,
    /// `key_ops` does not contain `verify`.
    KeyOps,
    KeyType,
    Curve,
    UnknownAlgorithm,
    AlgorithmOfAnotherType,
    /// The key's algorithm, or every algorithm of its type, is missing from the allowed ones.
    AlgorithmNotAllowed,
    /// The RSA modulus is smaller than 2,048 or larger than 8,192 bits.
    RsaSize,
    RsaExponent,
}

/// An entry of a key set that was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedKey {
    /// The published `kid`. `None` if it is missing or cannot be read.
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
    /// Loads each entry by itself, so that one bad entry does not make the set unusable. RFC 7517 §4 and RFC 7517 §5:
    /// unknown members and keys are ignored (H-30).
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
    /// rules: the key was read, but must not be used.
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

    /// The stable name, for logs and `explain`.
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

    /// The member at fault, if there is one.
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
/// Returns [`UnreadableKeySet`] if the text is not one JSON object with a list of `keys`, or if it repeats a member.
pub fn key_set_entries(text: &[u8]) -> Result<Vec<Value>, UnreadableKeySet> {
    entries_of(document(text)?).ok_or(UnreadableKeySet::NotAKeySet)
}

/// The entries of a key set that a client registered. Empty if the text is not a key set. If a member occurs more than
/// once, the last one counts, as RFC 7517 §4 allows.
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

/// Writes these keys as a key set (RFC 7517 §5).
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a Value>) -> String {
    json!({ "keys": keys.into_iter().collect::<Vec<_>>() }).to_string()
}

/// Parses a JSON object that an issuer publishes: its key set or its metadata.
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

/// The `kid` of an entry, if it can be determined. A number is not a valid `kid`, but it shows which tokens the key is
/// for.
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
    fn h30_duplicates_and_invalid_json_are_different_causes() {
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
