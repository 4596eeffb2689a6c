//! The rules by which each issuer makes its access tokens, as data: one file a profile, no code of its own.

mod auth0;
mod cognito;
mod entra;
mod generic;
mod keycloak;
mod okta;
mod rfc9068;

use serde_json::{Map, Value};

use crate::jwt::Algorithm;

/// How an issuer's access tokens look, and how they say what others say in registered members.
pub struct Profile {
    /// Its name in `TRUSTED_ISSUERS`.
    pub name: &'static str,
    /// Accepted where the issuer's entry lists none; the first that fits a key without `alg` is that key's.
    pub algorithms: &'static [Algorithm],
    /// Where the key set is, below the issuer's identifier. `None`: its metadata say.
    pub key_set: Option<&'static str>,
    /// Whether `typ` must say that it is an access token (RFC 9068 §4), or may also be `JWT` or absent.
    pub typ_required: bool,
    /// Claims that must have one of these values. They are only checked, so they are not repeated.
    pub checked: &'static [(&'static str, &'static [&'static str])],
    /// Claims under other names than the registered ones, which they get where those are absent.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Registered members that must be there, after renaming.
    pub required: &'static [&'static str],
    /// Claims that no access token of this issuer has.
    pub forbidden: &'static [&'static str],
    /// Whether the entry must list `client_ids`, because nothing else says whom a token is for.
    pub client_ids_required: bool,
    /// Whether a token without `aud` has the resource-server parts of its scopes as audience.
    pub audience_in_scopes: bool,
}

/// Of an ID token (OpenID Connect Core §3.1.3.6, §3.3.2.11), of a logout token (Back-Channel Logout §2.4) and of an
/// introspection response (RFC 9701 §5).
const NOT_OF_AN_ACCESS_TOKEN: &[&str] = &["nonce", "at_hash", "c_hash", "s_hash", "events", "token_introspection"];
const RSA_ONLY: &[Algorithm] = &[Algorithm::Rs256];
const USUAL: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

const PROFILES: [&Profile; 7] = [
    &rfc9068::PROFILE,
    &cognito::PROFILE,
    &auth0::PROFILE,
    &entra::PROFILE,
    &okta::PROFILE,
    &keycloak::PROFILE,
    &generic::PROFILE,
];

impl Profile {
    /// The profile of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.into_iter().find(|profile| profile.name == name)
    }

    /// Whether this is the one profile that knows nothing of its issuer, so that the entry has to say more.
    pub fn is_generic(&self) -> bool {
        self.name == generic::PROFILE.name
    }

    /// Checks what is only checked, and gives the rest its registered names.
    ///
    /// # Errors
    ///
    /// [`Unlike`], where a checked claim is missing or has another value.
    pub fn canonical(&self, mut claims: Map<String, Value>) -> Result<Map<String, Value>, Unlike> {
        for (name, values) in self.checked {
            match claims.remove(*name) {
                Some(Value::String(value)) if values.contains(&value.as_str()) => {}
                _ => return Err(Unlike),
            }
        }
        for (name, registered) in self.renamed {
            if let Some(value) = claims.remove(*name) {
                let value = if *registered == "scope" { joined(&value) } else { value };
                claims.entry(*registered).or_insert(value);
            }
        }
        Ok(claims)
    }
}

/// The token is not of this profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlike;

/// A list of scopes as the string that it stands for; what is no such list is left for the type check to refuse.
fn joined(scopes: &Value) -> Value {
    let list = scopes.as_array().and_then(|scopes| scopes.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    list.map_or(scopes.clone(), |list| list.join(" ").into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canonical(profile: &Profile, claims: Value) -> Result<Value, Unlike> {
        let Value::Object(claims) = claims else { return Err(Unlike) };
        profile.canonical(claims).map(Value::Object)
    }

    #[test]
    fn h26_renamed_and_checked_claims_are_not_repeated() {
        for (profile, claims, expected) in [
            (
                &okta::PROFILE,
                json!({"cid": "a", "scp": ["x", "y"], "uid": "u"}),
                Ok(json!({"client_id": "a", "scope": "x y", "uid": "u"})),
            ),
            (&okta::PROFILE, json!({"cid": "a", "client_id": "b"}), Ok(json!({"client_id": "b"}))),
            (&okta::PROFILE, json!({"scp": ["x", 1]}), Ok(json!({"scope": ["x", 1]}))),
            (&cognito::PROFILE, json!({"token_use": "access", "origin_jti": "o"}), Ok(json!({"sid": "o"}))),
            (&cognito::PROFILE, json!({"token_use": "id"}), Err(Unlike)),
            (&cognito::PROFILE, json!({"token_use": ["access"]}), Err(Unlike)),
            (&cognito::PROFILE, json!({}), Err(Unlike)),
            (&keycloak::PROFILE, json!({"typ": "Bearer", "azp": "a"}), Ok(json!({"client_id": "a"}))),
            (&keycloak::PROFILE, json!({"typ": "ID", "azp": "a"}), Err(Unlike)),
        ] {
            assert_eq!(canonical(profile, claims.clone()), expected, "{} {claims}", profile.name);
        }
    }

    #[test]
    fn every_profile_has_a_name_and_algorithms_of_its_own() {
        for profile in PROFILES {
            assert_eq!(Profile::named(profile.name).map(|named| named.name), Some(profile.name));
            assert!(!profile.algorithms.is_empty() && profile.required.contains(&"exp"), "{}", profile.name);
        }
        assert!(Profile::named("Cognito").is_none());
    }
}
