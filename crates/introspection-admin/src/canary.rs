//! `redis accept`: makes the Redis server, with the data that it has now, the one that the function trusts. The function
//! trusts a server that has the canary of the state table.

use std::collections::HashMap;

use clap::Subcommand;
use serde_json::json;
use token_introspection::records::{Canary, CanaryCopy, Corrupt, FetchedItems, ItemKey, Standing, Table};

use crate::{
    environment::Environment,
    output::{Report, pairs, warn},
    problem::Problem,
    random,
    store::{AdminError, AdminStore, Change},
};

#[derive(Subcommand)]
pub enum Command {
    /// Trust the Redis server with the data that it has now
    #[command(after_help = EXAMPLES)]
    Accept,
}

const EXAMPLES: &str = "\
A random value, the canary, is in the state table and in Redis. If Redis has lost it, it has lost the revocations too, and
every request is answered with 503. Before you run this command, restore a backup of the server, or write again what was
revoked (`revoke`) and stored (`token put`): what is missing then is active again from the next request on.

The command also protects a server for the first time, if the function's user may not set the key canary#tokens. That user
must be able to read it: otherwise, every request is answered with 503 from then on. The command needs
GetItem, PutItem and UpdateItem on the item canary#tokens of the state table. If the server already has a canary, such as
that of another deployment, the state table gets the same one. `doctor` shows whether a server is protected.

Exit codes: 0 the server is trusted; 1 another program changed the canary meanwhile, run it again; 2 the tokens are not in
Redis; 3 unknown, because Redis or DynamoDB cannot be reached.

Examples:
  introspection-admin redis accept --function $FUNCTION
  introspection-admin redis accept --output json";

/// The canary's keys in the state table and in Redis.
fn keys() -> (ItemKey, ItemKey) {
    (ItemKey::expected_canary(), ItemKey::canary())
}

/// Whether Redis still has the data that it had. `None` if the tokens are in DynamoDB.
///
/// # Errors
///
/// Returns [`AdminError`] if one of the two stores cannot be read.
pub async fn standing(admin: &AdminStore) -> Result<Option<Standing>, AdminError> {
    if admin.tables().contains(&Table::Tokens) {
        return Ok(None);
    }
    let (expected, in_redis) = keys();
    // DynamoDB is read first, as the function does it.
    let items = admin.items(&[expected.clone(), in_redis.clone()]).await?;
    let copy = |key| CanaryCopy::from_items(&items, key);
    Ok(Some(copy(&expected).standing(&copy(&in_redis))))
}

/// Warns if the function does not trust the server to which a mark was just written.
pub async fn warn_of_loss(admin: &AdminStore) {
    match standing(admin).await {
        Ok(Some(Standing::Lost(loss))) => {
            warn(&format!("the function answers 503 until the server is accepted: {loss}"));
        }
        Err(failure) => warn(&format!("it is unknown whether the function trusts the server: {failure}")),
        Ok(_) => {}
    }
}

/// The stable name.
pub fn name(standing: Standing) -> &'static str {
    match standing {
        Standing::Protected => "protected",
        Standing::Unprotected => "unprotected",
        Standing::Lost(_) => "lost",
    }
}

/// Runs the command.
///
/// # Errors
///
/// Returns [`Problem`] if the tokens are not in Redis, or if one of the two stores cannot be written.
pub async fn run(command: &Command, environment: &Environment) -> Result<Report, Problem> {
    let Command::Accept = command;
    let admin = environment.open().await?;
    if admin.tables().contains(&Table::Tokens) {
        return Err(Problem::usage(
            "REDIS_URL is not set, so the tokens are in DynamoDB, and there is no server to accept",
        ));
    }
    let (expected, in_redis) = keys();
    let items = admin.items(&[expected.clone(), in_redis.clone()]).await?;
    let copy = |key| CanaryCopy::from_items(&items, key);
    let before = copy(&expected).standing(&copy(&in_redis));
    if before != Standing::Protected {
        // Redis comes first: if the command ends between the two, the function still refuses the server, or records the
        // canary itself if none is recorded (U-04).
        let canary = match copy(&in_redis) {
            CanaryCopy::Present(canary) => canary,
            CanaryCopy::Missing | CanaryCopy::Unreadable => {
                let canary = Canary::new(random::identifier()?);
                write(&admin, &in_redis, &items, &canary).await?;
                canary
            }
        };
        match write(&admin, &expected, &items, &canary).await {
            // An environment that noticed the canary in Redis has recorded it.
            Err(AdminError::Condition) if standing(&admin).await? == Some(Standing::Protected) => {}
            written => written
                .map_err(|failure| Problem::from(failure).after("the canary is in Redis and not in the state table"))?,
        }
    }
    let because = if let Standing::Lost(loss) = before { Some(loss.to_string()) } else { None };
    let text = pairs(&[("before", name(before)), ("now", name(Standing::Protected))].map(|(n, v)| (n, v.to_owned())));
    Ok(Report::done(text, json!({ "before": name(before), "because": because, "now": name(Standing::Protected) })))
}

/// Writes the canary over what was read.
async fn write(admin: &AdminStore, key: &ItemKey, items: &FetchedItems, canary: &Canary) -> Result<(), AdminError> {
    let old = match items.item(key) {
        None => return admin.insert(key, canary.attributes()).await,
        Some(Ok(item)) => item.get("value").cloned(),
        Some(Err(Corrupt)) => None,
    };
    let set: HashMap<_, _> = canary.attributes();
    admin.update(key, Change { set, remove: vec!["expires_at"], unchanged: vec![("value", old)] }).await
}
