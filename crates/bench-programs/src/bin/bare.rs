//! A bare handler: the same `BatchGetItem` of six keys and the same signature check as the function, and nothing else.
//! It authenticates no client, reads no claim and looks at no mark, so it is a lower bound and not an alternative.

#![allow(clippy::indexing_slicing, reason = "what fails here fails the measurement, as it should")]

use std::{collections::HashMap, sync::Arc};

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};
use lambda_http::{Error, Request, Response, run_concurrent, service_fn};

/// The tables and keys of the function's own request.
const KEYS: [(&str, &str, &str); 6] = [
    ("oauth-clients", "client_id", "orders-api"),
    ("oauth-tokens", "id", "client#https://auth.example.com#web-app"),
    ("oauth-tokens", "id", "iss#https://auth.example.com"),
    ("oauth-tokens", "id", "jti#https://auth.example.com#0f1c9a8e4b7d4e6fb8a1c3d5e7f90123"),
    ("oauth-tokens", "id", "kid#https://auth.example.com#rs256"),
    ("oauth-tokens", "id", "sub#https://auth.example.com#5ba552d67fb84f6a9a4a6b0f1a3f9d0c"),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let jwks: serde_json::Value = serde_json::from_str(&std::env::var("JWKS")?)?;
    let text = |name: &str| jwks["keys"][0][name].as_str().unwrap_or_default();
    let decoded = |name: &str| URL_SAFE_NO_PAD.decode(text(name));
    let key = Arc::new(DecodingKey::from_rsa_raw_components(&decoded("n")?, &decoded("e")?));
    run_concurrent(service_fn(move |request: Request| answer(client.clone(), Arc::clone(&key), request))).await
}

async fn answer(client: Client, key: Arc<DecodingKey>, request: Request) -> Result<Response<String>, Error> {
    let mut tables: HashMap<String, KeysAndAttributes> = HashMap::new();
    for table in ["oauth-clients", "oauth-tokens"] {
        let mut keys = KeysAndAttributes::builder().consistent_read(true);
        for (_, name, id) in KEYS.iter().filter(|(of, ..)| *of == table) {
            keys = keys.keys(HashMap::from([((*name).to_owned(), AttributeValue::S((*id).to_owned()))]));
        }
        tables.insert(table.to_owned(), keys.build()?);
    }
    let found = client.batch_get_item().set_request_items(Some(tables)).send().await?;
    let form = std::str::from_utf8(request.body().as_ref())?;
    let token = form.strip_prefix("token=").ok_or("no token")?;
    let (input, signature) = token.rsplit_once('.').ok_or("no signature")?;
    let verified = verify(signature, input.as_bytes(), &key, Algorithm::RS256)?;
    let is_known = found.responses.is_some_and(|tables| !tables["oauth-clients"].is_empty());
    Ok(Response::new(format!(r#"{{"active":{}}}"#, verified && is_known)))
}
