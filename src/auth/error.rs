//! Why credentials were refused: for the audit record and the log, never for the wire.

use crate::{auth_method::AuthMethod, token::Inactive};

/// A longer detail is cut off, so that no client fills the log.
const MAX_DETAIL_CHARACTERS: usize = 500;

/// One variant for each rule that credentials can break. The data is from the client's registration or is what the
/// client claims, and never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// An authorization scheme other than `Basic` and `Bearer`.
    UnsupportedMechanism,
    UnknownClient,
    /// An attribute of the client's record has a wrong type.
    CorruptClientRecord,
    Disabled,
    /// The client has no secret, so it cannot authenticate.
    PublicClient,
    /// The client is registered for another mechanism.
    WrongMethod {
        registered: String,
        used: AuthMethod,
    },
    WrongSecret,
    /// The assertion is not a JWT, has another `client_assertion_type` or a claim of a wrong type, or names two
    /// clients.
    MalformedAssertion,
    /// None of the client's keys made the signature.
    AssertionSignature,
    /// The `typ` is that of another kind of JWT, or the header has `crit` or says that the payload is not encoded.
    AssertionHeader {
        typ: Option<String>,
    },
    /// The assertion is expired, not valid yet, from the future, or valid for too long.
    AssertionTime {
        exp: Option<i64>,
        now: i64,
    },
    /// The `aud` is not exactly one accepted value.
    AssertionAudience {
        found: Vec<String>,
        accepted: String,
    },
    AssertionWithoutJti,
    AssertionReplayed,
    /// The gateway authenticated another IAM principal than the client's, or another certificate.
    WrongIdentity {
        registered: String,
    },
    /// The token is not a JWT of a trusted issuer, or names another client than the body.
    BearerMalformed,
    /// The token is the one to introspect, or differs from it only in its signature.
    BearerAsksAboutItself,
    /// The token is from another issuer than the one at which the client is registered.
    BearerForeign {
        found: String,
        registered: Option<String>,
    },
    /// The token is inactive.
    BearerInactive(Inactive),
    /// The token's `aud` does not contain our issuer identifier.
    BearerAudience {
        found: Vec<String>,
        accepted: String,
    },
    /// The token is bound to a key (`cnf`).
    BearerBound,
    InsufficientScope,
}

impl AuthError {
    /// The names of all variants, in the order of the checks. They are stable: audit records and alarms use them.
    pub const NAMES: [&str; 22] = [
        "unsupported_mechanism",
        "unknown_client",
        "corrupt_client_record",
        "disabled",
        "public_client",
        "wrong_method",
        "wrong_secret",
        "malformed_assertion",
        "assertion_signature",
        "assertion_header",
        "assertion_time",
        "assertion_audience",
        "assertion_without_jti",
        "assertion_replayed",
        "wrong_identity",
        "bearer_malformed",
        "bearer_asks_about_itself",
        "bearer_foreign",
        "bearer_inactive",
        "bearer_audience",
        "bearer_bound",
        "insufficient_scope",
    ];

    /// The stable name. For [`AuthError::BearerInactive`], [`AuthError::detail`] adds the rule that the token breaks.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnsupportedMechanism => "unsupported_mechanism",
            Self::UnknownClient => "unknown_client",
            Self::CorruptClientRecord => "corrupt_client_record",
            Self::Disabled => "disabled",
            Self::PublicClient => "public_client",
            Self::WrongMethod { .. } => "wrong_method",
            Self::WrongSecret => "wrong_secret",
            Self::MalformedAssertion => "malformed_assertion",
            Self::AssertionSignature => "assertion_signature",
            Self::AssertionHeader { .. } => "assertion_header",
            Self::AssertionTime { .. } => "assertion_time",
            Self::AssertionAudience { .. } => "assertion_audience",
            Self::AssertionWithoutJti => "assertion_without_jti",
            Self::AssertionReplayed => "assertion_replayed",
            Self::WrongIdentity { .. } => "wrong_identity",
            Self::BearerMalformed => "bearer_malformed",
            Self::BearerAsksAboutItself => "bearer_asks_about_itself",
            Self::BearerForeign { .. } => "bearer_foreign",
            Self::BearerInactive(_) => "bearer_inactive",
            Self::BearerAudience { .. } => "bearer_audience",
            Self::BearerBound => "bearer_bound",
            Self::InsufficientScope => "insufficient_scope",
        }
    }

    /// What was found and what was expected, in words, if the variant carries data.
    pub fn detail(&self) -> Option<String> {
        let list = |values: &[String]| if values.is_empty() { "missing".to_owned() } else { values.join(", ") };
        let detail = match self {
            Self::WrongMethod { registered, used } => format!("registered: {registered}; used: {}", used.name()),
            Self::AssertionHeader { typ } => match typ {
                Some(typ) => format!("typ: {typ}"),
                None => "crit or b64 is present".to_owned(),
            },
            Self::AssertionTime { exp, now } => match exp {
                Some(exp) => format!("exp is {} s from now", exp.saturating_sub(*now)),
                None => "exp is missing".to_owned(),
            },
            Self::AssertionAudience { found, accepted } | Self::BearerAudience { found, accepted } => {
                format!("aud: {}; accepted: {accepted}", list(found))
            }
            Self::WrongIdentity { registered } => format!("registered: {registered}"),
            Self::BearerForeign { found, registered } => {
                format!("token: {found}; registered: {}", registered.as_deref().unwrap_or("no issuer"))
            }
            Self::BearerInactive(why) => format!("{}: {why}", why.name()),
            _ => return None,
        };
        Some(detail.chars().take(MAX_DETAIL_CHARACTERS).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b02_each_reason_has_a_stable_name_in_snake_case() {
        let text = || "x".to_owned();
        for error in [
            AuthError::WrongMethod { registered: text(), used: AuthMethod::None },
            AuthError::AssertionHeader { typ: None },
            AuthError::AssertionTime { exp: None, now: 0 },
            AuthError::AssertionAudience { found: vec![], accepted: text() },
            AuthError::WrongIdentity { registered: text() },
            AuthError::BearerForeign { found: text(), registered: None },
            AuthError::BearerInactive(Inactive::TooLong),
            AuthError::InsufficientScope,
        ] {
            assert!(AuthError::NAMES.contains(&error.name()), "{error:?}");
        }
        for name in AuthError::NAMES {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert_eq!(AuthError::NAMES.iter().filter(|other| **other == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn e04_a_detail_says_what_was_found_and_what_is_accepted_and_has_a_limit() {
        let error = AuthError::AssertionAudience { found: vec!["a".into(), "b".into()], accepted: "c".into() };
        assert_eq!(error.detail().as_deref(), Some("aud: a, b; accepted: c"));
        let long = AuthError::BearerAudience { found: vec!["x".repeat(5000)], accepted: "c".into() };
        assert_eq!(long.detail().map(|detail| detail.chars().count()), Some(MAX_DETAIL_CHARACTERS));
        let header = |typ| AuthError::AssertionHeader { typ }.detail();
        assert_eq!(header(Some("at+jwt".to_owned())).as_deref(), Some("typ: at+jwt"));
        assert_eq!(header(None).as_deref(), Some("crit or b64 is present"));
        assert_eq!(AuthError::WrongSecret.detail(), None);
    }
}
