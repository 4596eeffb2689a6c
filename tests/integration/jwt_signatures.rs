//! The signature of a JWT: the key must be the issuer's, and the algorithm that of the key (RFC 7515, RFC 8725).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use crate::{
    key_host::KeyHost,
    keys,
    signer::Signer,
    world::{ACTIVE, GENERIC, ISSUER, World, claims},
};

/// When the tokens with fixed times are issued.
const T: i64 = 1_800_000_000;

/// A deployment that trusts [`ISSUER`] with these keys and algorithms.
async fn trusting(keys: Value, algorithms: &[&str]) -> World {
    let issuer = json!({ "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": keys }, "algorithms": algorithms });
    World::with(&[("TRUSTED_ISSUERS", &json!([issuer]).to_string())]).await
}

/// A valid access token that this key signed, with these additional header members.
fn token(signer: &Signer, header: &Value) -> String {
    let mut members = json!({ "typ": "at+jwt" });
    members.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
    signer.token(&members, &claims(&json!({})))
}

#[tokio::test]
async fn g04_a_token_is_signed_with_a_key_of_the_issuer_that_it_names() {
    let (own, foreign) = (keys::ed25519(Some("key"), 1), keys::ed25519(Some("key"), 2));
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": [own.jwk()] } },
        { "issuer": GENERIC, "profile": "rfc9068", "jwks": { "keys": [foreign.jwk()] } },
    ]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let token = |signer: &Signer, issuer| signer.token(&json!({ "typ": "at+jwt" }), &claims(&json!({ "iss": issuer })));
    for (case, token, verdict) in [
        ("the issuer's", token(&own, ISSUER), ACTIVE),
        ("the other issuer's", token(&foreign, GENERIC), ACTIVE),
        ("another trusted issuer's key", token(&foreign, ISSUER), "bad_signature"),
        ("and the other way around", token(&own, GENERIC), "bad_signature"),
        ("nobody's", token(&keys::ed25519(Some("key"), 3), ISSUER), "bad_signature"),
        ("an unknown key", token(&keys::ed25519(Some("other"), 1), ISSUER), "unknown_key"),
    ] {
        world.introspect(&token).await.assert_verdict(verdict, case);
    }
}

#[tokio::test]
async fn g04_a_signature_covers_every_character_of_the_token() {
    let world = World::new().await;
    let good = world.token(&json!({}));
    world.introspect(&good).await.assert_active();
    let other = world.token(&json!({ "jti": "jti-2" }));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signed = |signature: &[u8]| format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature));
    let flipped = |bit: usize| {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        signed(&bytes)
    };
    for (case, token) in [
        ("another payload", format!("{header}.{}.{signature}", other.split('.').nth(1).unwrap())),
        (
            "another header",
            format!(
                "{}.{payload}.{signature}",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"key-1"}"#)
            ),
        ),
        ("another signature", format!("{header}.{payload}.{}", other.rsplit('.').next().unwrap())),
        ("the first bit", flipped(0)),
        ("a bit in the middle", flipped(255)),
        ("the last bit", flipped(511)),
        ("a byte less", signed(&bytes[..63])),
        ("a byte more", signed(&[&bytes[..], &[0]].concat())),
        ("nothing but zeros", signed(&[0; 64])),
        ("nothing", format!("{header}.{payload}.")),
    ] {
        assert_ne!(token, good, "{case}");
        world.introspect(&token).await.assert_verdict("bad_signature", case);
    }
}

