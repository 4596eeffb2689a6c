//! Which caller sees which token.

use serde_json::{Value, json};
use token_introspection::{records::sha256_hex, settings::LogLevel};

use crate::{
    keys,
    log::Log,
    world::{ACTIVE, API, AUDIENCE, GENERIC, ISSUER, OWN, SECRET, World, introspection, request},
};

/// With this setting, a caller sees only tokens that have its client id as audience or that were issued to it.
const BY_AUDIENCE: [(&str, &str); 1] = [("DEFAULT_POLICY", "audience")];

/// Asks about both forms of a token, under that policy of [`API`].
async fn check(world: &World, policy: &Value, changes: &Value, verdict: &str) {
    world.put_policy(policy);
    for token in world.both_forms(changes) {
        world.introspect(&token).await.assert_verdict(verdict, format!("{policy} {changes}"));
    }
}

#[tokio::test]
async fn g05_i01_i02_a_token_is_visible_to_its_audience_and_its_client_and_inactive_to_all_others() {
    let any = World::new().await;
    let by_audience = World::with(&BY_AUDIENCE).await;
    for (policy, changes, under_any, under_audience) in [
        (json!({}), json!({}), ACTIVE, "audience_hidden"),
        (json!({}), json!({ "aud": API }), ACTIVE, ACTIVE),
        (json!({}), json!({ "aud": [AUDIENCE, API] }), ACTIVE, ACTIVE),
        (json!({}), json!({ "aud": "API" }), ACTIVE, "audience_hidden"),
        (json!({}), json!({ "aud": format!("{API} ") }), ACTIVE, "audience_hidden"),
        // The client is registered at the first trusted issuer, and the same id at another one is another client.
        (json!({}), json!({ "client_id": API }), ACTIVE, ACTIVE),
        (json!({}), json!({ "client_id": API, "iss": GENERIC, "token_use": "access" }), ACTIVE, "audience_hidden"),
        (json!({}), json!({ "aud": API, "iss": GENERIC, "token_use": "access" }), ACTIVE, "audience_hidden"),
        (json!({ "audiences": [AUDIENCE] }), json!({}), ACTIVE, ACTIVE),
        (json!({ "audiences": [AUDIENCE] }), json!({ "aud": ["other", AUDIENCE] }), ACTIVE, ACTIVE),
        (json!({ "audiences": ["other", AUDIENCE] }), json!({}), ACTIVE, ACTIVE),
        (json!({ "audiences": ["other"] }), json!({}), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": ["other"] }), json!({ "aud": API }), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": ["other"] }), json!({ "client_id": API }), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": [AUDIENCE] }), json!({ "aud": [] }), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": [format!("{AUDIENCE}/")] }), json!({}), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": ["https://*"] }), json!({}), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": [] }), json!({}), "audience_hidden", "audience_hidden"),
        (json!({ "audiences": null }), json!({}), ACTIVE, "audience_hidden"),
    ] {
        check(&any, &policy, &changes, under_any).await;
        check(&by_audience, &policy, &changes, under_audience).await;
    }
    // Only opaque tokens and those of the profile `generic` can have no audience.
    let opaque = json!({ "token_type": "access_token", "client_id": "app", "exp": 4_000_000_000_u32 });
    for (world, policy, verdict) in [
        (&any, json!({}), ACTIVE),
        (&by_audience, json!({}), "audience_hidden"),
        (&any, json!({ "audiences": [AUDIENCE] }), "audience_hidden"),
    ] {
        world.put_policy(&policy);
        world.put_token("opaque", &opaque);
        world.introspect("opaque").await.assert_verdict(verdict, policy);
    }
}

