//! Group O: an answer, its length, its headers and its cost reveal nothing about a token.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use test_support::pages::read;
use token_introspection::{call, outcome, records::sha256_hex, response};

use crate::{
    keys,
    proxy::Fault,
    world::{
        ALL_IN_DYNAMODB, API, AUDIENCE, Answer, GENERIC, ISSUER, OWN, SECRET, World, changed, claims, introspection,
        issuers, request,
    },
};

/// The reads of an opaque token; the second one is only for marks.
const OPAQUE_TRIPS: usize = if ALL_IN_DYNAMODB { 2 } else { 1 };
/// A client that may see refresh tokens of its own.
pub const REFRESHING: &str = "refreshing";
/// A caller that sees only access tokens of one audience, issuer and scope.
pub const NARROW: &str = "narrow";
/// A tenant of an issuer that has several, accepts one client and one audience, and is revoked.
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const TENANTS_ISSUER: &str = "https://tenants.example.com/11111111-2222-3333-4444-555555555555";

/// The entry of that issuer.
pub fn issuer_with_tenants(world: &World) -> Value {
    json!({
        "issuer": "https://tenants.example.com/{tenantid}", "profile": "generic", "tenants": [TENANT],
        "client_ids": ["app"], "audiences": [AUDIENCE], "jwks": { "keys": [world.signer.jwk()] },
    })
}

async fn world() -> World {
    // A second key, which a mark can distrust without the others.
    let mut trusted: Value = serde_json::from_str(&issuers(&keys::ed25519(Some("key-1"), 1))).unwrap();
    trusted[0]["jwks"]["keys"].as_array_mut().unwrap().push(keys::ed25519(Some("revoked"), 1).jwk());
    let mut world = World::new().await;
    trusted.as_array_mut().unwrap().push(issuer_with_tenants(&world));
    world.service = World::service(&world.proxy.url, &trusted.to_string(), &world.token_settings()).await;
    put_callers(&world);
    world
}

/// Writes the records of the two clients above.
pub fn put_callers(world: &World) {
    let refreshing = json!({ "token_types": ["refresh_token"] });
    world.put_client(
        &json!({ "client_id": REFRESHING, "client_secret": sha256_hex(SECRET), "introspection": refreshing }),
    );
    let policy = json!({ "audiences": [AUDIENCE], "issuers": [ISSUER, OWN], "scopes": ["read"] });
    world.put_client(&json!({ "client_id": NARROW, "client_secret": sha256_hex(SECRET), "introspection": policy }));
}

