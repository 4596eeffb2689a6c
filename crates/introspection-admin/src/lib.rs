//! The operator's tool as a library: `main` is the program, and [`embedded`] has the commands for the console of the
//! development server.

mod args;
mod canary;
mod client;
mod doctor;
pub mod embedded;
mod environment;
mod explain;
mod input;
mod issuer;
mod mark;
mod output;
mod paste;
mod policy;
mod problem;
mod random;
mod registration;
mod revoke;
mod signature;
mod signing_keys;
mod store;
mod suggestion;
mod tables;
mod time;
mod token;
mod trust;
mod usage;
mod variables;

use std::{env, process::ExitCode};

use clap::Parser;
use token_introspection::settings::check_root_certificates;

use self::{
    args::{Cli, Command, ExplainCommand, TablesCommand, TokenCommand},
    environment::Environment,
    output::Report,
    problem::Problem,
};

/// Runs the command of this process's arguments, and prints its answer.
pub async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::answer(&error),
    };
    let format = cli.global.output;
    match Box::pin(run(cli)).await.and_then(|report| report.print(format)) {
        Ok(code) => code,
        Err(problem) => {
            output::fail(&problem.to_string());
            problem.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<Report, Problem> {
    let variable = |name: &str| env::var(name).ok();
    check_root_certificates(variable)?;
    let environment = &Environment::load(cli.global, variable).await?;
    match cli.command {
        Command::Client(command) => client::run(command, environment).await,
        Command::Revoke(command) => revoke::run(*command, environment).await,
        Command::Token(TokenCommand::Put(command)) => token::put(*command, environment).await,
        Command::Explain(ExplainCommand { token, client }) => {
            explain::run(&token, client.as_deref(), environment).await
        }
        Command::Issuer(command) => issuer::run(&command, environment).await,
        Command::Policy(command) => policy::run(&command),
        Command::Tables(TablesCommand::Create) => tables::create(environment).await,
        Command::Redis(command) => canary::run(&command, environment).await,
        Command::Doctor(command) => doctor::run(&command, environment).await,
    }
}
