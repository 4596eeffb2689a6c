//! Whether the sender of a token has the key that the token is bound to (`cnf`, RFC 7800 §3.1), as an authorizer must
//! know: it is the resource server, and there is no other that could check it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::value::RawValue;

use crate::{
    certificate::der_of_pem,
    digest::Digest,
    jwt::{RawMembers, parse_members},
    request::AccessScheme,
};

/// The members of `cnf` that can be checked: a key's thumbprint (RFC 9449 §6.1), and a certificate's (RFC 8705 §3.1).
const KEY: &str = "jkt";
const CERTIFICATE: &str = "x5t#S256";

/// What the sender of a token has shown.
pub struct Possession<'a> {
    pub scheme: &'a AccessScheme,
    /// The certificate in PEM with which the sender opened the connection, as the gateway reports it.
    pub certificate: Option<&'a str>,
}

/// Why possession of the key is not proved, so that the token must not be accepted from this sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// A token that is bound by `DPoP` under the scheme `Bearer`, or an unbound token under `DPoP`.
    Scheme,
    /// No proof, or several.
    NoProof,
    /// There is a proof, but proofs cannot be checked here.
    ProofUnchecked,
    /// The connection had no client certificate.
    NoCertificate,
    /// The certificate is another one.
    OtherCertificate,
    /// The token is bound in a way that is not known here.
    UnknownBinding,
}

impl Possession<'_> {
    /// Checks the bindings that a token names.
    ///
    /// # Errors
    ///
    /// Returns [`Unproved`] for the first one that is not proved.
    pub fn check(&self, confirmation: Option<&RawValue>) -> Result<(), Unproved> {
        let bindings = match confirmation {
            None => RawMembers::new(),
            Some(cnf) => parse_members(cnf.get().as_bytes())
                .ok()
                .filter(|members| {
                    !members.is_empty() && members.keys().all(|name| [KEY, CERTIFICATE].contains(&&**name))
                })
                .ok_or(Unproved::UnknownBinding)?,
        };
        // RFC 9449 §7.2: a bound token is not accepted under the scheme `Bearer`. RFC 9449 §7.1: nor is a token that is
        // not bound under `DPoP`, whose proof would show nothing (T-07).
        match (bindings.contains_key(KEY), self.scheme) {
            (false, AccessScheme::Bearer) => {}
            (true, AccessScheme::Dpop(header)) if header.proof.is_none() => return Err(Unproved::NoProof),
            (true, AccessScheme::Dpop(_)) => return Err(Unproved::ProofUnchecked),
            (true, AccessScheme::Bearer) | (false, AccessScheme::Dpop(_)) => return Err(Unproved::Scheme),
        }
        bindings.get(CERTIFICATE).map_or(Ok(()), |thumbprint| self.has_certificate(thumbprint))
    }

    /// RFC 8705 §3: the certificate of the connection must be the one that the token names (T-07).
    fn has_certificate(&self, thumbprint: &RawValue) -> Result<(), Unproved> {
        let der = self.certificate.and_then(der_of_pem).ok_or(Unproved::NoCertificate)?;
        let own = URL_SAFE_NO_PAD.encode(Digest::of(der).bytes());
        let is_own = serde_json::from_str::<String>(thumbprint.get()).is_ok_and(|named| named == own);
        if is_own { Ok(()) } else { Err(Unproved::OtherCertificate) }
    }
}

impl Unproved {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheme => "other_token_scheme",
            Self::NoProof => "no_proof",
            Self::ProofUnchecked => "proof_unchecked",
            Self::NoCertificate => "no_certificate",
            Self::OtherCertificate => "other_certificate",
            Self::UnknownBinding => "unknown_binding",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{jwt::raw, request::DpopHeader};

    const ORDERS: &str = include_str!("../../tests/certificates/orders.pem");
    const BILLING: &str = include_str!("../../tests/certificates/billing.pem");

    fn thumbprint(pem: &str) -> String {
        URL_SAFE_NO_PAD.encode(Digest::of(der_of_pem(pem).unwrap()).bytes())
    }

    #[test]
    fn t07_a_bound_token_is_accepted_only_from_the_sender_that_has_the_key() {
        let dpop = |proof: Option<&str>| {
            AccessScheme::Dpop(DpopHeader { proof: proof.map(str::to_owned), access_token: "a".to_owned() })
        };
        let bound = json!({ "x5t#S256": thumbprint(ORDERS) });
        let bearer = || AccessScheme::Bearer;
        let check = |cnf: &Value, scheme: &AccessScheme, certificate: Option<&str>| {
            Possession { scheme, certificate }.check(raw(cnf).filter(|cnf| cnf.get() != "null").as_deref())
        };
        for (cnf, scheme, certificate, expected) in [
            (json!(null), bearer(), None, Ok(())),
            (json!(null), bearer(), Some(ORDERS), Ok(())),
            (json!(null), dpop(Some("p")), None, Err(Unproved::Scheme)),
            (json!({ "jkt": "k" }), bearer(), None, Err(Unproved::Scheme)),
            (json!({ "jkt": "k" }), dpop(None), None, Err(Unproved::NoProof)),
            (json!({ "jkt": "k" }), dpop(Some("p")), None, Err(Unproved::ProofUnchecked)),
            (bound.clone(), bearer(), Some(ORDERS), Ok(())),
            (bound.clone(), bearer(), Some(BILLING), Err(Unproved::OtherCertificate)),
            (bound.clone(), bearer(), Some("no PEM"), Err(Unproved::NoCertificate)),
            (bound.clone(), bearer(), None, Err(Unproved::NoCertificate)),
            (bound.clone(), dpop(Some("p")), Some(ORDERS), Err(Unproved::Scheme)),
            (json!({ "x5t#S256": 1 }), bearer(), Some(ORDERS), Err(Unproved::OtherCertificate)),
            (json!({ "x5t#S256": "" }), bearer(), Some(ORDERS), Err(Unproved::OtherCertificate)),
            (json!({}), bearer(), None, Err(Unproved::UnknownBinding)),
            (json!({ "jwk": {} }), bearer(), None, Err(Unproved::UnknownBinding)),
            (
                json!({ "x5t#S256": thumbprint(ORDERS), "kid": "k" }),
                bearer(),
                Some(ORDERS),
                Err(Unproved::UnknownBinding),
            ),
        ] {
            assert_eq!(check(&cnf, &scheme, certificate), expected, "{cnf}");
        }
    }
}