/// Inactive JWTs: the reason, the case, the client that introspects the token, and the token.
pub fn inactive_jwts(world: &World) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let now = call::now();
    let jwt = |changes: Value| world.token(&changes);
    let typed = |typ: &str| world.signer.token(&json!({ "typ": typ }), &claims(&json!({})));
    let generic = |changes: &Value| {
        let mut claims = claims(&json!({ "iss": GENERIC, "token_use": "access" }));
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        world.signer.token(&json!({}), &claims)
    };
    for (mark, attributes) in [
        (format!("jti#{ISSUER}#revoked"), json!({ "reason": "stolen" })),
        (format!("grant#{ISSUER}#revoked"), json!({})),
        (format!("sid#{ISSUER}#revoked"), json!({})),
        (format!("sub#{ISSUER}#revoked"), json!({ "not_before": now })),
        (format!("client#{ISSUER}#revoked"), json!({})),
        (format!("kid#{ISSUER}#revoked"), json!({})),
        (format!("sid#{ISSUER}#corrupt"), json!({ "not_before": "yesterday" })),
        (format!("iss#{TENANTS_ISSUER}"), json!({})),
    ] {
        world.put_mark(&mark, &attributes);
    }
    let good = jwt(json!({}));
    let other = jwt(json!({ "jti": "jti-2" }));
    let ((signed, _), (_, other_signature)) = (good.rsplit_once('.').unwrap(), other.rsplit_once('.').unwrap());
    let by =
        |kid: Option<&str>, number| keys::ed25519(kid, number).token(&json!({ "typ": "at+jwt" }), &claims(&json!({})));
    let tenants = |changes: Value| {
        let own = json!({ "iss": TENANTS_ISSUER, "tid": TENANT });
        world.signer.token(&json!({}), &changed(&claims(&own), &changes))
    };
    let headed =
        |header: Value| world.signer.token(&changed(&json!({ "typ": "at+jwt" }), &header), &claims(&json!({})));
    let unsecured = world.signer.sign(r#"{"alg":"none","typ":"at+jwt"}"#, &claims(&json!({})).to_string());
    vec![
        ("expired", "expired", API, jwt(json!({ "exp": now }))),
        ("not_yet_valid", "not yet valid", API, jwt(json!({ "nbf": now + 600 }))),
        ("issued_in_the_future", "from the future", API, jwt(json!({ "iat": now + 600 }))),
        ("revoked_token", "revoked by jti", API, jwt(json!({ "jti": "revoked" }))),
        ("revoked_grant", "revoked by grant", API, jwt(json!({ "grant_id": "revoked" }))),
        ("revoked_session", "revoked by session", API, jwt(json!({ "sid": "revoked" }))),
        ("revoked_subject", "revoked by subject", API, jwt(json!({ "sub": "revoked" }))),
        ("revoked_client", "revoked by client", API, jwt(json!({ "client_id": "revoked" }))),
        ("revoked_signing_key", "revoked by key", API, by(Some("revoked"), 1)),
        ("corrupt_mark", "a corrupt mark", API, jwt(json!({ "sid": "corrupt" }))),
        ("untrusted_issuer", "untrusted issuer", API, jwt(json!({ "iss": "https://stranger.example" }))),
        ("untrusted_issuer", "issuer with a slash", API, jwt(json!({ "iss": format!("{ISSUER}/") }))),
        ("untrusted_issuer", "no issuer", API, jwt(json!({ "iss": null }))),
        ("wrong_tenant", "another tenant", API, tenants(json!({ "tid": "another" }))),
        ("wrong_client", "another client", API, tenants(json!({ "client_id": "another" }))),
        ("wrong_audience", "another audience", API, tenants(json!({ "aud": "https://other.example" }))),
        ("revoked_issuer", "revoked by issuer", API, tenants(json!({}))),
        ("critical_extension", "a critical extension", API, headed(json!({ "crit": ["exp"] }))),
        ("unencoded_payload", "an unencoded payload", API, headed(json!({ "b64": false }))),
        ("missing_claim", "a missing claim", API, jwt(json!({ "jti": null }))),
        ("wrong_claim_type", "a claim of another type", API, jwt(json!({ "sub": 1 }))),
        ("wrong_typ", "an ID token's type", API, typed("JWT")),
        ("not_an_access_token", "an ID token's claims", API, generic(&json!({ "at_hash": "n" }))),
        ("required_claim", "another use", API, generic(&json!({ "token_use": "id" }))),
        ("wrong_algorithm", "alg none", API, unsecured),
        ("bad_signature", "no signature", API, format!("{signed}.")),
        ("bad_signature", "another signature", API, format!("{signed}.{other_signature}")),
        ("bad_signature", "forged", API, by(Some("key-1"), 2)),
        ("unknown_key", "unknown key", API, by(Some("key-2"), 1)),
        ("unknown_key", "no kid", API, by(None, 2)),
        ("malformed", "unreadable payload", API, world.signer.sign(r#"{"alg":"EdDSA","kid":"key-1"}"#, "no JSON")),
        ("unrevocable", "could not be revoked", API, jwt(json!({ "sub": "s".repeat(2048) }))),
        ("too_long", "too long", API, jwt(json!({ "padding": "p".repeat(12_500) }))),
        ("audience_hidden", "not for this audience", NARROW, jwt(json!({ "aud": "https://other.example" }))),
        ("issuer_hidden", "of an issuer that is hidden", NARROW, generic(&json!({}))),
        ("scopes_hidden", "with only hidden scopes", NARROW, jwt(json!({ "scope": "write admin" }))),
    ]
}

/// The same for opaque tokens.
pub fn inactive_opaques(world: &World) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let now = call::now();
    for kind in ["grant", "sid", "sub", "client"] {
        world.put_mark(&format!("{kind}#{OWN}#revoked"), &json!({}));
    }
    world.put_mark(&format!("sid#{OWN}#corrupt"), &json!({ "not_before": "yesterday" }));
    world.put_mark(&format!("iss#{TENANTS_ISSUER}"), &json!({}));
    world.put_mark(&format!("revoked#{}", sha256_hex("revoked by its mark")), &json!({}));
    let cases = [
        ("unknown_token", "unknown", API, None),
        ("expired", "expired", API, Some(json!({ "exp": now }))),
        ("not_yet_valid", "not yet valid", API, Some(json!({ "nbf": now + 600 }))),
        ("issued_in_the_future", "from the future", API, Some(json!({ "iat": now + 600 }))),
        ("revoked_token", "revoked by its mark", API, Some(json!({}))),
        ("revoked_record", "revoked by its record", API, Some(json!({ "revoked": true }))),
        ("revoked_grant", "revoked by grant", API, Some(json!({ "grant_id": "revoked" }))),
        ("revoked_session", "revoked by session", API, Some(json!({ "sid": "revoked" }))),
        ("revoked_subject", "revoked by subject", API, Some(json!({ "sub": "revoked" }))),
        ("revoked_client", "revoked by client", API, Some(json!({ "client_id": "revoked" }))),
        ("revoked_issuer", "revoked by issuer", API, Some(json!({ "iss": TENANTS_ISSUER }))),
        ("corrupt_mark", "a corrupt mark", API, Some(json!({ "sid": "corrupt" }))),
        ("unrevocable", "could not be revoked", API, Some(json!({ "sub": "s".repeat(2048) }))),
        ("issuer_hidden", "of an issuer that is hidden", NARROW, Some(json!({ "iss": GENERIC }))),
        ("corrupt_record", "without exp", API, Some(json!({ "exp": null }))),
        ("corrupt_record", "a corrupt record", API, Some(json!({ "sub": 1 }))),
        ("untrusted_issuer", "untrusted issuer", API, Some(json!({ "iss": "https://stranger.example" }))),
        (
            "foreign_refresh_token",
            "another client's refresh token",
            REFRESHING,
            Some(json!({ "token_type": "refresh_token" })),
        ),
        (
            "token_type_hidden",
            "its own refresh token",
            API,
            Some(json!({ "token_type": "refresh_token", "client_id": API })),
        ),
        ("audience_hidden", "not for this audience", NARROW, Some(json!({ "aud": ["https://other.example"] }))),
        ("audience_hidden", "without audience", NARROW, Some(json!({ "aud": null }))),
        ("scopes_hidden", "with only hidden scopes", NARROW, Some(json!({ "scope": "write" }))),
        ("unknown_token", "a dot . or . two", API, None),
    ];
    let mut tokens = Vec::new();
    for (reason, case, caller, changes) in cases {
        if let Some(changes) = changes {
            let mut record =
                json!({ "token_type": "access_token", "client_id": "app", "aud": AUDIENCE, "exp": now + 600 });
            record.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            world.put_token(case, &record);
        }
        tokens.push((reason, case, caller, case.to_owned()));
    }
    tokens.push(("too_long", "too long", API, "t".repeat(16 * 1024 + 1)));
    tokens
}

/// Introspects a token, and returns the answer with the requests to the store.
async fn ask(world: &World, caller: &str, token: &str) -> (Answer, Vec<String>) {
    world.proxy.take_requests();
    let answer = world.send(request().basic(caller, SECRET).body(format!("token={token}"))).await;
    (answer, world.proxy.take_requests().into_iter().map(|(operation, _)| operation).collect())
}

#[tokio::test]
async fn o01_o02_o03_all_inactive_jwts_get_the_same_bytes_after_one_read() {
    let world = world().await;
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    for (reason, case, caller, token) in inactive_jwts(&world) {
        let (answer, reads) = ask(&world, caller, &token).await;
        answer.assert_verdict(reason, case);
        assert_eq!(answer.all_headers(), headers, "{case}");
        assert_eq!(reads, ["BatchGetItem"], "{case}");
    }
    for caller in [API, NARROW] {
        let (answer, reads) = ask(&world, caller, &world.token(&json!({}))).await;
        answer.assert_active();
        assert_eq!(reads, ["BatchGetItem"], "an active token costs the same");
    }
}

#[tokio::test]
async fn o01_o02_o03_all_inactive_opaque_tokens_get_the_same_bytes_after_two_reads() {
    let world = world().await;
    let (expected, _) = ask(&world, API, &world.token(&json!({ "exp": 1 }))).await;
    expected.assert_inactive("expired");
    for (reason, case, caller, token) in inactive_opaques(&world) {
        let (answer, reads) = ask(&world, caller, &token).await;
        assert_eq!(answer, expected, "{case}");
        answer.assert_verdict(reason, case);
        assert_eq!(reads, vec!["BatchGetItem"; OPAQUE_TRIPS], "{case}");
    }
    let record = json!({ "token_type": "access_token", "client_id": "app", "aud": AUDIENCE, "exp": call::now() + 600 });
    world.put_token("active", &record);
    for caller in [API, NARROW] {
        let (answer, reads) = ask(&world, caller, "active").await;
        answer.assert_active();
        assert_eq!(reads, vec!["BatchGetItem"; OPAQUE_TRIPS], "an active token costs the same");
    }
}

/// What only a JWT, only an opaque token, and no token that is introspected can be. Proofs have tests of their own.
const ONLY_JWTS: [&str; 15] = [
    "bad_signature",
    "critical_extension",
    "malformed",
    "missing_claim",
    "not_an_access_token",
    "required_claim",
    "revoked_signing_key",
    "unencoded_payload",
    "unknown_key",
    "wrong_algorithm",
    "wrong_audience",
    "wrong_claim_type",
    "wrong_client",
    "wrong_tenant",
    "wrong_typ",
];
const ONLY_OPAQUES: [&str; 5] =
    ["corrupt_record", "foreign_refresh_token", "revoked_record", "token_type_hidden", "unknown_token"];
const ONLY_REVOKED: &str = "foreign_token";

#[tokio::test]
async fn o02_the_cases_have_every_reason_of_an_inactive_token() {
    let page = read("docs/reasons.md");
    let section = page.split_once("\n## Inactive tokens\n").unwrap().1.split("\n### Proofs").next().unwrap();
    let documented = |without: &[&str]| -> BTreeSet<String> {
        let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let names = names.filter(|name| *name != "reason" && *name != ONLY_REVOKED && !without.contains(name));
        names.map(str::to_owned).collect()
    };
    let world = world().await;
    let reasons = |cases: &[(&str, &str, &str, String)]| -> BTreeSet<String> {
        cases.iter().map(|(reason, ..)| (*reason).to_owned()).collect()
    };
    assert_eq!(reasons(&inactive_jwts(&world)), documented(&ONLY_OPAQUES));
    assert_eq!(reasons(&inactive_opaques(&world)), documented(&ONLY_JWTS));
}

#[tokio::test]
async fn o05_an_opaque_token_is_looked_up_by_its_digest_and_never_sent_to_the_store() {
    let world = World::new().await;
    let record = json!({ "token_type": "access_token", "client_id": "app", "exp": call::now() + 600 });
    let mut plain = record.clone();
    for id in ["token#stored-in-the-clear", "stored-in-the-clear"] {
        plain["id"] = json!(id);
        world.put_item(&plain);
    }
    world.introspect("stored-in-the-clear").await.assert_inactive("unknown_token");
    world.put_token("opaque-token", &record);
    world.introspect("opaque-token").await.assert_active();
    // A leaked digest is not accepted as a token.
    world.introspect(&sha256_hex("opaque-token")).await.assert_inactive("unknown_token");
    let jwt = world.token(&json!({}));
    world.introspect(&jwt).await.assert_active();
    let sent = format!("{:?}", world.proxy.take_requests());
    assert_eq!(sent.contains(&format!("token#{}", sha256_hex("opaque-token"))), ALL_IN_DYNAMODB);
    for secret in ["opaque-token", "stored-in-the-clear", &jwt, SECRET, &sha256_hex(SECRET)] {
        assert!(!sent.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn o04_no_error_body_repeats_what_was_sent() {
    let world = World::with(&[("FAILED_AUTHENTICATION_LIMIT", "2")]).await;
    let (id, secret, token) = ("id-in-the-request", "secret-in-the-request", "token-in-the-request");
    let form = [("token", token), ("client_id", id), ("client_secret", secret)];
    let ask = || introspection(token).basic(id, secret);
    let requests = [
        (404, ask().path(&format!("/{token}"))),
        (405, ask().method(http::Method::PUT)),
        (400, ask().query(&format!("token={token}&{secret}"))),
        (415, ask().header("content-type", token)),
        (413, ask().form(&[("token", &token.repeat(1500))])),
        (400, ask().body(format!("token={token}&token={token}"))),
        (400, ask().form(&form)),
        (400, ask().header("authorization", &format!("Basic {secret}"))),
        (400, ask().form(&[("token", token), ("client_id", "another-in-the-request")])),
        (401, request().form(&form[..2])),
        (401, ask()),
        (401, request().form(&form)),
        (429, ask()),
        (503, ask().within(std::time::Duration::ZERO)),
    ];
    for (status, request) in requests {
        let answer = world.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        assert!(!format!("{answer:?}").contains("in-the-request"), "{status}: {answer:?}");
    }
}

#[tokio::test]
async fn o09_a_failure_is_503_with_the_request_id_and_no_internals() {
    let world = World::new().await;
    for fault in
        [Fault::ServerError, Fault::Throttled, Fault::AccessDenied, Fault::Resets, Fault::Truncated, Fault::Empty]
    {
        world.proxy.fail(fault);
        let mut request = introspection("x");
        request.0.request_id = "id-7".to_owned();
        let answer = world.send(request).await;
        let headers = [
            ("cache-control", "no-store"),
            ("content-type", "application/json"),
            ("pragma", "no-cache"),
            ("retry-after", "1"),
            ("x-content-type-options", "nosniff"),
        ];
        let body = r#"{"error":"temporarily_unavailable","error_description":"the token cannot be checked now; request id-7"}"#;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (503, body), "{fault:?}");
        assert_eq!(answer.all_headers(), headers, "{fault:?}");
    }
}

#[test]
fn o09_a_defect_is_500_with_the_request_id_and_no_internals() {
    let (parts, body) = response::render(&outcome::Outcome::Internal, "id-7").into_parts();
    let answer = Answer { status: parts.status, headers: parts.headers, body, audit: vec![serde_json::Map::new()] };
    assert_eq!(answer.body, r#"{"error":"server_error","error_description":"request id-7"}"#);
    assert_eq!(answer.assert_error(500, "server_error", None), "request id-7");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
}
