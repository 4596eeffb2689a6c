//! JSON objects whose members keep their original text. Numbers of any length and decimals pass through unchanged
//! (RFC 8259 §6 lets a parser round them), and members that no decision reads are never taken apart.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde_json::value::RawValue;

/// The members of a JSON object by name, each as its original text.
pub type RawMembers = BTreeMap<String, Box<RawValue>>;

/// Deeper nesting is refused, as `serde_json` does for parsed values.
const MAX_DEPTH: usize = 127;

/// Parses a JSON object in which no member name occurs twice, at any depth (see [`super::parse_object`]).
///
/// # Errors
///
/// Returns an error if the text is not exactly one JSON object, repeats a member name, is nested deeper than 127
/// levels, or has escapes that are not Unicode.
pub fn parse_members(text: &[u8]) -> Result<RawMembers, serde_json::Error> {
    let text = std::str::from_utf8(text).map_err(serde_json::Error::custom)?;
    let members = serde_json::from_str(text)?;
    // From here on the syntax is known to be valid, so finding the names needs no parser.
    has_one_reading(text).map_err(serde_json::Error::custom)?;
    Ok(members)
}

/// A value that is made here, as JSON text.
pub fn raw(value: &impl serde::Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

/// Checks that a text of valid syntax has exactly one reading.
fn has_one_reading(text: &str) -> Result<(), &'static str> {
    /// The names so far of an open object; `None` for an open array.
    type Open = Option<BTreeSet<String>>;

    let mut open: Vec<Open> = Vec::new();
    let mut name_follows = false;
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let mut length = 1;
        match first {
            b'{' | b'[' => {
                open.push((first == b'{').then(BTreeSet::new));
                name_follows = first == b'{';
                if open.len() > MAX_DEPTH {
                    return Err("nested too deep");
                }
            }
            b'}' | b']' => drop(open.pop()),
            b',' => name_follows = matches!(open.last(), Some(Some(_))),
            b'"' => {
                length = string_length(rest);
                let literal = rest.get(..length).unwrap_or_default();
                if name_follows || literal.contains('\\') {
                    let string = serde_json::from_str(literal).map_err(|_| "a string that is not Unicode")?;
                    // RFC 7519 §4: the names of claims are unique (H-10).
                    if let Some(Some(names)) = open.last_mut().filter(|_| name_follows)
                        && !names.insert(string)
                    {
                        return Err("a duplicate member name");
                    }
                }
                name_follows = false;
            }
            _ => {}
        }
        // Outside of strings, a text of valid syntax has only ASCII characters, so this is a character boundary.
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The length of the string literal at the start of the text, including its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h35_members_keep_the_text_that_they_were_written_as() {
        let long = format!("1{}", "0".repeat(400));
        for value in [
            "12345678901234567890123456789012345678",
            "-0.10",
            "1.50e3",
            "1e999",
            "{ \"a\" : [1, 2.0] }",
            "null",
            &long,
        ] {
            let members = parse_members(format!("{{\"a\":{value},\"é\\u00e9\": \"x\"}}").as_bytes()).unwrap();
            assert_eq!(members.get("a").map(|raw| raw.get()), Some(value));
            assert_eq!(members.get("éé").map(|raw| raw.get()), Some("\"x\""));
        }
    }

    #[test]
    fn h10_duplicates_are_refused_at_every_depth_however_they_are_spelled() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            r#"{"x":{"a":{},"b":[],"a":2}}"#,
            r#"{"x":[[],{"é":"}","é":2}]}"#,
            r#"{"x":{"\"":1,"\u0022":2}}"#,
        ] {
            assert!(parse_members(text.as_bytes()).is_err(), "{text}");
        }
        for text in [
            r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#,
            r#"{"a":"a","b":"a"}"#,
            r#"{"a":"{\"b\":1,\"b\":1}","b":["c","c"]}"#,
            r#"{"a":["\\","\"",{"b":"\\\""}],"b":1}"#,
            "{}",
            " {\"a\":1} \n",
        ] {
            assert!(parse_members(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn only_one_whole_object_is_accepted() {
        let deep = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let deep_array = format!("{{\"a\":{}{}}}", "[".repeat(127), "]".repeat(127));
        for text in [
            "",
            "[]",
            "1",
            "null",
            "\"{}\"",
            "{} {}",
            "{}x",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":01}",
            "{\"a\":\"\\ud800\"}",
            "{\"\\ud800\":1}",
            "{\"a\":\"\u{1}\"}",
            &deep(128),
            &deep_array,
        ] {
            assert!(parse_members(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse_members(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_members(deep(127).as_bytes()).is_ok());
    }
}
