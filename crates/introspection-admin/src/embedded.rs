//! The tool inside another program: the same commands with the same rules, without a command line. The console of the
//! development server uses it.

use serde_json::Value;

use crate::{client, environment::Environment, explain, input::Input, issuer, output::Report, paste::Pasted, revoke};
pub use crate::{problem::Problem, store::Connection};

/// The commands, for one set of tables and settings.
pub struct EmbeddedTool {
    environment: Environment,
}

/// What to revoke. A token is in it, so it has no `Debug`.
pub enum ToRevoke<'a> {
    Token(&'a str),
    Session { sid: &'a str, issuer: &'a str },
    Subject { sub: &'a str, issuer: &'a str },
}

/// Removes what people paste around a token, as every command that takes one does. Returns the token, and what was
/// removed.
pub fn clean(pasted: &str) -> (String, Option<String>) {
    let cleaned = Pasted::new(pasted);
    let message = cleaned.message();
    (cleaned.token, message)
}

impl EmbeddedTool {
    /// The tool with these tables, and with the function's settings from these variables.
    pub fn new(connection: Connection, variable: impl Fn(&str) -> Option<String>) -> Self {
        Self { environment: Environment::embedded(connection, variable) }
    }

    /// Does what `explain --token - --client ID` does, and returns what `--output json` prints.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] as the command does.
    pub async fn explain(&self, token: &str, client_id: Option<&str>) -> Result<Value, Problem> {
        let report = explain::run(&Input::given(token), client_id, &self.environment).await;
        Ok(report?.json)
    }

    /// Does what `revoke` does, with the defaults of its options.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] as the command does, for example if the mark would revoke nothing.
    pub async fn revoke(&self, what: ToRevoke<'_>) -> Result<Value, Problem> {
        let command = match what {
            ToRevoke::Token(token) => revoke::Command::for_token(token),
            ToRevoke::Session { sid, issuer } => revoke::Command::for_session(sid, issuer),
            ToRevoke::Subject { sub, issuer } => revoke::Command::for_subject(sub, issuer),
        };
        Ok(revoke::run(command, &self.environment).await?.json)
    }

    /// Does what `issuer suggest --token -` does, but fetches nothing from the issuer.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] if the token is not a JWT.
    pub async fn suggest_issuer(&self, token: &str) -> Result<Value, Problem> {
        let Report { json, .. } = issuer::by_token(&Input::given(token), None).await?;
        Ok(json)
    }

    /// Does what `client show ID` does.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] if the client does not exist or cannot be read.
    pub async fn client(&self, client_id: &str) -> Result<Value, Problem> {
        let command = client::Command::Show { client: client_id.to_owned() };
        Ok(client::run(command, &self.environment).await?.json)
    }
}
