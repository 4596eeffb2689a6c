//! `client rotate-secret`: sets a new secret, while the old one stays valid for a while.

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use serde_json::json;
use token_introspection::{
    auth::{CannotAuthenticate, RegisteredMethod},
    call::now,
    digest::Digest,
    records::{ClientRecord, FetchedItems, ItemKey, UnixTime},
};

use super::{Secret, client_key, not_found};
use crate::{
    environment::Environment,
    input::Input,
    output::{Report, pairs, warn},
    problem::Problem,
    registration,
    store::{AdminError, AdminStore, Change},
    time::{dated, duration},
};

pub const EXAMPLES: &str = "\
The old secret stays valid for a day, or as long as --overlap says. If it may have leaked, give --overlap 0: it ends at
once, and so does an earlier one. The rest of the record is not changed. A client that authenticates without a secret has
none to rotate: its keys, names, principal or issuer are changed in its record.

Examples:
  introspection-admin client rotate-secret orders-api
  introspection-admin client rotate-secret orders-api --overlap 7d
  introspection-admin client rotate-secret orders-api --overlap 0
  introspection-admin client rotate-secret orders-api --secret - < secret.txt";

#[derive(Args)]
pub struct Rotate {
    #[arg(value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client: String,
    /// Time for which the old secret stays valid: seconds, or a duration such as 12h or 7d; 0 ends it at once
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1d")]
    overlap: u32,
    /// Import a secret of at least 32 characters, as - (standard input) or @FILE; generated if left out
    #[arg(long, value_name = "-|@FILE")]
    secret: Option<Input>,
}

pub(super) async fn run(rotate: &Rotate, environment: &Environment) -> Result<Report, Problem> {
    let key = client_key(&rotate.client)?;
    let secret = Secret::new(rotate.secret.as_ref())?;
    let digest = Digest::of(&secret.text).to_hex();
    let admin = environment.open().await?;
    let client = admin.item(&key).await?.ok_or_else(|| not_found(&rotate.client))?;
    let record = FetchedItems::single(&key, client.clone()).record::<ClientRecord>(&key).ok().flatten();
    let method = record.as_ref().map(|record| RegisteredMethod::from_record(record, now()));
    let Some(AttributeValue::S(old)) = client.get("client_secret") else {
        return Err(without_secret(&rotate.client, method));
    };
    if let Some(Ok(method)) = method
        && !matches!(method, RegisteredMethod::Secret(_))
    {
        let methods = method.method_names().join(" or ");
        warn(&format!("no secret of this client is accepted: it authenticates by {methods}"));
    }
    if *old == digest {
        return Err(Problem::usage("the secret of --secret is the one that the client has; import another"));
    }
    let (now, overlap) = (now(), i64::from(rotate.overlap));
    if overlap > 0 && record.is_some_and(|record| record.previous_secret(now).is_some()) {
        warn("the secret before the last rotation was still valid, and no longer is");
    }
    let mut change = Change::default();
    change.set.insert("client_secret".to_owned(), AttributeValue::S(digest.clone()));
    // The secret must still be the one that was read, so that two rotations at the same time do not lose a secret.
    change.unchanged.push(("client_secret", Some(AttributeValue::S(old.clone()))));
    if overlap > 0 {
        change.set.insert("previous_client_secret".to_owned(), AttributeValue::S(old.clone()));
        let expires_at = AttributeValue::N((now + overlap).to_string());
        change.set.insert("previous_client_secret_expires_at".to_owned(), expires_at);
    } else {
        change.remove = vec!["previous_client_secret", "previous_client_secret_expires_at"];
    }
    match admin.update(&key, change).await {
        Err(AdminError::Condition) => is_written(&admin, &key, &digest).await?,
        written => written?,
    }
    Ok(report(rotate, secret, (overlap > 0).then_some(UnixTime(now + overlap))))
}

/// Explains why the client has no secret to rotate, and how to replace its credentials instead.
fn without_secret(client_id: &str, method: Option<Result<RegisteredMethod, CannotAuthenticate>>) -> Problem {
    let why = match method {
        None => "its record is corrupt".to_owned(),
        Some(Err(why)) => registration::cannot(why).to_owned(),
        Some(Ok(method)) => {
            let attribute = match method {
                RegisteredMethod::Secret(_) => "client_secret",
                RegisteredMethod::PrivateKeyJwt(_) | RegisteredMethod::SelfSignedTlsClientAuth { .. } => "jwks",
                RegisteredMethod::TlsClientAuth { name, .. } => name.attribute(),
                RegisteredMethod::Bearer { .. } => "issuer",
                RegisteredMethod::AwsIam { .. } => "iam_principal_arn",
            };
            format!(
                "it authenticates by {}; replace the attribute {attribute} in its record",
                method.method_names().join(" or ")
            )
        }
    };
    Problem::Negative(format!("the client {client_id:?} has no secret to replace: {why}"))
}

/// Checks whether the secret is written. If an earlier attempt was made and only its answer was lost, the next attempt
/// fails because the secret has changed.
async fn is_written(admin: &AdminStore, key: &ItemKey, digest: &str) -> Result<(), Problem> {
    let stored = admin.item(key).await?;
    match stored.as_ref().and_then(|stored| stored.get("client_secret")) {
        Some(AttributeValue::S(stored)) if stored == digest => Ok(()),
        _ => Err(AdminError::Condition.into()),
    }
}

fn report(rotate: &Rotate, secret: Secret, old_until: Option<UnixTime>) -> Report {
    let shown = secret.made.then_some(secret.text.as_str());
    let json = json!({
        "client_id": rotate.client,
        "client_secret": shown,
        "previous_client_secret_expires_at": old_until,
    });
    let until = match old_until {
        Some(time) => format!("valid until {}", dated(time)),
        None => "no longer valid".to_owned(),
    };
    let mut answer = vec![("client_id", rotate.client.clone()), ("old secret", until)];
    if secret.made {
        answer.push(("client_secret", secret.text));
        answer.push(("note", "the new secret is shown only once; only its SHA-256 is stored".to_owned()));
    } else {
        answer.push(("note", "the new secret was imported; only its SHA-256 is stored".to_owned()));
    }
    Report::done(pairs(&answer), json)
}
