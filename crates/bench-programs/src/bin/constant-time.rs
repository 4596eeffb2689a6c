//! Whether comparing secrets takes the same time for all of them, by the method of dudect: `constant-time [MEASUREMENTS]`, a
//! million of each unless another number is given. It fails if a comparison shows a difference, or if the one with a planted
//! leak shows none. Differences between whole answers are printed, and not judged: what they read has different lengths.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure ends the measurement"
)]

use std::{hint::black_box, io, process::ExitCode};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bench_programs::{AUDIENCE, Difference, JWKS, NOW, Table, World, answer, compare, event, secret_record};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use token_introspection::{digest::Digest, logging, settings::LogLevel};

/// Above this, dudect calls a difference of time likely.
const LIKELY: f64 = 10.0;
/// How many comparisons are timed together, because one takes less than the clock can measure.
const TOGETHER: usize = 16;

fn main() -> ExitCode {
    let subscriber = logging::subscriber(LogLevel::Info, io::sink);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let measurements = std::env::args().nth(1).map_or(1_000_000, |number| number.parse().expect("a number"));
    let comparisons = comparisons(measurements);
    for (name, difference) in &comparisons {
        println!("{name}: t = {:.2}, {:.1} ns", difference.t, difference.nanoseconds);
    }
    for (name, difference) in refused_secrets(measurements / 20) {
        println!("refusals of a wrong secret of a client and of {name}: {:.0} ns", difference.nanoseconds);
    }
    for (name, difference) in refused_assertions(measurements / 100) {
        println!("refusals of an assertion of a client with one key and of {name}: {:.0} ns", difference.nanoseconds);
    }
    let (planted, constant) = comparisons.split_last().unwrap();
    let is_constant = constant.iter().all(|(_, difference)| difference.t.abs() < LIKELY);
    if is_constant && planted.1.t.abs() > LIKELY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The comparison of each pair of classes. The last one has a planted leak.
fn comparisons(measurements: usize) -> Vec<(&'static str, Difference)> {
    let constant = |first, second| digests(measurements, [first, second], |one, other| one.ct_eq(other).into());
    let leaking = |one: &Digest, other: &Digest| {
        one.bytes().iter().zip(&other.bytes()).all(|(one, other)| black_box(one) == black_box(other))
    };
    let secret = |is_random: bool| {
        // Both classes are made by the same instructions, so that only the bytes differ.
        let kept = u8::from(is_random).wrapping_neg();
        std::array::from_fn::<u8, 43, _>(|_| (fastrand::u8(b'!'..=b'~') & kept) | (b'0' & !kept))
    };
    let hashed = compare(measurements, secret, |secret| {
        black_box(Digest::of(black_box(secret)));
    });
    vec![
        ("digests that are equal, and that differ in the first byte", constant(None, Some(0))),
        ("digests that are equal, and that differ in the last byte", constant(None, Some(31))),
        ("digests that differ in the first byte, and in the last", constant(Some(0), Some(31))),
        ("the digest of a fixed secret, and of random ones", hashed),
        ("planted: bytes until the first difference", digests(measurements, [None, Some(0)], leaking)),
    ]
}

/// Compares random digests, which differ in the byte of their class.
fn digests(
    measurements: usize,
    differing: [Option<usize>; 2],
    is_equal: impl Fn(&Digest, &Digest) -> bool,
) -> Difference {
    let digest = |bytes: [u8; 32]| Digest::from_base64url(&URL_SAFE_NO_PAD.encode(bytes)).unwrap();
    let pair = |class: bool| {
        let stored: [u8; 32] = std::array::from_fn(|_| fastrand::u8(..));
        let mut presented = stored;
        differing[usize::from(class)].into_iter().for_each(|byte| presented[byte] ^= 1);
        (digest(stored), digest(presented))
    };
    compare(measurements, pair, |(stored, presented)| {
        for _ in 0..TOGETHER {
            black_box(is_equal(black_box(&stored), black_box(&presented)));
        }
    })
}

/// Whole answers to assertions that no key of the client signed, in the process: for a client with one key, and for each
/// other kind of client.
fn refused_assertions(measurements: usize) -> Vec<(&'static str, Difference)> {
    let world = World::new();
    let mut table = Table::default();
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut add = |name: &'static str, record: Option<Value>| {
        let id = format!("{name:-<24}").replace(' ', "-");
        add_client(&mut table, &id, json!({ "client_id": id }), record);
        let header = encoded(json!({ "alg": "ES256", "kid": "key-00", "typ": "JWT" }));
        let claims = json!({ "iss": id, "sub": id, "aud": AUDIENCE, "jti": "a1", "iat": NOW, "exp": NOW + 60 });
        let assertion = format!("{header}.{}.{}", encoded(claims), URL_SAFE_NO_PAD.encode([7; 64]));
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let form = format!("token=x&client_assertion_type={kind}&client_assertion={assertion}");
        (name, event(&form, None, None))
    };
    let published: Value = serde_json::from_str(JWKS).unwrap();
    let keys = |count: usize, padding: usize| {
        let named = |number: usize| {
            let mut key = published["keys"][1].clone();
            key["kid"] = format!("key-{number:02}").into();
            key
        };
        let keys: Vec<_> = (0..count).map(named).collect();
        let jwks = json!({ "keys": keys, "x": "x".repeat(padding) }).to_string();
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks })
    };
    let (_, known) = add("one key", Some(keys(1, 0)));
    let others = [
        add("one key again", Some(keys(1, 0))),
        add("one key in a large record", Some(keys(1, 3300))),
        add("20 keys", Some(keys(20, 0))),
        add("a secret", Some(json!({ "client_secret": "0".repeat(64) }))),
        add("unknown", None),
    ];
    compared(measurements, &known, &others, |event| assert_eq!(black_box(answer(&world, &table, event)).0, "refused"))
}

