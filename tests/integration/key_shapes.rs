//! Key sets as issuers publish them: for each shape the verdict, the name of its reason, and the log lines about the
//! keys that were dropped.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use token_introspection::{service::Service, settings::LogLevel};

use crate::{
    key_sets::{Deployment, at, claims_of_the_key_tests},
    keys,
    log::Log,
    signer::Signer,
    world::{Answer, INACTIVE, ISSUER, changed},
};

const STATE: &str = "oauth-introspection-state";
const ACTIVE: &str = "active";

/// A published set, a token, and the expected verdict.
struct Shape {
    name: &'static str,
    keys: Vec<Value>,
    token: String,
    /// `active`, or the name of the reason.
    expected: &'static str,
    /// The causes of the dropped keys, in their order.
    dropped: Vec<&'static str>,
}

fn shape(
    name: &'static str,
    keys: Vec<Value>,
    token: String,
    expected: &'static str,
    dropped: &[&'static str],
) -> Shape {
    Shape { name, keys, token, expected, dropped: dropped.to_vec() }
}

/// The key as published, with these members changed; null removes one.
fn jwk(signer: &Signer, changes: &Value) -> Value {
    changed(&signer.jwk(), changes)
}

/// The key with a member of exactly this value, null included.
fn with(signer: &Signer, name: &str, value: Value) -> Value {
    let mut jwk = signer.jwk();
    jwk[name] = value;
    jwk
}

fn token(signer: &Signer) -> String {
    token_with(signer, &json!({}))
}

/// A token with these header members changed; null removes one.
fn token_with(signer: &Signer, header: &Value) -> String {
    let own = json!({ "alg": signer.alg(), "kid": signer.kid, "typ": "at+jwt" });
    let own = if signer.kid.is_some() { own } else { changed(&own, &json!({ "kid": null })) };
    signer.sign(&changed(&own, header).to_string(), &claims_of_the_key_tests().to_string())
}

fn bytes(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

/// A P-256 key one of whose coordinates begins with a zero octet, as one in 128 does, and that coordinate's name.
fn es256_with_leading_zero(kid: &str) -> (Signer, &'static str) {
    loop {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let point = pair.public_key().as_ref();
        let name = if point[1] == 0 { "x" } else { "y" };
        if point[1] == 0 || point[33] == 0 {
            let key = EncodingKey::from_ec_der(pkcs8.as_ref());
            return (Signer::new(Some(kid), Algorithm::ES256, key), name);
        }
    }
}

/// An RSA entry of so many bits, which has no private key.
fn rsa_entry(kid: &str, bits: usize, e: &str) -> Value {
    let mut n = vec![0xff_u8; bits / 8];
    n[0] = 0x80;
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": URL_SAFE_NO_PAD.encode(n), "e": e })
}

/// Sets of issuers that are known to publish them.
#[expect(clippy::too_many_lines, reason = "a table")]
fn well_known_shapes() -> Vec<Shape> {
    let rsa = keys::rsa(Some("a"), Algorithm::RS256);
    let (ed, forger) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 9));
    let encryption =
        json!({ "kty": "RSA", "kid": "enc", "use": "enc", "alg": "RSA-OAEP", "n": rsa.jwk()["n"], "e": "AQAB" });
    let other_rsa = rsa_entry("b", 2048, "AQAB");
    vec![
        shape(
            "Entra: no alg, x5t and x5c",
            vec![
                jwk(&rsa, &json!({ "alg": null, "x5t": "a", "x5c": ["MIIC"], "issuer": "https://login.example" })),
                other_rsa.clone(),
            ],
            token(&rsa),
            ACTIVE,
            &[],
        ),
        shape(
            "AD FS: x5t only beside kid",
            vec![jwk(&rsa, &json!({ "x5t": "a", "x5c": ["MIIC"] }))],
            token(&rsa),
            ACTIVE,
            &[],
        ),
        shape(
            "Keycloak: an encryption key beside it",
            vec![encryption.clone(), jwk(&rsa, &json!({}))],
            token(&rsa),
            ACTIVE,
            &["use_not_sig"],
        ),
        shape(
            "Keycloak: the encryption key's kid",
            vec![encryption, jwk(&rsa, &json!({}))],
            token_with(&rsa, &json!({ "kid": "enc" })),
            "unknown_key",
            &["use_not_sig"],
        ),
        shape("Okta: alg, e, n, kid, kty, use", vec![jwk(&rsa, &json!({ "alg": "RS256" }))], token(&rsa), ACTIVE, &[]),
        shape("Google: two keys", vec![other_rsa.clone(), jwk(&rsa, &json!({}))], token(&rsa), ACTIVE, &[]),
        shape(
            "Kubernetes: no kid in the token, one key",
            vec![jwk(&rsa, &json!({}))],
            token_with(&rsa, &json!({ "kid": null })),
            ACTIVE,
            &[],
        ),
        shape(
            "no kid in the token, two keys that fit",
            vec![other_rsa, jwk(&rsa, &json!({}))],
            token_with(&rsa, &json!({ "kid": null })),
            "unknown_key",
            &[],
        ),
        shape(
            "no kid in the token, one of two keys fits",
            vec![ed.jwk(), jwk(&rsa, &json!({}))],
            token_with(&rsa, &json!({ "kid": null })),
            ACTIVE,
            &[],
        ),
        shape("an empty kid in the token", vec![ed.jwk()], token_with(&ed, &json!({ "kid": "" })), ACTIVE, &[]),
        shape(
            "an empty kid, and a forged signature",
            vec![ed.jwk()],
            token_with(&forger, &json!({ "kid": "" })),
            "bad_signature",
            &[],
        ),
        shape(
            "a kid in the token, none in the set",
            vec![jwk(&ed, &json!({ "kid": null })), jwk(&rsa, &json!({ "kid": null }))],
            token(&ed),
            ACTIVE,
            &[],
        ),
        shape(
            "a kid in the token, none in the set, forged",
            vec![jwk(&ed, &json!({ "kid": null }))],
            token(&forger),
            "bad_signature",
            &[],
        ),
        shape(
            "a kid in the token, some in the set",
            vec![jwk(&ed, &json!({ "kid": null })), jwk(&rsa, &json!({ "kid": "b" }))],
            token(&ed),
            "unknown_key",
            &[],
        ),
        shape("the same kid twice, the second signs", vec![forger.jwk(), ed.jwk()], token(&ed), ACTIVE, &[]),
        shape("another kid in another case", vec![with(&ed, "kid", json!("A"))], token(&ed), "unknown_key", &[]),
        shape(
            "no alg, PS256",
            vec![jwk(&rsa, &json!({ "alg": null }))],
            token(&keys::rsa(Some("a"), Algorithm::PS256)),
            ACTIVE,
            &[],
        ),
        shape(
            "alg RS256, PS256 in the token",
            vec![jwk(&rsa, &json!({ "alg": "RS256" }))],
            token(&keys::rsa(Some("a"), Algorithm::PS256)),
            "bad_signature",
            &[],
        ),
        shape(
            "Ed25519 in the key, EdDSA in the token",
            vec![with(&ed, "alg", json!("Ed25519"))],
            token(&ed),
            ACTIVE,
            &[],
        ),
        shape(
            "EdDSA in the key, Ed25519 in the token",
            vec![with(&ed, "alg", json!("EdDSA"))],
            token_with(&ed, &json!({ "alg": "Ed25519" })),
            ACTIVE,
            &[],
        ),
        shape(
            "no alg, Ed25519 in the token",
            vec![jwk(&ed, &json!({ "alg": null }))],
            token_with(&ed, &json!({ "alg": "Ed25519" })),
            ACTIVE,
            &[],
        ),
    ]
}

