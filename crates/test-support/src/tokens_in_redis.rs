//! The tokens table of a world in its own Redis server, so that the same tests run with the second store.

#![allow(clippy::unused_async, reason = "they wait if the table is in DynamoDB")]

use redis::{Connection, cmd};
use serde_json::{Value, json};

use crate::{
    engine::attribute,
    redis_server::RedisServer,
    redis_tap::{Command, Tap},
    world::World,
};

/// The key of the canary.
pub const CANARY: &str = "canary#tokens";

pub struct Tokens {
    pub server: RedisServer,
    /// The proxy through which the service and the tool use it.
    pub tap: Tap,
    /// The settings with which a service and the tool find the table.
    pub settings: Vec<(&'static str, String)>,
}

impl Tokens {
    pub fn start() -> Self {
        let server = RedisServer::start(&[]);
        let tap = Tap::start(server.port);
        let settings = vec![("REDIS_URL", format!("redis://127.0.0.1:{}", tap.port))];
        Self { server, tap, settings }
    }

    /// Forgets the round trips so far.
    pub fn forget_trips(&self) {
        self.tap.take_trips();
    }
}

impl World {
    pub fn redis(&self) -> Connection {
        self.tokens.server.connection()
    }

    /// Writes an item, given as plain JSON, as another program does that follows the contract.
    pub fn put_item(&self, item: &Value) {
        let mut item = item.clone();
        let item = item.as_object_mut().unwrap();
        let expires_at = item.remove("expires_at");
        let Some(Value::String(id)) = item.remove("id") else { panic!("{item:?} has no id") };
        self.put_value(&id, &json!(item).to_string(), expires_at.and_then(|time| time.as_i64()));
    }

    /// Writes an item, given as DynamoDB's own JSON. Redis has only those types that JSON has.
    pub fn put_attributes(&self, item: &Value) {
        let mut item = item.clone();
        let id = item.as_object_mut().unwrap().remove("id").unwrap();
        self.put_value(id["S"].as_str().unwrap(), &plain(&json!({ "M": item })), None);
    }

    fn put_value(&self, id: &str, value: &str, expires_at: Option<i64>) {
        let mut set = cmd("SET");
        set.arg(id).arg(value);
        if let Some(time) = expires_at {
            set.arg("EXAT").arg(time);
        }
        set.exec(&mut self.redis()).unwrap();
    }

    /// Deletes the item with this id.
    pub async fn delete_item(&self, id: &str) {
        cmd("DEL").arg(id).exec(&mut self.redis()).unwrap();
    }

    /// The item with this id, as DynamoDB's own JSON. Null if it does not exist.
    pub async fn stored_item(&self, id: &str) -> Value {
        let value: Option<String> = cmd("GET").arg(id).query(&mut self.redis()).unwrap();
        let Some(value) = value else { return Value::Null };
        let mut item: Value = serde_json::from_str(&value).unwrap();
        item["id"] = json!(id);
        let expires_at: i64 = cmd("EXPIRETIME").arg(id).query(&mut self.redis()).unwrap();
        if expires_at > 0 {
            item["expires_at"] = json!(expires_at);
        }
        attribute(&item)["M"].clone()
    }

    /// The number of items, without the canary.
    pub async fn count_items(&self) -> u64 {
        let canaries: u64 = cmd("EXISTS").arg(CANARY).query(&mut self.redis()).unwrap();
        cmd("DBSIZE").query::<u64>(&mut self.redis()).unwrap() - canaries
    }
}

/// The ids that the pipeline reads from the tokens table, in addition to this request to DynamoDB.
pub fn ids_asked_for(world: &World, _: &Value) -> Vec<String> {
    let trips = world.tokens.tap.take_trips();
    let [trip] = trips.as_slice() else { panic!("{trips:?}") };
    items_of(trip)
}

/// The keys of items that a round trip reads, without the canary, which each of them reads.
pub fn items_of(trip: &[Command]) -> Vec<String> {
    let read = trip.iter().filter(|command| command[0] == "GET" && command[1] != CANARY);
    read.map(|command| command[1].clone()).collect()
}

/// An attribute as JSON text, in which a number keeps its digits.
fn plain(attribute: &Value) -> String {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "NULL" => "null".to_owned(),
        "N" => value.as_str().unwrap().to_owned(),
        "S" | "BOOL" | "SS" => value.to_string(),
        "L" => format!("[{}]", value.as_array().unwrap().iter().map(plain).collect::<Vec<_>>().join(",")),
        "M" => {
            let members = value.as_object().unwrap().iter();
            let members: Vec<_> = members.map(|(name, value)| format!("{}:{}", json!(name), plain(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        _ => panic!("JSON has no {kind}"),
    }
}
