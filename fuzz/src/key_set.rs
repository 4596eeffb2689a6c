//! A key set loads the same keys when it is written again, without private members, and none of them accepts what
//! another key signed.

use std::sync::LazyLock;

use serde_json::Value;
use token_introspection::jwt::{Algorithm, LoadedKeys, UnverifiedJws, VerificationKey, key_set, key_set_entries};

use crate::world::{jwk, jwt};

/// The public entries of the keys that load. `None` if the text is not a key set.
pub type Subject = fn(&[u8]) -> Option<Vec<Value>>;

/// Whether a key made a signature.
pub type Verify = fn(&VerificationKey, &UnverifiedJws) -> bool;

/// Members of private and symmetric keys (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A text that our key signed.
static SIGNED: LazyLock<UnverifiedJws> = LazyLock::new(|| {
    let token = jwt(br#"{"alg":"EdDSA"}"#, b"{}");
    UnverifiedJws::parse(&token).unwrap_or_else(|malformed| panic!("{malformed:?}")).0
});

pub fn check(data: &[u8]) {
    holds(|text| loaded(text).map(|loaded| entries(&loaded)), data);
    verify_only_their_own(VerificationKey::verifies, data);
}

fn loaded(text: &[u8]) -> Option<LoadedKeys> {
    let entries = key_set_entries(text).ok()?;
    let algorithms: Vec<_> = Algorithm::all().collect();
    Some(LoadedKeys::load(&entries[..entries.len().min(100)], &algorithms))
}

fn entries(loaded: &LoadedKeys) -> Vec<Value> {
    loaded.keys.iter().map(|key| key.public_jwk().clone()).collect()
}

/// The properties of a loader.
pub fn holds(subject: Subject, text: &[u8]) {
    let Some(keys) = subject(text) else { return };
    for key in &keys {
        let key = key.as_object().expect("a key that is not an object");
        assert!(!PRIVATE.iter().any(|member| key.contains_key(*member)), "a private member is kept");
        let kty = key["kty"].as_str().unwrap_or_default();
        assert!(["RSA", "EC", "OKP"].contains(&kty), "a key of another type is loaded");
        assert!(key["use"] == "sig", "a key for another use is loaded");
    }
    let again = subject(key_set(&keys).as_bytes());
    assert!(again == Some(keys), "a key set that is written again has other keys");
}

/// Only our key accepts what it signed, and each key serves only algorithms of its type.
pub fn verify_only_their_own(verifies: Verify, text: &[u8]) {
    let Some(LoadedKeys { keys, dropped }) = loaded(text) else { return };
    let published = key_set_entries(text).map_or(0, |entries| entries.len());
    assert!(keys.len() + dropped.len() == published.min(100), "a key is lost");
    for key in &keys {
        let own = key.public_jwk();
        assert!(!verifies(key, &SIGNED) || own["x"] == jwk()["x"], "another key accepts the signature");
        let serves_its_type = |key: &VerificationKey| {
            let (kty, crv) = (own["kty"].as_str().unwrap_or_default(), own["crv"].as_str());
            Algorithm::all().filter(|algorithm| key.serves(*algorithm)).all(|algorithm| algorithm.fits(kty, crv))
        };
        assert!(serves_its_type(key), "an algorithm of another type");
        let length = own["n"].as_str().map_or(2048, |n| n.len() * 6);
        assert!((2040..=8200).contains(&length), "an RSA key of another size");
    }
    for dropped in dropped {
        assert!(!dropped.cause.name().is_empty(), "a cause without a name");
        let _ = dropped.to_string();
    }
}
