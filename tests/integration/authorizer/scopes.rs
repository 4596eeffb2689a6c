//! The scopes that a route or a stage requires.

use super::*;

const SCOPES: &str = r#"{"GET /orders/{id}":"read","PUT /orders/{id}":"read admin","ANY /open":"","$connect":"read"}"#;

fn with(token: &str, method: &'static str, resource: &'static str) -> Asked {
    let mut request = bearer(token);
    (request.method, request.resource) = (method, resource);
    request
}

#[tokio::test]
async fn t06_a_token_without_the_scopes_of_the_route_is_403_and_a_route_that_is_not_listed_is_closed() {
    let (log, _guard) = Log::start(LogLevel::Error);
    for api in [Api::Http, Api::HttpPolicy, Api::HttpFormat1, Api::Rest] {
        let world = world(api, &[("AUTHORIZER_SCOPES", SCOPES)]).await;
        for token in world.both_forms(&json!({ "scope": "read write" })) {
            for (method, resource, status, reason) in [
                ("GET", "/orders/{id}", 200, None),
                ("PUT", "/orders/{id}", 403, Some("missing_scope")),
                ("DELETE", "/orders/{id}", 403, Some("route_not_listed")),
                ("HEAD", "/orders/{id}", 403, Some("route_not_listed")),
                ("DELETE", "/open", 200, None),
                ("GET", "/other", 403, Some("route_not_listed")),
            ] {
                log.take_audit();
                let got = send(api, &world.service, &with(&token, method, resource)).await;
                assert_eq!(got.status, status, "{api:?} {method} {resource}");
                let [record] = <[_; 1]>::try_from(log.take_audit()).unwrap();
                assert_eq!(record.get("reason").and_then(Value::as_str), reason, "{api:?} {method} {resource}");
                assert_eq!(record["outcome"], if status == 200 { "active" } else { "denied" });
            }
        }
        // A scope that the policy hides does not count.
        world.put_policy(&json!({ "scopes": ["write"] }));
        let token = world.token(&json!({ "scope": "read write" }));
        assert_eq!(send(api, &world.service, &with(&token, "GET", "/orders/{id}")).await.status, 403);
    }
}

#[tokio::test]
async fn t06_a_refusal_for_want_of_scopes_says_which_and_is_no_401() {
    let world = world(Api::Rest, &[("AUTHORIZER_SCOPES", SCOPES)]).await;
    let token = world.token(&json!({ "scope": "read" }));
    let event = event(Api::Rest, &with(&token, "PUT", "/orders/{id}"));
    let answer = invoke(&world.service, &event.to_string()).await.unwrap();
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Deny");
    assert_eq!(answer["context"], json!({ "error": "insufficient_scope", "scope": "read admin" }));
}

#[tokio::test]
async fn t06_the_stage_may_require_scopes_of_all_its_routes() {
    for api in [Api::Http, Api::HttpFormat1, Api::Rest, Api::WebSocket] {
        let world = world(api, &[]).await;
        let token = world.token(&json!({ "scope": "read write" }));
        for (variable, status) in
            [("", 200), ("read", 200), ("read,write", 200), ("read, admin", 403), ("admin", 403), ("read write", 403)]
        {
            let mut request = bearer(&token);
            request.stage_variables = json!({ "required_scopes": variable, "other": "x" });
            assert_eq!(send(api, &world.service, &request).await.status, status, "{api:?} {variable}");
        }
    }
    // The scopes of the stage do not replace those of the route.
    let world = world(Api::Http, &[("AUTHORIZER_SCOPES", r#"{"*":"write"}"#)]).await;
    for (scope, status) in [("read write", 200), ("read", 403), ("write", 403)] {
        let mut request = bearer(&world.token(&json!({ "scope": scope })));
        request.stage_variables = json!({ "required_scopes": "read" });
        assert_eq!(send(Api::Http, &world.service, &request).await.status, status, "{scope}");
    }
}

#[tokio::test]
async fn t06_an_event_without_a_route_cannot_choose_an_entry_by_its_path() {
    let (log, _guard) = Log::start(LogLevel::Error);
    for (scopes, status) in [(r#"{"*":"read"}"#, 200), (r#"{"*":"admin"}"#, 403), (SCOPES, 500)] {
        let world = world(Api::RestToken, &[("AUTHORIZER_SCOPES", scopes)]).await;
        let token = world.token(&json!({ "scope": "read" }));
        for path in ["/orders/7", "/open", "/"] {
            let mut request = bearer(&token);
            path.clone_into(&mut request.path);
            assert_eq!(send(Api::RestToken, &world.service, &request).await.status, status, "{scopes} {path}");
        }
        assert_eq!(log.take().contains("route_unknown"), status == 500);
    }
}

#[tokio::test]
async fn t06_the_connect_route_of_a_socket_has_an_entry_of_its_own() {
    for (scope, status) in [("read", 200), ("write", 403)] {
        let world = world(Api::WebSocket, &[("AUTHORIZER_SCOPES", SCOPES)]).await;
        let token = world.token(&json!({ "scope": scope }));
        assert_eq!(send(Api::WebSocket, &world.service, &bearer(&token)).await.status, status, "{scope}");
    }
}
