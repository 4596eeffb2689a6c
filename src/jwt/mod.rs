//! JSON Web Tokens as texts: split, decoded strictly, and checked against one key. Nothing in them is trusted yet. Our
//! own keys, and what they sign, are here too.

mod algorithm;
mod checked;
mod ecdsa;
mod embedded;
mod json;
mod key;
mod key_set;
mod material;
mod pem;
mod published;
mod raw;
mod signing;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

pub use self::{
    algorithm::Algorithm,
    checked::CheckedSignatures,
    ecdsa::raw_p256,
    embedded::{EmbeddedKey, NoEmbeddedKey},
    json::parse_object,
    key::VerificationKey,
    key_set::{
        DroppedKey, LoadedKeys, RejectedKey, UnreadableKeySet, document, key_set, key_set_entries, kid,
        registered_entries,
    },
    pem::decode_pem,
    published::PublishedKey,
    raw::{RawMembers, parse_members, raw},
    signing::{SigningKey, UnusableSigningKey, compact, signing_input},
};

/// A signed text in compact form (RFC 7515 §7.1) that parses, but whose signature has not been checked.
pub struct UnverifiedJws {
    /// `header.payload`, the text that was signed.
    signing_input: String,
    signature: String,
    pub header: Header,
}

/// A JWS whose payload is a claims set.
pub struct UnverifiedJwt {
    pub jws: UnverifiedJws,
    /// All members of the claims set.
    pub claims: RawMembers,
}

/// The members of a JOSE header that a decision reads (RFC 7515 §4.1). A token cannot say where its key is.
pub struct Header {
    pub alg: String,
    pub typ: Option<String>,
    /// The `kid` of the signing key. An empty one names no key, so it counts as missing.
    pub kid: Option<String>,
    /// Whether there is a `crit` member. No extension is supported, so its presence decides.
    pub critical: bool,
    /// Whether `b64` says that the payload is not base64url-encoded, which no JWT may do.
    pub unencoded: bool,
}

/// What is wrong with a text that has the form of a JWT but does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Whether a token is treated as a JWT: it has three parts separated by dots, and the first decodes to a JSON object
/// with `alg`. Any other token is opaque. RFC 9068 §4 allows encrypted tokens, which have five parts; they count as
/// opaque, so they are never active (H-21).
pub fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .is_some_and(|header| header.get("alg").is_some())
}

impl UnverifiedJws {
    /// Splits and decodes a text for which [`is_jwt`] holds. Returns its payload too.
    ///
    /// # Errors
    ///
    /// Returns [`Malformed`] if the base64url is not canonical (padding, white space, stray bits), or if the header is
    /// not a JSON object, repeats a member or has a member of a wrong type.
    pub fn parse(text: &str) -> Result<(Self, Vec<u8>), Malformed> {
        let (signing_input, signature) = text.rsplit_once('.').ok_or(Malformed("it does not have three parts"))?;
        let (header, payload) = signing_input.split_once('.').ok_or(Malformed("it does not have three parts"))?;
        // RFC 7515 §2: base64url has neither padding nor white space (H-11).
        let decode = |part, problem| URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed(problem));
        let header = Header::parse(&decode(header, "its header is not canonical base64url")?)?;
        let payload = decode(payload, "its payload is not canonical base64url")?;
        decode(signature, "its signature is not canonical base64url")?;
        Ok((Self { signing_input: signing_input.to_owned(), signature: signature.to_owned(), header }, payload))
    }

    /// The text that was signed: `header.payload` (RFC 7515 §5.1).
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// The signature, base64url-encoded.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

impl UnverifiedJwt {
    /// Splits and decodes a token for which [`is_jwt`] holds.
    ///
    /// # Errors
    ///
    /// Returns [`Malformed`] as [`UnverifiedJws::parse`] does, and if the claims are not a JSON object or repeat a
    /// member.
    pub fn parse(token: &str) -> Result<Self, Malformed> {
        // RFC 7519 §7.2: header and payload are JSON objects.
        let (jws, payload) = UnverifiedJws::parse(token)?;
        let claims =
            parse_members(&payload).map_err(|_| Malformed("its payload is not a JSON object, or names a member twice"));
        Ok(Self { jws, claims: claims? })
    }
}

impl Header {
    /// RFC 8725 §3.10: `jku`, `x5u`, `jwk` and `x5c` are only claims of the sender, so they are not even read (E-12,
    /// H-08).
    fn parse(json: &[u8]) -> Result<Self, Malformed> {
        let members =
            parse_object(json).map_err(|_| Malformed("its header is not a JSON object, or names a member twice"))?;
        let string = |name, problem| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Malformed(problem)),
        };
        Ok(Self {
            alg: string("alg", "alg is not a string")?.ok_or(Malformed("it has no alg"))?,
            typ: string("typ", "typ is not a string")?,
            kid: string("kid", "kid is not a string")?.filter(|kid| !kid.is_empty()),
            critical: members.contains_key("crit"),
            unencoded: members.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    #[test]
    fn a_jwt_is_three_parts_whose_first_is_an_object_with_alg() {
        let header = encode(r#"{"alg":"ES256"}"#);
        for (token, expected) in [
            (format!("{header}.e30.AAAA"), true),
            (format!("{header}.."), true),
            (format!("{header}.e30.A.A.A"), false),
            (format!("{header}.e30"), false),
            (format!("{}.e30.AAAA", encode("{}")), false),
            (format!("{}.e30.AAAA", encode(r#"["alg"]"#)), false),
            (format!("{header}=.e30.AAAA"), false),
            ("a.b.c".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_jwt(&token), expected, "{token}");
        }
    }

    #[test]
    fn h11_only_canonical_base64url_parses() {
        let (header, claims) = (encode(r#"{"alg":"ES256"}"#), encode(r#"{"iss":"a"}"#));
        assert!(UnverifiedJwt::parse(&format!("{header}.{claims}.AAAA")).is_ok());
        for (payload, signature) in [
            (format!("{claims}=="), "AAAA"),
            (format!("{claims} "), "AAAA"),
            (format!("{claims}\n"), "AAAA"),
            (claims.clone(), "AAA="),
            (claims.clone(), "AAB"),
            (claims.clone(), "A+A/"),
            (claims.clone(), "A"),
            ("e3 0".to_owned(), "AAAA"),
            (String::new(), "AAAA"),
        ] {
            assert!(UnverifiedJwt::parse(&format!("{header}.{payload}.{signature}")).is_err(), "{payload} {signature}");
        }
    }

    #[test]
    fn h10_duplicates_and_wrong_types_in_the_header_do_not_parse() {
        for header in [
            r#"{"alg":"ES256","alg":"ES256"}"#,
            r#"{"alg":1}"#,
            r#"{"alg":null}"#,
            r#"{"alg":"ES256","kid":1}"#,
            r#"{"alg":"ES256","typ":["JWT"]}"#,
        ] {
            let token = format!("{}.e30.AAAA", encode(header));
            assert!(is_jwt(&token) && UnverifiedJwt::parse(&token).is_err(), "{header}");
        }
    }

    #[test]
    fn claims_that_are_not_an_object_or_repeat_a_member_do_not_parse() {
        for claims in ["[]", "1", r#"{"exp":1,"exp":2}"#, r#"{"a":{"b":1,"b":1}}"#] {
            let token = format!("{}.{}.AAAA", encode(r#"{"alg":"ES256"}"#), encode(claims));
            assert!(UnverifiedJwt::parse(&token).is_err(), "{claims}");
        }
    }
}
