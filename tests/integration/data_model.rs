//! docs/data-model.md: the items that it shows are stored as they are, and judged. tests/real runs its Python.

use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::world::{ACTIVE, SECRET, World, introspection, issuers, send};

const PAGE: &str = include_str!("../../docs/data-model.md");
/// The issuer of the page's JWTs, and `ISSUER` of its opaque tokens.
const AUTH: &str = "https://auth.example.com";

/// The items that the page shows as DynamoDB's own JSON, in its order.
fn items() -> Vec<Value> {
    let blocks = PAGE.split("```json item\n").skip(1).map(|block| block.split("```").next().unwrap());
    let items =
        blocks.map(|block| serde_json::from_str::<Value>(block).unwrap_or_else(|error| panic!("{error}: {block}")));
    items.collect()
}

/// A world with the page's issuers, and with a known secret for its resource server.
async fn world() -> (World, Value, Value, Value) {
    let world = World::new().await;
    let [mut client, token, mark] = <[Value; 3]>::try_from(items()).unwrap();
    client["client_secret"]["S"] = json!(sha256_hex(SECRET));
    world.engine.put_attributes("oauth-clients", &client).unwrap();
    (world, client, token, mark)
}

fn seconds(item: &Value, name: &str) -> i64 {
    item[name]["N"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn i01_i05_i08_the_pages_client_sees_the_pages_token_as_its_policy_says() {
    let (world, client, mut token, _) = world().await;
    let client_id = client["client_id"]["S"].as_str().unwrap();
    let (issued, exp) = (seconds(&token, "iat"), seconds(&token, "exp"));
    token["id"]["S"] = json!(format!("token#{}", sha256_hex("opaque")));
    world.put_attributes(&token);
    let ask = |at: i64| introspection("opaque").basic(client_id, SECRET).at(at);
    let seen = world.send(ask(issued)).await.assert_active();
    for (member, expected) in [
        ("client_id", json!("web-app")),
        ("sub", json!("alice")),
        // Its policy has `invoices:*`, and of the claims only `sid`.
        ("scope", json!("invoices:read")),
        ("sid", json!("session-2")),
        ("jti", json!("tok-1")),
        ("acr", json!("urn:example:mfa")),
        ("auth_time", json!(issued)),
        ("exp", json!(exp)),
    ] {
        assert_eq!(seen[member], expected, "{member}: {seen}");
    }
    assert!(seen.get("grant_id").is_none(), "{seen}");
    world.send(ask(exp)).await.assert_inactive("expired");
}

#[tokio::test]
async fn g12_the_pages_mark_spares_the_session_that_it_names_and_no_other() {
    let (world, _, _, mark) = world().await;
    let logout = seconds(&mark, "not_before") - 10;
    let issuers = issuers(&world.signer).replace("https://issuer.example.com", AUTH);
    let service = World::service(&world.proxy.url, &issuers, &world.token_settings()).await;
    let token = |issued: i64, changes: Value| {
        let mut claims = json!({ "iss": AUTH, "iat": issued, "exp": issued + 600 });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        world.token(&claims)
    };
    let ask = async |token: String| send(&service, introspection(&token).at(logout)).await;
    ask(token(logout, json!({ "sid": "session-1" }))).await.assert_active();
    world.put_attributes(&mark);
    // `CLOCK_SKEW_SECONDS` is 10, so a token may be dated that far ahead.
    for (issued, changes, verdict) in [
        (logout, json!({ "sid": "session-2" }), ACTIVE),
        (logout - 60, json!({ "sid": "session-1" }), "revoked_subject"),
        (logout, json!({ "sid": "session-1" }), "revoked_subject"),
        (logout + 10, json!({ "sid": "session-1" }), "revoked_subject"),
        (logout, json!({}), "revoked_subject"),
        (logout, json!({ "sid": "session-1", "sub": "bob" }), ACTIVE),
    ] {
        ask(token(issued, changes.clone())).await.assert_verdict(verdict, format!("{} {changes}", issued - logout));
    }
}

#[test]
fn the_page_shows_no_mark_that_could_weaken_another() {
    // A mark that is written without a condition has neither a limit nor an expiry.
    let start = PAGE.find("### AWS CLI").unwrap();
    let cli = &PAGE[start..start + PAGE[start..].find("### Rotating").unwrap_or(600)];
    for limit in ["not_before", "except_sid", "expires_at"] {
        assert!(!cli.contains(&format!("\"{limit}\"")), "{limit}: {cli}");
    }
    for item in items().iter().filter(|item| item["id"]["S"].as_str().is_some_and(|id| id.starts_with("revoked#"))) {
        assert!(item.get("expires_at").is_none(), "{item}");
    }
}
