//! Which JWTs are access tokens: their type and their claims (RFC 9068, RFC 8725).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    keys,
    world::{ACTIVE, API, AUDIENCE, GENERIC, ISSUER, OWN, World, claims},
};

/// A token of the profile `generic` with these claims changed.
fn generic(changes: &Value) -> Value {
    let mut claims = claims(changes);
    for (name, value) in [("iss", json!(GENERIC)), ("token_use", json!("access"))] {
        if changes.get(name).is_none() {
            claims[name] = value;
        }
    }
    claims
}

#[tokio::test]
async fn h01_an_rfc9068_token_has_the_type_at_jwt_in_its_header() {
    let world = World::new().await;
    for (typ, verdict) in [
        (json!("at+jwt"), ACTIVE),
        (json!("AT+JWT"), ACTIVE),
        (json!("application/at+jwt"), ACTIVE),
        (json!("Application/At+Jwt"), ACTIVE),
        (json!("JWT"), "wrong_typ"),
        (json!("jwt"), "wrong_typ"),
        (json!("at+jwt "), "wrong_typ"),
        (json!("at-jwt"), "wrong_typ"),
        (json!("text/at+jwt"), "wrong_typ"),
        (json!("application/application/at+jwt"), "wrong_typ"),
        (json!("application/jwt"), "wrong_typ"),
        (json!(""), "wrong_typ"),
        (json!(null), "malformed"),
        (json!(["at+jwt"]), "malformed"),
    ] {
        let token = world.signer.token(&json!({ "typ": typ }), &claims(&json!({})));
        world.introspect(&token).await.assert_verdict(verdict, typ);
    }
    let without = world.signer.token(&json!({}), &claims(&json!({})));
    world.introspect(&without).await.assert_inactive("wrong_typ");
}

#[tokio::test]
async fn h02_an_rfc9068_token_has_all_required_claims_in_their_types() {
    let world = World::new().await;
    world.introspect(&world.token(&json!({}))).await.assert_active();
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        // A token without an issuer has no profile, so no other rule is checked.
        let (missing, mistyped) = if name == "iss" {
            ("untrusted_issuer", "untrusted_issuer")
        } else {
            ("missing_claim", "wrong_claim_type")
        };
        world.introspect(&world.token(&json!({ name: null }))).await.assert_verdict(missing, format!("no {name}"));
        for value in [json!(true), json!({}), json!([1]), json!([null])] {
            let token = world.token(&json!({ name: value }));
            world.introspect(&token).await.assert_verdict(mistyped, format!("{name} is {value}"));
        }
        let swapped = if ["exp", "iat"].contains(&name) { json!("4000000000") } else { json!(1) };
        world.introspect(&world.token(&json!({ name: swapped }))).await.assert_verdict(mistyped, name);
        // JSON null does not count as absent.
        let mut claims = claims(&json!({}));
        claims[name] = Value::Null;
        let token = world.signer.token(&json!({ "typ": "at+jwt" }), &claims);
        world.introspect(&token).await.assert_verdict(mistyped, format!("{name} is null"));
    }
    for name in ["scope", "nbf"] {
        world.introspect(&world.token(&json!({ name: null }))).await.assert_verdict(ACTIVE, format!("no {name}"));
    }
}

