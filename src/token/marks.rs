//! The one derivation of a JWT's marks, which the function, the operator's tool and the revocation route use (G-15).

use super::{Claims, Inactive};
use crate::{
    jwt::{RawMembers, UnverifiedJwt},
    records::{MarkKey, MarkKind, named},
};

/// The claims by which issuers identify a token. A token is looked up by each of them, regardless of which one its
/// profile maps to `jti`, so that a change of profile never revives it.
const IDENTIFIERS: [&str; 2] = ["jti", "uti"];

/// The identity of a JWT by its own claims, before its profile renames any.
pub(super) struct OwnIdentity {
    /// The values of [`IDENTIFIERS`] that the token has.
    identifiers: Vec<String>,
    /// The claim named `jti`, if the token has one that is not empty: other tokens may have an empty one too.
    jti: Option<String>,
}

impl OwnIdentity {
    pub fn from_claims(claims: &RawMembers) -> Self {
        let string = |name: &str| claims.get(name).and_then(|text| serde_json::from_str::<String>(text.get()).ok());
        let jti = string("jti").filter(|jti| named(Some(jti)).is_some());
        Self { identifiers: IDENTIFIERS.into_iter().filter_map(string).collect(), jti }
    }

    /// The mark that revokes the token by itself, under any profile.
    fn mark(&self, issuer: &str, signing_input: &str) -> Result<MarkKey, Inactive> {
        match &self.jti {
            Some(jti) => MarkKey::new(MarkKind::Jti, issuer, Some(jti)).map_err(|_| Inactive::Unrevocable),
            None => Ok(MarkKey::jwt(signing_input)),
        }
    }
}

/// The mark that revokes one JWT, for an operator who wants to write it although the issuer is not trusted.
///
/// # Errors
///
/// Returns [`Inactive::Unrevocable`] if its key would be overlong.
pub fn own_mark(jwt: &UnverifiedJwt, issuer: &str) -> Result<MarkKey, Inactive> {
    OwnIdentity::from_claims(&jwt.claims).mark(issuer, jwt.jws.signing_input())
}

/// The marks of one JWT.
pub(super) struct JwtMarks {
    /// Every mark that would revoke it.
    pub all: Vec<MarkKey>,
    /// The mark that revokes only this token, under any profile.
    pub own: MarkKey,
}

impl JwtMarks {
    /// The marks of a notice: only that of its signing key. Its `sid` and its `sub` name what the notice ends, so a
    /// notice that is sent again must not be refused because of them.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive::Unrevocable`] if the mark would have an overlong key.
    pub fn of_notice(issuer: &str, signing_input: &str, kid: Option<&str>) -> Result<Self, Inactive> {
        let key = kid.map(|kid| MarkKey::new(MarkKind::SigningKey, issuer, Some(kid))).transpose();
        let all = key.map_err(|_| Inactive::Unrevocable)?.into_iter().collect();
        Ok(Self { all, own: MarkKey::jwt(signing_input) })
    }

    /// Derives the marks. `signing_input` is the token without its signature, because an ECDSA signature has two valid
    /// forms (H-12). `kid` is the signing key that the header names.
    ///
    /// # Errors
    ///
    /// Returns [`Inactive::Unrevocable`] if one of them would have an overlong key.
    pub fn derive(
        claims: &Claims,
        own: &OwnIdentity,
        signing_input: &str,
        kid: Option<&str>,
    ) -> Result<Self, Inactive> {
        let issuer = &claims.issuer;
        let mark = |kind, name: &str| MarkKey::new(kind, issuer, Some(name)).map_err(|_| Inactive::Unrevocable);
        // The marks of the token itself come first: the first mark that revokes is the reason.
        let mut all = Vec::new();
        for identifier in own.identifiers.iter().filter(|name| claims.jti.as_ref() != Some(name)) {
            all.push(mark(MarkKind::Jti, identifier)?);
        }
        let own = own.mark(issuer, signing_input)?;
        if own.kind == MarkKind::Jwt {
            all.push(own.clone());
        }
        all.extend(claims.marks()?);
        if let Some(kid) = kid {
            all.push(mark(MarkKind::SigningKey, kid)?);
        }
        Ok(Self { all, own })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{digest::Digest, jwt::parse_members, records::TokenType};

    fn ids(set: &Value, mapped_jti: Option<&str>) -> (Vec<String>, String) {
        let members = parse_members(set.to_string().as_bytes()).unwrap();
        let own = OwnIdentity::from_claims(&members);
        let mut claims = Claims::read(TokenType::AccessToken, members).unwrap_or_else(|why| panic!("{why}"));
        claims.jti = mapped_jti.map(str::to_owned).or(claims.jti);
        let marks = JwtMarks::derive(&claims, &own, "h.p", Some("k")).unwrap_or_else(|why| panic!("{why}"));
        (marks.all.iter().map(|mark| mark.key.id().to_owned()).collect(), marks.own.key.id().to_owned())
    }

    #[test]
    fn g15_h12_a_jwt_is_looked_up_by_every_identifier_and_by_its_digest_if_it_has_no_jti() {
        let digest = format!("jwt#{}", Digest::of("h.p").to_hex());
        for (set, mapped, expected, own) in [
            (json!({"iss": "i", "jti": "a"}), None, vec!["jti#i#a", "iss#i", "kid#i#k"], "jti#i#a"),
            (json!({"iss": "i"}), None, vec![&digest, "iss#i", "kid#i#k"], &digest),
            // Entra's `uti`, with its profile and with any other.
            (json!({"iss": "i", "uti": "u"}), Some("u"), vec![&digest, "jti#i#u", "iss#i", "kid#i#k"], &digest),
            (json!({"iss": "i", "uti": "u"}), None, vec!["jti#i#u", &digest, "iss#i", "kid#i#k"], &digest),
            (
                json!({"iss": "i", "jti": "a", "uti": "u"}),
                Some("u"),
                vec!["jti#i#a", "jti#i#u", "iss#i", "kid#i#k"],
                "jti#i#a",
            ),
            (
                json!({"iss": "i", "jti": "a", "x": "m"}),
                Some("m"),
                vec!["jti#i#a", "jti#i#m", "iss#i", "kid#i#k"],
                "jti#i#a",
            ),
            // Other tokens may have an empty identifier too, so none is revoked by it.
            (json!({"iss": "i", "jti": ""}), None, vec![&digest, "jti#i#", "iss#i", "kid#i#k"], &digest),
            (json!({"iss": "i", "uti": 7}), None, vec![&digest, "iss#i", "kid#i#k"], &digest),
            (
                json!({"iss": "i", "jti": "a", "grant_id": "g", "sid": "s", "sub": "u", "client_id": "c"}),
                None,
                vec!["jti#i#a", "grant#i#g", "sid#i#s", "sub#i#u", "client#i#c", "iss#i", "kid#i#k"],
                "jti#i#a",
            ),
        ] {
            let expected = (expected.into_iter().map(str::to_owned).collect(), own.to_owned());
            assert_eq!(ids(&set, mapped), expected, "{set}");
        }
    }
}
