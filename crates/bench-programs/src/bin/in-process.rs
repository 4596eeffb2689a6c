//! The in-process part: `in-process list`, `in-process time CASE` (nanoseconds of one), `in-process repeat CASE TIMES`
//! (for counting instructions from outside).

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
use bench_programs::{Case, World, answer, cases};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};
use serde_json::Value;
use token_introspection::{digest::Digest, logging, settings::LogLevel};

/// How long a case is repeated for its time.
const TIMED: Duration = Duration::from_millis(200);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["list"] => cases().into_iter().for_each(|(name, _)| println!("{name}")),
        ["time", name] => println!("{}", nanoseconds(&mut prepared(name))),
        ["repeat", name, times] => {
            let mut run = prepared(name);
            (0..times.parse::<u32>().unwrap()).for_each(|_| run());
        }
        _ => panic!("usage: in-process list | time CASE | repeat CASE TIMES"),
    }
}

/// The median of many, each timed by itself, so that it does not matter if another program takes the processor in between.
fn nanoseconds(run: &mut dyn FnMut()) -> u128 {
    (0..20).for_each(|_| run());
    let (started, mut rounds) = (Instant::now(), Vec::new());
    while started.elapsed() < TIMED {
        let round = Instant::now();
        run();
        rounds.push(round.elapsed().as_nanos());
    }
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

/// The case with everything that an environment prepares once, checked to end as it must.
fn prepared(wanted: &str) -> Box<dyn FnMut()> {
    let (_, case) = cases().into_iter().find(|(name, _)| name == wanted).expect("there is such a case");
    match case {
        Case::Request { event, client, revoked, expected } => {
            let subscriber = logging::subscriber(LogLevel::Info, io::sink);
            tracing::subscriber::set_global_default(subscriber).unwrap();
            let (world, items) = (World::new(), World::items(&client, revoked));
            let (how, body) = answer(&world, &event, &items);
            assert_eq!(how, expected, "{wanted}: {body}");
            Box::new(move || drop(black_box(answer(&world, &event, &items))))
        }
        Case::Signature { algorithm, token } => {
            let (key, algorithm) = key(algorithm);
            let (input, signature) = token.rsplit_once('.').unwrap();
            Box::new(move || assert!(verify(signature, input.as_bytes(), &key, algorithm).unwrap()))
        }
        Case::Digest { token } => Box::new(move || drop(black_box(Digest::of(black_box(token)).to_hex()))),
    }
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
