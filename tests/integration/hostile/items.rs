//! Hostile items of the state table: snapshots and leases whose attributes have a wrong type or value. The items of the
//! other tables are in `corrupt_items.rs`.

use serde_json::{Value, json};

use super::{OtherHosts, T, forbidden_writes, not_inactive};
use crate::{
    key_sets::{Deployment, at, key_set, token},
    keys,
    world::{ISSUER, changed},
};

const STATE: &str = "oauth-introspection-state";

/// One value of each type of DynamoDB, except this one.
fn values_except(fitting: &str) -> Vec<Value> {
    let values = [
        json!({ "S": "1" }),
        json!({ "N": "1" }),
        json!({ "B": "MQ==" }),
        json!({ "BOOL": true }),
        json!({ "NULL": true }),
        json!({ "L": [{ "S": "1" }] }),
        json!({ "M": { "keys": { "L": [] } } }),
        json!({ "SS": ["1"] }),
        json!({ "NS": ["1"] }),
        json!({ "BS": ["MQ=="] }),
    ];
    values.into_iter().filter(|value| value.get(fitting).is_none()).collect()
}

/// Changes that make a snapshot unusable, each of one attribute.
fn of_snapshots() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, fitting) in [("jwks", "S"), ("jwks_uri", "S"), ("fetched_at", "N")] {
        all.extend(values_except(fitting).into_iter().map(|value| json!({ name: value })));
        all.push(json!({ name: null }));
    }
    // These two may be NULL, like every optional attribute.
    for (name, fitting) in [("unreadable", "L"), ("truncated", "BOOL")] {
        let values = values_except(fitting).into_iter().filter(|value| value.get("NULL").is_none());
        let not_a_set = values.filter(|value| name != "unreadable" || value.get("SS").is_none());
        all.extend(not_a_set.map(|value| json!({ name: value })));
    }
    for element in values_except("S") {
        all.push(json!({ "unreadable": { "L": [element] } }));
    }
    for jwks in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        all.push(json!({ "jwks": { "S": jwks } }));
    }
    for uri in ["", "https://attacker.example/jwks.json", "HTTP://127.0.0.1/jwks.json", "file:///etc/passwd"] {
        all.push(json!({ "jwks_uri": { "S": uri } }));
    }
    for time in ["9223372036854775807", "-9223372036854775808", "1E+100", "-1E+100", "0", "-1", "1.5E+50"] {
        all.push(json!({ "fetched_at": { "N": time } }));
    }
    for time in [T - 86_400, T + 61, T * 1000] {
        all.push(json!({ "fetched_at": { "N": time.to_string() } }));
    }
    all
}

/// Changes of one attribute of a lease. It is another environment's, and about to end.
fn of_leases() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, fitting) in [("held_until", "N"), ("state", "S"), ("holder", "S"), ("jwks_uri", "S")] {
        all.extend(values_except(fitting).into_iter().map(|value| json!({ name: value })));
        all.push(json!({ name: null }));
    }
    for time in ["0", "-1", "9223372036854775807", "1E+100", "-1E+100"] {
        all.push(json!({ "held_until": { "N": time } }));
    }
    all
}

#[tokio::test]
async fn h16_h27_hostile_snapshots_are_not_used_and_one_fetch_replaces_them() {
    let (genuine, planted) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    let (deployment, others) = (Deployment::publishing(&[&genuine]).await, OtherHosts::start().await);
    let (changes, mut wrong) = (of_snapshots(), Vec::new());
    let good = json!({
        "id": { "S": format!("jwks#{ISSUER}") }, "jwks": { "S": key_set(&[&planted]).to_string() },
        "jwks_uri": { "S": deployment.host.url }, "fetched_at": { "N": T.to_string() },
    });
    deployment.world.engine.put_attributes(STATE, &good).unwrap();
    // Without a change, the planted key would count: only the function may write this table.
    at(&deployment.environment_with(&[others.setting()]).await, 0, &token(&planted)).await.assert_active();
    for change in &changes {
        deployment.world.engine.put_attributes(STATE, &changed(&good, change)).unwrap();
        deployment.world.delete(STATE, &format!("fetch#{ISSUER}")).await;
        let environment = deployment.environment_with(&[others.setting()]).await;
        deployment.host.take_requests();
        let answer = at(&environment, 0, &token(&planted)).await;
        wrong.extend(not_inactive(&answer, "bad_signature").map(|what| format!("{change}, planted: {what}")));
        if deployment.host.take_requests() != 1 {
            wrong.push(format!("{change}: the keys were not fetched"));
        }
        let answer = at(&environment, 0, &token(&genuine)).await;
        if answer.reason().is_some() {
            wrong.push(format!("{change}, genuine: {:?}", answer.reason()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), changes.len(), wrong.join("\n"));
    assert!(changes.len() >= 70, "{} items", changes.len());
    assert_eq!(forbidden_writes(&deployment.world), [""; 0]);
    assert_eq!(others.take_requests(), [""; 0]);
}

#[tokio::test]
async fn h13_hostile_leases_delay_no_fetch() {
    let key = keys::ed25519(Some("a"), 1);
    let (deployment, others) = (Deployment::publishing(&[&key]).await, OtherHosts::start().await);
    let (changes, mut wrong) = (of_leases(), Vec::new());
    let lease = json!({
        "id": { "S": format!("fetch#{ISSUER}") }, "holder": { "S": "another" }, "state": { "S": "in_flight" },
        "jwks_uri": { "S": deployment.host.url }, "held_until": { "N": T.to_string() },
    });
    for change in &changes {
        deployment.world.engine.put_attributes(STATE, &changed(&lease, change)).unwrap();
        deployment.world.delete(STATE, &format!("jwks#{ISSUER}")).await;
        let answer = at(&deployment.environment_with(&[others.setting()]).await, 0, &token(&key)).await;
        if (answer.reason(), deployment.host.take_requests()) != (None, 1) {
            wrong.push(format!("{change}: {:?}", answer.reason()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), changes.len(), wrong.join("\n"));
    assert!(changes.len() >= 40, "{} items", changes.len());
    assert_eq!(forbidden_writes(&deployment.world), [""; 0]);
    assert_eq!(others.take_requests(), [""; 0]);
}
