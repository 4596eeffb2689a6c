//! The rules by which each profile tells an access token from every other JWT of its issuer.

use crate::{
    jwt::Algorithm,
    records::Audience,
    settings::Profile,
    token::{Candidate, Claims, Inactive},
};

/// Claims that no access token has: of an ID token (OpenID Connect Core §3.1.3.6, §3.3.2.11), of a logout token
/// (Back-Channel Logout §2.4) and of an introspection response (RFC 9701 §5).
const NOT_OF_AN_ACCESS_TOKEN: [&str; 6] = ["nonce", "at_hash", "c_hash", "s_hash", "events", "token_introspection"];

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
    match issuer.profile {
        Profile::Rfc9068 => rfc9068(header.typ.as_deref(), claims)?,
        Profile::Generic => generic(header.typ.as_deref(), claims)?,
    }
    let accepted = |audience: &str| issuer.audiences.iter().flatten().any(|accepted| accepted == audience);
    if issuer.audiences.is_some() && !claims.audience.iter().flat_map(Audience::iter).any(accepted) {
        return Err(Inactive::WrongAudience);
    }
    Ok(())
}

/// RFC 9068 §2.1, §2.2 and §4.
fn rfc9068(typ: Option<&str>, claims: &Claims) -> Result<(), Inactive> {
    if !typ.is_some_and(is_access_token_type) {
        return Err(Inactive::WrongTyp);
    }
    let complete = claims.expires_at.is_some()
        && claims.audience.is_some()
        && claims.subject.is_some()
        && claims.client_id.is_some()
        && claims.issued_at.is_some()
        && claims.jti.is_some();
    if complete { Ok(()) } else { Err(Inactive::RequiredClaim) }
}

/// Any JWT that expires and is no other kind of token. What sets it apart from an ID token of the same issuer
/// are the required claims or audiences, without which the settings refuse this profile.
fn generic(typ: Option<&str>, claims: &Claims) -> Result<(), Inactive> {
    if !typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT") || is_access_token_type(typ)) {
        return Err(Inactive::WrongTyp);
    }
    if NOT_OF_AN_ACCESS_TOKEN.iter().any(|name| claims.others.contains_key(*name)) {
        return Err(Inactive::NotAnAccessToken);
    }
    claims.expires_at.map(drop).ok_or(Inactive::RequiredClaim)
}

fn is_access_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}
