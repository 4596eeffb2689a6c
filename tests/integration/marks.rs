//! Revocation: every mark of the contract revokes what it names, and nothing else.

use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::{
    keys,
    signer::Signer,
    world::{ACTIVE, GENERIC, ISSUER, OWN, World, claims, revoked_by},
};

/// When the tokens of these tests are issued.
const T: i64 = 1_800_000_000;

/// A token that every kind of mark can name, in both forms.
fn markable(world: &World) -> [String; 2] {
    world.both_forms(&json!({
        "iat": T, "exp": T + 600, "jti": "jti-1", "grant_id": "grant-1", "sid": "session-1", "sub": "alice",
        "client_id": "app",
    }))
}

/// Asserts that the token is active without the mark, inactive with it, and active again after it is deleted: each time
/// on the very next request.
async fn assert_revokes(world: &World, token: &str, mark: &str) {
    world.introspect_at(T, token).await.assert_verdict(ACTIVE, format!("before {mark}"));
    world.put_mark(mark, &json!({}));
    world.introspect_at(T, token).await.assert_verdict(revoked_by(mark), mark);
    world.delete_item(mark).await;
    world.introspect_at(T, token).await.assert_verdict(ACTIVE, format!("after {mark}"));
}

#[tokio::test]
async fn g03_every_mark_revokes_on_the_next_request() {
    let world = World::new().await;
    for token in markable(&world) {
        for mark in [
            format!("jti#{ISSUER}#jti-1"),
            format!("grant#{ISSUER}#grant-1"),
            format!("sid#{ISSUER}#session-1"),
            format!("sub#{ISSUER}#alice"),
            format!("client#{ISSUER}#app"),
            format!("iss#{ISSUER}"),
        ] {
            assert_revokes(&world, &token, &mark).await;
        }
    }
    let [jwt, opaque] = markable(&world);
    assert_revokes(&world, &jwt, &format!("kid#{ISSUER}#key-1")).await;
    assert_revokes(&world, &opaque, &format!("revoked#{}", sha256_hex(&opaque))).await;
    let without_jti =
        world.token(&json!({ "iss": GENERIC, "token_use": "access", "iat": T, "exp": T + 600, "jti": null }));
    let signed = without_jti.rsplit_once('.').unwrap().0;
    assert_revokes(&world, &without_jti, &format!("jwt#{}", sha256_hex(signed))).await;
}

#[tokio::test]
async fn g03_the_revoked_attribute_of_a_record_revokes_on_the_next_request() {
    let world = World::new().await;
    let record =
        |revoked| json!({ "token_type": "access_token", "client_id": "app", "exp": T + 600, "revoked": revoked });
    for (revoked, verdict) in [(false, ACTIVE), (true, "revoked_record"), (false, ACTIVE)] {
        world.put_token("opaque", &record(revoked));
        world.introspect_at(T, "opaque").await.assert_verdict(verdict, revoked);
    }
}

#[tokio::test]
async fn g03_a_mark_revokes_nothing_but_what_it_names() {
    let world = World::new().await;
    let [jwt, opaque] = markable(&world);
    for mark in [
        format!("jti#{GENERIC}#jti-1"),
        format!("jti#{ISSUER}#jti-2"),
        format!("jti#{ISSUER}#JTI-1"),
        format!("jti#{ISSUER}/#jti-1"),
        format!("grant#{ISSUER}#session-1"),
        format!("sid#{ISSUER}#grant-1"),
        format!("sub#{ISSUER}#app"),
        format!("sub#{ISSUER}#alice "),
        format!("client#{ISSUER}#alice"),
        format!("client#{OWN}#app"),
        format!("iss#{GENERIC}"),
        format!("iss#{ISSUER}#"),
        format!("kid#{ISSUER}#key-2"),
        format!("kid#{GENERIC}#key-1"),
        "revoked#".to_owned(),
        // No token was issued under these names, so the marks revoke nothing.
        format!("revoked#{}", sha256_hex(&jwt)),
        format!("jwt#{}", sha256_hex(&opaque)),
    ] {
        world.put_mark(&mark, &json!({}));
    }
    for token in [jwt, opaque] {
        world.introspect_at(T, &token).await.assert_verdict(ACTIVE, token);
    }
    // An opaque token has no signing key.
    world.put_mark(&format!("kid#{ISSUER}#key-1"), &json!({}));
    let [jwt, opaque] = markable(&world);
    world.introspect_at(T, &jwt).await.assert_inactive("revoked_signing_key");
    world.introspect_at(T, &opaque).await.assert_active();
}

