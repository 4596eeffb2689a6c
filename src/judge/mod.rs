//! Whether a token is active. Pure: the records and the time are arguments; the signature is the one question
//! left open for `issuers`.

mod opaque;
mod profile;

use crate::{
    records::{Corrupt, Items, MarkKey, Seconds, revokes},
    settings::Settings,
    token::{Candidate, Claims, Inactive},
};

pub use self::{opaque::record, profile::follows_profile};

/// Judges a JWT by everything but its signature: the issuer's rules, the times and the marks.
///
/// # Errors
///
/// The first rule that it breaks.
pub fn jwt<'a>(
    candidate: Result<Box<Candidate<'a>>, Inactive>,
    items: &Items,
    settings: &Settings,
    now: i64,
) -> Result<Box<Candidate<'a>>, Inactive> {
    let candidate = candidate?;
    let claims = candidate.unverified_claims();
    follows_profile(&candidate)?;
    is_current(claims, now, settings.clock_skew_seconds)?;
    is_not_revoked(claims, candidate.marks(), items)?;
    Ok(candidate)
}

/// RFC 7519 §4.1.4 to §4.1.6: not expired, and not from the future. The skew is never granted to `exp`.
///
/// # Errors
///
/// [`Inactive::Expired`], [`Inactive::NotYetValid`] and [`Inactive::IssuedInTheFuture`].
pub fn is_current(claims: &Claims, now: i64, skew: i64) -> Result<(), Inactive> {
    let later_than = |limit: i64, time: Option<Seconds>| time.is_some_and(|Seconds(time)| time > limit);
    if claims.expires_at.is_some_and(|Seconds(expires_at)| now >= expires_at) {
        Err(Inactive::Expired)
    } else if later_than(now + skew, claims.not_before) {
        Err(Inactive::NotYetValid)
    } else if later_than(now + skew, claims.issued_at) {
        Err(Inactive::IssuedInTheFuture)
    } else {
        Ok(())
    }
}

/// Holds the token against the marks that were read for it.
///
/// # Errors
///
/// [`Inactive::Revoked`] by the first mark that revokes; a mark that cannot be read revokes too.
pub fn is_not_revoked(claims: &Claims, marks: &[MarkKey], items: &Items) -> Result<(), Inactive> {
    marks.iter().try_for_each(|MarkKey { kind, key }| {
        match items.item(key).map(|item| revokes(*kind, item, &claims.marked())) {
            None | Some(Ok(false)) => Ok(()),
            Some(Ok(true)) => Err(Inactive::Revoked(*kind)),
            Some(Err(Corrupt)) => Err(Inactive::CorruptMark(*kind)),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::TokenType;

    fn claims(set: serde_json::Value) -> Claims {
        let serde_json::Value::Object(members) = set else { panic!("not an object") };
        Claims::read(TokenType::AccessToken, members).unwrap_or_else(|why| panic!("{why:?}"))
    }

    #[test]
    fn g01_g02_h19_the_boundaries_of_time() {
        const NOW: i64 = 1_000;
        for (set, skew, expected) in [
            (json!({"iss": "i", "exp": 1000}), 60, Err(Inactive::Expired)),
            (json!({"iss": "i", "exp": 1000.9}), 60, Err(Inactive::Expired)),
            (json!({"iss": "i", "exp": 1001}), 0, Ok(())),
            (json!({"iss": "i", "exp": -1}), 0, Err(Inactive::Expired)),
            (json!({"iss": "i"}), 0, Ok(())),
            (json!({"iss": "i", "nbf": 1000}), 0, Ok(())),
            (json!({"iss": "i", "nbf": 1000.1}), 0, Err(Inactive::NotYetValid)),
            (json!({"iss": "i", "nbf": 1001}), 0, Err(Inactive::NotYetValid)),
            (json!({"iss": "i", "nbf": 1010}), 10, Ok(())),
            (json!({"iss": "i", "nbf": 1011}), 10, Err(Inactive::NotYetValid)),
            (json!({"iss": "i", "iat": 1010}), 10, Ok(())),
            (json!({"iss": "i", "iat": 1011}), 10, Err(Inactive::IssuedInTheFuture)),
        ] {
            assert_eq!(is_current(&claims(set.clone()), NOW, skew), expected, "{set} {skew}");
        }
    }
}
