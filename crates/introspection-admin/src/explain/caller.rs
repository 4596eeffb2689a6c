//! The answer that one client would get about a token, if it authenticated as its record requires.

use serde_json::{Value, json};
use token_introspection::{
    auth::{CannotAuthenticate, RegisteredMethod, Registration},
    judge::ActiveClaims,
    outcome::{Denial, Unavailable},
    policy,
    token::{Claims, Inactive},
};

use super::{Context, Verdict, withheld::Withheld};
use crate::{client, problem::Problem, registration};

/// An answer, and its reason.
pub(super) struct Answer {
    pub client_id: String,
    /// How the client must authenticate. `None` if it never can.
    method: Option<RegisteredMethod>,
    outcome: Decision,
    /// The body of an active answer.
    pub view: Option<Value>,
    /// What the body lacks because of the client's policy.
    withheld: Withheld,
    /// Whether the client gets only signed answers.
    signed_only: bool,
}

enum Decision {
    Refused(CannotAuthenticate),
    NotAllowed,
    Unavailable,
    Inactive,
    Hidden(Inactive),
    Shown {
        /// Whether a policy in report mode would have shown less.
        would_deny: bool,
    },
}

/// Determines the answer to this client. `claims` are those of a token that reached the signature stage, and `active`
/// those of an active token.
pub(super) async fn explain(
    client_id: &str,
    verdict: &Verdict,
    claims: Option<&Claims>,
    active: Option<ActiveClaims>,
    context: &Context<'_>,
) -> Result<Answer, Problem> {
    let key = client::client_key(client_id)?;
    let items = context.admin.items(std::slice::from_ref(&key)).await?;
    let client_id = client_id.to_owned();
    let registration = match Registration::from_items(&key, &items, context.settings, context.now) {
        Ok(registration) => registration,
        Err(why) => {
            return Ok(Answer {
                client_id,
                method: None,
                outcome: Decision::Refused(why),
                view: None,
                withheld: Withheld::default(),
                signed_only: false,
            });
        }
    };
    // As in the function, the check whether the policy hides the token anyway precedes the signature.
    let hidden = claims.and_then(|claims| hides(&registration, claims, context));
    let mut withheld = Withheld::default();
    let (outcome, view) = match (verdict, active) {
        _ if !registration.client.may_introspect() => (Decision::NotAllowed, None),
        _ if hidden.is_some() => (hidden.map_or(Decision::Inactive, Decision::Hidden), None),
        (Verdict::Unknown(_), _) => (Decision::Unavailable, None),
        (Verdict::Active, Some(claims)) => {
            let preview = policy::preview(&registration, claims, context.settings);
            match preview.members {
                Ok(view) => {
                    withheld = Withheld::new(&preview.whole, &view);
                    (Decision::Shown { would_deny: preview.would_deny }, Some(view))
                }
                Err(why) => (Decision::Hidden(why), None),
            }
        }
        _ => (Decision::Inactive, None),
    };
    let signed_only = registration.client.policy().require_signed_response && !matches!(outcome, Decision::NotAllowed);
    Ok(Answer { client_id, method: Some(registration.method), outcome, view, withheld, signed_only })
}

/// The rule of the policy that hides a token with these claims, regardless of its signature and marks.
fn hides(registration: &Registration, claims: &Claims, context: &Context<'_>) -> Option<Inactive> {
    policy::could_show(&registration.client, claims, context.settings).err()
}

impl Answer {
    /// The answer as names and values, for humans.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("client", self.client_id.clone())];
        pairs.extend(self.method.as_ref().map(|method| ("by", registration::method(method))));
        pairs.push(("answer", self.text()));
        pairs.extend(self.withheld.text().map(|names| ("hidden", names)));
        if self.signed_only {
            pairs.push((
                "note",
                "it gets only signed answers: a request that accepts only JSON is refused with 400".to_owned(),
            ));
        }
        pairs
    }

    fn text(&self) -> String {
        match &self.outcome {
            Decision::Refused(why @ (CannotAuthenticate::UnknownClient | CannotAuthenticate::Disabled)) => {
                format!("401, because {}", registration::cannot(*why))
            }
            Decision::Refused(why) => {
                format!("401, whatever it presents: it can never authenticate, because {}", registration::cannot(*why))
            }
            Decision::NotAllowed => "403, because its policy does not allow it to introspect".to_owned(),
            Decision::Unavailable => "503, like every other client".to_owned(),
            Decision::Inactive => "inactive, like every other client".to_owned(),
            Decision::Hidden(why) => format!("inactive, because {why}"),
            Decision::Shown { would_deny: false } => "active, with the members below".to_owned(),
            Decision::Shown { would_deny: true } => {
                "active, with the members below; in enforce mode, its policy would show less".to_owned()
            }
        }
    }

    pub fn json(&self) -> Value {
        let (status, reason) = match &self.outcome {
            Decision::Refused(why) => (401, Some(why.name().to_owned())),
            Decision::NotAllowed => (403, Some(Denial::NotAllowed.name().to_owned())),
            Decision::Unavailable => (503, Some(Unavailable::Keys { retry_after: 1 }.name().to_owned())),
            Decision::Hidden(why) => (200, Some(why.name().to_owned())),
            Decision::Inactive | Decision::Shown { .. } => (200, None),
        };
        json!({
            "client_id": self.client_id,
            "methods": self.method.as_ref().map(RegisteredMethod::method_names).unwrap_or_default(),
            "authenticates_by": self.method.as_ref().map(registration::method),
            "status": status,
            "reason": reason,
            "because": match &self.outcome {
                Decision::Refused(why) => Some(registration::cannot(*why).to_owned()),
                Decision::Hidden(why) => Some(why.to_string()),
                _ => None,
            },
            "hint": match &self.outcome {
                Decision::Hidden(why) => Some(why.hint()),
                _ => None,
            },
            "hidden": self.withheld.hidden,
            "narrowed": self.withheld.narrowed,
            "signed_only": self.signed_only,
            "would_deny": matches!(self.outcome, Decision::Shown { would_deny: true }),
            "answer": match self.outcome {
                Decision::Inactive | Decision::Hidden(_) => Some(json!({ "active": false })),
                _ => self.view.clone(),
            },
        })
    }
}
