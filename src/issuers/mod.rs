//! The keys of the trusted issuers: held, shared through the state table, fetched. The only way from a
//! [`Candidate`] to claims that may be released.

mod fetch;
mod key_set;
mod source;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

use self::{
    fetch::{FetchError, Fetcher, Places},
    key_set::{Checked, KeySet, UnusableSet, check},
    source::Source,
};
use crate::{
    records::{Items, Key, Snapshot},
    settings::{KeySource, Settings, TrustedIssuer},
    store::Store,
    token::{Candidate, Inactive, VerifiedToken},
};

/// What a fetch leaves of the invocation's time, to write the snapshot and to answer.
const RESERVE: Duration = Duration::from_millis(200);

/// Why a token's signature did not make it active.
pub enum Unverified {
    Inactive(Inactive),
    /// The issuer's keys are out of reach.
    DontKnow,
}

/// Every trusted issuer's keys, as this execution environment has them.
pub struct Issuers {
    /// Issuers whose keys are fetched; the others' are in the settings.
    sources: HashMap<String, Source>,
    fetcher: Fetcher,
    store: Store,
}

impl Issuers {
    pub fn new(settings: &Settings, store: Store) -> Self {
        let refresh = i64::try_from(settings.jwks_refresh.as_secs()).unwrap_or(i64::MAX);
        let sources = settings.trusted_issuers.iter().filter_map(|issuer| {
            let places = match &issuer.keys {
                KeySource::Inline(_) => return None,
                KeySource::Remote(uri) => Places::KeySet(uri.clone()),
                KeySource::Discovered(metadata) => Places::Metadata(metadata.clone()),
            };
            Some((issuer.issuer.clone(), Source::new(places, refresh)))
        });
        Self { sources: sources.collect(), fetcher: Fetcher::default(), store }
    }

    /// The keys of all shared snapshots, to be read while the function starts.
    pub fn snapshot_keys(&self) -> Vec<Key> {
        self.sources.keys().filter_map(|issuer| Key::snapshot(issuer).ok()).collect()
    }

    /// The key of the shared snapshot, where the held set does not serve this token.
    pub fn snapshot_key(&self, candidate: &Candidate<'_>, now: i64) -> Option<Key> {
        let source = self.sources.get(&candidate.issuer.issuer)?;
        let needed = source.needs_keys(candidate.header().kid.as_deref(), now);
        needed.then(|| Key::snapshot(&candidate.issuer.issuer).ok()).flatten()
    }

    /// The name of the one key that fits a token without `kid`, if there is exactly one.
    pub fn only_fitting_kid(&self, _candidate: &Candidate<'_>, _now: i64) -> Option<String> {
        None
    }

    /// Takes over an issuer's snapshot, if it is among the items, is of the configured place and parses.
    pub fn adopt(&self, issuer: &TrustedIssuer, items: &Items, now: i64) {
        let Some(source) = self.sources.get(&issuer.issuer) else { return };
        let Ok(key) = Key::snapshot(&issuer.issuer) else { return };
        let corrupt = || error!(event = "corrupt_item", item = "jwks#", issuer = issuer.issuer);
        let Ok(snapshot) = items.record::<Snapshot>(&key) else { return corrupt() };
        let Some(snapshot) = snapshot.filter(|snapshot| *source.places.name() == snapshot.jwks_uri.as_str()) else {
            return;
        };
        match KeySet::parse(snapshot.jwks.as_bytes(), &issuer.algorithms, snapshot.fetched_at) {
            Ok(set) => source.adopt(set, now),
            Err(UnusableSet) => corrupt(),
        }
    }

    /// Checks the signature, with keys that are fetched where they have to be and may be.
    ///
    /// # Errors
    ///
    /// [`Unverified`]: inactive where the issuer's keys say so, "don't know" where they are out of reach.
    pub async fn verify(
        &self,
        candidate: Box<Candidate<'_>>,
        items: &Items,
        now: i64,
        deadline: Instant,
    ) -> Result<VerifiedToken, Unverified> {
        let issuer = candidate.issuer;
        let source = match &issuer.keys {
            KeySource::Inline(keys) => return signed(check(keys, candidate)).map_err(Unverified::Inactive),
            KeySource::Remote(_) | KeySource::Discovered(_) => {
                self.sources.get(&issuer.issuer).ok_or(Unverified::DontKnow)?
            }
        };
        self.adopt(issuer, items, now);
        if source.needs_keys(candidate.header().kid.as_deref(), now) {
            self.fetch(issuer, source, now, deadline).await;
        }
        let set = source.set(now).ok_or(Unverified::DontKnow)?;
        match set.check(candidate) {
            Checked::UnknownKey if source.last_fetch_failed() => Err(Unverified::DontKnow),
            // The issuer may have put another key in the place of this one, under the same name.
            Checked::BadSignature(candidate) => {
                self.fetch(issuer, source, now, deadline).await;
                let newer = source.set(now).filter(|newer| !Arc::ptr_eq(newer, &set));
                let verdict = match newer {
                    Some(newer) => signed(newer.check(candidate)),
                    None => Err(bad_signature(&candidate)),
                };
                verdict.map_err(Unverified::Inactive)
            }
            checked => signed(checked).map_err(Unverified::Inactive),
        }
    }

    /// Fetches the issuer's keys, unless a fetch has just been made.
    async fn fetch(&self, issuer: &TrustedIssuer, source: &Source, now: i64, deadline: Instant) {
        let Some(deadline) = deadline.checked_sub(RESERVE) else { return };
        // Whoever waits here finds, once it is through, that the fetch it wanted has been made.
        let Ok(_flight) = timeout_at(deadline, source.flight.lock()).await else { return };
        if !source.begin_fetch(now) {
            return;
        }
        let set = match self.fetcher.fetch(&issuer.issuer, &source.places, deadline).await {
            Ok(text) => KeySet::parse(&text, &issuer.algorithms, now).map_err(|UnusableSet| FetchError::UnusableSet),
            Err(cause) => Err(cause),
        };
        let set = match set {
            Ok(set) => Arc::new(set),
            Err(cause) => {
                warn!(event = "jwks_fetch_failed", issuer = issuer.issuer, ?cause);
                return;
            }
        };
        info!(event = "jwks_fetched", issuer = issuer.issuer);
        source.succeeded(Arc::clone(&set));
        if let Ok(key) = Key::snapshot(&issuer.issuer) {
            let snapshot =
                Snapshot { jwks: set.to_json(), jwks_uri: source.places.name().to_string(), fetched_at: now };
            // Without the snapshot the other environments fetch for themselves.
            let _ = self.store.put_snapshot(&key, &snapshot, deadline + RESERVE / 2).await;
        }
    }
}

fn bad_signature(candidate: &Candidate<'_>) -> Inactive {
    Inactive::BadSignature { kid: candidate.header().kid.clone() }
}

fn signed(checked: Checked<'_>) -> Result<VerifiedToken, Inactive> {
    match checked {
        Checked::Signed(token) => Ok(*token),
        Checked::UnknownKey => Err(Inactive::UnknownKey { kid: None }),
        Checked::BadSignature(candidate) => Err(bad_signature(&candidate)),
    }
}
