//! Records of opaque tokens (docs/data-model.md#records-of-opaque-tokens).

use super::{
    Stop, World, base64,
    items::{self, Corrupt, Item},
    json::Json,
    marks::Mark,
    rules::Fault,
    token::Facts,
};

/// The names that members of `claims` cannot have.
const ATTRIBUTES: [&str; 16] = [
    "iss",
    "client_id",
    "sub",
    "scope",
    "aud",
    "iat",
    "exp",
    "nbf",
    "jti",
    "sid",
    "grant_id",
    "username",
    "cnf",
    "token_type",
    "active",
    "binding",
];
/// Members of `claims` that the answer shows in their own places.
const PLACED: [&str; 4] = ["act", "acr", "auth_time", "authorization_details"];

/// The record of a token that neither it nor the mark of its digest revokes.
pub fn read(world: &World<'_>, token: &str) -> Result<Facts, Stop> {
    let digest = base64::sha256(token.as_bytes());
    let record = world.tables.tokens.get(&format!("token#{digest}")).ok_or(Stop::Inactive("unknown_token"))?;
    let (mut facts, grant_id, is_revoked) = facts(world, record).map_err(|_| Stop::Inactive("corrupt_record"))?;
    if world.tables.tokens.contains_key(&format!("revoked#{digest}")) {
        return Err(Stop::Inactive("revoked_token"));
    }
    if is_revoked {
        return Err(Stop::Inactive("revoked_record"));
    }
    if facts.iss != world.deployment.own {
        let trusted = world.deployment.trusted(&facts.iss).ok_or(Stop::Inactive("untrusted_issuer"))?;
        facts.issuer = trusted.1;
    }
    facts.marks.extend(facts.jti.iter().map(|jti| Mark::of_token(format!("jti#{}#{jti}", facts.issuer))));
    let named = [&grant_id, &facts.sid, &facts.sub, &facts.client_id];
    facts.marks.extend(Mark::of_claims(&facts.issuer, named));
    if facts.marks.iter().any(|mark| mark.id.len() > 2048) {
        return Err(Stop::Inactive("unrevocable"));
    }
    Ok(facts)
}

fn facts(world: &World<'_>, record: &Item) -> Result<(Facts, Option<String>, bool), Corrupt> {
    let text = |name| items::string(record, name);
    let is_refresh_token = match text("token_type")?.as_deref() {
        Some("access_token") => false,
        Some("refresh_token") => true,
        _ => return Err(Corrupt),
    };
    let exp = items::any_time(record, "exp")?.map(|time| time.seconds);
    if exp.is_none() && !is_refresh_token {
        return Err(Corrupt);
    }
    let client_id = text("client_id")?.ok_or(Corrupt)?;
    let mut claims = items::map(record, "claims")?.unwrap_or_default();
    let fills = world.rules.breaks(Fault::ClaimsFillAttributes);
    let filled = |name: &str| if fills { claims.get(name).and_then(|value| value["S"].as_str()) } else { None };
    let sub = text("sub")?.or(filled("sub").map(str::to_owned));
    let username = items::string(record, "username").ok().flatten();
    let username = username.or(filled("username").map(str::to_owned));
    claims.retain(|name, value| !ATTRIBUTES.contains(&name.as_str()) && value.get("NULL").is_none());
    let sid = text("sid")?;
    let issuer = text("iss")?.unwrap_or_else(|| world.deployment.own.clone());
    let known = |name| {
        let zero = world.rules.breaks(Fault::ZeroIsATime);
        let time = items::any_time(record, name)?.map(|time| time.seconds);
        Ok(time.filter(|seconds| *seconds != 0 || zero))
    };
    let audiences = match text("aud") {
        Ok(one) => one.map(|one| vec![one]),
        Err(Corrupt) => items::list(record, "aud")?,
    };
    let is_list = items::string(record, "aud").is_err();
    let aud = audiences.clone().map(|audiences| {
        let mut audiences = audiences.into_iter().map(Json::Text);
        if is_list { Json::List(audiences.collect()) } else { audiences.next().unwrap_or(Json::Null) }
    });
    let shown = |name: &str, kind: &str| claims.get(name).filter(|value| value.get(kind).is_some()).map(items::json);
    let others = claims.iter().filter(|(name, _)| !PLACED.contains(&name.as_str()));
    let mut others: Vec<_> = others.map(|(name, value)| (name.clone(), items::json(value))).collect();
    others.extend(sid.clone().map(|sid| ("sid".to_owned(), Json::Text(sid))));
    let entry = world.deployment.trusted(&issuer).map(|(entry, ..)| entry);
    let mut scope_names = vec!["scope".to_owned(), "scp".to_owned(), "scopes".to_owned()];
    scope_names.extend(entry.map(|entry| entry.names_of("scope")).unwrap_or_default());
    let scopes = text("scope")?.unwrap_or_default();
    let facts = Facts {
        is_refresh_token,
        iss: issuer.clone(),
        issuer,
        sub,
        client_id: Some(client_id),
        jti: text("jti")?,
        sid,
        aud,
        audiences: audiences.unwrap_or_default(),
        scopes: scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        exp,
        iat: known("iat")?,
        nbf: known("nbf")?,
        auth_time: items::known_time(&claims, "auth_time").ok().flatten(),
        username,
        cnf: items::map(record, "cnf")?.map(|cnf| items::json(&serde_json::json!({ "M": cnf }))),
        act: shown("act", "M"),
        authorization_details: shown("authorization_details", "L"),
        acr: shown("acr", "S"),
        others,
        scope_names,
        marks: Vec::new(),
    };
    Ok((facts, text("grant_id")?, items::boolean(record, "revoked")?.unwrap_or(false)))
}
