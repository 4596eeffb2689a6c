//! The N-th exchange of a request fails, in every way: the answer is the right one or "don't know", in time, and the next
//! request gets the right one.
//!
//! Each line of the service is run once without a fault, which counts its exchanges with the store and gives the right
//! answer. Then each exchange fails in each way, once and from then on, each time in an execution environment of its own.
//! The limits of time here are those of a busy machine; `cost` lets each exchange hang, and has the exact ones.

mod key_hosts;
#[cfg(feature = "redis")]
mod redis;
mod resets;
mod signers;
mod store;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use token_introspection::{records::sha256_hex, service::Service};

use crate::{
    key_host::KeyHost,
    keys,
    notices::{RECEIVER, entry, log_out},
    time::fast_forward,
    world::{
        API, AUDIENCE, Answer, ISSUER, OWN, Request, SECRET, World, changed, claims, introspection, request, send,
    },
};

/// The time of the requests.
const T: i64 = 1_800_000_000;
/// An issuer whose keys are fetched.
const FETCHED: &str = "https://fetched.example.com";
const BY_KEY: &str = "by-key";
const BY_TOKEN: &str = "by-token";
const ADMIN: &str = "admin-console";

/// A request of one kind: always the same question, with an identifier of its own; and what it writes.
type Line = (&'static str, fn(&Deployment, &str) -> Request, &'static [Written]);

/// What a request writes for its identifier, if its answer says that all is well.
enum Written {
    /// A mark of this kind.
    Mark(&'static str),
    /// That it was used. The same text then gets this reason.
    Use(&'static str),
}

const LINES: [Line; 13] = [
    ("a JWT", |at, _| introspection(&at.token(&json!({}))), &[]),
    ("a revoked JWT", |at, _| introspection(&at.token(&json!({ "sid": "revoked" }))), &[]),
    (
        "a JWT of an issuer whose keys are fetched",
        |at, _| {
            let claims = claims(&json!({ "iss": FETCHED, "iat": T - 5, "exp": T + 600 }));
            introspection(&at.world.signer.token(&json!({ "typ": "at+jwt" }), &claims))
        },
        &[],
    ),
    ("an opaque token", |_, _| introspection("opaque"), &[]),
    ("an unknown token", |_, _| introspection("unknown"), &[]),
    ("wrong credentials", |_, _| request().basic(API, "wrong").form(&[("token", "unknown")]), &[]),
    (
        "a caller with an assertion",
        |_, id| {
            let claims = json!({ "iss": BY_KEY, "sub": BY_KEY, "aud": OWN, "iat": T, "exp": T + 60, "jti": id });
            let assertion = keys::es256(Some("k1")).token(&json!({}), &claims);
            let assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            request().form(&[
                ("token", "opaque"),
                ("client_assertion_type", assertion_type),
                ("client_assertion", &assertion),
            ])
        },
        &[Written::Use("assertion_replayed")],
    ),
    (
        "a caller with a token",
        |at, _| {
            let own =
                json!({ "aud": OWN, "client_id": BY_TOKEN, "sub": BY_TOKEN, "scope": "introspection", "jti": "own" });
            request().header("authorization", &format!("Bearer {}", at.token(&own))).form(&[("token", "opaque")])
        },
        &[],
    ),
    (
        "a batch",
        |at, _| {
            let body = json!({ "tokens": [at.token(&json!({})), "opaque", "unknown"] }).to_string();
            let batch = request().path("/token/introspect/batch").header("content-type", "application/json");
            batch.body(body).basic(API, SECRET)
        },
        &[],
    ),
    (
        "a revocation of a JWT",
        |at, id| {
            let token = at.token(&json!({ "client_id": API, "jti": id }));
            request().path("/token/revoke").basic(API, SECRET).form(&[("token", &token)])
        },
        &[Written::Mark("jti")],
    ),
    (
        "a log-out",
        |at, id| {
            let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
            let claims = json!({ "iss": ISSUER, "aud": RECEIVER, "iat": T, "exp": T + 120, "jti": id, "sid": id,
                             "events": event });
            log_out(&at.world.signer.token(&json!({ "typ": "logout+jwt" }), &claims))
        },
        &[Written::Mark("sid"), Written::Use("replayed")],
    ),
    (
        "a security event",
        |at, id| {
            let claims = json!({
                "iss": ISSUER, "aud": RECEIVER, "iat": T - 5, "jti": id,
                "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": id },
                "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} },
            });
            let event = at.world.signer.token(&json!({ "typ": "secevent+jwt" }), &claims);
            request().path("/events").header("content-type", "application/secevent+jwt").body(event)
        },
        &[Written::Mark("sub")],
    ),
    (
        "a revocation of a subject",
        |_, id| {
            let body = json!({ "sub_id": { "format": "iss_sub", "iss": ISSUER, "sub": id } }).to_string();
            let revocation = request().path("/global-token-revocation").header("content-type", "application/json");
            revocation.body(body).basic(ADMIN, SECRET)
        },
        &[Written::Mark("sub")],
    ),
];

/// A new value for each call.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("unique-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A deployment that has what all lines need.
struct Deployment {
    world: World,
    host: KeyHost,
    issuers: String,
}

impl Deployment {
    async fn start() -> Self {
        let world = World::new().await;
        let host = KeyHost::start(&json!({ "keys": [world.signer.jwk()] })).await;
        let fetched = json!({ "issuer": FETCHED, "profile": "rfc9068", "jwks_uri": host.url, "algorithms": ["EdDSA"] });
        let issuers = json!([entry(&json!({ "event_audiences": [RECEIVER] })), fetched]).to_string();
        world.put_client(&json!({
            "client_id": BY_KEY, "token_endpoint_auth_method": "private_key_jwt",
            "jwks": json!({ "keys": [keys::es256(Some("k1")).jwk()] }).to_string(),
        }));
        world.put_client(&json!({ "client_id": BY_TOKEN, "token_endpoint_auth_method": "bearer", "issuer": ISSUER }));
        world.put_client(&json!({ "client_id": ADMIN, "client_secret": sha256_hex(SECRET), "issuer": ISSUER,
                                  "introspection": { "may_revoke_subjects": true } }));
        world.put_token(
            "opaque",
            &json!({ "token_type": "access_token", "client_id": "app", "sub": "alice",
                                           "aud": AUDIENCE, "sid": "s-9", "iat": T - 5, "exp": T + 600 }),
        );
        world.put_mark(&format!("sid#{ISSUER}#revoked"), &json!({}));
        Self { world, host, issuers }
    }

