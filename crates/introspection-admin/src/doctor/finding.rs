//! What `doctor` finds: each kind has a stable name, a severity, a meaning and a cure.

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Requests fail, or a revocation or a record has no effect.
    Error,
    /// It could not be checked, so it may be an error.
    Unknown,
    /// Requests will fail later, or something has probably another effect than intended.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

macro_rules! kinds {
    ($($kind:ident, $severity:ident, $name:literal, $meaning:literal, $hint:literal;)*) => {
        /// The kinds of findings, in the order of the report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($kind),* }

        impl Kind {
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            pub fn severity(self) -> Severity {
                match self { $(Self::$kind => Severity::$severity),* }
            }

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            /// What it means, as a clause.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning),* }
            }

            /// What helps.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$kind => $hint),* }
            }
        }
    };
}

kinds! {
    TableMissing, Error, "table_missing", "the table does not exist, so every request gets 503",
        "deploy the template, or name the function's tables with CLIENTS_TABLE, TOKENS_TABLE and STATE_TABLE";
    OtherTable, Error, "other_table", "the table has another primary key than ours",
        "name the function's tables with CLIENTS_TABLE, TOKENS_TABLE and STATE_TABLE";
    TableNotActive, Error, "table_not_active", "the table cannot be used at the moment", "wait until it is active";
    RedisDataLost, Error, "redis_data_lost",
        "the Redis server lost its data, or is another server, so every request gets 503",
        "restore a backup or write the revocations again, then run `redis accept`, as in docs/redis.md";
    KeysUnavailable, Error, "keys_unavailable",
        "the issuer's keys cannot be fetched, and no shared set will last, so its tokens get 503",
        "check the issuer, its jwks_uri and the network, before the shared set is 24 hours old";
    NoUsableKey, Error, "no_usable_key", "the issuer publishes no key that can be used with its algorithms",
        "check algorithms and jwks_uri of the entry";
    CorruptClient, Error, "corrupt_client_record", "an attribute has a wrong type, so the client is refused",
        "correct the record, as in docs/data-model.md";
    CannotAuthenticate, Error, "cannot_authenticate", "no credentials of the client are accepted",
        "correct the record, or remove the client";
    PrivateKey, Error, "private_key_stored", "the jwks of the client contains a private key",
        "replace the key, and store only its public half";
    CorruptRecord, Error, "corrupt_record", "the record of an opaque token cannot be read, so the token is inactive",
        "correct the program that writes the records, as in docs/data-model.md";
    CorruptMark, Error, "corrupt_mark", "the mark cannot be read, so it revokes everything that its key names",
        "write the mark again with `revoke --replace`";
    NotChecked, Unknown, "not_checked", "a check could not be made", "see what is said beside it";
    TimeToLiveOff, Warning, "time_to_live_off", "items that are over are never removed, so the table only grows",
        "turn time to live on for expires_at; `tables create` does";
    RedisUnprotected, Warning, "redis_unprotected",
        "if the Redis server loses its data, revoked tokens are active again, and nothing notices that",
        "run `redis accept`, or let the function's user set the key canary#tokens";
    KeysUnreachable, Warning, "keys_unreachable", "the issuer's keys cannot be fetched from here; the shared set still serves",
        "check the issuer, its jwks_uri and the network";
    KeyDropped, Warning, "key_dropped", "a published key could not be read, so tokens that it signed get 503",
        "ask the issuer for a correct key";
    KeySetTruncated, Warning, "key_set_truncated", "the issuer publishes more keys than are loaded",
        "use a jwks_uri with only the keys of access tokens";
    KeyWithoutKid, Warning, "key_without_kid", "no mark can distrust a key without kid",
        "have the issuer give its keys a kid; `revoke --issuer` revokes all of its tokens";
    SnapshotUnusable, Warning, "snapshot_unusable", "the shared key set cannot be used, so each cold start fetches the keys",
        "delete the item; the function writes it again";
    SecretExpires, Warning, "previous_secret_expires", "the secret before the last rotation will soon be refused",
        "make sure that the client uses the new one";
    DefaultPolicyAny, Warning, "default_policy_any",
        "the policy of the client has no audiences and DEFAULT_POLICY is any, so it sees tokens for every audience",
        "name the audiences of the client in introspection.audiences, or set DEFAULT_POLICY=audience";
    ClientOfUnknownIssuer, Warning, "client_of_unknown_issuer", "the issuer in the record of the client is not configured",
        "correct the attribute issuer, byte for byte";
    PolicyOfUnknownIssuer, Warning, "policy_of_unknown_issuer", "the policy lists an issuer that is not configured",
        "correct introspection.issuers, byte for byte";
    RecordOfUnknownIssuer, Warning, "record_of_unknown_issuer",
        "the record names an issuer that is not configured, so the token is inactive",
        "correct the program that writes the records, or TRUSTED_ISSUERS";
    MarkOfUnknownIssuer, Warning, "mark_of_unknown_issuer", "the mark names an issuer that is not configured, so it revokes nothing",
        "write it for the configured issuer, and delete this one";
    UnknownItem, Warning, "unknown_item", "no key of a record or of a mark has this form, so the function never reads the item",
        "correct the program that writes it, as in docs/data-model.md";
    ReliesOnDefault, Note, "relies_on_default",
        "the policy of the client has no audiences, so it sees its own tokens and those for its client id",
        "name the audiences of the client in introspection.audiences, if it has others";
    ReportMode, Note, "report_mode", "the policy of the client only reports what it would hide",
        "look for would_deny in its audit records, then set the mode to enforce";
    SecretOver, Note, "previous_secret_over", "the record still has a previous secret, which is no longer accepted",
        "remove previous_client_secret";
    TokensSkipped, Note, "tokens_not_read", "the items of the tokens table were not read", "leave --skip-tokens out";
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn each_finding_has_a_row_in_the_documentation_with_its_severity() {
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operator.md")).unwrap();
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len(), "two findings have one name");
        for kind in Kind::ALL {
            let row = format!("| `{}` | {} |", kind.name(), kind.severity().name());
            assert!(page.contains(&row), "docs/operator.md lacks {row}");
        }
    }

    #[test]
    fn errors_come_first() {
        let severities: Vec<_> = Kind::ALL.iter().map(|kind| kind.severity()).collect();
        assert!(severities.is_sorted(), "{severities:?}");
    }
}
