//! The line of `service`, with records from memory in place of the reads: event, request, caller, judgement, signature,
//! marks, view, response, audit record. It calls the same functions in the same order.

use std::{collections::BTreeSet, time::Duration};

use futures_util::FutureExt;
use token_introspection::{
    audit::{RequestFacts, write_record},
    auth::{Authentication, Caller},
    call::{Call, deadline},
    judge::{self, ActiveClaims},
    lambda::{Asked, Event},
    outcome::{Answer, Outcome, TokenFacts, TokenVerdict, Verdict},
    policy::{self, Shown},
    proof::PresentedProofs,
    records::{FetchedItems, ItemKey},
    request::{Credentials, Query, Request},
    response::render,
    spent::Spent,
    token::{Inactive, PresentedToken, UnverifiedToken},
};

use crate::{signing::NOW, table::Table, world::World};

/// Answers an event; how it ended, in a word, and the body.
pub fn answer(world: &World, table: &Table, event: &str) -> (&'static str, String) {
    let settings = &world.settings;
    let call = call(event);
    let Ok(Request::Introspection(Query { credentials, token, .. })) = Request::parse(&call, settings) else {
        panic!("the request is not an introspection");
    };
    let facts = facts(world, &token);
    let asked = RequestFacts::of_token(credentials.method(), facts.clone());
    // What would be read, in the order in which it would be sent.
    let own = match &credentials {
        Credentials::Bearer(presented) => presented.unverified.as_deref(),
        _ => None,
    };
    let own_keys = own.into_iter().flat_map(|own| own.item_keys().cloned());
    let keys: BTreeSet<ItemKey> = token.keys().into_iter().chain(credentials.client_key()).chain(own_keys).collect();
    let items = &table.read(&keys.into_iter().collect::<Vec<_>>());
    let caller = match Caller::authenticate(credentials, items, settings, NOW) {
        Ok(Authentication::Complete(caller)) => caller,
        Ok(Authentication::NeedsSignature(bearer)) => {
            let (own, bearer) = bearer.open();
            let claims = verify(world, own, items).expect("the caller's own token is active");
            bearer.confirmed(&claims).expect("the caller is confirmed")
        }
        // What follows is a write, which the whole-function part measures.
        Ok(Authentication::NeedsFirstUse(assertion)) => {
            std::hint::black_box(assertion.guard());
            return ("first use", String::new());
        }
        Err(why) => {
            let challenge = token_introspection::outcome::Challenge::Basic;
            return finish(&asked, &Answer { caller: None, outcome: Outcome::Refused { why, challenge } }, &call);
        }
    };
    let active = match token {
        PresentedToken::Jwt { unverified, .. } => unverified.and_then(|token| {
            let token = judge::jwt(*token, settings, NOW)?;
            policy::could_show(&caller, token.unverified_claims(), settings)?;
            verify(world, Box::new(token), items)
        }),
        PresentedToken::Opaque { digest, too_long } => {
            let token = judge::record(&digest, too_long, items, settings, NOW);
            let marks: Vec<ItemKey> = match &token {
                Ok(token) => token.marks().iter().map(|mark| mark.key.clone()).collect(),
                Err(_) => (0..4).map(|number| ItemKey::padding(&digest, number)).collect(),
            };
            let marks = table.read(&marks);
            token.and_then(|token| judge::active(token, &marks, &FetchedItems::default()))
        }
    };
    let verdict = match active.map(|claims| policy::view(&caller, claims, &PresentedProofs::default(), settings)) {
        Ok(policy::Decision { view: Ok(Shown::View(view)), report }) => {
            Verdict::Active { view: Box::new(view), report: report.map(Box::new) }
        }
        Ok(policy::Decision { view: Ok(Shown::NeedsFirstUse(_)), .. }) => panic!("no proof was presented"),
        Ok(policy::Decision { view: Err(why), .. }) | Err(why) => Verdict::Inactive(why),
    };
    let outcome = Outcome::Introspected(TokenVerdict { facts, verdict });
    finish(&asked, &Answer { caller: Some(caller.client_id().to_owned()), outcome }, &call)
}

fn call(event: &str) -> Call {
    let event: Event = serde_json::from_str(event).unwrap();
    let Ok(Asked::Request(incoming)) = event.read() else { panic!("the event is not one of a request") };
    Call {
        method: incoming.method,
        path: incoming.path,
        query_names: incoming.query_names,
        headers: incoming.headers,
        body: incoming.body,
        source_address: incoming.source_address,
        identity: incoming.identity,
        request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        trace_id: None,
        cold_start: false,
        spent: Spent::default(),
        now: NOW,
        deadline: deadline(Duration::from_secs(3)),
    }
}

fn facts(world: &World, token: &PresentedToken<'_>) -> TokenFacts {
    let (digest, issuer) = match token {
        PresentedToken::Jwt { issuer, digest, .. } => (digest, issuer.map(|issuer| issuer.issuer.clone())),
        PresentedToken::Opaque { digest, .. } => (digest, None),
    };
    TokenFacts { fingerprint: world.fingerprinter.fingerprint(digest), issuer }
}

/// Checks the signature, with keys that the environment holds, and the marks.
fn verify(
    world: &World,
    token: Box<UnverifiedToken<'_, judge::Judged>>,
    items: &FetchedItems,
) -> Result<ActiveClaims, Inactive> {
    let verified = world.issuers.verify(token, items, NOW, deadline(Duration::from_secs(3)));
    let verified = verified.now_or_never().expect("the keys are at hand");
    judge::active(verified.ok().expect("the signature is valid"), items, &FetchedItems::default())
}

fn finish(asked: &RequestFacts, answer: &Answer, call: &Call) -> (&'static str, String) {
    write_record(answer, asked, call, Duration::from_millis(1));
    let how = match &answer.outcome {
        Outcome::Introspected(TokenVerdict { verdict: Verdict::Active { .. }, .. }) => "active",
        Outcome::Introspected(_) => "inactive",
        _ => "refused",
    };
    (how, render(&answer.outcome, "8476a536-e9f4-11e8-9739-2dfe598c3fcd").into_body())
}
