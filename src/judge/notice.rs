//! What the judgements of all notices of issuers have in common.

use super::is_not_revoked;
use crate::{
    records::FetchedItems,
    token::{Claims, Inactive, VerifiedToken},
};

/// Checks that a notice is meant for this deployment: its `aud` contains one of the entry's audiences.
pub(super) fn is_for(accepted: &[String], claims: &Claims) -> Result<(), Inactive> {
    if claims.audiences().any(|audience| accepted.iter().any(|listed| listed == audience)) {
        return Ok(());
    }
    let aud = claims.audiences().map(str::to_owned).collect();
    Err(Inactive::WrongAudience { aud, accepted: accepted.to_vec() })
}

/// Checks that no mark distrusts the key that signed a notice. Other marks do not refuse it: they may be what the notice
/// wants to write. `later` contains the mark of a key that was not expected.
///
/// # Errors
///
/// Returns [`Inactive::Revoked`] if a mark does.
pub fn has_trusted_key<S>(
    token: &VerifiedToken<S>,
    items: &FetchedItems,
    later: &FetchedItems,
) -> Result<(), Inactive> {
    is_not_revoked(token.claims(), token.marks(), items)?;
    is_not_revoked(token.claims(), token.unread_mark().map(std::slice::from_ref).unwrap_or_default(), later)
}

/// The name, unless it is empty. An empty one names nothing.
pub(super) fn named(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_name_names_nothing() {
        assert_eq!([named(None), named(Some("")), named(Some(" "))], [None, None, Some(" ")]);
    }
}
