//! Group C: `client_secret_basic` and `client_secret_post`, as real clients send them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use token_introspection::records::sha256_hex;

use crate::world::{API, Request, SECRET, World, introspection, percent_encoded, request};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");

/// A deployment that knows these clients, each with the digest of its secret.
async fn world_with(clients: &[(&str, &str)]) -> World {
    let world = World::with(&[NO_LIMIT]).await;
    for (client_id, secret) in clients {
        world.put_client(&json!({ "client_id": client_id, "client_secret": sha256_hex(secret) }));
    }
    world
}

/// An introspection request with that `Authorization` header.
fn with_header(value: &str) -> Request {
    request().form(&[("token", "unknown")]).header("authorization", value)
}

#[track_caller]
fn basic(credentials: impl AsRef<[u8]>) -> Request {
    with_header(&format!("Basic {}", STANDARD.encode(credentials)))
}

#[tokio::test]
async fn c01_the_scheme_name_has_no_case_and_may_be_followed_by_spaces() {
    let world = World::new().await;
    let credentials = STANDARD.encode(format!("{API}:{SECRET}"));
    for scheme in ["Basic ", "basic ", "BASIC ", "bAsIc ", "Basic   "] {
        world.send(with_header(&format!("{scheme}{credentials}"))).await.assert_inactive("unknown_token");
    }
}

#[tokio::test]
async fn c02_c04_both_halves_are_split_at_the_first_colon_and_then_decoded() {
    let world =
        world_with(&[("https://api.example/x", SECRET), ("with space", "a:b:c"), ("colon:id", SECRET), ("é", "ü+%")])
            .await;
    for (credentials, accepted) in [
        (format!("https%3A%2F%2Fapi.example%2Fx:{SECRET}"), true),
        (format!("https%3a%2f%2fapi.example%2fx:{SECRET}"), true),
        // A URL that is not encoded ends at its own first colon.
        (format!("https://api.example/x:{SECRET}"), false),
        ("with+space:a:b:c".to_owned(), true),
        ("with%20space:a%3Ab%3ac".to_owned(), true),
        ("with space:a:b:c".to_owned(), true),
        (format!("colon%3Aid:{SECRET}"), true),
        (format!("colon:id:{SECRET}"), false),
        // Decoded once: this is the client "colon%3Aid".
        (format!("colon%253Aid:{SECRET}"), false),
        ("é:ü+%".to_owned(), true),
        ("%C3%A9:%C3%BC%2B%25".to_owned(), true),
    ] {
        let answer = world.send(basic(&credentials)).await;
        assert_eq!(answer.status.as_u16(), if accepted { 200 } else { 401 }, "{credentials}");
    }
}

#[tokio::test]
async fn c03_the_example_with_an_encoded_id_and_secret_is_accepted() {
    let world = world_with(&[("1PpG/Q 1", "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=")]).await;
    let header =
        "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==";
    world.send(with_header(header)).await.assert_inactive("unknown_token");
}

#[tokio::test]
async fn c05_an_imported_secret_matches_raw_encoded_or_half_encoded() {
    for secret in ["p+l u/s=%41", "100%", "%zz", "a%FFb", "~-._", "ü"] {
        let world = world_with(&[("imported", secret)]).await;
        let encoded = percent_encoded(secret);
        // As Go's `url.PathEscape` does it: encoded, except for the plus.
        let half_encoded = encoded.replace("%2B", "+");
        for sent in [secret, &encoded, &half_encoded] {
            let answer = world.send(basic(format!("imported:{sent}"))).await;
            assert_eq!(answer.status, 200, "{secret:?} sent as {sent:?}");
        }
        // In the body, all clients use the same encoding.
        let form = [("token", "unknown"), ("client_id", "imported"), ("client_secret", secret)];
        world.send(request().form(&form)).await.assert_inactive("unknown_token");
        if encoded != secret {
            let twice = percent_encoded(&encoded);
            world.send(basic(format!("imported:{twice}"))).await.assert_error(401, "invalid_client", "wrong_secret");
            let form = [("token", "unknown"), ("client_id", "imported"), ("client_secret", &encoded)];
            world.send(request().form(&form)).await.assert_error(401, "invalid_client", "wrong_secret");
        }
    }
}

#[tokio::test]
async fn c05_the_third_decoding_keeps_a_plus_and_there_is_no_fourth() {
    let secret = "p+l u/s=%41";
    let world = world_with(&[("imported", secret), ("with+plus", secret), ("with space", secret)]).await;
    for (credentials, accepted) in [
        // Skipper and @badgateway/oauth2-client: the secret is encoded and keeps its plus.
        ("imported:p+l%20u%2Fs%3D%2541", true),
        ("imported:p%2Bl+u%2Fs%3D%2541", true),
        ("imported:p+l u/s=%41", true),
        // No decoding mixes the others.
        ("imported:p+l+u%2Fs%3D%2541", false),
        ("imported:p+l u%2Fs%3D%41", false),
        ("imported:p%2Bl u/s=%41", false),
        // The id is the form-decoded one.
        ("with%2Bplus:p+l%20u%2Fs%3D%2541", true),
        ("with+plus:p+l%20u%2Fs%3D%2541", false),
        ("with+space:p+l%20u%2Fs%3D%2541", true),
    ] {
        let status = world.send(basic(credentials)).await.status.as_u16();
        assert_eq!(status, if accepted { 200 } else { 401 }, "{credentials}");
    }
    // In the body, there is only one decoding.
    let form = [("token", "unknown"), ("client_id", "imported"), ("client_secret", "p+l%20u%2Fs%3D%2541")];
    world.send(request().form(&form)).await.assert_error(401, "invalid_client", "wrong_secret");
}

