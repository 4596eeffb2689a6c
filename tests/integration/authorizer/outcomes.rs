//! The three answers, what is read for them, and what the log says.

use super::*;

#[tokio::test]
async fn t02_t05_t10_an_active_token_reaches_the_route_and_a_revoked_one_does_not_on_the_next_request() {
    for api in Api::ALL {
        let world = world(api, &[]).await;
        for token in world.both_forms(&json!({ "department": "sales", "roles": ["a", "b"] })) {
            let got = send(api, &world.service, &bearer(&token)).await;
            assert_eq!(got.status, 200, "{api:?}");
            for (name, value) in [
                ("sub", "alice"),
                ("iss", ISSUER),
                ("client_id", "app"),
                ("scope", "read write"),
                ("department", "sales"),
                ("roles", r#"["a","b"]"#),
                ("token_type", "Bearer"),
            ] {
                assert_eq!(got.claims[name], value, "{api:?} {name}");
            }
            let exp = got.claims["exp"].as_str().map(str::parse::<i64>);
            assert!(matches!(exp, Some(Ok(_))), "{api:?}");
            assert!(got.claims.get("active").is_none());
            if api != Api::Http {
                assert_eq!(got.claims["principalId"], "alice");
            }
        }
        let [jwt, opaque] = world.both_forms(&json!({ "sid": "session-1" }));
        for token in [&jwt, &opaque] {
            assert_eq!(send(api, &world.service, &bearer(token)).await.status, 200, "{api:?}");
        }
        world.put_mark(&format!("sid#{ISSUER}#session-1"), &json!({}));
        for token in [&jwt, &opaque] {
            assert_eq!(send(api, &world.service, &bearer(token)).await.status, api.unauthorized(), "{api:?}");
        }
    }
}

#[tokio::test]
async fn t04_the_policy_of_the_configured_client_decides_what_the_route_learns() {
    for api in Api::ALL {
        let world = world(api, &[]).await;
        let token = world.token(&json!({ "department": "sales", "team": "x" }));
        world.put_policy(&json!({ "claims": ["team"], "scopes": ["read"] }));
        let got = send(api, &world.service, &bearer(&token)).await;
        assert_eq!((got.status, &got.claims["scope"], &got.claims["team"]), (200, &json!("read"), &json!("x")));
        assert!(got.claims.get("department").is_none());
        for policy in [
            json!({ "audiences": ["https://other.example.com"] }),
            json!({ "issuers": ["https://other.example.com"] }),
            json!({ "scopes": ["other"] }),
            json!({ "token_types": ["refresh_token"] }),
        ] {
            world.put_policy(&policy);
            let got = send(api, &world.service, &bearer(&token)).await;
            assert_eq!(got, Got { status: api.unauthorized(), claims: Value::Null }, "{api:?} {policy}");
        }
    }
}

#[tokio::test]
async fn t04_t08_a_client_that_is_missing_disabled_corrupt_or_not_allowed_fails_the_authorizer() {
    let (log, _guard) = Log::start(LogLevel::Error);
    for api in Api::ALL {
        let broken = world(api, &[("AUTHORIZER_CLIENT_ID", "other")]).await;
        let token = broken.token(&json!({}));
        let inactive = broken.token(&json!({ "exp": 1 }));
        for token in [&token, &inactive] {
            assert_eq!(send(api, &broken.service, &bearer(token)).await.status, 500, "{api:?}");
        }
        assert!(log.take().contains("unknown_client"));
        for (record, reason) in [
            (json!({ "disabled": true }), "disabled"),
            (json!({ "disabled": "yes" }), "corrupt_client_record"),
            (json!({ "introspection": { "allowed": false } }), "not_allowed"),
        ] {
            let mut record = record;
            record["client_id"] = json!("other");
            broken.put_client(&record);
            for token in [&token, &inactive] {
                assert_eq!(send(api, &broken.service, &bearer(token)).await.status, 500, "{api:?} {record}");
            }
            let lines = log.take();
            assert!(lines.contains("authorizer_misconfigured") && lines.contains("AUTHORIZER_CLIENT_ID"), "{lines}");
            assert!(lines.contains(reason), "{lines}");
        }
        // The client itself could authenticate by any method, or by none.
        for method in ["none", "private_key_jwt", "aws_iam"] {
            broken.put_client(&json!({ "client_id": "other", "token_endpoint_auth_method": method }));
            assert_eq!(send(api, &broken.service, &bearer(&token)).await.status, 200, "{api:?} {method}");
        }
    }
}

#[tokio::test]
async fn t08_a_store_that_fails_is_500_and_never_a_refusal() {
    for api in Api::ALL {
        let world = world(api, &[]).await;
        let [jwt, opaque] = world.both_forms(&json!({}));
        for fault in [Fault::ServerError, Fault::Hangs, Fault::Unprocessed, Fault::Truncated] {
            for token in [&jwt, &opaque] {
                world.proxy.fail(fault);
                let got = crate::time::fast_forward(send(api, &world.service, &bearer(token))).await;
                world.proxy.fail(Fault::None);
                assert_eq!(got.status, 500, "{api:?} {fault:?}");
                assert_eq!(send(api, &world.service, &bearer(token)).await.status, 200, "{api:?} {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn t08_keys_that_cannot_be_fetched_are_500_and_never_a_refusal() {
    let (log, _guard) = Log::start(LogLevel::Error);
    // Nothing listens on this port.
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks_uri": "http://127.0.0.1:1/jwks.json" }]);
    let world = World::new().await;
    for api in Api::ALL {
        let settings = [("AUTHORIZER_CLIENT_ID", API), ("AUTHORIZER_RESPONSE", api.response())];
        let service = World::service(&world.engine.url, &issuers.to_string(), &settings).await;
        assert_eq!(send(api, &service, &bearer(&world.token(&json!({})))).await.status, 500, "{api:?}");
        let [record] = <[_; 1]>::try_from(log.take_audit()).unwrap();
        assert_eq!((&record["outcome"], &record["reason"]), (&json!("unavailable"), &json!("keys_unavailable")));
        // What needs no key is known.
        let expired = bearer(&world.token(&json!({ "exp": 1 })));
        assert_eq!(send(api, &service, &expired).await.status, api.unauthorized(), "{api:?}");
        log.take_audit();
    }
}

#[tokio::test]
async fn t04_a_refresh_token_is_not_accepted_even_if_the_client_may_see_its_own() {
    for api in Api::ALL {
        let world = world(api, &[]).await;
        world.put_policy(&json!({ "token_types": ["access_token", "refresh_token"] }));
        for (kind, status) in [("access_token", 200), ("refresh_token", api.unauthorized())] {
            world.put_token("opaque", &json!({ "token_type": kind, "client_id": API, "exp": 4_000_000_000_u32 }));
            assert_eq!(world.introspect("opaque").await.status, 200);
            world.introspect("opaque").await.assert_active();
            assert_eq!(send(api, &world.service, &bearer("opaque")).await.status, status, "{api:?} {kind}");
        }
    }
}

#[tokio::test]
async fn t12_a_held_record_is_not_read_again_and_never_keeps_a_client_that_is_needed_from_being_found() {
    let world = world(Api::Http, &[("HOT_RECORD_SECONDS", "5"), ("AUTHORIZER_CLIENT_ID", "late")]).await;
    let token = world.token(&json!({}));
    assert_eq!(send(Api::Http, &world.service, &bearer(&token)).await.status, 500);
    world.put_client(&json!({ "client_id": "late" }));
    world.proxy.take_requests();
    for reads_it in [true, false] {
        assert_eq!(send(Api::Http, &world.service, &bearer(&token)).await.status, 200);
        let requests = world.proxy.take_requests();
        assert!(requests.len() == 1 || (!crate::world::ALL_IN_DYNAMODB && !reads_it && requests.is_empty()));
        let reads = requests.iter().any(|(_, request)| request["RequestItems"].get("oauth-clients").is_some());
        assert_eq!(reads, reads_it);
    }
}

#[tokio::test]
async fn t12_a_jwt_costs_one_read_with_the_record_of_the_client_and_a_request_without_token_none() {
    let world = world(Api::Http, &[]).await;
    let [jwt, opaque] = world.both_forms(&json!({ "sid": "session-1" }));
    let expired = world.token(&json!({ "exp": 1 }));
    for (token, reads) in [(&*jwt, 1), (&*opaque, 2), ("unknown-token", 2), (&*expired, 1), ("eyJ.a.b", 2)] {
        world.proxy.take_requests();
        send(Api::Http, &world.service, &bearer(token)).await;
        let requests = world.proxy.take_requests();
        if crate::world::ALL_IN_DYNAMODB {
            assert_eq!(requests.len(), reads, "{token}");
        }
        assert!(requests.iter().all(|(operation, _)| operation == "BatchGetItem"), "{token}");
        let clients = &requests[0].1["RequestItems"]["oauth-clients"]["Keys"];
        assert_eq!(clients, &json!([{ "client_id": { "S": API } }]), "{token}");
    }
    let mut none = bearer("x");
    none.headers.remove(0);
    for request in [none, asked("Basic YTpi"), asked("Bearer a b")] {
        assert_eq!(send(Api::Http, &world.service, &request).await.status, 403);
        assert_eq!(world.proxy.take_requests(), []);
    }
}

#[tokio::test]
async fn t11_every_refusal_of_a_token_is_the_same_answer_and_the_audit_record_has_the_reason() {
    for api in [Api::Http, Api::HttpPolicy, Api::HttpFormat1, Api::Rest, Api::WebSocket] {
        let world = world(api, &[]).await;
        let (log, _guard) = Log::start(LogLevel::Error);
        let revoked = world.token(&json!({ "sub": "bob" }));
        world.put_mark(&format!("sub#{ISSUER}#bob"), &json!({ "reason": "left" }));
        let bound = world.token(&json!({ "cnf": { "jkt": "x" } }));
        let mut replies = Vec::new();
        for (authorization, outcome, reason) in [
            (format!("Bearer {revoked}"), "inactive", "revoked_subject"),
            (format!("Bearer {}", world.token(&json!({ "exp": 1 }))), "inactive", "expired"),
            (format!("Bearer {}", world.token(&json!({ "iss": "https://x.example" }))), "inactive", "untrusted_issuer"),
            ("Bearer unknown".to_owned(), "inactive", "unknown_token"),
            (format!("Bearer {bound}"), "inactive", "other_token_scheme"),
            ("Basic YTpi".to_owned(), "refused", "no_access_token"),
            ("Bearer a b".to_owned(), "refused", "unreadable_authorization"),
        ] {
            let request = asked(&authorization);
            replies.push(invoke(&world.service, &event(api, &request).to_string()).await);
            let [record] = <[_; 1]>::try_from(log.take_audit()).unwrap();
            assert_eq!((&record["outcome"], &record["reason"]), (&json!(outcome), &json!(reason)), "{api:?}");
            assert_eq!(record["method"], "authorizer");
            let id = record["request_id"].as_str().unwrap();
            assert!(id.starts_with("8476a536-e9f4-11e8-9739-"), "{id}");
            assert_eq!(record.get("mark_reason"), (reason == "revoked_subject").then_some(&json!("left")));
            assert_eq!(record.get("caller"), (outcome == "inactive").then_some(&json!(API)), "{reason}");
        }
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
        send(api, &world.service, &bearer(&world.token(&json!({})))).await;
        let [record] = <[_; 1]>::try_from(log.take_audit()).unwrap();
        assert_eq!((&record["outcome"], &record["policy"]), (&json!("active"), &json!("allow")));
        assert!(record.get("reason").is_none());
    }
}

#[tokio::test]
async fn t11_a_forged_token_gets_the_same_answer_after_the_same_reads_whichever_marks_exist() {
    for api in [Api::Http, Api::Rest] {
        let world = world(api, &[]).await;
        let token = world.token(&json!({ "sub": "bob" }));
        let forged = format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(86));
        let mut seen = Vec::new();
        for mark in [None, Some(json!({})), Some(json!({ "not_before": "corrupt" }))] {
            if let Some(mark) = &mark {
                world.put_mark(&format!("sub#{ISSUER}#bob"), mark);
            }
            world.proxy.take_requests();
            let reply = invoke(&world.service, &event(api, &bearer(&forged)).to_string()).await;
            seen.push((reply, world.proxy.take_requests()));
        }
        assert!(seen.iter().all(|one| *one == seen[0]), "{api:?}");
    }
}

#[tokio::test]
async fn t01_without_the_setting_every_event_of_an_authorizer_fails_and_the_log_names_it() {
    let world = World::new().await;
    let (log, _guard) = Log::start(LogLevel::Error);
    let token = world.token(&json!({}));
    for api in Api::ALL {
        assert_eq!(send(api, &world.service, &bearer(&token)).await.status, 500, "{api:?}");
        let lines = log.take();
        assert!(lines.contains("authorizer_not_configured") && lines.contains("set AUTHORIZER_CLIENT_ID"), "{lines}");
    }
    assert_eq!(world.proxy.take_requests(), []);
}

#[tokio::test]
async fn t01_an_event_of_an_authorizer_that_cannot_be_read_fails_and_the_log_has_the_path() {
    let world = world(Api::Http, &[]).await;
    let (log, _guard) = Log::start(LogLevel::Error);
    let token = world.token(&json!({}));
    for (api, path, value) in [
        (Api::Http, "type", json!("OTHER")),
        (Api::Http, "type", json!(null)),
        (Api::Http, "rawPath", json!(1)),
        (Api::Http, "routeKey", json!(null)),
        (Api::Http, "headers", json!({ "authorization": 1 })),
        (Api::Rest, "methodArn", json!(7)),
        (Api::Rest, "resource", json!(null)),
        (Api::Rest, "multiValueHeaders", json!({ "Authorization": [1] })),
        (Api::RestToken, "authorizationToken", json!(["a"])),
        (Api::WebSocket, "methodArn", json!([])),
    ] {
        let mut event = event(api, &bearer(&token));
        event[path] = value;
        let error = invoke(&world.service, &event.to_string()).await.unwrap_err();
        assert_ne!(error.error_message, "Unauthorized", "{api:?} {path}");
        let lines = log.take();
        assert!(
            lines.contains("unreadable_event") && lines.contains(path.split('.').next().unwrap()),
            "{path}: {lines}"
        );
    }
    // What is not needed may be anything.
    for (path, value) in [("identitySource", json!(7)), ("cookies", json!(null)), ("queryStringParameters", json!([1]))]
    {
        let mut event = event(Api::Http, &bearer(&token));
        event[path] = value;
        let answer = invoke(&world.service, &event.to_string()).await.unwrap();
        assert_eq!(honour(Api::Http, &event, &answer).status, 200, "{path}");
    }
}

#[tokio::test]
async fn t05_an_answer_that_the_gateway_would_not_accept_fails_and_the_log_has_the_cure() {
    let (log, _guard) = Log::start(LogLevel::Error);
    for api in Api::ALL {
        let world = world(api, &[]).await;
        let token = world.token(&json!({ "groups": "g".repeat(8 * 1024) }));
        assert_eq!(send(api, &world.service, &bearer(&token)).await.status, 500, "{api:?}");
        let lines = log.take();
        assert!(lines.contains("answer_too_large") && lines.contains("introspection.claims"), "{lines}");
        world.put_policy(&json!({ "claims": [] }));
        assert_eq!(send(api, &world.service, &bearer(&token)).await.status, 200, "{api:?}");
    }
}

#[tokio::test]
async fn t09_a_policy_allows_the_requested_method_only() {
    let (log, _guard) = Log::start(LogLevel::Error);
    for api in [Api::HttpPolicy, Api::HttpFormat1, Api::Rest, Api::RestToken] {
        let world = world(api, &[]).await;
        let token = world.token(&json!({}));
        for (path, others) in [
            ("/orders/7", ["/orders/8", "/orders/70", "/orders"]),
            ("/orders/*", ["/orders/77", "/orders/7/items", "/orders/"]),
            ("/orders/?", ["/orders/77", "/orders/7/items", "/orders/"]),
        ] {
            let mut request = bearer(&token);
            path.clone_into(&mut request.path);
            assert_eq!(send(api, &world.service, &request).await.status, 200, "{api:?} {path}");
            let answer = invoke(&world.service, &event(api, &request).to_string()).await.unwrap();
            let resource = answer["policyDocument"]["Statement"][0]["Resource"].as_str().unwrap().to_owned();
            let arn = |method: &str, path: &str| {
                format!("arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/{method}{path}")
            };
            assert!(is_like(resource.as_bytes(), arn("GET", path).as_bytes()));
            for other in others {
                assert!(!is_like(resource.as_bytes(), arn("GET", other).as_bytes()), "{resource} {other}");
            }
            assert!(!is_like(resource.as_bytes(), arn("PUT", path).as_bytes()), "{resource}");
        }
        let mut request = bearer(&token);
        request.path = format!("/{}", "p".repeat(500));
        log.take();
        assert_eq!(send(api, &world.service, &request).await.status, 500, "{api:?}");
        assert!(log.take().contains("resource_too_long"));
    }
}

/// The endpoint itself is as it was, with and without an authorizer.
#[tokio::test]
async fn t01_the_routes_of_the_endpoint_answer_as_before() {
    let service: Service = crate::events::demo_service().await.1;
    let plain = crate::events::event("http-api-no-credentials", |_| ());
    let with = world(Api::Http, &[]).await;
    assert_eq!(invoke(&service, &plain).await, invoke(&with.service, &plain).await);
}
