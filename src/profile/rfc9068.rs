//! RFC 9068, JWT Profile for OAuth 2.0 Access Tokens.

use super::{Profile, USUAL};

pub const PROFILE: Profile = Profile {
    name: "rfc9068",
    algorithms: USUAL,
    key_set: None,
    typ_required: true,
    checked: &[],
    renamed: &[],
    evidence: &[],
    // RFC 9068 §2.2: every access token has these claims, and `iss`, which chose this profile (H-02).
    required: &["exp", "aud", "sub", "client_id", "iat", "jti"],
    client_ids_required: false,
    audience_in_scopes: false,
};
