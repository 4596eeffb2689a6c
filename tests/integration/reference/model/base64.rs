//! The two alphabets of base64 (RFC 4648), strictly: no other character, and no stray bits.

const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const STANDARD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Decodes base64url without padding.
pub fn url(text: &str) -> Option<Vec<u8>> {
    decoded(text, URL)
}

/// Decodes base64 with its padding.
pub fn standard(text: &str) -> Option<Vec<u8>> {
    let unpadded = text.trim_end_matches('=');
    let padding = text.len() - unpadded.len();
    let whole = text.len().is_multiple_of(4) && padding <= 2;
    if whole { decoded(unpadded, STANDARD) } else { None }
}

/// Decodes what a key set may have in the place of base64url: padded, or in the other alphabet.
pub fn lenient(text: &str) -> Option<Vec<u8>> {
    url(&text.trim_end_matches('=').replace('+', "-").replace('/', "_"))
}

fn decoded(text: &str, alphabet: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut value) = (Vec::new(), 0, 0_u32);
    for character in text.chars() {
        value = value << 6 | u32::try_from(alphabet.find(character)?).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(value >> bits).ok()?);
            value &= (1 << bits) - 1;
        }
    }
    (bits < 6 && value == 0).then_some(bytes)
}

/// The SHA-256 of a text in lower-case hexadecimal digits.
pub fn sha256(text: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text);
    digest.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
