//! Why a notice of an issuer was not accepted: for the audit record, never for the wire.

use super::Inactive;

/// One variant for each rule that only notices can break. What they have in common with access tokens is
/// [`NotAccepted::Token`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAccepted {
    /// The text does not have the form of a signed JWT.
    NotAJwt,
    /// The entry of its issuer does not enable this kind of notice.
    IssuerNotEnabled,
    /// A claim that every notice of this kind has is missing or empty.
    MissingClaim(&'static str),
    /// `events` is not an object with the event, or an event is not an object.
    WrongEvents,
    /// It has a `nonce`, so it could be an ID token.
    HasNonce,
    /// It was issued too long ago.
    TooOld { iat: i64, now: i64 },
    /// It was used before.
    Replayed,
    /// The subject of an event is missing, or cannot be mapped to the subject or the session of a token.
    WrongSubject,
    /// The subject of an event is not one of the issuer that reports it.
    ForeignSubject,
    /// A rule that holds for access tokens too.
    Token(Inactive),
}

impl NotAccepted {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAJwt => "not_a_jwt",
            Self::IssuerNotEnabled => "issuer_not_enabled",
            Self::MissingClaim(_) => "missing_claim",
            Self::WrongEvents => "wrong_events",
            Self::HasNonce => "has_nonce",
            Self::TooOld { .. } => "too_old",
            Self::Replayed => "replayed",
            Self::WrongSubject => "wrong_subject",
            Self::ForeignSubject => "foreign_subject",
            Self::Token(why) => why.name(),
        }
    }
}

impl From<Inactive> for NotAccepted {
    fn from(why: Inactive) -> Self {
        Self::Token(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_access_tokens_keeps_its_name() {
        assert_eq!(NotAccepted::from(Inactive::BadSignature { kid: None }).name(), "bad_signature");
        assert_eq!(NotAccepted::TooOld { iat: 1, now: 900 }.name(), "too_old");
    }
}
