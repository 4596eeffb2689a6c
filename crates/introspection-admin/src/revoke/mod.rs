//! `revoke`: writes one mark, for one token or for all tokens of a subject, session, grant, client, issuer or key.

mod jwt;
mod named;
mod opaque;

use clap::{ArgGroup, Args, builder::NonEmptyStringValueParser};
use token_introspection::{
    call::now,
    jwt::is_jwt,
    records::{MAX_REASON_CHARACTERS, Mark, MarkKey, MarkKind, MarkScope, UnixTime},
    settings::MAX_CLOCK_SKEW_SECONDS,
};

use self::{jwt::Presented, named::Named};
use crate::{
    environment::Environment,
    input::Input,
    mark::{self, MarkRequest},
    output::{Report, pairs, warn},
    problem::Problem,
    time::{TimeArgument, dated, expires_at, not_before},
    trust::Force,
};

pub const EXAMPLES: &str = "\
A mark takes effect on the next request. \"Now\" is CLOCK_SKEW_SECONDS later than the clock, because the function accepts
tokens that are dated that far ahead; the output says from which second new tokens count. A user who signs in again
before that second must sign in once more. An existing mark is never weakened: one that revokes more is kept.

Nothing is written, and the exit code is 1, if the mark would revoke nothing: its issuer is neither ISSUER nor in
TRUSTED_ISSUERS, the token is unknown, malformed or inactive anyway, or no key of its issuer made its signature. If the
signature cannot be checked, the tool asks, or needs --force. Subjects, sessions, grants, clients and `jti`s are not
looked up: a mark for one that does not exist is written.

`Bearer`, quotes and white space around a token are removed, with a warning.

No mark can distrust a key without `kid`; --issuer revokes all tokens of its issuer instead.

Without --expires-at, a mark is kept until it is deleted, except the mark of a JWT with a valid signature, which expires
after the token's exp. The mark of an opaque token is kept, because its record may be extended later.

Examples:
  introspection-admin revoke --token - < token.txt
  introspection-admin revoke --sub alice --reason 'stolen laptop'
  introspection-admin revoke --sub alice --except-sid 5f2c --function $FUNCTION
  introspection-admin revoke --sub alice --not-before 2h --expires-at 30d
  introspection-admin revoke --client orders-web --issuer https://auth.example.com
  introspection-admin revoke --kid 2024-11 --issuer https://auth.example.com
  introspection-admin revoke --issuer https://auth.example.com --not-before none";

#[derive(Args, Default)]
#[command(group = ArgGroup::new("what").required(true).multiple(true))]
pub struct Command {
    #[command(flatten)]
    what: What,
    /// Issuer of what is revoked [default: ISSUER]; without another of these options, revokes all of its tokens
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    /// With --sub: session that is not revoked
    // clap cannot require an argument that another argument excludes.
    #[arg(long, requires = "sub", conflicts_with_all = ["token", "jti", "sid", "grant", "client", "kid"],
        value_name = "SID", value_parser = NonEmptyStringValueParser::new())]
    except_sid: Option<String>,
    /// Revoke tokens issued up to this time: none (all tokens), now (plus the clock skew) or a TIME (2h: two hours ago)
    /// [default: now for --sub, --client and --issuer, else none]
    #[arg(long, value_name = "TIME", value_parser = not_before)]
    not_before: Option<TimeArgument>,
    /// Time after which no token that this concerns can be active, so that DynamoDB may remove the mark: never or a
    /// TIME (30d: in 30 days)
    #[arg(long, value_name = "TIME", value_parser = expires_at)]
    expires_at: Option<TimeArgument>,
    /// Reason, for audit records and `explain`; never sent to callers
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Replace an existing mark, even one that revokes more
    #[arg(long)]
    replace: bool,
    /// Write the mark even if it would revoke nothing, or if the token's signature could not be checked
    #[arg(long)]
    force: bool,
}

#[derive(Args, Default)]
#[group(multiple = false)]
struct What {
    /// One token, a JWT or an opaque one, as - (standard input) or @FILE
    #[arg(long, group = "what", value_name = "-|@FILE", conflicts_with = "issuer")]
    token: Option<Input>,
    /// The JWT with this `jti`
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    jti: Option<String>,
    /// All tokens of a subject
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    sub: Option<String>,
    /// All tokens of a session
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    sid: Option<String>,
    /// All tokens of a grant: of a JWT, the claim `grant_id` or the one that `claim_names` maps to it
    #[arg(long, group = "what", value_name = "GRANT_ID", value_parser = NonEmptyStringValueParser::new())]
    grant: Option<String>,
    /// All tokens of a client
    #[arg(long, group = "what", value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client: Option<String>,
    /// All tokens that a signing key signed
    #[arg(long, group = "what", value_parser = NonEmptyStringValueParser::new())]
    kid: Option<String>,
}

