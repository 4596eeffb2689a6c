//! What a caller may see of an active token: all of it, some of it, or nothing, not even that it exists.

use std::collections::BTreeSet;

use serde_json::{Value, value::RawValue};

use crate::{
    auth::{Caller, Client, Registration},
    judge::ActiveClaims,
    jwt::raw,
    profile::OTHER_SCOPES,
    proof::{Possession, PresentedProofs, Unproved, ValidProof},
    records::{ItemKey, Mode, PolicyRecord, StrictString, TokenType, UnixTime},
    settings::{DefaultPolicy, Settings},
    store::FirstUse,
    token::{Claims, Inactive},
    view::{Binding, View},
};

/// The maximum length of a list in an audit record.
const MAX_REPORTED_BYTES: usize = 1000;

/// What the policy decided.
pub struct Decision {
    /// What the caller sees, or why it sees nothing.
    pub view: Result<Shown, Inactive>,
    /// What a policy in report mode found.
    pub report: Option<PolicyReport>,
}

/// What a policy in report mode found about an active token, for the audit record. It has what a policy can list, and no
/// identifier of a person or of the token (RFC 7662 §4). Each list is separated by spaces; values that contain white space
/// or control characters are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyReport {
    /// Whether the policy would have shown less.
    pub would_deny: bool,
    pub audiences: String,
    pub scopes: String,
    /// The names of the members that `claims` of a policy can release.
    pub claims: String,
}

/// What a caller sees, and what is still to be proved.
pub enum Shown {
    View(View),
    /// The sender's proof must not have been used before.
    NeedsFirstUse(UnspentProof),
}

/// The view of a token with a valid proof. Only proof that this is its first use makes it a [`View`] (RFC 9449 §11.1).
pub struct UnspentProof {
    view: View,
    proof: ValidProof,
}

/// What a client would see. Only the operator gets it: a response takes a [`View`].
pub struct Preview {
    /// The members of the answer, or why the client would get none.
    pub members: Result<Value, Inactive>,
    /// The members of the answer without a policy.
    pub whole: Value,
    /// Whether the policy is in report mode and would have shown less.
    pub would_deny: bool,
}

/// Reduces an active token to what this caller may see. RFC 7662 §2.2: different callers may get different answers
/// about the same token. `proofs` are what the sender of the token presented to the caller.
pub fn view(caller: &Caller, claims: ActiveClaims, proofs: &PresentedProofs, settings: &Settings) -> Decision {
    decide(caller, claims.into_claims(), proofs, settings)
}

/// Shows what [`view`] would return to this client for a token without a proof, without the client having authenticated.
pub fn preview(registration: &Registration, claims: ActiveClaims, settings: &Settings) -> Preview {
    let claims = claims.into_claims();
    let whole = members(&View::new(claims.clone(), None));
    let Decision { view, report } = decide(&registration.client, claims, &PresentedProofs::default(), settings);
    let members = view.map(|shown| match shown {
        Shown::View(view) | Shown::NeedsFirstUse(UnspentProof { view, .. }) => members(&view),
    });
    Preview { members, whole, would_deny: report.is_some_and(|report| report.would_deny) }
}

fn members(view: &View) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

impl UnspentProof {
    /// The item that the first use writes, and until when it must be kept.
    pub fn guard(&self) -> (&ItemKey, UnixTime) {
        (&self.proof.guard, self.proof.expires_at)
    }

    /// Returns the view, if `first` is the first use of this proof.
    ///
    /// # Errors
    ///
    /// Returns [`Unproved::ProofReplayed`] if it is not.
    pub fn used(self, first: Option<&FirstUse>) -> Result<View, Inactive> {
        let is_first = first.is_some_and(|first| first.is_of(&self.proof.guard));
        if is_first { Ok(self.view) } else { Err(Inactive::Unproved(Unproved::ProofReplayed)) }
    }
}

/// Checks that the policy would show an active token with these claims, by its kind, issuer and audience. No keys are
/// fetched for a hidden token.
///
/// # Errors
///
/// Returns the rule of the policy that hides the token.
pub fn could_show(client: &Client, claims: &Claims, settings: &Settings) -> Result<(), Inactive> {
    is_visible_at_all(client, claims)?;
    match client.policy().mode {
        Mode::Enforce => is_meant_for(client, claims, settings),
        Mode::Report => Ok(()),
    }
}

