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

use crate::problem::Problem;

/// For fetching a key set; a person waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the issuer's keys say of a token.
pub enum Signature {
    Good,
    Bad,
    /// Why it could not be checked.
    Unknown(String),
}

/// Checks the signature with the keys that the function would use: configured, shared or fetched. What is fetched
/// here is not shared, because the state table is the function's own.
///
/// # Errors
///
/// Returns a [`Problem`] if the table of shared key sets cannot be read. The inner error is the library's own answer.
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

/// The same in one answer, for a command that goes on in each case.
pub async fn of(candidate: Box<Candidate<'_>>, settings: &Settings, operator: &Operator) -> Signature {
    answer(check(candidate, settings, operator).await)
}

/// The same with keys that are fetched now, whatever is shared. Nothing is read from a table.
pub async fn by_fetched_keys(candidate: Box<Candidate<'_>>, settings: &Settings, operator: &Operator) -> Signature {
    let issuers = Issuers::new(settings, operator.read_only_store());
    let nothing = operator.items(&[]).await;
    let checked = match nothing {
        Ok(items) => Ok(issuers.verify(candidate, &items, now(), Instant::now() + PATIENCE).await),
        Err(failure) => Err(failure.into()),
    };
    answer(checked)
}

fn answer(checked: Result<Result<VerifiedToken, Unverified>, Problem>) -> Signature {
    match checked {
        Ok(Ok(_)) => Signature::Good,
        Ok(Err(Unverified::Inactive(_))) => Signature::Bad,
        Ok(Err(Unverified::DontKnow)) => Signature::Unknown("the issuer's keys cannot be reached from here".to_owned()),
        Err(problem) => Signature::Unknown(problem.to_string()),
    }
}
