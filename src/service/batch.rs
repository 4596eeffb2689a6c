//! Many tokens at once, for gateways, session sweeps and log pipelines: the same caller, the same judgement and the
//! same policy for each, in as few round trips as the keys allow. The caller authenticates before the tokens cost a read.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{Reads, Service, Unjudged, log_corrupt_item, log_left_out, second_keys, unavailable};
use crate::{
    audit::{AuditRecord, Counts, Reason},
    call::Call,
    judge,
    records::ItemKey,
    request::Batch,
    response::{BatchEntry, Outcome},
    token::{Claims, Inactive, OpaqueToken, PresentedToken, UnverifiedToken},
};

/// A token of the batch between the two trips.
enum Pending<'a> {
    Jwt(Result<Box<UnverifiedToken<'a>>, Inactive>),
    Opaque(Result<Box<OpaqueToken>, Inactive>),
}

impl Service {
    /// Answers each token as the single route would, in the same order. One that cannot be judged just now does not
    /// spoil the others; a store that is out of reach does.
    pub(super) async fn introspect_batch(&self, batch: Batch<'_>, call: &Call, trail: &mut AuditRecord) -> Outcome {
        let Batch { credentials, mut tokens } = batch;
        let (caller, items) = match self.introspector(credentials, &mut tokens, Reads::Batch, false, call, trail).await
        {
            Ok(authenticated) => authenticated,
            Err(refused) => return refused,
        };
        let mut keys: BTreeSet<ItemKey> = BTreeSet::new();
        let mut pending = Vec::with_capacity(tokens.len());
        let mut records = Vec::with_capacity(tokens.len());
        for (position, token) in tokens.into_iter().enumerate() {
            let mut record = trail.of_entry(position);
            self.note_token(&token, &mut record);
            pending.push(match token {
                PresentedToken::Opaque { digest, too_long } => {
                    let opaque = judge::record(&digest, too_long, &items, &self.settings, call.now)
                        .inspect(|opaque| log_left_out(opaque, record.token.as_deref()));
                    record.issuer = opaque.as_ref().ok().map(|opaque| opaque.claims.issuer.clone());
                    keys.extend(second_keys(&digest, opaque.as_ref().ok()));
                    Pending::Opaque(opaque.map(Box::new))
                }
                PresentedToken::Jwt { unverified, .. } => Pending::Jwt(unverified),
            });
            records.push(record);
        }
        // Without opaque tokens there are no keys, and nothing is sent.
        let keys: Vec<ItemKey> = keys.into_iter().collect();
        let Ok(marks) = self.store.get(&keys, call.deadline).await else { return unavailable(trail) };

        // All at once, so that the fetches of several issuers' keys overlap, and an issuer that does not answer takes no
        // time from the others.
        let (caller, items, marks) = (&caller, &items, &marks);
        let verdicts = join_all(pending.into_iter().map(async |token| {
            match token {
                Pending::Jwt(unverified) => self.judge_jwt(unverified, caller, items, call).await,
                Pending::Opaque(opaque) => opaque
                    .and_then(|opaque| {
                        judge::is_not_revoked(&opaque.claims, &opaque.marks, marks).map(|()| opaque.claims)
                    })
                    .map_err(Unjudged::Inactive),
            }
        }));
        let verdicts: Vec<Result<Claims, Unjudged>> = verdicts.await;
        let mut entries = Vec::with_capacity(verdicts.len());
        for (verdict, record) in verdicts.into_iter().zip(&mut records) {
            let viewed = verdict.and_then(|claims| Ok(self.view(caller, claims, record)?));
            entries.push(match viewed {
                Ok(view) => BatchEntry::Active(view),
                Err(Unjudged::Inactive(why)) => {
                    log_corrupt_item(&why, record.token.as_deref());
                    record.reason = Some(Reason::Inactive(why));
                    BatchEntry::Inactive
                }
                Err(Unjudged::KeysUnavailable { .. }) => {
                    record.reason = Some(Reason::KeysUnavailable);
                    BatchEntry::Unavailable
                }
                Err(Unjudged::StoreUnavailable) => return unavailable(trail),
            });
            trail.would_deny |= record.would_deny;
        }
        for (record, entry) in records.iter().zip(&entries) {
            record.write_entry(entry, &call.request_id);
        }
        let active = entries.iter().filter(|entry| matches!(entry, BatchEntry::Active(_))).count();
        trail.batch = Some(Counts { tokens: entries.len(), active });
        Outcome::Batch(entries)
    }
}
