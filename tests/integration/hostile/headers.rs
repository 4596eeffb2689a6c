//! Headers: algorithms, key ids, embedded and located keys, extensions, types, and texts that are not a header.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use serde_json::{Value, json};

use super::{Hostile, tokens::Target, values_except, with};

const FOREIGN_ALGORITHMS: [&str; 27] = [
    "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384",
    "PS512", "ES256", "ES384", "ES512", "ES256K", "Ed448", "eddsa", "EDDSA", "EdDSA ", " EdDSA", "EdDSA\0", "dir",
    "RSA-OAEP", "A128GCM",
];
const OTHER_KIDS: [&str; 13] = [
    "key-2",
    "KEY-1",
    " key-1",
    "key-1 ",
    "key-1\0",
    "key-1#x",
    "%6bey-1",
    "../../../../dev/null",
    "/proc/self/environ",
    "key-1' OR '1'='1",
    "key-1; DROP TABLE keys",
    "key-1 UNION SELECT 'AAAA'",
    "$(curl 127.0.0.1)",
];
const OTHER_TYPES: [&str; 14] = [
    "logout+jwt",
    "application/logout+jwt",
    "secevent+jwt",
    "dpop+jwt",
    "token-introspection+jwt",
    "client-authentication+jwt",
    "oauth-authz-req+jwt",
    "entity-statement+jwt",
    "vc+sd-jwt",
    "JWS",
    "JOSE",
    "jwt+at",
    "at+jwt+x",
    "rt+jwt",
];

pub fn all(target: &Target) -> Vec<Hostile> {
    [algorithms(target), key_ids(target), embedded_keys(target), members(target), texts(target)]
        .into_iter()
        .flatten()
        .collect()
}

fn hostile(case: impl Into<String>, token: String, reason: &'static str) -> Hostile {
    Hostile { case: case.into(), token, reason }
}

fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn algorithms(target: &Target) -> Vec<Hostile> {
    let mut cases = Vec::new();
    for alg in FOREIGN_ALGORITHMS {
        let token = target.with_header(&with(&target.header(), "alg", json!(alg)));
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        cases.push(hostile(format!("alg {alg:?}"), token, "wrong_algorithm"));
        cases.push(hostile(format!("alg {alg:?} without a signature"), unsigned, "wrong_algorithm"));
    }
    // The texts of the public key as the secret of an HMAC.
    let jwk = target.signer.jwk();
    let x = jwk["x"].as_str().unwrap();
    let secrets = [URL_SAFE_NO_PAD.decode(x).unwrap(), x.as_bytes().to_vec(), jwk.to_string().into_bytes(), Vec::new()];
    for (number, secret) in secrets.iter().enumerate() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = with(&target.header(), "alg", json!(format!("{algorithm:?}")));
            let input = format!("{}.{}", encode(header.to_string()), encode(target.claims().to_string()));
            let signature = sign(input.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap_or_default();
            cases.push(hostile(
                format!("{algorithm:?} with secret {number}"),
                format!("{input}.{signature}"),
                "wrong_algorithm",
            ));
        }
    }
    for alg in values_except(&["string"]) {
        let token = target.with_header(&with(&target.header(), "alg", alg.clone()));
        cases.push(hostile(format!("alg {alg}"), token, "malformed"));
    }
    cases
}

fn key_ids(target: &Target) -> Vec<Hostile> {
    let mut cases = Vec::new();
    let attacker = target.others.last().unwrap();
    for kid in OTHER_KIDS.into_iter().chain([target.lure.as_str()]) {
        let header = with(&target.header(), "kid", json!(kid));
        cases.push(hostile(format!("kid {kid:?}"), target.with_header(&header), "unknown_key"));
        let forged = attacker.sign(&header.to_string(), &target.claims().to_string());
        cases.push(hostile(format!("kid {kid:?}, forged"), forged, "unknown_key"));
    }
    for kid in values_except(&["string"]) {
        let token = target.with_header(&with(&target.header(), "kid", kid.clone()));
        cases.push(hostile(format!("kid {kid}"), token, "malformed"));
    }
    let long = target.with_header(&with(&target.header(), "kid", json!("k".repeat(3000))));
    cases.push(hostile("a kid of 3,000 characters", long, "unrevocable"));
    cases
}

