//! Whether a token is active. This module is pure: the records and the time are arguments. `issuers` checks the
//! signature, after the rules that the token itself can break and before the marks.

mod event;
mod log_out;
mod opaque;
mod profile;

use crate::{
    records::{Corrupt, FetchedItems, MarkKey, MarkKind, UnixTime, revokes},
    settings::Settings,
    token::{Claims, Inactive, UnverifiedToken, VerifiedToken},
};

pub use self::{
    event::{SecurityEvent, ended_by_events, event},
    log_out::{LogOut, ProvedLogOut, guard as log_out_guard, log_out, proved as proved_log_out},
    opaque::record,
    profile::{OF_ANOTHER_KIND, follows_profile, has_plain_header, is_access_token_type},
};

/// Proof that a token passed all checks that need neither its signature nor its marks. Only this module makes it, and
/// it never leaves its token.
pub struct Judged(());

/// The claims of an active token: judged, signed by its issuer, and not revoked by any mark. Only [`active`] makes
/// them, and [`crate::policy`] shows no others.
///
/// The claims of an unverified token are no substitute:
///
/// ```compile_fail
/// # use token_introspection::{auth::Caller, policy, proof::PresentedProofs, settings::Settings, token::UnverifiedToken};
/// fn show_unverified(token: &UnverifiedToken<'_>, caller: &Caller, proofs: &PresentedProofs, settings: &Settings) {
///     policy::view(caller, token.unverified_claims().clone(), proofs, settings);
/// }
/// ```
///
/// A verified token that was not judged does not become active either:
///
/// ```compile_fail
/// # use token_introspection::{judge, records::FetchedItems, token::VerifiedToken};
/// fn skip_the_judgement(token: VerifiedToken, items: &FetchedItems) {
///     let _ = judge::active(token, items, items);
/// }
/// ```
///
/// Neither the claims nor the proof can be made by hand:
///
/// ```compile_fail
/// # use token_introspection::{judge::ActiveClaims, token::Claims};
/// fn make(claims: Claims) -> ActiveClaims {
///     ActiveClaims(claims)
/// }
/// ```
///
/// ```compile_fail
/// # use token_introspection::{judge::Judged, token::VerifiedToken};
/// fn make(token: VerifiedToken) -> VerifiedToken<Judged> {
///     token.into_state(Judged(()))
/// }
/// ```
///
/// What compiles is the chain itself:
///
/// ```
/// # use token_introspection::{
/// #     auth::Caller, judge::{self, ActiveClaims, Judged}, policy, proof::PresentedProofs, records::FetchedItems,
/// #     settings::Settings, token::{Claims, UnverifiedToken, VerifiedToken},
/// # };
/// fn read<'a>(unverified: &'a UnverifiedToken<'_>, active: &'a ActiveClaims) -> [&'a Claims; 2] {
///     [unverified.unverified_claims(), active.get()]
/// }
///
/// fn show(token: VerifiedToken<Judged>, items: &FetchedItems, caller: &Caller, settings: &Settings) {
///     if let Ok(claims) = judge::active(token, items, items) {
///         policy::view(caller, claims, &PresentedProofs::default(), settings);
///     }
/// }
/// ```
pub struct ActiveClaims(Claims);

impl ActiveClaims {
    /// The claims.
    pub fn get(&self) -> &Claims {
        &self.0
    }

    /// The claims, to be reduced to what the caller may see.
    pub fn into_claims(self) -> Claims {
        self.0
    }
}

/// Judges a JWT by everything that is in the token itself: form, the issuer's rules, and the times.
///
/// # Errors
///
/// Returns the first rule that the token breaks.
pub fn jwt<'a>(
    token: UnverifiedToken<'a>,
    settings: &Settings,
    now: i64,
) -> Result<UnverifiedToken<'a, Judged>, Inactive> {
    follows_profile(&token)?;
    is_current(token.unverified_claims(), now, settings.clock_skew_seconds)?;
    Ok(token.into_state(Judged(())))
}

/// Makes a judged token active if no mark revokes it. `items` contains the items of [`VerifiedToken::marks`], and
/// `later` the item of [`VerifiedToken::unread_mark`].
///
/// # Errors
///
/// Returns [`Inactive`] if a mark revokes the token, as [`is_not_revoked`] does.
pub fn active(
    token: VerifiedToken<Judged>,
    items: &FetchedItems,
    later: &FetchedItems,
) -> Result<ActiveClaims, Inactive> {
    is_not_revoked(token.claims(), token.marks(), items)?;
    is_not_revoked(token.claims(), token.unread_mark(), later)?;
    Ok(ActiveClaims(token.into_claims()))
}

