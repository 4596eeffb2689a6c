//! Tokens that are bound to a key, and how a token may be presented.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::*;

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