/// Members that are empty, of a wrong type or refused by a rule.
fn member_shapes() -> Vec<Shape> {
    let (ed, good) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let rsa = keys::rsa(Some("a"), Algorithm::RS256);
    let es = keys::es256(Some("a"));
    // The key under test comes with another one, since a set without usable keys is a failed fetch.
    let case = |name, entry: Value, signer: &Signer, expected, dropped: &[&'static str]| {
        shape(name, vec![entry, good.jwk()], token(signer), expected, dropped)
    };
    let oct = json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256" });
    vec![
        case("use empty", with(&ed, "use", json!("")), &ed, ACTIVE, &[]),
        case("use null", with(&ed, "use", json!(null)), &ed, ACTIVE, &[]),
        case("use in capitals", with(&ed, "use", json!("SIG")), &ed, "unknown_key", &["use_not_sig"]),
        case("use a number", with(&ed, "use", json!(1)), &ed, "unreadable_key", &["wrong_member_type"]),
        case("key_ops empty", with(&ed, "key_ops", json!([])), &ed, ACTIVE, &[]),
        case("key_ops null", with(&ed, "key_ops", json!(null)), &ed, ACTIVE, &[]),
        case(
            "key_ops sign only",
            with(&ed, "key_ops", json!(["sign"])),
            &ed,
            "unknown_key",
            &["key_ops_without_verify"],
        ),
        case("key_ops a text", with(&ed, "key_ops", json!("verify")), &ed, "unreadable_key", &["wrong_member_type"]),
        case("alg null", with(&ed, "alg", json!(null)), &ed, ACTIVE, &[]),
        case("alg empty", with(&ed, "alg", json!("")), &ed, ACTIVE, &[]),
        case("alg RSA256", with(&rsa, "alg", json!("RSA256")), &rsa, "unknown_key", &["unknown_alg"]),
        case("alg not allowed", with(&rsa, "alg", json!("RS512")), &rsa, "unknown_key", &["alg_not_allowed"]),
        case("alg of another type", with(&ed, "alg", json!("ES256")), &ed, "unknown_key", &["alg_of_another_kty"]),
        case("kid a number", with(&ed, "kid", json!(7)), &ed, "unknown_key", &["wrong_member_type"]),
        case(
            "kid a number, and the token means it",
            with(&ed, "kid", json!(7)),
            &keys::ed25519(Some("7"), 1),
            "unreadable_key",
            &["wrong_member_type"],
        ),
        case("kty missing", with(&ed, "kty", json!(null)), &ed, "unreadable_key", &["missing_member"]),
        case("kty unknown", with(&ed, "kty", json!("AKP")), &ed, "unknown_key", &["unknown_kty"]),
        case("a shared secret", oct, &ed, "unknown_key", &["symmetric"]),
        case("P-521", with(&es, "crv", json!("P-521")), &es, "unknown_key", &["unknown_crv"]),
        case("secp256k1", with(&es, "crv", json!("secp256k1")), &es, "unknown_key", &["unknown_crv"]),
        case("X25519", with(&ed, "crv", json!("X25519")), &ed, "unknown_key", &["unknown_crv"]),
        case("Ed448", with(&ed, "crv", json!("Ed448")), &ed, "unknown_key", &["unknown_crv"]),
        case("1024 bits", rsa_entry("a", 1024, "AQAB"), &rsa, "unknown_key", &["rsa_size"]),
        case("e = 3, forged", rsa_entry("a", 2048, "Aw"), &rsa, "bad_signature", &[]),
        case("e = 1", rsa_entry("a", 2048, "AQ"), &rsa, "unknown_key", &["rsa_exponent"]),
        case("n not base64", with(&rsa, "n", json!("!")), &rsa, "unreadable_key", &["not_base64"]),
        case("n a list", with(&rsa, "n", json!(["AQAB"])), &rsa, "unreadable_key", &["wrong_member_type"]),
        case("n empty", with(&rsa, "n", json!("")), &rsa, "unreadable_key", &["missing_member"]),
        case("x too short", with(&ed, "x", json!("AAAA")), &ed, "unreadable_key", &["wrong_length"]),
        case("a point off the curve", with(&es, "x", es.jwk()["y"].clone()), &es, "unreadable_key", &["not_on_curve"]),
        case(
            "an unreadable key beside a readable one of its kid",
            with(&ed, "x", json!("AAAA")),
            &good,
            ACTIVE,
            &["wrong_length"],
        ),
        case("not an object, token with kid", json!("garbage"), &ed, "unknown_key", &["not_an_object"]),
        case("a private member", with(&ed, "d", json!("c2VjcmV0")), &ed, ACTIVE, &[]),
    ]
}

