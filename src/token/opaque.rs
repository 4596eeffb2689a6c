//! The record of an opaque token as claims.

use super::{Claims, Inactive};
use crate::{
    jwt::{RawMembers, raw},
    records::{Corrupt, MarkKey, TokenRecord, UnixTime},
    settings::Settings,
};

/// Members that have an attribute of their own, and those that no record can set. In `claims` they are ignored: what
/// stands there must never take the place of an attribute.
const NOT_IN_CLAIMS: [&str; 15] = [
    "active",
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

/// An opaque token whose record is good, while its marks have yet to be read.
pub struct OpaqueToken {
    pub claims: Claims,
    pub marks: Vec<MarkKey>,
}

impl OpaqueToken {
    /// Makes claims of a record. A record without `iss` is a token of our own issuer.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive`] if the record's issuer is not trusted, its members have wrong types, or a mark could have no
    /// key.
    pub fn from_record(record: TokenRecord, settings: &Settings) -> Result<Self, Inactive> {
        let mut claims = claims(record, &settings.issuer)?;
        let Some(issuer) = settings.canonical_issuer(&claims.issuer).map(str::to_owned) else {
            return Err(Inactive::UntrustedIssuer { iss: Some(claims.issuer) });
        };
        let presented = std::mem::replace(&mut claims.issuer, issuer);
        claims.alias = Some(presented).filter(|presented| *presented != claims.issuer);
        let marks = claims.marks()?;
        Ok(Self { claims, marks })
    }
}

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
    let mut members: RawMembers = record.claims;
    // In a stored record NULL is absent.
    members.retain(|name, value| value.get() != "null" && !is_ignored_in_claims(name));
    let seconds = |time: Option<UnixTime>| time.and_then(|UnixTime(seconds)| raw(&seconds));
    let text = |text: Option<String>| text.and_then(|text| raw(&text));
    let own = [
        ("iss", text(Some(record.iss.unwrap_or_else(|| own_issuer.to_owned())))),
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
