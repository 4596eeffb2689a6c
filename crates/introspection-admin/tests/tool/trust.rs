//! `revoke` and `client disable` report success only for marks that can revoke something.

use serde_json::{Value, json};
use test_support::{
    keys,
    world::{GENERIC, ISSUER, OWN, World, claims},
};
use token_introspection::call::now;

use super::{Run, Tool, file};

const AUTH0: &str = "https://tenant.eu.auth0.com/";
const FRENCH: &str = "https://keycloak.example.com/realms/caf\u{e9}";

/// The tool for a world whose trusted issuers have identifiers that are easily mistyped.
fn tool_with_issuers(world: &World) -> Tool {
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks },
        { "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "token_use": "access" } },
        { "issuer": AUTH0, "profile": "auth0", "jwks": jwks, "algorithms": ["EdDSA"] },
        { "issuer": FRENCH, "profile": "keycloak", "jwks": jwks },
        { "issuer": "https://remote.example.com", "profile": "rfc9068", "jwks_uri": "http://127.0.0.1:1/" },
    ]);
    Tool::beside(world).with("TRUSTED_ISSUERS", &issuers.to_string())
}

async fn nothing_is_written(world: &World, case: &str) {
    let items = world.dynamodb("Scan", &json!({ "TableName": "oauth-tokens" })).await;
    let ids: Vec<_> = items["Items"].as_array().unwrap().iter().map(|item| item["id"]["S"].clone()).collect();
    let marks: Vec<_> = ids.iter().filter(|id| !id.as_str().unwrap().starts_with("token#")).collect();
    assert!(marks.is_empty(), "{case}: {marks:?}");
}

/// Every option that takes an issuer.
const WITH_ISSUER: [&str; 7] =
    ["--jti j", "--sub alice", "--sid s", "--grant g", "--client app", "--kid key-1", "--not-before none"];

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g17_no_mark_of_an_issuer_that_is_not_configured_is_written() {
    let world = World::new().await;
    let tool = tool_with_issuers(&world);
    for (given, expected) in [
        ("https://tenant.eu.auth0.com", "did you mean \"https://tenant.eu.auth0.com/\" (the difference: the slash"),
        ("https://tenant.eu.auth0.com//", "the slash at the end"),
        ("http://tenant.eu.auth0.com/", "http or https"),
        ("https://Tenant.eu.Auth0.com/", "upper and lower case"),
        ("https://tennant.eu.auth0.com/", "did you mean \"https://tenant.eu.auth0.com/\"?"),
        ("https://keycloak.example.com/realms/cafe\u{301}", "the Unicode form of its letters"),
        ("https://issuer.example.com/", "did you mean \"https://issuer.example.com\""),
        ("https://introspection.example.com/", "did you mean \"https://introspection.example.com\""),
        ("https://nowhere.example.org/realms/z", "configured are "),
    ] {
        for options in WITH_ISSUER {
            let run = tool.run(&format!("revoke {options} --issuer {given}")).await;
            run.failed(1, expected);
        }
        world.put_client(&json!({ "client_id": "lost", "issuer": given }));
        tool.run("client disable lost").await.failed(1, expected);
        assert_eq!(world.stored_client("lost").await.get("disabled"), None, "{given}");
        nothing_is_written(&world, given).await;
    }
    let forced = tool.run("revoke --sub alice --issuer https://tenant.eu.auth0.com --force --output json").await.done();
    forced.warned("neither ISSUER nor in TRUSTED_ISSUERS");
    assert_eq!(forced.json()["id"], "sub#https://tenant.eu.auth0.com#alice");
    tool.run("client disable lost --force").await.done().warned("neither ISSUER nor in TRUSTED_ISSUERS");
    assert_eq!(world.stored_client("lost").await["disabled"]["BOOL"], true);
}

