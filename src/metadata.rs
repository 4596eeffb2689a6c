//! Authorization server metadata: what this endpoint supports and how clients authenticate (RFC 8414 §2).

use serde_json::{Map, Value, json};

use crate::{
    auth::ASSERTION_ALGORITHMS,
    auth_method::AuthMethod,
    jwt::{self, Algorithm, PublishedKey},
    request::route,
    settings::Settings,
};

/// Members whose names begin like this describe what we enforce, so `METADATA_FILE` never replaces them.
const ENFORCED_PREFIXES: [&str; 3] = ["introspection_", "revocation_", "global_token_revocation_"];

/// The metadata document: our own members, those that strict clients require although there is no authorization
/// endpoint here, and those of `METADATA_FILE`. `signing` is the algorithm of signed answers, if any.
pub fn document(settings: &Settings, signing: Option<Algorithm>) -> String {
    let revokes_subjects = !settings.global_revocation_issuers.is_empty();
    let endpoints = |base: &str| {
        let subjects = ("global_token_revocation_endpoint", route::GLOBAL_REVOCATION);
        let paths = [("introspection_endpoint", route::INTROSPECTION), ("revocation_endpoint", route::REVOCATION)];
        let paths = paths.into_iter().chain(revokes_subjects.then_some(subjects));
        paths.map(|(name, path)| (name, json!(format!("{base}{path}")))).collect::<Vec<_>>()
    };
    let jwks_uri = json!(format!("{}{}", settings.public_url, route::KEY_SET));
    let demanded = [
        ("jwks_uri", jwks_uri.clone()),
        ("response_types_supported", json!(["none"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        ("grant_types_supported", json!([])),
        // RFC 8705 §3.3: certificate-bound tokens are supported. The issuer decides whether a token is bound.
        ("tls_client_certificate_bound_access_tokens", json!(true)),
    ];
    let mut document = Map::new();
    extend(&mut document, demanded);
    let further = settings.metadata.iter().filter(|(name, _)| !is_enforced(name));
    document.extend(further.map(|(name, value)| (name.clone(), value.clone())));
    // RFC 8414 §3.3: exactly the identifier that clients were configured with, byte for byte (M-01).
    extend(&mut document, [("issuer", json!(settings.issuer))]);
    extend(&mut document, endpoints(&settings.public_url));
    if let Some(algorithm) = signing {
        // RFC 9701 §7: the algorithm of signed answers. Their keys are published only at this address.
        let algorithms = json!([algorithm.name()]);
        extend(&mut document, [("introspection_signing_alg_values_supported", algorithms), ("jwks_uri", jwks_uri)]);
    }
    let methods = auth_methods(settings);
    let algorithms = ASSERTION_ALGORITHMS.map(Algorithm::name);
    // RFC 8414 §2: the methods of introspection may include types of access tokens, those of revocation may not (D-07).
    let bearer = (!settings.trusted_issuers.is_empty()).then_some("Bearer");
    let introspection_methods: Vec<_> = methods.iter().map(|method| method.name()).chain(bearer).collect();
    // A public client revokes its own tokens by its client id (RFC 7009 §5), but may not introspect.
    let revocation_methods = methods.into_iter().chain([AuthMethod::None]).map(AuthMethod::name).collect();
    // RFC 8414 §2: each endpoint with its methods, and the algorithms of assertions, which are required because
    // `private_key_jwt` is among the methods (M-03, M-04).
    let subjects = revokes_subjects.then(|| ("global_token_revocation", introspection_methods.clone()));
    let both = [("introspection", introspection_methods), ("revocation", revocation_methods)];
    for (endpoint, methods) in both.into_iter().chain(subjects) {
        document.insert(format!("{endpoint}_endpoint_auth_methods_supported"), json!(methods));
        document.insert(format!("{endpoint}_endpoint_auth_signing_alg_values_supported"), json!(algorithms));
    }
    // The authorization server may add aliases of its own endpoints, but not replace ours (RFC 8705 §5).
    let aliases = document.remove("mtls_endpoint_aliases");
    let mut aliases = aliases.and_then(|aliases| aliases.as_object().cloned()).unwrap_or_default();
    aliases.retain(|name, _| !is_enforced(name));
    if let Some(base) = &settings.mtls_public_url {
        extend(&mut aliases, endpoints(base));
    }
    if !aliases.is_empty() {
        document.insert("mtls_endpoint_aliases".to_owned(), Value::Object(aliases));
    }
    Value::Object(document).to_string()
}

/// The methods that authenticate at both endpoints. The deployment's mTLS method is included only if a domain exists
/// that asks for certificates.
fn auth_methods(settings: &Settings) -> Vec<AuthMethod> {
    let mutual_tls = settings.mtls_public_url.is_some().then(|| settings.mtls_method.auth_method());
    AuthMethod::WITH_SECRET.into_iter().chain([AuthMethod::PrivateKeyJwt]).chain(mutual_tls).collect()
}

fn extend<'a>(document: &mut Map<String, Value>, members: impl IntoIterator<Item = (&'a str, Value)>) {
    document.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
}

fn is_enforced(name: &str) -> bool {
    name == "issuer" || ENFORCED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The key set of signed answers (RFC 7517 §5). It is empty if answers are not signed.
pub fn key_set(keys: &[&PublishedKey]) -> String {
    jwt::key_set(keys.iter().map(|key| &key.jwk))
}
