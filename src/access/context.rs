//! The claims of an active token as API Gateway passes them to the protected API: strings by their names.

use std::collections::BTreeMap;

use crate::{
    jwt::{RawMembers, parse_members},
    view::View,
};

/// Members that API Gateway writes beside the context itself. A claim of that name could be taken for the gateway's.
const OF_THE_GATEWAY: [&str; 3] = ["principalId", "integrationLatency", "usageIdentifierKey"];
const MAX_NAME_BYTES: usize = 256;

/// The released claims by name.
pub(super) struct Context {
    pub claims: BTreeMap<String, String>,
    /// How many claims were left out because of their name or their text.
    pub left_out: usize,
}

impl Context {
    /// The members of a view. `None` if it cannot be serialized, which would be a defect.
    ///
    /// API Gateway accepts strings, numbers and booleans, and rounds numbers. So every value becomes a string (T-05): a string
    /// as it is, everything else as its JSON text.
    pub fn of(view: &View) -> Option<Self> {
        let members = serde_json::to_string(view).ok()?;
        Self::of_members(parse_members(members.as_bytes()).ok()?)
    }

    fn of_members(mut members: RawMembers) -> Option<Self> {
        members.remove("active");
        let mut context = Self { claims: BTreeMap::new(), left_out: 0 };
        for (name, value) in members {
            let text = if value.get().starts_with('"') {
                serde_json::from_str::<String>(value.get()).ok()?
            } else {
                // A line break between the parts of a value has no meaning in JSON, and within a string it is escaped.
                value.get().replace(char::is_control, " ")
            };
            if is_name(&name) && !text.contains(char::is_control) {
                context.claims.insert(name, text);
            } else {
                context.left_out += 1;
            }
        }
        Some(context)
    }
}

/// Whether a claim may have this name in the context. URIs may be names, as issuers' own claims often have.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_plain) && !OF_THE_GATEWAY.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t05_each_value_becomes_a_string_and_numbers_keep_their_digits() {
        let text = r#"{"active":true,"sub":"al\"ice","exp":1700000000,"big":123456789012345678901234567890,"ratio":0.10,
            "admin":true,"none":null,"aud":["a","b"],"cnf":{"jkt":
            "k"},"https://example.com/roles":["a\nb"],"umlaut":"Größe"}"#;
        let context = Context::of_members(parse_members(text.as_bytes()).unwrap()).unwrap();
        let claims: Vec<(&str, &str)> =
            context.claims.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("admin", "true"),
            ("aud", r#"["a","b"]"#),
            ("big", "123456789012345678901234567890"),
            ("cnf", "{\"jkt\":             \"k\"}"),
            ("exp", "1700000000"),
            ("https://example.com/roles", r#"["a\nb"]"#),
            ("none", "null"),
            ("ratio", "0.10"),
            ("sub", "al\"ice"),
            ("umlaut", "Größe"),
        ];
        assert_eq!(claims, expected.map(|(name, value)| (name, value.trim())));
        assert_eq!(context.left_out, 0);
    }

    #[test]
    fn t05_names_and_texts_that_could_mislead_the_api_are_left_out() {
        let long = "n".repeat(MAX_NAME_BYTES + 1);
        for (name, value, kept) in [
            ("role", "admin", true),
            ("role", "a\\r\\nX-Admin: 1", false),
            ("role", "a\\u0000", false),
            ("principalId", "admin", false),
            ("integrationLatency", "1", false),
            ("usageIdentifierKey", "key", false),
            ("", "x", false),
            ("a b", "x", false),
            ("a\\nb", "x", false),
            ("a\\\"b", "x", false),
            ("größe", "x", false),
            (long.as_str(), "x", false),
        ] {
            let text = format!(r#"{{"{name}":"{value}"}}"#);
            let context = Context::of_members(parse_members(text.as_bytes()).unwrap()).unwrap();
            assert_eq!((context.claims.len(), context.left_out), if kept { (1, 0) } else { (0, 1) }, "{text}");
        }
    }
}
