//! `policy suggest`: drafts the policies of callers from the audit records that they left in report mode.

mod draft;
mod records;

use std::collections::BTreeMap;

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::json;

use self::{draft::Seen, records::AuditRecord};
use crate::{
    input::Input,
    output::{Report, pairs},
    problem::Problem,
};

#[derive(Subcommand)]
pub enum Command {
    /// Draft the policy of a caller from its audit records in report mode
    #[command(after_help = EXAMPLES)]
    Suggest(Suggest),
}

const EXAMPLES: &str = "\
Give the caller a policy in report mode ({\"mode\": \"report\"} hides nothing), wait until its usual traffic has passed, and
read its audit records. The draft lists the issuers, scopes and claims of the records, and the fewest audiences that show
every token. It stays in report mode: write it as the `introspection` of the client's record, wait until no record has
would_deny, and then set the mode to enforce. Keep token_types, allowed, enforce_binding and
require_signed_response of the record.

Reads lines as the function logs them, with or without a time before them, the JSON of `aws logs filter-log-events`, and
results of Logs Insights. Needs neither settings nor AWS credentials.

Exit codes: 0 a draft; 1 no record of report mode.

Examples:
  aws logs filter-log-events --log-group-name NAME --filter-pattern '{ $.target = \"audit\" }' |
    introspection-admin policy suggest --records -
  introspection-admin policy suggest --records @records.jsonl --client orders-api --output json";

#[derive(Args)]
pub struct Suggest {
    /// Audit records, as - (standard input) or @FILE
    #[arg(long, value_name = "-|@FILE")]
    records: Input,
    /// Only this caller
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns [`Problem::Usage`] if the records cannot be read, and [`Problem::Negative`] if none is of report mode.
pub fn run(command: &Command) -> Result<Report, Problem> {
    let Command::Suggest(Suggest { records, client }) = command;
    let text = records.read_records("--records")?;
    let mut callers = BTreeMap::<String, Seen>::new();
    let mut others = 0_u64;
    records::each(&text, &mut |record: AuditRecord| match &record.caller {
        Some(caller) if record.is_report() && client.as_ref().is_none_or(|wanted| wanted == caller) => {
            callers.entry(caller.clone()).or_default().add(record);
        }
        _ => others += 1,
    });
    if callers.is_empty() {
        let whose = client.as_ref().map(|client| format!(" of {client:?}")).unwrap_or_default();
        return Err(Problem::Negative(format!(
            "none of the {others} audit records{whose} is of an active token in report mode; set \"mode\": \"report\" in \
             the client's introspection, and wait for its traffic"
        )));
    }
    let shown = callers.iter().map(|(caller, seen)| format!("{}\n{:#}\n", pairs(&seen.pairs(caller)), seen.policy()));
    let text = shown.collect::<Vec<_>>().join("\n");
    let json = json!({
        "callers": callers.iter().map(|(caller, seen)| seen.json(caller)).collect::<Vec<_>>(),
        "other_records": others,
    });
    Ok(Report::done(text, json))
}
