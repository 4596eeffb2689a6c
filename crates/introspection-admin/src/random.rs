//! Secrets, tokens and client ids that cannot be guessed.

use crate::problem::Problem;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 62^43 is the first power of 62 over 2^256.
const SECRET_CHARACTERS: usize = 43;
/// 62^22 is the first power of 62 over 2^128.
const IDENTIFIER_CHARACTERS: usize = 22;

/// A secret or token of 256 bits. It has only letters and digits, because no client's encoding changes these (C-09).
///
/// # Errors
///
/// Returns [`Problem::Unknown`] if the operating system provides no random numbers.
pub fn secret() -> Result<String, Problem> {
    characters(SECRET_CHARACTERS)
}

/// A client id of 128 bits: not secret, but unique.
///
/// # Errors
///
/// Returns [`Problem::Unknown`] as [`secret`] does.
pub fn identifier() -> Result<String, Problem> {
    characters(IDENTIFIER_CHARACTERS)
}

/// The problem if the operating system provides no random numbers.
pub fn no_random_numbers(error: getrandom::Error) -> Problem {
    Problem::Unknown(format!("the operating system provides no random numbers: {error}"))
}

fn characters(count: usize) -> Result<String, Problem> {
    let mut text = String::with_capacity(count);
    let mut bytes = [0; 64];
    while text.len() < count {
        getrandom::fill(&mut bytes).map_err(no_random_numbers)?;
        // Six bits give 64 numbers. The two that name no character are drawn again, so that all characters are equally
        // likely.
        let drawn = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 0x3f)));
        text.extend(drawn.take(count - text.len()).map(|character| char::from(*character)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn c05_c09_secrets_are_256_bits_of_letters_and_digits() {
        assert!(43.0 * 62f64.log2() >= 256.0);
        let secrets: HashSet<_> = (0..100).map(|_| secret().unwrap_or_default()).collect();
        assert_eq!(secrets.len(), 100);
        assert!(
            secrets.iter().all(|secret| secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        );
        let used: HashSet<_> = secrets.iter().flat_map(|secret| secret.bytes()).collect();
        assert_eq!(used.len(), 62);
    }
}
