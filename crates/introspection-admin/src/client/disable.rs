//! `client disable`: refuses the client from now on, and revokes what was issued to it.

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use serde_json::json;
use token_introspection::records::{InvalidItemKey, Item, MarkKey, MarkKind, MarkScope};

use super::{client_key, not_found};
use crate::{
    environment::Environment,
    mark::{self, MarkRequest},
    output::{Report, pairs, warn},
    problem::Problem,
    store::{AdminError, Change},
    time::{TimeArgument, not_before},
    trust::{Force, mark_issuer},
};

pub const EXAMPLES: &str = "\
Sets `disabled` in the client's record, and writes a `client#` mark for each issuer at which the client is registered
(ISSUER and the first trusted issuer, if the record names none). The mark revokes tokens that were issued up to now plus
CLOCK_SKEW_SECONDS, because the function accepts tokens that are dated that far ahead. Tokens that are issued later are
not revoked, so have the authorization server stop issuing them, or give --not-before none.

Nothing is written, and the exit code is 1, if the record names an issuer that is neither ISSUER nor in TRUSTED_ISSUERS.

Examples:
  introspection-admin client disable orders-api --reason 'contract ended'
  introspection-admin client disable orders-api --not-before none";

#[derive(Args)]
pub struct Disable {
    #[arg(value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client: String,
    /// Revoke tokens issued up to this time: none (all tokens), now (plus the clock skew) or a TIME (2h: two hours ago)
    #[arg(long, value_name = "TIME", value_parser = not_before, default_value = "now")]
    not_before: TimeArgument,
    /// Reason, for audit records and `explain`; never sent to callers
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Disable the client even if the mark would revoke nothing
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(disable: &Disable, environment: &Environment) -> Result<Report, Problem> {
    let key = client_key(&disable.client)?;
    let admin = environment.open().await?;
    let client = admin.item(&key).await?.ok_or_else(|| not_found(&disable.client))?;
    // This precedes every write, so that a missing setting leaves nothing half done.
    let not_before = match disable.not_before {
        TimeArgument::Now => Some(environment.until_now()?),
        TimeArgument::None => None,
        TimeArgument::At(time) => Some(time),
    };
    let marks = issuers(&client, Force(disable.force), environment)?
        .iter()
        .map(|issuer| MarkKey::new(MarkKind::Client, issuer, Some(&disable.client)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|InvalidItemKey| Problem::usage("the client's id is so long that no token can name it"))?;
    let mut change = Change::default();
    change.set.insert("disabled".to_owned(), AttributeValue::Bool(true));
    match admin.update(&key, change).await {
        Err(AdminError::Condition) => return Err(not_found(&disable.client)),
        written => written?,
    }
    let scope = MarkScope { not_before, except_sid: None };
    let (mut answer, mut written) =
        (vec![("client_id", disable.client.clone()), ("disabled", "yes".to_owned())], vec![]);
    for mark in marks {
        let request = MarkRequest { mark, scope: scope.clone(), expires_at: None, reason: disable.reason.clone() };
        let outcome = mark::write(&admin, &request, false).await;
        let outcome =
            outcome.map_err(|problem| problem.after("the client is disabled; its tokens may still be active"))?;
        answer.extend(outcome.pairs());
        written.push(outcome.json());
    }
    Ok(Report::done(pairs(&answer), json!({ "client_id": disable.client, "disabled": true, "marks": written })))
}

/// The issuers at which the function considers the client registered.
fn issuers(client: &Item, force: Force, environment: &Environment) -> Result<Vec<String>, Problem> {
    match client.get("issuer") {
        Some(AttributeValue::S(issuer)) => return Ok(vec![mark_issuer(Some(issuer), force, environment)?.name]),
        None | Some(AttributeValue::Null(_)) => {}
        Some(_) => warn("the client's issuer has a wrong type; the mark is for the issuers of a client without one"),
    }
    Ok(environment.settings()?.home_issuers().map(str::to_owned).collect())
}