#[tokio::test]
async fn g03_identifiers_that_contain_the_separator_are_unambiguous() {
    let world = World::new().await;
    for (changes, mark) in [
        (json!({ "jti": "a#b" }), format!("jti#{ISSUER}#a#b")),
        (json!({ "sub": "#" }), format!("sub#{ISSUER}##")),
        (json!({ "client_id": "" }), format!("client#{ISSUER}#")),
        (json!({ "sub": "ärger 😀\n" }), format!("sub#{ISSUER}#ärger 😀\n")),
    ] {
        let mut changes = changes;
        changes["iat"] = json!(T);
        changes["exp"] = json!(T + 600);
        for token in world.both_forms(&changes) {
            assert_revokes(&world, &token, &mark).await;
        }
    }
}

#[tokio::test]
async fn g06_a_token_that_no_mark_could_revoke_is_inactive() {
    let world = World::new().await;
    let longest = 2048 - format!("grant#{ISSUER}#").len();
    for name in ["jti", "sub", "client_id", "sid", "grant_id"] {
        for (length, verdict) in [(longest - 4, ACTIVE), (2048, "unrevocable")] {
            for token in world.both_forms(&json!({ name: "x".repeat(length) })) {
                world.introspect(&token).await.assert_verdict(verdict, format!("{name} of {length}"));
            }
        }
    }
}

#[tokio::test]
async fn g10_the_mark_of_a_client_revokes_its_tokens_and_a_missing_client_record_means_nothing() {
    let world = World::new().await;
    for token in markable(&world) {
        // There is no record of the client "app": it is registered at the issuer, not here.
        assert_revokes(&world, &token, &format!("client#{ISSUER}#app")).await;
        // A disabled client record does not revoke tokens either: the tool that disables a client also writes the mark.
        world.put_client(&json!({ "client_id": "app", "issuer": ISSUER, "disabled": true }));
        world.introspect_at(T, &token).await.assert_active();
    }
    let record = json!({ "token_type": "access_token", "client_id": "own-app", "exp": T + 600 });
    world.put_token("opaque", &record);
    assert_revokes(&world, "opaque", &format!("client#{OWN}#own-app")).await;
}