/// The only way to a view.
fn decide(client: &Client, claims: Claims, proofs: &PresentedProofs, settings: &Settings) -> Decision {
    if let Err(hidden) = is_visible_at_all(client, &claims) {
        return Decision { view: Err(hidden), report: None };
    }
    let (claims, report) = match client.policy().mode {
        Mode::Enforce => (enforce(client, claims, settings).map(|(claims, _)| claims), None),
        Mode::Report => {
            let enforced = enforce(client, claims.clone(), settings);
            let would_deny = enforced.is_err() || enforced.is_ok_and(|(_, reduced)| reduced);
            let report = PolicyReport::new(&claims, scope_claims(&claims, settings), would_deny);
            (Ok(claims), Some(report))
        }
    };
    // Last, so that nothing depends on a proof for a token that is hidden anyway (S-15).
    let skew = settings.clock_skew_seconds;
    Decision { view: claims.and_then(|claims| bind(client.policy(), claims, proofs, skew)), report }
}

/// Shows a token that is bound to a key as its sender's possession of the key allows. This is the only place that makes
/// views.
fn bind(policy: &PolicyRecord, claims: Claims, proofs: &PresentedProofs, skew: i64) -> Result<Shown, Inactive> {
    let possession = proofs.possession(claims.cnf.as_deref(), skew).map_err(Inactive::Unproved)?;
    let binding = match &possession {
        Possession::Unbound => None,
        Possession::Proved(_) => Some(Binding::Proved),
        // RFC 9449 §7.1: a bound token is accepted only with a valid proof. Report mode does not relax this (S-10).
        Possession::NotPresented(why) if policy.enforce_binding => return Err(Inactive::Unproved(*why)),
        Possession::NotPresented(why) => Some(Binding::NotPresented(*why)),
    };
    let view = View::new(claims, binding);
    Ok(match possession {
        // RFC 9449 §11.1: a second use is refused. Only such a caller pays for the write that recognizes it (S-11).
        Possession::Proved(Some(proof)) if policy.enforce_binding => Shown::NeedsFirstUse(UnspentProof { view, proof }),
        _ => Shown::View(view),
    })
}

impl PolicyReport {
    fn new(claims: &Claims, scope_claims: &[String], would_deny: bool) -> Self {
        let others = OTHER_SCOPES.into_iter().chain(scope_claims.iter().map(String::as_str));
        let others = others.filter_map(|name| scopes_in(claims.others.get(name)?)).flatten();
        let scopes: Vec<String> = claims.scopes().map(str::to_owned).chain(others).collect();
        let username = claims.username.as_ref().map(|_| "username");
        Self {
            would_deny,
            audiences: spaced(claims.audiences()),
            scopes: spaced(scopes.iter().map(String::as_str)),
            claims: spaced(claims.others.keys().map(String::as_str).chain(username)),
        }
    }
}

/// Different values, separated by spaces, as far as they fit into a log line.
fn spaced<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let plain = |value: &&str| !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    let mut text = String::new();
    for value in values.filter(plain).collect::<BTreeSet<_>>() {
        if text.len() + value.len() >= MAX_REPORTED_BYTES {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(value);
    }
    text
}

/// The claims in which the issuer of these claims writes scopes, besides those of every issuer.
fn scope_claims<'s>(claims: &Claims, settings: &'s Settings) -> &'s [String] {
    settings.trusted_issuer(&claims.issuer).map(|issuer| issuer.claim_names.scopes()).unwrap_or_default()
}

