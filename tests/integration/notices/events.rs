//! Security events: which marks they write, and what these revoke.

use serde_json::{Value, json};
use test_support::pages::blocks;
use token_introspection::call;

use super::{RECEIVER, SKEW, assert_accepted, event_token, events_entry, push, set_claims, trusting};
use crate::{
    keys,
    proxy::Fault,
    world::{ACTIVE, ALL_IN_DYNAMODB, ISSUER, World, changed, introspection, send},
};

const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";

async fn world() -> World {
    World::with(&[("TRUSTED_ISSUERS", &json!([events_entry()]).to_string())]).await
}

fn iss_sub(sub: &str) -> Value {
    json!({ "format": "iss_sub", "iss": ISSUER, "sub": sub })
}

fn opaque(id: &str) -> Value {
    json!({ "format": "opaque", "id": id })
}

fn complex(members: &Value) -> Value {
    changed(&json!({ "format": "complex" }), members)
}

/// The ids of the marks that exist among these kinds for these names.
async fn marks(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ["sid", "sub"] {
        for name in ["alice", "s-1", "id-1", "bob"] {
            let id = format!("{kind}#{ISSUER}#{name}");
            if world.stored_item(&id).await != Value::Null {
                found.push(format!("{kind}#{name}"));
            }
        }
    }
    assert_eq!(world.count_items().await, u64::try_from(found.len()).unwrap());
    found
}

#[tokio::test]
async fn r12_r13_each_event_ends_what_its_subject_names() {
    let user_and_session = complex(&json!({ "user": iss_sub("alice"), "session": opaque("s-1") }));
    let email = json!({ "format": "email", "email": "alice@example.com" });
    let email_and_session = complex(&json!({ "user": email, "session": opaque("s-1") }));
    let aliases = json!({ "format": "aliases", "identifiers": [email, iss_sub("alice"), iss_sub("bob")] });
    let session = complex(&json!({ "session": opaque("s-1") }));
    let of_session = [format!("{CAEP}session-revoked"), format!("{CAEP}token-claims-change")];
    let of_user = ["credential-change".to_owned()]
        .map(|name| format!("{CAEP}{name}"))
        .into_iter()
        .chain(["account-disabled", "account-purged", "sessions-revoked"].map(|name| format!("{RISC}{name}")));
    for (event, prefers_session) in of_session.into_iter().map(|e| (e, true)).chain(of_user.map(|e| (e, false))) {
        for (subject, expected) in [
            (iss_sub("alice"), vec!["sub#alice"]),
            (opaque("id-1"), if prefers_session { vec!["sid#id-1", "sub#id-1"] } else { vec!["sub#id-1"] }),
            (aliases.clone(), vec!["sub#alice", "sub#bob"]),
            (user_and_session.clone(), if prefers_session { vec!["sid#s-1"] } else { vec!["sub#alice"] }),
            (complex(&json!({ "user": iss_sub("alice"), "device": opaque("d") })), vec!["sub#alice"]),
            (complex(&json!({ "user": opaque("id-1"), "tenant": opaque("t") })), vec!["sub#id-1"]),
            // A session that no mark can name must not end the whole user.
            (
                complex(
                    &json!({ "user": iss_sub("alice"), "session": { "format": "jwt_id", "iss": ISSUER, "jti": "j" } }),
                ),
                if prefers_session { vec![] } else { vec!["sub#alice"] },
            ),
            (session.clone(), vec!["sid#s-1"]),
            (email_and_session.clone(), if prefers_session { vec!["sid#s-1"] } else { vec![] }),
        ] {
            let world = world().await;
            let token = event_token(&world, &json!({ "sub_id": subject, "events": { &event: {} } }));
            let answer = world.send(push(&token)).await;
            if expected.is_empty() {
                // No mark can name the user whose sessions should end, or the session.
                assert_eq!(answer.reason(), Some("wrong_subject"), "{event} {subject}");
            } else {
                assert_accepted(&answer, "events_received", &format!("{event} {subject}"));
            }
            assert_eq!(marks(&world).await, expected, "{event} {subject}");
        }
    }
}

#[tokio::test]
async fn r12_a_subject_of_twenty_names_is_accepted_and_one_of_more_is_not() {
    let world = world().await;
    for (names, expected) in [(21, None), (20, Some("events_received"))] {
        let identifiers: Vec<_> = (0..names).map(|name| iss_sub(&name.to_string())).collect();
        let subject = json!({ "format": "aliases", "identifiers": identifiers });
        let answer = world.send(push(&event_token(&world, &json!({ "sub_id": subject })))).await;
        match expected {
            Some(reason) => assert_accepted(&answer, reason, "20 names"),
            None => assert_eq!(answer.reason(), Some("wrong_subject"), "{names} names"),
        }
        assert_eq!(world.count_items().await, if expected.is_some() { names } else { 0 });
    }
}

