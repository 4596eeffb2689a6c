//! Token revocation (RFC 7009): a client ends its own tokens. Marks are written, and nothing is replaced.

use super::{Service, unavailable};
use crate::{
    audit::{Reason, Trail},
    auth::Caller,
    call::Call,
    issuers::Unverified,
    records::{Items, Key, Mark, MarkKey, MarkKind, Seconds, TokenType},
    request::Query,
    response::Outcome,
    store::Unavailable,
    token::{Candidate, Inactive, PresentedToken, Recorded},
};

/// A mark to write, and until when it has to stay: past the token's expiry, where the mark concerns nothing else.
struct Revocation {
    key: Key,
    expires_at: Option<Seconds>,
}

impl Revocation {
    fn until(key: Key, expires_at: Option<Seconds>) -> Self {
        let late = |Seconds(seconds): Seconds| Seconds(seconds.saturating_add(Mark::EXPIRY_MARGIN_SECONDS));
        Self { key, expires_at: expires_at.map(late) }
    }
}

impl Service {
    /// Revokes the token if it is the caller's own. Whether it was, the answer does not tell: another client's token
    /// and an unknown one are answered alike, so that nobody can try tokens here. The policy is not consulted.
    pub(super) async fn revoke(&self, query: Query<'_>, call: &Call, trail: &mut Trail) -> Outcome {
        let Query { credentials, token, .. } = query;
        self.note_token(&token, trail);
        let tokens = std::slice::from_ref(&token);
        let (caller, items) = match self.authenticate(credentials, tokens, call, trail).await {
            Ok(authenticated) => authenticated,
            Err(refused) => return refused,
        };
        let revocations = match token {
            PresentedToken::Jwt { candidate, .. } => self.own_jwt(candidate, &caller, &items, call).await,
            PresentedToken::Opaque { digest, .. } => self.own_record(&digest, &caller, &items),
        };
        let revocations = match revocations {
            Ok(revocations) => revocations,
            Err(Unverified::Inactive(why)) => {
                trail.reason = Some(Reason::Inactive(why));
                return Outcome::NothingRevoked;
            }
            Err(Unverified::DontKnow) => {
                trail.reason = Some(Reason::KeysUnavailable);
                return Outcome::Unavailable;
            }
        };
        for Revocation { key, expires_at } in revocations {
            let written = self.store.put_mark(&key, expires_at, call.deadline).await;
            if let Err(Unavailable) = written {
                return unavailable(trail);
            }
        }
        Outcome::Revoked
    }

    /// The mark of a JWT that its issuer made for this client. The times do not matter, but for an expired token
    /// there is nothing left to revoke; one that is not valid yet will be.
    async fn own_jwt(
        &self,
        candidate: Result<Box<Candidate<'_>>, Inactive>,
        caller: &Caller,
        items: &Items,
        call: &Call,
    ) -> Result<Vec<Revocation>, Unverified> {
        let candidate = candidate.map_err(Unverified::Inactive)?;
        let claims = candidate.unverified_claims();
        if claims.expires_at.is_some_and(|Seconds(expires_at)| call.now >= expires_at) {
            return Err(Unverified::Inactive(Inactive::Expired));
        }
        if !caller.is_client(&claims.issuer, claims.client_id.as_deref()) {
            return Err(Unverified::Inactive(Inactive::ForeignToken));
        }
        let own_marks = candidate.marks().iter().filter(|mark| matches!(mark.kind, MarkKind::Jti | MarkKind::Jwt));
        let keys: Vec<Key> = own_marks.map(|mark| mark.key.clone()).collect();
        let claims = self.issuers.verify(candidate, items, call.now, call.deadline).await?;
        Ok(keys.into_iter().map(|key| Revocation::until(key, claims.expires_at)).collect())
    }

    /// The marks of an opaque token: its own and, for a refresh token, its grant's, which takes the access tokens
    /// along (RFC 7009 §2.1). Never the session's: other clients share it.
    fn own_record(&self, digest: &str, caller: &Caller, items: &Items) -> Result<Vec<Revocation>, Unverified> {
        let record = items.record(&Key::token(digest));
        let record = record.map_err(|_| Unverified::Inactive(Inactive::CorruptRecord))?;
        let record = record.ok_or(Unverified::Inactive(Inactive::UnknownToken))?;
        let recorded = Recorded::from_record(record, &self.settings.issuer).map_err(Unverified::Inactive)?;
        let claims = &recorded.claims;
        if !caller.is_client(&claims.issuer, claims.client_id.as_deref()) {
            return Err(Unverified::Inactive(Inactive::ForeignToken));
        }
        let own = Revocation::until(Key::revoked(digest), claims.expires_at);
        let takes_grant_along = claims.token_type == TokenType::RefreshToken;
        let grant = recorded.marks.iter().filter(|mark| takes_grant_along && mark.kind == MarkKind::Grant);
        // When the grant's last access token expires, nobody here knows.
        let grant = grant.map(|MarkKey { key, .. }| Revocation::until(key.clone(), None));
        Ok([own].into_iter().chain(grant).collect())
    }
}
