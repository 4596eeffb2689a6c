//! Converts the claims of one issuer's token to their registered names.

use serde_json::value::RawValue;

use super::{ClaimNames, Profile, claim_names::MAPPED};
use crate::jwt::{RawMembers, raw};

/// Other names of `scope`, read in this order if a token has no `scope`, in every profile (H-28).
pub const OTHER_SCOPES: [&str; 2] = ["scp", "scopes"];
/// Claims with a meaning of their own. If an entry maps one of them to another member, the claim is kept as well.
const KEPT: [&str; 17] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "sid",
    "scope",
    "cnf",
    "act",
    "acr",
    "auth_time",
    "client_id",
    "username",
    "grant_id",
    "authorization_details",
];

/// The claims are not those of an access token of this profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileMismatch {
    pub claim: &'static str,
    /// The claim's text. `None` if it is missing.
    pub found: Option<String>,
    pub expected: &'static [&'static str],
}

impl Profile {
    /// Checks the claims that are only checked, and gives the others their registered names. `names` take precedence
    /// over the registered names, and those over the profile's. Claims that were mapped or checked are not repeated
    /// under their original names (H-26).
    ///
    /// # Errors
    ///
    /// Returns [`ProfileMismatch`] if a checked claim is missing or has another value.
    pub fn canonical(&self, mut claims: RawMembers, names: &ClaimNames) -> Result<RawMembers, ProfileMismatch> {
        for (claim, expected) in self.checked {
            let found = claims.remove(*claim);
            let text = found.as_ref().and_then(|found| serde_json::from_str::<String>(found.get()).ok());
            if !text.is_some_and(|text| expected.contains(&text.as_str())) {
                let found = found.map(|found| found.get().chars().take(100).collect());
                return Err(ProfileMismatch { claim, found, expected });
            }
        }
        let mut mapped = RawMembers::new();
        let mut used: Vec<&str> = Vec::new();
        for member in MAPPED {
            let other_names = self.renamed.iter().filter(|(_, name)| *name == member).map(|(claim, _)| *claim);
            let own_names: Vec<&str> =
                names.for_member(member).iter().map(String::as_str).chain([member]).chain(other_names).collect();
            let fallback = OTHER_SCOPES.into_iter().filter(|_| member == "scope");
            let Some((source, value)) = own_names
                .iter()
                .copied()
                .chain(fallback)
                .find_map(|claim| claims.get_key_value(claim).map(|(claim, value)| (claim.as_str(), value)))
            else {
                continue;
            };
            let value = if member == "scope" { joined(value) } else { value.clone() };
            mapped.insert(member.to_owned(), value);
            // Scopes under other names are kept, so that the caller's policy can filter them.
            let is_consumed = |claim: &str| claim == source || member != "scope";
            used.extend(own_names.iter().copied().filter(|claim| is_consumed(claim)));
            used.extend(OTHER_SCOPES.into_iter().filter(|claim| member == "scope" && *claim == source));
        }
        let used: Vec<String> = used.into_iter().filter(|claim| !KEPT.contains(claim)).map(str::to_owned).collect();
        claims.retain(|name, _| !used.contains(name));
        claims.extend(mapped);
        Ok(claims)
    }
}

