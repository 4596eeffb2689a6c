//! The sources of the keys for signed answers: files at the start, KMS and Secrets Manager at the first need.

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::HeaderMap;
use lambda_http::{Context, lambda_runtime};
use serde_json::{Value, json};
use token_introspection::{
    call,
    lambda::{Event, handle},
    settings::{LogLevel, Settings},
};
use tokio::time::Instant;

use crate::{
    aws::{Aws, Fault, KEY},
    keys::pem,
    log::Log,
    signed_responses::{KEY_SET, SIGNED, key_file, verified},
    time::fast_forward,
    world::{Answer, ISSUER, OWN, World, get, introspection, issuers, send},
};

const OPENID: &str = "/.well-known/openid-configuration";

/// A deployment with this `SIGNING_KEY` that uses KMS and Secrets Manager at that address.
pub async fn deployment(aws: &Aws, signing_key: &str) -> World {
    let mut world = World::new().await;
    let changes = [world.token_settings(), vec![("SIGNING_KEY", signing_key)]].concat();
    let service = World::service_beside(&world.proxy.url, &aws.url, &issuers(&world.signer), &changes).await;
    world.service = service;
    world
}

async fn ask(world: &World, token: &str) -> Answer {
    ask_at(world, call::now(), token).await
}

/// The same at another time: a key that could not be loaded is not requested again within 5 s.
pub async fn ask_at(world: &World, now: i64, token: &str) -> Answer {
    world.send(introspection(token).header("accept", SIGNED).at(now)).await
}

fn token_introspection(claims: &str) -> Value {
    serde_json::from_str::<Value>(claims).unwrap()["token_introspection"].clone()
}

#[tokio::test]
async fn j14_a_key_in_kms_signs_there_and_its_public_half_is_loaded_once_at_the_first_need() {
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    world.service.warm_up(call::now(), Instant::now() + Duration::from_secs(1)).await;
    world.introspect("unknown").await.assert_inactive("unknown_token");
    assert_eq!(aws.take_operations(), Vec::<String>::new(), "neither the start nor a JSON answer needs it");
    let token = world.token(&json!({}));
    // A third of all signatures has a number with a leading zero byte or sign byte; so this many show every form.
    for _ in 0..40 {
        let (header, claims) = verified(&world.service, &ask(&world, &token).await).await;
        assert_eq!((&header["alg"], token_introspection(&claims)["active"].as_bool()), (&json!("ES256"), Some(true)));
    }
    let (_, claims) = verified(&world.service, &ask(&world, "unknown").await).await;
    assert_eq!(token_introspection(&claims), json!({ "active": false }));
    // Around the length above which KMS takes only a digest.
    for length in (2000..4000).step_by(250) {
        let long = world.token(&json!({ "department": "x".repeat(length) }));
        let (_, claims) = verified(&world.service, &ask(&world, &long).await).await;
        assert_eq!(token_introspection(&claims)["department"].as_str().map(str::len), Some(length));
    }
    let operations = aws.take_operations();
    assert_eq!(operations[0], "GetPublicKey");
    assert!(operations[1..].iter().all(|operation| operation == "Sign"), "{operations:?}");
    assert_eq!(world.send(get(OPENID)).await.json()["introspection_signing_alg_values_supported"], json!(["ES256"]));
    assert_eq!(aws.take_operations(), Vec::<String>::new());
}

