//! B-17: callers that API Gateway has authenticated with `AWS_IAM`.

use serde_json::{Value, json};
use token_introspection::{records::sha256_hex, settings::LogLevel};

use crate::{
    events::{answer, event},
    log::Log,
    world::{ACCEPTED, API, Request, SECRET, World, assert_refused, request},
};

const NO_LIMIT: (&str, &str) = ("FAILED_AUTHENTICATION_LIMIT", "1000000");
const CLIENT: &str = "orders";
const ROLE: &str = "arn:aws:iam::111122223333:role/services/Orders";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Orders/i-0123";
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=AKID/20270115/eu-west-1/execute-api/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=0123";

async fn world() -> World {
    let world = World::with(&[NO_LIMIT]).await;
    for (client_id, method, principal) in [
        (CLIENT, Some("aws_iam"), Some(ROLE)),
        ("user", Some("aws_iam"), Some("arn:aws:iam::111122223333:user/ci/Deploy")),
        ("no-principal", Some("aws_iam"), None),
        ("by-secret", Some("client_secret_post"), Some(ROLE)),
        ("no-method", None, Some(ROLE)),
    ] {
        world.put_client(&json!({
            "client_id": client_id, "token_endpoint_auth_method": method, "iam_principal_arn": principal,
            "client_secret": sha256_hex(SECRET),
        }));
    }
    world
}

fn ask(client_id: &str, user_arn: &str) -> Request {
    request().path("/iam/token/introspect").iam(user_arn).form(&[("token", "unknown"), ("client_id", client_id)])
}

#[tokio::test]
async fn b17_the_gateways_iam_identity_must_be_the_clients_principal() {
    let world = world().await;
    for (client_id, user_arn, reason) in [
        (CLIENT, SESSION, ACCEPTED),
        (CLIENT, "arn:aws:sts::111122223333:assumed-role/Orders/another", ACCEPTED),
        (CLIENT, "arn:aws:sts::111122223333:assumed-role/Billing/i-0123", "wrong_identity"),
        (CLIENT, "arn:aws:sts::444455556666:assumed-role/Orders/i-0123", "wrong_identity"),
        (CLIENT, "arn:aws:iam::111122223333:user/Orders", "wrong_identity"),
        (CLIENT, ROLE, "wrong_identity"),
        (CLIENT, "", "wrong_identity"),
        ("user", "arn:aws:iam::111122223333:user/ci/Deploy", ACCEPTED),
        ("user", SESSION, "wrong_identity"),
        ("no-principal", SESSION, "wrong_identity"),
        ("nobody", SESSION, "unknown_client"),
        // The identity does not authenticate a client that is registered for another method.
        ("by-secret", SESSION, "wrong_method"),
        ("no-method", SESSION, "wrong_method"),
        (API, SESSION, "wrong_method"),
    ] {
        world.proxy.take_requests();
        let answer = world.send(ask(client_id, user_arn).header("authorization", SIGNATURE)).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
        } else {
            assert_refused(&answer, reason, &format!("{client_id} {user_arn}"));
            assert_eq!(world.proxy.take_requests().len(), 1, "{client_id} {user_arn}");
        }
    }
}

