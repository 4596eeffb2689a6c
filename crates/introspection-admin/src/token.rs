//! `token put`: stores the record of an opaque token, as its issuer would.

use std::collections::HashMap;

use clap::{Args, builder::NonEmptyStringValueParser};
use serde_dynamo::AttributeValue;
use serde_json::{Map, Value, json};
use token_introspection::{
    call::now,
    digest::Digest,
    jwt,
    records::{FetchedItems, ItemKey, TokenType, UnixTime},
    token::{claims_of_record, is_ignored_in_claims, is_too_long},
};

use crate::{
    args::choice,
    environment::Environment,
    input::{Input, json_object},
    output::{Report, pairs, warn},
    paste::Pasted,
    problem::Problem,
    random,
    store::AdminError,
    time::{dated, duration, future, past},
};

pub const EXAMPLES: &str = "\
The SHA-256 of the token is stored, never the token. An existing record is not changed.

Examples:
  introspection-admin token put --client orders-web --sub alice --scope 'read write' --expires-in 1h
  introspection-admin token put --token @token.txt --client orders-web --exp 1893456000 --claims '{\"acr\": \"gold\"}'
  introspection-admin token put --type refresh_token --client orders-web --grant-id 77 --output json";

#[derive(Args)]
pub struct Put {
    /// Token, as - (standard input) or @FILE; if left out, a token of 256 bits is generated
    #[arg(long, value_name = "-|@FILE")]
    token: Option<Input>,
    /// Type of the token
    #[arg(long = "type", value_parser = choice(&TokenType::ALL, TokenType::name), value_name = "TYPE", default_value = TokenType::AccessToken.name())]
    kind: TokenType,
    /// Client that the token is issued to
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client: String,
    /// Subject of the token; several gateways refuse a token without one
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    sub: Option<String>,
    /// Scopes, separated by spaces
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    scope: Option<String>,
    /// Resource server that the token is for; may be repeated
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    aud: Vec<String>,
    /// Issuer of the token [default: ISSUER]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    /// Time of expiry: now or a TIME (2h: in two hours); an access token needs this or --expires-in
    #[arg(long, value_name = "TIME", value_parser = future, conflicts_with = "expires_in")]
    exp: Option<UnixTime>,
    /// Time for which it is valid: seconds, or a duration such as 12h or 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires_in: Option<u32>,
    /// Time of issue: now or a TIME (2h: two hours ago) [default: now]
    #[arg(long, value_name = "TIME", value_parser = past)]
    iat: Option<UnixTime>,
    /// Time from which it is valid: now or a TIME (2h: in two hours)
    #[arg(long, value_name = "TIME", value_parser = future)]
    nbf: Option<UnixTime>,
    /// Identifier of the token
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    jti: Option<String>,
    /// Session that the token belongs to
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    sid: Option<String>,
    /// Grant that the token belongs to; never released
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    grant_id: Option<String>,
    /// Name of the subject for humans
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    username: Option<String>,
    /// Key that the token is bound to (RFC 7800): a JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    cnf: Option<String>,
    /// Additional claims: a JSON object, or @FILE. Claims that have an option must be given with that option
    #[arg(long, value_name = "JSON")]
    claims: Option<String>,
    /// Store the token as revoked
    #[arg(long)]
    revoked: bool,
}

/// RFC 6749 §10.10 requires 128 bits, which needs this many letters and digits.
const SHORT_TOKEN_CHARACTERS: usize = 22;

pub async fn put(put: Put, environment: &Environment) -> Result<Report, Problem> {
    let (token, made) = match &put.token {
        Some(source) => (given_token(source)?, false),
        None => (random::secret()?, true),
    };
    let exp = put.exp.or_else(|| put.expires_in.map(|seconds| UnixTime(now()).plus(seconds.into())));
    if put.kind == TokenType::AccessToken && exp.is_none() {
        return Err(Problem::usage("an access token must expire; give --exp or --expires-in"));
    }
    if exp.is_some_and(|exp| exp <= UnixTime(now())) {
        warn("the token has already expired, so it is inactive");
    }
    if let Some(issuer) = &put.issuer {
        environment.warn_of_untrusted(issuer);
    }
    let attributes = attributes(put, exp)?;
    let key = ItemKey::token(&Digest::of(&token));
    let own_issuer = environment.partial_settings().map_or("", |settings| settings.issuer.as_str());
    is_readable(&key, attributes.clone(), own_issuer)?;
    let admin = environment.open().await?;
    match admin.insert(&key, attributes).await {
        // No other process can have stored a token that was just generated, so the answer to an earlier attempt was
        // lost.
        Ok(()) => {}
        Err(AdminError::Condition) if made => {}
        Err(AdminError::Condition) => {
            return Err(Problem::negative("this token is already stored; its record was not changed"));
        }
        Err(failure) => return Err(failure.into()),
    }
    let mut answer = vec![("record", key.id().to_owned())];
    answer.push(("expires", exp.map_or("never".to_owned(), dated)));
    let json = json!({ "id": key.id(), "exp": exp, "token": made.then_some(token.as_str()) });
    if made {
        answer.push(("token", token));
        answer.push(("note", "the token is shown only once; only its SHA-256 is stored".to_owned()));
    }
    Ok(Report::done(pairs(&answer), json))
}

