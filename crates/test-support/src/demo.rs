//! The demo: an issuer, clients that may introspect, and tokens of every kind. The function itself never uses it.

use std::io;

use serde_json::{Value, json};
use token_introspection::digest::Digest;

use crate::{engine::Engine, signer::Signer};

/// The issuer of the JWTs.
pub const TRUSTED_ISSUER: &str = "https://issuer.demo.example";
/// A trusted issuer whose keys cannot be fetched.
pub const UNREACHABLE_ISSUER: &str = "https://unreachable.demo.example";
/// The client at which the demo's issuer reports log-outs.
pub const RECEIVER: &str = "introspection";
/// The audience of the demo's tokens.
const ORDERS: &str = "https://orders.demo.example";

/// A resource server that may see every token.
pub const ORDERS_API: (&str, &str) = ("orders-api", "dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM");
/// A resource server that may see tokens for orders with the scope `orders:read`, and only registered claims.
pub const BILLING_API: (&str, &str) = ("billing-api", "b7Yw2RkX9cVt4LhQ1nZs6MpF3jDg8EaT5uKo0WxC2iN");
/// A client that may see its own refresh tokens.
pub const WEB_APP: (&str, &str) = ("web-app", "w3Jp8TzN5rKd1GxV6bHq9LmS4cFy7EaR2uWo0QiX5nB");
/// An administrator's system, which may revoke all tokens of a subject of our own issuer.
pub const ADMIN_CONSOLE: (&str, &str) = ("admin-console", "k3Vn8XqT5rLd7GwY2bHp9JmS6cZy4EaR1uFo0QiN3tB");
/// A public client, which may not introspect.
pub const SPA: &str = "spa";

pub const OPAQUE_TOKEN: &str = "demo-opaque-token-4fXq8Zr2Lw";
pub const REFRESH_TOKEN: &str = "demo-refresh-token-9kVb3Tn7Ym";
/// The times of tokens that must not change between runs: 2026-01-01 and 2100-01-01.
const LONG_AGO: i64 = 1_767_225_600;
const FAR_AHEAD: i64 = 4_102_444_800;

/// The key of the demo's issuer. It is public, so a function that trusts this issuer accepts tokens from any attacker.
pub fn signer() -> Signer {
    Signer::ed25519(Some("demo-key"), *b"token-introspection demo key !!!")
}

/// The key set that the demo's issuer publishes.
pub fn key_set() -> Value {
    json!({ "keys": [signer().jwk()] })
}

/// The JWTs of the demo, by name.
pub struct Jwts {
    pub active: String,
    pub expired: String,
    pub revoked: String,
    /// For another audience than that of the other tokens.
    pub elsewhere: String,
    /// The claims of an active token, signed with another key.
    pub forged: String,
    /// Of [`UNREACHABLE_ISSUER`].
    pub unverifiable: String,
    /// Of an issuer that is not trusted: an access token of Amazon Cognito.
    pub untrusted: String,
}

/// Tokens whose texts never change, so that recorded events can contain them.
pub fn jwts() -> Jwts {
    let claims = |jti: &str, expires_at: i64| {
        json!({
            "iss": TRUSTED_ISSUER, "sub": "alice", "aud": ORDERS, "client_id": WEB_APP.0,
            "scope": "orders:read orders:write", "iat": LONG_AGO, "exp": expires_at, "jti": jti,
            "sid": "session-1", "department": "sales",
        })
    };
    let header = json!({ "typ": "at+jwt" });
    let token = |claims: &Value| signer().token(&header, claims);
    let other = |jti: &str, name: &str, value: &str| {
        let mut claims = claims(jti, FAR_AHEAD);
        claims[name] = value.into();
        claims
    };
    let other_key = Signer::ed25519(Some("demo-key"), *b"token-introspection forged key !");
    Jwts {
        active: token(&claims("demo-active", FAR_AHEAD)),
        expired: token(&claims("demo-expired", LONG_AGO + 3600)),
        revoked: token(&claims("demo-revoked", FAR_AHEAD)),
        elsewhere: token(&other("demo-elsewhere", "aud", "https://payments.demo.example")),
        forged: other_key.token(&header, &claims("demo-active", FAR_AHEAD)),
        unverifiable: token(&other("demo-unverifiable", "iss", UNREACHABLE_ISSUER)),
        untrusted: signer().token(
            &json!({}),
            &json!({
                "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", "sub": "alice",
                "token_use": "access", "client_id": "4k3r5n2p1q", "username": "alice", "version": 2,
                "scope": "openid orders/read", "auth_time": LONG_AGO, "iat": LONG_AGO, "exp": FAR_AHEAD,
                "jti": "demo-untrusted", "origin_jti": "demo-session", "event_id": "demo-event",
            }),
        ),
    }
}

