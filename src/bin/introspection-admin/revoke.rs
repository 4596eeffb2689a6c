//! `revoke`: one mark for one token, or for all that a subject, session, grant, client, issuer or key has.

use clap::{ArgGroup, Args, builder::NonEmptyStringValueParser};
use serde_json::Value;
use token_introspection::{
    call::now,
    jwt::{self, Malformed, UnverifiedJwt},
    records::{Corrupt, Key, Mark, MarkKey, MarkKind, Seconds, TokenType, UnusableKey, sha256_hex},
    store::Operator,
    token::Claims,
};

use crate::{
    environment::Environment,
    input::Source,
    mark::{self, Reach, Wish},
    output::{Report, pairs, warn},
    problem::Problem,
    signature,
    time::{Moment, dated, expires_at, not_before},
};

pub const EXAMPLES: &str = "\
A mark works from the next request on. With --not-before, tokens issued in that same second are revoked too, and those
issued from the next second on count. A mark that is there is never weakened: what revokes more stays.

Without --expires-at a mark stays until it is deleted, but for --token, where the token's exp says when it is over (of
a JWT with a `jti` only if its signature can be verified here).

Examples:
  introspection-admin revoke --token - < token.txt
  introspection-admin revoke --sub alice --reason 'stolen laptop'
  introspection-admin revoke --sub alice --except-sid 5f2c
  introspection-admin revoke --client orders-web --issuer https://auth.example.com
  introspection-admin revoke --kid 2024-11 --issuer https://auth.example.com
  introspection-admin revoke --issuer https://auth.example.com --not-before none";

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true))]
pub struct Command {
    #[command(flatten)]
    what: What,
    /// The issuer of what is revoked (ISSUER if left out); alone: revoke all of that issuer's tokens
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    /// With --sub: the session that stays
    // clap asks for no requirement that another argument excludes.
    #[arg(long, requires = "sub", conflicts_with_all = ["token", "jti", "sid", "grant", "client", "kid"],
        value_name = "SID", value_parser = NonEmptyStringValueParser::new())]
    except_sid: Option<String>,
    /// Revoke what was issued until then: now, none (whenever issued) or seconds since the epoch; by itself now for
    /// --sub, --client and --issuer, none otherwise
    #[arg(long, value_name = "TIME", value_parser = not_before)]
    not_before: Option<Moment>,
    /// When no token that this concerns can be active any more, so that DynamoDB may remove the mark: seconds since
    /// the epoch, or never
    #[arg(long, value_name = "TIME", value_parser = expires_at)]
    expires_at: Option<Moment>,
    /// Why; for audit records and `explain`, never told to callers
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Write the mark in the place of one that is there, even where that revokes more
    #[arg(long)]
    replace: bool,
}

#[derive(Args)]
#[group(multiple = false)]
struct What {
    /// One token, JWT or opaque: - for standard input, or @FILE
    #[arg(long, group = "what", value_name = "-|@FILE", conflicts_with = "issuer")]
    token: Option<Source>,
    /// The one JWT of this `jti`
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    jti: Option<String>,
    /// All tokens of a subject
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    sub: Option<String>,
    /// All tokens of a session
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    sid: Option<String>,
    /// All tokens of a grant (`grant_id`)
    #[arg(long, group = "what", value_name = "GRANT_ID", value_parser = NonEmptyStringValueParser::new())]
    grant: Option<String>,
    /// All tokens of a client
    #[arg(long, group = "what", value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client: Option<String>,
    /// All tokens that a signing key made
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    kid: Option<String>,
}

/// What is longer is cut where it is shown.
const MAX_REASON_CHARACTERS: usize = 200;

/// A mark's key, and the last moment at which it can matter, where that is known.
struct Target {
    mark: MarkKey,
    last_exp: Option<i64>,
}

pub async fn run(command: Command, environment: &Environment) -> Result<Report, Problem> {
    if command.reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARACTERS) {
        return Err(Problem::usage("--reason is over 200 characters; shorten it"));
    }
    let target = if let Some(token) = command.what.token {
        let token = token.read("--token", "token")?;
        let operator = environment.open().await?;
        if jwt::is_jwt(&token) {
            jwt_mark(&token, environment, &operator).await?
        } else {
            opaque_mark(&token, &operator).await?
        }
    } else {
        if command.issuer.is_none() {
            warn_of_other_issuers(environment);
        }
        named_mark(command.what, &environment.issuer(command.issuer)?)?
    };
    let kind = target.mark.kind;
    let reach = Reach { not_before: reach_back(kind, command.not_before)?, except_sid: command.except_sid };
    let expires_at = expiry(command.expires_at, target.last_exp)?;
    let wish = Wish { mark: target.mark, reach, expires_at, reason: command.reason };
    let outcome = mark::write(&environment.open().await?, &wish, command.replace).await?;
    Ok(Report::done(pairs(&outcome.pairs()), outcome.json()))
}

