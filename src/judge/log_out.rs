//! Judges a logout token (OpenID Connect Back-Channel Logout §2.6): by everything except its signature, then by what was
//! read for it. What it ends follows only from a token that passed both.

use serde_json::value::RawValue;

use super::{has_trusted_key, is_current, is_for, profile::has_plain_header};
use crate::{
    jwt::RawMembers,
    media_type,
    records::{FetchedItems, ItemKey, MarkKey, MarkKind, NewMark, UnixTime, named},
    settings::Settings,
    token::{Claims, Inactive, NotAccepted, Notice, UnverifiedToken, VerifiedToken},
};

/// How long ago a logout token may have been issued, in seconds. The replay guard is kept for as long.
const MAX_AGE_SECONDS: i64 = 300;
/// The only event of a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The `reason` of the marks.
const REASON: &str = "back-channel log-out";

/// Proof that a notice is a logout token, apart from its signature. Only this module makes it.
///
/// A logout token is judged neither as an access token nor the other way round:
///
/// ```compile_fail
/// # use token_introspection::{judge, settings::Settings, token::{Notice, UnverifiedToken}};
/// fn as_access_token(token: UnverifiedToken<'_, Notice>, settings: &Settings) {
///     let _ = judge::jwt(token, settings, 0);
/// }
/// ```
///
/// ```compile_fail
/// # use token_introspection::{judge, settings::Settings, token::UnverifiedToken};
/// fn as_logout_token(token: UnverifiedToken<'_>, settings: &Settings) {
///     let _ = judge::log_out(token, settings, 0);
/// }
/// ```
///
/// ```compile_fail
/// # use token_introspection::{judge::{self, LogOut}, records::FetchedItems, token::VerifiedToken};
/// fn as_active_token(token: VerifiedToken<LogOut>, items: &FetchedItems) {
///     let _ = judge::active(token, items, items);
/// }
/// ```
pub struct LogOut(());

/// What a logout token ends. Only [`proved`] makes one, so the mark names what a trusted issuer ended.
pub struct ProvedLogOut {
    /// The mark to write.
    pub mark: NewMark,
    /// The replay guard, which is written after the mark, and until when it must be kept.
    pub guard: (ItemKey, UnixTime),
}

/// Judges a logout token by everything that is in it. `sub` and `aud` are those of the client to which the issuer sends
/// its logout tokens, which `logout_audiences` names.
///
/// # Errors
///
/// Returns the first rule that the token breaks.
pub fn log_out<'a>(
    token: UnverifiedToken<'a, Notice>,
    settings: &Settings,
    now: i64,
) -> Result<UnverifiedToken<'a, LogOut>, NotAccepted> {
    let (issuer, claims) = (token.issuer(), token.unverified_claims());
    let Some(accepted) = &issuer.logout_audiences else { return Err(NotAccepted::IssuerNotEnabled) };
    has_plain_header(&token)?;
    has_fitting_type(&token)?;
    // OpenID Connect Back-Channel Logout §2.6: `aud` is validated as that of an ID token (R-02).
    is_for(accepted, claims)?;
    let skew = settings.clock_skew_seconds;
    is_current(claims, now, skew)?;
    let Some(UnixTime(iat)) = claims.issued_at else { return Err(NotAccepted::MissingClaim("iat")) };
    if iat < now.saturating_sub(MAX_AGE_SECONDS + skew) {
        return Err(NotAccepted::TooOld { iat, now });
    }
    // OpenID Connect Back-Channel Logout §2.4: `jti` identifies the token when it is sent again (R-04).
    named(claims.jti.as_deref()).ok_or(NotAccepted::MissingClaim("jti"))?;
    if !claims.others.get("events").is_some_and(|events| has_event(events)) {
        return Err(NotAccepted::WrongEvents);
    }
    // OpenID Connect Back-Channel Logout §2.4: `nonce` is prohibited, because ID tokens have one (R-02).
    if claims.others.contains_key("nonce") {
        return Err(NotAccepted::HasNonce);
    }
    // OpenID Connect Back-Channel Logout §2.6: it names a session, a subject or both (R-02).
    named(claims.session.as_deref()).or(named(claims.subject.as_deref())).ok_or(NotAccepted::MissingClaim("sid"))?;
    Ok(token.into_state(LogOut(())))
}

/// The key of the replay guard, which is read together with the mark of the signing key.
pub fn guard(token: &UnverifiedToken<'_, LogOut>) -> ItemKey {
    guard_key(token.unverified_claims())
}

/// Concludes what a verified logout token ends. `items` contains the mark of its signing key and the replay guard, and
/// `later` the item of [`VerifiedToken::unread_mark`].
///
/// # Errors
///
/// Returns [`NotAccepted`] if the signing key is distrusted, the token was used before, or no mark can name what it ends.
pub fn proved(
    token: &VerifiedToken<LogOut>,
    items: &FetchedItems,
    later: &FetchedItems,
    settings: &Settings,
) -> Result<ProvedLogOut, NotAccepted> {
    has_trusted_key(token, items, later)?;
    let claims = token.claims();
    let guard = guard_key(claims);
    if items.contains(&guard) {
        return Err(NotAccepted::Replayed);
    }
    let skew = settings.clock_skew_seconds;
    let issued_at = claims.issued_at.ok_or(NotAccepted::MissingClaim("iat"))?;
    Ok(ProvedLogOut {
        // Not the time of the receipt: however late the token arrives, a later log-in stays.
        mark: ended(claims, issued_at.plus(skew))?,
        guard: (guard, issued_at.plus(MAX_AGE_SECONDS + skew + 1)),
    })
}

/// The mark on what the token ends. OpenID Connect Back-Channel Logout §2.7: with `sid` that is one session, and
/// otherwise every session of the subject (R-05). A token of the subject that is issued after `last` is from a new
/// log-in.
fn ended(claims: &Claims, last: UnixTime) -> Result<NewMark, NotAccepted> {
    let (kind, name, not_before) = match named(claims.session.as_deref()) {
        // A refresh gives tokens of the ended session a new `iat`, so the mark has no limit.
        Some(session) => (MarkKind::Session, Some(session), None),
        None => (MarkKind::Subject, claims.subject.as_deref(), Some(last)),
    };
    let mark = MarkKey::new(kind, &claims.issuer, name).map_err(|_| Inactive::Unrevocable)?;
    // It is unknown when the last token that the mark concerns expires.
    Ok(NewMark { key: mark.key, not_before, expires_at: None, reason: REASON })
}

fn guard_key(claims: &Claims) -> ItemKey {
    ItemKey::log_out(&claims.issuer, claims.jti.as_deref().unwrap_or_default())
}

/// OpenID Connect Back-Channel Logout §2.4: the type should be `logout+jwt`. Issuers from before the type was
/// recommended set none, or `JWT` (R-01). RFC 8725 §3.11: any other type means another kind of JWT.
fn has_fitting_type(token: &UnverifiedToken<'_, Notice>) -> Result<(), Inactive> {
    let typ = token.header().typ.as_deref();
    let fits = typ.is_none_or(|typ| ["logout+jwt", "jwt"].iter().any(|fitting| media_type::is_typ(typ, fitting)));
    if fits { Ok(()) } else { Err(Inactive::WrongTyp { typ: typ.map(str::to_owned) }) }
}

/// OpenID Connect Back-Channel Logout §2.4: the member of the event is a JSON object (R-02).
fn has_event(events: &RawValue) -> bool {
    let events: Option<RawMembers> = serde_json::from_str(events.get()).ok();
    events.is_some_and(|events| events.get(EVENT).is_some_and(|event| event.get().starts_with('{')))
}
