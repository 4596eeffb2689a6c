//! docs/errors.md: each body that it shows is the answer to a request that causes it, and each error has its row.

use std::{collections::BTreeSet, time::Duration};

use http::Method;
use serde_json::{Value, json};
use token_introspection::{
    outcome::{Outcome, TooLarge},
    records::sha256_hex,
    response::render,
};

use super::page::{Page, page, pages, read, spans};
use crate::{
    aws::KEY,
    events,
    keys::{ed25519, pem},
    notices::{self, global_revocation::revoking},
    signed_responses::{KEY_SET, SIGNED, key_file},
    time::fast_forward,
    world::{API, Answer, ISSUER, SECRET, World, claims, get, introspection, issuers, request, send},
};

/// A status and a body, as the page writes them.
type Shown = (u16, String);

fn errors() -> Page {
    page("docs/errors.md")
}

/// The statuses and bodies of the table of all statuses.
fn documented() -> BTreeSet<Shown> {
    let mut documented = BTreeSet::new();
    for (_, cells) in errors().rows() {
        // The table of the three answers has their names in the first column.
        let Some(status) = spans(&cells[0]).first().map(|status| status.parse().ok()) else { continue };
        for body in spans(cells.get(1).map_or("", String::as_str)).into_iter().filter(|span| span.starts_with('{')) {
            documented.insert((status.unwrap_or_else(|| panic!("{body} has no status")), body.to_owned()));
        }
    }
    documented
}

