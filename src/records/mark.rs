//! Revocation marks, and which of them concern a token.

use serde::Deserialize;

use super::{Corrupt, InvalidItemKey, Item, ItemKey, UnixTime, types};
use crate::digest::Digest;

/// The kinds of marks in the tokens table. Each has a prefix of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// `revoked#`: one opaque token.
    Revoked,
    /// `jti#`: one token.
    Jti,
    /// `jwt#`: one JWT without `jti`.
    Jwt,
    Grant,
    Session,
    Subject,
    Client,
    Issuer,
    /// `kid#`: every token that a signing key made.
    SigningKey,
}

impl MarkKind {
    pub const ALL: [Self; 9] = [
        Self::Revoked,
        Self::Jti,
        Self::Jwt,
        Self::Grant,
        Self::Session,
        Self::Subject,
        Self::Client,
        Self::Issuer,
        Self::SigningKey,
    ];

    /// The kind of the mark with this id, and the issuer that the id names. `None` if no mark has such an id.
    pub fn of_id(id: &str) -> Option<(Self, Option<&str>)> {
        let (prefix, rest) = id.split_once('#')?;
        let kind = Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
        let issuer = match kind {
            Self::Revoked | Self::Jwt => Digest::from_hex(rest).map(|_| None)?,
            Self::Issuer => Some(rest),
            // An issuer identifier contains no `#`, and a name may contain any.
            _ => Some(rest.split_once('#').filter(|(_, name)| named(Some(name)).is_some())?.0),
        };
        Some((kind, issuer))
    }

    /// The first part of the mark's id.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Jti => "jti",
            Self::Jwt => "jwt",
            Self::Grant => "grant",
            Self::Session => "sid",
            Self::Subject => "sub",
            Self::Client => "client",
            Self::Issuer => "iss",
            Self::SigningKey => "kid",
        }
    }

    /// What such a mark revokes, as a clause.
    pub fn revoked(self) -> &'static str {
        match self {
            Self::Revoked | Self::Jti | Self::Jwt => "the token is revoked",
            Self::Grant => "its grant is revoked",
            Self::Session => "its session is revoked",
            Self::Subject => "its subject's tokens are revoked",
            Self::Client => "its client's tokens are revoked",
            Self::Issuer => "its issuer's tokens are revoked",
            Self::SigningKey => "its signing key is distrusted",
        }
    }

    /// Whether the mark revokes by its presence, regardless of its attributes.
    pub fn presence_is_enough(self) -> bool {
        matches!(self, Self::Revoked | Self::Jti | Self::Jwt | Self::SigningKey)
    }
}

/// A mark that would revoke a token, if it exists.
#[derive(Clone, PartialEq, Eq)]
pub struct MarkKey {
    pub kind: MarkKind,
    pub key: ItemKey,
}

impl MarkKey {
    /// The mark that revokes one opaque token.
    pub fn opaque(token: &Digest) -> Self {
        Self { kind: MarkKind::Revoked, key: ItemKey::revoked(token) }
    }

    /// The mark that revokes one JWT without `jti`, by what its signature covers.
    pub fn jwt(signing_input: &str) -> Self {
        Self { kind: MarkKind::Jwt, key: ItemKey::jwt(&Digest::of(signing_input)) }
    }

    /// The mark of this kind for one thing of the issuer.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidItemKey`] if the id would be overlong.
    pub fn new(kind: MarkKind, issuer: &str, name: Option<&str>) -> Result<Self, InvalidItemKey> {
        Ok(Self { kind, key: ItemKey::mark(kind.prefix(), issuer, name)? })
    }
}

/// The name of what a mark revokes, unless it is empty: an empty one names nothing.
pub fn named(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty())
}

/// The attributes of a mark that limit what it revokes.
#[derive(Deserialize)]
pub struct Mark {
    /// Tokens that were issued at or before this time are revoked. If absent or zero, all are.
    #[serde(default, deserialize_with = "types::known")]
    pub not_before: Option<UnixTime>,
    /// `sub#` only: the session that is not revoked.
    pub except_sid: Option<String>,
}

impl Mark {
    /// How much longer a mark is kept than the last token that it concerns, in seconds. The store removes the mark by
    /// its own clock, and a token may expire by another clock. A mark that is removed a second too early would revive
    /// the token, while one that is kept an hour too long does no harm.
    pub const EXPIRY_MARGIN_SECONDS: i64 = 3600;
}

