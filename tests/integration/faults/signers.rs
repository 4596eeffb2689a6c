//! Each exchange with KMS and Secrets Manager fails in every way.

use std::time::Duration;

use serde_json::json;
use test_support::plan::Plan;
use tokio::time::Instant;

use super::T;
use crate::{
    aws::{self, Aws, KEY},
    keys::pem,
    signed_responses::{SIGNED, verified},
    signing_keys,
    time::fast_forward,
    world::introspection,
};

const OF_SIGNERS: [aws::Fault; 17] = [
    aws::Fault::AccessDenied,
    aws::Fault::Forbidden,
    aws::Fault::BadRequest,
    aws::Fault::Missing,
    aws::Fault::Throttled,
    aws::Fault::ExpiredCredentials,
    aws::Fault::UnknownCredentials,
    aws::Fault::ServerError,
    aws::Fault::Overloaded,
    aws::Fault::Hangs,
    aws::Fault::Stalls,
    aws::Fault::Drips,
    aws::Fault::Resets,
    aws::Fault::Truncated,
    aws::Fault::WrongTypes,
    aws::Fault::Empty,
    aws::Fault::Garbage,
];

/// Each exchange with KMS and with Secrets Manager fails, once and from then on.
#[tokio::test]
async fn g08_j14_each_exchange_with_a_signer_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let aws = Aws::start().await;
    let secret = format!("secretsmanager:{}", aws.put_secret("key", json!({ "SecretString": pem("EC") })));
    let (mut failed, mut unharmed) = (0, 0);
    for (signing_key, exchanges) in [(format!("kms:{KEY}"), 2), (secret, 1)] {
        let ask = |now| introspection("unknown").header("accept", SIGNED).at(now);
        for exchange in 0..exchanges {
            for (fault, once) in OF_SIGNERS.iter().flat_map(|fault| [(*fault, true), (*fault, false)]) {
                let case = format!("{signing_key:.20}, exchange {exchange}: {fault:?}, once: {once}");
                let world = signing_keys::deployment(&aws, &signing_key).await;
                let plan = if once { Plan::at } else { Plan::after };
                aws.follow(plan(exchange, fault));
                let started = Instant::now();
                let got = fast_forward(world.send(ask(T))).await;
                assert!(started.elapsed() < Duration::from_secs(3), "{case}: {:?}", started.elapsed());
                aws.fail(aws::Fault::None);
                if got.status == 200 {
                    assert_eq!(got.header("content-type"), SIGNED, "{case}");
                    verified(&world.service, &got).await;
                    unharmed += 1;
                } else {
                    got.assert_unavailable("signer_unavailable");
                    failed += 1;
                }
                verified(&world.service, &world.send(ask(T + 5)).await).await;
            }
        }
    }
    println!("{failed} answers were 503, {unharmed} were right all the same");
    assert!(failed > 60 && unharmed > 15, "{failed} and {unharmed}");
    assert_eq!(failed + unharmed, 102, "docs/testing.md names the number");
}
