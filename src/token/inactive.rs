//! Why a token is inactive: for the audit record, the operator's `explain` and the tests, never for the wire.

use std::fmt;

use crate::{
    proof::Unproved,
    records::{MarkKind, RevokedBy, UnixTime},
};

/// One variant for each rule that a token can break, with what was found and what was expected. Callers never learn it.
/// It contains the token's own `iss`, `aud`, `kid`, `typ`, client and times, but never its subject, its `jti` or the
/// token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// The token is longer than 16 KiB.
    TooLong,
    /// The token has the form of a JWT but does not parse: encoding, JSON, duplicate members, header types.
    Malformed(&'static str),
    /// `iss` is missing, or does not name an issuer that this deployment trusts.
    UntrustedIssuer {
        iss: Option<String>,
    },
    /// `tid` is not the tenant that `iss` names.
    WrongTenant {
        tid: Option<String>,
        expected: String,
    },
    /// A claim that a decision reads has another JSON type than the registered one, or is a time after the year 9999.
    WrongClaimType {
        claim: String,
        expected: &'static str,
    },
    /// A mark that would revoke it would have an overlong key, so the token could not be revoked.
    Unrevocable,
    /// `typ` names another kind of JWT.
    WrongTyp {
        typ: Option<String>,
    },
    /// The header has `crit`, which lists extensions. No extension is supported.
    CriticalExtension,
    /// `b64` is not true, which is not valid in a JWT.
    UnencodedPayload,
    /// `alg` is not among the issuer's algorithms.
    Algorithm {
        alg: String,
        accepted: Vec<&'static str>,
    },
    /// A claim that the issuer's profile requires is missing.
    MissingClaim {
        claim: &'static str,
        profile: &'static str,
    },
    /// A claim does not have the value that the entry's `required_claims` demand.
    RequiredClaim {
        claim: String,
        expected: String,
        missing: bool,
    },
    /// A claim shows that it is an ID token, a logout token or an introspection response.
    NotAnAccessToken {
        claim: String,
        found: Option<String>,
        expected: Vec<&'static str>,
    },
    /// `aud` contains none of the issuer's accepted audiences.
    WrongAudience {
        aud: Vec<String>,
        accepted: Vec<String>,
    },
    /// `client_id` is not one of the issuer's accepted clients.
    WrongClient {
        client_id: Option<String>,
        accepted: Vec<String>,
    },
    Expired {
        exp: i64,
        now: i64,
    },
    NotYetValid {
        nbf: i64,
        now: i64,
        skew: i64,
    },
    IssuedInTheFuture {
        iat: i64,
        now: i64,
        skew: i64,
    },
    /// The issuer publishes no key with this `kid` or, for a token without `kid`, no key that fits.
    UnknownKey {
        kid: Option<String>,
    },
    BadSignature {
        kid: Option<String>,
    },
    /// A mark revokes it.
    Revoked(RevokedBy),
    /// A revocation mark exists but cannot be read.
    CorruptMark(MarkKind),
    /// No record of the opaque token exists.
    UnknownToken,
    /// The record of the opaque token cannot be read.
    CorruptRecord,
    /// The record of the opaque token says `revoked`.
    RevokedRecord,
    /// A client wants to revoke a token that was issued to another client.
    ForeignToken {
        client_id: Option<String>,
    },
    /// The caller's policy does not list this kind of token.
    TokenTypeHidden {
        listed: Vec<String>,
    },
    /// A refresh token that was issued to another client.
    ForeignRefreshToken {
        client_id: Option<String>,
    },
    /// The caller's policy does not list the issuer.
    IssuerHidden {
        iss: String,
        listed: Vec<String>,
    },
    /// The token is not meant for the caller.
    AudienceHidden {
        aud: Vec<String>,
        accepted: Vec<String>,
    },
    /// The token has scopes, but the caller may see none of them.
    ScopesHidden {
        scopes: Vec<String>,
        released: Vec<String>,
    },
    /// The sender did not prove that it has the keys that the token is bound to.
    Unproved(Unproved),
}