#[tokio::test]
async fn h06_an_algorithm_is_allowed_by_the_issuer_and_by_the_key() {
    let rs256 = keys::rsa(Some("rsa"), Algorithm::RS256);
    let ps256 = keys::rsa(Some("rsa"), Algorithm::PS256);
    let es256 = keys::es256(Some("ec"));
    for (algorithms, jwk_changes, signer, verdict) in [
        (vec!["RS256"], json!({}), &rs256, ACTIVE),
        (vec!["RS256"], json!({ "alg": null }), &rs256, ACTIVE),
        (vec!["RS256"], json!({ "use": null }), &rs256, ACTIVE),
        (vec!["RS256"], json!({ "use": null, "key_ops": ["verify"] }), &rs256, ACTIVE),
        (vec!["RS256"], json!({ "use": "enc" }), &rs256, "unknown_key"),
        (vec!["RS256"], json!({ "use": "SIG" }), &rs256, "unknown_key"),
        (vec!["RS256"], json!({ "key_ops": ["encrypt"] }), &rs256, "unknown_key"),
        (vec!["RS256"], json!({ "key_ops": [] }), &rs256, ACTIVE),
        (vec!["RS256"], json!({ "alg": "PS256" }), &rs256, "unknown_key"),
        (vec!["RS256"], json!({ "alg": "ES256" }), &rs256, "unknown_key"),
        (vec!["RS256"], json!({ "kty": "oct" }), &rs256, "unknown_key"),
        (vec!["RS256"], json!({}), &ps256, "wrong_algorithm"),
        (vec!["RS256", "PS256"], json!({ "alg": "RS256" }), &rs256, ACTIVE),
        (vec!["RS256", "PS256"], json!({ "alg": "RS256" }), &ps256, "bad_signature"),
        (vec!["RS256", "PS256"], json!({ "alg": "PS256" }), &ps256, ACTIVE),
        // A key without `alg` is used with each algorithm that fits.
        (vec!["RS256", "PS256"], json!({ "alg": null }), &rs256, ACTIVE),
        (vec!["RS256", "PS256"], json!({ "alg": null }), &ps256, ACTIVE),
        (vec!["ES256", "PS256", "RS256"], json!({ "alg": null }), &ps256, ACTIVE),
        (vec!["ES256"], json!({}), &rs256, "wrong_algorithm"),
        (vec!["ES256"], json!({}), &es256, ACTIVE),
        (vec!["ES384"], json!({}), &es256, "wrong_algorithm"),
        (vec!["ES256"], json!({ "crv": "P-384" }), &es256, "unknown_key"),
    ] {
        let mut jwk = signer.jwk();
        jwk.as_object_mut().unwrap().extend(jwk_changes.as_object().unwrap().clone());
        jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        // A set without a usable key would stop the start.
        let (spare, algorithms) = (keys::ed25519(Some("spare"), 9), [&algorithms[..], &["EdDSA"]].concat());
        let world = trusting(json!([jwk, spare.jwk()]), &algorithms).await;
        let case = format!("{algorithms:?} {jwk_changes} {}", signer.alg());
        world.introspect(&token(signer, &json!({}))).await.assert_verdict(verdict, case);
        world.introspect(&token(&spare, &json!({}))).await.assert_active();
    }
}

#[tokio::test]
async fn h06_no_token_is_valid_without_the_signature_of_a_private_key() {
    let rsa = keys::rsa(Some("rsa"), Algorithm::RS256);
    let ed = keys::ed25519(Some("key-1"), 1);
    let world = trusting(json!([rsa.jwk(), ed.jwk()]), &["RS256", "EdDSA"]).await;
    world.introspect(&token(&rsa, &json!({}))).await.assert_active();
    world.introspect(&token(&ed, &json!({}))).await.assert_active();

    let signing_input = |header: &str| {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims(&json!({})).to_string()))
    };
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        for kid in ["rsa", "key-1", "none"] {
            let input = signing_input(&json!({ "alg": alg, "kid": kid, "typ": "at+jwt" }).to_string());
            for token in [format!("{input}."), format!("{input}.AAAA")] {
                world.introspect(&token).await.assert_verdict("wrong_algorithm", format!("{alg} {kid}"));
            }
        }
    }
    // Public values must not work as HMAC secrets: the modulus, the point, and the texts that contain them.
    let member = |signer: &Signer, name: &str| signer.jwk()[name].as_str().unwrap().to_owned();
    let (n, x) = (member(&rsa, "n"), member(&ed, "x"));
    let secrets = [
        URL_SAFE_NO_PAD.decode(&n).unwrap(),
        URL_SAFE_NO_PAD.decode(&x).unwrap(),
        n.into_bytes(),
        x.into_bytes(),
        rsa.jwk().to_string().into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        for (kid, algorithm) in [
            ("rsa", Algorithm::HS256),
            ("key-1", Algorithm::HS256),
            ("rsa", Algorithm::HS384),
            ("rsa", Algorithm::HS512),
        ] {
            let forger = Signer::new(Some(kid), algorithm, EncodingKey::from_secret(&secret));
            world
                .introspect(&token(&forger, &json!({})))
                .await
                .assert_verdict("wrong_algorithm", format!("{kid} {algorithm:?}"));
        }
    }
    // Naming another algorithm than the one that signed makes no difference.
    for alg in ["RS256", "ES256", "HS256", "none", "RS512", "eddsa", "Ed448"] {
        // The issuer also signs with RS256, so only the key forbids it.
        let reason = if alg == "RS256" { "bad_signature" } else { "wrong_algorithm" };
        world.introspect(&token(&ed, &json!({ "alg": alg }))).await.assert_verdict(reason, alg);
    }
}

