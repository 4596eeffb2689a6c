//! The rules that a test can break on purpose, to show that the comparison would find it.

/// One rule of the model, broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// G-01: `exp` has leeway.
    ExpiryHasLeeway,
    /// H-19: `nbf` and `iat` have no tolerance.
    NoClockSkew,
    /// H-18: a fraction of `nbf` is cut off.
    NotBeforeIsCutOff,
    /// H-34: zero is a time.
    ZeroIsATime,
    /// H-34: a time after the year 9999 is a time.
    MillisecondsAreTimes,
    /// H-10: of two members of one name, one counts.
    RepeatedMembersAreRead,
    /// H-11: padding is accepted.
    PaddingIsRead,
    /// H-09: `crit` is ignored.
    CriticalIsIgnored,
    /// H-01, H-03: `typ` is ignored.
    TypeIsIgnored,
    /// H-03: a hash of an ID token is ignored.
    HashesAreIgnored,
    /// H-06: the entry's `algorithms` are ignored.
    AlgorithmsAreIgnored,
    /// H-15: a token without `kid` is tried against all keys.
    TokensWithoutKidTryAllKeys,
    /// H-32: `tid` is ignored.
    TenantIsIgnored,
    /// H-32: marks name the alias that the token has.
    MarksNameAliases,
    /// G-15: `jwt#` is read only for tokens to whose `jti` no claim is mapped.
    MappedIdReplacesDigest,
    /// G-12: a mark with `not_before` spares the second that it names.
    MarkSparesItsSecond,
    /// G-12: `auth_time` is ignored.
    AuthenticationTimeIsIgnored,
    /// G-12: `except_sid` counts for every mark.
    ExceptionInEveryMark,
    /// G-11: a mark that cannot be read revokes nothing.
    CorruptMarksAreIgnored,
    /// G-13: `kid#` is ignored.
    KeyMarksAreIgnored,
    /// B-14: a previous secret is accepted for ever.
    PreviousSecretsLast,
    /// C-05: only the form-decoded secret counts.
    OneReadingOfSecrets,
    /// C-02: the client id of Basic is not decoded.
    RawClientIds,
    /// B-05: two mechanisms are accepted.
    TwoMechanismsAreRead,
    /// an empty parameter is a value.
    EmptyIsAValue,
    /// `+` is a plus.
    PlusIsKept,
    /// I-04: each client sees each refresh token.
    ForeignRefreshTokensAreShown,
    /// I-01: under `DEFAULT_POLICY=audience`, `aud` counts in tokens of every issuer.
    AudienceOfEveryIssuer,
    /// I-06: a token whose scopes are all hidden is active.
    HiddenScopesAreActive,
    /// I-07: `authorization_details` are not filtered.
    DetailsAreNotFiltered,
    /// I-08: `claims` does not restrict `username`.
    UsernameIsRegistered,
    /// I-13: report mode relaxes `issuers` too.
    ReportRelaxesIssuers,
    /// J-20: members of a record's `claims` fill missing attributes.
    ClaimsFillAttributes,
}

impl Fault {
    pub const ALL: [Self; 33] = [
        Self::ExpiryHasLeeway,
        Self::NoClockSkew,
        Self::NotBeforeIsCutOff,
        Self::ZeroIsATime,
        Self::MillisecondsAreTimes,
        Self::RepeatedMembersAreRead,
        Self::PaddingIsRead,
        Self::CriticalIsIgnored,
        Self::TypeIsIgnored,
        Self::HashesAreIgnored,
        Self::AlgorithmsAreIgnored,
        Self::TokensWithoutKidTryAllKeys,
        Self::TenantIsIgnored,
        Self::MarksNameAliases,
        Self::MappedIdReplacesDigest,
        Self::MarkSparesItsSecond,
        Self::AuthenticationTimeIsIgnored,
        Self::ExceptionInEveryMark,
        Self::CorruptMarksAreIgnored,
        Self::KeyMarksAreIgnored,
        Self::PreviousSecretsLast,
        Self::OneReadingOfSecrets,
        Self::RawClientIds,
        Self::TwoMechanismsAreRead,
        Self::EmptyIsAValue,
        Self::PlusIsKept,
        Self::ForeignRefreshTokensAreShown,
        Self::AudienceOfEveryIssuer,
        Self::HiddenScopesAreActive,
        Self::DetailsAreNotFiltered,
        Self::UsernameIsRegistered,
        Self::ReportRelaxesIssuers,
        Self::ClaimsFillAttributes,
    ];
}

/// The rules of the documents, all of them or all except one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    pub broken: Option<Fault>,
}

impl Rules {
    pub fn breaks(self, fault: Fault) -> bool {
        self.broken == Some(fault)
    }
}