/// The times and the session of a token, which marks are compared with.
pub struct RevocationFacts<'a> {
    pub issued_at: Option<UnixTime>,
    pub authenticated_at: Option<UnixTime>,
    pub session: Option<&'a str>,
}

/// A mark that revokes a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedBy {
    pub kind: MarkKind,
    /// The time up to which the mark revokes tokens, if it has one.
    pub not_before: Option<UnixTime>,
    /// The reason that the writer of the mark gave.
    pub reason: Option<String>,
}

impl RevokedBy {
    /// A mark that revokes by its presence, regardless of its attributes.
    pub fn presence_of(kind: MarkKind, item: Result<&Item, Corrupt>) -> Self {
        Self { kind, not_before: None, reason: item.ok().and_then(reason) }
    }
}

/// The reason that the writer of a mark gave, for humans.
pub(super) fn reason(item: &Item) -> Option<String> {
    types::text(item, "reason")
}

/// Whether an existing mark revokes the token.
///
/// # Errors
///
/// Returns [`Corrupt`] if the mark cannot be read. The caller then treats the token as revoked.
pub fn revokes(
    kind: MarkKind,
    item: Result<&Item, Corrupt>,
    token: &RevocationFacts<'_>,
) -> Result<Option<RevokedBy>, Corrupt> {
    if kind.presence_is_enough() {
        return Ok(Some(RevokedBy::presence_of(kind, item)));
    }
    let item = item?;
    let Mark { not_before, except_sid } = types::read(item.clone())?;
    // For a subject's mark, the values that a refresh does not change count as well: when the user authenticated, and
    // in which session (G-12).
    let subject = kind == MarkKind::Subject;
    if subject && except_sid.is_some() && except_sid.as_deref() == token.session {
        return Ok(None);
    }
    let revokes = not_before.is_none_or(|not_before| {
        token.issued_at.is_none_or(|issued_at| issued_at <= not_before)
            || (subject && token.authenticated_at.is_some_and(|time| time <= not_before))
    });
    Ok(revokes.then(|| RevokedBy { kind, not_before, reason: reason(item) }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_dynamo::AttributeValue::{self, N, Null, S};

    use super::*;
    use crate::records::FetchedItems;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        let map: HashMap<_, _> = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        map.into()
    }

    fn token(issued_at: Option<i64>, authenticated_at: Option<i64>, session: Option<&str>) -> RevocationFacts<'_> {
        RevocationFacts {
            issued_at: issued_at.map(UnixTime),
            authenticated_at: authenticated_at.map(UnixTime),
            session,
        }
    }

    fn revoked(kind: MarkKind, item: Result<&Item, Corrupt>, token: &RevocationFacts<'_>) -> Result<bool, Corrupt> {
        revokes(kind, item, token).map(|mark| mark.is_some())
    }

    #[test]
    fn the_kind_and_the_issuer_of_an_id_are_those_that_the_key_was_made_of() {
        let digest = Digest::of("token");
        let mark = |kind, name| MarkKey::new(kind, "https://a", name).unwrap();
        for kind in MarkKind::ALL {
            let (mark, issuer) = match kind {
                MarkKind::Revoked => (MarkKey::opaque(&digest), None),
                MarkKind::Jwt => (MarkKey::jwt("a.b"), None),
                MarkKind::Issuer => (mark(kind, None), Some("https://a")),
                _ => (mark(kind, Some("b#c")), Some("https://a")),
            };
            assert_eq!(MarkKind::of_id(mark.key.id()), Some((kind, issuer)), "{}", mark.key.id());
        }
        for id in ["", "sub", "sub#", "sub#https://a", "sub#https://a#", "other#https://a#b", "jwt#0", "revoked#token"]
        {
            assert_eq!(MarkKind::of_id(id), None, "{id}");
        }
        assert_eq!(MarkKind::of_id(ItemKey::token(&digest).id()), None);
    }

    #[test]
    fn an_empty_name_names_nothing() {
        assert_eq!([named(None), named(Some("")), named(Some(" "))], [None, None, Some(" ")]);
    }

    #[test]
    fn a_mark_is_explained_by_what_it_revokes_and_why() {
        assert_eq!(MarkKind::Session.revoked(), "its session is revoked");
        let key = ItemKey::revoked(&Digest::of("token"));
        let reason = |item| FetchedItems::single(&key, item).mark_reason(&key);
        assert_eq!(reason(item(&[("reason", S("stolen".into()))])).as_deref(), Some("stolen"));
        assert_eq!(reason(item(&[])), None);
        assert_eq!(FetchedItems::default().mark_reason(&key), None);
    }

    #[test]
    fn h34_zero_as_not_before_is_unknown_and_a_time_after_9999_is_corrupt() {
        let mark = |seconds: i64| item(&[("not_before", N(seconds.to_string()))]);
        let fresh = token(Some(UnixTime::LAST), None, None);
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark(0)), &fresh), Ok(true));
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark(1)), &fresh), Ok(false));
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark(UnixTime::LAST)), &fresh), Ok(true));
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark(1_700_000_000_000)), &fresh), Err(Corrupt));
    }

    #[test]
    fn g12_not_before_reaches_back_and_auth_time_counts_only_for_the_subject() {
        let mark = item(&[("not_before", N("100".into()))]);
        for (kind, issued_at, authenticated_at, expected) in [
            (MarkKind::Subject, Some(99), None, true),
            (MarkKind::Subject, Some(100), None, true),
            (MarkKind::Subject, Some(101), None, false),
            (MarkKind::Subject, Some(101), Some(100), true),
            (MarkKind::Subject, Some(101), Some(101), false),
            (MarkKind::Subject, None, Some(101), true),
            (MarkKind::Client, Some(101), Some(100), false),
            (MarkKind::Issuer, None, None, true),
            (MarkKind::Grant, Some(100), None, true),
            (MarkKind::Session, Some(101), None, false),
            (MarkKind::Jti, Some(101), None, true),
            (MarkKind::SigningKey, Some(101), None, true),
        ] {
            let actual = revoked(kind, Ok(&mark), &token(issued_at, authenticated_at, None));
            assert_eq!(actual, Ok(expected), "{kind:?} {issued_at:?} {authenticated_at:?}");
        }
    }

    #[test]
    fn g12_a_mark_without_not_before_revokes_tokens_of_any_time() {
        for kind in [MarkKind::Grant, MarkKind::Session, MarkKind::Subject, MarkKind::Client, MarkKind::Issuer] {
            assert_eq!(revoked(kind, Ok(&item(&[])), &token(Some(i64::MAX), None, None)), Ok(true));
            assert_eq!(revoked(kind, Ok(&item(&[("not_before", Null(true))])), &token(Some(1), None, None)), Ok(true));
        }
    }

    #[test]
    fn g12_except_sid_spares_one_session_and_only_from_a_subject_mark() {
        let mark = item(&[("except_sid", S("s1".into()))]);
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark), &token(None, None, Some("s1"))), Ok(false));
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark), &token(None, None, Some("s2"))), Ok(true));
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark), &token(None, None, None)), Ok(true));
        assert_eq!(revoked(MarkKind::Client, Ok(&mark), &token(None, None, Some("s1"))), Ok(true));
        assert_eq!(revoked(MarkKind::Subject, Ok(&item(&[])), &token(None, None, None)), Ok(true));
    }

    #[test]
    fn g11_a_wrong_type_is_corrupt_and_an_attribute_that_nothing_reads_is_not() {
        for (name, value) in [("not_before", S("100".into())), ("except_sid", N("1".into()))] {
            let actual = revoked(MarkKind::Subject, Ok(&item(&[(name, value)])), &token(Some(101), None, Some("1")));
            assert_eq!(actual, Err(Corrupt), "{name}");
        }
        let mark = item(&[("not_before", N("100".into())), ("expires_at", S("x".into())), ("reason", N("1".into()))]);
        assert_eq!(revoked(MarkKind::Subject, Ok(&mark), &token(Some(101), None, None)), Ok(false));
    }

    #[test]
    fn g11_a_mark_that_cannot_be_read_at_all_still_revokes() {
        let revoked = |kind| revoked(kind, Err(Corrupt), &token(Some(101), None, None));
        for kind in [MarkKind::Revoked, MarkKind::Jti, MarkKind::Jwt, MarkKind::SigningKey] {
            assert_eq!(revoked(kind), Ok(true), "{kind:?}");
        }
        for kind in [MarkKind::Grant, MarkKind::Session, MarkKind::Subject, MarkKind::Client, MarkKind::Issuer] {
            assert_eq!(revoked(kind), Err(Corrupt), "{kind:?}");
        }
    }
}
