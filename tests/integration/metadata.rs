//! Group M: the metadata of the endpoint.

use std::{fs, path::PathBuf};

use http::Method;
use serde_json::{Value, json};

use crate::{
    proxy::Fault,
    world::{Answer, OWN, World, get},
};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// The methods at the introspection endpoint if issuers are trusted.
fn introspection_methods() -> Vec<&'static str> {
    METHODS.into_iter().chain(["Bearer"]).collect()
}

/// The algorithms of client assertions.
const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// The settings of a deployment with these metadata of an authorization server.
fn metadata_file(name: &str, metadata: &Value) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    fs::write(&path, metadata.to_string()).unwrap();
    path.into_os_string().into_string().unwrap()
}

#[track_caller]
fn assert_document(answer: &Answer, case: &str) {
    let headers = [
        ("cache-control", "public, max-age=300"),
        ("content-type", "application/json"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!((answer.status.as_u16(), answer.all_headers()), (200, headers.to_vec()), "{case}");
}

fn revocation_methods() -> Vec<&'static str> {
    METHODS.into_iter().chain(["none"]).collect()
}

#[tokio::test]
async fn m01_m02_m03_m04_m08_m11_the_whole_document_at_both_paths() {
    let world = World::new().await;
    let expected = json!({
        "issuer": OWN,
        "introspection_endpoint": format!("{OWN}/token/introspect"),
        "introspection_endpoint_auth_methods_supported": (introspection_methods()),
        "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "revocation_endpoint": format!("{OWN}/token/revoke"),
        "revocation_endpoint_auth_methods_supported": (revocation_methods()),
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "jwks_uri": format!("{OWN}/.well-known/jwks.json"),
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "grant_types_supported": [],
        "tls_client_certificate_bound_access_tokens": true,
    });
    let first = world.send(get(OAUTH)).await;
    for path in [OAUTH, OPENID, &format!("/prod{OAUTH}"), &format!("/stage/base{OPENID}")] {
        let answer = world.send(get(path)).await;
        assert_document(&answer, path);
        assert_eq!(answer.json(), expected, "{path}");
        assert_eq!(answer, first, "{path}");
    }
    let key_set = world.send(get("/.well-known/jwks.json")).await;
    assert_document(&key_set, "key set");
    assert_eq!(key_set.body, r#"{"keys":[]}"#);
    assert_eq!(world.proxy.take_requests(), [], "a public document needs no store");
}

#[tokio::test]
async fn m01_the_configured_issuer_is_served_byte_for_byte_at_the_inserted_and_the_appended_path() {
    for (issuer, inserted) in [
        ("https://a.example", OAUTH.to_owned()),
        ("https://a.example/", OAUTH.to_owned()),
        ("https://a.example/t1", format!("{OAUTH}/t1")),
        ("https://a.example/t1/", format!("{OAUTH}/t1")),
        ("https://A.example:8443/t1/T2", format!("{OAUTH}/t1/T2")),
    ] {
        let world = World::with(&[("ISSUER", issuer)]).await;
        let path = inserted.strip_prefix(OAUTH).unwrap();
        for place in [&inserted, &format!("{path}{OAUTH}"), &format!("{path}{OPENID}"), &format!("/prod{inserted}")] {
            let document = world.send(get(place)).await.json();
            assert_eq!(document["issuer"], issuer, "{place}");
            let endpoint = format!("{}/token/introspect", issuer.trim_end_matches('/'));
            assert_eq!(document["introspection_endpoint"], endpoint, "{place}");
        }
        let elsewhere = world.send(get(&format!("{OAUTH}/another"))).await;
        elsewhere.assert_error(404, "not_found", "not_found");
    }
}

#[tokio::test]
async fn m01_endpoints_are_under_public_url_and_never_under_the_host_in_a_header() {
    let world = World::with(&[("PUBLIC_URL", "https://gateway.example/stage/")]).await;
    let spoofed = get(OPENID)
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example");
    let answer = world.send(spoofed).await;
    assert!(!answer.body.contains("evil"), "{}", answer.body);
    let document = answer.json();
    assert_eq!(document["issuer"], OWN);
    assert_eq!(document["introspection_endpoint"], "https://gateway.example/stage/token/introspect");
    assert_eq!(document["jwks_uri"], "https://gateway.example/stage/.well-known/jwks.json");
}

#[tokio::test]
async fn m03_m04_with_private_key_jwt_its_algorithms_are_listed_without_none() {
    let document = World::new().await.send(get(OAUTH)).await.json();
    for endpoint in ["introspection", "revocation"] {
        let methods = document[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
        assert!(methods.contains(&json!("private_key_jwt")));
        // Public clients may only revoke their own tokens.
        assert_eq!(methods.contains(&json!("none")), endpoint == "revocation");
        let algorithms = document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")].as_array().unwrap();
        assert!(!algorithms.is_empty());
        assert!(algorithms.iter().all(|name| name != "none" && !name.as_str().unwrap().starts_with("HS")));
    }
    assert_eq!(document.get("introspection_signing_alg_values_supported"), None);
}

#[tokio::test]
async fn d07_bearer_tokens_are_advertised_only_if_an_issuer_could_issue_them() {
    for (issuers, advertised) in [(None, true), (Some("[]"), false)] {
        let settings: Vec<_> = issuers.map(|issuers| ("TRUSTED_ISSUERS", issuers)).into_iter().collect();
        let document = World::with(&settings).await.send(get(OAUTH)).await.json();
        let methods = |endpoint: &str| document[format!("{endpoint}_endpoint_auth_methods_supported")].clone();
        assert_eq!(methods("introspection").as_array().unwrap().contains(&json!("Bearer")), advertised);
        assert_eq!(methods("revocation"), json!(revocation_methods()));
    }
}

#[tokio::test]
async fn f08_the_certificate_method_is_advertised_with_the_aliases_of_the_mtls_domain() {
    let file = metadata_file(
        "aliases",
        &json!({
            "tls_client_certificate_bound_access_tokens": false,
            "mtls_endpoint_aliases": {
                "token_endpoint": "https://mtls.as.example/token",
                "introspection_endpoint": "https://mtls.as.example/introspect",
            },
        }),
    );
    let mtls = ("MTLS_PUBLIC_URL", "https://mtls.example/base/");
    let ours = json!({
        "introspection_endpoint": "https://mtls.example/base/token/introspect",
        "revocation_endpoint": "https://mtls.example/base/token/revoke",
    });
    let mut both = ours.clone();
    both["token_endpoint"] = json!("https://mtls.as.example/token");
    let theirs = json!({ "token_endpoint": "https://mtls.as.example/token" });
    for (settings, aliases, bound) in [
        (&[][..], None, true),
        (&[mtls], Some(ours), true),
        (&[("METADATA_FILE", file.as_str())], Some(theirs), false),
        (&[mtls, ("METADATA_FILE", &file)], Some(both), false),
    ] {
        let document = World::with(settings).await.send(get(OAUTH)).await.json();
        assert_eq!(document.get("mtls_endpoint_aliases"), aliases.as_ref(), "{settings:?}");
        assert_eq!(document["tls_client_certificate_bound_access_tokens"], bound, "{settings:?}");
        let advertised = settings.contains(&mtls);
        for endpoint in ["introspection", "revocation"] {
            let methods = document[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
            assert_eq!(methods.contains(&json!("tls_client_auth")), advertised, "{settings:?}");
            assert!(!methods.contains(&json!("self_signed_tls_client_auth")), "{settings:?}");
        }
        assert_eq!(document["introspection_endpoint"], format!("{OWN}/token/introspect"));
    }
}

#[tokio::test]
async fn f08_f09_only_the_method_of_the_setting_is_advertised_and_only_with_the_domain() {
    let mtls = ("MTLS_PUBLIC_URL", "https://mtls.example");
    for (method, listed) in [
        ("tls_client_auth", ["tls_client_auth", "self_signed_tls_client_auth"]),
        ("self_signed_tls_client_auth", ["self_signed_tls_client_auth", "tls_client_auth"]),
    ] {
        for domain in [true, false] {
            let settings: Vec<_> = [("MTLS_METHOD", method)].into_iter().chain(domain.then_some(mtls)).collect();
            let document = World::with(&settings).await.send(get(OAUTH)).await.json();
            for endpoint in ["introspection", "revocation"] {
                let methods = document[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
                assert_eq!(methods.contains(&json!(listed[0])), domain, "{endpoint} {method}");
                assert!(!methods.contains(&json!(listed[1])), "{endpoint} {method}");
                assert_eq!(methods.contains(&json!("none")), endpoint == "revocation");
            }
        }
    }
}

#[tokio::test]
async fn m08_a_metadata_file_adds_and_replaces_members_but_not_those_that_are_enforced() {
    let file = metadata_file(
        "replaces",
        &json!({
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
            "jwks_uri": "https://as.example/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "grant_types_supported": ["authorization_code"],
            "x-own-member": { "nested": [1, null] },
            "issuer": "https://as.example",
            "introspection_endpoint": "https://as.example/introspect",
            "introspection_endpoint_auth_methods_supported": ["none"],
            "introspection_endpoint_auth_signing_alg_values_supported": ["none"],
            "introspection_signing_alg_values_supported": ["none"],
            "introspection_invented": true,
            "revocation_endpoint": "https://as.example/revoke",
            "revocation_endpoint_auth_methods_supported": ["none"],
        }),
    );
    let world = World::with(&[("METADATA_FILE", &file)]).await;
    let expected = json!({
        "issuer": OWN,
        "introspection_endpoint": format!("{OWN}/token/introspect"),
        "introspection_endpoint_auth_methods_supported": (introspection_methods()),
        "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "revocation_endpoint": format!("{OWN}/token/revoke"),
        "revocation_endpoint_auth_methods_supported": (revocation_methods()),
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "jwks_uri": "https://as.example/jwks.json",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "grant_types_supported": ["authorization_code"],
        "tls_client_certificate_bound_access_tokens": true,
        "x-own-member": { "nested": [1, null] },
    });
    for path in [OAUTH, OPENID] {
        let answer = world.send(get(path)).await;
        assert_document(&answer, path);
        assert_eq!(answer.json(), expected, "{path}");
    }
}

#[tokio::test]
async fn m08_with_the_two_endpoints_of_an_authorization_server_every_required_member_is_there() {
    let file = metadata_file(
        "required",
        &json!({
            "authorization_endpoint": "https://as.example/authorize", "token_endpoint": "https://as.example/token",
        }),
    );
    let document = World::with(&[("METADATA_FILE", &file)]).await.send(get(OPENID)).await.json();
    // OpenID Connect Discovery §3.
    for url in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert!(document[url].as_str().is_some_and(|url| url.starts_with("https://")), "{url}");
    }
    for list in ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"] {
        let strings =
            document[list].as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string));
        assert!(strings, "{list}");
    }
    assert!(document["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&json!("RS256")));
}

#[tokio::test]
async fn m11_documents_are_served_while_the_store_is_down_and_only_by_get_and_head() {
    let world = World::new().await;
    world.proxy.fail(Fault::AccessDenied);
    for path in [OAUTH, OPENID, "/.well-known/jwks.json"] {
        for method in [Method::GET, Method::HEAD] {
            assert_document(&world.send(get(path).method(method)).await, path);
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = world.send(get(path).method(method)).await;
            answer.assert_error(405, "invalid_request", "method_not_allowed");
            assert_eq!((answer.header("allow"), answer.header("cache-control")), ("GET, HEAD", "no-store"), "{path}");
        }
    }
}
