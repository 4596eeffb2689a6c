//! Judges a security event token (RFC 8417): by everything except its signature, and then what its events end.

use serde_json::{Value, value::RawValue};

use super::{has_trusted_key, is_current, is_for, profile::has_plain_header};
use crate::{
    jwt::RawMembers,
    media_type,
    records::{FetchedItems, MarkKey, MarkKind, NewMark, UnixTime, named},
    settings::{Settings, TrustedIssuer},
    token::{Claims, EventSubject, Inactive, NotAccepted, Notice, UnverifiedToken, VerifiedToken},
};

/// The most marks of one token. An account has few identifiers.
const MAX_MARKS: usize = 20;

/// What an event ends: the session that its subject names if it names one, or always all tokens of the user.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Session,
    User,
}

/// The events that end something, with the `reason` of their marks. Every other event ends nothing (R-12).
const EVENTS: [(&str, Reach, &str); 6] = [
    (
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
        Reach::Session,
        "security event session-revoked",
    ),
    (
        "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
        Reach::Session,
        "security event token-claims-change",
    ),
    (
        "https://schemas.openid.net/secevent/caep/event-type/credential-change",
        Reach::User,
        "security event credential-change",
    ),
    (
        "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
        Reach::User,
        "security event account-disabled",
    ),
    (
        "https://schemas.openid.net/secevent/risc/event-type/account-purged",
        Reach::User,
        "security event account-purged",
    ),
    (
        "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked",
        Reach::User,
        "security event sessions-revoked",
    ),
];

/// Proof that a notice is a security event token, apart from its signature. Only this module makes it. The token is
/// neither an access token nor a logout token:
///
/// ```compile_fail
/// # use token_introspection::{judge::{self, SecurityEvent}, records::FetchedItems, settings::Settings};
/// # use token_introspection::token::VerifiedToken;
/// fn as_log_out(token: &VerifiedToken<SecurityEvent>, items: &FetchedItems, settings: &Settings) {
///     let _ = judge::proved_log_out(token, items, items, settings);
/// }
/// ```
pub struct SecurityEvent(());

/// Judges a security event token by everything that is in it, except the subjects of its events.
///
/// # Errors
///
/// Returns the first rule that the token breaks.
pub fn event<'a>(
    token: UnverifiedToken<'a, Notice>,
    settings: &Settings,
    now: i64,
) -> Result<UnverifiedToken<'a, SecurityEvent>, NotAccepted> {
    let (issuer, claims) = (token.issuer(), token.unverified_claims());
    let Some(accepted) = &issuer.event_audiences else { return Err(NotAccepted::IssuerNotEnabled) };
    has_plain_header(&token)?;
    // RFC 8417 §2.3: the explicit type keeps other JWTs from being taken for events (R-11).
    let typ = token.header().typ.as_deref();
    if !typ.is_some_and(|typ| media_type::is_typ(typ, media_type::typ(media_type::SECURITY_EVENT))) {
        return Err(Inactive::WrongTyp { typ: typ.map(str::to_owned) }.into());
    }
    is_for(accepted, claims)?;
    is_current(claims, now, settings.clock_skew_seconds)?;
    // RFC 8417 §2.2: `iat` and `jti` are required (R-11).
    claims.issued_at.ok_or(NotAccepted::MissingClaim("iat"))?;
    named(claims.jti.as_deref()).ok_or(NotAccepted::MissingClaim("jti"))?;
    events(claims)?;
    Ok(token.into_state(SecurityEvent(())))
}

/// Concludes what the events of a verified token end: the marks to write, none if no event ends anything. `items`
/// contains the mark of the signing key, and `later` the item of [`VerifiedToken::unread_mark`].
///
/// # Errors
///
/// Returns [`NotAccepted`] if the signing key is distrusted, or if an event's subject cannot be mapped to marks.
pub fn ended_by_events(
    token: &VerifiedToken<SecurityEvent>,
    items: &FetchedItems,
    later: &FetchedItems,
    settings: &Settings,
) -> Result<Vec<NewMark>, NotAccepted> {
    has_trusted_key(token, items, later)?;
    let claims = token.claims();
    let issuer = settings.trusted_issuer(&claims.issuer).ok_or(NotAccepted::IssuerNotEnabled)?;
    let issued_at = claims.issued_at.ok_or(NotAccepted::MissingClaim("iat"))?;
    let mut marks: Vec<NewMark> = Vec::new();
    for (name, event) in events(claims)? {
        let Some((_, reach, reason)) = EVENTS.iter().find(|(known, ..)| *known == name) else { continue };
        let event = parsed(&event).filter(Value::is_object).ok_or(NotAccepted::WrongEvents)?;
        let last = happened_at(&event, issued_at).plus(settings.clock_skew_seconds);
        for (kind, name) in ended(&event, claims, issuer, *reach)? {
            let MarkKey { key, .. } =
                MarkKey::new(kind, &claims.issuer, Some(&name)).map_err(|_| Inactive::Unrevocable)?;
            // A refresh gives tokens of an ended session a new `iat`, so only the mark of a subject has a limit.
            let not_before = (kind == MarkKind::Subject).then_some(last);
            match marks.iter_mut().find(|mark| mark.key == key) {
                Some(mark) => mark.not_before = mark.not_before.max(not_before),
                // It is unknown when the last token that the mark concerns expires.
                None => marks.push(NewMark { key, not_before, expires_at: None, reason }),
            }
        }
    }
    if marks.len() > MAX_MARKS { Err(NotAccepted::WrongSubject) } else { Ok(marks) }
}

