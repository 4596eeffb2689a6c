//! Access to an API that the function protects as a Lambda authorizer: what API Gateway asks, how that ends, and what
//! the gateway gets. There are three answers here too: a token that is active and sufficient, one that is not, and
//! "don't know", which fails the authorizer.

mod context;
mod reply;

pub use self::reply::{Rendered, Reply};
use crate::{
    auth::AuthError,
    call::Call,
    outcome::{Denial, TokenFacts, Unavailable},
    proof::Unproved,
    request::NoAccessToken,
    settings::AuthorizerSettings,
    token::Inactive,
    view::View,
};

/// A request to a protected API, as the gateway describes it to its authorizer. It contains a token, so it has no
/// `Debug`.
pub struct AccessRequest {
    /// The request itself. Its `identity` is that of the connection with the client.
    pub call: Call,
    pub gateway: Gateway,
    /// The ARN of the requested method or route, which a policy names.
    pub resource: String,
    /// The route as the API declares it, such as `GET /orders/{id}`. `None` if the event does not name it.
    pub route_key: Option<String>,
    /// The scopes that the stage requires of all its routes, separated by commas.
    pub stage_scopes: Option<String>,
    /// The URL that the client requested, without its query. `None` if the event does not say it.
    pub url: Option<String>,
}

/// What asks, and so which form the answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// An HTTP API with payload format 2.0.
    HttpApi,
    /// An HTTP API with payload format 1.0.
    HttpApiFormat1,
    /// A REST API, or the `$connect` route of a WebSocket API.
    RestApi,
}

/// How a call ended, for whose policy, and about which token.
pub struct AccessAnswer {
    /// The configured client, if its record was found and is in order.
    pub caller: Option<String>,
    pub token: Option<TokenFacts>,
    pub access: Access,
}

/// Everything that an authorizer's call can end in.
pub enum Access {
    /// The token is active, presented by its owner, and has the required scopes.
    Allowed {
        view: Box<View>,
        /// Whether the policy is in report mode and would have shown less.
        would_deny: bool,
    },
    /// The token is active, but does not suffice for this route.
    Forbidden(Forbidden),
    /// No active token was presented by its owner.
    Unauthorized(Unauthorized),
    /// Nothing is known about the token.
    Unknown(Unknown),
}

/// Why an active token does not suffice (RFC 6750 §3.1, `insufficient_scope`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// It lacks at least one of these scopes.
    MissingScope { required: Vec<String> },
    /// No entry of `AUTHORIZER_SCOPES` is meant for the route.
    RouteNotListed,
}

/// Why there is no active token (RFC 6750 §3.1, `invalid_token`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    NoToken(NoAccessToken),
    Inactive(Inactive),
    /// The sender did not prove that it has the key of a bound token.
    Unproved(Unproved),
}

/// Why nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    Unavailable(Unavailable),
    /// `AUTHORIZER_CLIENT_ID` is not set.
    NotConfigured,
    /// The record of the configured client does not exist, cannot be read or is disabled.
    Client(AuthError),
    /// The record of the configured client forbids it to introspect.
    Denied(Denial),
    /// `AUTHORIZER_SCOPES` has entries for routes, and the event does not name the route.
    RouteUnknown,
    /// The answer would be larger than API Gateway accepts.
    AnswerTooLarge,
    /// The ARN of the requested method is longer than a policy may name.
    ResourceTooLong,
    /// A defect in our code.
    Internal,
}

impl AccessRequest {
    /// The scopes that the token must have: those of the route, and those of the stage.
    ///
    /// # Errors
    ///
    /// Returns how the call ends if the required scopes cannot be told.
    pub fn required_scopes(&self, authorizer: &AuthorizerSettings) -> Result<Vec<String>, Access> {
        let stage = self.stage_scopes.as_deref().unwrap_or_default().split(',').map(str::trim);
        let mut required: Vec<String> = stage.filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        if let Some(scopes) = &authorizer.scopes {
            let of_route = match &self.route_key {
                Some(route_key) => scopes
                    .required(self.call.method.as_str(), route_key)
                    .ok_or(Access::Forbidden(Forbidden::RouteNotListed))?,
                // The concrete path of such an event is the client's text, so it must not choose the entry.
                None => scopes.of_every_route().ok_or(Access::Unknown(Unknown::RouteUnknown))?,
            };
            required.extend_from_slice(of_route);
        }
        Ok(required)
    }
}

impl AccessAnswer {
    /// The answer before the configured client is known.
    pub fn early(access: Access) -> Self {
        Self { caller: None, token: None, access }
    }
}

impl Access {
    /// The stable name of the reason why access was not allowed, as listed in docs/reasons.md.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Allowed { .. } => None,
            Self::Forbidden(why) => Some(why.name()),
            Self::Unauthorized(Unauthorized::NoToken(why)) => Some(why.name()),
            Self::Unauthorized(Unauthorized::Inactive(why)) => Some(why.name()),
            Self::Unauthorized(Unauthorized::Unproved(why)) => Some(why.name()),
            Self::Unknown(why) => why.name(),
        }
    }

    /// The outcome in one word, for the audit record.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Allowed { .. } => "active",
            Self::Forbidden(_) => "denied",
            Self::Unauthorized(Unauthorized::NoToken(_)) => "refused",
            Self::Unauthorized(_) => "inactive",
            Self::Unknown(Unknown::Unavailable(_)) => "unavailable",
            Self::Unknown(_) => "error",
        }
    }

    /// The decision of the policy in one word, for the audit record.
    pub fn policy(&self) -> &'static str {
        match self {
            Self::Allowed { would_deny: true, .. } => "would_deny",
            Self::Allowed { would_deny: false, .. } => "allow",
            Self::Unauthorized(Unauthorized::Inactive(why)) if why.is_hidden() => "deny",
            _ => "none",
        }
    }
}

impl Forbidden {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MissingScope { .. } => "missing_scope",
            Self::RouteNotListed => "route_not_listed",
        }
    }
}

impl Unknown {
    /// The stable name, as listed in docs/reasons.md. `None` for a defect in our code.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unavailable(what) => what.name(),
            Self::NotConfigured => "authorizer_not_configured",
            Self::Client(why) => why.name(),
            Self::Denied(denial) => denial.name(),
            Self::RouteUnknown => "route_unknown",
            Self::AnswerTooLarge => "answer_too_large",
            Self::ResourceTooLong => "resource_too_long",
            Self::Internal => return None,
        })
    }

    /// What the operator can do, for the log. `None` if nothing is misconfigured.
    pub fn cure(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotConfigured => "set AUTHORIZER_CLIENT_ID to the client whose policy applies to the API",
            Self::Client(AuthError::UnknownClient) => "add the client that AUTHORIZER_CLIENT_ID names",
            Self::Client(AuthError::Disabled) => "enable the client that AUTHORIZER_CLIENT_ID names",
            Self::Client(_) => "correct the record of the client that AUTHORIZER_CLIENT_ID names",
            Self::Denied(_) => "set introspection.allowed of the client that AUTHORIZER_CLIENT_ID names",
            Self::RouteUnknown => "use an authorizer of type REQUEST, or only the entry \"*\" in AUTHORIZER_SCOPES",
            Self::AnswerTooLarge => "list the claims that the API needs in introspection.claims of the client",
            Self::ResourceTooLong => "use shorter paths, or an HTTP API with simple responses",
            Self::Unavailable(_) | Self::Internal => return None,
        })
    }
}
