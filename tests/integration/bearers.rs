//! Group D: callers that authenticate with an access token of their own.

use serde_json::{Value, json};
use token_introspection::{call::now, records::sha256_hex, settings::LogLevel};

use crate::{
    jwt_signatures::twin,
    key_host::KeyHost,
    keys,
    log::Log,
    proxy::Fault,
    tokens::ids_asked_for,
    world::{
        ACCEPTED, ALL_IN_DYNAMODB, AUDIENCE, Answer, GENERIC, ISSUER, OWN, Request, SECRET, World, changed, claims,
        request,
    },
};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");
const CLIENT: &str = "gateway";
const INVALID: &str = r#"Bearer realm="token-introspection", error="invalid_token""#;
const INSUFFICIENT: &str = r#"Bearer realm="token-introspection", error="insufficient_scope", scope="introspection""#;

/// The claims of a token that authenticates [`CLIENT`], changed.
fn own(changes: &Value) -> Value {
    let mut all = json!({
        "aud": [AUDIENCE, OWN], "client_id": CLIENT, "sub": CLIENT, "scope": "other introspection", "jti": "own",
    });
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

async fn world() -> World {
    let world = World::with(&[NO_LIMIT]).await;
    for (client_id, method, issuer) in [
        (CLIENT, Some("bearer"), Some(ISSUER)),
        ("no-issuer", Some("bearer"), None),
        ("elsewhere", Some("bearer"), Some(GENERIC)),
        ("by-secret", Some("client_secret_basic"), Some(ISSUER)),
        ("no-method", None, Some(ISSUER)),
    ] {
        world.put_client(&json!({
            "client_id": client_id, "token_endpoint_auth_method": method, "issuer": issuer,
            "client_secret": sha256_hex(SECRET),
        }));
    }
    world
}

fn ask(bearer: &str) -> Request {
    request().header("authorization", &format!("Bearer {bearer}")).form(&[("token", "unknown")])
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str, case: &str) {
    let (challenge, code) = match reason {
        "insufficient_scope" => (INSUFFICIENT, "insufficient_scope"),
        _ => (INVALID, "invalid_client"),
    };
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("www-authenticate", challenge),
        ("x-content-type-options", "nosniff"),
    ];
    let body = json!({ "error": code }).to_string();
    let expected = (401, headers.to_vec(), body.as_str());
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), expected, "{case}");
    assert_eq!(answer.reason(), Some(reason), "{case}");
}

