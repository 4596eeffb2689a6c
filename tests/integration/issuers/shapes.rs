//! The parts of a golden case.

use serde_json::{Value, json};
use token_introspection::call;

use crate::world::changed;

/// The golden cases of one section of docs/issuers.md.
pub struct Issuer {
    /// The section's title.
    pub section: &'static str,
    /// Access tokens that are active.
    pub tokens: Vec<Token>,
    /// Tokens of the same issuer that are inactive, as changes of the first access token.
    pub inactive: Vec<Inactive>,
}

/// An access token as the issuer makes it.
pub struct Token {
    pub name: &'static str,
    /// The header beside `alg` and `kid`.
    pub header: Value,
    /// The claims beside `iat` and `exp`; `nbf`, if the issuer sends one, whatever its value here.
    pub claims: Value,
    /// How the answer differs from the claims: a value for a different or new member, null for a claim that is not
    /// repeated.
    pub answer: Value,
}

/// A token that must not pass for an access token of this entry.
pub struct Inactive {
    pub name: &'static str,
    /// The rule that fires.
    pub reason: &'static str,
    pub header: Value,
    pub claims: Value,
}

pub fn token(name: &'static str, header: Value, claims: Value, answer: Value) -> Token {
    Token { name, header, claims, answer }
}

pub fn inactive(name: &'static str, reason: &'static str, header: Value, claims: Value) -> Inactive {
    Inactive { name, reason, header, claims }
}

/// Claims with the times of a token that is ten seconds old.
pub fn with_times(claims: &Value) -> Value {
    let now = call::now();
    let mut times = json!({ "iat": now - 10, "exp": now + 600 });
    if claims.get("nbf").is_some() {
        times["nbf"] = json!(now - 10);
    }
    // A case may remove `exp`.
    let is_null = |name: &&str| claims.get(*name).is_some_and(Value::is_null);
    let taken: Vec<_> = ["iat", "exp", "nbf"].into_iter().filter(is_null).collect();
    for name in taken {
        times[name] = Value::Null;
    }
    changed(claims, &times)
}

impl Token {
    /// The whole answer to a token of these claims.
    pub fn expected(&self, claims: &Value) -> Value {
        let common = json!({ "active": true, "token_type": "Bearer" });
        changed(&changed(claims, &common), &self.answer)
    }
}

/// Both changes; the second wins if they differ. Unlike [`changed`], it keeps null.
pub fn and(changes: &Value, further: &Value) -> Value {
    let mut all = changes.clone();
    for (name, value) in further.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}
