//! What an execution environment holds.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, Config};
use serde_json::{Value, json};
use token_introspection::{audit::Fingerprinter, issuers::Issuers, settings::Settings, store::Store};

use crate::signing::{AUDIENCE, ISSUER};

/// The issuer's public keys.
pub const JWKS: &str = include_str!("../../bench/fixtures/jwks.json");

pub struct World {
    pub settings: Settings,
    pub issuers: Issuers,
    pub fingerprinter: Fingerprinter,
}

impl World {
    /// An environment that trusts the issuer, with its keys in the settings. Sends nothing.
    pub fn new() -> Self {
        let jwks = serde_json::from_str(JWKS).unwrap();
        Self::trusting(&[issuer(ISSUER, &jwks)].into_iter().collect())
    }

    /// An environment that trusts these issuers.
    pub fn trusting(issuers: &Value) -> Self {
        let issuers = issuers.to_string();
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some(AUDIENCE.to_owned()),
            "TRUSTED_ISSUERS" => Some(issuers.clone()),
            _ => None,
        })
        .unwrap_or_else(|error| panic!("{error}"));
        let client = Client::from_conf(Config::builder().behavior_version(BehaviorVersion::latest()).build());
        let store = Store::with_clients(client, settings.tables.clone(), None);
        Self {
            issuers: Issuers::new(&settings, store).unwrap(),
            fingerprinter: Fingerprinter::new().unwrap(),
            settings,
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// An entry of `TRUSTED_ISSUERS`.
pub fn issuer(name: &str, jwks: &Value) -> Value {
    json!({ "issuer": name, "profile": "rfc9068", "jwks": jwks, "algorithms": ["RS256", "PS256", "ES256", "EdDSA"] })
}