#[tokio::test]
async fn r11_the_event_of_the_page_is_accepted() {
    let blocks = blocks("json", "event");
    for block in &blocks {
        let claims: Value = serde_json::from_str(&block.text).unwrap();
        let world = World::new().await;
        let entry = json!({ "issuer": claims["iss"], "event_audiences": [claims["aud"]] });
        let service = trusting(&world, &json!([changed(&events_entry(), &entry)])).await;
        let token = world.signer.token(&json!({ "typ": "secevent+jwt" }), &claims);
        assert_accepted(&send(&service, push(&token)).await, "events_received", &block.place);
    }
    assert_eq!(blocks.len(), 1);
}

#[tokio::test]
async fn r12_early_transmitters_name_the_subject_in_the_event() {
    for (event, token_subject, expected) in [
        (json!({ "subject": iss_sub("alice") }), Value::Null, vec!["sub#alice"]),
        (
            json!({ "subject": { "subject_type": "iss-sub", "iss": ISSUER, "sub": "alice" } }),
            Value::Null,
            vec!["sub#alice"],
        ),
        (json!({ "subject": { "user": iss_sub("alice"), "session": opaque("s-1") } }), Value::Null, vec!["sid#s-1"]),
        (json!({ "subject": iss_sub("alice") }), iss_sub("bob"), vec!["sub#alice"]),
    ] {
        let world = world().await;
        let event = json!({ format!("{CAEP}session-revoked"): event });
        let token = event_token(&world, &json!({ "sub_id": token_subject, "events": event }));
        assert_accepted(&world.send(push(&token)).await, "events_received", &event.to_string());
        assert_eq!(marks(&world).await, expected, "{event}");
    }
}

#[tokio::test]
async fn r12_other_events_are_acknowledged_and_end_nothing() {
    let world = world().await;
    for event in [
        "https://schemas.openid.net/secevent/ssf/event-type/verification",
        "https://schemas.openid.net/secevent/ssf/event-type/stream-updated",
        &format!("{RISC}verification"),
        &format!("{RISC}account-enabled"),
        &format!("{RISC}identifier-changed"),
        &format!("{CAEP}assurance-level-change"),
        &format!("{CAEP}session-established"),
        &format!("{CAEP}Session-Revoked"),
        "https://example.com/an-event-of-its-own",
    ] {
        for subject in
            [iss_sub("alice"), opaque("stream-1"), json!({ "format": "email", "email": "a@b.c" }), Value::Null]
        {
            let claims = json!({ "sub_id": subject, "events": { event: { "state": "x" } } });
            let answer = world.send(push(&event_token(&world, &claims))).await;
            assert_accepted(&answer, "events_ignored", &format!("{event} {subject}"));
        }
    }
    assert_eq!(marks(&world).await, Vec::<String>::new());
    // Among several events, those that end something count.
    let events = json!({ format!("{CAEP}assurance-level-change"): {}, format!("{RISC}account-disabled"): {},
                         format!("{CAEP}credential-change"): { "change_type": "update" } });
    let token = event_token(&world, &json!({ "sub_id": iss_sub("alice"), "events": events }));
    assert_accepted(&world.send(push(&token)).await, "events_received", "several");
    assert_eq!(marks(&world).await, ["sub#alice"]);
}

#[tokio::test]
async fn r14_a_subject_is_revoked_up_to_the_event_and_a_session_without_limit() {
    let now = call::now();
    for (timestamp, iat, expected) in [
        (json!(now - 500), now - 20, now - 500 + SKEW),
        (Value::Null, now - 20, now - 20 + SKEW),
        (json!(now), now - 20, now - 20 + SKEW),
        (json!((now - 500) * 1000), now - 20, now - 20 + SKEW),
        (json!("yesterday"), now - 20, now - 20 + SKEW),
        // A token may arrive late: the queue of a transmitter keeps it for days.
        (Value::Null, now - 400_000, now - 400_000 + SKEW),
        (json!(now - 500_000), now - 400_000, now - 500_000 + SKEW),
    ] {
        let world = world().await;
        let event = changed(&json!({}), &json!({ "event_timestamp": timestamp }));
        let events = json!({ format!("{CAEP}credential-change"): event });
        let token = event_token(&world, &json!({ "sub_id": iss_sub("alice"), "iat": iat, "events": events }));
        for _ in 0..2 {
            assert_accepted(&world.send(push(&token).at(now)).await, "events_received", &events.to_string());
        }
        let mark = world.stored_item(&format!("sub#{ISSUER}#alice")).await;
        assert_eq!(mark["not_before"]["N"], expected.to_string(), "{timestamp} {iat}");
        assert_eq!((&mark["reason"]["S"], mark.get("expires_at")), (&json!("security event credential-change"), None));
        let access = |iat: i64| world.token(&json!({ "iat": iat, "jti": iat.to_string(), "exp": now + 600 }));
        world.introspect_at(now, &access(expected)).await.assert_inactive("revoked_subject");
        world.introspect_at(now, &access(expected + 1)).await.assert_verdict(ACTIVE, "issued afterwards");
    }
    let world = world().await;
    let subject = complex(&json!({ "session": opaque("s-1") }));
    let token = event_token(&world, &json!({ "sub_id": subject }));
    assert_accepted(&world.send(push(&token)).await, "events_received", "a session");
    assert_eq!(world.stored_item(&format!("sid#{ISSUER}#s-1")).await.get("not_before"), None);
    world.introspect(&world.token(&json!({ "sid": "s-1" }))).await.assert_inactive("revoked_session");
}

