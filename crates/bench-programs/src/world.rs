//! What an execution environment holds, and the items of a case in memory.

use std::collections::HashMap;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, Config};
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};
use token_introspection::{
    audit::Fingerprinter,
    digest::Digest,
    issuers::Issuers,
    records::{FetchedItems, Item, ItemKey, sha256_hex},
    settings::Settings,
    store::Store,
};

use crate::case::{AUDIENCE, CLIENT};

/// The time of every request, at which the assertion of the fixtures is valid.
pub const NOW: i64 = 1_800_000_000;
const JWKS: &str = include_str!("../../bench/fixtures/jwks.json");
const OPAQUE: [&str; 2] = [
    include_str!("../../bench/fixtures/token-opaque.txt"),
    include_str!("../../bench/fixtures/token-opaque-expired.txt"),
];
const ISSUER: &str = "https://auth.example.com";
const SUBJECT: &str = "5ba552d67fb84f6a9a4a6b0f1a3f9d0c";

pub struct World {
    pub settings: Settings,
    pub issuers: Issuers,
    pub fingerprinter: Fingerprinter,
}

impl World {
    /// The settings of the benchmark, with the issuer's keys in them. Sends nothing.
    pub fn new() -> Self {
        let issuers = format!(
            r#"[{{"issuer":"{ISSUER}","profile":"rfc9068","jwks":{},"algorithms":["RS256","PS256","ES256","EdDSA"]}}]"#,
            JWKS.trim()
        );
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some(AUDIENCE.to_owned()),
            "TRUSTED_ISSUERS" => Some(issuers.clone()),
            _ => None,
        })
        .unwrap_or_else(|error| panic!("{error}"));
        let client = Client::from_conf(Config::builder().behavior_version(BehaviorVersion::latest()).build());
        let store = Store::with_clients(client, settings.tables.clone(), None);
        Self { issuers: Issuers::new(&settings, store), fingerprinter: Fingerprinter::new().unwrap(), settings }
    }

    /// The items that the reads of a request find: the client's record, opaque tokens' records and, if the token is
    /// revoked, the mark of its subject.
    pub fn items(client: &Value, revoked: bool) -> FetchedItems {
        let mut items = FetchedItems::single(&ItemKey::client(CLIENT).unwrap(), item(client));
        for (token, exp) in OPAQUE.into_iter().zip([4_102_444_800_i64, 1_767_225_900]) {
            let record = json!({
                "id": format!("token#{}", sha256_hex(token.trim())), "token_type": "access_token", "iss": ISSUER,
                "sub": SUBJECT, "client_id": "web-app", "aud": "https://api.example.com",
                "scope": "orders:read orders:write profile", "iat": 1_767_225_600, "exp": exp,
                "grant_id": "g-1", "sid": "s-1", "jti": "j-1",
            });
            let key = ItemKey::token(&Digest::of(token.trim()));
            items.0.extend(FetchedItems::single(&key, item(&record)).0);
        }
        if revoked {
            let key = ItemKey::mark("sub", ISSUER, Some(SUBJECT)).unwrap();
            let mark = json!({ "id": key.id(), "reason": "left the company" });
            items.0.extend(FetchedItems::single(&key, item(&mark)).0);
        }
        items
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// An item as DynamoDB has it, of plain JSON.
fn item(record: &Value) -> Item {
    let attribute = |value: &Value| match value {
        Value::Number(number) => AttributeValue::N(number.to_string()),
        other => AttributeValue::S(other.as_str().unwrap().to_owned()),
    };
    let members = record.as_object().unwrap().iter();
    members.map(|(name, value)| (name.clone(), attribute(value))).collect::<HashMap<_, _>>().into()
}
