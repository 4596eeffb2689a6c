//! How each kind of issuer makes its access tokens, as data: one file for each profile, without code of its own.

mod auth0;
mod canonical;
mod claim_names;
mod cognito;
mod entra;
mod generic;
mod keycloak;
mod okta;
mod rfc9068;

pub use self::{
    canonical::{OTHER_SCOPES, ProfileMismatch},
    claim_names::ClaimNames,
};
use crate::jwt::Algorithm;

/// How an issuer's access tokens look, and under which names they contain the registered members.
pub struct Profile {
    /// Its name in `TRUSTED_ISSUERS`.
    pub name: &'static str,
    /// The algorithms that are accepted if the issuer's entry does not list any.
    pub algorithms: &'static [Algorithm],
    /// Where the key set is, below the issuer's identifier. `None` if the issuer's metadata name it.
    pub key_set: Option<&'static str>,
    /// Whether `typ` must be that of an access token. Otherwise it may also be `JWT` or absent.
    pub typ_required: bool,
    /// Claims that must have one of these values. They are only checked, and not repeated in the answer.
    pub checked: &'static [(&'static str, &'static [&'static str])],
    /// Claims with other names than the registered ones. They get the registered name if that claim is absent.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Claims that only access tokens of this issuer have.
    pub evidence: &'static [&'static str],
    /// Registered members that must be present, after renaming.
    pub required: &'static [&'static str],
    /// Whether the entry must list `client_ids`, because no claim says which client a token is for.
    pub client_ids_required: bool,
    /// Whether the audience of a token without `aud` is the resource-server parts of its scopes.
    pub audience_in_scopes: bool,
}

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
    /// Every profile.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        PROFILES.into_iter()
    }

    /// The profile with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|profile| profile.name == name)
    }

    /// Whether this profile knows nothing about its issuer, so that the entry must say more.
    pub fn is_generic(&self) -> bool {
        self.name == generic::PROFILE.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_has_a_name_and_algorithms_of_its_own() {
        for profile in PROFILES {
            assert_eq!(Profile::named(profile.name).map(|named| named.name), Some(profile.name));
            assert!(!profile.algorithms.is_empty() && profile.required.contains(&"exp"), "{}", profile.name);
        }
        assert!(Profile::named("Cognito").is_none());
    }
}
