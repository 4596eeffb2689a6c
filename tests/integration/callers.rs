//! Group B: which clients may introspect, and the answers to all others.

use serde_json::{Value, json};
use token_introspection::{auth::AuthError, call, records::sha256_hex};

use crate::{
    key_host::KeyHost,
    keys,
    world::{ALL_IN_DYNAMODB, API, ISSUER, Request, SECRET, World, assert_refused, claims, introspection, request},
};

/// More wrong credentials than any test sends.
const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");

/// A valid client record with these attributes changed.
fn client(client_id: &str, changes: &Value) -> Value {
    let mut record = json!({ "client_id": client_id, "client_secret": sha256_hex(SECRET) });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn post(client_id: &str, secret: &str, token: &str) -> Request {
    request().form(&[("token", token), ("client_id", client_id), ("client_secret", secret)])
}

#[tokio::test]
async fn b01_b18_without_credentials_the_answer_is_a_challenge_and_the_store_is_not_read() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    for parameters in [
        &[("token", token.as_str())][..],
        &[("token", "unknown")],
        &[],
        // A client id without a secret, or with an empty one, proves nothing.
        &[("token", &token), ("client_id", API)],
        &[("token", &token), ("client_id", "nobody")],
        &[("token", &token), ("client_id", API), ("client_secret", "")],
        // Names of parameters that are not credentials here.
        &[("token", &token), ("access_token", &token)],
        &[("token", &token), ("Client_Secret", SECRET), ("client_id", API)],
        &[("token", &token), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")],
    ] {
        assert_refused(&world.send(request().form(parameters)).await, "no_credentials", &format!("{parameters:?}"));
        assert_eq!(world.proxy.take_requests(), [], "{parameters:?}");
    }
}

#[test]
fn b02_each_reason_of_a_refusal_is_documented_under_its_name() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/callers.md");
    let text = std::fs::read_to_string(path).unwrap();
    for name in AuthError::NAMES {
        assert!(text.lines().any(|line| line.starts_with(&format!("| `{name}` "))), "{name}");
    }
}

