//! A deployment that has what all kinds of requests need.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use token_introspection::{call, records::sha256_hex, service::Service};

use super::count::Cost;
use crate::{
    authorizer::gateway::{self, Api},
    aws::{self, Aws, KEY},
    confidentiality,
    key_host::KeyHost,
    keys,
    notices::{RECEIVER, entry},
    proxy::Fault,
    world::{API, AUDIENCE, GENERIC, ISSUER, Request, SECRET, World, changed, claims, send},
};

/// An issuer whose keys are fetched.
pub const FETCHED: &str = "https://fetched.example.com";
pub const ADMIN: &str = "admin-console";
pub const APP: &str = "app";
pub const BY_CERTIFICATE: &str = "by-certificate";
pub const BY_KEY: &str = "by-key";
pub const BY_PRINCIPAL: &str = "by-principal";
pub const BY_TOKEN: &str = "by-token";
/// A caller that sees a bound token only with its proof.
pub const ENFORCING: &str = "enforcing";
/// A caller that must get signed answers.
pub const SIGNED_ONLY: &str = "signed-only";

/// The two settings that change what is read.
#[derive(Clone, Copy, Debug)]
pub enum Setup {
    Default,
    Hot,
    Eventual,
    Both,
}

/// Which peers do not answer, and for the store, after how many exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hanging {
    Store(usize),
    KeyHost,
    Signer,
    All,
}

/// What is asked: at an endpoint, or by a gateway for which the function is an authorizer.
pub enum Question {
    Request(Box<Request>),
    Access(gateway::Asked),
}

impl From<Request> for Question {
    fn from(request: Request) -> Self {
        Self::Request(Box::new(request))
    }
}

/// Asks the same each time, with an identifier of its own.
pub type Ask = Box<dyn Fn(&Deployment, &str) -> Question>;

pub struct Deployment {
    pub world: World,
    pub host: KeyHost,
    pub aws: Aws,
    issuers: String,
    /// The time of requests that depend on when keys were fetched.
    pub now: i64,
}

