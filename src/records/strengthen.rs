//! Writing a mark over an existing one. The new mark may remove limits and extend the expiry, but never add or shorten
//! them: what was revoked stays revoked (G-16).

use std::collections::HashMap;

use serde_dynamo::AttributeValue;

use super::{Corrupt, Item, ItemKey, Mark, MarkKind, UnixTime, types};

/// The attributes of a mark that limit what it revokes.
const LIMITS: [&str; 2] = [NOT_BEFORE, "except_sid"];
const NOT_BEFORE: &str = "not_before";
const EXPIRY: &str = "expires_at";

/// Which of the tokens that a mark names are revoked.
#[derive(Clone, PartialEq, Eq)]
pub struct MarkScope {
    /// The tokens that were issued up to this time. `None` means all, no matter when they were issued.
    pub not_before: Option<UnixTime>,
    /// All sessions except this one.
    pub except_sid: Option<String>,
}

/// What a mark revokes, and until when.
#[derive(Clone, PartialEq, Eq)]
pub struct MarkTerms {
    pub scope: MarkScope,
    /// When the store may remove the mark. `None`: never.
    pub expires_at: Option<UnixTime>,
}

/// A mark that the function writes.
#[derive(Clone)]
pub struct NewMark {
    pub key: ItemKey,
    /// The tokens that were issued up to this time are revoked. `None` means all.
    pub not_before: Option<UnixTime>,
    /// When the store may remove the mark. `None`: never.
    pub expires_at: Option<UnixTime>,
    /// Who or what revoked, for audit records.
    pub reason: &'static str,
}

impl NewMark {
    /// The attributes of the item, if no mark exists yet.
    pub fn attributes(&self) -> HashMap<String, AttributeValue> {
        let scope = MarkScope { not_before: self.not_before, except_sid: None };
        MarkTerms { scope, expires_at: self.expires_at }.attributes(Some(self.reason))
    }
}

impl MarkScope {
    /// Everything that the mark names.
    pub const ALL: Self = Self { not_before: None, except_sid: None };

    /// What an existing mark revokes, as the judge reads it. An unreadable mark revokes everything that it names.
    pub fn from_item(kind: MarkKind, item: Result<&Item, Corrupt>) -> Self {
        match item.and_then(|item| types::read::<Mark>(item.clone())) {
            Ok(_) if kind.presence_is_enough() => Self::ALL,
            Err(Corrupt) => Self::ALL,
            Ok(Mark { not_before, except_sid }) => {
                Self { not_before, except_sid: except_sid.filter(|_| kind == MarkKind::Subject) }
            }
        }
    }

    /// Whether this scope revokes every token that the other one revokes.
    pub fn covers(&self, other: &Self) -> bool {
        let as_late = self.not_before.is_none_or(|mine| other.not_before.is_some_and(|theirs| mine >= theirs));
        as_late && (self.except_sid.is_none() || self.except_sid == other.except_sid)
    }
}

