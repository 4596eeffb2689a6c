//! Any JWT that expires and is not another kind of token. The entry's `required_claims` or `audiences` distinguish it
//! from an ID token of the same issuer; the settings refuse this profile without them.

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
