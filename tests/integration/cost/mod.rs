//! What each kind of request costs, in one list: reads and writes of the store, fetches of keys, calls of the signer; and
//! that its answer is in time if what it waits for hangs.
//!
//! The list is docs/request-costs.md. The test counts, and compares each row; `UPDATE_COSTS=1` writes the page anew.

mod callers;
mod count;
mod deployment;
mod introspections;
mod kinds;
mod others;
mod page;

use std::{collections::BTreeMap, time::Duration};

use count::Cost;
use deployment::{Deployment, Hanging, Setup};
use kinds::{Kind, kinds};
use page::Row;
use token_introspection::{call, service::Service};
use tokio::time::Instant;

use crate::time::on_a_still_clock;

/// When an answer has been given (docs/errors.md).
const LIMIT: Duration = Duration::from_millis(1800);
/// Tokio rounds timers up to whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(1);

/// An environment that has been asked what must precede this kind of request.
async fn environment(deployment: &Deployment, setup: Setup, kind: &Kind) -> Service {
    let service = deployment.environment(setup).await;
    for _ in 0..kind.asked_before {
        deployment.ask(&service, kind.before.as_ref().unwrap_or(&kind.ask)).await;
    }
    deployment.take_cost();
    service
}

/// What the first request of an environment costs, and the next one, in this deployment.
async fn first_and_next(deployment: &Deployment, setup: Setup, kind: &Kind) -> (String, [Cost; 2]) {
    let service = environment(deployment, setup, kind).await;
    let answer = deployment.ask(&service, &kind.ask).await;
    let first = deployment.take_cost();
    deployment.ask(&service, &kind.ask).await;
    (answer, [first, deployment.take_cost()])
}

#[tokio::test]
async fn o02_a22_each_kind_of_request_costs_what_the_list_says() {
    let deployment = Deployment::start().await;
    let mut rows = Vec::new();
    for kind in kinds(&deployment) {
        let (answer, [first, next]) = first_and_next(&deployment, Setup::Default, &kind).await;
        let mut units = vec![next.read_units()];
        for setup in [Setup::Hot, Setup::Eventual, Setup::Both] {
            let (other, [_, next]) = first_and_next(&deployment, setup, &kind).await;
            assert_eq!(other, answer, "{} {setup:?}", kind.name);
            units.push(next.read_units());
        }
        rows.push(Row { group: kind.group, name: kind.name, answer, first, next, units });
    }
    assert_rules(&rows);
    page::compare_with_cost_page(&rows);
    page::compare(&rows);
}

/// What the contract says about all rows.
fn assert_rules(rows: &[Row]) {
    let mut reasons = BTreeMap::new();
    for row in rows {
        let (name, cost) = (&row.name, &row.next);
        let trips = cost.reads.len();
        match row.group {
            kinds::JWT => assert!(trips == 1 && cost.writes == 0, "{name}: one round trip"),
            kinds::OPAQUE => assert!(trips == 2 && cost.writes == 0, "{name}: two round trips"),
            kinds::REFUSED => assert!(trips <= 1 && cost.writes == 0, "{name}: at most one round trip"),
            kinds::ERROR => assert!(cost.is_nothing() && row.first.is_nothing(), "{name}: nothing"),
            _ => assert!(trips <= 4, "{name}"),
        }
        *reasons.entry(row.answer.clone()).or_insert(0) += 1;
    }
    assert!(rows.len() > 100 && reasons.len() > 45, "{} kinds, {} answers", rows.len(), reasons.len());
}

/// From some exchange with the store on, all of them hang, or all with the key host or with the signer. The answer is right or
/// "don't know", and in time. If all peers hang, it is as well.
#[tokio::test]
async fn a22_g08_whatever_hangs_from_whichever_exchange_on_the_answer_is_in_time() {
    let deployment = Deployment::start().await;
    let mut hung = 0;
    for kind in kinds(&deployment) {
        let service = environment(&deployment, Setup::Default, &kind).await;
        let right = deployment.ask(&service, &kind.ask).await;
        let cost = deployment.take_cost();
        let of_store = (0..cost.reads.len() + cost.writes).map(Hanging::Store);
        let of_host = (cost.fetches > 0).then_some(Hanging::KeyHost);
        let of_signer = (cost.signer > 0).then_some(Hanging::Signer);
        for hanging in of_store.chain(of_host).chain(of_signer).chain([Hanging::All]) {
            let service = environment(&deployment, Setup::Default, &kind).await;
            deployment.hang(hanging);
            let (got, elapsed) = on_a_still_clock(deployment.ask(&service, &kind.ask)).await;
            deployment.recover();
            let is_unknown = got.starts_with("503 ") || got == "500 (authorizer)";
            assert!(is_unknown || got == right, "{}, {hanging:?}: {got}", kind.name);
            assert!(elapsed <= LIMIT + ROUNDING, "{}, {hanging:?}: {elapsed:?}", kind.name);
            assert!(cost.is_nothing() == elapsed.is_zero() || hanging != Hanging::All, "{}: {elapsed:?}", kind.name);
            hung += usize::from(is_unknown);
        }
    }
    println!("{hung} answers were \"don't know\"");
    assert!(hung > 200, "{hung}");
}

/// The time limit is the documented one.
#[tokio::test(start_paused = true)]
async fn a22_the_time_limit_is_the_documented_one() {
    assert_eq!(call::deadline(Duration::MAX) - Instant::now(), LIMIT);
    let pages = [include_str!("../../../docs/errors.md"), include_str!("../../../docs/settings.md")];
    assert!(pages[0].contains("The function answers within 1.8 s."));
    assert!(pages[1].contains("| an answer, from the moment the event arrives | 1.8 s"));
}
