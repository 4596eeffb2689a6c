//! The characters of a JSON string (RFC 8259 §7).

/// The characters of a string's inside.
pub fn unescaped(text: &str) -> Option<String> {
    let Some((before, escape)) = text.split_once('\\') else {
        return text.chars().all(|c| c >= ' ').then(|| text.to_owned());
    };
    let unit = |text: &str| {
        let digits = text.strip_prefix("u")?.get(..4).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
        u16::from_str_radix(digits?, 16).ok()
    };
    let (character, length) = match escape.chars().next()? {
        same @ ('"' | '\\' | '/') => (same, 1),
        'b' => ('\u{8}', 1),
        'f' => ('\u{c}', 1),
        'n' => ('\n', 1),
        'r' => ('\r', 1),
        't' => ('\t', 1),
        _ => {
            let first = unit(escape)?;
            let second = escape.get(5..).and_then(|rest| unit(rest.strip_prefix('\\')?));
            match second.map(|second| String::from_utf16(&[first, second])) {
                Some(Ok(pair)) if (0xd800..0xdc00).contains(&first) => (pair.chars().next()?, 11),
                _ => (char::from_u32(first.into())?, 5),
            }
        }
    };
    Some(format!("{}{character}{}", unescaped(before)?, unescaped(&escape[length..])?))
}
