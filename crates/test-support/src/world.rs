//! Everything that a test needs: a service with an engine, clients, keys and tokens, and a way to ask.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use token_introspection::{
    call::{self, Call, Identity},
    records::sha256_hex,
    request::parse_names,
    service::Service,
    settings::Settings,
    signer::Signer,
};
use tokio::time::Instant;

use crate::{engine::Engine, keys, proxy::Proxy, signer::Signer as IssuersKey, tokens::Tokens};

/// Our own issuer identifier.
pub const OWN: &str = "https://introspection.example.com";
/// An issuer of the profile `rfc9068`. Its key is [`World::signer`].
pub const ISSUER: &str = "https://issuer.example.com";
/// An issuer of the profile `generic` with the same key, which requires `token_use: access`.
pub const GENERIC: &str = "https://generic.example.com";
pub const AUDIENCE: &str = "https://api.example.com";
/// A confidential client without a policy.
pub const API: &str = "api";
pub const SECRET: &str = "s3cr3tOfTheApi0123456789abcdefghijklmnop";
pub const INACTIVE: &str = r#"{"active":false}"#;

/// Whether DynamoDB has all three tables, so that the store is only asked through DynamoDB.
pub const ALL_IN_DYNAMODB: bool = cfg!(not(feature = "redis"));

pub struct World {
    pub engine: Engine,
    pub proxy: Proxy,
    pub tokens: Tokens,
    pub service: Service,
    pub signer: IssuersKey,
}

/// A whole response.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl World {
    /// A deployment with the issuers and the client above.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same deployment with additional or other settings.
    pub async fn with(changes: &[(&str, &str)]) -> Self {
        let engine = Engine::start(0).await.unwrap();
        let proxy = Proxy::start(&engine.url).await;
        let signer = keys::ed25519(Some("key-1"), 1);
        let tokens = Tokens::start();
        let changes: Vec<_> = changes.iter().copied().chain(borrowed(&tokens.settings)).collect();
        let service = Self::service(&proxy.url, &issuers(&signer), &changes).await;
        let world = Self { engine, proxy, tokens, service, signer };
        world.put_client(&json!({ "client_id": API, "client_secret": sha256_hex(SECRET) }));
        world
    }

    /// A service with the store at this URL, as another execution environment would have it. No request is sent yet.
    pub async fn service(url: &str, issuers: &str, changes: &[(&str, &str)]) -> Service {
        Self::service_beside(url, url, issuers, changes).await
    }

    /// The same service with the other AWS services at another URL.
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
        let signer = Signer::new(&settings, Engine::config_at(aws).await);
        Service::new(settings, store, signer).unwrap()
    }

    /// The settings with which another execution environment finds the same tokens.
    pub fn token_settings(&self) -> Vec<(&str, &str)> {
        borrowed(&self.tokens.settings).collect()
    }

    /// Writes a client record, given as plain JSON.
    pub fn put_client(&self, record: &Value) {
        self.engine.put("oauth-clients", record).unwrap();
    }

    /// Gives [`API`] this policy.
    pub fn put_policy(&self, introspection: &Value) {
        self.put_client(
            &json!({ "client_id": API, "client_secret": sha256_hex(SECRET), "introspection": introspection }),
        );
    }

    /// Writes the record of an opaque token, with these attributes in addition to the digest.
    pub fn put_token(&self, token: &str, attributes: &Value) {
        let mut item = attributes.clone();
        item["id"] = format!("token#{}", sha256_hex(token)).into();
        self.put_item(&item);
    }

    /// Writes the mark with this id.
    pub fn put_mark(&self, id: &str, attributes: &Value) {
        let mut item = attributes.clone();
        item["id"] = id.into();
        self.put_item(&item);
    }

    /// A valid RFC 9068 access token with these changes to its claims; null removes a claim.
    pub fn token(&self, changes: &Value) -> String {
        self.signer.token(&json!({ "typ": "at+jwt" }), &claims(changes))
    }

    /// The same token in both forms: as a JWT, and as an opaque token with the same values in its record.
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

    /// Asks about a token at another time.
    pub async fn introspect_at(&self, now: i64, token: &str) -> Answer {
        self.send(introspection(token).at(now)).await
    }

    /// Asks about a token as this client, by `client_secret_basic`.
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

