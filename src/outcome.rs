//! How a call ends, and why. The response and the audit record are both made from the outcome, so they cannot disagree.

use crate::{
    auth::AuthError,
    policy::PolicyReport,
    request::RequestError,
    token::{Inactive, NotAccepted},
    view::{Binding, View},
};

/// How a call ended, and which client it was for.
pub struct Answer {
    /// The client id of an existing record, so that it cannot be text that an attacker made up.
    pub caller: Option<String>,
    pub outcome: Outcome,
}

/// Everything that a call can end in.
pub enum Outcome {
    /// The answer about one token, as JSON.
    Introspected(TokenVerdict),
    /// The answer about one token, signed.
    Signed {
        token: TokenVerdict,
        jwt: String,
    },
    /// The answer about one token was to be signed, and the signing key is out of reach.
    NotSigned(TokenVerdict),
    /// The answers about the tokens of a batch, in their order.
    Batch(Vec<TokenVerdict>),
    /// The token was issued to the client, and is now revoked.
    Revoked,
    /// Nothing was revoked. The client gets the same response as for [`Outcome::Revoked`].
    NothingRevoked(Inactive),
    /// All tokens of the subject are revoked.
    SubjectRevoked,
    /// The mark of a logout token is written.
    LoggedOut,
    /// A logout token that is not accepted.
    LogOutRefused(NotAccepted),
    /// The marks of a security event token are written.
    EventsReceived,
    /// A security event token whose events end nothing.
    EventsIgnored,
    /// A security event token that is not accepted.
    EventsRefused(NotAccepted),
    /// A public document, as JSON.
    Document(String),
    Preflight,
    Rejected(RequestError),
    /// The credentials do not authenticate a client.
    Refused {
        why: AuthError,
        challenge: Challenge,
    },
    /// The credentials do not authenticate a client, and failed too often. `retry_after` is in seconds.
    Throttled {
        why: AuthError,
        retry_after: u32,
    },
    /// The caller is known, but its record forbids the request.
    Denied(Denial),
    Unavailable(Unavailable),
    TooLarge(TooLarge),
    /// A defect in our code.
    Internal,
}

/// The result for one token.
pub struct TokenVerdict {
    pub facts: TokenFacts,
    pub verdict: Verdict,
}

/// What the audit record says about a token, regardless of its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    pub fingerprint: String,
    /// The trusted issuer that the token names, even if its signature is not verified.
    pub issuer: Option<String>,
}

/// Whether a token is active for its caller, and if not, why.
pub enum Verdict {
    Active {
        view: Box<View>,
        /// What a policy in report mode found.
        report: Option<Box<PolicyReport>>,
    },
    Inactive(Inactive),
    /// The keys of the token's issuer are unavailable. `retry_after` is in seconds.
    KeysUnavailable {
        retry_after: u32,
    },
}

/// What a client's record forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The client may not introspect.
    NotAllowed,
    /// The client may not revoke all tokens of a subject.
    MayNotRevokeSubjects,
    /// The subject is not one of the client's issuers, or no caller may revoke subjects of that issuer.
    ForeignSubject,
    /// The client must get signed responses, and this request does not accept one.
    SignedResponseRequired,
}

/// What was unavailable, so that nothing is known about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    Store,
    /// The keys of the issuer of the caller's own token, or of a token to revoke.
    Keys {
        retry_after: u32,
    },
    /// The keys of signed answers.
    Signer,
    /// The time for the answer ran out.
    Deadline,
}

/// The answer is longer than Lambda can return, which only that of a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// How the caller may authenticate instead: with the scheme that it used, if that can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    Basic,
    InvalidToken,
    InsufficientScope,
}

impl Answer {
    /// The outcome for a client that is known.
    pub fn to(client_id: &str, outcome: Outcome) -> Self {
        Self { caller: Some(client_id.to_owned()), outcome }
    }
}

impl From<Outcome> for Answer {
    /// An outcome before a client is known.
    fn from(outcome: Outcome) -> Self {
        Self { caller: None, outcome }
    }
}

impl From<Unavailable> for Outcome {
    fn from(what: Unavailable) -> Self {
        Self::Unavailable(what)
    }
}