#[tokio::test]
async fn g12_not_before_includes_its_own_second_and_for_subjects_also_covers_auth_time() {
    let world = World::new().await;
    let before = json!({ "not_before": T });
    let spares = json!({ "not_before": T, "except_sid": "session-1" });
    let subject = format!("sub#{ISSUER}#alice");
    let client = format!("client#{ISSUER}#app");
    let (issuer, session, grant) =
        (format!("iss#{ISSUER}"), format!("sid#{ISSUER}#session-1"), format!("grant#{ISSUER}#grant-1"));
    let everything = json!({});
    for (mark, holds, changes, active) in [
        (&subject, &before, json!({ "iat": T - 1 }), false),
        (&subject, &before, json!({ "iat": T }), false),
        (&subject, &before, json!({ "iat": 1_800_000_000.9 }), false),
        (&subject, &before, json!({ "iat": T + 1 }), true),
        (&subject, &before, json!({ "iat": T + 1, "auth_time": T + 1 }), true),
        // The token was refreshed since, but the user has not authenticated again.
        (&subject, &before, json!({ "iat": T + 1, "auth_time": T }), false),
        (&subject, &before, json!({ "iat": T + 1, "auth_time": T - 86_400 }), false),
        (&subject, &spares, json!({ "iat": T, "sid": "session-1" }), true),
        (&subject, &spares, json!({ "iat": T, "sid": "session-2" }), false),
        (&subject, &spares, json!({ "iat": T, "sid": null }), false),
        (&subject, &spares, json!({ "iat": T + 1, "auth_time": T, "sid": "session-1" }), true),
        (&subject, &json!({ "except_sid": "session-1" }), json!({ "iat": T + 1, "sid": "session-2" }), false),
        (&subject, &everything, json!({ "iat": T + 1 }), false),
        (&client, &before, json!({ "iat": T }), false),
        (&client, &before, json!({ "iat": T + 1 }), true),
        (&client, &before, json!({ "iat": T + 1, "auth_time": T }), true),
        (&client, &spares, json!({ "iat": T, "sid": "session-1" }), false),
        (&client, &everything, json!({ "iat": T + 1 }), false),
        (&issuer, &before, json!({ "iat": T }), false),
        (&issuer, &before, json!({ "iat": T + 1 }), true),
        (&issuer, &everything, json!({ "iat": T + 1 }), false),
        (&session, &before, json!({ "iat": T + 1 }), true),
        (&session, &before, json!({ "iat": T }), false),
        (&session, &everything, json!({ "iat": T + 1 }), false),
        (&grant, &before, json!({ "iat": T + 1 }), true),
        (&grant, &before, json!({ "iat": T }), false),
        (&grant, &everything, json!({ "iat": T + 1 }), false),
    ] {
        let mut all = json!({ "exp": T + 600, "sid": "session-1", "grant_id": "grant-1" });
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        world.put_mark(mark, holds);
        let verdict = if active { ACTIVE } else { revoked_by(mark) };
        for token in world.both_forms(&all) {
            world.introspect_at(T + 2, &token).await.assert_verdict(verdict, format!("{mark} {holds} {changes}"));
        }
        world.delete_item(mark).await;
        for token in world.both_forms(&all) {
            world.introspect_at(T + 2, &token).await.assert_verdict(ACTIVE, format!("without {mark}: {changes}"));
        }
    }
}

#[tokio::test]
async fn g12_a_token_without_iat_counts_as_older_than_every_mark() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "sub": "alice", "exp": T + 600 });
    world.put_token("opaque", &record);
    let jwt = world.token(&json!({
        "iss": GENERIC, "token_use": "access", "iat": null, "jti": null, "exp": T + 600,
    }));
    for (token, issuer) in [("opaque", OWN), (&jwt, GENERIC)] {
        world.introspect_at(T, token).await.assert_active();
        world.put_mark(&format!("sub#{issuer}#alice"), &json!({ "not_before": 1 }));
        world.introspect_at(T, token).await.assert_inactive("revoked_subject");
    }
}

#[tokio::test]
async fn g13_a_distrusted_key_makes_all_its_tokens_inactive_however_fresh() {
    let (one, other) = (keys::ed25519(Some("key-1"), 1), keys::ed25519(Some("key-2"), 2));
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [one.jwk(), other.jwk()] } },
        { "issuer": GENERIC, "profile": "rfc9068", "jwks": { "keys": [one.jwk()] } },
    ]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let token = |signer: &Signer, changes: Value| signer.token(&json!({ "typ": "at+jwt" }), &claims(&changes));
    let fresh = json!({ "iat": T + 599, "exp": T + 1200, "jti": "jti-2" });
    let tokens = [
        (token(&one, json!({ "iat": T, "exp": T + 1200 })), "revoked_signing_key"),
        (token(&one, fresh.clone()), "revoked_signing_key"),
        (token(&other, fresh.clone()), ACTIVE),
        (token(&one, json!({ "iss": GENERIC, "iat": T, "exp": T + 1200 })), ACTIVE),
    ];
    for (token, _) in &tokens {
        world.introspect_at(T + 600, token).await.assert_active();
    }
    // Presence is enough: other attributes of the mark do not limit it.
    world.put_mark(&format!("kid#{ISSUER}#key-1"), &json!({ "not_before": T }));
    for (token, verdict) in &tokens {
        world.introspect_at(T + 600, token).await.assert_verdict(verdict, token);
    }
    // Leaving out `kid` does not avoid the mark: such a token is tried only against keys without `kid`.
    let nameless = keys::ed25519(None, 1);
    world.introspect_at(T + 600, &token(&nameless, fresh)).await.assert_inactive("unknown_key");
}

