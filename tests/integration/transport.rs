//! Group A: method, media type, query, parameters, and the headers of every answer.

use http::Method;
use serde_json::json;
use token_introspection::call;

use crate::world::{API, Answer, Request, SECRET, World, get, introspection, request};

/// The headers of every JSON answer of the POST routes.
const JSON_HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("content-type", "application/json"),
    ("pragma", "no-cache"),
    ("x-content-type-options", "nosniff"),
];

/// Asserts a refusal of the request itself: that status, those headers besides [`JSON_HEADERS`], and no read of the
/// store.
#[track_caller]
fn assert_rejected(world: &World, answer: &Answer, status: u16, reason: &str, further: &[(&str, &str)], case: &str) {
    answer.assert_error(status, "invalid_request", reason);
    let mut headers = [&JSON_HEADERS[..], further].concat();
    headers.sort_unstable();
    assert_eq!(answer.all_headers(), headers, "{case}");
    assert_eq!(world.proxy.take_requests(), [], "{case}");
}

#[tokio::test]
async fn a01_a18_a20_an_active_token_is_answered_with_200_json_and_exactly_these_headers() {
    let world = World::new().await;
    let now = call::now();
    let answer = world.introspect(&world.token(&json!({ "iat": now - 10, "exp": now + 600 }))).await;
    assert_eq!((answer.status.as_u16(), answer.all_headers()), (200, JSON_HEADERS.to_vec()));
    let expected = format!(
        r#"{{"active":true,"iss":"https://issuer.example.com","sub":"alice","aud":"https://api.example.com","client_id":"app","scope":"read write","token_type":"Bearer","exp":{},"iat":{},"jti":"jti-1"}}"#,
        now + 600,
        now - 10,
    );
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn a02_other_methods_get_405_with_allow_and_their_query_is_never_read() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "post", "QUERY"] {
        for query in ["", "token=x", "token=x&client_secret=x&access_token=x"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let case = format!("{method} ?{query}");
            let answer = world.send(introspection(&token).method(method).query(query)).await;
            assert_rejected(&world, &answer, 405, "method_not_allowed", &[("allow", "POST")], &case);
            assert_eq!(
                answer.body,
                r#"{"error":"invalid_request","error_description":"the method is not allowed here"}"#
            );
        }
    }
}

#[tokio::test]
async fn a03_only_a_form_is_read_whatever_the_case_and_parameters_of_its_media_type() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for accepted in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-URLencoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded; charset=utf-8; boundary=x",
        "application/x-www-form-urlencoded ; charset=iso-8859-1",
        " application/x-www-form-urlencoded ",
    ] {
        world.send(introspection(&token).header("content-type", accepted)).await.assert_active();
    }
    world.proxy.take_requests();
    for refused in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded-2",
        "x-application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded, application/json",
        "application/*",
        "*/*",
        "",
    ] {
        let answer = world.send(introspection(&token).header("content-type", refused)).await;
        assert_rejected(&world, &answer, 415, "wrong_media_type", &[], refused);
    }
    let answer = world.send(introspection(&token).without_header("content-type")).await;
    assert_rejected(&world, &answer, 415, "wrong_media_type", &[], "no media type");
    let json = json!({ "token": token, "client_id": API, "client_secret": SECRET }).to_string();
    let answer = world.send(request().header("content-type", "application/json").body(json)).await;
    assert_rejected(&world, &answer, 415, "wrong_media_type", &[], "a JSON body");
}

#[tokio::test]
async fn a04_a_token_or_secret_in_the_query_is_refused_and_not_looked_up() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let form = || introspection(&token);
    let in_the_query_alone = || request().basic(API, SECRET);
    for query in [
        &format!("token={token}"),
        "client_secret=query-value",
        "client_assertion=query-value",
        "access_token=query-value",
        "token",
        "token=",
        "a=1&b=2&token=query-value",
        "%74oken=query-value",
        "access%5Ftoken=query-value",
        "&&token=query-value",
    ] {
        for request in [form(), in_the_query_alone()] {
            let answer = world.send(request.query(query)).await;
            assert_rejected(&world, &answer, 400, "secret_in_query", &[], query);
            assert!(!answer.body.contains("query-value") && !answer.body.contains(&token), "{}", answer.body);
        }
    }
    for harmless in ["", "x=token", "Token=x", "tokens=x", "token_type_hint=x", "client_id=x", "a=token%3Dx"] {
        world.send(form().query(harmless)).await.assert_active();
    }
}