#[tokio::test]
async fn h06_an_rsa_key_under_2048_bits_verifies_nothing() {
    // The signature is valid: a 1024-bit key made it.
    let weak = json!({
        "kty": "RSA", "kid": "weak", "alg": "RS256", "use": "sig", "e": "AQAB",
        "n": "32Xom66cF0g4gXDUf6jUXtoCg1TwtgPz4JAvjsnLChl5UbLek_1nKeE3hCsnBxK2xziynlgCG41y37m6WNNTDx5z_3qWn_hCFzhSp1yz\
              aG12pDvfMjJkUDCeInaOsr1hmkoTFbwIS3vauplq-vahMC-p2S7UhqPk6Tkj1s0QccE",
    });
    let claims = r#"{"iss":"https://issuer.example.com","sub":"alice","aud":"https://api.example.com","client_id":"app","iat":1800000000,"exp":1800000600,"jti":"jti-1"}"#;
    let signature = "0aP05KytRqrGgR8iu4R96SnJzA1O7b8ddfULBECXhcSDI3Yie72uYz_Ti7Ui3_Su8X235rZBKKHAE3tsyP9LSat_ypa2myoio8A1jdeA\
                     JxwAihtoGrp3GZB7h7szZhkt2RlrN-KlUSk1EJ00bCS0jnL3CCjwHGU9qtDOzhWYWJE";
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let weak_token =
        format!("{}.{}.{signature}", encode(r#"{"alg":"RS256","kid":"weak","typ":"at+jwt"}"#), encode(claims));
    let strong = keys::rsa(Some("strong"), Algorithm::RS256);
    let world = trusting(json!([weak, strong.jwk()]), &["RS256"]).await;
    world.introspect_at(T, &weak_token).await.assert_inactive("unknown_key");
    let token = strong.sign(r#"{"alg":"RS256","kid":"strong","typ":"at+jwt"}"#, claims);
    world.introspect_at(T, &token).await.assert_active();
}

#[tokio::test]
async fn h07_eddsa_and_ed25519_are_two_names_of_one_algorithm() {
    let (signer, spare) = (keys::ed25519(Some("key-1"), 1), keys::rsa(Some("spare"), Algorithm::RS256));
    for allowed in ["EdDSA", "Ed25519"] {
        for key_says in [json!("EdDSA"), json!("Ed25519"), json!(null)] {
            let mut jwk = signer.jwk();
            jwk["alg"] = key_says;
            jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            let world = trusting(json!([jwk]), &[allowed]).await;
            for alg in ["EdDSA", "Ed25519"] {
                let token = token(&signer, &json!({ "alg": alg }));
                world.introspect(&token).await.assert_verdict(ACTIVE, format!("{allowed} {jwk} {alg}"));
            }
            let world = trusting(json!([jwk, spare.jwk()]), &["RS256"]).await;
            world
                .introspect(&token(&signer, &json!({})))
                .await
                .assert_verdict("wrong_algorithm", format!("not allowed: {jwk}"));
        }
    }
}

#[tokio::test]
async fn h08_a_key_that_the_header_contains_or_locates_is_never_used() {
    let attacker = keys::ed25519(Some("key-1"), 66);
    let host = KeyHost::start(&json!({ "keys": [attacker.jwk()] })).await;
    let world = World::new().await;
    for header in [
        json!({ "jwk": attacker.jwk() }),
        json!({ "jku": host.url }),
        json!({ "x5u": host.url }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "jwk": attacker.jwk(), "jku": host.url, "x5u": host.url, "x5c": ["MIIB"], "x5t#S256": "AAAA" }),
    ] {
        world.introspect(&token(&attacker, &header)).await.assert_verdict("bad_signature", &header);
        let other_name = keys::ed25519(Some("attacker"), 66);
        world.introspect(&token(&other_name, &header)).await.assert_verdict("unknown_key", &header);
        // These members do not harm a token that the issuer signed.
        world.introspect(&token(&world.signer, &header)).await.assert_verdict(ACTIVE, &header);
    }
    assert_eq!(host.take_requests(), 0);
}

#[tokio::test]
async fn h09_a_critical_extension_makes_a_token_inactive() {
    let world = World::new().await;
    for (header, verdict) in [
        (json!({}), ACTIVE),
        (json!({ "b64": true, "http://example.com/ext": 1 }), ACTIVE),
        (json!({ "crit": ["http://example.com/ext"], "http://example.com/ext": 1 }), "critical_extension"),
        (json!({ "crit": ["b64"], "b64": true }), "critical_extension"),
        (json!({ "crit": ["exp"], "exp": 1_900_000_000 }), "critical_extension"),
        (json!({ "crit": [] }), "critical_extension"),
        (json!({ "crit": null }), "critical_extension"),
        (json!({ "crit": "exp" }), "critical_extension"),
    ] {
        world.introspect(&token(&world.signer, &header)).await.assert_verdict(verdict, header);
    }
}

/// The other valid signature of the same text: `(r, n − s)` for `(r, s)`.
pub fn twin(token: &str) -> String {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let (signing_input, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for place in (0..32).rev() {
        let digit = i16::from_str_radix(&ORDER[place * 2..place * 2 + 2], 16).unwrap();
        let difference = digit - i16::from(bytes[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + place] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test]
async fn h12_both_forms_of_an_ecdsa_signature_are_one_token_that_is_revoked_once() {
    let signer = keys::es256(Some("ec"));
    let jwks = json!({ "keys": [signer.jwk()] });
    let issuers = json!([
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks },
        { "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "token_use": "access" } },
    ]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    let without_jti = json!({ "iss": GENERIC, "token_use": "access", "jti": null });
    let (named, nameless) = (token(&signer, &json!({})), signer.token(&json!({}), &claims(&without_jti)));
    let digest = sha256_hex(nameless.rsplit_once('.').unwrap().0);
    for (token, mark) in [(&named, format!("jti#{ISSUER}#jti-1")), (&nameless, format!("jwt#{digest}"))] {
        let twin = twin(token);
        assert_ne!(*token, twin);
        for form in [token, &twin] {
            world.introspect(form).await.assert_verdict(ACTIVE, format!("before {mark}"));
        }
        // A digest of the whole text would name only one of the two forms.
        world.put_mark(&format!("revoked#{}", sha256_hex(token)), &json!({}));
        world.put_mark(&format!("jwt#{}", sha256_hex(token)), &json!({}));
        for form in [token, &twin] {
            world.introspect(form).await.assert_verdict(ACTIVE, format!("a digest is not a {mark}"));
        }
        world.put_mark(&mark, &json!({}));
        for form in [token, &twin] {
            world.introspect(form).await.assert_verdict("revoked_token", &mark);
        }
    }
}

#[tokio::test]
async fn h15_a_token_without_kid_is_tried_against_at_most_sixteen_keys_without_kid() {
    let nameless: Vec<_> = (11..=27).map(|number| keys::ed25519(None, number)).collect();
    let mut set: Vec<_> = nameless.iter().map(Signer::jwk).collect();
    set.insert(0, keys::ed25519(Some("key-1"), 1).jwk());
    let world = trusting(json!(set), &["EdDSA"]).await;
    for (number, signer) in nameless.iter().enumerate().take(16) {
        world.introspect(&token(signer, &json!({}))).await.assert_verdict(ACTIVE, format!("key {number}"));
    }
    world.introspect(&token(&nameless[16], &json!({}))).await.assert_unavailable("keys_unavailable");
    world.introspect(&token(&keys::ed25519(Some(""), 11), &json!({}))).await.assert_active();

    set.truncate(17);
    let world = trusting(json!(set), &["EdDSA"]).await;
    world.introspect(&token(&keys::ed25519(Some("key-1"), 1), &json!({}))).await.assert_active();
    // An empty `kid` counts as missing.
    world.introspect(&token(&keys::ed25519(Some(""), 11), &json!({}))).await.assert_active();
    for (reason, case, signer) in [
        ("bad_signature", "without kid, signed by a key with kid", keys::ed25519(None, 1)),
        ("bad_signature", "with a known kid, signed by a key without kid", keys::ed25519(Some("key-1"), 11)),
        ("unknown_key", "with an unknown kid, signed by a key without kid", keys::ed25519(Some("key-2"), 11)),
    ] {
        world.introspect(&token(&signer, &json!({}))).await.assert_verdict(reason, case);
    }
}
