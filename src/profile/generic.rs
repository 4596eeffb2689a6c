//! Any JWT that expires and is no other kind of token. What sets it apart from an ID token of the same issuer are the
//! entry's `required_claims` or `audiences`, without which the settings refuse this profile.

use super::{Profile, USUAL};

pub const PROFILE: Profile = Profile {
    name: "generic",
    algorithms: USUAL,
    key_set: None,
    typ_required: false,
    checked: &[],
    renamed: &[],
    evidence: &[],
    required: &["exp"],
    client_ids_required: false,
    audience_in_scopes: false,
};
