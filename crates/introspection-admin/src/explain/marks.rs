//! The marks that could revoke a token, and the contents of those that exist.

use serde_json::{Value, json};
use token_introspection::{
    judge,
    records::{FetchedItems, Mark, MarkKey, MarkKind, RevokedBy, UnixTime},
    token::{Claims, Inactive},
};

use super::{Explanation, Name};
use crate::time::dated;

/// A mark that could exist.
pub(super) struct MarkFinding {
    id: String,
    exists: bool,
    judged: Result<(), Inactive>,
    not_before: Option<UnixTime>,
    except_sid: Option<String>,
    reason: Option<String>,
}

impl MarkFinding {
    /// Describes one mark, and lets the library judge the token only by this mark.
    fn new(mark: &MarkKey, items: &FetchedItems, judged: Result<(), Inactive>) -> Self {
        let exists = items.contains(&mark.key);
        let read = items.record::<Mark>(&mark.key).ok().flatten();
        let read = read.filter(|_| !mark.kind.presence_is_enough());
        Self {
            id: mark.key.id().to_owned(),
            exists,
            judged,
            not_before: read.as_ref().and_then(|mark| mark.not_before),
            except_sid: read.and_then(|mark| mark.except_sid).filter(|_| mark.kind == MarkKind::Subject),
            reason: items.mark_reason(&mark.key),
        }
    }

    pub fn row(&self) -> Vec<String> {
        let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            self.id.clone(),
            yes(self.exists),
            yes(self.judged.is_err()),
            or_dash(self.not_before.map(dated)),
            or_dash(self.except_sid.clone()),
            or_dash(self.reason.clone()),
        ]
    }

    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "there": self.exists,
            "revokes": self.judged.is_err(),
            "not_before": self.not_before,
            "except_sid": self.except_sid,
            "reason": self.reason,
        })
    }
}

/// Adds the stage of the marks. Each mark is judged by itself, in the function's order.
pub(super) fn explain(explanation: &mut Explanation, claims: &Claims, marks: &[MarkKey], items: &FetchedItems) {
    let judged = |mark: &MarkKey| judge::is_not_revoked(claims, std::slice::from_ref(mark), items);
    explanation.marks.extend(marks.iter().map(|mark| MarkFinding::new(mark, items, judged(mark))));
    let revoking: Vec<_> = explanation.marks.iter().filter(|looked| looked.judged.is_err()).collect();
    let detail = match revoking.as_slice() {
        [] => format!("none of the {} marks that could revoke it exists", marks.len()),
        revoking => revoking.iter().map(|looked| looked.id.as_str()).collect::<Vec<_>>().join(", "),
    };
    explanation.judged(Name::Marks, judge::is_not_revoked(claims, marks, items), detail);
}

/// Adds the mark of an opaque token that is read with its record.
pub(super) fn explain_own(explanation: &mut Explanation, mark: &MarkKey, items: &FetchedItems) {
    let judged = match items.item(&mark.key) {
        Some(item) => Err(Inactive::Revoked(RevokedBy::presence_of(mark.kind, item))),
        None => Ok(()),
    };
    explanation.marks.push(MarkFinding::new(mark, items, judged));
}
