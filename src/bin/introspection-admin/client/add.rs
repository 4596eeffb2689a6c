//! `client add`: a client that was not there.

use std::collections::HashMap;

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use serde_json::json;
use token_introspection::{records::sha256_hex, store::Failure};

use super::{Secret, client_key};
use crate::{
    environment::Environment,
    input::Source,
    output::{Report, pairs},
    problem::Problem,
    random,
};

pub const EXAMPLES: &str = "\
The secret has 256 bits, of letters and digits, and is shown once; stored is its SHA-256. A client that is there stays
as it is. What the policy options leave out is not restricted (but for --token-type: access tokens alone, and
--audience: DEFAULT_POLICY decides).

Examples:
  introspection-admin client add --name 'Orders API' --audience https://orders.example.com --scope 'orders:*'
  introspection-admin client add --id gateway --method client_secret_basic --mode report
  introspection-admin client add --id legacy --secret @secret.txt
  introspection-admin client add --id orders-web --public";

#[derive(Args)]
pub struct Add {
    /// The client id; left out: one is made
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// A name for people
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// The issuer where this client id is registered (ISSUER, and the only trusted issuer, if left out)
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    /// How it has to authenticate; left out: either way
    #[arg(long, value_enum, conflicts_with = "public")]
    method: Option<Method>,
    /// A client without a secret, which may not introspect
    #[arg(long, conflicts_with_all = ["secret", "Policy"])]
    public: bool,
    /// Import a secret of at least 32 characters: - for standard input, or @FILE
    #[arg(long, value_name = "-|@FILE")]
    secret: Option<Source>,
    #[command(flatten)]
    policy: Policy,
}

/// What the client may see.
#[derive(Args)]
#[group(multiple = true)]
struct Policy {
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
    #[arg(long, value_enum)]
    token_type: Vec<TokenType>,
    /// An issuer whose tokens it may see; may be repeated
    #[arg(long = "policy-issuer", value_name = "ISSUER", value_parser = NonEmptyStringValueParser::new())]
    from: Vec<String>,
    /// Whether audiences, scopes and claims are enforced, or only reported
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// It may not introspect
    #[arg(long)]
    not_allowed: bool,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Method {
    ClientSecretBasic,
    ClientSecretPost,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum TokenType {
    AccessToken,
    RefreshToken,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    Enforce,
    Report,
}

pub(super) async fn run(add: Add, environment: &Environment) -> Result<Report, Problem> {
    let id = add.id.map_or_else(random::identifier, Ok)?;
    let key = client_key(&id)?;
    let secret = if add.public { None } else { Some(Secret::new(add.secret.as_ref())?) };
    if let Some(issuer) = &add.issuer {
        environment.issuer(Some(issuer.clone()))?;
    }
    let policy = add.policy.attributes();
    let attributes = named([
        ("client_secret", secret.as_ref().map(|secret| AttributeValue::S(sha256_hex(&secret.text)))),
        ("client_name", add.name.map(AttributeValue::S)),
        ("issuer", add.issuer.map(AttributeValue::S)),
        ("token_endpoint_auth_method", add.method.as_ref().and_then(word)),
        ("introspection", (!policy.is_empty()).then_some(AttributeValue::M(policy))),
    ]);
    let operator = environment.open().await?;
    match operator.insert(&key, attributes.clone()).await {
        Ok(()) => {}
        Err(Failure::Condition) => {
            let digest = attributes.get("client_secret").filter(|_| secret.as_ref().is_some_and(|secret| secret.made));
            let stored = operator.item(&key).await?;
            // Nobody else can have stored the digest of a secret that was just made: a first attempt was answered
            // too late.
            if digest.is_none() || stored.as_ref().and_then(|stored| stored.get("client_secret")) != digest {
                return Err(Problem::Negative(format!(
                    "there is a client {id:?}, which stays as it is; choose another --id, or give it a new secret with \
                     `introspection-admin client rotate-secret`"
                )));
            }
        }
        Err(failure) => return Err(failure.into()),
    }
    Ok(report(id, secret))
}

fn report(id: String, secret: Option<Secret>) -> Report {
    let shown = secret.as_ref().filter(|secret| secret.made).map(|secret| secret.text.as_str());
    let json = json!({ "client_id": id, "client_secret": shown });
    let mut answer = vec![("client_id", id)];
    let note = match secret {
        None => "the client is public: it has no secret and may not introspect",
        Some(Secret { text, made: true }) => {
            answer.push(("client_secret", text));
            "the secret is shown this once; only its SHA-256 is stored"
        }
        Some(Secret { made: false, .. }) => "the secret was imported; only its SHA-256 is stored",
    };
    answer.push(("note", note.to_owned()));
    Report::done(pairs(&answer), json)
}

impl Policy {
    fn attributes(self) -> HashMap<String, AttributeValue> {
        let words = |words: Vec<String>| words.into_iter().map(AttributeValue::S).collect();
        let list = |values: Vec<AttributeValue>| (!values.is_empty()).then_some(AttributeValue::L(values));
        named([
            ("audiences", list(words(self.audience))),
            ("scopes", list(words(self.scope))),
            ("claims", list(words(self.claim))),
            ("token_types", list(self.token_type.iter().filter_map(word).collect())),
            ("issuers", list(words(self.from))),
            ("mode", self.mode.as_ref().and_then(word)),
            ("allowed", self.not_allowed.then_some(AttributeValue::Bool(false))),
        ])
    }
}

/// Leaves out the attributes that have no value.
fn named<const N: usize>(attributes: [(&str, Option<AttributeValue>); N]) -> HashMap<String, AttributeValue> {
    attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A choice as the word that was typed, which is the contract's own.
fn word(choice: &impl ValueEnum) -> Option<AttributeValue> {
    choice.to_possible_value().map(|value| AttributeValue::S(value.get_name().to_owned()))
}
