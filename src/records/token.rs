//! A record of an opaque token: `token#<digest>` of the tokens table.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Seconds, Text, types};

/// What an issuer stored of one opaque access or refresh token. The token itself is not in it.
#[derive(Deserialize)]
pub struct TokenRecord {
    pub token_type: TokenType,
    pub client_id: String,
    pub sub: Option<String>,
    pub scope: Option<String>,
    pub aud: Option<Audience>,
    /// Absent: `ISSUER`.
    pub iss: Option<String>,
    pub iat: Option<Seconds>,
    /// Required of an access token.
    pub exp: Option<Seconds>,
    pub nbf: Option<Seconds>,
    pub jti: Option<String>,
    pub sid: Option<String>,
    pub grant_id: Option<String>,
    pub username: Option<String>,
    #[serde(default, deserialize_with = "types::map")]
    pub cnf: Option<Map<String, Value>>,
    /// Anything more; the record's own attributes win.
    #[serde(default, deserialize_with = "types::map")]
    pub claims: Option<Map<String, Value>>,
    pub revoked: Option<bool>,
}

/// What an opaque token is good for (RFC 6749 §1.4, §1.5).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum TokenType {
    AccessToken,
    RefreshToken,
}

/// One audience or several; the token's own form is kept (RFC 7519 §4.1.3).
#[derive(Clone, Debug, Deserialize, serde::Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Audience {
    One(Text),
    Several(Vec<Text>),
}

impl Audience {
    /// Each audience; one alone and an array of it are the same.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
        .iter()
        .map(|text| text.0.as_str())
    }
}
