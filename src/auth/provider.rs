//! An identity provider that calls for global revocation. It signs a JWT with the keys of its ID tokens and sends it as a
//! bearer token (Global Token Revocation, R-19).

use super::{AuthError, Caller, UnspentAssertion, registered};
use crate::{
    auth_method::AuthMethod,
    judge::{has_plain_header, has_trusted_key, is_current},
    media_type,
    records::{Audience, ClientRecord, FetchedItems, ItemKey, UnixTime},
    request::{client_key, route},
    settings::Settings,
    token::{Notice, UnverifiedToken, VerifiedToken},
};

/// How far in the future the JWT may expire, in seconds, as for an assertion.
const MAX_LIFETIME_SECONDS: i64 = 3600;

/// Proof that a notice is such a JWT, apart from its signature. Only this module makes it.
pub struct ProviderCall(());

/// The addresses of the endpoint.
fn endpoints(settings: &Settings) -> impl Iterator<Item = String> {
    let bases = std::iter::once(&settings.public_url).chain(&settings.mtls_public_url);
    bases.map(|base| format!("{base}{}", route::GLOBAL_REVOCATION))
}

impl Caller {
    /// Checks everything that is in the JWT, except its signature. Global Token Revocation: it has `iss`, `sub`, `aud`,
    /// `jti`, `iat` and `exp`, and `aud` is exactly our endpoint.
    ///
    /// # Errors
    ///
    /// Returns the first [`AuthError`] that applies.
    pub fn check_provider_call<'a>(
        token: UnverifiedToken<'a, Notice>,
        settings: &Settings,
        now: i64,
    ) -> Result<UnverifiedToken<'a, ProviderCall>, AuthError> {
        // It could revoke nothing, so it costs neither a read nor a fetch.
        let issuer = &token.issuer().issuer;
        if !settings.global_revocation_issuers.contains(issuer) {
            return Err(AuthError::BearerForeign { found: issuer.clone(), registered: None });
        }
        has_plain_header(&token).map_err(AuthError::BearerInactive)?;
        let typ = token.header().typ.as_deref();
        let fits =
            |typ: &str| ["jwt", "global-token-revocation+jwt"].iter().any(|known| media_type::is_typ(typ, known));
        if !typ.is_none_or(fits) {
            return Err(AuthError::AssertionHeader { typ: typ.map(str::to_owned) });
        }
        let claims = token.unverified_claims();
        let audiences: Vec<&str> = claims.audience.iter().flat_map(Audience::iter).collect();
        let is_ours = |audience: &str| endpoints(settings).any(|endpoint| endpoint == audience);
        if !matches!(audiences[..], [sole] if is_ours(sole)) {
            let found = audiences.into_iter().map(str::to_owned).collect();
            let accepted = endpoints(settings).collect::<Vec<_>>().join(" or ");
            return Err(AuthError::AssertionAudience { found, accepted });
        }
        let time = || AuthError::AssertionTime { exp: claims.expires_at.map(|UnixTime(exp)| exp), now };
        let UnixTime(expires_at) = claims.expires_at.ok_or_else(time)?;
        if claims.issued_at.is_none() || expires_at.saturating_sub(now) > MAX_LIFETIME_SECONDS {
            return Err(time());
        }
        is_current(claims, now, settings.clock_skew_seconds).map_err(|_| time())?;
        if claims.jti.as_deref().is_none_or(str::is_empty) {
            return Err(AuthError::AssertionWithoutJti);
        }
        Ok(token.into_state(ProviderCall(())))
    }

    /// Returns the caller of a JWT that its issuer made, if it was not used before. `sub` names the client, whose record
    /// must name that issuer. `items` contains that record, and `later` the mark of a key that was not expected.
    ///
    /// # Errors
    ///
    /// Returns [`AuthError`] if the signing key is distrusted, or if the record does not accept the provider.
    pub fn by_provider(
        token: &VerifiedToken<ProviderCall>,
        items: &FetchedItems,
        later: &FetchedItems,
        settings: &Settings,
    ) -> Result<UnspentAssertion, AuthError> {
        has_trusted_key(token, items, later).map_err(AuthError::BearerInactive)?;
        let claims = token.claims();
        let client_id = claims.subject.as_deref().unwrap_or_default();
        let found = client_key(client_id).map_or(Ok(None), |key| items.record::<ClientRecord>(&key));
        let record = registered(found, AuthMethod::Bearer, &[AuthMethod::Bearer])?;
        let registered_at = record.issuer.as_deref().and_then(|issuer| settings.canonical_issuer(issuer));
        if registered_at != Some(&claims.issuer) {
            return Err(AuthError::BearerForeign { found: claims.issuer.clone(), registered: record.issuer });
        }
        let (jti, expires_at) = (claims.jti.as_deref().unwrap_or_default(), claims.expires_at.unwrap_or(UnixTime(0)));
        Ok(UnspentAssertion {
            use_key: ItemKey::assertion(client_id, jti),
            use_expires_at: expires_at.plus(settings.clock_skew_seconds),
            by_registered_audience: false,
            caller: Self::new(client_id, record, settings),
        })
    }
}