/// The mark of one JWT, whoever signed it: a mark on a forged token harms nobody.
async fn jwt_mark(text: &str, environment: &Environment, operator: &Operator) -> Result<Target, Problem> {
    let inactive =
        || Problem::negative("the token is no well-formed JWT, so it is inactive anyway; nothing was written");
    let mut token = UnverifiedJwt::parse(text).map_err(|Malformed(_)| inactive())?;
    let claims = std::mem::take(&mut token.claims);
    let claims = Claims::read(TokenType::AccessToken, claims).map_err(|_| inactive())?;
    environment.warn_of_untrusted(&claims.issuer);
    let exp = claims.expires_at.map(|Seconds(exp)| exp);
    if let Some(exp) = exp.filter(|exp| *exp <= now()) {
        warn(&format!("the token says that it expired at {}; it is inactive anyway", dated(Seconds(exp))));
    }
    let Some(jti) = &claims.jti else {
        let key = Key::jwt(&sha256_hex(token.jws.signing_input()));
        return Ok(Target { mark: MarkKey { kind: MarkKind::Jwt, key }, last_exp: exp });
    };
    let mark = MarkKey::new(MarkKind::Jti, &claims.issuer, Some(jti)).map_err(|UnusableKey| inactive())?;
    // Somebody who had the `exp` of a copy brought forward would outlive the mark with the token itself.
    let last_exp = if signature::is_verified(text, environment, operator).await { exp } else { None };
    if exp.is_some() && last_exp.is_none() {
        warn("the token's signature could not be verified here, so its exp is not relied on; --expires-at may say one");
    }
    Ok(Target { mark, last_exp })
}

/// The mark of one opaque token.
async fn opaque_mark(token: &str, operator: &Operator) -> Result<Target, Problem> {
    let digest = sha256_hex(token);
    let record = Key::token(&digest);
    let last_exp = match operator.items(std::slice::from_ref(&record)).await?.token_record(&record) {
        Ok(Some(record)) => {
            if let Some(grant) = record.grant_id {
                warn(&format!("this revokes the one token; --grant {grant:?} revokes all tokens of its grant"));
            }
            // An issuer may extend the record's exp later, so the last exp is unknown.
            None
        }
        Ok(None) => {
            warn("no such opaque token is stored, so it is inactive anyway; check that it was given whole");
            None
        }
        Err(Corrupt) => {
            warn("the record of the token cannot be read, so it is inactive anyway");
            None
        }
    };
    Ok(Target { mark: MarkKey { kind: MarkKind::Revoked, key: Key::revoked(&digest) }, last_exp })
}

fn named_mark(what: What, issuer: &str) -> Result<Target, Problem> {
    let (kind, name) = [
        (MarkKind::Jti, what.jti),
        (MarkKind::Subject, what.sub),
        (MarkKind::Session, what.sid),
        (MarkKind::Grant, what.grant),
        (MarkKind::Client, what.client),
        (MarkKind::SigningKey, what.kid),
    ]
    .into_iter()
    .find_map(|(kind, name)| Some((kind, Some(name?))))
    .unwrap_or((MarkKind::Issuer, None));
    let mark = MarkKey::new(kind, issuer, name.as_deref());
    let mark =
        mark.map_err(|UnusableKey| Problem::usage("what is to be revoked is over 2,048 bytes; no token has that"))?;
    Ok(Target { mark, last_exp: None })
}

fn reach_back(kind: MarkKind, given: Option<Moment>) -> Result<Option<i64>, Problem> {
    let now = now();
    let default = match kind {
        MarkKind::Subject | MarkKind::Client | MarkKind::Issuer => Moment::Now,
        _ => Moment::None,
    };
    match given.unwrap_or(default) {
        Moment::None => Ok(None),
        _ if kind.presence_is_enough() => {
            Err(Problem::usage("--not-before means nothing here: this mark revokes by being there; leave it out"))
        }
        Moment::Now => Ok(Some(now)),
        Moment::At(time) => {
            if time > now {
                warn(&format!("tokens that are yet to be issued, until {}, are revoked too", dated(Seconds(time))));
            }
            Ok(Some(time))
        }
    }
}

/// A mark must outlive every token that it concerns.
fn expiry(given: Option<Moment>, last_exp: Option<i64>) -> Result<Option<i64>, Problem> {
    match given {
        None => Ok(last_exp.map(|exp| exp.saturating_add(Mark::EXPIRY_MARGIN_SECONDS))),
        Some(Moment::At(time)) if time <= now() => {
            Err(Problem::usage("--expires-at is over already; DynamoDB would remove the mark, and revive the tokens"))
        }
        Some(Moment::At(time)) => match last_exp.filter(|exp| time < *exp) {
            Some(exp) => Err(Problem::Usage(format!(
                "--expires-at is before the token's own exp, {}; leave it out",
                dated(Seconds(exp))
            ))),
            None => Ok(Some(time)),
        },
        Some(Moment::Now | Moment::None) => Ok(None),
    }
}

/// Whoever means a subject of another issuer and names none would revoke nothing.
fn warn_of_other_issuers(environment: &Environment) {
    let Ok(settings) = environment.settings() else { return };
    let others = settings.trusted_issuers.iter().filter(|trusted| trusted.issuer != settings.issuer);
    let others: Vec<Value> = others.map(|trusted| trusted.issuer.as_str().into()).collect();
    if !others.is_empty() {
        warn(&format!(
            "the mark is for tokens of ISSUER {:?}; for those of {} name the --issuer",
            settings.issuer,
            Value::from(others),
        ));
    }
}
