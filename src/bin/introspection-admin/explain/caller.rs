//! What one client would be answered about a token.

use serde_json::{Value, json};
use token_introspection::{
    auth::{Authenticated, Caller, Refusal},
    policy,
    records::{ClientRecord, Items, Key},
    request::{Credentials, PresentedSecret, SecretMethod},
    token::{Claims, Inactive},
};

use super::{Context, Verdict, sentence};
use crate::problem::Problem;

/// An answer, and why it is no other.
pub(super) struct Answer {
    pub client_id: String,
    outcome: Outcome,
    /// The body of an active answer.
    pub view: Option<Value>,
}

enum Outcome {
    Refused(Refusal),
    NotAllowed,
    Unavailable,
    Inactive,
    Hidden(Inactive),
    Shown {
        /// A policy in report mode would have shown less.
        would_deny: bool,
    },
}

/// Asks in the client's name; `claims` are those of a token whose verdict is "active".
pub(super) async fn explain(
    client_id: &str,
    verdict: &Verdict,
    claims: Option<Claims>,
    context: &Context<'_>,
) -> Result<Answer, Problem> {
    let key = credentials(client_id, None).client_key();
    let items = context.operator.items(key.as_slice()).await?;
    let credentials = credentials(client_id, key.map(|key| (key, &items)));
    let (outcome, view) = match Caller::authenticate(credentials, &items, context.settings, context.now) {
        Err(refusal) => (Outcome::Refused(refusal), None),
        // A secret never comes to this.
        Ok(Authenticated::Asserted(_) | Authenticated::Bearing(_)) => (Outcome::Refused(Refusal::WrongMethod), None),
        Ok(Authenticated::Caller(caller)) if !caller.may_introspect() => (Outcome::NotAllowed, None),
        Ok(Authenticated::Caller(caller)) => match (verdict, claims) {
            (Verdict::Unknown, _) => (Outcome::Unavailable, None),
            (Verdict::Active, Some(claims)) => {
                let decision = policy::view(&caller, claims, context.settings);
                match decision.view {
                    Ok(view) => {
                        let view = serde_json::to_value(view).ok();
                        (Outcome::Shown { would_deny: decision.would_deny }, view)
                    }
                    Err(why) => (Outcome::Hidden(why), None),
                }
            }
            _ => (Outcome::Inactive, None),
        },
    };
    Ok(Answer { client_id: client_id.to_owned(), outcome, view })
}

/// The credentials of somebody who knows the client's secret: of that secret, only the digest is ever compared.
fn credentials(client_id: &str, stored: Option<(Key, &Items)>) -> Credentials<'static> {
    let record = stored.and_then(|(key, items)| items.record::<ClientRecord>(&key).ok().flatten());
    let method = record.as_ref().and_then(|record| record.token_endpoint_auth_method.as_deref());
    let post = method == Some(SecretMethod::Post.name());
    let digest = record.and_then(|record| record.client_secret).unwrap_or_default();
    Credentials::Secret(PresentedSecret {
        client_id: client_id.to_owned(),
        method: if post { SecretMethod::Post } else { SecretMethod::Basic },
        digests: [digest.clone(), digest],
    })
}

impl Answer {
    /// The answer in words.
    pub fn text(&self) -> String {
        match self.outcome {
            Outcome::Refused(refusal) => format!("401, since {}", refused(refusal)),
            Outcome::NotAllowed => "403, since its policy does not allow it to introspect".to_owned(),
            Outcome::Unavailable => "503, as everybody".to_owned(),
            Outcome::Inactive => "inactive, as everybody".to_owned(),
            Outcome::Hidden(why) => format!("inactive, since {}", sentence(why)),
            Outcome::Shown { would_deny: false } => "active, with the members below".to_owned(),
            Outcome::Shown { would_deny: true } => {
                "active, with the members below; enforced, its policy would show less".to_owned()
            }
        }
    }

    pub fn json(&self) -> Value {
        let (status, reason) = match self.outcome {
            Outcome::Refused(refusal) => (401, Some(format!("{refusal:?}"))),
            Outcome::NotAllowed => (403, None),
            Outcome::Unavailable => (503, None),
            Outcome::Hidden(why) => (200, Some(format!("{why:?}"))),
            Outcome::Inactive | Outcome::Shown { .. } => (200, None),
        };
        json!({
            "client_id": self.client_id,
            "status": status,
            "reason": reason,
            "would_deny": matches!(self.outcome, Outcome::Shown { would_deny: true }),
            "answer": match self.outcome {
                Outcome::Inactive | Outcome::Hidden(_) => Some(json!({ "active": false })),
                _ => self.view.clone(),
            },
        })
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnsupportedMechanism | Refusal::WrongMethod => {
            "it is registered for a way of authenticating other than a secret"
        }
        Refusal::UnknownClient => "there is no such client",
        Refusal::CorruptRecord => "its record holds a wrong type",
        Refusal::Disabled => "it is disabled",
        Refusal::PublicClient => "it is public, and has no secret to authenticate with",
        Refusal::WrongSecret => "its secret is none that could be presented",
        Refusal::MalformedAssertion
        | Refusal::AssertionSignature
        | Refusal::AssertionHeader
        | Refusal::AssertionTime
        | Refusal::AssertionAudience
        | Refusal::AssertionWithoutJti
        | Refusal::AssertionReplayed
        | Refusal::WrongIdentity
        | Refusal::BearerMalformed
        | Refusal::BearerForeign
        | Refusal::Bearer(_)
        | Refusal::BearerAudience
        | Refusal::BearerBound
        | Refusal::InsufficientScope => "it is registered for a way of authenticating that is not tried here",
    }
}
