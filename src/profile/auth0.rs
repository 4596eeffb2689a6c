//! Auth0, in both of its dialects (H-23): its own, with `azp` and without `jti`, and the one of RFC 9068. An ID token
//! has neither `azp` nor `client_id`.

use super::{Profile, RSA_ONLY};

pub const PROFILE: Profile = Profile {
    name: "auth0",
    algorithms: RSA_ONLY,
    key_set: Some("/.well-known/jwks.json"),
    typ_required: false,
    checked: &[],
    renamed: &[("azp", "client_id")],
    evidence: &[],
    required: &["exp", "iat", "aud", "sub", "client_id"],
    client_ids_required: false,
    audience_in_scopes: false,
};
