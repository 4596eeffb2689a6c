//! Converts the record of an opaque token to claims.

use super::{Claims, Inactive};
use crate::{
    jwt::{RawMembers, raw},
    records::{Corrupt, TokenRecord, UnixTime},
};

/// Members that have an attribute of their own, and those that no record can set. They are ignored in `claims`, so that
/// such a member never replaces an attribute (J-20).
const NOT_IN_CLAIMS: [&str; 16] = [
    "active",
    "binding",
    "token_type",
    "iss",
    "client_id",
    "sub",
    "scope",
    "aud",
    "iat",
    "exp",
    "nbf",
    "jti",
    "sid",
    "grant_id",
    "username",
    "cnf",
];

/// Whether a member of an opaque record's `claims` is ignored.
pub fn is_ignored_in_claims(member: &str) -> bool {
    NOT_IN_CLAIMS.contains(&member)
}

/// The claims of a record, of any issuer.
///
/// # Errors
///
/// Returns [`Inactive::CorruptRecord`] if a member has a wrong type.
pub fn claims(record: TokenRecord, own_issuer: &str) -> Result<Claims, Inactive> {
    let issuer = raw(&record.issuer(own_issuer));
    let mut members: RawMembers = record.claims;
    // In a stored record, NULL counts as absent.
    members.retain(|name, value| value.get() != "null" && !is_ignored_in_claims(name));
    let seconds = |time: Option<UnixTime>| time.and_then(|UnixTime(seconds)| raw(&seconds));
    let text = |text: Option<String>| text.and_then(|text| raw(&text));
    let own = [
        ("iss", issuer),
        ("client_id", text(Some(record.client_id))),
        ("sub", text(record.sub)),
        ("scope", text(record.scope)),
        ("aud", record.aud.and_then(|audience| raw(&audience))),
        ("iat", seconds(record.iat)),
        ("exp", seconds(record.exp)),
        ("nbf", seconds(record.nbf)),
        ("jti", text(record.jti)),
        ("sid", text(record.sid)),
        ("grant_id", text(record.grant_id)),
        ("username", record.username.and_then(|name| name.map_or_else(|Corrupt| raw(&()), |name| raw(&name)))),
        ("cnf", record.cnf.and_then(|cnf| raw(&cnf))),
    ];
    members.extend(own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let mut claims = Claims::read(record.token_type, members).map_err(|_| Inactive::CorruptRecord)?;
    claims.left_out.extend(record.unreadable_claims);
    Ok(claims)
}