#[tokio::test]
async fn i01_issued_to_this_client_means_the_same_issuer_and_the_same_client_id() {
    let jwks = json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] });
    let one = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks }]).to_string();
    let several = World::with(&BY_AUDIENCE).await;
    let only_one = World::with(&[BY_AUDIENCE[0], ("TRUSTED_ISSUERS", &one)]).await;
    for (registered_at, issuer, client_id, among_several, with_one) in [
        (None, ISSUER, API, ACTIVE, ACTIVE),
        (None, GENERIC, API, "audience_hidden", "untrusted_issuer"),
        (None, OWN, API, ACTIVE, ACTIVE),
        (None, ISSUER, "app", "audience_hidden", "audience_hidden"),
        (None, OWN, "app", "audience_hidden", "audience_hidden"),
        (Some(ISSUER), ISSUER, API, ACTIVE, ACTIVE),
        (Some(ISSUER), OWN, API, "audience_hidden", "audience_hidden"),
        (Some(OWN), ISSUER, API, "audience_hidden", "audience_hidden"),
        (Some(OWN), OWN, API, ACTIVE, ACTIVE),
        (Some("https://other.example.com"), ISSUER, API, "audience_hidden", "audience_hidden"),
    ] {
        for (world, verdict) in [(&several, among_several), (&only_one, with_one)] {
            world
                .put_client(&json!({ "client_id": API, "client_secret": sha256_hex(SECRET), "issuer": registered_at }));
            let claims = json!({ "iss": issuer, "client_id": client_id, "token_use": "access" });
            let [jwt, opaque] = world.both_forms(&claims);
            let case = format!("{client_id} of {issuer} to {API} of {registered_at:?}");
            world.introspect(&opaque).await.assert_verdict(verdict, &case);
            // We trust no JWTs of our own issuer.
            world
                .introspect(&jwt)
                .await
                .assert_verdict(if issuer == OWN { "untrusted_issuer" } else { verdict }, &case);
        }
    }
}

#[tokio::test]
async fn i03_no_member_of_the_request_or_the_token_changes_the_caller() {
    let world = World::new().await;
    world.put_policy(&json!({ "audiences": ["other"] }));
    world.put_client(&json!({ "client_id": "broad", "client_secret": sha256_hex(SECRET) }));
    for token in world.both_forms(&json!({ "azp": API, "caller": API, "client_id": "broad" })) {
        world.introspect_as("broad", SECRET, &token).await.assert_active();
        let parameters = [
            ("token", token.as_str()),
            ("client_id", API),
            ("caller", "broad"),
            ("audience", AUDIENCE),
            ("resource", AUDIENCE),
            ("client", "broad"),
            ("sub", "broad"),
        ];
        let answer = world
            .send(
                request()
                    .basic(API, SECRET)
                    .form(&parameters)
                    .header("x-client-id", "broad")
                    .header("x-forwarded-user", "broad")
                    .header("client-id", "broad"),
            )
            .await;
        answer.assert_inactive("audience_hidden");
        let other_id = request().basic(API, SECRET).form(&[("token", &token), ("client_id", "broad")]);
        world.send(other_id).await.assert_error(400, "invalid_request", "client_id_mismatch");
    }
}

#[tokio::test]
async fn i04_a_refresh_token_is_shown_only_to_its_own_client_and_only_if_the_policy_lists_it() {
    let world = World::new().await;
    let refresh = |client_id: &str, issuer: Option<&str>| json!({ "token_type": "refresh_token", "client_id": client_id, "iss": issuer, "aud": "other" });
    let both = json!({ "token_types": ["access_token", "refresh_token"] });
    for (policy, record, verdict) in [
        (&both, refresh(API, None), ACTIVE),
        (&both, refresh(API, Some(OWN)), ACTIVE),
        (&both, refresh(API, Some(ISSUER)), ACTIVE),
        (&both, refresh(API, Some(GENERIC)), "foreign_refresh_token"),
        (&both, refresh("app", None), "foreign_refresh_token"),
        (&json!({ "token_types": ["refresh_token"] }), refresh(API, None), ACTIVE),
        // The audience is not consulted.
        (&json!({ "token_types": ["refresh_token"], "audiences": [AUDIENCE] }), refresh(API, None), ACTIVE),
        (
            &json!({ "token_types": ["refresh_token"], "audiences": [AUDIENCE] }),
            refresh("app", None),
            "foreign_refresh_token",
        ),
        (&json!({ "token_types": ["access_token"] }), refresh(API, None), "token_type_hidden"),
        (&json!({ "token_types": [] }), refresh(API, None), "token_type_hidden"),
        (&json!({}), refresh(API, None), "token_type_hidden"),
        (&json!({ "token_types": ["refresh_token"], "mode": "report" }), refresh("app", None), "foreign_refresh_token"),
        (&json!({ "mode": "report" }), refresh(API, None), "token_type_hidden"),
    ] {
        world.put_policy(policy);
        world.put_token("refresh", &record);
        for hint in ["refresh_token", "access_token", ""] {
            let request = introspection("").form(&[("token", "refresh"), ("token_type_hint", hint)]);
            world.send(request).await.assert_verdict(verdict, format!("{policy} {record}"));
        }
    }
    for (policy, verdict) in [
        (json!({ "token_types": ["access_token"] }), ACTIVE),
        (json!({ "token_types": ["refresh_token"] }), "token_type_hidden"),
        (json!({ "token_types": [] }), "token_type_hidden"),
        (json!({ "token_types": ["refresh_token"], "mode": "report" }), "token_type_hidden"),
    ] {
        check(&world, &policy, &json!({}), verdict).await;
    }
}

