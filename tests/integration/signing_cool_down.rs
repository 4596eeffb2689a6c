//! A key that cannot be loaded from KMS or Secrets Manager is not requested again and again: the tests count the
//! requests to these services.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use token_introspection::{call, settings::LogLevel};

use crate::{
    aws::{Aws, Fault, KEY},
    keys::pem,
    log::Log,
    signed_responses::{KEY_SET, SIGNED, verified},
    signing_keys::{ask_at, deployment},
    world::{Answer, Request, World, get, introspection},
};

const OPENID: &str = "/.well-known/openid-configuration";

/// Every request that needs the first key: two of a caller, and two without credentials.
fn requests(now: i64) -> Vec<Request> {
    let signed = ["unknown", "a.b.c"].map(|token| introspection(token).header("accept", SIGNED));
    let documents = [OPENID, KEY_SET].map(get);
    signed.into_iter().chain(documents).map(|request| request.at(now)).collect()
}

async fn all_at_once(world: &World, now: i64) -> Vec<Answer> {
    let many = (0..5).flat_map(|_| requests(now));
    join_all(many.map(|request| world.send(request))).await
}

#[tokio::test]
async fn g08_a_key_that_could_not_be_loaded_is_not_requested_again_within_five_seconds() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let aws = Aws::start().await;
    let secret = format!("secretsmanager:{}", aws.put_secret("key", json!({ "SecretString": pem("EC") })));
    let now = call::now();
    for (signing_key, operation) in [(format!("kms:{KEY}"), "GetPublicKey"), (secret, "GetSecretValue")] {
        for first in 0..requests(now).len() {
            let world = deployment(&aws, &signing_key).await;
            aws.fail(Fault::AccessDenied);
            world.send(requests(now).swap_remove(first)).await.assert_unavailable("signer_unavailable");
            assert_eq!(aws.take_operations(), [operation], "request {first}");
            // The key could be loaded now, but no request tries.
            aws.fail(Fault::None);
            for later in 0..5 {
                for request in requests(now + later) {
                    world.send(request).await.assert_unavailable("signer_unavailable");
                }
                world.introspect_at(now + later, "unknown").await.assert_inactive("unknown_token");
            }
            assert_eq!(aws.take_operations(), Vec::<String>::new(), "request {first}");
            let text = log.take();
            let attempts = text.lines().filter(|line| line.contains(r#""event":"signer_unavailable""#)).count();
            assert_eq!(attempts, 1, "the attempt is logged, and the records of later requests have the reason: {text}");
            assert_eq!(text.matches(r#""reason":"signer_unavailable""#).count(), 21, "{text}");

            aws.fail(Fault::AccessDenied);
            ask_at(&world, now + 5, "unknown").await.assert_unavailable("signer_unavailable");
            ask_at(&world, now + 9, "unknown").await.assert_unavailable("signer_unavailable");
            assert_eq!(aws.take_operations(), [operation], "another failure causes the same pause");
            aws.fail(Fault::None);
            assert_eq!(world.send(get(OPENID).at(now + 10)).await.status, 200);
            assert_eq!(aws.take_operations(), [operation]);
            verified(&world.service, &ask_at(&world, now + 10, "unknown").await).await;
            log.take();
            aws.take_operations();
        }
    }
}

#[tokio::test]
async fn g08_many_requests_at_once_share_one_attempt_and_its_result() {
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    let now = call::now();
    aws.fail(Fault::AccessDenied);
    for answer in all_at_once(&world, now).await {
        answer.assert_unavailable("signer_unavailable");
    }
    assert_eq!(aws.take_operations(), ["GetPublicKey"]);
    aws.fail(Fault::None);
    for answer in all_at_once(&world, now + 5).await {
        assert_eq!(answer.status, 200);
    }
    let operations = aws.take_operations();
    assert_eq!(operations.iter().filter(|operation| *operation == "GetPublicKey").count(), 1, "{operations:?}");
    assert_eq!(operations.iter().filter(|operation| *operation == "Sign").count(), 10, "{operations:?}");
}

#[tokio::test]
async fn g08_an_attempt_that_a_deadline_cancels_counts_as_failed() {
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    let now = call::now();
    aws.fail(Fault::Hangs);
    // A request that waits for the attempt of another one is cancelled as well, with the same effect.
    let [first, waiting] = [(); 2].map(|()| get(OPENID).at(now).within(Duration::from_millis(300)));
    for answer in join_all([world.send(first), world.send(waiting)]).await {
        answer.assert_unavailable("signer_unavailable");
    }
    assert_eq!(aws.take_operations(), ["GetPublicKey"]);
    aws.fail(Fault::None);
    ask_at(&world, now, "unknown").await.assert_unavailable("signer_unavailable");
    assert_eq!(aws.take_operations(), Vec::<String>::new());
    verified(&world.service, &ask_at(&world, now + 5, "unknown").await).await;
}

#[tokio::test]
async fn g08_j13_an_unreachable_second_key_affects_only_the_key_set() {
    let aws = Aws::start().await;
    let missing = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:second-AbCdEf";
    let world = deployment(&aws, &format!("kms:{KEY},secretsmanager:{missing}")).await;
    let now = call::now();
    let set = |now| get(KEY_SET).at(now);
    world.send(set(now)).await.assert_unavailable("signer_unavailable");
    assert_eq!(aws.take_operations(), ["GetPublicKey", "GetSecretValue"]);
    for later in 0..5 {
        assert_eq!(ask_at(&world, now + later, "unknown").await.header("content-type"), SIGNED);
        assert_eq!(world.send(get(OPENID).at(now + later)).await.status, 200);
        world.send(set(now + later)).await.assert_unavailable("signer_unavailable");
        assert_eq!(aws.take_operations(), ["Sign"], "the second key's failure is its own");
    }
    aws.put_secret("second", json!({ "SecretString": pem("RSA") }));
    assert_eq!(world.send(set(now + 5)).await.json()["keys"].as_array().unwrap().len(), 2);
    assert_eq!(aws.take_operations(), ["GetSecretValue"], "the first key is kept, although the second failed");
}

#[tokio::test]
async fn g08_j13_the_second_key_does_not_sign_while_the_first_is_unreachable() {
    let aws = Aws::start().await;
    let missing = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:first-AbCdEf";
    let world = deployment(&aws, &format!("secretsmanager:{missing},kms:{KEY}")).await;
    let now = call::now();
    for request in requests(now) {
        world.send(request).await.assert_unavailable("signer_unavailable");
    }
    assert_eq!(aws.take_operations(), ["GetSecretValue"]);
    aws.put_secret("first", json!({ "SecretString": pem("OKP") }));
    let (header, _) = verified(&world.service, &ask_at(&world, now + 5, "unknown").await).await;
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(aws.take_operations(), ["GetSecretValue", "GetPublicKey"]);
}

#[tokio::test]
async fn g08_a_failed_signature_is_requested_again_at_once_and_the_key_is_kept() {
    let aws = Aws::start().await;
    let world = deployment(&aws, &format!("kms:{KEY}")).await;
    let now = call::now();
    verified(&world.service, &ask_at(&world, now, "unknown").await).await;
    assert_eq!(aws.take_operations(), ["GetPublicKey", "Sign"]);
    aws.fail(Fault::AccessDenied);
    for _ in 0..3 {
        ask_at(&world, now, "unknown").await.assert_unavailable("signer_unavailable");
    }
    assert_eq!(aws.take_operations(), ["Sign", "Sign", "Sign"]);
    aws.fail(Fault::None);
    verified(&world.service, &ask_at(&world, now, "unknown").await).await;
    assert_eq!(aws.take_operations(), ["Sign"]);
}
