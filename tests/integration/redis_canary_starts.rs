//! How an environment learns the canary that Redis must have: created, adopted, or already recorded.

use std::time::Duration;

use serde_json::{Value, json};
use token_introspection::{service::Service, settings::LogLevel};

use crate::{
    log::Log,
    proxy::Fault,
    redis_canary::{Deployment, STATE},
    tokens::CANARY,
    world::{World, introspection, issuers, send},
};

#[tokio::test]
async fn u02_environments_that_start_at_once_end_with_one_canary() {
    for delay in [0, 1, 3] {
        let world = World::new().await;
        world.tokens.server.run("FLUSHALL");
        world.delete(STATE, CANARY).await;
        let token = world.token(&json!({}));
        let trusted = issuers(&world.signer);
        let (url, settings) = (world.proxy.url.as_str(), world.token_settings());
        let start = async |number: u64| {
            tokio::time::sleep(Duration::from_millis(delay * number)).await;
            World::service(url, &trusted, &settings).await
        };
        let services = tokio::join!(start(0), start(1), start(2), start(3), start(4), start(5));
        let services: [Service; 6] = services.into();
        let recorded = world.stored(STATE, "id", CANARY).await["value"]["S"].clone();
        for service in &services {
            send(service, introspection(&token)).await.assert_active();
        }
        assert_eq!(world.stored(STATE, "id", CANARY).await["value"]["S"], recorded);
        world.tokens.server.run("FLUSHALL");
        for service in &services {
            send(service, introspection(&token)).await.assert_unavailable("store_unavailable");
        }
    }
}

#[tokio::test]
async fn u02_a_canary_that_only_redis_has_is_adopted() {
    let deployment = Deployment::new().await;
    // Another deployment shares the server, or an environment ended before it had recorded its canary.
    deployment.world.delete(STATE, CANARY).await;
    deployment.put_canary("theirs");
    deployment.another().await;
    deployment.assert_right("adopted").await;
    assert_eq!((deployment.recorded().await, deployment.in_redis()), ("theirs".to_owned(), "theirs".to_owned()));
    deployment.world.tokens.server.run("FLUSHALL");
    deployment.assert_lost("protected").await;
}

#[tokio::test]
async fn g08_u01_while_the_state_table_cannot_be_read_nothing_is_answered_and_the_next_request_tries_again() {
    let deployment = Deployment::new().await;
    let (world, trusted) = (&deployment.world, issuers(&deployment.world.signer));
    for fault in [Fault::ServerError, Fault::AccessDenied, Fault::MissingTable, Fault::Empty, Fault::Unprocessed] {
        for lost in [false, true] {
            world.proxy.fail(fault);
            let service = World::service(&world.proxy.url, &trusted, &world.token_settings()).await;
            let ask = async |token: &str| send(&service, introspection(token)).await;
            ask(&deployment.revoked).await.assert_unavailable("store_unavailable");
            if lost {
                world.tokens.server.run("FLUSHALL");
            }
            world.proxy.fail(Fault::None);
            if lost {
                ask(&deployment.revoked).await.assert_unavailable("store_unavailable");
                deployment.put_canary(&deployment.recorded().await);
                deployment.revoke();
            }
            ask(&deployment.revoked).await.assert_inactive("revoked_token");
        }
    }
    // Once the canary is known, a failure to read it again is the same outage.
    world.tokens.server.run("FLUSHALL");
    world.proxy.fail_at(1, Fault::ServerError);
    world.introspect(&deployment.revoked).await.assert_unavailable("store_unavailable");
    world.proxy.fail(Fault::None);
    deployment.assert_lost("after it").await;
}

#[tokio::test]
async fn u01_a_start_is_not_stopped_by_a_loss() {
    let deployment = Deployment::new().await;
    deployment.world.tokens.server.run("FLUSHALL");
    let (log, _guard) = Log::start(LogLevel::Info);
    let service = deployment.another().await;
    assert!(log.take().contains("its canary is missing"));
    send(&service, introspection(&deployment.good)).await.assert_unavailable("store_unavailable");
    deployment.put_canary(&deployment.recorded().await);
    deployment.revoke();
    send(&service, introspection(&deployment.revoked)).await.assert_inactive("revoked_token");
}

