//! The key that a proof of `DPoP` contains in its header. In any other JWT, such a key is only a claim of the sender and is
//! not even read (RFC 8725 §3.10); here, it counts because the token names its thumbprint.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{Algorithm, UnverifiedJws, VerificationKey, parse_object, published::thumbprint};

/// Members that only a private or symmetric key has (RFC 7518 §6.2.2, RFC 7518 §6.3.2, RFC 7518 §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key from a header (RFC 9449 §4.2).
pub struct EmbeddedKey {
    key: VerificationKey,
    thumbprint: String,
}

/// The header contains no public key in canonical form that the algorithm can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEmbeddedKey;

impl EmbeddedKey {
    /// Reads `jwk` of the header.
    ///
    /// # Errors
    ///
    /// Returns [`NoEmbeddedKey`] if it is missing or not a key that may verify signatures of the algorithm, if it has a
    /// private member (RFC 9449 §4.3, S-03), and if it could be written in another way, because the thumbprint would then
    /// not be that of its text (RFC 7638 §7).
    pub fn read(jws: &UnverifiedJws, algorithm: Algorithm) -> Result<Self, NoEmbeddedKey> {
        let header = jws.signing_input().split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
        let header = header.and_then(|header| parse_object(&header).ok()).ok_or(NoEmbeddedKey)?;
        let jwk = header.get("jwk").ok_or(NoEmbeddedKey)?;
        if PRIVATE.iter().any(|name| jwk.get(name).is_some()) {
            return Err(NoEmbeddedKey);
        }
        let key = VerificationKey::from_jwk(jwk, &[algorithm]).map_err(|_| NoEmbeddedKey)?;
        let defining: &[&str] = match jwk.get("kty").and_then(Value::as_str) {
            Some("EC") => &["crv", "kty", "x", "y"],
            Some("OKP") => &["crv", "kty", "x"],
            _ => &["e", "kty", "n"],
        };
        let mut members = Map::new();
        for name in defining {
            // The loaded key has the numbers in canonical form.
            let value = jwk.get(name).filter(|value| key.public_jwk().get(name) == Some(value)).ok_or(NoEmbeddedKey)?;
            members.insert((*name).to_owned(), value.clone());
        }
        Ok(Self { key, thumbprint: thumbprint(members) })
    }

    /// The thumbprint of the key (RFC 7638 §3), which a bound token names as `jkt` (RFC 9449 §6.1).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether this key made the signature.
    pub fn verifies(&self, jws: &UnverifiedJws) -> bool {
        self.key.verifies(jws)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    const Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";

    fn read(jwk: &Value, algorithm: Algorithm) -> Option<String> {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm.name(), "jwk": jwk }).to_string());
        let (jws, _) = UnverifiedJws::parse(&format!("{header}.e30.AAAA")).unwrap();
        EmbeddedKey::read(&jws, algorithm).ok().map(|key| key.thumbprint().to_owned())
    }

    fn ec(change: impl FnOnce(&mut Value)) -> Value {
        let mut jwk = json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y });
        change(&mut jwk);
        jwk
    }

    #[test]
    fn s03_a_public_key_has_the_thumbprint_of_its_type() {
        // RFC 9449 §6.1, RFC 8037 appendix A.3, RFC 7638 §3.1.
        let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        assert_eq!(read(&ec(|_| {}), Algorithm::Es256).as_deref(), Some(thumbprint));
        let described = ec(|jwk| {
            (jwk["kid"], jwk["alg"], jwk["use"]) = ("k".into(), "ES256".into(), "sig".into());
            jwk["key_ops"] = json!(["verify"]);
        });
        assert_eq!(read(&described, Algorithm::Es256).as_deref(), Some(thumbprint));
        let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(read(&ed25519, Algorithm::EdDsa).as_deref(), Some(thumbprint));
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o\
                 knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu\
                 6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw\
                 apJzKnqDKgw";
        let rsa = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        assert_eq!(read(&rsa, Algorithm::Rs256).as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    }

    #[test]
    fn s03_private_keys_and_other_spellings_of_a_key_are_refused() {
        for name in PRIVATE {
            assert_eq!(read(&ec(|jwk| jwk[name] = "AAAA".into()), Algorithm::Es256), None, "{name}");
            assert_eq!(read(&ec(|jwk| jwk[name] = Value::Null), Algorithm::Es256), None, "{name}");
        }
        for jwk in [
            json!(null),
            json!("text"),
            json!([]),
            json!({}),
            json!({ "kty": "oct" }),
            ec(|jwk| jwk["x"] = format!("{X}=").into()),
            ec(|jwk| jwk["y"] = Y.replace('_', "/").into()),
            ec(|jwk| jwk["x"] = format!("AA{X}").into()),
            ec(|jwk| jwk["y"] = X.into()),
            ec(|jwk| jwk["crv"] = "P-384".into()),
            ec(|jwk| jwk["alg"] = "ES384".into()),
            ec(|jwk| jwk["use"] = "enc".into()),
            ec(|jwk| jwk["key_ops"] = json!(["sign"])),
            ec(|jwk| drop(jwk.as_object_mut().unwrap().remove("y"))),
        ] {
            assert_eq!(read(&jwk, Algorithm::Es256), None, "{jwk}");
        }
        assert_eq!(read(&ec(|_| {}), Algorithm::Rs256), None);
        assert_eq!(read(&ec(|_| {}), Algorithm::EdDsa), None);
    }
}
