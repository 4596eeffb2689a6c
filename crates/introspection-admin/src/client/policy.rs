//! What a new client may see: the options that make the `introspection` map of its record.

use std::collections::HashMap;

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use token_introspection::records::{Mode, TokenType};

use super::named;
use crate::args::choice;

/// What the client may see.
#[derive(Args)]
#[group(multiple = true)]
pub(super) struct Policy {
    /// An identifier of this resource server: it sees tokens with such an `aud`; may be repeated
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    audience: Vec<String>,
    /// Scopes to show it; a trailing * matches a prefix; may be repeated, or several between spaces
    #[arg(long, value_delimiter = ' ', value_parser = NonEmptyStringValueParser::new())]
    scope: Vec<String>,
    /// A member to show it beyond the registered ones; may be repeated
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    claim: Vec<String>,
    /// A kind of token that it may see; may be repeated
    #[arg(long, value_parser = choice(&TokenType::ALL, TokenType::name))]
    token_type: Vec<TokenType>,
    /// An issuer whose tokens it may see; may be repeated
    #[arg(long = "policy-issuer", value_name = "ISSUER", value_parser = NonEmptyStringValueParser::new())]
    from: Vec<String>,
    /// Whether audiences, scopes and claims are enforced, or only reported
    #[arg(long, value_parser = choice(&Mode::ALL, Mode::name))]
    mode: Option<Mode>,
    /// It gets only signed answers (RFC 9701)
    #[arg(long)]
    require_signed_response: bool,
    /// It may not introspect
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
            ("allowed", self.not_allowed.then_some(AttributeValue::Bool(false))),
        ])
    }
}