/// The users that may not create the canary, or may not even read it.
#[tokio::test]
async fn u02_a_user_who_may_not_create_the_canary_is_warned_and_served_until_there_is_one() {
    for (rights, cause) in [
        ("%R~* ~jti#*", "the server answered SET of the key canary#tokens with NOPERM"),
        (
            "%R~nothing#* %R~token#* %R~revoked#* ~jti#* ~sub#* ~client#* ~iss#* ~kid#*",
            "the server answered GET of the key canary#tokens with NOPERM",
        ),
    ] {
        let world = World::new().await;
        world.tokens.server.run("FLUSHALL");
        world.delete(STATE, CANARY).await;
        let commands = "-@all +role +info +cluster|info +get +expiretime +set +eval";
        world.tokens.server.run(&format!("ACL SETUSER old on >p {commands} {rights}"));
        let url = format!("redis://old:p@127.0.0.1:{}", world.tokens.server.port);
        let (log, _guard) = Log::start(LogLevel::Info);
        let service = World::service(&world.proxy.url, &issuers(&world.signer), &[("REDIS_URL", &url)]).await;
        let lines = log.take();
        assert!(lines.contains("redis_unprotected") && lines.contains(cause), "{lines}");
        let token = world.token(&json!({}));
        for _ in 0..2 {
            send(&service, introspection(&token)).await.assert_active();
        }
        let log = log.take();
        assert!(!log.contains("redis_unprotected") && !log.contains("store_unavailable"), "{log}");
        assert_eq!(world.stored(STATE, "id", CANARY).await, Value::Null);
    }
}

#[tokio::test]
async fn u02_a_canary_that_cannot_be_stored_is_a_warning_that_says_what_helps() {
    for (in_redis, spared, cause, cure) in [
        (None, 1, "the function's role may not write the item", "let the function's role write the state table"),
        (Some("SET canary#tokens rubbish"), 0, "has a value of another form", "delete the key canary#tokens"),
        (Some("CONFIG SET maxmemory 1"), 0, "cannot store the key canary#tokens now", "let the server accept writes"),
    ] {
        let world = World::new().await;
        world.tokens.server.run("FLUSHALL");
        world.delete(STATE, CANARY).await;
        if let Some(command) = in_redis {
            world.tokens.server.run(command);
        }
        if spared > 0 {
            world.proxy.fail_at(spared, Fault::AccessDenied);
        }
        let (log, _guard) = Log::start(LogLevel::Info);
        let service = World::service(&world.proxy.url, &issuers(&world.signer), &world.token_settings()).await;
        let log = log.take();
        assert!(log.contains("redis_unprotected") && log.contains(cause) && log.contains(cure), "{log}");
        send(&service, introspection(&world.token(&json!({})))).await.assert_active();
    }
}

#[tokio::test]
async fn u02_an_environment_without_protection_gets_it_without_a_restart() {
    let deployment = Deployment::new().await;
    let world = &deployment.world;
    let canary = deployment.recorded().await;
    world.tokens.server.run(&format!("DEL {CANARY}"));
    world.delete(STATE, CANARY).await;
    let commands = "-@all +role +info +cluster|info +get +expiretime +set +eval";
    world.tokens.server.run(&format!("ACL SETUSER old on >p {commands} %R~* ~jti#*"));
    let url = format!("redis://old:p@127.0.0.1:{}", world.tokens.server.port);
    let service = World::service(&world.proxy.url, &issuers(&world.signer), &[("REDIS_URL", &url)]).await;
    let ask = async |token: &str| send(&service, introspection(token)).await;
    ask(&deployment.revoked).await.assert_inactive("revoked_token");
    // Another environment, or the operator's tool, creates the canary: first in Redis, then in the state table.
    deployment.put_canary(&canary);
    ask(&deployment.revoked).await.assert_inactive("revoked_token");
    assert_eq!(deployment.recorded().await, canary);
    world.tokens.server.run("FLUSHALL");
    ask(&deployment.revoked).await.assert_unavailable("store_unavailable");
}