/// A new value for each call.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("unique-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Deployment {
    pub async fn start() -> Self {
        let world = World::new().await;
        let (host, aws) = (KeyHost::start(&json!({ "keys": [world.signer.jwk()] })).await, Aws::start().await);
        let mut own = entry(&json!({ "event_audiences": [RECEIVER] }));
        own["jwks"]["keys"].as_array_mut().unwrap().push(keys::ed25519(Some("revoked"), 1).jwk());
        let generic = json!({ "issuer": GENERIC, "profile": "generic", "jwks": { "keys": [world.signer.jwk()] },
                              "required_claims": { "token_use": "access" } });
        let fetched = json!({ "issuer": FETCHED, "profile": "rfc9068", "jwks_uri": host.url, "algorithms": ["EdDSA"],
                              "logout_audiences": [RECEIVER] });
        let issuers = json!([own, generic, fetched, confidentiality::issuer_with_tenants(&world)]).to_string();
        let deployment = Self { world, host, aws, issuers, now: call::now() };
        deployment.put_clients();
        deployment
    }

    fn put_clients(&self) {
        confidentiality::put_callers(&self.world);
        let secret = sha256_hex(SECRET);
        for (client_id, changes) in [
            (APP, json!({ "client_secret": secret, "issuer": ISSUER })),
            (
                ADMIN,
                json!({ "client_secret": secret, "issuer": ISSUER, "introspection": { "may_revoke_subjects": true } }),
            ),
            (ENFORCING, json!({ "client_secret": secret, "introspection": { "enforce_binding": true } })),
            (SIGNED_ONLY, json!({ "client_secret": secret, "introspection": { "require_signed_response": true } })),
            ("disabled", json!({ "client_secret": secret, "disabled": true })),
            ("corrupt", json!({ "client_secret": secret, "disabled": "no" })),
            ("not-allowed", json!({ "client_secret": secret, "introspection": { "allowed": false } })),
            ("of-fetched", json!({ "client_secret": secret, "issuer": FETCHED })),
            ("public", json!({ "issuer": ISSUER })),
            (BY_TOKEN, json!({ "token_endpoint_auth_method": "bearer", "issuer": ISSUER })),
            (
                BY_KEY,
                json!({ "token_endpoint_auth_method": "private_key_jwt",
                             "jwks": json!({ "keys": [keys::es256(Some("k1")).jwk()] }).to_string() }),
            ),
            (
                BY_PRINCIPAL,
                json!({ "token_endpoint_auth_method": "aws_iam",
                                   "iam_principal_arn": "arn:aws:iam::111122223333:role/Orders" }),
            ),
            (
                BY_CERTIFICATE,
                json!({ "token_endpoint_auth_method": "tls_client_auth",
                                     "tls_client_auth_san_dns": "orders.example.com" }),
            ),
            (
                "provider",
                json!({ "token_endpoint_auth_method": "bearer", "issuer": ISSUER,
                                 "introspection": { "may_revoke_subjects": true, "allowed": false } }),
            ),
        ] {
            self.world.put_client(&changed(&json!({ "client_id": client_id }), &changes));
        }
    }

    /// A new execution environment, with none of what others shared.
    pub async fn environment(&self, setup: Setup) -> Service {
        for item in ["jwks", "fetch"] {
            self.world.delete("oauth-introspection-state", &format!("{item}#{FETCHED}")).await;
        }
        let key = format!("kms:{KEY}");
        let mut settings = vec![
            ("GLOBAL_REVOCATION_ISSUERS", ISSUER),
            // Wrong credentials are throttled after the fifth time.
            ("FAILED_AUTHENTICATION_LIMIT", "5"),
            ("AUTHORIZER_CLIENT_ID", API),
            ("AUTHORIZER_RESPONSE", "simple"),
            ("CORS_ALLOWED_ORIGINS", "https://app.example.com"),
            ("SIGNING_KEY", &key),
        ];
        if matches!(setup, Setup::Hot | Setup::Both) {
            settings.push(("HOT_RECORD_SECONDS", "5"));
        }
        if matches!(setup, Setup::Eventual | Setup::Both) {
            settings.push(("READ_CONSISTENCY", "eventual"));
        }
        let settings = [self.world.token_settings(), settings].concat();
        World::service_beside(&self.world.proxy.url, &self.aws.url, &self.issuers, &settings).await
    }

    /// Asks, and returns the status with the reason, or with the outcome.
    pub async fn ask(&self, service: &Service, ask: &Ask) -> String {
        match ask(self, &unique()) {
            Question::Request(request) => {
                let answer = send(service, (*request).request_id(&unique())).await;
                let why = answer.reason().map_or_else(|| answer.outcome().to_owned(), str::to_owned);
                format!("{} {why}", answer.status.as_u16())
            }
            Question::Access(asked) => {
                format!("{} (authorizer)", gateway::send(Api::Http, service, &asked).await.status)
            }
        }
    }

    /// What was asked of the peers since the last call.
    pub fn take_cost(&self) -> Cost {
        Cost::new(&self.world.proxy.take_requests(), self.host.take_requests(), self.aws.take_operations().len())
    }

    pub fn hang(&self, hanging: Hanging) {
        match hanging {
            Hanging::Store(spared) => self.world.proxy.fail_after(spared, Fault::Hangs),
            Hanging::KeyHost => self.host.hang(),
            Hanging::Signer => self.aws.fail(aws::Fault::Hangs),
            Hanging::All => {
                for peer in [Hanging::Store(0), Hanging::KeyHost, Hanging::Signer] {
                    self.hang(peer);
                }
            }
        }
    }

    /// Ends all faults.
    pub fn recover(&self) {
        self.world.proxy.fail(Fault::None);
        self.aws.fail(aws::Fault::None);
        self.host.publish(200, json!({ "keys": [self.world.signer.jwk()] }).to_string());
    }

    /// A good token of [`FETCHED`].
    pub fn fetched(&self, signer: &crate::signer::Signer, changes: &Value) -> String {
        let claims = claims(&json!({ "iss": FETCHED, "iat": self.now - 10, "exp": self.now + 600 }));
        let claims = changed(&claims, changes);
        signer.token(&json!({ "typ": "at+jwt" }), &claims)
    }

    /// Writes the record of an opaque token, and returns the token.
    pub fn opaque(&self, token: &str, changes: &Value) -> String {
        let record = json!({ "token_type": "access_token", "client_id": APP, "sub": "alice", "aud": AUDIENCE,
                             "exp": call::now() + 600 });
        self.world.put_token(token, &changed(&record, changes));
        token.to_owned()
    }
}
