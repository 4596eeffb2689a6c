//! Signed answers (RFC 9701), and the documents with which a resource server checks them.

use super::Service;
use crate::{
    audit::{AuditRecord, Reason},
    auth::Caller,
    call::Call,
    metadata,
    response::{Outcome, SIGNED_TYPE, signed_claims},
    signer::SignerUnavailable,
};

impl Service {
    /// The metadata document, which names the algorithm of signed answers.
    pub(super) async fn metadata(&self, call: &Call, trail: &mut AuditRecord) -> Outcome {
        match self.signer.algorithm(call.now, call.deadline).await {
            Ok(algorithm) => Outcome::Document(metadata::document(&self.settings, algorithm)),
            Err(SignerUnavailable) => signer_unavailable(trail),
        }
    }

    /// The keys of signed answers.
    pub(super) async fn key_set(&self, call: &Call, trail: &mut AuditRecord) -> Outcome {
        match self.signer.key_set(call.now, call.deadline).await {
            Ok(keys) => Outcome::Document(metadata::key_set(&keys)),
            Err(SignerUnavailable) => signer_unavailable(trail),
        }
    }

    /// Signs a verdict for its caller. Everything else stays JSON, and where there is no signature there is no verdict:
    /// an unsigned one would be what the caller asked not to get.
    pub(super) async fn signed(
        &self,
        outcome: Outcome,
        caller: &Caller,
        call: &Call,
        trail: &mut AuditRecord,
    ) -> Outcome {
        let active = match outcome {
            Outcome::Active(_) => true,
            Outcome::Inactive => false,
            other => return other,
        };
        let Some(claims) = signed_claims(&outcome, &self.settings.issuer, caller.client_id(), call.now) else {
            return Outcome::Internal;
        };
        match self.signer.sign(SIGNED_TYPE, &claims, call.now, call.deadline).await {
            Ok(jwt) => Outcome::Signed { active, jwt },
            Err(SignerUnavailable) => signer_unavailable(trail),
        }
    }
}

fn signer_unavailable(trail: &mut AuditRecord) -> Outcome {
    trail.reason = Some(Reason::SignerUnavailable);
    Outcome::SignerUnavailable
}