#[tokio::test]
async fn i11_a_caller_that_lists_issuers_sees_no_other_issuers_tokens() {
    let world = World::new().await;
    for (policy, issuer, verdict) in [
        (json!({}), ISSUER, ACTIVE),
        (json!({ "issuers": [ISSUER] }), ISSUER, ACTIVE),
        (json!({ "issuers": [GENERIC, ISSUER] }), ISSUER, ACTIVE),
        (json!({ "issuers": [GENERIC] }), ISSUER, "issuer_hidden"),
        (json!({ "issuers": [GENERIC] }), GENERIC, ACTIVE),
        (json!({ "issuers": [format!("{ISSUER}/")] }), ISSUER, "issuer_hidden"),
        (json!({ "issuers": [] }), ISSUER, "issuer_hidden"),
        (json!({ "issuers": [GENERIC], "mode": "report" }), ISSUER, "issuer_hidden"),
    ] {
        check(&world, &policy, &json!({ "iss": issuer, "token_use": "access" }), verdict).await;
    }
    // Our own issuer is one of them.
    for (policy, verdict) in [(json!({ "issuers": [OWN] }), ACTIVE), (json!({ "issuers": [ISSUER] }), "issuer_hidden")]
    {
        world.put_policy(&policy);
        let [_, opaque] = world.both_forms(&json!({ "iss": OWN }));
        world.introspect(&opaque).await.assert_verdict(verdict, policy);
    }
}

#[tokio::test]
async fn i13_report_mode_shows_what_audiences_scopes_and_claims_would_hide_and_says_so_in_the_log() {
    let world = World::new().await;
    let (log, _guard) = Log::start(LogLevel::Info);
    let details = json!([{ "type": "payment", "locations": ["https://other.example.com"] }]);
    let changes = json!({ "department": "sales", "authorization_details": details });
    for (policy, enforced, hidden, would_deny) in [
        (json!({ "audiences": ["other"] }), "audience_hidden", None, true),
        (json!({ "scopes": ["admin"] }), "scopes_hidden", None, true),
        (json!({ "scopes": ["read"] }), ACTIVE, Some("scope"), true),
        (json!({ "claims": ["tenant"] }), ACTIVE, Some("department"), true),
        (json!({ "audiences": [AUDIENCE] }), ACTIVE, Some("authorization_details"), true),
        (json!({ "scopes": ["*"], "claims": ["department"] }), ACTIVE, None, false),
        (json!({}), ACTIVE, None, false),
    ] {
        for token in world.both_forms(&changes) {
            world.put_policy(&json!({}));
            let whole = world.introspect(&token).await.assert_active();
            let mut policy = policy.clone();
            world.put_policy(&policy);
            let answer = world.introspect(&token).await;
            answer.assert_verdict(enforced, &policy);
            if let Some(name) = hidden {
                assert_ne!(answer.json()[name], whole[name], "{policy}");
            }
            log.take();
            policy["mode"] = json!("report");
            world.put_policy(&policy);
            assert_eq!(world.introspect(&token).await.assert_active(), whole, "{policy}");
            let record = &log.take_audit()[0];
            let expected = if would_deny { "would_deny" } else { "allow" };
            assert_eq!((&record["outcome"], &record["policy"]), (&json!("active"), &json!(expected)), "{policy}");
        }
    }
    // It relaxes nothing else: `allowed` counts, and inactive tokens stay inactive.
    world.put_policy(&json!({ "mode": "report", "allowed": false }));
    world.introspect(&world.token(&json!({}))).await.assert_error(403, "unauthorized_client", "not_allowed");
    world.put_policy(&json!({ "mode": "report" }));
    world.introspect(&world.token(&json!({ "exp": 1 }))).await.assert_inactive("expired");
    world.put_policy(&json!({ "mode": "enforce", "audiences": ["other"] }));
    world.introspect(&world.token(&json!({}))).await.assert_inactive("audience_hidden");
}

