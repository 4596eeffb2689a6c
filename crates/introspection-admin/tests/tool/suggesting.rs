//! `issuer suggest`: the function accepts the entry that it prints, and it never prints the token.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use test_support::{
    key_host::KeyHost,
    key_site::{Site, response},
    keys,
    world::{self, AUDIENCE, World, claims},
};

use super::Tool;

/// Publishes metadata that name this issuer, and these keys.
fn publish(site: &Site, path: &str, issuer: &str, keys: &Value) {
    let jwks_uri = site.url("/keys");
    let metadata = json!({ "issuer": issuer, "jwks_uri": jwks_uri });
    site.put(&format!("{path}/.well-known/openid-configuration"), &metadata);
    site.put("/keys", &json!({ "keys": keys }));
}

#[tokio::test]
async fn the_function_accepts_the_suggested_entry() {
    let world = World::new().await;
    let host = KeyHost::start(&json!({ "keys": [world.signer.jwk()] })).await;
    let tool = Tool::at(&world.engine.url);
    let issuer = host.url.trim_end_matches("/jwks.json").to_owned();
    let claims = claims(&json!({ "iss": issuer, "typ": "Bearer", "azp": "app", "client_id": null }));
    let token = world.signer.token(&json!({ "typ": "JWT" }), &claims);
    let run = tool.run_with("issuer suggest --token - --output json", &format!("Bearer {token}\n")).await.done();
    assert!(!run.stdout.contains(&token) && !run.stderr.contains(&token), "O-04");
    run.warned("the word Bearer");
    let answer = run.json();
    assert_eq!((&answer["profile"], &answer["passes"]), (&json!("keycloak"), &json!(true)), "{answer}");
    assert_eq!(answer["entry"]["audiences"], json!([AUDIENCE]));
    let mut entry = answer["entry"].clone();
    entry["jwks_uri"] = host.url.clone().into();
    let service = World::service(&world.engine.url, &json!([entry]).to_string(), &world.token_settings()).await;
    world::send(&service, world::introspection(&token)).await.assert_active();
    let text = tool.run_with("issuer suggest --token -", &token).await.done().stdout;
    let entry: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(entry, answer["entry"], "{text}");
}

#[tokio::test]
async fn keys_are_fetched_and_a_forged_signature_is_noticed() {
    let world = World::new().await;
    let tool = Tool::without_aws();
    let token = world.token(&json!({ "iss": "https://127.0.0.1:1" }));
    let answer = tool.json_with("issuer suggest --token -", &token).await;
    assert!(answer["notes"].to_string().contains("the issuer's keys cannot be used from here: refused"), "{answer}");
    let site = Site::start().await;
    let token = world.token(&json!({ "iss": site.url("") }));
    for (issuer, keys, expected) in [
        (site.url(""), json!([world.signer.jwk()]), "one of them made the token's signature"),
        (
            site.url(""),
            json!([keys::es256(Some("key-2")).jwk()]),
            "none of them made the token's signature (unknown_key)",
        ),
        (
            site.url(""),
            json!([world.signer.jwk(), { "kty": "EC", "kid": "x" }]),
            "key not loaded: kid \\\"x\\\", kty EC",
        ),
        (site.url("/"), json!([world.signer.jwk()]), "issuer_differs"),
    ] {
        publish(&site, "", &issuer, &keys);
        let answer = tool.json_with("issuer suggest --token -", &token).await;
        assert!(answer["notes"].to_string().contains(expected), "{expected}: {answer}");
    }
    let id_token = world.signer.token(&json!({}), &claims(&json!({ "at_hash": "h" })));
    let run = tool.run_with("issuer suggest --token - --output json", &id_token).await.ended(1);
    assert!(run.json()["notes"].to_string().contains("it is an ID token"), "{}", run.stdout);
    tool.run_with("issuer suggest --token -", "opaque").await.failed(1, "the token is opaque");
    tool.run_with("issuer suggest --token -", "a.b.c.d.e").await.failed(1, "encrypted");
}

#[tokio::test]
async fn an_entry_is_suggested_from_what_an_issuer_publishes() {
    let world = World::new().await;
    let (tool, site) = (Tool::without_aws(), Site::start().await);
    let issuer = site.url("/realms/shop");
    publish(&site, "/realms/shop", &issuer, &json!([world.signer.jwk()]));
    let answer = tool.json(&format!("issuer suggest --issuer {issuer}")).await;
    let expected = json!({ "issuer": issuer, "profile": "generic", "audiences": ["fill-in-audience"],
        "required_claims": { "fill-in-claim": "fill-in-value" } });
    assert_eq!((&answer["entry"], &answer["reason"]), (&expected, &Value::Null), "{answer}");
    assert_eq!(answer["keys"][0]["algorithms"], json!(["EdDSA"]), "{answer}");

    // The function accepts the entry once it is filled in.
    let mut entry = answer["entry"].clone();
    entry["audiences"] = json!([AUDIENCE]);
    entry.as_object_mut().unwrap().remove("required_claims");
    let service = World::service(&world.engine.url, &json!([entry]).to_string(), &world.token_settings()).await;
    let token = world.token(&json!({ "iss": issuer }));
    world::send(&service, world::introspection(&token)).await.assert_active();

    let text = tool.run(&format!("issuer suggest --issuer {issuer}")).await.done().stdout;
    assert_eq!(serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap(), expected, "{text}");
    let document = format!("issuer suggest --issuer {issuer}/.well-known/openid-configuration");
    assert_eq!(tool.json(&document).await["entry"], expected);
}

