//! What can be typed. The words that are typed mean nothing yet; each command's own module gives them a meaning.

use clap::{Args, Parser, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};

use crate::{client, input::Source, revoke, token};

/// The operator's tool of the token introspection endpoint: clients, tokens, revocations, and why a token is not
/// active.
#[derive(Parser)]
#[command(name = "introspection-admin", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Tokens and secrets are read from standard input (-) or from a file (@FILE), never from the command line, where the
shell's history and the list of processes keep them.

The tables are named by CLIENTS_TABLE, TOKENS_TABLE and STATE_TABLE, the issuers by ISSUER and TRUSTED_ISSUERS, all as
the function has them. AWS_PROFILE, AWS_REGION and the other standard variables choose account, Region and endpoint.

Exit codes: 0 done, or active; 1 a negative answer: inactive, not found, there already; 2 wrong usage or settings;
3 unknown, since DynamoDB or an issuer's keys are out of reach.

Examples:
  introspection-admin tables create --endpoint-url http://127.0.0.1:8000
  introspection-admin client add --name 'Orders API' --audience https://orders.example.com
  introspection-admin revoke --sub alice --except-sid 5f2c
  pbpaste | introspection-admin explain --token -";

/// Options that stand before or after any command.
#[derive(Args)]
pub struct Global {
    /// How to print: tables for people, or one JSON document for scripts
    #[arg(long, global = true, help_heading = "Everywhere", value_enum, default_value = "table")]
    pub output: Format,
    /// The DynamoDB endpoint, for a local engine
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The AWS Region
    #[arg(long, global = true, help_heading = "Everywhere", value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

#[derive(Subcommand)]
pub enum Command {
    /// Register clients, rotate their secrets, show them, disable them
    #[command(subcommand)]
    Client(client::Command),
    /// Revoke one token, or all tokens of a subject, session, grant, client, issuer or signing key
    #[command(after_help = revoke::EXAMPLES)]
    Revoke(Box<revoke::Command>),
    /// Store opaque tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Say stage by stage why a token is active or not
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainCommand),
    /// Create the three tables
    #[command(subcommand)]
    Tables(TablesCommand),
}

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Store the record of an opaque token; without --token one is made, and shown once
    #[command(after_help = token::EXAMPLES)]
    Put(Box<token::Put>),
}

#[derive(Args)]
pub struct ExplainCommand {
    /// The token: - for standard input, or @FILE
    #[arg(long, value_name = "-|@FILE")]
    pub token: Source,
    /// Show how this client has to authenticate as well, and what it is then answered
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    pub client: Option<String>,
}

const EXPLAIN_EXAMPLES: &str = "\
Needs the function's settings in the environment: ISSUER, TRUSTED_ISSUERS and the others. Reads only: a key set that it
fetches is not shared with the function. Every stage is looked at, though the function stops at the first that fails.

Exit codes: 0 active, 1 inactive (with --client: or not shown to that client), 3 unknown.

Examples:
  introspection-admin explain --token @token.txt
  introspection-admin explain --token - --client orders-api --output json < token.txt";

#[derive(Subcommand)]
pub enum TablesCommand {
    /// Create what is missing of the three tables, on demand, with time to live where marks and tokens end
    #[command(after_help = TABLES_EXAMPLES)]
    Create,
}

const TABLES_EXAMPLES: &str = "\
A table that is there stays as it is, but for its time to live, which is turned on where it is off.
A deployment's tables come from its template, with point-in-time recovery and encryption; these are for development.

Examples:
  introspection-admin tables create --endpoint-url http://127.0.0.1:8000 --region eu-west-1
  TOKENS_TABLE=test-tokens introspection-admin tables create --output json";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }
}
