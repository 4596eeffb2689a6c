//! The rules of the profiles (docs/settings.md#profiles), in the order of docs/reasons.md.

use super::{Stop, World, claims, deployment::Entry, json::Json, jwt::Jwt, marks::Mark, rules::Fault, token::Facts};

const INACTIVE: fn(&'static str) -> Stop = Stop::Inactive;

/// The claims of a token that its issuer's profile accepts.
pub fn judge<'w>(world: &'w World<'_>, jwt: &Jwt<'_>) -> Result<(&'w Entry, Facts), Stop> {
    let payload = &jwt.payload;
    let iss = payload.get("iss").and_then(Json::text);
    let (entry, issuer, tenant) =
        iss.and_then(|iss| world.deployment.trusted(iss)).ok_or(INACTIVE("untrusted_issuer"))?;
    let tid = payload.get("tid").and_then(Json::text);
    if tenant.as_deref().is_some_and(|tenant| tid != Some(tenant)) && !world.rules.breaks(Fault::TenantIsIgnored) {
        return Err(INACTIVE("wrong_tenant"));
    }
    let has = |(name, value): &(String, Json)| payload.get(name).is_some_and(|claim| claim.sorted() == value.sorted());
    if !entry.required_claims.iter().all(has) {
        return Err(INACTIVE("required_claim"));
    }
    check_kind(entry, jwt)?;
    let facts = claims::read(world, entry, issuer, jwt)?;
    check_header(world, entry, jwt, &facts)?;
    check_other_kinds(world, entry, jwt)?;
    check_required(entry, &facts)?;
    Ok((entry, facts))
}

/// The claim by which the profile tells its access tokens.
fn check_kind(entry: &Entry, jwt: &Jwt<'_>) -> Result<(), Stop> {
    let is = |name, value| jwt.payload.get(name).and_then(Json::text) == Some(value);
    let good = match entry.profile.as_str() {
        "cognito" => is("token_use", "access"),
        "keycloak" => is("typ", "Bearer") || is("typ", "DPoP"),
        _ => true,
    };
    if good { Ok(()) } else { Err(INACTIVE("not_an_access_token")) }
}

/// H-03: nothing shows another kind of token.
fn check_other_kinds(world: &World<'_>, entry: &Entry, jwt: &Jwt<'_>) -> Result<(), Stop> {
    let has = |name| jwt.payload.get(name).is_some();
    let evidence = match entry.profile.as_str() {
        "cognito" | "keycloak" => true,
        "entra" => has("scp"),
        "okta" => has("cid"),
        "generic" => !entry.required_claims.is_empty(),
        _ => false,
    };
    let hashes = ["at_hash", "c_hash", "s_hash", "events", "token_introspection"];
    let foreign = hashes.into_iter().any(has) && !world.rules.breaks(Fault::HashesAreIgnored);
    let doubtful = has("nonce") && !evidence && !is_access_type(jwt);
    if foreign || doubtful { Err(INACTIVE("not_an_access_token")) } else { Ok(()) }
}

fn is_access_type(jwt: &Jwt<'_>) -> bool {
    jwt.header_text("typ").is_some_and(|typ| ["at+jwt", "application/at+jwt"].contains(&&*typ.to_ascii_lowercase()))
}

/// The header, and the length of each item key.
fn check_header(world: &World<'_>, entry: &Entry, jwt: &Jwt<'_>, facts: &Facts) -> Result<(), Stop> {
    let of_key = jwt.header_text("kid").map(|kid| Mark::of_key(&facts.issuer, kid));
    if facts.marks.iter().chain(&of_key).any(|mark| mark.id.len() > 2048) {
        return Err(INACTIVE("unrevocable"));
    }
    if jwt.header.get("crit").is_some() && !world.rules.breaks(Fault::CriticalIsIgnored) {
        return Err(INACTIVE("critical_extension"));
    }
    if jwt.header.get("b64").is_some_and(|b64| *b64 != Json::Bool(true)) {
        return Err(INACTIVE("unencoded_payload"));
    }
    let named = |name: &str| name.replace("Ed25519", "EdDSA");
    let alg = named(jwt.header_text("alg").unwrap_or_default());
    let allowed = entry.algorithms.iter().any(|allowed| named(allowed) == alg);
    if !allowed && !world.rules.breaks(Fault::AlgorithmsAreIgnored) {
        return Err(INACTIVE("wrong_algorithm"));
    }
    let typ = jwt.header_text("typ");
    let is_jwt = typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    let good = is_access_type(jwt) || (is_jwt && entry.profile != "rfc9068");
    if good || world.rules.breaks(Fault::TypeIsIgnored) { Ok(()) } else { Err(INACTIVE("wrong_typ")) }
}

/// What the profile and the entry require.
fn check_required(entry: &Entry, facts: &Facts) -> Result<(), Stop> {
    let required: &[&str] = match entry.profile.as_str() {
        "rfc9068" => &["aud", "sub", "client_id", "iat", "jti"],
        "cognito" => &["iat", "sub", "client_id", "jti"],
        "auth0" | "entra" => &["iat", "aud", "sub", "client_id"],
        "okta" => &["iat", "aud", "sub", "jti", "client_id"],
        "keycloak" => &["iat", "jti", "client_id"],
        _ => &[],
    };
    let has = |name: &&str| match *name {
        "aud" => facts.aud.is_some(),
        "sub" => facts.sub.is_some(),
        "client_id" => facts.client_id.is_some(),
        "iat" => facts.iat.is_some(),
        _ => facts.jti.is_some(),
    };
    if facts.exp.is_none() || !required.iter().all(has) {
        return Err(INACTIVE("missing_claim"));
    }
    let client = facts.client_id.as_ref();
    if entry.client_ids.as_ref().is_some_and(|ids| client.is_none_or(|client| !ids.contains(client))) {
        return Err(INACTIVE("wrong_client"));
    }
    let accepted = |audiences: &Vec<String>| audiences.iter().any(|audience| facts.audiences.contains(audience));
    if entry.audiences.as_ref().is_some_and(|audiences| !accepted(audiences)) {
        return Err(INACTIVE("wrong_audience"));
    }
    Ok(())
}
