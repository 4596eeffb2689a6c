//! Back-channel log-out (OpenID Connect Back-Channel Logout §2.5): an issuer reports that a session ended, and the mark that
//! revokes its tokens is written. No client authenticates, because the token is signed by the issuer.

use std::collections::BTreeSet;

use super::{Service, judgement::NotActive, reads::Reads};
use crate::{
    call::Call,
    issuers::VerifyError,
    judge,
    outcome::{Outcome, Unavailable},
    records::{FetchedItems, ItemKey},
    store::StoreUnavailable,
    token::{NotAccepted, PresentedNotice, VerifiedToken},
};

/// Why a notice had no effect.
pub(super) enum NoEffect {
    NotAccepted(NotAccepted),
    /// Nothing is known of it now, so its sender must send it again.
    Unavailable(Unavailable),
}

impl Service {
    /// Judges the token by itself, reads what concerns it, and writes the mark of what it ends. The replay guard is
    /// written last: after a failure of the store, the issuer may send the same token again.
    pub(super) async fn log_out(&self, notice: PresentedNotice<'_>, call: &Call) -> Outcome {
        match self.log_out_once(notice, call).await {
            Ok(()) => Outcome::LoggedOut,
            Err(NoEffect::NotAccepted(why)) => Outcome::LogOutRefused(why),
            Err(NoEffect::Unavailable(what)) => Outcome::Unavailable(what),
        }
    }

    async fn log_out_once(&self, notice: PresentedNotice<'_>, call: &Call) -> Result<(), NoEffect> {
        // A token that breaks a rule by itself costs neither a read nor a fetch.
        let mut token = judge::log_out(*notice.unverified?, &self.settings, call.now)?;
        self.expect_key(&mut token, call.now);
        let snapshot = self.issuers.snapshot_item_key(&token, call.now);
        let guard = judge::log_out_guard(&token);
        let keys: BTreeSet<ItemKey> = token.item_keys().cloned().chain([guard]).chain(snapshot).collect();
        let keys: Vec<ItemKey> = keys.into_iter().collect();
        let items = self.read(&keys, Reads::Revocation, call).await?;
        let token = self.issuers.verify_notice(Box::new(token), &items, call.now, call.deadline).await?;
        let later = self.read_unread_mark(&token, Reads::Revocation, call).await?;
        let log_out = judge::proved_log_out(&token, &items, &later, &self.settings, call.now)?;
        self.store.put_mark(&log_out.mark, call.deadline).await?;
        let (guard, expires_at) = log_out.guard;
        // Another request may have used the token since the guard was read.
        match self.store.use_once(&guard, expires_at, &call.request_id, call.deadline).await? {
            Some(_first) => Ok(()),
            None => Err(NotAccepted::Replayed.into()),
        }
    }

    /// Reads the mark of a signing key that was not expected.
    pub(super) async fn read_unread_mark<S>(
        &self,
        token: &VerifiedToken<S>,
        reads: Reads,
        call: &Call,
    ) -> Result<FetchedItems, StoreUnavailable> {
        match token.unread_mark() {
            Some(mark) => self.read(std::slice::from_ref(&mark.key), reads, call).await,
            None => Ok(FetchedItems::default()),
        }
    }
}

impl From<NotAccepted> for NoEffect {
    fn from(why: NotAccepted) -> Self {
        Self::NotAccepted(why)
    }
}

impl From<VerifyError> for NoEffect {
    fn from(error: VerifyError) -> Self {
        match NotActive::from(error) {
            NotActive::Inactive(why) => Self::NotAccepted(why.into()),
            NotActive::Unavailable(what) => Self::Unavailable(what),
        }
    }
}

impl From<StoreUnavailable> for NoEffect {
    fn from(StoreUnavailable: StoreUnavailable) -> Self {
        Self::Unavailable(Unavailable::Store)
    }
}
