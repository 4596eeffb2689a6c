//! What a token says, in the same shape for every issuer and every form of token.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Inactive;
use crate::{
    jwt::{RawMembers, raw},
    records::{Audience, MarkKey, MarkKind, RevocationFacts, TokenType, UnixTime, named},
};

/// The members of a token that are released or that decisions read. They contain personal data, so there is no `Debug`.
#[derive(Clone)]
pub struct Claims {
    pub token_type: TokenType,
    /// The issuer, by the identifier that marks and policies use.
    pub issuer: String,
    /// The token's own `iss`, if it is an alias of its issuer.
    pub alias: Option<String>,
    pub subject: Option<String>,
    pub audience: Option<Audience>,
    pub client_id: Option<String>,
    /// Space-separated (RFC 6749 §3.3).
    pub scope: Option<String>,
    /// Seconds since the epoch, like the other times. A fraction is cut off.
    pub expires_at: Option<UnixTime>,
    pub issued_at: Option<UnixTime>,
    /// A fraction is rounded up, so that the token is not valid too early.
    pub not_before: Option<UnixTime>,
    pub jti: Option<String>,
    pub username: Option<String>,
    /// The key that the token is bound to (RFC 7800 §3.1): a JSON object.
    pub cnf: Option<Box<RawValue>>,
    /// A JSON object (RFC 8693 §4.1).
    pub act: Option<Box<RawValue>>,
    /// RFC 9396 §2.
    pub authorization_details: Option<Vec<Box<RawValue>>>,
    pub acr: Option<String>,
    pub authenticated_at: Option<UnixTime>,
    /// `sid`, which is released as one of `others`.
    pub session: Option<String>,
    /// The resource servers that the scopes name, for an issuer whose tokens have no `aud`. Decisions treat them as
    /// audiences, but they are never released as such.
    pub resource_servers: Vec<String>,
    /// `grant_id`, which is only used in the key of a mark.
    pub grant: Option<String>,
    /// Registered members that were left out because of their type. No decision reads them.
    pub left_out: Vec<String>,
    /// Every other member, in its original text.
    pub others: BTreeMap<String, Box<RawValue>>,
}

impl Claims {
    /// Sorts a claims set into registered members; `others` keeps the rest. A member that no decision reads is left out
    /// if its type is wrong (H-29, J-23).
    ///
    /// # Errors
    ///
    /// Returns [`Inactive::WrongClaimType`] if a member that a decision reads has another JSON type, including null,
    /// and [`Inactive::UntrustedIssuer`] if there is no issuer.
    pub fn read(token_type: TokenType, mut members: RawMembers) -> Result<Self, Inactive> {
        let mut set = Set { members: &mut members, left_out: Vec::new() };
        let mut claims = Self {
            token_type,
            issuer: set.string("iss")?.ok_or(Inactive::UntrustedIssuer { iss: None })?,
            alias: None,
            subject: set.string("sub")?,
            audience: set.read("aud", "a string or an array of strings")?,
            client_id: set.string("client_id")?,
            scope: set.string("scope")?,
            expires_at: set.time("exp", f64::floor)?,
            issued_at: set.time("iat", f64::floor)?.and_then(UnixTime::known),
            not_before: set.time("nbf", f64::ceil)?.and_then(UnixTime::known),
            jti: set.string("jti")?,
            username: set.unread("username", Set::string),
            cnf: set.object("cnf")?,
            act: set.unread("act", Set::object),
            authorization_details: set.unread("authorization_details", |set, claim| set.read(claim, "an array")),
            acr: set.unread("acr", Set::string),
            authenticated_at: set
                .unread("auth_time", |set, claim| set.time(claim, f64::floor))
                .and_then(UnixTime::known),
            session: set.string("sid")?,
            resource_servers: Vec::new(),
            grant: set.string("grant_id")?,
            left_out: set.left_out,
            others: BTreeMap::new(),
        };
        // A token must determine neither whether it is active, nor the `token_type` of the answer, nor whether its sender
        // proved possession of a key.
        for member in ["active", "token_type", "binding"] {
            members.remove(member);
        }
        members.extend(claims.session.as_ref().and_then(raw).map(|session| ("sid".to_owned(), session)));
        claims.others = members;
        Ok(claims)
    }

    /// The marks that would revoke this token, of the kinds that any token can have. A JWT has more.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive::Unrevocable`] if one of them would have an overlong key.
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

    /// The times and the session that marks are compared with.
    pub fn revocation_facts(&self) -> RevocationFacts<'_> {
        RevocationFacts {
            issued_at: self.issued_at,
            authenticated_at: self.authenticated_at,
            session: named(self.session.as_deref()),
        }
    }

    /// The audiences of the token (RFC 7519 §4.1.3).
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audience.iter().flat_map(Audience::iter).chain(self.resource_servers.iter().map(String::as_str))
    }

    /// If there is no `aud`, uses the resource-server part of each scope `resource-server/scope` instead.
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

    /// Whether the token is bound to a key by a JWK thumbprint, as `DPoP` does (RFC 9449 §6.1).
    pub fn is_bound_by_thumbprint(&self) -> bool {
        let members = self.cnf.as_ref().and_then(|cnf| serde_json::from_str::<RawMembers>(cnf.get()).ok());
        members.is_some_and(|members| members.contains_key("jkt"))
    }
}

/// The members that are still to be sorted.
struct Set<'a> {
    members: &'a mut RawMembers,
    left_out: Vec<String>,
}