/// Checks what report mode does not relax (I-13): the kind of token, the client of a refresh token, and the issuer.
fn is_visible_at_all(client: &Client, claims: &Claims) -> Result<(), Inactive> {
    let policy = client.policy();
    if !lists(&policy.token_types, claims.token_type.name()) {
        return Err(Inactive::TokenTypeHidden { listed: texts(&policy.token_types) });
    }
    // Only the client that it was issued to may see a refresh token (I-04).
    if claims.token_type == TokenType::RefreshToken && !client.was_issued(claims) {
        return Err(Inactive::ForeignRefreshToken { client_id: claims.client_id.clone() });
    }
    // The tokens of an issuer that the policy does not list are hidden (I-11).
    match &policy.issuers {
        Some(issuers) if !lists(issuers, &claims.issuer) => {
            Err(Inactive::IssuerHidden { iss: claims.issuer.clone(), listed: texts(issuers) })
        }
        _ => Ok(()),
    }
}

/// Applies `audiences`, `scopes` and `claims`. Returns the remaining claims, and whether anything was removed.
fn enforce(client: &Client, mut claims: Claims, settings: &Settings) -> Result<(Claims, bool), Inactive> {
    is_meant_for(client, &claims, settings)?;
    let policy = client.policy();
    let names = scope_claims(&claims, settings);
    let reduced = limit_scopes(&mut claims, policy, names)?
        | limit_claims(&mut claims, policy)
        | limit_details(&mut claims, policy);
    Ok((claims, reduced))
}

/// RFC 7662 §4: the caller must be a resource server at which the token may be used (G-05). RFC 9701 §3: this server
/// determines which ones those are (I-01). The audience of a refresh token is not checked.
fn is_meant_for(client: &Client, claims: &Claims, settings: &Settings) -> Result<(), Inactive> {
    let token_has = |name: &str| claims.audiences().any(|audience| audience == name);
    let (is_meant, accepted) = match (&client.policy().audiences, settings.default_policy) {
        _ if claims.token_type == TokenType::RefreshToken => return Ok(()),
        (None, DefaultPolicy::Any) => return Ok(()),
        (Some(audiences), _) => (audiences.iter().any(|audience| token_has(&audience.0)), texts(audiences)),
        (None, DefaultPolicy::Audience) => {
            // A client id identifies this client only to the issuers at which it is registered.
            let is_own = client.was_issued(claims);
            let is_audience = client.is_registered_at(&claims.issuer) && token_has(client.client_id());
            (is_own || is_audience, vec![client.client_id().to_owned()])
        }
    };
    let aud = || claims.audiences().map(str::to_owned).collect();
    if is_meant { Ok(()) } else { Err(Inactive::AudienceHidden { aud: aud(), accepted }) }
}

/// RFC 9701 §5: an answer should contain only the scopes that matter to the caller (I-05). This filters `scope` and all
/// other claims in which issuers write scopes.
fn limit_scopes(claims: &mut Claims, policy: &PolicyRecord, names: &[String]) -> Result<bool, Inactive> {
    let Some(released) = &policy.scopes else { return Ok(false) };
    let is_released = |scope: &str| {
        released.iter().any(|StrictString(pattern)| match pattern.strip_suffix('*') {
            Some(prefix) => scope.starts_with(prefix),
            None => scope == pattern,
        })
    };
    let mut all: Vec<String> = claims.scopes().map(str::to_owned).collect();
    let left: Vec<&str> = claims.scopes().filter(|scope| is_released(scope)).collect();
    let mut kept = left.len();
    let mut unreadable = false;
    claims.scope = Some(left.join(" "));
    for name in OTHER_SCOPES.into_iter().chain(names.iter().map(String::as_str)) {
        let Some(text) = claims.others.remove(name) else { continue };
        let Some(scopes) = scopes_in(&text) else {
            unreadable = true;
            continue;
        };
        let left: Vec<&str> = scopes.iter().map(String::as_str).filter(|scope| is_released(scope)).collect();
        // Scopes in a claim that the caller does not see are not left for it.
        let is_shown = policy.claims.as_ref().is_none_or(|released| lists(released, name));
        kept += if is_shown { left.len() } else { 0 };
        let filtered = if text.get().starts_with('[') { raw(&left) } else { raw(&left.join(" ")) };
        claims.others.extend(filtered.filter(|_| !left.is_empty()).map(|text| (name.to_owned(), text)));
        all.extend(scopes);
    }
    // An answer without scopes would look like a token that never had any (I-06).
    if kept == 0 && !all.is_empty() {
        return Err(Inactive::ScopesHidden { scopes: all, released: texts(released) });
    }
    Ok(unreadable || kept < all.len())
}

