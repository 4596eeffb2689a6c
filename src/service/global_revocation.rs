//! Global token revocation (Global Token Revocation, an Internet-Draft): a caller ends all tokens of a subject, as an
//! administrator or a security system does, if its record allows it.

use super::{Service, reads::Reads};
use crate::{
    auth::Caller,
    call::Call,
    outcome::{Answer, Denial, Outcome},
    records::{MarkKey, MarkKind, NewMark, UnixTime},
    request::{GlobalRevocation, RequestError},
    settings::Settings,
};

/// The `reason` of the marks.
const REASON: &str = "global token revocation";

impl Service {
    /// Revokes the tokens of the subject that were issued up to now. Whether the subject exists is unknown here, so an
    /// unknown one is not an error.
    pub(super) async fn revoke_subject(&self, request: GlobalRevocation<'_>, call: &Call) -> Result<Answer, Answer> {
        let GlobalRevocation { credentials, subject } = request;
        let (caller, _) = self.authenticate(credentials, &mut [], Reads::Revocation, call).await?;
        let outcome = async {
            let issuer = revocable_issuer(&caller, &subject.issuer, &self.settings)?;
            let mark = MarkKey::new(MarkKind::Subject, issuer, Some(&subject.subject));
            let mark = NewMark {
                // A token that would need an overlong key is inactive anyway.
                key: mark.map_err(|_| Outcome::Rejected(RequestError::WrongSubject))?.key,
                not_before: Some(UnixTime(call.now).plus(self.settings.clock_skew_seconds)),
                // It is unknown when the last of these tokens expires.
                expires_at: None,
                reason: REASON,
            };
            self.store.put_mark(&mark, call.deadline).await?;
            Ok(Outcome::SubjectRevoked)
        };
        Ok(Answer::to(caller.client_id(), outcome.await.unwrap_or_else(|ended: Outcome| ended)))
    }
}

/// The identifier by which marks name the issuer, if the caller may revoke its subjects: its record says so, it is
/// registered with that issuer, and the deployment allows it for that issuer.
fn revocable_issuer<'a>(caller: &Caller, issuer: &'a str, settings: &'a Settings) -> Result<&'a str, Denial> {
    if !caller.policy().may_revoke_subjects {
        return Err(Denial::MayNotRevokeSubjects);
    }
    settings
        .canonical_issuer(issuer)
        .filter(|issuer| caller.is_registered_at(issuer))
        .filter(|issuer| settings.global_revocation_issuers.iter().any(|allowed| allowed == issuer))
        .ok_or(Denial::ForeignSubject)
}
