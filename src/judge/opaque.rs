//! Judges the record of an opaque token by everything except the marks that it names.

use super::{Judged, is_current};
use crate::{
    digest::Digest,
    records::{Corrupt, FetchedItems, ItemKey, MarkKind, RevokedBy, TokenRecord},
    settings::Settings,
    token::{Inactive, VerifiedToken},
};

/// Judges the record under this digest.
///
/// # Errors
///
/// Returns the first rule that the token breaks. In both cases a second read follows, of the token's marks or of as
/// many padding keys, so that the number of reads does not reveal the result.
pub fn record(
    digest: &Digest,
    too_long: bool,
    items: &FetchedItems,
    settings: &Settings,
    now: i64,
) -> Result<VerifiedToken<Judged>, Inactive> {
    if too_long {
        return Err(Inactive::TooLong);
    }
    let record: TokenRecord = items
        .token_record(&ItemKey::token(digest))
        .map_err(|Corrupt| Inactive::CorruptRecord)?
        .ok_or(Inactive::UnknownToken)?;
    if record.lacks_exp() {
        return Err(Inactive::CorruptRecord);
    }
    if let Some(mark) = items.item(&ItemKey::revoked(digest)) {
        return Err(Inactive::Revoked(RevokedBy::presence_of(MarkKind::Revoked, mark)));
    }
    if record.revoked {
        return Err(Inactive::RevokedRecord);
    }
    let token = VerifiedToken::from_record(record, settings)?;
    // The store may or may not have removed an expired record, so the record's `exp` decides (G-07).
    is_current(token.claims(), now, settings.clock_skew_seconds)?;
    Ok(token.into_state(Judged(())))
}