#[tokio::test]
async fn i13_o06_the_record_of_report_mode_has_what_a_policy_can_list_and_nothing_else() {
    let world = World::new().await;
    let (log, _guard) = Log::start(LogLevel::Info);
    let many: Vec<_> = (0..200).map(|number| format!("https://{number}.example.com")).collect();
    for (changes, audiences, scopes, claims) in [
        (json!({ "scope": "read write read" }), AUDIENCE, "read write", ""),
        (json!({ "aud": ["b", "a", "a b", "a\u{7}"], "scope": null }), "a b", "", ""),
        (
            json!({ "scp": ["more"], "department": "sales", "username": "Alice" }),
            AUDIENCE,
            "more read write",
            "department scp username",
        ),
        (json!({ "two words": 1, "sid": "s1" }), AUDIENCE, "read write", "sid"),
    ] {
        for token in world.both_forms(&changes) {
            log.take();
            world.put_policy(&json!({ "mode": "report", "audiences": ["other"] }));
            world.introspect(&token).await.assert_active();
            let record = &log.take_audit()[0];
            let found = ["audiences", "scopes", "claims"].map(|name| record[name].as_str().unwrap_or("missing"));
            assert_eq!(found, [audiences, scopes, claims], "{changes}");
            let text = json!(record).to_string();
            assert!(["sales", "Alice", "alice", "jti-1"].iter().all(|value| !text.contains(value)), "{text}");
        }
    }
    world.introspect(&world.token(&json!({ "aud": many }))).await.assert_active();
    let length = log.take_audit()[0]["audiences"].as_str().unwrap().len();
    assert!((900..=1000).contains(&length), "{length}");
    // A policy that is enforced, and a token that is not active, say nothing about the token.
    world.introspect(&world.token(&json!({ "exp": 1 }))).await.assert_inactive("expired");
    world.put_policy(&json!({}));
    world.introspect(&world.token(&json!({}))).await.assert_active();
    for record in log.take_audit() {
        assert!(["audiences", "scopes", "claims"].iter().all(|name| record.get(*name).is_none()), "{record:?}");
    }
}

#[tokio::test]
async fn j20_i01_the_claims_of_a_record_never_replace_its_attributes() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": 4_000_000_000_u32 });
    for (claims, policy) in [
        (json!({ "aud": AUDIENCE }), json!({ "audiences": [AUDIENCE] })),
        (json!({ "aud": [AUDIENCE] }), json!({ "audiences": [AUDIENCE] })),
    ] {
        world.put_policy(&policy);
        world.put_token("opaque", &crate::world::changed(&record, &json!({ "claims": claims })));
        world.introspect("opaque").await.assert_inactive("audience_hidden");
    }
    world.put_policy(&json!({}));
    let claims = json!({
        "active": false, "token_type": "mac", "iss": ISSUER, "client_id": "mallory", "sub": "mallory", "aud": AUDIENCE,
        "scope": "admin", "iat": 1, "exp": 1, "nbf": 1, "jti": "j", "sid": "s", "grant_id": "g", "username": "m",
        "cnf": { "jkt": "x" }, "acr": "gold", "custom": 1,
    });
    world.put_token("opaque", &crate::world::changed(&record, &json!({ "claims": claims })));
    let answer = world.introspect("opaque").await.assert_active();
    let expected = json!({
        "active": true, "iss": OWN, "client_id": "app", "token_type": "Bearer", "exp": 4_000_000_000_u32, "acr": "gold",
        "custom": 1,
    });
    assert_eq!(answer, expected);
    // Marks on the values in `claims` do not count either.
    for id in ["sub#{}#mallory", "sid#{}#s", "grant#{}#g", "jti#{}#j"] {
        world.put_mark(&id.replace("{}", OWN), &json!({}));
    }
    world.introspect("opaque").await.assert_active();
}

