//! Steps 12 and 13 of the order of the checks: who asks, and whether it may.

use super::{
    End, World, base64,
    client::{Client, Policy},
    request::{Credentials, Query},
    rules::Fault,
};

/// A client that has proved its identity.
pub struct Caller {
    pub id: String,
    /// The issuers with which its id is registered.
    pub issuers: Vec<String>,
    pub policy: Policy,
}

fn refused(reason: &'static str) -> End {
    End { status: 401, error: "invalid_client", description: "", reason }
}

pub fn authenticate(world: &World<'_>, query: &Query, now: i64) -> Result<Caller, End> {
    let (id, method, readings) = match &query.credentials {
        Credentials::Bearer => return Err(refused("bearer_malformed")),
        Credentials::OtherScheme => return Err(refused("unsupported_mechanism")),
        Credentials::Basic { id, readings } => (id, "client_secret_basic", readings.clone()),
        Credentials::Post { id, secret } => (id, "client_secret_post", vec![secret.clone()]),
    };
    let is_an_id = (1..=2048).contains(&id.len()) && !id.chars().any(char::is_control);
    let record = world.tables.clients.get(id).filter(|_| is_an_id).ok_or(refused("unknown_client"))?;
    let client = Client::read(record).map_err(|_| refused("corrupt_client_record"))?;
    if client.disabled {
        return Err(refused("disabled"));
    }
    if client.is_public() {
        return Err(refused("public_client"));
    }
    if !client.uses(method) {
        return Err(refused("wrong_method"));
    }
    // One that is registered for a method with a secret, and has none, is public too.
    if client.secret.is_none() {
        return Err(refused("public_client"));
    }
    let lasts = |until: i128| i128::from(now) < until || world.rules.breaks(Fault::PreviousSecretsLast);
    let previous = client.previous.filter(|(_, until)| lasts(*until)).map(|(digest, _)| digest);
    let digests: Vec<_> = client.secret.into_iter().chain(previous).collect();
    let matches = |reading: &String| !reading.is_empty() && digests.contains(&base64::sha256(reading.as_bytes()));
    if !readings.iter().any(matches) {
        return Err(refused("wrong_secret"));
    }
    if !client.policy.allowed {
        return Err(End {
            status: 403,
            error: "unauthorized_client",
            description: "this client may not introspect tokens",
            reason: "not_allowed",
        });
    }
    if client.policy.require_signed_response {
        return Err(End {
            status: 400,
            error: "invalid_request",
            description: "this client is registered for signed responses",
            reason: "signed_response_required",
        });
    }
    let issuers = client.issuer.map_or_else(|| world.deployment.home(), |issuer| vec![issuer]);
    Ok(Caller { id: id.clone(), issuers, policy: client.policy })
}
