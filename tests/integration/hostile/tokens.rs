//! Hostile tokens for every profile: each member of the header, each claim, each part of the compact form and the
//! signature, changed in every way.

use serde_json::{Value, json};

use super::{
    Hostile, OtherHosts, T, claims, forbidden_requests, forbidden_writes, headers, not_inactive, signatures, with,
};
use crate::{
    key_host::KeyHost,
    key_site::Site,
    keys,
    signer::Signer,
    world::{INACTIVE, World, changed, introspection, send},
};

/// An issuer of one profile, and a good token of it.
pub struct Target {
    pub profile: &'static str,
    pub issuer: String,
    pub signer: Signer,
    /// The keys of other parties: the attacker's, and those of the other trusted issuers. Each has the `kid` of this one.
    pub others: Vec<Signer>,
    /// A URL of the attacker's host.
    pub lure: String,
    /// The header without `alg` and `kid`.
    header: Value,
    claims: Value,
    /// The names of the claims that contain client, scopes and token id.
    pub client: &'static str,
    pub scope: &'static str,
    pub jti: &'static str,
}

/// A profile, `typ` of the header, the claims of a good token beside issuer and times, and the names of the claims with
/// client, scopes and token id.
type Shape = (&'static str, &'static str, Value, [&'static str; 3]);

fn shapes() -> [Shape; 7] {
    let usual = ["client_id", "scope", "jti"];
    [
        ("rfc9068", "at+jwt", json!({ "aud": "api", "client_id": "app", "jti": "j", "scope": "a" }), usual),
        ("cognito", "", json!({ "token_use": "access", "client_id": "app", "scope": "api/a", "jti": "j" }), usual),
        ("auth0", "JWT", json!({ "aud": ["api"], "azp": "app", "scope": "a", "jti": "j" }), ["azp", "scope", "jti"]),
        ("entra", "JWT", json!({ "aud": "api", "azp": "app", "scp": "a", "uti": "j" }), ["azp", "scp", "uti"]),
        (
            "okta",
            "",
            json!({ "aud": "api", "cid": "app", "uid": "o", "scp": ["a"], "jti": "j" }),
            ["cid", "scp", "jti"],
        ),
        (
            "keycloak",
            "JWT",
            json!({ "aud": "api", "typ": "Bearer", "azp": "app", "jti": "j", "scope": "a" }),
            ["azp", "scope", "jti"],
        ),
        ("generic", "", json!({ "aud": "api", "client_id": "app", "jti": "j", "scope": "a", "use": "access" }), usual),
    ]
}

impl Target {
    fn all(lure: &str) -> Vec<Self> {
        let of_number = |number: usize| keys::ed25519(Some("key-1"), u8::try_from(number + 1).unwrap());
        let numbers = 0..shapes().len();
        let targets = shapes().into_iter().enumerate().map(|(number, (profile, typ, claims, names))| {
            let issuer = format!("https://{profile}.example.com");
            let own = json!({ "iss": issuer, "sub": "u", "sid": "s", "iat": T - 10, "exp": T + 600 });
            Self {
                profile,
                signer: of_number(number),
                others: numbers.clone().chain([98]).filter(|other| *other != number).map(of_number).collect(),
                lure: lure.to_owned(),
                header: if typ.is_empty() { json!({}) } else { json!({ "typ": typ }) },
                claims: changed(&own, &claims),
                issuer,
                client: names[0],
                scope: names[1],
                jti: names[2],
            }
        });
        targets.collect()
    }

    /// The entry of `TRUSTED_ISSUERS`.
    fn entry(&self) -> Value {
        let entry = json!({
            "issuer": self.issuer, "profile": self.profile, "algorithms": ["EdDSA"], "audiences": ["api"],
            "jwks": { "keys": [self.signer.jwk()] },
        });
        match self.profile {
            "cognito" => changed(&entry, &json!({ "client_ids": ["app"] })),
            "generic" => changed(&entry, &json!({ "required_claims": { "use": "access" } })),
            _ => entry,
        }
    }

    /// The whole header of a good token.
    pub fn header(&self) -> Value {
        changed(&json!({ "alg": "EdDSA", "kid": "key-1" }), &self.header)
    }

    /// The claims of a good token.
    pub fn claims(&self) -> Value {
        self.claims.clone()
    }

    /// The issuer's signature over this header and the good claims.
    pub fn with_header(&self, header: &Value) -> String {
        self.signer.sign(&header.to_string(), &self.claims.to_string())
    }

    /// The issuer's signature over the good header and a claim of exactly this value.
    pub fn with_claim(&self, name: &str, value: Value) -> String {
        self.with_payload(&with(&self.claims, name, value).to_string())
    }

    /// The issuer's signature over the good header and this text.
    pub fn with_payload(&self, payload: &str) -> String {
        self.signer.sign(&self.header().to_string(), payload)
    }

    pub fn good(&self) -> String {
        self.with_header(&self.header())
    }

    fn hostile(&self) -> Vec<Hostile> {
        [headers::all(self), claims::all(self), signatures::all(self)].into_iter().flatten().collect()
    }
}

#[tokio::test]
async fn g01_g02_g04_h06_h08_h09_h10_h11_h33_o01_o03_hostile_tokens_are_inactive_each_by_its_rule() {
    let (world, attacker, others) = (World::new().await, Site::start().await, OtherHosts::start().await);
    let targets = Target::all(&attacker.url("/jwks.json"));
    // One issuer's keys are fetched, so that requests to its host can be counted.
    let host = KeyHost::start(&json!({ "keys": [targets[0].signer.jwk()] })).await;
    let fetched = changed(&targets[0].entry(), &json!({ "jwks": null, "jwks_uri": host.url }));
    let entries: Vec<_> = [fetched].into_iter().chain(targets[1..].iter().map(Target::entry)).collect();
    let settings: Vec<_> = world.token_settings().into_iter().chain([others.setting()]).collect();
    let service = World::service(&world.proxy.url, &json!(entries).to_string(), &settings).await;
    let (mut count, mut wrong) = (0, Vec::new());
    for target in &targets {
        send(&service, introspection(&target.good()).at(T)).await.assert_active();
        let all = target.hostile();
        // A batch answers each token as the single route would, with one read for all of them.
        for tokens in all.chunks(50) {
            let texts: Vec<_> = tokens.iter().map(|hostile| &hostile.token).collect();
            let batch = introspection("").path("/token/introspect/batch").header("content-type", "application/json");
            let answer = send(&service, batch.body(json!({ "tokens": texts }).to_string()).at(T)).await;
            let body = format!(r#"{{"results":[{}]}}"#, vec![INACTIVE; tokens.len()].join(","));
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, body.as_str()), "{}", target.profile);
            for (Hostile { case, reason, .. }, verdict) in tokens.iter().zip(answer.verdicts()) {
                if verdict != *reason {
                    wrong.push(format!("{}, {case}: expected {reason}, found {verdict}", target.profile));
                }
            }
        }
        // Enough of each kind, by a step that is no divisor of their numbers.
        for Hostile { case, token, reason } in all.iter().step_by(7) {
            let answer = send(&service, introspection(token).at(T)).await;
            wrong.extend(not_inactive(&answer, reason).map(|what| format!("{}, {case}: {what}", target.profile)));
        }
        count += all.len();
        send(&service, introspection(&target.good()).at(T)).await.assert_active();
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 3600, "{count} hostile tokens");
    assert_eq!(attacker.take_requests(), [""; 0], "a header or a claim chose a host");
    assert_eq!(others.take_requests(), [""; 0], "a header or a claim chose a host");
    assert_eq!(forbidden_writes(&world), [""; 0]);
    assert!(host.take_requests() <= 2, "invented keys and bad signatures caused fetches");
}

#[tokio::test]
async fn h06_no_zero_and_no_order_of_the_curve_is_an_ecdsa_signature() {
    let key = keys::es256(Some("key-1"));
    let issuers = json!([{ "issuer": crate::world::ISSUER, "profile": "rfc9068", "jwks": { "keys": [key.jwk()] } }]);
    let others = OtherHosts::start().await;
    let world = World::with(&[("TRUSTED_ISSUERS", &issuers.to_string()), others.setting()]).await;
    let good = key.token(&json!({ "typ": "at+jwt" }), &crate::world::claims(&json!({})));
    world.introspect(&good).await.assert_active();
    for (case, token) in signatures::psychic(&good) {
        world.proxy.take_requests();
        let answer = world.introspect(&token).await;
        assert_eq!(not_inactive(&answer, "bad_signature"), None, "{case}");
        assert_eq!(forbidden_requests(&world.proxy.take_requests(), None), None, "{case}");
    }
    assert_eq!(others.take_requests(), [""; 0]);
}
