//! The function as a Lambda authorizer, behind a small gateway.

mod bindings;
pub mod gateway;
mod outcomes;
mod recorded;
mod runtime;
mod scopes;

use gateway::{Api, Asked, Got, asked, event, honour, invoke, is_like, send};
use serde_json::{Value, json};
use token_introspection::{service::Service, settings::LogLevel};

use crate::{
    log::Log,
    proxy::Fault,
    world::{API, ISSUER, World},
};

/// A deployment whose authorizer has the policy of [`API`].
async fn world(api: Api, changes: &[(&str, &str)]) -> World {
    let settings = [("AUTHORIZER_CLIENT_ID", API), ("AUTHORIZER_RESPONSE", api.response())];
    World::with(&changes.iter().copied().chain(settings).collect::<Vec<_>>()).await
}

fn bearer(token: &str) -> Asked {
    asked(&format!("Bearer {token}"))
}