#[tokio::test]
async fn j08_the_published_key_verifies_the_signatures_of_every_kind_of_key_in_kms() {
    let aws = Aws::start().await;
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/5678abcd-12ab-34cd-56ef-1234567890ab";
    for (spec, setting, alg, length_of_signature) in [
        ("ECC_NIST_P256", "", "ES256", 64),
        ("ECC_NIST_EDWARDS25519", "", "EdDSA", 64),
        ("RSA_2048", "", "RS256", 256),
        ("RSA_2048", "PS256", "PS256", 256),
    ] {
        aws.put_key(arn, spec);
        let mut world = World::new().await;
        let changes = [("SIGNING_KEY", &*format!("kms:{arn}")), ("SIGNING_ALGORITHM", setting)];
        world.service = World::service_beside(&world.proxy.url, &aws.url, &issuers(&world.signer), &changes).await;
        let metadata = world.send(get(OPENID)).await.json();
        assert_eq!(metadata["introspection_signing_alg_values_supported"], json!([alg]));
        // KMS takes the text up to 4,096 bytes, and the digest of a longer one. An answer with 2,500 of these is just
        // below that. Ed25519 has no digest.
        for length in (0..4000).step_by(500) {
            let token = world.token(&json!({ "department": "x".repeat(length) }));
            let answer = ask(&world, &token).await;
            if alg == "EdDSA" && length > 2500 {
                answer.assert_unavailable("signer_unavailable");
            } else {
                let (header, claims) = verified(&world.service, &answer).await;
                assert_eq!(header["alg"], alg);
                assert_eq!(token_introspection(&claims)["department"].as_str().map(str::len), Some(length));
                let signature = URL_SAFE_NO_PAD.decode(answer.body.rsplit('.').next().unwrap()).unwrap();
                assert_eq!(signature.len(), length_of_signature);
            }
        }
        // After an answer that is too long, other answers are still signed.
        let (_, claims) = verified(&world.service, &ask(&world, "unknown").await).await;
        assert_eq!(token_introspection(&claims), json!({ "active": false }));
        let operations = aws.take_operations();
        assert_eq!(operations.iter().filter(|operation| *operation == "GetPublicKey").count(), 1, "{operations:?}");
    }
}

#[tokio::test]
async fn j13_a_key_in_secrets_manager_is_loaded_once_at_the_first_need_as_text_or_bytes() {
    let aws = Aws::start().await;
    let key = pem("RSA");
    let text = aws.put_secret("text", json!({ "SecretString": key }));
    let bytes = aws.put_secret("bytes", json!({ "SecretBinary": STANDARD.encode(pem("OKP")) }));
    let (file, both) = (key_file("third", &pem("EC")), format!("secretsmanager:{text},secretsmanager:{bytes}"));
    for first in [OPENID, KEY_SET, ""] {
        let world = deployment(&aws, &format!("{both},{file}")).await;
        assert_eq!(aws.take_operations(), Vec::<String>::new());
        if !first.is_empty() {
            assert_eq!(world.send(get(first)).await.status, 200);
            assert_eq!(aws.take_operations().len(), if first == KEY_SET { 2 } else { 1 }, "{first}");
        }
        let answer = ask(&world, "unknown").await;
        let (header, claims) = verified(&world.service, &answer).await;
        assert_eq!((&header["alg"], token_introspection(&claims)), (&json!("RS256"), json!({ "active": false })));
        assert_eq!(world.send(get(KEY_SET)).await.json()["keys"].as_array().unwrap().len(), 3);
        aws.take_operations();
        ask(&world, "unknown").await;
        assert_eq!(aws.take_operations(), Vec::<String>::new(), "it is kept");
    }
}

#[tokio::test]
async fn g08_an_unreachable_key_is_503_until_it_can_be_loaded_and_never_an_unsigned_answer() {
    let aws = Aws::start().await;
    let secret = format!("secretsmanager:{}", aws.put_secret("key", json!({ "SecretString": pem("EC") })));
    for signing_key in [format!("kms:{KEY}"), secret] {
        let world = deployment(&aws, &signing_key).await;
        let token = world.token(&json!({}));
        // Each request is late enough for another attempt to load the key.
        let mut now = call::now();
        let mut later = || {
            now += 5;
            now
        };
        for fault in [Fault::AccessDenied, Fault::ServerError, Fault::Empty, Fault::Garbage, Fault::Hangs] {
            aws.fail(fault);
            let started = Instant::now();
            for token in [&token, "unknown"] {
                fast_forward(ask_at(&world, later(), token)).await.assert_unavailable("signer_unavailable");
            }
            for document in [OPENID, KEY_SET] {
                let answer = fast_forward(world.send(get(document).at(later()))).await;
                answer.assert_unavailable("signer_unavailable");
            }
            assert!(aws.take_operations().len() >= 4, "{fault:?}: each request has tried");
            assert!(started.elapsed() < Duration::from_millis(4 * 1900), "{fault:?}: {:?}", started.elapsed());
            world.introspect("unknown").await.assert_inactive("unknown_token");
        }
        aws.fail(Fault::None);
        verified(&world.service, &ask_at(&world, later(), &token).await).await;
        // Once a key is loaded, only KMS is still needed.
        for fault in [Fault::AccessDenied, Fault::Empty, Fault::Garbage, Fault::Hangs] {
            aws.fail(fault);
            let answer = ask(&world, &token).await;
            if signing_key.starts_with("kms:") {
                answer.assert_unavailable("signer_unavailable");
            } else {
                verified(&world.service, &answer).await;
            }
            assert_eq!(world.send(get(KEY_SET)).await.status, 200);
        }
        aws.fail(Fault::None);
        verified(&world.service, &ask(&world, &token).await).await;
    }
}