    /// A new execution environment, with none of what others shared.
    async fn environment(&self) -> Service {
        for item in ["jwks", "fetch"] {
            self.world.delete("oauth-introspection-state", &format!("{item}#{FETCHED}")).await;
        }
        let settings = [
            self.world.token_settings(),
            vec![("GLOBAL_REVOCATION_ISSUERS", ISSUER), ("FAILED_AUTHENTICATION_LIMIT", "1000000")],
        ];
        World::service(&self.world.proxy.url, &self.issuers, &settings.concat()).await
    }

    /// A good token with these claims changed.
    fn token(&self, changes: &Value) -> String {
        let times = json!({ "iat": T - 5, "exp": T + 600 });
        self.world.token(&changed(&times, changes))
    }

    /// Asks while nothing fails. The time passes as it does, because a store in another process needs it.
    async fn ask(&self, service: &Service, line: &Line, seconds: i64) -> Answer {
        send(service, self.request(line, &unique(), seconds, Duration::from_secs(10))).await
    }

    /// Asks while something fails. The time that is waited for it passes almost at once.
    async fn ask_during_a_fault(&self, service: &Service, line: &Line, id: &str) -> Answer {
        fast_forward(send(service, self.request(line, id, 0, Duration::from_millis(700)))).await
    }

    /// Checks that this is in the store.
    async fn assert_written(&self, service: &Service, line: &Line, id: &str, case: &str) {
        for written in line.2 {
            match written {
                Written::Mark(kind) => {
                    let mark = self.world.stored_mark(&format!("{kind}#{ISSUER}#{id}")).await;
                    assert!(!mark.is_null(), "{case}: the mark is missing");
                }
                Written::Use(reason) => {
                    let again = send(service, self.request(line, id, 0, Duration::from_secs(10))).await;
                    assert_eq!(again.reason(), Some(*reason), "{case}: it can be used again");
                }
            }
        }
    }

    fn request(&self, line: &Line, id: &str, seconds: i64, time_left: Duration) -> Request {
        line.1(self, id).at(T + seconds).request_id(&unique()).within(time_left)
    }
}

/// What a caller gets.
fn answer(answer: &Answer) -> (u16, String, Option<String>) {
    (answer.status.as_u16(), answer.body.clone(), answer.reason().map(str::to_owned))
}
