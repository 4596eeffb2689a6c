//! A forged token reveals no marks: whichever marks exist, it gets the same bytes after the same reads and fetches.

use serde_json::{Value, json};

use crate::{
    key_host::KeyHost,
    keys,
    world::{API, Answer, ISSUER, OWN, SECRET, World, claims, request, send},
};

/// Makes the same request again for each call.
type Make = Box<dyn Fn() -> crate::world::Request>;
/// An answer, and the reads and fetches that it needed.
type Seen = (Answer, Vec<(String, usize)>, usize);

/// Every mark that could concern the claims below.
fn marks() -> Vec<String> {
    let of = |name: &str| format!("{name}#{ISSUER}");
    let mut marks = vec![of("iss")];
    for (kind, name) in [
        ("jti", "jti-1"),
        ("sub", "alice"),
        ("sid", "s-1"),
        ("grant", "g-1"),
        ("client", API),
        ("kid", "key-1"),
        ("kid", "key-2"),
    ] {
        marks.push(format!("{}#{name}", of(kind)));
    }
    marks
}

#[tokio::test]
async fn g14_o02_a_forged_token_gets_the_same_bytes_reads_and_fetches_whatever_marks_exist() {
    let world = World::new().await;
    let key = keys::ed25519(Some("key-1"), 1);
    let host = KeyHost::start(&json!({ "keys": [key.jwk()] })).await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url, "algorithms": ["EdDSA"] }]);
    world.put_client(&json!({ "client_id": "bearer", "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
    let now = token_introspection::call::now();
    let set = claims(&json!({ "sid": "s-1", "grant_id": "g-1", "client_id": API }));
    let bearer = claims(&json!({ "sid": "s-1", "client_id": "bearer", "aud": OWN, "scope": "introspection" }));
    let typ = json!({ "typ": "at+jwt" });
    let forgers = [keys::ed25519(Some("key-1"), 2), keys::ed25519(Some("key-2"), 2), keys::ed25519(None, 2)];
    let good = key.token(&typ, &claims(&json!({ "sub": "bob", "jti": "jti-2" })));
    let mut requests: Vec<(String, Make)> = Vec::new();
    for (number, forger) in forgers.iter().enumerate() {
        let (token, credential) = (forger.token(&typ, &set), forger.token(&typ, &bearer));
        let good = good.clone();
        requests.push((
            format!("token {number}"),
            Box::new(move || request().basic(API, SECRET).form(&[("token", &token)])),
        ));
        let with_credential =
            move || request().header("authorization", &format!("Bearer {credential}")).form(&[("token", &good)]);
        requests.push((format!("bearer {number}"), Box::new(with_credential)));
    }
    for (case, make) in requests {
        let mut seen: Vec<Seen> = Vec::new();
        let sets: [Vec<String>; 3] =
            [Vec::new(), marks(), marks().into_iter().chain([format!("client#{ISSUER}#bearer")]).collect()];
        for present in sets {
            for id in &present {
                world.put_mark(id, &json!({ "reason": "unknown to the bearer" }));
            }
            // A new environment each time, so that it has to fetch.
            for shared in ["jwks", "fetch"] {
                world.delete("oauth-introspection-state", &format!("{shared}#{ISSUER}")).await;
            }
            let service = World::service(&world.proxy.url, &issuers.to_string(), &world.token_settings()).await;
            world.proxy.take_requests();
            host.take_requests();
            let answer = send(&service, make().at(now)).await;
            let reads = world.proxy.take_requests();
            let reads = reads.into_iter().map(|(operation, body)| (operation, keys_in(&body))).collect();
            seen.push((answer, reads, host.take_requests()));
            for id in &present {
                world.delete_item(id).await;
            }
        }
        assert_eq!(seen[0], seen[1], "{case}");
        assert_eq!(seen[0], seen[2], "{case}");
        assert_ne!(seen[0].0.status, 503, "{case}: {}", seen[0].0.body);
    }
}

/// How many keys a read asks for.
fn keys_in(body: &Value) -> usize {
    let tables = body["RequestItems"].as_object();
    tables.into_iter().flatten().map(|(_, table)| table["Keys"].as_array().map_or(0, Vec::len)).sum()
}
