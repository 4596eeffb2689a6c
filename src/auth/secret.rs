//! `client_secret_basic` and `client_secret_post` (RFC 6749 §2.3.1).

use subtle::{Choice, ConstantTimeEq};

use super::{AuthError, Found, registered};
use crate::{
    records::{ClientRecord, UnixTime},
    request::PresentedSecret,
};

/// No digest has this form. It replaces a missing secret, so that the comparison costs the same.
const PLACEHOLDER_DIGEST: &str = "----------------------------------------------------------------";
/// The digest of the empty secret.
const EMPTY_SECRET: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Checks a secret. A wrong secret, an unknown client and a disabled one cost the same comparisons.
pub(super) fn check(presented: &PresentedSecret, found: Found, now: i64) -> Result<ClientRecord, AuthError> {
    let secret_is_right = bool::from(secret_matches(found.as_ref().ok().and_then(Option::as_ref), presented, now));
    let used = presented.method.name();
    // RFC 6749 §2.3.1 leaves header and body to the server: the client uses the one that it is registered for (C-08).
    let record = registered(found, used, |method| method.is_none_or(|method| method == used))?;
    // RFC 7662 §2.1 and RFC 9701 §5: a client that has no secret cannot authenticate (B-09).
    if record.client_secret.is_none() {
        return Err(AuthError::PublicClient);
    }
    if secret_is_right { Ok(record) } else { Err(AuthError::WrongSecret) }
}

/// Whether a secret exists that would authenticate the client.
pub(super) fn has_one(record: &ClientRecord, now: i64) -> bool {
    let is_digest = |stored: &Option<String>| {
        stored.as_deref().is_some_and(|stored| {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            stored.len() == PLACEHOLDER_DIGEST.len() && stored.bytes().all(is_hex) && stored != EMPTY_SECRET
        })
    };
    is_digest(&record.client_secret) || previous_counts(record, now) && is_digest(&record.previous_client_secret)
}

/// Compares every reading of the presented secret with both secrets of the record, whether they exist or not (B-13).
fn secret_matches(record: Option<&ClientRecord>, presented: &PresentedSecret, now: i64) -> Choice {
    let previous_counts = record.is_some_and(|record| previous_counts(record, now));
    let current = record.and_then(|record| record.client_secret.as_deref()).unwrap_or(PLACEHOLDER_DIGEST);
    let previous = record.and_then(|record| record.previous_client_secret.as_deref()).unwrap_or(PLACEHOLDER_DIGEST);
    let equals_one = |stored: &str| {
        presented
            .digests
            .iter()
            .fold(Choice::from(0), |found, digest| found | stored.as_bytes().ct_eq(digest.as_bytes()))
    };
    let matches = equals_one(current) | (equals_one(previous) & Choice::from(u8::from(previous_counts)));
    // RFC 6749 §2.3.1: a client with a password authenticates with it. The empty secret is never accepted, not even by
    // a record with its digest (C-07).
    matches & !equals_one(EMPTY_SECRET)
}

/// The secret before a rotation counts until its expiry, and never without one (B-14).
fn previous_counts(record: &ClientRecord, now: i64) -> bool {
    record.previous_client_secret_expires_at.is_some_and(|UnixTime(expires_at)| now < expires_at)
}