impl Command {
    /// The command for one token, as another program gives it.
    pub fn for_token(token: &str) -> Self {
        Self { what: What { token: Some(Input::given(token)), ..What::default() }, ..Self::default() }
    }

    /// The command for all tokens of a session of this issuer.
    pub fn for_session(sid: &str, issuer: &str) -> Self {
        let what = What { sid: Some(sid.to_owned()), ..What::default() };
        Self { what, issuer: Some(issuer.to_owned()), ..Self::default() }
    }

    /// The command for all tokens of a subject of this issuer.
    pub fn for_subject(sub: &str, issuer: &str) -> Self {
        let what = What { sub: Some(sub.to_owned()), ..What::default() };
        Self { what, issuer: Some(issuer.to_owned()), ..Self::default() }
    }
}

/// The key of a mark, the issuer that it belongs to, and the last time at which it can matter, if that is known.
struct Target {
    mark: MarkKey,
    issuer: String,
    last_exp: Option<UnixTime>,
}

pub async fn run(command: Command, environment: &Environment) -> Result<Report, Problem> {
    if command.reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARACTERS) {
        return Err(Problem::Usage(format!("--reason is over {MAX_REASON_CHARACTERS} characters; shorten it")));
    }
    let force = Force(command.force);
    let (admin, target, not_before);
    if let Some(source) = &command.what.token {
        not_before = reach_back(MarkKind::Jti, command.not_before, environment)?;
        let text = source.read_token("--token")?;
        admin = environment.open().await?;
        target = if is_jwt(&text) {
            Presented { text: &text, source, force }.target(environment, &admin).await?
        } else {
            opaque::target(&text, force, environment, &admin).await?
        };
    } else {
        let named = Named::new(command.what, force);
        not_before = reach_back(named.kind, command.not_before, environment)?;
        admin = environment.open().await?;
        target = named.target(command.issuer.as_deref(), environment, &admin).await?;
    }
    let Target { mark, issuer, last_exp } = target;
    let scope = MarkScope { not_before, except_sid: command.except_sid };
    let expires_at = expiry(command.expires_at, last_exp)?;
    let request = MarkRequest { mark, scope, expires_at, reason: command.reason };
    let outcome = mark::write(&admin, &request, command.replace).await?;
    let mut answer = outcome.pairs();
    answer.insert(1, ("issuer", issuer.clone()));
    let mut json = outcome.json();
    if let Some(members) = json.as_object_mut() {
        members.insert("issuer".to_owned(), issuer.into());
    }
    Ok(Report::done(pairs(&answer), json))
}

fn reach_back(
    kind: MarkKind,
    given: Option<TimeArgument>,
    environment: &Environment,
) -> Result<Option<UnixTime>, Problem> {
    let default = match kind {
        MarkKind::Subject | MarkKind::Client | MarkKind::Issuer => TimeArgument::Now,
        _ => TimeArgument::None,
    };
    match given.unwrap_or(default) {
        TimeArgument::None => Ok(None),
        _ if kind.presence_is_enough() => {
            Err(Problem::usage("--not-before has no meaning here: this mark revokes by its presence; leave it out"))
        }
        TimeArgument::Now => environment.until_now().map(Some),
        TimeArgument::At(time) => {
            warn_of_time(time, environment);
            Ok(Some(time))
        }
    }
}

/// Warns about a time near the present, which was probably meant to be "now".
fn warn_of_time(time: UnixTime, environment: &Environment) {
    let Ok(until_now) = environment.until_now() else { return };
    if time > until_now {
        warn(&format!("tokens that will be issued until {} are revoked too", dated(time)));
    } else if time < until_now && until_now <= time.plus(2 * i64::from(MAX_CLOCK_SKEW_SECONDS)) {
        warn(&format!(
            "tokens may be dated until {}, by the clock skew, and those after --not-before stay active; \
             --not-before now revokes them too",
            dated(until_now)
        ));
    }
}

/// The expiry of a mark, which must be later than that of every token that it concerns.
fn expiry(given: Option<TimeArgument>, last_exp: Option<UnixTime>) -> Result<Option<UnixTime>, Problem> {
    match given {
        None => Ok(last_exp.map(|exp| exp.plus(Mark::EXPIRY_MARGIN_SECONDS))),
        Some(TimeArgument::At(time)) if time <= UnixTime(now()) => Err(Problem::usage(
            "--expires-at is in the past; DynamoDB would remove the mark, and the tokens would be active again",
        )),
        Some(TimeArgument::At(time)) => match last_exp.filter(|exp| time < *exp) {
            Some(exp) => {
                Err(Problem::Usage(format!("--expires-at is before the token's own exp, {}; leave it out", dated(exp))))
            }
            None => Ok(Some(time)),
        },
        Some(TimeArgument::Now | TimeArgument::None) => Ok(None),
    }
}
