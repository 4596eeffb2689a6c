//! Key-set documents as an issuer might publish them, good and bad.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    keyring::{ES256, Keyring, RS256, crowd},
};

/// A document with some of the keys, a few of them changed.
pub fn document(dice: &mut Dice, keyring: &Keyring) -> Vec<u8> {
    let mut keys = Vec::new();
    for number in [0, 1, 2, ES256, RS256] {
        if dice.chance(55) {
            let kid = dice.one(&[Some("k-0"), Some("k-1"), Some("same"), Some("k-es"), None, Some("")]);
            let mut jwk = keyring.jwk(number, kid, &json!({}));
            if dice.chance(30) {
                change(dice, &mut jwk, number);
            }
            keys.push(jwk);
        }
    }
    if dice.chance(6) {
        // More keys than are tried for one token, or as many.
        keys.extend(crowd(dice.one(&[15, 16, 17, 99, 101])));
    }
    if dice.chance(5) {
        keys.push(dice.one(&[json!("x"), json!(null), json!({}), json!({ "kty": "oct", "k": "AAAA", "kid": "k-0" })]));
    }
    let text = json!({ "keys": keys }).to_string();
    match dice.below(40) {
        0 => text.replacen('{', "{\"keys\":[],", 1),
        1 => text.replacen("\"kty\"", "\"kty\":\"EC\",\"kty\"", 1),
        2 => "{}".to_owned(),
        3 => "not json".to_owned(),
        4 => json!({ "keys": {} }).to_string(),
        _ => text,
    }
    .into_bytes()
}

/// Changes a member of a key: some changes do not matter, some make it another key, some make it unreadable.
fn change(dice: &mut Dice, jwk: &mut Value, number: usize) {
    let material = if number == RS256 { "n" } else { "x" };
    let text = jwk[material].as_str().unwrap().to_owned();
    match dice.below(14) {
        0 => dice.put(jwk, "use", &[json!("enc"), json!("sig"), json!(""), json!(null)]),
        1 => dice.put(jwk, "key_ops", &[json!(["verify"]), json!(["encrypt"]), json!([]), json!(["sign", "verify"])]),
        2 => dice.put(
            jwk,
            "alg",
            &[
                json!("EdDSA"),
                json!("Ed25519"),
                json!("ES256"),
                json!("RS256"),
                json!("PS256"),
                json!("X"),
                json!(null),
            ],
        ),
        3 => jwk[material] = json!(format!("{text}=")),
        4 => jwk[material] = json!(text.replace('-', "+").replace('_', "/")),
        5 => jwk[material] = json!(format!("{}!", &text[1..])),
        6 => dice.put(jwk, material, &[json!(null), json!(""), json!(5), json!([])]),
        7 => {
            jwk.as_object_mut().unwrap().remove(material);
        }
        8 => jwk[material] = json!(&text[..text.len() - 8]),
        9 => dice.put(jwk, "kty", &[json!("oct"), json!("XYZ")]),
        10 if number != RS256 => dice.put(jwk, "crv", &[json!("P-521"), json!("X25519")]),
        11 => dice.put(jwk, "kid", &[json!(null), json!("k-0"), json!("other")]),
        _ => dice.put(jwk, "x5t", &[json!("abc"), json!(5)]),
    }
}
