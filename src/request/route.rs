//! Which endpoint a path belongs to.

use crate::settings::Settings;

/// An endpoint of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /token/introspect` (RFC 7662 §2).
    Introspection,
    /// `POST /token/introspect/batch`, many tokens at once.
    Batch,
    /// `POST /token/revoke` (RFC 7009 §2).
    Revocation,
    /// `POST /logout/backchannel` (OpenID Connect Back-Channel Logout §2.5), if an issuer may send logout tokens.
    LogOut,
    /// `POST /events` (RFC 8935 §2.1), if an issuer may send security event tokens.
    Events,
    /// `POST /global-token-revocation`, if `GLOBAL_REVOCATION_ISSUERS` is set.
    GlobalRevocation,
    /// Authorization server metadata (RFC 8414 §3).
    Metadata,
    /// The keys of signed responses.
    KeySet,
}

/// The paths of the endpoints, below the base URL.
pub const INTROSPECTION: &str = "/token/introspect";
pub const REVOCATION: &str = "/token/revoke";
pub const KEY_SET: &str = "/.well-known/jwks.json";
const EVENTS: &str = "/events";
const LOG_OUT: &str = "/logout/backchannel";
pub const GLOBAL_REVOCATION: &str = "/global-token-revocation";
const BATCH: &str = "/token/introspect/batch";
const METADATA: &str = "/.well-known/oauth-authorization-server";

impl Route {
    /// Matches the end of the path, so that a stage or base path in front makes no difference.
    pub fn from_path(path: &str, settings: &Settings) -> Option<Self> {
        // RFC 8414 §3.1: if the issuer has a path, clients insert the well-known part in front of it (M-01).
        let inserted = path.strip_suffix(settings.issuer_path()).unwrap_or(path);
        if path.ends_with(INTROSPECTION) {
            Some(Self::Introspection)
        } else if path.ends_with(BATCH) {
            Some(Self::Batch)
        } else if path.ends_with(REVOCATION) {
            Some(Self::Revocation)
        } else if path.ends_with(LOG_OUT) && settings.receives_log_outs() {
            Some(Self::LogOut)
        } else if path.ends_with(EVENTS) && settings.receives_events() {
            Some(Self::Events)
        } else if path.ends_with(GLOBAL_REVOCATION) && !settings.global_revocation_issuers.is_empty() {
            Some(Self::GlobalRevocation)
        } else if [path, inserted].iter().any(|path| path.ends_with(METADATA))
            // Most clients know only this name (M-02).
            || path.ends_with("/.well-known/openid-configuration")
        {
            Some(Self::Metadata)
        } else if path.ends_with(KEY_SET) {
            Some(Self::KeySet)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m01_routes_are_matched_by_their_end() {
        let settings = |issuer: &str| {
            Settings::read(|name| (name == "ISSUER").then(|| issuer.to_owned())).map_err(|error| error.to_string())
        };
        for (issuer, path, expected) in [
            ("https://a.example", "/token/introspect", Some(Route::Introspection)),
            ("https://a.example", "/prod/token/introspect", Some(Route::Introspection)),
            ("https://a.example", "/iam/token/introspect", Some(Route::Introspection)),
            ("https://a.example", "/prod/token/introspect/batch", Some(Route::Batch)),
            ("https://a.example", "/prod/token/revoke", Some(Route::Revocation)),
            ("https://a.example", "/token/introspect/", None),
            ("https://a.example", "/token/introspec", None),
            ("https://a.example", "token/introspect", None),
            ("https://a.example", "/", None),
            ("https://a.example", "", None),
            ("https://a.example", "/.well-known/oauth-authorization-server", Some(Route::Metadata)),
            ("https://a.example", "/.well-known/oauth-authorization-server/t1", None),
            ("https://a.example/t1", "/.well-known/oauth-authorization-server/t1", Some(Route::Metadata)),
            ("https://a.example/t1/", "/.well-known/oauth-authorization-server/t1", Some(Route::Metadata)),
            ("https://a.example/t1", "/t1/.well-known/oauth-authorization-server", Some(Route::Metadata)),
            ("https://a.example/t1", "/t1/.well-known/openid-configuration", Some(Route::Metadata)),
            ("https://a.example", "/.well-known/jwks.json", Some(Route::KeySet)),
        ] {
            let actual = settings(issuer).map(|settings| Route::from_path(path, &settings));
            assert_eq!(actual, Ok(expected), "{issuer} {path}");
        }
    }
}
