//! The rules by which each profile tells an access token from every other JWT of its issuer.

use crate::{
    jwt::Algorithm,
    token::{Candidate, Claims, Inactive},
};

/// Whether the header and the claims are those of an access token, by the issuer's profile.
///
/// # Errors
///
/// The first rule of the profile that is broken.
pub fn follows_profile(candidate: &Candidate<'_>) -> Result<(), Inactive> {
    let (issuer, header, claims) = (candidate.issuer, candidate.header(), candidate.unverified_claims());
    if header.critical {
        return Err(Inactive::CriticalExtension);
    }
    if !Algorithm::from_name(&header.alg).is_some_and(|algorithm| issuer.algorithms.contains(&algorithm)) {
        return Err(Inactive::Algorithm);
    }
    let profile = issuer.profile;
    let typ_is_right = match header.typ.as_deref() {
        None => !profile.typ_required,
        Some(typ) => is_access_token_type(typ) || (!profile.typ_required && typ.eq_ignore_ascii_case("JWT")),
    };
    if !typ_is_right {
        return Err(Inactive::WrongTyp);
    }
    if profile.forbidden.iter().any(|name| claims.others.contains_key(*name)) {
        return Err(Inactive::NotAnAccessToken);
    }
    if !profile.required.iter().all(|name| has(claims, name)) {
        return Err(Inactive::RequiredClaim);
    }
    let is_listed = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
    if let Some(clients) = &issuer.client_ids
        && !claims.client_id.as_deref().is_some_and(|client_id| is_listed(clients, client_id))
    {
        return Err(Inactive::WrongClient);
    }
    if let Some(accepted) = &issuer.audiences
        && !claims.audiences().any(|audience| is_listed(accepted, audience))
    {
        return Err(Inactive::WrongAudience);
    }
    Ok(())
}

/// Whether a registered member is there.
fn has(claims: &Claims, name: &str) -> bool {
    match name {
        "exp" => claims.expires_at.is_some(),
        "iat" => claims.issued_at.is_some(),
        "aud" => claims.audience.is_some(),
        "sub" => claims.subject.is_some(),
        "client_id" => claims.client_id.is_some(),
        "jti" => claims.jti.is_some(),
        _ => claims.others.contains_key(name),
    }
}

fn is_access_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}
