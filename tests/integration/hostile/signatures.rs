//! Signatures of other keys, altered ones, and other spellings of the compact form.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Hostile, tokens::Target};

/// The order of Ed25519's group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// The order of P-256's group, big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub fn all(target: &Target) -> Vec<Hostile> {
    [altered(target), of_others(target), spellings(target)].into_iter().flatten().collect()
}

fn hostile(case: impl Into<String>, token: String, reason: &'static str) -> Hostile {
    Hostile { case: case.into(), token, reason }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn altered(target: &Target) -> Vec<Hostile> {
    let good = target.good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = bytes.split_at(32);
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        (format!("a bit of byte {at} flipped"), bytes)
    };
    // `S + L` verifies too unless the range of `S` is checked (RFC 8032 §5.1.7).
    let mut carry = 0_u16;
    let larger: Vec<u8> = s
        .iter()
        .zip(ORDER)
        .map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(b) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    let identity = [&[1][..], &[0; 31]].concat();
    let named = [
        ("empty", Vec::new()),
        ("one byte", vec![0]),
        ("zeros", vec![0; 64]),
        ("ones", vec![0xff; 64]),
        ("cut", bytes[..63].to_vec()),
        ("R only", r.to_vec()),
        ("longer", [&bytes[..], &[0]].concat()),
        ("twice", [&bytes[..], &bytes].concat()),
        ("halves swapped", [s, r].concat()),
        ("S plus the order of the group", [r, &larger].concat()),
        ("S as the order of the group", [r, &ORDER].concat()),
        ("S zero", [r, &[0; 32]].concat()),
        ("R the identity, S zero", [&identity[..], &[0; 32]].concat()),
        ("R zero", [&[0; 32], s].concat()),
    ];
    let named = named.into_iter().map(|(case, bytes)| (case.to_owned(), bytes));
    let flips = (0..64).step_by(3).map(flipped);
    named
        .chain(flips)
        .map(|(case, bytes)| {
            hostile(format!("signature: {case}"), format!("{input}.{}", encode(bytes)), "bad_signature")
        })
        .collect()
}

/// Signatures of other keys under the issuer's `kid`, and of other texts.
fn of_others(target: &Target) -> Vec<Hostile> {
    let (header, claims) = (target.header().to_string(), target.claims().to_string());
    let mut cases = Vec::new();
    for (number, other) in target.others.iter().enumerate() {
        cases.push(hostile(format!("by key {number}"), other.sign(&header, &claims), "bad_signature"));
    }
    let [good, other] = [target.good(), target.with_claim("x", json!(1))];
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (good, other) = (parts(&good), parts(&other));
    cases.push(hostile(
        "claims of another token",
        [&good[0], &other[1], &good[2]].map(String::as_str).join("."),
        "bad_signature",
    ));
    cases.push(hostile(
        "signature of another token",
        [&good[0], &good[1], &other[2]].map(String::as_str).join("."),
        "bad_signature",
    ));
    for text in [header.replacen('{', "{ ", 1), header.replacen(':', " :", 1), format!("{header}\n")] {
        let token = format!("{}.{}.{}", encode(text), good[1], good[2]);
        cases.push(hostile("header with a space", token, "bad_signature"));
    }
    cases
}

/// Other texts of a good token. Each part of a JWT has one encoding, and a text in another form is not a JWT.
fn spellings(target: &Target) -> Vec<Hostile> {
    let good = target.good();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    // The last character of an Ed25519 signature has four spellings.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(signature.chars().last().unwrap()).unwrap();
    let stray =
        |more: usize| format!("{header}.{payload}.{}{}", &signature[..85], &alphabet[last + more..=last + more]);
    let general = json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] });
    let flattened = json!({ "payload": payload, "protected": header, "signature": signature });
    let malformed = [
        stray(1),
        stray(2),
        stray(3),
        format!("{good}="),
        format!("{good}=="),
        format!("{good} "),
        format!("{good}\n"),
        format!("{good}\r\n"),
        format!("{good}\t"),
        format!("{good}\0"),
        format!("{good},"),
        format!("{good};"),
        format!("{good}\u{200b}"),
        format!("{good}#"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload} .{signature}"),
        format!("{header}.{payload}.\n{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}+.{signature}"),
    ];
    let opaque = [
        format!(" {good}"),
        format!("\n{good}"),
        format!("\u{feff}{good}"),
        format!("Bearer {good}"),
        format!("\"{good}\""),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}\n.{payload}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!(".{good}"),
        format!("{good}.{good}"),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        format!("{header}%2E{payload}%2E{signature}"),
        format!("{header}\u{3002}{payload}\u{3002}{signature}"),
        general.to_string(),
        flattened.to_string(),
        flattened.to_string().replacen('{', &format!("{{\"{good}\":1,"), 1),
        "..".to_owned(),
        ".".to_owned(),
        "null".to_owned(),
    ];
    let malformed = malformed.into_iter().map(|token| (token, "malformed"));
    let opaque = opaque.into_iter().map(|token| (token, "unknown_token"));
    let all = malformed.chain(opaque).enumerate();
    all.map(|(number, (token, reason))| hostile(format!("spelling {number}"), token, reason)).collect()
}

/// Other signatures of an ECDSA token: pairs of numbers that no signer produces.
pub fn psychic(good: &str) -> Vec<(String, String)> {
    let (input, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let one = [&[0; 31][..], &[1]].concat();
    let mut below = P256_ORDER;
    below[31] -= 1;
    let numbers = [
        ("0", vec![0; 32]),
        ("1", one),
        ("n - 1", below.to_vec()),
        ("n", P256_ORDER.to_vec()),
        ("2^256 - 1", vec![0xff; 32]),
        ("r", bytes[..32].to_vec()),
        ("s", bytes[32..].to_vec()),
    ];
    let mut cases = Vec::new();
    for (r_name, r) in &numbers {
        for (s_name, s) in numbers.iter().filter(|(s_name, _)| (*r_name, *s_name) != ("r", "s")) {
            cases.push((format!("({r_name}, {s_name})"), format!("{input}.{}", encode([&r[..], s].concat()))));
        }
    }
    // ASN.1, as other protocols encode a signature, and an empty one.
    let der = [&[0x30, 0x44, 2, 0x20][..], &bytes[..32], &[2, 0x20], &bytes[32..]].concat();
    cases.push(("in DER".to_owned(), format!("{input}.{}", encode(der))));
    cases.push(("nothing".to_owned(), format!("{input}.")));
    assert!(cases.len() >= 50, "{}", cases.len());
    cases
}