/// The trusted issuers, as the setting contains them.
pub fn issuers(signer: &IssuersKey) -> String {
    let jwks = json!({ "keys": [signer.jwk()] });
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks },
        { "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "token_use": "access" } },
    ]);
    issuers.to_string()
}

/// Sends a request to a service.
pub async fn send(service: &Service, request: Request) -> Answer {
    let (parts, body) = service.handle(request.0).await.into_parts();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// The claims of a valid RFC 9068 access token with these changes; null removes a claim.
pub fn claims(changes: &Value) -> Value {
    let now = call::now();
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "client_id": "app", "scope": "read write",
        "iat": now - 10, "exp": now + 600, "jti": "jti-1",
    });
    changed(&claims, changes)
}

/// An object with these changes to its members; null removes a member.
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

/// A request that can be changed before it is sent to the service.
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
        now: call::now(),
        deadline: Instant::now() + Duration::from_millis(1800),
    };
    Request(call).header("content-type", "application/x-www-form-urlencoded")
}

/// The question about a token, as [`API`] asks it.
pub fn introspection(token: &str) -> Request {
    request().basic(API, SECRET).form(&[("token", token)])
}

/// `GET` of this path.
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

    /// Sets a header, replacing earlier values.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// Adds a value to a header.
    pub fn another_header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// Removes a header.
    pub fn without_header(mut self, name: &'static str) -> Self {
        self.0.headers.remove(name);
        self
    }

    /// Authenticates by `client_secret_basic`, with both parts sent as they are.
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

    /// The identity that API Gateway authenticated by `AWS_IAM`.
    pub fn iam(mut self, user_arn: &str) -> Self {
        self.0.identity.iam_user_arn = Some(user_arn.to_owned());
        self
    }

    /// The certificate whose chain API Gateway checked, in PEM.
    pub fn certificate(mut self, pem: &str) -> Self {
        self.0.identity.certificate = Some(pem.to_owned());
        self
    }

    /// The id under which the event source logs the request. Every request of a deployment has its own.
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

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Every header by name, in alphabetical order.
    pub fn all_headers(&self) -> Vec<(&str, &str)> {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        headers.sort_unstable();
        headers
    }

    #[track_caller]
    pub fn assert_active(&self) -> Value {
        assert_eq!((self.status, &self.json()["active"]), (StatusCode::OK, &json!(true)), "{}", self.body);
        self.json()
    }

    #[track_caller]
    pub fn assert_inactive(&self) {
        assert_eq!((self.status, self.body.as_str()), (StatusCode::OK, INACTIVE));
    }

    /// Asserts one of the two, for a table of cases.
    #[track_caller]
    pub fn assert_verdict(&self, active: bool, case: impl std::fmt::Display) {
        let is_verdict = if active { self.json()["active"] == true } else { self.body == INACTIVE };
        let expected = if active { "active" } else { "inactive" };
        assert!(self.status == StatusCode::OK && is_verdict, "{case}: {expected} expected, {} came", self.body);
    }

    /// Asserts an error with this status and code. Returns its description.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) -> String {
        let json = self.json();
        assert_eq!((self.status.as_u16(), &json["error"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        json["error_description"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn assert_unavailable(&self) {
        self.assert_error(503, "temporarily_unavailable");
        assert!(self.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
        assert!(!self.body.contains("active"), "{}", self.body);
    }
}

pub const CHALLENGE: &str = r#"Basic realm="token-introspection", charset="UTF-8""#;
/// The only body for refused credentials.
pub const REFUSED: &str = r#"{"error":"invalid_client"}"#;
#[track_caller]
pub fn assert_refused(answer: &Answer, case: &str) {
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("www-authenticate", CHALLENGE),
        ("x-content-type-options", "nosniff"),
    ];
    let expected = (401, headers.to_vec(), REFUSED);
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), expected, "{case}");
}
