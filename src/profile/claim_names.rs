//! Which claims are read as the members that a decision needs: the entry's own names first, then the profile's.

use serde::Deserialize;

/// The member `claim_names` of an entry. It maps each of these members to a list of claims, of which the first present
/// one is used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    client_id: Vec<String>,
    scope: Vec<String>,
    sid: Vec<String>,
    jti: Vec<String>,
    username: Vec<String>,
    grant_id: Vec<String>,
}

/// The members that can be mapped.
pub(super) const MAPPED: [&str; 6] = ["client_id", "scope", "sid", "jti", "username", "grant_id"];

impl ClaimNames {
    /// The additional claims in which this issuer's tokens may contain scopes.
    pub fn scopes(&self) -> &[String] {
        &self.scope
    }

    /// The entry's names for one of [`MAPPED`].
    pub(super) fn for_member(&self, member: &str) -> &[String] {
        match member {
            "client_id" => &self.client_id,
            "scope" => &self.scope,
            "sid" => &self.sid,
            "jti" => &self.jti,
            "username" => &self.username,
            "grant_id" => &self.grant_id,
            _ => &[],
        }
    }
}
