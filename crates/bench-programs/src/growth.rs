//! The same request in larger and larger deployments, and with larger and larger tokens.

use serde_json::Value;

use crate::{
    Tokens,
    case::{basic_header, event, secret_record},
    line::answer,
    signing::{CLIENT, ISSUER},
    table::Table,
    world::{JWKS, World, issuer},
};

/// What grows, and its sizes.
pub const SIZES: [(&str, &[usize]); 7] = [
    ("clients", &[10, 1_000, 100_000]),
    ("opaque tokens", &[10, 1_000, 100_000]),
    ("marks", &[10, 1_000, 100_000]),
    ("JWTs seen before", &[10, 300, 3_000]),
    ("trusted issuers", &[1, 10, 50]),
    ("keys in a set", &[1, 10, 100]),
    ("token bytes", &[512, 1024, 2048, 4096, 8192, 16_384]),
];
/// So many different requests are made of each.
const REQUESTS: usize = 150;

/// An environment of that size with its records, and the events to answer in it. Each event has another token, except
/// that the opaque tokens repeat if there are only a few.
pub fn grown(what: &str, size: usize, tokens: &Tokens) -> (World, Table, Vec<String>) {
    let all = tokens.all("RS256");
    let basic = |token: &str| event(&format!("token={token}"), Some(&basic_header(CLIENT)), None);
    let mut table = Table::default();
    table.add_client(CLIENT, &secret_record(CLIENT));
    let (mut world, mut events) = (World::new(), Vec::new());
    match what {
        "clients" => {
            (0..size).for_each(|number| table.add_client(&client(number), &secret_record(&client(number))));
            events.extend(
                all.iter().zip(spread(size)).map(|(token, number)| {
                    event(&format!("token={token}"), Some(&basic_header(&client(number))), None)
                }),
            );
        }
        "opaque tokens" => {
            (0..size).for_each(|number| table.add_opaque(&opaque(number), 4_102_444_800));
            events.extend(spread(size).map(|number| basic(&opaque(number))));
        }
        "marks" => (0..size).for_each(|number| table.add_mark(&format!("subject-{number}"))),
        "JWTs seen before" => {
            let (before, after) = all.split_at(size);
            for token in before {
                answer(&world, &table, &basic(token));
            }
            events.extend(after.iter().take(REQUESTS).map(|token| basic(token)));
        }
        "trusted issuers" => {
            let jwks = serde_json::from_str(JWKS).unwrap();
            let others = (1..size).map(|number| issuer(&format!("https://other-{number}.example.com"), &jwks));
            world = World::trusting(&others.chain([issuer(ISSUER, &jwks)]).collect());
        }
        "keys in a set" => world = World::trusting(&[issuer(ISSUER, &key_set(size))].into_iter().collect()),
        "token bytes" => events.extend(tokens.all(&format!("{size} bytes")).iter().map(|token| basic(token))),
        _ => panic!("{what} does not grow"),
    }
    if events.is_empty() {
        events.extend(all.iter().take(REQUESTS).map(|token| basic(token)));
    }
    (world, table, events)
}

/// As many numbers as there are requests, spread over everything.
fn spread(size: usize) -> impl Iterator<Item = usize> {
    (0..REQUESTS).map(move |number| if size < REQUESTS { number % size } else { number * (size / REQUESTS) })
}

fn client(number: usize) -> String {
    format!("client-{number:06}")
}

fn opaque(number: usize) -> String {
    format!("b3BhcXVlLXRva2VuLW9mLXRoZS1iZW5j{number:07}")
}

/// A set in which the key of the tokens is the last one.
fn key_set(size: usize) -> Value {
    let mut set: Value = serde_json::from_str(JWKS).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    let own = keys.remove(0);
    keys.clear();
    for number in 1..size {
        let mut other = own.clone();
        other["kid"] = format!("other-{number}").into();
        keys.push(other);
    }
    keys.push(own);
    set
}
