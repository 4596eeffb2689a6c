//! Global token revocation (Global Token Revocation, an Internet-Draft): a caller ends all tokens of a subject, as an
//! administrator or a security system does, if its record allows it.

use super::{
    Service,
    authentication::{NotAuthenticated, Presented, known_client},
    notice::{NoEffect, VerifiedNotice},
    reads::Reads,
};
use crate::{
    auth::{AuthError, Caller},
    call::Call,
    outcome::{Answer, Denial, Outcome},
    records::{MarkKey, MarkKind, NewMark, UnixTime},
    request::{GlobalRevocation, PresentedProvider, RequestError, RevokerCredentials, client_key},
    settings::Settings,
    token::NotAccepted,
};

/// The `reason` of the marks.
const REASON: &str = "global token revocation";

impl Service {
    /// Revokes the tokens of the subject that were issued up to now. Whether the subject exists is unknown here, so an
    /// unknown one is not an error.
    pub(super) async fn revoke_subject(&self, request: GlobalRevocation<'_>, call: &Call) -> Result<Answer, Answer> {
        let GlobalRevocation { credentials, subject } = request;
        let caller = match credentials {
            RevokerCredentials::Client(credentials) => {
                self.authenticate(credentials, &mut [], Reads::Revocation, call).await?.0
            }
            RevokerCredentials::Provider(provider) => self.authenticate_provider(*provider, call).await?,
        };
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
            let _waiting = call.spent.store.start();
            self.store.put_mark(&mark, call.deadline).await?;
            Ok(Outcome::SubjectRevoked)
        };
        Ok(Answer::to(caller.client_id(), outcome.await.unwrap_or_else(|ended: Outcome| ended)))
    }

    /// Authenticates an identity provider by its JWT, whose signature is checked before anything depends on the client's
    /// record. As an assertion, the JWT is used up before the revocation.
    async fn authenticate_provider(&self, provider: PresentedProvider<'_>, call: &Call) -> Result<Caller, Answer> {
        let PresentedProvider { client_id, notice } = provider;
        let (key, presented) = (client_key(&client_id), Presented { client_id, by_bearer: true });
        let refused =
            |error: AuthError| self.not_authenticated(NotAuthenticated::Refused(error), &presented, None, call);
        let token = notice.unverified.map_err(|_| refused(AuthError::BearerMalformed))?;
        let token = Caller::check_provider_call(*token, &self.settings, call.now).map_err(refused)?;
        let verified = self.verify_notice(token, key.clone(), call).await;
        let VerifiedNotice { token, items, later } = verified.map_err(|error| match error {
            NoEffect::NotAccepted(NotAccepted::Token(why)) => refused(AuthError::BearerInactive(why)),
            NoEffect::NotAccepted(_) => refused(AuthError::BearerMalformed),
            NoEffect::Unavailable(what) => Outcome::Unavailable(what).into(),
        })?;
        let known = known_client(key.as_ref(), &items);
        let caller = match Caller::by_provider(&token, &items, &later, &self.settings) {
            Ok(unspent) => self.check_replay(unspent, known, call).await,
            Err(error) => Err(NotAuthenticated::Refused(error)),
        };
        caller.map_err(|error| self.not_authenticated(error, &presented, known, call))
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
