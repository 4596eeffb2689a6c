//! How a form becomes pairs of texts, and how its values are encoded.

use super::rules::{Fault, Rules};

/// the pairs of a form.
pub fn form(body: &[u8], rules: Rules) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
        pairs.push((decoded(name, rules)?, decoded(value, rules)?));
    }
    Some(pairs)
}

/// Decodes a name or a value: `+` is a space. Nothing if the result is not UTF-8.
pub fn decoded(text: &[u8], rules: Rules) -> Option<String> {
    let plus = if rules.breaks(Fault::PlusIsKept) { b'+' } else { b' ' };
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { plus } else { *byte }).collect();
    percent_decoded(&spaced)
}

/// Decodes each `%` that two hexadecimal digits follow. Nothing if the result is not UTF-8.
pub fn percent_decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let digits = text.get(at + 1..at + 3).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        match digits {
            Some(digits) if text[at] == b'%' => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                at += 3;
            }
            _ => {
                bytes.push(text[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