#[tokio::test]
async fn h03_an_id_token_is_not_an_access_token_in_either_profile() {
    let world = World::new().await;
    // It has all claims of an access token, so that only its type makes it inactive.
    let id_token = json!({ "aud": "app", "nonce": "n-0S6_WzA2Mj" });
    for (header, verdict) in
        [(json!({}), "wrong_typ"), (json!({ "typ": "JWT" }), "wrong_typ"), (json!({ "typ": "at+jwt" }), ACTIVE)]
    {
        let token = world.signer.token(&header, &claims(&id_token));
        world.introspect(&token).await.assert_verdict(verdict, format!("rfc9068 {header}"));
    }
    // Only ID tokens have a hash of what was issued with them, so any type of token with one is inactive.
    for hash in ["at_hash", "c_hash", "s_hash"] {
        let token = world.token(&json!({ hash: "77QmUPtjPfzWtF2AnpK9RQ" }));
        world.introspect(&token).await.assert_verdict("not_an_access_token", format!("rfc9068 {hash}"));
    }
    for (header, changes, verdict) in [
        (json!({}), json!({}), ACTIVE),
        (json!({ "typ": "JWT" }), json!({}), ACTIVE),
        (json!({ "typ": "jwt" }), json!({}), ACTIVE),
        (json!({ "typ": "at+jwt" }), json!({}), ACTIVE),
        (json!({ "typ": "application/at+jwt" }), json!({}), ACTIVE),
        (json!({ "typ": "id+jwt" }), json!({}), "wrong_typ"),
        (json!({ "typ": "" }), json!({}), "wrong_typ"),
        // `required_claims` are positive evidence, so that a nonce does not matter.
        (json!({}), json!({ "nonce": "n-0S6_WzA2Mj" }), ACTIVE),
        (json!({}), json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" }), "not_an_access_token"),
        (json!({}), json!({ "c_hash": "LDktKdoQak3Pk0cnXxCltA" }), "not_an_access_token"),
        (json!({}), json!({ "s_hash": "LDktKdoQak3Pk0cnXxCltA" }), "not_an_access_token"),
        (json!({ "typ": "at+jwt" }), json!({ "nonce": "n-0S6_WzA2Mj" }), ACTIVE),
        (json!({ "typ": "at+jwt" }), json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" }), "not_an_access_token"),
        (json!({}), json!({ "token_use": "id" }), "required_claim"),
        (json!({}), json!({ "token_use": ["access"] }), "required_claim"),
        (json!({}), json!({ "token_use": null }), "required_claim"),
        // This profile needs nothing else.
        (
            json!({}),
            json!({ "sub": null, "aud": null, "client_id": null, "iat": null, "jti": null, "scope": null }),
            ACTIVE,
        ),
        (json!({}), json!({ "exp": null }), "missing_claim"),
    ] {
        let mut claims = generic(&changes);
        if changes.get("token_use").is_some_and(Value::is_null) {
            claims.as_object_mut().unwrap().remove("token_use");
        }
        let token = world.signer.token(&header, &claims);
        world.introspect(&token).await.assert_verdict(verdict, format!("generic {header} {changes}"));
    }
}

#[tokio::test]
async fn h03_audiences_identify_access_tokens_if_no_claim_does() {
    let jwks = json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] });
    let issuers = json!([{ "issuer": GENERIC, "profile": "generic", "jwks": jwks, "audiences": [AUDIENCE] }]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    for (audience, verdict) in [(AUDIENCE, ACTIVE), ("app", "wrong_audience")] {
        let token = world.signer.token(&json!({}), &claims(&json!({ "iss": GENERIC, "aud": audience })));
        world.introspect(&token).await.assert_verdict(verdict, audience);
        // An audience does not prove that it is not an ID token.
        let token = world.signer.token(&json!({}), &claims(&json!({ "iss": GENERIC, "aud": audience, "nonce": "n" })));
        world.introspect(&token).await.assert_verdict("not_an_access_token", audience);
    }
}

#[tokio::test]
async fn h04_every_other_kind_of_jwt_is_inactive() {
    let world = World::new().await;
    let logout = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    for (typ, changes) in [
        ("token-introspection+jwt", json!({ "aud": API, "token_introspection": { "active": true } })),
        ("logout+jwt", json!({ "aud": "app", "sid": "session-1", "events": logout })),
        ("secevent+jwt", json!({ "events": logout })),
        ("client-authentication+jwt", json!({ "sub": "app", "aud": OWN })),
        ("dpop+jwt", json!({ "htm": "POST", "htu": AUDIENCE })),
        ("oauth-authz-req+jwt", json!({ "aud": OWN, "response_type": "code" })),
        ("entity-statement+jwt", json!({})),
    ] {
        // Only the kind differs: each token has all claims of an access token.
        let has_foreign_claim = changes.get("events").or(changes.get("token_introspection")).is_some();
        let verdict = if has_foreign_claim { "not_an_access_token" } else { ACTIVE };
        world.introspect(&world.token(&changes)).await.assert_verdict(verdict, format!("at+jwt with {changes}"));
        for (profile, claims) in [("rfc9068", claims(&changes)), ("generic", generic(&changes))] {
            for typ in [typ.to_owned(), typ.to_uppercase(), format!("application/{typ}")] {
                let token = world.signer.token(&json!({ "typ": typ }), &claims);
                world.introspect(&token).await.assert_verdict("wrong_typ", format!("{profile}: {typ}"));
            }
        }
    }
    // Kinds that often have only the type JWT are recognized by a claim, even in a token that has all other claims.
    for (name, value, verdict) in [
        ("anything", json!({}), ACTIVE),
        ("events", logout, "not_an_access_token"),
        ("token_introspection", json!({ "active": true }), "not_an_access_token"),
    ] {
        for header in [json!({}), json!({ "typ": "JWT" })] {
            let token = world.signer.token(&header, &generic(&json!({ name: value })));
            world.introspect(&token).await.assert_verdict(verdict, format!("{header} {name}"));
        }
    }
    // The issuers of a client's assertion and of our own responses are not trusted.
    for (typ, changes) in [
        ("JWT", json!({ "iss": "app", "sub": "app", "aud": OWN })),
        ("token-introspection+jwt", json!({ "iss": OWN, "aud": API, "token_introspection": { "active": true } })),
    ] {
        let token = world.signer.token(&json!({ "typ": typ }), &claims(&changes));
        world.introspect(&token).await.assert_verdict("untrusted_issuer", changes);
    }
}

