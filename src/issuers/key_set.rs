//! One issuer's keys, and what they say of a token's signature.

use serde_json::{Value, json};

use crate::{
    jwt::{Algorithm, VerificationKey},
    token::{Candidate, VerifiedToken},
};

/// More entries of a set are not looked at.
const MAX_KEYS: usize = 100;
/// Keys tried for one token: one, but for sets that name several keys alike or not at all.
const MAX_TRIES: usize = 4;

/// A key set that loaded, with at least one key in it.
pub struct KeySet {
    keys: Vec<VerificationKey>,
    /// When the fetch began, in seconds since the epoch.
    pub fetched_at: i64,
}

/// The text is no JSON Web Key Set, or none of its keys may verify anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableSet;

/// What a set of keys says of a token.
pub enum Checked<'a> {
    Signed(Box<VerifiedToken>),
    /// There is no key of the token's `kid`; for a token without one, no key without one.
    UnknownKey,
    BadSignature(Box<Candidate<'a>>),
}

impl KeySet {
    /// Parses each key alone, so that one bad entry never loses the set.
    ///
    /// # Errors
    ///
    /// [`UnusableSet`]; an issuer without usable keys is one of which nothing is known.
    pub fn parse(text: &[u8], algorithms: &[Algorithm], fetched_at: i64) -> Result<Self, UnusableSet> {
        let set: Value = serde_json::from_slice(text).map_err(|_| UnusableSet)?;
        let entries = set.get("keys").and_then(Value::as_array).ok_or(UnusableSet)?;
        let keys: Vec<_> = entries
            .iter()
            .take(MAX_KEYS)
            .filter_map(|entry| VerificationKey::from_jwk(entry, algorithms).ok())
            .collect();
        if keys.is_empty() { Err(UnusableSet) } else { Ok(Self { keys, fetched_at }) }
    }

    /// The set again as JSON, with nothing but the public members of the keys that loaded.
    pub fn to_json(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(VerificationKey::public_jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// Whether there is a key that a token of this `kid` could be signed with.
    pub fn knows(&self, kid: Option<&str>) -> bool {
        named(&self.keys, kid).next().is_some()
    }

    /// Holds the token against the keys of its name.
    pub fn check<'a>(&self, candidate: Box<Candidate<'a>>) -> Checked<'a> {
        check(&self.keys, candidate)
    }
}

/// [`KeySet::check`] for keys that came from the configuration.
pub fn check<'a>(keys: &[VerificationKey], candidate: Box<Candidate<'a>>) -> Checked<'a> {
    let kid = candidate.header().kid.clone();
    let algorithm = Algorithm::from_name(&candidate.header().alg);
    if named(keys, kid.as_deref()).next().is_none() {
        return Checked::UnknownKey;
    }
    let fitting = named(keys, kid.as_deref()).filter(|key| Some(key.algorithm()) == algorithm).take(MAX_TRIES);
    match candidate.verify(fitting) {
        Ok(token) => Checked::Signed(Box::new(token)),
        Err(candidate) => Checked::BadSignature(candidate),
    }
}

/// A token without `kid` meets only keys without one: leaving it out must not escape a `kid#` mark.
fn named<'k>(keys: &'k [VerificationKey], kid: Option<&str>) -> impl Iterator<Item = &'k VerificationKey> {
    keys.iter().filter(move |key| key.kid() == kid)
}
