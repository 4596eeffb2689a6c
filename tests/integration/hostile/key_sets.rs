//! Hostile key sets: documents that are not a key set, and sets with an entry that must not verify anything.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use token_introspection::settings::LogLevel;

use super::{OtherHosts, causes, forbidden_writes, not_inactive, not_unavailable, values_except, with};
use crate::{
    key_sets::{Deployment, at, token},
    keys,
    log::Log,
    signer::Signer,
    world::{Answer, ISSUER},
};

const STATE: &str = "oauth-introspection-state";
/// The reason of an answer that is "don't know".
const UNKNOWN: &str = "keys_unavailable";

/// A published document, a token, and the rule that ends the call, with the cause if the answer is "don't know".
struct Published {
    case: String,
    document: Vec<u8>,
    token: String,
    reason: &'static str,
    cause: &'static str,
}

/// Documents without a usable key, which are failed fetches.
fn documents(good: &Signer) -> Vec<Published> {
    let set = json!({ "keys": [good.jwk()] }).to_string();
    let (jwk, key) = (good.jwk().to_string(), json!({ "keys": good.jwk() }).to_string());
    let deep = format!(r#"{{"keys":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let many = json!({ "keys": vec![json!({ "kty": "oct", "k": "AAAA" }); 5000] }).to_string();
    let utf16: Vec<u8> = set.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    let of_causes = [
        (
            "not_json",
            texts(&[
                "",
                " ",
                "<html><body>keys</body></html>",
                "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
                &format!("{set}{set}"),
                &format!("{set},"),
                &format!("\u{feff}{set}"),
                &format!("{set}\0"),
                &format!("/**/{set}"),
                &set.replace('"', "'"),
                &set[..set.len() - 1],
                &good.sign(r#"{"alg":"EdDSA"}"#, &set),
                &deep,
            ]),
        ),
        ("not_json", vec![utf16, [set.as_bytes(), b"\xff"].concat()]),
        (
            "not_a_key_set",
            texts(&[
                "null",
                "true",
                "1",
                "\"keys\"",
                "[]",
                "{}",
                r#"{"keys":null}"#,
                r#"{"keys":1}"#,
                r#"{"keys":"x"}"#,
                r#"{"keys":{}}"#,
                &set.replace("\"keys\"", "\"Keys\""),
                &set.replace("\"keys\"", "\"jwks\""),
                &set.replace("keys", "keys\u{fffd}"),
                &jwk,
                &format!("[{jwk}]"),
                &key,
            ]),
        ),
        (
            "duplicate_members",
            texts(&[
                &set.replacen('{', r#"{"keys":[],"#, 1),
                &set.replacen('{', r#"{"\u006beys":[],"#, 1),
                &set.replacen("[{", r#"[{"kid":"b","#, 1),
                &set.replacen("[{", r#"[{"alg":"none","alg":"EdDSA","#, 1),
                &set.replacen('{', r#"{"x":{"a":1,"a":1},"#, 1),
            ]),
        ),
        (
            "no_usable_key",
            texts(&[
                r#"{"keys":[]}"#,
                r#"{"keys":[null]}"#,
                r#"{"keys":[[]]}"#,
                r#"{"keys":[{}]}"#,
                r#"{"keys":[{"kty":"oct","kid":"a","k":"AAAA","alg":"HS256"}]}"#,
                &many,
            ]),
        ),
        ("too_large", texts(&[&format!("{}{set}", " ".repeat(256 * 1024))])),
    ];
    let all = of_causes
        .into_iter()
        .flat_map(|(cause, documents)| documents.into_iter().map(move |document| (cause, document)));
    let published = all.enumerate().map(|(number, (cause, document))| Published {
        case: format!("document {number}: {}", String::from_utf8_lossy(&document[..document.len().min(40)])),
        document,
        token: token(good),
        reason: UNKNOWN,
        cause,
    });
    published.collect()
}

/// A set with this entry beside a good one, and the token that the entry's private key signed.
fn entry(case: impl Into<String>, entry: &Value, signer: &Signer, reason: &'static str) -> Published {
    let spare = keys::ed25519(Some("spare"), 9);
    Published {
        case: case.into(),
        document: json!({ "keys": [entry, spare.jwk()] }).to_string().into_bytes(),
        token: token(signer),
        reason,
        cause: if reason == UNKNOWN { "unreadable_key" } else { "" },
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Entries that a rule refuses: the token is inactive. Entries that cannot be read: the answer is "don't know".
fn entries() -> Vec<Published> {
    let (ed, es, rsa) = (keys::ed25519(Some("a"), 1), keys::es256(Some("a")), keys::rsa(Some("a"), Algorithm::RS256));
    let mut all = Vec::new();
    for name in ["kty", "crv", "x", "use", "alg", "key_ops"] {
        let fitting: &[&str] = if name == "key_ops" { &["array", "null"] } else { &["string", "null"] };
        for value in values_except(fitting) {
            all.push(entry(format!("{name} {value}"), &with(&ed.jwk(), name, value), &ed, UNKNOWN));
        }
    }
    let refused = "unknown_key";
    for (name, values) in [
        ("kty", vec!["oct", "AKP", "okp", "XYZ"]),
        ("crv", vec!["Ed448", "X25519", "X448", "P-256", "ed25519", "secp256k1"]),
        ("use", vec!["enc", "SIG", "sig ", "verify"]),
        ("alg", vec!["none", "HS256", "RS256", "ES256", "EdDSA ", "Ed448", "dir"]),
    ] {
        for value in values {
            all.push(entry(format!("{name} {value:?}"), &with(&ed.jwk(), name, json!(value)), &ed, refused));
        }
    }
    for operations in [json!(["sign"]), json!(["encrypt", "wrapKey"]), json!(["VERIFY"])] {
        all.push(entry(format!("key_ops {operations}"), &with(&ed.jwk(), "key_ops", operations), &ed, refused));
    }
    for kid in ["b", "A", "a ", " a", "a\0", "..", "a#b"] {
        all.push(entry(format!("kid {kid:?}"), &with(&ed.jwk(), "kid", json!(kid)), &ed, refused));
    }
    let x = URL_SAFE_NO_PAD.decode(ed.jwk()["x"].as_str().unwrap()).unwrap();
    for (case, value) in [
        ("empty", String::new()),
        ("not base64", "!".repeat(43)),
        ("short", encode(&x[..31])),
        ("long", encode(&[&x[..], &[0]].concat())),
        ("twice", encode(&[&x[..], &x].concat())),
        ("cut", ed.jwk()["x"].as_str().unwrap()[..42].to_owned()),
    ] {
        all.push(entry(format!("x {case}"), &with(&ed.jwk(), "x", json!(value)), &ed, UNKNOWN));
    }
    let other = keys::ed25519(Some("a"), 2).jwk();
    all.push(entry("x of another key", &with(&ed.jwk(), "x", other["x"].clone()), &ed, "bad_signature"));
    let zero = encode(&[0; 32]);
    for (case, changes) in [
        ("off the curve", json!({ "x": es.jwk()["y"] })),
        ("the point zero", json!({ "x": zero, "y": zero })),
        ("x without y", json!({ "y": "" })),
        ("y too long", json!({ "y": encode(&[1; 33]) })),
        ("y too short", json!({ "y": "AAAA" })),
    ] {
        let changed = crate::world::changed(&es.jwk(), &changes);
        all.push(entry(format!("P-256 {case}"), &changed, &es, UNKNOWN));
    }
    for curve in ["P-384", "P-521", "P-192", "secp256k1", "p-256", "Ed25519"] {
        all.push(entry(format!("P-256 as {curve}"), &with(&es.jwk(), "crv", json!(curve)), &es, refused));
    }
    for bits in [512, 1024, 1536, 2040] {
        let n = encode(&[&[0x80][..], &vec![0xff; bits / 8 - 1]].concat());
        all.push(entry(format!("RSA of {bits} bits"), &with(&rsa.jwk(), "n", json!(n)), &rsa, refused));
    }
    for (case, e) in [("1", "AQ"), ("2", "Ag"), ("65536", "AQAA"), ("of 33 bits", "AQAAAAE")] {
        all.push(entry(format!("RSA exponent {case}"), &with(&rsa.jwk(), "e", json!(e)), &rsa, refused));
    }
    for value in values_except(&["string"]) {
        all.push(entry(format!("n {value}"), &with(&rsa.jwk(), "n", value.clone()), &rsa, UNKNOWN));
        all.push(entry(format!("e {value}"), &with(&rsa.jwk(), "e", value), &rsa, UNKNOWN));
    }
    for value in values_except(&["object"]) {
        all.push(entry(format!("{value} as entry"), &value, &ed, refused));
    }
    all
}

/// What is wrong with the end of a call.
fn wrong(answer: &Answer, reason: &str) -> Option<String> {
    if reason == UNKNOWN { not_unavailable(answer) } else { not_inactive(answer, reason) }
}

#[tokio::test]
async fn h06_h30_h31_hostile_key_sets_make_no_token_active_and_lose_no_good_key() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let (good, spare) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("spare"), 9));
    let (deployment, others) = (Deployment::publishing(&[]).await, OtherHosts::start().await);
    let (documents, entries) = (documents(&good), entries());
    let count = documents.len() + entries.len();
    let mut faults = Vec::new();
    for (is_entry, published) in documents.iter().map(|one| (false, one)).chain(entries.iter().map(|one| (true, one))) {
        deployment.world.delete(STATE, &format!("jwks#{ISSUER}")).await;
        deployment.host.publish(200, published.document.clone());
        let environment = deployment.environment_with(&[others.setting()]).await;
        log.take();
        let answer = at(&environment, 0, &published.token).await;
        faults.extend(wrong(&answer, published.reason).map(|what| format!("{}: {what}", published.case)));
        // A document that is not a usable set is a failed fetch. An entry that cannot be read is part of a good one.
        let found = causes(&log, if is_entry { "keys_unavailable" } else { "jwks_fetch_failed" });
        if found != published.cause.split_terminator(' ').collect::<Vec<_>>() {
            faults.push(format!("{}: expected the cause {:?}, found {found:?}", published.case, published.cause));
        }
        assert_eq!(deployment.host.take_requests(), 1, "{}", published.case);
        if is_entry {
            // One bad entry never loses the set.
            at(&environment, 0, &token(&spare)).await.assert_verdict("active", &published.case);
            assert_eq!(deployment.host.take_requests(), 0, "{}", published.case);
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count >= 150, "{count} key sets");
    assert_eq!(forbidden_writes(&deployment.world), [""; 0]);
    assert_eq!(others.take_requests(), [""; 0]);
}