#[tokio::test]
async fn g08_a_key_service_that_does_not_answer_is_given_up_at_the_deadline() {
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    aws.fail(Fault::Hangs);
    let started = Instant::now();
    let request = introspection("unknown").header("accept", SIGNED).within(Duration::from_millis(300));
    world.send(request).await.assert_unavailable("signer_unavailable");
    assert!(started.elapsed() < Duration::from_millis(450), "{:?}", started.elapsed());
    // A key set without one of its keys would make that key's answers look forged.
    let file = key_file("beside-kms", &pem("EC"));
    let beside = deployment(&aws, &format!("{file},kms:{KEY}")).await;
    aws.fail(Fault::AccessDenied);
    beside.send(get(KEY_SET)).await.assert_unavailable("signer_unavailable");
    assert_eq!(beside.send(get(OPENID)).await.status, 200);
    assert_eq!(ask(&beside, "unknown").await.header("content-type"), SIGNED);
}

#[tokio::test]
async fn o04_no_log_line_contains_any_part_of_a_private_key() {
    let (log, _guard) = Log::start(LogLevel::Trace);
    let aws = Aws::start().await;
    let key = pem("EC");
    let secret = format!("secretsmanager:{}", aws.put_secret("logged", json!({ "SecretString": key })));
    let world = deployment(&aws, &secret).await;
    aws.fail(Fault::Garbage);
    ask(&world, "unknown").await.assert_unavailable("signer_unavailable");
    aws.fail(Fault::None);
    let answer = ask_at(&world, call::now() + 5, "unknown").await;
    verified(&world.service, &answer).await;
    let text = log.take();
    assert!(
        text.contains(r#""event":"signer_unavailable""#) && text.contains(r#""reason":"signer_unavailable""#),
        "{text}"
    );
    let body = key.lines().nth(1).unwrap();
    for part in [&body[..24], &body[60..84], "PRIVATE KEY", &answer.body] {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn j03_the_gateway_gets_a_signed_answer_as_text_without_the_adapters_own_header() {
    let world = World::with(&[("SIGNING_KEY", &key_file("gateway", &pem("EC")))]).await;
    for name in ["http-api-opaque-base64", "rest-api-wrong-secret", "function-url-active", "alb-active"] {
        let file = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for headers in ["headers", "multiValueHeaders"] {
            for (name, value) in event[headers].as_object_mut().into_iter().flatten() {
                let text = match name.to_ascii_lowercase().as_str() {
                    "accept" => json!(SIGNED),
                    "authorization" => {
                        json!(format!("Basic {}", STANDARD.encode(format!("api:{}", crate::world::SECRET))))
                    }
                    _ => continue,
                };
                *value = if headers == "headers" { text } else { json!([text]) };
            }
            if let Some(headers) = event[headers].as_object_mut()
                && !headers.keys().any(|name| name.eq_ignore_ascii_case("accept"))
            {
                let is_list = headers.values().any(Value::is_array);
                headers.insert("accept".to_owned(), if is_list { json!([SIGNED]) } else { json!(SIGNED) });
            }
        }
        let event: Event = serde_json::from_str(&event.to_string()).unwrap();
        let deadline = (http::HeaderName::from_static("lambda-runtime-deadline-ms"), "4102444800000".parse().unwrap());
        let headers = HeaderMap::from_iter([deadline]);
        let context = Context::new("request-1", lambda_runtime::Config::default().into(), &headers).unwrap();
        let answer = serde_json::to_value(handle(&world.service, event, context, false).await.unwrap()).unwrap();
        assert_eq!(
            (&answer["statusCode"], &answer["isBase64Encoded"]),
            (&json!(200), &json!(false)),
            "{name}: {answer}"
        );
        assert_eq!(answer["body"].as_str().unwrap().split('.').count(), 3, "{name}");
        let text = answer.to_string();
        assert!(text.contains(SIGNED) && !text.contains("x-lambda-http"), "{text}");
    }
}

#[test]
fn j08_a_wrong_key_stops_the_start_with_one_line_that_does_not_quote_it() {
    let (good, other) = (key_file("good", &pem("EC")), key_file("p384", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n"));
    let kms = format!("kms:{KEY}");
    for (key, algorithm, part) in [
        ("file:/nowhere/key.pem", "", "cannot be read"),
        (&key_file("empty", ""), "", "holds neither a private key"),
        (&other, "", "unencrypted PKCS#8"),
        (&format!("{good},{good}"), "", "twice"),
        (&format!("{good},"), "", "does not begin with"),
        (&format!("{kms},{kms}"), "", "twice"),
        ("key.pem", "", "does not begin with"),
        ("kms:1234abcd", "", "not an ARN of a key in KMS"),
        ("kms:arn:aws:kms:eu-west-1:123456789012:alias/a", "", "an alias is not accepted"),
        ("secretsmanager:my-secret", "", "not an ARN of a secret"),
        (&good, "ES256", "neither RS256 nor PS256"),
        (&good, "none", "neither RS256 nor PS256"),
    ] {
        let variable = |name: &str| match name {
            "ISSUER" => Some(OWN.to_owned()),
            "SIGNING_KEY" => Some(key.to_owned()),
            "SIGNING_ALGORITHM" => Some(algorithm.to_owned()),
            _ => None,
        };
        let error = Settings::read(variable).err().unwrap_or_else(|| panic!("{key} was taken")).to_string();
        assert!(error.starts_with("SIGNING_") && error.contains(part) && !error.contains('\n'), "{key}: {error}");
        assert!(!error.contains("AAAA"), "{error}");
    }
}

#[tokio::test]
async fn j11_without_a_signing_key_a_client_that_requires_signed_answers_gets_an_error() {
    let world = World::new().await;
    world.put_policy(&json!({ "require_signed_response": true }));
    for accept in [SIGNED, "*/*", "application/token-introspection+jwt, application/json"] {
        let answer = send(&world.service, introspection("x").header("accept", accept)).await;
        let reason = if accept == SIGNED { "nothing_is_signed" } else { "signed_response_required" };
        answer.assert_error(400, "invalid_request", reason);
    }
}

#[tokio::test]
async fn o06_g11_a_verdict_that_cannot_be_signed_leaves_all_that_is_known_of_its_token() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    aws.fail(Fault::AccessDenied);
    world.put_policy(&json!({ "audiences": ["https://elsewhere.example.com"], "mode": "report" }));
    let exp = call::now() + 600;
    world.put_token("opaque", &json!({ "token_type": "access_token", "client_id": "app", "exp": exp }));
    world.put_mark(&format!("sid#{ISSUER}#s1"), &json!({ "reason": "logout" }));
    world.put_mark(&format!("sid#{ISSUER}#s2"), &json!({ "not_before": "yesterday" }));
    for (token, issuer, policy, mark_reason, is_corrupt) in [
        ("opaque".to_owned(), OWN, "would_deny", None, false),
        (world.token(&json!({ "sid": "s1" })), ISSUER, "none", Some("logout"), false),
        (world.token(&json!({ "sid": "s2" })), ISSUER, "none", None, true),
    ] {
        log.take();
        ask(&world, &token).await.assert_unavailable("signer_unavailable");
        let lines: Vec<Value> = log.take().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let record = lines.iter().find(|line| line["target"] == "audit").unwrap();
        let members = ["outcome", "issuer", "policy"].map(|member| record[member].as_str().unwrap());
        assert_eq!(members, ["unavailable", issuer, policy]);
        assert_eq!(record.get("mark_reason"), mark_reason.map(Value::from).as_ref());
        let corrupt = lines.iter().find(|line| line["event"] == "corrupt_item");
        assert_eq!(corrupt.is_some(), is_corrupt, "{lines:?}");
        assert!(corrupt.is_none_or(|line| line["span"]["request_id"] == "request-1"), "{corrupt:?}");
    }
}
