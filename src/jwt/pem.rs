//! PEM in its lax form (RFC 7468 §3): white space may be missing or be of any kind. A console or a variable may have
//! replaced a key's line breaks by spaces, which `pem-rfc7468` and `rustls-pki-types` refuse.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The content of the first block with this label. Text around it is ignored (RFC 7468 §2).
pub fn decode_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j08_white_space_and_the_text_around_a_block_do_not_matter() {
        for pem in [
            "-----BEGIN X-----\nAQID\nBAU=\n-----END X-----\n",
            "-----BEGIN X-----\r\nAQIDBAU=\r\n-----END X-----",
            "-----BEGIN X----- AQID BAU= -----END X-----",
            "-----BEGIN X-----AQIDBAU=-----END X-----",
            "Bag Attributes\n  \u{e9}\n-----BEGIN Y-----\nAA\n-----END Y-----\n\
             -----BEGIN X-----\nAQIDBAU=\n-----END X-----\nmore",
        ] {
            assert_eq!(decode_pem(pem, "X").as_deref(), Some(&[1, 2, 3, 4, 5][..]), "{pem}");
        }
    }

    #[test]
    fn j08_an_incomplete_block_is_not_read() {
        for pem in [
            "",
            "AQIDBAU=",
            "-----BEGIN X-----\nAQIDBAU=",
            "AQIDBAU=\n-----END X-----",
            "-----END X-----AQIDBAU=-----BEGIN X-----",
            "-----BEGIN X-----\nAQIDBAU\n-----END X-----",
            "-----BEGIN X-----\nAQID!AU=\n-----END X-----",
            "-----BEGIN X-----\nAQIDBAV=\n-----END X-----",
            "-----BEGIN Y-----\nAQIDBAU=\n-----END Y-----",
        ] {
            assert_eq!(decode_pem(pem, "X"), None, "{pem}");
        }
    }
}
