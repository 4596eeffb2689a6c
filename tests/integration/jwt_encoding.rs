//! How a JWT is written down: each text has one reading, or none (RFC 7515, RFC 7519).

use serde_json::json;

use crate::world::{World, claims};

/// When the tokens with fixed times are issued.
const T: i64 = 1_800_000_000;

#[tokio::test]
async fn h10_a_member_that_comes_twice_makes_a_token_inactive() {
    let world = World::new().await;
    let header = r#"{"alg":"EdDSA","kid":"key-1","typ":"at+jwt"}"#;
    let claims = claims(&json!({ "act": { "sub": "bob" } })).to_string();
    let twice = |text: &str, more: &str| text.replacen('{', &format!("{{{more},"), 1);
    for (case, header, claims, active) in [
        ("good", header.to_owned(), claims.clone(), true),
        ("one more in the header", twice(header, r#""x":1"#), claims.clone(), true),
        ("one more in the payload", header.to_owned(), twice(&claims, r#""x":1"#), true),
        ("alg", twice(header, r#""alg":"EdDSA""#), claims.clone(), false),
        ("typ, in other letters", twice(header, r#""ty\u0070":"JWT""#), claims.clone(), false),
        ("sub", header.to_owned(), twice(&claims, r#""sub":"mallory""#), false),
        ("sub, the same", header.to_owned(), twice(&claims, r#""sub":"alice""#), false),
        ("exp, in other letters", header.to_owned(), twice(&claims, r#""\u0065xp":9999999999"#), false),
        ("in an object", header.to_owned(), claims.replace(r#"{"sub":"bob"}"#, r#"{"sub":"a","sub":"b"}"#), false),
    ] {
        world.introspect(&world.signer.sign(&header, &claims)).await.assert_verdict(active, case);
    }
}

#[tokio::test]
async fn h11_only_canonical_base64url_is_read() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    // The last character of an Ed25519 signature carries two bits, so four characters decode alike.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let standard = |part: &str| part.replace('-', "+").replace('_', "/");
    let with_dash = (0..100).map(|number| world.token(&json!({ "jti": format!("?>~{number}") })));
    let with_dash = with_dash.into_iter().find(|token| token.contains(['-', '_'])).unwrap();
    for (case, token, active) in [
        ("good", token.clone(), true),
        ("stray bits", format!("{header}.{payload}.{}{next}", &signature[..signature.len() - 1]), false),
        ("padded signature", format!("{token}=="), false),
        ("padded payload", format!("{header}.{payload}=.{signature}"), false),
        ("padded header", format!("{header}=.{payload}.{signature}"), false),
        ("white space at the end", format!("{token} "), false),
        ("line break at the end", format!("{token}\n"), false),
        ("white space within", format!("{header}. {payload}.{signature}"), false),
        ("good with other characters", with_dash.clone(), true),
        ("the other alphabet", standard(&with_dash), false),
        ("no signature", format!("{header}.{payload}."), false),
        ("no payload", format!("{header}..{signature}"), false),
    ] {
        world.introspect(&token).await.assert_verdict(active, case);
    }
}

#[tokio::test]
async fn h18_times_are_read_in_every_form_of_a_number_and_released_as_integers() {
    let world = World::new().await;
    let with_times = |exp: &str, iat: &str, nbf: &str| {
        let claims = claims(&json!({ "exp": "EXP", "iat": "IAT", "nbf": "NBF", "auth_time": 1.5 })).to_string();
        let claims = claims.replace(r#""EXP""#, exp).replace(r#""IAT""#, iat).replace(r#""NBF""#, nbf);
        world.signer.sign(r#"{"alg":"EdDSA","kid":"key-1","typ":"at+jwt"}"#, &claims)
    };
    for (exp, iat, nbf) in [
        ("1800000600", "1800000000", "1799999999"),
        ("1800000600.0", "1.8e9", "1799999999.000"),
        ("1800000600.999", "1800000000.4", "1799999998.2"),
        ("18000006.00e2", "18e8", "17.99999999e8"),
    ] {
        let token = with_times(exp, iat, nbf);
        let answer = world.introspect_at(T + 599, &token).await;
        let json = answer.assert_active();
        assert_eq!((&json["exp"], &json["iat"], &json["auth_time"]), (&json!(T + 600), &json!(T), &json!(1)), "{exp}");
        assert_eq!(json["nbf"], json!(T - 1), "{nbf}");
        assert!(answer.body.contains(r#""exp":1800000600,"#), "{}", answer.body);
        world.introspect_at(T + 600, &token).await.assert_inactive();
    }
    for exp in ["1e300", "-1e300", "99999999999999999999999", "-1800000600"] {
        let token = with_times(exp, "1800000000", "1799999999");
        world.introspect_at(T, &token).await.assert_verdict(false, exp);
    }
}
