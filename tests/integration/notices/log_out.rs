//! Log-outs that succeed: which mark they write, and what it revokes.

use serde_json::{Value, json};
use token_introspection::call;

use super::{
    RECEIVER, SKEW, assert_logged_out, assert_not_accepted, entry, guard, log_out, log_out_claims, logout_token,
    trusting, world,
};
use crate::{
    keys,
    proxy::Fault,
    world::{ISSUER, World, request, send},
};

/// An item's attribute as plain text or number; null if it is absent.
fn plain(item: &Value, name: &str) -> Value {
    item[name].as_object().and_then(|value| value.values().next()).cloned().unwrap_or_default()
}

#[tokio::test]
async fn r03_r05_a_session_is_over_on_the_next_introspection_and_other_sessions_stay() {
    let world = world().await;
    let [mine, other] = ["s-1", "s-2"].map(|sid| world.token(&json!({ "sid": sid, "jti": sid })));
    let later = world.token(&json!({ "sid": "s-1", "jti": "refreshed", "iat": call::now() + 5 }));
    world.introspect(&mine).await.assert_active();
    assert_logged_out(&world.send(log_out(&logout_token(&world, &json!({})))).await, "with sid and sub");
    world.introspect(&mine).await.assert_inactive("revoked_session");
    world.introspect(&later).await.assert_inactive("revoked_session");
    world.introspect(&other).await.assert_active();
    let mark = world.stored_item(&format!("sid#{ISSUER}#s-1")).await;
    assert_eq!(plain(&mark, "reason"), "back-channel log-out");
    assert_eq!([plain(&mark, "not_before"), plain(&mark, "expires_at")], [Value::Null, Value::Null]);
}

#[tokio::test]
async fn r05_without_a_session_all_tokens_of_the_subject_up_to_now_are_revoked() {
    let world = world().await;
    let now = call::now();
    let token = |iat: i64, sub: &str| world.token(&json!({ "iat": iat, "sub": sub, "jti": format!("{iat}{sub}") }));
    let answer = world.send(log_out(&logout_token(&world, &json!({ "sid": null }))).at(now)).await;
    assert_logged_out(&answer, "without sid");
    for (iat, sub, expected) in [
        (now, "alice", "revoked_subject"),
        (now + SKEW, "alice", "revoked_subject"),
        (now + SKEW + 1, "alice", "active"),
        (now, "bob", "active"),
    ] {
        let later = now + SKEW + 1;
        world.introspect_at(later, &token(iat, sub)).await.assert_verdict(expected, format!("{iat} {sub}"));
    }
    let mark = world.stored_item(&format!("sub#{ISSUER}#alice")).await;
    assert_eq!(plain(&mark, "not_before"), json!((now + SKEW).to_string()));
}

#[tokio::test]
async fn r05_a_log_in_after_the_log_out_stays_however_late_its_token_arrives() {
    let world = world().await;
    let now = call::now();
    let late = logout_token(&world, &json!({ "sid": null, "iat": now - 250, "exp": now + 60 }));
    assert_logged_out(&world.send(log_out(&late).at(now)).await, "late");
    let token = |iat: i64| world.token(&json!({ "iat": iat, "jti": iat.to_string() }));
    world.introspect_at(now, &token(now - 250)).await.assert_inactive("revoked_subject");
    world.introspect_at(now, &token(now - 250 + SKEW + 1)).await.assert_active();
}

#[tokio::test]
async fn r05_a_later_log_out_reaches_later_tokens_and_an_earlier_mark_is_never_weakened() {
    let world = world().await;
    let (now, id) = (call::now(), format!("sub#{ISSUER}#alice"));
    for (existing, expected) in [
        (json!({ "not_before": 1, "reason": "theirs" }), json!((now + SKEW).to_string())),
        (json!({ "not_before": now + 9000, "reason": "theirs" }), json!((now + 9000).to_string())),
        (json!({ "reason": "theirs" }), Value::Null),
        (json!({ "not_before": 1, "except_sid": "s-9", "reason": "theirs" }), json!((now + SKEW).to_string())),
    ] {
        world.put_mark(&id, &existing);
        let token = logout_token(&world, &json!({ "sid": null, "iat": now, "jti": existing.to_string() }));
        assert_logged_out(&world.send(log_out(&token).at(now)).await, &existing.to_string());
        let mark = world.stored_item(&id).await;
        assert_eq!(plain(&mark, "not_before"), expected, "{existing}");
        assert_eq!((plain(&mark, "reason"), plain(&mark, "except_sid")), (json!("theirs"), Value::Null), "{existing}");
    }
}

