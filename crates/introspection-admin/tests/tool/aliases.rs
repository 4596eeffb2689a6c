//! An issuer with aliases: tokens, marks and clients match, whichever of its names they use.

use serde_json::{Value, json};
use test_support::world::{AUDIENCE, OWN, SECRET, World, claims, request};
use token_introspection::{call, records::sha256_hex};

use super::Tool;

const NEW: &str = "https://new.example.com";
const OLD: &str = "https://old.example.com";

/// A world that trusts one issuer with an alias, and the tool for it.
async fn world(issuer: &str, alias: &str) -> (World, Tool) {
    let mut world = World::new().await;
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let entry = json!([{ "issuer": issuer, "profile": "rfc9068", "jwks": jwks, "aliases": [alias] }]).to_string();
    world.service = World::service(&world.proxy.url, &entry, &world.token_settings()).await;
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &entry);
    (world, tool)
}

fn token(world: &World, issuer: &str, jti: &str) -> String {
    world.signer.token(&json!({ "typ": "at+jwt" }), &claims(&json!({ "iss": issuer, "jti": jti })))
}

fn record(issuer: Option<&str>) -> Value {
    let mut record = json!({
        "token_type": "access_token", "client_id": "app", "sub": "alice", "aud": AUDIENCE, "exp": call::now() + 600,
    });
    if let Some(issuer) = issuer {
        record["iss"] = issuer.into();
    }
    record
}

#[tokio::test]
async fn h32_g15_our_own_issuer_may_be_an_alias_and_every_mark_still_matches() {
    for (option, reason) in
        [("--sub alice", "revoked_subject"), ("--client app", "revoked_client"), ("--issuer", "revoked_issuer")]
    {
        let (world, tool) = world(NEW, OWN).await;
        world.put_token("opaque", &record(None));
        world.put_token("opaque-new", &record(Some(NEW)));
        let tokens = [token(&world, OWN, "a"), token(&world, NEW, "b"), "opaque".to_owned(), "opaque-new".to_owned()];
        for token in &tokens {
            world.introspect(token).await.assert_active();
        }
        // The answer shows the name that the token has.
        assert_eq!(world.introspect(&tokens[0]).await.json()["iss"], OWN);
        assert_eq!(world.introspect("opaque").await.json()["iss"], OWN);
        let line = if option == "--issuer" { format!("revoke --issuer {OWN}") } else { format!("revoke {option}") };
        tool.run(&line).await.done();
        for token in &tokens {
            world.introspect(token).await.assert_verdict(reason, option);
        }
    }
}

#[tokio::test]
async fn h32_n02_a_client_that_is_registered_under_an_alias_owns_its_tokens() {
    for registered in [json!(OLD), json!(NEW), Value::Null] {
        let (world, tool) = world(NEW, OLD).await;
        let mut client = json!({ "client_id": "app", "client_secret": sha256_hex(SECRET) });
        if !registered.is_null() {
            client["issuer"] = registered.clone();
        }
        world.put_client(&client);
        for token in [token(&world, OLD, "a"), token(&world, NEW, "b")] {
            world.introspect(&token).await.assert_active();
            let revocation = request().path("/token/revoke").basic("app", SECRET).form(&[("token", &token)]);
            assert_eq!(world.send(revocation).await.status, 200);
            world.introspect(&token).await.assert_inactive("revoked_token");
        }
        let left = token(&world, OLD, "c");
        world.introspect(&left).await.assert_active();
        tool.run("client disable app").await.done();
        world.introspect(&left).await.assert_verdict("revoked_client", registered.to_string());
    }
}
