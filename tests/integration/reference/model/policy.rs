//! What of a policy hides a token before its signature and its marks count (docs/endpoints.md#what-each-caller-sees).

use super::{Stop, World, authentication::Caller, rules::Fault, token::Facts};

pub fn check(world: &World<'_>, caller: &Caller, facts: &Facts) -> Result<(), Stop> {
    let policy = &caller.policy;
    let kind = if facts.is_refresh_token { "refresh_token" } else { "access_token" };
    if !policy.token_types.iter().any(|listed| listed == kind) {
        return Err(Stop::Inactive("token_type_hidden"));
    }
    let of_own_issuer = caller.issuers.contains(&facts.issuer);
    let issued_to_caller = of_own_issuer && facts.client_id.as_ref() == Some(&caller.id);
    let foreign = facts.is_refresh_token && !issued_to_caller;
    if foreign && !world.rules.breaks(Fault::ForeignRefreshTokensAreShown) {
        return Err(Stop::Inactive("foreign_refresh_token"));
    }
    let relaxed = policy.report && world.rules.breaks(Fault::ReportRelaxesIssuers);
    let hides = |issuers: &Vec<String>| !issuers.contains(&facts.issuer);
    if policy.issuers.as_ref().is_some_and(hides) && !relaxed {
        return Err(Stop::Inactive("issuer_hidden"));
    }
    let visible = match &policy.audiences {
        _ if facts.is_refresh_token || policy.report => true,
        Some(audiences) => audiences.iter().any(|audience| facts.audiences.contains(audience)),
        None if !world.deployment.by_audience => true,
        None => {
            let own = of_own_issuer || world.rules.breaks(Fault::AudienceOfEveryIssuer);
            issued_to_caller || (own && facts.audiences.contains(&caller.id))
        }
    };
    if visible { Ok(()) } else { Err(Stop::Inactive("audience_hidden")) }
}

/// Whether a policy that lists these scopes releases this one.
pub fn releases(scopes: &[String], scope: &str) -> bool {
    scopes.iter().any(|listed| match listed.strip_suffix('*') {
        Some(prefix) => scope.starts_with(prefix),
        None => scope == listed,
    })
}
