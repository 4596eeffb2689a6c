//! Items with attributes of a wrong type: they never help the bearer, and never let a caller in.

use std::cell::Cell;

use serde_json::{Value, json};
use token_introspection::{records::sha256_hex, settings::LogLevel};

use super::{OtherHosts, T, forbidden_requests, not_inactive, not_refused};
use crate::{
    log::Log,
    world::{ACTIVE, API, AUDIENCE, ISSUER, SECRET, World, revoked_by},
};

/// The reasons of refused clients. All others are those of inactive tokens.
const REFUSALS: [&str; 3] = ["corrupt_client_record", "public_client", "wrong_secret"];

/// One value of every type that an attribute can have, except NULL.
fn values() -> Vec<Value> {
    let values = [
        json!({ "S": "1" }),
        json!({ "N": "1" }),
        json!({ "B": "MQ==" }),
        json!({ "BOOL": true }),
        json!({ "L": [{ "S": "1" }] }),
        json!({ "M": { "a": { "S": "1" } } }),
        // A mapping library may read these maps as the word in them.
        json!({ "M": { "access_token": { "NULL": true } } }),
        json!({ "M": { "report": { "M": {} } } }),
        json!({ "M": { "enforce": { "NULL": true } } }),
        json!({ "SS": ["1"] }),
        json!({ "NS": ["1"] }),
        json!({ "BS": ["MQ=="] }),
    ];
    // JSON has no sets and no bytes.
    let there = |value: &Value| {
        !cfg!(feature = "redis") || !["B", "SS", "NS", "BS"].iter().any(|kind| value.get(kind).is_some())
    };
    values.into_iter().filter(there).collect()
}

/// The values of all other types.
fn wrong(accepted: &[&str]) -> Vec<Value> {
    values().into_iter().filter(|value| !accepted.iter().any(|name| value.get(name).is_some())).collect()
}

/// Lists with an element that is not a string.
fn wrong_lists() -> Vec<Value> {
    let elements = wrong(&["S"]).into_iter().chain([json!({ "NULL": true })]);
    elements.map(|element| json!({ "L": [{ "S": AUDIENCE }, element] })).collect()
}

/// The item with one attribute replaced or removed.
fn with(item: &Value, path: &str, value: Option<&Value>) -> Value {
    let mut changed = item.clone();
    let (map, name) = match path.split_once('.') {
        Some((outer, name)) => (&mut changed[outer]["M"], name),
        None => (&mut changed, path),
    };
    match value {
        Some(value) => map[name] = value.clone(),
        None => drop(map.as_object_mut().unwrap().remove(name)),
    }
    changed
}

