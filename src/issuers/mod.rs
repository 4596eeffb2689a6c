//! The keys of the trusted issuers: held, shared through the state table, fetched. The only way from an
//! [`UnverifiedToken`] to a [`VerifiedToken`].

mod budget;
mod fetch;
mod fetch_error;
mod flight;
mod held_set;
mod issuer_keys;
mod key_set;
mod probe;
mod turn;
mod verify_error;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

use self::{
    fetch::{Fetcher, KeyLocation},
    fetch_error::logged,
    flight::FAIR_TIME,
    issuer_keys::{FetchReason, IssuerKeys, NotAllowed},
    key_set::{Gap, Gaps, IssuerKeySet, SignatureCheck, check, only_fitting},
    turn::Turn,
};
pub use self::{
    fetch_error::FetchError,
    probe::{Probe, PublishedKeys},
    verify_error::{Cause, KeysUnavailable, VerifyError},
};
use crate::{
    jwt::{CheckedSignatures, DroppedKey},
    records::{FetchState, FetchedItems, ItemKey, Snapshot},
    settings::{KeySource, Settings, TrustedIssuer},
    store::Store,
    token::{Inactive, UnverifiedToken, VerifiedToken},
};

/// The time that a fetch leaves for writing the snapshot and for answering.
const RESERVE: Duration = Duration::from_millis(200);

/// The keys of every trusted issuer, as this execution environment holds them.
pub struct Issuers {
    /// The issuers whose keys are fetched. The keys of the others are in the settings.
    fetched: HashMap<String, IssuerKeys>,
    checked: CheckedSignatures,
    fetcher: Fetcher,
    store: Store,
    /// This execution environment among all of the deployment, by a random name.
    environment: String,
}

/// Who sent a token, which decides how much of the fetch budget may be used for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A client that has authenticated.
    Authenticated,
    /// Anyone else: half of the budget.
    Anyone,
}

/// What depends on a signature, which decides the answer if a limit keeps the function from looking for the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The token is inactive: a 503 for each invented token would trip the circuit breakers of resource servers.
    Verdict,
    /// "Don't know": a revocation that is refused is lost, and one that is not answered is sent again.
    Revocation,
}

/// Whether a fetch was made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Made,
    /// Another request may have fetched in the meantime.
    NotAllowed,
    /// The held set is not a second old.
    NotNeeded,
    /// The invocation has too little time left, which says nothing about the issuer.
    NoTime,
}

impl Issuers {
    /// # Errors
    ///
    /// Returns an error if the system has no random numbers, from which the environment gets its name.
    pub fn new(settings: &Settings, store: Store) -> Result<Self, getrandom::Error> {
        let mut name = [0; 16];
        getrandom::fill(&mut name)?;
        let refresh = i64::try_from(settings.jwks_refresh.as_secs()).unwrap_or(i64::MAX);
        let fetched = settings.trusted_issuers.iter().filter_map(|issuer| {
            KeyLocation::for_issuer(issuer).map(|location| (issuer.issuer.clone(), IssuerKeys::new(location, refresh)))
        });
        Ok(Self {
            fetched: fetched.collect(),
            checked: CheckedSignatures::default(),
            fetcher: Fetcher::new(settings.proxies.clone()),
            store,
            environment: format!("{:032x}", u128::from_ne_bytes(name)),
        })
    }

    /// The item keys of all shared snapshots, which are read during the start.
    pub fn snapshot_item_keys(&self) -> Vec<ItemKey> {
        self.fetched.keys().filter_map(|issuer| ItemKey::snapshot(issuer).ok()).collect()
    }

    /// The item key of the shared snapshot, if the held set cannot serve this token.
    pub fn snapshot_item_key<S>(&self, unverified: &UnverifiedToken<'_, S>, now: i64) -> Option<ItemKey> {
        let keys = self.fetched.get(&unverified.issuer().issuer)?;
        let needed = keys.needs_snapshot(unverified, now);
        needed.then(|| ItemKey::snapshot(&unverified.issuer().issuer).ok()).flatten()
    }