#[tokio::test]
async fn d01_d02_d03_d06_the_token_must_be_the_clients_and_unbound_with_our_audience_and_scope() {
    let world = world().await;
    for (changes, reason) in [
        (json!({}), ACCEPTED),
        (json!({ "aud": OWN }), ACCEPTED),
        (json!({ "scope": "introspection" }), ACCEPTED),
        (json!({ "aud": AUDIENCE }), "bearer_audience"),
        (json!({ "aud": format!("{OWN}/") }), "bearer_audience"),
        (json!({ "exp": 1 }), "bearer_inactive"),
        (json!({ "exp": null }), "bearer_inactive"),
        (json!({ "nbf": now() + 100 }), "bearer_inactive"),
        (json!({ "iat": now() + 100 }), "bearer_inactive"),
        (json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }), "bearer_bound"),
        (json!({ "cnf": { "x5t#S256": "x" } }), "bearer_bound"),
        (json!({ "cnf": {} }), "bearer_bound"),
        (json!({ "client_id": "nobody" }), "unknown_client"),
        (json!({ "client_id": "no-issuer" }), "bearer_foreign"),
        (json!({ "client_id": "elsewhere" }), "bearer_foreign"),
        (json!({ "client_id": "by-secret" }), "wrong_method"),
        (json!({ "client_id": "no-method" }), "wrong_method"),
        (json!({ "client_id": null }), "bearer_malformed"),
        (json!({ "client_id": "" }), "bearer_malformed"),
        (json!({ "client_id": "a\nb" }), "unknown_client"),
        (json!({ "iss": "https://stranger.example" }), "bearer_malformed"),
        (json!({ "iss": GENERIC, "token_use": "access" }), "bearer_foreign"),
        (json!({ "scope": "read" }), "insufficient_scope"),
        (json!({ "scope": "introspection:all INTROSPECTION" }), "insufficient_scope"),
        (json!({ "scope": null }), "insufficient_scope"),
        // This scope counts only from an issuer that writes the resource server's name before the scope.
        (json!({ "scope": format!("{OWN}/introspection") }), "insufficient_scope"),
    ] {
        world.proxy.take_requests();
        let answer = world.send(ask(&world.token(&own(&changes)))).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused(&answer, reason, &changes.to_string());
            assert!(world.proxy.take_requests().len() == 1 || !ALL_IN_DYNAMODB, "{changes}");
        }
    }
    // A typ of another kind, a forged signature, an opaque token, and strings that are not tokens.
    let forged = keys::ed25519(Some("key-1"), 9).token(&json!({ "typ": "at+jwt" }), &claims(&own(&json!({}))));
    let forged_without_scope =
        keys::ed25519(Some("key-1"), 9).token(&json!({ "typ": "at+jwt" }), &claims(&own(&json!({ "scope": "x" }))));
    world.put_token(
        "opaque",
        &json!({
            "token_type": "access_token", "client_id": CLIENT, "iss": ISSUER, "aud": OWN, "scope": "introspection",
            "exp": now() + 60,
        }),
    );
    let id_token = world.signer.token(&json!({ "typ": "JWT" }), &claims(&own(&json!({}))));
    // It is valid, and longer than any token may be.
    let long = world.token(&own(&json!({ "note": "x".repeat(20_000) })));
    for (reason, bearer) in [
        ("bearer_inactive", forged.as_str()),
        ("bearer_malformed", &long),
        ("bearer_inactive", &forged_without_scope),
        ("bearer_malformed", "opaque"),
        ("bearer_inactive", &id_token),
        ("bearer_malformed", "a.b.c"),
        ("bearer_malformed", ""),
        ("bearer_malformed", &"x".repeat(20_000)),
    ] {
        assert_refused(&world.send(ask(bearer)).await, reason, &bearer[..bearer.len().min(60)]);
    }
}

#[tokio::test]
async fn d01_h22_cognito_names_audience_and_scope_in_one() {
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf";
    let key = keys::ed25519(Some("pool-key"), 5);
    let issuers = json!([{ "issuer": pool, "profile": "cognito", "algorithms": ["EdDSA"], "client_ids": [CLIENT],
                           "jwks": { "keys": [key.jwk()] } }]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string()), NO_LIMIT]).await;
    world.put_client(&json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": pool }));
    let qualified = format!("{OWN}/introspection");
    for (scope, audience, reason) in [
        (qualified.clone(), Value::Null, ACCEPTED),
        (format!("aws.cognito.signin.user.admin {qualified}"), Value::Null, ACCEPTED),
        // A trigger of the user pool can change the token like this.
        ("introspection".to_owned(), json!(OWN), ACCEPTED),
        (qualified.clone(), json!(OWN), ACCEPTED),
        (qualified.clone(), json!(AUDIENCE), "bearer_audience"),
        (format!("{OWN}/introspection:all"), Value::Null, "insufficient_scope"),
        (format!("{OWN}/read https://other.example.com/introspection"), Value::Null, "insufficient_scope"),
        ("https://other.example.com/introspection".to_owned(), Value::Null, "bearer_audience"),
        (format!("{OWN}//introspection"), Value::Null, "bearer_audience"),
        ("introspection".to_owned(), Value::Null, "bearer_audience"),
    ] {
        let claims = json!({
            "iss": pool, "sub": CLIENT, "client_id": CLIENT, "token_use": "access", "jti": "own", "scope": scope,
            "iat": now() - 10, "exp": now() + 600,
        });
        let answer = world.send(ask(&key.token(&json!({}), &changed(&claims, &json!({ "aud": audience }))))).await;
        if reason == ACCEPTED { answer.assert_inactive(ACCEPTED) } else { assert_refused(&answer, reason, &scope) }
    }
}

