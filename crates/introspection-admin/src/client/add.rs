//! `client add`: registers a client.

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use serde_json::json;
use token_introspection::auth::RegisteredMethod;

use super::{Secret, authentication::Authentication, client_key, named, policy::Policy};
use crate::{
    environment::Environment,
    output::{Report, pairs},
    problem::Problem,
    random, registration,
    store::AdminError,
};

pub const EXAMPLES: &str = "\
A generated secret has 256 bits, consists of letters and digits, and is shown once; only its SHA-256 is stored. An existing
client is not changed. Policy options that are left out do not restrict the client, with two exceptions: without
--token-type it sees only access tokens, and without --audience DEFAULT_POLICY decides.

Methods, and the options that belong to them:
  client_secret_basic, client_secret_post
                               --secret, to import one
  private_key_jwt              --jwks; --assertion-audience, if its assertions name something other than ISSUER
  tls_client_auth              exactly one of --tls-client-auth-subject-dn, -san-dns, -san-uri, -san-ip, -san-email
  self_signed_tls_client_auth  --jwks, whose keys have its certificates as x5c
  bearer                       --id and --issuer, whose tokens it presents
  aws_iam                      --iam-principal-arn; --iam-principal-id, the unique id that must match as well
The function accepts only one of the two tls methods, which MTLS_METHOD names (tls_client_auth by default).
The record is checked by the function's own code before it is written: a client that could never authenticate is
refused, and so is a private key.

Examples:
  introspection-admin client add --name 'Orders API' --audience https://orders.example.com --scope 'orders:*'
  introspection-admin client add --id gateway --method client_secret_basic --mode report
  introspection-admin client add --id legacy --secret @secret.txt
  introspection-admin client add --id orders --method private_key_jwt --jwks @orders-jwks.json
  introspection-admin client add --id orders --method tls_client_auth --tls-client-auth-san-dns orders.example.com
  introspection-admin client add --id orders --method self_signed_tls_client_auth --jwks - < orders-jwks.json
  introspection-admin client add --id orders --method bearer --issuer https://auth.example.com
  introspection-admin client add --id orders --method aws_iam --iam-principal-arn arn:aws:iam::111122223333:role/Orders
  introspection-admin client add --id orders-web --public";

#[derive(Args)]
pub struct Add {
    /// Client id; generated if left out
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// Name for humans
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Issuer at which this client id is registered [default: ISSUER and the first trusted issuer]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    #[command(flatten)]
    authentication: Authentication,
    #[command(flatten)]
    policy: Policy,
}

pub(super) async fn run(add: Add, environment: &Environment) -> Result<Report, Problem> {
    let Add { id, name, issuer, authentication, policy } = add;
    authentication.fits(id.is_some(), issuer.is_some())?;
    let id_was_made = id.is_none();
    let id = id.map_or_else(random::identifier, Ok)?;
    let key = client_key(&id)?;
    if let Some(issuer) = issuer.clone().filter(|_| !authentication.is_by_token()) {
        environment.check_issuer(&issuer)?;
    }
    let secret = authentication.secret()?;
    let policy = policy.attributes();
    let mut attributes = named([
        ("client_name", name.map(AttributeValue::S)),
        ("issuer", issuer.map(AttributeValue::S)),
        ("introspection", (!policy.is_empty()).then_some(AttributeValue::M(policy))),
    ]);
    let method = authentication.register(&key, secret.as_ref(), &mut attributes, environment)?;
    let admin = environment.open().await?;
    match admin.insert(&key, attributes.clone()).await {
        Ok(()) => {}
        Err(AdminError::Condition) => {
            let stored = admin.item(&key).await?;
            let same = |name| stored.as_ref().and_then(|stored| stored.get(name)) == attributes.get(name);
            // No other process can have stored a client id that was just generated, so the answer to an earlier attempt
            // was lost.
            let secret_was_made = secret.as_ref().is_some_and(|secret| secret.made);
            if !(id_was_made || secret_was_made && same("client_secret")) {
                let rotate =
                    secret.map_or("", |_| ", or give it a new secret with `introspection-admin client rotate-secret`");
                return Err(Problem::Negative(format!(
                    "the client {id:?} already exists and was not changed; choose another --id{rotate}"
                )));
            }
        }
        Err(failure) => return Err(failure.into()),
    }
    Ok(report(id, secret, method.as_ref()))
}

fn report(id: String, secret: Option<Secret>, method: Option<&RegisteredMethod>) -> Report {
    let shown = secret.as_ref().filter(|secret| secret.made).map(|secret| secret.text.as_str());
    let json = json!({ "client_id": id, "client_secret": shown });
    let mut answer = vec![("client_id", id)];
    answer.extend(method.map(|method| ("authenticates by", registration::method(method))));
    let note = match (secret, method) {
        (None, None) => {
            Some("the client is public: it has no secret, may not introspect and can revoke its own tokens")
        }
        (None, Some(_)) => None,
        (Some(Secret { text, made: true }), _) => {
            answer.push(("client_secret", text));
            Some("the secret is shown only once; only its SHA-256 is stored")
        }
        (Some(Secret { made: false, .. }), _) => Some("the secret was imported; only its SHA-256 is stored"),
    };
    answer.extend(note.map(|note| ("note", note.to_owned())));
    Report::done(pairs(&answer), json)
}
