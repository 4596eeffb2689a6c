//! The judgement of one token, by itself or in a batch, with all checks that RFC 7662 §4 requires, in the order of the
//! contract (G-14): the token itself, whether the policy hides it anyway, its signature, its marks, and what the caller
//! may see.

use tracing::error;

use super::{Service, reads::Reads};
use crate::{
    auth::Caller,
    call::Call,
    issuers::{KeysUnavailable, VerifyError},
    judge::{self, ActiveClaims, Judged},
    outcome::{TokenFacts, TokenVerdict, Unavailable, Verdict},
    policy::{self, Shown},
    proof::PresentedProofs,
    records::{FetchedItems, ItemKey},
    store::StoreUnavailable,
    token::{Inactive, PresentedToken, UnverifiedToken, VerifiedToken},
};

/// The number of keys that are read for an opaque token without a valid record. A usual record names as many marks, so
/// known and unknown tokens cost the same (O-02).
pub(super) const PADDING_READS: usize = 4;

/// A token between its first judgement and its verdict.
pub(super) struct Pending<'a> {
    facts: TokenFacts,
    token: Result<JudgedToken<'a>, Inactive>,
    record_marks: Vec<ItemKey>,
}

enum JudgedToken<'a> {
    Jwt(Box<UnverifiedToken<'a, Judged>>),
    Opaque(Box<VerifiedToken<Judged>>),
}

/// Why a token does not prove active.
pub(super) enum NotActive {
    Inactive(Inactive),
    /// Nothing is known of it now.
    Unavailable(Unavailable),
}

impl Pending<'_> {
    /// The keys of the second trip of an opaque token: the marks that its record names, or padding. A JWT has no second
    /// trip.
    pub fn record_marks(&self) -> &[ItemKey] {
        &self.record_marks
    }
}

