//! Whether a trusted issuer made a token's signature, with the library's own answer and keys.

use std::time::Duration;

use token_introspection::{
    call::now,
    issuers::{Issuers, Unverified},
    jwt::DroppedKey,
    settings::Settings,
    store::Operator,
    token::{Candidate, VerifiedToken},
};
use tokio::time::Instant;

use crate::{environment::Environment, problem::Problem};

/// For fetching a key set; a person waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks the signature with the keys that the function would use: configured, shared or fetched. What is fetched
/// here is not shared, since the state table is the function's own.
///
/// # Errors
///
/// Where the table of shared key sets cannot be read. The inner one is the library's own answer.
pub async fn check(
    candidate: Box<Candidate<'_>>,
    settings: &Settings,
    operator: &Operator,
) -> Result<Result<VerifiedToken, Unverified>, Problem> {
    check_with_keys(candidate, settings, operator).await.map(|(verdict, _)| verdict)
}

/// [`check`], and the keys that the issuer publishes and that were not loaded.
///
/// # Errors
///
/// As [`check`].
pub async fn check_with_keys(
    candidate: Box<Candidate<'_>>,
    settings: &Settings,
    operator: &Operator,
) -> Result<(Result<VerifiedToken, Unverified>, Vec<DroppedKey>), Problem> {
    let issuers = Issuers::new(settings, operator.read_only_store());
    let (issuer, snapshot) = (candidate.issuer, issuers.snapshot_key(&candidate, now()));
    let items = operator.items(snapshot.as_slice()).await?;
    let verdict = issuers.verify(candidate, &items, now(), Instant::now() + PATIENCE).await;
    Ok((verdict, issuers.dropped_keys(issuer, now())))
}

/// Whether a token that claims an issuer is shown to be that issuer's. What cannot be found out is a no.
pub async fn is_verified(token: &str, environment: &Environment, operator: &Operator) -> bool {
    let Ok(settings) = environment.settings() else { return false };
    let Ok(candidate) = Candidate::parse(token, settings) else { return false };
    let checked = check(Box::new(candidate), settings, operator).await;
    checked.is_ok_and(|token| token.is_ok())
}
