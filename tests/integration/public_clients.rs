//! Public clients, which may only revoke their own tokens, and clients whose record names no issuer.

use serde_json::{Value, json};
use test_support::certificates::ORDERS;
use token_introspection::{call, records::sha256_hex, settings::LogLevel};

use crate::{
    log::Log,
    proxy::Fault,
    world::{
        ACTIVE, ALL_IN_DYNAMODB, API, AUDIENCE, GENERIC, ISSUER, OWN, Request, SECRET, World, assert_refused, issuers,
        request,
    },
};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");
/// The client that the tokens of [`World::token`] are issued to.
const APP: &str = "app";

fn revoke(client_id: &str, token: &str) -> Request {
    request().path("/token/revoke").form(&[("token", token), ("client_id", client_id)])
}

async fn world() -> World {
    let world = World::with(&[NO_LIMIT]).await;
    world.put_client(&json!({ "client_id": APP }));
    world
}

fn record(token_type: &str, client_id: &str) -> Value {
    json!({
        "token_type": token_type, "client_id": client_id, "aud": AUDIENCE, "grant_id": "g-1", "exp": call::now() + 600,
    })
}

#[tokio::test]
async fn n02_b09_a_public_client_revokes_its_own_tokens_with_its_client_id() {
    for method in [json!(null), json!("none")] {
        let world = world().await;
        world.put_client(&json!({ "client_id": APP, "token_endpoint_auth_method": method }));
        world.put_token("access", &record("access_token", APP));
        world.put_token("refresh", &record("refresh_token", APP));
        let jwt = world.token(&json!({}));
        for token in [jwt.as_str(), "access"] {
            world.introspect(token).await.assert_active();
            let answer = world.send(revoke(APP, token)).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{method}");
            world.introspect(token).await.assert_inactive("revoked_token");
            assert_eq!(world.send(revoke(APP, token)).await.status, 200, "again");
        }
        world.put_token("another", &record("access_token", APP));
        world.introspect("another").await.assert_active();
        assert_eq!(world.send(revoke(APP, "refresh")).await.status, 200);
        world.introspect("another").await.assert_inactive("revoked_grant");
        assert_eq!(world.send(revoke(APP, "unknown")).await.status, 200);
    }
}

#[tokio::test]
async fn n02_b09_introspection_stays_closed_to_a_public_client() {
    let world = world().await;
    let token = world.token(&json!({}));
    let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
    for request in [
        request().form(&[("token", &token), ("client_id", APP)]),
        request().header("accept", "text/html").form(&[("token", "unknown"), ("client_id", APP)]),
        batch.body(json!({ "tokens": [token], "client_id": APP }).to_string()),
    ] {
        assert_refused(&world.send(request).await, "no_credentials", "a client id only");
        assert_eq!(world.proxy.take_requests(), [], "before any read");
    }
    for (case, request) in [
        ("basic", request().basic(APP, SECRET).form(&[("token", &token)])),
        ("basic, no secret", request().basic(APP, "").form(&[("token", &token)])),
        ("post", request().form(&[("token", &token), ("client_id", APP), ("client_secret", SECRET)])),
    ] {
        assert_refused(&world.send(request.path("/token/introspect")).await, "public_client", case);
    }
}

#[tokio::test]
async fn n02_b02_b08_only_a_public_client_is_identified_by_its_client_id_without_credentials() {
    let (log, _guard) = Log::start(LogLevel::Error);
    let world = world().await;
    let token = world.token(&json!({}));
    for (changes, reason) in [
        (json!({ "client_secret": sha256_hex(SECRET) }), "wrong_method"),
        (
            json!({ "client_secret": sha256_hex(SECRET), "token_endpoint_auth_method": "client_secret_post" }),
            "wrong_method",
        ),
        (json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": "{}" }), "wrong_method"),
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), "wrong_method"),
        (json!({ "token_endpoint_auth_method": "bearer", "issuer": ISSUER }), "wrong_method"),
        (json!({ "token_endpoint_auth_method": "aws_iam" }), "wrong_method"),
        (json!({ "token_endpoint_auth_method": "None" }), "wrong_method"),
        (json!({ "disabled": true }), "disabled"),
        (json!({ "disabled": "no" }), "corrupt_client_record"),
        (json!({ "client_secret": 7 }), "corrupt_client_record"),
    ] {
        let mut client = changes.clone();
        client["client_id"] = json!(APP);
        world.put_client(&client);
        world.proxy.take_requests();
        log.take();
        assert_refused(&world.send(revoke(APP, &token)).await, reason, &changes.to_string());
        let reads = world.proxy.take_requests();
        assert_eq!(reads.len(), 1, "{changes}");
        let audit = log.take_audit();
        assert_eq!((&audit[0]["reason"], &audit[0]["method"]), (&json!(reason), &json!("none")), "{changes}");
        world.introspect(&token).await.assert_active();
    }
    for odd in ["missing", "a\nb", &"x".repeat(3000)] {
        world.proxy.take_requests();
        assert_refused(&world.send(revoke(odd, &token)).await, "unknown_client", odd);
        assert!(world.proxy.take_requests().len() == 1 || !ALL_IN_DYNAMODB, "{odd:.20}");
    }
    // A request without an id or with any credentials is not one of a public client.
    world.put_client(&json!({ "client_id": APP }));
    let form = [("token", token.as_str()), ("client_id", APP)];
    for (reason, case, request) in [
        ("no_credentials", "no client id", request().form(&form[..1])),
        ("no_credentials", "an empty one", request().form(&[form[0], ("client_id", "")])),
        ("public_client", "a certificate", request().certificate(ORDERS).form(&form)),
        ("public_client", "an IAM identity", request().iam("arn:aws:iam::111122223333:user/x").form(&form)),
        ("unsupported_mechanism", "another scheme", request().header("authorization", "DPoP x").form(&form)),
        ("public_client", "a secret", request().form(&[form[0], form[1], ("client_secret", "x")])),
    ] {
        assert_refused(&world.send(request.path("/token/revoke")).await, reason, case);
    }
    let query = request().path("/token/revoke").query("client_id=app").form(&form[..1]);
    assert_refused(&world.send(query).await, "no_credentials", "in the query");
    world.introspect(&token).await.assert_active();
}

