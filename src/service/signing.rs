//! Signed answers (RFC 9701), and the documents that resource servers need to check them.

use super::Service;
use crate::{
    auth::Caller,
    call::Call,
    media_type, metadata,
    outcome::{Outcome, TokenVerdict, Unavailable, Verdict},
    response::signed_claims,
    signer::SignerUnavailable,
};

impl Service {
    /// The metadata document, which names the algorithm of signed answers.
    pub(super) async fn metadata(&self, call: &Call) -> Outcome {
        let _waiting = call.spent.signer.start();
        match self.signer.algorithm(call.now, call.deadline).await {
            Ok(algorithm) => Outcome::Document(metadata::document(&self.settings, algorithm)),
            Err(SignerUnavailable) => Unavailable::Signer.into(),
        }
    }

    /// The keys of signed answers.
    pub(super) async fn key_set(&self, call: &Call) -> Outcome {
        let _waiting = call.spent.signer.start();
        match self.signer.key_set(call.now, call.deadline).await {
            Ok(keys) => Outcome::Document(metadata::key_set(&keys)),
            Err(SignerUnavailable) => Unavailable::Signer.into(),
        }
    }

    /// Signs a verdict for its caller. An error stays JSON, and without a signature there is no verdict: an unsigned one
    /// would be what the caller asked not to get.
    pub(super) async fn sign(&self, token: TokenVerdict, caller: &Caller, call: &Call) -> Outcome {
        if let Verdict::KeysUnavailable { .. } = token.verdict {
            return Outcome::Introspected(token);
        }
        let claims = signed_claims(&token.verdict, &self.settings.issuer, caller.client_id(), call.now);
        let Some(claims) = claims else { return Outcome::Internal };
        let typ = media_type::typ(media_type::SIGNED_ANSWER);
        let _waiting = call.spent.signer.start();
        match self.signer.sign(typ, &claims, call.now, call.deadline).await {
            Ok(jwt) => Outcome::Signed { token, jwt },
            Err(SignerUnavailable) => Outcome::NotSigned(token),
        }
    }
}
