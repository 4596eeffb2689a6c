//! Everything that a test needs: a service over an engine, clients, keys and tokens, and a way to ask.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use token_introspection::{
    call::{self, Call, Identity},
    records::sha256_hex,
    request::parse_names,
    service::Service,
    settings::Settings,
    signer::Signer,
    spent::Spent,
};
use tokio::time::Instant;

pub use crate::answer::{ACCEPTED, ACTIVE, Answer, CHALLENGE, INACTIVE, REFUSED, assert_refused, revoked_by};
use crate::{
    audit::with_records, engine::Engine, keys, leaks::Secrets, proxy::Proxy, signer::Signer as IssuersKey,
    tokens::Tokens,
};

/// Our own issuer identifier.
pub const OWN: &str = "https://introspection.example.com";
/// An issuer of the profile `rfc9068`, whose key is [`World::signer`].
pub const ISSUER: &str = "https://issuer.example.com";
/// An issuer of the profile `generic`, with the same key, which demands `token_use: access`.
pub const GENERIC: &str = "https://generic.example.com";
pub const AUDIENCE: &str = "https://api.example.com";
/// A confidential client without a policy of its own.
pub const API: &str = "api";
pub const SECRET: &str = "s3cr3tOfTheApi0123456789abcdefghijklmnop";

/// Whether DynamoDB has all three tables, so that the requests to it are all that the store is asked.
pub const ALL_IN_DYNAMODB: bool = cfg!(not(feature = "redis"));

pub struct World {
    pub engine: Engine,
    pub proxy: Proxy,
    pub tokens: Tokens,
    pub service: Service,
    pub signer: IssuersKey,
}

impl World {
    /// A deployment with the issuers and the client above.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with further or other settings.
    pub async fn with(changes: &[(&str, &str)]) -> Self {
        let engine = Engine::start(0).await.unwrap();
        let proxy = Proxy::start(&engine.url).await;
        let signer = keys::ed25519(Some("key-1"), 1);
        let tokens = Tokens::start();
        let changes: Vec<_> = changes.iter().copied().chain(borrowed(&tokens.settings)).collect();
        let service = Self::service(&proxy.url, &issuers(&signer), &changes).await;
        // What the start reads and writes is not part of a request.
        proxy.take_requests();
        tokens.forget_trips();
        let world = Self { engine, proxy, tokens, service, signer };
        world.put_client(&json!({ "client_id": API, "client_secret": sha256_hex(SECRET) }));
        world
    }

    /// A service over the store at that URL, as another execution environment would make it. It sends nothing, except what
    /// it learns at the start about a Redis server.
    pub async fn service(url: &str, issuers: &str, changes: &[(&str, &str)]) -> Service {
        Self::service_beside(url, url, issuers, changes).await
    }

    /// The same with the other services of AWS at another URL.
    pub async fn service_beside(url: &str, aws: &str, issuers: &str, changes: &[(&str, &str)]) -> Service {
        let variable = |name: &str| {
            let other = changes.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
            other.or_else(|| match name {
                "ISSUER" => Some(OWN.to_owned()),
                "TRUSTED_ISSUERS" => Some(issuers.to_owned()),
                _ => None,
            })
        };
        let settings = Arc::new(Settings::read(variable).unwrap_or_else(|error| panic!("{error}")));
        let store = Engine::store_at(url, &settings).await.unwrap();
        // A wrong setting would stop the start of the function. A test of that calls this itself.
        let _ = Box::pin(store.check(Instant::now() + Duration::from_secs(2))).await;
        let signer = Signer::new(&settings, Engine::config_at(aws).await);
        Service::new(settings, store, signer).unwrap()
    }

    /// The settings by which another execution environment finds the same tokens.
    pub fn token_settings(&self) -> Vec<(&str, &str)> {
        borrowed(&self.tokens.settings).collect()
    }

    /// Writes a client record, as plain JSON.
    pub fn put_client(&self, record: &Value) {
        self.engine.put("oauth-clients", record).unwrap();
    }

    /// Gives [`API`] this policy.
    pub fn put_policy(&self, introspection: &Value) {
        self.put_client(
            &json!({ "client_id": API, "client_secret": sha256_hex(SECRET), "introspection": introspection }),
        );
    }

    /// Writes the record of an opaque token, with these attributes beside the digest.
    pub fn put_token(&self, token: &str, attributes: &Value) {
        let mut item = attributes.clone();
        item["id"] = format!("token#{}", sha256_hex(token)).into();
        self.put_item(&item);
    }

    /// Writes a mark of that id.
    pub fn put_mark(&self, id: &str, attributes: &Value) {
        let mut item = attributes.clone();
        item["id"] = id.into();
        self.put_item(&item);
    }

    /// A good RFC 9068 access token with these claims changed; null takes a claim away.
    pub fn token(&self, changes: &Value) -> String {
        self.signer.token(&json!({ "typ": "at+jwt" }), &claims(changes))
    }