/// Checks that a token is neither expired nor from the future. The skew, which FAPI 2.0 recommends (H-19), never
/// applies to `exp`.
///
/// # Errors
///
/// Returns [`Inactive::Expired`], [`Inactive::NotYetValid`] or [`Inactive::IssuedInTheFuture`] if it is.
pub fn is_current(claims: &Claims, now: i64, skew: i64) -> Result<(), Inactive> {
    let later = |time: Option<UnixTime>| time.filter(|UnixTime(time)| *time > now + skew);
    // RFC 7662 §4 and RFC 7519 §4.1.4: a token is not accepted on or after `exp` (G-01). RFC 7662 §4 and
    // RFC 7519 §4.1.5: nor is it accepted before `nbf`, or if its `iat` (RFC 7519 §4.1.6) is in the future (G-02).
    if let Some(UnixTime(exp)) = claims.expires_at.filter(|exp| now >= exp.0) {
        Err(Inactive::Expired { exp, now })
    } else if let Some(UnixTime(nbf)) = later(claims.not_before) {
        Err(Inactive::NotYetValid { nbf, now, skew })
    } else if let Some(UnixTime(iat)) = later(claims.issued_at) {
        Err(Inactive::IssuedInTheFuture { iat, now, skew })
    } else {
        Ok(())
    }
}

/// Compares the token with the marks that were read for it.
///
/// # Errors
///
/// Returns [`Inactive::Revoked`] for the first mark that revokes the token. A mark that cannot be read revokes it too.
pub fn is_not_revoked<'a>(
    claims: &Claims,
    marks: impl IntoIterator<Item = &'a MarkKey>,
    items: &FetchedItems,
) -> Result<(), Inactive> {
    // RFC 7662 §4: whether a token was revoked must be determined for each request (G-03).
    marks.into_iter().try_for_each(|MarkKey { kind, key }| {
        match items.item(key).map(|item| revokes(*kind, item, &claims.revocation_facts())) {
            None | Some(Ok(None)) => Ok(()),
            Some(Ok(Some(mark))) => Err(Inactive::Revoked(mark)),
            Some(Err(Corrupt)) => Err(Inactive::CorruptMark(*kind)),
        }
    })
}

/// Checks that a notice is meant for this deployment: its `aud` contains one of the entry's audiences.
fn is_for(accepted: &[String], claims: &Claims) -> Result<(), Inactive> {
    if claims.audiences().any(|audience| accepted.iter().any(|listed| listed == audience)) {
        return Ok(());
    }
    let aud = claims.audiences().map(str::to_owned).collect();
    Err(Inactive::WrongAudience { aud, accepted: accepted.to_vec() })
}

/// Checks that no mark distrusts the key that signed a notice, or a token that is to be revoked. Other marks do not refuse
/// it: they may be what is to be written (R-06). `later` contains the mark of a key that was not expected.
///
/// # Errors
///
/// Returns [`Inactive::Revoked`] if a mark does.
pub fn has_trusted_key<S>(
    token: &VerifiedToken<S>,
    items: &FetchedItems,
    later: &FetchedItems,
) -> Result<(), Inactive> {
    is_not_revoked(token.claims(), token.marks().iter().filter(|mark| mark.kind == MarkKind::SigningKey), items)?;
    is_not_revoked(token.claims(), token.unread_mark(), later)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::TokenType;

    fn claims(set: &serde_json::Value) -> Claims {
        let members = crate::jwt::parse_members(set.to_string().as_bytes()).unwrap();
        Claims::read(TokenType::AccessToken, members).unwrap_or_else(|why| panic!("{why:?}"))
    }

    #[test]
    fn g01_g02_h19_the_boundaries_of_time() {
        const NOW: i64 = 1_000;
        for (set, skew, expected) in [
            (json!({"iss": "i", "exp": 1000}), 60, Err("expired")),
            (json!({"iss": "i", "exp": 1000.9}), 60, Err("expired")),
            (json!({"iss": "i", "exp": 1001}), 0, Ok(())),
            (json!({"iss": "i", "exp": -1}), 0, Err("expired")),
            (json!({"iss": "i"}), 0, Ok(())),
            (json!({"iss": "i", "nbf": 1000}), 0, Ok(())),
            (json!({"iss": "i", "nbf": 1000.1}), 0, Err("not_yet_valid")),
            (json!({"iss": "i", "nbf": 1001}), 0, Err("not_yet_valid")),
            (json!({"iss": "i", "nbf": 1010}), 10, Ok(())),
            (json!({"iss": "i", "nbf": 1011}), 10, Err("not_yet_valid")),
            (json!({"iss": "i", "iat": 1010}), 10, Ok(())),
            (json!({"iss": "i", "iat": 1011}), 10, Err("issued_in_the_future")),
        ] {
            assert_eq!(is_current(&claims(&set), NOW, skew).map_err(|why| why.name()), expected, "{set} {skew}");
        }
    }
}