/// The demo's trusted issuers, as `TRUSTED_ISSUERS`, if the server with this address publishes the demo's keys.
pub fn trusted_issuers(url: &str) -> [Value; 2] {
    [
        json!({
            "issuer": TRUSTED_ISSUER, "profile": "rfc9068", "jwks_uri": format!("{url}/demo-issuer/jwks.json"),
            "logout_audiences": [RECEIVER], "event_audiences": [RECEIVER],
        }),
        json!({
            "issuer": UNREACHABLE_ISSUER, "profile": "rfc9068",
            "jwks_uri": format!("{url}/demo-issuer/unreachable"),
        }),
    ]
}

/// A request of the guide, and its answer.
pub struct Example {
    pub what: &'static str,
    pub client: (&'static str, &'static str),
    pub path: &'static str,
    /// A header in addition to the credentials.
    pub header: Option<(&'static str, &'static str)>,
    pub body: fn(&Jwts) -> String,
    pub answer: Answer,
}

/// In a text, `{issuer}` means our own issuer identifier, which is the issuer of the opaque tokens.
pub enum Answer {
    Body(&'static str),
    /// A JWT that differs each time, with this claim `token_introspection`.
    Signed(&'static str),
    NoBody,
}

impl Answer {
    /// The answer as the guide shows it, for the server with this issuer identifier.
    pub fn shown(&self, issuer: &str) -> String {
        match self {
            Self::Body(text) => text.replace("{issuer}", issuer),
            Self::Signed(text) => {
                format!("a signed JWT with token_introspection {}", text.replace("{issuer}", issuer))
            }
            Self::NoBody => "200, without a body".to_owned(),
        }
    }
}

const INTROSPECT: &str = "/token/introspect";
const OPAQUE_ANSWER: &str = r#"{"active":true,"iss":"{issuer}","sub":"alice","aud":"https://orders.demo.example","client_id":"web-app","scope":"orders:read","token_type":"Bearer","exp":4102444800,"iat":1767225600}"#;

/// The requests of the guide, in order: after the revocation, answers differ.
pub const EXAMPLES: [Example; 13] = [
    introspection(
        "an active JWT",
        ORDERS_API,
        |jwts| form(&jwts.active),
        r#"{"active":true,"iss":"https://issuer.demo.example","sub":"alice","aud":"https://orders.demo.example","client_id":"web-app","scope":"orders:read orders:write","token_type":"Bearer","exp":4102444800,"iat":1767225600,"jti":"demo-active","department":"sales","sid":"session-1"}"#,
    ),
    introspection(
        "the same for a resource server that may see less",
        BILLING_API,
        |jwts| form(&jwts.active),
        r#"{"active":true,"iss":"https://issuer.demo.example","sub":"alice","aud":"https://orders.demo.example","client_id":"web-app","scope":"orders:read","token_type":"Bearer","exp":4102444800,"iat":1767225600,"jti":"demo-active"}"#,
    ),
    introspection("an expired JWT", ORDERS_API, |jwts| form(&jwts.expired), r#"{"active":false}"#),
    introspection(
        "a revoked JWT, whose signature and times are valid",
        ORDERS_API,
        |jwts| form(&jwts.revoked),
        r#"{"active":false}"#,
    ),
    introspection("an opaque access token", ORDERS_API, |_| form(OPAQUE_TOKEN), OPAQUE_ANSWER),
    Example {
        header: Some(("Accept", "application/token-introspection+jwt")),
        answer: Answer::Signed(OPAQUE_ANSWER),
        ..introspection("the same as a signed answer (RFC 9701)", ORDERS_API, |_| form(OPAQUE_TOKEN), "")
    },
    Example {
        path: "/token/introspect/batch",
        header: Some(("Content-Type", "application/json")),
        body: |_| json!({ "tokens": [OPAQUE_TOKEN, "unknown"] }).to_string(),
        ..introspection(
            "two tokens at once",
            ORDERS_API,
            |_| String::new(),
            r#"{"results":[{"active":true,"iss":"{issuer}","sub":"alice","aud":"https://orders.demo.example","client_id":"web-app","scope":"orders:read","token_type":"Bearer","exp":4102444800,"iat":1767225600},{"active":false}]}"#,
        )
    },
    introspection(
        "a refresh token, for its own client",
        WEB_APP,
        |_| form(REFRESH_TOKEN),
        r#"{"active":true,"iss":"{issuer}","sub":"alice","aud":"https://orders.demo.example","client_id":"web-app","scope":"orders:read","exp":4102444800,"iat":1767225600}"#,
    ),
    introspection(
        "the same refresh token, for another client",
        ORDERS_API,
        |_| form(REFRESH_TOKEN),
        r#"{"active":false}"#,
    ),
    Example {
        path: "/token/revoke",
        answer: Answer::NoBody,
        ..introspection("its client revokes it (RFC 7009)", WEB_APP, |_| form(REFRESH_TOKEN), "")
    },
    introspection(
        "it is now inactive, until this server is restarted",
        WEB_APP,
        |_| form(REFRESH_TOKEN),
        r#"{"active":false}"#,
    ),
    introspection(
        "a wrong secret",
        (ORDERS_API.0, "wrong"),
        |jwts| form(&jwts.active),
        r#"{"error":"invalid_client"}"#,
    ),
    introspection("a public client", (SPA, "anything"), |jwts| form(&jwts.active), r#"{"error":"invalid_client"}"#),
];

const fn introspection(
    what: &'static str,
    client: (&'static str, &'static str),
    body: fn(&Jwts) -> String,
    answer: &'static str,
) -> Example {
    Example { what, client, path: INTROSPECT, header: None, body, answer: Answer::Body(answer) }
}

/// The token as a parameter. The demo's tokens need no encoding.
fn form(token: &str) -> String {
    format!("token={token}")
}

/// Writes the demo's clients, records and marks.
pub fn seed(engine: &Engine) -> io::Result<()> {
    let confidential = |(client_id, secret): (&str, &str), introspection: Value| json!({ "client_id": client_id, "client_secret": Digest::of(secret).to_hex(), "introspection": introspection });
    for client in [
        confidential(ORDERS_API, json!({})),
        confidential(BILLING_API, json!({ "audiences": [ORDERS], "scopes": ["orders:read"], "claims": [] })),
        confidential(WEB_APP, json!({ "token_types": ["access_token", "refresh_token"] })),
        confidential(ADMIN_CONSOLE, json!({ "allowed": false, "may_revoke_subjects": true })),
        json!({ "client_id": SPA }),
        // These clients authenticate only through a gateway, which only the recorded events have.
        json!({
            "client_id": "warehouse-api", "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_san_dns": "orders.example.com",
        }),
        json!({
            "client_id": "report-job", "token_endpoint_auth_method": "aws_iam",
            "iam_principal_arn": "arn:aws:iam::123456789012:role/services/ReportJob",
        }),
    ] {
        engine.put("oauth-clients", &client)?;
    }
    let record = |token: &str, token_type: &str| {
        json!({
            "id": format!("token#{}", Digest::of(token).to_hex()), "token_type": token_type, "client_id": WEB_APP.0,
            "sub": "alice", "scope": "orders:read", "aud": ORDERS, "iat": LONG_AGO, "exp": FAR_AHEAD,
        })
    };
    for item in [
        record(OPAQUE_TOKEN, "access_token"),
        record(REFRESH_TOKEN, "refresh_token"),
        json!({ "id": format!("jti#{TRUSTED_ISSUER}#demo-revoked"), "reason": "demo" }),
    ] {
        engine.put("oauth-tokens", &item)?;
    }
    Ok(())
}
