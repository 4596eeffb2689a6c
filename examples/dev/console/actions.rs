//! What the page asks for. Each action is a command of the operator's tool, with the tool's own code, or puts the demo
//! back to its beginning.

use introspection_admin::embedded::{Problem, ToRevoke, clean};
use serde_json::{Value, json};
use test_support::demo;

use super::Console;

/// Runs the action of this name. Returns `None` if it does not exist, and an error as the tool prints it.
pub async fn run(name: &str, input: &Value, console: &Console) -> Option<Result<Value, String>> {
    let text = |member: &str| input.get(member).and_then(Value::as_str).unwrap_or_default();
    let tool = &console.tool;
    // Boxed, because the SDK's futures are nested deeply.
    let done = match name {
        "explain" => Box::pin(tool.explain(text("token"), Some(text("client_id")))).await,
        "client" => Box::pin(tool.client(text("client_id"))).await,
        "suggest" => Box::pin(tool.suggest_issuer(text("token"))).await,
        "revoke" => {
            let what = match text("by") {
                "token" => ToRevoke::Token(text("token")),
                "session" => ToRevoke::Session { sid: text("name"), issuer: text("issuer") },
                "subject" => ToRevoke::Subject { sub: text("name"), issuer: text("issuer") },
                _ => return Some(Err("by is token, session or subject".to_owned())),
            };
            Box::pin(tool.revoke(what)).await
        }
        "clean" => {
            let (token, removed) = clean(text("text"));
            return Some(Ok(json!({ "token": token, "removed": removed })));
        }
        "reset" => return Some(reset(console)),
        _ => return None,
    };
    Some(done.map_err(|problem: Problem| problem.to_string()))
}

/// Removes all marks and records, and writes those of the demo again.
fn reset(console: &Console) -> Result<Value, String> {
    console.engine.clear().and_then(|()| demo::seed(&console.engine)).map_err(|error| error.to_string())?;
    Ok(json!({ "result": "reset" }))
}
