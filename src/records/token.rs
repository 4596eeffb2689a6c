//! Records of opaque tokens: `token#<digest>` of the tokens table.

use serde_dynamo::AttributeValue;

use super::{Corrupt, Item, StrictString, UnixTime, json, types};
use crate::jwt::RawMembers;
use serde::Deserialize;

/// What an issuer stored about one opaque access or refresh token. The token itself is not stored.
#[derive(Deserialize)]
pub struct TokenRecord {
    pub token_type: TokenType,
    pub client_id: String,
    pub sub: Option<String>,
    pub scope: Option<String>,
    pub aud: Option<Audience>,
    /// If absent, `ISSUER`.
    pub iss: Option<String>,
    #[serde(default, deserialize_with = "types::known")]
    pub iat: Option<UnixTime>,
    /// Required of an access token.
    pub exp: Option<UnixTime>,
    #[serde(default, deserialize_with = "types::known")]
    pub nbf: Option<UnixTime>,
    pub jti: Option<String>,
    pub sid: Option<String>,
    pub grant_id: Option<String>,
    #[serde(default, deserialize_with = "types::or_default")]
    pub revoked: bool,
    /// No decision reads it, so a value of a wrong type is left out.
    #[serde(skip)]
    pub username: Option<Result<String, Corrupt>>,
    #[serde(skip)]
    pub cnf: Option<RawMembers>,
    /// All claims that have no attribute of their own.
    #[serde(skip)]
    pub claims: RawMembers,
    /// Members of `claims` that JSON cannot represent. No decision reads them, so they are left out.
    #[serde(skip)]
    pub unreadable_claims: Vec<String>,
}

impl TokenRecord {
    /// Whether this is the record of an access token without `exp`, which would never expire.
    pub fn lacks_exp(&self) -> bool {
        self.token_type == TokenType::AccessToken && self.exp.is_none()
    }

    /// The issuer of the token. A record without `iss` belongs to our own issuer.
    pub fn issuer<'a>(&'a self, own_issuer: &'a str) -> &'a str {
        self.iss.as_deref().unwrap_or(own_issuer)
    }

    /// Reads a record from an item.
    ///
    /// # Errors
    ///
    /// Returns [`Corrupt`] if a required attribute is missing or an attribute has a wrong type.
    pub(super) fn read(mut item: Item) -> Result<Self, Corrupt> {
        let cnf = match json::take_map(&mut item, "cnf")? {
            Some(map) if !map.unreadable.is_empty() => return Err(Corrupt),
            cnf => cnf.map(|map| map.members),
        };
        let claims = json::take_map(&mut item, "claims")?.unwrap_or_default();
        let username = match item.get("username") {
            None | Some(AttributeValue::Null(_)) => None,
            Some(AttributeValue::S(name)) => Some(Ok(name.clone())),
            Some(_) => Some(Err(Corrupt)),
        };
        Ok(Self { username, cnf, claims: claims.members, unreadable_claims: claims.unreadable, ..types::read(item)? })
    }
}

/// What an opaque token is used for (RFC 6749 §1.4, RFC 6749 §1.5).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
// `serde_dynamo` would also accept a map with the variant's name as a variant.
#[serde(try_from = "StrictString")]
pub enum TokenType {
    AccessToken,
    RefreshToken,
}

impl TokenType {
    pub const ALL: [Self; 2] = [Self::AccessToken, Self::RefreshToken];

    /// The name in records and policies (RFC 7009 §2.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

impl TryFrom<StrictString> for TokenType {
    type Error = &'static str;

    fn try_from(StrictString(name): StrictString) -> Result<Self, &'static str> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or("not a type of token")
    }
}

/// One audience or several, in the form of the token.
#[derive(Clone, Debug, Deserialize, serde::Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Audience {
    One(StrictString),
    Several(Vec<StrictString>),
}

impl Audience {
    /// Each audience. RFC 7519 §4.1.3: a single one may be written as a string instead of an array.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
        .iter()
        .map(|text| text.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_dynamo::AttributeValue::{B, M, N, S};

    use super::*;

    #[test]
    fn j23_what_json_cannot_represent_is_left_out_of_claims_and_makes_a_binding_corrupt() {
        let read = |name: &str, member: AttributeValue| {
            let map = M(HashMap::from([("member".to_owned(), member)]));
            TokenRecord::read(Item::from(HashMap::from([
                ("token_type".to_owned(), S("access_token".to_owned())),
                ("client_id".to_owned(), S("c".to_owned())),
                (name.to_owned(), map),
            ])))
        };
        let left_out = |member| read("claims", member).map(|record| (record.claims.len(), record.unreadable_claims));
        assert_eq!(left_out(N("1".to_owned())), Ok((1, vec![])));
        assert_eq!(left_out(B(vec![1])), Ok((0, vec!["member".to_owned()])));
        assert!(read("cnf", N("1".to_owned())).is_ok_and(|record| record.cnf.is_some_and(|cnf| cnf.len() == 1)));
        assert_eq!(read("cnf", B(vec![1])).err(), Some(Corrupt));
    }
}