fn given_token(source: &Input) -> Result<String, Problem> {
    let token = source.read("--token", "token")?;
    if jwt::is_jwt(&token) {
        return Err(Problem::usage(
            "the token of --token is a JWT, which is judged by its signature and needs no record",
        ));
    }
    if is_too_long(&token) {
        return Err(Problem::usage("the token of --token is over 16 KiB, and would be inactive"));
    }
    if let Some(message) = Pasted::new(&token).message() {
        warn(&format!(
            "the token contains {message}, which a client would have to send as well; it is stored unchanged"
        ));
    }
    if token.chars().count() < SHORT_TOKEN_CHARACTERS {
        warn("the token is under 22 characters, so it may be guessed (RFC 6749 §10.10)");
    }
    Ok(token)
}

fn attributes(put: Put, exp: Option<UnixTime>) -> Result<HashMap<String, AttributeValue>, Problem> {
    let text = |text: Option<String>| text.map(AttributeValue::S);
    let time = |time: Option<UnixTime>| time.map(|UnixTime(time)| AttributeValue::N(time.to_string()));
    let object = |option: &str, typed: Option<String>| -> Result<Option<AttributeValue>, Problem> {
        let Some(members) = typed.map(|typed| json_object(option, &typed)).transpose()? else { return Ok(None) };
        if option == "--claims" {
            have_no_option(&members)?;
        }
        map(members)
            .map(Some)
            .ok_or_else(|| Problem::Usage(format!("{option} contains a value that DynamoDB cannot store")))
    };
    let audience = match put.aud.as_slice() {
        [] => None,
        [one] => Some(AttributeValue::S(one.clone())),
        _ => Some(AttributeValue::L(put.aud.into_iter().map(AttributeValue::S).collect())),
    };
    let attributes = [
        ("token_type", text(Some(put.kind.name().to_owned()))),
        ("client_id", text(Some(put.client))),
        ("sub", text(put.sub)),
        ("scope", text(put.scope)),
        ("aud", audience),
        ("iss", text(put.issuer)),
        ("iat", time(Some(put.iat.unwrap_or_else(|| UnixTime(now()))))),
        ("exp", time(exp)),
        ("nbf", time(put.nbf)),
        ("jti", text(put.jti)),
        ("sid", text(put.sid)),
        ("grant_id", text(put.grant_id)),
        ("username", text(put.username)),
        ("cnf", object("--cnf", put.cnf)?),
        ("claims", object("--claims", put.claims)?),
        ("revoked", put.revoked.then_some(AttributeValue::Bool(true))),
        ("expires_at", time(exp)),
    ];
    Ok(attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// Refuses claims that the function would ignore, because they have attributes of their own or because no record can
/// set them.
fn have_no_option(claims: &Map<String, Value>) -> Result<(), Problem> {
    let Some(claim) = claims.keys().find(|claim| is_ignored_in_claims(claim)) else { return Ok(()) };
    let option = match claim.as_str() {
        "iss" => "--issuer",
        "client_id" => "--client",
        "token_type" => "--type",
        "grant_id" => "--grant-id",
        "sub" => "--sub",
        "scope" => "--scope",
        "aud" => "--aud",
        "iat" => "--iat",
        "exp" => "--exp",
        "nbf" => "--nbf",
        "jti" => "--jti",
        "sid" => "--sid",
        "username" => "--username",
        "cnf" => "--cnf",
        _ => {
            return Err(Problem::Usage(format!(
                "--claims contains {claim:?}, which the function decides itself; leave it out (--revoked stores a revoked \
                 token)"
            )));
        }
    };
    Err(Problem::Usage(format!("--claims contains {claim:?}, which the function ignores there; use {option} instead")))
}

fn map(members: Map<String, Value>) -> Option<AttributeValue> {
    serde_dynamo::to_attribute_value(members).ok()
}

/// Checks that the function could read the record, because `claims` may contain a registered claim of a wrong type.
fn is_readable(key: &ItemKey, attributes: HashMap<String, AttributeValue>, own_issuer: &str) -> Result<(), Problem> {
    let items = FetchedItems::single(key, attributes.into());
    let record = items.token_record(key).ok().flatten();
    let claims = record.and_then(|record| claims_of_record(record, own_issuer).ok());
    match claims.filter(|claims| claims.left_out.is_empty()).map(|claims| claims.marks()) {
        Some(Ok(_)) => Ok(()),
        _ => Err(Problem::usage(
            "the record could not be read back: an identifier is over 2,048 bytes, or --claims contains a registered \
             claim with a wrong type",
        )),
    }
}
