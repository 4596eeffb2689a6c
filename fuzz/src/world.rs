//! What the properties share: settings with one trusted issuer, that issuer's key, and calls.

use std::{sync::LazyLock, time::Duration};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use token_introspection::{
    call::{Call, Identity, deadline},
    settings::Settings,
    spent::Spent,
};

pub const OWN: &str = "https://introspection.example.com";
pub const ISSUER: &str = "https://issuer.example.com";
pub const KID: &str = "fuzz";
/// The time of every call.
pub const NOW: i64 = 1_800_000_000;

/// A key that signs nothing but the inputs of these targets.
static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());

/// The settings of every property except that of the target `settings`.
pub static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [jwk()] }, "algorithms": ["EdDSA"] },
        { "issuer": "https://generic.example.com", "profile": "generic", "jwks": { "keys": [jwk()] },
          "algorithms": ["EdDSA"], "required_claims": { "token_use": "access" } },
    ]);
    let read = |name: &str| match name {
        "ISSUER" => Some(OWN.to_owned()),
        "TRUSTED_ISSUERS" => Some(issuers.to_string()),
        _ => None,
    };
    Settings::read(read).unwrap()
});

/// The public half of the key.
pub fn jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": KID, "x": URL_SAFE_NO_PAD.encode(KEY.public_key()) })
}

/// The signature of this text, encoded.
pub fn signature(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(KEY.sign(text.as_bytes()))
}

/// A JWT with this header and these claims, which our key signs.
pub fn jwt(header: &[u8], claims: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = signature(&input);
    format!("{input}.{signature}")
}

/// A form that was posted to the introspection endpoint.
pub fn posted(headers: HeaderMap, body: &[u8]) -> Call {
    let mut headers = headers;
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-www-form-urlencoded"));
    call(Method::POST, "/token/introspect".to_owned(), headers, Some(body.to_vec()), Identity::default())
}

/// A call at the time of these targets.
pub fn call(method: Method, path: String, headers: HeaderMap, body: Option<Vec<u8>>, identity: Identity) -> Call {
    Call {
        method,
        path,
        query_names: Vec::new(),
        headers,
        body,
        source_address: "198.51.100.7".to_owned(),
        identity,
        request_id: "fuzz".to_owned(),
        trace_id: None,
        cold_start: false,
        spent: Spent::default(),
        now: NOW,
        deadline: deadline(Duration::from_secs(1)),
    }
}
