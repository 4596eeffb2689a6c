//! An active answer as one caller may see it.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{records::TokenType, token::Claims};

/// The members of an active introspection response (RFC 7662 §2.2), already reduced to what the caller may see.
/// The one serialized form of a token; an inactive one has none.
pub struct View {
    claims: Claims,
}

impl View {
    /// Only the caller's policy makes views; see [`crate::policy::view`].
    pub(crate) fn new(claims: Claims) -> Self {
        Self { claims }
    }

    /// `Bearer`, or `DPoP` for a token bound to such a key (RFC 9449 §6.2); a refresh token has no such type.
    fn token_type(&self) -> Option<&'static str> {
        let bound = self.claims.is_bound_by_thumbprint();
        match self.claims.token_type {
            TokenType::RefreshToken => None,
            TokenType::AccessToken if bound => Some("DPoP"),
            TokenType::AccessToken => Some("Bearer"),
        }
    }
}

impl Serialize for View {
    /// Members in a fixed order, absent ones left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let claims = &self.claims;
        let scope = claims.scopes().collect::<Vec<_>>().join(" ");
        let mut members = Members(serializer.serialize_map(None)?);
        members.put("active", Some(true))?;
        members.put("iss", Some(claims.alias.as_ref().unwrap_or(&claims.issuer)))?;
        members.put("sub", claims.subject.as_ref())?;
        members.put("aud", claims.audience.as_ref())?;
        members.put("client_id", claims.client_id.as_ref())?;
        members.put("scope", Some(scope).filter(|scope| !scope.is_empty()))?;
        members.put("token_type", self.token_type())?;
        members.put("exp", claims.expires_at.map(|time| time.0))?;
        members.put("iat", claims.issued_at.map(|time| time.0))?;
        members.put("nbf", claims.not_before.map(|time| time.0))?;
        members.put("jti", claims.jti.as_ref())?;
        members.put("username", claims.username.as_ref())?;
        members.put("cnf", claims.cnf.as_ref())?;
        members.put("act", claims.act.as_ref())?;
        members.put("authorization_details", claims.authorization_details.as_ref())?;
        members.put("acr", claims.acr.as_ref())?;
        members.put("auth_time", claims.authenticated_at.map(|time| time.0))?;
        for (name, value) in &claims.others {
            members.put(name, Some(value))?;
        }
        members.0.end()
    }
}

/// A map in which a member without a value is left out.
struct Members<M>(M);

impl<M: SerializeMap> Members<M> {
    fn put(&mut self, name: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.0.serialize_entry(name, &value))
    }
}
