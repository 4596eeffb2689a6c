//! The members of an active answer, in their order (docs/endpoints.md#members-of-an-active-answer).

use super::{Stop, World, authentication::Caller, json::Json, policy::releases, rules::Fault, token::Facts};

pub fn view(world: &World<'_>, caller: &Caller, facts: &Facts) -> Result<Vec<(String, Json)>, Stop> {
    let policy = &caller.policy;
    let enforced = |list: &Option<Vec<String>>| if policy.report { None } else { list.clone() };
    let scopes = enforced(&policy.scopes);
    let shown = |scope: &&str| scopes.as_ref().is_none_or(|scopes| releases(scopes, scope));
    let visible: Vec<_> = facts.scopes.iter().map(String::as_str).filter(shown).collect();
    let claims = enforced(&policy.claims);
    let listed = |name: &str| claims.as_ref().is_none_or(|claims| claims.iter().any(|claim| claim == name));
    let (mut some, mut left) = (!facts.scopes.is_empty(), !visible.is_empty());
    let mut others = Vec::new();
    for (name, value) in &facts.others {
        let shows_scopes = facts.scope_names.contains(name) && scopes.is_some();
        let visible = if shows_scopes { filtered(value, &shown) } else { Some(value.clone()) };
        some |= shows_scopes && filtered(value, &|_| true).is_some();
        left |= shows_scopes && visible.is_some() && listed(name);
        others.extend(visible.filter(|_| listed(name)).map(|value| (name.clone(), value)));
    }
    if some && !left && !world.rules.breaks(Fault::HiddenScopesAreActive) {
        return Err(Stop::Inactive("scopes_hidden"));
    }
    let binding = facts.cnf.as_ref().filter(|_| policy.enforce_binding);
    if let Some(cnf) = binding {
        let reason = match (cnf.get("jkt"), cnf.get("x5t#S256")) {
            (Some(_), _) => "no_proof",
            (None, Some(_)) => "no_certificate",
            (None, None) => "unknown_binding",
        };
        return Err(Stop::Inactive(reason));
    }
    let text = |text: &Option<String>| text.clone().map(Json::Text);
    let integer = |time: Option<i128>| time.map(|time| Json::Number(time.to_string()));
    let is_bound = facts.cnf.as_ref().is_some_and(|cnf| cnf.get("jkt").is_some());
    let token_type = if is_bound { "DPoP" } else { "Bearer" };
    let username = facts.username.clone();
    let username = username.filter(|_| listed("username") || world.rules.breaks(Fault::UsernameIsRegistered));
    let details = details(world, caller, facts);
    let members = [
        ("active", Some(Json::Bool(true))),
        ("iss", Some(Json::Text(facts.iss.clone()))),
        ("sub", text(&facts.sub)),
        ("aud", facts.aud.clone()),
        ("client_id", text(&facts.client_id)),
        ("scope", Some(Json::Text(visible.join(" "))).filter(|_| !visible.is_empty())),
        ("token_type", Some(Json::Text(token_type.to_owned())).filter(|_| !facts.is_refresh_token)),
        ("exp", integer(facts.exp)),
        ("iat", integer(facts.iat)),
        ("nbf", integer(facts.nbf)),
        ("jti", text(&facts.jti)),
        ("username", text(&username)),
        ("cnf", facts.cnf.clone()),
        ("binding", facts.cnf.as_ref().map(|_| Json::Text("not_presented".to_owned()))),
        ("act", facts.act.clone()),
        ("authorization_details", details),
        ("acr", facts.acr.clone()),
        ("auth_time", integer(facts.auth_time)),
    ];
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    others.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(members.chain(others).collect())
}

/// The scopes that a claim shows under another name, without the hidden ones. Nothing if none is left.
fn filtered(value: &Json, shown: &impl Fn(&&str) -> bool) -> Option<Json> {
    match value {
        Json::Text(text) => {
            let left: Vec<_> = text.split(' ').filter(|scope| !scope.is_empty()).filter(shown).collect();
            (!left.is_empty()).then(|| Json::Text(left.join(" ")))
        }
        Json::List(elements) => {
            let texts: Option<Vec<_>> = elements.iter().map(Json::text).collect();
            let left: Vec<_> = texts?.into_iter().filter(shown).map(|text| Json::Text(text.to_owned())).collect();
            (!left.is_empty()).then_some(Json::List(left))
        }
        _ => None,
    }
}

/// I-07: the entries for the caller's audiences. Nothing if none of them is left.
fn details(world: &World<'_>, caller: &Caller, facts: &Facts) -> Option<Json> {
    let details = facts.authorization_details.as_ref()?;
    let entries = details.list().unwrap_or_default();
    let audiences = caller.policy.audiences.as_ref().filter(|_| !caller.policy.report);
    let Some(audiences) = audiences.filter(|_| !world.rules.breaks(Fault::DetailsAreNotFiltered)) else {
        return Some(details.clone());
    };
    let is_for_caller = |entry: &&Json| match entry.get("locations") {
        None => true,
        Some(Json::List(locations)) => {
            locations.iter().any(|location| location.text().is_some_and(|text| audiences.iter().any(|a| a == text)))
        }
        Some(_) => false,
    };
    let left: Vec<_> = entries.iter().filter(is_for_caller).cloned().collect();
    if left.is_empty() && !entries.is_empty() { None } else { Some(Json::List(left)) }
}