impl Outcome {
    /// The stable name of the reason why the call did not end in an active answer, as listed in docs/reasons.md.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Introspected(token) | Self::Signed { token, .. } => token.verdict.reason(),
            Self::NotSigned(_) => Some(Unavailable::Signer.name()),
            Self::NothingRevoked(why) => Some(why.name()),
            Self::LogOutRefused(why) | Self::EventsRefused(why) => Some(why.name()),
            Self::Rejected(error) => Some(error.name()),
            Self::Refused { why, .. } | Self::Throttled { why, .. } => Some(why.name()),
            Self::Denied(denial) => Some(denial.name()),
            Self::Unavailable(what) => Some(what.name()),
            Self::TooLarge(TooLarge) => Some(TooLarge.name()),
            Self::Batch(_)
            | Self::Revoked
            | Self::SubjectRevoked
            | Self::LoggedOut
            | Self::EventsReceived
            | Self::EventsIgnored
            | Self::Document(_)
            | Self::Preflight
            | Self::Internal => None,
        }
    }

    /// What the reason does not say about refused credentials: what was found, and what is registered or accepted.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Refused { why, .. } | Self::Throttled { why, .. } => why.detail(),
            _ => None,
        }
    }

    /// The outcome in one word, for the audit record.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Introspected(token) | Self::Signed { token, .. } => token.verdict.class(),
            Self::Batch(_) => "batch",
            Self::Revoked => "revoked",
            Self::NothingRevoked(_) => "nothing_revoked",
            Self::SubjectRevoked => "subject_revoked",
            Self::LoggedOut => "logged_out",
            Self::EventsReceived => "events_received",
            Self::EventsIgnored => "events_ignored",
            Self::LogOutRefused(_) | Self::EventsRefused(_) => "not_accepted",
            Self::Document(_) | Self::Preflight => "document",
            Self::Rejected(RequestError::NoCredentials | RequestError::NoCredentialsForSigned)
            | Self::Refused { .. }
            | Self::Throttled { .. } => "refused",
            Self::Rejected(_) | Self::Denied(Denial::SignedResponseRequired) | Self::TooLarge(_) => "invalid_request",
            Self::Denied(Denial::NotAllowed | Denial::MayNotRevokeSubjects | Denial::ForeignSubject) => "denied",
            Self::NotSigned(_) | Self::Unavailable(_) => "unavailable",
            Self::Internal => "error",
        }
    }

    /// The decision of the policy in one word, for the audit record.
    pub fn policy(&self) -> &'static str {
        match self {
            Self::Introspected(token) | Self::Signed { token, .. } => token.verdict.policy(),
            Self::NotSigned(token) if token.verdict.would_deny() => "would_deny",
            Self::Batch(tokens) if tokens.iter().any(|token| token.verdict.would_deny()) => "would_deny",
            _ => "none",
        }
    }
}

impl Verdict {
    /// The stable name of the reason why the token is not active.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Active { .. } => None,
            Self::Inactive(why) => Some(why.name()),
            Self::KeysUnavailable { retry_after } => Some(Unavailable::Keys { retry_after: *retry_after }.name()),
        }
    }

    /// The verdict in one word.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Active { .. } => "active",
            Self::Inactive(_) => "inactive",
            Self::KeysUnavailable { .. } => "unavailable",
        }
    }

    /// What a policy in report mode found about an active token.
    pub fn report(&self) -> Option<&PolicyReport> {
        match self {
            Self::Active { report, .. } => report.as_deref(),
            _ => None,
        }
    }

    /// Whether a policy in report mode would have shown less.
    fn would_deny(&self) -> bool {
        self.report().is_some_and(|report| report.would_deny)
    }

    /// Whether the sender of an active token that is bound to keys has them, in one word.
    pub fn binding(&self) -> Option<&'static str> {
        match self {
            Self::Active { view, .. } => view.binding().map(Binding::name),
            Self::Inactive(_) | Self::KeysUnavailable { .. } => None,
        }
    }

    /// What the policy decided, in one word.
    pub fn policy(&self) -> &'static str {
        match self {
            Self::Active { .. } if self.would_deny() => "would_deny",
            Self::Active { .. } => "allow",
            Self::Inactive(why) if why.is_hidden() => "deny",
            Self::Inactive(_) | Self::KeysUnavailable { .. } => "none",
        }
    }
}

impl Denial {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::MayNotRevokeSubjects => "may_not_revoke_subjects",
            Self::ForeignSubject => "foreign_subject",
            Self::SignedResponseRequired => "signed_response_required",
        }
    }
}

impl TooLarge {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(self) -> &'static str {
        "response_too_large"
    }
}

impl Unavailable {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store_unavailable",
            Self::Keys { .. } => "keys_unavailable",
            Self::Signer => "signer_unavailable",
            Self::Deadline => "deadline",
        }
    }
}
