//! Parses `application/x-www-form-urlencoded` as WHATWG's URL standard does, except that bytes that are not UTF-8 are
//! an error instead of U+FFFD: two different secrets must not become one.

use percent_encoding::{percent_decode, percent_decode_str};

/// A text with percent-encoded bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8;

/// The name-value pairs of a form body, in order.
///
/// # Errors
///
/// Returns [`NotUtf8`] if a name or a value is not UTF-8.
pub fn parse(body: &[u8]) -> Result<Vec<(String, String)>, NotUtf8> {
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// The names of a query's parameters. Bytes in them that are not UTF-8 do not matter.
pub fn names(query: &str) -> Vec<String> {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().replace('+', " ");
    query.split('&').map(|pair| percent_decode_str(&name(pair)).decode_utf8_lossy().into_owned()).collect()
}

/// Decodes one name or value once: `+` is a space, `%XX` is a byte, and a stray `%` is kept. RFC 6749 App. B: the
/// encoded text is UTF-8.
///
/// # Errors
///
/// Returns [`NotUtf8`] if the result is not UTF-8.
pub fn decode(text: &[u8]) -> Result<String, NotUtf8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(String::from).map_err(|_| NotUtf8)
}

/// Decodes one value once, but keeps `+`, because some clients encode the secret of Basic credentials like this.
///
/// # Errors
///
/// Returns [`NotUtf8`] if the result is not UTF-8.
pub fn decode_percent_only(text: &str) -> Result<String, NotUtf8> {
    percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c05_percent_decoding_keeps_a_plus() {
        for (text, expected) in
            [("a+b", Ok("a+b")), ("a%2Bb+%20", Ok("a+b+ ")), ("%zz", Ok("%zz")), ("%FF", Err(NotUtf8))]
        {
            assert_eq!(decode_percent_only(text), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a13_plus_is_a_space_and_percent_is_decoded_once() {
        for (text, expected) in [
            ("a+b", Ok("a b")),
            ("a%2Bb", Ok("a+b")),
            ("%2541", Ok("%41")),
            ("%", Ok("%")),
            ("%4", Ok("%4")),
            ("%zz", Ok("%zz")),
            ("%C3%A9", Ok("é")),
            ("é", Ok("é")),
            ("%FF", Err(NotUtf8)),
            ("%C3", Err(NotUtf8)),
        ] {
            assert_eq!(decode(text.as_bytes()), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn pairs_keep_their_order_and_repeat() {
        let pairs = parse(b"a=1&&b&a==2&=x");
        let expected = [("a", "1"), ("b", ""), ("a", "=2"), ("", "x")];
        assert_eq!(pairs, Ok(expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()));
    }
}