#[tokio::test]
async fn g14_of_several_marks_the_first_in_the_order_of_the_reasons_is_the_reason() {
    let world = World::new().await;
    let without_jti = world.token(&json!({
        "iss": GENERIC, "token_use": "access", "iat": T, "exp": T + 600, "jti": null, "grant_id": "g", "sid": "s",
        "client_id": "app",
    }));
    let signed = without_jti.rsplit_once('.').unwrap().0;
    let marks = [
        format!("kid#{GENERIC}#key-1"),
        format!("iss#{GENERIC}"),
        format!("client#{GENERIC}#app"),
        format!("sub#{GENERIC}#alice"),
        format!("sid#{GENERIC}#s"),
        format!("grant#{GENERIC}#g"),
        format!("jwt#{}", sha256_hex(signed)),
    ];
    // Each mark precedes those before it.
    for mark in marks {
        world.put_mark(&mark, &json!({}));
        world.introspect_at(T, &without_jti).await.assert_verdict(revoked_by(&mark), &mark);
    }
    // A mark that cannot be read is a reason in its own place.
    world.delete_item(&format!("jwt#{}", sha256_hex(signed))).await;
    world.put_mark(&format!("sid#{GENERIC}#s"), &json!({ "not_before": "text" }));
    world.introspect_at(T, &without_jti).await.assert_inactive("revoked_grant");
    world.delete_item(&format!("grant#{GENERIC}#g")).await;
    world.introspect_at(T, &without_jti).await.assert_inactive("corrupt_mark");
}

/// Keycloak read the time of a client in the place of its realm's, so that an old mark of a client revived what a newer one
/// of the issuer had revoked (CVE-2026-8922).
#[tokio::test]
async fn g12_g14_an_old_mark_of_one_kind_switches_off_no_newer_mark_of_another() {
    let world = World::new().await;
    let limited = [
        format!("grant#{ISSUER}#grant-1"),
        format!("sid#{ISSUER}#session-1"),
        format!("sub#{ISSUER}#alice"),
        format!("client#{ISSUER}#app"),
        format!("iss#{ISSUER}"),
    ];
    let [jwt, opaque] = markable(&world);
    let (jti, key, own) =
        (format!("jti#{ISSUER}#jti-1"), format!("kid#{ISSUER}#key-1"), format!("revoked#{}", sha256_hex(&opaque)));
    let old = [
        json!({ "not_before": 1 }),
        json!({ "not_before": T - 1 }),
        json!({ "not_before": T - 1, "except_sid": "session-1" }),
        json!({ "not_before": T - 1, "expires_at": T + 3600 }),
    ];
    let mut pairs = 0;
    for (token, by_presence) in [(&jwt, [&jti, &key]), (&opaque, [&jti, &own])] {
        // Each kind of mark is the old one once, and the newer one beside each other kind.
        for (weak, strong) in limited.iter().flat_map(|weak| {
            limited.iter().chain(by_presence).filter(move |strong| *strong != weak).map(move |strong| (weak, strong))
        }) {
            for holds in &old {
                world.put_mark(weak, holds);
                world.introspect_at(T, token).await.assert_verdict(ACTIVE, format!("{weak} {holds}"));
                for newer in [json!({ "not_before": T }), json!({ "not_before": T + 100 }), json!({})] {
                    world.put_mark(strong, &newer);
                    let case = format!("{weak} {holds} beside {strong} {newer}");
                    world.introspect_at(T, token).await.assert_verdict(revoked_by(strong), case);
                    pairs += 1;
                }
                world.delete_item(strong).await;
            }
            world.delete_item(weak).await;
        }
        // All others at once switch off none either.
        for strong in &limited {
            for mark in &limited {
                world.put_mark(mark, &json!({ "not_before": T - 1 }));
            }
            world.introspect_at(T, token).await.assert_active();
            world.put_mark(strong, &json!({ "not_before": T }));
            world.introspect_at(T, token).await.assert_verdict(revoked_by(strong), strong);
            for mark in &limited {
                world.delete_item(mark).await;
            }
        }
    }
    assert_eq!(pairs, 2 * 5 * 6 * 4 * 3);
}
