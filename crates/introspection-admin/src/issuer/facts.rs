//! What an issuer's metadata say about its access tokens, and what an entry needs in addition.

use serde_json::{Map, Value, json};
use token_introspection::profile::Profile;

use super::entry::{Suggestion, is_microsoft, profile_of_host};

/// A placeholder for what only a token or the operator knows.
const CLIENT: &str = "fill-in-client-id";
const AUDIENCE: &str = "fill-in-audience";
const TENANT: &str = "fill-in-tenant-id";
/// Claims with a fixed value that identify the access tokens of hosted services.
const FIXED: [(&str, &str, &str); 2] =
    [(".supabase.co", "role", "authenticated"), (".clerk.accounts.dev", "sts", "active")];

/// The relevant members of the metadata.
pub(super) struct Facts {
    /// The issuer as its access tokens name it. `None` if the metadata do not name one.
    pub issuer: Option<String>,
    pub jwks_uri: Option<String>,
    /// Whether access tokens name another issuer than the metadata, as those of AD FS do.
    pub has_token_issuer: bool,
    /// The algorithms of its ID tokens, which are the best guess for keys without `alg`.
    pub algorithms: Vec<String>,
    is_auth0: bool,
}

impl Facts {
    pub fn from_metadata(metadata: &Map<String, Value>) -> Self {
        let text = |name: &str| metadata.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let token_issuer = text("access_token_issuer");
        let algorithms = metadata.get("id_token_signing_alg_values_supported").and_then(Value::as_array);
        Self {
            issuer: token_issuer.or_else(|| text("issuer")).map(str::to_owned),
            jwks_uri: text("jwks_uri").map(str::to_owned),
            has_token_issuer: token_issuer.is_some_and(|issuer| Some(issuer) != text("issuer")),
            algorithms: algorithms.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            is_auth0: metadata.contains_key("mfa_challenge_endpoint"),
        }
    }

    /// Whether the metadata are a template for all tenants, as those of Microsoft's `common` are.
    pub fn has_tenants(&self) -> bool {
        self.issuer.as_deref().is_some_and(|issuer| issuer.contains("{tenantid}"))
    }

    fn profile(&self, host: &str) -> (&'static str, &'static str) {
        let keys_end_in = |end: &str| self.jwks_uri.as_deref().is_some_and(|uri| uri.ends_with(end));
        let has_keys_of =
            |profile| Profile::named(profile).and_then(|profile| profile.key_set).is_some_and(keys_end_in);
        let is_okta = [".okta.com", ".oktapreview.com", ".okta-emea.com"].iter().any(|end| host.ends_with(end));
        if let Some(profile) = profile_of_host(host) {
            profile
        } else if self.has_tenants() {
            ("entra", "the issuer in its metadata has the placeholder {tenantid}, as only Microsoft writes it")
        } else if keys_end_in("/discovery/v2.0/keys") {
            ("entra", "the address of its keys is Microsoft's")
        } else if host.ends_with(".auth0.com") || self.is_auth0 {
            ("auth0", "the issuer, or its mfa_challenge_endpoint, is Auth0's")
        } else if is_okta || (has_keys_of("okta") && self.issuer.as_ref().is_some_and(|i| i.contains("/oauth2/"))) {
            ("okta", "the issuer or the path of its keys is Okta's")
        } else if has_keys_of("keycloak") {
            ("keycloak", "the address of its keys is one that Keycloak uses")
        } else {
            ("generic", "nothing in its metadata is particular to another profile")
        }
    }

    /// An entry for this issuer, without the location of its keys.
    pub fn suggestion(&self) -> Suggestion {
        let issuer = self.issuer.as_deref().unwrap_or_default();
        let host = host(issuer);
        let (profile, because) = self.profile(host);
        let mut suggestion = Suggestion::new(issuer, profile, because);
        let tenant =
            issuer.strip_prefix("https://login.microsoftonline.com/").and_then(|rest| rest.strip_suffix("/v2.0"));
        if let Some(tenant) = tenant {
            // An API gets tokens of version 1 unless its registration requests version 2.
            suggestion.push("aliases", json!([format!("https://sts.windows.net/{tenant}/")]));
        }
        if self.has_tenants() {
            suggestion.push("tenants", json!([TENANT]));
            suggestion.note(
                "tenants: fill in the id of each tenant whose tokens are accepted; there is no way to accept every tenant",
            );
        }
        if Profile::named(profile).is_some_and(|profile| profile.client_ids_required) {
            suggestion.push("client_ids", json!([CLIENT]));
            suggestion.note("client_ids: fill in the clients whose tokens are accepted");
        } else {
            suggestion.push("audiences", json!([AUDIENCE]));
            suggestion.note("audiences: fill in the aud of the access tokens, as a token has it");
        }
        if Profile::named(profile).is_some_and(Profile::is_generic) {
            let fixed = FIXED.into_iter().find(|(end, ..)| host.ends_with(end));
            let (claim, value) = fixed.map_or(("fill-in-claim", "fill-in-value"), |(_, claim, value)| (claim, value));
            suggestion.push("required_claims", json!({ claim: value }));
            suggestion.note(
                "required_claims: fill in a claim and its value that only access tokens have, not ID tokens; without it, \
                 audiences must distinguish them",
            );
            suggestion.note(
                "if the header of the access tokens has the typ at+jwt, use the profile rfc9068 without required_claims",
            );
        }
        if profile == "okta" && !issuer.contains("/oauth2/") {
            suggestion.note(
                "this is Okta's org authorization server, whose access tokens are for Okta only; use a custom \
                 authorization server (https://HOST/oauth2/default)",
            );
        }
        if host == "accounts.google.com" {
            suggestion.note("Google's access tokens are opaque; only ID tokens of service accounts can be judged");
        }
        suggestion
    }
}

