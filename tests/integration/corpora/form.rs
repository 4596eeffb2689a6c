//! A-13 with the vectors of web-platform-tests.

use serde_json::Value;
use token_introspection::request::parse_form;

use crate::world::{API, SECRET, World, request};

/// A body, and the pairs that a browser parses from it.
struct Vector {
    input: String,
    pairs: Vec<(String, String)>,
}

impl Vector {
    /// Browsers put U+FFFD in place of bytes that are not UTF-8; here they are an error.
    fn is_invalid_utf8(&self) -> bool {
        let replaced = |text: &str| text.contains('\u{fffd}');
        !replaced(&self.input) && self.pairs.iter().any(|(name, value)| replaced(name) || replaced(value))
    }
}

fn vectors() -> Vec<Vector> {
    let file = super::read("wpt/urlencoded-parser-data.json");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let read = |vector: &Value| Vector {
        input: text(&vector["input"]),
        pairs: vector["output"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
    };
    let all: Vec<_> = file["vectors"].as_array().unwrap().iter().map(read).collect();
    assert_eq!(all.len(), 35);
    all
}

#[test]
#[ignore = "needs the vectors of CORPORA_DIR"]
fn a13_the_vectors_of_web_platform_tests_parse_as_in_a_browser_or_are_refused_for_their_encoding() {
    let vectors = vectors();
    for vector in &vectors {
        let expected = if vector.is_invalid_utf8() { None } else { Some(vector.pairs.clone()) };
        assert_eq!(parse_form(vector.input.as_bytes()).ok(), expected, "{:?}", vector.input);
    }
    assert_eq!(vectors.iter().filter(|vector| vector.is_invalid_utf8()).count(), 5);
}

#[tokio::test]
#[ignore = "needs the vectors of CORPORA_DIR"]
async fn a13_the_vectors_of_invalid_utf8_are_a_bad_request_and_the_others_are_read() {
    let vectors = vectors();
    let world = World::new().await;
    for vector in &vectors {
        let body = format!("token=unknown&{}", vector.input);
        let answer = world.send(request().basic(API, SECRET).body(&body)).await;
        if vector.is_invalid_utf8() {
            answer.assert_error(400, "invalid_request", "malformed_body");
        } else {
            answer.assert_inactive("unknown_token");
        }
    }
}