/// An answer as the page writes it: `…` replaces an id, and the members of an active token.
fn shown(answer: &Answer) -> Shown {
    let mut body = answer.body.replace("request-1", "…").replace("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "…");
    if let Some((start, _)) = body.split_once(r#""active":true,"#) {
        body = format!(r#"{start}"active":true,…}}"#);
    }
    (answer.status.as_u16(), body)
}

/// The answers of a deployment without a signing key.
async fn plain() -> Vec<Answer> {
    let issuers = notices::issuers();
    let settings =
        [("FAILED_AUTHENTICATION_LIMIT", "1"), ("TRUSTED_ISSUERS", &issuers), ("GLOBAL_REVOCATION_ISSUERS", ISSUER)];
    let world = World::with(&settings).await;
    let subject = json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": "alice" } });
    let secret = sha256_hex(SECRET);
    world.put_client(&json!({ "client_id": "barred", "client_secret": secret, "introspection": { "allowed": false } }));
    world.put_client(&json!({ "client_id": "by-token", "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    let token = world.token(&json!({}));
    let bearer = world.token(&json!({ "aud": "https://introspection.example.com", "client_id": "by-token" }));
    let batch =
        || request().path("/token/introspect/batch").basic(API, SECRET).header("content-type", "application/json");
    let event = |changes| notices::push(&notices::event_token(&world, &changes));
    let forged = |kid| notices::push(&notices::forged_event(kid));
    let form = |body: &str| request().basic(API, SECRET).body(body);
    let mut answers = Vec::new();
    for request in vec![
        introspection(&token),
        introspection("unknown"),
        introspection("x").query("token=x"),
        form("token=%FF"),
        form("token=a&token=b"),
        form("token=a&client_secret=b"),
        introspection("x").header("authorization", "Basic !"),
        form("token=a&client_id=other"),
        form("token="),
        form("token=a&dpop=b"),
        form("token=a&dpop=b&htm=GET&htu=c"),
        form("token=a&client_certificate=b"),
        form("token=a&client_certificate=b&client_certificate_thumbprint=c"),
        batch().body("{}"),
        notices::log_out(""),
        revoking(&json!({})).basic(API, SECRET),
        revoking(&subject).basic(API, SECRET),
        notices::log_out("x"),
        notices::push("x"),
        event(json!({ "sub_id": null })),
        event(json!({ "iss": "x" })),
        event(json!({ "aud": "x" })),
        forged("key-2"),
        forged("key-1"),
        event(json!({ "sub_id": { "format": "iss_sub", "iss": "x", "sub": "alice" } })),
        notices::push("x").header("content-type", "text/plain"),
        batch().body(json!({ "tokens": ["a"], "dpop": "b" }).to_string()),
        introspection(&token).header("accept", SIGNED),
        request().form(&[("token", "x")]),
        request().header("authorization", &format!("Bearer {bearer}")).form(&[("token", "x")]),
        request().header("authorization", "Bearer x").form(&[("token", "x")]),
        request().basic("barred", SECRET).form(&[("token", "x")]),
        introspection("x").path("/nowhere"),
        introspection("x").method(Method::GET),
        get(KEY_SET).method(Method::POST),
        form(&format!("token={}", "x".repeat(70_000))),
        introspection("x").header("content-type", "text/plain"),
        batch().header("content-type", "text/plain"),
        introspection("x").basic(API, "wrong"),
        introspection("x").basic(API, "wrong"),
        introspection("x").within(Duration::ZERO),
        get(KEY_SET),
    ] {
        answers.push(world.send(request).await);
    }
    answers
}

/// The answers of deployments that sign: with a key from a file, and with a key that cannot be reached.
async fn signing() -> Vec<Answer> {
    let world = World::with(&[("SIGNING_KEY", &key_file("docs-errors", &pem("EC")))]).await;
    let without_credentials = world.send(request().header("accept", SIGNED).form(&[("token", "x")])).await;
    let signed = world.send(introspection("unknown").header("accept", SIGNED)).await;
    world.put_policy(&json!({ "require_signed_response": true }));
    let json_refused = world.introspect("x").await;
    let kms = format!("kms:{KEY}");
    let changes = [&[("SIGNING_KEY", kms.as_str())][..], &world.token_settings()].concat();
    let issuers = issuers(&world.signer);
    let unreachable = World::service_beside(&world.proxy.url, "http://127.0.0.1:1", &issuers, &changes).await;
    vec![without_credentials, signed, json_refused, fast_forward(send(&unreachable, get(KEY_SET))).await]
}

/// The answer to an event that cannot be read.
async fn unreadable() -> Answer {
    let (_engine, service) = events::demo_service().await;
    let answer = events::answer(&service, "{}").await;
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let body = answer["body"].as_str().unwrap().to_owned();
    Answer { status: status.try_into().unwrap(), headers: http::HeaderMap::new(), body, audit: Vec::new() }
}

/// The answer in the place of one that is too large; tests/real makes such a batch.
fn too_large() -> Answer {
    let (parts, body) = render(&Outcome::TooLarge(TooLarge), "request-1").into_parts();
    Answer { status: parts.status, headers: parts.headers, body, audit: Vec::new() }
}

#[tokio::test]
async fn o01_each_body_of_the_page_is_answered_and_each_answer_is_on_the_page() {
    let mut answers = Box::pin(plain()).await;
    answers.extend(Box::pin(signing()).await);
    answers.push(unreadable().await);
    answers.push(too_large());
    let is_object = |answer: &&Answer| answer.body.starts_with('{') && !answer.body.starts_with(r#"{"keys""#);
    let answered: BTreeSet<Shown> = answers.iter().filter(is_object).map(shown).collect();
    assert_eq!(answered, documented());
}

#[tokio::test]
async fn a18_a20_b03_the_headers_of_the_page_are_those_of_the_answers() {
    let mut answers = Box::pin(plain()).await;
    answers.extend(Box::pin(signing()).await);
    let mut rows = 0;
    for (_, cells) in errors().rows() {
        let [name] = spans(&cells[0])[..] else { continue };
        let name = name.to_lowercase();
        let values: BTreeSet<&str> =
            answers.iter().map(|answer| answer.header(&name)).filter(|v| !v.is_empty()).collect();
        if !["content-type", "cache-control", "pragma", "x-content-type-options", "www-authenticate", "allow"]
            .contains(&name.as_str())
        {
            continue;
        }
        rows += 1;
        let row = spans(&cells[1..].join(" ")).iter().map(|span| (*span).to_owned()).collect::<Vec<_>>();
        for value in &values {
            let fits =
                |span: &String| span.split_once('…').map_or(span == value, |(start, _)| value.starts_with(start));
            assert!(row.iter().any(fits), "{name}: {value} is not on the page");
        }
        for span in spans(&cells[1]) {
            let span = span.split('…').next().unwrap();
            let with_cors = span == "POST, OPTIONS";
            assert!(with_cors || values.iter().any(|value| value.starts_with(span)), "{name}: no answer has {span}");
        }
    }
    assert_eq!(rows, 6);
}

/// The texts of an error that the code may send, with `*` instead of inserted values.
fn texts_in_the_code() -> Vec<String> {
    let source = read("src/response.rs");
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let literals = code.split('"').skip(1).step_by(2);
    let texts =
        literals.filter(|text| text.matches(' ').count() >= 2 && !text.contains("realm=") && !text.contains('\n'));
    texts
        .map(|text| {
            text.split('{')
                .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
                .collect::<Vec<_>>()
                .join("*")
        })
        .collect()
}

#[test]
fn each_text_of_an_error_in_the_code_is_on_the_page() {
    let descriptions: Vec<String> = documented()
        .iter()
        .filter_map(|(_, body)| serde_json::from_str::<Value>(body).ok())
        .filter_map(|body| body["error_description"].as_str().or(body["description"].as_str()).map(str::to_owned))
        .collect();
    let texts = texts_in_the_code();
    assert!(texts.len() > 12, "the texts were not found: {texts:?}");
    for text in texts {
        let parts: Vec<&str> = text.split('*').collect();
        let fits = |description: &String| parts.iter().all(|part| description.contains(part));
        assert!(descriptions.iter().any(fits), "docs/errors.md does not show: {text}");
    }
}

#[tokio::test]
async fn b19_g08_every_answer_that_a_page_quotes_is_one_of_errors_md() {
    let mut known: BTreeSet<String> = documented().into_iter().map(|(_, body)| body).collect();
    // An entry of a batch whose issuer's keys are out of reach.
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": "http://127.0.0.1:1/jwks.json" }]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let token = ed25519(Some("key-1"), 1).token(&json!({ "typ": "at+jwt" }), &claims(&json!({})));
    let batch = request().path("/token/introspect/batch").basic(API, SECRET).header("content-type", "application/json");
    let answer = world.send(batch.body(json!({ "tokens": [token] }).to_string())).await;
    known.insert(answer.json()["results"][0].to_string());
    for page in pages() {
        for (number, line) in page.prose() {
            for span in
                spans(line).into_iter().filter(|span| span.starts_with(r#"{"error"#) || span.starts_with(r#"{"active"#))
            {
                assert!(known.contains(span), "{}:{number}: no answer is {span}", page.path);
            }
        }
    }
}

#[tokio::test]
async fn b03_every_challenge_that_a_page_quotes_is_one_of_ours() {
    let answers = Box::pin(plain()).await;
    let challenges: BTreeSet<&str> = answers.iter().map(|answer| answer.header("www-authenticate")).collect();
    let mut count = 0;
    for page in pages() {
        for (number, line) in page.prose() {
            for span in spans(line).into_iter().filter(|span| span.contains("realm=")) {
                let span = span.trim_start_matches("WWW-Authenticate: ");
                let fits = |challenge: &&&str| span.split('…').all(|part| challenge.contains(part));
                assert!(challenges.iter().any(|challenge| fits(&challenge)), "{}:{number}: {span}", page.path);
                count += 1;
            }
        }
    }
    assert!(count >= 4, "{count} challenges");
}

#[tokio::test]
async fn o08_the_cors_headers_of_the_page_are_those_of_the_answers() {
    let origin = "https://app.example.com";
    let world = World::with(&[("CORS_ALLOWED_ORIGINS", origin)]).await;
    let preflight = request().method(Method::OPTIONS).header("access-control-request-method", "POST");
    let preflight = world.send(preflight.header("origin", origin)).await;
    let answer = world.send(introspection("unknown").header("origin", origin)).await;
    let page = page("docs/endpoints.md");
    let mut shown = [Vec::new(), Vec::new()];
    for (_, cells) in page.rows().into_iter().filter(|(_, cells)| cells[0].starts_with("`Access-Control-")) {
        let (name, value) = spans(&cells[0])[0]
            .split_once(": ")
            .map(|(name, value)| (name.to_lowercase(), value.replace("<the origin>", origin)))
            .unwrap();
        if cells[1] == "all" {
            shown[1].push((name.clone(), value.clone()));
        }
        shown[0].push((name, value));
    }
    for (answer, mut shown) in [&preflight, &answer].into_iter().zip(shown) {
        shown.sort_unstable();
        let sent = answer.all_headers().into_iter().filter(|(name, _)| name.starts_with("access-control-"));
        let sent: Vec<_> = sent.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(shown, sent);
    }
}
