//! A-13 by the vectors of web-platform-tests.

use serde_json::Value;
use token_introspection::request::parse_form;

use crate::{
    corpora,
    world::{API, SECRET, World, request},
};

/// One body, and the pairs that a browser makes of it.
struct Vector {
    input: String,
    pairs: Vec<(String, String)>,
}

impl Vector {
    /// Browsers put U+FFFD where the bytes are no UTF-8; here that is an error.
    fn is_invalid_utf8(&self) -> bool {
        let replaced = |text: &str| text.contains('\u{fffd}');
        !replaced(&self.input) && self.pairs.iter().any(|(name, value)| replaced(name) || replaced(value))
    }
}

/// The vectors, if they are there.
fn vectors(of: &str) -> Option<Vec<Vector>> {
    let file = corpora::read("wpt/urlencoded-parser-data.json", of)?;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let read = |vector: &Value| Vector {
        input: text(&vector["input"]),
        pairs: vector["output"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
    };
    let all: Vec<_> = file["vectors"].as_array().unwrap().iter().map(read).collect();
    assert_eq!(all.len(), 35);
    Some(all)
}

#[test]
fn a13_the_vectors_of_web_platform_tests_parse_as_in_a_browser_or_are_refused_for_their_encoding() {
    let Some(vectors) = vectors("a13_the_vectors_of_web_platform_tests") else { return };
    for vector in &vectors {
        let expected = if vector.is_invalid_utf8() { None } else { Some(vector.pairs.clone()) };
        assert_eq!(parse_form(vector.input.as_bytes()).ok(), expected, "{:?}", vector.input);
    }
    assert_eq!(vectors.iter().filter(|vector| vector.is_invalid_utf8()).count(), 5);
}

#[tokio::test]
async fn a13_the_vectors_of_invalid_utf8_are_a_bad_request_and_the_others_are_read() {
    let Some(vectors) = vectors("a13_the_vectors_of_invalid_utf8") else { return };
    let world = World::new().await;
    for vector in &vectors {
        let body = format!("token=unknown&{}", vector.input);
        let answer = world.send(request().basic(API, SECRET).body(&body)).await;
        if vector.is_invalid_utf8() {
            answer.assert_error(400, "invalid_request");
        } else {
            answer.assert_inactive();
        }
    }
}
