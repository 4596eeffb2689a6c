//! An active answer as one caller may see it.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{proof::Unproved, records::TokenType, token::Claims};

/// The members of an active introspection response, already reduced to what the caller may see. This is the only
/// serialized form of a token, and only active tokens have it.
pub struct View {
    claims: Claims,
    binding: Option<Binding>,
}

/// Whether the sender of a bound token has its keys, for a caller that asks to know. An extension of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    Proved,
    NotPresented(Unproved),
}

impl View {
    /// Only the caller's policy makes views: see [`crate::policy::view`]. `binding` is that of a bound token.
    pub(crate) fn new(claims: Claims, binding: Option<Binding>) -> Self {
        Self { claims, binding }
    }

    /// The client or user that the token is about, by the first of these that it names: its subject, its client, its
    /// issuer.
    pub fn principal(&self) -> &str {
        let claims = &self.claims;
        claims.subject.as_ref().or(claims.client_id.as_ref()).unwrap_or(&claims.issuer)
    }

    /// Whether it is an access token, which is the only kind that an API accepts.
    pub fn is_access_token(&self) -> bool {
        self.claims.token_type == TokenType::AccessToken
    }

    /// Whether the token has this scope, and the caller may see it.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.claims.scopes().any(|own| own == scope)
    }

    /// Whether the sender of the token has its keys. `None` for a token that is not bound.
    pub fn binding(&self) -> Option<Binding> {
        self.binding
    }

    /// Whether the token is bound to a key of `DPoP`, so that it is sent under that scheme (RFC 9449 §7.1).
    pub fn is_bound_by_thumbprint(&self) -> bool {
        self.claims.is_bound_by_thumbprint()
    }

    /// How an access token is used, in the words of RFC 6749 §5.1: `Bearer`, or `DPoP` for a token that is bound to a
    /// `DPoP` key (RFC 9449 §6.2). A refresh token has no such type (J-17).
    fn token_type(&self) -> Option<&'static str> {
        let bound = self.is_bound_by_thumbprint();
        match self.claims.token_type {
            TokenType::RefreshToken => None,
            TokenType::AccessToken if bound => Some("DPoP"),
            TokenType::AccessToken => Some("Bearer"),
        }
    }
}

impl Binding {
    /// The value of the member `binding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::NotPresented(_) => "not_presented",
        }
    }
}

impl Serialize for View {
    /// Writes the members in a fixed order, without absent ones.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let claims = &self.claims;
        let scope = claims.scopes().collect::<Vec<_>>().join(" ");
        let mut members = Members(serializer.serialize_map(None)?);
        // RFC 7662 §2.2: `active` is required, and a boolean (J-01).
        members.put("active", Some(true))?;
        members.put("iss", Some(claims.alias.as_ref().unwrap_or(&claims.issuer)))?;
        members.put("sub", claims.subject.as_ref())?;
        members.put("aud", claims.audience.as_ref())?;
        // RFC 7662 §2.2: the client that the token was issued to, never the caller (I-10). RFC 9700 §4.15 and
        // RFC 9068 §5: together with `sub`, it distinguishes a client that acts for itself from a user (K-07).
        members.put("client_id", claims.client_id.as_ref())?;
        // RFC 7662 §2.2: one string, with a space between scopes (J-15).
        members.put("scope", Some(scope).filter(|scope| !scope.is_empty()))?;
        members.put("token_type", self.token_type())?;
        // RFC 7662 §2.2: times are whole seconds, and a token that does not expire has no `exp` (J-16).
        members.put("exp", claims.expires_at.map(|time| time.0))?;
        members.put("iat", claims.issued_at.map(|time| time.0))?;
        members.put("nbf", claims.not_before.map(|time| time.0))?;
        members.put("jti", claims.jti.as_ref())?;
        members.put("username", claims.username.as_ref())?;
        // RFC 9449 §6.2 and RFC 8705 §3.2: the key that the token is bound to, passed on unchanged: a `jkt`, or the
        // `x5t#S256` of RFC 8705 §3.1 (F-07, K-01).
        members.put("cnf", claims.cnf.as_ref())?;
        members.put("binding", self.binding.map(Binding::name))?;
        // RFC 8693 §4.1: the current actor, which contains earlier ones.
        members.put("act", claims.act.as_ref())?;
        // RFC 9396 §9.2: an array of objects.
        members.put("authorization_details", claims.authorization_details.as_ref())?;
        // RFC 9470 §6.2: how and when the user authenticated.
        members.put("acr", claims.acr.as_ref())?;
        members.put("auth_time", claims.authenticated_at.map(|time| time.0))?;
        // RFC 7662 §2.2: a response may have additional members (J-19).
        for (name, value) in &claims.others {
            members.put(name, Some(value))?;
        }
        members.0.end()
    }
}

/// A serialized map that omits members without a value.
struct Members<M>(M);

impl<M: SerializeMap> Members<M> {
    fn put(&mut self, name: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.0.serialize_entry(name, &value))
    }
}