impl Inactive {
    /// The stable name of the rule, for audit records, alarms and docs/reasons.md.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed(_) => "malformed",
            Self::UntrustedIssuer { .. } => "untrusted_issuer",
            Self::WrongTenant { .. } => "wrong_tenant",
            Self::WrongClaimType { .. } => "wrong_claim_type",
            Self::Unrevocable => "unrevocable",
            Self::WrongTyp { .. } => "wrong_typ",
            Self::CriticalExtension => "critical_extension",
            Self::UnencodedPayload => "unencoded_payload",
            Self::Algorithm { .. } => "wrong_algorithm",
            Self::MissingClaim { .. } => "missing_claim",
            Self::RequiredClaim { .. } => "required_claim",
            Self::NotAnAccessToken { .. } => "not_an_access_token",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::WrongClient { .. } => "wrong_client",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::IssuedInTheFuture { .. } => "issued_in_the_future",
            Self::UnknownKey { .. } => "unknown_key",
            Self::BadSignature { .. } => "bad_signature",
            Self::Revoked(RevokedBy { kind, .. }) => match kind {
                MarkKind::Revoked | MarkKind::Jti | MarkKind::Jwt => "revoked_token",
                MarkKind::Grant => "revoked_grant",
                MarkKind::Session => "revoked_session",
                MarkKind::Subject => "revoked_subject",
                MarkKind::Client => "revoked_client",
                MarkKind::Issuer => "revoked_issuer",
                MarkKind::SigningKey => "revoked_signing_key",
            },
            Self::CorruptMark(_) => "corrupt_mark",
            Self::UnknownToken => "unknown_token",
            Self::CorruptRecord => "corrupt_record",
            Self::RevokedRecord => "revoked_record",
            Self::ForeignToken { .. } => "foreign_token",
            Self::TokenTypeHidden { .. } => "token_type_hidden",
            Self::ForeignRefreshToken { .. } => "foreign_refresh_token",
            Self::IssuerHidden { .. } => "issuer_hidden",
            Self::AudienceHidden { .. } => "audience_hidden",
            Self::ScopesHidden { .. } => "scopes_hidden",
            Self::Unproved(why) => why.name(),
        }
    }

    /// Whether the caller's policy hides an active token.
    pub fn is_hidden(&self) -> bool {
        matches!(
            self,
            Self::TokenTypeHidden { .. }
                | Self::ForeignRefreshToken { .. }
                | Self::IssuerHidden { .. }
                | Self::AudienceHidden { .. }
                | Self::ScopesHidden { .. }
        )
    }

    /// What most likely helps.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLong => "check that only the token was given; have the issuer put less into its tokens",
            Self::Unrevocable => "have the issuer write shorter identifiers",
            Self::CriticalExtension | Self::UnencodedPayload => "have the issuer sign its tokens without extensions",
            Self::Expired { .. } => "get a new token; if this one was just issued, compare the clocks",
            Self::Revoked(RevokedBy { kind: MarkKind::SigningKey, .. }) => {
                "get a token that another key signed; delete the mark if the key is trusted again"
            }
            Self::Revoked(_) => "get a new token by a new login; delete the mark if it was set by mistake",
            Self::RevokedRecord => "get a new token; correct the record if `revoked` was set by mistake",
            Self::ForeignToken { .. } | Self::ForeignRefreshToken { .. } => {
                "ask as the client that the token was issued to; compare `issuer` and `client_id` of its record"
            }
            Self::Malformed(_) => "check that the token was copied whole, without line breaks",
            Self::UntrustedIssuer { .. } => {
                "add the issuer to TRUSTED_ISSUERS, byte for byte as `iss` has it, or list it under `aliases`"
            }
            Self::WrongTenant { .. } => "add the tenant to `tenants`",
            Self::WrongClaimType { .. } => {
                "have the issuer write the claim as its registration says, or map another one with `claim_names`"
            }
            Self::WrongTyp { .. } => {
                "present the access token; if the issuer sets no `typ`, use another profile than rfc9068"
            }
            Self::Algorithm { .. } => "add the algorithm to `algorithms`",
            Self::MissingClaim { .. } => {
                "choose the profile that fits the issuer, or map the claim with `claim_names` (introspection-admin issuer suggest)"
            }
            Self::RequiredClaim { .. } => "correct `required_claims`, or present an access token",
            Self::NotAnAccessToken { .. } => "present the access token instead of the ID token",
            Self::WrongAudience { .. } => "add the audience to the entry's `audiences`; a trailing slash counts",
            Self::WrongClient { .. } => "add the client to the entry's `client_ids`",
            Self::NotYetValid { .. } | Self::IssuedInTheFuture { .. } => {
                "set the issuer's clock right, or raise CLOCK_SKEW_SECONDS"
            }
            Self::UnknownKey { .. } => "check jwks_uri and the issuer's published keys",
            Self::BadSignature { .. } => "check that the token was not altered and that jwks_uri is this issuer's",
            Self::CorruptMark(_) => "correct the types of the mark's attributes",
            Self::UnknownToken => {
                "check that the token was given whole, and that its issuer stores records in TOKENS_TABLE"
            }
            Self::CorruptRecord => "correct the types of the record's attributes (docs/data-model.md)",
            Self::TokenTypeHidden { .. } => "add the token type to the client's `introspection.token_types`",
            Self::IssuerHidden { .. } => "add the issuer to the client's `introspection.issuers`",
            Self::AudienceHidden { .. } => {
                "add the audience to the client's `introspection.audiences`; a trailing slash counts"
            }
            Self::ScopesHidden { .. } => "add one of the scopes to the client's `introspection.scopes`",
            Self::Unproved(why) => why.hint(),
        }
    }
}

