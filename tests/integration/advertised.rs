//! M-09: exactly what the metadata advertise is accepted. The tests try everything that is listed, and everything else.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};
use token_introspection::{call::now, records::sha256_hex, request::parse_form};

use crate::{
    keys,
    signer::Signer,
    world::{ISSUER, OWN, Request, SECRET, World, get, request},
};

const CERTIFICATE: &str = include_str!("../certificates/orders.pem");
const SETTINGS: [(&str, &str); 3] = [
    ("FAILED_AUTHENTICATION_LIMIT", "1000000"),
    ("MTLS_PUBLIC_URL", "https://mtls.example.com"),
    ("GLOBAL_REVOCATION_ISSUERS", ISSUER),
];
const SUBJECTS: &str = "/global-token-revocation";
/// Every name in the IANA registries of token endpoint authentication methods and of access token types, which RFC 8414
/// combines.
const METHODS: [&str; 11] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "attest_jwt_client_auth",
    "Bearer",
    "DPoP",
    "N_A",
];
/// Signature algorithms that a client could try.
const ALGORITHMS: [&str; 14] = [
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "EdDSA",
];

fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("walk-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn assertion(signer: &Signer, header: &Value, client_id: &str) -> String {
    let claims = json!({ "iss": client_id, "sub": client_id, "aud": OWN, "exp": now() + 60, "jti": unique() });
    signer.token(header, &claims)
}

/// The record of a client that is registered for that method and has the attributes that any method needs.
fn record(method: &str) -> Value {
    let mut jwk = keys::es256(None).jwk();
    let body: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    jwk["x5c"] = json!([body]);
    json!({
        "client_id": method, "issuer": ISSUER, "client_secret": sha256_hex(SECRET),
        // In client records, authentication with an access token has our own name.
        "token_endpoint_auth_method": if method == "Bearer" { "bearer" } else { method },
        "jwks": json!({ "keys": [jwk] }).to_string(),
        "tls_client_auth_san_dns": "orders.example.com", "introspection": { "may_revoke_subjects": true },
    })
}

/// A client's correct request with that method, sent to that route.
fn by(world: &World, method: &str, client_id: &str, path: &str) -> Request {
    let own = || {
        world.token(&json!({
            "client_id": client_id, "sub": client_id, "aud": OWN, "scope": "introspection", "jti": unique(),
        }))
    };
    let asserting = |assertion: &str, kind: &str| {
        let kind = format!("urn:ietf:params:oauth:client-assertion-type:{kind}");
        request().form(&[("token", "x"), ("client_assertion", assertion), ("client_assertion_type", &kind)])
    };
    let (token, id) = (("token", "x"), ("client_id", client_id));
    let plain = || request().form(&[token, id]);
    let request = match method {
        "none" => plain(),
        "client_secret_basic" => request().basic(client_id, SECRET).form(&[token]),
        "client_secret_post" => request().form(&[token, id, ("client_secret", SECRET)]),
        "client_secret_jwt" => {
            let signer = Signer::new(None, Algorithm::HS256, EncodingKey::from_secret(SECRET.as_bytes()));
            asserting(&assertion(&signer, &json!({}), client_id), "jwt-bearer")
        }
        "private_key_jwt" => asserting(&assertion(&keys::es256(None), &json!({}), client_id), "jwt-bearer"),
        "tls_client_auth" | "self_signed_tls_client_auth" => plain().certificate(CERTIFICATE),
        "attest_jwt_client_auth" => plain()
            .header("oauth-client-attestation", &assertion(&keys::es256(None), &json!({}), client_id))
            .header("oauth-client-attestation-pop", &assertion(&keys::es256(None), &json!({}), client_id)),
        "Bearer" | "DPoP" | "N_A" => plain().header("authorization", &format!("{method} {}", own())),
        _ => panic!("this test does not know how a client uses {method}"),
    };
    let request = if path == SUBJECTS { about_a_subject(request) } else { request };
    request.path(path).request_id(&unique())
}

/// The same credentials in a request to revoke a subject, whose body is JSON.
fn about_a_subject(request: Request) -> Request {
    let members = parse_form(request.0.body.as_deref().unwrap()).unwrap().into_iter();
    let mut body: Value = members.map(|(name, value)| (name, json!(value))).collect::<Map<_, _>>().into();
    body["sub_id"] = json!({ "format": "iss_sub", "iss": ISSUER, "sub": "alice" });
    request.header("content-type", "application/json").body(body.to_string())
}

