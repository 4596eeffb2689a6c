//! Whether a trusted issuer made a token's signature, with the library's own answer and keys.

use std::time::Duration;

use token_introspection::{
    call::now,
    issuers::{Issuers, Unverified},
    jwt::DroppedKey,
    records::Items,
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
    let snapshot = issuers.snapshot_key(&candidate, now());
    let items = operator.items(snapshot.as_slice()).await?;
    Ok(check_with(&issuers, candidate, &items).await)
}

/// The same in one answer, for a command that goes on in each case.
pub async fn of(candidate: Box<Candidate<'_>>, settings: &Settings, operator: &Operator) -> Signature {
    match check(candidate, settings, operator).await {
        Ok(verdict) => Signature::from(verdict),
        Err(problem) => Signature::Unknown(problem.to_string()),
    }
}

async fn check_with(
    issuers: &Issuers,
    candidate: Box<Candidate<'_>>,
    items: &Items,
) -> (Result<VerifiedToken, Unverified>, Vec<DroppedKey>) {
    let issuer = candidate.issuer;
    let verdict = issuers.verify(candidate, items, now(), Instant::now() + PATIENCE).await;
    (verdict, issuers.dropped_keys(issuer, now()))
}

impl From<Result<VerifiedToken, Unverified>> for Signature {
    fn from(verdict: Result<VerifiedToken, Unverified>) -> Self {
        match verdict {
            Ok(_) => Self::Good,
            Err(Unverified::Inactive(_)) => Self::Bad,
            Err(Unverified::DontKnow(why)) => {
                Self::Unknown(format!("the issuer's keys do not tell from here ({})", why.cause.name()))
            }
        }
    }
}
