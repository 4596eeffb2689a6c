//! Writes revocation marks. An existing mark is never weakened by accident: what was revoked stays revoked.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use serde_json::{Value, json};
use token_introspection::records::{Item, MarkKey, MarkKind, MarkScope, MarkTerms, UnixTime};

use crate::{
    canary,
    problem::Problem,
    store::{AdminError, AdminStore, Change},
    time::dated,
};

/// The mark that the operator wants to write.
pub struct MarkRequest {
    pub mark: MarkKey,
    pub scope: MarkScope,
    /// The time after which no token that the mark concerns can be active. `None` if it is unknown.
    pub expires_at: Option<UnixTime>,
    pub reason: Option<String>,
}

/// The result of writing a mark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WriteResult {
    New,
    /// The mark replaced an existing one that revoked no more.
    Changed,
    /// An existing mark already revokes everything that was requested.
    Kept,
}

/// A mark that was written, or that exists already.
pub struct WrittenMark {
    written: WriteResult,
    mark: MarkKey,
    /// What the mark revokes now.
    scope: MarkScope,
    expires_at: Option<UnixTime>,
}

/// How often the write is tried. If other programs change the mark more often meanwhile, one of them is faulty.
const ATTEMPTS: u32 = 5;

/// Writes a mark. With `replace`, it replaces any existing one.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if neither the existing mark nor the new one revokes everything that both do.
pub async fn write(admin: &AdminStore, request: &MarkRequest, replace: bool) -> Result<WrittenMark, Problem> {
    let written = try_write(admin, request, replace).await?;
    canary::warn_of_loss(admin).await;
    Ok(written)
}

async fn try_write(admin: &AdminStore, request: &MarkRequest, replace: bool) -> Result<WrittenMark, Problem> {
    let key = &request.mark.key;
    for _ in 0..ATTEMPTS {
        let items = admin.items(std::slice::from_ref(key)).await?;
        let (outcome, written) = match items.item(key) {
            None => (request.outcome(WriteResult::New), admin.insert(key, request.attributes()).await),
            Some(item) => match decide(request, item.ok(), replace)? {
                (outcome, None) => return Ok(outcome),
                (outcome, Some(change)) => (outcome, admin.update(key, change).await),
            },
        };
        match written {
            Ok(()) => return Ok(outcome),
            Err(AdminError::Condition) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(AdminError::Condition.into())
}

/// Decides whether to keep an existing mark, even an unreadable one, or to change it to one that revokes everything
/// that both do.
fn decide(request: &MarkRequest, item: Option<&Item>, replace: bool) -> Result<(WrittenMark, Option<Change>), Problem> {
    let Some(item) = item else { return Ok(replace_unreadable(request, replace)) };
    let old = MarkTerms::from_item(request.mark.kind, item);
    let new = if replace { Some(request.terms()) } else { old.joined(&request.terms()) };
    let Some(MarkTerms { scope, expires_at }) = new else {
        return Err(Problem::Negative(format!(
            "the mark {:?} already revokes {}, some of which the new mark ({}) would not revoke; revoke both with --not-before \
             none and without --except-sid, or replace it with --replace",
            request.mark.key.id(),
            text(&old.scope),
            text(&request.scope),
        )));
    };
    let old_expiry = old.expires_at;
    // The new reason does not explain what only the existing mark revokes.
    let is_asked_for = replace || scope == request.scope;
    let same = !replace && scope == old.scope && expires_at == old_expiry && request.reason.is_none();
    let written = if is_asked_for && !same { WriteResult::Changed } else { WriteResult::Kept };
    let outcome = WrittenMark { written, mark: request.mark.clone(), scope, expires_at };
    if written == WriteResult::Kept && expires_at == old_expiry {
        return Ok((outcome, None));
    }
    let mut change = outcome.change(request);
    for name in ["not_before", "except_sid", "expires_at"] {
        change.unchanged.push((name, item.get(name).cloned()));
    }
    Ok((outcome, Some(change)))
}

/// Replaces a mark that cannot be read. It revokes everything that it names, until an unknown time, so the new one does
/// the same without an end, unless the operator wants less.
fn replace_unreadable(request: &MarkRequest, replace: bool) -> (WrittenMark, Option<Change>) {
    let (scope, expires_at) =
        if replace { (request.scope.clone(), request.expires_at) } else { (MarkScope::ALL, None) };
    let outcome = WrittenMark { written: WriteResult::Changed, mark: request.mark.clone(), scope, expires_at };
    let change = outcome.change(request);
    (outcome, Some(change))
}

/// Describes which tokens are revoked.
fn text(scope: &MarkScope) -> String {
    let issued = match scope.not_before {
        Some(not_before) => format!("all that were issued until {}", dated(not_before)),
        None => "all, regardless of when they were issued".to_owned(),
    };
    match &scope.except_sid {
        Some(session) => format!("{issued}, except the session {session:?}"),
        None => issued,
    }
}

impl MarkRequest {
    fn attributes(&self) -> HashMap<String, AttributeValue> {
        self.terms().attributes(self.reason.as_deref())
    }

    fn terms(&self) -> MarkTerms {
        MarkTerms { scope: self.scope.clone(), expires_at: self.expires_at }
    }

    fn outcome(&self, written: WriteResult) -> WrittenMark {
        WrittenMark { written, mark: self.mark.clone(), scope: self.scope.clone(), expires_at: self.expires_at }
    }
}

impl WrittenMark {
    /// The change that writes this mark.
    fn change(&self, request: &MarkRequest) -> Change {
        let mut change = Change::default();
        let mut wanted = vec![("expires_at", self.expires_at.map(seconds))];
        if self.written == WriteResult::Changed {
            wanted.push(("not_before", self.scope.not_before.map(seconds)));
            wanted.push(("except_sid", self.scope.except_sid.clone().map(AttributeValue::S)));
            change.set.extend(request.reason.clone().map(|reason| ("reason".to_owned(), AttributeValue::S(reason))));
        }
        for (name, value) in wanted {
            match value {
                Some(value) => drop(change.set.insert(name.to_owned(), value)),
                None => change.remove.push(name),
            }
        }
        change
    }

    /// Names and values for humans.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("mark", self.mark.key.id().to_owned()),
            (
                "result",
                match self.written {
                    WriteResult::New => "written".to_owned(),
                    WriteResult::Changed => "replaced an existing mark".to_owned(),
                    WriteResult::Kept => "kept: the existing mark already revokes all of it".to_owned(),
                },
            ),
            (
                "revokes",
                match self.mark.kind {
                    MarkKind::Revoked | MarkKind::Jti | MarkKind::Jwt => "this one token".to_owned(),
                    _ => text(&self.scope),
                },
            ),
        ];
        if let Some(not_before) = self.scope.not_before {
            pairs.push((
                "counts from",
                format!("{}: tokens that are issued from then on are not revoked", dated(not_before.plus(1))),
            ));
        }
        pairs.push(("kept until", self.expires_at.map_or("it is deleted".to_owned(), dated)));
        pairs
    }

    /// The same as JSON, for scripts.
    pub fn json(&self) -> Value {
        json!({
            "id": self.mark.key.id(),
            "result": match self.written {
                WriteResult::New => "written",
                WriteResult::Changed => "changed",
                WriteResult::Kept => "kept",
            },
            "not_before": self.scope.not_before,
            "counts_from": self.scope.not_before.map(|not_before| not_before.plus(1)),
            "except_sid": self.scope.except_sid,
            "expires_at": self.expires_at,
        })
    }
}

