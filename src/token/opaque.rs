//! The record of an opaque token as claims.

use serde_json::{Map, Value};

use super::{Claims, Inactive};
use crate::records::{MarkKey, Seconds, TokenRecord};

/// An opaque token whose record is good, while its marks have yet to be read.
pub struct Recorded {
    pub claims: Claims,
    pub marks: Vec<MarkKey>,
}

impl Recorded {
    /// Makes claims of a record. `own_issuer` is whose token it is where the record does not say.
    ///
    /// # Errors
    ///
    /// [`Inactive`] where the record's members have wrong types, or a mark could have no key.
    pub fn from_record(record: TokenRecord, own_issuer: &str) -> Result<Self, Inactive> {
        let mut members: Map<String, Value> = record.claims.unwrap_or_default();
        // In a stored record NULL is absent.
        members.retain(|_, value| !value.is_null());
        let seconds = |time: Option<Seconds>| time.map(|Seconds(seconds)| seconds.into());
        let own: [(&str, Option<Value>); 13] = [
            ("iss", Some(record.iss.unwrap_or_else(|| own_issuer.to_owned()).into())),
            ("client_id", Some(record.client_id.into())),
            ("sub", record.sub.map(Value::from)),
            ("scope", record.scope.map(Value::from)),
            ("aud", record.aud.map(|audience| serde_json::json!(audience))),
            ("iat", seconds(record.iat)),
            ("exp", seconds(record.exp)),
            ("nbf", seconds(record.nbf)),
            ("jti", record.jti.map(Value::from)),
            ("sid", record.sid.map(Value::from)),
            ("grant_id", record.grant_id.map(Value::from)),
            ("username", record.username.map(Value::from)),
            ("cnf", record.cnf.map(Value::from)),
        ];
        members.extend(own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let claims = Claims::read(record.token_type, members).map_err(|_| Inactive::CorruptRecord)?;
        let marks = claims.marks()?;
        Ok(Self { claims, marks })
    }
}
