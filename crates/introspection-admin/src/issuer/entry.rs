//! The suggested entry of `TRUSTED_ISSUERS`, and how it follows from a token.

use serde_json::{Map, Value, json};
use token_introspection::{jwt::Algorithm, profile::Profile};

use super::shape::Shape;

/// An entry, and the reasons for it.
pub(super) struct Suggestion {
    pub profile: &'static str,
    pub because: &'static str,
    members: Vec<(&'static str, Value)>,
    pub notes: Vec<String>,
}

/// Claims with a fixed value that only access tokens of one kind of issuer have: `FusionAuth`, Supabase, AD FS, Clerk.
const FIXED: [(&str, Option<&str>); 6] = [
    ("token_use", Some("access")),
    ("tty", Some("at")),
    ("role", Some("authenticated")),
    ("apptype", None),
    ("token_type", None),
    ("sts", Some("active")),
];

impl Suggestion {
    /// An entry with only the issuer and the profile.
    pub fn new(issuer: &str, profile: &'static str, because: &'static str) -> Self {
        let members = vec![("issuer", issuer.into()), ("profile", profile.into())];
        Self { profile, because, members, notes: Vec::new() }
    }

    pub fn from_shape(shape: &Shape) -> Self {
        let (profile, because) = profile(shape);
        let mut suggestion = Self::new(shape.issuer(), profile, because);
        suggestion.add_keys(shape);
        suggestion.add_algorithms(shape);
        suggestion.add_recipients(shape);
        suggestion.add_claim_names(shape);
        suggestion.add_notes(shape);
        suggestion
    }

    pub fn entry(&self) -> Value {
        self.members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>().into()
    }

    /// The entry as text to paste, with the issuer first.
    pub fn text(&self) -> String {
        let members: Vec<_> = self.members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{{}}}", members.join(", "))
    }

    pub fn issuer(&self) -> &str {
        self.members.first().and_then(|(_, issuer)| issuer.as_str()).unwrap_or_default()
    }

    pub fn push(&mut self, member: &'static str, value: Value) {
        self.members.push((member, value));
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn rules(&self) -> Option<&'static Profile> {
        Profile::named(self.profile)
    }

    /// Adds the location of the keys, if the issuer's metadata do not name it.
    fn add_keys(&mut self, shape: &Shape) {
        let issuer = shape.issuer().trim_end_matches('/');
        if shape.has("kubernetes.io") {
            self.members.push(("jwks_uri", format!("{issuer}/openid/v1/jwks").into()));
            let file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
            self.members.push(("jwks_bearer_file", file.into()));
            self.note("the cluster's keys need a token with the role system:service-account-issuer-discovery");
        } else if let Some(host) = issuer.strip_suffix("/adfs/services/trust") {
            let host = host.replacen("http://", "https://", 1);
            self.members.push(("jwks_uri", format!("{host}/adfs/discovery/keys").into()));
        } else if let Some(policy) = shape.text("tfp").filter(|_| shape.host().ends_with(".b2clogin.com")) {
            let tenant = shape.host().trim_end_matches(".b2clogin.com");
            let uri = format!("https://{}/{tenant}.onmicrosoft.com/{policy}/discovery/v2.0/keys", shape.host());
            self.members.push(("jwks_uri", uri.into()));
        } else if shape.host().ends_with("securetoken.google.com") {
            let uri = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
            self.members.push(("jwks_uri", uri.into()));
        } else if !issuer.starts_with("https://") && !matches!(shape.host(), "127.0.0.1" | "localhost" | "[::1]") {
            self.members.push(("jwks_uri", "https://fill-in.example/jwks.json".into()));
            self.note("the issuer is not an https URL, so the entry must say where its keys are: fill in jwks_uri");
        }
    }

    fn add_algorithms(&mut self, shape: &Shape) {
        match Algorithm::from_name(&shape.alg) {
            None if shape.alg.starts_with("HS") => self.note(format!(
                "alg is {}: the token is signed with a shared secret, so every resource server could forge it; have the \
                 issuer sign with RS256 or ES256",
                shape.alg
            )),
            None => self.note(format!("alg is {:?}, which no entry can accept", shape.alg)),
            Some(algorithm) if self.rules().is_some_and(|rules| rules.algorithms.contains(&algorithm)) => {}
            Some(algorithm) => self.members.push(("algorithms", json!([algorithm.name()]))),
        }
        if shape.kid.is_none() {
            self.note("the token has no kid, so its key cannot be distrusted by itself (revoke --kid)");
        }
    }