    /// The `kid` of the only key in the held set that fits a token without `kid`, so that the key's mark is read with
    /// the token's others. `None` if the token has a `kid`, or if not exactly one key fits.
    pub fn only_fitting_kid<S>(&self, unverified: &UnverifiedToken<'_, S>, now: i64) -> Option<String> {
        let kid = |keys| only_fitting(keys, unverified.header()).and_then(|key| key.kid().map(str::to_owned));
        match &unverified.issuer().keys {
            KeySource::Inline(loaded) => kid(&loaded.keys),
            _ => kid(self.fetched.get(&unverified.issuer().issuer)?.set(now)?.keys()),
        }
    }

    /// The entries of an issuer's key set that were not loaded, if this environment fetched the set itself: a snapshot
    /// does not contain them.
    pub fn dropped_keys(&self, issuer: &TrustedIssuer, now: i64) -> Vec<DroppedKey> {
        if let KeySource::Inline(loaded) = &issuer.keys {
            return loaded.dropped.clone();
        }
        let set = self.fetched.get(&issuer.issuer).and_then(|keys| keys.set(now));
        set.map(|set| set.dropped().to_vec()).unwrap_or_default()
    }

    /// Adopts an issuer's snapshot if it is among the items, is from the configured address and loads (H-27).
    pub fn adopt(&self, issuer: &TrustedIssuer, items: &FetchedItems, now: i64) {
        let Some(keys) = self.fetched.get(&issuer.issuer) else { return };
        let Ok(key) = ItemKey::snapshot(&issuer.issuer) else { return };
        let corrupt = || error!(event = "corrupt_item", item = "jwks#", issuer = issuer.issuer);
        let Ok(snapshot) = items.record::<Snapshot>(&key) else { return corrupt() };
        let Some(snapshot) = snapshot else { return };
        if *keys.location.uri() != snapshot.jwks_uri.as_str() {
            return;
        }
        match IssuerKeySet::from_snapshot(&snapshot, &issuer.algorithms) {
            Ok(set) => keys.adopt(set, now),
            Err(_) => corrupt(),
        }
    }

    /// Checks the signature of a token about which an authenticated caller asks. Fetches keys if that is necessary and
    /// allowed.
    ///
    /// # Errors
    ///
    /// Returns [`VerifyError`], as [`Issuers::verify_for`] does.
    pub async fn verify<S>(
        &self,
        unverified: Box<UnverifiedToken<'_, S>>,
        items: &FetchedItems,
        now: i64,
        deadline: Instant,
    ) -> Result<VerifiedToken<S>, VerifyError> {
        self.verify_for(Purpose::Verdict, Sender::Authenticated, unverified, items, now, deadline).await
    }

    /// Does the same for any purpose and sender.
    ///
    /// # Errors
    ///
    /// Returns [`VerifyError`]: inactive if the issuer's keys decide so, and "don't know" if they are unavailable or
    /// one of our limits stopped the search.
    pub async fn verify_for<S>(
        &self,
        purpose: Purpose,
        sender: Sender,
        unverified: Box<UnverifiedToken<'_, S>>,
        items: &FetchedItems,
        now: i64,
        deadline: Instant,
    ) -> Result<VerifiedToken<S>, VerifyError> {
        let issuer = unverified.issuer();
        let verdict = match &issuer.keys {
            KeySource::Inline(loaded) => {
                conclude(check(&loaded.keys, &Gaps::default(), unverified, &self.checked), None, 1)
            }
            KeySource::Remote(_) | KeySource::Discovered(_) => match self.fetched.get(&issuer.issuer) {
                Some(keys) => {
                    self.adopt(issuer, items, now);
                    self.verify_with(keys, purpose, sender, unverified, now, deadline).await
                }
                None => Err(KeysUnavailable { cause: Cause::FetchFailed, retry_after: 1 }.into()),
            },
        };
        if let Err(VerifyError::KeysUnavailable(KeysUnavailable { cause, retry_after })) = &verdict {
            info!(event = "keys_unavailable", issuer = issuer.issuer, cause = cause.name(), retry_after);
        }
        verdict
    }

