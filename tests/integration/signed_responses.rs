//! Group J, the signed form (RFC 9701): which clients get it, what it contains, and which answers stay JSON.

use std::{fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use token_introspection::{
    call,
    jwt::{Algorithm, UnverifiedJws, VerificationKey},
    service::Service,
};

use crate::{
    keys::pem,
    proxy::Fault,
    response_members::wrong_requests,
    world::{API, Answer, INACTIVE, ISSUER, OWN, Request, World, get, introspection, request, send},
};

pub const SIGNED: &str = "application/token-introspection+jwt";
const OPENID: &str = "/.well-known/openid-configuration";
pub const KEY_SET: &str = "/.well-known/jwks.json";

/// Writes a file, and returns its location for `SIGNING_KEY`.
pub fn key_file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("signing-{name}"));
    fs::write(&path, text).unwrap();
    format!("file:{}", path.display())
}

/// A deployment that signs with a key from a file.
async fn signing(name: &str) -> World {
    World::with(&[("SIGNING_KEY", &key_file(name, &pem("EC")))]).await
}

/// An introspection request that accepts a signed answer.
fn signed(request: Request) -> Request {
    request.header("accept", SIGNED)
}

/// Checks a signed answer with the published keys, and returns its header and the text of its claims.
pub async fn verified(service: &Service, answer: &Answer) -> (Value, String) {
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", SIGNED),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!((answer.status.as_u16(), answer.all_headers()), (200, headers.to_vec()), "{}", answer.body);
    let (jws, claims) = UnverifiedJws::parse(&answer.body).unwrap();
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(answer.body.split('.').next().unwrap()).unwrap()).unwrap();
    let algorithms = [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa];
    let set = send(service, get(KEY_SET)).await.json();
    let entry = set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let key = VerificationKey::from_jwk(entry, &algorithms).unwrap();
    assert!(key.verifies(&jws), "{header}");
    assert_eq!(entry["alg"], header["alg"]);
    (header, String::from_utf8(claims).unwrap())
}