/// The scopes in a claim; `None` if it is neither a string nor a list of strings.
fn scopes_in(text: &RawValue) -> Option<Vec<String>> {
    serde_json::from_str(text.get()).ok().or_else(|| {
        let scopes: String = serde_json::from_str(text.get()).ok()?;
        Some(scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
    })
}

/// RFC 7662 §5: information about a user must not reach parties that it is not meant for (I-08, J-21, K-08).
fn limit_claims(claims: &mut Claims, policy: &PolicyRecord) -> bool {
    let Some(released) = &policy.claims else { return false };
    let is_released = |name: &str| lists(released, name);
    let before = claims.others.len() + usize::from(claims.username.is_some());
    claims.others.retain(|name, _| is_released(name));
    claims.username = claims.username.take().filter(|_| is_released("username"));
    claims.others.len() + usize::from(claims.username.is_some()) < before
}

/// RFC 9396 §9 (I-07): authorization details with locations are only for the resource servers at those locations.
fn limit_details(claims: &mut Claims, policy: &PolicyRecord) -> bool {
    let Some(audiences) = &policy.audiences else { return false };
    let Some(details) = &mut claims.authorization_details else { return false };
    let is_here = |location: &Value| location.as_str().is_some_and(|name| lists(audiences, name));
    let before = details.len();
    details.retain(|detail| {
        let detail: Value = serde_json::from_str(detail.get()).unwrap_or_default();
        match detail.get("locations") {
            None => true,
            Some(locations) => locations.as_array().is_some_and(|locations| locations.iter().any(is_here)),
        }
    });
    let reduced = details.len() < before;
    if reduced && details.is_empty() {
        claims.authorization_details = None;
    }
    reduced
}

fn lists(list: &[StrictString], name: &str) -> bool {
    list.iter().any(|listed| listed == name)
}

fn texts(list: &[StrictString]) -> Vec<String> {
    list.iter().map(|StrictString(text)| text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::{FetchedItems, sha256_hex};

    fn settings() -> Settings {
        Settings::read(|name| (name == "ISSUER").then(|| "https://a.example".to_owned())).unwrap()
    }

    fn client(policy: &Value) -> Client {
        let record = json!({ "client_secret": sha256_hex("secret"), "introspection": policy });
        let key = ItemKey::client("c").unwrap();
        let items = FetchedItems::single(&key, serde_dynamo::to_item(record).unwrap());
        Registration::from_items(&key, &items, &settings(), 0).map(|registration| registration.client).unwrap()
    }

    fn claims(set: &Value) -> Claims {
        let members = crate::jwt::parse_members(set.to_string().as_bytes()).unwrap();
        Claims::read(TokenType::AccessToken, members).unwrap()
    }

    #[test]
    fn i13_two_parts_that_are_removed_count_as_well_as_one() {
        let set = json!({
            "iss": "i", "aud": "a", "scope": "read write", "name": "x",
            "authorization_details": [{ "type": "t" }, { "type": "t", "locations": ["b"] }],
        });
        let all = json!({ "audiences": ["a"], "scopes": ["read"], "claims": [] });
        for without in ["scopes", "details"] {
            let (mut set, mut policy) = (set.clone(), all.clone());
            let part = if without == "details" { &mut set["authorization_details"] } else { &mut policy["scopes"] };
            *part = Value::Null;
            let reduced = enforce(&client(&policy), claims(&set), &settings()).map(|(_, reduced)| reduced);
            assert_eq!(reduced, Ok(true), "without {without}");
        }
    }

    #[test]
    fn i04_a_hidden_token_is_explained_by_what_the_policy_lists() {
        let (client, claims) = (client(&json!({ "token_types": ["refresh_token"] })), claims(&json!({ "iss": "i" })));
        let hidden = Inactive::TokenTypeHidden { listed: vec!["refresh_token".to_owned()] };
        assert_eq!(could_show(&client, &claims, &settings()), Err(hidden));
    }
}