    async fn verify_with<S>(
        &self,
        keys: &IssuerKeys,
        purpose: Purpose,
        sender: Sender,
        unverified: Box<UnverifiedToken<'_, S>>,
        now: i64,
        deadline: Instant,
    ) -> Result<VerifiedToken<S>, VerifyError> {
        let issuer = unverified.issuer();
        let mut attempt = Attempt::NotAllowed;
        if keys.is_due(now) {
            attempt = self.fetch(issuer, keys, FetchReason::Due, now, deadline).await;
        }
        let set = keys.set(now).ok_or_else(|| {
            let cause = if attempt == Attempt::NoTime { Cause::NoTime } else { Cause::FetchFailed };
            KeysUnavailable { cause, retry_after: keys.retry_after(now) }
        })?;
        let mut checked = set.check(unverified, &self.checked);
        let reason = match &checked {
            SignatureCheck::Signed(_) => None,
            _ if sender == Sender::Anyone => Some(FetchReason::Unauthenticated),
            SignatureCheck::UnknownKey(_) | SignatureCheck::Undecided(Gap::TruncatedSet, _) => {
                Some(FetchReason::UnknownKey)
            }
            SignatureCheck::BadSignature(_) | SignatureCheck::Undecided(..) => Some(FetchReason::Recheck),
        };
        if let Some(reason) = reason {
            match self.fetch(issuer, keys, reason, now, deadline).await {
                // The earlier attempt still counts: if the refresh had no time, newer keys may exist.
                refused @ (Attempt::NotAllowed | Attempt::NotNeeded) => {
                    if attempt == Attempt::NotAllowed {
                        attempt = refused;
                    }
                }
                other => attempt = other,
            }
            if let Some(newer) = keys.set(now).filter(|newer| !Arc::ptr_eq(newer, &set)) {
                checked = match checked {
                    SignatureCheck::UnknownKey(unverified)
                    | SignatureCheck::BadSignature(unverified)
                    | SignatureCheck::Undecided(_, unverified) => newer.check(unverified, &self.checked),
                    signed @ SignatureCheck::Signed(_) => signed,
                };
            }
        }
        let failure = match attempt {
            Attempt::NoTime => Some(Cause::NoTime),
            _ if keys.last_fetch_failed() => Some(Cause::FetchFailed),
            // Also with a bad signature: another key may have the same `kid` by now, and a revocation must not be lost. A
            // set that was just fetched has the issuer's key of that `kid`.
            Attempt::NotAllowed if purpose == Purpose::Revocation => Some(Cause::FetchNotAllowed),
            Attempt::NotNeeded
                if purpose == Purpose::Revocation && matches!(checked, SignatureCheck::UnknownKey(_)) =>
            {
                Some(Cause::FetchNotAllowed)
            }
            _ => None,
        };
        conclude(checked, failure, keys.retry_after(now))
    }

