//! Step 14 of the order of the checks: the verdict on a token, whichever form it has.

use super::{
    Stop, World,
    authentication::Caller,
    json::Json,
    jwt::{self, Form},
    keys,
    marks::{self, Mark},
    opaque, policy, profile,
    rules::Fault,
};

/// What is known about a token whose form, profile and record are good.
pub struct Facts {
    pub is_refresh_token: bool,
    /// The issuer that marks, policies and records name.
    pub issuer: String,
    /// The issuer as the token names it.
    pub iss: String,
    pub sub: Option<String>,
    pub client_id: Option<String>,
    pub jti: Option<String>,
    pub sid: Option<String>,
    pub aud: Option<Json>,
    /// The audiences with which a policy is compared.
    pub audiences: Vec<String>,
    pub scopes: Vec<String>,
    pub exp: Option<i128>,
    pub iat: Option<i128>,
    pub nbf: Option<i128>,
    pub auth_time: Option<i128>,
    pub username: Option<String>,
    pub cnf: Option<Json>,
    pub act: Option<Json>,
    pub authorization_details: Option<Json>,
    pub acr: Option<Json>,
    /// Every other claim.
    pub others: Vec<(String, Json)>,
    /// The names under which other claims show scopes.
    pub scope_names: Vec<String>,
    /// The marks that could revoke it, in the order of their reasons.
    pub marks: Vec<Mark>,
}

pub fn judge(world: &World<'_>, caller: &Caller, token: &str, now: i64) -> Result<Facts, Stop> {
    if token.len() > 16 * 1024 {
        return Err(Stop::Inactive("too_long"));
    }
    let facts = match jwt::read(token, world.rules) {
        Form::Malformed => return Err(Stop::Inactive("malformed")),
        Form::Jwt(jwt) => {
            let (entry, mut facts) = profile::judge(world, &jwt)?;
            check_times(world, &facts, now)?;
            policy::check(world, caller, &facts)?;
            let key = keys::verify(world, entry, &jwt)?;
            facts.marks.extend(key.map(|kid| Mark::of_key(&facts.issuer, &kid)));
            facts
        }
        Form::Opaque => {
            let facts = opaque::read(world, token)?;
            check_times(world, &facts, now)?;
            marks::check(world, &facts)?;
            policy::check(world, caller, &facts)?;
            return Ok(facts);
        }
    };
    marks::check(world, &facts)?;
    Ok(facts)
}

/// G-01, G-02: `exp` has no leeway, the others have that of the setting.
fn check_times(world: &World<'_>, facts: &Facts, now: i64) -> Result<(), Stop> {
    let now = i128::from(now);
    let leeway = i128::from(world.rules.breaks(Fault::ExpiryHasLeeway));
    let skew = if world.rules.breaks(Fault::NoClockSkew) { 0 } else { i128::from(world.deployment.skew) };
    if facts.exp.is_some_and(|exp| now >= exp + leeway) {
        return Err(Stop::Inactive("expired"));
    }
    if facts.nbf.is_some_and(|nbf| nbf > now + skew) {
        return Err(Stop::Inactive("not_yet_valid"));
    }
    if facts.iat.is_some_and(|iat| iat > now + skew) {
        return Err(Stop::Inactive("issued_in_the_future"));
    }
    Ok(())
}
