//! Token revocation (RFC 7009): a client ends its own tokens. Marks are written, and nothing is replaced.

use tracing::warn;

use super::{Service, Unjudged, unavailable};
use crate::{
    audit::{AuditRecord, Reason},
    auth::RevokingClient,
    call::Call,
    records::{FetchedItems, ItemKey, Mark, MarkKey, MarkKind, TokenType, UnixTime},
    request,
    response::Outcome,
    store::StoreUnavailable,
    token::{Claims, Inactive, OpaqueToken, PresentedToken, UnverifiedToken},
};

/// A mark to write, and until when it has to stay: past the token's expiry, where the mark concerns nothing else.
struct Revocation {
    key: ItemKey,
    expires_at: Option<UnixTime>,
}

impl Revocation {
    fn until(key: ItemKey, expires_at: Option<UnixTime>) -> Self {
        let late = |UnixTime(seconds): UnixTime| UnixTime(seconds.saturating_add(Mark::EXPIRY_MARGIN_SECONDS));
        Self { key, expires_at: expires_at.map(late) }
    }
}

impl Service {
    /// Revokes the token if it is the caller's own. Whether it was, the answer does not tell: another client's token
    /// and an unknown one are answered alike, so that nobody can try tokens here. The policy is not consulted.
    pub(super) async fn revoke(&self, query: request::Revocation<'_>, call: &Call, trail: &mut AuditRecord) -> Outcome {
        let request::Revocation { credentials, mut token } = query;
        self.note_token(&token, trail);
        let (client, items) = match self.authenticate_revoking(credentials, &mut token, call, trail).await {
            Ok(authenticated) => authenticated,
            Err(refused) => return refused,
        };
        let items = match self.read_rest(items, call, trail).await {
            Ok(items) => items,
            Err(unavailable) => return unavailable,
        };
        let revocations = match token {
            PresentedToken::Jwt { unverified, .. } => self.own_jwt(unverified, &client, &items, call).await,
            PresentedToken::Opaque { digest, .. } => self.own_record(&digest, &client, &items),
        };
        let revocations = match revocations {
            Ok(revocations) => revocations,
            Err(Unjudged::Inactive(why)) => {
                trail.reason = Some(Reason::Inactive(why));
                return Outcome::NothingRevoked;
            }
            Err(Unjudged::KeysUnavailable { retry_after }) => {
                trail.reason = Some(Reason::KeysUnavailable);
                return Outcome::Unavailable(retry_after);
            }
            Err(Unjudged::StoreUnavailable) => return unavailable(trail),
        };
        for Revocation { key, expires_at } in revocations {
            let written = self.store.put_mark(&key, expires_at, call.deadline).await;
            if let Err(StoreUnavailable) = written {
                return unavailable(trail);
            }
        }
        Outcome::Revoked
    }

    /// The mark of a JWT that its issuer made for this client. Of the times only `exp` matters: an expired token needs no
    /// mark, and one that is not valid yet will be.
    async fn own_jwt(
        &self,
        unverified: Result<Box<UnverifiedToken<'_>>, Inactive>,
        client: &RevokingClient,
        items: &FetchedItems,
        call: &Call,
    ) -> Result<Vec<Revocation>, Unjudged> {
        let unverified = unverified?;
        let claims = unverified.unverified_claims();
        if let Some(UnixTime(exp)) = claims.expires_at.filter(|exp| call.now >= exp.0) {
            return Err(Inactive::Expired { exp, now: call.now }.into());
        }
        is_own(client, claims)?;
        let own_mark = unverified.own_mark().key.clone();
        let token = self.issuers.verify(unverified, items, call.now, call.deadline).await?;
        Ok(vec![Revocation::until(own_mark, token.claims().expires_at)])
    }

    /// The marks of an opaque token: its own and, for a refresh token, its grant's, which takes the access tokens
    /// along (RFC 7009 §2.1). Never the session's: other clients share it.
    fn own_record(
        &self,
        digest: &str,
        client: &RevokingClient,
        items: &FetchedItems,
    ) -> Result<Vec<Revocation>, Unjudged> {
        let record = items.token_record(&ItemKey::token(digest));
        let record = record.map_err(|_| Inactive::CorruptRecord)?.ok_or(Inactive::UnknownToken)?;
        let opaque = OpaqueToken::from_record(record, &self.settings)?;
        let claims = &opaque.claims;
        is_own(client, claims)?;
        // The issuer may extend the record's `exp` later, so the last one that the mark can concern is unknown.
        let own = Revocation::until(ItemKey::revoked(digest), None);
        let takes_grant_along = claims.token_type == TokenType::RefreshToken;
        let grant = opaque.marks.iter().filter(|mark| takes_grant_along && mark.kind == MarkKind::Grant);
        // When the grant's last access token expires is not known here.
        let grant = grant.map(|MarkKey { key, .. }| Revocation::until(key.clone(), None));
        Ok([own].into_iter().chain(grant).collect())
    }
}

/// Whether the token was issued to this client. A token that is ignored leaves a warning: the client believes that it is
/// revoked, and most often its record names another issuer than the token.
fn is_own(client: &RevokingClient, claims: &Claims) -> Result<(), Inactive> {
    if client.is_client(&claims.issuer, claims.client_id.as_deref()) {
        return Ok(());
    }
    warn!(event = "revocation_ignored", client_id = client.client_id(), issuer = claims.issuer);
    Err(Inactive::ForeignToken { client_id: claims.client_id.clone() })
}
