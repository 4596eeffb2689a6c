//! The requests that pages show are sent to a service, and the signed answer is compared with one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue, Method};
use serde_json::json;
use token_introspection::{call::now, records::sha256_hex, request::parse_names};

use test_support::certificates::ORDERS;

use super::page::{blocks, commands, words};
use crate::{
    keys::{es256, pem},
    signed_responses::{SIGNED, key_file},
    world::{API, Answer, ISSUER, OWN, Request, SECRET, World, introspection, request},
};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Orders/i-0123";
const ROLE: &str = "arn:aws:iam::111122223333:role/services/Orders";
/// The value of a form's parameter, which the pages leave out.
const LEFT_OUT: [&str; 2] = ["…", "$TOKEN"];

/// A deployment with the client `orders` registered for that method, and with the public one.
async fn deployment(orders: &serde_json::Value) -> World {
    let world = World::new().await;
    let mut record = orders.clone();
    record["client_id"] = json!("orders");
    world.put_client(&record);
    world.put_client(&json!({ "client_id": "orders-web", "issuer": ISSUER }));
    world.put_client(&json!({ "client_id": "gateway", "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    world
}

/// The path of a URL, also of one whose host is left out.
fn path(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or_else(|| panic!("{url} is not https"));
    format!("/{}", rest.split_once('/').unwrap_or_else(|| panic!("{url} has no path")).1)
}

/// The method for which `orders` is registered for a command, and the request that the command sends.
fn of_curl(command: &str, token: &str) -> (serde_json::Value, Request) {
    let (mut record, mut built, mut form) = (json!({}), request(), Vec::new());
    let words = words(command);
    let mut words = words.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-s" | "-i" => {}
            "-d" => {
                let (name, value) = words.next().unwrap().split_once('=').unwrap();
                form.push((name.to_owned(), if LEFT_OUT.contains(&value) { token } else { value }.to_owned()));
            }
            "-u" => {
                assert_eq!(words.next(), Some("$CLIENT_ID:$CLIENT_SECRET"));
                built = built.basic(API, SECRET);
            }
            "--cert" => {
                assert_eq!(
                    (words.next(), words.next(), words.next()),
                    (Some("orders.pem"), Some("--key"), Some("orders.key"))
                );
                built = built.certificate(ORDERS);
                record = json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "orders.example.com" });
            }
            "--aws-sigv4" => {
                assert_eq!((words.next(), words.next()), (Some("aws:amz:eu-west-1:execute-api"), Some("--user")));
                words.next();
                // The gateway's IAM authorization checks the signature and names the caller.
                built = built
                    .iam(SESSION)
                    .header("authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=0");
                record = json!({ "token_endpoint_auth_method": "aws_iam", "iam_principal_arn": ROLE });
            }
            "-H" => {
                let (name, value) = words.next().unwrap().split_once(": ").unwrap();
                built.0.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
            }
            url if url.starts_with("https://") => built = built.path(&path(url)),
            other => panic!("{command}: {other} is not known here"),
        }
    }
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    (record, built.form(&form))
}

#[tokio::test]
async fn f01_b17_n01_each_curl_command_of_a_page_is_answered_as_it_says() {
    let mut count = 0;
    for block in blocks("sh", "curl") {
        for command in commands(&block.text) {
            let (record, _) = of_curl(&command, "");
            let world = deployment(&record).await;
            let token = world.token(&json!({ "client_id": "orders-web" }));
            let (_, request) = of_curl(&command, &token);
            let answer = world.send(request).await;
            assert_eq!(answer.status, 200, "{}: {command}: {}", block.place, answer.body);
            if command.contains("/token/revoke") {
                world.introspect(&token).await.assert_inactive("revoked_token");
            } else {
                answer.assert_active();
            }
            count += 1;
        }
    }
    assert!(count >= 4, "{count} commands");
}

/// The request of a page, with what the page leaves out filled in.
fn of_text(text: &str, fill: impl Fn(&str) -> String) -> Request {
    let (head, body) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = request().without_header("content-type").path(path).method(Method::try_from(method).unwrap());
    request.0.query_names = parse_names(query);
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        request.0.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(&fill(value)).unwrap());
    }
    request.body(fill(body))
}

#[tokio::test]
async fn e01_d01_each_request_of_a_page_is_answered() {
    let key = es256(Some("k1"));
    let jwks = json!({ "keys": [key.jwk()] }).to_string();
    let world = deployment(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks })).await;
    let token = world.token(&json!({}));
    let bearer = world.token(&json!({ "aud": OWN, "client_id": "gateway", "scope": "introspection", "jti": "own" }));
    let claims = json!({ "iss": "orders", "sub": "orders", "aud": OWN, "iat": now(), "exp": now() + 60, "jti": "1" });
    let assertion = key.token(&json!({}), &claims);
    let blocks = blocks("http", "request");
    assert!(blocks.len() >= 2, "{} requests", blocks.len());
    for block in blocks {
        let fill = |text: &str| {
            text.replace("client_assertion=eyJ…", &format!("client_assertion={assertion}"))
                .replace("Bearer eyJ…", &format!("Bearer {bearer}"))
                .replace("token=…", &format!("token={token}"))
        };
        let answer = world.send(of_text(&block.text, fill)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["active"]),
            (200, &json!(true)),
            "{}: {}",
            block.place,
            answer.body
        );
    }
}

/// A signed answer as the page writes it: header and claims in clear, with words for what differs each time.
fn shown(answer: &Answer, iat: i64) -> String {
    let parts: Vec<&str> = answer.body.split('.').collect();
    let [header, claims] = [0, 1].map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(parts[part]).unwrap()).unwrap());
    let kid = serde_json::from_str::<serde_json::Value>(&header).unwrap()["kid"].to_string();
    let (claims, _) = claims.split_once(r#""active":true,"#).unwrap();
    let claims = claims
        .replace(OWN, "<ISSUER>")
        .replace(&format!(r#""aud":"{API}""#), r#""aud":"<client id of the caller>""#)
        .replace(&iat.to_string(), "1767225600");
    format!("{}.{claims}\"active\":true,…}}}}.<signature>", header.replace(&kid, "\"…\""))
}

#[tokio::test]
async fn j03_j04_the_signed_answer_of_the_page_is_one_of_ours() {
    let world = World::with(&[("SIGNING_KEY", &key_file("docs-requests", &pem("EC")))]).await;
    world.put_client(&json!({ "client_id": API, "client_secret": sha256_hex(SECRET) }));
    let iat = now();
    let token = world.token(&json!({}));
    let answer = world.send(introspection(&token).header("accept", SIGNED).at(iat)).await;
    let blocks = blocks("http", "answer");
    assert_eq!(blocks.len(), 1);
    for block in blocks {
        let (head, body) = block.text.trim().split_once("\n\n").unwrap();
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"), "{}", block.place);
        let headers: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
        for (name, value) in &headers {
            assert_eq!(answer.header(name), *value, "{}: {name}", block.place);
        }
        assert!(headers.len() > 1, "{}", block.place);
        assert_eq!(body, shown(&answer, iat), "{}", block.place);
    }
}
