//! Why a token is inactive: for the audit record, the operator's `explain` and the tests, never for the wire.

use crate::records::MarkKind;

/// One variant for each rule that a token can break (RFC 7662 §2.2 tells the caller none of them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// It is over 16 KiB.
    TooLong,
    /// It looks like a JWT and is none: encoding, JSON, duplicate members, header types.
    Malformed,
    /// `iss` is missing, or nobody whom this deployment trusts.
    UntrustedIssuer,
    /// A registered claim has another JSON type than its registration says.
    WrongClaimType,
    /// A mark that would revoke it could not have a key, so it could not be revoked.
    Unrevocable,
    /// `typ` names another kind of JWT (RFC 8725 §3.11).
    WrongTyp,
    /// `crit` lists extensions, none of which is understood (RFC 7515 §4.1.11).
    CriticalExtension,
    /// `alg` is not among the issuer's algorithms.
    Algorithm,
    /// A claim that the issuer's profile or configuration demands is missing or different.
    RequiredClaim,
    /// It has the marks of an ID token, a logout token or an introspection response.
    NotAnAccessToken,
    /// `aud` holds none of the audiences that are accepted of this issuer.
    WrongAudience,
    /// `client_id` is none of the clients that are accepted of this issuer.
    WrongClient,
    Expired,
    NotYetValid,
    IssuedInTheFuture,
    /// A mark revokes it.
    Revoked(MarkKind),
    /// A mark is there that cannot be read.
    CorruptMark(MarkKind),
    /// The issuer publishes no key of that `kid`.
    UnknownKey,
    BadSignature,
    /// No record of that opaque token.
    UnknownToken,
    /// The record of the opaque token cannot be read.
    CorruptRecord,
    /// The record of the opaque token says `revoked`.
    RevokedRecord,
    /// A client wants to revoke a token that was not issued to it.
    ForeignToken,
    /// The caller's policy does not list that kind of token.
    TokenTypeHidden,
    /// A refresh token of another client.
    ForeignRefreshToken,
    /// The caller's policy does not list the issuer.
    IssuerHidden,
    /// The token is not meant for the caller.
    AudienceHidden,
    /// The token has scopes and the caller may see none of them.
    ScopesHidden,
}
