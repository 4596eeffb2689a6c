//! What a new client may see: the options that set the `introspection` map of its record.

use std::collections::HashMap;

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use token_introspection::records::{Mode, TokenType};

use super::named;
use crate::args::choice;

/// What the client may see.
#[derive(Args)]
#[group(multiple = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent option")]
pub(super) struct Policy {
    /// Identifier of this resource server, which sees tokens with this `aud`; may be repeated
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    audience: Vec<String>,
    /// Scopes to release; a trailing * matches a prefix; may be repeated, or several separated by spaces
    #[arg(long, value_delimiter = ' ', value_parser = NonEmptyStringValueParser::new())]
    scope: Vec<String>,
    /// Member to release in addition to the registered ones; may be repeated
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    claim: Vec<String>,
    /// Type of token that the client may see; may be repeated
    #[arg(long, value_parser = choice(&TokenType::ALL, TokenType::name))]
    token_type: Vec<TokenType>,
    /// Issuer whose tokens the client may see; may be repeated
    #[arg(long = "policy-issuer", value_name = "ISSUER", value_parser = NonEmptyStringValueParser::new())]
    from: Vec<String>,
    /// Enforce audiences, scopes and claims, or only report what they would hide
    #[arg(long, value_parser = choice(&Mode::ALL, Mode::name))]
    mode: Option<Mode>,
    /// Release only signed answers (RFC 9701)
    #[arg(long)]
    require_signed_response: bool,
    /// Allow the client to revoke all tokens of a subject of its issuer (/global-token-revocation)
    #[arg(long)]
    may_revoke_subjects: bool,
    /// Answer a token that is bound to a key as inactive unless its sender's proof is forwarded (RFC 9449, RFC 8705)
    #[arg(long)]
    enforce_binding: bool,
    /// Do not allow the client to introspect
    #[arg(long)]
    not_allowed: bool,
}

impl Policy {
    pub fn attributes(self) -> HashMap<String, AttributeValue> {
        let words = |words: Vec<String>| words.into_iter().map(AttributeValue::S).collect();
        let list = |values: Vec<AttributeValue>| (!values.is_empty()).then_some(AttributeValue::L(values));
        named([
            ("audiences", list(words(self.audience))),
            ("scopes", list(words(self.scope))),
            ("claims", list(words(self.claim))),
            ("token_types", list(words(self.token_type.into_iter().map(|kind| kind.name().to_owned()).collect()))),
            ("issuers", list(words(self.from))),
            ("mode", self.mode.map(|mode| AttributeValue::S(mode.name().to_owned()))),
            ("require_signed_response", self.require_signed_response.then_some(AttributeValue::Bool(true))),
            ("may_revoke_subjects", self.may_revoke_subjects.then_some(AttributeValue::Bool(true))),
            ("enforce_binding", self.enforce_binding.then_some(AttributeValue::Bool(true))),
            ("allowed", self.not_allowed.then_some(AttributeValue::Bool(false))),
        ])
    }
}
