//! `bearer`: callers with an access token of the issuer at which they are registered.

use super::{AuthError, Caller, Found, registered};
use crate::{
    auth_method::AuthMethod,
    judge::{self, ActiveClaims, Judged},
    records::ClientRecord,
    request::PresentedBearer,
    settings::{Settings, TrustedIssuer},
    token::{Claims, UnverifiedToken},
};

/// The scope that the token must have.
const SCOPE: &str = "introspection";

/// The caller of a token that is valid except for its signature, which is not verified yet. Only verified claims make
/// it a [`Caller`].
pub struct UnverifiedBearer<'a> {
    pub(super) unverified: Box<UnverifiedToken<'a, Judged>>,
    pub(super) bearer: Bearer,
}

/// The caller, which the verified claims are still to confirm.
pub struct Bearer {
    caller: Caller,
    /// Our issuer identifier, which the token must have as an audience.
    own_identifier: String,
    /// The scope as issuers write it that put the resource server's name before it.
    qualified_scope: Option<String>,
}

impl<'a> UnverifiedBearer<'a> {
    /// Separates the token, whose signature is still to be verified, from its caller.
    pub fn open(self) -> (Box<UnverifiedToken<'a, Judged>>, Bearer) {
        (self.unverified, self.bearer)
    }
}

impl Bearer {
    pub(super) fn of(caller: Caller, issuer: &TrustedIssuer, settings: &Settings) -> Self {
        let own_identifier = settings.issuer.clone();
        let qualified_scope = issuer.profile.audience_in_scopes.then(|| format!("{own_identifier}/{SCOPE}"));
        Self { caller, own_identifier, qualified_scope }
    }

    /// Returns the caller. The claims are those of its own token, which proved active.
    ///
    /// # Errors
    ///
    /// Returns [`AuthError::InsufficientScope`], or another [`AuthError`] for claims that are not of the token that was
    /// presented.
    pub fn confirmed(self, claims: &ActiveClaims) -> Result<Caller, AuthError> {
        let claims = claims.get();
        if !self.caller.was_issued(claims) {
            return Err(AuthError::BearerForeign { found: claims.issuer.clone(), registered: None });
        }
        may_be_presented(claims, &self.own_identifier)?;
        let is_ours = |scope: &str| scope == SCOPE || Some(scope) == self.qualified_scope.as_deref();
        if claims.scopes().any(is_ours) { Ok(self.caller) } else { Err(AuthError::InsufficientScope) }
    }
}

/// Checks everything that depends on the client's record, which must name the token's issuer. Otherwise, any trusted
/// issuer could name any client.
pub(super) fn registration(
    presented: &PresentedBearer<'_>,
    found: Found,
    settings: &Settings,
) -> Result<ClientRecord, AuthError> {
    if presented.client_id.is_empty() {
        return Err(AuthError::BearerMalformed);
    }
    // RFC 7662 §2.1: an access token may authorize the caller. This is accepted only of clients that are registered for
    // it (D-01).
    let record = registered(found, AuthMethod::Bearer, &[AuthMethod::Bearer])?;
    if presented.asks_about_itself {
        return Err(AuthError::BearerAsksAboutItself);
    }
    let unverified = presented.unverified.as_ref().ok_or(AuthError::BearerMalformed)?;
    let registered_at = record.issuer.as_deref().and_then(|issuer| settings.canonical_issuer(issuer));
    if registered_at != Some(&unverified.issuer().issuer) {
        let found = unverified.issuer().issuer.clone();
        return Err(AuthError::BearerForeign { found, registered: record.issuer });
    }
    Ok(record)
}

/// Checks everything but the signature and the marks.
pub(super) fn check<'a>(
    presented: PresentedBearer<'a>,
    found: Found,
    settings: &Settings,
    now: i64,
) -> Result<(ClientRecord, Box<UnverifiedToken<'a, Judged>>), AuthError> {
    let record = registration(&presented, found, settings)?;
    let unverified = presented.unverified.ok_or(AuthError::BearerMalformed)?;
    let unverified = judge::jwt(*unverified, settings, now).map_err(AuthError::BearerInactive)?;
    may_be_presented(unverified.unverified_claims(), &settings.issuer)?;
    Ok((record, Box::new(unverified)))
}

/// Whether a token with these claims is meant for us and is usable without proof of possession.
fn may_be_presented(claims: &Claims, own_identifier: &str) -> Result<(), AuthError> {
    if !claims.audiences().any(|audience| audience == own_identifier) {
        let found = claims.audiences().map(str::to_owned).collect();
        return Err(AuthError::BearerAudience { found, accepted: own_identifier.to_owned() });
    }
    // RFC 9449 §7.2: a bound token must not be accepted as a bearer token (D-06). The caller would have to prove
    // possession of the key, which is not possible here.
    if claims.cnf.is_some() {
        return Err(AuthError::BearerBound);
    }
    Ok(())
}
