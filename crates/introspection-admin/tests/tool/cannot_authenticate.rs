//! Clients that cannot authenticate with any credentials: `explain` and `client show` say so, and why.

use serde_json::{Value, json};
use test_support::{
    certificates::{ORDERS, body},
    keys,
    world::{GENERIC, ISSUER, SECRET, World, changed},
};
use token_introspection::{call::now, records::sha256_hex};

use super::{Tool, explaining::explain};

const ROLE: &str = "arn:aws:iam::111122223333:role/Orders";

/// A record of each method with which its client can authenticate.
fn good(method: &str) -> Value {
    let mut key = keys::es256(None).jwk();
    key["x5c"] = json!([body(ORDERS)]);
    let record = json!({ "client_id": "orders", "token_endpoint_auth_method": method });
    let further = match method {
        "private_key_jwt" | "self_signed_tls_client_auth" => json!({ "jwks": json!({ "keys": [key] }).to_string() }),
        "tls_client_auth" => json!({ "tls_client_auth_san_dns": "orders.example.com" }),
        "bearer" => json!({ "issuer": ISSUER }),
        "aws_iam" => json!({ "iam_principal_arn": ROLE }),
        _ => json!({ "client_secret": sha256_hex(SECRET) }),
    };
    changed(&record, &further)
}