impl MarkTerms {
    /// The attributes of a mark with these terms.
    pub fn attributes(&self, reason: Option<&str>) -> HashMap<String, AttributeValue> {
        let attributes = [
            (NOT_BEFORE, self.scope.not_before.map(number)),
            ("except_sid", self.scope.except_sid.clone().map(AttributeValue::S)),
            (EXPIRY, self.expires_at.map(number)),
            ("reason", reason.map(|reason| AttributeValue::S(reason.to_owned()))),
        ];
        attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The terms of an existing mark.
    pub fn from_item(kind: MarkKind, item: &Item) -> Self {
        Self { scope: MarkScope::from_item(kind, Ok(item)), expires_at: expires_at(item) }
    }

    /// The terms that revoke everything that either of the two revokes, until the later expiry. Returns `None` if
    /// neither scope covers the other, because one mark cannot express both.
    pub fn joined(&self, new: &Self) -> Option<Self> {
        let scope = match (new.scope.covers(&self.scope), self.scope.covers(&new.scope)) {
            (true, _) => &new.scope,
            (false, true) => &self.scope,
            (false, false) => return None,
        };
        // A mark without an expiry is kept forever, so that is later than any time.
        let expires_at = self.expires_at.zip(new.expires_at).map(|(old, new)| old.max(new));
        Some(Self { scope: scope.clone(), expires_at })
    }
}

/// The attributes of an existing mark, with the smallest change that makes it revoke everything that the new mark
/// revokes, at least as long. Returns `None` if no change is needed. Unreadable limits do not limit anything. If no mark
/// can revoke exactly what the two revoke, the result revokes more.
pub fn strengthened(item: &Item, new: &NewMark) -> Option<HashMap<String, AttributeValue>> {
    let mut attributes = item.clone().into_inner();
    if let Ok(Mark { not_before, .. }) = types::read::<Mark>(item.clone()) {
        for limit in LIMITS {
            attributes.remove(limit);
        }
        let not_before = not_before.zip(new.not_before).map(|(old, new)| old.max(new));
        attributes.extend(not_before.map(|time| (NOT_BEFORE.to_owned(), number(time))));
    }
    let old = expires_at(item);
    let later = old.zip(new.expires_at).map(|(old, new)| old.max(new));
    if later != old {
        attributes.remove(EXPIRY);
        attributes.extend(later.map(|at| (EXPIRY.to_owned(), number(at))));
    }
    (attributes != *item.as_ref()).then_some(attributes)
}

/// When the store removes the item. A value that is not a number never removes it.
fn expires_at(item: &Item) -> Option<UnixTime> {
    match item.get(EXPIRY) {
        Some(AttributeValue::N(number)) => {
            number.parse().ok().map(UnixTime).or_else(|| UnixTime::from_f64(number.parse().ok()?))
        }
        _ => None,
    }
}

fn number(UnixTime(seconds): UnixTime) -> AttributeValue {
    AttributeValue::N(seconds.to_string())
}

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue::{L, N, Null, S};