/// A world and its log, to judge one item after the other.
struct Case {
    world: World,
    log: Log,
    others: OtherHosts,
    /// How many items were judged.
    judged: Cell<usize>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Case {
    async fn new() -> Self {
        let (log, guard) = Log::start(LogLevel::Info);
        let others = OtherHosts::start().await;
        let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "1000000"), others.setting()]).await;
        Self { world, log, others, judged: Cell::new(0), _guard: guard }
    }

    /// Asserts how the call ends with that item in the table, by the rule's name, and whether the item is logged as corrupt.
    async fn assert(&self, table: &str, item: &Value, token: &str, verdict: &str, corrupt: bool) {
        match table {
            "oauth-tokens" => self.world.put_attributes(item),
            _ => self.world.engine.put_attributes(table, item).unwrap(),
        }
        self.log.take();
        self.world.proxy.take_requests();
        self.judged.set(self.judged.get() + 1);
        let answer = self.world.introspect_at(T, token).await;
        if verdict == ACTIVE {
            answer.assert_verdict(ACTIVE, item);
        } else if REFUSALS.contains(&verdict) {
            assert_eq!(not_refused(&answer, 401, verdict), None, "{item}");
        } else {
            assert_eq!(not_inactive(&answer, verdict), None, "{item}");
        }
        assert_eq!(self.log.take().contains(r#""event":"corrupt_item""#), corrupt, "{item}");
        assert_eq!(forbidden_requests(&self.world.proxy.take_requests(), None), None, "{item}");
        assert_eq!(self.others.take_requests(), [""; 0], "{item}");
    }
}

fn record() -> Value {
    json!({
        "id": { "S": format!("token#{}", sha256_hex("opaque")) },
        "token_type": { "S": "access_token" }, "client_id": { "S": "app" }, "sub": { "S": "alice" },
        "scope": { "S": "read" }, "aud": { "S": AUDIENCE }, "iss": { "S": ISSUER }, "iat": { "N": T.to_string() },
        "exp": { "N": (T + 600).to_string() }, "nbf": { "N": T.to_string() }, "jti": { "S": "jti-1" },
        "sid": { "S": "session-1" }, "grant_id": { "S": "grant-1" }, "username": { "S": "alice@example.com" },
        "cnf": { "M": { "jkt": { "S": "AAAA" } } }, "claims": { "M": { "acr": { "S": "gold" } } },
        "revoked": { "BOOL": false },
    })
}

#[tokio::test]
async fn g11_h29_a_token_record_with_a_wrong_type_is_inactive_and_null_is_absent() {
    let case = Case::new().await;
    let good = record();
    case.assert("oauth-tokens", &good, "opaque", ACTIVE, false).await;
    for (path, accepted, required) in [
        ("token_type", vec!["S"], true),
        ("client_id", vec!["S"], true),
        ("exp", vec!["N"], true),
        ("sub", vec!["S"], false),
        ("scope", vec!["S"], false),
        ("aud", vec!["S", "L", "SS"], false),
        ("iss", vec!["S"], false),
        ("iat", vec!["N"], false),
        ("nbf", vec!["N"], false),
        ("jti", vec!["S"], false),
        ("sid", vec!["S"], false),
        ("grant_id", vec!["S"], false),
        ("username", vec!["S"], false),
        ("cnf", vec!["M"], false),
        ("claims", vec!["M"], false),
        ("revoked", vec!["BOOL"], false),
        ("claims.act", vec!["M"], false),
        ("claims.acr", vec!["S"], false),
        ("claims.auth_time", vec!["N"], false),
        ("claims.authorization_details", vec!["L", "SS", "NS", "BS"], false),
    ] {
        // An attribute that no decision reads is left out, so that the token can still be judged (H-29).
        let unread = ["username", "claims.act", "claims.acr", "claims.auth_time", "claims.authorization_details"];
        let verdict = if unread.contains(&path) { ACTIVE } else { "corrupt_record" };
        for value in wrong(&accepted) {
            case.assert("oauth-tokens", &with(&good, path, Some(&value)), "opaque", verdict, true).await;
        }
        for value in [Some(json!({ "NULL": true })), None] {
            let verdict = if required { "corrupt_record" } else { ACTIVE };
            case.assert("oauth-tokens", &with(&good, path, value.as_ref()), "opaque", verdict, required).await;
        }
    }
    for list in wrong_lists() {
        case.assert("oauth-tokens", &with(&good, "aud", Some(&list)), "opaque", "corrupt_record", true).await;
    }
    // Numbers that are not times, and unknown token types.
    for (name, value) in [
        ("exp", json!({ "N": "1E+100" })),
        ("iat", json!({ "N": "-1E+100" })),
        ("nbf", json!({ "N": "-99999999999999999999999999999999999999" })),
        ("token_type", json!({ "S": "ACCESS_TOKEN" })),
        ("token_type", json!({ "S": "" })),
    ] {
        case.assert("oauth-tokens", &with(&good, name, Some(&value)), "opaque", "corrupt_record", true).await;
    }
    for name in ["expires_at", "reason", "unknown"] {
        for value in values() {
            case.assert("oauth-tokens", &with(&good, name, Some(&value)), "opaque", ACTIVE, false).await;
        }
    }
    assert!(case.judged.get() >= 150, "{} token records", case.judged.get());
}

#[tokio::test]
async fn g11_a_refresh_token_needs_no_exp_but_one_of_a_wrong_type_makes_it_inactive() {
    let case = Case::new().await;
    case.world.put_policy(&json!({ "token_types": ["refresh_token"] }));
    let good = json!({
        "id": { "S": format!("token#{}", sha256_hex("refresh")) }, "token_type": { "S": "refresh_token" },
        "client_id": { "S": API },
    });
    case.assert("oauth-tokens", &good, "refresh", ACTIVE, false).await;
    case.assert("oauth-tokens", &with(&good, "exp", Some(&json!({ "NULL": true }))), "refresh", ACTIVE, false).await;
    for value in wrong(&["N"]) {
        case.assert("oauth-tokens", &with(&good, "exp", Some(&value)), "refresh", "corrupt_record", true).await;
    }
}

#[tokio::test]
async fn g11_an_attribute_of_a_mark_with_a_wrong_type_revokes_if_a_decision_reads_it() {
    let case = Case::new().await;
    let claims = json!({ "iat": T, "exp": T + 600, "sid": "session-1", "grant_id": "grant-1" });
    let [jwt, opaque] = case.world.both_forms(&claims);
    for prefix in ["grant", "sid", "sub", "client", "iss"] {
        let name = match prefix {
            "grant" => "#grant-1",
            "sid" => "#session-1",
            "sub" => "#alice",
            "client" => "#app",
            _ => "",
        };
        let id = format!("{prefix}#{ISSUER}{name}");
        // With its valid value, the mark concerns only older tokens.
        let good = json!({ "id": { "S": id }, "not_before": { "N": (T - 1).to_string() } });
        for token in [&jwt, &opaque] {
            case.assert("oauth-tokens", &good, token, ACTIVE, false).await;
            for value in wrong(&["N"]).into_iter().chain([json!({ "N": "1E+100" }), json!({ "N": "-1E+100" })]) {
                case.assert("oauth-tokens", &with(&good, "not_before", Some(&value)), token, "corrupt_mark", true)
                    .await;
            }
            for value in [Some(json!({ "NULL": true })), None] {
                let unlimited = with(&good, "not_before", value.as_ref());
                case.assert("oauth-tokens", &unlimited, token, revoked_by(&id), false).await;
            }
            for name in ["expires_at", "reason", "unknown"] {
                for value in values() {
                    case.assert("oauth-tokens", &with(&good, name, Some(&value)), token, ACTIVE, false).await;
                }
            }
        }
        if prefix == "sub" {
            let spares = with(&good, "not_before", Some(&json!({ "N": T.to_string() })));
            let spares = with(&spares, "except_sid", Some(&json!({ "S": "session-1" })));
            case.assert("oauth-tokens", &spares, &jwt, ACTIVE, false).await;
            for value in wrong(&["S"]) {
                case.assert("oauth-tokens", &with(&spares, "except_sid", Some(&value)), &jwt, "corrupt_mark", true)
                    .await;
            }
            let nobody = with(&spares, "except_sid", Some(&json!({ "NULL": true })));
            case.assert("oauth-tokens", &nobody, &jwt, revoked_by(&id), false).await;
        }
        case.world.delete_item(&id).await;
    }
}

#[tokio::test]
async fn g11_the_attributes_of_a_mark_whose_presence_is_enough_are_not_read() {
    let case = Case::new().await;
    let [jwt, opaque] = case.world.both_forms(&json!({ "iat": T, "exp": T + 600 }));
    let revoked = format!("revoked#{}", sha256_hex(&opaque));
    for (id, token) in [
        (format!("jti#{ISSUER}#jti-1"), &jwt),
        (format!("jti#{ISSUER}#jti-1"), &opaque),
        (format!("kid#{ISSUER}#key-1"), &jwt),
        (revoked, &opaque),
    ] {
        for value in values() {
            let mark = json!({ "id": { "S": id }, "not_before": value, "except_sid": value, "reason": value });
            case.assert("oauth-tokens", &mark, token, revoked_by(&id), false).await;
        }
        case.world.delete_item(&id).await;
        case.world.introspect_at(T, token).await.assert_verdict(ACTIVE, format!("without {id}"));
    }
}

#[tokio::test]
async fn g11_a_client_record_with_a_wrong_type_refuses_and_null_is_absent() {
    let case = Case::new().await;
    let good = json!({
        "client_id": { "S": API }, "client_secret": { "S": sha256_hex(SECRET) }, "disabled": { "BOOL": false },
        "introspection": { "M": { "allowed": { "BOOL": true }, "mode": { "S": "enforce" } } },
    });
    let token = case.world.token(&json!({ "iat": T, "exp": T + 600 }));
    case.assert("oauth-clients", &good, &token, ACTIVE, false).await;
    for (path, accepted) in [
        ("client_secret", vec!["S"]),
        ("previous_client_secret", vec!["S"]),
        ("previous_client_secret_expires_at", vec!["N"]),
        ("issuer", vec!["S"]),
        ("token_endpoint_auth_method", vec!["S"]),
        ("jwks", vec!["S"]),
        ("assertion_audience", vec!["S"]),
        ("tls_client_auth_subject_dn", vec!["S"]),
        ("tls_client_auth_san_dns", vec!["S"]),
        ("tls_client_auth_san_uri", vec!["S"]),
        ("tls_client_auth_san_ip", vec!["S"]),
        ("tls_client_auth_san_email", vec!["S"]),
        ("iam_principal_arn", vec!["S"]),
        ("disabled", vec!["BOOL"]),
        ("introspection", vec!["M"]),
        ("introspection.allowed", vec!["BOOL"]),
        ("introspection.mode", vec!["S"]),
        ("introspection.token_types", vec!["L", "SS"]),
        ("introspection.issuers", vec!["L", "SS"]),
        ("introspection.audiences", vec!["L", "SS"]),
        ("introspection.scopes", vec!["L", "SS"]),
        ("introspection.claims", vec!["L", "SS"]),
        ("introspection.require_signed_response", vec!["BOOL"]),
    ] {
        let lists = if accepted.contains(&"L") { wrong_lists() } else { Vec::new() };
        for value in wrong(&accepted).into_iter().chain(lists) {
            case.assert("oauth-clients", &with(&good, path, Some(&value)), &token, "corrupt_client_record", true).await;
        }
        for value in [Some(json!({ "NULL": true })), None] {
            // Without its secret it is a public client.
            let verdict = if path == "client_secret" { "public_client" } else { ACTIVE };
            case.assert("oauth-clients", &with(&good, path, value.as_ref()), &token, verdict, false).await;
        }
    }
    case.assert(
        "oauth-clients",
        &with(&good, "introspection.mode", Some(&json!({ "S": "off" }))),
        &token,
        "corrupt_client_record",
        true,
    )
    .await;
    for name in ["client_name", "redirect_uris", "allowed_scopes", "expires_at", "unknown", "introspection.unknown"] {
        for value in values() {
            case.assert("oauth-clients", &with(&good, name, Some(&value)), &token, ACTIVE, false).await;
        }
    }
    for list in [json!({ "L": [{ "S": AUDIENCE }] }), json!({ "SS": [AUDIENCE] })] {
        let limited = with(&good, "introspection.audiences", Some(&list));
        case.assert("oauth-clients", &limited, &token, ACTIVE, false).await;
    }
    assert!(case.judged.get() >= 150, "{} client records", case.judged.get());
}

#[tokio::test]
async fn g11_a_previous_secret_without_a_valid_expiry_is_not_accepted() {
    let case = Case::new().await;
    let good = json!({
        "client_id": { "S": API }, "client_secret": { "S": sha256_hex("current") },
        "previous_client_secret": { "S": sha256_hex(SECRET) },
        "previous_client_secret_expires_at": { "N": (T + 1).to_string() },
    });
    let token = case.world.token(&json!({ "iat": T, "exp": T + 600 }));
    case.assert("oauth-clients", &good, &token, ACTIVE, false).await;
    let name = "previous_client_secret_expires_at";
    case.assert("oauth-clients", &with(&good, name, None), &token, "wrong_secret", false).await;
    case.assert("oauth-clients", &with(&good, name, Some(&json!({ "NULL": true }))), &token, "wrong_secret", false)
        .await;
    case.assert(
        "oauth-clients",
        &with(&good, name, Some(&json!({ "N": T.to_string() }))),
        &token,
        "wrong_secret",
        false,
    )
    .await;
    for value in wrong(&["N"]) {
        case.assert("oauth-clients", &with(&good, name, Some(&value)), &token, "corrupt_client_record", true).await;
    }
}