#[tokio::test]
async fn r14_a_replay_changes_nothing_after_a_new_log_in() {
    let world = world().await;
    let now = call::now();
    let token = event_token(&world, &json!({ "sub_id": iss_sub("alice"), "iat": now - 600 }));
    let fresh = world.token(&json!({ "iat": now - 30 }));
    for _ in 0..3 {
        assert_accepted(&world.send(push(&token).at(now)).await, "events_received", "the same token");
        world.introspect_at(now, &fresh).await.assert_active();
    }
}

#[tokio::test]
async fn r07_after_a_failure_of_the_store_or_the_keys_the_token_is_accepted_later() {
    for spared in 0..3 {
        let world = world().await;
        let token = event_token(&world, &json!({ "sub_id": opaque("id-1") }));
        world.proxy.fail_after(spared, Fault::AccessDenied);
        let answer = world.send(push(&token)).await;
        if answer.status == 202 {
            // With a Redis store, neither the read nor the marks need DynamoDB.
            assert_eq!(answer.status == 202, !ALL_IN_DYNAMODB, "{spared}");
            continue;
        }
        answer.assert_unavailable("store_unavailable");
        world.proxy.fail(Fault::None);
        assert_accepted(&world.send(push(&token)).await, "events_received", "again");
        assert_eq!(marks(&world).await, ["sid#id-1", "sub#id-1"]);
    }
}

#[tokio::test]
async fn r09_a_mark_names_the_issuer_that_signed_and_an_alias_is_its_own() {
    let world = World::new().await;
    let alias = "https://alias.example";
    let entry = changed(&events_entry(), &json!({ "aliases": [alias] }));
    let service = trusting(&world, &json!([entry])).await;
    for (iss, subject) in
        [(ISSUER, json!({ "format": "iss_sub", "iss": alias, "sub": "alice" })), (alias, iss_sub("alice"))]
    {
        let token = event_token(&world, &json!({ "iss": iss, "sub_id": subject }));
        assert_accepted(&send(&service, push(&token)).await, "events_received", iss);
    }
    assert_eq!(marks(&world).await, ["sub#alice"]);
    let question = introspection(&world.token(&json!({ "iat": call::now() - 100 })));
    send(&service, question).await.assert_inactive("revoked_subject");
}

#[tokio::test]
async fn r11_what_transmitters_send_is_accepted() {
    let world = world().await;
    let claims = set_claims(&json!({ "sub_id": iss_sub("alice") }));
    for (header, changes) in [
        (json!({ "typ": "secevent+jwt" }), json!({})),
        (json!({ "typ": "application/secevent+jwt" }), json!({})),
        (json!({ "typ": "SECEVENT+JWT" }), json!({ "aud": ["other", RECEIVER] })),
        (json!({ "typ": "secevent+jwt" }), json!({ "exp": call::now() + 60, "txn": "8675309", "toe": 1 })),
        (json!({ "typ": "secevent+jwt" }), json!({ "iat": call::now() - 1_000_000 })),
    ] {
        let token = world.signer.token(&header, &changed(&claims, &changes));
        for media_type in ["application/secevent+jwt", "Application/SecEvent+JWT; charset=utf-8"] {
            let request = push(&format!("{token}\n")).path("/stage/events").header("content-type", media_type);
            assert_accepted(&world.send(request).await, "events_received", &format!("{header} {changes}"));
        }
    }
    let unnamed = keys::ed25519(None, 1).token(&json!({ "typ": "secevent+jwt" }), &claims);
    assert_accepted(&world.send(push(&unnamed)).await, "events_received", "without kid");
}
