//! Who is asking: the one round trip, and the one asynchronous step around [`Caller::authenticate`].

use tracing::{error, info, warn};

use super::{Service, unavailable};
use crate::{
    audit::{Reason, Trail},
    auth::{Asserted, Authenticated, Caller, Refusal},
    call::Call,
    records::Items,
    request::Credentials,
    response::Outcome,
    store::Unavailable,
    token::PresentedToken,
};

impl Service {
    /// Makes the one round trip, and learns from it who is asking.
    pub(super) async fn authenticate(
        &self,
        credentials: &Credentials<'_>,
        tokens: &[PresentedToken<'_>],
        call: &Call,
        trail: &mut Trail,
    ) -> Result<(Caller, Items), Outcome> {
        trail.method = credentials.method();
        let items = self.store.get(&self.first_keys(credentials, tokens, call.now), call.deadline).await;
        let items = items.map_err(|Unavailable| unavailable(trail))?;
        trail.caller = known_client(credentials, &items);
        let caller = match Caller::authenticate(credentials, &items, &self.settings, call.now) {
            Ok(Authenticated::Caller(caller)) => Ok(caller),
            Ok(Authenticated::Asserted(asserted)) => self.guard(asserted, call, trail).await?,
            Err(refusal) => Err(refusal),
        };
        match caller {
            Ok(caller) => Ok((caller, items)),
            Err(refusal) => Err(self.refuse(refusal, credentials, call, trail)),
        }
    }

    /// Lets an assertion pass once.
    async fn guard(
        &self,
        asserted: Asserted,
        call: &Call,
        trail: &mut Trail,
    ) -> Result<Result<Caller, Refusal>, Outcome> {
        if asserted.by_registered_audience {
            info!(event = "assertion_audience_used", client_id = trail.caller);
        }
        let (key, expires_at) = asserted.guard();
        let first = self.store.use_once(key, expires_at, &call.request_id, call.deadline).await;
        let first = first.map_err(|Unavailable| unavailable(trail))?;
        Ok(asserted.used(first.as_ref()))
    }

    fn refuse(&self, refusal: Refusal, credentials: &Credentials<'_>, call: &Call, trail: &mut Trail) -> Outcome {
        match refusal {
            Refusal::CorruptRecord => error!(event = "corrupt_item", item = "client", client_id = trail.caller),
            // Most likely a client that is configured with an endpoint's URL, which its operator can change.
            Refusal::AssertionAudience => warn!(event = "assertion_audience_refused", client_id = trail.caller),
            _ => {}
        }
        trail.reason = Some(Reason::Refused(refusal));
        match self.throttle.count_failure(credentials.client_id(), &call.source_address, call.now) {
            Some(seconds) => Outcome::Throttled(seconds),
            None => Outcome::Refused,
        }
    }
}

/// The client id of a record that was there.
fn known_client(credentials: &Credentials<'_>, items: &Items) -> Option<String> {
    let key = credentials.client_key()?;
    items.item(&key).map(|_| key.id().to_owned())
}