#[tokio::test]
async fn b17_a_registered_unique_id_must_match_as_well() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let world = world().await;
    let user = "arn:aws:iam::111122223333:user/ci/Deploy";
    for (arn, registered, caller, caller_id, reason) in [
        (ROLE, json!("AROAEXAMPLE"), SESSION, Some("AROAEXAMPLE:i-0123"), ACCEPTED),
        (ROLE, json!("AROAEXAMPLE"), SESSION, Some("AROADELETED:i-0123"), "wrong_identity"),
        (ROLE, json!("AROAEXAMPLE"), SESSION, None, "wrong_identity"),
        (
            ROLE,
            json!("AROAEXAMPLE"),
            "arn:aws:sts::111122223333:assumed-role/Billing/x",
            Some("AROAEXAMPLE:x"),
            "wrong_identity",
        ),
        (ROLE, json!(""), SESSION, Some(":i-0123"), "wrong_identity"),
        (ROLE, json!(7), SESSION, Some("AROAEXAMPLE:i-0123"), "corrupt_client_record"),
        // An attribute that is NULL is absent.
        (ROLE, json!(null), SESSION, Some("AROADELETED:i-0123"), ACCEPTED),
        (ROLE, json!(null), SESSION, None, ACCEPTED),
        (user, json!("AIDAEXAMPLE"), user, Some("AIDAEXAMPLE"), ACCEPTED),
        (user, json!("AIDAEXAMPLE"), user, Some("AIDADELETED"), "wrong_identity"),
    ] {
        world.put_client(&json!({
            "client_id": CLIENT, "token_endpoint_auth_method": "aws_iam", "iam_principal_arn": arn,
            "iam_principal_id": registered,
        }));
        log.take();
        let mut request = ask(CLIENT, caller).header("authorization", SIGNATURE);
        request.0.identity.iam_user_id = caller_id.map(str::to_owned);
        let answer = world.send(request).await;
        if reason == ACCEPTED {
            answer.assert_inactive(ACCEPTED);
            continue;
        }
        assert_refused(&answer, reason, &format!("{registered} {caller_id:?}"));
        let text = log.take();
        assert!(text.contains(&format!(r#""reason":"{reason}""#)), "{text}");
    }
}

#[tokio::test]
async fn b17_b18_identity_and_client_id_are_both_required() {
    let world = world().await;
    world.proxy.take_requests();
    let token = ("token", "x");
    for (case, request) in [
        ("no client id", request().iam(SESSION).header("authorization", SIGNATURE).form(&[token])),
        ("no identity", request().form(&[token, ("client_id", CLIENT)])),
    ] {
        assert_refused(&world.send(request).await, "no_credentials", case);
        assert_eq!(world.proxy.take_requests(), [], "{case}");
    }
    // An identity in a header does not count.
    let claims = request()
        .header("authorization", SIGNATURE)
        .header("x-amzn-iam-user-arn", SESSION)
        .header("x-amzn-caller-arn", SESSION);
    assert_refused(
        &world.send(claims.form(&[token, ("client_id", CLIENT)])).await,
        "unsupported_mechanism",
        "an unchecked signature",
    );
}

#[tokio::test]
async fn a15_b05_b17_a_sigv4_signature_checked_by_the_gateway_is_not_a_second_mechanism() {
    let world = world().await;
    let (token, id, secret) = (("token", "x"), ("client_id", "by-secret"), ("client_secret", SECRET));
    let signed = || request().iam(SESSION).header("authorization", SIGNATURE);
    world.send(signed().form(&[token, id, secret])).await.assert_inactive("unknown_token");
    let basic = request().basic(API, SECRET).iam(SESSION).another_header("authorization", SIGNATURE);
    world.send(basic.form(&[token])).await.assert_inactive("unknown_token");
    world.proxy.take_requests();
    for (reason, case, request) in [
        (
            "two_mechanisms",
            "not the gateway's",
            request().header("authorization", SIGNATURE).form(&[token, id, secret]),
        ),
        ("two_mechanisms", "basic and secret", request().basic(API, SECRET).iam(SESSION).form(&[token, id, secret])),
        (
            "unreadable_credentials",
            "two that count",
            signed().another_header("authorization", "Basic YTpi").another_header("authorization", "x").form(&[token]),
        ),
    ] {
        world.send(request).await.assert_error(400, "invalid_request", reason);
        assert_eq!(world.proxy.take_requests(), [], "{case}");
    }
    // An identity never replaces a wrong secret.
    let wrong = [token, ("client_id", CLIENT), ("client_secret", "wrong")];
    assert_refused(&world.send(signed().form(&wrong)).await, "wrong_method", "a wrong secret with the identity");
}

/// The body that an event carries.
const BODY: &str = "token=unknown&client_id=orders";

fn signed_event(name: &str, context: impl FnOnce(&mut Value)) -> String {
    event(name, |event| {
        for headers in ["headers", "multiValueHeaders"] {
            for (name, value) in event[headers].as_object_mut().into_iter().flatten() {
                if name.eq_ignore_ascii_case("authorization") {
                    *value = if value.is_array() { json!([SIGNATURE]) } else { json!(SIGNATURE) };
                }
            }
        }
        event["body"] = json!(BODY);
        event["isBase64Encoded"] = json!(false);
        context(&mut event["requestContext"]);
    })
}

#[tokio::test]
async fn b17_the_identity_is_read_from_the_request_context_of_each_kind_of_api() {
    let world = world().await;
    let iam = |context: &mut Value| {
        context["authorizer"] = json!({ "iam": {
            "accessKey": "ASIA", "accountId": "111122223333", "callerId": "AROA:i-0123", "cognitoIdentity": null,
            "principalOrgId": "o-1", "userArn": SESSION, "userId": "AROA:i-0123",
        } });
    };
    let rest = |context: &mut Value| {
        context["identity"]["userArn"] = json!(SESSION);
        context["identity"]["accountId"] = json!("111122223333");
    };
    let lambda = |context: &mut Value| {
        context["authorizer"] = json!({ "lambda": { "userArn": SESSION } });
    };
    let nothing = |_: &mut Value| {};
    for (case, event, status) in [
        ("HTTP API", signed_event("http-api-active", iam), 200),
        ("function URL", signed_event("function-url-active", iam), 200),
        ("REST API", signed_event("rest-api-active", rest), 200),
        ("HTTP API without", signed_event("http-api-active", nothing), 401),
        ("REST API without", signed_event("rest-api-active", nothing), 401),
        ("load balancer", signed_event("alb-active", rest), 401),
        ("load balancer too", signed_event("alb-active", iam), 401),
        ("a Lambda authorizer's context", signed_event("http-api-active", lambda), 401),
    ] {
        let answer = answer(&world.service, &event).await;
        assert_eq!(answer["statusCode"], status, "{case}: {answer}");
    }
}

#[tokio::test]
async fn b17_the_unique_id_is_read_from_the_request_context_of_each_kind_of_api() {
    let world = world().await;
    world.put_client(&json!({
        "client_id": CLIENT, "token_endpoint_auth_method": "aws_iam", "iam_principal_arn": ROLE,
        "iam_principal_id": "AROAEXAMPLE",
    }));
    for (id, status) in [("AROAEXAMPLE:i-0123", 200), ("AROADELETED:i-0123", 401)] {
        let http = |context: &mut Value| {
            context["authorizer"] = json!({ "iam": { "userArn": SESSION, "userId": id, "callerId": id } });
        };
        let rest = |context: &mut Value| {
            context["identity"]["userArn"] = json!(SESSION);
            context["identity"]["user"] = json!(id);
            context["identity"]["caller"] = json!(id);
        };
        for (case, event) in [
            ("HTTP API", signed_event("http-api-active", http)),
            ("function URL", signed_event("function-url-active", http)),
            ("REST API", signed_event("rest-api-active", rest)),
        ] {
            let answer = answer(&world.service, &event).await;
            assert_eq!(answer["statusCode"], status, "{case} {id}: {answer}");
        }
    }
}
