//! The settings of a deployment (docs/settings.md), as far as a decision depends on them.

use serde_json::Value;

use super::json::Json;

/// A deployment.
pub struct Deployment {
    /// `ISSUER`.
    pub own: String,
    /// `CLOCK_SKEW_SECONDS`.
    pub skew: i64,
    /// Whether `DEFAULT_POLICY` is `audience`, not `any`.
    pub by_audience: bool,
    /// `TRUSTED_ISSUERS`.
    pub entries: Vec<Entry>,
}

/// An entry of `TRUSTED_ISSUERS`.
#[derive(Clone)]
pub struct Entry {
    pub issuer: String,
    pub profile: String,
    pub algorithms: Vec<String>,
    pub client_ids: Option<Vec<String>>,
    pub audiences: Option<Vec<String>>,
    pub required_claims: Vec<(String, Json)>,
    pub claim_names: Json,
    pub aliases: Vec<String>,
    pub tenants: Vec<String>,
    /// The document with its keys.
    pub key_document: Vec<u8>,
}

impl Entry {
    /// Reads an entry whose keys are those of `jwks`.
    pub fn new(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let list = |name: &str| {
            let list = entry.get(name)?.as_array().unwrap();
            Some(list.iter().map(|element| element.as_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let profile = text("profile");
        let algorithms = match profile.as_str() {
            "cognito" | "auth0" | "entra" | "okta" => &["RS256"][..],
            _ => &["RS256", "ES256", "PS256", "EdDSA"],
        };
        let required = entry.get("required_claims").and_then(Value::as_object).into_iter().flatten();
        Self {
            issuer: text("issuer"),
            algorithms: list("algorithms").unwrap_or(algorithms.iter().map(ToString::to_string).collect()),
            profile,
            client_ids: list("client_ids"),
            audiences: list("audiences"),
            required_claims: required.map(|(name, value)| (name.clone(), Json::of(value))).collect(),
            claim_names: entry.get("claim_names").map_or(Json::Null, Json::of),
            aliases: list("aliases").unwrap_or_default(),
            tenants: list("tenants").unwrap_or_default(),
            key_document: entry["jwks"].to_string().into_bytes(),
        }
    }

    /// The names of claims that are read for a member, before the registered ones.
    pub fn names_of(&self, member: &str) -> Vec<String> {
        let names = self.claim_names.get(member).and_then(Json::list).unwrap_or_default();
        names.iter().map(|name| name.text().unwrap().to_owned()).collect()
    }

    /// The issuers that this entry trusts: one, or one for each tenant.
    pub fn issuers(&self) -> Vec<(String, Option<String>)> {
        if self.tenants.is_empty() {
            return vec![(self.issuer.clone(), None)];
        }
        self.tenants.iter().map(|tenant| (self.issuer.replace("{tenantid}", tenant), Some(tenant.clone()))).collect()
    }
}

impl Deployment {
    /// The entry whose token has this `iss`, with the issuer that marks name, and the tenant that `tid` must name.
    pub fn trusted(&self, iss: &str) -> Option<(&Entry, String, Option<String>)> {
        for entry in &self.entries {
            for (issuer, tenant) in entry.issuers() {
                let alias = |alias: &String| alias.replace("{tenantid}", tenant.as_deref().unwrap_or_default()) == iss;
                if issuer == iss || entry.aliases.iter().any(alias) {
                    return Some((entry, issuer, tenant));
                }
            }
        }
        None
    }

    /// The issuers of a client whose record names none.
    pub fn home(&self) -> Vec<String> {
        let first = self.entries.first().map(Entry::issuers).unwrap_or_default();
        std::iter::once(self.own.clone()).chain(first.into_iter().map(|(issuer, _)| issuer)).collect()
    }
}