#[tokio::test]
async fn a05_a06_a_missing_or_empty_token_is_a_bad_request() {
    let world = World::new().await;
    for body in ["", "token=", "token", "token=&x=1", "x=1&y=2", "token_type_hint=access_token", "&&&", "=token"] {
        let answer = world.send(request().basic(API, SECRET).body(body)).await;
        assert_rejected(&world, &answer, 400, "missing_token", &[], body);
        assert_eq!(answer.body, r#"{"error":"invalid_request","error_description":"the parameter token is missing"}"#);
    }
}

#[tokio::test]
async fn a07_a_repeated_recognized_parameter_is_a_bad_request() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for name in ["token", "token_type_hint", "client_id", "client_secret", "client_assertion", "client_assertion_type"]
    {
        let percent = format!("%{:02X}{}", name.as_bytes()[0], &name[1..]);
        for twice in [
            format!("{name}=a&{name}=a"),
            format!("{name}=a&{name}=b"),
            format!("{name}=&{name}=a"),
            format!("{name}&{name}"),
            format!("{name}=a&{percent}=a"),
        ] {
            let body = if name == "token" { twice } else { format!("token={token}&{twice}") };
            // Half of the requests have the credentials in the header, so that no other rule refuses them.
            for request in [request(), request().basic(API, SECRET)] {
                let answer = world.send(request.body(&body)).await;
                assert_rejected(&world, &answer, 400, "duplicate_parameter", &[], &body);
                assert!(answer.body.contains("more than once"), "{body}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn a08_a09_unrecognized_parameters_are_ignored_and_names_are_case_sensitive() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let good = world.introspect(&token).await;
    for further in [
        "x=1",
        "x=1&x=2&x",
        "Token=other&TOKEN=other&toKen=other",
        "resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example",
        "scope=&scope=",
        "Client_Id=other&CLIENT_SECRET=x",
        "token%20=other&%20token=other",
        "token%00=other",
        "=&=&=",
        "active=false",
        "access_token=other&access_token=other",
    ] {
        for body in [format!("token={token}&{further}"), format!("{further}&token={token}")] {
            assert_eq!(world.send(request().basic(API, SECRET).body(&body)).await, good, "{body}");
        }
    }
    for alone in ["Token", "TOKEN", "token%20"] {
        let answer = world.send(request().basic(API, SECRET).body(format!("{alone}={token}"))).await;
        assert!(answer.assert_error(400, "invalid_request", "missing_token").contains("missing"), "{alone}");
    }
}

#[tokio::test]
async fn a09_values_are_case_sensitive() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 });
    world.put_token("OpaqueToken", &record);
    world.introspect("OpaqueToken").await.assert_active();
    for other in ["opaquetoken", "OPAQUETOKEN", "OpaqueToken ", " OpaqueToken"] {
        world.introspect(other).await.assert_inactive("unknown_token");
    }
}

#[tokio::test]
async fn a10_a11_a12_no_hint_changes_an_answer_and_none_is_an_error() {
    let world = World::new().await;
    world.put_policy(&json!({ "token_types": ["access_token", "refresh_token"] }));
    let exp = call::now() + 600;
    world.put_token("opaque-access", &json!({ "token_type": "access_token", "client_id": "app", "exp": exp }));
    world.put_token("opaque-refresh", &json!({ "token_type": "refresh_token", "client_id": API }));
    let access = world.token(&json!({}));
    let expired = world.token(&json!({ "exp": 1 }));
    for token in [&access, &expired, "opaque-access", "opaque-refresh", "unknown"] {
        let without_hint = world.introspect(token).await;
        assert_eq!(without_hint.json()["active"], json!(![expired.as_str(), "unknown"].contains(&token)), "{token}");
        for hint in [
            "access_token",
            "refresh_token",
            "urn:ietf:params:oauth:token-type:access_token",
            "urn:ietf:params:oauth:token-type:refresh_token",
            "urn:ietf:params:oauth:token-type:jwt",
            "id_token",
            "ACCESS_TOKEN",
            "",
            " ",
            "nonsense \u{0} é 💥",
            &"x".repeat(5000),
        ] {
            let answer =
                world.send(request().basic(API, SECRET).form(&[("token", token), ("token_type_hint", hint)])).await;
            assert_eq!(answer, without_hint, "{token} {hint:?}");
        }
    }
}

#[tokio::test]
async fn a17_every_accept_header_gets_json_and_never_406() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let (active, inactive) = (world.introspect(&token).await, world.introspect("unknown").await);
    for accept in [
        "text/html",
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "text/html, image/gif, image/jpeg, */*; q=0.2",
        "application/json;q=0",
        "application/xml",
        "image/*, nonsense",
        "",
        ";;;,,,",
    ] {
        assert_eq!(world.send(introspection(&token).header("accept", accept)).await, active, "{accept}");
        assert_eq!(world.send(introspection("unknown").header("accept", accept)).await, inactive, "{accept}");
        let missing = world.send(introspection("").header("accept", accept)).await;
        missing.assert_error(400, "invalid_request", "missing_token");
    }
}

