//! `client show` and `client list`. Digests of secrets are not shown, because an imported secret might be guessed from
//! its digest.

use std::collections::BTreeMap;

use serde_dynamo::AttributeValue;
use serde_json::{Map, Value, json};
use token_introspection::{
    auth::{CannotAuthenticate, RegisteredMethod},
    call::now,
    records::{ClientRecord, FetchedItems, Item, ItemKey, UnixTime},
};

use super::{
    client_key,
    jwks::{holds_private_key, is_private},
    not_found,
};
use crate::{
    environment::Environment,
    output::{Report, pairs, table, warn},
    problem::Problem,
    registration,
    signing_keys::warn_of_nameless_keys,
    time::dated,
};

pub const SHOW_EXAMPLES: &str = "\
Examples:
  introspection-admin client show orders-api
  introspection-admin client show orders-api --output json";

pub const LIST_EXAMPLES: &str = "\
Reads the whole clients table.

Examples:
  introspection-admin client list
  introspection-admin client list --output json";

/// Attributes that are never shown.
const SECRETS: [&str; 2] = ["client_secret", "previous_client_secret"];

pub(super) async fn one(client_id: &str, environment: &Environment) -> Result<Report, Problem> {
    let key = client_key(client_id)?;
    let item = environment.open().await?.item(&key).await?.ok_or_else(|| not_found(client_id))?;
    let client = ClientItem::read(&item, key, environment);
    let mut answer = vec![("client_id", client_id.to_owned()), ("status", client.status.to_owned())];
    answer.extend(client.method.as_ref().map(|method| ("authenticates by", registration::method(method))));
    answer.extend(client.secrets());
    let rest = client.attributes.iter().map(|(name, value)| (name.as_str(), shown(value)));
    answer.extend(rest.filter(|(name, _)| *name != "client_id"));
    Ok(Report::done(pairs(&answer), client.json()))
}

pub(super) async fn all(environment: &Environment) -> Result<Report, Problem> {
    let admin = environment.open().await?;
    let items = admin.clients().await?;
    if let Ok(settings) = environment.settings() {
        warn_of_nameless_keys(&settings.trusted_issuers, &admin).await;
    }
    let mut clients: Vec<_> = items
        .iter()
        .filter_map(|item| match item.get("client_id") {
            Some(AttributeValue::S(id)) => ItemKey::client(id).ok().map(|key| ClientItem::read(item, key, environment)),
            _ => None,
        })
        .collect();
    clients.sort_by(|one, other| one.key.cmp(&other.key));
    let column = |client: &ClientItem, name| client.attributes.get(name).map_or("-".to_owned(), shown);
    let rows = clients.iter().map(|client| {
        vec![
            client.key.id().to_owned(),
            client.status.to_owned(),
            column(client, "token_endpoint_auth_method"),
            column(client, "issuer"),
            column(client, "client_name"),
        ]
    });
    let text = table(&["client_id", "status", "method", "issuer", "name"], rows.collect());
    let clients: Vec<_> = clients.iter().map(ClientItem::json).collect();
    Ok(Report::done(text, json!({ "clients": clients })))
}

/// The parts of a record that may be shown.
struct ClientItem {
    key: ItemKey,
    status: &'static str,
    /// How the client authenticates. `None` if it never can.
    method: Option<RegisteredMethod>,
    has_secret: bool,
    /// Until when the secret before the last rotation is valid. `None` if it is not.
    previous_until: Option<UnixTime>,
    /// All attributes except the secrets.
    attributes: BTreeMap<String, Value>,
}

impl ClientItem {
    fn read(item: &Item, key: ItemKey, environment: &Environment) -> Self {
        let record = FetchedItems::single(&key, item.clone()).record::<ClientRecord>(&key).ok().flatten();
        let previous_until = record.as_ref().and_then(|record| record.previous_secret(now())).map(|(_, until)| until);
        let readable = record.as_ref().ok_or(CannotAuthenticate::CorruptClientRecord);
        let method = readable.and_then(|record| RegisteredMethod::from_record(record, now()));
        let status = match &method {
            Err(CannotAuthenticate::CorruptClientRecord) => "corrupt",
            _ if record.as_ref().is_some_and(|record| record.disabled) => "disabled",
            Err(CannotAuthenticate::PublicClient) => "public",
            Err(_) => "unusable",
            Ok(_) => "enabled",
        };
        match &method {
            Ok(method) if environment.settings().is_ok() => {
                registration::warn_of_mtls(key.id(), method, environment.settings());
            }
            Err(CannotAuthenticate::CorruptClientRecord) => {
                warn(&format!(
                    "the record of the client {:?} has an attribute of a wrong type, so the client is refused",
                    key.id()
                ));
            }
            Err(why) if status == "unusable" => {
                warn(&format!(
                    "the client {:?} can never authenticate, because {}",
                    key.id(),
                    registration::cannot(*why)
                ));
            }
            _ => {}
        }
        let shown = item.iter().filter(|(name, _)| !SECRETS.contains(&name.as_str()));
        let attributes = shown.map(|(name, value)| (name.clone(), Self::shown(&key, name, value))).collect();
        let has_secret = record.is_some_and(|record| record.client_secret.is_some());
        Self { key, status, method: method.ok(), has_secret, previous_until, attributes }
    }

    /// The value of an attribute, to be shown. Another program may have stored private keys in it.
    fn shown(key: &ItemKey, name: &str, value: &AttributeValue) -> Value {
        let value = json_of(value);
        let is_private = match &value {
            Value::String(text) => is_private(text),
            set => holds_private_key(set),
        };
        if name == "jwks" && is_private {
            warn(&format!("the jwks of the client {:?} contains a private key, which should be replaced", key.id()));
            return "(a private key)".into();
        }
        value
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("secret", if self.has_secret { "yes" } else { "no" }.to_owned())];
        if let Some(until) = self.previous_until {
            pairs.push(("old secret", format!("valid until {}", dated(until))));
        }
        pairs
    }

    fn json(&self) -> Value {
        let attributes: Map<String, Value> = self.attributes.clone().into_iter().collect();
        json!({
            "client_id": self.key.id(),
            "status": self.status,
            "methods": self.method.as_ref().map(RegisteredMethod::method_names).unwrap_or_default(),
            "authenticates_by": self.method.as_ref().map(registration::method),
            "has_secret": self.has_secret,
            "old_secret_valid_until": self.previous_until,
            "attributes": attributes,
        })
    }
}

fn json_of(value: &AttributeValue) -> Value {
    // JSON cannot represent binary values, which another program wrote.
    serde_dynamo::from_attribute_value(value.clone()).unwrap_or_else(|_| "(binary)".into())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}