#[tokio::test]
async fn r01_r02_what_issuers_send_is_accepted() {
    let world = world().await;
    let now = call::now();
    for (number, (header, changes)) in [
        (json!({ "typ": "logout+jwt" }), json!({})),
        (json!({ "typ": "application/logout+jwt" }), json!({})),
        (json!({ "typ": "JWT" }), json!({})),
        (json!({}), json!({})),
        // Keycloak: no `exp`, and more claims.
        (
            json!({ "typ": "JWT" }),
            json!({ "exp": null, "typ": "Logout", "events": {
            "http://schemas.openid.net/event/backchannel-logout": {},
            "revoke_offline_access": true,
        } }),
        ),
        (json!({}), json!({ "aud": ["other", RECEIVER] })),
        (json!({}), json!({ "sub": null })),
        (json!({}), json!({ "sid": null })),
        (json!({}), json!({ "sid": "" })),
        (json!({}), json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": { "a": 1 } } })),
        (json!({}), json!({ "iat": now - 300 - SKEW })),
        (json!({}), json!({ "iat": now + SKEW })),
        (json!({}), json!({ "iat": serde_json::from_str::<Value>(&format!("{now}.5")).unwrap() })),
        (json!({}), json!({ "sid": "with#hash", "trace_id": "x" })),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = log_out_claims(&changes);
        claims["jti"] = json!(format!("logout-{number}"));
        let token = world.signer.token(&header, &claims);
        assert_logged_out(&world.send(log_out(&token).at(now)).await, &format!("{header} {changes}"));
    }
    // Other parameters are ignored, even if they are sent twice.
    let token = logout_token(&world, &json!({ "jti": "below a stage" }));
    let twice = request().path("/stage/logout/backchannel").body(format!("a=1&logout_token={token}&a=2"));
    assert_logged_out(&world.send(twice).await, "below a stage");
}

#[tokio::test]
async fn r04_a_logout_token_is_used_once_and_the_guard_outlives_it() {
    let world = world().await;
    let (now, token) = (call::now(), logout_token(&world, &json!({ "sid": null })));
    assert_logged_out(&world.send(log_out(&token).at(now)).await, "the first time");
    let mark = world.stored_item(&format!("sub#{ISSUER}#alice")).await;
    // The same request id again, as the first token of another invocation, is still a second use.
    for (at, id) in [(now, "request-1"), (now + 60, "request-2"), (now + 300 + SKEW, "request-3")] {
        let answer = world.send(log_out(&token).at(at).request_id(id)).await;
        assert_not_accepted(&answer, if at > now + 119 { "expired" } else { "replayed" }, id);
    }
    assert_eq!(world.stored_item(&format!("sub#{ISSUER}#alice")).await, mark, "a replay changes no mark");
    let item = world.stored("oauth-introspection-state", "id", &guard(ISSUER, "logout-1")).await;
    assert_eq!(plain(&item, "expires_at"), json!((now + 300 + SKEW + 1).to_string()));
    // The identifier is the issuer's, so the same one of another issuer is another token.
    let key = keys::ed25519(Some("key-1"), 1);
    let other = json!({ "issuer": "https://other.example", "profile": "rfc9068", "jwks": { "keys": [key.jwk()] },
                        "logout_audiences": [RECEIVER] });
    let service = trusting(&world, &json!([entry(&json!({})), other])).await;
    let token = logout_token(&world, &json!({ "iss": "https://other.example" }));
    assert_logged_out(&send(&service, log_out(&token)).await, "of another issuer");
}

/// Both read the guard before either writes it.
#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn r04_of_two_requests_at_the_same_time_only_one_succeeds_and_the_mark_is_written() {
    let world = world().await;
    let engine = world.engine.clone();
    let other = json!({ "id": guard(ISSUER, "logout-1"), "request_id": "another request" });
    // The first write is the mark, and the second the guard.
    world.proxy.interfere(1, "PutItem", move || engine.put("oauth-introspection-state", &other).unwrap());
    let answer = world.send(log_out(&logout_token(&world, &json!({})))).await;
    assert_not_accepted(&answer, "replayed", "another request was first");
    world.introspect(&world.token(&json!({ "sid": "s-1" }))).await.assert_inactive("revoked_session");
}

#[tokio::test]
async fn r07_after_any_failure_of_the_store_the_issuer_may_send_the_token_again() {
    for spared in 0..4 {
        let world = world().await;
        let token = logout_token(&world, &json!({ "sid": null }));
        let mine = world.token(&json!({}));
        world.proxy.fail_after(spared, Fault::AccessDenied);
        let answer = world.send(log_out(&token).request_id("request-1")).await;
        if answer.status == 200 {
            // With a Redis store, fewer requests reach DynamoDB.
            assert!(spared >= 2, "{spared}");
            continue;
        }
        answer.assert_unavailable("store_unavailable");
        world.proxy.fail(Fault::None);
        assert_logged_out(&world.send(log_out(&token).request_id("request-2")).await, &format!("after {spared}"));
        world.introspect(&mine).await.assert_inactive("revoked_subject");
    }
}

#[tokio::test]
async fn r09_a_mark_names_the_issuer_by_its_identifier_even_if_the_token_has_an_alias() {
    let world = world().await;
    let service = trusting(&world, &json!([entry(&json!({ "aliases": ["https://alias.example"] }))])).await;
    let mine = world.token(&json!({ "sid": "s-1" }));
    let token = logout_token(&world, &json!({ "iss": "https://alias.example" }));
    assert_logged_out(&send(&service, log_out(&token)).await, "an alias");
    world.introspect(&mine).await.assert_inactive("revoked_session");
}

#[tokio::test]
async fn r09_each_tenant_ends_only_its_own_sessions() {
    let world = World::new().await;
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let issuers = json!([{
        "issuer": "https://login.example/{tenantid}", "profile": "generic", "tenants": ["one", "two"], "jwks": jwks,
        "required_claims": { "ver": 1 }, "logout_audiences": [RECEIVER],
    }]);
    let service = trusting(&world, &issuers).await;
    let access = |tenant: &str| {
        let iss = format!("https://login.example/{tenant}");
        world.token(&json!({ "iss": iss, "tid": tenant, "ver": 1, "sid": "s-1", "jti": tenant }))
    };
    // A logout token has neither `tid` nor the claims that only access tokens have.
    let token = logout_token(&world, &json!({ "iss": "https://login.example/one" }));
    assert_logged_out(&send(&service, log_out(&token)).await, "a tenant");
    for (tenant, expected) in [("one", "revoked_session"), ("two", "active")] {
        let question = crate::world::introspection(&access(tenant));
        send(&service, question).await.assert_verdict(expected, tenant);
    }
}
