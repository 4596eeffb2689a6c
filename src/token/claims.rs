//! What a token says, in one shape whatever its issuer and form.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Inactive;
use crate::records::{Audience, MarkKey, MarkKind, Marked, Seconds, TokenType};

/// The members of a token that are released or decided on. Holds personal data, so it has no `Debug`.
#[derive(Clone)]
pub struct Claims {
    pub token_type: TokenType,
    pub issuer: String,
    pub subject: Option<String>,
    pub audience: Option<Audience>,
    pub client_id: Option<String>,
    /// Space-separated (RFC 6749 §3.3).
    pub scope: Option<String>,
    /// Seconds since the epoch, as the other times are; a fraction is cut off.
    pub expires_at: Option<Seconds>,
    pub issued_at: Option<Seconds>,
    /// A fraction is rounded up, so that the token is not valid a moment early.
    pub not_before: Option<Seconds>,
    pub jti: Option<String>,
    pub username: Option<String>,
    /// How the token is bound to a key (RFC 7800 §3.1).
    pub cnf: Option<Map<String, Value>>,
    pub act: Option<Map<String, Value>>,
    pub authorization_details: Option<Vec<Value>>,
    pub acr: Option<String>,
    pub authenticated_at: Option<Seconds>,
    /// `sid`, which is released as one of `others`.
    pub session: Option<String>,
    /// The resource servers that the scopes name, for an issuer whose tokens say so in no other way. Decided on like
    /// an audience, and never released as one.
    pub resource_servers: Vec<String>,
    /// `grant_id`, which nothing but a mark's key is made of.
    pub grant: Option<String>,
    /// Every other member.
    pub others: BTreeMap<String, Value>,
}

impl Claims {
    /// Sorts a claims set by what is registered; `others` keeps the rest.
    ///
    /// # Errors
    ///
    /// [`Inactive::WrongClaimType`] where a registered member has another JSON type, null included;
    /// [`Inactive::UntrustedIssuer`] where there is no issuer.
    pub fn read(token_type: TokenType, mut set: Map<String, Value>) -> Result<Self, Inactive> {
        let members = &mut set;
        let claims = Self {
            token_type,
            issuer: string(members, "iss")?.ok_or(Inactive::UntrustedIssuer)?,
            subject: string(members, "sub")?,
            audience: audience(members)?,
            client_id: string(members, "client_id")?,
            scope: string(members, "scope")?,
            expires_at: time(members, "exp", f64::floor)?,
            issued_at: time(members, "iat", f64::floor)?,
            not_before: time(members, "nbf", f64::ceil)?,
            jti: string(members, "jti")?,
            username: string(members, "username")?,
            cnf: object(members, "cnf")?,
            act: object(members, "act")?,
            authorization_details: array(members, "authorization_details")?,
            acr: string(members, "acr")?,
            authenticated_at: time(members, "auth_time", f64::floor)?,
            grant: string(members, "grant_id")?,
            session: None,
            resource_servers: Vec::new(),
            others: BTreeMap::new(),
        };
        // Neither can a token say that it is active, nor what `token_type` the answer shall give it.
        members.remove("active");
        members.remove("token_type");
        let session = string(members, "sid")?;
        if let Some(session) = &session {
            members.insert("sid".into(), session.clone().into());
        }
        Ok(Self { session, others: set.into_iter().collect(), ..claims })
    }

    /// The marks that would revoke this token and that any token can have. A JWT has two more.
    ///
    /// # Errors
    ///
    /// [`Inactive::Unrevocable`] where one of them could have no key.
    pub fn marks(&self) -> Result<Vec<MarkKey>, Inactive> {
        [
            (MarkKind::Jti, self.jti.as_deref()),
            (MarkKind::Grant, self.grant.as_deref()),
            (MarkKind::Session, self.session.as_deref()),
            (MarkKind::Subject, self.subject.as_deref()),
            (MarkKind::Client, self.client_id.as_deref()),
        ]
        .into_iter()
        .filter_map(|(kind, name)| name.map(|name| MarkKey::new(kind, &self.issuer, Some(name))))
        .chain([MarkKey::new(MarkKind::Issuer, &self.issuer, None)])
        .collect::<Result<_, _>>()
        .map_err(|_| Inactive::Unrevocable)
    }

