//! Tokens that are bound to a key, and how a token may be presented.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use token_introspection::call;

use super::*;
use crate::{keys, signer::Signer, world::changed};

/// The domain of the events, as `gateway` makes them.
const DOMAIN: &str = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";
const ORDERS: &str = include_str!("../../certificates/orders.pem");
const BILLING: &str = include_str!("../../certificates/billing.pem");

#[tokio::test]
async fn t07_a_token_that_is_bound_to_a_certificate_needs_the_connection_with_it() {
    let der = token_introspection::certificate::der_of_pem(ORDERS).unwrap();
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(der));
    for api in [Api::Http, Api::HttpPolicy, Api::HttpFormat1, Api::Rest, Api::WebSocket] {
        let world = world(api, &[]).await;
        for token in world.both_forms(&json!({ "cnf": { "x5t#S256": thumbprint } })) {
            for (certificate, status) in
                [(Some(ORDERS), 200), (Some(BILLING), api.unauthorized()), (None, api.unauthorized())]
            {
                let mut request = bearer(&token);
                request.certificate = certificate.map(str::to_owned);
                assert_eq!(send(api, &world.service, &request).await.status, status, "{api:?}");
                // A header cannot claim a certificate.
                request.certificate = None;
                request.headers.push(("X-Client-Cert", ORDERS.replace('\n', " ")));
                assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized(), "{api:?}");
            }
        }
    }
}

#[tokio::test]
async fn t07_a_bound_token_without_a_proof_is_refused_and_so_is_a_proof_for_an_unbound_token() {
    for api in [Api::Http, Api::Rest] {
        let world = world(api, &[]).await;
        for changes in [json!({ "cnf": { "jkt": "k" } }), json!({ "cnf": { "kid": "k" } }), json!({ "cnf": {} })] {
            let token = world.token(&changes);
            for scheme in ["Bearer", "DPoP"] {
                let request = asked(&format!("{scheme} {token}"));
                assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized(), "{scheme} {changes}");
            }
        }
        let unbound = world.token(&json!({}));
        let mut request = asked(&format!("DPoP {unbound}"));
        request.headers.push(("DPoP", "e30.e30.e30".to_owned()));
        assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized());
    }
}

/// A request with a token that is bound to that key, and a proof with these claims changed.
fn with_proof(api: Api, token: &str, key: &Signer, changes: &Value) -> Asked {
    let path = if api == Api::Rest || api == Api::HttpFormat1 { "/prod/orders/7" } else { "/orders/7" };
    let claims = json!({
        "jti": "authorizer-1", "htm": "GET", "htu": format!("{DOMAIN}{path}"), "iat": call::now(),
        "ath": URL_SAFE_NO_PAD.encode(Sha256::digest(token)),
    });
    let proof = key.sign(&header(key).to_string(), &changed(&claims, changes).to_string());
    let mut request = asked(&format!("DPoP {token}"));
    request.headers.push(("DPoP", proof));
    request
}

fn header(key: &Signer) -> Value {
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
    json!({ "typ": "dpop+jwt", "alg": key.alg(), "jwk": jwk })
}

fn bound_to(world: &World, key: &Signer) -> String {
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(header(key)["jwk"].to_string()));
    world.token(&json!({ "cnf": { "jkt": thumbprint } }))
}

#[tokio::test]
async fn t07_s02_a_token_that_is_bound_to_a_key_needs_a_proof_for_this_request() {
    for api in [Api::Http, Api::HttpPolicy, Api::HttpFormat1, Api::Rest] {
        let world = world(api, &[]).await;
        let key = keys::es256(None);
        let token = bound_to(&world, &key);
        let got = send(api, &world.service, &with_proof(api, &token, &key, &json!({}))).await;
        assert_eq!((got.status, &got.claims["binding"]), (200, &json!("proved")), "{api:?}");
        for changes in [
            json!({ "htm": "POST" }),
            json!({ "htu": format!("{DOMAIN}/orders/8") }),
            json!({ "htu": "https://api.example.com/orders/7" }),
            json!({ "iat": call::now() - 400 }),
            json!({ "ath": null }),
            json!({ "jti": null }),
        ] {
            let request = with_proof(api, &token, &key, &changes);
            assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized(), "{api:?} {changes}");
        }
        let other = keys::ed25519(None, 8);
        let request = with_proof(api, &token, &other, &json!({}));
        assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized(), "{api:?}");
        // RFC 9449 §7.2: the same proof under `Bearer` counts for nothing.
        let mut request = with_proof(api, &token, &key, &json!({}));
        request.headers[0].1 = format!("Bearer {token}");
        assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized(), "{api:?}");
    }
}

#[tokio::test]
async fn t07_s11_a_proof_is_used_once_if_the_policy_enforces_the_binding() {
    let world = world(Api::Http, &[]).await;
    let key = keys::es256(None);
    let token = bound_to(&world, &key);
    let request = with_proof(Api::Http, &token, &key, &json!({}));
    let event = |asked: &Asked| event(Api::Http, asked).to_string();
    for _ in 0..2 {
        let answer = invoke(&world.service, &event(&request)).await.unwrap();
        assert_eq!(answer["isAuthorized"], true, "{answer}");
    }
    world.put_policy(&json!({ "enforce_binding": true }));
    let answers = [
        invoke(&world.service, &event(&request)).await.unwrap(),
        invoke(&world.service, &event(&request)).await.unwrap(),
    ];
    assert_eq!(answers.map(|answer| answer["isAuthorized"].clone()), [json!(true), json!(false)]);
    // "Don't know" is never a refusal.
    world.proxy.fail_after(1, Fault::AccessDenied);
    let unused = with_proof(Api::Http, &token, &key, &json!({ "jti": "authorizer-2" }));
    assert!(invoke(&world.service, &event(&unused)).await.is_err());
}

#[tokio::test]
async fn t03_only_one_authorization_header_is_a_token() {
    for api in [Api::Http, Api::HttpPolicy, Api::Rest, Api::WebSocket] {
        let world = world(api, &[]).await;
        let token = world.token(&json!({}));
        let twice = |second: String| {
            let mut request = bearer(&token);
            request.headers.push(("Authorization", second));
            request
        };
        for request in [twice(format!("Bearer {token}")), twice("Bearer other".to_owned()), twice(String::new())] {
            assert_eq!(send(api, &world.service, &request).await.status, api.unauthorized(), "{api:?}");
        }
        for authorization in [format!("bearer  {token}"), format!("BEARER {token} ")] {
            assert_eq!(send(api, &world.service, &asked(&authorization)).await.status, 200, "{api:?}");
        }
        for authorization in
            [token.clone(), format!("Bearer{token}"), format!("Token {token}"), format!("Bearer \"{token}\"")]
        {
            assert_eq!(send(api, &world.service, &asked(&authorization)).await.status, api.unauthorized(), "{api:?}");
        }
    }
}
