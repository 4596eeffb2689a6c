//! Every kind of mark, in every profile and from every writer, makes the next introspection inactive. A change of the
//! issuer's profile does not undo the revocation of a single token.

use serde_json::{Value, json};
use test_support::{
    keys,
    signer::Signer,
    world::{API, SECRET, World, changed, claims, request, send},
};
use token_introspection::{profile::Profile, records::sha256_hex, service::Service};

use super::Tool;

const ISSUER: &str = "https://issuer.example.com/t1";

fn issuers(profile: &str, signer: &Signer) -> String {
    let mut entry = json!({
        "issuer": ISSUER, "profile": profile, "algorithms": ["EdDSA"], "jwks": { "keys": [signer.jwk()] },
        "required_claims": { "token_use": "access" },
    });
    if profile == "cognito" {
        // The profile checks it itself.
        entry["required_claims"] = json!({});
        entry["client_ids"] = json!([API]);
    }
    json!([entry]).to_string()
}

/// A token that every profile takes for an access token, if it has the identifier that the profile requires.
fn universal(signer: &Signer, changes: &Value) -> String {
    let universal = json!({
        "iss": ISSUER, "client_id": API, "azp": API, "cid": API, "appid": API, "token_use": "access", "typ": "Bearer",
        "sid": "s-1", "origin_jti": "s-1", "session_state": "s-1", "grant_id": "g-1",
    });
    signer.token(&json!({ "typ": "at+jwt" }), &changed(&claims(&universal), changes))
}

