//! Group F: callers that authenticate with a certificate, and B-07.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use test_support::certificates::{BILLING, ORDERS, body};
use token_introspection::{records::sha256_hex, settings::LogLevel};

use crate::{
    events::{answer, event},
    keys,
    log::Log,
    world::{ACCEPTED, API, Request, SECRET, World, assert_refused, request},
};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");
const SELF_SIGNED: (&str, &str) = ("MTLS_METHOD", "self_signed_tls_client_auth");
/// The subject of the first certificate.
const NAME: &str = r"CN=orders-api,OU=Orders+serialNumber=7,O=Example\, Größe GmbH,C=DE";
/// The subject of the second one.
const NAME_OF_BILLING: &str = "CN=billing-api,O=Example,C=DE";

fn put_client(world: &World, client_id: &str, method: &str, changes: &Value) {
    let mut record = json!({ "client_id": client_id, "token_endpoint_auth_method": method });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    world.put_client(&record);
}

fn ask(client_id: &str, pem: &str) -> Request {
    request().certificate(pem).form(&[("token", "unknown"), ("client_id", client_id)])
}

#[tokio::test]
async fn f01_f03_the_certificate_must_have_the_one_registered_subject_value() {
    let world = World::with(&[NO_LIMIT]).await;
    let name = |attribute: &str| format!("tls_client_auth_{attribute}");
    for (registered, reason) in [
        (json!({ name("subject_dn"): NAME }), ACCEPTED),
        (
            json!({ name("subject_dn"): r"cn=Orders-API, 2.5.4.5=7 + ou=orders, o=example\2c  gr\c3\b6ße gmbh, c=de" }),
            ACCEPTED,
        ),
        (json!({ name("subject_dn"): "CN=orders-api" }), "wrong_identity"),
        (json!({ name("subject_dn"): "CN=billing-api,O=Example,C=FR" }), "wrong_identity"),
        (json!({ name("subject_dn"): "" }), "wrong_identity"),
        (json!({ name("san_dns"): "orders.example.com" }), ACCEPTED),
        (json!({ name("san_dns"): "billing.example.com" }), "wrong_identity"),
        (json!({ name("san_uri"): "spiffe://example.com/orders" }), ACCEPTED),
        (json!({ name("san_uri"): "spiffe://example.com/" }), "wrong_identity"),
        (json!({ name("san_ip"): "192.0.2.7" }), ACCEPTED),
        (json!({ name("san_ip"): "2001:0db8::0007" }), ACCEPTED),
        (json!({ name("san_ip"): "192.0.2.8" }), "wrong_identity"),
        (json!({ name("san_ip"): "192.0.2" }), "wrong_identity"),
        (json!({ name("san_email"): "Orders@example.com" }), ACCEPTED),
        (json!({ name("san_email"): "billing@example.com" }), "wrong_identity"),
        // A record must have exactly one of the attributes.
        (json!({}), "wrong_identity"),
        (json!({ name("subject_dn"): NAME, name("san_dns"): "orders.example.com" }), "wrong_identity"),
        (
            json!({ name("san_uri"): "spiffe://example.com/orders", name("san_dns"): "orders.example.com" }),
            "wrong_identity",
        ),
        (json!({ name("subject_dn"): NAME, "jwks": "{}" }), ACCEPTED),
        (json!({ name("subject_dn"): NAME, "disabled": true }), "disabled"),
        (json!({ name("subject_dn"): 7 }), "corrupt_client_record"),
    ] {
        put_client(&world, "by-name", "tls_client_auth", &registered);
        world.proxy.take_requests();
        let answer = world.send(ask("by-name", ORDERS)).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused(&answer, reason, &registered.to_string());
            assert_eq!(world.proxy.take_requests().len(), 1, "{registered}");
        }
        // A record that forbids every certificate also forbids this one.
        let reason = if reason == ACCEPTED { "wrong_identity" } else { reason };
        assert_refused(&world.send(ask("by-name", BILLING)).await, reason, "another certificate");
    }
}

