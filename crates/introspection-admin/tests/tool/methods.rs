//! `client add` with every method: the client can authenticate at the service, and `explain` shows the same answer.

use std::sync::atomic::{AtomicU64, Ordering};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use test_support::{
    certificates::{BILLING, ORDERS, body},
    keys,
    signer::Signer,
    world::{AUDIENCE, ISSUER, OWN, Request, World, assert_refused, request},
};
use token_introspection::call::now;

use super::{Tool, explaining::explain, file};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ROLE: &str = "arn:aws:iam::111122223333:role/services/Orders";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Orders/i-0123";

/// A new value for each call.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("method-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn by_assertion(key: &Signer, audience: &str, token: &str) -> Request {
    let claims = json!({
        "iss": "orders", "sub": "orders", "aud": audience, "iat": now(), "exp": now() + 60, "jti": unique(),
    });
    let assertion = key.token(&json!({}), &claims);
    let parameters = [("token", token), ("client_assertion_type", TYPE), ("client_assertion", &assertion)];
    request().request_id(&unique()).form(&parameters)
}

fn by_certificate(pem: &str, token: &str) -> Request {
    request().certificate(pem).form(&[("token", token), ("client_id", "orders")])
}

fn by_principal(arn: &str, token: &str) -> Request {
    request().path("/iam/token/introspect").iam(arn).form(&[("token", token), ("client_id", "orders")])
}

/// Asserts that the service answers this request as `explain` says, and that `show` names the method.
async fn assert_answered(world: &World, tool: &Tool, method: &str, way: &str, ask: impl Fn(&str) -> Request) {
    let token = world.token(&json!({ "username": "Alice" }));
    let answer = world.send(ask(&token)).await.assert_active();
    assert_eq!(answer["scope"], "read", "the policy is the client's");
    let explanation = explain(tool, &token, "--client orders").await.done().json();
    let client = &explanation["client"];
    assert_eq!((&client["answer"], &client["status"]), (&answer, &json!(200)));
    assert_eq!((&client["methods"], &client["reason"]), (&json!([method]), &Value::Null));
    assert_eq!(client["authenticates_by"], format!("{method}, {way}"));
    let foreign = world.token(&json!({ "scope": "write" }));
    world.send(ask(&foreign)).await.assert_inactive("scopes_hidden");
    let explanation = explain(tool, &foreign, "--client orders").await.ended(1).json();
    assert_eq!(explanation["client"]["reason"], "scopes_hidden");
    let shown = tool.json("client show orders").await;
    assert_eq!((&shown["status"], &shown["has_secret"]), (&json!("enabled"), &json!(false)));
    assert_eq!(shown["authenticates_by"], client["authenticates_by"]);
    let run = tool.run("client rotate-secret orders").await;
    run.failed(1, &format!("has no secret to replace: it authenticates by {method}"));
    assert!(world.stored_client("orders").await.get("client_secret").is_none());
}

#[tokio::test]
async fn e11_a_client_of_private_key_jwt_has_its_public_keys_in_its_record() {
    for key in [
        keys::es256(Some("k1")),
        keys::ed25519(None, 7),
        keys::rsa(Some("r"), Algorithm::RS256),
        keys::rsa(None, Algorithm::PS256),
    ] {
        let world = World::new().await;
        let tool = Tool::beside(&world);
        let set = json!({ "keys": [key.jwk()] });
        let line = "client add --id orders --scope read --method private_key_jwt --jwks -";
        // Key sets are often formatted over many lines.
        let run = tool.run_with(&format!("{line} --output json"), &format!("{set:#}\n")).await.done();
        assert_eq!(run.json(), json!({ "client_id": "orders", "client_secret": null }));
        assert_eq!(run.stderr, "");
        let stored = world.stored_client("orders").await;
        assert_eq!(stored["jwks"]["S"], set.to_string());
        assert_eq!(stored["token_endpoint_auth_method"]["S"], "private_key_jwt");
        let name =
            key.kid.as_ref().map_or(format!("{} without kid", key.alg()), |kid| format!("{} {kid:?}", key.alg()));
        let way = format!("with an assertion signed by a key of its jwks: {name}");
        assert_answered(&world, &tool, "private_key_jwt", &way, |token| by_assertion(&key, OWN, token)).await;
        let other = by_assertion(&keys::ed25519(key.kid.as_deref(), 8), OWN, "unknown");
        assert_refused(&world.send(other).await, "assertion_signature", "another key");
        assert_refused(
            &world.send(by_assertion(&key, "https://other.example", "unknown")).await,
            "assertion_audience",
            "another audience",
        );
    }
}