#[tokio::test]
async fn h05_the_issuer_is_compared_byte_for_byte() {
    let jwks = json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] });
    let with_slash = "https://tenant.example.com/";
    let issuers = json!([
        { "issuer": with_slash, "profile": "rfc9068", "jwks": jwks },
        { "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks },
    ]);
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    for (issuer, verdict) in [
        (ISSUER, ACTIVE),
        (with_slash, ACTIVE),
        ("https://tenant.example.com", "untrusted_issuer"),
        ("https://issuer.example.com/", "untrusted_issuer"),
        ("https://ISSUER.example.com", "untrusted_issuer"),
        ("https://issuer.example.com:443", "untrusted_issuer"),
        ("HTTPS://issuer.example.com", "untrusted_issuer"),
        ("http://issuer.example.com", "untrusted_issuer"),
        ("https://issuer.example.com ", "untrusted_issuer"),
        ("https://issuer.example.com\0", "untrusted_issuer"),
        ("https://issuer.example.co", "untrusted_issuer"),
        ("", "untrusted_issuer"),
    ] {
        world.introspect(&world.token(&json!({ "iss": issuer }))).await.assert_verdict(verdict, issuer);
    }
}

#[tokio::test]
async fn h20_an_audience_and_a_list_of_one_audience_are_equal() {
    let jwks = json!({ "keys": [keys::ed25519(Some("key-1"), 1).jwk()] });
    let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks": jwks, "audiences": [AUDIENCE] }]);
    let by_issuer = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string())]).await;
    // The issuer's entry lists no audiences, so that the caller's policy compares them.
    let by_policy = World::new().await;
    for world in [&by_issuer, &by_policy] {
        world.put_policy(&json!({ "audiences": [AUDIENCE] }));
    }
    for (audience, active) in [
        (json!(AUDIENCE), true),
        (json!([AUDIENCE]), true),
        (json!(["other", AUDIENCE]), true),
        (json!("other"), false),
        (json!(["other"]), false),
        (json!([]), false),
        (json!(format!("{AUDIENCE} other")), false),
    ] {
        for (world, of_jwts) in [(&by_issuer, "wrong_audience"), (&by_policy, "audience_hidden")] {
            let tokens = world.both_forms(&json!({ "aud": audience }));
            for (token, reason) in tokens.iter().zip([of_jwts, "audience_hidden"]) {
                let answer = world.introspect(token).await;
                answer.assert_verdict(if active { ACTIVE } else { reason }, format!("{audience} {token}"));
                // The answer keeps the token's own form.
                assert!(!active || answer.json()["aud"] == audience, "{}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn h21_an_encrypted_token_is_inactive() {
    let world = World::new().await;
    // RFC 7516, appendix A.1, and the same with an access token's type.
    let encrypted = "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ";
    for header in
        [r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, r#"{"alg":"RSA-OAEP","enc":"A256GCM","typ":"at+jwt","cty":"JWT"}"#]
    {
        let token = format!("{}.{encrypted}", URL_SAFE_NO_PAD.encode(header));
        world.introspect(&token).await.assert_verdict("unknown_token", header);
        // Three parts make no difference.
        let token = world.signer.sign(header, &claims(&json!({})).to_string());
        world.introspect(&token).await.assert_verdict("wrong_algorithm", format!("signed: {header}"));
    }
    let good = r#"{"alg":"EdDSA","kid":"key-1","typ":"at+jwt"}"#;
    world.introspect(&world.signer.sign(good, &claims(&json!({})).to_string())).await.assert_active();
}
