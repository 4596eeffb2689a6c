//! The members of a response, their JSON types, and their order.

use http::Method;
use serde_json::{Value, json};

use crate::world::{ACTIVE, API, AUDIENCE, GENERIC, ISSUER, OWN, Request, World, claims, introspection, request};

/// When the tokens with fixed times are issued.
const T: i64 = 1_800_000_000;
/// The members of a response that RFC 7662 §2.2 or its registry defines, except `active` and `token_type`.
const REGISTERED: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "scope",
    "exp",
    "iat",
    "nbf",
    "jti",
    "username",
    "cnf",
    "act",
    "authorization_details",
    "acr",
    "auth_time",
];

/// A token that holds every registered member.
fn everything() -> Value {
    json!({
        "iat": T, "exp": T + 600, "nbf": T, "username": "alice@example.com", "auth_time": T - 60, "acr": "gold",
        "cnf": { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" },
        "act": { "sub": "bob" }, "authorization_details": [{ "type": "payment" }],
    })
}

/// The answers about both forms of a token.
async fn answers(world: &World, changes: &Value) -> [Value; 2] {
    let [jwt, opaque] = world.both_forms(changes);
    [world.introspect_at(T, &jwt).await.assert_active(), world.introspect_at(T, &opaque).await.assert_active()]
}

/// These changes of a token that is issued at [`T`] for ten minutes.
fn issued_at_t(changes: &Value) -> Value {
    let mut all = json!({ "iat": T, "exp": T + 600 });
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    all
}

#[tokio::test]
async fn j01_j22_an_inactive_answer_is_one_constant_and_an_active_one_the_same_bytes_each_time() {
    let world = World::new().await;
    let mut changes = everything();
    changes["zebra"] = json!({ "b": 1, "a": [true, null] });
    changes["department"] = json!("sales");
    let expected = concat!(
        r#"{"active":true,"iss":"https://issuer.example.com","sub":"alice","aud":"https://api.example.com","#,
        r#""client_id":"app","scope":"read write","token_type":"Bearer","exp":1800000600,"iat":1800000000,"#,
        r#""nbf":1800000000,"jti":"jti-1","username":"alice@example.com","#,
        r#""cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},"binding":"not_presented","#,
        r#""act":{"sub":"bob"},"#,
        r#""authorization_details":[{"type":"payment"}],"acr":"gold","auth_time":1799999940,"#,
        r#""department":"sales","zebra":{"a":[true,null],"b":1}}"#,
    );
    for token in world.both_forms(&changes) {
        for _ in 0..3 {
            assert_eq!(world.introspect_at(T, &token).await.body, expected);
        }
        world.introspect_at(T + 600, &token).await.assert_inactive("expired");
    }
    for token in ["unknown", "a.b.c"] {
        world.introspect(token).await.assert_inactive("unknown_token");
    }
}

/// Wrong requests, with their answers and reasons.
pub fn wrong_requests(good: impl Fn() -> Request) -> [(Request, u16, &'static str, &'static str); 12] {
    [
        (good().path("/elsewhere"), 404, "not_found", "not_found"),
        (good().method(Method::GET), 405, "invalid_request", "method_not_allowed"),
        (good().query("token=x"), 400, "invalid_request", "secret_in_query"),
        (good().header("content-type", "text/plain"), 415, "invalid_request", "wrong_media_type"),
        (good().body("x".repeat(65 * 1024)), 413, "invalid_request", "body_too_large"),
        (good().body("token=%ff"), 400, "invalid_request", "malformed_body"),
        (good().body("token=a&token=b"), 400, "invalid_request", "duplicate_parameter"),
        (good().form(&[("token", "x"), ("client_secret", "y")]), 400, "invalid_request", "two_mechanisms"),
        (good().header("authorization", "Basic ä"), 400, "invalid_request", "unreadable_credentials"),
        (good().form(&[]), 400, "invalid_request", "missing_token"),
        (good().form(&[("token", "x"), ("client_id", "\"ä\\")]), 400, "invalid_request", "client_id_mismatch"),
        (good().basic(API, "wrong"), 401, "invalid_client", "wrong_secret"),
    ]
}

#[tokio::test]
async fn j12_errors_are_json_in_plain_ascii_whatever_form_was_asked_for() {
    let world = World::new().await;
    for accept in ["application/json", "application/token-introspection+jwt, application/json", "text/html"] {
        let good = || introspection("x").header("accept", accept);
        let no_credentials = (request(), 401, "invalid_client", "no_credentials");
        for (request, status, code, reason) in wrong_requests(good).into_iter().chain([no_credentials]) {
            let answer = world.send(request).await;
            answer.assert_error(status, code, reason);
            let json = answer.json();
            let members = json.as_object().unwrap();
            assert!(members.keys().all(|name| ["error", "error_description"].contains(&name.as_str())), "{json}");
            // RFC 6749 §5.2: these and no others, so that no reader has to unescape anything.
            let allowed = |character: char| matches!(character, ' '..='~') && !['"', '\\'].contains(&character);
            assert!(members.values().all(|text| text.as_str().unwrap().chars().all(allowed)), "{json}");
        }
    }
}

#[tokio::test]
async fn j15_scope_is_one_string_and_left_out_when_empty() {
    let world = World::new().await;
    for (scope, expected) in [
        (json!("read write"), Some("read write")),
        (json!("read"), Some("read")),
        (json!(" read  write "), Some("read write")),
        (json!(""), None),
        (json!("  "), None),
        (json!(null), None),
    ] {
        for answer in answers(&world, &issued_at_t(&json!({ "scope": scope }))).await {
            assert_eq!(answer.get("scope"), expected.map(|scope| json!(scope)).as_ref(), "{scope}");
        }
    }
    let list = world.token(&json!({ "scope": ["read", "write"] }));
    assert_eq!(world.introspect(&list).await.assert_active()["scope"], "read write");
}

#[tokio::test]
async fn j16_j17_j18_a_refresh_token_has_its_deadline_if_there_is_one_and_no_token_type() {
    let world = World::new().await;
    world.put_policy(&json!({ "token_types": ["access_token", "refresh_token"] }));
    for (exp, expected) in [(json!(T + 600), Some(T + 600)), (json!(null), None)] {
        let record = json!({ "token_type": "refresh_token", "client_id": API, "exp": exp, "cnf": { "jkt": "AAAA" } });
        world.put_token("refresh", &record);
        let answer = world.introspect_at(T, "refresh").await.assert_active();
        assert_eq!(answer.get("exp").map(|exp| exp.as_i64().unwrap()), expected);
        assert_eq!((answer.get("token_type"), answer.get("iat"), answer.get("nbf")), (None, None, None));
        assert_eq!((&answer["client_id"], &answer["iss"]), (&json!(API), &json!(OWN)));
    }
    for answer in answers(&world, &everything()).await {
        assert_eq!(answer["token_type"], "Bearer");
        for name in ["exp", "iat", "nbf", "auth_time"] {
            assert!(answer[name].is_i64() && answer[name] != 0, "{name}: {}", answer[name]);
        }
    }
}

#[tokio::test]
async fn j17_k01_k02_a_token_bound_to_a_dpop_key_is_of_the_type_dpop_and_keeps_its_whole_binding() {
    let world = World::new().await;
    let (thumbprint, certificate) =
        ("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
    for (cnf, token_type) in [
        (json!(null), "Bearer"),
        (json!({ "x5t#S256": certificate }), "Bearer"),
        (json!({ "jkt": thumbprint }), "DPoP"),
        (json!({ "jkt": thumbprint, "x5t#S256": certificate }), "DPoP"),
        (json!({ "kid": "key", "jwk": { "kty": "oct" } }), "Bearer"),
    ] {
        for claims in [json!(null), json!([])] {
            world.put_policy(&json!({ "claims": claims }));
            for answer in answers(&world, &issued_at_t(&json!({ "cnf": cnf }))).await {
                assert_eq!(answer.get("cnf"), Some(&cnf).filter(|cnf| !cnf.is_null()));
                assert_eq!(answer["token_type"], token_type, "{cnf}");
            }
        }
    }
}

#[tokio::test]
async fn k04_k06_actors_and_the_authentication_are_released_as_they_are() {
    let world = World::new().await;
    world.put_policy(&json!({ "claims": [] }));
    let act = json!({ "sub": "service-b", "iss": ISSUER, "act": { "sub": "service-a", "act": { "sub": "agent", "client_id": "c" } } });
    for answer in answers(&world, &issued_at_t(&json!({ "act": act, "acr": "phr", "auth_time": T }))).await {
        assert_eq!(answer["act"], act);
        assert_eq!((&answer["acr"], &answer["auth_time"]), (&json!("phr"), &json!(T)));
    }
    for answer in answers(&world, &issued_at_t(&json!({ "auth_time": 1_799_999_999.9 }))).await {
        assert_eq!(answer["auth_time"], json!(T - 1));
    }
    for answer in answers(&world, &issued_at_t(&json!({}))).await {
        assert_eq!((answer.get("act"), answer.get("acr"), answer.get("auth_time")), (None, None, None));
    }
}

#[tokio::test]
async fn j19_s01_the_only_member_with_a_name_of_our_own_is_on_the_page() {
    let world = World::new().await;
    let mut changes = everything();
    changes["grant_id"] = json!("grant-1");
    let [jwt, opaque] = world.both_forms(&changes);
    // A claim that is only checked, here `token_use`, is not repeated.
    changes["iss"] = json!(GENERIC);
    changes["token_use"] = json!("access");
    for token in [jwt, opaque, world.token(&changes)] {
        let answer = world.introspect_at(T, &token).await.assert_active();
        for name in answer.as_object().unwrap().keys() {
            let known =
                ["active", "token_type", "binding"].contains(&name.as_str()) || REGISTERED.contains(&name.as_str());
            assert!(known, "{name} in {answer}");
        }
    }
    // An issuer's own claims keep their names and values.
    let extra = json!({ "https://example.com/claims/tenant": { "id": 7 }, "roles": ["a", "b"] });
    for answer in answers(&world, &issued_at_t(&extra)).await {
        for (name, value) in extra.as_object().unwrap() {
            assert_eq!(&answer[name], value);
        }
    }
}

#[tokio::test]
async fn j20_the_claims_of_a_record_never_overwrite_its_attributes() {
    let world = World::new().await;
    let record = json!({
        "token_type": "access_token", "iss": ISSUER, "client_id": "app", "sub": "alice", "aud": AUDIENCE, "exp": T + 600,
        "iat": T, "nbf": T, "jti": "jti-1", "scope": "read", "username": "alice@example.com", "cnf": { "jkt": "AAAA" },
    });
    world.put_token("plain", &record);
    let plain = world.introspect_at(T, "plain").await.assert_active();
    let mut with_claims = record.clone();
    with_claims["claims"] = json!({
        "active": false, "token_type": "N_A", "iss": GENERIC, "client_id": "mallory", "sub": "mallory", "aud": "mallory",
        "exp": T + 9999, "iat": T - 9999, "nbf": T - 9999, "jti": "jti-2", "scope": "admin", "username": "mallory",
        "cnf": { "jkt": "BBBB" },
    });
    world.put_token("with claims", &with_claims);
    assert_eq!(world.introspect_at(T, "with claims").await.assert_active(), plain);
    world.introspect_at(T + 600, "with claims").await.assert_inactive("expired");
    // A JWT cannot set `active` or `token_type` either, and no member appears twice.
    for name in ["active", "token_type"] {
        for value in [json!(false), json!(true), json!("access_token"), json!(null)] {
            for answer in answers(&world, &issued_at_t(&json!({ name: value }))).await {
                assert_eq!((&answer["active"], &answer["token_type"]), (&json!(true), &json!("Bearer")));
            }
        }
    }
}

#[tokio::test]
async fn j23_h29_a_registered_claim_of_another_type_makes_a_jwt_inactive_or_is_left_out() {
    let world = World::new().await;
    let mut good = everything();
    good["sid"] = json!("session-1");
    good["grant_id"] = json!("grant-1");
    world.introspect_at(T, &world.token(&good)).await.assert_active();
    let values =
        [json!(true), json!(1), json!("1"), json!(1.5), json!([]), json!([1]), json!(["a"]), json!([null]), json!({})];
    for name in REGISTERED.into_iter().chain(["sid", "grant_id"]) {
        // A token without an issuer has no profile, so no other rule is checked.
        let mistyped = if name == "iss" { "untrusted_issuer" } else { "wrong_claim_type" };
        let right: fn(&Value) -> bool = match name {
            "exp" | "iat" | "nbf" => Value::is_number,
            "cnf" => Value::is_object,
            "scope" => |value| value.is_string() || *value == json!([]) || *value == json!(["a"]),
            "aud" => |value| value == "1" || *value == json!([]) || *value == json!(["a"]),
            _ => Value::is_string,
        };
        // No decision reads these, so one of a wrong type is left out.
        let unread: Option<fn(&Value) -> bool> = match name {
            "auth_time" => Some(Value::is_number),
            "act" => Some(Value::is_object),
            "authorization_details" => Some(Value::is_array),
            "acr" | "username" => Some(Value::is_string),
            _ => None,
        };
        if let Some(right) = unread {
            for value in values.iter().chain([&Value::Null]) {
                let mut claims = claims(&good);
                claims[name] = value.clone();
                let token = world.signer.token(&json!({ "typ": "at+jwt" }), &claims);
                let answer = world.introspect_at(T, &token).await.assert_active();
                assert_eq!(answer.get(name).is_some(), right(value), "{name} is {value}");
            }
            continue;
        }
        for value in &values {
            // A claim of the right type may still have a wrong value: expired, or an unknown issuer.
            if right(value) && ["exp", "iss"].contains(&name) {
                continue;
            }
            let mut changes = good.clone();
            changes[name] = value.clone();
            let answer = world.introspect_at(T, &world.token(&changes)).await;
            answer.assert_verdict(if right(value) { ACTIVE } else { mistyped }, format!("{name} is {value}"));
        }
        let mut claims = claims(&good);
        claims[name] = Value::Null;
        let token = world.signer.token(&json!({ "typ": "at+jwt" }), &claims);
        world.introspect_at(T, &token).await.assert_verdict(mistyped, format!("{name} is null"));
    }
}

#[tokio::test]
async fn j23_every_registered_member_is_released_in_its_type() {
    let world = World::new().await;
    for audience in [json!(AUDIENCE), json!([AUDIENCE]), json!([AUDIENCE, "other"]), json!([])] {
        let mut changes = everything();
        changes["aud"] = audience.clone();
        for answer in answers(&world, &changes).await {
            assert_eq!(answer["aud"], audience);
            for name in ["iss", "sub", "client_id", "scope", "jti", "username", "acr", "token_type"] {
                assert!(answer[name].is_string(), "{name}");
            }
            for name in ["exp", "iat", "nbf", "auth_time"] {
                assert!(answer[name].is_i64(), "{name}");
            }
            assert!(answer["cnf"].is_object() && answer["act"].is_object());
            assert!(answer["authorization_details"].is_array());
            assert_eq!(answer["active"], Value::Bool(true));
        }
    }
}
