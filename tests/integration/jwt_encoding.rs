//! The encoding of a JWT: a text has only one meaning, or is refused (RFC 7515, RFC 7519).

use serde_json::json;

use crate::world::{ACTIVE, World, claims};

/// When the tokens with fixed times are issued.
const T: i64 = 1_800_000_000;

#[tokio::test]
async fn h10_a_duplicate_member_makes_a_token_inactive() {
    let world = World::new().await;
    let header = r#"{"alg":"EdDSA","kid":"key-1","typ":"at+jwt"}"#;
    let claims = claims(&json!({ "act": { "sub": "bob" } })).to_string();
    let twice = |text: &str, more: &str| text.replacen('{', &format!("{{{more},"), 1);
    for (case, header, claims, verdict) in [
        ("good", header.to_owned(), claims.clone(), ACTIVE),
        ("one more in the header", twice(header, r#""x":1"#), claims.clone(), ACTIVE),
        ("one more in the payload", header.to_owned(), twice(&claims, r#""x":1"#), ACTIVE),
        ("alg", twice(header, r#""alg":"EdDSA""#), claims.clone(), "malformed"),
        ("typ, in other letters", twice(header, r#""ty\u0070":"JWT""#), claims.clone(), "malformed"),
        ("sub", header.to_owned(), twice(&claims, r#""sub":"mallory""#), "malformed"),
        ("sub, the same", header.to_owned(), twice(&claims, r#""sub":"alice""#), "malformed"),
        ("exp, in other letters", header.to_owned(), twice(&claims, r#""\u0065xp":9999999999"#), "malformed"),
        (
            "in an object",
            header.to_owned(),
            claims.replace(r#"{"sub":"bob"}"#, r#"{"sub":"a","sub":"b"}"#),
            "malformed",
        ),
    ] {
        world.introspect(&world.signer.sign(&header, &claims)).await.assert_verdict(verdict, case);
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
    for (case, token, verdict) in [
        ("good", token.clone(), ACTIVE),
        ("stray bits", format!("{header}.{payload}.{}{next}", &signature[..signature.len() - 1]), "malformed"),
        ("padded signature", format!("{token}=="), "malformed"),
        ("padded payload", format!("{header}.{payload}=.{signature}"), "malformed"),
        ("padded header", format!("{header}=.{payload}.{signature}"), "unknown_token"),
        ("white space at the end", format!("{token} "), "malformed"),
        ("line break at the end", format!("{token}\n"), "malformed"),
        ("white space within", format!("{header}. {payload}.{signature}"), "malformed"),
        ("good with other characters", with_dash.clone(), ACTIVE),
        ("the other alphabet", standard(&with_dash), "malformed"),
        ("no signature", format!("{header}.{payload}."), "bad_signature"),
        ("no payload", format!("{header}..{signature}"), "malformed"),
    ] {
        world.introspect(&token).await.assert_verdict(verdict, case);
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
        world.introspect_at(T + 600, &token).await.assert_inactive("expired");
    }
    for (exp, reason) in [
        ("1e300", "wrong_claim_type"),
        ("-1e300", "wrong_claim_type"),
        ("99999999999999999999999", "wrong_claim_type"),
        ("-1800000600", "expired"),
    ] {
        let token = with_times(exp, "1800000000", "1799999999");
        world.introspect_at(T, &token).await.assert_verdict(reason, exp);
    }
}

#[tokio::test]
async fn h33_a_payload_that_is_not_base64url_encoded_makes_a_token_inactive() {
    let world = World::new().await;
    for b64 in ["true", "false", "null", "\"true\"", "1", "[]"] {
        let verdict = if b64 == "true" { ACTIVE } else { "unencoded_payload" };
        let header = format!(r#"{{"alg":"EdDSA","kid":"key-1","typ":"at+jwt","b64":{b64}}}"#);
        let token = world.signer.sign(&header, &claims(&json!({})).to_string());
        world.introspect(&token).await.assert_verdict(verdict, b64);
    }
    let header = r#"{"alg":"EdDSA","kid":"key-1","typ":"at+jwt","b64":true,"crit":["b64"]}"#;
    world
        .introspect(&world.signer.sign(header, &claims(&json!({})).to_string()))
        .await
        .assert_verdict("critical_extension", "crit");
}

#[tokio::test]
async fn h35_members_that_no_decision_reads_pass_as_they_were_written() {
    let world = World::new().await;
    let long = "1".repeat(400);
    let members = format!(
        r#""balance":12345678901234567890123456789012345678,"huge":1E400,"big":{long},"price":0.10,"rate":1.50e-7,"zero":-0.0,"nested":{{"n":[18446744073709551616,2.0]}},"act":{{"sub":"bob","n":1.00}},"authorization_details":[{{"type":"pay","amount":123.40}}],"cnf":{{"jkt":"x","n":10000000000000000000000}}"#
    );
    let claims = claims(&json!({})).to_string().replacen('{', &format!("{{{members},"), 1);
    let token = world.signer.sign(r#"{"alg":"EdDSA","kid":"key-1","typ":"at+jwt"}"#, &claims);
    let body = world.introspect(&token).await.body;
    for member in [
        r#""balance":12345678901234567890123456789012345678"#,
        r#""huge":1E400"#,
        &format!(r#""big":{long}"#),
        r#""price":0.10"#,
        r#""rate":1.50e-7"#,
        r#""zero":-0.0"#,
        r#""nested":{"n":[18446744073709551616,2.0]}"#,
        r#""act":{"sub":"bob","n":1.00}"#,
        r#""authorization_details":[{"type":"pay","amount":123.40}]"#,
        r#""cnf":{"jkt":"x","n":10000000000000000000000}"#,
        r#""token_type":"DPoP""#,
    ] {
        assert!(body.contains(member), "{member}: {body}");
    }
}

#[tokio::test]
async fn h35_numbers_of_a_record_keep_all_of_their_digits() {
    let world = World::new().await;
    let number = "12345678901234567890123456789012345678";
    world.put_attributes(&json!({
        "id": { "S": format!("token#{}", token_introspection::records::sha256_hex("opaque")) },
        "token_type": { "S": "access_token" }, "client_id": { "S": "app" }, "exp": { "N": "4000000000" },
        "claims": { "M": {
            "balance": { "N": number },
            "deep": { "M": { "list": { "L": [{ "N": number }, { "N": "0.1" }] } } },
        } },
    }));
    let body = world.introspect("opaque").await.body;
    assert!(body.contains(&format!(r#""balance":{number}"#)), "{body}");
    assert!(body.contains(&format!(r#""deep":{{"list":[{number},0.1]}}"#)), "{body}");
}

#[tokio::test]
async fn h34_zero_is_unknown_for_every_time_but_exp_and_a_time_after_9999_is_corrupt() {
    let world = World::new().await;
    world.put_client(&json!({ "client_id": "app" }));
    let milliseconds = 1_800_000_000_000_u64;
    // A value that makes a JWT inactive makes a record corrupt.
    for (changes, jwt, opaque) in [
        (json!({ "token_use": "access" }), ACTIVE, ACTIVE),
        (json!({ "exp": 0 }), "expired", "expired"),
        (json!({ "exp": milliseconds }), "wrong_claim_type", "corrupt_record"),
        (json!({ "exp": 253_402_300_799_u64 }), ACTIVE, ACTIVE),
        (json!({ "exp": 253_402_300_800_u64 }), "wrong_claim_type", "corrupt_record"),
        (json!({ "nbf": 0 }), ACTIVE, ACTIVE),
        (json!({ "nbf": milliseconds }), "wrong_claim_type", "corrupt_record"),
        (json!({ "iat": 0 }), ACTIVE, ACTIVE),
        (json!({ "iat": milliseconds }), "wrong_claim_type", "corrupt_record"),
        (json!({ "auth_time": 0 }), ACTIVE, ACTIVE),
        (json!({ "auth_time": milliseconds }), ACTIVE, ACTIVE),
    ] {
        let changes = crate::world::changed(&json!({ "iss": crate::world::GENERIC, "token_use": "access" }), &changes);
        let case = changes.to_string();
        for (token, verdict) in world.both_forms(&changes).into_iter().zip([jwt, opaque]) {
            let answer = world.introspect(&token).await;
            answer.assert_verdict(verdict, &case);
            for name in ["nbf", "iat", "auth_time"].into_iter().filter(|name| changes.get(name).is_some()) {
                assert_eq!(answer.json().get(name), None, "{case}");
            }
        }
    }
    // Older Keycloak writes `auth_time: 0`, so a mark with a limit must not revoke all tokens of its subject for ever.
    world.put_mark(&format!("sub#{}#alice", crate::world::ISSUER), &json!({ "not_before": 1_000 }));
    world.introspect(&world.token(&json!({ "auth_time": 0 }))).await.assert_active();
    world.introspect(&world.token(&json!({ "auth_time": 1_000 }))).await.assert_inactive("revoked_subject");
}
