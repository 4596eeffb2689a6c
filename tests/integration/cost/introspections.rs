//! Introspections of a caller with a good secret, by the token.

use serde_json::json;
use token_introspection::records::sha256_hex;

use super::{
    deployment::{Deployment, ENFORCING, FETCHED, Question},
    kinds::{FETCHES, JWT, Kind, OPAQUE, PROOFS, kind},
};
use crate::{
    confidentiality::{NARROW, inactive_jwts, inactive_opaques},
    keys, proofs,
    signed_responses::SIGNED,
    world::{GENERIC, SECRET, World, claims, introspection, request},
};

pub fn all(at: &Deployment) -> Vec<Kind> {
    let mut kinds = jwts(at);
    kinds.extend(opaques(at));
    kinds.extend(fetches());
    kinds.extend(proofs());
    kinds
}

fn as_caller(caller: &'static str, token: String) -> impl Fn(&Deployment, &str) -> Question {
    move |_, _| request().basic(caller, SECRET).body(format!("token={token}")).into()
}

/// Active, and inactive for each reason.
fn jwts(at: &Deployment) -> Vec<Kind> {
    let mut kinds = vec![
        kind(JWT, "plain", |at, _| introspection(&at.world.token(&json!({})))),
        kind(JWT, "with a session", |at, _| introspection(&at.world.token(&json!({ "sid": "s" })))),
        kind(JWT, "with a session and a grant", |at, _| {
            introspection(&at.world.token(&json!({ "sid": "s", "grant_id": "g" })))
        }),
        kind(JWT, "without `jti`, `sub` and client", |at, _| {
            let claims =
                claims(&json!({ "iss": GENERIC, "token_use": "access", "jti": null, "sub": null, "client_id": null }));
            introspection(&at.world.signer.token(&json!({}), &claims))
        }),
        kind(JWT, "without `kid`", |_, _| {
            let claims = claims(&json!({ "iss": GENERIC, "token_use": "access" }));
            introspection(&keys::ed25519(None, 1).token(&json!({}), &claims))
        }),
        kind(JWT, "in a form of 64 KB", |at, _| {
            let token = at.world.token(&json!({}));
            introspection(&token).body(format!("token={token}&padding={}", "x".repeat(60_000)))
        }),
    ];
    for (_, case, caller, token) in inactive_jwts(&at.world) {
        kinds.push(kind(JWT, case, as_caller(caller, token)));
    }
    kinds
}

fn opaques(at: &Deployment) -> Vec<Kind> {
    at.opaque("plain", &json!({}));
    at.opaque("with-a-session-and-a-grant", &json!({ "sid": "s", "grant_id": "g", "jti": "j" }));
    let mut kinds = vec![
        kind(OPAQUE, "plain", |_, _| introspection("plain")),
        kind(OPAQUE, "with a session and a grant", |_, _| introspection("with-a-session-and-a-grant")),
    ];
    for (_, case, caller, token) in inactive_opaques(&at.world) {
        kinds.push(kind(OPAQUE, case, as_caller(caller, token)));
    }
    kinds
}

fn fetches() -> Vec<Kind> {
    let forger = || keys::ed25519(Some("key-1"), 2);
    let active = |at: &Deployment, _: &str| introspection(&at.fetched(&at.world.signer, &json!({}))).at(at.now);
    // Seconds later, so that the held set is old enough.
    let later = |at: &Deployment, token: &str| introspection(token).at(at.now + 2);
    vec![
        kind(FETCHES, "active", active),
        kind(FETCHES, "active, without `kid`", |at, _| {
            introspection(&at.fetched(&keys::ed25519(None, 1), &json!({}))).at(at.now)
        }),
        kind(FETCHES, "active, if another environment shared the keys", |at, _| {
            let keys = json!({ "keys": [at.world.signer.jwk()] }).to_string();
            let snapshot = json!({ "id": format!("jwks#{FETCHED}"), "jwks": keys, "jwks_uri": at.host.url,
                                   "fetched_at": at.now - 5 });
            at.world.engine.put("oauth-introspection-state", &snapshot).unwrap();
            introspection(&at.fetched(&at.world.signer, &json!({}))).at(at.now)
        }),
        kind(FETCHES, "expired", |at, _| introspection(&at.fetched(&at.world.signer, &json!({ "exp": 1 }))).at(at.now)),
        kind(FETCHES, "hidden by the caller's policy", |at, _| {
            let token = at.fetched(&at.world.signer, &json!({}));
            request().basic(NARROW, SECRET).form(&[("token", &token)]).at(at.now)
        }),
        kind(FETCHES, "of an unknown key", |at, id| {
            introspection(&at.fetched(&keys::ed25519(Some(id), 2), &json!({}))).at(at.now)
        }),
        kind(FETCHES, "of an unknown key, if a set is held", move |at, id| {
            later(at, &at.fetched(&keys::ed25519(Some(id), 2), &json!({})))
        })
        .after(1, active),
        kind(FETCHES, "forged", move |at, _| introspection(&at.fetched(&forger(), &json!({}))).at(at.now)),
        kind(FETCHES, "forged, if a set is held", move |at, _| later(at, &at.fetched(&forger(), &json!({}))))
            .after(1, active),
    ]
}

fn bound(world: &World, id: &str) -> (String, String) {
    let token = proofs::bound(world);
    let proof = proofs::proof(&token, id);
    (token, proof)
}

fn proofs() -> Vec<Kind> {
    let enforcing = |request: crate::world::Request| request.basic(ENFORCING, SECRET);
    let certificate =
        |world: &World| proofs::token(world, &json!({ "x5t#S256": proofs::certificate_thumbprint(proofs::ORDERS) }));
    vec![
        kind(PROOFS, "with its proof (DPoP)", |at, id| {
            let (token, proof) = bound(&at.world, id);
            proofs::ask(&token, &proof)
        }),
        kind(PROOFS, "with its proof, which the caller's policy demands", move |at, id| {
            let (token, proof) = bound(&at.world, id);
            enforcing(proofs::ask(&token, &proof))
        }),
        kind(PROOFS, "with a proof that was used before", move |at, _| {
            let (token, proof) = bound(&at.world, "used before");
            enforcing(proofs::ask(&token, &proof))
        })
        .again(1),
        kind(PROOFS, "without the proof that the policy demands", move |at, id| {
            enforcing(proofs::asking(&bound(&at.world, id).0, &[]))
        }),
        kind(PROOFS, "with its certificate", move |at, _| {
            proofs::asking(&certificate(&at.world), &[("client_certificate", proofs::ORDERS)])
        }),
        kind(PROOFS, "with its certificate, which the policy demands", move |at, _| {
            enforcing(proofs::asking(&certificate(&at.world), &[("client_certificate", proofs::ORDERS)]))
        }),
        kind(PROOFS, "a signed answer about an active token", |at, _| {
            introspection(&at.world.token(&json!({}))).header("accept", SIGNED)
        }),
        kind(PROOFS, "a signed answer about an unknown token", |_, id| {
            introspection(&sha256_hex(id)).header("accept", SIGNED)
        }),
        kind(PROOFS, "a refusal of a caller that asks for a signed answer", |at, _| {
            introspection(&at.world.token(&json!({}))).basic("nobody", SECRET).header("accept", SIGNED)
        }),
    ]
}