fn seconds(UnixTime(seconds): UnixTime) -> AttributeValue {
    AttributeValue::N(seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(not_before: Option<i64>, except_sid: Option<&str>) -> MarkScope {
        MarkScope { not_before: not_before.map(UnixTime), except_sid: except_sid.map(str::to_owned) }
    }

    fn check(old: &MarkScope, new: &MarkScope, expected: Option<(WriteResult, &MarkScope)>) {
        let mark = MarkKey::new(MarkKind::Subject, "https://i", Some("alice")).unwrap();
        let request = |scope, reason: Option<&str>| MarkRequest {
            mark: mark.clone(),
            scope,
            expires_at: None,
            reason: reason.map(str::to_owned),
        };
        let item: Item = request(old.clone(), None).attributes().into();
        let actual = decide(&request(new.clone(), Some("r")), Some(&item), false).ok();
        let actual = actual.as_ref().map(|(outcome, _)| (outcome.written, &outcome.scope));
        assert!(actual == expected, "{} then {}", text(old), text(new));
    }

    #[test]
    fn a_mark_never_weakens_by_accident() {
        let (changed, kept) = (WriteResult::Changed, WriteResult::Kept);
        let (early, late, all) = (scope(Some(1), None), scope(Some(2), None), scope(None, None));
        let (early_a, late_a, all_a) = (scope(Some(1), Some("a")), scope(Some(2), Some("a")), scope(None, Some("a")));
        let late_b = scope(Some(2), Some("b"));
        for (old, new, expected) in [
            (&early, &late, Some((changed, &late))),
            (&late, &late, Some((changed, &late))),
            (&late, &early, Some((kept, &late))),
            (&all, &late, Some((kept, &all))),
            (&late, &all, Some((changed, &all))),
            (&late, &late_a, Some((kept, &late))),
            (&late, &early_a, Some((kept, &late))),
            (&late_a, &late, Some((changed, &late))),
            (&early_a, &late, Some((changed, &late))),
            (&early_a, &late_a, Some((changed, &late_a))),
            (&late_a, &early_a, Some((kept, &late_a))),
            (&all, &all_a, Some((kept, &all))),
            (&all_a, &all, Some((changed, &all))),
            // Each of these pairs revokes something that the other does not revoke.
            (&early, &late_a, None),
            (&late_a, &early, None),
            (&all_a, &late, None),
            (&late, &all_a, None),
            (&late_a, &late_b, None),
        ] {
            check(old, new, expected);
        }
    }
}
