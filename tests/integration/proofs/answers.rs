//! What a caller is answered about a bound token, by what its sender presented and by the caller's policy.

use super::*;
use crate::{
    keys::{ed25519, rsa},
    log::Log,
    proxy::Fault,
    time::fast_forward,
    world::{ALL_IN_DYNAMODB, Answer, INACTIVE},
};
use token_introspection::settings::LogLevel;

const NOT_PRESENTED: &str = "not_presented";

/// The binding of an active answer, or the reason of an inactive one.
fn verdict(answer: &Answer) -> String {
    match answer.reason() {
        Some(why) => {
            answer.assert_inactive(why);
            why.to_owned()
        }
        None => answer.assert_active().get("binding").map_or("none", |binding| binding.as_str().unwrap()).to_owned(),
    }
}

#[tokio::test]
async fn s01_s04_s10_s13_the_answer_follows_from_the_bindings_and_what_was_presented() {
    let (orders, jkt) = (certificate_thumbprint(ORDERS), thumbprint(&key()));
    let (both, unknown) = (json!({ "jkt": jkt, "x5t#S256": orders }), json!({ "jkt": jkt, "kid": "k" }));
    let (by_key, by_certificate) = (json!({ "jkt": jkt }), json!({ "x5t#S256": orders }));
    let unbound = Value::Null;
    for mode in ["enforce", "report"] {
        for enforced in [false, true] {
            let world = World::new().await;
            world.put_policy(&json!({ "enforce_binding": enforced, "mode": mode }));
            let otherwise = |why: &'static str| if enforced { why } else { NOT_PRESENTED };
            for (cnf, with_proof, certificate, expected) in [
                (&unbound, false, None, "none"),
                (&unbound, false, Some(ORDERS), "none"),
                (&unbound, true, None, "token_not_bound"),
                (&by_key, false, None, otherwise("no_proof")),
                (&by_key, false, Some(ORDERS), otherwise("no_proof")),
                (&by_key, true, None, "proved"),
                (&by_key, true, Some(BILLING), "proved"),
                (&by_certificate, false, None, otherwise("no_certificate")),
                (&by_certificate, false, Some(ORDERS), "proved"),
                (&by_certificate, false, Some(BILLING), "other_certificate"),
                (&by_certificate, true, Some(ORDERS), "token_not_bound"),
                (&both, false, None, otherwise("no_proof")),
                (&both, true, None, otherwise("no_certificate")),
                (&both, false, Some(ORDERS), otherwise("no_proof")),
                (&both, true, Some(BILLING), "other_certificate"),
                (&both, true, Some(ORDERS), "proved"),
                (&unknown, true, None, otherwise("unknown_binding")),
                (&json!({}), false, None, otherwise("unknown_binding")),
                (&json!({ "jwk": {} }), false, Some(ORDERS), otherwise("unknown_binding")),
                (&json!({ "jkt": 1 }), true, None, "other_key"),
                (&json!({ "x5t#S256": [orders] }), false, Some(ORDERS), "other_certificate"),
            ] {
                for (number, token) in
                    world.both_forms(&json!({ "iat": T, "exp": T + 60, "cnf": cnf })).iter().enumerate()
                {
                    let proof = proof(token, &format!("{cnf}{certificate:?}{number}"));
                    let mut parameters = vec![];
                    if with_proof {
                        parameters.extend([("dpop", proof.as_str()), ("htm", METHOD), ("htu", URL)]);
                    }
                    parameters.extend(certificate.map(|pem| ("client_certificate", pem)));
                    let answer = world.send(asking(token, &parameters)).await;
                    assert_eq!(verdict(&answer), expected, "{mode} {enforced} {cnf} {with_proof} {certificate:.40?}");
                    if expected == "proved" || expected == NOT_PRESENTED {
                        assert_eq!(answer.json()["cnf"], *cnf);
                        assert_eq!(answer.audit.last().unwrap()["binding"], expected);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn s05_a_certificate_may_be_sent_in_three_forms() {
    let world = World::new().await;
    let der = token_introspection::certificate::der_of_pem(ORDERS).unwrap();
    let token = token(&world, &json!({ "x5t#S256": certificate_thumbprint(ORDERS) }));
    for parameter in [
        ("client_certificate", ORDERS),
        ("client_certificate", &URL_SAFE_NO_PAD.encode(&der)),
        ("client_certificate_thumbprint", &certificate_thumbprint(ORDERS)),
    ] {
        assert_eq!(verdict(&world.send(asking(&token, &[parameter])).await), "proved", "{parameter:?}");
    }
    for parameter in
        [("client_certificate", BILLING), ("client_certificate_thumbprint", &certificate_thumbprint(BILLING))]
    {
        assert_eq!(verdict(&world.send(asking(&token, &[parameter])).await), "other_certificate", "{parameter:?}");
    }
}

#[tokio::test]
async fn s02_s07_s08_keys_of_every_type_and_equivalent_urls_prove_possession() {
    use jsonwebtoken::Algorithm::{PS256, PS384, RS256, RS512};
    let world = World::new().await;
    for signer in [key(), ed25519(None, 7), rsa(None, RS256), rsa(None, RS512), rsa(None, PS256), rsa(None, PS384)] {
        let token = token(&world, &json!({ "jkt": thumbprint(&signer) }));
        let proof = signer.sign(&header(&signer, &json!({})), &claims(&token, &json!({})));
        assert_eq!(verdict(&world.send(ask(&token, &proof)).await), "proved", "{}", signer.alg());
    }
    let token = bound(&world);
    for (htu, sent) in [
        (URL, "HTTPS://API.example.com:443/orders?page=2#top"),
        ("https://API.EXAMPLE.com/%6frders#top", URL),
        ("https://api.example.com/v1/../orders?x", URL),
        ("https://api.example.com", "https://api.example.com/?a=b"),
        ("https://api.example.com/a%2fb", "https://api.example.com/a%2Fb"),
    ] {
        let proof = key().sign(&header(&key(), &json!({})), &claims(&token, &json!({ "htu": htu })));
        let answer = world.send(asking(&token, &[("dpop", &proof), ("htm", METHOD), ("htu", sent)])).await;
        assert_eq!(verdict(&answer), "proved", "{htu} {sent}");
    }
    for (header_change, claim_change) in [
        (json!({ "typ": "application/DPoP+JWT" }), json!({ "nonce": "n", "exp": T + 1, "nbf": T + 10, "custom": [1] })),
        (
            json!({ "kid": "k", "jku": "https://evil.example/", "x5u": "https://evil.example/" }),
            json!({ "iat": T + 10 }),
        ),
        (json!({ "b64": true }), json!({ "iat": T - 310 })),
    ] {
        let proof = key().sign(&header(&key(), &header_change), &claims(&token, &claim_change));
        assert_eq!(verdict(&world.send(ask(&token, &proof)).await), "proved", "{header_change} {claim_change}");
    }
}

#[tokio::test]
async fn s06_mistakes_of_the_resource_server_are_400() {
    let world = World::new().await;
    let (token, thumbprint) = (bound(&world), certificate_thumbprint(ORDERS));
    let proof = proof(&token, "p");
    let dpop = ("dpop", proof.as_str());
    for (parameters, reason) in [
        (vec![dpop], "incomplete_proof"),
        (vec![dpop, ("htm", METHOD), ("htu", "")], "incomplete_proof"),
        (vec![("htm", METHOD), ("htu", URL)], "incomplete_proof"),
        (vec![dpop, ("htm", "GE T"), ("htu", URL)], "wrong_proof_target"),
        (vec![dpop, ("htm", METHOD), ("htu", "/orders")], "wrong_proof_target"),
        (vec![("client_certificate", "no certificate")], "wrong_client_certificate"),
        (vec![("client_certificate_thumbprint", &thumbprint[1..])], "wrong_client_certificate"),
        (
            vec![("client_certificate", ORDERS), ("client_certificate_thumbprint", &thumbprint)],
            "two_client_certificates",
        ),
        (vec![dpop, dpop, ("htm", METHOD), ("htu", URL)], "duplicate_parameter"),
        (vec![("client_certificate", ORDERS), ("client_certificate", "")], "duplicate_parameter"),
    ] {
        world.proxy.take_requests();
        world.send(asking(&token, &parameters)).await.assert_error(400, "invalid_request", reason);
        assert_eq!(world.proxy.take_requests(), [], "{reason}");
    }
    for name in ["dpop", "htm", "htu", "client_certificate", "client_certificate_thumbprint"] {
        let body = json!({ "tokens": [token], name: "x" }).to_string();
        let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
        let answer = world.send(batch.basic(API, SECRET).body(body)).await;
        answer.assert_error(400, "invalid_request", "proof_in_batch");
    }
    // Revocation does not depend on the sender.
    let revocation = asking(&token, &[dpop]).path("/token/revoke");
    assert_eq!(world.send(revocation).await.status, 200);
}

#[tokio::test]
async fn s10_a_batch_has_no_proofs_so_the_policy_decides_about_bound_tokens() {
    let world = World::new().await;
    let (bound, unbound) = (bound(&world), token(&world, &Value::Null));
    let ask = || {
        let batch = request().path("/token/introspect/batch").header("content-type", "application/json").at(T);
        batch.basic(API, SECRET).body(json!({ "tokens": [bound, unbound] }).to_string())
    };
    let results = world.send(ask()).await.json()["results"].clone();
    assert_eq!((&results[0]["binding"], results[1].get("binding")), (&json!(NOT_PRESENTED), None));
    world.put_policy(&json!({ "enforce_binding": true }));
    let answer = world.send(ask()).await;
    assert_eq!(answer.verdicts(), ["no_proof", "active"]);
    assert_eq!(answer.json()["results"][0].to_string(), INACTIVE);
}

#[tokio::test]
async fn s10_a_policy_of_a_wrong_type_refuses_the_client() {
    let world = World::new().await;
    for wrong in [json!("true"), json!(1), json!(["true"])] {
        world.put_policy(&json!({ "enforce_binding": wrong }));
        assert_eq!(world.introspect(&bound(&world)).await.status, 401, "{wrong}");
    }
    world.put_policy(&json!({ "enforce_binding": null }));
    assert_eq!(verdict(&world.introspect_at(T, &bound(&world)).await), NOT_PRESENTED);
}

#[tokio::test]
async fn s12_j20_no_token_and_no_record_can_say_that_its_sender_proved_anything() {
    let world = World::new().await;
    for cnf in [Value::Null, json!({ "jkt": "k" })] {
        let expected = if cnf.is_null() { "none" } else { NOT_PRESENTED };
        for claim in [json!("proved"), json!(true), json!({ "a": 1 })] {
            for token in world.both_forms(&json!({ "iat": T, "exp": T + 60, "binding": claim, "cnf": cnf })) {
                assert_eq!(verdict(&world.send(asking(&token, &[])).await), expected, "{claim} {cnf}");
            }
        }
    }
}

#[tokio::test]
async fn s13_s15_a_proof_changes_neither_reads_nor_fetches_nor_the_bytes_of_an_inactive_answer() {
    let world = World::new().await;
    let good = bound(&world);
    let forged = format!("{}A", good.strip_suffix(char::is_alphanumeric).unwrap_or(&good));
    let expired = world.token(&json!({ "iat": T - 60, "exp": T - 1, "cnf": { "jkt": thumbprint(&key()) } }));
    let hidden = world.token(&json!({ "iat": T, "exp": T + 60, "aud": "other", "cnf": { "jkt": thumbprint(&key()) } }));
    world.put_policy(&json!({ "enforce_binding": true, "audiences": [crate::world::AUDIENCE] }));
    let mut seen = Vec::new();
    for token in [&forged, &expired, &hidden, "a.b.c", &good] {
        for parameters in
            [vec![], vec![("dpop", "e30.e30.e30"), ("htm", METHOD), ("htu", URL)], vec![("client_certificate", ORDERS)]]
        {
            world.proxy.take_requests();
            let answer = world.send(asking(token, &parameters)).await;
            let trips = world.proxy.take_requests();
            assert!(trips.iter().all(|(operation, _)| operation == "BatchGetItem"), "{trips:?}");
            if token != "a.b.c" {
                assert!(trips.len() == 1 || !ALL_IN_DYNAMODB);
                seen.push(answer);
            }
        }
    }
    assert!(seen.iter().all(|answer| *answer == seen[0] && answer.body == INACTIVE));
}

#[tokio::test]
async fn s15_o04_nothing_of_a_proof_is_logged() {
    let world = World::new().await;
    world.put_policy(&json!({ "enforce_binding": true }));
    let token = bound(&world);
    let good = proof(&token, "logged-proof");
    let (log, _guard) = Log::start(LogLevel::Trace);
    for proof in [good.as_str(), "not-a-proof", good.as_str()] {
        world.send(ask(&token, proof)).await;
    }
    world.proxy.fail_after(1, Fault::AccessDenied);
    let answer = fast_forward(world.send(ask(&token, &proof(&token, "another-proof")))).await;
    answer.assert_unavailable("store_unavailable");
    let text = log.take();
    for secret in [good.as_str(), good.split('.').nth(1).unwrap(), "not-a-proof", "logged-proof", "another-proof"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