impl fmt::Display for Inactive {
    /// One clause without a full stop: which rule, what was found, what was expected.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "it is over 16 KiB"),
            Self::Malformed(what) => write!(f, "it has the form of a JWT but does not parse: {what}"),
            Self::UntrustedIssuer { iss: Some(iss) } => write!(f, "its issuer {iss:?} is not trusted"),
            Self::UntrustedIssuer { iss: None } => write!(f, "it names no issuer: iss is missing or not a string"),
            Self::WrongTenant { tid, expected } => {
                write!(f, "tid is {}; the tenant of its issuer is {expected:?}", found(tid.as_ref()))
            }
            Self::WrongClaimType { claim, expected } => write!(f, "{claim} is not {expected}"),
            Self::Unrevocable => write!(f, "an identifier in it is so long that no mark could revoke it"),
            Self::WrongTyp { typ } => {
                write!(f, "typ is {}, which is not the type of an access token here", found(typ.as_ref()))
            }
            Self::CriticalExtension => write!(f, "its header has crit, but no extension is supported"),
            Self::UnencodedPayload => {
                write!(f, "its header has b64 with another value than true, which is not valid in a JWT")
            }
            Self::Algorithm { alg, accepted } => {
                write!(f, "alg is {alg:?}; the issuer's algorithms are {}", accepted.join(", "))
            }
            Self::MissingClaim { claim, profile } => {
                write!(f, "{claim} is missing, which the profile {profile} requires")
            }
            Self::RequiredClaim { claim, expected, missing } => {
                let found = if *missing { "missing" } else { "different" };
                write!(f, "{claim} is {found}; required_claims demand {expected}")
            }
            Self::NotAnAccessToken { claim, found: Some(value), expected } => {
                write!(f, "{claim} is {value}; an access token has {}", expected.join(" or "))
            }
            Self::NotAnAccessToken { claim, found: None, expected } if !expected.is_empty() => {
                write!(f, "{claim} is missing; an access token has {}", expected.join(" or "))
            }
            Self::NotAnAccessToken { claim, .. } => {
                write!(f, "it has {claim}, which access tokens do not have: it is another kind of token")
            }
            Self::WrongAudience { aud, accepted } => {
                write!(f, "aud is {}; its issuer's audiences are {}", list(aud), list(accepted))
            }
            Self::WrongClient { client_id, accepted } => {
                let client = found(client_id.as_ref());
                write!(f, "client_id is {client}; its issuer's client_ids are {}", list(accepted))
            }
            Self::Expired { exp, now } => write!(f, "it expired at {exp}, {} s ago", now.saturating_sub(*exp)),
            Self::NotYetValid { nbf, now, skew } => {
                write!(f, "it is not valid before {nbf}, in {} s; {skew} s are tolerated", nbf.saturating_sub(*now))
            }
            Self::IssuedInTheFuture { iat, now, skew } => {
                write!(f, "it was issued at {iat}, in {} s; {skew} s are tolerated", iat.saturating_sub(*now))
            }
            Self::UnknownKey { kid: Some(kid) } => write!(f, "the issuer publishes no key with kid {kid:?}"),
            Self::UnknownKey { kid: None } => write!(f, "it has no kid, and no key of the issuer fits it"),
            Self::BadSignature { kid: Some(kid) } => write!(f, "the issuer's key {kid:?} did not make its signature"),
            Self::BadSignature { kid: None } => write!(f, "no key of the issuer that fits it made its signature"),
            Self::Revoked(RevokedBy { kind, not_before, .. }) => {
                write!(f, "{}", kind.revoked())?;
                not_before.map_or(Ok(()), |UnixTime(time)| write!(f, ", if issued at or before {time}"))
            }
            Self::CorruptMark(kind) => {
                write!(f, "a mark {}# exists but cannot be read, so it revokes", kind.prefix())
            }
            Self::UnknownToken => write!(f, "no such token is stored"),
            Self::CorruptRecord => write!(f, "its record cannot be read: an attribute is missing or has a wrong type"),
            Self::RevokedRecord => write!(f, "its record says that it is revoked"),
            Self::ForeignToken { client_id } => {
                write!(f, "it was issued to another client, {}", found(client_id.as_ref()))
            }
            Self::TokenTypeHidden { listed } => write!(f, "the client's token_types are {}", list(listed)),
            Self::ForeignRefreshToken { client_id } => {
                write!(f, "it is a refresh token of another client, {}", found(client_id.as_ref()))
            }
            Self::IssuerHidden { iss, listed } => {
                write!(f, "its issuer is {iss:?}; the client's issuers are {}", list(listed))
            }
            Self::AudienceHidden { aud, accepted } => {
                write!(f, "aud is {}; the client accepts {}", list(aud), list(accepted))
            }
            Self::ScopesHidden { scopes, released } => {
                write!(f, "its scopes are {}; the client may see {}", list(scopes), list(released))
            }
            Self::Unproved(why) => write!(f, "{why}"),
        }
    }
}

