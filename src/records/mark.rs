//! Revocation marks, and which of them concern a token.

use serde::Deserialize;

use super::{Corrupt, Item, Key, Seconds, UnusableKey, types};

/// The kinds of mark in the tokens table, each named by its prefix.
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

    /// Whether the mark revokes by being there, whatever it holds.
    pub fn presence_is_enough(self) -> bool {
        matches!(self, Self::Revoked | Self::Jti | Self::Jwt | Self::SigningKey)
    }
}

/// A mark that would revoke a token, if it is there.
#[derive(Clone)]
pub struct MarkKey {
    pub kind: MarkKind,
    pub key: Key,
}

impl MarkKey {
    /// The mark of this kind on one thing of the issuer's.
    ///
    /// # Errors
    ///
    /// [`UnusableKey`] where the id would be over-long.
    pub fn new(kind: MarkKind, issuer: &str, name: Option<&str>) -> Result<Self, UnusableKey> {
        Ok(Self { kind, key: Key::mark(kind.prefix(), issuer, name)? })
    }
}

/// What a mark says beyond being there.
#[derive(Deserialize)]
pub struct Mark {
    /// Revoked are tokens issued at or before this time. Absent: all.
    pub not_before: Option<Seconds>,
    /// `sub#` only: the session that stays.
    pub except_sid: Option<String>,
}

impl Mark {
    /// How much longer a mark stays than the last token that it concerns, in seconds. The store may remove it the moment
    /// that it is over by its own clock, and a token may live by another: one that went a second too early would revive
    /// it, and one that stays an hour too long does no harm.
    pub const EXPIRY_MARGIN_SECONDS: i64 = 3600;
}

/// The times and the session of a token that a mark is held against.
pub struct Marked<'a> {
    pub issued_at: Option<Seconds>,
    pub authenticated_at: Option<Seconds>,
    pub session: Option<&'a str>,
}

/// Whether a mark that is there revokes the token.
///
/// # Errors
///
/// [`Corrupt`], which the caller takes for "revoked".
pub fn revokes(kind: MarkKind, item: Result<&Item, Corrupt>, token: &Marked<'_>) -> Result<bool, Corrupt> {
    if kind.presence_is_enough() {
        return Ok(true);
    }
    let mark: Mark = types::read(item?.clone())?;
    let subject = kind == MarkKind::Subject;
    if subject && mark.except_sid.is_some() && mark.except_sid.as_deref() == token.session {
        return Ok(false);
    }
    Ok(mark.not_before.is_none_or(|not_before| {
        token.issued_at.is_none_or(|issued_at| issued_at <= not_before)
            || (subject && token.authenticated_at.is_some_and(|time| time <= not_before))
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_dynamo::AttributeValue::{self, N, Null, S};

    use super::*;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        let map: HashMap<_, _> = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        map.into()
    }

    fn token(issued_at: Option<i64>, authenticated_at: Option<i64>, session: Option<&str>) -> Marked<'_> {
        Marked { issued_at: issued_at.map(Seconds), authenticated_at: authenticated_at.map(Seconds), session }
    }

    #[test]
    fn g12_not_before_reaches_back_and_auth_time_counts_for_the_subject_alone() {
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
            let actual = revokes(kind, Ok(&mark), &token(issued_at, authenticated_at, None));
            assert_eq!(actual, Ok(expected), "{kind:?} {issued_at:?} {authenticated_at:?}");
        }
    }

    #[test]
    fn g12_a_mark_without_not_before_revokes_whatever_was_issued_whenever() {
        for kind in [MarkKind::Grant, MarkKind::Session, MarkKind::Subject, MarkKind::Client, MarkKind::Issuer] {
            assert_eq!(revokes(kind, Ok(&item(&[])), &token(Some(i64::MAX), None, None)), Ok(true));
            assert_eq!(revokes(kind, Ok(&item(&[("not_before", Null(true))])), &token(Some(1), None, None)), Ok(true));
        }
    }

    #[test]
    fn g12_except_sid_spares_one_session_and_only_from_a_subject_mark() {
        let mark = item(&[("except_sid", S("s1".into()))]);
        assert_eq!(revokes(MarkKind::Subject, Ok(&mark), &token(None, None, Some("s1"))), Ok(false));
        assert_eq!(revokes(MarkKind::Subject, Ok(&mark), &token(None, None, Some("s2"))), Ok(true));
        assert_eq!(revokes(MarkKind::Subject, Ok(&mark), &token(None, None, None)), Ok(true));
        assert_eq!(revokes(MarkKind::Client, Ok(&mark), &token(None, None, Some("s1"))), Ok(true));
        assert_eq!(revokes(MarkKind::Subject, Ok(&item(&[])), &token(None, None, None)), Ok(true));
    }

    #[test]
    fn g11_a_wrong_type_is_corrupt_and_an_attribute_that_nothing_reads_is_not() {
        for (name, value) in [("not_before", S("100".into())), ("except_sid", N("1".into()))] {
            let actual = revokes(MarkKind::Subject, Ok(&item(&[(name, value)])), &token(Some(101), None, Some("1")));
            assert_eq!(actual, Err(Corrupt), "{name}");
        }
        let mark = item(&[("not_before", N("100".into())), ("expires_at", S("x".into())), ("reason", N("1".into()))]);
        assert_eq!(revokes(MarkKind::Subject, Ok(&mark), &token(Some(101), None, None)), Ok(false));
    }

    #[test]
    fn g11_a_mark_that_cannot_be_read_at_all_is_there_all_the_same() {
        let revokes = |kind| revokes(kind, Err(Corrupt), &token(Some(101), None, None));
        for kind in [MarkKind::Revoked, MarkKind::Jti, MarkKind::Jwt, MarkKind::SigningKey] {
            assert_eq!(revokes(kind), Ok(true), "{kind:?}");
        }
        for kind in [MarkKind::Grant, MarkKind::Session, MarkKind::Subject, MarkKind::Client, MarkKind::Issuer] {
            assert_eq!(revokes(kind), Err(Corrupt), "{kind:?}");
        }
    }
}
