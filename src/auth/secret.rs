//! `client_secret_basic` and `client_secret_post` (RFC 6749 §2.3.1).

use subtle::{Choice, ConstantTimeEq};

use super::{Found, Refusal, registered};
use crate::{
    records::{ClientRecord, Seconds},
    request::PresentedSecret,
};

/// No digest has this form, so it stands for "no secret" and costs what a secret costs.
const NO_SECRET: &str = "----------------------------------------------------------------";
/// An empty secret is none either, though somebody stored its digest (RFC 6749 §2.3.1).
const EMPTY_SECRET: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A wrong secret, an unknown client and a disabled one cost the same comparisons.
pub(super) fn check(presented: &PresentedSecret, found: Found, now: i64) -> Result<ClientRecord, Refusal> {
    let secret_is_right = bool::from(secret_matches(found.as_ref().ok().and_then(Option::as_ref), presented, now));
    let record = registered(found, |method| method.is_none_or(|method| method == presented.method.name()))?;
    if record.client_secret.is_none() {
        return Err(Refusal::PublicClient);
    }
    if secret_is_right { Ok(record) } else { Err(Refusal::WrongSecret) }
}

/// Whether there is a secret with which such a client would be accepted.
pub(super) fn has_one(record: &ClientRecord, now: i64) -> bool {
    let is_digest = |stored: &Option<String>| {
        stored.as_deref().is_some_and(|stored| {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            stored.len() == NO_SECRET.len() && stored.bytes().all(is_hex) && stored != EMPTY_SECRET
        })
    };
    is_digest(&record.client_secret) || previous_counts(record, now) && is_digest(&record.previous_client_secret)
}

/// Compares both readings of the presented secret with both secrets of the record, whether they are there or not.
fn secret_matches(record: Option<&ClientRecord>, presented: &PresentedSecret, now: i64) -> Choice {
    let previous_counts = record.is_some_and(|record| previous_counts(record, now));
    let current = record.and_then(|record| record.client_secret.as_deref()).unwrap_or(NO_SECRET);
    let previous = record.and_then(|record| record.previous_client_secret.as_deref()).unwrap_or(NO_SECRET);
    let equals_one = |stored: &str| {
        presented
            .digests
            .iter()
            .fold(Choice::from(0), |found, digest| found | stored.as_bytes().ct_eq(digest.as_bytes()))
    };
    let matches = equals_one(current) | (equals_one(previous) & Choice::from(u8::from(previous_counts)));
    matches & !equals_one(EMPTY_SECRET)
}

/// The secret before a rotation counts until its time, and never without one.
fn previous_counts(record: &ClientRecord, now: i64) -> bool {
    record.previous_client_secret_expires_at.is_some_and(|Seconds(expires_at)| now < expires_at)
}