/// The host of a URL. Empty for any other text.
pub(super) fn host(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    authority
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(authority, |(host, _)| host)
}

/// Whether two issuers have the same host, or are both Microsoft's: tokens of version 1 and version 2 name different
/// hosts.
pub(super) fn is_same_party(one: &str, other: &str) -> bool {
    let (one, other) = (host(one), host(other));
    one.eq_ignore_ascii_case(other) || (is_microsoft(one) && is_microsoft(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_follows_from_the_issuer_or_its_metadata() {
        for (issuer, jwks_uri, more, expected) in [
            ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC", "", json!({}), "cognito"),
            ("https://t.eu.auth0.com/", "", json!({}), "auth0"),
            (
                "https://login.example.com/",
                "",
                json!({ "mfa_challenge_endpoint": "https://login.example.com/m" }),
                "auth0",
            ),
            ("https://login.microsoftonline.com/11112222/v2.0", "", json!({}), "entra"),
            ("https://login.microsoftonline.com/{tenantid}/v2.0", "", json!({}), "entra"),
            ("https://sts.windows.net/11112222/", "", json!({}), "entra"),
            ("https://shop.b2clogin.com/11112222/v2.0/", "", json!({}), "entra"),
            ("https://11112222.ciamlogin.com/11112222/v2.0", "", json!({}), "entra"),
            (
                "https://login.shop.example/11112222/v2.0/",
                "https://login.shop.example/x/discovery/v2.0/keys",
                json!({}),
                "entra",
            ),
            ("https://t.okta.com/oauth2/default", "", json!({}), "okta"),
            (
                "https://id.example.com/oauth2/default",
                "https://id.example.com/oauth2/default/v1/keys",
                json!({}),
                "okta",
            ),
            (
                "https://kc.example.com/realms/shop",
                "https://kc.example.com/realms/shop/protocol/openid-connect/certs",
                json!({}),
                "keycloak",
            ),
            (
                "https://kc.example.com/auth/realms/a",
                "https://kc.example.com/auth/realms/a/protocol/openid-connect/certs",
                json!({}),
                "keycloak",
            ),
            (
                "https://ids.example.com",
                "https://ids.example.com/.well-known/openid-configuration/jwks",
                json!({}),
                "generic",
            ),
            ("https://x.supabase.co/auth/v1", "", json!({}), "generic"),
        ] {
            let mut metadata = json!({ "issuer": issuer, "jwks_uri": jwks_uri });
            metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let suggestion = Facts::from_metadata(metadata.as_object().unwrap()).suggestion();
            assert_eq!((suggestion.profile, suggestion.issuer()), (expected, issuer));
            // The entry parses even before it is filled in, but accepts no token.
            let settings = super::super::settings(&suggestion);
            assert!(settings.is_ok(), "{issuer}: {:?}", settings.err().map(|error| error.to_string()));
            assert!(suggestion.text().contains("fill-in-"), "{issuer}");
        }
    }

    #[test]
    fn tokens_of_version_1_are_an_alias_of_version_2() {
        for (tenant, members) in [("11112222", 4), ("{tenantid}", 5)] {
            let metadata = json!({ "issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0") });
            let entry = Facts::from_metadata(metadata.as_object().unwrap()).suggestion().entry();
            assert_eq!(entry["aliases"], json!([format!("https://sts.windows.net/{tenant}/")]), "{entry}");
            assert_eq!(entry.as_object().map(Map::len), Some(members), "{entry}");
        }
    }

    #[test]
    fn only_metadata_of_the_same_host_may_name_another_issuer() {
        for (one, other, expected) in [
            ("https://a.example/x", "https://A.example/y/", true),
            ("https://login.microsoftonline.com/t", "https://sts.windows.net/t/", true),
            ("https://a.example", "https://b.example", false),
            ("https://a.example", "https://a.example.b.example", false),
            ("https://a.b2clogin.com", "https://b.example", false),
        ] {
            assert_eq!(is_same_party(one, other), expected, "{one} {other}");
        }
    }
}
