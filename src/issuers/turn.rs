//! One environment of the deployment fetches an issuer's keys at a time. The others wait for its snapshot.

use std::time::Duration;

use http::Uri;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Issuers, has_fair_time};
use crate::{
    records::{FetchLease, FetchState, ItemKey},
    settings::TrustedIssuer,
};

/// The time limit for taking a lease. After that, the environment fetches without one.
const TAKE_TIMEOUT: Duration = Duration::from_millis(600);
/// The pause before the second look for the snapshot of another environment. Each further pause is twice as long, because
/// all that wait read the same item.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Whose turn it is to fetch.
pub enum Turn {
    /// This environment's. `None` if it could not be agreed with the others.
    Ours(Option<Lease>),
    /// Another environment has fetched a newer set, which this one has adopted.
    Adopted,
    /// The fetch of another environment has failed.
    Failed,
    /// Another environment has not ended its fetch in time, or too little time is left for one of our own.
    NoTime,
}

/// The lease that this environment holds.
pub struct Lease {
    key: ItemKey,
    item: FetchLease,
}

impl Issuers {
    /// Decides whether this environment fetches. If another one does, waits for the end of its fetch.
    pub(super) async fn turn(&self, issuer: &TrustedIssuer, uri: &Uri, now: i64, deadline: Instant) -> Turn {
        let Ok(key) = ItemKey::fetch_lease(&issuer.issuer) else { return Turn::Ours(None) };
        let item = FetchLease {
            holder: self.environment.clone(),
            jwks_uri: uri.to_string(),
            held_until: now.saturating_add(FetchLease::LIFETIME_SECONDS),
            state: FetchState::InFlight,
        };
        let turn = match self.store.put_lease(&key, &item, now, deadline.min(Instant::now() + TAKE_TIMEOUT)).await {
            Ok(true) => Turn::Ours(Some(Lease { key, item })),
            Ok(false) => {
                let waiting = self.wait(issuer, &key, now, deadline);
                timeout_at(deadline, waiting).await.unwrap_or(Turn::NoTime)
            }
            // A fetch too many does no harm. No fetch would.
            Err(_) => Turn::Ours(None),
        };
        match turn {
            // The agreement took too long. The next request of any environment may fetch.
            Turn::Ours(lease) if !has_fair_time(deadline) => {
                if let Some(lease) = lease {
                    self.end(lease, FetchState::InFlight, now, deadline).await;
                }
                Turn::NoTime
            }
            turn => turn,
        }
    }

    async fn wait(&self, issuer: &TrustedIssuer, lease: &ItemKey, now: i64, deadline: Instant) -> Turn {
        let fetched_at = || self.fetched.get(&issuer.issuer)?.set(now).map(|set| set.fetched_at);
        let before = fetched_at();
        let item_keys: Vec<_> = ItemKey::snapshot(&issuer.issuer).into_iter().chain([lease.clone()]).collect();
        let mut pause = FIRST_PAUSE;
        let mut last = FetchState::InFlight;
        loop {
            let Ok(items) = self.store.get_strongly(&item_keys, deadline).await else { return Turn::NoTime };
            self.adopt(issuer, &items, now);
            if fetched_at() > before {
                return Turn::Adopted;
            }
            let state = items.record::<FetchLease>(lease).ok().flatten().map_or(last, |lease| lease.state);
            match (last, state) {
                (_, FetchState::Failed) => return Turn::Failed,
                // The snapshot was deleted, or this environment cannot use it.
                (FetchState::Shared, FetchState::Shared) => return Turn::Ours(None),
                // The items were read one after the other, so the snapshot may be older than the lease.
                _ => last = state,
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// Tells the other environments how the fetch ended, or gives it up if it is still to be made. If this fails, they wait until the lease ends by itself.
    pub(super) async fn end(&self, lease: Lease, state: FetchState, now: i64, deadline: Instant) {
        let Lease { key, mut item } = lease;
        item.state = state;
        // A set that is less than a second old is not fetched again, so no other environment needs a turn before that.
        item.held_until = if state == FetchState::Shared { now.saturating_add(1) } else { now };
        let _ = self.store.put_lease(&key, &item, now, deadline).await;
    }
}