/// How numbers are written, and how many keys there are.
fn number_shapes() -> Vec<Shape> {
    let (es, rsa) = (keys::es256(Some("a")), keys::rsa(Some("a"), Algorithm::RS256));
    let ed = keys::ed25519(Some("a"), 1);
    let rewritten = |signer: &Signer, name: &str, write: &dyn Fn(Vec<u8>) -> String| {
        with(signer, name, write(bytes(&signer.jwk()[name])).into())
    };
    let (short, coordinate) = es256_with_leading_zero("a");
    let stripped = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(&bytes[1..]);
    let longer = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode([&[0][..], &bytes].concat());
    let kidless: Vec<_> = (0..17).map(|number| keys::ed25519(None, number)).collect();
    let kidless_jwks = |keys: &[Signer]| keys.iter().map(Signer::jwk).collect::<Vec<_>>();
    let named: Vec<_> = (0..101).map(|number| keys::ed25519(Some(&format!("key-{number}")), number)).collect();
    let alike: Vec<_> = (0..17).map(|number| keys::ed25519(Some("a"), number)).collect();
    let good = keys::ed25519(Some("b"), 99);
    let mut nearly: Vec<_> = kidless_jwks(&named[..100]);
    nearly.push(jwk(&named[0], &json!({ "x": ed.jwk()["x"] })));
    let unreadable = |kid: Value| jwk(&ed, &json!({ "kid": kid, "x": "AAAA" }));
    let forged = keys::ed25519(None, 77);
    vec![
        shape("padded", vec![rewritten(&es, "x", &|bytes| URL_SAFE.encode(bytes))], token(&es), ACTIVE, &[]),
        shape("standard base64", vec![rewritten(&rsa, "n", &|bytes| STANDARD.encode(bytes))], token(&rsa), ACTIVE, &[]),
        shape("n with a leading zero", vec![rewritten(&rsa, "n", &longer)], token(&rsa), ACTIVE, &[]),
        shape("a short coordinate", vec![rewritten(&short, coordinate, &stripped)], token(&short), ACTIVE, &[]),
        shape("a coordinate with a sign octet", vec![rewritten(&es, "y", &longer)], token(&es), ACTIVE, &[]),
        shape("16 keys without kid", kidless_jwks(&kidless[..16]), token(&kidless[15]), ACTIVE, &[]),
        shape("16 keys without kid, forged", kidless_jwks(&kidless[..16]), token(&forged), "bad_signature", &[]),
        shape(
            "17 keys without kid, the 17th signs",
            kidless_jwks(&kidless),
            token(&kidless[16]),
            "too_many_keys_fit",
            &[],
        ),
        shape("17 keys without kid, the 5th signs", kidless_jwks(&kidless), token(&kidless[4]), ACTIVE, &[]),
        shape("17 keys of one kid, the 17th signs", kidless_jwks(&alike), token(&alike[16]), "too_many_keys_fit", &[]),
        shape("101 keys, the 100th signs", kidless_jwks(&named), token(&named[99]), ACTIVE, &[]),
        shape("101 keys, the 101st signs", kidless_jwks(&named), token(&named[100]), "truncated_key_set", &[]),
        shape("101 keys, an unknown kid", kidless_jwks(&named), token(&ed), "truncated_key_set", &[]),
        shape(
            "101 keys, a forged signature",
            kidless_jwks(&named),
            token_with(&forged, &json!({ "kid": "key-1" })),
            "bad_signature",
            &[],
        ),
        shape(
            "101 keys, the last under the kid of the first",
            nearly,
            token_with(&ed, &json!({ "kid": "key-0" })),
            "unreadable_key",
            &[],
        ),
        shape("100 keys, an unknown kid", kidless_jwks(&named[..100]), token(&ed), "unknown_key", &[]),
        shape(
            "an unreadable key without kid, a token without kid",
            vec![unreadable(json!(null)), good.jwk()],
            token(&keys::ed25519(None, 1)),
            "unreadable_key",
            &["wrong_length"],
        ),
        shape(
            "an unreadable key without kid, a token with an unknown kid",
            vec![unreadable(json!(null)), good.jwk()],
            token(&keys::ed25519(Some("c"), 1)),
            "unknown_key",
            &["wrong_length"],
        ),
        shape(
            "an unreadable key with kid, a token of another",
            vec![unreadable(json!("c")), good.jwk()],
            token(&good),
            ACTIVE,
            &["wrong_length"],
        ),
        shape(
            "an unreadable key with kid that may be the only one for a token without kid",
            vec![unreadable(json!("c")), es.jwk()],
            token(&forged),
            "unreadable_key",
            &["wrong_length"],
        ),
        shape(
            "an unreadable key with kid that is not the only one for a token without kid",
            vec![unreadable(json!("c")), good.jwk(), named[0].jwk()],
            token(&forged),
            "unknown_key",
            &["wrong_length"],
        ),
    ]
}