    /// The same in both forms: as a JWT, and as an opaque token whose record says the same.
    pub fn both_forms(&self, changes: &Value) -> [String; 2] {
        let mut record = json!({ "token_type": "access_token", "claims": {} });
        for (name, value) in claims(changes).as_object().unwrap() {
            match name.as_str() {
                "iss" | "client_id" | "sub" | "scope" | "aud" | "iat" | "exp" | "nbf" | "jti" | "sid" | "grant_id"
                | "username" | "cnf" => record[name] = value.clone(),
                _ => record["claims"][name] = value.clone(),
            }
        }
        let opaque = format!("opaque-{}", sha256_hex(&record.to_string()));
        self.put_token(&opaque, &record);
        [self.token(changes), opaque]
    }

    /// Asks about a token as [`API`].
    pub async fn introspect(&self, token: &str) -> Answer {
        self.introspect_as(API, SECRET, token).await
    }

    /// The same at another time.
    pub async fn introspect_at(&self, now: i64, token: &str) -> Answer {
        self.send(introspection(token).at(now)).await
    }

    /// Asks about a token as that client, by `client_secret_basic`.
    pub async fn introspect_as(&self, client_id: &str, secret: &str, token: &str) -> Answer {
        self.send(request().basic(client_id, secret).form(&[("token", token)])).await
    }

    pub async fn send(&self, request: Request) -> Answer {
        send(&self.service, request).await
    }
}

fn borrowed<'a>(settings: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str()))
}

/// The trusted issuers, as the setting has them.
pub fn issuers(signer: &IssuersKey) -> String {
    let jwks = json!({ "keys": [signer.jwk()] });
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks },
        { "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "token_use": "access" } },
    ]);
    issuers.to_string()
}

/// Hands a request to a service.
pub async fn send(service: &Service, request: Request) -> Answer {
    let secrets = Secrets::of(&request.0);
    let (response, audit, events) = with_records(service.handle(request.0)).await;
    secrets.assert_absent(&events);
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body, audit }
}

/// The claims of a good RFC 9068 access token with these changed; null takes one away.
pub fn claims(changes: &Value) -> Value {
    let now = call::now();
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "client_id": "app", "scope": "read write",
        "iat": now - 10, "exp": now + 600, "jti": "jti-1",
    });
    changed(&claims, changes)
}

/// An object with these members changed; null takes one away.
pub fn changed(object: &Value, changes: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

/// Every byte of a text as `%XX`.
pub fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02X}"))
}

/// A request on its way to the service.
pub struct Request(pub Call);

/// `POST /token/introspect` with a form, but without credentials and parameters.
pub fn request() -> Request {
    let call = Call {
        method: Method::POST,
        path: "/token/introspect".to_owned(),
        query_names: Vec::new(),
        headers: HeaderMap::new(),
        body: Some(Vec::new()),
        source_address: "192.0.2.1".to_owned(),
        identity: Identity::default(),
        request_id: "request-1".to_owned(),
        trace_id: None,
        cold_start: false,
        spent: Spent::default(),
        now: call::now(),
        deadline: Instant::now() + Duration::from_millis(1800),
    };
    Request(call).header("content-type", "application/x-www-form-urlencoded")
}

/// The question about a token, as [`API`] asks it.
pub fn introspection(token: &str) -> Request {
    request().basic(API, SECRET).form(&[("token", token)])
}

/// `GET` of that path.
pub fn get(path: &str) -> Request {
    request().method(Method::GET).path(path)
}

impl Request {
    pub fn method(mut self, method: Method) -> Self {
        self.0.method = method;
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.0.path);
        self
    }

    pub fn query(mut self, query: &str) -> Self {
        self.0.query_names = parse_names(query);
        self
    }

    /// Sets a header, in the place of what it was.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// Adds a header to what is there of that name.
    pub fn another_header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// Takes a header away.
    pub fn without_header(mut self, name: &'static str) -> Self {
        self.0.headers.remove(name);
        self
    }

    /// Authenticates by `client_secret_basic`, both halves sent as they are.
    pub fn basic(self, client_id: &str, secret: &str) -> Self {
        let credentials = STANDARD.encode(format!("{client_id}:{secret}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    /// Sets the parameters of the body, percent-encoded.
    pub fn form(self, parameters: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| format!("{}={}", percent_encoded(name), percent_encoded(value));
        self.body(parameters.iter().map(pair).collect::<Vec<_>>().join("&"))
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.0.body = Some(body.as_ref().to_vec());
        self
    }

    /// The IAM principal that API Gateway has authenticated by `AWS_IAM`.
    pub fn iam(mut self, user_arn: &str) -> Self {
        self.0.identity.iam_user_arn = Some(user_arn.to_owned());
        self
    }

    /// The certificate whose chain API Gateway has checked, in PEM.
    pub fn certificate(mut self, pem: &str) -> Self {
        self.0.identity.certificate = Some(pem.to_owned());
        self
    }

    /// The id under which the event source logs the request; every request of a deployment has its own.
    pub fn request_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.0.request_id);
        self
    }

    pub fn at(mut self, now: i64) -> Self {
        self.0.now = now;
        self
    }

    pub fn within(mut self, time_left: Duration) -> Self {
        self.0.deadline = Instant::now() + time_left;
        self
    }
}