#[tokio::test]
async fn g17_without_the_trusted_issuers_the_tool_refuses_to_guess() {
    let world = World::new().await;
    let cures = "set ISSUER and TRUSTED_ISSUERS as the function has them (TRUSTED_ISSUERS='[]' if it has none), or \
                 give --function NAME or --settings FILE";
    let token = world.token(&json!({}));
    let bare = Tool::beside(&world).without("TRUSTED_ISSUERS");
    for issuers in ["", " "] {
        let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", issuers);
        tool.run("revoke --sub alice").await.failed(2, cures);
    }
    for options in WITH_ISSUER {
        bare.run(&format!("revoke {options} --issuer {ISSUER}")).await.failed(2, cures);
        bare.run(&format!("revoke {options} --issuer {ISSUER} --force")).await.failed(2, cures);
    }
    for line in ["revoke --sub alice", "revoke --jti j", "client disable api"] {
        bare.run(line).await.failed(2, cures);
    }
    for line in ["revoke --token -", "explain --token -"] {
        bare.run_with(line, &token).await.failed(2, cures);
    }
    let lost = Tool::beside(&world).without("ISSUER");
    lost.run(&format!("revoke --sub alice --issuer {ISSUER}")).await.failed(2, "ISSUER is missing; set ISSUER and");
    assert_eq!(world.stored_client("api").await.get("disabled"), None);
    nothing_is_written(&world, "no settings").await;

    // A deployment with only opaque tokens has an empty list of trusted issuers.
    bare.run(&format!("revoke --sub alice --issuer {OWN}")).await.done();
    Tool::beside(&world).with("TRUSTED_ISSUERS", "[]").run("revoke --sub bob").await.done();
    let [_, opaque] = world.both_forms(&json!({ "iss": OWN }));
    bare.run_with("revoke --token -", &opaque).await.done();
    world.introspect(&opaque).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn g17_the_default_limit_covers_tokens_that_are_dated_ahead() {
    for skew in [0, 10, 60] {
        let skew_text = skew.to_string();
        let world = World::with(&[("CLOCK_SKEW_SECONDS", &skew_text)]).await;
        let tool = Tool::beside(&world).with("CLOCK_SKEW_SECONDS", &skew_text);
        world.put_client(&json!({ "client_id": "app", "issuer": ISSUER }));
        let subject = format!("revoke --sub alice --issuer {ISSUER}");
        let client = format!("revoke --client web --issuer {ISSUER}");
        let issuer = format!("revoke --issuer {GENERIC}");
        for (line, reason, claims) in [
            (subject, "revoked_subject", json!({ "sub": "alice" })),
            (client, "revoked_client", json!({ "sub": "bob", "client_id": "web" })),
            (issuer, "revoked_issuer", json!({ "sub": "carol", "iss": GENERIC, "token_use": "access" })),
            ("client disable app".to_owned(), "revoked_client", json!({ "sub": "dave", "client_id": "app" })),
            (
                format!("revoke --sid s1 --issuer {ISSUER} --not-before now"),
                "revoked_session",
                json!({ "sub": "erin", "sid": "s1", "client_id": "other" }),
            ),
        ] {
            // The latest `iat` that the function accepts a second before the command.
            let mut fresh = claims.clone();
            fresh["iat"] = json!(now() + skew);
            let fresh = world.token(&fresh);
            world.introspect(&fresh).await.assert_active();
            let answer = tool.json(&line).await;
            world.introspect(&fresh).await.assert_inactive(reason);
            let answer = if line.starts_with("client") { &answer["marks"][0] } else { &answer };
            let counts_from = answer["counts_from"].as_i64().unwrap();
            let mut new = claims.clone();
            new["iat"] = json!(counts_from);
            new["exp"] = json!(counts_from + 600);
            world.introspect_at(counts_from, &world.token(&new)).await.assert_active();
        }
        let run = tool.run(&format!("revoke --sub frank --issuer {ISSUER} --not-before {}", now())).await.done();
        assert_eq!(run.stderr.contains("--not-before now revokes them too"), skew > 0, "{}", run.stderr);
    }
}

#[tokio::test]
async fn g17_text_pasted_around_a_token_is_removed_and_named() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let wrapped = |token: &str| {
        token.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect::<String>()
    };
    for (number, (form, message)) in [
        ("TOKEN\n", "the line break at its end"),
        ("Bearer TOKEN", "the word Bearer"),
        ("Authorization: Bearer TOKEN\r\n", "the header's name, the word Bearer"),
        ("\"TOKEN\"", "quotes"),
        ("'TOKEN'\n", "quotes"),
        ("`TOKEN`", "quotes"),
        ("  TOKEN  ", "white space"),
        ("\u{feff}TOKEN", "invisible characters"),
        ("WRAPPED", "white space"),
    ]
    .into_iter()
    .enumerate()
    {
        let long = |kind: &str| world.both_forms(&json!({ "jti": format!("{kind}-{number}"), "sub": "a".repeat(100) }));
        let ([jwt, _], [_, opaque]) = (long("jwt"), long("opaque"));
        for token in [jwt, opaque] {
            let pasted = form.replace("TOKEN", &token).replace("WRAPPED", &wrapped(&token));
            if form == "WRAPPED" && pasted.lines().count() == 1 {
                continue;
            }
            let explained = tool.run_with("explain --token -", &pasted).await.done();
            explained.warned(message);
            let run = tool.run_with("revoke --token - --output json", &pasted).await.done();
            run.warned(message);
            assert!(!run.stderr.contains(&token) && !run.stdout.contains(&token), "O-04");
            world.introspect(&token).await.assert_inactive("revoked_token");
        }
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn g17_a_token_that_is_inactive_anyway_is_not_reported_as_revoked() {
    let world = World::new().await;
    let tool = tool_with_issuers(&world);
    let header = world.token(&json!({})).split('.').next().unwrap().to_owned();
    let good = world.token(&json!({}));
    let forged = keys::ed25519(Some("key-1"), 9).token(&json!({ "typ": "at+jwt" }), &claims(&json!({})));
    let unknown_key = keys::ed25519(Some("key-2"), 1).token(&json!({ "typ": "at+jwt" }), &claims(&json!({})));
    let id_token = world.signer.token(&json!({ "typ": "JWT" }), &claims(&json!({})));
    let opaque = |changes: Value| world.both_forms(&changes)[1].clone();
    for (token, expected, can_be_forced) in [
        (format!("{header}.e30=.AAAA"), "does not parse", false),
        (good[..good.len() - 1].to_owned(), "does not parse", false),
        (world.token(&json!({ "jti": 1 })), "inactive anyway", true),
        (world.token(&json!({ "exp": now() - 1 })), "inactive anyway: it expired at", true),
        (world.token(&json!({ "iss": "https://issuer.example.com/" })), "the slash at the end", true),
        (world.token(&json!({ "iss": null })), "it names no issuer", true),
        (id_token, "inactive anyway", true),
        (forged, "no key of its issuer made the token's signature", true),
        (unknown_key, "no key of its issuer made the token's signature", true),
        ("unheard-of".to_owned(), "no such opaque token is stored", true),
        (good.rsplit_once('.').unwrap().0.to_owned(), "a part of it is probably missing", true),
        (format!("{header}.a.b.c.d"), "the five parts of an encrypted token", true),
        ("{\"access_token\":\"x\"}".to_owned(), "it is a JSON document", true),
        (opaque(json!({ "exp": now() - 1 })), "has expired", true),
        (opaque(json!({ "iss": "https://nowhere.example.org" })), "neither ISSUER nor in TRUSTED_ISSUERS", true),
    ] {
        let run: Run = tool.run_with("revoke --token -", &token).await;
        run.failed(1, expected);
        assert!(!run.stderr.contains(&token), "O-04");
        nothing_is_written(&world, expected).await;
        let insisted = tool.run_with("revoke --token - --force --output json", &token).await;
        if can_be_forced {
            let id = insisted.done().json()["id"].as_str().unwrap().to_owned();
            world.delete("oauth-tokens", &id).await;
        } else {
            insisted.failed(1, expected);
        }
    }
    world.introspect(&good).await.assert_active();
}

#[tokio::test]
async fn g17_a_forged_token_does_not_revoke_the_one_whose_jti_it_has() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let genuine = world.token(&json!({}));
    let forged =
        keys::ed25519(Some("key-1"), 9).token(&json!({ "typ": "at+jwt" }), &claims(&json!({ "exp": now() + 60 })));
    tool.run_with("revoke --token -", &forged).await.failed(1, "no key of its issuer made");
    world.introspect(&genuine).await.assert_active();
    let run = tool.run_with("revoke --token - --force --output json", &forged).await.done();
    run.warned("could revoke another token with the same jti");
    assert_eq!(run.json()["expires_at"], Value::Null, "the exp of a forged token does not end a mark");
    world.introspect(&genuine).await.assert_inactive("revoked_token");
}

#[tokio::test]
async fn g17_a_signature_that_cannot_be_checked_needs_force() {
    let world = World::new().await;
    let tool = tool_with_issuers(&world);
    let token = world.token(&json!({ "iss": "https://remote.example.com" }));
    tool.run_with("revoke --token -", &token).await.failed(1, "the token's signature could not be checked");
    let line = format!("revoke --token {}", file("unchecked-token", &token));
    tool.run(&line).await.failed(1, "--force writes the mark anyway");
    let run = tool.run(&format!("{line} --force --output json")).await.done();
    run.warned("could not be checked");
    assert_eq!(run.json()["id"], "jti#https://remote.example.com#jti-1");
    assert_eq!(run.json()["expires_at"], Value::Null);
}

#[tokio::test]
async fn g17_a_key_that_the_issuer_cannot_have_is_not_distrusted() {
    let world = World::new().await;
    let tool = tool_with_issuers(&world);
    tool.run(&format!("revoke --kid key-2 --issuer {ISSUER}")).await.failed(1, "has no key with kid \"key-2\"; known");
    tool.run("revoke --kid key-1").await.failed(1, "is not in TRUSTED_ISSUERS, so no key of that issuer can sign");
    tool.run(&format!("revoke --kid key-2 --issuer {ISSUER} --force")).await.done().warned("has no key");
    let remote = "revoke --kid key-9 --issuer https://remote.example.com";
    tool.run(remote).await.done().warned("no key set is shared yet");
    let snapshot = json!({
        "id": "jwks#https://remote.example.com", "jwks_uri": "http://127.0.0.1:1/", "fetched_at": now(),
        "jwks": json!({ "keys": [world.signer.jwk(), keys::ed25519(None, 2).jwk()] }).to_string(),
    });
    world.engine.put("oauth-introspection-state", &snapshot).unwrap();
    tool.run(remote).await.done().warned("in the shared key set, the issuer");
    assert!(!tool.run(&remote.replace("key-9", "key-1")).await.done().stderr.contains("warning"));
    tool.run("client list").await.done().warned("has a key without `kid`");
}

#[tokio::test]
async fn g17_identifiers_that_look_mistyped_are_reported() {
    let world = World::new().await;
    let tool = tool_with_issuers(&world);
    let words = |name: &'static str, value: &'static str| vec!["revoke", name, value, "--issuer", ISSUER];
    tool.run_words(&words("--sub", " alice"), "").await.done().warned("white space");
    tool.run_words(&words("--sub", "rene\u{301}"), "").await.done().warned("composed form (NFC)");
    assert_eq!(tool.run_words(&words("--sub", "ren\u{e9}"), "").await.done().stderr, "");
    tool.run(&format!("revoke --grant g --issuer {ISSUER}")).await.done().warned("claim grant_id");
}
