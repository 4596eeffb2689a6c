//! Every profile with every shape of token, its own and those of other issuers. A profile that is set for the wrong
//! issuer must not take an ID token for an access token either.

use serde_json::{Value, json};
use token_introspection::service::Service;

use super::{ask, matrix_shapes::rows, shapes::with_times};
use crate::{
    keys,
    signer::Signer,
    world::{ACTIVE, World, changed},
};

/// The columns: a name and the entry beside `issuer` and the keys. Client `app`, API `api`.
fn columns() -> [(&'static str, Value); 8] {
    let for_the_api = |profile: &str| json!({ "profile": profile, "audiences": ["api"] });
    [
        ("rfc9068", for_the_api("rfc9068")),
        ("cognito", json!({ "profile": "cognito", "client_ids": ["app"] })),
        ("auth0", for_the_api("auth0")),
        ("entra", for_the_api("entra")),
        ("okta", for_the_api("okta")),
        ("keycloak", json!({ "profile": "keycloak" })),
        ("generic by audience", for_the_api("generic")),
        ("generic by claim", json!({ "profile": "generic", "required_claims": { "use": "access" } })),
    ]
}

/// The profiles of the columns.
pub fn profiles() -> Vec<String> {
    columns().iter().map(|(_, entry)| entry["profile"].as_str().unwrap_or_default().to_owned()).collect()
}

fn issuer(column: &str) -> String {
    format!("https://{}.example.com", column.replace(' ', "-"))
}

async fn service(world: &World, signer: &Signer) -> Service {
    let keys = json!({ "algorithms": ["EdDSA"], "jwks": { "keys": [signer.jwk()] } });
    let entry = |(name, entry): &(&str, Value)| changed(&changed(entry, &keys), &json!({ "issuer": issuer(name) }));
    let entries = json!(columns().iter().map(entry).collect::<Vec<_>>()).to_string();
    World::service(&world.engine.url, &entries, &world.token_settings()).await
}

/// The meaning of a cell's letter: active, or the name of the rule that fires.
fn meaning(letter: &str) -> &'static str {
    match letter {
        "A" => ACTIVE,
        "T" => "wrong_typ",
        "N" => "not_an_access_token",
        "M" => "missing_claim",
        "R" => "required_claim",
        "U" => "wrong_audience",
        "C" => "wrong_client",
        "Y" => "wrong_claim_type",
        "E" => "expired",
        other => panic!("no cell may be {other}"),
    }
}

#[tokio::test]
async fn h01_h02_h03_h04_h22_h23_h24_h25_h28_h29_h34_every_profile_judges_every_shape() {
    let (world, signer) = (World::new().await, keys::ed25519(Some("k"), 7));
    let service = service(&world, &signer).await;
    let mut wrong = Vec::new();
    for row in rows() {
        let cells: Vec<&str> = row.cells.split_whitespace().collect();
        assert_eq!(cells.len(), columns().len(), "{}", row.name);
        for ((column, _), cell) in columns().iter().zip(cells) {
            let claims = changed(&with_times(&row.claims), &changed(&row.times, &json!({ "iss": issuer(column) })));
            let answer = ask(&service, &signer.token(&row.header, &claims)).await;
            let found = answer.reason().unwrap_or(ACTIVE);
            // All wrong cells are listed, so that a new column needs one run and not one for each cell.
            if found == meaning(cell) {
                answer.assert_verdict(found, format!("{} by {column}", row.name));
            } else {
                wrong.push(format!("{} by {column}: expected {}, found {found}", row.name, meaning(cell)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn h36_the_table_has_enough_shapes() {
    let names: std::collections::BTreeSet<_> = rows().iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().len());
    assert!(names.len() >= 40, "{}", names.len());
}