    /// The times and the session that a mark is held against.
    pub fn marked(&self) -> Marked<'_> {
        Marked { issued_at: self.issued_at, authenticated_at: self.authenticated_at, session: self.session.as_deref() }
    }

    /// Whom the token is for (RFC 7519 §4.1.3).
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audience.iter().flat_map(Audience::iter).chain(self.resource_servers.iter().map(String::as_str))
    }

    /// Where there is no `aud`, takes the resource-server part of each scope `resource-server/scope` in its place.
    pub fn take_audience_from_scopes(&mut self) {
        if self.audience.is_none() {
            let servers = self.scopes().filter_map(|scope| scope.rsplit_once('/')).map(|(server, _)| server.to_owned());
            self.resource_servers = servers.collect();
        }
    }

    /// The scopes one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.iter().flat_map(|scope| scope.split(' ')).filter(|scope| !scope.is_empty())
    }
}

fn string(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Inactive> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Inactive::WrongClaimType),
    }
}

fn time(members: &mut Map<String, Value>, name: &str, round: fn(f64) -> f64) -> Result<Option<Seconds>, Inactive> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let seconds = number.as_f64().and_then(|seconds| Seconds::from_f64(round(seconds)));
            seconds.map(Some).ok_or(Inactive::WrongClaimType)
        }
        Some(_) => Err(Inactive::WrongClaimType),
    }
}

fn object(members: &mut Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>, Inactive> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Inactive::WrongClaimType),
    }
}

fn array(members: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<Value>>, Inactive> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::Array(array)) => Ok(Some(array)),
        Some(_) => Err(Inactive::WrongClaimType),
    }
}

fn audience(members: &mut Map<String, Value>) -> Result<Option<Audience>, Inactive> {
    members.remove("aud").map(|value| serde_json::from_value(value).map_err(|_| Inactive::WrongClaimType)).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: Value) -> Result<Claims, Inactive> {
        let Value::Object(members) = claims else { return Err(Inactive::Malformed) };
        Claims::read(TokenType::AccessToken, members)
    }

    #[test]
    fn j23_registered_members_have_their_registered_types() {
        let strings = ["iss", "sub", "client_id", "scope", "jti", "username", "acr", "sid", "grant_id"];
        let times = ["exp", "iat", "nbf", "auth_time"];
        let wrong = [json!(null), json!(true), json!([1]), json!({"a": 1})];
        for name in strings {
            for value in wrong.iter().chain([&json!(1)]) {
                assert_eq!(
                    read(json!({"iss": "i", name: value})).err(),
                    Some(Inactive::WrongClaimType),
                    "{name} {value}"
                );
            }
        }
        for name in times {
            for value in wrong.iter().chain([&json!("1"), &json!(1e300)]) {
                assert_eq!(
                    read(json!({"iss": "i", name: value})).err(),
                    Some(Inactive::WrongClaimType),
                    "{name} {value}"
                );
            }
        }
        for (name, value) in [
            ("aud", json!(null)),
            ("aud", json!(1)),
            ("aud", json!([1])),
            ("aud", json!(["a", null])),
            ("aud", json!({})),
            ("cnf", json!("x")),
            ("cnf", json!(null)),
            ("act", json!([])),
            ("authorization_details", json!({})),
            ("authorization_details", json!("[]")),
        ] {
            assert_eq!(read(json!({"iss": "i", name: value})).err(), Some(Inactive::WrongClaimType), "{name} {value}");
        }
    }

    #[test]
    fn h18_times_may_have_fractions_and_exponents() {
        let claims = read(json!({"iss": "i", "exp": 1.5e3, "iat": 99.9, "nbf": 100.1, "auth_time": -0.5}));
        let times = claims.map(|c| (c.expires_at, c.issued_at, c.not_before, c.authenticated_at));
        assert_eq!(times, Ok((Some(Seconds(1500)), Some(Seconds(99)), Some(Seconds(101)), Some(Seconds(-1)))));
    }

    #[test]
    fn j20_a_token_cannot_say_that_it_is_active() {
        let claims = read(json!({"iss": "i", "active": false, "token_type": "N_A", "sid": "s", "custom": 1}));
        let others = claims.map(|claims| claims.others.into_keys().collect::<Vec<_>>());
        assert_eq!(others, Ok(vec!["custom".to_owned(), "sid".to_owned()]));
    }

    #[test]
    fn a_token_that_could_not_be_revoked_is_inactive() {
        let claims = read(json!({"iss": "i", "sub": "s".repeat(2048)}));
        assert_eq!(claims.and_then(|claims| claims.marks().map(|marks| marks.len())), Err(Inactive::Unrevocable));
    }
}
