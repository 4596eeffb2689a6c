//! A proof is used once, if the caller's policy enforces the binding.

use futures_util::future::join_all;
use token_introspection::records::sha256_hex;

use super::*;
use crate::{proxy::Fault, time::fast_forward, world::send};

async fn world() -> World {
    let world = World::new().await;
    world.put_policy(&json!({ "enforce_binding": true }));
    world
}

fn writes(world: &World) -> Vec<Value> {
    let requests = world.proxy.take_requests();
    requests.into_iter().filter(|(operation, _)| operation == "PutItem").map(|(_, request)| request).collect()
}

#[tokio::test]
async fn s11_a_proof_is_used_once_where_the_policy_asks_for_it() {
    let world = world().await;
    let token = bound(&world);
    let first = proof(&token, "once");
    world.send(ask(&token, &first).request_id("r1")).await.assert_active();
    let write = writes(&world).pop().unwrap();
    let digest = sha256_hex(&format!("{}\0once", thumbprint(&key())));
    let item = json!({
        "id": { "S": format!("proof#{digest}") }, "request_id": { "S": "r1" },
        // The last second in which the proof is accepted, and one more.
        "expires_at": { "N": (T + 311).to_string() },
    });
    assert_eq!((&write["TableName"], &write["Item"]), (&json!("oauth-introspection-state"), &item));
    world.send(ask(&token, &first).request_id("r2")).await.assert_inactive("proof_replayed");
    // The same identifier in another proof of the same key is the same, and one of another key is not.
    let again = key().sign(&header(&key(), &json!({})), &claims(&token, &json!({ "jti": "once", "iat": T + 1 })));
    world.send(ask(&token, &again).request_id("r3")).await.assert_inactive("proof_replayed");
    let other = keys::ed25519(None, 9);
    let others = super::token(&world, &json!({ "jkt": thumbprint(&other) }));
    let proof_of_other = other.sign(&header(&other, &json!({})), &claims(&others, &json!({ "jti": "once" })));
    world.send(ask(&others, &proof_of_other).request_id("r4")).await.assert_active();

    let concurrent = proof(&token, "concurrent");
    let requests =
        (0..20).map(|number| send(&world.service, ask(&token, &concurrent).request_id(&format!("c{number}"))));
    let answers = join_all(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.json()["active"] == true).count(), 1);
}

#[tokio::test]
async fn s11_without_the_policy_nothing_is_written() {
    let world = World::new().await;
    let token = bound(&world);
    let proof = proof(&token, "often");
    for _ in 0..2 {
        assert_eq!(world.send(ask(&token, &proof)).await.assert_active()["binding"], "proved");
    }
    assert_eq!(writes(&world), [] as [Value; 0]);
}

#[tokio::test]
async fn s11_only_a_proof_that_is_otherwise_accepted_is_written() {
    let world = world().await;
    let token = bound(&world);
    let wrong = key().sign(&header(&key(), &json!({})), &claims(&token, &json!({ "htm": "POST" })));
    world.send(ask(&token, &wrong)).await.assert_inactive("proof_method");
    let mark = format!("jti#{}#jti-1", crate::world::ISSUER);
    world.put_mark(&mark, &json!({}));
    world.send(ask(&token, &proof(&token, "revoked"))).await.assert_inactive("revoked_token");
    let certificate = super::token(&world, &json!({ "x5t#S256": certificate_thumbprint(ORDERS) }));
    world.send(asking(&certificate, &[("client_certificate", ORDERS)])).await.assert_inactive("revoked_token");
    assert_eq!(writes(&world), [] as [Value; 0]);
}

#[tokio::test]
async fn s11_the_answer_is_503_while_the_use_of_a_proof_cannot_be_recorded() {
    let world = world().await;
    let token = bound(&world);
    for (number, fault) in
        [Fault::AccessDenied, Fault::ServerError, Fault::Throttled, Fault::Resets, Fault::Hangs].into_iter().enumerate()
    {
        let proof = proof(&token, &format!("proof-{number}"));
        world.proxy.fail_after(1, fault);
        fast_forward(world.send(ask(&token, &proof))).await.assert_unavailable("store_unavailable");
        world.proxy.fail(Fault::None);
        // Nothing was recorded, so the next request with the proof succeeds.
        world.send(ask(&token, &proof).request_id("next")).await.assert_active();
    }
}
