//! The service and the model get the same requests, and must give the same answers for the same reasons.
//!
//! `REFERENCE_CASES` is the number of cases, and `REFERENCE_SEED` the first seed. Each scene has a seed of its own, so
//! `REFERENCE_CASES=1 REFERENCE_SEED=N` plays only the scene that a difference names.

use std::{env, fmt::Debug, str::FromStr, time::Instant};

use super::{reasons, run::Run};

fn number<N: FromStr<Err: Debug>>(variable: &str, default: N) -> N {
    env::var(variable).ok().map_or(default, |text| text.parse().unwrap())
}

#[tokio::test]
async fn g14_i01_j22_the_service_answers_as_the_model_of_the_documents_and_a_fault_would_be_found() {
    let (cases, seed) = (number("REFERENCE_CASES", 10_000), number("REFERENCE_SEED", 1));
    let started = Instant::now();
    let mut run = Run::new().await;
    let mut scene = seed;
    while run.cases < cases {
        run.play(scene).await;
        scene += 1;
    }
    println!("{} cases from seed {seed} in {} s, {} repeated", run.cases, started.elapsed().as_secs(), run.repeats);
    println!("{:?}\nfound {:?}", run.reached, run.found);
    run.assert_no_difference();
    if cases >= 10_000 {
        assert!(run.missed.is_empty(), "not found: {:?}", run.missed);
        reasons::assert_all_reached(&run.reached);
    }
}

#[tokio::test]
async fn a14_a15_events_of_a_gateway_are_answered_as_the_model_of_the_documents() {
    let (cases, seed) = (number("REFERENCE_EVENTS", 1_000), number("REFERENCE_SEED", 500_000));
    let mut run = Run::new().await;
    let mut scene = seed;
    while run.cases < cases {
        run.play_events(scene).await;
        scene += 1;
    }
    println!("{} events from seed {seed}, {} repeated", run.cases, run.repeats);
    run.assert_no_difference();
}