/// A reason without punctuation and capitals, which differ between audit records and `explain`.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

async fn assert_shape(deployment: &Deployment, log: &Log, environment: &Service, shape: &Shape, snapshot: bool) {
    let name = format!("{}{}", shape.name, if snapshot { ", from the snapshot" } else { "" });
    log.take();
    let answer: Answer = at(environment, 0, &shape.token).await;
    let lines: Vec<Value> = log.take().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(move |line| line["event"] == event).collect::<Vec<_>>();
    let reason = match answer.status.as_u16() {
        200 if answer.body == INACTIVE => {
            let record = lines.iter().find(|line| line["target"] == "audit").unwrap();
            record["reason"].as_str().unwrap_or_default().to_owned()
        }
        200 => ACTIVE.to_owned(),
        503 => of("keys_unavailable")[0]["cause"].as_str().unwrap_or_default().to_owned(),
        other => format!("{other}"),
    };
    assert!(bare(&reason).ends_with(&bare(shape.expected)), "{name}: {reason} instead of {}", shape.expected);
    let dropped: Vec<_> =
        of("key_dropped").iter().map(|line| line["cause"].as_str().unwrap_or_default().to_owned()).collect();
    let expected = if snapshot { Vec::new() } else { shape.dropped.clone() };
    assert_eq!(dropped, expected, "{name}");
    for line in of("key_dropped") {
        assert!(line["issuer"] == ISSUER && line["unreadable"].is_boolean(), "{name}: {line}");
    }
    assert_eq!(deployment.host.take_requests(), usize::from(!snapshot), "{name}");
}

