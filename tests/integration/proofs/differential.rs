//! The service and the model agree about random proofs.

use super::{
    model::{Received, accepts},
    *,
};

/// A small generator, so that each run has the same cases.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len())]
    }

    /// Usually the good value, so that most cases differ from a good proof in one or two places.
    fn rarely<'t, T>(&mut self, good: &'t T, others: &'t [T]) -> &'t T {
        if self.below(8) == 0 { self.of(others) } else { good }
    }

    /// A URL that may be equivalent to [`URL`] or not.
    fn url(&mut self) -> String {
        let scheme = self.rarely(&"https", &["HTTPS", "http", "ftp"]);
        let host = self.rarely(&"api.example.com", &["API.example.COM", "example.com", "a@api.example.com"]);
        let port = self.rarely(&"", &[":443", ":80", ":8443"]);
        let path: String =
            (0..self.below(4)).map(|_| *self.of(&["/.", "/a/..", "/..", "/./", "/%2e", "//", "/%2E%2e"])).collect();
        let end = self.rarely(&"/orders", &["/%6Frders", "/orders/", "/Orders", "/orders/.", "", "/%zz", "/%2forders"]);
        let query = self.of(&["", "", "?page=2", "#top", "?a#b", "#a?b"]);
        format!("{scheme}://{host}{port}{path}{end}{query}")
    }
}

#[tokio::test]
async fn s02_s03_s07_s08_s09_s14_service_and_model_agree_about_random_proofs() {
    let world = World::new().await;
    let keys = [key(), keys::ed25519(None, 7)];
    let mut random = Random(2026);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..1500 {
        let signer = random.of(&keys);
        let bound_to = if random.below(8) == 0 { random.of(&keys) } else { signer };
        let token = token(&world, &json!({ "jkt": thumbprint(bound_to) }));
        let typ = random
            .rarely(&json!("dpop+jwt"), &[json!("DPoP+JWT"), json!("JWT"), Value::Null, json!("application/dpop+jwt")])
            .clone();
        let alg = random
            .rarely(&json!(signer.alg()), &[json!("none"), json!("HS256"), json!("ES256"), json!("RS256")])
            .clone();
        let shown = random.rarely(&jwk(signer), &[jwk(&keys[0]), jwk(&keys[1]), json!({}), Value::Null]).clone();
        let extra = random
            .rarely(
                &json!({}),
                &[json!({ "crit": ["b64"], "b64": true }), json!({ "b64": false }), json!({ "kid": "k" })],
            )
            .clone();
        let header = changed(
            &serde_json::from_str(&header(signer, &json!({ "typ": typ, "alg": alg, "jwk": shown }))).unwrap(),
            &extra,
        );
        let now = T + i64::try_from(random.below(330)).unwrap() - 15;
        let (htu, sent) =
            if random.below(3) == 0 { (random.url(), random.url()) } else { (URL.to_owned(), URL.to_owned()) };
        let changes = json!({
            "htm": random.rarely(&json!("GET"), &[json!("get"), json!("POST"), Value::Null, json!(1)]),
            "htu": htu,
            "iat": random.rarely(&json!(T), &[json!(T + 1), json!(0.5), json!("now"), Value::Null, json!(1.8e9)]),
            "jti": random.rarely(&json!("j"), &[json!(""), json!(1), Value::Null]),
            "ath": random.rarely(&json!(sha256(&token)), &[json!(sha256("other")), json!(""), Value::Null]),
        });
        let mut proof = signer.sign(&header.to_string(), &claims(&token, &changes));
        if random.below(20) == 0 {
            proof.truncate(proof.len() - 1 - random.below(40));
        }
        let request = asking(&token, &[("dpop", &proof), ("htm", "GET"), ("htu", &sent)]).at(now);
        let answer = world.send(request).await;
        if answer.reason() == Some("wrong_proof_target") {
            // The resource server's own URL is not valid: the model refuses everything that is compared with it.
            assert_eq!(answer.status, 400);
        }
        #[allow(clippy::cast_precision_loss, reason = "the times are small")]
        let received = Received {
            proof: &proof,
            method: "GET",
            url: &sent,
            token: &token,
            jkt: &thumbprint(bound_to),
            now: now as f64,
            skew: 10.0,
        };
        let expected = accepts(&received);
        assert_eq!(
            answer.json()["binding"] == "proved",
            expected,
            "{header} {changes} {sent} {now} {:?}",
            answer.reason()
        );
        if expected { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 150 && refused > 500, "{accepted} {refused}");
}
