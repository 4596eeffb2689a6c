//! The in-process part: `in-process tokens` (signs those of the measurement), `in-process list`, `in-process time CASE` (nanoseconds of one), `in-process repeat CASE TIMES`
//! (for counting instructions from outside); for growth, `in-process sizes` and `in-process grow WHAT SIZE TIMES`.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure ends the measurement"
)]

use std::{
    hint::black_box,
    io,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bench_programs::{Case, SIZES, Table, Tokens, World, answer, cases, grown, tokens};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};
use serde_json::Value;
use token_introspection::{digest::Digest, logging, settings::LogLevel};

/// How long a case is repeated for its time, if there are enough tokens.
const TIMED: Duration = Duration::from_millis(200);

/// Something to repeat. A run with a number that has not been used before presents a new token.
struct Prepared {
    run: Box<dyn FnMut(usize)>,
    /// How many runs may be made. `None` if the token is the same anyway.
    runs: Option<usize>,
}

fn main() {
    let subscriber = logging::subscriber(LogLevel::Info, io::sink);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["tokens"] => tokens::print(),
        ["list"] => cases(&Tokens::read()).into_iter().for_each(|(name, _)| println!("{name}")),
        ["sizes"] => {
            let sizes = SIZES.iter().flat_map(|(what, sizes)| sizes.iter().map(move |size| (what, size)));
            sizes.for_each(|(what, size)| println!("{what}\t{size}"));
        }
        ["time", name] => println!("{}", nanoseconds(&mut prepared(name))),
        ["repeat", name, times] => repeat(prepared(name), times.parse().unwrap()),
        ["grow", what, size, times] => {
            let (world, table, events) = grown(what, size.parse().unwrap(), &Tokens::read());
            repeat(requests(world, table, events, "active"), times.parse().unwrap());
        }
        _ => panic!("usage: in-process tokens | list | time CASE | repeat CASE TIMES | sizes | grow WHAT SIZE TIMES"),
    }
}

fn repeat(mut prepared: Prepared, times: usize) {
    assert!(prepared.runs.is_none_or(|runs| times < runs), "there are too few tokens");
    (0..times).for_each(|number| (prepared.run)(number));
    // What is prepared may be large, and freeing it is not what is measured.
    std::process::exit(0);
}

/// The median of many, each timed by itself, so that it does not matter if another program takes the processor in between.
fn nanoseconds(prepared: &mut Prepared) -> u128 {
    const WARM_UP: usize = 20;
    (0..WARM_UP).for_each(|number| (prepared.run)(number));
    let (started, mut rounds) = (Instant::now(), Vec::new());
    while started.elapsed() < TIMED && prepared.runs.is_none_or(|runs| WARM_UP + rounds.len() < runs) {
        let round = Instant::now();
        (prepared.run)(WARM_UP + rounds.len());
        rounds.push(round.elapsed().as_nanos());
    }
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

/// The case with everything that an environment prepares once.
fn prepared(wanted: &str) -> Prepared {
    let tokens = Tokens::read();
    let (_, case) = cases(&tokens).into_iter().find(|(name, _)| name == wanted).expect("there is such a case");
    match case {
        Case::Requests(all) => {
            let (events, expected) = (all.events(), all.expected);
            requests(World::new(), all.table, events, expected)
        }
        Case::Signature { algorithm, tokens } => {
            let (key, algorithm) = key(algorithm);
            let tokens = tokens.to_vec();
            let runs = Some(tokens.len());
            let run = move |number: usize| {
                let (input, signature) = tokens[number].rsplit_once('.').unwrap();
                assert!(verify(signature, input.as_bytes(), &key, algorithm).unwrap());
            };
            Prepared { run: Box::new(run), runs }
        }
        Case::Digest { token } => {
            let token = token.to_owned();
            Prepared { run: Box::new(move |_| drop(black_box(Digest::of(black_box(&token)).to_hex()))), runs: None }
        }
    }
}

/// Answers the events one after the other, after the last one was checked to end as it must.
fn requests(world: World, table: Table, mut events: Vec<String>, expected: &'static str) -> Prepared {
    let is_one = events.len() == 1;
    let last = if is_one { events[0].clone() } else { events.pop().unwrap() };
    let (how, body) = answer(&world, &table, &last);
    assert_eq!(how, expected, "{body}");
    let runs = (!is_one).then_some(events.len());
    let run = move |number: usize| drop(black_box(answer(&world, &table, &events[number % events.len()])));
    Prepared { run: Box::new(run), runs }
}

fn key(name: &str) -> (DecodingKey, Algorithm) {
    let jwks: Value = serde_json::from_str(include_str!("../../../bench/fixtures/jwks.json")).unwrap();
    let jwk = jwks["keys"].as_array().unwrap().iter().find(|jwk| jwk["alg"] == name).unwrap();
    let bytes = |member: &str| URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap();
    match name {
        "RS256" => (DecodingKey::from_rsa_raw_components(&bytes("n"), &bytes("e")), Algorithm::RS256),
        "PS256" => (DecodingKey::from_rsa_raw_components(&bytes("n"), &bytes("e")), Algorithm::PS256),
        "ES256" => {
            let point = [&[4], &bytes("x")[..], &bytes("y")[..]].concat();
            (DecodingKey::from_ec_der(&point), Algorithm::ES256)
        }
        _ => (DecodingKey::from_ed_der(&bytes("x")), Algorithm::EdDSA),
    }
}
