//! The kinds of requests, by groups.

use super::{
    callers,
    deployment::{Ask, Deployment, Question},
    introspections, others,
};

pub const JWT: &str = "Introspection of a JWT";
pub const OPAQUE: &str = "Introspection of an opaque token";
pub const FETCHES: &str = "Introspection of a JWT whose issuer's keys are fetched";
pub const PROOFS: &str = "Introspection of a bound token, and signed answers";
pub const CALLERS: &str = "Callers by other methods";
pub const REFUSED: &str = "Callers that are refused";
pub const BATCH: &str = "Batches";
pub const REVOCATION: &str = "Revocation";
pub const NOTICES: &str = "What issuers report";
pub const AUTHORIZER: &str = "The function as an authorizer";
pub const DOCUMENTS: &str = "Documents";
pub const ERROR: &str = "Requests with an error";

/// A kind of request.
pub struct Kind {
    pub group: &'static str,
    pub name: String,
    pub ask: Ask,
    /// What is asked before, if it is something else.
    pub before: Option<Ask>,
    /// How often.
    pub asked_before: usize,
}

pub fn kind<Q: Into<Question>>(
    group: &'static str,
    name: impl Into<String>,
    ask: impl Fn(&Deployment, &str) -> Q + 'static,
) -> Kind {
    let ask: Ask = Box::new(move |at, id| ask(at, id).into());
    Kind { group, name: name.into(), ask, before: None, asked_before: 0 }
}

impl Kind {
    /// The same request, after it has been sent so often.
    pub fn again(mut self, times: usize) -> Self {
        self.asked_before = times;
        self
    }

    /// The same request, after another one has been sent so often.
    pub fn after<Q: Into<Question>>(mut self, times: usize, ask: impl Fn(&Deployment, &str) -> Q + 'static) -> Self {
        self.before = Some(Box::new(move |at, id| ask(at, id).into()));
        self.again(times)
    }
}

/// All kinds. Writes what they need.
pub fn kinds(at: &Deployment) -> Vec<Kind> {
    let mut kinds = introspections::all(at);
    kinds.extend(callers::all(at));
    kinds.extend(others::all(at));
    kinds
}