/// Adds this record with these members. Without any, the client stays unknown.
fn add_client(table: &mut Table, id: &str, mut record: Value, members: Option<Value>) {
    if let Some(Value::Object(members)) = members {
        record.as_object_mut().unwrap().extend(members);
        table.add_client(id, &record);
    }
}

/// Compares the first with each of the others.
fn compared(
    measurements: usize,
    first: &String,
    others: &[(&'static str, String)],
    refuse: impl Fn(&String),
) -> Vec<(&'static str, Difference)> {
    let difference = |other| compare(measurements, |class| if class { other } else { first }, &refuse);
    others.iter().map(|(name, other)| (*name, difference(other))).collect()
}

/// Whole answers to wrong secrets, in the process: for a client with a secret, and for each other kind of client.
fn refused_secrets(measurements: usize) -> Vec<(&'static str, Difference)> {
    let world = World::new();
    let mut table = Table::default();
    let mut add = |name: &'static str, members: Option<Value>| {
        // Names of the same length.
        let id = format!("{:-<12}", name.replace(' ', "-"));
        add_client(&mut table, &id, secret_record(&id), members);
        let header = format!("Basic {}", STANDARD.encode(format!("{id}:wrong-secret-of-thirty-two-characters")));
        (name, event("token=x", Some(&header), None))
    };
    let (_, known) = add("known", Some(json!({})));
    let others = [
        add("known again", Some(json!({}))),
        add(
            "rotated",
            Some(
                json!({ "previous_client_secret": "0".repeat(64), "previous_client_secret_expires_at": 4_102_444_800_i64 }),
            ),
        ),
        add("public", Some(json!({ "token_endpoint_auth_method": "none" }))),
        add(
            "many keys",
            Some(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS.replace(' ', "") })),
        ),
        add("unknown", None),
    ];
    compared(measurements, &known, &others, |event| assert_eq!(black_box(answer(&world, &table, event)).0, "refused"))
}
