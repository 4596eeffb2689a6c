//! How much of an active token a caller sees.

use serde_json::{Value, json};

use crate::world::{ACTIVE, API, AUDIENCE, World};

/// Asserts what the caller sees of both forms of a token under a policy: one member, or null if it is left out.
async fn assert_member(world: &World, policy: &Value, changes: &Value, name: &str, expected: &Value) {
    world.put_policy(policy);
    for token in world.both_forms(changes) {
        let answer = world.introspect(&token).await.assert_active();
        assert_eq!(answer.get(name), Some(expected).filter(|value| !value.is_null()), "{policy} {changes}");
    }
}

#[tokio::test]
async fn i05_scopes_are_intersected_with_those_of_the_policy() {
    let world = World::new().await;
    for (scopes, scope, expected) in [
        (json!(null), "read write", json!("read write")),
        (json!(["read"]), "read write", json!("read")),
        (json!(["write", "read", "more"]), "read write", json!("read write")),
        (json!(["r*"]), "read write rest", json!("read rest")),
        (json!(["*"]), "read write", json!("read write")),
        (json!(["api/*"]), "api/read apix api/", json!("api/read api/")),
        (json!(["read"]), "read READ reader", json!("read")),
        // An asterisk elsewhere is a character like any other, and so are those of a regular expression.
        (json!(["r*d", "a.c"]), "read r*d abc a.c", json!("r*d a.c")),
        (json!(["read"]), "read  write   read", json!("read read")),
    ] {
        assert_member(&world, &json!({ "scopes": scopes }), &json!({ "scope": scope }), "scope", &expected).await;
    }
}

#[tokio::test]
async fn i06_a_token_whose_scopes_are_all_hidden_is_inactive_and_one_without_scopes_is_not() {
    let world = World::new().await;
    for (scopes, scope, verdict) in [
        (json!(["admin"]), json!("read write"), "scopes_hidden"),
        (json!([]), json!("read"), "scopes_hidden"),
        (json!(["admin*"]), json!("read"), "scopes_hidden"),
        (json!([""]), json!("read"), "scopes_hidden"),
        (json!(["admin", "read"]), json!("read"), ACTIVE),
        (json!(["admin"]), json!(null), ACTIVE),
        (json!(["admin"]), json!(""), ACTIVE),
        (json!(["admin"]), json!("  "), ACTIVE),
        (json!([]), json!(null), ACTIVE),
    ] {
        world.put_policy(&json!({ "scopes": scopes }));
        for token in world.both_forms(&json!({ "scope": scope })) {
            world.introspect(&token).await.assert_verdict(verdict, format!("{scopes} of {scope}"));
        }
    }
}

#[tokio::test]
async fn i07_k03_authorization_details_for_other_locations_are_left_out() {
    let world = World::new().await;
    let here = json!({ "type": "payment", "locations": [AUDIENCE], "amount": "1.00" });
    let also_here = json!({ "type": "payment", "locations": ["https://other.example.com", AUDIENCE] });
    let there = json!({ "type": "payment", "locations": ["https://other.example.com"] });
    let anywhere = json!({ "type": "account", "actions": ["read"] });
    let unreadable = json!({ "type": "payment", "locations": AUDIENCE });
    let by_audience = json!({ "audiences": [AUDIENCE] });
    for (policy, details, expected) in [
        (json!({}), json!([here, there, anywhere]), json!([here, there, anywhere])),
        (by_audience.clone(), json!([here, there, anywhere]), json!([here, anywhere])),
        (by_audience.clone(), json!([there, also_here]), json!([also_here])),
        (by_audience.clone(), json!([unreadable, here]), json!([here])),
        (by_audience.clone(), json!([there]), json!(null)),
        (by_audience.clone(), json!([]), json!([])),
        (by_audience, json!([anywhere]), json!([anywhere])),
    ] {
        let changes = json!({ "authorization_details": details });
        assert_member(&world, &policy, &changes, "authorization_details", &expected).await;
    }
}

#[tokio::test]
async fn i08_j21_k08_only_unregistered_members_username_and_sid_need_to_be_named_to_be_released() {
    let world = World::new().await;
    let registered = json!({
        "nbf": 1, "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }, "act": { "sub": "bob" },
        "authorization_details": [{ "type": "payment" }], "acr": "urn:example:gold", "auth_time": 1_700_000_000,
    });
    let others =
        json!({ "username": "alice@example.com", "sid": "session-1", "department": "sales", "email": "a@b.c" });
    let mut changes = registered.clone();
    changes.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    for (policy, released) in [
        (json!({}), vec!["username", "sid", "department", "email"]),
        (json!({ "claims": [] }), vec![]),
        (json!({ "claims": ["username"] }), vec!["username"]),
        (json!({ "claims": ["sid", "department", "absent"] }), vec!["sid", "department"]),
        (json!({ "claims": ["Email", "mail", "*"] }), vec![]),
        (json!({ "claims": ["grant_id", "active"] }), vec![]),
    ] {
        world.put_policy(&policy);
        changes["grant_id"] = json!("grant-1");
        for token in world.both_forms(&changes) {
            let answer = world.introspect(&token).await.assert_active();
            for (name, value) in others.as_object().unwrap() {
                let expected = released.contains(&name.as_str()).then_some(value);
                assert_eq!(answer.get(name), expected, "{policy}: {name}");
            }
            for (name, value) in registered.as_object().unwrap() {
                assert_eq!(answer.get(name), Some(value), "{policy}: {name}");
            }
            for name in ["iss", "sub", "aud", "client_id", "scope", "token_type", "exp", "iat", "jti"] {
                assert!(answer.get(name).is_some(), "{policy}: {name}");
            }
            assert_eq!(answer.get("grant_id"), None, "the id of the grant is never released");
        }
    }
}

#[tokio::test]
async fn i10_k07_client_id_is_the_tokens_client_and_never_the_caller() {
    let world = World::new().await;
    for (client_id, subject) in [
        (json!("app"), json!("alice")),
        (json!(API), json!("alice")),
        // In a client-credentials token, the subject is the client, so both are equal.
        (json!("service"), json!("service")),
    ] {
        let changes = json!({ "client_id": client_id, "sub": subject });
        assert_member(&world, &json!({}), &changes, "client_id", &client_id).await;
        assert_member(&world, &json!({ "claims": [] }), &changes, "client_id", &client_id).await;
        assert_member(&world, &json!({ "claims": [] }), &changes, "sub", &subject).await;
    }
    // The answer to a token without a client has no client id, not even the caller's.
    let generic = json!({ "iss": crate::world::GENERIC, "token_use": "access", "client_id": null });
    let [token, _] = world.both_forms(&generic);
    assert_eq!(world.introspect(&token).await.assert_active().get("client_id"), None);
}
