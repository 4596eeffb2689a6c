//! The signature check with the vectors of Wycheproof and of the RFCs. They test our key loading, our parsing and our
//! choice of the algorithm, not only the library.

use std::collections::BTreeMap;

use serde_json::Value;
use token_introspection::jwt::{self, Algorithm, UnverifiedJws, VerificationKey};

/// Every algorithm, so that only the key and the text decide.
const ALL: [Algorithm; 9] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

/// Vectors whose label is wrong, by number, with the reason.
const DISTRUSTED: [(u64, &str); 8] = [
    (346, "a PS256 key with a PS384 token is called valid"),
    (347, "ES512 under an algorithm name that does not exist, ES521"),
    (350, "a PS256 key with a PS384 token is called valid"),
    (351, "ES512 under an algorithm name that does not exist, ES521"),
    (367, "called invalid, and equal to the valid 357 byte for byte"),
    (370, "called invalid, and equal to the valid 357 byte for byte"),
    (372, "a question mark inside base64url is called valid"),
    (373, "a question mark inside base64url is called valid"),
];

/// Whether our code accepts this text as signed by this key.
fn accepts(jwk: &Value, allowed: &[Algorithm], text: &str) -> bool {
    let Ok(key) = VerificationKey::from_jwk(jwk, allowed) else { return false };
    jwt::is_jwt(text) && UnverifiedJws::parse(text).is_ok_and(|(jws, _)| key.verifies(&jws))
}

#[test]
#[ignore = "needs the vectors of CORPORA_DIR"]
fn g04_h06_h11_the_signature_vectors_of_wycheproof_have_their_verdict() {
    const FILE: &str = "wycheproof/json_web_signature_test.json";
    let file = super::read(FILE);
    let (mut seen, mut wrong) = (BTreeMap::new(), Vec::new());
    for group in file["testGroups"].as_array().unwrap() {
        // A symmetric key is never published, so its groups have no public one.
        let jwk = group.get("public").unwrap_or(&group["private"]);
        let symmetric = jwk["kty"] == "oct";
        for vector in group["tests"].as_array().unwrap() {
            let number = vector["tcId"].as_u64().unwrap();
            let label = vector["result"].as_str().unwrap();
            if DISTRUSTED.iter().any(|(distrusted, _)| *distrusted == number) {
                *seen.entry("distrusted").or_insert(0) += 1;
                continue;
            }
            *seen.entry(if symmetric { "symmetric" } else { label }).or_insert(0) += 1;
            let expected = label == "valid" && !symmetric;
            if accepts(jwk, &ALL, vector["jws"].as_str().unwrap()) != expected {
                wrong.push(format!("{number} {} should be {expected}", vector["comment"]));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let expected = BTreeMap::from([("distrusted", 8), ("invalid", 325), ("symmetric", 36), ("valid", 32)]);
    assert_eq!(seen, expected, "the whole file was tried");
}

#[test]
fn g04_h06_the_vectors_of_the_rfcs_have_their_verdict() {
    let file: Value = serde_json::from_str(include_str!("../../vectors/rfc-jws.json")).unwrap();
    let mut accepted = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let (id, text) = (vector["id"].as_str().unwrap(), vector["jws"].as_str().unwrap());
        let algorithm = Algorithm::from_name(vector["alg"].as_str().unwrap());
        // These keys have no `alg`, so the issuer's configuration decides.
        let allowed = algorithm.map_or(ALL.to_vec(), |algorithm| vec![algorithm]);
        if accepts(&vector["jwk"], &allowed, text) {
            accepted.push(id.to_owned());
        }
        // One character of the payload more or less is another text.
        let (header, rest) = text.split_once('.').unwrap();
        assert!(!accepts(&vector["jwk"], &allowed, &format!("{header}.AAAA{rest}")), "{id}");
    }
    // HS256, ES512 and `none` are never accepted, although the first two signatures are valid.
    assert_eq!(accepted, ["rfc7515-A.2", "rfc7515-A.3", "rfc7520-4.1", "rfc7520-4.2", "rfc8037-A.4"]);
}