#[tokio::test]
async fn n02_b15_b19_a_wrong_client_id_is_throttled_like_other_credentials() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "2")]).await;
    world.put_client(&json!({ "client_id": APP }));
    let start = call::now().div_euclid(60) * 60;
    let token = world.token(&json!({}));
    for _ in 0..2 {
        assert_refused(&world.send(revoke(API, &token).at(start)).await, "wrong_method", "a confidential client");
    }
    world.proxy.take_requests();
    world.send(revoke(API, &token).at(start)).await.assert_error(429, "invalid_client", "wrong_method");
    let reads = world.proxy.take_requests();
    let [(_, read)] = reads.as_slice() else { panic!("{reads:?}") };
    assert_eq!(read["RequestItems"].as_object().unwrap().keys().collect::<Vec<_>>(), ["oauth-clients"]);
    for _ in 0..5 {
        assert_eq!(world.send(revoke(APP, "unknown").at(start)).await.status, 200, "tokens are not counted");
    }
    world.proxy.fail(Fault::AccessDenied);
    world.send(revoke(APP, &token)).await.assert_unavailable("store_unavailable");
}

#[tokio::test]
async fn n02_another_clients_token_is_ignored_with_a_warning_that_names_neither_token_nor_subject() {
    let (log, _guard) = Log::start(LogLevel::Warn);
    let world = world().await;
    world.put_client(&json!({ "client_id": "other" }));
    world.put_client(&json!({ "client_id": "elsewhere", "client_secret": sha256_hex(SECRET), "issuer": GENERIC }));
    world.put_token("opaque", &record("access_token", APP));
    let (jwt, own_elsewhere) =
        (world.token(&json!({ "jti": "the-jti" })), world.token(&json!({ "client_id": "elsewhere" })));
    let basic = |token: &str| request().path("/token/revoke").basic("elsewhere", SECRET).form(&[("token", token)]);
    for (request, client_id, issuer, token) in [
        (revoke("other", &jwt), "other", ISSUER, jwt.as_str()),
        (revoke("other", "opaque"), "other", OWN, "opaque"),
        // The same id with another issuer is another client.
        (basic(&own_elsewhere), "elsewhere", ISSUER, &own_elsewhere),
    ] {
        log.take();
        let answer = world.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
        assert_eq!((answer.outcome(), answer.reason()), ("nothing_revoked", Some("foreign_token")));
        let text = log.take();
        let warnings: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["event"] == "revocation_ignored")
            .collect();
        let [warning] = warnings.as_slice() else { panic!("{text}") };
        assert_eq!((&warning["client_id"], &warning["issuer"]), (&json!(client_id), &json!(issuer)));
        assert_eq!(warning["level"], "WARN");
        assert!(!text.contains("the-jti") && !text.contains("alice") && !text.contains(&jwt), "{text}");
        world.introspect(token).await.assert_active();
    }
    for token in ["unknown", "a.b.c"] {
        log.take();
        world.send(revoke("other", token)).await;
        assert!(!log.take().contains("revocation_ignored"), "there is nothing to ignore");
    }
}

#[tokio::test]
async fn n02_i01_a_client_without_an_issuer_belongs_to_ours_and_the_first_trusted_one() {
    let mut world = world().await;
    let generic = |changes: &Value| {
        let mut claims = json!({ "iss": GENERIC, "token_use": "access" });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        world.token(&claims)
    };
    let (first, second) = (world.token(&json!({})), generic(&json!({ "jti": "second" })));
    world.put_token("own", &record("access_token", APP));
    // The world trusts a second issuer, which changes nothing for the first.
    for (token, verdict) in [(first.as_str(), "revoked_token"), (&second, ACTIVE), ("own", "revoked_token")] {
        assert_eq!(world.send(revoke(APP, token)).await.status, 200);
        world.introspect(token).await.assert_verdict(verdict, token);
    }
    // In another order, another issuer is the first.
    let mut trusted: Vec<Value> = serde_json::from_str(&issuers(&world.signer)).unwrap();
    trusted.reverse();
    world.service = World::service(&world.proxy.url, &json!(trusted).to_string(), &world.token_settings()).await;
    let again = world.token(&json!({ "jti": "again" }));
    for (token, verdict) in [(again.as_str(), ACTIVE), (&second, "revoked_token")] {
        assert_eq!(world.send(revoke(APP, token)).await.status, 200);
        world.introspect(token).await.assert_verdict(verdict, token);
    }
    // A client whose record names an issuer belongs only to that one.
    world.put_client(&json!({ "client_id": APP, "issuer": ISSUER }));
    assert_eq!(world.send(revoke(APP, &again)).await.status, 200);
    world.introspect(&again).await.assert_inactive("revoked_token");
}
