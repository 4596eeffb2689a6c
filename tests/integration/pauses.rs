//! Connections that died in a pause: the next request opens new ones, and is answered in time.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use token_introspection::service::Service;
use tokio::time::Instant;

use crate::{
    aws::{Aws, KEY},
    line::{Death, Line},
    signed_responses::{SIGNED, verified},
    time,
    world::{ACTIVE, AUDIENCE, Answer, ISSUER, OWN, SECRET, World, introspection, issuers, request, send},
};

/// Common gateways give up after two seconds.
const IN_TIME: Duration = Duration::from_millis(1800);

/// A world, and a service that reaches its tables through a proxy.
async fn line() -> (World, Line, Service) {
    let world = World::new().await;
    let line = Line::start(world.proxy.url.rsplit(':').next().unwrap().parse().unwrap()).await;
    let service = World::service(&line.url(), &issuers(&world.signer), &world.token_settings()).await;
    (world, line, service)
}

/// Sends that many requests at the same time, so that as many connections are open afterwards.
async fn ask(service: &Service, token: &str, number: usize) -> Vec<Answer> {
    join_all((0..number).map(|_| send(service, introspection(token).within(IN_TIME)))).await
}

#[tokio::test]
async fn g08_connections_that_died_cost_a_new_connection_and_never_a_503() {
    let (world, line, service) = line().await;
    let tokens = world.both_forms(&json!({}));
    for death in Death::ALL {
        for number in [1, 8] {
            for token in &tokens {
                ask(&service, token, number).await.iter().for_each(|answer| drop(answer.assert_active()));
                line.end_connections(death).await;
                let started = Instant::now();
                for answer in ask(&service, token, number).await {
                    answer.assert_verdict(ACTIVE, format!("{death:?} of {number}"));
                }
                assert!(started.elapsed() < IN_TIME, "{death:?} of {number}: {:?}", started.elapsed());
                // One request at a time, as Lambda sends them to an environment.
                for _ in 0..8 {
                    send(&service, introspection(token)).await.assert_verdict(ACTIVE, format!("{death:?} of {number}"));
                }
            }
        }
    }
}

#[tokio::test]
async fn g08_after_a_pause_a_silent_peer_costs_a_short_try() {
    let (world, line, service) = line().await;
    let token = world.token(&json!({}));
    ask(&service, &token, 8).await.iter().for_each(|answer| drop(answer.assert_active()));
    line.end_connections(Death::Silent).await;
    time::pass(Duration::from_secs(5)).await;
    let started = Instant::now();
    send(&service, introspection(&token)).await.assert_active();
    // A try that is not short takes 600 ms.
    assert!(started.elapsed() < Duration::from_millis(550), "{:?}", started.elapsed());
    // The next request does not wait again, because the dead connections are closed.
    let started = Instant::now();
    ask(&service, &token, 8).await.iter().for_each(|answer| drop(answer.assert_active()));
    assert!(started.elapsed() < Duration::from_millis(550), "{:?}", started.elapsed());
}

#[tokio::test]
async fn n04_n05_a_revocation_over_a_dead_connection_is_written() {
    let (world, line, service) = line().await;
    world.put_client(&json!({ "client_id": "app", "client_secret": token_introspection::records::sha256_hex(SECRET),
                              "issuer": ISSUER }));
    for (number, death) in Death::ALL.into_iter().enumerate() {
        let token = world.token(&json!({ "jti": format!("jti-{number}") }));
        ask(&service, &token, 8).await.iter().for_each(|answer| drop(answer.assert_active()));
        line.end_connections(death).await;
        let revocation = request().path("/token/revoke").basic("app", SECRET).form(&[("token", &token)]);
        assert_eq!(send(&service, revocation).await.status, 200, "{death:?}");
        send(&service, introspection(&token)).await.assert_verdict("revoked_token", format!("{death:?}"));
    }
}

/// If an answer is lost, the write may have been made.
#[tokio::test]
async fn n04_e08_a_write_repeated_on_a_new_connection_counts_as_the_same_write() {
    let (world, line, service) = line().await;
    let record = json!({ "token_type": "access_token", "client_id": "own-app", "aud": AUDIENCE,
                         "exp": token_introspection::call::now() + 600 });
    world.put_client(&json!({ "client_id": "own-app", "issuer": OWN,
                              "client_secret": token_introspection::records::sha256_hex(SECRET) }));
    world.put_token("opaque", &record);
    let revocation = || request().path("/token/revoke").basic("own-app", SECRET).form(&[("token", "opaque")]);
    for _ in 0..2 {
        line.end_connections(Death::Forgotten).await;
        assert_eq!(send(&service, revocation()).await.status, 200);
        send(&service, introspection("opaque")).await.assert_inactive("revoked_token");
    }
}

#[tokio::test]
async fn g08_j14_connections_to_a_signer_that_died_cost_a_new_connection_and_never_a_503() {
    let (world, aws) = (World::new().await, Aws::start().await);
    let line = Line::start(aws.url.rsplit(':').next().unwrap().parse().unwrap()).await;
    let key = format!("kms:{KEY}");
    let settings = [world.token_settings(), vec![("SIGNING_KEY", key.as_str())]].concat();
    let service = World::service_beside(&world.proxy.url, &line.url(), &issuers(&world.signer), &settings).await;
    let token = world.token(&json!({}));
    let ask = async |number: usize| {
        let question = || introspection(&token).header("accept", SIGNED).within(IN_TIME);
        join_all((0..number).map(|_| send(&service, question()))).await
    };
    for death in Death::ALL {
        for number in [1, 8] {
            for answer in ask(number).await {
                verified(&service, &answer).await;
            }
            line.end_connections(death).await;
            let started = Instant::now();
            for answer in ask(number).await {
                verified(&service, &answer).await;
            }
            assert!(started.elapsed() < IN_TIME, "{death:?} of {number}: {:?}", started.elapsed());
            for _ in 0..8 {
                verified(&service, &ask(1).await[0]).await;
            }
        }
    }
}
