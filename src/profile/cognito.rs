//! Amazon Cognito user pools (H-22). Access tokens have no `aud`, but for those bound to a resource; `origin_jti` is
//! what their sign-in gave them all, so it stands for the session.

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