#[tokio::test]
async fn e03_an_additional_audience_of_a_clients_assertions_is_registered() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let (key, url) = (keys::es256(None), "https://introspection.example.com/token/introspect");
    let set = file("assertion-audience", &json!({ "keys": [key.jwk()] }).to_string());
    let line = format!("client add --id orders --method private_key_jwt --jwks {set} --assertion-audience {url}");
    let run = tool.run(&line).await.done();
    assert!(run.stdout.contains("authenticates by  private_key_jwt, with an assertion"), "{}", run.stdout);
    for audience in [OWN, url] {
        world.send(by_assertion(&key, audience, "unknown")).await.assert_inactive("unknown_token");
    }
}

#[tokio::test]
async fn f01_a_client_of_tls_client_auth_has_one_subject_value_in_its_record() {
    for (attribute, value) in [
        ("subject_dn", r"CN=orders-api,OU=Orders+serialNumber=7,O=Example\, Größe GmbH,C=DE"),
        ("san_dns", "orders.example.com"),
        ("san_uri", "spiffe://example.com/orders"),
        ("san_ip", "2001:db8::7"),
        ("san_email", "Orders@example.com"),
    ] {
        let world = World::new().await;
        let tool = Tool::beside(&world);
        let option = format!("--tls-client-auth-{}", attribute.replace('_', "-"));
        let words =
            ["client", "add", "--id", "orders", "--scope", "read", "--method", "tls_client_auth", &option, value];
        tool.run_words(&words, "").await.done();
        let attribute = format!("tls_client_auth_{attribute}");
        assert_eq!(world.stored_client("orders").await[&attribute]["S"], value);
        let way = format!("with a certificate whose {attribute} is {value:?}");
        assert_answered(&world, &tool, "tls_client_auth", &way, |token| by_certificate(ORDERS, token)).await;
        assert_refused(&world.send(by_certificate(BILLING, "unknown")).await, "wrong_identity", "another certificate");
    }
}

#[tokio::test]
async fn f02_a_client_of_self_signed_tls_client_auth_has_its_certificates_in_its_record() {
    let mtls = ("MTLS_METHOD", "self_signed_tls_client_auth");
    let world = World::with(&[mtls]).await;
    let tool = Tool::beside(&world).with(mtls.0, mtls.1);
    let key = |pem| json!({ "kty": "EC", "x5c": [body(pem)] });
    let set = json!({ "keys": [key(ORDERS), { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }] });
    let line = "client add --id orders --scope read --method self_signed_tls_client_auth --jwks -";
    let run = tool.run_with(line, &set.to_string()).await.done();
    run.warned("1 of 2 keys are used: the others have no certificate");
    assert_eq!(world.stored_client("orders").await["jwks"]["S"], set.to_string());
    let way = "with the certificate of its jwks";
    assert_answered(&world, &tool, "self_signed_tls_client_auth", way, |token| by_certificate(ORDERS, token)).await;
    assert_refused(&world.send(by_certificate(BILLING, "unknown")).await, "wrong_identity", "another certificate");
}

#[tokio::test]
async fn d01_a_client_of_bearer_has_its_issuer_in_its_record() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    tool.run(&format!("client add --id orders --scope read --method bearer --issuer {ISSUER}")).await.done();
    let record = world.stored_client("orders").await;
    assert_eq!(
        (&record["issuer"]["S"], &record["token_endpoint_auth_method"]["S"]),
        (&json!(ISSUER), &json!("bearer"))
    );
    let own = |client_id: &str| {
        world.token(&json!({
            "aud": [AUDIENCE, OWN], "client_id": client_id, "sub": client_id, "scope": "introspection", "jti": "own",
        }))
    };
    let by_token = |bearer: &str, token: &str| {
        request().header("authorization", &format!("Bearer {bearer}")).form(&[("token", token)])
    };
    let (orders, api) = (own("orders"), own("api"));
    let way = format!(
        "with an access token of {ISSUER} for the audience ISSUER, with the scope introspection \
                       (of Cognito ISSUER/introspection)"
    );
    assert_answered(&world, &tool, "bearer", &way, |token| by_token(&orders, token)).await;
    assert_eq!(world.send(by_token(&api, "unknown")).await.status, 401);
}