impl Service {
    /// Judges a token by everything except its signature and the marks that a record names. No keys are fetched for a
    /// hidden or broken token.
    pub(super) fn judge<'a>(
        &self,
        token: PresentedToken<'a>,
        mut facts: TokenFacts,
        caller: &Caller,
        items: &FetchedItems,
        call: &Call,
    ) -> Pending<'a> {
        match token {
            PresentedToken::Jwt { unverified, .. } => {
                let token = unverified.and_then(|token| {
                    let token = judge::jwt(*token, &self.settings, call.now)?;
                    policy::could_show(caller, token.unverified_claims(), &self.settings)?;
                    Ok(JudgedToken::Jwt(Box::new(token)))
                });
                Pending { facts, token, record_marks: Vec::new() }
            }
            PresentedToken::Opaque { digest, too_long } => {
                let token = judge::record(&digest, too_long, items, &self.settings, call.now);
                let record_marks = match &token {
                    Ok(token) => token.marks().iter().map(|mark| mark.key.clone()).collect(),
                    Err(_) => (0..PADDING_READS).map(|number| ItemKey::padding(&digest, number)).collect(),
                };
                if let Ok(token) = &token {
                    log_left_out(token, &facts);
                    facts.issuer = Some(token.claims().issuer.clone());
                }
                Pending { facts, token: token.map(|token| JudgedToken::Opaque(Box::new(token))), record_marks }
            }
        }
    }

    /// Reaches the verdict: the signature and the marks, which prove the token active, then what the caller sees of it.
    /// `items` were read before the judgement, and `marks` are the items of [`Pending::record_marks`].
    pub(super) async fn verdict(
        &self,
        pending: Pending<'_>,
        caller: &Caller,
        proofs: &PresentedProofs,
        items: &FetchedItems,
        marks: &FetchedItems,
        call: &Call,
    ) -> Result<TokenVerdict, Unavailable> {
        let Pending { facts, token, .. } = pending;
        let active = match token {
            Ok(JudgedToken::Jwt(token)) => self.prove_active(token, items, call).await,
            Ok(JudgedToken::Opaque(token)) => {
                judge::active(*token, marks, &FetchedItems::default()).map_err(NotActive::Inactive)
            }
            Err(why) => Err(why.into()),
        };
        let shown = match active {
            Ok(claims) => self.view(claims, caller, proofs, call).await,
            Err(why) => Err(why),
        };
        let verdict = match shown {
            Ok(active) => active,
            Err(NotActive::Inactive(why)) => Verdict::Inactive(why),
            Err(NotActive::Unavailable(Unavailable::Keys { retry_after })) => Verdict::KeysUnavailable { retry_after },
            Err(NotActive::Unavailable(what)) => return Err(what),
        };
        log_corrupt_item(&verdict, &facts);
        Ok(TokenVerdict { facts, verdict })
    }

    /// Checks the signature, then the marks: without a valid signature, no answer depends on a mark (RFC 7662 §4, G-14).
    async fn prove_active(
        &self,
        token: Box<UnverifiedToken<'_, Judged>>,
        items: &FetchedItems,
        call: &Call,
    ) -> Result<ActiveClaims, NotActive> {
        let verifying = call.spent.keys.start();
        let token = self.issuers.verify(token, items, call.now, call.deadline).await?;
        drop(verifying);
        self.unrevoked(token, items, Reads::Introspection, call).await
    }

    /// Checks the marks of a verified token. If its signing key was not expected, that key's mark is read now.
    pub(super) async fn unrevoked(
        &self,
        token: VerifiedToken<Judged>,
        items: &FetchedItems,
        reads: Reads,
        call: &Call,
    ) -> Result<ActiveClaims, NotActive> {
        let later = self.read_unread_mark(&token, reads, call).await?;
        Ok(judge::active(token, items, &later)?)
    }

    /// What the caller sees of an active token. A proof that must be used only once is recorded as used, after everything
    /// else.
    async fn view(
        &self,
        claims: ActiveClaims,
        caller: &Caller,
        proofs: &PresentedProofs,
        call: &Call,
    ) -> Result<Verdict, NotActive> {
        let policy::Decision { view, report } = policy::view(caller, claims, proofs, &self.settings);
        let view = match view? {
            Shown::View(view) => view,
            Shown::NeedsFirstUse(unspent) => {
                let (guard, expires_at) = unspent.guard();
                let _waiting = call.spent.store.start();
                // Boxed, because it is rare, and the future of a write would be a large part of every call's.
                let write = Box::pin(self.store.use_once(guard, expires_at, &call.request_id, call.deadline));
                let first = write.await?;
                unspent.used(first.as_ref())?
            }
        };
        Ok(Verdict::Active { view: Box::new(view), report: report.map(Box::new) })
    }
}

/// Logs that an item of a token cannot be read.
fn log_corrupt_item(verdict: &Verdict, facts: &TokenFacts) {
    let token = facts.fingerprint.as_str();
    match verdict {
        Verdict::Inactive(Inactive::CorruptMark(kind)) => error!(event = "corrupt_item", item = kind.prefix(), token),
        Verdict::Inactive(Inactive::CorruptRecord) => error!(event = "corrupt_item", item = "token", token),
        _ => {}
    }
}

/// Logs that an attribute of a token record that no decision reads has a wrong type.
fn log_left_out(token: &VerifiedToken<Judged>, facts: &TokenFacts) {
    let left_out = &token.claims().left_out;
    if !left_out.is_empty() {
        error!(
            event = "corrupt_item",
            item = "token",
            attributes = left_out.join(" "),
            token = facts.fingerprint.as_str()
        );
    }
}

impl From<Inactive> for NotActive {
    fn from(why: Inactive) -> Self {
        Self::Inactive(why)
    }
}

impl From<VerifyError> for NotActive {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Inactive(why) => Self::Inactive(why),
            VerifyError::KeysUnavailable(KeysUnavailable { retry_after, .. }) => {
                Self::Unavailable(Unavailable::Keys { retry_after })
            }
        }
    }
}

impl From<StoreUnavailable> for NotActive {
    fn from(StoreUnavailable: StoreUnavailable) -> Self {
        Self::Unavailable(Unavailable::Store)
    }
}