/// The text of the claims of a signed answer.
fn claims(now: i64, token_introspection: &str) -> String {
    format!(r#"{{"iss":"{OWN}","aud":"{API}","iat":{now},"token_introspection":{token_introspection}}}"#)
}

#[tokio::test]
async fn j03_j04_j05_j07_j08_m05_an_active_answer_is_signed_with_every_algorithm_and_has_the_json_answers_bytes() {
    for (name, kind, setting, alg) in [
        ("ec", "EC", "", "ES256"),
        ("ed25519", "OKP", "", "EdDSA"),
        ("rsa", "RSA", "", "RS256"),
        ("rsa-pss", "RSA", "PS256", "PS256"),
        ("ec-beside-pss", "EC", "PS256", "ES256"),
    ] {
        let file = key_file(name, &pem(kind));
        let world = World::with(&[("SIGNING_KEY", &file), ("SIGNING_ALGORITHM", setting)]).await;
        let now = call::now();
        for token in world.both_forms(&json!({ "department": "sales", "x": [1, { "b": 2, "a": null }] })) {
            let json = world.introspect_at(now, &token).await;
            json.assert_active();
            let answer = world.send(signed(introspection(&token)).at(now)).await;
            let (header, text) = verified(&world.service, &answer).await;
            assert_eq!(header, json!({ "alg": alg, "kid": header["kid"], "typ": "token-introspection+jwt" }));
            assert_eq!(text, claims(now, &json.body), "{name}");
        }
        let metadata = world.send(get(OPENID)).await.json();
        assert_eq!(metadata["introspection_signing_alg_values_supported"], json!([alg]), "{name}");
    }
}

#[tokio::test]
async fn j06_the_signed_answer_to_every_inactive_token_contains_only_active_false() {
    let world = signing("inactive").await;
    world.put_mark(&format!("jti#{ISSUER}#revoked"), &json!({ "reason": "stolen" }));
    let now = call::now();
    let [expired, expired_opaque] = world.both_forms(&json!({ "exp": now - 1 }));
    let revoked = world.token(&json!({ "jti": "revoked" }));
    let forged = format!("{}AAAA", world.token(&json!({})));
    for (token, reason) in [
        (expired.as_str(), "expired"),
        (&expired_opaque, "expired"),
        (&revoked, "revoked_token"),
        (&forged, "bad_signature"),
        ("unknown", "unknown_token"),
        ("a.b.c", "unknown_token"),
        (&"x".repeat(20_000), "too_long"),
    ] {
        let answer = world.send(signed(introspection(token)).at(now)).await;
        assert_eq!(verified(&world.service, &answer).await.1, claims(now, INACTIVE), "{token}");
        assert_eq!(answer.reason(), Some(reason), "{token}");
    }
    world.put_policy(&json!({ "audiences": ["https://other.example"] }));
    let hidden = world.send(signed(introspection(&world.token(&json!({})))).at(now)).await;
    assert_eq!(verified(&world.service, &hidden).await.1, claims(now, INACTIVE));
    assert_eq!(hidden.reason(), Some("audience_hidden"));
}

#[tokio::test]
async fn j02_a17_the_answer_is_json_unless_accept_names_the_signed_form_with_no_lower_weight() {
    let (world, plain) = (signing("accept").await, World::new().await);
    let token = world.token(&json!({}));
    for (accept, form, form_where_nothing_is_signed) in [
        (SIGNED, SIGNED, ""),
        ("application/token-introspection+jwt, application/json", SIGNED, "application/json"),
        ("application/token-introspection+jwt;q=0.5, application/json", "application/json", "application/json"),
        ("application/token-introspection+jwt, */*;q=0.1", SIGNED, "application/json"),
        ("application/token-introspection+jwt;q=0", "application/json", "application/json"),
        ("*/*", "application/json", "application/json"),
        ("text/html", "application/json", "application/json"),
        ("application/jwt", "application/json", "application/json"),
    ] {
        let answer = world.send(introspection(&token).header("accept", accept)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, form), "{accept}");
        let answer = plain.send(introspection(&token).header("accept", accept)).await;
        if form_where_nothing_is_signed.is_empty() {
            answer.assert_error(400, "invalid_request", "nothing_is_signed");
        } else {
            let form = (answer.status.as_u16(), answer.header("content-type"));
            assert_eq!(form, (200, form_where_nothing_is_signed), "{accept}");
        }
    }
    assert_eq!(world.introspect(&token).await.header("content-type"), "application/json");
}

