//! `client_secret_basic` and `client_secret_post` (RFC 6749 §2.3.1).

use subtle::{Choice, ConstantTimeEq};

use super::{AuthError, Found, registered};
use crate::{
    digest::Digest,
    records::{ClientRecord, StoredSecret},
    request::PresentedSecret,
};

/// Checks a secret. Wrong secrets, unknown clients and disabled clients cost the same comparisons.
pub(super) fn check(presented: &PresentedSecret, found: Found, now: i64) -> Result<ClientRecord, AuthError> {
    let secret_is_right = bool::from(secret_matches(found.as_ref().ok().and_then(Option::as_ref), presented, now));
    // RFC 6749 §2.3.1 leaves the choice of header or body to the server: each client uses the one that it is registered
    // for (C-08).
    let record = registered(found, presented.method, &[presented.method])?;
    // RFC 7662 §2.1 and RFC 9701 §5: a client that has no secret cannot authenticate (B-09).
    if record.client_secret.is_none() {
        return Err(AuthError::PublicClient);
    }
    if secret_is_right { Ok(record) } else { Err(AuthError::WrongSecret) }
}

/// Whether the record has a secret that would authenticate the client.
pub(super) fn has_one(record: &ClientRecord, now: i64) -> bool {
    accepted(record, now).iter().any(Option::is_some)
}

/// Compares every reading of the presented secret with both secrets of the record, whether they exist or not (B-13).
fn secret_matches(record: Option<&ClientRecord>, presented: &PresentedSecret, now: i64) -> Choice {
    let stored = record.map(|record| accepted(record, now)).unwrap_or_default();
    stored.into_iter().fold(Choice::from(0), |found, stored| {
        let exists = Choice::from(u8::from(stored.is_some()));
        let stored = stored.copied().unwrap_or(Digest::placeholder());
        presented.digests.iter().fold(found, |found, digest| found | stored.ct_eq(digest) & exists)
    })
}

/// The current and the previous secret, if each is accepted.
fn accepted(record: &ClientRecord, now: i64) -> [Option<&Digest>; 2] {
    let current = record.client_secret.as_ref();
    let previous = record.previous_secret(now).map(|(secret, _)| secret);
    [current, previous].map(|secret| secret.and_then(StoredSecret::digest))
}
