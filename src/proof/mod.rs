//! Whether the sender of a token has the keys that the token is bound to (`cnf`, RFC 7800 §3.1): the proof of `DPoP`, and
//! the client certificate of the connection. A resource server forwards what its client sent, and an authorizer has it in
//! its event.

mod dpop;
mod target;
mod unproved;

use serde_json::value::RawValue;

pub use self::{
    dpop::{PresentedDpop, ValidProof},
    target::TargetUrl,
    unproved::Unproved,
};
use crate::{
    certificate::{Certificate, der_of_pem},
    digest::Digest,
    jwt::{RawMembers, parse_members},
};

/// The members of `cnf` that can be checked: a key's thumbprint (RFC 9449 §6.1), and a certificate's (RFC 8705 §3.1).
const KEY: &str = "jkt";
const CERTIFICATE: &str = "x5t#S256";

/// What the sender of a token presented beside it. Nothing in it has been checked.
#[derive(Default)]
pub struct PresentedProofs {
    pub dpop: Option<PresentedDpop>,
    pub certificate: Option<Thumbprint>,
}

/// The SHA-256 of a certificate's DER (RFC 8705 §3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Thumbprint(Digest);

/// Whether the sender showed that it has the keys of a token.
pub enum Possession {
    /// The token is bound to no key, so any sender may use it.
    Unbound,
    /// The sender has every key. Nothing is known yet about an earlier use of its proof.
    Proved(Option<ValidProof>),
    /// At least one key was not shown, and none was shown wrongly.
    NotPresented(Unproved),
}

impl PresentedProofs {
    /// Checks everything that was presented against the bindings of a token.
    ///
    /// # Errors
    ///
    /// Returns [`Unproved`] if something was presented that does not belong to the token. It then does not matter what
    /// is missing.
    pub fn possession(&self, confirmation: Option<&RawValue>, skew: i64) -> Result<Possession, Unproved> {
        // A `cnf` that cannot be read binds the token in a way that is not known.
        let bindings = confirmation.map(|cnf| parse_members(cnf.get().as_bytes()).unwrap_or_default());
        let bound_to = |name| bindings.as_ref().and_then(|bindings: &RawMembers| bindings.get(name));
        let mut missing = None;
        let proof = match (bound_to(KEY), &self.dpop) {
            (Some(jkt), Some(dpop)) => Some(dpop.check(jkt, skew)?),
            (Some(_), None) => {
                missing = Some(Unproved::NoProof);
                None
            }
            (None, Some(_)) => return Err(Unproved::NotBound),
            (None, None) => None,
        };
        match (bound_to(CERTIFICATE), &self.certificate) {
            (Some(named), Some(certificate)) if certificate.is_named(named) => {}
            (Some(_), Some(_)) => return Err(Unproved::OtherCertificate),
            (Some(_), None) => missing = missing.or(Some(Unproved::NoCertificate)),
            // A connection with a certificate may carry any token.
            (None, _) => {}
        }
        let Some(bindings) = bindings else { return Ok(Possession::Unbound) };
        let is_known = !bindings.is_empty() && bindings.keys().all(|name| [KEY, CERTIFICATE].contains(&name.as_str()));
        let missing = missing.or((!is_known).then_some(Unproved::UnknownBinding));
        Ok(missing.map_or(Possession::Proved(proof), Possession::NotPresented))
    }
}

impl Thumbprint {
    /// The thumbprint of a certificate in PEM, as gateways report it. `None` if it cannot be read.
    pub fn of_pem(pem: &str) -> Option<Self> {
        Self::of_der(&der_of_pem(pem)?)
    }

    /// The thumbprint of a certificate in DER. `None` if it cannot be read.
    pub fn of_der(der: &[u8]) -> Option<Self> {
        Certificate::parse(der).map(|_| Self(Digest::of(der)))
    }

    /// Reads a thumbprint as tokens name it: base64url without padding.
    pub fn from_base64url(text: &str) -> Option<Self> {
        Digest::from_base64url(text).map(Self)
    }

