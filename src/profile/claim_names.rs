//! The claims that stand for the members a decision reads: the entry's own names first, then the profile's.

use serde::Deserialize;

/// The member `claim_names` of an entry: for each of these members the claims to read, of which the first that is
/// present counts.
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
    /// The claims in which this issuer's tokens may carry scopes, beside the usual ones.
    pub fn scopes(&self) -> &[String] {
        &self.scope
    }

    /// The entry's names for one of [`MAPPED`].
    pub(super) fn of(&self, member: &str) -> &[String] {
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
