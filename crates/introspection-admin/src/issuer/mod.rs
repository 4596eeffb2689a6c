//! `issuer suggest`: suggests the entry of `TRUSTED_ISSUERS` that fits a token, or what an issuer publishes. Nothing
//! that it reads is trusted, so the operator must check the entry.

mod entry;
mod facts;
mod published;
mod shape;

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::{Value, json};
use token_introspection::{
    call::now,
    issuers::{FetchError, Probe, PublishedKeys, VerifyError},
    judge,
    jwt::{UnverifiedJws, is_jwt, parse_object},
    settings::{KeySource, ProxySettings, SettingError, Settings, TrustedIssuer},
    token::{Inactive, UnverifiedToken},
};

use self::{entry::Suggestion, shape::Shape};
use crate::{
    environment::Environment,
    input::Input,
    output::{Report, pairs},
    problem::{NEGATIVE, Problem},
};

#[derive(Subcommand)]
pub enum Command {
    /// Suggest the entry of `TRUSTED_ISSUERS` for an issuer, from one of its tokens or from its URL
    #[command(after_help = EXAMPLES)]
    Suggest(Suggest),
}

const EXAMPLES: &str = "\
With --token, prints the entry to paste and what the token shows: the profile and why, the algorithm, the audiences, the
claims with the client, the session and the scope, and whether the issuer's keys load and made the signature. Warns
about tokens that are not access tokens. Never prints the token.

With --issuer, reads the issuer's metadata and keys, and prints the entry, with fill-in-… for values that only a token
shows, and which keys load. Prefer --token.

Both fetch what the issuer publishes, and need neither settings nor AWS credentials. Nothing else is verified, so check
the issuer before you paste the entry.

Exit codes: 0 the token passes the rules of the entry, or the issuer's keys load; 1 it does not, the issuer publishes
nothing usable, or its metadata name another issuer; 3 the issuer cannot be reached. The output says why, with the names
of docs/reasons.md.

Examples:
  introspection-admin issuer suggest --token @token.txt
  introspection-admin issuer suggest --issuer https://tenant.eu.auth0.com/
  pbpaste | introspection-admin issuer suggest --token - --output json";

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Suggest {
    /// Access token of the issuer, as - (standard input) or @FILE
    #[arg(long, value_name = "-|@FILE")]
    token: Option<Input>,
    /// URL of the issuer, as its tokens have it in `iss`
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if the token is not a JWT or the issuer publishes nothing usable, and
/// [`Problem::Unknown`] if the issuer cannot be reached.
pub async fn run(command: &Command, environment: &Environment) -> Result<Report, Problem> {
    let Command::Suggest(Suggest { token, issuer }) = command;
    let proxies = environment.proxies()?;
    match (token, issuer) {
        (Some(token), _) => by_token(token, Some(proxies)).await,
        (None, Some(issuer)) => published::suggest(issuer, proxies).await,
        (None, None) => Err(Problem::usage("give --token or --issuer")),
    }
}

/// Suggests the entry for the issuer of a token. The keys are fetched only if proxies are given, which say how.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if the token is not a JWT.
pub async fn by_token(token: &Input, proxies: Option<ProxySettings>) -> Result<Report, Problem> {
    let text = token.read_token("--token")?;
    let shape = read(&text)?;
    let mut suggestion = Suggestion::from_shape(&shape);
    let settings = settings(&suggestion);
    let verdict = check(&text, settings.as_ref().ok());
    match (&settings, proxies) {
        (Ok(settings), Some(proxies)) => suggestion.notes.extend(keys(&text, settings, proxies).await),
        (Ok(_), None) => suggestion.notes.push("the issuer's keys were not fetched".to_owned()),
        (Err(error), _) => suggestion.notes.push(format!("the entry cannot be used as it is: {error}")),
    }
    Ok(report(&shape, &suggestion, verdict.as_ref().err()))
}

/// Checks the token with the issuer's keys, which are fetched as the function would, and describes the result.
async fn keys(text: &str, settings: &Settings, proxies: ProxySettings) -> Vec<String> {
    let Ok(unverified) = UnverifiedToken::parse(text, settings) else {
        return vec!["the issuer's keys were not fetched, because the token is inactive without them".to_owned()];
    };
    let issuer = unverified.issuer();
    let probe = Probe::new(proxies);
    let fetched = probe.keys(issuer).await;
    let elsewhere = elsewhere(&probe, issuer, &fetched).await;
    let dropped = fetched.as_ref().ok().and_then(|keys| keys.load(&issuer.algorithms).ok());
    let verdict = match fetched.and_then(|keys| keys.verify(Box::new(unverified))) {
        Ok(Ok(_)) => "the issuer's keys load, and one of them made the token's signature".to_owned(),
        Ok(Err(VerifyError::Inactive(why))) => {
            format!("the issuer's keys load, but none of them made the token's signature ({})", why.name())
        }
        Ok(Err(VerifyError::KeysUnavailable(why))) => {
            format!("it is unknown whether one of the issuer's keys made the signature ({})", why.cause.name())
        }
        Err(error) => {
            format!(
                "the issuer's keys cannot be used from here: {error}; check its metadata and the jwks_uri of the entry"
            )
        }
    };
    let dropped = dropped.into_iter().flat_map(|(loaded, _)| loaded.dropped);
    std::iter::once(verdict).chain(elsewhere).chain(dropped.map(|key| format!("key not loaded: {key}"))).collect()
}

/// The location of the keys if the metadata name another issuer than the tokens, as those of Azure AD B2C do. The
/// function accepts that location only from the entry.
async fn elsewhere(
    probe: &Probe,
    issuer: &TrustedIssuer,
    fetched: &Result<PublishedKeys, FetchError>,
) -> Option<String> {
    let (Err(FetchError::IssuerDiffers { .. }), KeySource::Discovered(addresses)) = (fetched, &issuer.keys) else {
        return None;
    };
    let metadata = probe.metadata(addresses).await.ok()?;
    let jwks_uri = metadata.get("jwks_uri")?.as_str()?;
    Some(format!(
        "if the metadata are nevertheless those of the tokens' issuer, add \"jwks_uri\": {jwks_uri:?} to the entry"
    ))
}

/// Reads the header and the claims of a token.
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

/// Judges the token by the entry, with the function's own code, but without checking the signature and the marks.
fn check(text: &str, settings: Option<&Settings>) -> Result<(), Inactive> {
    let Some(settings) = settings else { return Err(Inactive::UntrustedIssuer { iss: None }) };
    let unverified = UnverifiedToken::parse(text, settings)?;
    judge::follows_profile(&unverified)?;
    judge::is_current(unverified.unverified_claims(), now(), settings.clock_skew_seconds)
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
