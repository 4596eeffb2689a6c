//! Okta, custom authorization servers (H-25): `cid` is the client and `scp` a list. An ID token has no `cid`.

use super::{Profile, RSA_ONLY};

pub const PROFILE: Profile = Profile {
    name: "okta",
    algorithms: RSA_ONLY,
    key_set: Some("/v1/keys"),
    typ_required: false,
    checked: &[],
    renamed: &[("cid", "client_id")],
    evidence: &["cid"],
    required: &["exp", "iat", "aud", "sub", "client_id", "jti"],
    client_ids_required: false,
    audience_in_scopes: false,
};
