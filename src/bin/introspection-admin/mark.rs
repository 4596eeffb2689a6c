//! Writing a revocation mark. One that is there is never weakened by accident: what was revoked stays revoked.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use serde_json::{Value, json};
pub use token_introspection::records::MarkScope as Reach;
use token_introspection::{
    records::{Item, MarkKey, MarkKind, MarkTerms, Seconds},
    store::{Change, Failure, Operator},
};

use crate::{problem::Problem, time::dated};

/// A mark as it is to be.
pub struct Wish {
    pub mark: MarkKey,
    pub reach: Reach,
    /// When no token that it concerns can be active any more. `None`: unknown.
    pub expires_at: Option<i64>,
    pub reason: Option<String>,
}

/// What became of a wish.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    New,
    /// There was one, which revoked no more than this one does.
    Changed,
    /// There was one that revokes all of this already.
    Kept,
}

/// A mark that was written or found.
pub struct Outcome {
    written: Written,
    mark: MarkKey,
    /// What the mark revokes now.
    reach: Reach,
    expires_at: Option<i64>,
}

/// Whoever changes one mark that often at the same time is a program gone wrong.
const ATTEMPTS: u32 = 5;

/// Writes a mark; with `replace` in the place of whatever is there.
///
/// # Errors
///
/// [`Problem::Negative`] where neither the mark that is there nor the new one revokes all that both do.
pub async fn write(operator: &Operator, wish: &Wish, replace: bool) -> Result<Outcome, Problem> {
    let key = &wish.mark.key;
    for _ in 0..ATTEMPTS {
        let items = operator.items(std::slice::from_ref(key)).await?;
        let (outcome, written) = match items.item(key) {
            None => (wish.outcome(Written::New), operator.insert(key, wish.attributes()).await),
            Some(item) => match decide(wish, item.ok(), replace)? {
                (outcome, None) => return Ok(outcome),
                (outcome, Some(change)) => (outcome, operator.update(key, change).await),
            },
        };
        match written {
            Ok(()) => return Ok(outcome),
            Err(Failure::Condition) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(Failure::Condition.into())
}

/// What to do about a mark that is there, even if unreadable: leave it, or change it to one that revokes all that both
/// do.
fn decide(wish: &Wish, item: Option<&Item>, replace: bool) -> Result<(Outcome, Option<Change>), Problem> {
    let Some(item) = item else { return Ok(mend(wish, replace)) };
    let old = MarkTerms::of(wish.mark.kind, item);
    let wanted = MarkTerms { scope: wish.reach.clone(), expires_at: wish.expires_at };
    let new = if replace { Some(wanted) } else { old.joined(&wanted) };
    let Some(MarkTerms { scope: reach, expires_at }) = new else {
        return Err(Problem::Negative(format!(
            "the mark {:?} revokes {} already, of which this one ({}) would spare some; revoke both with --not-before \
             none and without --except-sid, or write this one in its place with --replace",
            wish.mark.key.id(),
            text(&old.scope),
            text(&wish.reach),
        )));
    };
    let old_expiry = old.expires_at;
    // What the existing mark revokes beyond the new one is not what the new reason is about.
    let is_asked_for = replace || reach == wish.reach;
    let same = !replace && reach == old.scope && expires_at == old_expiry && wish.reason.is_none();
    let written = if is_asked_for && !same { Written::Changed } else { Written::Kept };
    let outcome = Outcome { written, mark: wish.mark.clone(), reach, expires_at };
    if written == Written::Kept && expires_at == old_expiry {
        return Ok((outcome, None));
    }
    let mut change = outcome.change(wish);
    for name in ["not_before", "except_sid", "expires_at"] {
        change.unchanged.push((name, item.get(name).cloned()));
    }
    Ok((outcome, Some(change)))
}

/// What to write in the place of a mark that nobody can read: it revokes everything it names until it ends, nobody
/// knows when. So does the new one, and it stays, unless less is asked for.
fn mend(wish: &Wish, replace: bool) -> (Outcome, Option<Change>) {
    let (reach, expires_at) = if replace { (wish.reach.clone(), wish.expires_at) } else { (Reach::ALL, None) };
    let outcome = Outcome { written: Written::Changed, mark: wish.mark.clone(), reach, expires_at };
    let change = outcome.change(wish);
    (outcome, Some(change))
}

/// Which tokens these are.
fn text(reach: &Reach) -> String {
    let issued = match reach.not_before {
        Some(not_before) => format!("what was issued until {}", dated(Seconds(not_before))),
        None => "all, whenever issued".to_owned(),
    };
    match &reach.except_sid {
        Some(session) => format!("{issued}, but for the session {session:?}"),
        None => issued,
    }
}

impl Wish {
    fn attributes(&self) -> HashMap<String, AttributeValue> {
        let attributes = [
            ("not_before", self.reach.not_before.map(seconds)),
            ("except_sid", self.reach.except_sid.clone().map(AttributeValue::S)),
            ("expires_at", self.expires_at.map(seconds)),
            ("reason", self.reason.clone().map(AttributeValue::S)),
        ];
        attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn outcome(&self, written: Written) -> Outcome {
        Outcome { written, mark: self.mark.clone(), reach: self.reach.clone(), expires_at: self.expires_at }
    }
}

impl Outcome {
    /// The attributes that make it so.
    fn change(&self, wish: &Wish) -> Change {
        let mut change = Change::default();
        let mut wanted = vec![("expires_at", self.expires_at.map(seconds))];
        if self.written == Written::Changed {
            wanted.push(("not_before", self.reach.not_before.map(seconds)));
            wanted.push(("except_sid", self.reach.except_sid.clone().map(AttributeValue::S)));
            change.set.extend(wish.reason.clone().map(|reason| ("reason".to_owned(), AttributeValue::S(reason))));
        }
        for (name, value) in wanted {
            match value {
                Some(value) => drop(change.set.insert(name.to_owned(), value)),
                None => change.remove.push(name),
            }
        }
        change
    }

    /// Names and values for people.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("mark", self.mark.key.id().to_owned()),
            (
                "result",
                match self.written {
                    Written::New => "written".to_owned(),
                    Written::Changed => "written over the one that was there".to_owned(),
                    Written::Kept => "kept: the one that was there revokes all of it already".to_owned(),
                },
            ),
            (
                "revokes",
                match self.mark.kind {
                    MarkKind::Revoked | MarkKind::Jti | MarkKind::Jwt => "this one token".to_owned(),
                    _ => text(&self.reach),
                },
            ),
        ];
        if let Some(not_before) = self.reach.not_before {
            pairs.push((
                "counts from",
                format!("{}: tokens that are issued from then on are not revoked", dated(Seconds(not_before + 1))),
            ));
        }
        pairs
            .push(("stays until", self.expires_at.map_or("it is deleted by hand".to_owned(), |at| dated(Seconds(at)))));
        pairs
    }

    /// The same for scripts.
    pub fn json(&self) -> Value {
        json!({
            "id": self.mark.key.id(),
            "result": match self.written {
                Written::New => "written",
                Written::Changed => "changed",
                Written::Kept => "kept",
            },
            "not_before": self.reach.not_before,
            "counts_from": self.reach.not_before.map(|not_before| not_before + 1),
            "except_sid": self.reach.except_sid,
            "expires_at": self.expires_at,
        })
    }
}

fn seconds(seconds: i64) -> AttributeValue {
    AttributeValue::N(seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(not_before: Option<i64>, except_sid: Option<&str>) -> Reach {
        Reach { not_before, except_sid: except_sid.map(str::to_owned) }
    }

    fn check(old: &Reach, new: &Reach, expected: Option<(Written, &Reach)>) {
        let mark = MarkKey::new(MarkKind::Subject, "https://i", Some("alice")).unwrap();
        let wish = |reach, reason: Option<&str>| Wish {
            mark: mark.clone(),
            reach,
            expires_at: None,
            reason: reason.map(str::to_owned),
        };
        let item: Item = wish(old.clone(), None).attributes().into();
        let actual = decide(&wish(new.clone(), Some("r")), Some(&item), false).ok();
        let actual = actual.as_ref().map(|(outcome, _)| (outcome.written, &outcome.reach));
        assert!(actual == expected, "{} then {}", text(old), text(new));
    }

    #[test]
    fn a_mark_never_weakens_by_accident() {
        let (changed, kept) = (Written::Changed, Written::Kept);
        let (early, late, all) = (reach(Some(1), None), reach(Some(2), None), reach(None, None));
        let (early_a, late_a, all_a) = (reach(Some(1), Some("a")), reach(Some(2), Some("a")), reach(None, Some("a")));
        let late_b = reach(Some(2), Some("b"));
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
            // Each of these pairs revokes something that the other spares.
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