#[tokio::test]
async fn b02_b03_b04_b08_b09_all_refusals_of_credentials_have_the_same_bytes_and_the_same_reads() {
    let world = World::with(&[NO_LIMIT]).await;
    let (now, digest) = (call::now(), sha256_hex(SECRET));
    for (client_id, changes) in [
        ("disabled", json!({ "disabled": true })),
        (
            "rotated",
            json!({ "client_secret": sha256_hex("new"), "previous_client_secret": digest,
            "previous_client_secret_expires_at": now }),
        ),
        ("public", json!({ "client_secret": null })),
        ("public-by-name", json!({ "token_endpoint_auth_method": "none" })),
        ("basic-only", json!({ "token_endpoint_auth_method": "client_secret_basic" })),
        ("post-only", json!({ "token_endpoint_auth_method": "client_secret_post" })),
        ("by-key", json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": r#"{"keys":[]}"# })),
        ("by-certificate", json!({ "token_endpoint_auth_method": "tls_client_auth" })),
        ("by-an-odd-method", json!({ "token_endpoint_auth_method": "Client_Secret_Basic" })),
        ("corrupt", json!({ "disabled": "no" })),
        ("barred-too", json!({ "introspection": { "allowed": false } })),
    ] {
        world.put_client(&client(client_id, &changes));
    }
    let basic = |client_id: &str, secret: &str| introspection("x").basic(client_id, secret);
    let cases = [
        ("wrong_secret", "wrong secret", basic(API, "wrong")),
        ("wrong_secret", "wrong secret in the body", post(API, "wrong", "x")),
        ("wrong_secret", "the secret's digest", basic(API, &digest)),
        ("wrong_secret", "the secret in upper case", basic(API, &SECRET.to_uppercase())),
        ("unknown_client", "unknown client", basic("nobody", SECRET)),
        ("unknown_client", "unknown client in the body", post("nobody", SECRET, "x")),
        ("unknown_client", "client id in another case", basic("API", SECRET)),
        ("disabled", "disabled", basic("disabled", SECRET)),
        ("disabled", "disabled, and a wrong secret", basic("disabled", "wrong")),
        ("wrong_secret", "expired secret", basic("rotated", SECRET)),
        ("public_client", "public", basic("public", SECRET)),
        ("public_client", "public, no secret", basic("public", "")),
        ("public_client", "public in the body", post("public", SECRET, "x")),
        ("public_client", "public by its method", basic("public-by-name", SECRET)),
        ("wrong_method", "registered for basic, used post", post("basic-only", SECRET, "x")),
        ("wrong_method", "registered for post, used basic", basic("post-only", SECRET)),
        ("wrong_method", "registered for private_key_jwt", basic("by-key", SECRET)),
        ("wrong_method", "registered for private_key_jwt, used post", post("by-key", SECRET, "x")),
        ("wrong_method", "registered for a certificate", basic("by-certificate", SECRET)),
        ("wrong_method", "registered for nothing known", basic("by-an-odd-method", SECRET)),
        ("corrupt_client_record", "a record that cannot be read", basic("corrupt", SECRET)),
        ("wrong_secret", "not allowed, and a wrong secret", basic("barred-too", "wrong")),
        ("unknown_client", "a secret without a client", request().form(&[("token", "x"), ("client_secret", SECRET)])),
    ];
    for (reason, case, request) in cases {
        assert_refused(&world.send(request).await, reason, case);
        let requests = world.proxy.take_requests();
        let operations: Vec<_> = requests.iter().map(|(operation, _)| operation.as_str()).collect();
        // For a request that names no client, no client record is read.
        let asked = ALL_IN_DYNAMODB || case != "a secret without a client";
        assert_eq!(operations, vec!["BatchGetItem"; usize::from(asked)], "{case}");
    }
    for (case, request) in [
        ("by basic", basic("basic-only", SECRET)),
        ("by post", post("post-only", SECRET, "x")),
        ("", post(API, SECRET, "x")),
    ] {
        assert_eq!(world.send(request).await.status, 200, "{case}");
    }
}

#[tokio::test]
async fn b03_the_challenge_names_the_scheme_that_was_used_in_any_case() {
    let world = World::with(&[NO_LIMIT]).await;
    for scheme in ["Basic", "basic", "BASIC"] {
        let credentials = format!("{scheme} YXBpOndyb25n");
        let answer = world.send(introspection("x").header("authorization", &credentials)).await;
        assert_refused(&answer, "wrong_secret", scheme);
    }
}

#[tokio::test]
async fn b05_two_mechanisms_in_one_request_are_a_bad_request_that_says_so() {
    let world = World::new().await;
    let token = ("token", "x");
    let (secret, assertion) = (("client_secret", SECRET), ("client_assertion", "a.b.c"));
    let id = ("client_id", API);
    let in_the_header = || request().basic(API, SECRET);
    let cases = [
        ("header and secret", in_the_header().form(&[token, id, secret])),
        ("header and another secret", in_the_header().form(&[token, ("client_secret", "other")])),
        ("header and assertion", in_the_header().form(&[token, assertion])),
        ("secret and assertion", request().form(&[token, id, secret, assertion])),
        ("all three", in_the_header().form(&[token, id, secret, assertion])),
        ("another scheme and secret", request().header("authorization", "Bearer x").form(&[token, id, secret])),
    ];
    for (case, request) in cases {
        let answer = world.send(request).await;
        let description = answer.assert_error(400, "invalid_request", "two_mechanisms");
        assert_eq!(description, "the client authenticated in more than one way", "{case}");
        assert_eq!(world.proxy.take_requests(), [], "{case}");
    }
    // A parameter without a value counts as left out.
    let empty = in_the_header().form(&[("token", "x"), ("client_secret", ""), ("client_assertion", "")]);
    world.send(empty).await.assert_inactive("unknown_token");
}

#[tokio::test]
async fn b06_the_body_may_repeat_the_client_id_of_the_header_but_not_change_it() {
    let world = World::new().await;
    world.put_client(&client("https://api.example/x", &json!({})));
    let ask = |header_id: &str, body_id: &str| {
        request().basic(header_id, SECRET).form(&[("token", "unknown"), ("client_id", body_id)])
    };
    for (header_id, body_id, accepted) in [
        (API, API, true),
        (API, "", true),
        ("https%3A%2F%2Fapi.example%2Fx", "https://api.example/x", true),
        (API, "other", false),
        (API, "API", false),
        (API, "api ", false),
        ("https%3A%2F%2Fapi.example%2Fx", "https%3A%2F%2Fapi.example%2Fx", false),
    ] {
        let answer = world.send(ask(header_id, body_id)).await;
        if accepted {
            answer.assert_inactive("unknown_token");
        } else {
            answer.assert_error(400, "invalid_request", "client_id_mismatch");
        }
        assert_eq!(world.proxy.take_requests().is_empty(), !accepted, "{header_id} {body_id}");
    }
}

#[tokio::test]
async fn b10_a_client_that_may_not_introspect_gets_403_for_every_token() {
    let world = World::new().await;
    world.put_policy(&json!({ "allowed": false }));
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 });
    world.put_token("opaque", &record);
    let revoked = world.token(&json!({ "jti": "revoked" }));
    world.put_mark(&format!("jti#{ISSUER}#revoked"), &json!({}));
    for token in [&world.token(&json!({})), &revoked, "opaque", "unknown", "a.b.c"] {
        let answer = world.introspect(token).await;
        let expected = r#"{"error":"unauthorized_client","error_description":"this client may not introspect tokens"}"#;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (403, expected), "{token}");
        assert_eq!(world.proxy.take_requests().len(), 1, "the token's own marks are not even read: {token}");
    }
    for allowed in [json!({ "allowed": true }), json!({}), json!({ "allowed": null })] {
        world.put_policy(&allowed);
        world.introspect("opaque").await.assert_active();
    }
}