#[tokio::test]
async fn d01_g03_the_callers_marks_are_read_in_the_same_request_and_revoke_its_token_at_once() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = world().await;
    let bearer = world.token(&own(&json!({ "sid": "s", "grant_id": "g" })));
    let token = world.token(&json!({}));
    let about = |token: &str| request().header("authorization", &format!("Bearer {bearer}")).form(&[("token", token)]);
    world.proxy.take_requests();
    world.send(about(&token)).await.assert_active();
    let requests = world.proxy.take_requests();
    let [(operation, read)] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(operation, "BatchGetItem");
    let mut names = ids_asked_for(&world, read);
    names.sort();
    let mut expected: Vec<String> = [
        "jti#{i}#own",
        "grant#{i}#g",
        "sid#{i}#s",
        "sub#{i}#gateway",
        "client#{i}#gateway",
        "jti#{i}#jti-1",
        "sub#{i}#alice",
        "client#{i}#app",
        "iss#{i}",
        "kid#{i}#key-1",
    ]
    .map(|name| name.replace("{i}", ISSUER))
    .into();
    expected.sort();
    assert_eq!(names, expected, "no key is read twice");
    for name in
        ["jti#{i}#own", "grant#{i}#g", "sid#{i}#s", "sub#{i}#gateway", "client#{i}#gateway", "iss#{i}", "kid#{i}#key-1"]
    {
        let id = name.replace("{i}", ISSUER);
        world.put_mark(&id, &json!({}));
        assert_refused(&world.send(about("unknown")).await, "bearer_inactive", name);
        world.put_mark(&id, &json!({ "not_before": "corrupt" }));
        assert_refused(&world.send(about("unknown")).await, "bearer_inactive", name);
        world.delete_item(&id).await;
        world.send(about("unknown")).await.assert_inactive("unknown_token");
    }
    // The log attributes each mark's reason to the right token.
    world.put_mark(&format!("sub#{ISSUER}#gateway"), &json!({ "not_before": 1, "reason": "the caller's" }));
    world.put_mark(&format!("sub#{ISSUER}#alice"), &json!({ "reason": "the token's" }));
    log.take();
    world.send(about(&token)).await.assert_inactive("revoked_subject");
    let log = log.take();
    assert!(log.contains("the token's") && !log.contains("the caller's") && !log.contains(&bearer), "{log}");
}

#[tokio::test]
async fn d04_a_token_may_not_introspect_or_revoke_itself() {
    let world = world().await;
    let bearer = world.token(&own(&json!({})));
    let another = world.token(&own(&json!({ "jti": "another" })));
    let about = |token: &str| request().header("authorization", &format!("Bearer {bearer}")).form(&[("token", token)]);
    assert_refused(&world.send(about(&bearer)).await, "bearer_asks_about_itself", "itself");
    assert_refused(
        &world.send(about(&bearer).path("/token/revoke")).await,
        "bearer_asks_about_itself",
        "itself, to revoke",
    );
    world.send(about(&another)).await.assert_active();
}