    use super::*;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<HashMap<_, _>>().into()
    }

    fn mark(not_before: Option<i64>, expires_at: Option<i64>) -> NewMark {
        NewMark {
            key: ItemKey::mark("sub", "https://a", Some("alice")).unwrap(),
            not_before: not_before.map(UnixTime),
            expires_at: expires_at.map(UnixTime),
            reason: "ours",
        }
    }

    fn n(number: i64) -> AttributeValue {
        N(number.to_string())
    }

    #[test]
    fn g16_n03_limits_go_the_expiry_grows_and_everything_else_stays() {
        let theirs = || [("reason", S("theirs".into())), ("note", L(vec![Null(true), N("1.50".into())]))];
        let with = |changes: &[(&'static str, AttributeValue)]| item(&[&theirs(), changes].concat());
        for (old, until, new) in [
            (with(&[]), Some(100), None),
            (with(&[]), None, None),
            (with(&[("not_before", n(1))]), Some(100), Some(with(&[]))),
            (with(&[("except_sid", S("s".into()))]), Some(100), Some(with(&[]))),
            (with(&[("expires_at", n(200))]), Some(100), None),
            (with(&[("expires_at", n(100))]), Some(100), None),
            (with(&[("expires_at", n(99))]), Some(100), Some(with(&[("expires_at", n(100))]))),
            (with(&[("expires_at", N("99.9".into()))]), Some(100), Some(with(&[("expires_at", n(100))]))),
            (with(&[("expires_at", n(200)), ("not_before", n(1))]), Some(100), Some(with(&[("expires_at", n(200))]))),
            (with(&[("expires_at", n(99))]), None, Some(with(&[]))),
            // A value that is not a number never removes the item, so the mark does not end too early.
            (with(&[("expires_at", S("99".into()))]), Some(100), None),
            (with(&[("expires_at", Null(true))]), Some(100), None),
            // Unreadable limits do not limit anything, so they are kept for the operator to see.
            (with(&[("not_before", S("1".into()))]), Some(100), None),
            (with(&[("except_sid", n(1)), ("expires_at", n(99))]), None, Some(with(&[("except_sid", n(1))]))),
        ] {
            assert!(strengthened(&old, &mark(None, until)).map(Item::from) == new, "{old:?} until {until:?}");
        }
    }

    #[test]
    fn r05_g16_the_later_not_before_wins_and_an_exception_ends() {
        let with = |not_before: Option<i64>, except_sid: Option<&str>| {
            let not_before = not_before.map(|time| ("not_before", n(time)));
            let except_sid = except_sid.map(|sid| ("except_sid", S(sid.into())));
            item(&[not_before, except_sid].into_iter().flatten().collect::<Vec<_>>())
        };
        for (old, new, expected) in [
            (with(Some(1), None), Some(2), Some(with(Some(2), None))),
            (with(Some(2), None), Some(2), None),
            (with(Some(3), None), Some(2), None),
            (with(None, None), Some(2), None),
            (with(Some(0), None), Some(2), Some(with(None, None))),
            (with(Some(1), None), None, Some(with(None, None))),
            (with(Some(1), Some("s")), Some(2), Some(with(Some(2), None))),
            // No mark revokes exactly both, so the result revokes more.
            (with(Some(3), Some("s")), Some(2), Some(with(Some(3), None))),
            (with(None, Some("s")), Some(2), Some(with(None, None))),
            (item(&[("not_before", S("1".into()))]), Some(2), None),
        ] {
            assert!(strengthened(&old, &mark(new, None)).map(Item::from) == expected, "{old:?} and {new:?}");
        }
    }

    #[test]
    fn g16_terms_are_joined_and_never_weakened() {
        let terms = |not_before: Option<i64>, except_sid: Option<&str>, expires_at: Option<i64>| MarkTerms {
            scope: MarkScope { not_before: not_before.map(UnixTime), except_sid: except_sid.map(str::to_owned) },
            expires_at: expires_at.map(UnixTime),
        };
        for (old, new, expected) in [
            (terms(Some(1), None, None), terms(Some(2), None, None), Some(terms(Some(2), None, None))),
            (terms(Some(2), None, None), terms(Some(1), None, None), Some(terms(Some(2), None, None))),
            (terms(None, None, None), terms(Some(2), None, Some(9)), Some(terms(None, None, None))),
            (terms(Some(2), None, Some(9)), terms(None, None, None), Some(terms(None, None, None))),
            (terms(Some(2), Some("a"), Some(9)), terms(Some(2), None, Some(8)), Some(terms(Some(2), None, Some(9)))),
            (terms(Some(2), None, Some(7)), terms(Some(2), Some("a"), Some(8)), Some(terms(Some(2), None, Some(8)))),
            (terms(Some(1), Some("a"), None), terms(Some(2), Some("a"), None), Some(terms(Some(2), Some("a"), None))),
            // Each of these revokes something that the other does not revoke.
            (terms(Some(1), None, None), terms(Some(2), Some("a"), None), None),
            (terms(None, Some("a"), None), terms(Some(2), None, None), None),
            (terms(Some(2), Some("a"), None), terms(Some(2), Some("b"), None), None),
        ] {
            assert!(old.joined(&new) == expected);
        }
    }

    #[test]
    fn g16_a_mark_that_cannot_be_read_covers_everything_it_names() {
        let limited = item(&[("not_before", n(1)), ("except_sid", S("s".into()))]);
        let scope = |not_before: Option<i64>, except_sid: Option<&str>| MarkScope {
            not_before: not_before.map(UnixTime),
            except_sid: except_sid.map(str::to_owned),
        };
        for (kind, item, expected) in [
            (MarkKind::Subject, Ok(&limited), scope(Some(1), Some("s"))),
            (MarkKind::Grant, Ok(&limited), scope(Some(1), None)),
            (MarkKind::Jti, Ok(&limited), MarkScope::ALL),
            (MarkKind::Subject, Ok(&item(&[("not_before", S("1".into()))])), MarkScope::ALL),
            (MarkKind::Subject, Err(Corrupt), MarkScope::ALL),
        ] {
            assert!(MarkScope::from_item(kind, item) == expected, "{kind:?}");
        }
    }
}
