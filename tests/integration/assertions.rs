//! Group E: `private_key_jwt`.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use token_introspection::{call::now, records::sha256_hex, settings::LogLevel};

use crate::{
    keys,
    log::Log,
    proxy::Fault,
    signer::Signer,
    time::fast_forward,
    world::{ACCEPTED, ALL_IN_DYNAMODB, API, Answer, OWN, Request, SECRET, World, assert_refused, request, send},
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");
/// The client of these tests, whose key is [`key`].
const CLIENT: &str = "by-key";

fn key() -> Signer {
    keys::es256(Some("k1"))
}

/// A new value for each call.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("unique-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The claims of a valid assertion with these changes; null removes a claim.
fn claims(changes: &Value) -> Value {
    let mut claims =
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": OWN, "iat": now(), "exp": now() + 60, "jti": unique() });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn assertion(changes: &Value) -> String {
    key().token(&json!({}), &claims(changes))
}

/// An introspection request with that assertion.
fn ask(assertion: &str) -> Request {
    ask_with(assertion, &[])
}

fn ask_with(assertion: &str, further: &[(&str, &str)]) -> Request {
    let parameters = [("token", "unknown"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    request().request_id(&unique()).form(&[&parameters[..], further].concat())
}

fn put_client(world: &World, client_id: &str, jwks: &[Value], changes: &Value) {
    let mut record = json!({
        "client_id": client_id, "token_endpoint_auth_method": "private_key_jwt",
        "jwks": json!({ "keys": jwks }).to_string(),
    });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    world.put_client(&record);
}

async fn world() -> World {
    let world = World::with(&[NO_LIMIT]).await;
    put_client(&world, CLIENT, &[key().jwk()], &json!({}));
    world
}

fn operations(world: &World) -> Vec<String> {
    world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect()
}

/// Asserts that it is refused like all wrong credentials, after the one read and without a write.
#[track_caller]
fn assert_refused_unwritten(world: &World, answer: &Answer, reason: &str, case: &str) {
    assert_refused(answer, reason, case);
    let operations = operations(world);
    assert!(operations.iter().all(|operation| operation == "BatchGetItem"), "{case}: {operations:?}");
    assert!(operations.len() == 1 || !ALL_IN_DYNAMODB, "{case}: {operations:?}");
}

#[tokio::test]
async fn e01_b05_only_one_assertion_of_the_registered_type_is_accepted() {
    let world = world().await;
    let good = || assertion(&json!({}));
    world.send(ask(&good())).await.assert_inactive("unknown_token");
    for other in [&TYPE.to_uppercase(), "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt-bearer", ""] {
        let parameters = [("token", "x"), ("client_assertion_type", other), ("client_assertion", &good())];
        operations(&world);
        let answer = world.send(request().form(&parameters)).await;
        assert_refused_unwritten(&world, &answer, "malformed_assertion", other);
    }
    for twice in [("client_assertion", good()), ("client_assertion_type", TYPE.to_owned())] {
        let answer = world.send(ask_with(&good(), &[(twice.0, &twice.1)])).await;
        assert!(
            answer.assert_error(400, "invalid_request", "duplicate_parameter").contains("more than once"),
            "{}",
            twice.0
        );
    }
    let two = [
        ask(&good()).basic(API, SECRET),
        ask_with(&good(), &[("client_secret", SECRET)]),
        ask(&good()).header("authorization", "Bearer x"),
    ];
    for request in two {
        let description = world.send(request).await.assert_error(400, "invalid_request", "two_mechanisms");
        assert!(description.contains("more than one way"), "{description}");
    }
    assert_eq!(world.proxy.take_requests(), []);
}

#[tokio::test]
async fn e02_b06_b18_iss_sub_and_client_id_must_name_the_same_client() {
    let world = world().await;
    put_client(&world, "other", &[key().jwk()], &json!({}));
    for (changes, body_client_id, reason) in [
        (json!({}), None, ACCEPTED),
        (json!({}), Some(CLIENT), ACCEPTED),
        (json!({}), Some(""), ACCEPTED),
        (json!({}), Some("other"), "malformed_assertion"),
        (json!({}), Some("BY-KEY"), "malformed_assertion"),
        (json!({ "iss": "other" }), None, "malformed_assertion"),
        (json!({ "sub": "other" }), None, "malformed_assertion"),
        (json!({ "sub": "other" }), Some("other"), "malformed_assertion"),
        (json!({ "iss": null }), Some(CLIENT), "malformed_assertion"),
        (json!({ "sub": null }), Some(CLIENT), "malformed_assertion"),
        (json!({ "sub": [CLIENT] }), None, "malformed_assertion"),
        (json!({ "iss": "other", "sub": "other" }), None, ACCEPTED),
    ] {
        let parameters = body_client_id.map(|id| ("client_id", id));
        operations(&world);
        let answer = world.send(ask_with(&assertion(&changes), parameters.as_slice())).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused_unwritten(&world, &answer, reason, &format!("{changes} {body_client_id:?}"));
        }
    }
}

#[tokio::test]
async fn b18_an_assertion_that_names_no_client_is_refused_after_the_same_read() {
    let world = world().await;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
    let good = assertion(&json!({}));
    let (input, _) = good.rsplit_once('.').unwrap();
    let odd = |client_id: &str| assertion(&json!({ "iss": client_id, "sub": client_id }));
    for (reason, text) in [
        ("malformed_assertion", "x"),
        ("malformed_assertion", "a.b.c"),
        ("malformed_assertion", &format!("{header}.e30.AAAA")),
        ("malformed_assertion", &format!("{header}.!.AAAA")),
        ("malformed_assertion", &format!("{good}=")),
        ("assertion_signature", &format!("{input}.")),
        (
            "malformed_assertion",
            &key().sign(r#"{"alg":"ES256"}"#, &format!(r#"{{"iss":"{CLIENT}","iss":"{CLIENT}","sub":"{CLIENT}"}}"#)),
        ),
        ("malformed_assertion", &key().sign(r#"{"alg":"ES256","alg":"ES256"}"#, &claims(&json!({})).to_string())),
        ("malformed_assertion", &odd("")),
        ("unknown_client", &odd("a\nb")),
        ("unknown_client", &odd("a\0")),
        ("unknown_client", &odd(&"x".repeat(2049))),
        ("malformed_assertion", &assertion(&json!({ "padding": "x".repeat(12_400) }))),
    ] {
        let answer = world.send(ask(text)).await;
        assert_refused(&answer, reason, &text[..text.len().min(80)]);
        let requests = world.proxy.take_requests();
        assert!(requests.len() == 1 || !ALL_IN_DYNAMODB, "{text:.80}: {requests:?}");
        assert!(requests.iter().all(|(operation, _)| operation == "BatchGetItem"), "{text:.80}: {requests:?}");
        let named = requests.iter().any(|(_, read)| read["RequestItems"].get("oauth-clients").is_some());
        assert_eq!(named, text == format!("{input}."), "{text:.80}");
    }
}

#[tokio::test]
async fn e03_e04_the_issuer_identifier_is_the_sole_audience() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = world().await;
    let endpoint = format!("{OWN}/token/introspect");
    put_client(&world, "registered", &[key().jwk()], &json!({ "assertion_audience": endpoint }));
    for (client_id, audience, reason) in [
        (CLIENT, json!(OWN), ACCEPTED),
        (CLIENT, json!([OWN]), ACCEPTED),
        (CLIENT, json!([OWN, OWN]), "assertion_audience"),
        (CLIENT, json!([OWN, "https://other.example"]), "assertion_audience"),
        (CLIENT, json!([]), "assertion_audience"),
        (CLIENT, json!(format!("{OWN}/")), "assertion_audience"),
        (CLIENT, json!(endpoint), "assertion_audience"),
        (CLIENT, json!(format!("{OWN}/token")), "assertion_audience"),
        (CLIENT, json!(OWN.to_uppercase()), "assertion_audience"),
        (CLIENT, json!(""), "assertion_audience"),
        (CLIENT, json!(null), "assertion_audience"),
        ("registered", json!(OWN), ACCEPTED),
        ("registered", json!(endpoint), ACCEPTED),
        ("registered", json!([endpoint]), ACCEPTED),
        ("registered", json!([endpoint, OWN]), "assertion_audience"),
        ("registered", json!(format!("{endpoint}/")), "assertion_audience"),
    ] {
        log.take();
        operations(&world);
        let text = assertion(&json!({ "iss": client_id, "sub": client_id, "aud": audience }));
        let answer = world.send(ask(&text)).await;
        let log = log.take();
        let case = format!("{client_id} {audience}");
        let accepted = reason == ACCEPTED;
        if accepted {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused_unwritten(&world, &answer, reason, &case);
        }
        assert_eq!(log.contains("assertion_audience_refused"), !accepted, "{case}: {log}");
        assert_eq!(log.contains(r#""reason":"assertion_audience""#), !accepted, "{case}: {log}");
        let registered_one = accepted && client_id == "registered" && audience != OWN;
        assert_eq!(log.contains("assertion_audience_used"), registered_one, "{case}: {log}");
        assert!(!log.contains(&text) && !log.contains(text.split('.').nth(1).unwrap()), "{log}");
    }
}

#[tokio::test]
async fn e06_e12_the_header_may_have_the_type_of_an_assertion_but_never_locates_its_key() {
    let world = world().await;
    let attacker = keys::ed25519(None, 66);
    for (header, reason) in [
        (json!({}), ACCEPTED),
        (json!({ "typ": "JWT" }), ACCEPTED),
        (json!({ "typ": "jwt" }), ACCEPTED),
        (json!({ "typ": "client-authentication+jwt" }), ACCEPTED),
        (json!({ "typ": "at+jwt" }), "assertion_header"),
        (json!({ "typ": "dpop+jwt" }), "assertion_header"),
        (json!({ "typ": "secevent+jwt" }), "assertion_header"),
        (json!({ "typ": "" }), "assertion_header"),
        (json!({ "typ": ["JWT"] }), "malformed_assertion"),
        (json!({ "crit": ["exp"] }), "assertion_header"),
        (json!({ "crit": [] }), "assertion_header"),
        (json!({ "crit": null }), "assertion_header"),
        (json!({ "b64": true, "crit": ["b64"] }), "assertion_header"),
        (json!({ "jwk": attacker.jwk(), "jku": "https://evil.example/jwks", "x5u": "https://evil.example" }), ACCEPTED),
    ] {
        operations(&world);
        let answer = world.send(ask(&key().token(&header, &claims(&json!({}))))).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused_unwritten(&world, &answer, reason, &header.to_string());
        }
    }
    for header in [json!({ "jwk": attacker.jwk() }), json!({ "jwk": attacker.jwk(), "kid": "k1" })] {
        operations(&world);
        let answer = world.send(ask(&attacker.token(&header, &claims(&json!({}))))).await;
        assert_refused_unwritten(&world, &answer, "assertion_signature", &header.to_string());
    }
}

#[tokio::test]
async fn e07_e08_times_and_jti_are_required_and_bounded() {
    let world = world().await;
    let t = now();
    for (changes, reason) in [
        (json!({ "exp": t + 1 }), ACCEPTED),
        (json!({ "exp": t }), "assertion_time"),
        (json!({ "exp": t - 1 }), "assertion_time"),
        (json!({ "exp": null }), "assertion_time"),
        (json!({ "exp": (t + 60).to_string() }), "malformed_assertion"),
        (json!({ "exp": t + 3600 }), ACCEPTED),
        (json!({ "exp": t + 3601 }), "assertion_time"),
        (json!({ "exp": 9_007_199_254_740_991_i64 }), "malformed_assertion"),
        (json!({ "iat": null }), ACCEPTED),
        (json!({ "iat": t - 100_000 }), ACCEPTED),
        (json!({ "iat": t + 10 }), ACCEPTED),
        (json!({ "iat": t + 11 }), "assertion_time"),
        (json!({ "iat": "now" }), "malformed_assertion"),
        (json!({ "nbf": t + 10 }), ACCEPTED),
        (json!({ "nbf": t + 11 }), "assertion_time"),
        (json!({ "jti": null }), "assertion_without_jti"),
        (json!({ "jti": "" }), "assertion_without_jti"),
        (json!({ "jti": 7 }), "malformed_assertion"),
        (json!({ "jti": "x".repeat(3000) }), ACCEPTED),
        (json!({ "jti": "a#b\0c" }), ACCEPTED),
    ] {
        operations(&world);
        let answer = world.send(ask(&assertion(&changes)).at(t)).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused_unwritten(&world, &answer, reason, &changes.to_string());
        }
    }
}

#[tokio::test]
async fn e08_an_assertion_is_accepted_once_for_all_endpoints_and_concurrent_requests() {
    let world = world().await;
    put_client(&world, "other", &[key().jwk()], &json!({}));
    let text = assertion(&json!({ "jti": "once" }));
    let revoke = |text: &str| ask(text).path("/token/revoke");
    world.send(ask(&text)).await.assert_inactive("unknown_token");
    for again in [ask(&text), revoke(&text), ask(&assertion(&json!({ "jti": "once" })))] {
        assert_refused(&world.send(again).await, "assertion_replayed", "again");
    }
    let others = assertion(&json!({ "iss": "other", "sub": "other", "jti": "once" }));
    world.send(ask(&others)).await.assert_inactive("unknown_token");

    let for_revocation = assertion(&json!({}));
    assert_eq!(world.send(revoke(&for_revocation)).await.status, 200);
    assert_refused(&world.send(ask(&for_revocation)).await, "assertion_replayed", "after revocation");

    let text = assertion(&json!({}));
    let answers = join_all((0..20).map(|_| send(&world.service, ask(&text)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 19);
}

#[tokio::test]
async fn e08_e09_the_one_write_of_a_valid_assertion_may_be_repeated_by_its_own_request() {
    let world = world().await;
    let t = now();
    let text = assertion(&json!({ "jti": "once", "exp": t + 100 }));
    operations(&world);
    world.send(ask(&text).request_id("r1").at(t)).await.assert_inactive("unknown_token");
    let requests = world.proxy.take_requests();
    let names: Vec<_> = requests.iter().map(|(operation, _)| operation.as_str()).collect();
    // An opaque token needs two reads.
    let second = ALL_IN_DYNAMODB.then_some("BatchGetItem");
    assert_eq!(names, ["BatchGetItem", "PutItem"].into_iter().chain(second).collect::<Vec<_>>());
    let write = &requests[1].1;
    let digest = sha256_hex(&format!("{CLIENT}\0once"));
    // The guard lasts until the assertion expires, plus the clock skew.
    let item = json!({
        "id": { "S": format!("assertion#{digest}") }, "request_id": { "S": "r1" },
        "expires_at": { "N": (t + 110).to_string() },
    });
    assert_eq!((&write["TableName"], &write["Item"]), (&json!("oauth-introspection-state"), &item));

    world.send(ask(&text).request_id("r1").at(t)).await.assert_inactive("unknown_token");
    assert_refused(&world.send(ask(&text).request_id("r2").at(t)).await, "assertion_replayed", "another request");
    // If an answer is lost, the SDK writes again.
    for fault in [Fault::Resets, Fault::ServerError, Fault::Throttled] {
        let text = assertion(&json!({}));
        world.send(ask("warm up")).await;
        world.proxy.fail_once(fault);
        world.send(ask(&text)).await.assert_inactive("unknown_token");
        assert_refused(&world.send(ask(&text)).await, "assertion_replayed", "after a repeated write");
    }
}

#[tokio::test]
async fn e09_only_an_assertion_with_a_valid_signature_causes_a_write() {
    let world = world().await;
    put_client(&world, "disabled", &[key().jwk()], &json!({ "disabled": true }));
    put_client(&world, "corrupt", &[key().jwk()], &json!({ "assertion_audience": 7 }));
    put_client(&world, "by-secret", &[key().jwk()], &json!({ "token_endpoint_auth_method": "client_secret_post" }));
    world.put_client(&json!({ "client_id": "both-secrets", "client_secret": sha256_hex(SECRET),
        "jwks": json!({ "keys": [key().jwk()] }).to_string() }));
    let as_client = |client_id: &str| assertion(&json!({ "iss": client_id, "sub": client_id }));
    let forged = keys::ed25519(Some("k1"), 66).token(&json!({}), &claims(&json!({})));
    let good = assertion(&json!({}));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[7] ^= 1;
    let tampered = format!("{input}.{}", URL_SAFE_NO_PAD.encode(bytes));
    for (reason, case, text) in [
        ("assertion_signature", "forged", &forged),
        ("assertion_signature", "tampered", &tampered),
        ("unknown_client", "unknown client", &as_client("nobody")),
        ("disabled", "disabled", &as_client("disabled")),
        ("corrupt_client_record", "corrupt", &as_client("corrupt")),
        ("wrong_method", "b08 registered for a secret", &as_client("by-secret")),
        ("wrong_method", "b08 registered for any secret", &as_client("both-secrets")),
        ("assertion_time", "expired", &assertion(&json!({ "exp": 1 }))),
    ] {
        operations(&world);
        assert_refused_unwritten(&world, &world.send(ask(text)).await, reason, case);
    }
    world.send(ask(&good)).await.assert_inactive("unknown_token");
}

#[tokio::test]
async fn e10_the_answer_is_503_while_the_replay_guard_cannot_be_written() {
    let world = world().await;
    for fault in [Fault::AccessDenied, Fault::ServerError, Fault::Throttled, Fault::Resets, Fault::Hangs] {
        for path in ["/token/introspect", "/token/revoke"] {
            world.proxy.fail_after(1, fault);
            let answer = fast_forward(world.send(ask(&assertion(&json!({}))).path(path))).await;
            answer.assert_unavailable("store_unavailable");
        }
        world.proxy.fail(Fault::None);
    }
    world.send(ask(&assertion(&json!({})))).await.assert_inactive("unknown_token");
}

#[tokio::test]
async fn e11_the_clients_key_fixes_the_algorithm() {
    let world = world().await;
    let rsa = |algorithm| keys::rsa(None, algorithm);
    let without_alg = |signer: &Signer| {
        let mut jwk = signer.jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    };
    let with = |mut jwk: Value, name: &str, value: &str| {
        jwk[name] = json!(value);
        jwk
    };
    let rs256 = rsa(Algorithm::RS256);
    for (case, jwk, signer, reason) in [
        ("RS256", rs256.jwk(), rsa(Algorithm::RS256), ACCEPTED),
        ("RS256 without alg", without_alg(&rs256), rsa(Algorithm::RS256), ACCEPTED),
        ("PS256", with(rs256.jwk(), "alg", "PS256"), rsa(Algorithm::PS256), ACCEPTED),
        ("ES256", keys::es256(None).jwk(), keys::es256(None), ACCEPTED),
        ("ES256 without alg", without_alg(&keys::es256(None)), keys::es256(None), ACCEPTED),
        ("EdDSA", keys::ed25519(None, 5).jwk(), keys::ed25519(None, 5), ACCEPTED),
        ("PS256 with a key without alg", without_alg(&rs256), rsa(Algorithm::PS256), "assertion_signature"),
        ("PS256 with a key for RS256", rs256.jwk(), rsa(Algorithm::PS256), "assertion_signature"),
        ("RS256 with a key for PS256", with(rs256.jwk(), "alg", "PS256"), rsa(Algorithm::RS256), "assertion_signature"),
        ("RS384", with(rs256.jwk(), "alg", "RS384"), rsa(Algorithm::RS384), "assertion_signature"),
        ("a key for encryption", with(rs256.jwk(), "use", "enc"), rsa(Algorithm::RS256), "assertion_signature"),
    ] {
        put_client(&world, CLIENT, &[jwk], &json!({}));
        operations(&world);
        let answer = world.send(ask(&signer.token(&json!({}), &claims(&json!({}))))).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused_unwritten(&world, &answer, reason, case);
        }
    }
    // A public key is not a shared secret, and "none" is not a signature.
    let jwk = keys::es256(None).jwk();
    put_client(&world, CLIENT, std::slice::from_ref(&jwk), &json!({}));
    let hmac = |secret: &[u8]| Signer::new(None, Algorithm::HS256, EncodingKey::from_secret(secret));
    let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    let claims = claims(&json!({}));
    let unsigned =
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()));
    for (case, text) in [
        ("HS256 by the JWK", hmac(jwk.to_string().as_bytes()).token(&json!({}), &claims)),
        ("HS256 by a coordinate", hmac(&x).token(&json!({}), &claims)),
        ("none", unsigned),
        ("none, with a signature", keys::es256(None).sign(r#"{"alg":"none"}"#, &claims.to_string())),
        ("alg in another case", keys::es256(None).sign(r#"{"alg":"es256"}"#, &claims.to_string())),
    ] {
        operations(&world);
        assert_refused_unwritten(&world, &world.send(ask(&text)).await, "assertion_signature", case);
    }
    let symmetric = json!({ "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode("secret") });
    put_client(&world, CLIENT, &[symmetric], &json!({}));
    operations(&world);
    let answer = world.send(ask(&hmac(b"secret").token(&json!({}), &claims))).await;
    assert_refused_unwritten(&world, &answer, "assertion_signature", "a symmetric key in the set");
}

#[tokio::test]
async fn e11_e13_keys_come_from_the_record_and_kid_selects() {
    let world = world().await;
    let signer = |kid| keys::ed25519(kid, 5);
    let other = |kid| keys::ed25519(kid, 6);
    let many: Vec<_> = (10..40).map(|number| keys::ed25519(None, number).jwk()).collect();
    let mut weak = keys::rsa(None, Algorithm::RS256).jwk();
    weak["n"] = json!(URL_SAFE_NO_PAD.encode([0xff; 128]));
    for (case, jwks, kid, accepted) in [
        ("named", vec![other(Some("a")).jwk(), signer(Some("b")).jwk()], Some("b"), true),
        ("another key of that name first", vec![other(Some("b")).jwk(), signer(Some("b")).jwk()], Some("b"), true),
        ("named wrongly", vec![other(Some("a")).jwk(), signer(Some("b")).jwk()], Some("a"), false),
        ("a name that no key has", vec![signer(Some("b")).jwk()], Some("c"), false),
        ("a name if keys have no name", vec![other(None).jwk(), signer(None).jwk()], Some("c"), true),
        ("no name", vec![other(Some("a")).jwk(), signer(Some("b")).jwk()], None, true),
        ("among entries that do not load", vec![json!(1), weak, signer(None).jwk()], None, true),
        ("too many keys to try", [many, vec![signer(None).jwk()]].concat(), None, false),
        ("none", vec![], None, false),
    ] {
        put_client(&world, CLIENT, &jwks, &json!({}));
        let answer = world.send(ask(&signer(kid).token(&json!({}), &claims(&json!({}))))).await;
        assert_eq!(answer.status, if accepted { 200 } else { 401 }, "{case}");
    }
    for jwks in ["", "{}", "[]", "null", r#"{"keys":null}"#, "not JSON"] {
        put_client(&world, CLIENT, &[], &json!({ "jwks": jwks }));
        assert_refused(&world.send(ask(&assertion(&json!({})))).await, "assertion_signature", jwks);
    }
    put_client(&world, CLIENT, &[], &json!({ "jwks": { "keys": [key().jwk()] } }));
    assert_refused(&world.send(ask(&assertion(&json!({})))).await, "corrupt_client_record", "a map is not a string");
}

#[tokio::test]
async fn b15_wrong_assertions_are_limited_and_valid_ones_are_never_refused_by_the_limit() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "2")]).await;
    put_client(&world, CLIENT, &[key().jwk()], &json!({}));
    let start = now().div_euclid(60) * 60;
    let ask_at = |changes| ask(&assertion(&changes)).at(start);
    let wrong = || ask_at(json!({ "aud": "https://other.example", "exp": start + 60, "iat": start }));
    for _ in 0..2 {
        assert_refused(&world.send(wrong()).await, "assertion_audience", "below the limit");
    }
    world.send(wrong()).await.assert_error(429, "invalid_client", "assertion_audience");
    world.send(ask_at(json!({ "exp": start + 60, "iat": start }))).await.assert_inactive("unknown_token");
}

#[tokio::test]
async fn b12_o02_an_assertion_costs_the_same_reads_for_every_client() {
    let world = world().await;
    let mut answers = Vec::new();
    for client_id in [CLIENT, "nobody"] {
        let forged = keys::ed25519(None, 66).token(&json!({}), &claims(&json!({ "iss": client_id, "sub": client_id })));
        operations(&world);
        answers.push(world.send(ask(&forged)).await);
        assert_eq!(operations(&world), ["BatchGetItem"]);
    }
    assert_eq!(answers[0], answers[1]);
}

/// The reason in the one audit record, and the client that it names.
fn audited(log: &Log) -> (Value, Value) {
    let records = log.take_audit();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let member = |name: &str| record.get(name).cloned().unwrap_or_default();
    (member("reason"), member("caller"))
}

#[tokio::test]
async fn e02_b18_a_claim_of_a_wrong_type_does_not_hide_the_client_of_an_assertion() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let world = world().await;
    let sign = |claims: &Value| key().sign(r#"{"alg":"ES256"}"#, &claims.to_string());
    let with = |name: &str, value: Value| {
        let mut claims = claims(&json!({}));
        claims[name] = value;
        claims
    };
    for claims in [
        // Quarkus without a configured audience.
        with("aud", Value::Null),
        with("aud", json!(7)),
        with("aud", json!({})),
        with("aud", json!([OWN, null])),
        with("exp", Value::Null),
        with("exp", json!("soon")),
        with("nbf", json!([])),
        with("iat", json!("now")),
        with("jti", json!(7)),
        with("iss", json!([CLIENT])),
        with("iss", json!("other")),
        // `iss` names the client if `sub` cannot.
        with("sub", json!({})),
        with("sub", Value::Null),
        json!({ "sub": CLIENT }),
        json!({ "iss": CLIENT }),
    ] {
        log.take();
        operations(&world);
        let answer = world.send(ask(&sign(&claims))).await;
        assert_refused_unwritten(&world, &answer, "malformed_assertion", &claims.to_string());
        assert_eq!(audited(&log), (json!("malformed_assertion"), json!(CLIENT)), "{claims}");
    }
    let other_type =
        [("token", "x"), ("client_assertion_type", "jwt-bearer"), ("client_assertion", &sign(&claims(&json!({}))))];
    assert_refused(&world.send(request().form(&other_type)).await, "malformed_assertion", "another type");
    assert_eq!(audited(&log), (json!("malformed_assertion"), json!(CLIENT)));
    // An assertion that names no client is malformed, and does not count as an unknown client's.
    for text in ["x", "a.b.c", &sign(&json!({ "aud": OWN })), &sign(&json!({ "sub": 7 }))] {
        assert_refused(&world.send(ask(text)).await, "malformed_assertion", text);
        assert_eq!(audited(&log), (json!("malformed_assertion"), Value::Null), "{text}");
    }
    assert_refused(
        &world.send(ask(&assertion(&json!({ "iss": "missing", "sub": "missing" })))).await,
        "unknown_client",
        "unknown",
    );
    assert_eq!(audited(&log), (json!("unknown_client"), Value::Null));
}

#[tokio::test]
async fn e08_g08_after_a_503_a_retry_needs_a_new_assertion() {
    let world = world().await;
    put_client(&world, "app", &[key().jwk()], &json!({ "issuer": crate::world::ISSUER }));
    let own = |changes: &Value| {
        let mut claims = json!({ "iss": "app", "sub": "app" });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        assertion(&claims)
    };
    let token = world.token(&json!({}));
    let text = own(&json!({}));
    let revoke = |text: &str| {
        let parameters = [("token", token.as_str()), ("client_assertion_type", TYPE), ("client_assertion", text)];
        request().path("/token/revoke").request_id(&unique()).form(&parameters)
    };
    if ALL_IN_DYNAMODB {
        // The read and the write of the guard succeed; the mark cannot be written.
        world.proxy.fail_after(2, Fault::AccessDenied);
        world.send(revoke(&text)).await.assert_unavailable("store_unavailable");
        world.proxy.fail(Fault::None);
        assert_refused(&world.send(revoke(&text)).await, "assertion_replayed", "the same assertion again");
    }
    assert_eq!(world.send(revoke(&own(&json!({})))).await.status, 200);
    world.introspect(&token).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn e13_without_kid_the_first_four_keys_that_fit_are_tried() {
    let world = world().await;
    let other = |number| keys::ed25519(None, number).jwk();
    for (before, accepted) in [(0, true), (3, true), (4, false), (10, false)] {
        let jwks: Vec<_> = (20..20 + before).map(other).chain([keys::es256(None).jwk(), other(5)]).collect();
        put_client(&world, CLIENT, &jwks, &json!({}));
        let answer = world.send(ask(&keys::ed25519(None, 5).token(&json!({}), &claims(&json!({}))))).await;
        assert_eq!(answer.status, if accepted { 200 } else { 401 }, "{before} others first");
        // Keys of another type do not count.
        world
            .send(ask(&keys::es256(None).token(&json!({}), &claims(&json!({})))))
            .await
            .assert_inactive("unknown_token");
    }
}

#[tokio::test]
async fn n01_a_client_revokes_its_token_with_an_assertion() {
    let world = world().await;
    put_client(&world, "app", &[key().jwk()], &json!({ "issuer": crate::world::ISSUER }));
    let token = world.token(&json!({}));
    let text = assertion(&json!({ "iss": "app", "sub": "app" }));
    let parameters = [("token", token.as_str()), ("client_assertion_type", TYPE), ("client_assertion", &text)];
    let answer = world.send(request().path("/token/revoke").request_id(&unique()).form(&parameters)).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    world.introspect(&token).await.assert_inactive("revoked_token");
}
