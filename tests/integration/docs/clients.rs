//! Snippets for client libraries: they name routes and members of ours, and what tests/interop runs of the libraries.

use http::Method;
use serde_json::{Value, json};

use super::page::{Block, pages, read, words};
use crate::world::{World, introspection};

/// The address of the service in the pages.
const URL: &str = "https://introspection.example.com";

/// The blocks of that kind, in any language.
fn snippets(kind: &str) -> Vec<Block> {
    let blocks = pages().into_iter().flat_map(|page| page.blocks());
    blocks.filter(|block| block.kind == kind).collect()
}

/// The paths that a snippet names: those of our URLs, and those that begin with a route's first part.
fn paths(text: &str) -> Vec<String> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | ')');
    let ends = |rest: &str| rest.split(is_end).next().unwrap_or_default().to_owned();
    let of_urls = text.split(URL).skip(1).map(ends).filter(|path| !path.is_empty());
    let of_variables = text.match_indices("/token/").map(|(at, _)| ends(&text[at..]));
    of_urls.chain(of_variables).collect()
}

#[tokio::test]
async fn a01_each_path_in_a_snippet_is_a_route_that_answers_the_snippets_post() {
    let world = World::new().await;
    let mut count = 0;
    for block in snippets("client-library") {
        for path in paths(&block.text) {
            let answer = world.send(introspection("unknown").path(&path)).await;
            assert_eq!(answer.status, 200, "{}: {path}", block.place);
            count += 1;
        }
    }
    assert!(count >= 5, "{count} paths");
}

#[tokio::test]
async fn a01_b05_the_authentication_and_form_of_each_snippet_are_accepted() {
    let metadata = World::new().await.send(crate::world::get("/.well-known/openid-configuration")).await.json();
    let advertised = metadata["introspection_endpoint_auth_methods_supported"].as_array().unwrap();
    let mut methods = 0;
    for block in snippets("client-library") {
        for word in block.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if word.starts_with("client_secret_") {
                assert!(advertised.iter().any(|method| method == word), "{}: {word}", block.place);
                methods += 1;
            }
        }
        for media_type in block.text.split(['"', '\'', ' ', ';', '\n']).filter(|word| word.starts_with("application/"))
        {
            let known = ["application/x-www-form-urlencoded", "application/json"];
            assert!(known.contains(&media_type), "{}: {media_type}", block.place);
        }
    }
    assert!(methods >= 3, "{methods} methods");
}

/// What tests/interop runs of a library: the language and a word of the block, the file, and what both must have.
const RUN: [(&str, &str, &str, &[&str]); 3] = [
    (
        "js",
        "oauth.",
        "tests/interop/node/oauth4webapi.mjs",
        &[
            "oauth.processDiscoveryResponse(",
            "oauth.discoveryRequest(",
            "oauth.introspectionRequest(",
            "oauth.processIntrospectionResponse(",
            "oauth.ClientSecretBasic(",
        ],
    ),
    (
        "python",
        "OAuth2Session",
        "tests/interop/python/authlib_client.py",
        &["OAuth2Session(", "token_endpoint_auth_method=", ".introspect_token(", "token=token"],
    ),
    (
        "apache",
        "OIDC",
        "tests/interop/apache/httpd.conf",
        &[
            "OIDCOAuthIntrospectionEndpoint ",
            "OIDCOAuthIntrospectionEndpointAuth ",
            "OIDCOAuthClientID ",
            "OIDCOAuthClientSecret ",
            "OIDCOAuthTokenIntrospectionInterval ",
            "<Location /orders>\n  AuthType oauth20\n  Require claim \"scope~(^| )orders:read( |$)\"\n</Location>",
        ],
    ),
];

#[test]
fn each_snippet_that_can_be_run_calls_what_tests_interop_runs() {
    for (language, word, file, both) in RUN {
        let snippets = snippets("client-library");
        let [snippet] =
            snippets.iter().filter(|b| b.language == language && b.text.contains(word)).collect::<Vec<_>>()[..]
        else {
            panic!("{language} {word}: not one snippet")
        };
        let run = read(file);
        for text in both {
            assert!(snippet.text.contains(text) && run.contains(text), "{} and {file}: {text}", snippet.place);
        }
        // Nothing else of the library is called.
        for call in snippet.text.split("oauth.").skip(1).filter(|_| language == "js") {
            let name = call.split('(').next().unwrap();
            assert!(both.iter().any(|text| *text == format!("oauth.{name}(")), "{}: {name}", snippet.place);
        }
    }
}

#[test]
fn the_snippet_of_an_issuer_makes_the_tokens_of_the_entry_beside_it() {
    let mut count = 0;
    for page in pages() {
        let blocks = page.blocks();
        for (entries, snippet) in
            blocks.iter().zip(blocks.iter().skip(1)).filter(|(_, snippet)| snippet.kind == "issuer")
        {
            let entries: Value = serde_json::from_str(&entries.text).unwrap();
            let entry = &entries[0];
            for (name, value) in entry["required_claims"].as_object().unwrap() {
                assert!(snippet.text.contains(&format!("claim(\"{name}\", {value})")), "{}: {name}", snippet.place);
            }
            for audience in entry["audiences"].as_array().unwrap() {
                assert!(snippet.text.contains(&audience.to_string()), "{}: {audience}", snippet.place);
            }
            count += 1;
        }
    }
    assert_eq!(count, 1);
}

/// The one snippet of a language.
fn snippet(language: &str) -> Block {
    let mut snippets: Vec<_> =
        snippets("client-library").into_iter().filter(|block| block.language == language).collect();
    assert_eq!(snippets.len(), 1, "{language}");
    snippets.remove(0)
}

/// The text between two others.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).unwrap_or_else(|| panic!("no {start} … {end}")).0
}

#[tokio::test]
async fn a01_c02_the_request_that_nginx_makes_is_answered() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let block = snippet("nginx");
    let directives = block.text.lines().map(|line| line.trim().trim_end_matches(';'));
    let mut built = introspection("unknown").without_header("content-type");
    for directive in directives {
        match words(directive).iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["proxy_method", method] => built = built.method(Method::try_from(method).unwrap()),
            ["proxy_set_body", body] => built = built.body(body.replace("$access_token", &token)),
            ["proxy_set_header", "Accept", value] => built = built.header("accept", value),
            ["proxy_set_header", "Content-Type", value] => built = built.header("content-type", value),
            ["proxy_set_header", "Authorization", value] => assert_eq!(value, "Basic …"),
            ["proxy_set_header", "Host", _] | [] => {}
            ["proxy_set_header", name, _] => panic!("{}: {name} is not known here", block.place),
            _ => {}
        }
    }
    world.send(built).await.assert_active();
}

#[tokio::test]
async fn a01_a03_the_request_that_the_go_code_makes_is_answered() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let block = snippet("go");
    let parameter = between(&block.text, "url.Values{\"", "\": {token}}");
    let method = between(&block.text, "NewRequestWithContext(ctx, \"", "\", endpoint");
    let content_type = between(&block.text, "Header.Set(\"Content-Type\", \"", "\")");
    assert!(block.text.contains("req.SetBasicAuth(clientID, clientSecret)"), "{}", block.place);
    let built = introspection("x").method(Method::try_from(method).unwrap()).header("content-type", content_type);
    world.send(built.form(&[(parameter, &token)])).await.assert_active();
    let without = introspection(&token).without_header("content-type");
    world.send(without).await.assert_error(415, "invalid_request", "wrong_media_type");
}