    /// Adds who the tokens must be for, and what distinguishes them from ID tokens.
    fn add_recipients(&mut self, shape: &Shape) {
        let audiences: Vec<_> =
            shape.audiences().into_iter().filter(|audience| !audience.ends_with("/userinfo")).collect();
        let client = shape.client().map(|(_, client)| client.to_owned());
        if self.rules().is_some_and(|rules| rules.client_ids_required) {
            self.members.push(("client_ids", client.into_iter().collect()));
            return;
        }
        if !audiences.is_empty() {
            self.members.push(("audiences", audiences.clone().into()));
        }
        if self.rules().is_none_or(|rules| !rules.is_generic()) {
            return;
        }
        let fixed = FIXED.into_iter().find_map(|(claim, expected)| {
            let value = shape.text(claim).filter(|value| expected.is_none_or(|expected| *value == expected))?;
            Some((claim, value.to_owned()))
        });
        match (fixed, client) {
            (Some((claim, value)), _) => self.members.push(("required_claims", json!({ claim: value }))),
            (None, Some(client)) if audiences.is_empty() => {
                let claim = shape.client().map_or("client_id", |(claim, _)| claim);
                self.members.push(("required_claims", json!({ claim: client })));
                self.note("the token has no aud, so the entry accepts this one client; have the issuer set an audience");
            }
            (None, _) if shape.is_typed() => {}
            (None, _) => self.note(
                "only aud distinguishes these tokens from ID tokens, which may have the same aud; have the issuer add a claim with a \
                 fixed value to its access tokens, and list it in required_claims",
            ),
        }
    }

    /// Adds names of claims that the profile does not know.
    fn add_claim_names(&mut self, shape: &Shape) {
        let renames =
            |claim: &str| self.rules().is_some_and(|rules| rules.renamed.iter().any(|(from, _)| *from == claim));
        let mut names = Map::new();
        if let Some((claim, _)) = shape.client().filter(|(claim, _)| *claim != "client_id" && !renames(claim)) {
            names.insert("client_id".to_owned(), json!([claim]));
        }
        if let Some(claim) = shape.session().filter(|claim| *claim != "sid" && !renames(claim)) {
            names.insert("sid".to_owned(), json!([claim]));
        }
        if !names.is_empty() {
            self.members.push(("claim_names", names.into()));
        }
    }

    fn add_notes(&mut self, shape: &Shape) {
        if let Some(kind) = shape.other_kind() {
            self.note(format!("{kind}; give an access token instead"));
        }
        if shape.client().is_none() {
            self.note("no claim names the client, so client# marks and policies for clients do not apply");
        }
        if shape.session().is_none() {
            self.note("no claim names the session, so `revoke --sid` does not apply");
        }
        if !shape.has("jti") && !shape.has("uti") {
            self.note("the token has no jti; `revoke --token` revokes it by its digest");
        }
        if let Some(missing) =
            self.rules().and_then(|rules| rules.required.iter().find(|name| !self.provides(name, shape)))
        {
            self.note(format!("the profile {} requires {missing}, which the token does not have", self.profile));
        }
    }

    fn provides(&self, member: &str, shape: &Shape) -> bool {
        let renamed = self.rules().map_or(&[][..], |rules| rules.renamed);
        shape.has(member)
            || (member == "client_id" && shape.client().is_some())
            || renamed.iter().any(|(claim, name)| *name == member && shape.has(claim))
    }
}

/// Whether this is a host of Microsoft.
pub(super) fn is_microsoft(host: &str) -> bool {
    ["login.microsoftonline.com", "login.partner.microsoftonline.cn", "sts.windows.net"].contains(&host)
        || [".b2clogin.com", ".ciamlogin.com", ".microsoftonline.us"].iter().any(|end| host.ends_with(end))
}

/// The profile that follows from the host, and why.
pub(super) fn profile_of_host(host: &str) -> Option<(&'static str, &'static str)> {
    if host.starts_with("cognito-idp.") {
        Some(("cognito", "the issuer is a user pool of Amazon Cognito"))
    } else {
        is_microsoft(host).then_some(("entra", "the issuer is Microsoft's"))
    }
}

/// The profile, and the evidence for it.
fn profile(shape: &Shape) -> (&'static str, &'static str) {
    let host = shape.host();
    let rfc9068 = Profile::named("rfc9068").map_or(&[][..], |profile| profile.required);
    if let Some(profile) = profile_of_host(host) {
        profile
    } else if host.ends_with(".auth0.com") || (shape.has("azp") && shape.has("gty") && shape.issuer().ends_with('/')) {
        ("auth0", "the issuer is Auth0's, or its claims azp and gty are")
    } else if shape.has("cid") && shape.has("scp") {
        ("okta", "it has the claims cid and scp of Okta")
    } else if matches!(shape.text("typ"), Some("Bearer" | "DPoP")) && (shape.has("azp") || shape.has("client_id")) {
        ("keycloak", "its claim typ is Bearer or DPoP, as only Keycloak writes it")
    } else if shape.is_typed() && shape.has_all(rfc9068) {
        ("rfc9068", "its typ is at+jwt, and it has all claims of RFC 9068")
    } else if shape.is_typed() {
        ("generic", "its typ is at+jwt, but claims of RFC 9068 are missing")
    } else {
        ("generic", "nothing in it is particular to another profile")
    }
}