#[tokio::test]
async fn f02_a_self_signed_certificate_must_be_the_first_in_x5c_of_a_registered_key() {
    let world = World::with(&[NO_LIMIT, SELF_SIGNED]).await;
    let with = |chain: Value| {
        let mut jwk = keys::ed25519(Some("k"), 1).jwk();
        jwk["x5c"] = chain;
        jwk
    };
    for (keys, accepted) in [
        (vec![with(json!([body(ORDERS)]))], true),
        (vec![with(json!([body(ORDERS), body(BILLING)]))], true),
        (vec![with(json!([body(BILLING)])), json!(1), with(json!([body(ORDERS)]))], true),
        (vec![with(json!([body(BILLING), body(ORDERS)]))], false),
        (vec![with(json!([body(BILLING)]))], false),
        (vec![with(json!([]))], false),
        (vec![with(json!(body(ORDERS)))], false),
        (vec![with(json!([ORDERS]))], false),
        (vec![with(json!([""]))], false),
        (vec![], false),
    ] {
        let jwks = json!({ "jwks": json!({ "keys": keys }).to_string() });
        put_client(&world, "by-key", "self_signed_tls_client_auth", &jwks);
        let answer = world.send(ask("by-key", ORDERS)).await;
        assert_eq!(answer.status, if accepted { 200 } else { 401 }, "{jwks}");
    }
    // One method ignores the name of the certificate, the other one its key.
    put_client(&world, "by-key", "self_signed_tls_client_auth", &json!({ "tls_client_auth_subject_dn": NAME }));
    assert_refused(&world.send(ask("by-key", ORDERS)).await, "wrong_identity", "by name");
    let jwks = json!({ "keys": [with(json!([body(ORDERS)]))] }).to_string();
    let world = World::with(&[NO_LIMIT]).await;
    put_client(&world, "by-name", "tls_client_auth", &json!({ "jwks": jwks }));
    assert_refused(&world.send(ask("by-name", ORDERS)).await, "wrong_identity", "by key");
}

#[tokio::test]
async fn b07_a_certificate_is_neither_a_second_mechanism_nor_a_credential_for_other_methods() {
    let world = World::with(&[NO_LIMIT]).await;
    put_client(&world, "by-name", "tls_client_auth", &json!({ "tls_client_auth_subject_dn": NAME }));
    let secret = ("client_secret", SECRET);
    world
        .send(request().basic(API, SECRET).certificate(ORDERS).form(&[("token", "x")]))
        .await
        .assert_inactive("unknown_token");
    let post = [("token", "x"), ("client_id", API), secret];
    world.send(request().certificate(ORDERS).form(&post)).await.assert_inactive("unknown_token");
    let wrong = [("token", "x"), ("client_id", "by-name"), secret];
    assert_refused(
        &world.send(request().certificate(ORDERS).form(&wrong)).await,
        "wrong_method",
        "registered for a certificate",
    );
    assert_refused(&world.send(ask(API, ORDERS)).await, "wrong_method", "registered for a secret");
    world.put_client(&json!({
        "client_id": API, "client_secret": sha256_hex(SECRET), "tls_client_auth_subject_dn": NAME,
    }));
    assert_refused(&world.send(ask(API, ORDERS)).await, "wrong_method", "registered for no certificate");
    assert_refused(&world.send(ask("nobody", ORDERS)).await, "unknown_client", "unknown");
}

#[tokio::test]
async fn b18_f06_a_certificate_does_not_replace_the_client_id() {
    let world = World::with(&[NO_LIMIT]).await;
    world.proxy.take_requests();
    for parameters in [&[("token", "x")][..], &[("token", "x"), ("client_id", "")]] {
        let answer = world.send(request().certificate(ORDERS).form(parameters)).await;
        assert_refused(&answer, "no_credentials", "no client id");
        assert_eq!(world.proxy.take_requests(), []);
    }
}

