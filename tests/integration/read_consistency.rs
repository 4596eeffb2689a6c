//! `READ_CONSISTENCY`: the consistency of the reads that DynamoDB gets.

use serde_json::{Value, json};
use token_introspection::{
    records::sha256_hex,
    settings::{LogLevel, Settings},
};

use crate::{
    log::Log,
    world::{ISSUER, OWN, SECRET, World, introspection, request},
};

/// The consistency that the requests since the last call asked for, for each table.
fn asked(world: &World) -> Vec<Value> {
    let requests = world.proxy.take_requests().into_iter().filter(|(operation, _)| operation == "BatchGetItem");
    let tables = requests.flat_map(|(_, body)| body["RequestItems"].as_object().unwrap().clone());
    tables.map(|(_, table)| table["ConsistentRead"].clone()).collect()
}

#[tokio::test]
async fn g03_reads_are_strongly_consistent_unless_the_setting_says_otherwise() {
    for (setting, strong) in [(None, true), (Some("strong"), true), (Some(" "), true), (Some("eventual"), false)] {
        let settings: Vec<_> = setting.map(|value| ("READ_CONSISTENCY", value)).into_iter().collect();
        let world = World::with(&settings).await;
        for token in world.both_forms(&json!({})) {
            world.send(introspection(&token)).await.assert_active();
            let asked = asked(&world);
            assert!(!asked.is_empty() && asked.iter().all(|table| *table == strong), "{setting:?}: {asked:?}");
        }
    }
}

#[tokio::test]
async fn g16_n04_revocation_reads_strongly_with_every_setting() {
    let world = World::with(&[("READ_CONSISTENCY", "eventual")]).await;
    world.put_client(&json!({ "client_id": "app", "client_secret": sha256_hex(SECRET), "issuer": ISSUER }));
    let token = world.token(&json!({}));
    // Twice, because the second one reads the mark of the first.
    for _ in 0..2 {
        let revocation = request().path("/token/revoke").basic("app", SECRET).form(&[("token", &token)]);
        assert_eq!(world.send(revocation).await.status, 200);
        let asked = asked(&world);
        assert!(!asked.is_empty() && asked.iter().all(|table| *table == true), "{asked:?}");
    }
}

#[test]
fn a_wrong_value_stops_the_start_and_eventual_logs_a_warning() {
    let read = |value: &str| {
        let value = value.to_owned();
        Settings::read(move |name| match name {
            "ISSUER" => Some(OWN.to_owned()),
            "READ_CONSISTENCY" => Some(value.clone()),
            _ => None,
        })
    };
    for wrong in ["Strong", "eventually", "true", "strong "] {
        let line = read(wrong).err().unwrap_or_else(|| panic!("{wrong} was taken")).to_string();
        assert_eq!(
            line,
            "READ_CONSISTENCY is neither \"strong\" nor \"eventual\"; for example: READ_CONSISTENCY=strong"
        );
    }
    let (log, _guard) = Log::start(LogLevel::Info);
    for (value, warned) in [("strong", false), ("eventual", true)] {
        read(value).unwrap_or_else(|error| panic!("{error}")).warn();
        assert_eq!(log.take().contains("read_consistency_eventual"), warned, "{value}");
    }
}
