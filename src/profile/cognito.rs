//! Amazon Cognito user pools (H-22). Access tokens have no `aud`, except those that are bound to a resource. All tokens
//! of one sign-in have the same `origin_jti`, so it is the session.

use super::{Profile, RSA_ONLY};

pub const PROFILE: Profile = Profile {
    name: "cognito",
    algorithms: RSA_ONLY,
    key_set: Some("/.well-known/jwks.json"),
    typ_required: false,
    checked: &[("token_use", &["access"])],
    renamed: &[("origin_jti", "sid")],
    evidence: &[],
    required: &["exp", "iat", "sub", "client_id", "jti"],
    client_ids_required: true,
    audience_in_scopes: true,
};
