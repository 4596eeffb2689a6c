//! What `/token/revoke` writes over an existing mark: it removes limits and extends the expiry, and keeps the rest.

use serde_json::{Value, json};
use token_introspection::{call::now, records::sha256_hex};

use crate::world::{AUDIENCE, ISSUER, OWN, SECRET, World, request};

async fn world() -> World {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    world.put_client(&json!({ "client_id": "own-app", "client_secret": sha256_hex(SECRET), "issuer": OWN }));
    world
}

async fn revoke(world: &World, client_id: &str, token: &str) {
    let answer = world.send(request().path("/token/revoke").basic(client_id, SECRET).form(&[("token", token)])).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn record(token_type: &str, exp: i64) -> Value {
    json!({ "token_type": token_type, "client_id": "own-app", "sub": "alice", "aud": AUDIENCE, "grant_id": "g-1",
            "iat": now() - 10, "exp": exp })
}

/// An item's attribute as plain text, number or list; null if it is absent.
fn plain(item: &Value, name: &str) -> Value {
    item[name].as_object().and_then(|value| value.values().next()).cloned().unwrap_or_default()
}

#[tokio::test]
async fn g16_n03_a_mark_keeps_its_reason_and_everything_else_that_others_wrote() {
    let world = world().await;
    let exp = now() + 600;
    let jwt = world.token(&json!({ "exp": exp }));
    world.put_token("refresh", &record("refresh_token", exp));
    let (jti, grant) = (format!("jti#{ISSUER}#jti-1"), format!("grant#{OWN}#g-1"));
    let own = format!("revoked#{}", sha256_hex("refresh"));
    let margin = 3600;
    for (limits, jti_expiry, other_expiry) in [
        (json!({}), Value::Null, Value::Null),
        (json!({ "not_before": 1 }), Value::Null, Value::Null),
        (json!({ "except_sid": "s" }), Value::Null, Value::Null),
        (json!({ "not_before": 1, "expires_at": now() + 60 }), json!((exp + margin).to_string()), Value::Null),
        (json!({ "expires_at": exp + 9000 }), json!((exp + 9000).to_string()), Value::Null),
    ] {
        for (id, expiry) in [(&jti, &jti_expiry), (&grant, &other_expiry), (&own, &other_expiry)] {
            let mut mark = limits.clone();
            mark["reason"] = json!("stolen laptop");
            mark["ticket"] = json!(4711);
            mark["by"] = json!({ "name": "op", "groups": ["a", true, null] });
            world.put_mark(id, &mark);
            let before = world.stored_item(id).await;
            if id == &jti {
                revoke(&world, "app", &jwt).await;
            } else {
                revoke(&world, "own-app", "refresh").await;
            }
            let after = world.stored_item(id).await;
            for name in ["reason", "ticket", "by"] {
                assert_eq!(after[name], before[name], "{id} over {limits}: {name}");
            }
            assert_eq!(plain(&after, "expires_at"), *expiry, "{id} over {limits}");
            assert!(
                after.get("not_before").is_none() && after.get("except_sid").is_none(),
                "{id} over {limits}: {after}"
            );
        }
        world.introspect(&jwt).await.assert_inactive("revoked_token");
    }
}

#[tokio::test]
async fn g16_g11_a_mark_with_unreadable_limits_is_kept_and_lasts_long_enough() {
    let world = world().await;
    world.put_token("refresh", &record("refresh_token", now() + 600));
    let grant = format!("grant#{OWN}#g-1");
    for limits in [json!({ "not_before": "100" }), json!({ "except_sid": 1 }), json!({ "not_before": ["x"] })] {
        for expiry in [json!({}), json!({ "expires_at": now() + 60 })] {
            let mut mark = limits.clone();
            mark["reason"] = json!("theirs");
            mark.as_object_mut().unwrap().extend(expiry.as_object().unwrap().clone());
            world.put_mark(&grant, &mark);
            let mut expected = world.stored_item(&grant).await;
            expected.as_object_mut().unwrap().remove("expires_at");
            revoke(&world, "own-app", "refresh").await;
            assert_eq!(world.stored_item(&grant).await, expected, "{mark}");
        }
    }
}

#[tokio::test]
async fn g16_the_mark_of_an_opaque_token_outlives_a_record_that_is_extended_later() {
    let world = world().await;
    for token_type in ["access_token", "refresh_token"] {
        let (token, mark) = (token_type, format!("revoked#{}", sha256_hex(token_type)));
        world.put_token(token, &record(token_type, now() + 60));
        revoke(&world, "own-app", token).await;
        assert_eq!(plain(&world.stored_item(&mark).await, "expires_at"), Value::Null, "{token_type}");
        world.put_token(token, &record(token_type, now() + 1_000_000));
        world.introspect(token).await.assert_inactive("revoked_token");
        // An existing mark with an expiry loses it.
        world.put_mark(&mark, &json!({ "expires_at": now() + 60, "reason": "theirs" }));
        revoke(&world, "own-app", token).await;
        let stored = world.stored_item(&mark).await;
        assert_eq!((plain(&stored, "expires_at"), plain(&stored, "reason")), (Value::Null, json!("theirs")));
    }
}

/// Between reading a mark and writing it again, other writers may change it.
#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g16_n03_a_concurrent_write_by_another_program_is_not_overwritten() {
    let world = world().await;
    world.put_token("refresh", &record("refresh_token", now() + 600));
    let grant = format!("grant#{OWN}#g-1");
    for theirs in [
        json!({ "reason": "theirs" }),
        json!({ "not_before": 1, "reason": "theirs" }),
        json!({ "not_before": 2 }),
        json!({ "not_before": 1, "except_sid": "s" }),
        json!({ "not_before": 1, "expires_at": now() + 60 }),
        json!({ "not_before": 1, "ticket": 4712 }),
    ] {
        world.put_mark(&grant, &json!({ "not_before": 1, "ticket": 4711 }));
        // The writes are: the token's own mark; the grant's, which exists; and the grant's over what was read.
        world.delete_item(&format!("revoked#{}", sha256_hex("refresh"))).await;
        let mut item = theirs.clone();
        item["id"] = json!(grant);
        let engine = world.engine.clone();
        world.proxy.interfere(2, "PutItem", move || engine.put("oauth-tokens", &item).unwrap());
        revoke(&world, "own-app", "refresh").await;
        let stored = world.stored_item(&grant).await;
        for (name, expected) in
            [("reason", plain(&crate::engine::attribute(&theirs)["M"], "reason")), ("not_before", Value::Null)]
        {
            assert_eq!(plain(&stored, name), expected, "{theirs}: {stored}");
        }
        let ticket = plain(&crate::engine::attribute(&theirs)["M"], "ticket");
        assert_eq!(plain(&stored, "ticket"), ticket, "{theirs}: {stored}");
        assert!(stored.get("except_sid").is_none() && stored.get("expires_at").is_none(), "{stored}");
    }
}
