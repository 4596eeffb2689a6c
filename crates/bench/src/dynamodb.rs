//! DynamoDB's answer to `BatchGetItem`, canned: the client's record, and no mark. It costs next to nothing, so what is
//! measured is the handler.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::http::{Request, response, serve};

static REQUESTS: AtomicUsize = AtomicUsize::new(0);
static KEYS: AtomicUsize = AtomicUsize::new(0);

/// The record of the client `orders-api`, with the SHA-256 of the secret in the event.
const CLIENT: &str = concat!(
    r#"{"client_id":{"S":"orders-api"},"client_secret":{"S":""#,
    "3db87847f904f2bcedef3faa57b083955ac8c8c09f08094434e3b5952c63832e",
    r#""}}"#
);

/// Starts it, and returns its URL.
pub fn start() -> String {
    format!("http://{}", serve(answer))
}

/// The requests so far, and the keys in them. A strongly consistent read of a small item is one read unit.
pub fn reads() -> (usize, usize) {
    (REQUESTS.load(Ordering::Relaxed), KEYS.load(Ordering::Relaxed))
}

fn answer(request: &Request) -> Vec<u8> {
    let body = String::from_utf8_lossy(&request.body);
    REQUESTS.fetch_add(1, Ordering::Relaxed);
    KEYS.fetch_add(body.matches(r#"{"S":"#).count(), Ordering::Relaxed);
    let mut tables = Vec::new();
    if body.contains("oauth-clients") {
        tables.push(format!(r#""oauth-clients":[{CLIENT}]"#));
    }
    for table in ["oauth-tokens", "oauth-introspection-state"] {
        if body.contains(table) {
            tables.push(format!(r#""{table}":[]"#));
        }
    }
    let body = format!(r#"{{"Responses":{{{}}},"UnprocessedKeys":{{}}}}"#, tables.join(","));
    let checksum = crc32(body.as_bytes());
    let headers =
        format!("Content-Type: application/x-amz-json-1.0\r\nx-amzn-requestid: 1\r\nx-amz-crc32: {checksum}\r\n");
    response("200 OK", &headers, body.as_bytes())
}

/// The checksum that DynamoDB sends and the SDK for Go checks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn each_table_of_a_request_is_in_the_answer() {
        let request = |body: &str| Request { method: "POST".into(), path: "/".into(), body: body.into() };
        let answer = |body: &str| String::from_utf8(answer(&request(body))).unwrap();
        assert!(answer("oauth-clients").contains(r#""oauth-clients":[{"client_id""#));
        assert!(!answer("oauth-clients").contains("oauth-tokens"));
        assert!(answer("oauth-tokens").contains(r#"{"oauth-tokens":[]}"#));
    }
}
