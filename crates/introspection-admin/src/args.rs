//! The command line. Each command's own module gives its options a meaning.

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser},
};

use crate::{canary, client, doctor, input::Input, issuer, policy, revoke, time::explained, token};

/// The operator's tool of the token introspection endpoint: manages clients, tokens and revocations, and explains why a
/// token is not active.
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

The settings are the function's own: ISSUER, TRUSTED_ISSUERS, CLIENTS_TABLE, TOKENS_TABLE, STATE_TABLE and the others.
They are read from the environment, from the deployed function (--function) or from a file (--settings). AWS_PROFILE,
AWS_REGION and the other standard variables choose account, Region and endpoint.

Exit codes: 0 done, or active; 1 a negative answer: inactive, not found, already exists, or a mark that would revoke
nothing; 2 wrong usage or settings; 3 unknown, because DynamoDB, Lambda or an issuer's keys cannot be reached.

Examples:
  introspection-admin tables create --endpoint-url http://127.0.0.1:8000
  introspection-admin client add --name 'Orders API' --audience https://orders.example.com
  introspection-admin revoke --sub alice --except-sid 5f2c --function $FUNCTION
  pbpaste | introspection-admin explain --token -";

/// Options that may precede or follow any command.
#[derive(Args)]
pub struct Global {
    /// Output format: a table for humans, or one JSON document for scripts
    #[arg(long, global = true, help_heading = "Everywhere", value_enum, default_value = "table")]
    pub output: Format,
    /// Endpoint of DynamoDB, for a local engine
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// AWS Region
    #[arg(long, global = true, help_heading = "Everywhere", value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,
    /// Read all settings, including the tables, from this deployed Lambda function: its name or ARN
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "NAME", conflicts_with = "settings",
        value_parser = NonEmptyStringValueParser::new())]
    pub function: Option<String>,
    /// Read all settings from a file: NAME=value lines, or the output of `aws lambda get-function-configuration`
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE", value_parser = settings_file)]
    pub settings: Option<Input>,
}

/// The name of a file is not a secret, so it needs no `@`.
fn settings_file(typed: &str) -> Result<Input, &'static str> {
    match typed {
        "" => Err("takes the name of a file, or - for standard input"),
        "-" => Ok(Input::from(typed.to_owned())),
        _ if typed.starts_with('@') => Ok(Input::from(typed.to_owned())),
        _ => Ok(Input::from(format!("@{typed}"))),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

#[derive(Subcommand)]
pub enum Command {
    /// Register clients, rotate their secrets, show and disable them
    #[command(subcommand)]
    Client(client::Command),
    /// Revoke one token, or all tokens of a subject, session, grant, client, issuer or signing key
    #[command(after_help = explained(revoke::EXAMPLES))]
    Revoke(Box<revoke::Command>),
    /// Store opaque tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Explain, stage by stage, why a token is active or not
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainCommand),
    /// Suggest the entry of `TRUSTED_ISSUERS` for an issuer
    #[command(subcommand)]
    Issuer(issuer::Command),
    /// Draft the policies of callers
    #[command(subcommand)]
    Policy(policy::Command),
    /// Create the three tables
    #[command(subcommand)]
    Tables(TablesCommand),
    /// Trust a Redis server that has the tokens
    #[command(subcommand)]
    Redis(canary::Command),
    /// Check tables, issuers, clients, token records and marks for what is wrong or soon will be
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Command),
}

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Store the record of an opaque token; without --token, a token is generated and shown once
    #[command(after_help = explained(token::EXAMPLES))]
    Put(Box<token::Put>),
}

#[derive(Args)]
pub struct ExplainCommand {
    /// Token, as - (standard input) or @FILE
    #[arg(long, value_name = "-|@FILE")]
    pub token: Input,
    /// Also show how this client must authenticate, and which answer it gets
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    pub client: Option<String>,
}

const EXPLAIN_EXAMPLES: &str = "\
Needs the function's settings, from the environment, --function or --settings. Writes nothing: a key set that it fetches
is not shared with the function. Shows every stage, although the function stops at the first that fails.

Exit codes: 0 active; 1 inactive or, with --client, not shown to that client; 3 unknown.

Examples:
  introspection-admin explain --token @token.txt
  introspection-admin explain --token - --client orders-api --output json < token.txt
  introspection-admin explain --token @token.txt --function $FUNCTION";

#[derive(Subcommand)]
pub enum TablesCommand {
    /// Create the missing tables of the three, billed on demand, with time to live for marks and tokens
    #[command(after_help = TABLES_EXAMPLES)]
    Create,
}

const TABLES_EXAMPLES: &str = "\
An existing table is not changed, except that time to live is turned on if it is off.
A deployment's tables come from its template, with point-in-time recovery and encryption; these are for development.

Examples:
  introspection-admin tables create --endpoint-url http://127.0.0.1:8000 --region eu-west-1
  TOKENS_TABLE=test-tokens introspection-admin tables create --output json";

/// Parses one of the choices by its name, which is the library's own.
pub fn choice<T: Copy + Send + Sync + 'static, const N: usize>(
    choices: &'static [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = choices.iter().map(|choice| name(*choice));
    PossibleValuesParser::new(names)
        .try_map(move |typed| choices.iter().copied().find(|choice| name(*choice) == typed).ok_or("not a choice"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }
}
