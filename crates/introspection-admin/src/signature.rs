//! Checks whether a trusted issuer made a token's signature, with the library's own code and keys.

use std::time::Duration;

use token_introspection::{
    call::now,
    issuers::{Issuers, VerifyError},
    jwt::DroppedKey,
    records::FetchedItems,
    settings::Settings,
    token::{UnverifiedToken, VerifiedToken},
};
use tokio::time::Instant;

use crate::{problem::Problem, random::no_random_numbers, store::AdminStore};

/// The time limit for fetching a key set. An operator waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the issuer's keys say about a token.
pub enum Signature {
    Good,
    Bad,
    /// Why the signature could not be checked.
    Unknown(String),
}

/// Checks the signature with the keys that the function would use: configured, shared or fetched. Fetched keys are not
/// shared, because only the function writes the state table.
///
/// # Errors
///
/// Returns a [`Problem`] if the table of shared key sets cannot be read. The inner error is the library's own answer.
pub async fn check<S>(
    unverified: Box<UnverifiedToken<'_, S>>,
    settings: &Settings,
    admin: &AdminStore,
) -> Result<Result<VerifiedToken<S>, VerifyError>, Problem> {
    check_with_keys(unverified, settings, admin).await.map(|(verdict, _)| verdict)
}

/// Does the same as [`check`], and also returns the published keys that were not loaded.
///
/// # Errors
///
/// Returns a [`Problem`] as [`check`] does.
pub async fn check_with_keys<S>(
    unverified: Box<UnverifiedToken<'_, S>>,
    settings: &Settings,
    admin: &AdminStore,
) -> Result<(Result<VerifiedToken<S>, VerifyError>, Vec<DroppedKey>), Problem> {
    let issuers = Issuers::new(settings, admin.read_only_store()).map_err(no_random_numbers)?;
    let snapshot = issuers.snapshot_item_key(&unverified, now());
    let items = admin.items(snapshot.as_slice()).await?;
    Ok(check_with(&issuers, unverified, &items).await)
}

/// Does the same as [`check`], with one result for a command that continues in each case.
pub async fn result(unverified: Box<UnverifiedToken<'_>>, settings: &Settings, admin: &AdminStore) -> Signature {
    match check(unverified, settings, admin).await {
        Ok(verdict) => Signature::from(verdict),
        Err(problem) => Signature::Unknown(problem.to_string()),
    }
}

async fn check_with<S>(
    issuers: &Issuers,
    unverified: Box<UnverifiedToken<'_, S>>,
    items: &FetchedItems,
) -> (Result<VerifiedToken<S>, VerifyError>, Vec<DroppedKey>) {
    let issuer = unverified.issuer();
    let verdict = issuers.verify(unverified, items, now(), Instant::now() + PATIENCE).await;
    (verdict, issuers.dropped_keys(issuer, now()))
}

impl From<Result<VerifiedToken, VerifyError>> for Signature {
    fn from(verdict: Result<VerifiedToken, VerifyError>) -> Self {
        match verdict {
            Ok(_) => Self::Good,
            Err(VerifyError::Inactive(_)) => Self::Bad,
            Err(VerifyError::KeysUnavailable(why)) => {
                Self::Unknown(format!("the issuer's keys are not known well enough to decide ({})", why.cause.name()))
            }
        }
    }
}
