//! `bearer`: callers by an access token of the issuer where they are registered.

use super::{Caller, Found, Refusal, registered};
use crate::{
    judge,
    records::ClientRecord,
    request::PresentedBearer,
    settings::{Settings, TrustedIssuer},
    token::{Candidate, Claims},
};

/// What the token must be good for.
const SCOPE: &str = "introspection";

/// A caller by a token that is good but for its signature. Only the claims that a key has signed make it a
/// [`Caller`].
pub struct Bearing<'a> {
    pub(super) candidate: Box<Candidate<'a>>,
    pub(super) bearer: Bearer,
}

/// Who it will be.
pub struct Bearer {
    caller: Caller,
    /// The scope as issuers write it that put the resource server's name before it.
    qualified_scope: Option<String>,
}

impl<'a> Bearing<'a> {
    /// The token, for its issuer's keys to verify, and whom that makes.
    pub fn open(self) -> (Box<Candidate<'a>>, Bearer) {
        (self.candidate, self.bearer)
    }
}

impl Bearer {
    pub(super) fn of(caller: Caller, issuer: &TrustedIssuer, settings: &Settings) -> Self {
        let qualified_scope = issuer.profile.audience_in_scopes.then(|| format!("{}/{SCOPE}", settings.issuer));
        Self { caller, qualified_scope }
    }

    /// The caller, by the claims that were verified.
    ///
    /// # Errors
    ///
    /// [`Refusal::InsufficientScope`], and [`Refusal::BearerForeign`] for another client's token.
    pub fn verified(self, claims: &Claims) -> Result<Caller, Refusal> {
        if !self.caller.is_client(&claims.issuer, claims.client_id.as_deref()) {
            return Err(Refusal::BearerForeign);
        }
        let is_ours = |scope: &str| scope == SCOPE || Some(scope) == self.qualified_scope.as_deref();
        if claims.scopes().any(is_ours) { Ok(self.caller) } else { Err(Refusal::InsufficientScope) }
    }
}

/// Any trusted issuer could otherwise name any client, so the record must name this one.
pub(super) fn check<'a>(
    presented: PresentedBearer<'a>,
    found: Found,
    settings: &Settings,
    now: i64,
) -> Result<(ClientRecord, Box<Candidate<'a>>), Refusal> {
    let record = registered(found, |method| method == Some(PresentedBearer::METHOD))?;
    let candidate = presented.candidate.ok_or(Refusal::BearerMalformed)?;
    if record.issuer.as_deref() != Some(&candidate.issuer.issuer) {
        return Err(Refusal::BearerForeign);
    }
    let candidate = judge::jwt(Ok(candidate), settings, now).map_err(Refusal::Bearer)?;
    let claims = candidate.unverified_claims();
    if !claims.audiences().any(|audience| audience == settings.issuer) {
        return Err(Refusal::BearerAudience);
    }
    // Whoever presents it would have to show the key that it is bound to, for which there is no way here.
    if claims.cnf.is_some() {
        return Err(Refusal::BearerBound);
    }
    Ok((record, candidate))
}
