//! The claims that decide, each under the names that the profile and the entry give it.

use super::{
    Stop, World, base64,
    deployment::Entry,
    json::Json,
    jwt::Jwt,
    marks::Mark,
    rules::Fault,
    time::{LAST, any_time, time},
    token::Facts,
};

/// The claims that the answer shows under their own names, or never.
const NAMED: [&str; 19] = [
    "active",
    "iss",
    "sub",
    "aud",
    "client_id",
    "scope",
    "token_type",
    "exp",
    "iat",
    "nbf",
    "jti",
    "username",
    "cnf",
    "binding",
    "act",
    "authorization_details",
    "acr",
    "auth_time",
    "grant_id",
];

/// A claim that decides, under whichever name it was found.
struct Found<'c> {
    name: String,
    value: &'c Json,
}

/// Which names are read for a member: those of the entry, the registered one, those of the profile.
fn names(entry: &Entry, member: &str) -> Vec<String> {
    let of_profile: &[&str] = match (entry.profile.as_str(), member) {
        ("auth0" | "keycloak", "client_id") => &["azp"],
        ("entra", "client_id") => &["azp", "appid"],
        ("okta", "client_id") => &["cid"],
        ("cognito", "sid") => &["origin_jti"],
        ("keycloak", "sid") => &["session_state"],
        ("entra", "jti") => &["uti"],
        ("entra", "username") => &["preferred_username", "upn"],
        ("keycloak", "username") => &["preferred_username"],
        (_, "scope") => &["scp", "scopes"],
        _ => &[],
    };
    let mut names = entry.names_of(member);
    names.push(member.to_owned());
    names.extend(of_profile.iter().map(ToString::to_string));
    names
}

fn find<'c>(claims: &'c Json, entry: &Entry, member: &str) -> Option<Found<'c>> {
    names(entry, member).into_iter().find_map(|name| Some(Found { value: claims.get(&name)?, name }))
}

/// Reads every claim that decides, each of its registered type.
pub fn read(world: &World<'_>, entry: &Entry, issuer: String, jwt: &Jwt<'_>) -> Result<Facts, Stop> {
    let claims = &jwt.payload;
    let wrong = Stop::Inactive("wrong_claim_type");
    let mut used = Vec::new();
    let mut text = |member: &str| match find(claims, entry, member) {
        None => Ok(None),
        Some(found) => {
            used.push(found.name);
            found.value.text().map(|text| Some(text.to_owned())).ok_or(wrong)
        }
    };
    let (sub, client_id) = (text("sub")?, text("client_id")?);
    let (jti, sid, grant_id) = (text("jti")?, text("sid")?, text("grant_id")?);
    let username = text("username").ok().flatten();
    let strings = |value: &Json| match value {
        Json::Text(text) => Some(vec![text.clone()]),
        Json::List(elements) => elements.iter().map(|element| element.text().map(str::to_owned)).collect(),
        _ => None,
    };
    let scope = find(claims, entry, "scope");
    let scopes = scope.as_ref().map(|found| strings(found.value).ok_or(wrong)).transpose()?.unwrap_or_default();
    let scopes: Vec<_> = scopes.iter().flat_map(|text| text.split(' ')).filter(|scope| !scope.is_empty()).collect();
    let scopes: Vec<_> = scopes.into_iter().map(str::to_owned).collect();
    used.extend(scope.map(|found| found.name));
    let aud = claims.get("aud");
    let named = aud.map(|aud| strings(aud).ok_or(wrong)).transpose()?;
    let by_scope = entry.profile == "cognito" && aud.is_none();
    let servers = scopes.iter().filter(|_| by_scope).filter_map(|scope| scope.rsplit_once('/'));
    let audiences = named.unwrap_or_else(|| servers.map(|(server, _)| server.to_owned()).collect());
    let numeric = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(Json::Number(number)) if world.rules.breaks(Fault::MillisecondsAreTimes) => Ok(any_time(number)),
        Some(Json::Number(number)) => time(number).map(Some).ok_or(wrong),
        Some(_) => Err(wrong),
    };
    let known = |seconds: i128| (seconds != 0 || world.rules.breaks(Fault::ZeroIsATime)).then_some(seconds);
    // Rounded up, the last half second of the year 9999 is a time after it.
    if let Some(Json::Number(number)) = claims.get("nbf")
        && any_time(number).is_some_and(|time| time.rounded_up > LAST)
        && !world.rules.breaks(Fault::MillisecondsAreTimes)
    {
        return Err(wrong);
    }
    let (exp, nbf, iat) = (numeric("exp")?, numeric("nbf")?, numeric("iat")?);
    let cut_off = world.rules.breaks(Fault::NotBeforeIsCutOff);
    let auth_time = numeric("auth_time").ok().flatten().and_then(|time| known(time.seconds));
    let object = |name: &str| claims.get(name).filter(|value| matches!(value, Json::Object(_))).cloned();
    if claims.get("cnf").is_some() && object("cnf").is_none() {
        return Err(wrong);
    }
    let mapped = ["client_id", "jti", "sid", "grant_id", "username"];
    used.extend(mapped.iter().flat_map(|member| names(entry, member)));
    let required = entry.required_claims.iter().map(|(name, _)| name.clone());
    let checked = match entry.profile.as_str() {
        "cognito" => "token_use",
        "keycloak" => "typ",
        _ => "",
    };
    used.extend(required.chain([checked.to_owned(), "sid".to_owned()]));
    let Json::Object(members) = claims else { return Err(wrong) };
    let others = members.iter().filter(|(name, _)| !NAMED.contains(&name.as_str()) && !used.contains(name));
    let mut others: Vec<_> = others.cloned().collect();
    others.extend(sid.clone().map(|sid| ("sid".to_owned(), Json::Text(sid))));
    let iss = claims.get("iss").and_then(Json::text).unwrap_or_default().to_owned();
    let marked = if world.rules.breaks(Fault::MarksNameAliases) { &iss } else { &issuer };
    let mut marks = Vec::new();
    let own_id = claims.get("jti").and_then(Json::text).map(str::to_owned);
    // Whichever claim another profile would read counts too, so that a change of profile revives no token.
    let of_others = ["jti", "uti"].map(|name| claims.get(name).and_then(Json::text).map(str::to_owned));
    let ids = jti.iter().chain(of_others.iter().flatten());
    marks.extend(ids.map(|id| Mark::of_token(format!("jti#{marked}#{id}"))));
    if own_id.is_none() && !(jti.is_some() && world.rules.breaks(Fault::MappedIdReplacesDigest)) {
        marks.push(Mark::of_token(format!("jwt#{}", base64::sha256(jwt.input.as_bytes()))));
    }
    marks.extend(Mark::of_claims(marked, [&grant_id, &sid, &sub, &client_id]));
    Ok(Facts {
        is_refresh_token: false,
        scope_names: names(entry, "scope"),
        aud: aud.cloned(),
        exp: exp.map(|time| time.seconds),
        iat: iat.and_then(|time| known(time.seconds)),
        nbf: nbf.and_then(|time| known(if cut_off { time.seconds } else { time.rounded_up })),
        cnf: object("cnf"),
        act: object("act"),
        authorization_details: claims.get("authorization_details").filter(|value| value.list().is_some()).cloned(),
        acr: claims.get("acr").filter(|value| value.text().is_some()).cloned(),
        issuer,
        iss,
        sub,
        client_id,
        jti,
        sid,
        audiences,
        scopes,
        auth_time,
        username,
        others,
        marks,
    })
}