/// The attacker's key, in the header or at a URL that the header names.
fn embedded_keys(target: &Target) -> Vec<Hostile> {
    let (mut cases, attacker) = (Vec::new(), target.others.last().unwrap());
    let jwk = attacker.jwk();
    let members = [
        json!({ "jwk": jwk }),
        json!({ "jwk": { "keys": [jwk] } }),
        json!({ "jwks": { "keys": [jwk] } }),
        json!({ "jku": target.lure }),
        json!({ "jwks_uri": target.lure }),
        json!({ "x5u": target.lure }),
        json!({ "x5c": [encode(jwk.to_string())] }),
        json!({ "x5t": "AAAA", "x5t#S256": "AAAA" }),
        json!({ "jwk": jwk, "jku": target.lure, "x5u": target.lure, "x5c": ["AAAA"], "iss": target.lure }),
    ];
    for member in members {
        for (kid, reason) in [(Some("key-1"), "bad_signature"), (None, "bad_signature"), (Some("mine"), "unknown_key")]
        {
            let mut header = target.header();
            match kid {
                Some(kid) => header["kid"] = json!(kid),
                None => drop(header.as_object_mut().unwrap().remove("kid")),
            }
            header.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
            let token = attacker.sign(&header.to_string(), &target.claims().to_string());
            cases.push(hostile(format!("{member} and kid {kid:?}"), token, reason));
        }
    }
    cases
}

/// Extensions, other encodings, and other kinds of JWT.
fn members(target: &Target) -> Vec<Hostile> {
    let mut cases = Vec::new();
    let mut add = |name: &str, values: Vec<Value>, reason| {
        for value in values {
            let token = target.with_header(&with(&target.header(), name, value.clone()));
            cases.push(hostile(format!("{name} {value}"), token, reason));
        }
    };
    let critical = [json!(["exp"]), json!(["alg", "kid"]), json!(["http://example.com/UNDEFINED"]), json!("exp")];
    add("crit", [values_except(&[]), critical.to_vec()].concat(), "critical_extension");
    add("b64", [values_except(&["bool"]), vec![json!(false), json!("true")]].concat(), "unencoded_payload");
    add("typ", OTHER_TYPES.map(|typ| json!(typ)).to_vec(), "wrong_typ");
    add("typ", values_except(&["string"]), "malformed");
    cases
}

/// Headers that two parsers read differently, and texts that are not a header.
fn texts(target: &Target) -> Vec<Hostile> {
    let mut cases = Vec::new();
    let (header, claims) = (target.header().to_string(), target.claims().to_string());
    for twice in [
        r#""alg":"EdDSA""#,
        r#""alg":"none""#,
        r#""\u0061lg":"none""#,
        r#""kid":"key-1""#,
        r#""k\u0069d":"key-2""#,
        r#""a":{"b":1,"b":2}"#,
    ] {
        let token = target.signer.sign(&header.replacen('{', &format!("{{{twice},"), 1), &claims);
        cases.push(hostile(format!("header with {twice}"), token, "malformed"));
    }
    let utf16: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let not_headers = [
        b"".to_vec(),
        b"{}".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"1".to_vec(),
        br#""EdDSA""#.to_vec(),
        br#"["alg","EdDSA"]"#.to_vec(),
        br"{'alg':'EdDSA'}".to_vec(),
        br#"{"alg":"EdDSA",}"#.to_vec(),
        br#"{"Alg":"EdDSA","kid":"key-1"}"#.to_vec(),
        format!("\u{feff}{header}").into_bytes(),
        format!("{header}x").into_bytes(),
        format!("{header}{header}").into_bytes(),
        format!("{header}\0").into_bytes(),
        format!("/**/{header}").into_bytes(),
        [&header.as_bytes()[..header.len() - 1], b"\xff}"].concat(),
        utf16,
    ];
    let signed = target.good();
    let rest = signed.split_once('.').unwrap().1;
    for (number, text) in not_headers.iter().enumerate() {
        // Without an object with `alg`, a text is not a JWT, and no record has its digest.
        cases.push(hostile(format!("text {number} as header"), format!("{}.{rest}", encode(text)), "unknown_token"));
    }
    cases
}