#[tokio::test]
async fn a18_a20_no_answer_may_be_stored_or_sniffed_or_sets_a_cookie() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    let token = world.token(&json!({}));
    world.put_client(&json!({
        "client_id": "not-allowed", "client_secret": token_introspection::records::sha256_hex(SECRET),
        "introspection": { "allowed": false },
    }));
    // Both requests have the same time, so that no minute ends between them.
    let start = call::now();
    let wrong = || request().basic(API, "wrong").form(&[("token", "x")]).at(start);
    let past_the_limit = || request().basic("nobody", "wrong").form(&[("token", "x")]).at(start);
    world.send(past_the_limit()).await.assert_error(401, "invalid_client", "unknown_client");
    let cases: Vec<(u16, Request)> = vec![
        (200, introspection(&token)),
        (200, introspection("unknown")),
        (400, introspection("")),
        (401, request().form(&[("token", "x")])),
        (401, wrong()),
        (403, request().basic("not-allowed", SECRET).form(&[("token", "x")])),
        (404, introspection("x").path("/nowhere")),
        (405, introspection("x").method(Method::PUT)),
        (413, introspection(&"x".repeat(70_000))),
        (415, introspection("x").header("content-type", "text/plain")),
        (429, past_the_limit()),
        (503, introspection("x").within(std::time::Duration::ZERO)),
    ];
    for (status, request) in cases {
        // The requests were made before the first was sent, so their own time may be over on a busy machine.
        let request = if status == 503 { request } else { request.within(std::time::Duration::from_secs(10)) };
        let answer = world.send(request.header("cookie", "session=1")).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        for (name, value) in JSON_HEADERS {
            assert_eq!(answer.headers.get_all(name).iter().collect::<Vec<_>>(), [value], "{status} {name}");
        }
        let explained = ["allow", "retry-after", "www-authenticate"];
        let unexplained = |name: &str| !explained.contains(&name) && !JSON_HEADERS.iter().any(|known| known.0 == name);
        assert!(!answer.all_headers().iter().any(|(name, _)| unexplained(name)), "{status} {:?}", answer.headers);
    }
    // The public documents may be cached, but must not be sniffed either.
    let metadata = world.send(get("/.well-known/openid-configuration")).await;
    assert_eq!((metadata.header("x-content-type-options"), metadata.header("set-cookie")), ("nosniff", ""));
}
