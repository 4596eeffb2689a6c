//! Deployments that differ in their settings.

use serde_json::{Value, json};

use super::{
    super::model::deployment::{Deployment, Entry},
    keyring::{ES256, Keyring, RS256},
};
use crate::world::{AUDIENCE, OWN};

pub const TENANTS: [&str; 2] = ["t-1", "t-2"];

/// A deployment with its settings, as the function reads them.
pub struct Variant {
    pub name: &'static str,
    pub settings: Vec<(&'static str, String)>,
    /// Whether an environment may hold records, so that each scene needs a new one.
    pub holds_records: bool,
    /// Whether the keys are those of a host, which has another document in each scene.
    pub fetches_keys: bool,
    pub deployment: Deployment,
}

impl Variant {
    fn new(
        name: &'static str,
        skew: i64,
        by_audience: bool,
        further: &[(&'static str, &str)],
        entries: &Value,
    ) -> Self {
        let mut settings = vec![
            ("FAILED_AUTHENTICATION_LIMIT", "1000000".to_owned()),
            ("CLOCK_SKEW_SECONDS", skew.to_string()),
            ("DEFAULT_POLICY", if by_audience { "audience" } else { "any" }.to_owned()),
            ("TRUSTED_ISSUERS", entries.to_string()),
        ];
        settings.extend(further.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let list = entries.as_array().unwrap().iter().map(Entry::new).collect();
        let deployment = Deployment { own: OWN.to_owned(), skew, by_audience, entries: list };
        let holds_records = further.iter().any(|(name, _)| *name == "HOT_RECORD_SECONDS");
        Self { name, settings, holds_records, fetches_keys: false, deployment }
    }
}

/// Key sets: with names, without, with one name for several keys, and with a single key.
fn key_sets(keyring: &Keyring) -> [Value; 5] {
    let nothing = json!({});
    let key = |number, kid| keyring.jwk(number, kid, &nothing);
    let named = [key(0, Some("k-0")), key(1, Some("k-1")), key(ES256, Some("k-es")), key(RS256, Some("k-rs"))];
    let sets = [
        named.to_vec(),
        vec![key(0, None), key(ES256, None), key(RS256, None)],
        vec![key(0, Some("k-0"))],
        vec![key(0, Some("same")), key(1, Some("same")), key(ES256, Some("same")), key(RS256, Some("k-rs"))],
        vec![
            key(0, Some("k-0")),
            key(1, None),
            key(ES256, None),
            keyring.jwk(RS256, Some("k-rs"), &json!({ "alg": "PS256" })),
        ],
    ];
    sets.map(|keys| json!({ "keys": keys }))
}

/// An entry of each profile, and some with every optional member.
fn entries(keyring: &Keyring) -> Vec<Value> {
    let all = json!(["RS256", "PS256", "ES256", "EdDSA"]);
    let [named, nameless, single, same, mixed] = key_sets(keyring);
    vec![
        json!({ "issuer": "https://rfc9068.example.com", "profile": "rfc9068", "jwks": named }),
        json!({ "issuer": "https://generic.example.com", "profile": "generic", "jwks": named,
                "required_claims": { "token_use": "access", "ver": 2 } }),
        json!({ "issuer": "https://mapped.example.com", "profile": "generic", "jwks": single, "audiences": [AUDIENCE, "orders"],
                "claim_names": { "client_id": ["azp", "cid"], "scope": ["permissions"], "sid": ["session"],
                                 "username": ["sub"], "jti": ["uti"], "grant_id": ["gid"] } }),
        json!({ "issuer": "https://cognito.example.com/pool", "profile": "cognito", "jwks": named, "algorithms": all,
                "client_ids": ["app", "api-0"] }),
        json!({ "issuer": "https://auth0.example.com/", "profile": "auth0", "jwks": nameless, "algorithms": all }),
        json!({ "issuer": "https://entra.example.com/{tenantid}/v2.0", "profile": "entra", "jwks": same, "algorithms": all,
                "aliases": ["https://sts.example.com/{tenantid}/"], "tenants": TENANTS }),
        json!({ "issuer": "https://okta.example.com/oauth2/default", "profile": "okta", "jwks": mixed, "algorithms": all,
                "audiences": [AUDIENCE] }),
        json!({ "issuer": "https://keycloak.example.com/realms/shop", "profile": "keycloak", "jwks": mixed,
                "client_ids": ["app", "api-0", "api-1"] }),
        json!({ "issuer": "https://aliased.example.com", "profile": "rfc9068", "jwks": named, "algorithms": ["ES256", "Ed25519"],
                "aliases": ["https://alias.example.com", "alias.example.com"] }),
    ]
}

/// The deployments whose key sets never change.
pub fn variants(keyring: &Keyring) -> Vec<Variant> {
    let entries = entries(keyring);
    let mut turned = entries.clone();
    turned.rotate_left(5);
    let eventual = [("READ_CONSISTENCY", "eventual")];
    vec![
        Variant::new("any", 10, false, &[], &json!(entries)),
        Variant::new("audience", 0, true, &eventual, &json!(turned)),
        Variant::new("hot", 60, false, &[("HOT_RECORD_SECONDS", "5")], &json!(entries)),
    ]
}

/// A deployment whose one issuer publishes its keys at this address. Its document is set for each scene.
pub fn fetching(url: &str) -> Variant {
    let entry = json!({ "issuer": "https://fetched.example.com", "profile": "rfc9068", "jwks_uri": url,
                        "algorithms": ["ES256", "EdDSA", "RS256"] });
    let mut variant = Variant::new("fetched", 10, false, &[], &json!([entry]));
    variant.fetches_keys = true;
    variant
}
