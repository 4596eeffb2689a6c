//! Token revocation (RFC 7009): a client ends its own tokens. Marks are written, and no item is deleted or weakened.

use tracing::warn;

use super::{Service, judgement::NotActive, reads::Reads};
use crate::{
    auth::RevokingClient,
    call::Call,
    digest::Digest,
    issuers::{Purpose, Sender},
    judge,
    outcome::{Answer, Outcome},
    records::{FetchedItems, ItemKey, Mark, MarkKey, MarkKind, NewMark, TokenType, UnixTime, named},
    request,
    token::{Claims, Inactive, PresentedToken, UnverifiedToken, VerifiedToken},
};

/// The `reason` of the marks.
const REASON: &str = "revoked by its client";

/// A mark that revokes everything it names, and until when it must be kept. That is the token's expiry, with a margin,
/// if the mark concerns only this token.
fn until(key: ItemKey, expires_at: Option<UnixTime>) -> NewMark {
    let expires_at = expires_at.map(|time| time.plus(Mark::EXPIRY_MARGIN_SECONDS));
    NewMark { key, not_before: None, expires_at, reason: REASON }
}

impl Service {
    /// Revokes the token if it was issued to the client (RFC 7009 §2.1). The response does not say whether it was:
    /// tokens of other clients and unknown tokens get the same response, so that the endpoint cannot be used to try
    /// tokens. The policy does not matter.
    pub(super) async fn revoke(&self, request: request::Revocation<'_>, call: &Call) -> Result<Answer, Answer> {
        let request::Revocation { credentials, mut token } = request;
        let (client, first) = self.authenticate_revoking(credentials, &mut token, call).await?;
        let outcome = async {
            let items = self.read_rest(first, call).await?;
            let revocations = match token {
                PresentedToken::Jwt { unverified, .. } => self.own_jwt(unverified, &client, &items, call).await,
                PresentedToken::Opaque { too_long: true, .. } => Err(Inactive::TooLong.into()),
                PresentedToken::Opaque { digest, too_long: false } => self.own_record(&digest, &client, &items),
            };
            let _waiting = call.spent.store.start();
            for mark in revocations.map_err(not_revoked)? {
                self.store.put_mark(&mark, call.deadline).await?;
            }
            Ok(Outcome::Revoked)
        };
        Ok(Answer::to(client.client_id(), outcome.await.unwrap_or_else(|ended: Outcome| ended)))
    }

    /// The mark of a JWT that its issuer made for this client. Only `exp` matters of its times: an expired token needs
    /// no mark, but one that is not valid yet does.
    async fn own_jwt(
        &self,
        token: Result<Box<UnverifiedToken<'_>>, Inactive>,
        client: &RevokingClient,
        items: &FetchedItems,
        call: &Call,
    ) -> Result<Vec<NewMark>, NotActive> {
        let token = token?;
        let claims = token.unverified_claims();
        if let Some(UnixTime(exp)) = claims.expires_at.filter(|exp| call.now >= exp.0) {
            return Err(Inactive::Expired { exp, now: call.now }.into());
        }
        is_own(client, claims)?;
        let own_mark = token.own_mark().key.clone();
        // Anyone can send the id of a public client, and must not be able to cause a 503 at will.
        let (purpose, sender) = if client.is_public() {
            (Purpose::Verdict, Sender::Anyone)
        } else {
            (Purpose::Revocation, Sender::Authenticated)
        };
        let verifying = call.spent.keys.start();
        let token = self.issuers.verify_for(purpose, sender, token, items, call.now, call.deadline).await?;
        drop(verifying);
        // A stolen key must not revoke the tokens of others by their identifiers.
        let later = self.read_unread_mark(&token, Reads::Revocation, call).await?;
        judge::has_trusted_key(&token, items, &later)?;
        Ok(vec![until(own_mark, token.claims().expires_at)])
    }

    /// The marks of an opaque token: its own and, for a refresh token, its grant's, which also revokes the access
    /// tokens (RFC 7009 §2.1, N-03). The session's mark is never written, because other clients share the session.
    fn own_record(
        &self,
        digest: &Digest,
        client: &RevokingClient,
        items: &FetchedItems,
    ) -> Result<Vec<NewMark>, NotActive> {
        let record = items.token_record(&ItemKey::token(digest));
        let record = record.map_err(|_| Inactive::CorruptRecord)?.ok_or(Inactive::UnknownToken)?;
        let token = VerifiedToken::from_record(record, &self.settings)?;
        is_own(client, token.claims())?;
        // The issuer may extend the record's `exp` later, so the last `exp` that the mark can concern is unknown.
        let own = until(ItemKey::revoked(digest), None);
        let Claims { token_type, grant, .. } = token.claims();
        // An empty name is shared by grants of other clients.
        let takes_grant_along = *token_type == TokenType::RefreshToken && named(grant.as_deref()).is_some();
        let grant = token.marks().iter().filter(|mark| takes_grant_along && mark.kind == MarkKind::Grant);
        // It is unknown when the grant's last access token expires.
        let grant = grant.map(|MarkKey { key, .. }| until(key.clone(), None));
        Ok([own].into_iter().chain(grant).collect())
    }
}

/// The outcome if there are no marks to write.
fn not_revoked(error: NotActive) -> Outcome {
    match error {
        NotActive::Inactive(why) => Outcome::NothingRevoked(why),
        NotActive::Unavailable(what) => what.into(),
    }
}

/// RFC 7009 §2.1: the token must have been issued to this client (N-02). If it was not, a warning is logged: the client
/// believes that the token is revoked, and most often its record names another issuer than the token.
fn is_own(client: &RevokingClient, claims: &Claims) -> Result<(), Inactive> {
    if client.was_issued(claims) {
        return Ok(());
    }
    warn!(event = "revocation_ignored", client_id = client.client_id(), issuer = claims.issuer);
    Err(Inactive::ForeignToken { client_id: claims.client_id.clone() })
}
