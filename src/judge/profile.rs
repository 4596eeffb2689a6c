//! The rules by which each profile distinguishes an access token from every other JWT of its issuer.

use crate::{
    jwt::Algorithm,
    media_type,
    settings::TrustedIssuer,
    token::{Claims, Inactive, UnverifiedToken},
};

/// RFC 8725 §3.12: a JWT of one kind must not be valid as another. These are claims of ID tokens
/// (OpenID Connect Core §3.1.3.6, OpenID Connect Core §3.3.2.11), of logout tokens
/// (OpenID Connect Back-Channel Logout §2.4), and of our own signed answers, which RFC 9701 §8.1 keeps from being taken
/// for access tokens (H-04). No access token has one of them.
pub const OF_ANOTHER_KIND: [&str; 5] = ["at_hash", "c_hash", "s_hash", "events", "token_introspection"];
/// A claim of ID tokens that some issuers also add to access tokens.
const NONCE: &str = "nonce";

/// Checks that the header and the claims are those of an access token, by the issuer's profile.
///
/// # Errors
///
/// Returns the first rule of the profile that the token breaks.
pub fn follows_profile(unverified: &UnverifiedToken<'_>) -> Result<(), Inactive> {
    let (issuer, claims) = (unverified.issuer(), unverified.unverified_claims());
    has_fitting_header(unverified)?;
    is_access_token(unverified)?;
    let profile = issuer.profile;
    // RFC 9068 §2.2, and what other profiles require instead: a token without one of these claims is invalid (H-02).
    if let Some(claim) = profile.required.iter().find(|claim| !has(claims, claim)) {
        return Err(Inactive::MissingClaim { claim, profile: profile.name });
    }
    is_for_listed(issuer, claims)
}

/// Checks what the header of every signed JWT of an issuer must fulfil, whatever its kind: no extensions, and an
/// algorithm that the issuer uses.
///
/// # Errors
///
/// Returns the first rule that the header breaks.
pub fn has_plain_header<S>(unverified: &UnverifiedToken<'_, S>) -> Result<(), Inactive> {
    let (issuer, header) = (unverified.issuer(), unverified.header());
    // RFC 7515 §4.1.11: an extension that is not understood makes a token invalid, and none is understood here (H-09).
    if header.critical {
        return Err(Inactive::CriticalExtension);
    }
    // RFC 7797 §7: no JWT has an unencoded payload.
    if header.unencoded {
        return Err(Inactive::UnencodedPayload);
    }
    // RFC 8725 §3.1: only the algorithms that this issuer is known to use are accepted (H-06).
    if !Algorithm::from_name(&header.alg).is_some_and(|algorithm| issuer.algorithms.contains(&algorithm)) {
        let accepted = issuer.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        return Err(Inactive::Algorithm { alg: header.alg.clone(), accepted });
    }
    Ok(())
}

fn has_fitting_header(unverified: &UnverifiedToken<'_>) -> Result<(), Inactive> {
    let (issuer, header) = (unverified.issuer(), unverified.header());
    has_plain_header(unverified)?;
    // RFC 9068 §4: the type is `at+jwt` (H-01). RFC 8725 §3.11: any other explicit type means another kind of
    // JWT (H-04).
    let typ_is_right = match header.typ.as_deref() {
        None => !issuer.profile.typ_required,
        Some(typ) => is_access_token_type(typ) || (!issuer.profile.typ_required && typ.eq_ignore_ascii_case("JWT")),
    };
    if typ_is_right { Ok(()) } else { Err(Inactive::WrongTyp { typ: header.typ.clone() }) }
}

/// RFC 7662 §2.1: access tokens and refresh tokens are introspected, ID tokens are not (H-03). Positive evidence
/// decides. Without it, a token with a `nonce` counts as an ID token.
fn is_access_token(unverified: &UnverifiedToken<'_>) -> Result<(), Inactive> {
    let has_evidence =
        unverified.has_evidence() || unverified.header().typ.as_deref().is_some_and(is_access_token_type);
    let others = &unverified.unverified_claims().others;
    let unwanted = OF_ANOTHER_KIND.into_iter().chain((!has_evidence).then_some(NONCE));
    match unwanted.into_iter().find(|claim| others.contains_key(*claim)) {
        Some(claim) => Err(Inactive::NotAnAccessToken { claim: claim.to_owned(), found: None, expected: Vec::new() }),
        None => Ok(()),
    }
}

fn is_for_listed(issuer: &TrustedIssuer, claims: &Claims) -> Result<(), Inactive> {
    if !issuer.accepts_client(claims.client_id.as_deref()) {
        let accepted = issuer.client_ids.clone().unwrap_or_default();
        return Err(Inactive::WrongClient { client_id: claims.client_id.clone(), accepted });
    }
    // RFC 9068 §4 and RFC 8725 §3.9: a token for another audience is refused.
    if let Some(accepted) = &issuer.audiences
        && !claims.audiences().any(|audience| accepted.iter().any(|listed| listed == audience))
    {
        let aud = claims.audiences().map(str::to_owned).collect();
        return Err(Inactive::WrongAudience { aud, accepted: accepted.clone() });
    }
    Ok(())
}

/// Whether a registered member is present.
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

/// RFC 9068 §2.1.
pub fn is_access_token_type(typ: &str) -> bool {
    media_type::is_typ(typ, "at+jwt")
}
