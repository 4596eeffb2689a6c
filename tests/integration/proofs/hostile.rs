//! Proofs that an attacker or a careless client sends. Each is refused by the rule that it breaks, with the same answer.

use super::*;
use crate::{
    hostile::{OtherHosts, forbidden_requests, not_inactive},
    keys::{ed25519, rsa},
};

/// What is wrong with a proof, the proof, and the rule that refuses it.
type Hostile = (String, String, &'static str);

/// Signs a proof with one member of the header changed.
fn with_header(token: &str, changes: &Value) -> String {
    key().sign(&header(&key(), changes), &claims(token, &json!({})))
}

/// Signs a proof with one claim changed.
fn with_claims(token: &str, changes: &Value) -> String {
    key().sign(&header(&key(), &json!({})), &claims(token, changes))
}

fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Texts that are not a strict JWT.
fn malformed(token: &str) -> Vec<Hostile> {
    let good = proof(token, "p");
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let (plain_header, plain_claims) = (self::header(&key(), &json!({})), claims(token, &json!({})));
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let texts = [
        "a".to_owned(),
        "a.b".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        "\u{0}".to_owned(),
        token.split('.').next().unwrap().to_owned(),
        format!("{good}."),
        format!("{good}.a"),
        format!("{good}.a.b"),
        format!(".{good}"),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        format!("{good},{good}"),
        format!("DPoP {good}"),
        format!("\"{good}\""),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}.+/+/"),
        format!("{header}.{payload}.A"),
        format!("{}.{payload}.{signature}", encode("[]")),
        format!("{}.{payload}.{signature}", encode("null")),
        format!("{}.{payload}.{signature}", encode("{}")),
        format!("{}.{payload}.{signature}", encode(r#"{"alg":1}"#)),
        format!("{}.{payload}.{signature}", encode(r#"{"alg":null,"typ":"dpop+jwt"}"#)),
        format!("{}.{payload}.{signature}", encode(format!("\u{feff}{plain_header}"))),
        format!("{}.{payload}.{signature}", encode(format!("{plain_header}x"))),
        format!("{}.{payload}.{signature}", encode([0xff, 0xfe, 0xfd])),
        format!("{}.{payload}.{signature}", encode(plain_header.replacen('{', r#"{"alg":"none","#, 1))),
        format!("{}.{payload}.{signature}", encode(plain_header.replace("\"dpop+jwt\"", "1"))),
        format!("{}.{payload}.{signature}", encode(plain_header.replace("\"dpop+jwt\"", "null"))),
        key().sign(&plain_header, "[]"),
        key().sign(&plain_header, "null"),
        key().sign(&plain_header, "\"text\""),
        key().sign(&plain_header, &deep),
        key().sign(&plain_header, &format!("{plain_claims}{plain_claims}")),
        key().sign(&plain_header, &plain_claims.replacen('{', r#"{"htm":"POST","#, 1)),
        key().sign(&plain_header, &plain_claims.replacen('{', "{\"\\u0068tm\":\"POST\",", 1)),
        key().sign(&plain_header, &plain_claims.replacen('{', r#"{"x":{"a":1,"a":2},"#, 1)),
        key().sign(&plain_header, &plain_claims.replace("proof-1", "\u{1}")),
        with_header(token, &json!({ "crit": [] })),
        with_header(token, &json!({ "crit": ["exp"] })),
        with_header(token, &json!({ "b64": false, "crit": ["b64"] })),
        with_header(token, &json!({ "b64": false })),
        with_header(token, &json!({ "b64": "true" })),
    ];
    let cases = texts.into_iter().enumerate();
    cases.map(|(number, text)| (format!("text {number}"), text, "malformed_proof")).collect()
}

/// Headers that name another type, algorithm or key.
fn headers(token: &str) -> Vec<Hostile> {
    let mut cases = Vec::new();
    for typ in [
        Value::Null,
        json!(""),
        json!("JWT"),
        json!("at+jwt"),
        json!("dpop"),
        json!("dpop+jwt "),
        json!("secevent+jwt"),
    ] {
        cases.push((format!("typ {typ}"), with_header(token, &json!({ "typ": typ })), "proof_type"));
    }
    for typ in ["application/", "application/jwt", "application/application/dpop+jwt", "text/dpop+jwt"] {
        cases.push((format!("typ {typ}"), with_header(token, &json!({ "typ": typ })), "proof_type"));
    }
    for alg in [
        "none", "None", "NONE", "HS256", "HS384", "HS512", "ES512", "ES256K", "RS1", "", "es256", "ES256 ", "dir",
        "A128KW",
    ] {
        cases.push((format!("alg {alg}"), with_header(token, &json!({ "alg": alg })), "proof_algorithm"));
    }
    for alg in ["RS256", "PS512", "EdDSA", "Ed25519", "ES384"] {
        cases.push((format!("alg {alg} of another key type"), with_header(token, &json!({ "alg": alg })), "proof_key"));
    }
    let public = jwk(&key());
    let (x, y) = (public["x"].as_str().unwrap(), public["y"].as_str().unwrap());
    let small_rsa = json!({ "kty": "RSA", "e": "AQAB", "n": encode([0xff; 128]) });
    for wrong in [json!({}), json!([]), json!([public]), json!("text"), json!(1), json!(true), small_rsa] {
        cases.push((format!("jwk {wrong}"), with_header(token, &json!({ "jwk": wrong })), "proof_key"));
    }
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let private = changed(&public, &json!({ name: "AAAA" }));
        cases.push((format!("private member {name}"), with_header(token, &json!({ "jwk": private })), "proof_key"));
    }
    for (what, changes) in [
        ("no kty", json!({ "kty": null })),
        ("no crv", json!({ "crv": null })),
        ("no x", json!({ "x": null })),
        ("no y", json!({ "y": null })),
        ("kty oct", json!({ "kty": "oct" })),
        ("kty RSA", json!({ "kty": "RSA" })),
        ("kty OKP", json!({ "kty": "OKP" })),
        ("kty ec", json!({ "kty": "ec" })),
        ("P-384", json!({ "crv": "P-384" })),
        ("P-521", json!({ "crv": "P-521" })),
        ("secp256k1", json!({ "crv": "secp256k1" })),
        ("not on the curve", json!({ "y": x })),
        ("zero point", json!({ "x": encode([0; 32]), "y": encode([0; 32]) })),
        ("x padded", json!({ "x": format!("{x}=") })),
        ("y padded", json!({ "y": format!("{y}=") })),
        ("x with a leading zero", json!({ "x": encode([&[0][..], &URL_SAFE_NO_PAD.decode(x).unwrap()].concat()) })),
        ("x cut", json!({ "x": x[..42] })),
        ("x with a line break", json!({ "x": format!("{x}\n") })),
        ("x a number", json!({ "x": 1 })),
        ("use enc", json!({ "use": "enc" })),
        ("use a number", json!({ "use": 1 })),
        ("key_ops sign", json!({ "key_ops": ["sign"] })),
        ("key_ops a text", json!({ "key_ops": "verify" })),
        ("alg of another type", json!({ "alg": "RS256" })),
        ("alg HS256", json!({ "alg": "HS256" })),
    ] {
        let wrong = changed(&public, &changes);
        cases.push((format!("jwk with {what}"), with_header(token, &json!({ "jwk": wrong })), "proof_key"));
    }
    for member in [json!({ "kid": "k" }), json!({ "x5c": ["MIIB"] }), json!({ "jku": "https://keys.example/" })] {
        let header = changed(&member, &json!({ "typ": "dpop+jwt", "alg": "ES256" }));
        let proof = key().sign(&header.to_string(), &claims(token, &json!({})));
        cases.push((format!("{member} instead of jwk"), proof, "proof_key"));
    }
    cases
}

/// Signatures by another key, or by none.
fn signatures(token: &str) -> Vec<Hostile> {
    let mut cases = Vec::new();
    for other in [ed25519(None, 5), ed25519(None, 6), rsa(None, jsonwebtoken::Algorithm::RS256)] {
        let own = other.sign(&header(&other, &json!({})), &claims(token, &json!({})));
        cases.push((format!("{} of another client", other.alg()), own, "other_key"));
    }
    let good = proof(token, "p");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for at in [0, 1, 31, 32, 33, 62, 63] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        cases.push((format!("bit of byte {at} flipped"), format!("{signed}.{}", encode(flipped)), "proof_signature"));
    }
    let swapped = [&bytes[32..], &bytes[..32]].concat();
    let der = [&[0x30, 0x44, 2, 0x20][..], &bytes[..32], &[2, 0x20], &bytes[32..]].concat();
    for (what, signature) in [
        ("empty", vec![]),
        ("zeros", vec![0; 64]),
        ("cut", bytes[..63].to_vec()),
        ("longer", [&bytes[..], &[0]].concat()),
        ("halves swapped", swapped),
        ("in DER", der),
        ("one half", bytes[..32].to_vec()),
    ] {
        cases.push((format!("signature {what}"), format!("{signed}.{}", encode(signature)), "proof_signature"));
    }
    let [header_part, payload, _] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let other_claims = encode(claims(token, &json!({ "jti": "q" })));
    let spaced = encode(header(&key(), &json!({})).replacen('{', "{ ", 1));
    cases.push(("claims replaced".into(), format!("{header_part}.{other_claims}.{signature}"), "proof_signature"));
    cases.push(("header rewritten".into(), format!("{spaced}.{payload}.{signature}"), "proof_signature"));
    let others = encode(header(&key(), &json!({ "jwk": jwk(&ed25519(None, 5)), "alg": "EdDSA" })));
    cases.push(("key replaced".into(), format!("{others}.{payload}.{signature}"), "other_key"));
    // An attacker's key under the thumbprint's neighbours.
    let by_other = ed25519(None, 5).sign(&header(&key(), &json!({})), &claims(token, &json!({})));
    cases.push(("signed by a key that it does not contain".into(), by_other, "proof_signature"));
    cases
}

/// Proofs for another request, time or token.
fn requests(token: &str) -> Vec<Hostile> {
    let mut cases = Vec::new();
    let mut add = |name: &str, values: Vec<Value>, reason| {
        for value in values {
            cases.push((format!("{name} {value}"), with_claims(token, &json!({ name: value })), reason));
        }
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let wrong = || vec![Value::Null, json!(1), json!(true), json!([]), json!({})];
    add("htm", [wrong(), texts(&["", "get", "Get", "POST", "GET ", " GET", "GET,POST", "*"])].concat(), "proof_method");
    let other_urls = [
        "",
        "/orders",
        "api.example.com/orders",
        "//api.example.com/orders",
        "http://api.example.com/orders",
        "wss://api.example.com/orders",
        "https://api.example.com/",
        "https://api.example.com/orders/",
        "https://api.example.com/orders/1",
        "https://api.example.com/order",
        "https://api.example.com/Orders",
        "https://api.example.com//orders",
        "https://api.example.com/orders%2F",
        "https://api.example.com/orders;v=1",
        "https://api.example.com/orders/..",
        "https://api.example.com:8443/orders",
        "https://api.example.com:80/orders",
        "https://api.example.com./orders",
        "https://example.com/orders",
        "https://evil.example/https://api.example.com/orders",
        "https://api.example.com.evil.example/orders",
        "https://api.example.com@evil.example/orders",
        "https://user@api.example.com/orders",
        "https://api.example.com\\@evil.example/orders",
        "https://api.example.com/orders ",
        " https://api.example.com/orders",
        "https://api.example.com/orders\n",
        "https://api.example.com/%zz",
        "https://api.example.com/*",
        "*",
    ];
    add("htu", [wrong(), texts(&other_urls), vec![json!([URL])]].concat(), "proof_url");
    let times = [T - 311, T + 11, 0, -1, T * 1000, i64::MAX, i64::MIN].map(|time| json!(time));
    let odd = [json!("1800000000"), json!(1e300), json!(-1e300), json!([T]), json!(null), json!(true), json!({})];
    add("iat", [&times[..], &odd].concat(), "proof_time");
    add("exp", vec![json!(T), json!(T - 1), json!(0), json!("never"), json!([])], "proof_time");
    add("nbf", vec![json!(T + 11), json!(T * 1000), json!("now"), json!({})], "proof_time");
    let hash = sha256(token);
    let hex = token_introspection::records::sha256_hex(token);
    let others = ["", &hash[1..], &hash[..42], &format!("{hash}="), &hash.to_lowercase(), &hex, &sha256(&hash), token];
    add("ath", [wrong(), texts(&others), texts(&[&sha256("other"), &sha256("")])].concat(), "proof_token");
    add("jti", [wrong(), texts(&[""])].concat(), "proof_without_jti");
    cases
}

#[tokio::test]
async fn s02_s03_s07_s08_s09_s13_s14_hostile_proofs_are_refused_each_by_its_rule() {
    let others = OtherHosts::start().await;
    let world = World::with(&[others.setting()]).await;
    let token = bound(&world);
    let all = [malformed(&token), headers(&token), signatures(&token), requests(&token)].concat();
    assert!(all.len() >= 180, "{}", all.len());
    for enforced in [false, true] {
        world.put_policy(&json!({ "enforce_binding": enforced }));
        world.proxy.take_requests();
        for (what, proof, reason) in &all {
            let answer = world.send(ask(&token, proof)).await;
            assert_eq!(not_inactive(&answer, reason), None, "{what}");
            assert_eq!(forbidden_requests(&world.proxy.take_requests(), None), None, "{what}");
        }
        assert_eq!(others.take_requests(), [""; 0], "a proof chose a host");
        let good = proof(&token, "good");
        assert_eq!(world.send(ask(&token, &good)).await.assert_active()["binding"], "proved");
    }
}
