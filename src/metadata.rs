//! Authorization server metadata: what this endpoint is and how to authenticate to it (RFC 8414 §2).

use serde_json::{Map, Value, json};

use crate::{
    auth::ASSERTION_ALGORITHMS,
    jwt::{Algorithm, PublishedKey},
    request::{PresentedAssertion, SecretMethod},
    settings::Settings,
};

/// Names that begin like this describe what we enforce; `METADATA_FILE` never replaces them.
const ENFORCED_PREFIXES: [&str; 2] = ["introspection_", "revocation_"];

/// The metadata document: our own members, the ones that strict clients demand although there is no
/// authorization endpoint here, and those of `METADATA_FILE`. `signing` is the algorithm of signed answers, if any.
pub fn document(settings: &Settings, signing: Option<Algorithm>) -> String {
    let endpoint = |path: &str| format!("{}{path}", settings.public_url);
    let mut document = Map::new();
    let jwks_uri = json!(endpoint("/.well-known/jwks.json"));
    let demanded = [
        ("jwks_uri", jwks_uri.clone()),
        ("response_types_supported", json!(["none"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        ("grant_types_supported", json!([])),
    ];
    let auth_methods = json!([SecretMethod::Basic.name(), SecretMethod::Post.name(), PresentedAssertion::METHOD]);
    let assertion_algorithms = json!(ASSERTION_ALGORITHMS.map(|(name, _)| name));
    let enforced = [
        ("issuer", json!(settings.issuer)),
        ("introspection_endpoint", json!(endpoint("/token/introspect"))),
        ("introspection_endpoint_auth_methods_supported", auth_methods.clone()),
        ("introspection_endpoint_auth_signing_alg_values_supported", assertion_algorithms.clone()),
        ("revocation_endpoint", json!(endpoint("/token/revoke"))),
        ("revocation_endpoint_auth_methods_supported", auth_methods),
        ("revocation_endpoint_auth_signing_alg_values_supported", assertion_algorithms),
    ];
    let members = |members: Vec<(&str, Value)>| {
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>()
    };
    document.extend(members(demanded.into()));
    let further = settings.metadata.iter().filter(|(name, _)| !is_enforced(name));
    document.extend(further.map(|(name, value)| (name.clone(), value.clone())));
    document.extend(members(enforced.into()));
    if let Some(algorithm) = signing {
        // Whoever checks our signatures finds the keys there alone (RFC 9701 §7).
        let signed =
            [("introspection_signing_alg_values_supported", json!([algorithm.name()])), ("jwks_uri", jwks_uri)];
        document.extend(members(signed.into()));
    }
    Value::Object(document).to_string()
}

fn is_enforced(name: &str) -> bool {
    name == "issuer" || ENFORCED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The key set of signed answers (RFC 7517 §5); an empty one where nothing is signed.
pub fn key_set(keys: &[&PublishedKey]) -> String {
    json!({ "keys": keys.iter().map(|key| &key.jwk).collect::<Vec<_>>() }).to_string()
}