    /// RFC 8705 §3: the certificate of the connection must be the one that the token names (S-05).
    fn is_named(self, thumbprint: &RawValue) -> bool {
        serde_json::from_str::<String>(thumbprint.get()).is_ok_and(|named| named == self.0.to_base64url())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jwt::raw;

    const ORDERS: &str = include_str!("../../tests/certificates/orders.pem");
    const BILLING: &str = include_str!("../../tests/certificates/billing.pem");

    #[derive(Debug, PartialEq)]
    enum Found {
        Unbound,
        Proved,
        NotPresented(Unproved),
        Wrong(Unproved),
    }

    fn possession(cnf: &Value, proofs: &PresentedProofs) -> Found {
        match proofs.possession(raw(cnf).filter(|cnf| cnf.get() != "null").as_deref(), 10) {
            Ok(Possession::Unbound) => Found::Unbound,
            Ok(Possession::Proved(_)) => Found::Proved,
            Ok(Possession::NotPresented(why)) => Found::NotPresented(why),
            Err(why) => Found::Wrong(why),
        }
    }

    #[test]
    fn s04_s05_a_certificate_proves_possession_of_exactly_its_thumbprint() {
        let orders = Thumbprint::of_pem(ORDERS).unwrap();
        let bound = json!({ "x5t#S256": orders.0.to_base64url() });
        let both = json!({ "x5t#S256": orders.0.to_base64url(), "jkt": "k" });
        let (none, no_proof, no_certificate) = (None, Unproved::NoProof, Unproved::NoCertificate);
        for (cnf, certificate, expected) in [
            (json!(null), none, Found::Unbound),
            (json!(null), Some(ORDERS), Found::Unbound),
            (bound.clone(), Some(ORDERS), Found::Proved),
            (bound.clone(), Some(BILLING), Found::Wrong(Unproved::OtherCertificate)),
            (bound.clone(), none, Found::NotPresented(no_certificate)),
            (both.clone(), Some(ORDERS), Found::NotPresented(no_proof)),
            (both.clone(), Some(BILLING), Found::Wrong(Unproved::OtherCertificate)),
            (both, none, Found::NotPresented(no_proof)),
            (json!({ "x5t#S256": 1 }), Some(ORDERS), Found::Wrong(Unproved::OtherCertificate)),
            (json!({ "x5t#S256": "" }), Some(ORDERS), Found::Wrong(Unproved::OtherCertificate)),
            (json!({ "x5t#s256": "x" }), Some(ORDERS), Found::NotPresented(Unproved::UnknownBinding)),
            (json!({ "jkt": "k" }), Some(ORDERS), Found::NotPresented(no_proof)),
            (json!({}), none, Found::NotPresented(Unproved::UnknownBinding)),
            (json!({ "jwk": {} }), Some(ORDERS), Found::NotPresented(Unproved::UnknownBinding)),
            (json!("text"), none, Found::NotPresented(Unproved::UnknownBinding)),
            (
                json!({ "x5t#S256": orders.0.to_base64url(), "kid": "k" }),
                Some(ORDERS),
                Found::NotPresented(Unproved::UnknownBinding),
            ),
        ] {
            let certificate = certificate.map(|pem| Thumbprint::of_pem(pem).unwrap());
            assert_eq!(possession(&cnf, &PresentedProofs { dpop: None, certificate }), expected, "{cnf}");
        }
    }

    #[test]
    fn s05_only_a_certificate_has_a_thumbprint() {
        let der = der_of_pem(ORDERS).unwrap();
        assert!(Thumbprint::of_pem(ORDERS) == Thumbprint::of_der(&der));
        assert!(Thumbprint::of_pem("no PEM").is_none() && Thumbprint::of_der(&der[1..]).is_none());
        let text = Digest::of(&der).to_base64url();
        assert!(Thumbprint::from_base64url(&text) == Thumbprint::of_der(&der));
        for text in ["", "AAAA", &text[1..], &format!("{text}="), &text.replace(&text[42..], "B")] {
            assert!(Thumbprint::from_base64url(text).is_none(), "{text}");
        }
    }
}