#[tokio::test]
async fn a_client_that_can_never_authenticate_is_explained_as_such() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let token = world.token(&json!({}));
    let (basic, jwt, mtls, own) =
        ("client_secret_basic", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth");
    let (post, digest, later) = ("client_secret_post", sha256_hex(SECRET), now() + 600);
    for (method, changes, status, reason) in [
        (basic, json!({}), "enabled", ""),
        (post, json!({}), "enabled", ""),
        (basic, json!({ "token_endpoint_auth_method": null }), "enabled", ""),
        (basic, json!({ "client_secret": null }), "public", "public_client"),
        (basic, json!({ "token_endpoint_auth_method": "none" }), "public", "public_client"),
        (basic, json!({ "token_endpoint_auth_method": "client_secret_jwt" }), "unusable", "unknown_method"),
        (basic, json!({ "client_secret": SECRET }), "unusable", "unusable_secret"),
        (basic, json!({ "client_secret": sha256_hex("") }), "unusable", "unusable_secret"),
        (basic, json!({ "client_secret": digest.to_uppercase() }), "unusable", "unusable_secret"),
        (basic, json!({ "client_secret": "x", "previous_client_secret": digest }), "unusable", "unusable_secret"),
        (
            post,
            json!({ "client_secret": "x", "previous_client_secret": digest, "previous_client_secret_expires_at": later }),
            "enabled",
            "",
        ),
        (jwt, json!({}), "enabled", ""),
        (jwt, json!({ "jwks": null }), "unusable", "no_usable_key"),
        (jwt, json!({ "jwks": "{" }), "unusable", "no_usable_key"),
        (jwt, json!({ "jwks": r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"# }), "unusable", "no_usable_key"),
        (jwt, json!({ "jwks": { "keys": [] } }), "corrupt", "corrupt_client_record"),
        (jwt, json!({ "disabled": true }), "disabled", "disabled"),
        (mtls, json!({}), "enabled", ""),
        (mtls, json!({ "tls_client_auth_san_dns": null }), "unusable", "not_one_subject"),
        (mtls, json!({ "tls_client_auth_san_ip": "192.0.2.7" }), "unusable", "not_one_subject"),
        (mtls, json!({ "tls_client_auth_san_dns": "" }), "unusable", "unusable_subject"),
        // The function accepts only one of the two certificate methods, and no record says which.
        (own, json!({}), "enabled", "other_mtls_method"),
        (
            own,
            json!({ "jwks": json!({ "keys": [keys::es256(None).jwk()] }).to_string() }),
            "unusable",
            "no_usable_certificate",
        ),
        ("bearer", json!({}), "enabled", ""),
        ("bearer", json!({ "issuer": null }), "unusable", "no_issuer"),
        // No record says which issuers are trusted.
        ("bearer", json!({ "issuer": "https://stranger.example" }), "enabled", "untrusted_issuer"),
        ("aws_iam", json!({}), "enabled", ""),
        ("aws_iam", json!({ "iam_principal_arn": null }), "unusable", "unusable_principal"),
        ("aws_iam", json!({ "iam_principal_arn": "*" }), "unusable", "unusable_principal"),
        ("aws_iam", json!({ "iam_principal_id": "AROAEXAMPLE" }), "enabled", ""),
        ("aws_iam", json!({ "iam_principal_id": "AROAEXAMPLE:session" }), "unusable", "unusable_principal_id"),
        ("aws_iam", json!({ "iam_principal_id": "AIDAEXAMPLE" }), "unusable", "unusable_principal_id"),
    ] {
        let record = changed(&good(method), &changes);
        world.put_client(&record);
        let run = explain(&tool, &token, "--client orders").await.ended(i32::from(!reason.is_empty()));
        let client = run.json()["client"].clone();
        assert_eq!(client["reason"], if reason.is_empty() { Value::Null } else { json!(reason) }, "{record}");
        assert_eq!(client["status"], if reason.is_empty() { 200 } else { 401 }, "{record}");
        assert_eq!(client["authenticates_by"].is_null(), !reason.is_empty(), "{record}");
        assert_eq!(tool.json("client show orders").await["status"], status, "{record}");
        if status == "unusable" {
            tool.run("client list").await.done().warned("can never authenticate, because ");
            let text = tool.run_with("explain --token - --client orders", &token).await.ended(1).stdout;
            assert!(text.contains("answer   401, whatever it presents: it can never authenticate, because "), "{text}");
        }
    }
}

#[tokio::test]
async fn tokens_are_inactive_to_a_caller_that_its_issuer_does_not_list() {
    let world = World::new().await;
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let issuers = json!([{
        "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "a": 1 }, "client_ids": ["web"],
    }]);
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &issuers.to_string());
    let token = world.token(&json!({ "iss": GENERIC, "a": 1, "client_id": "web" }));
    for (client, code, reason) in [("orders", 1, json!("unlisted_client")), ("web", 0, Value::Null)] {
        world.put_client(&json!({ "client_id": client, "token_endpoint_auth_method": "bearer", "issuer": GENERIC }));
        let explanation = explain(&tool, &token, &format!("--client {client}")).await.ended(code).json();
        assert_eq!(explanation["client"]["reason"], reason);
    }
}

#[tokio::test]
async fn the_policy_applies_to_every_method() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let token = world.token(&json!({}));
    for method in ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "bearer", "aws_iam"] {
        let mtls = if method == "self_signed_tls_client_auth" { method } else { "tls_client_auth" };
        let tool = Tool::beside(&world).with("MTLS_METHOD", mtls);
        for (policy, code, status, reason) in [
            (json!({ "allowed": false }), 1, 403, json!("not_allowed")),
            (json!({ "audiences": ["https://other.example"] }), 1, 200, json!("audience_hidden")),
            (json!({ "mode": "report", "scopes": ["admin"] }), 0, 200, Value::Null),
            (json!({ "require_signed_response": true }), 0, 200, Value::Null),
        ] {
            world.put_client(&changed(&good(method), &json!({ "introspection": policy })));
            let client = explain(&tool, &token, "--client orders").await.ended(code).json()["client"].clone();
            assert_eq!((&client["status"], &client["reason"]), (&json!(status), &reason), "{method} {policy}");
            assert_eq!(client["would_deny"], policy.get("mode").is_some(), "{method} {policy}");
            assert_eq!(client["signed_only"], policy.get("require_signed_response").is_some(), "{method} {policy}");
            assert_eq!(client["methods"], json!([method]));
        }
    }
    let text = tool.run_with("explain --token - --client orders", &token).await.done().stdout;
    assert!(text.contains("only signed answers"), "{text}");
}

#[tokio::test]
async fn a_secret_that_the_method_does_not_accept_is_rotated_with_a_warning() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    world.put_client(&changed(&good("aws_iam"), &json!({ "client_secret": sha256_hex(SECRET) })));
    tool.run("client rotate-secret orders").await.done().warned("no secret of this client is accepted");
    for (record, expected) in [
        (changed(&good("bearer"), &json!({ "issuer": null })), "names no issuer"),
        (changed(&good("private_key_jwt"), &json!({ "jwks": 1 })), "its record is corrupt"),
        (good("self_signed_tls_client_auth"), "replace the attribute jwks in its record"),
    ] {
        world.put_client(&record);
        tool.run("client rotate-secret orders").await.failed(1, expected);
    }
}
