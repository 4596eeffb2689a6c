//! The tokens of the benchmark, signed with the keys in crates/bench/fixtures. The in-process part judges them at [`NOW`]; all
//! except the assertion are valid until 2100.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use serde_json::{Value, json};

/// The time of every request of the in-process part.
pub const NOW: i64 = 1_800_000_000;
pub const ISSUER: &str = "https://auth.example.com";
/// The endpoint's own identifier.
pub const AUDIENCE: &str = "https://introspection.example.com";
pub const CLIENT: &str = "orders-api";
pub const SUBJECT: &str = "5ba552d67fb84f6a9a4a6b0f1a3f9d0c";
const KEYS: &str = include_str!("../../bench/fixtures/keys.json");

/// Signs as the issuer does, with one of its keys.
pub struct Signer {
    algorithm: Algorithm,
    name: &'static str,
    key: EncodingKey,
}

impl Signer {
    /// The issuer's key for an algorithm, by the name that it has in a JWT's header.
    pub fn new(name: &'static str) -> Self {
        let keys: Value = serde_json::from_str(KEYS).unwrap();
        let der = STANDARD.decode(keys[name].as_str().unwrap()).unwrap();
        let (algorithm, key) = match name {
            "RS256" => (Algorithm::RS256, EncodingKey::from_rsa_der(&der)),
            "PS256" => (Algorithm::PS256, EncodingKey::from_rsa_der(&der)),
            "ES256" => (Algorithm::ES256, EncodingKey::from_ec_der(&der)),
            _ => (Algorithm::EdDSA, EncodingKey::from_ed_der(&der)),
        };
        Self { algorithm, name, key }
    }

    /// A JWT with these claims.
    pub fn token(&self, kind: &str, claims: &Value) -> String {
        let header = json!({ "alg": self.name, "typ": kind, "kid": self.name.to_lowercase() });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(claims));
        let signature = sign(input.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{input}.{signature}")
    }

    /// An access token that is active. Each number gives another one of the same size.
    pub fn active(&self, number: usize) -> String {
        self.token("at+jwt", &claims(number))
    }

    /// An access token that has expired.
    pub fn expired(&self) -> String {
        let mut claims = claims(0);
        claims["exp"] = 1_767_225_900.into();
        self.token("at+jwt", &claims)
    }

    /// An active access token with so many bytes, because its subject is in many groups.
    pub fn of_size(&self, bytes: usize, number: usize) -> String {
        let mut claims = claims(number);
        let unpadded = self.token("at+jwt", &claims).len();
        // Base64 makes four bytes of three, and each group has quotes and a comma.
        let members = (bytes.saturating_sub(unpadded) * 3 / 4).checked_sub(r#","groups":[]"#.len());
        if let Some(mut left) = members {
            let mut groups: Vec<String> = Vec::new();
            while left > 24 {
                let group = format!("/department/team-{:04}", groups.len());
                left -= group.len() + 3;
                groups.push(group);
            }
            groups.push("x".repeat(left.saturating_sub(2)));
            claims["groups"] = groups.into();
        }
        self.token("at+jwt", &claims)
    }

    /// The access token that a client authenticates with.
    pub fn bearer(&self) -> String {
        let mut claims = claims(0);
        for (name, value) in [("sub", CLIENT), ("client_id", CLIENT), ("scope", "introspection"), ("aud", AUDIENCE)] {
            claims[name] = value.into();
        }
        self.token("at+jwt", &claims)
    }

    /// A client's assertion, valid at [`NOW`].
    pub fn assertion(&self) -> String {
        let claims = json!({ "iss": CLIENT, "sub": CLIENT, "aud": AUDIENCE, "jti": "a1", "iat": NOW, "exp": NOW + 60 });
        self.token("JWT", &claims)
    }
}

fn claims(number: usize) -> Value {
    json!({
        "iss": ISSUER, "aud": "https://api.example.com", "sub": SUBJECT, "client_id": "web-app",
        "jti": format!("0f1c9a8e4b7d4e6fb8a1c3d5{number:08x}"), "scope": "orders:read orders:write profile",
        "iat": 1_767_225_600, "exp": 4_102_444_800_i64, "department": "sales",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_have_one_size() {
        let signer = Signer::new("RS256");
        let (first, second) = (signer.active(1), signer.active(2));
        assert!(first != second);
        assert_eq!(first.len(), second.len());
    }

    #[test]
    fn a_token_of_a_size_has_it_within_a_few_bytes() {
        let signer = Signer::new("EdDSA");
        for bytes in [512, 1024, 4096, 16 * 1024] {
            let token = signer.of_size(bytes, 1);
            assert!(token.len() <= bytes && token.len() + 8 > bytes, "{bytes}: {}", token.len());
        }
    }
}