#[tokio::test]
async fn f04_the_certificate_is_read_from_the_request_context_and_never_from_a_header() {
    let world = World::with(&[NO_LIMIT]).await;
    put_client(&world, "by-name", "tls_client_auth", &json!({ "tls_client_auth_subject_dn": NAME }));
    let certificate = json!({
        "clientCertPem": ORDERS, "subjectDN": "CN=unread", "issuerDN": "CN=unread", "serialNumber": "1",
        "validity": { "notBefore": "May 28 12:30:02 2026 GMT", "notAfter": "Aug  5 09:36:04 2126 GMT" },
    });
    let made = |name: &str, change: &dyn Fn(&mut Value)| {
        event(name, |event| {
            for headers in ["headers", "multiValueHeaders"] {
                if let Some(headers) = event[headers].as_object_mut() {
                    headers.retain(|name, _| !name.eq_ignore_ascii_case("authorization"));
                }
            }
            event["body"] = json!("token=unknown&client_id=by-name");
            event["isBase64Encoded"] = json!(false);
            change(event);
        })
    };
    let in_headers = |event: &mut Value| {
        for name in
            ["x-client-cert", "x-amzn-mtls-clientcert", "x-amzn-mtls-clientcert-leaf", "x-forwarded-client-cert"]
        {
            event["headers"][name] = json!(ORDERS.replace('\n', "%0A"));
        }
    };
    let in_authentication = |event: &mut Value| {
        event["requestContext"]["authentication"] = json!({ "clientCert": certificate });
    };
    let in_identity = |event: &mut Value| event["requestContext"]["identity"]["clientCert"] = certificate.clone();
    for (case, event, status) in [
        ("HTTP API", made("http-api-active", &in_authentication), 200),
        ("REST API", made("rest-api-active", &in_identity), 200),
        ("HTTP API, a header", made("http-api-active", &in_headers), 401),
        ("REST API, a header", made("rest-api-active", &in_headers), 401),
        ("load balancer, a header", made("alb-active", &in_headers), 401),
        ("load balancer, a context", made("alb-active", &in_identity), 401),
        (
            "HTTP API, none",
            made("http-api-active", &|event| event["requestContext"]["authentication"] = Value::Null),
            401,
        ),
        (
            "REST API, none",
            made("rest-api-active", &|event| event["requestContext"]["identity"]["clientCert"] = Value::Null),
            401,
        ),
    ] {
        let answer = answer(&world.service, &event).await;
        assert_eq!(answer["statusCode"], status, "{case}: {answer}");
    }
}

#[tokio::test]
async fn f04_a_malformed_certificate_authenticates_no_client() {
    let world = World::with(&[NO_LIMIT]).await;
    put_client(&world, "by-name", "tls_client_auth", &json!({ "tls_client_auth_subject_dn": NAME }));
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    for pem in ["", "x", empty, &ORDERS[..200], &ORDERS.replace("MII", "MIJ")] {
        assert_refused(&world.send(ask("by-name", pem)).await, "wrong_identity", pem);
    }
    let crlf = ORDERS.replace('\n', "\r\n");
    world.send(ask("by-name", &crlf)).await.assert_inactive("unknown_token");
    let world = World::with(&[NO_LIMIT, SELF_SIGNED]).await;
    let jwks = json!({ "keys": [{ "kty": "EC", "x5c": [""] }] }).to_string();
    put_client(&world, "by-key", "self_signed_tls_client_auth", &json!({ "jwks": jwks }));
    assert_refused(&world.send(ask("by-key", empty)).await, "wrong_identity", "empty equals empty");
}

