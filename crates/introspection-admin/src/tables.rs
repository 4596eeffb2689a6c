//! `tables create`: creates the three tables, for development and scripts.

use serde_json::json;
use token_introspection::records::Table;

use crate::{
    environment::Environment,
    output::{self, Report, warn},
    problem::Problem,
    store::TimeToLive,
};

/// Creates the missing tables, and reports the existing ones without changing them.
///
/// # Errors
///
/// Returns [`Problem`] if a table cannot be created, or if another table has its name.
pub async fn create(environment: &Environment) -> Result<Report, Problem> {
    let admin = environment.open().await?;
    let (mut rows, mut tables) = (Vec::new(), Vec::new());
    if !admin.tables().contains(&Table::Tokens) {
        warn("the tokens are in Redis (REDIS_URL), so no table is created for them");
    }
    for table in admin.tables() {
        let creation = admin.create_table(table).await?;
        let result = if creation.existed { "exists" } else { "created" };
        let time_to_live = match creation.time_to_live {
            TimeToLive::NotWanted => None,
            TimeToLive::On => Some("expires_at".to_owned()),
            TimeToLive::OtherAttribute(other) => {
                warn(&format!(
                    "the table {:?} has {other:?} as its time to live, so marks and tokens that are over stay; turn \
                     that off and run the command again to have expires_at",
                    creation.name
                ));
                Some(other)
            }
        };
        rows.push(vec![
            creation.name.clone(),
            result.to_owned(),
            time_to_live.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
        tables.push(json!({ "name": creation.name, "result": result, "time_to_live": time_to_live }));
    }
    let text = output::table(&["table", "result", "time to live"], rows);
    Ok(Report::done(text, json!({ "tables": tables })))
}
