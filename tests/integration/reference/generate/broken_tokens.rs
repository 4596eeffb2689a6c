//! Tokens whose payload, header or text breaks a rule.

use super::{
    super::model::{base64, keys::Signatures},
    dice::Dice,
    keyring::Keyring,
    tokens::{Members, set},
};

/// A payload that is not JSON, not an object, or an object in another form.
pub fn odd_payload(dice: &mut Dice, good: &str) -> String {
    let forms = [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("\u{feff}{good}"),
        format!(" {good}\r\n\t"),
        format!("{good}{good}"),
        format!("{good}\u{b}"),
        good.replacen(',', ",,", 1),
        good.replacen(',', " , ", 3),
        good.replace('}', ",}"),
        good.replacen("\"iss\"", "\"\\u0069ss\"", 1),
        good.replacen("\"sub\"", "\"\\u0069ss\"", 1),
        good.replace('"', "'"),
    ];
    dice.one(&forms)
}

/// Changes, adds or removes a member of the header.
pub fn change_header(dice: &mut Dice, header: &mut Members) {
    let (name, values): (_, &[&str]) = dice.one(&[
        (
            "alg",
            &[
                "\"none\"",
                "\"HS256\"",
                "\"RS256\"",
                "\"Ed25519\"",
                "\"eddsa\"",
                "\"ES384\"",
                "\"PS256\"",
                "5",
                "null",
                "",
                "[\"EdDSA\"]",
            ][..],
        ),
        ("kid", &["\"k-0\"", "\"k-1\"", "\"unknown\"", "\"\"", "\"same\"", "\"k-es\"", "null", "5", "", ""]),
        (
            "typ",
            &[
                "\"JWT\"",
                "\"jwt\"",
                "\"AT+JWT\"",
                "\"application/at+jwt\"",
                "\"application/jwt\"",
                "\"id+jwt\"",
                "\"logout+jwt\"",
                "\"token-introspection+jwt\"",
                "\"\"",
                "null",
                "[]",
                "",
            ],
        ),
        ("crit", &["[]", "[\"exp\"]", "null", "\"exp\""]),
        ("b64", &["true", "false", "null", "\"true\"", "1"]),
        ("jku", &["\"https://attacker.example/jwks.json\"", "5"]),
        ("jwk", &["{\"kty\":\"oct\",\"k\":\"AA\"}", "null"]),
        ("x5c", &["[\"MIIC\"]", "5"]),
        ("cty", &["\"JWT\"", "5"]),
    ]);
    let value = dice.pick(values);
    set(header, name, Some(value.to_owned()).filter(|value| !value.is_empty()));
}

/// A text that is not what was signed, or not in the one encoding.
pub fn change_text(dice: &mut Dice, keyring: &Keyring, number: usize, token: &str, made: &mut Signatures) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    let last = |text: &str, with: &str| format!("{}{with}", &text[..text.len().saturating_sub(1)]);
    match dice.below(16) {
        0 => format!("{input}."),
        1 => format!("{token}="),
        2 => format!("{token}=="),
        3 => last(token, ""),
        4 => format!("{input}.{}", last(signature, "A")),
        5 => format!("{input}.{}", last(signature, "B")),
        6 => format!("{input}.{}{}", &signature[4..], &signature[..4]),
        7 => format!("{header}.{payload}=.{signature}"),
        8 => format!("{header}=.{payload}.{signature}"),
        9 => format!("{input}.{signature}.{signature}"),
        10 => input.to_owned(),
        11 => format!(" {token}"),
        12 => format!("{token}\n"),
        13 => format!("{header}..{signature}"),
        14 => format!("{input}.{}", "A".repeat(signature.len())),
        _ => {
            // Signed by another key than the header names.
            let decode = |part| String::from_utf8(base64::url(part).unwrap()).unwrap();
            let other = if number == 0 { 3 } else { 0 };
            keyring.sign(other, &decode(header), &decode(payload), made)
        }
    }
}
