//! The stages of a judgement, and each rule in words. A new rule of the library needs its sentence here to compile.

use serde_json::{Value, json};
use token_introspection::{records::MarkKind, token::Inactive};

/// One step of the judgement.
pub(super) struct Stage {
    pub name: Name,
    pub finding: Finding,
    pub detail: String,
}

/// The steps, in the order in which the function takes them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Name {
    Form,
    Record,
    Issuer,
    Claims,
    Profile,
    Times,
    Marks,
    Signature,
    Policy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    Passed,
    Failed(Inactive),
    Unknown,
}

impl Name {
    /// The step at which a rule is looked at.
    pub fn of(why: Inactive) -> Self {
        match why {
            Inactive::TooLong | Inactive::Malformed => Self::Form,
            Inactive::UnknownToken | Inactive::CorruptRecord | Inactive::RevokedRecord => Self::Record,
            Inactive::UntrustedIssuer => Self::Issuer,
            Inactive::WrongClaimType | Inactive::Unrevocable => Self::Claims,
            Inactive::WrongTyp
            | Inactive::CriticalExtension
            | Inactive::Algorithm
            | Inactive::RequiredClaim
            | Inactive::NotAnAccessToken
            | Inactive::WrongAudience
            | Inactive::WrongClient => Self::Profile,
            Inactive::Expired | Inactive::NotYetValid | Inactive::IssuedInTheFuture => Self::Times,
            Inactive::Revoked(_) | Inactive::CorruptMark(_) => Self::Marks,
            Inactive::UnknownKey | Inactive::BadSignature => Self::Signature,
            Inactive::ForeignToken
            | Inactive::TokenTypeHidden
            | Inactive::ForeignRefreshToken
            | Inactive::IssuerHidden
            | Inactive::AudienceHidden
            | Inactive::ScopesHidden => Self::Policy,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Record => "record",
            Self::Issuer => "issuer",
            Self::Claims => "claims",
            Self::Profile => "profile",
            Self::Times => "times",
            Self::Marks => "marks",
            Self::Signature => "signature",
            Self::Policy => "policy",
        }
    }
}

impl Finding {
    fn text(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "FAILED",
            Self::Unknown => "unknown",
        }
    }
}

impl Stage {
    pub fn row(&self) -> Vec<String> {
        let why = match self.finding {
            Finding::Failed(why) => sentence(why),
            _ => "",
        };
        let detail = [why, &self.detail].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        vec![self.name.text().to_owned(), self.finding.text().to_owned(), detail]
    }

    pub fn json(&self) -> Value {
        let why = match self.finding {
            Finding::Failed(why) => Some(format!("{why:?}")),
            _ => None,
        };
        let finding = self.finding.text().to_ascii_lowercase();
        json!({ "stage": self.name.text(), "result": finding, "reason": why, "detail": self.detail })
    }
}

/// A rule that is broken, in words.
pub(super) fn sentence(why: Inactive) -> &'static str {
    match why {
        Inactive::TooLong => "it is over 16 KiB",
        Inactive::Malformed => "it looks like a JWT, but its encoding, its JSON or its header is none of a JWT",
        Inactive::UntrustedIssuer => "its issuer is not trusted",
        Inactive::WrongClaimType => "a registered claim has another type than its registration says",
        Inactive::Unrevocable => "an identifier in it is so long that no mark could revoke it",
        Inactive::WrongTyp => "its typ is that of another kind of JWT",
        Inactive::CriticalExtension => "its header lists critical extensions, none of which is understood",
        Inactive::Algorithm => "its alg is not among the issuer's algorithms",
        Inactive::RequiredClaim => {
            "a claim that the issuer's profile or required_claims demand is missing or different"
        }
        Inactive::NotAnAccessToken => "it is an ID token, a logout token or an introspection response",
        Inactive::WrongAudience => "its aud holds none of the issuer's audiences",
        Inactive::WrongClient => "its client is none of the issuer's client_ids",
        Inactive::Expired => "it has expired",
        Inactive::NotYetValid => "it is not valid yet",
        Inactive::IssuedInTheFuture => "it was issued in the future",
        Inactive::Revoked(kind) => revoked(kind),
        Inactive::CorruptMark(_) => "a mark is there that cannot be read, which revokes",
        Inactive::UnknownKey => "the issuer publishes no key of its kid",
        Inactive::BadSignature => "the issuer's key did not make its signature",
        Inactive::UnknownToken => "no such token is stored",
        Inactive::CorruptRecord => "its record cannot be read: an attribute is missing or has a wrong type",
        Inactive::RevokedRecord => "its record says that it is revoked",
        Inactive::ForeignToken => "it was issued to another client",
        Inactive::TokenTypeHidden => "the client's token_types do not list that kind of token",
        Inactive::ForeignRefreshToken => "it is a refresh token of another client",
        Inactive::IssuerHidden => "the client's issuers do not list the token's",
        Inactive::AudienceHidden => "it is not meant for the client: its aud holds none of the client's audiences",
        Inactive::ScopesHidden => "the client may see none of its scopes",
    }
}

fn revoked(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Revoked | MarkKind::Jti | MarkKind::Jwt => "the token is revoked",
        MarkKind::Grant => "its grant is revoked",
        MarkKind::Session => "its session is revoked",
        MarkKind::Subject => "its subject's tokens are revoked",
        MarkKind::Client => "its client's tokens are revoked",
        MarkKind::Issuer => "its issuer's tokens are revoked",
        MarkKind::SigningKey => "its signing key is distrusted",
    }
}
