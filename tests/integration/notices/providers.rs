//! What each provider sends, and the access tokens of the same session in the form of that provider.

use serde_json::{Value, json};
use token_introspection::call;

use super::{LOG_OUT_EVENT, RECEIVER, assert_accepted, assert_logged_out, log_out, push, trusting};
use crate::{
    providers::{AUTH0, Golden, KEYCLOAK, goldens, trusted_issuers, with_times},
    world::{World, changed, introspection, send},
};

/// Logout tokens as servers make them, without `iss`, `aud`, `iat`, `jti` and `sid`: where the shape is from, the header
/// and the claims.
fn log_outs() -> Vec<(&'static str, Value, Value)> {
    let now = call::now();
    let event = json!({ LOG_OUT_EVENT: {} });
    vec![
        (
            "Keycloak",
            json!({ "typ": "logout+jwt" }),
            json!({ "sub": "f:1", "typ": "Logout", "events": event, "exp": now + 120 }),
        ),
        (
            "Keycloak before 26",
            json!({ "typ": "JWT" }),
            json!({ "sub": "f:1", "typ": "Logout", "events": { LOG_OUT_EVENT: {}, "revoke_offline_access": false } }),
        ),
        ("Auth0", json!({ "typ": "logout+jwt" }), json!({ "sub": "auth0|alice", "events": event, "trace_id": "t-1" })),
        (
            "Duende IdentityServer",
            json!({ "typ": "logout+jwt" }),
            json!({ "sub": "alice", "nbf": now, "exp": now + 300, "events": event }),
        ),
        ("Hydra", json!({}), json!({ "events": event })),
        ("authentik", json!({ "typ": "logout+jwt" }), json!({ "sub": "alice", "exp": now + 600, "events": event })),
        (
            "node-oidc-provider",
            json!({ "typ": "logout+jwt" }),
            json!({ "sub": "alice", "exp": now + 120, "events": event }),
        ),
    ]
}

/// The trusted issuers of the golden tokens, each of which may send notices.
fn enabled(world: &World) -> Value {
    let mut issuers: Value = serde_json::from_str(&trusted_issuers(&world.signer)).unwrap();
    for issuer in issuers.as_array_mut().unwrap() {
        issuer["logout_audiences"] = json!([RECEIVER]);
        issuer["event_audiences"] = json!([RECEIVER]);
    }
    issuers
}

fn access(world: &World, golden: &Golden) -> String {
    world.signer.token(&golden.header, &with_times(golden))
}

#[tokio::test]
async fn r01_r02_r05_each_shape_of_a_logout_token_ends_the_session_under_each_profile() {
    let world = World::new().await;
    let service = trusting(&world, &enabled(&world)).await;
    for golden in goldens() {
        let token = access(&world, &golden);
        let ask = || send(&service, introspection(&token));
        for (number, (server, header, claims)) in log_outs().into_iter().enumerate() {
            ask().await.assert_active();
            let common = json!({ "iss": golden.issuer, "aud": RECEIVER, "iat": call::now(), "sid": golden.session,
                                 "jti": format!("{}{number}", golden.session) });
            let logout_token = world.signer.token(&header, &changed(&claims, &common));
            let case = format!("{server}, {}", golden.issuer);
            assert_logged_out(&send(&service, log_out(&logout_token)).await, &case);
            ask().await.assert_verdict("revoked_session", case);
            world.delete_item(&format!("sid#{}#{}", golden.issuer, golden.session)).await;
        }
    }
}

#[tokio::test]
async fn r12_r13_an_event_ends_the_user_and_the_session_under_each_profile() {
    let world = World::new().await;
    let service = trusting(&world, &enabled(&world)).await;
    for golden in goldens() {
        let token = access(&world, &golden);
        let user = json!({ "format": "iss_sub", "iss": golden.issuer, "sub": golden.claims["sub"] });
        let session = json!({ "format": "opaque", "id": golden.session });
        let complex = json!({ "format": "complex", "user": user, "session": session });
        for (subject, mark, reason) in [
            (user, format!("sub#{}#{}", golden.issuer, golden.claims["sub"].as_str().unwrap()), "revoked_subject"),
            (complex, format!("sid#{}#{}", golden.issuer, golden.session), "revoked_session"),
        ] {
            send(&service, introspection(&token)).await.assert_active();
            let claims = json!({
                "iss": golden.issuer, "aud": RECEIVER, "iat": call::now(), "jti": "event", "sub_id": subject,
                "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} },
            });
            let event = world.signer.token(&json!({ "typ": "secevent+jwt" }), &claims);
            assert_accepted(&send(&service, push(&event)).await, "events_received", golden.issuer);
            send(&service, introspection(&token)).await.assert_verdict(reason, golden.issuer);
            world.delete_item(&mark).await;
        }
    }
}

#[tokio::test]
async fn r09_one_issuer_does_not_end_the_sessions_of_another() {
    let world = World::new().await;
    let service = trusting(&world, &enabled(&world)).await;
    let of = |issuer: &str| goldens().into_iter().find(|golden| golden.issuer == issuer).unwrap();
    let (mine, theirs) = (of(AUTH0), of(KEYCLOAK));
    let claims = json!({ "iss": AUTH0, "aud": RECEIVER, "iat": call::now(), "jti": "1", "sid": theirs.session,
                         "sub": theirs.claims["sub"], "events": { LOG_OUT_EVENT: {} } });
    assert_logged_out(&send(&service, log_out(&world.signer.token(&json!({}), &claims))).await, "a session of its own");
    for golden in [mine, theirs] {
        send(&service, introspection(&access(&world, &golden))).await.assert_active();
    }
}