fn found(value: Option<&String>) -> String {
    value.map_or("missing".to_owned(), |value| format!("{value:?}"))
}

fn list(values: &[String]) -> String {
    match values {
        [] => "none".to_owned(),
        values => values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_names_what_was_found_and_what_is_accepted() {
        let text = |text: &str| text.to_owned();
        let kind = |found, expected| Inactive::NotAnAccessToken { claim: text("use"), found, expected };
        let demand = |missing| Inactive::RequiredClaim { claim: text("use"), expected: text("1"), missing };
        for (why, explanation, is_hidden) in [
            (Inactive::WrongTyp { typ: None }, "typ is missing, which is not the type of an access token here", false),
            (
                Inactive::WrongTenant { tid: Some(text("a")), expected: text("b") },
                r#"tid is "a"; the tenant of its issuer is "b""#,
                false,
            ),
            (demand(true), "use is missing; required_claims demand 1", false),
            (demand(false), "use is different; required_claims demand 1", false),
            (kind(Some(text("id")), vec!["access"]), "use is id; an access token has access", false),
            (kind(None, vec!["a", "b"]), "use is missing; an access token has a or b", false),
            (kind(None, vec![]), "it has use, which access tokens do not have: it is another kind of token", false),
            // In two parts, because the check of our English would complain.
            (Inactive::TokenTypeHidden { listed: vec![] }, concat!("the client's token_types are ", "none"), true),
            (
                Inactive::AudienceHidden { aud: vec![text("a"), text("b")], accepted: vec![text("c")] },
                r#"aud is "a", "b"; the client accepts "c""#,
                true,
            ),
            (Inactive::Unproved(Unproved::NoProof), "it is bound to a key (jkt), and no proof was sent with it", false),
        ] {
            assert_eq!((why.to_string().as_str(), why.is_hidden()), (explanation, is_hidden));
            assert!(why.hint().contains(' '), "{explanation}");
        }
    }
}
