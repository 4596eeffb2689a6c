//! Group S: whether the sender of a token has the keys that the token is bound to.

mod answers;
mod differential;
mod hostile;
mod model;
mod once;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    keys,
    signer::Signer,
    world::{API, Request, SECRET, World, changed, request},
};

/// When tokens and proofs are issued.
const T: i64 = 1_800_000_000;
const METHOD: &str = "GET";
const URL: &str = "https://api.example.com/orders";
pub const ORDERS: &str = include_str!("../../certificates/orders.pem");
const BILLING: &str = include_str!("../../certificates/billing.pem");

fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// The key of the client that the tokens are bound to.
fn key() -> Signer {
    keys::es256(None)
}

/// The public key as a proof contains it.
fn jwk(signer: &Signer) -> Value {
    let mut jwk = signer.jwk();
    jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&name.as_str()));
    jwk
}

/// RFC 7638 §3: the members in the order of their names, without white space.
fn thumbprint(signer: &Signer) -> String {
    sha256(&jwk(signer).to_string())
}

pub fn certificate_thumbprint(pem: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token_introspection::certificate::der_of_pem(pem).unwrap()))
}

/// A good token that is bound to the key.
pub fn bound(world: &World) -> String {
    token(world, &json!({ "jkt": thumbprint(&key()) }))
}

pub fn token(world: &World, cnf: &Value) -> String {
    world.token(&json!({ "iat": T, "exp": T + 3600, "cnf": cnf }))
}

/// The header of a good proof, with these members changed; null takes one away.
fn header(signer: &Signer, changes: &Value) -> String {
    let header = json!({ "typ": "dpop+jwt", "alg": signer.alg(), "jwk": jwk(signer) });
    changed(&header, changes).to_string()
}

/// The claims of a good proof, with these changed; null takes one away.
fn claims(token: &str, changes: &Value) -> String {
    let claims = json!({ "jti": "proof-1", "htm": METHOD, "htu": URL, "iat": T, "ath": sha256(token) });
    changed(&claims, changes).to_string()
}

/// A good proof for a token, with another identifier.
pub fn proof(token: &str, jti: &str) -> String {
    key().sign(&header(&key(), &json!({})), &claims(token, &json!({ "jti": jti })))
}

/// The question about a token that was sent with a proof.
pub fn ask(token: &str, proof: &str) -> Request {
    asking(token, &[("dpop", proof), ("htm", METHOD), ("htu", URL)])
}

/// The question about a token, with these parameters.
pub fn asking(token: &str, parameters: &[(&str, &str)]) -> Request {
    let parameters: Vec<_> = [("token", token)].into_iter().chain(parameters.iter().copied()).collect();
    request().basic(API, SECRET).form(&parameters).at(T)
}