#[tokio::test]
async fn h06_h15_h30_h31_each_shape_of_a_key_set_has_its_verdict_and_its_reason() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let deployment = Deployment::publishing(&[]).await;
    let shapes: Vec<_> = [well_known_shapes(), member_shapes(), number_shapes()].into_iter().flatten().collect();
    assert!(shapes.len() >= 40, "{}", shapes.len());
    for shape in &shapes {
        deployment.world.delete(STATE, &format!("jwks#{ISSUER}")).await;
        deployment.host.publish(200, json!({ "keys": shape.keys }).to_string());
        assert_shape(&deployment, &log, &deployment.environment().await, shape, false).await;
        // An environment that has only the snapshot answers the same.
        deployment.host.publish(500, "");
        assert_shape(&deployment, &log, &deployment.environment().await, shape, true).await;
    }
}

#[tokio::test]
async fn h15_removing_a_key_makes_no_inactive_token_active() {
    let deployment = Deployment::publishing(&[]).await;
    let pool = [
        keys::ed25519(Some("a"), 1),
        keys::ed25519(Some("b"), 2),
        keys::ed25519(None, 3),
        keys::ed25519(None, 4),
        keys::es256(Some("c")),
    ];
    let mut tokens = Vec::new();
    for (signer, key) in pool.iter().enumerate() {
        for kid in [json!(null), json!("a"), json!("b"), json!("c"), json!("z")] {
            tokens.push((kid.is_null(), kid == "z", pool[signer].alg(), token_with(key, &json!({ "kid": kid }))));
        }
    }
    let mut verdicts = vec![Vec::new(); 32];
    for (set, verdicts) in verdicts.iter_mut().enumerate().skip(1) {
        let keys: Vec<_> = (0..5).filter(|bit| set & (1 << bit) != 0).map(|bit| pool[bit].jwk()).collect();
        let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": keys } }]).to_string();
        let world = &deployment.world;
        let environment = crate::world::World::service(&world.proxy.url, &issuers, &world.token_settings()).await;
        for (.., token) in &tokens {
            verdicts.push(at(&environment, 0, token).await.json()["active"] == true);
        }
    }
    for set in 1..32_usize {
        for smaller in (0..5).filter(|bit| set & (1 << bit) != 0).map(|bit| set & !(1 << bit)).filter(|set| *set != 0) {
            let fitting = |alg: &str| (0..5).filter(|bit| smaller & (1 << bit) != 0 && pool[*bit].alg() == alg).count();
            let has_kids = smaller & 0b10011 != 0;
            for (number, (without_kid, .., alg, _)) in tokens.iter().enumerate() {
                let revived = !verdicts[set][number] && verdicts[smaller][number];
                // The rule has two cases: one key that fits, and a set in which no key has a `kid`.
                let allowed = if *without_kid { fitting(alg) == 1 } else { !has_kids };
                assert!(!revived || allowed, "set {set:05b}, then {smaller:05b}, token {number}");
            }
        }
    }
}
