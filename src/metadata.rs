//! Authorization server metadata: what this endpoint is and how to authenticate to it (RFC 8414 §2).

use serde_json::{Map, Value, json};

use crate::{
    auth::ASSERTION_ALGORITHMS,
    request::{PresentedAssertion, SecretMethod},
    settings::Settings,
};

/// Names that begin like this describe what we enforce; `METADATA_FILE` never replaces them.
const ENFORCED_PREFIXES: [&str; 2] = ["introspection_", "revocation_"];

/// The metadata document: our own members, the ones that strict clients demand although there is no
/// authorization endpoint here, and those of `METADATA_FILE`.
pub fn document(settings: &Settings) -> String {
    let endpoint = |path: &str| format!("{}{path}", settings.public_url);
    let mut document = Map::new();
    let demanded = [
        ("jwks_uri", json!(endpoint("/.well-known/jwks.json"))),
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
    Value::Object(document).to_string()
}

fn is_enforced(name: &str) -> bool {
    name == "issuer" || ENFORCED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The key set of signed responses (RFC 7517 §5). Nothing is signed, so it is empty.
pub const KEY_SET: &str = r#"{"keys":[]}"#;
