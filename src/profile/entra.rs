//! Microsoft Entra ID (H-24), tokens of version 1 (`appid`, issuer `https://sts.windows.net/<tenant>/`) and 2 (`azp`,
//! issuer `https://login.microsoftonline.com/<tenant>/v2.0`). `uti` is what other issuers call `jti`. Tokens for
//! Microsoft Graph have a `nonce` in their header, so only Microsoft can check their signature. An ID token has no
//! claim that names a client.

use super::{Profile, RSA_ONLY};

pub const PROFILE: Profile = Profile {
    name: "entra",
    algorithms: RSA_ONLY,
    key_set: None,
    typ_required: false,
    checked: &[],
    renamed: &[
        ("azp", "client_id"),
        ("appid", "client_id"),
        ("uti", "jti"),
        ("preferred_username", "username"),
        ("upn", "username"),
    ],
    evidence: &["scp"],
    required: &["exp", "iat", "aud", "sub", "client_id"],
    client_ids_required: false,
    audience_in_scopes: false,
};