#[tokio::test]
async fn f09_b02_only_the_method_of_the_setting_authenticates() {
    let jwks = json!({ "keys": [{ "kty": "EC", "x5c": [body(ORDERS)] }] }).to_string();
    // A self-signed client can issue a certificate with any name, so a deployment accepts only one of the two methods.
    let both = json!({ "jwks": jwks, "tls_client_auth_subject_dn": NAME });
    for (setting, by_name, by_key) in [
        (None, true, false),
        (Some("tls_client_auth"), true, false),
        (Some("self_signed_tls_client_auth"), false, true),
    ] {
        let (log, _guard) = Log::start(LogLevel::Error);
        let settings: Vec<_> = [NO_LIMIT].into_iter().chain(setting.map(|method| ("MTLS_METHOD", method))).collect();
        let world = World::with(&settings).await;
        put_client(&world, "by-name", "tls_client_auth", &both);
        put_client(&world, "by-key", "self_signed_tls_client_auth", &both);
        for (client_id, accepted) in [("by-name", by_name), ("by-key", by_key)] {
            for path in ["/token/introspect", "/token/revoke"] {
                log.take();
                let answer = world.send(ask(client_id, ORDERS).path(path)).await;
                if accepted {
                    assert_eq!(answer.status, 200, "{setting:?} {client_id} {path}");
                } else {
                    assert_refused(&answer, "wrong_method", client_id);
                    let audit = log.take_audit();
                    assert_eq!((&audit[0]["reason"], &audit[0]["caller"]), (&json!("wrong_method"), &json!(client_id)));
                }
            }
        }
    }
}

/// Keycloak took the name of the client from another certificate of the chain than the one whose key had been proved
/// (CVE-2023-2422). The gateway has checked the first one, so no other counts.
#[tokio::test]
async fn f01_f09_only_the_first_certificate_of_a_chain_names_the_client() {
    let jwks = |pem: &str| json!({ "keys": [{ "kty": "EC", "x5c": [body(pem)] }] }).to_string();
    for setting in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let world = World::with(&[NO_LIMIT, ("MTLS_METHOD", setting)]).await;
        let clients = [("orders", ORDERS, NAME), ("billing", BILLING, NAME_OF_BILLING)];
        for (client_id, pem, name) in clients {
            let identity = json!({ "jwks": jwks(pem), "tls_client_auth_subject_dn": name });
            put_client(&world, client_id, setting, &identity);
        }
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (case, pem, client) in [
            ("its own", ORDERS.to_owned(), Some("orders")),
            ("another client's", BILLING.to_owned(), Some("billing")),
            ("its own, another client's", format!("{ORDERS}{BILLING}"), Some("orders")),
            ("another client's, its own", format!("{BILLING}{ORDERS}"), Some("billing")),
            ("another client's between", format!("{ORDERS}{BILLING}{ORDERS}"), Some("orders")),
            ("on one line", format!("{ORDERS}{BILLING}").replace('\n', " "), Some("orders")),
            ("after a text", format!("subject={NAME}\n{BILLING}{ORDERS}"), Some("billing")),
            ("after a key", format!("{key}{BILLING}{ORDERS}"), Some("billing")),
            // The first cannot be read, and the second does not take its place.
            ("after none", format!("{not_a_certificate}{ORDERS}{BILLING}"), None),
            ("one cut off", format!("{}\n{BILLING}{ORDERS}", &ORDERS[..200]), None),
        ] {
            for (client_id, ..) in clients {
                let answer = world.send(ask(client_id, &pem)).await;
                let case = format!("{setting}: {case} as {client_id}");
                if client == Some(client_id) {
                    answer.assert_verdict(ACCEPTED, case);
                } else {
                    assert_refused(&answer, "wrong_identity", &case);
                }
            }
        }
    }
}

#[tokio::test]
async fn f07_the_answer_shows_how_a_token_is_bound_to_a_certificate() {
    let world = World::new().await;
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(STANDARD.decode(body(ORDERS)).unwrap()));
    assert_eq!(thumbprint.len(), 43);
    for token in world.both_forms(&json!({ "cnf": { "x5t#S256": thumbprint } })) {
        assert_eq!(world.introspect(&token).await.assert_active()["cnf"], json!({ "x5t#S256": thumbprint }));
    }
}