impl Set<'_> {
    fn read<T: DeserializeOwned>(&mut self, claim: &str, expected: &'static str) -> Result<Option<T>, Inactive> {
        let Some(text) = self.members.remove(claim) else { return Ok(None) };
        let value = serde_json::from_str(text.get());
        value.map(Some).map_err(|_| Inactive::WrongClaimType { claim: claim.to_owned(), expected })
    }

    /// Reads a member that no decision reads. It is left out if its type is wrong.
    fn unread<T>(
        &mut self,
        claim: &'static str,
        read: impl FnOnce(&mut Self, &str) -> Result<Option<T>, Inactive>,
    ) -> Option<T> {
        read(self, claim).unwrap_or_else(|_| {
            self.left_out.push(claim.to_owned());
            None
        })
    }

    fn string(&mut self, claim: &str) -> Result<Option<String>, Inactive> {
        self.read(claim, "a string")
    }

    fn time(&mut self, claim: &str, round: fn(f64) -> f64) -> Result<Option<UnixTime>, Inactive> {
        let expected = "a number of seconds since the epoch, before the year 10000";
        // RFC 7519 §2: a time is a number of seconds, possibly with a fraction. RFC 7662 §2.2: the answer has integers
        // (H-18).
        let Some(number) = self.read::<f64>(claim, expected)? else { return Ok(None) };
        let time = UnixTime::from_f64(round(number));
        time.map(Some).ok_or_else(|| Inactive::WrongClaimType { claim: claim.to_owned(), expected })
    }

    fn object(&mut self, claim: &str) -> Result<Option<Box<RawValue>>, Inactive> {
        match self.members.remove(claim) {
            None => Ok(None),
            Some(text) if text.get().starts_with('{') => Ok(Some(text)),
            Some(_) => Err(Inactive::WrongClaimType { claim: claim.to_owned(), expected: "an object" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jwt::parse_members;

    fn read(claims: &Value) -> Result<Claims, Inactive> {
        Claims::read(TokenType::AccessToken, parse_members(claims.to_string().as_bytes()).unwrap())
    }

    #[track_caller]
    fn assert_wrong(claim: &str, value: &Value) {
        let why = read(&json!({"iss": "i", claim: value})).err();
        assert!(
            matches!(&why, Some(Inactive::WrongClaimType { claim: wrong, .. }) if wrong == claim),
            "{claim} {value} {why:?}"
        );
    }

    #[test]
    fn j23_h29_members_that_a_decision_reads_have_their_registered_types() {
        let wrong = [json!(null), json!(true), json!([1]), json!({"a": 1})];
        for name in ["iss", "sub", "client_id", "scope", "jti", "sid", "grant_id"] {
            for value in wrong.iter().chain([&json!(1)]) {
                assert_wrong(name, value);
            }
        }
        for name in ["exp", "iat", "nbf"] {
            for value in wrong.iter().chain([&json!("1"), &json!(1e300), &json!(253_402_300_800_u64)]) {
                assert_wrong(name, value);
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
        ] {
            assert_wrong(name, &value);
        }
    }

    #[test]
    fn j23_h29_other_registered_members_of_a_wrong_type_are_left_out() {
        for (name, wrong) in [
            ("username", json!(1)),
            ("username", json!(null)),
            ("acr", json!(["gold"])),
            ("act", json!([])),
            ("act", json!("x")),
            ("authorization_details", json!({})),
            ("authorization_details", json!("[]")),
            ("auth_time", json!("2026-01-01T00:00:00Z")),
            ("auth_time", json!(null)),
            ("auth_time", json!(1_700_000_000_000_u64)),
        ] {
            let claims = read(&json!({"iss": "i", name: wrong})).unwrap_or_else(|why| panic!("{name}: {why}"));
            let left = claims.username.is_some()
                || claims.acr.is_some()
                || claims.act.is_some()
                || claims.authorization_details.is_some()
                || claims.authenticated_at.is_some()
                || !claims.others.is_empty();
            assert!(!left, "{name} {wrong}");
        }
    }

    #[test]
    fn h18_times_may_have_fractions_and_exponents() {
        let claims = read(&json!({"iss": "i", "exp": 1.5e3, "iat": 99.9, "nbf": 100.1, "auth_time": -0.5}));
        let times = claims.map(|c| (c.expires_at, c.issued_at, c.not_before, c.authenticated_at));
        assert_eq!(times, Ok((Some(UnixTime(1500)), Some(UnixTime(99)), Some(UnixTime(101)), Some(UnixTime(-1)))));
    }

    #[test]
    fn h34_zero_is_unknown_for_every_time_but_exp_and_the_year_9999_is_the_last() {
        let zero = read(&json!({"iss": "i", "exp": 0, "iat": 0, "nbf": 0, "auth_time": 0.9}));
        let times = zero.map(|c| (c.expires_at, c.issued_at, c.not_before, c.authenticated_at));
        assert_eq!(times, Ok((Some(UnixTime(0)), None, None, None)));
        let last = read(&json!({"iss": "i", "exp": 253_402_300_799_u64})).map(|claims| claims.expires_at);
        assert_eq!(last, Ok(Some(UnixTime(UnixTime::LAST))));
    }

    #[test]
    fn j20_s12_a_token_cannot_say_that_it_is_active_or_proved() {
        let claims =
            json!({"iss": "i", "active": false, "token_type": "N_A", "binding": "proved", "sid": "s", "custom": 1});
        let claims = read(&claims);
        let others = claims.map(|claims| claims.others.into_keys().collect::<Vec<_>>());
        assert_eq!(others, Ok(vec!["custom".to_owned(), "sid".to_owned()]));
    }

    #[test]
    fn a_token_that_could_not_be_revoked_is_inactive() {
        let claims = read(&json!({"iss": "i", "sub": "s".repeat(2048)}));
        assert_eq!(claims.and_then(|claims| claims.marks().map(|marks| marks.len())), Err(Inactive::Unrevocable));
    }
}