#[tokio::test]
async fn j09_a21_without_credentials_the_signed_form_is_a_bad_request_and_wrong_ones_stay_401() {
    let (world, plain) = (signing("no-credentials").await, World::new().await);
    let nobody = || request().form(&[("token", "x")]);
    for (world, request) in [
        (&world, signed(nobody())),
        (&world, signed(request().form(&[]))),
        (&world, signed(request().form(&[("token", "x"), ("client_id", API)]))),
        (&world, nobody().header("accept", "application/token-introspection+jwt, application/json")),
        (&plain, signed(nobody())),
    ] {
        let answer = world.send(request).await;
        assert_eq!(answer.assert_error(400, "invalid_client", "no_credentials"), "");
        assert_eq!(answer.header("www-authenticate"), "");
        assert_eq!(world.proxy.take_requests(), []);
    }
    for (reason, world, request) in [
        ("no_credentials", &world, nobody()),
        ("no_credentials", &world, nobody().header("accept", "*/*")),
        ("wrong_secret", &world, signed(nobody().basic(API, "wrong"))),
        ("unknown_client", &world, signed(nobody().basic("nobody", "wrong"))),
        ("no_credentials", &plain, nobody().header("accept", "application/token-introspection+jwt, application/json")),
    ] {
        let answer = world.send(request).await;
        answer.assert_error(401, "invalid_client", reason);
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
}

#[tokio::test]
async fn j11_a_client_registered_for_signed_answers_gets_no_other() {
    let world = signing("required").await;
    world.put_policy(&json!({ "require_signed_response": true }));
    for token in [&world.token(&json!({})), "unknown"] {
        for accept in ["*/*", "application/json", "application/token-introspection+jwt;q=0.9, application/json", ""] {
            let answer = world.send(introspection(token).header("accept", accept)).await;
            let description = answer.assert_error(400, "invalid_request", "signed_response_required");
            assert_eq!(description, "this client is registered for signed responses", "{accept}");
        }
        let answer = world.send(signed(introspection(token))).await;
        verified(&world.service, &answer).await;
    }
}

#[tokio::test]
async fn j12_errors_are_json_even_if_the_signed_form_is_requested() {
    let world = signing("errors").await;
    let good = || signed(introspection("x"));
    for (request, status, code, reason) in wrong_requests(good) {
        world.send(request).await.assert_error(status, code, reason);
    }
    world.put_policy(&json!({ "allowed": false }));
    world.send(good()).await.assert_error(403, "unauthorized_client", "not_allowed");
    world.proxy.fail(Fault::AccessDenied);
    world.send(good()).await.assert_unavailable("store_unavailable");
}

#[tokio::test]
async fn j13_m06_the_first_key_signs_and_all_are_published_with_nothing_private() {
    let named = json!({
        "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "old",
    });
    let (new, old) = (key_file("new", &pem("RSA")), key_file("old.jwk", &named.to_string()));
    let mut answers = Vec::new();
    for (keys, alg) in [(format!("{old} , {new}"), "EdDSA"), (format!("{new},{old}"), "RS256")] {
        let world = World::with(&[("SIGNING_KEY", &keys)]).await;
        let answer = world.send(signed(introspection("unknown"))).await;
        let (header, _) = verified(&world.service, &answer).await;
        assert_eq!(header["alg"], alg);
        let set = world.send(get(KEY_SET)).await.json();
        let set = set["keys"].as_array().unwrap();
        assert_eq!(set.len(), 2);
        assert_eq!(set[0]["kid"], header["kid"], "in the order of the setting");
        for key in set {
            let members = key.as_object().unwrap().keys();
            let public = ["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"];
            assert!(members.clone().all(|name| public.contains(&name.as_str())), "{key}");
            assert!(!key["kid"].as_str().unwrap().is_empty() && key["use"] == "sig");
        }
        answers.push((header["kid"].clone(), set.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()));
        let metadata = world.send(get(OPENID)).await.json();
        assert_eq!(metadata["introspection_signing_alg_values_supported"], json!([alg]));
    }
    // Both deployments publish both, so that neither's answers are taken for forged while one replaces the other.
    assert!(answers[1].1.contains(&answers[0].0) && answers[0].1.contains(&answers[1].0));
    assert_eq!(answers[0].0, "old");
}

#[tokio::test]
async fn m05_m08_while_answers_are_signed_the_metadata_file_cannot_replace_the_key_set() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("signing-metadata.json");
    let file = json!({ "jwks_uri": "https://as.example/jwks", "introspection_signing_alg_values_supported": ["none"] });
    fs::write(&path, file.to_string()).unwrap();
    let (key, path) = (key_file("metadata", &pem("EC")), path.display().to_string());
    let world = World::with(&[("SIGNING_KEY", &key), ("METADATA_FILE", &path)]).await;
    let document = world.send(get(OPENID)).await.json();
    assert_eq!(document["jwks_uri"], format!("{OWN}{KEY_SET}"));
    assert_eq!(document["introspection_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn h04_a_signed_answer_is_not_a_token_even_if_its_issuer_and_key_are_trusted() {
    let setting = ("SIGNING_KEY", &*key_file("own-answer", &pem("EC")));
    let world = World::with(&[setting]).await;
    let set = world.send(get(KEY_SET)).await.json();
    let answer = world.send(signed(introspection(&world.token(&json!({}))))).await.body;
    for profile in [json!({ "profile": "rfc9068" }), json!({ "profile": "generic", "audiences": [API] })] {
        let mut issuer = json!({ "issuer": OWN, "jwks": set });
        issuer.as_object_mut().unwrap().extend(profile.as_object().unwrap().clone());
        let service = World::service(&world.proxy.url, &json!([issuer]).to_string(), &[setting]).await;
        send(&service, introspection(&answer)).await.assert_inactive("wrong_typ");
    }
}