/// The events by their identifiers. RFC 8417 §2.2: `events` is an object with at least one member (R-11).
fn events(claims: &Claims) -> Result<RawMembers, NotAccepted> {
    let events = claims.others.get("events").and_then(|events| serde_json::from_str::<RawMembers>(events.get()).ok());
    events.filter(|events| !events.is_empty()).ok_or(NotAccepted::WrongEvents)
}

/// The kinds and names of what an event ends. Its subject is `sub_id` of the token. Transmitters from before RFC 9493
/// write it into the event as `subject`.
fn ended(
    event: &Value,
    claims: &Claims,
    issuer: &TrustedIssuer,
    reach: Reach,
) -> Result<Vec<(MarkKind, String)>, NotAccepted> {
    let of_token = claims.others.get("sub_id").and_then(|subject| parsed(subject));
    let subject = event.get("subject").or(of_token.as_ref()).ok_or(NotAccepted::WrongSubject)?;
    let subject = EventSubject::parse(subject, &|name| issuer.identifiers().any(|own| own == name))?;
    let sessions = |names: Vec<String>| names.into_iter().map(|name| (MarkKind::Session, name)).collect::<Vec<_>>();
    let users = |names: Vec<String>| names.into_iter().map(|name| (MarkKind::Subject, name)).collect::<Vec<_>>();
    match (subject, reach) {
        (EventSubject::Complex { session: Some(names), .. }, Reach::Session)
        | (EventSubject::Complex { session: Some(names), has_user: false, .. }, Reach::User) => Ok(sessions(names)),
        // A session that cannot be named must not end more than the session.
        (EventSubject::Complex { has_session: true, .. }, Reach::Session) => Err(NotAccepted::WrongSubject),
        (EventSubject::User(names) | EventSubject::Complex { user: Some(names), .. }, _) => Ok(users(names)),
        // Only the transmitter knows whether an opaque identifier is that of the session or of the user.
        (EventSubject::Opaque(name), Reach::Session) => Ok([sessions(vec![name.clone()]), users(vec![name])].concat()),
        (EventSubject::Opaque(name), Reach::User) => Ok(users(vec![name])),
        (EventSubject::Complex { .. }, _) => Err(NotAccepted::WrongSubject),
    }
}

/// When the event happened: its `event_timestamp`, or when the token was issued. A time that is later than the token
/// cannot be right, and may be in milliseconds. The time of the token revokes more than any that is right.
fn happened_at(event: &Value, issued_at: UnixTime) -> UnixTime {
    let time = event.get("event_timestamp").and_then(Value::as_f64).and_then(UnixTime::from_f64);
    time.filter(|time| (UnixTime(1)..=issued_at).contains(time)).unwrap_or(issued_at)
}

fn parsed(text: &RawValue) -> Option<Value> {
    serde_json::from_str(text.get()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn r14_the_time_of_an_event_is_never_later_than_its_token() {
        for (event, expected) in [
            (json!({ "event_timestamp": 100 }), 100),
            (json!({ "event_timestamp": 100.9 }), 100),
            (json!({ "event_timestamp": 1000 }), 1000),
            (json!({ "event_timestamp": 1001 }), 1000),
            (json!({ "event_timestamp": 1_700_000_000_000_i64 }), 1000),
            (json!({ "event_timestamp": 0 }), 1000),
            (json!({ "event_timestamp": -5 }), 1000),
            (json!({ "event_timestamp": "100" }), 1000),
            (json!({ "event_timestamp": null }), 1000),
            (json!({}), 1000),
        ] {
            assert_eq!(happened_at(&event, UnixTime(1000)), UnixTime(expected), "{event}");
        }
    }
}
