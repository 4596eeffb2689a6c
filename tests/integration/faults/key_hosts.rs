//! Each exchange with a key host fails in every way.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Deployment, LINES, answer};
use crate::{
    key_sets::{at, claims_of_the_key_tests, key_set},
    key_site::{Manner, Site, response, trusting},
    keys,
    time::fast_forward,
    world::{ISSUER, World, changed},
};

/// The manners in which a key host fails to answer.
const MANNERS: [Manner; 5] = [Manner::Drips, Manner::BreaksOff, Manner::Stalls, Manner::Hangs, Manner::Resets];

#[tokio::test]
async fn g08_h13_a_key_host_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let deployment = Deployment::start().await;
    let line = LINES.iter().find(|(name, ..)| name.contains("fetched")).unwrap();
    let right = answer(&deployment.ask(&deployment.environment().await, line, 0).await);
    let key_set = json!({ "keys": [deployment.world.signer.jwk()] }).to_string();
    let half = &key_set[..key_set.len() / 2];
    let statuses =
        [301, 302, 307, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504].map(|status| (status, key_set.as_str()));
    let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(2_000_000));
    let bodies = ["", "null", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#, "<html></html>", half, &large];
    let bodies = bodies.map(|body| (200, body));
    for (status, body) in statuses.into_iter().chain(bodies) {
        let service = deployment.environment().await;
        deployment.host.publish(status, body);
        let case = format!("{status} {}", &body[..body.len().min(40)]);
        let got = deployment.ask(&service, line, 0).await;
        assert_eq!(got.status, 503, "{case}: {}", got.body);
        deployment.host.publish(200, key_set.as_str());
        let next = deployment.ask(&service, line, 31).await;
        assert_eq!(answer(&next), right, "{case}: the next request");
    }
    let service = deployment.environment().await;
    deployment.host.hang();
    deployment.ask(&service, line, 0).await.assert_unavailable("keys_unavailable");
    deployment.host.publish(200, key_set.as_str());
    assert_eq!(answer(&deployment.ask(&service, line, 31).await), right, "after a host that hung");
}

/// Each document of an issuer: its metadata, and the keys that these name.
#[tokio::test]
async fn g08_h13_each_exchange_with_a_key_host_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let (world, key) = (World::new().await, keys::ed25519(Some("a"), 1));
    let whole = |body: &Value| response("200 OK", "", &body.to_string());
    let mut cases = 0;
    for failing in ["/.well-known/openid-configuration", "/keys"] {
        let site = Site::start().await;
        let issuer = site.url("");
        let documents = [
            ("/keys", whole(&key_set(&[&key]))),
            ("/.well-known/openid-configuration", whole(&json!({ "issuer": issuer, "jwks_uri": site.url("/keys") }))),
        ];
        let good = &documents.iter().find(|(path, _)| *path == failing).unwrap().1;
        let statuses = ["301 x", "400 x", "401 x", "403 x", "404 x", "429 x", "500 x", "502 x", "503 x", "504 x"];
        let bodies = ["", "null", "[]", "{}", r#"{"keys":{},"issuer":1}"#, "<html></html>", "{\"keys\":[{"];
        let failures = MANNERS.map(|manner| (good.clone(), manner)).into_iter();
        let failures = failures.chain(statuses.map(|status| (good.replace("200 OK", status), Manner::Whole)));
        let failures = failures.chain(bodies.map(|body| (response("200 OK", "", body), Manner::Whole)));
        // A body that ends before its announced length.
        let longer = good.replacen("content-length: ", "content-length: 9", 1);
        for (answer, manner) in failures.chain([(longer, Manner::Whole)]) {
            let case = format!("{failing} {manner:?} {:.60}", answer.replace("\r\n", " "));
            for (path, document) in &documents {
                site.put_raw(path, document);
            }
            world.delete("oauth-introspection-state", &format!("jwks#{issuer}")).await;
            world.delete("oauth-introspection-state", &format!("fetch#{issuer}")).await;
            let environment = trusting(&world, &json!({ "issuer": issuer }), &[]).await;
            let claims = changed(&claims_of_the_key_tests(), &json!({ "iss": issuer }));
            let token = key.token(&json!({}), &claims);
            site.put_in(failing, &answer, manner);
            let started = Instant::now();
            fast_forward(at(&environment, 0, &token)).await.assert_unavailable("keys_unavailable");
            assert!(started.elapsed() < Duration::from_secs(3), "{case}: {:?}", started.elapsed());
            site.put_raw(failing, good);
            at(&environment, 31, &token).await.assert_active();
            cases += 1;
        }
    }
    assert_eq!(cases, 46);
}

#[tokio::test]
async fn g08_h13_a_key_host_that_refuses_connections_is_503_and_right_once_it_is_back() {
    let (world, key) = (World::new().await, keys::ed25519(Some("a"), 1));
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let uri = format!("http://{address}/keys");
    let environment = trusting(&world, &json!({ "issuer": ISSUER, "jwks_uri": uri }), &[]).await;
    let token = key.token(&json!({}), &claims_of_the_key_tests());
    at(&environment, 0, &token).await.assert_unavailable("keys_unavailable");
    let site = Site::start_at(&address, None).await;
    site.put("/keys", &key_set(&[&key]));
    at(&environment, 30, &token).await.assert_active();
}
