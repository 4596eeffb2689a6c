//! The stages of a judgement. A new rule of the library needs a stage here, or this does not compile.

use serde_json::{Value, json};
use token_introspection::{issuers::Cause, token::Inactive};

use crate::output::{Cell, Tone};

/// One step of the judgement.
pub(super) struct Stage {
    pub name: Name,
    pub finding: Finding,
    pub detail: String,
}

/// The stages, in the function's order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Form,
    Record,
    Issuer,
    Claims,
    Profile,
    Times,
    Signature,
    Marks,
    Policy,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Finding {
    Passed,
    Failed(Inactive),
    /// The function could not look, so it answers 503.
    Unknown(Cause),
}

impl Name {
    /// The stage that checks this rule.
    pub fn for_rule(why: &Inactive) -> Self {
        match why {
            Inactive::TooLong | Inactive::Malformed(_) => Self::Form,
            Inactive::UnknownToken | Inactive::CorruptRecord | Inactive::RevokedRecord => Self::Record,
            Inactive::UntrustedIssuer { .. } | Inactive::WrongTenant { .. } => Self::Issuer,
            Inactive::WrongClaimType { .. } | Inactive::Unrevocable => Self::Claims,
            Inactive::WrongTyp { .. }
            | Inactive::CriticalExtension
            | Inactive::UnencodedPayload
            | Inactive::Algorithm { .. }
            | Inactive::MissingClaim { .. }
            | Inactive::RequiredClaim { .. }
            | Inactive::NotAnAccessToken { .. }
            | Inactive::WrongAudience { .. }
            | Inactive::WrongClient { .. } => Self::Profile,
            Inactive::Expired { .. } | Inactive::NotYetValid { .. } | Inactive::IssuedInTheFuture { .. } => Self::Times,
            Inactive::UnknownKey { .. } | Inactive::BadSignature { .. } => Self::Signature,
            Inactive::Revoked(_) | Inactive::CorruptMark(_) => Self::Marks,
            Inactive::ForeignToken { .. }
            | Inactive::TokenTypeHidden { .. }
            | Inactive::ForeignRefreshToken { .. }
            | Inactive::IssuerHidden { .. }
            | Inactive::AudienceHidden { .. }
            | Inactive::ScopesHidden { .. }
            | Inactive::Unproved(_) => Self::Policy,
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
    fn text(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "FAILED",
            Self::Unknown(_) => "unknown",
        }
    }

    fn cell(&self) -> Cell {
        let tone = match self {
            Self::Passed => Tone::Good,
            Self::Failed(_) => Tone::Bad,
            Self::Unknown(_) => Tone::Unknown,
        };
        Cell::verdict(self.text(), tone)
    }
}

impl Stage {
    pub fn row(&self) -> Vec<Cell> {
        let why = match &self.finding {
            Finding::Failed(why) => why.to_string(),
            Finding::Unknown(cause) => cause.meaning().to_owned(),
            Finding::Passed => String::new(),
        };
        let detail = [&why, &self.detail]
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(": ");
        vec![self.name.text().to_owned().into(), self.finding.cell(), detail.into()]
    }

    pub fn json(&self) -> Value {
        let why = match &self.finding {
            Finding::Failed(why) => Some(why.name()),
            Finding::Unknown(cause) => Some(cause.name()),
            Finding::Passed => None,
        };
        let finding = self.finding.text().to_ascii_lowercase();
        json!({ "stage": self.name.text(), "result": finding, "reason": why, "detail": self.detail })
    }
}