#[tokio::test]
async fn the_profile_is_guessed_from_the_metadata() {
    let world = World::new().await;
    let (tool, site) = (Tool::without_aws(), Site::start().await);
    let (set, rsa) = (json!({ "keys": [world.signer.jwk()] }), keys::rsa(Some("rsa"), Algorithm::RS256).jwk());
    for (path, issuer, jwks, members, expected) in [
        (
            "/realms/kc",
            "/realms/kc",
            "/realms/kc/protocol/openid-connect/certs",
            json!({}),
            json!({ "profile": "keycloak", "audiences": ["fill-in-audience"] }),
        ),
        (
            "/oauth2/default",
            "/oauth2/default",
            "/oauth2/default/v1/keys",
            json!({}),
            json!({ "profile": "okta", "audiences": ["fill-in-audience"], "algorithms": ["EdDSA"] }),
        ),
        (
            "/auth0",
            "/auth0",
            "/auth0/.well-known/jwks.json",
            json!({ "mfa_challenge_endpoint": "https://t.example/mfa/challenge" }),
            json!({ "profile": "auth0", "audiences": ["fill-in-audience"], "algorithms": ["EdDSA"] }),
        ),
        (
            "/common/v2.0",
            "/{tenantid}/v2.0",
            "/common/discovery/v2.0/keys",
            json!({}),
            json!({ "profile": "entra", "tenants": ["fill-in-tenant-id"], "audiences": ["fill-in-audience"],
                "jwks_uri": site.url("/common/discovery/v2.0/keys"), "algorithms": ["EdDSA"] }),
        ),
        (
            "/adfs",
            "/adfs",
            "/adfs/discovery/keys",
            json!({ "access_token_issuer": site.url("/adfs/services/trust") }),
            json!({ "profile": "generic", "audiences": ["fill-in-audience"], "jwks_uri": site.url("/adfs/discovery/keys"),
                "required_claims": { "fill-in-claim": "fill-in-value" } }),
        ),
    ] {
        let mut metadata = json!({ "issuer": site.url(issuer), "jwks_uri": site.url(jwks) });
        metadata.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        site.put(&format!("{path}/.well-known/openid-configuration"), &metadata);
        site.put(jwks, &set);
        let answer = tool.json(&format!("issuer suggest --issuer {}", site.url(path))).await;
        let mut expected = expected;
        let issuer = if path == "/adfs" { "/adfs/services/trust" } else { issuer };
        expected["issuer"] = site.url(issuer).into();
        assert_eq!(answer["entry"], expected, "{path}: {answer}");
        // With an additional RSA key, the algorithm of the profile is needed as well.
        if expected.get("algorithms").is_some() {
            site.put(jwks, &json!({ "keys": [world.signer.jwk(), rsa] }));
            let answer = tool.json(&format!("issuer suggest --issuer {}", site.url(path))).await;
            assert_eq!(answer["entry"]["algorithms"], json!(["RS256", "EdDSA"]), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_are_reported() {
    let world = World::new().await;
    let (tool, site, other) = (Tool::without_aws(), Site::start().await, Site::start().await);
    let keys = json!([world.signer.jwk()]);
    let suggest = |typed: String| {
        let tool = &tool;
        async move { tool.run(&format!("issuer suggest --output json --issuer {typed}")).await }
    };
    // The address with a slash leads to the same metadata.
    publish(&site, "", &site.url("/"), &keys);
    let token = world.token(&json!({ "iss": site.url("") }));
    let notes = tool.json_with("issuer suggest --token -", &token).await["notes"].to_string();
    assert!(notes.contains("issuer_differs") && notes.contains(&site.url("/keys")), "{notes}");
    let answer = suggest(site.url("")).await.ended(1).json();
    assert_eq!((&answer["entry"]["issuer"], &answer["reason"]), (&json!(site.url("/")), &json!("issuer_differs")));
    assert_eq!(answer["entry"].get("jwks_uri"), None, "{answer}");
    assert_eq!(suggest(site.url("/")).await.done().json()["reason"], Value::Null);
    // An issuer on the same host without metadata of its own, such as a tenant of Azure AD B2C, needs jwks_uri.
    publish(&site, "/policy/v2.0", &site.url("/tenant/v2.0/"), &keys);
    let answer = suggest(site.url("/policy/v2.0")).await.ended(1).json();
    assert_eq!(answer["entry"]["issuer"], json!(site.url("/tenant/v2.0/")), "{answer}");
    assert_eq!(answer["entry"]["jwks_uri"], json!(site.url("/keys")), "{answer}");
    // An issuer on another host is accepted only if its own metadata name it, and then with its own keys.
    publish(&site, "/proxy", "http://localhost:1/issuer", &keys);
    suggest(site.url("/proxy")).await.failed(1, "issuer_differs");
    publish(&site, "/proxy", &other.url("/issuer").replace("127.0.0.1", "localhost"), &keys);
    suggest(site.url("/proxy")).await.failed(1, "issuer_differs");
    publish(&other, "/issuer", &other.url("/issuer").replace("127.0.0.1", "localhost"), &keys);
    let answer = suggest(site.url("/proxy")).await.ended(1).json();
    assert_eq!(answer["jwks_uri"], json!(other.url("/keys")), "{answer}");
}

#[tokio::test]
async fn a_fault_in_what_an_issuer_publishes_is_one_line_with_its_name() {
    let (tool, site) = (Tool::without_aws(), Site::start().await);
    let suggest = |path: &str| {
        let (tool, line) = (&tool, format!("issuer suggest --issuer {}", site.url(path)));
        async move { tool.run(&line).await }
    };
    suggest("/none").await.failed(1, "status (404)");
    for (answer, code, expected) in [
        (response("500 Internal Server Error", "", ""), 3, "status (500)"),
        (response("302 Found", "location: /elsewhere\r\n", ""), 1, "redirect (302)"),
        (response("401 Unauthorized", "", ""), 1, "a Kubernetes cluster"),
        (response("200 OK", "", "<html>"), 1, "not_json"),
        (response("200 OK", "", "{\"issuer\":\"a\",\"issuer\":\"b\"}"), 1, "duplicate_members"),
        (response("200 OK", "content-encoding: gzip\r\n", "x"), 1, "compressed (gzip)"),
        (response("200 OK", "", "{}"), 1, "issuer_differs"),
        (response("200 OK", "", &json!({ "issuer": site.url("/bad") }).to_string()), 1, "no_jwks_uri"),
        (
            response(
                "200 OK",
                "",
                &json!({ "issuer": site.url("/bad"), "jwks_uri": "http://a.example/k" }).to_string(),
            ),
            1,
            "insecure_jwks_uri",
        ),
    ] {
        for place in ["/bad/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/bad"] {
            site.put_raw(place, &answer);
        }
        suggest("/bad").await.failed(code, expected);
    }
    tool.run("issuer suggest --issuer http://127.0.0.1:1").await.failed(3, "refused");
    tool.run("issuer suggest --issuer https://127.0.0.1:1").await.failed(3, "refused");
    tool.run("issuer suggest --issuer http://issuer.example").await.failed(1, "must start with https://");
    tool.run("issuer suggest --issuer issuer").await.failed(2, "must start with https://");
    tool.run("issuer suggest --issuer https://issuer.example?x").await.failed(2, "query");
    tool.run("issuer suggest").await.failed(2, "is missing");
    tool.run("issuer suggest --token - --issuer https://issuer.example").await.failed(2, "cannot be used with");
}

#[tokio::test]
async fn with_unusable_keys_the_entry_is_suggested_with_the_reason_why_it_does_not_work_yet() {
    let world = World::new().await;
    let (tool, site) = (Tool::without_aws(), Site::start().await);
    let run = |keys: Value| {
        publish(&site, "/ok", &site.url("/ok"), &keys);
        let (tool, line) = (&tool, format!("issuer suggest --output json --issuer {}", site.url("/ok")));
        async move { tool.run(&line).await }
    };
    let bad = [json!({ "kty": "EC", "kid": "p", "crv": "P-256" }), json!({ "kty": "oct", "kid": "s", "k": "AAAA" })];
    let answer = run(json!([bad[0], bad[1], world.signer.jwk()])).await.done().json();
    let dropped = answer["dropped_keys"].as_array().unwrap();
    let causes: Vec<_> = dropped.iter().map(|key| (&key["kid"], &key["cause"])).collect();
    let expected = [("p", "missing_member"), ("s", "symmetric")].map(|(kid, cause)| (json!(kid), json!(cause)));
    assert_eq!(causes, expected.iter().map(|(kid, cause)| (kid, cause)).collect::<Vec<_>>(), "{answer}");
    assert!(answer["notes"].to_string().contains("key not loaded: "), "{answer}");
    let answer = run(json!(bad)).await.ended(1).json();
    assert_eq!(answer["reason"], json!("no_usable_key"), "{answer}");
    let answer = run(json!({})).await.ended(1).json();
    assert_eq!(answer["reason"], json!("not_a_key_set"), "{answer}");
    site.put_raw("/keys", &response("503 Service Unavailable", "", ""));
    let answer = tool.run(&format!("issuer suggest --output json --issuer {}", site.url("/ok"))).await.ended(3).json();
    assert_eq!(answer["reason"], json!("status"), "{answer}");
}