#[tokio::test]
async fn h28_i05_i06_a_policy_filters_scopes_under_every_name() {
    let world = World::new().await;
    let generic = |changes: &Value| {
        let mut changes = changes.clone();
        (changes["iss"], changes["token_use"]) = (json!(GENERIC), json!("access"));
        changes
    };
    world.put_policy(&json!({ "scopes": ["read", "orders:*"] }));
    for (changes, expected) in [
        (json!({ "scope": null, "scp": "read write" }), Some(json!({ "scope": "read" }))),
        (json!({ "scope": null, "scp": ["read", "orders:a", "write"] }), Some(json!({ "scope": "read orders:a" }))),
        (json!({ "scope": null, "scopes": ["write"] }), None),
        (json!({ "scope": "read", "scp": ["write"] }), Some(json!({ "scope": "read" }))),
        (
            json!({ "scope": "read", "scp": ["write", "orders:b"] }),
            Some(json!({ "scope": "read", "scp": ["orders:b"] })),
        ),
        (
            json!({ "scope": "read", "scopes": "write orders:b" }),
            Some(json!({ "scope": "read", "scopes": "orders:b" })),
        ),
        (json!({ "scope": "read", "scp": { "write": true } }), Some(json!({ "scope": "read" }))),
        (json!({ "scope": "write", "scp": ["admin"] }), None),
        (json!({ "scope": null }), Some(json!({}))),
    ] {
        let answer = world.introspect(&world.token(&generic(&changes))).await;
        answer.assert_verdict(if expected.is_some() { ACTIVE } else { "scopes_hidden" }, &changes);
        if let Some(expected) = expected {
            for name in ["scope", "scp", "scopes"] {
                assert_eq!(answer.json().get(name), expected.get(name), "{changes}");
            }
        }
    }
    let record = json!({
        "token_type": "access_token", "client_id": "app", "exp": 4_000_000_000_u32, "scope": "read",
        "claims": { "scp": ["read", "write"], "scopes": "write" },
    });
    world.put_token("opaque", &record);
    let answer = world.introspect("opaque").await.assert_active();
    assert_eq!((&answer["scope"], &answer["scp"], answer.get("scopes")), (&json!("read"), &json!(["read"]), None));
}

#[tokio::test]
async fn i06_i08_scopes_in_a_claim_that_the_caller_does_not_see_are_not_left_for_it() {
    let world = World::new().await;
    let jwt = world.token(&json!({ "scope": "write", "scp": ["read"] }));
    let record = json!({
        "token_type": "access_token", "client_id": "app", "exp": 4_000_000_000_u32, "scope": "write",
        "claims": { "scp": "read" },
    });
    let only_in_claims = json!({
        "token_type": "access_token", "client_id": "app", "exp": 4_000_000_000_u32, "claims": { "scp": "read" },
    });
    world.put_token("opaque", &record);
    world.put_token("only in claims", &only_in_claims);
    for (claims, verdict) in [
        (json!(null), ACTIVE),
        (json!(["scp"]), ACTIVE),
        // An answer without scopes would look like one about a token that never had any.
        (json!([]), "scopes_hidden"),
        (json!(["department"]), "scopes_hidden"),
    ] {
        world.put_policy(&json!({ "scopes": ["read"], "claims": claims }));
        for token in [&*jwt, "opaque", "only in claims"] {
            world.introspect(token).await.assert_verdict(verdict, format!("{claims} {token}"));
        }
    }
}
