//! What a caller may see of an active token: all of it, some of it, or not that it exists.

use serde_json::Value;

use crate::{
    auth::{Caller, Client, Registration},
    records::{Mode, PolicyRecord, Text, TokenType},
    settings::{DefaultPolicy, Settings},
    token::{Claims, Inactive},
    view::View,
};

/// What the policy decided.
pub struct Decision {
    /// What the caller sees; [`Inactive`], if nothing.
    pub view: Result<View, Inactive>,
    /// The policy is in report mode and would have shown less.
    pub would_deny: bool,
}

/// What a client would see. It can be shown to an operator and to nobody else: a response takes a [`View`].
pub struct Preview {
    /// The members of the answer; [`Inactive`], if there are none.
    pub members: Result<Value, Inactive>,
    /// The policy is in report mode and would have shown less.
    pub would_deny: bool,
}

/// Reduces an active token to what this caller may see.
pub fn view(caller: &Caller, claims: Claims, settings: &Settings) -> Decision {
    decide(caller, claims, settings)
}

/// Says what [`view`] would show a client that has not authenticated here, if it had.
pub fn preview(registration: &Registration, claims: Claims, settings: &Settings) -> Preview {
    let Decision { view, would_deny } = decide(&registration.client, claims, settings);
    Preview { members: view.map(|view| serde_json::to_value(view).unwrap_or_default()), would_deny }
}

/// The one place where a view is made.
fn decide(client: &Client, claims: Claims, settings: &Settings) -> Decision {
    if let Err(hidden) = is_its_business(client, &claims) {
        return Decision { view: Err(hidden), would_deny: false };
    }
    match client.policy().mode.unwrap_or_default() {
        Mode::Enforce => {
            let view = enforce(client, claims, settings).map(|(claims, _)| View::new(claims));
            Decision { view, would_deny: false }
        }
        Mode::Report => {
            let enforced = enforce(client, claims.clone(), settings);
            let would_deny = enforced.is_err() || enforced.is_ok_and(|(_, reduced)| reduced);
            Decision { view: Ok(View::new(claims)), would_deny }
        }
    }
}

/// What report mode does not relax: the kind of token, whose refresh token it is, and the issuer.
fn is_its_business(client: &Client, claims: &Claims) -> Result<(), Inactive> {
    let policy = client.policy();
    let listed = |name: &str| policy.token_types.as_ref().map(|types| lists(types, name));
    let own = client.is_client(&claims.issuer, claims.client_id.as_deref());
    match claims.token_type {
        TokenType::AccessToken if !listed("access_token").unwrap_or(true) => return Err(Inactive::TokenTypeHidden),
        TokenType::RefreshToken if !listed("refresh_token").unwrap_or(false) => return Err(Inactive::TokenTypeHidden),
        TokenType::RefreshToken if !own => return Err(Inactive::ForeignRefreshToken),
        TokenType::AccessToken | TokenType::RefreshToken => {}
    }
    match &policy.issuers {
        Some(issuers) if !lists(issuers, &claims.issuer) => Err(Inactive::IssuerHidden),
        _ => Ok(()),
    }
}

/// Applies `audiences`, `scopes` and `claims`; says whether anything was taken away.
fn enforce(client: &Client, mut claims: Claims, settings: &Settings) -> Result<(Claims, bool), Inactive> {
    if claims.token_type == TokenType::AccessToken && !is_meant_for(client, &claims, settings) {
        return Err(Inactive::AudienceHidden);
    }
    let policy = client.policy();
    let reduced =
        limit_scopes(&mut claims, policy)? | limit_claims(&mut claims, policy) | limit_details(&mut claims, policy);
    Ok((claims, reduced))
}

/// RFC 7662 §4: the caller must be one that the token may be used at.
fn is_meant_for(client: &Client, claims: &Claims, settings: &Settings) -> bool {
    let token_has = |name: &str| claims.audiences().any(|audience| audience == name);
    match (&client.policy().audiences, settings.default_policy) {
        (Some(audiences), _) => audiences.iter().any(|audience| token_has(&audience.0)),
        (None, DefaultPolicy::Any) => true,
        (None, DefaultPolicy::Audience) => {
            token_has(client.client_id()) || client.is_client(&claims.issuer, claims.client_id.as_deref())
        }
    }
}

fn limit_scopes(claims: &mut Claims, policy: &PolicyRecord) -> Result<bool, Inactive> {
    let Some(released) = &policy.scopes else { return Ok(false) };
    let matches = |scope: &str| {
        released.iter().any(|Text(pattern)| match pattern.strip_suffix('*') {
            Some(prefix) => scope.starts_with(prefix),
            None => scope == pattern,
        })
    };
    let (all, left) = (claims.scopes().count(), claims.scopes().filter(|scope| matches(scope)).collect::<Vec<_>>());
    if all > 0 && left.is_empty() {
        return Err(Inactive::ScopesHidden);
    }
    let reduced = left.len() < all;
    claims.scope = Some(left.join(" "));
    Ok(reduced)
}

fn limit_claims(claims: &mut Claims, policy: &PolicyRecord) -> bool {
    let Some(released) = &policy.claims else { return false };
    let is_released = |name: &str| lists(released, name);
    let before = claims.others.len() + usize::from(claims.username.is_some());
    claims.others.retain(|name, _| is_released(name));
    claims.username = claims.username.take().filter(|_| is_released("username"));
    claims.others.len() + usize::from(claims.username.is_some()) < before
}

/// RFC 9396 §9: details that name locations are for the resource servers at those locations.
fn limit_details(claims: &mut Claims, policy: &PolicyRecord) -> bool {
    let Some(audiences) = &policy.audiences else { return false };
    let Some(details) = &mut claims.authorization_details else { return false };
    let is_here = |location: &Value| location.as_str().is_some_and(|name| lists(audiences, name));
    let before = details.len();
    details.retain(|detail| match detail.get("locations") {
        None => true,
        Some(locations) => locations.as_array().is_some_and(|locations| locations.iter().any(is_here)),
    });
    let reduced = details.len() < before;
    if reduced && details.is_empty() {
        claims.authorization_details = None;
    }
    reduced
}

fn lists(list: &[Text], name: &str) -> bool {
    list.iter().any(|listed| listed == name)
}
