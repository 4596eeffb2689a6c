//! A second opinion: what the documents say about a request, a record and a token, in the plainest form.
//!
//! It was written from contract, conformance table and the pages of `docs/`, without a look at the sources. It has no
//! code and no types of the function. Signatures are not computed: the generator says which key made which.

pub mod authentication;
pub mod base64;
pub mod claims;
pub mod client;
pub mod deployment;
pub mod form;
pub mod items;
pub mod json;
pub mod jwt;
pub mod keys;
pub mod marks;
pub mod opaque;
pub mod policy;
pub mod profile;
pub mod request;
pub mod rules;
pub mod text;
pub mod time;
pub mod token;
pub mod view;

use deployment::Deployment;
use items::Tables;
use json::Json;
use keys::Signatures;
use rules::Rules;

/// A request as it is on the wire.
#[derive(Clone, Debug)]
pub struct Wire {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub now: i64,
}

/// An answer that is not a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub status: u16,
    pub error: &'static str,
    pub description: &'static str,
    pub reason: &'static str,
}

/// What the client gets, and the rule that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Error(End),
    Inactive(&'static str),
    /// The members in their order.
    Active(Vec<(String, Json)>),
    /// The answers about each token.
    Batch(Vec<Expected>),
}

/// A token is inactive, or cannot be judged.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    Inactive(&'static str),
    Unavailable(&'static str),
}

/// Everything that a decision may depend on.
pub struct World<'w> {
    pub deployment: &'w Deployment,
    pub tables: &'w Tables,
    pub signatures: &'w Signatures,
    pub rules: Rules,
}

/// The whole decision: parse, authenticate, judge, view.
pub fn decide(world: &World<'_>, wire: &Wire) -> Expected {
    let authenticated = request::read(wire, world.rules)
        .and_then(|query| Ok((authentication::authenticate(world, &query, wire.now)?, query)));
    let (caller, query) = match authenticated {
        Ok(authenticated) => authenticated,
        Err(end) => return Expected::Error(end),
    };
    let mut answers = query.tokens.iter().map(|token| {
        let facts = token::judge(world, &caller, token, wire.now);
        match facts.and_then(|facts| view::view(world, &caller, &facts)) {
            Ok(members) => Expected::Active(members),
            Err(Stop::Inactive(reason)) => Expected::Inactive(reason),
            Err(Stop::Unavailable(reason)) => Expected::Error(End {
                status: 503,
                error: "temporarily_unavailable",
                description: "the token cannot be checked now; request …",
                reason,
            }),
        }
    });
    match answers.next() {
        Some(answer) if !query.is_batch => answer,
        first => Expected::Batch(first.into_iter().chain(answers).collect()),
    }
}
