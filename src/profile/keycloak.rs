//! Keycloak. The claim `typ` distinguishes access tokens from ID, refresh and logout tokens; `azp` is the client. A
//! token of a realm without audience mappers has no `aud`. Versions before 24 name the session only in `session_state`.

use super::{Profile, USUAL};

pub const PROFILE: Profile = Profile {
    name: "keycloak",
    algorithms: USUAL,
    key_set: Some("/protocol/openid-connect/certs"),
    typ_required: false,
    checked: &[("typ", &["Bearer", "DPoP"])],
    renamed: &[("azp", "client_id"), ("session_state", "sid"), ("preferred_username", "username")],
    evidence: &[],
    required: &["exp", "iat", "client_id", "jti"],
    client_ids_required: false,
    audience_in_scopes: false,
};
