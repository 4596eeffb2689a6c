//! What issuers report: log-outs (OpenID Connect Back-Channel Logout §2.5), and security events by push (RFC 8935 §2.1).
//! The marks that revoke the tokens are written before the answer. No client authenticates, because the tokens are signed
//! by their issuers.

use std::collections::BTreeSet;

use super::{Service, judgement::NotActive, reads::Reads};
use crate::{
    call::Call,
    issuers::{Purpose, Sender, VerifyError},
    judge,
    outcome::{Outcome, Unavailable},
    records::{FetchedItems, ItemKey},
    store::StoreUnavailable,
    token::{NotAccepted, PresentedNotice, UnverifiedToken, VerifiedToken},
};

/// Why a notice had no effect.
pub(super) enum NoEffect {
    NotAccepted(NotAccepted),
    /// Nothing is known of it now, so its sender must send it again.
    Unavailable(Unavailable),
}

/// Whether events end anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Marks,
    Nothing,
}

/// A notice that its issuer made, with the items that were read for it.
pub(super) struct VerifiedNotice<S> {
    pub token: VerifiedToken<S>,
    pub items: FetchedItems,
    /// The item of [`VerifiedToken::unread_mark`].
    pub later: FetchedItems,
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
        let token = judge::log_out(*notice.unverified?, &self.settings, call.now)?;
        let guard = judge::log_out_guard(&token);
        let VerifiedNotice { token, items, later } = self.verify_notice(token, Some(guard), call).await?;
        let log_out = judge::proved_log_out(&token, &items, &later, &self.settings)?;
        let _waiting = call.spent.store.start();
        self.store.put_mark(&log_out.mark, call.deadline).await?;
        let (guard, expires_at) = log_out.guard;
        // Another request may have used the token since the guard was read.
        match self.store.use_once(&guard, expires_at, &call.request_id, call.deadline).await? {
            Some(_first) => Ok(()),
            None => Err(NotAccepted::Replayed.into()),
        }
    }

    /// Answers only after all marks are written. Their limits are times of the token, so writing them again reaches no
    /// later token, and a token may be sent any number of times without a replay guard.
    pub(super) async fn receive_events(&self, notice: PresentedNotice<'_>, call: &Call) -> Outcome {
        match self.write_events(notice, call).await {
            Ok(Effect::Marks) => Outcome::EventsReceived,
            Ok(Effect::Nothing) => Outcome::EventsIgnored,
            Err(NoEffect::NotAccepted(why)) => Outcome::EventsRefused(why),
            Err(NoEffect::Unavailable(what)) => Outcome::Unavailable(what),
        }
    }

    async fn write_events(&self, notice: PresentedNotice<'_>, call: &Call) -> Result<Effect, NoEffect> {
        // A token that breaks a rule by itself costs neither a read nor a fetch.
        let token = judge::event(*notice.unverified?, &self.settings, call.now)?;
        let VerifiedNotice { token, items, later } = self.verify_notice(token, None, call).await?;
        let marks = judge::ended_by_events(&token, &items, &later, &self.settings)?;
        let _waiting = call.spent.store.start();
        for mark in &marks {
            self.store.put_mark(mark, call.deadline).await?;
        }
        Ok(if marks.is_empty() { Effect::Nothing } else { Effect::Marks })
    }

    /// Reads the mark of the signing key, the key snapshot if it is needed and one more item, in one trip, and then checks
    /// the signature.
    pub(super) async fn verify_notice<S>(
        &self,
        mut token: UnverifiedToken<'_, S>,
        further: Option<ItemKey>,
        call: &Call,
    ) -> Result<VerifiedNotice<S>, NoEffect> {
        self.expect_key(&mut token, call.now);
        let snapshot = self.issuers.snapshot_item_key(&token, call.now);
        let keys: BTreeSet<ItemKey> = token.item_keys().cloned().chain(further).chain(snapshot).collect();
        let keys: Vec<ItemKey> = keys.into_iter().collect();
        let items = self.read(&keys, Reads::Revocation, call).await?;
        let verifying = call.spent.keys.start();
        let (purpose, sender) = (Purpose::Revocation, Sender::Anyone);
        let token = self.issuers.verify_for(purpose, sender, Box::new(token), &items, call.now, call.deadline).await?;
        drop(verifying);
        let later = self.read_unread_mark(&token, Reads::Revocation, call).await?;
        Ok(VerifiedNotice { token, items, later })
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