    /// Fetches the issuer's keys, unless that is not allowed or another request has just fetched them.
    async fn fetch(
        &self,
        issuer: &TrustedIssuer,
        keys: &IssuerKeys,
        reason: FetchReason,
        now: i64,
        deadline: Instant,
    ) -> Attempt {
        let Some(deadline) = deadline.checked_sub(RESERVE) else { return Attempt::NoTime };
        let asked = Instant::now();
        // A request that waited here finds that the fetch was already made, and is not allowed another one.
        let Ok(single) = timeout_at(deadline, keys.flight.lock()).await else { return Attempt::NoTime };
        let flight = match keys.try_begin_fetch(reason, now, asked, has_fair_time(deadline)) {
            Ok(Some(flight)) => flight,
            Ok(None) => return Attempt::NoTime,
            Err(NotAllowed::BudgetUsedUp { log: true }) => {
                warn!(event = "jwks_budget_used_up", issuer = issuer.issuer);
                return Attempt::NotAllowed;
            }
            Err(NotAllowed::NotNeeded) => return Attempt::NotNeeded,
            Err(_) => return Attempt::NotAllowed,
        };
        let lease = match self.turn(issuer, keys.location.uri(), now, deadline).await {
            Turn::Ours(lease) => lease,
            Turn::Failed => {
                flight.failed();
                return Attempt::Made;
            }
            Turn::Adopted => {
                flight.left_to_another();
                return Attempt::NotAllowed;
            }
            Turn::NoTime => {
                flight.not_made();
                return Attempt::NoTime;
            }
        };
        let set = match self.fetcher.fetch(&keys.location, deadline).await {
            Ok(text) => IssuerKeySet::parse(&text, &issuer.algorithms, flight.fetched_at).map_err(FetchError::from),
            Err(error) => Err(error),
        };
        let fetched_at = flight.fetched_at;
        let state = if set.is_ok() { FetchState::Shared } else { FetchState::Failed };
        match set.map(Arc::new) {
            Ok(set) => {
                flight.succeeded(Arc::clone(&set));
                drop(single);
                log_fetched(issuer, &set);
                self.share(issuer, keys, &set, deadline + RESERVE / 2).await;
            }
            Err(error) => {
                flight.failed();
                drop(single);
                log_failure(issuer, &error);
            }
        }
        if let Some(lease) = lease {
            self.end(lease, state, fetched_at, deadline + RESERVE / 2).await;
        }
        Attempt::Made
    }

    /// Writes the snapshot. If this fails, the other environments fetch for themselves.
    async fn share(&self, issuer: &TrustedIssuer, keys: &IssuerKeys, set: &IssuerKeySet, deadline: Instant) {
        let Ok(key) = ItemKey::snapshot(&issuer.issuer) else { return };
        let snapshot = set.to_snapshot(keys.location.uri().to_string());
        let _ = self.store.put_snapshot(&key, &snapshot, deadline).await;
    }
}

/// Whether a fetch that begins now would say something about the issuer.
fn has_fair_time(deadline: Instant) -> bool {
    deadline.saturating_duration_since(Instant::now()) >= FAIR_TIME
}

/// The verdict of a check. `failure` is what kept the function from finding a newer set.
fn conclude<S>(
    checked: SignatureCheck<'_, S>,
    failure: Option<Cause>,
    retry_after: u32,
) -> Result<VerifiedToken<S>, VerifyError> {
    let why = match checked {
        SignatureCheck::Signed(token) => return Ok(*token),
        SignatureCheck::Undecided(gap, _) => return Err(KeysUnavailable { cause: gap.into(), retry_after }.into()),
        SignatureCheck::UnknownKey(unverified) => Inactive::UnknownKey { kid: unverified.header().kid.clone() },
        SignatureCheck::BadSignature(unverified) => Inactive::BadSignature { kid: unverified.header().kid.clone() },
    };
    match failure {
        Some(cause) => Err(KeysUnavailable { cause, retry_after }.into()),
        None => Err(VerifyError::Inactive(why)),
    }
}

fn log_failure(issuer: &TrustedIssuer, error: &FetchError) {
    let (cause, found, expected) = (error.name(), error.found(), error.expected());
    warn!(event = "jwks_fetch_failed", issuer = issuer.issuer, cause, found, expected);
}

/// Logs one line for the set, and one for each entry that was not loaded.
fn log_fetched(issuer: &TrustedIssuer, set: &IssuerKeySet) {
    info!(event = "jwks_fetched", issuer = issuer.issuer, keys = set.keys().len(), truncated = set.is_truncated());
    for DroppedKey { kid, kty, cause } in set.dropped() {
        let (issuer, kid, kty) = (&issuer.issuer, kid.as_deref().map(logged), kty.as_deref().map(logged));
        let (cause, member, unreadable) = (cause.name(), cause.member(), cause.is_unreadable());
        if unreadable {
            warn!(event = "key_dropped", issuer, kid, kty, cause, member, unreadable);
        } else {
            info!(event = "key_dropped", issuer, kid, kty, cause, member, unreadable);
        }
    }
}
