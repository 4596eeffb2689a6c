//! A token as people paste it: with a header's name, quotes, or a terminal's line breaks around it.

use std::collections::BTreeSet;

/// What was removed from a pasted token, in the order of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removed {
    HeaderName,
    Scheme,
    Quotes,
    FinalLineBreak,
    WhiteSpace,
    InvisibleCharacters,
}

/// A token without what was pasted around it, and what that was. It contains the token, so it has no `Debug`.
pub struct Pasted {
    pub token: String,
    pub removed: BTreeSet<Removed>,
}

const QUOTES: [(char, char); 6] = [('\'', '\''), ('"', '"'), ('`', '`'), ('“', '”'), ('‘', '’'), ('<', '>')];
/// Authentication schemes that precede a token in the header `Authorization` (RFC 6750 §2.1, RFC 9449 §7.1).
const SCHEMES: [&str; 2] = ["bearer", "dpop"];

impl Pasted {
    /// Cleans a token. None of the removed characters can be part of an access token in a header (RFC 6750 §2.1).
    pub fn new(text: &str) -> Self {
        let mut removed = BTreeSet::new();
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        if visible.len() != text.len() {
            removed.insert(Removed::InvisibleCharacters);
        }
        let mut rest = visible.as_str();
        // A line break at the end of a file was not pasted.
        if let Some(line) = rest.strip_suffix('\n') {
            rest = line.strip_suffix('\r').unwrap_or(line);
            removed.insert(Removed::FinalLineBreak);
        }
        loop {
            let trimmed = rest.trim();
            if trimmed.len() != rest.len() {
                removed.insert(Removed::WhiteSpace);
            }
            rest = if let Some(value) = after_header_name(trimmed) {
                removed.insert(Removed::HeaderName);
                value
            } else if let Some(value) = after_scheme(trimmed) {
                removed.insert(Removed::Scheme);
                value
            } else if let Some(value) = between_quotes(trimmed) {
                removed.insert(Removed::Quotes);
                value
            } else {
                rest = trimmed;
                break;
            };
        }
        let token: String = rest.chars().filter(|c| !c.is_whitespace()).collect();
        if token.len() != rest.len() {
            removed.insert(Removed::WhiteSpace);
        }
        Self { token, removed }
    }

    /// Describes what was removed. `None` if nothing was removed.
    pub fn message(&self) -> Option<String> {
        let words = self.removed.iter().map(|removed| match removed {
            Removed::HeaderName => "the header's name",
            Removed::Scheme => "the word Bearer or DPoP",
            Removed::Quotes => "quotes",
            Removed::FinalLineBreak => "the line break at its end",
            Removed::WhiteSpace => "white space",
            Removed::InvisibleCharacters => "invisible characters",
        });
        let words: Vec<_> = words.collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Byte order marks, zero-width and bidirectional control characters, which web pages and editors insert.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}')
}

fn after_header_name(text: &str) -> Option<&str> {
    let (name, value) = text.split_once(':')?;
    name.trim_end().eq_ignore_ascii_case("authorization").then_some(value)
}

fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(char::is_whitespace)?;
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(token)
}

fn between_quotes(text: &str) -> Option<&str> {
    // A value from a JSON document has a comma after it.
    let text = text.strip_suffix([',', ';']).filter(|rest| rest.ends_with(['"', '\''])).unwrap_or(text);
    QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g17_text_pasted_around_a_token_is_removed_and_named() {
        use Removed::{FinalLineBreak, HeaderName, InvisibleCharacters, Quotes, Scheme, WhiteSpace};
        let cases: [(&str, &[Removed]); 25] = [
            ("eyJ.e30.AA", &[]),
            ("eyJ.e30.AA\n", &[FinalLineBreak]),
            ("eyJ.e30.AA\r\n", &[FinalLineBreak]),
            ("eyJ.e30.AA\n\n", &[FinalLineBreak, WhiteSpace]),
            ("  eyJ.e30.AA\t", &[WhiteSpace]),
            ("eyJ.\ne30.\nAA", &[WhiteSpace]),
            ("eyJ.\r\n  e30.AA", &[WhiteSpace]),
            ("eyJ.e30 .AA", &[WhiteSpace]),
            ("\u{a0}eyJ.e30.AA\u{2003}", &[WhiteSpace]),
            ("Bearer eyJ.e30.AA", &[Scheme]),
            ("bearer   eyJ.e30.AA", &[Scheme, WhiteSpace]),
            ("BEARER\teyJ.e30.AA", &[Scheme]),
            ("DPoP eyJ.e30.AA", &[Scheme]),
            ("Authorization: Bearer eyJ.e30.AA\n", &[HeaderName, Scheme, FinalLineBreak, WhiteSpace]),
            ("authorization:Bearer eyJ.e30.AA", &[HeaderName, Scheme]),
            ("'eyJ.e30.AA'", &[Quotes]),
            ("\"eyJ.e30.AA\"", &[Quotes]),
            ("\"eyJ.e30.AA\",", &[Quotes]),
            ("`eyJ.e30.AA`", &[Quotes]),
            ("“eyJ.e30.AA”", &[Quotes]),
            ("<eyJ.e30.AA>", &[Quotes]),
            ("\"Bearer eyJ.e30.AA\"", &[Scheme, Quotes]),
            ("Bearer 'eyJ.e30.AA'", &[Scheme, Quotes]),
            ("\u{feff}eyJ.e30.AA", &[InvisibleCharacters]),
            ("eyJ.\u{200b}e30.AA", &[InvisibleCharacters]),
        ];
        for (text, removed) in cases {
            let pasted = Pasted::new(text);
            assert_eq!(pasted.token, "eyJ.e30.AA", "{text:?}");
            assert_eq!(pasted.removed.iter().copied().collect::<Vec<_>>(), removed, "{text:?}");
            assert_eq!(pasted.message().is_none(), removed.is_empty());
        }
    }

    #[test]
    fn g17_characters_of_opaque_tokens_stay() {
        for token in ["Bearer", "bearer-1", "a:b", "x'y\"z", "'x", "x\"", "abc+/~._-==", "Authorization"] {
            let pasted = Pasted::new(token);
            assert!(pasted.token == token && pasted.removed.is_empty(), "{token}");
        }
    }
}
