//! The record of an opaque token, judged by everything but the marks that it names.

use super::is_current;
use crate::{
    records::{Corrupt, FetchedItems, ItemKey, MarkKind, TokenRecord, TokenType},
    settings::Settings,
    token::{Inactive, OpaqueToken},
};

/// Judges the record under this digest.
///
/// # Errors
///
/// The first rule that the token breaks. Its marks have yet to be read, or, after an error, as many keys that
/// hold nothing: no count of reads tells the one from the other.
pub fn record(
    digest: &str,
    too_long: bool,
    items: &FetchedItems,
    settings: &Settings,
    now: i64,
) -> Result<OpaqueToken, Inactive> {
    if too_long {
        return Err(Inactive::TooLong);
    }
    let record: TokenRecord = items
        .token_record(&ItemKey::token(digest))
        .map_err(|Corrupt| Inactive::CorruptRecord)?
        .ok_or(Inactive::UnknownToken)?;
    if items.contains(&ItemKey::revoked(digest)) {
        return Err(Inactive::Revoked { kind: MarkKind::Revoked, not_before: None });
    }
    if record.revoked == Some(true) {
        return Err(Inactive::RevokedRecord);
    }
    if record.token_type == TokenType::AccessToken && record.exp.is_none() {
        return Err(Inactive::CorruptRecord);
    }
    let opaque = OpaqueToken::from_record(record, settings)?;
    is_current(&opaque.claims, now, settings.clock_skew_seconds)?;
    Ok(opaque)
}