/// Joins a list of scopes to one string. Anything else is left for the type check to refuse.
fn joined(scopes: &RawValue) -> Box<RawValue> {
    let list = serde_json::from_str::<Vec<String>>(scopes.get()).ok();
    list.and_then(|list| raw(&list.join(" "))).unwrap_or_else(|| scopes.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jwt::parse_members;

    fn canonical(profile: &str, names: Value, claims: &Value) -> Result<Value, &'static str> {
        let profile = Profile::named(profile).unwrap();
        let names: ClaimNames = serde_json::from_value(names).unwrap();
        let claims = parse_members(claims.to_string().as_bytes()).unwrap();
        let claims = profile.canonical(claims, &names).map_err(|mismatch| mismatch.claim)?;
        Ok(serde_json::from_str(&serde_json::to_string(&claims).unwrap()).unwrap())
    }

    #[test]
    fn h26_renamed_and_checked_claims_are_not_repeated() {
        for (profile, claims, expected) in [
            (
                "okta",
                json!({"cid": "a", "scp": ["x", "y"], "uid": "u"}),
                Ok(json!({"client_id": "a", "scope": "x y", "uid": "u"})),
            ),
            ("okta", json!({"cid": "a", "client_id": "b"}), Ok(json!({"client_id": "b"}))),
            ("okta", json!({"scp": ["x", 1]}), Ok(json!({"scope": ["x", 1]}))),
            ("entra", json!({"scp": "x y", "uti": "u"}), Ok(json!({"scope": "x y", "jti": "u"}))),
            ("entra", json!({"uti": "u", "jti": "j"}), Ok(json!({"jti": "j"}))),
            ("entra", json!({"upn": "a", "preferred_username": "b"}), Ok(json!({"username": "b"}))),
            ("cognito", json!({"token_use": "access", "origin_jti": "o"}), Ok(json!({"sid": "o"}))),
            ("cognito", json!({"token_use": "id"}), Err("token_use")),
            ("cognito", json!({"token_use": ["access"]}), Err("token_use")),
            ("cognito", json!({}), Err("token_use")),
            ("keycloak", json!({"typ": "Bearer", "azp": "a"}), Ok(json!({"client_id": "a"}))),
            ("keycloak", json!({"typ": "ID", "azp": "a"}), Err("typ")),
        ] {
            assert_eq!(canonical(profile, json!({}), &claims), expected, "{profile} {claims}");
        }
    }

    #[test]
    fn h28_scopes_are_read_under_three_names_and_as_a_list_in_every_profile() {
        for (claims, expected) in [
            (json!({"scope": ["a", "b"]}), json!({"scope": "a b"})),
            (json!({"scope": []}), json!({"scope": ""})),
            (json!({"scp": "a b"}), json!({"scope": "a b"})),
            (json!({"scopes": ["a"]}), json!({"scope": "a"})),
            (json!({"scp": ["a"], "scopes": ["b"]}), json!({"scope": "a", "scopes": ["b"]})),
            (json!({"scope": "a", "scp": ["b"]}), json!({"scope": "a", "scp": ["b"]})),
            (json!({"scope": null, "scp": "a"}), json!({"scope": null, "scp": "a"})),
            (json!({"scope": ["a", null]}), json!({"scope": ["a", null]})),
        ] {
            for profile in ["generic", "rfc9068", "auth0", "entra", "okta"] {
                assert_eq!(canonical(profile, json!({}), &claims), Ok(expected.clone()), "{profile} {claims}");
            }
        }
    }

    #[test]
    fn h28_names_of_the_entry_come_first_and_the_first_claim_that_is_present_counts() {
        let names = json!({
            "client_id": ["appid", "azp"], "scope": ["permissions"], "sid": ["session_id"], "jti": ["uti"],
            "username": ["email"], "grant_id": ["sub"],
        });
        for (claims, expected) in [
            (json!({"azp": "b", "appid": "a", "client_id": "c"}), json!({"client_id": "a"})),
            (json!({"azp": "b", "client_id": "c"}), json!({"client_id": "b"})),
            (json!({"client_id": "c"}), json!({"client_id": "c"})),
            (json!({"permissions": ["x", "y"], "scope": "z"}), json!({"scope": "x y"})),
            (json!({"permissions": [], "scp": "z"}), json!({"scope": "", "scp": "z"})),
            (json!({"session_id": "s", "sid": "t"}), json!({"sid": "s"})),
            (json!({"uti": "u", "jti": "j"}), json!({"jti": "u"})),
            (json!({"email": "e"}), json!({"username": "e"})),
            // A registered claim that is also mapped to another member keeps its own meaning.
            (json!({"sub": "s"}), json!({"sub": "s", "grant_id": "s"})),
        ] {
            assert_eq!(canonical("generic", names.clone(), &claims), Ok(expected), "{claims}");
        }
        assert!(serde_json::from_value::<ClaimNames>(json!({"sub": ["a"]})).is_err());
        assert!(serde_json::from_value::<ClaimNames>(json!({"sid": "a"})).is_err());
    }
}