#[tokio::test]
async fn f09_a_client_of_the_mtls_method_that_is_not_accepted_is_registered_with_a_warning() {
    let world = World::new().await;
    let set = json!({ "keys": [{ "kty": "EC", "x5c": [body(ORDERS)] }] }).to_string();
    let own = "client add --id own --method self_signed_tls_client_auth --jwks -";
    let name = "client add --id name --method tls_client_auth --tls-client-auth-san-dns orders.example.com";
    for (setting, warned) in [
        (None, [true, false]),
        (Some("tls_client_auth"), [true, false]),
        (Some("self_signed_tls_client_auth"), [false, true]),
    ] {
        let tool = Tool::beside(&world);
        let tool = setting.iter().fold(tool, |tool, method| tool.with("MTLS_METHOD", method));
        for ((id, line, stdin), warned) in [("own", own, set.as_str()), ("name", name, "")].into_iter().zip(warned) {
            world.delete_client(id).await;
            let run = tool.run_with(line, stdin).await.done();
            assert_eq!(run.stderr.contains("warning: the function refuses the client"), warned, "{}", run.stderr);
            assert_eq!(run.stderr.is_empty(), !warned, "{}", run.stderr);
            assert_eq!(world.stored_client(id).await["client_id"]["S"], id);
            let shown = tool.run(&format!("client show {id}")).await.done();
            assert_eq!(shown.stderr.contains("MTLS_METHOD is "), warned, "{}", shown.stderr);
        }
    }
    world.delete_client("own").await;
    let tool = Tool::beside(&world).without("ISSUER");
    tool.run_with(own, &set).await.done().warned("as MTLS_METHOD decides, is not known here");
}

#[tokio::test]
async fn b17_a_client_of_aws_iam_may_have_its_principals_unique_id_in_its_record() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let line = format!("client add --id orders --scope read --method aws_iam --iam-principal-arn {ROLE}");
    for wrong in ["AROA", "AIDAEXAMPLE", "aroaexample", "AROAEXAMPLE:session", "*"] {
        tool.run(&format!("{line} --iam-principal-id {wrong}"))
            .await
            .failed(2, "--iam-principal-id is not the unique id");
    }
    tool.run("client add --id orders --iam-principal-id AROAEXAMPLE").await.failed(2, "belongs to --method aws_iam");
    tool.run(&format!("{line} --iam-principal-id AROAEXAMPLE")).await.done();
    assert_eq!(world.stored_client("orders").await["iam_principal_id"]["S"], "AROAEXAMPLE");
    let by = |id: &str, token: &str| {
        let mut request = by_principal(SESSION, token);
        request.0.identity.iam_user_id = Some(id.to_owned());
        request
    };
    let way = format!("as {ROLE} with the unique id AROAEXAMPLE");
    assert_answered(&world, &tool, "aws_iam", &way, |token| by("AROAEXAMPLE:i-0123", token)).await;
    assert_refused(
        &world.send(by("AROAAGAIN:i-0123", "unknown")).await,
        "wrong_identity",
        "the role that was created again",
    );
}

#[tokio::test]
async fn b17_a_client_of_aws_iam_has_its_principal_in_its_record() {
    for (principal, caller) in
        [(ROLE, SESSION), ("arn:aws:iam::111122223333:user/ci/Deploy", "arn:aws:iam::111122223333:user/ci/Deploy")]
    {
        let world = World::new().await;
        let tool = Tool::beside(&world);
        let line = format!("client add --id orders --scope read --method aws_iam --iam-principal-arn {principal}");
        tool.run(&line).await.done();
        assert_eq!(world.stored_client("orders").await["iam_principal_arn"]["S"], principal);
        assert_answered(&world, &tool, "aws_iam", &format!("as {principal}"), |token| by_principal(caller, token))
            .await;
        let other = by_principal("arn:aws:sts::111122223333:assumed-role/Billing/i-0123", "unknown");
        assert_refused(&world.send(other).await, "wrong_identity", "another principal");
    }
}