struct Matrix {
    world: World,
    signer: Signer,
    services: Vec<(&'static str, Service, Tool)>,
}

impl Matrix {
    async fn new() -> Self {
        let world = World::new().await;
        let signer = keys::ed25519(Some("key-1"), 1);
        let mut services = Vec::new();
        for profile in Profile::all().map(|profile| profile.name) {
            let issuers = issuers(profile, &signer);
            let service = World::service(&world.engine.url, &issuers, &world.token_settings()).await;
            services.push((profile, service, Tool::beside(&world).with("TRUSTED_ISSUERS", &issuers)));
        }
        Self { world, signer, services }
    }
}

async fn is_active(service: &Service, token: &str) -> bool {
    let answer = send(service, request().basic(API, SECRET).form(&[("token", token)])).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["active"] == true
}

async fn revoke(service: &Service, token: &str) {
    let answer = send(service, request().basic(API, SECRET).path("/token/revoke").form(&[("token", token)])).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
}

#[tokio::test]
async fn g03_g15_every_kind_of_mark_revokes_in_every_profile_whether_the_tool_or_another_program_wrote_it() {
    let matrix = Matrix::new().await;
    let token = universal(&matrix.signer, &json!({}));
    for (profile, service, tool) in &matrix.services {
        for (id, options) in [
            (format!("jti#{ISSUER}#jti-1"), "--jti jti-1"),
            (format!("grant#{ISSUER}#g-1"), "--grant g-1"),
            (format!("sid#{ISSUER}#s-1"), "--sid s-1"),
            (format!("sub#{ISSUER}#alice"), "--sub alice"),
            (format!("client#{ISSUER}#{API}"), "--client api"),
            (format!("kid#{ISSUER}#key-1"), "--kid key-1"),
            (format!("iss#{ISSUER}"), ""),
        ] {
            assert!(is_active(service, &token).await, "{profile} {id}");
            matrix.world.put_mark(&id, &json!({}));
            assert!(!is_active(service, &token).await, "{profile} {id} by another program");
            matrix.world.delete_item(&id).await;
            assert!(is_active(service, &token).await, "{profile} {id}");
            tool.run(format!("revoke {options} --issuer {ISSUER}").replace("  ", " ").as_str()).await.done();
            assert!(!is_active(service, &token).await, "{profile} {id} by the tool");
            matrix.world.delete_item(&id).await;
        }
    }
}

#[tokio::test]
async fn g15_h12_a_revoked_token_stays_revoked_if_the_profile_of_its_issuer_changes() {
    let matrix = Matrix::new().await;
    let mut pairs = 0;
    for (case, changes) in [
        ("jti", json!({ "jti": "j-1" })),
        ("jti and uti", json!({ "jti": "j-2", "uti": "u-2" })),
        ("uti", json!({ "jti": null, "uti": "u-3" })),
        ("neither", json!({ "jti": null })),
    ] {
        let token = universal(&matrix.signer, &changes);
        let digest = format!("jwt#{}", sha256_hex(token.rsplit_once('.').unwrap().0));
        let ids: Vec<String> = ["j-1", "j-2", "u-2", "u-3"].map(|id| format!("jti#{ISSUER}#{id}")).into();
        let mut accepting = Vec::new();
        for (profile, service, tool) in &matrix.services {
            if is_active(service, &token).await {
                accepting.push((*profile, service, tool));
            }
        }
        assert!(accepting.len() >= 3, "{case}: {}", accepting.len());
        for (from, service, tool) in &accepting {
            for way in ["tool", "route", "hand"] {
                match way {
                    "tool" => drop(tool.run_with("revoke --token -", &token).await.done()),
                    "route" => revoke(service, &token).await,
                    // The values that an operator finds in the endpoint's answer.
                    _ => {
                        let answer =
                            send(service, request().basic(API, SECRET).form(&[("token", &token)])).await.json();
                        let id = answer["jti"].as_str().map(|jti| format!("jti#{ISSUER}#{jti}"));
                        matrix.world.put_mark(&id.unwrap_or_else(|| digest.clone()), &json!({}));
                    }
                }
                for (to, service, _) in &accepting {
                    assert!(
                        !is_active(service, &token).await,
                        "{case}: revoked under {from} by {way}, read under {to}"
                    );
                    pairs += 1;
                }
                for id in ids.iter().chain([&digest]) {
                    matrix.world.delete_item(id).await;
                }
                assert!(is_active(service, &token).await, "{case} {from} {way}");
            }
        }
    }
    assert!(pairs > 300, "{pairs}");
}

#[tokio::test]
async fn g16_adding_a_mark_never_makes_an_inactive_token_active() {
    let matrix = Matrix::new().await;
    let (_, service, _) = &matrix.services[0];
    let marks = [
        (format!("sub#{ISSUER}#alice"), json!({ "not_before": 1 })),
        (format!("sub#{ISSUER}#alice"), json!({ "except_sid": "s-1" })),
        (format!("sub#{ISSUER}#alice"), json!({ "not_before": 0 })),
        (format!("client#{ISSUER}#{API}"), json!({ "not_before": "soon" })),
        (format!("iss#{ISSUER}"), json!({ "not_before": 1 })),
        (format!("kid#{ISSUER}#other"), json!({})),
        (format!("jti#{ISSUER}#other"), json!({})),
        (format!("sid#{ISSUER}#s-1"), json!({ "expires_at": 1 })),
    ];
    let now = token_introspection::call::now();
    let tokens = [
        universal(&matrix.signer, &json!({ "exp": now - 1 })),
        universal(&matrix.signer, &json!({ "nbf": now + 600 })),
        universal(&keys::ed25519(Some("key-1"), 2), &json!({})),
        universal(&keys::ed25519(Some("key-2"), 1), &json!({})),
        universal(&matrix.signer, &json!({ "sub": 1 })),
        universal(&matrix.signer, &json!({ "sid": "revoked" })),
        "unknown-opaque-token".to_owned(),
    ];
    matrix.world.put_mark(&format!("sid#{ISSUER}#revoked"), &json!({}));
    for (id, attributes) in &marks {
        matrix.world.put_mark(id, attributes);
        for token in &tokens {
            assert!(!is_active(service, token).await, "{id} {attributes}");
        }
    }
}