#[tokio::test]
async fn d04_a_token_with_another_form_of_its_signature_is_the_same_token() {
    let signer = keys::es256(Some("ec"));
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [signer.jwk()] } }]);
    let world = World::with(&[NO_LIMIT, ("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    world.put_client(&json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    let made = |changes: Value| signer.token(&json!({ "typ": "at+jwt" }), &claims(&own(&changes)));
    let (bearer, another) = (made(json!({})), made(json!({ "jti": "another" })));
    let (input, signature) = bearer.rsplit_once('.').unwrap();
    let tampered = format!("{input}.{}A", &signature[..signature.len() - 1]);
    for bearer in [&bearer, &twin(&bearer)] {
        let by = |request: Request| request.header("authorization", &format!("Bearer {bearer}"));
        let batch = |tokens: &[&str]| {
            let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
            by(batch.body(json!({ "tokens": tokens }).to_string()))
        };
        world.send(by(request().form(&[("token", &another)]))).await.assert_active();
        assert_eq!(world.send(batch(&[&another, &twin(&another)])).await.status, 200);
        for token in [
            input.to_owned() + "." + signature,
            twin(&format!("{input}.{signature}")),
            format!("{input}."),
            format!("{input}.AAAA"),
            tampered.clone(),
        ] {
            for path in ["/token/introspect", "/token/revoke"] {
                let answer = world.send(by(request().path(path).form(&[("token", &token)]))).await;
                assert_refused(&answer, "bearer_asks_about_itself", &token);
            }
            assert_refused(
                &world.send(batch(&[&another, &token, "unknown"])).await,
                "bearer_asks_about_itself",
                &token,
            );
        }
    }
}

#[tokio::test]
async fn d05_a_token_in_a_parameter_is_not_a_credential() {
    let world = world().await;
    let bearer = world.token(&own(&json!({})));
    world.proxy.take_requests();
    let body = request().form(&[("token", "x"), ("access_token", &bearer), ("client_id", CLIENT)]);
    world.send(body).await.assert_error(401, "invalid_client", "no_credentials");
    let query = request().query(&format!("access_token={bearer}")).form(&[("token", "x")]);
    world.send(query).await.assert_error(400, "invalid_request", "secret_in_query");
    assert_eq!(world.proxy.take_requests(), []);
}

#[tokio::test]
async fn d06_b03_b18_the_scheme_dpop_and_another_client_id_are_refused() {
    let world = world().await;
    let bearer = world.token(&own(&json!({})));
    for scheme in ["DPoP", "dpop", "Token"] {
        let request = ask(&bearer).header("authorization", &format!("{scheme} {bearer}"));
        world.send(request).await.assert_error(401, "invalid_client", "unsupported_mechanism");
    }
    world
        .send(ask(&bearer).header("authorization", &format!("bearer  {bearer}")))
        .await
        .assert_inactive("unknown_token");
    for (client_id, accepted) in [(CLIENT, true), ("no-issuer", false), ("GATEWAY", false)] {
        let answer = world.send(ask(&bearer).form(&[("token", "unknown"), ("client_id", client_id)])).await;
        if accepted {
            answer.assert_inactive("unknown_token");
        } else {
            assert_refused(&answer, "bearer_malformed", client_id);
        }
    }
}

#[tokio::test]
async fn b11_d01_keys_are_fetched_only_for_a_client_that_is_registered_with_that_issuer() {
    let signer = keys::ed25519(Some("key-1"), 1);
    let host = KeyHost::start(&json!({ "keys": [signer.jwk()] })).await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]);
    let world = World::with(&[NO_LIMIT, ("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let bearer = |changes: &Value| signer.token(&json!({ "typ": "at+jwt" }), &claims(&own(changes)));
    world.put_client(&json!({ "client_id": "by-secret", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    world.put_client(&json!({ "client_id": "elsewhere", "token_endpoint_auth_method": "bearer", "issuer": OWN }));
    world.put_client(&json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    for (changes, reason) in [
        (json!({ "client_id": "nobody" }), "unknown_client"),
        (json!({ "client_id": "by-secret" }), "wrong_method"),
        (json!({ "client_id": "elsewhere" }), "bearer_foreign"),
        (json!({ "exp": 1 }), "bearer_inactive"),
        (json!({ "aud": AUDIENCE }), "bearer_audience"),
    ] {
        assert_refused(&world.send(ask(&bearer(&changes))).await, reason, &changes.to_string());
        assert_eq!(host.take_requests(), 0, "{changes}");
    }
    host.publish(500, "");
    world.send(ask(&bearer(&json!({})))).await.assert_unavailable("keys_unavailable");
    world.send(ask(&bearer(&json!({})))).await.assert_unavailable("keys_unavailable");
    assert_eq!(host.take_requests(), 1, "failures count towards the cool-down");
    host.publish(200, json!({ "keys": [signer.jwk()] }).to_string());
    let later = now() + 31;
    world.send(ask(&bearer(&json!({}))).at(later)).await.assert_inactive("unknown_token");
    assert_eq!(host.take_requests(), 1);
}

#[tokio::test]
async fn b10_b15_g08_policy_limit_and_outages_apply_to_bearer_callers() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    let client = |policy: Value| json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": ISSUER, "introspection": policy });
    world.put_client(&client(json!({ "allowed": false })));
    let bearer = world.token(&own(&json!({})));
    world.send(ask(&bearer)).await.assert_error(403, "unauthorized_client", "not_allowed");
    world.put_client(&client(json!({})));
    let start = now().div_euclid(60) * 60;
    let wrong = world.token(&own(&json!({ "aud": AUDIENCE, "iat": start, "exp": start + 600 })));
    assert_refused(&world.send(ask(&wrong).at(start)).await, "bearer_audience", "below the limit");
    world.send(ask(&wrong).at(start)).await.assert_error(429, "invalid_client", "bearer_audience");
    world.send(ask(&bearer)).await.assert_inactive("unknown_token");
    world.proxy.fail(Fault::ServerError);
    world.send(ask(&bearer)).await.assert_unavailable("store_unavailable");
}

#[tokio::test]
async fn n01_a_client_revokes_its_token_with_another_token() {
    let world = world().await;
    let (bearer, other) = (world.token(&own(&json!({}))), world.token(&own(&json!({ "jti": "other" }))));
    let revocation = request().path("/token/revoke").header("authorization", &format!("Bearer {bearer}"));
    assert_eq!(world.send(revocation.form(&[("token", &other)])).await.status, 200);
    world.introspect(&other).await.assert_inactive("revoked_token");
    world.introspect(&bearer).await.assert_active();
}

#[tokio::test]
async fn b19_d01_a_throttled_bearer_costs_the_clients_record_only_until_its_signature_is_verified() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1")]).await;
    world.put_client(&json!({ "client_id": CLIENT, "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    let forged = keys::ed25519(Some("key-1"), 2).token(&json!({ "typ": "at+jwt" }), &claims(&own(&json!({}))));
    let reads = || -> Vec<usize> {
        let keys = |tables: &Value| {
            let tables = tables["RequestItems"].as_object().unwrap().values();
            tables.map(|table| table["Keys"].as_array().unwrap().len()).sum()
        };
        world.proxy.take_requests().iter().map(|(_, body)| keys(body)).collect()
    };
    let start = now().div_euclid(60) * 60;
    world.send(ask(&forged).at(start)).await.assert_error(401, "invalid_client", "bearer_inactive");
    assert_eq!(reads().len(), 1, "below the limit, one read for everything");
    for mark in ["", "jti#{}#own", "iss#{}"] {
        if !mark.is_empty() {
            world.put_mark(&mark.replace("{}", ISSUER), &json!({}));
        }
        world.send(ask(&forged).at(start)).await.assert_error(429, "invalid_client", "bearer_inactive");
        assert_eq!(reads(), [1], "{mark}");
    }
    world.delete_item(&format!("jti#{ISSUER}#own")).await;
    world.delete_item(&format!("iss#{ISSUER}")).await;
    let good = world.token(&changed(&own(&json!({})), &json!({ "iat": start, "exp": start + 600 })));
    world.send(ask(&good).at(start)).await.assert_inactive("unknown_token");
    assert_eq!(reads()[0], 1);
    world.put_mark(&format!("jti#{ISSUER}#own"), &json!({}));
    world.send(ask(&good).at(start)).await.assert_error(429, "invalid_client", "bearer_inactive");
}