#[tokio::test]
async fn c06_credentials_that_cannot_be_read_are_a_bad_request() {
    let world = World::new().await;
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    for header in [
        "Basic",
        "Basic ",
        "Basic !",
        "Basic api:secret",
        "Basic YXBpOng",
        "Basic YXBpOng==",
        "Basic YXBp Ong=",
        "Basic YXBpOng=,",
        "",
        " ",
        &encoded(b""),
        &encoded(b"no colon"),
        &encoded(b"api:\n"),
        &encoded(b"a\0pi:secret"),
        &encoded(b"api:\x7f"),
        &encoded(b"api:\xff"),
        &encoded("api:\u{85}".as_bytes()),
    ] {
        let description =
            world.send(with_header(header)).await.assert_error(400, "invalid_request", "unreadable_credentials");
        assert_eq!(description, "the Authorization header cannot be read", "{header:?}");
        assert_eq!(world.proxy.take_requests(), [], "{header:?}");
    }
    // Control characters that are percent-encoded are an odd client id, not unreadable credentials.
    world.send(basic("a%00pi:secret")).await.assert_error(401, "invalid_client", "unknown_client");
}

#[tokio::test]
async fn a15_two_authorization_headers_are_a_bad_request_with_any_values() {
    let world = World::new().await;
    let (good, bad) = (STANDARD.encode(format!("{API}:{SECRET}")), STANDARD.encode("nobody:wrong"));
    let good = format!("Basic {good}");
    for second in [good.as_str(), &format!("Basic {bad}"), "Bearer x", "basic !", ""] {
        for [first, second] in [[good.as_str(), second], [second, &good]] {
            let two = with_header(first).another_header("authorization", second);
            // An HTTP API joins them like this.
            let joined = with_header(&format!("{first},{second}"));
            let joined_with_space = with_header(&format!("{first}, {second}"));
            for request in [two, joined, joined_with_space] {
                world.send(request).await.assert_error(400, "invalid_request", "unreadable_credentials");
                assert_eq!(world.proxy.take_requests(), [], "{first} and {second}");
            }
        }
    }
}

#[tokio::test]
async fn c07_an_empty_secret_is_refused_even_if_its_digest_is_stored() {
    let stored = json!({ "client_id": "imported", "client_secret": sha256_hex("") });
    let rotated = json!({
        "client_id": "imported", "client_secret": sha256_hex(SECRET), "previous_client_secret": sha256_hex(""),
        "previous_client_secret_expires_at": token_introspection::call::now() + 600,
    });
    for record in [stored, rotated, json!({ "client_id": "imported", "client_secret": "" })] {
        let world = World::with(&[NO_LIMIT]).await;
        world.put_client(&record);
        world.send(basic("imported:")).await.assert_error(401, "invalid_client", "wrong_secret");
        let form = [("token", "unknown"), ("client_id", "imported"), ("client_secret", "")];
        world.send(request().form(&form)).await.assert_error(401, "invalid_client", "no_credentials");
    }
    let world = World::new().await;
    world.send(basic(format!("{API}:"))).await.assert_error(401, "invalid_client", "wrong_secret");
}

#[tokio::test]
async fn c08_client_secret_post_works_only_in_the_body_and_for_clients_registered_for_it() {
    let world = World::with(&[NO_LIMIT]).await;
    let form = [("token", "unknown"), ("client_id", API), ("client_secret", SECRET)];
    for (method, basic_status, post_status) in [
        (json!(null), 200, 200),
        (json!("client_secret_basic"), 200, 401),
        (json!("client_secret_post"), 401, 200),
        (json!("none"), 401, 401),
        (json!("bearer"), 401, 401),
    ] {
        let digest = sha256_hex(SECRET);
        world.put_client(&json!({ "client_id": API, "client_secret": digest, "token_endpoint_auth_method": method }));
        let basic = world.send(introspection("unknown")).await;
        let post = world.send(request().form(&form)).await;
        assert_eq!((basic.status.as_u16(), post.status.as_u16()), (basic_status, post_status), "{method}");
    }
    let in_the_query = request().form(&form[..2]).query(&format!("client_secret={SECRET}"));
    world.send(in_the_query).await.assert_error(400, "invalid_request", "secret_in_query");
    let in_a_header = request().form(&form[..2]).header("client-secret", SECRET);
    world.send(in_a_header).await.assert_error(401, "invalid_client", "no_credentials");
}
