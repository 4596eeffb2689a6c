//! What API Gateway gets for each end of a call. The gateway turns it into the status that its client sees.

use serde::Serialize;
use serde_json::json;

use super::{Access, AccessRequest, Forbidden, Gateway, Unknown, context::Context};
use crate::{settings::AuthorizerResponse, view::View};

/// The maximum size of an authorizer's answer in bytes, which is a quota of API Gateway.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// The maximum length of an ARN in an authorizer's policy, which is a quota of API Gateway.
const MAX_RESOURCE_CHARACTERS: usize = 512;

/// The reply to the gateway. It contains claims, so it has no `Debug`.
pub enum Reply {
    /// An answer, as JSON.
    Answer(String),
    /// The invocation fails with the one error that the gateway turns into a 401.
    Unauthorized,
    /// The invocation fails, which the gateway turns into a 500.
    Failed,
}

/// A reply, and how the call ended with it.
pub struct Rendered {
    /// The end of the call. It is another one if the gateway would not accept the answer.
    pub access: Access,
    pub reply: Reply,
    /// How many claims were left out because of their name or their text.
    pub left_out: usize,
}

impl Access {
    /// Renders the reply.
    pub fn render(self, request: &AccessRequest, response: AuthorizerResponse) -> Rendered {
        let form = Form::of(request, response);
        let rendered = match &self {
            Self::Unknown(_) => Ok((Reply::Failed, 0)),
            // RFC 6750 §3.1: without an active token, the status is 401. Only REST and WebSocket APIs can be told so.
            Self::Unauthorized(_) if request.gateway == Gateway::RestApi => Ok((Reply::Unauthorized, 0)),
            Self::Unauthorized(_) => form.deny("invalid_token", ""),
            // RFC 6750 §3.1: a token without the required scopes gets 403, and may learn which scopes they are.
            Self::Forbidden(why) => form.deny("insufficient_scope", &why.required()),
            Self::Allowed { view, .. } => form.allow(view),
        };
        match rendered {
            Ok((reply, left_out)) => Rendered { access: self, reply, left_out },
            Err(why) => Rendered { access: Self::Unknown(why), reply: Reply::Failed, left_out: 0 },
        }
    }
}

/// The form of an answer (T-02).
enum Form {
    Simple,
    Policy {
        resource: String,
    },
    /// The policy would be refused.
    Impossible,
}

impl Form {
    fn of(request: &AccessRequest, response: AuthorizerResponse) -> Self {
        if request.gateway == Gateway::HttpApi && response == AuthorizerResponse::Simple {
            Self::Simple
        } else if request.resource.chars().count() > MAX_RESOURCE_CHARACTERS {
            Self::Impossible
        } else {
            // In a policy, `*` matches any text. The client chose the path, so its `*` becomes `?`, which matches one
            // character: the policy never allows a path of another length (T-09).
            Self::Policy { resource: request.resource.replace('*', "?") }
        }
    }

    fn allow(&self, view: &View) -> Result<(Reply, usize), Unknown> {
        let Context { claims, left_out } = Context::of(view).ok_or(Unknown::Internal)?;
        Ok((self.answer(true, view.principal(), &claims)?, left_out))
    }

    /// A refusal. For REST APIs, a gateway response may repeat the context in `WWW-Authenticate`.
    fn deny(&self, error: &str, scope: &str) -> Result<(Reply, usize), Unknown> {
        let context = match scope {
            "" => json!({ "error": error }),
            scope => json!({ "error": error, "scope": scope }),
        };
        Ok((self.answer(false, "none", &context)?, 0))
    }

    fn answer(&self, allowed: bool, principal: &str, context: &impl Serialize) -> Result<Reply, Unknown> {
        let answer = match self {
            Self::Impossible => return Err(Unknown::ResourceTooLong),
            Self::Simple => json!({ "isAuthorized": allowed, "context": context }),
            Self::Policy { resource } => json!({
                "principalId": principal,
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Action": "execute-api:Invoke",
                        "Effect": if allowed { "Allow" } else { "Deny" },
                        "Resource": resource,
                    }],
                },
                "context": context,
            }),
        };
        let answer = answer.to_string();
        if answer.len() > MAX_ANSWER_BYTES { Err(Unknown::AnswerTooLarge) } else { Ok(Reply::Answer(answer)) }
    }
}

impl Forbidden {
    /// The required scopes as `WWW-Authenticate` has them (RFC 6750 §3). Empty if the route has none.
    fn required(&self) -> String {
        match self {
            Self::MissingScope { required } => required.join(" "),
            Self::RouteNotListed => String::new(),
        }
    }
}
