//! `client …`: manages the records of the clients table.

mod add;
mod authentication;
mod disable;
mod jwks;
mod policy;
mod rotate;
mod show;

use std::collections::HashMap;

use clap::{Subcommand, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use token_introspection::{records::ItemKey, request};

pub use self::jwks::is_private;
use self::{add::Add, disable::Disable, rotate::Rotate};
use crate::{environment::Environment, input::Input, output::Report, problem::Problem, random, time::explained};

#[derive(Subcommand)]
pub enum Command {
    /// Register a client; if it needs a secret, one is generated and shown once
    #[command(after_help = add::EXAMPLES)]
    Add(Box<Add>),
    /// Give a client a new secret; the old one stays valid for a while
    #[command(after_help = rotate::EXAMPLES)]
    RotateSecret(Rotate),
    /// Show one client, without the digest of its secret
    #[command(after_help = show::SHOW_EXAMPLES)]
    Show {
        #[arg(value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
        client: String,
    },
    /// List all clients
    #[command(after_help = show::LIST_EXAMPLES)]
    List,
    /// Refuse a client from now on, and revoke its tokens
    #[command(after_help = explained(disable::EXAMPLES))]
    Disable(Disable),
}

pub async fn run(command: Command, environment: &Environment) -> Result<Report, Problem> {
    match command {
        Command::Add(command) => add::run(*command, environment).await,
        Command::RotateSecret(command) => rotate::run(&command, environment).await,
        Command::Show { client } => show::one(&client, environment).await,
        Command::List => show::all(environment).await,
        Command::Disable(command) => disable::run(&command, environment).await,
    }
}

/// A shorter secret may have been chosen by a person, and could be guessed from its digest.
const MIN_SECRET_CHARACTERS: usize = 32;

/// A client's secret in plain text, so it has no `Debug`.
struct Secret {
    text: String,
    /// Whether it was generated here, so that it must be shown.
    made: bool,
}

impl Secret {
    /// Generates a secret, or reads the one to import.
    fn new(source: Option<&Input>) -> Result<Self, Problem> {
        let Some(source) = source else { return Ok(Self { text: random::secret()?, made: true }) };
        let text = source.read("--secret", "secret")?;
        if text.chars().count() < MIN_SECRET_CHARACTERS {
            return Err(Problem::usage(
                "the secret of --secret is under 32 characters; leave --secret out to generate one of 256 bits",
            ));
        }
        Ok(Self { text, made: false })
    }
}

/// The key of a client's record.
///
/// # Errors
///
/// Returns [`Problem::Usage`] if the text is not a client id.
pub fn client_key(client_id: &str) -> Result<ItemKey, Problem> {
    request::client_key(client_id)
        .ok_or_else(|| Problem::usage("a client id is 1 to 2,048 bytes long and contains no control characters"))
}

fn not_found(client_id: &str) -> Problem {
    Problem::Negative(format!(
        "the client {client_id:?} does not exist; `introspection-admin client list` shows all clients"
    ))
}

/// Removes the attributes that have no value.
fn named<const N: usize>(attributes: [(&str, Option<AttributeValue>); N]) -> HashMap<String, AttributeValue> {
    attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
