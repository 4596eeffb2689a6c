//! `issuer suggest`: the entry of `TRUSTED_ISSUERS` that fits a real token. Nothing that it reads is believed: the entry
//! is for a person to check.

mod entry;
mod shape;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use token_introspection::{
    call::now,
    judge,
    jwt::{UnverifiedJws, is_jwt, parse_object},
    settings::{SettingError, Settings},
    token::{Candidate, Inactive},
};

use self::{entry::Suggestion, shape::Shape};
use crate::{
    environment::Environment,
    input::Source,
    output::{Report, pairs},
    problem::{NEGATIVE, Problem},
    signature::{self, Signature},
};

#[derive(Subcommand)]
pub enum Command {
    /// Suggest the entry of `TRUSTED_ISSUERS` for the issuer of a token
    #[command(after_help = EXAMPLES)]
    Suggest(Suggest),
}

const EXAMPLES: &str = "\
Reads the token and prints the entry to paste and what it saw: the profile and why, the algorithm, the audiences, the
claims that carry client, session and scope, and whether the issuer's keys load and made the signature. It warns of tokens
that are not access tokens. The token itself is never printed. It needs no settings and reads no table, but fetches the
issuer's keys. The token's word is all that the entry rests on, so check the issuer before you paste it.

Exit codes: 0 the token passes the rules of the entry; 1 it does not, and the output says why.

Examples:
  introspection-admin issuer suggest --token @token.txt
  pbpaste | introspection-admin issuer suggest --token - --output json";

#[derive(Args)]
pub struct Suggest {
    /// An access token of the issuer: - for standard input, or @FILE
    #[arg(long, value_name = "-|@FILE")]
    token: Source,
}

/// Runs the command.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if the token is not a JWT, from which nothing can be read.
pub async fn run(command: &Command, environment: &Environment) -> Result<Report, Problem> {
    let Command::Suggest(Suggest { token }) = command;
    let text = token.read_token("--token")?;
    let shape = read(&text)?;
    let mut suggestion = Suggestion::of(&shape);
    let settings = settings(&suggestion);
    let verdict = check(&text, settings.as_ref().ok());
    match &settings {
        Ok(settings) => suggestion.notes.extend(keys(&text, settings, environment).await),
        Err(error) => suggestion.notes.push(format!("the entry cannot be used as it is: {error}")),
    }
    Ok(report(&shape, &suggestion, verdict.as_ref().err()))
}

/// What the issuer's keys say of the token. They are found and fetched as the function would.
async fn keys(text: &str, settings: &Settings, environment: &Environment) -> Vec<String> {
    let Ok(candidate) = Candidate::parse(text, settings) else {
        return vec!["the issuer's keys were not fetched, because the token is inactive without them".to_owned()];
    };
    let checked = match environment.open().await {
        Ok(operator) => signature::by_fetched_keys(Box::new(candidate), settings, &operator).await,
        Err(problem) => Err(problem),
    };
    let (signature, dropped) = match checked {
        Ok(checked) => checked,
        Err(problem) => return vec![format!("the issuer's keys were not fetched: {problem}")],
    };
    let verdict = match signature {
        Signature::Good => "the issuer's keys load, and one of them made the token's signature".to_owned(),
        Signature::Bad => "the issuer's keys load, but none of them made the token's signature".to_owned(),
        Signature::Unknown(why) => format!("{why}; check the issuer's metadata and the jwks_uri of the entry"),
    };
    std::iter::once(verdict).chain(dropped.iter().map(|key| format!("key not loaded: {key}"))).collect()
}

/// Reads header and claims of a token.
fn read(text: &str) -> Result<Shape, Problem> {
    if !is_jwt(text) {
        return Err(Problem::negative(match text.split('.').count() {
            5 => {
                "the token has five parts, so it is encrypted (JWE); encrypted tokens are always inactive: have the \
                 issuer sign its access tokens only"
            }
            _ => {
                "the token is opaque; its issuer needs no entry, but must write a record of it into the tokens table \
                 (docs/data-model.md)"
            }
        }));
    }
    let malformed =
        || Problem::negative("the token has the form of a JWT but does not parse; was it copied completely?");
    let (jws, payload) = UnverifiedJws::parse(text).map_err(|_| malformed())?;
    let claims = parse_object(&payload).map_err(|_| malformed())?;
    let header = &jws.header;
    Ok(Shape { alg: header.alg.clone(), typ: header.typ.clone(), kid: header.kid.clone(), claims })
}

/// The settings of a function with this entry.
fn settings(suggestion: &Suggestion) -> Result<Settings, SettingError> {
    let issuers = json!([suggestion.entry()]).to_string();
    let settings = |name: &str| match name {
        "ISSUER" => Some("https://introspection.example.com".to_owned()),
        "TRUSTED_ISSUERS" => Some(issuers.clone()),
        _ => None,
    };
    Settings::read(settings)
}

/// Judges the token by the entry, with the function's own code; the signature and the marks are left out.
fn check(text: &str, settings: Option<&Settings>) -> Result<(), Inactive> {
    let Some(settings) = settings else { return Err(Inactive::UntrustedIssuer { iss: None }) };
    let candidate = Candidate::parse(text, settings)?;
    judge::follows_profile(&candidate)?;
    judge::is_current(candidate.unverified_claims(), now(), settings.clock_skew_seconds)
}

fn report(shape: &Shape, suggestion: &Suggestion, why: Option<&Inactive>) -> Report {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut seen = vec![
        ("issuer", or_none(shape.text("iss").map(str::to_owned))),
        ("profile", format!("{}, because {}", suggestion.profile, suggestion.because)),
        ("algorithm", shape.alg.clone()),
        ("key", or_none(shape.kid.as_ref().map(|kid| format!("kid {kid:?}")))),
        ("audiences", or_none(Some(shape.audiences().join(", ")).filter(|text| !text.is_empty()))),
        ("client", or_none(shape.client().map(|(claim, client)| format!("{client:?} in the claim {claim}")))),
        ("session", or_none(shape.session().map(|claim| format!("the claim {claim}")))),
        ("scope", or_none(shape.scope().map(|claim| format!("the claim {claim}")))),
    ];
    let mut notes = suggestion.notes.clone();
    if let Some(why) = why {
        notes.push(format!("with this entry the token is inactive: {why}; {}", why.hint()));
    }
    seen.extend(notes.iter().map(|note| ("note", note.clone())));
    let json = json!({
        "entry": suggestion.entry(),
        "profile": suggestion.profile,
        "because": suggestion.because,
        "algorithm": shape.alg,
        "kid": shape.kid,
        "audiences": shape.audiences(),
        "client": shape.client().map(|(claim, client)| json!({ "claim": claim, "client_id": client })),
        "session": shape.session(),
        "scope": shape.scope(),
        "passes": why.is_none(),
        "reason": why.map_or(Value::Null, |why| why.name().into()),
        "notes": notes,
    });
    let text = format!("{}\n{}\n", pairs(&seen), suggestion.text());
    Report { text, json, exit_code: if why.is_none() { 0 } else { NEGATIVE } }
}

#[cfg(test)]
mod tests;
