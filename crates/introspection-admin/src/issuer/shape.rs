//! What a token shows about its issuer: the claims in which issuers differ.

use serde_json::{Map, Value};
use token_introspection::{
    judge::{OF_ANOTHER_KIND, is_access_token_type},
    profile::OTHER_SCOPES,
};

use super::facts::host;

/// The header and claims of a token, unverified. They contain personal data, so there is no `Debug`.
pub(super) struct Shape {
    pub alg: String,
    pub typ: Option<String>,
    pub kid: Option<String>,
    pub claims: Map<String, Value>,
}

/// Claims that contain the client and the session. The first one that is present is used.
const CLIENT: [&str; 6] = ["client_id", "azp", "cid", "appid", "applicationId", "clientId"];
const SESSION: [&str; 5] = ["sid", "origin_jti", "session_state", "session_id", "sessionId"];

impl Shape {
    /// The value of a claim that is a string.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    pub fn has(&self, claim: &str) -> bool {
        self.claims.contains_key(claim)
    }

    pub fn has_all(&self, claims: &[&str]) -> bool {
        claims.iter().all(|claim| self.has(claim))
    }

    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// The host of the issuer, if it is a URL.
    pub fn host(&self) -> &str {
        host(self.issuer())
    }

    pub fn audiences(&self) -> Vec<String> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The claim that contains the client, and its value.
    pub fn client(&self) -> Option<(&'static str, &str)> {
        CLIENT.into_iter().find_map(|claim| Some((claim, self.text(claim)?)))
    }

    pub fn session(&self) -> Option<&'static str> {
        SESSION.into_iter().find(|claim| self.text(claim).is_some())
    }

    pub fn scope(&self) -> Option<&'static str> {
        ["scope"].into_iter().chain(OTHER_SCOPES).find(|claim| self.has(claim))
    }

    /// Whether `typ` is that of an access token (RFC 9068 §2.1).
    pub fn is_typed(&self) -> bool {
        self.typ.as_deref().is_some_and(is_access_token_type)
    }

    /// What shows that the token is not an access token.
    pub fn other_kind(&self) -> Option<String> {
        if let Some(claim) = OF_ANOTHER_KIND.into_iter().find(|claim| self.has(claim)) {
            let kind = match claim {
                "events" => "a logout token or a security event",
                "token_introspection" => "an introspection response",
                _ => "an ID token",
            };
            return Some(format!("it is {kind}: it has the claim {claim}"));
        }
        self.declared_kind().map(str::to_owned)
    }

    fn declared_kind(&self) -> Option<&'static str> {
        match (self.text("token_use"), self.text("typ")) {
            (Some("id"), _) | (_, Some("ID")) => Some("it is an ID token, as it says itself"),
            (Some("refresh"), _) | (_, Some("Refresh" | "Offline")) => Some("it is a refresh token, as it says itself"),
            (_, Some("Logout")) => Some("it is a logout token, as it says itself"),
            _ if self.issuer().ends_with("accounts.google.com") => {
                Some("it is an ID token: Google's access tokens are opaque")
            }
            _ if self.has("nonce") && self.scope().is_none() && !self.is_typed() && !self.has("cid") => {
                Some("it is probably an ID token: it has a nonce and no scope")
            }
            _ => None,
        }
    }
}