/// The list of that name in the metadata.
async fn listed(world: &World, name: &str) -> Vec<String> {
    let document = world.send(get("/.well-known/oauth-authorization-server")).await.json();
    document[name].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn m09_m03_m04_f09_n02_r15_every_advertised_method_authenticates_and_no_other() {
    for method in [None, Some("tls_client_auth"), Some("self_signed_tls_client_auth")] {
        let settings: Vec<_> = SETTINGS.into_iter().chain(method.map(|method| ("MTLS_METHOD", method))).collect();
        walk(&World::with(&settings).await).await;
    }
}

async fn walk(world: &World) {
    for method in METHODS {
        world.put_client(&record(method));
    }
    for (endpoint, path, success) in [
        ("introspection", "/token/introspect", StatusCode::OK),
        ("revocation", "/token/revoke", StatusCode::OK),
        ("global_token_revocation", SUBJECTS, StatusCode::NO_CONTENT),
    ] {
        let advertised = listed(world, &format!("{endpoint}_endpoint_auth_methods_supported")).await;
        assert!(advertised.iter().all(|name| METHODS.contains(&name.as_str())), "{advertised:?}");
        for method in METHODS {
            let status = world.send(by(world, method, method, path)).await.status;
            // In RFC 8414, the list of the revocation endpoint has no access token types.
            let accepted =
                advertised.iter().any(|name| name == method) || (endpoint, method) == ("revocation", "Bearer");
            let expected = if accepted { success } else { StatusCode::UNAUTHORIZED };
            assert_eq!(status, expected, "{endpoint} {method}");
        }
    }
}

#[tokio::test]
async fn b08_m09_no_method_authenticates_a_client_that_is_registered_for_another_one() {
    let world = World::with(&SETTINGS).await;
    for method in METHODS {
        world.put_client(&record(method));
    }
    for used in METHODS {
        for registered in METHODS.into_iter().filter(|registered| *registered != used) {
            let by_certificate = |method: &str| method.ends_with("tls_client_auth");
            let answer = world.send(by(&world, used, registered, "/token/introspect")).await;
            // Both certificate methods have the same request; the record and the setting decide between them.
            let same = by_certificate(used) && registered == "tls_client_auth";
            assert_eq!(answer.status, if same { 200 } else { 401 }, "{registered} used {used}");
        }
    }
}

#[tokio::test]
async fn m09_e11_every_advertised_algorithm_is_accepted_and_no_other() {
    let world = World::with(&SETTINGS).await;
    let advertised = listed(&world, "introspection_endpoint_auth_signing_alg_values_supported").await;
    assert_eq!(advertised, listed(&world, "revocation_endpoint_auth_signing_alg_values_supported").await);
    assert!(advertised.iter().all(|name| ALGORITHMS.contains(&name.as_str())), "{advertised:?}");
    for name in ALGORITHMS {
        let shared = || EncodingKey::from_secret(SECRET.as_bytes());
        let (signer, header) = match name {
            "HS256" => (Signer::new(None, Algorithm::HS256, shared()), json!({})),
            "HS384" => (Signer::new(None, Algorithm::HS384, shared()), json!({})),
            "HS512" => (Signer::new(None, Algorithm::HS512, shared()), json!({})),
            "EdDSA" => (keys::ed25519(None, 3), json!({})),
            "ES256" => (keys::es256(None), json!({})),
            // The tests have no signing keys for these curves, so a valid signature gets a wrong name.
            "ES384" | "ES512" | "none" => (keys::es256(None), json!({ "alg": name })),
            rsa => (keys::rsa(None, rsa.parse().unwrap()), json!({})),
        };
        let mut jwk =
            if name.starts_with("HS") { json!({ "kty": "oct", "k": STANDARD.encode(SECRET) }) } else { signer.jwk() };
        jwk["alg"] = json!(name);
        let mut client = record("private_key_jwt");
        client["jwks"] = json!({ "keys": [jwk] }).to_string().into();
        world.put_client(&client);
        let text = assertion(&signer, &header, "private_key_jwt");
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = [("token", "x"), ("client_assertion", text.as_str()), ("client_assertion_type", kind)];
        let status = world.send(request().request_id(&unique()).form(&form)).await.status;
        let accepted = advertised.iter().any(|advertised| advertised == name);
        assert_eq!(status, if accepted { 200 } else { 401 }, "{name}");
    }
}

/// Without a domain that requests certificates, no certificate can arrive.
#[tokio::test]
async fn m09_f08_without_the_mtls_domain_the_certificate_methods_are_neither_advertised_nor_accepted() {
    let world = World::with(&SETTINGS[..1]).await;
    let advertised = listed(&world, "introspection_endpoint_auth_methods_supported").await;
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(!advertised.iter().any(|name| name == method));
        world.put_client(&record(method));
        let answer = world.send(request().form(&[("token", "x"), ("client_id", method)])).await;
        answer.assert_error(401, "invalid_client", "no_credentials");
    }
}