#[tokio::test]
async fn b11_a_refused_caller_sees_no_difference_between_tokens_and_causes_no_fetch_of_keys() {
    let signer = keys::ed25519(Some("key-1"), 1);
    let host = KeyHost::start(&json!({ "keys": [signer.jwk()] })).await;
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": host.url }]);
    let world = World::with(&[NO_LIMIT, ("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let jwt = |changes: Value| signer.token(&json!({ "typ": "at+jwt" }), &claims(&changes));
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 });
    world.put_token("opaque", &record);
    world.put_mark(&format!("jti#{ISSUER}#revoked"), &json!({}));
    let good = jwt(json!({}));
    let tokens =
        [&good, &jwt(json!({ "jti": "revoked" })), &jwt(json!({ "exp": 1 })), "opaque", "unknown", "a.b.c", "eyJ"];
    for token in tokens {
        let stranger = introspection(token).basic("nobody", "wrong");
        for (reason, request) in [
            ("wrong_secret", introspection(token).basic(API, "wrong")),
            ("unknown_client", stranger),
            ("wrong_secret", post(API, "wrong", token)),
        ] {
            assert_refused(&world.send(request).await, reason, token);
            assert_eq!(world.proxy.take_requests().len(), 1, "{token}");
        }
    }
    assert_eq!(host.take_requests(), 0);
    world.introspect(&good).await.assert_active();
    assert_eq!(host.take_requests(), 1);
}

#[tokio::test]
async fn b14_a_previous_secret_is_accepted_until_its_own_expiry_and_never_without_one() {
    let world = World::with(&[NO_LIMIT]).await;
    let (now, new) = (call::now(), "n3wSecretOfTheApi0123456789abcdefghijklmno");
    let rotated = |expiry: &Value| {
        client(
            API,
            &json!({ "client_secret": sha256_hex(new), "previous_client_secret": sha256_hex(SECRET),
            "previous_client_secret_expires_at": expiry }),
        )
    };
    for (expiry, accepted) in [
        (json!(now + 1), true),
        (json!(now + 86_400), true),
        (json!(now), false),
        (json!(now - 1), false),
        (json!(0), false),
        (json!(null), false),
    ] {
        world.put_client(&rotated(&expiry));
        for (secret, accepted) in [(SECRET, accepted), (new, true), ("wrong", false)] {
            let basic = world.send(introspection("unknown").basic(API, secret).at(now)).await;
            let post = world.send(post(API, secret, "unknown").at(now)).await;
            assert_eq!(basic, post);
            assert_eq!(basic.status.as_u16(), if accepted { 200 } else { 401 }, "{expiry} {secret}");
        }
    }
    let no_expiry = json!({ "client_id": API, "client_secret": sha256_hex(new),
        "previous_client_secret": sha256_hex(SECRET) });
    world.put_client(&no_expiry);
    assert_refused(&world.introspect("unknown").await, "wrong_secret", "no expiry");
}
