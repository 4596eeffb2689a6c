//! `doctor`: looks for what is wrong with a deployment, or soon will be. It changes nothing, and all rules are the
//! library's own.

mod clients;
mod finding;
mod issuers;
mod items;
mod progress;
mod report;

use clap::Args;
use serde_json::{Value, json};
use token_introspection::{
    call::now,
    records::{Standing, Table},
    settings::{ProxySettings, Settings},
};

use self::{clients::ClientCheck, finding::Kind, items::ItemCounts, progress::Progress, report::Findings};
use crate::{
    canary,
    environment::Environment,
    output::Report,
    problem::Problem,
    store::{AdminError, AdminStore},
    time::duration,
};

pub const EXAMPLES: &str = "\
Needs the function's settings, from the environment, --function or --settings. Changes nothing. Reads the whole clients
table and, without --skip-tokens, the whole tokens table, with eventually consistent reads; a long one is reported on
standard error. Fetches the issuers' keys from here, so the function's network may give another result.

Exit codes: 0 nothing wrong, or only warnings and notes; 1 a finding of severity error; 3 a check could not be made. The
names of the findings are stable (docs/operator.md).

Examples:
  introspection-admin doctor --function $FUNCTION
  introspection-admin doctor --skip-tokens --output json
  introspection-admin doctor --secrets-within 30d";

#[derive(Args)]
pub struct Command {
    /// Do not read the items of the tokens table
    #[arg(long)]
    skip_tokens: bool,
    /// Report secrets before a rotation that are refused within this time: a duration (7d) or seconds
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    secrets_within: u32,
}

/// What every check needs, and what it has found.
struct Examination<'a> {
    settings: &'a Settings,
    proxies: ProxySettings,
    admin: &'a AdminStore,
    now: i64,
    findings: Findings,
}

/// Runs the command.
///
/// # Errors
///
/// Returns [`Problem`] if the settings are not valid, or DynamoDB cannot be reached.
pub async fn run(command: &Command, environment: &Environment) -> Result<Report, Problem> {
    let settings = environment.settings()?;
    let admin = environment.open().await?;
    let proxies = settings.proxies.clone();
    let mut examination = Examination { settings, proxies, admin: &admin, now: now(), findings: Findings::default() };
    let tables = examination.check_tables().await?;
    let redis = examination.check_redis(command.skip_tokens).await?;
    let issuers = issuers::check(&mut examination).await;
    let clients = examination.check_clients(command.secrets_within).await?;
    let counts = examination.check_items(command.skip_tokens).await?;
    let counts = [
        ("issuer", settings.trusted_issuers.len() as u64),
        ("client", clients),
        ("token record", counts.records),
        ("mark", counts.marks),
    ];
    Ok(examination.findings.report(&counts, &tables, &redis, &issuers))
}

impl Examination<'_> {
    async fn check_tables(&mut self) -> Result<Value, Problem> {
        let mut shown = Vec::new();
        for table in self.admin.tables() {
            let name = self.admin.table_name(table).to_owned();
            match self.admin.table_state(table).await {
                Ok(state) => {
                    if !state.is_active {
                        self.findings.add(Kind::TableNotActive, &name, "");
                    }
                    if table != Table::Clients && !state.removes_expired() {
                        let other = state.time_to_live.as_ref().map(|other| format!("it is on for {other:?}"));
                        self.findings.add(Kind::TimeToLiveOff, &name, other.unwrap_or_default());
                    }
                    let time_to_live = state.time_to_live;
                    shown.push(json!({ "name": state.name, "items": state.items, "time_to_live": time_to_live }));
                }
                Err(failure) => self.failed(&format!("the table {name}"), failure)?,
            }
        }
        Ok(shown.into())
    }

    /// Whether a loss of the data in Redis would be noticed, or has happened.
    async fn check_redis(&mut self, skip: bool) -> Result<Value, Problem> {
        if skip {
            return Ok(Value::Null);
        }
        match canary::standing(self.admin).await {
            Ok(None) => Ok(Value::Null),
            Ok(Some(standing)) => {
                match standing {
                    Standing::Protected => {}
                    Standing::Unprotected => self.findings.add(Kind::RedisUnprotected, "REDIS_URL", ""),
                    Standing::Lost(loss) => self.findings.add(Kind::RedisDataLost, "REDIS_URL", loss.to_string()),
                }
                Ok(canary::name(standing).into())
            }
            Err(failure) => self.failed("the Redis server", failure).map(|()| Value::Null),
        }
    }

    async fn check_clients(&mut self, within: u32) -> Result<u64, Problem> {
        let check = ClientCheck { settings: self.settings, now: self.now, within };
        let mut progress = Progress::new(self.admin.table_name(Table::Clients));
        let findings = &mut self.findings;
        let looked = |item| check.look(&item, findings);
        match self.admin.scan(Table::Clients, looked, |items| progress.at(items)).await {
            Ok(clients) => Ok(clients),
            Err(failure) => self.failed("the clients", failure).map(|()| 0),
        }
    }

    async fn check_items(&mut self, skip: bool) -> Result<ItemCounts, Problem> {
        let mut counts = ItemCounts::default();
        if skip {
            self.findings.add(Kind::TokensSkipped, "--skip-tokens", "");
            return Ok(counts);
        }
        if !self.admin.tables().contains(&Table::Tokens) {
            self.findings.add(Kind::TokensSkipped, "REDIS_URL", "items in Redis are not read");
            return Ok(counts);
        }
        let mut progress = Progress::new(self.admin.table_name(Table::Tokens));
        let (findings, settings) = (&mut self.findings, self.settings);
        let looked = |item| items::look(&item, settings, &mut counts, findings);
        if let Err(failure) = self.admin.scan(Table::Tokens, looked, |items| progress.at(items)).await {
            self.failed("the tokens", failure)?;
        }
        Ok(counts)
    }

    /// Reports why a part could not be checked, and continues with the others if they may be readable.
    fn failed(&mut self, part: &str, failure: AdminError) -> Result<(), Problem> {
        match failure {
            AdminError::NoTable(name) => self.findings.add_once(Kind::TableMissing, name),
            AdminError::OtherTable(name) => self.findings.add_once(Kind::OtherTable, name),
            failure @ (AdminError::NotAllowed { .. }
            | AdminError::Other { .. }
            | AdminError::Timeout
            | AdminError::Redis(_)
            | AdminError::Setting(_)) => {
                self.findings.add(Kind::NotChecked, part, failure.to_string());
            }
            failure => return Err(failure.into()),
        }
        Ok(())
    }
}
