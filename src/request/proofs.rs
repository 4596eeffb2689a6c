//! What a resource server forwards about the sender of a token: the proof of `DPoP` with the method and the URL of the
//! request, and the client certificate of the connection. Other servers ignore these parameters (RFC 7662 §2.1).

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::Method;

use super::{RequestError, parameters::Parameters};
use crate::{
    digest::Digest,
    proof::{PresentedDpop, PresentedProofs, TargetUrl, Thumbprint},
};

/// Base64url with or without padding: most libraries write it, and its meaning is unambiguous.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the parameters about proofs. `token` is the digest of the token, and `now` the time of the request in seconds
/// since the epoch.
///
/// # Errors
///
/// Returns a [`RequestError`] if the resource server made a mistake. A proof that is wrong is no such mistake: its client
/// made it, and the token is inactive.
pub(super) fn read(parameters: Parameters, token: Digest, now: i64) -> Result<PresentedProofs, RequestError> {
    let Parameters { dpop, htm, htu, client_certificate, client_certificate_thumbprint, .. } = parameters;
    let dpop = match (dpop, htm, htu) {
        (None, None, None) => None,
        (Some(proof), Some(method), Some(url)) => {
            // RFC 9110 §9.1: a method is a token, and its case matters.
            let method = Method::from_bytes(method.as_bytes()).map_err(|_| RequestError::WrongProofTarget)?;
            let url = TargetUrl::parse(&url).ok_or(RequestError::WrongProofTarget)?;
            Some(PresentedDpop { proof, method: method.to_string(), url: Some(url), token, received_at: now })
        }
        // Without the request, it cannot be checked whether the proof is for it (RFC 9449 §4.3).
        _ => return Err(RequestError::IncompleteProof),
    };
    let certificate = match (client_certificate, client_certificate_thumbprint) {
        (None, None) => None,
        (Some(certificate), None) => Some(thumbprint_of(&certificate).ok_or(RequestError::WrongClientCertificate)?),
        (None, Some(thumbprint)) => {
            Some(Thumbprint::from_base64url(&thumbprint).ok_or(RequestError::WrongClientCertificate)?)
        }
        (Some(_), Some(_)) => return Err(RequestError::TwoClientCertificates),
    };
    Ok(PresentedProofs { dpop, certificate })
}

/// The thumbprint of a certificate in PEM, or in DER as base64url.
fn thumbprint_of(certificate: &str) -> Option<Thumbprint> {
    if certificate.trim_start().starts_with("-----BEGIN") {
        Thumbprint::of_pem(certificate)
    } else {
        Thumbprint::of_der(&BASE64URL.decode(certificate).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;
    use crate::certificate::der_of_pem;

    const ORDERS: &str = include_str!("../../tests/certificates/orders.pem");

    fn read(change: impl FnOnce(&mut Parameters)) -> Result<(bool, bool), RequestError> {
        let mut parameters = Parameters::default();
        change(&mut parameters);
        let proofs = super::read(parameters, Digest::of("token"), 0)?;
        Ok((proofs.dpop.is_some(), proofs.certificate.is_some()))
    }

    fn dpop(proof: &str, htm: &str, htu: &str) -> Result<(bool, bool), RequestError> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        read(|parameters| (parameters.dpop, parameters.htm, parameters.htu) = (some(proof), some(htm), some(htu)))
    }

    #[test]
    fn s06_a_proof_is_sent_with_the_method_and_the_url_of_its_request() {
        let url = "https://api.example/orders?page=2";
        assert_eq!(read(|_| {}), Ok((false, false)));
        assert_eq!(dpop("proof", "GET", url), Ok((true, false)));
        assert_eq!(dpop("proof", "PROPFIND", url), Ok((true, false)));
        for (proof, htm, htu) in [
            ("proof", "", ""),
            ("", "GET", ""),
            ("", "", url),
            ("proof", "GET", ""),
            ("proof", "", url),
            ("", "GET", url),
        ] {
            assert_eq!(dpop(proof, htm, htu), Err(RequestError::IncompleteProof), "{proof} {htm} {htu}");
        }
        for (htm, htu) in [
            ("GET ", url),
            ("G,T", url),
            ("GÉT", url),
            ("GET", "/orders"),
            ("GET", "api.example"),
            ("GET", "https://a@b/"),
        ] {
            assert_eq!(dpop("proof", htm, htu), Err(RequestError::WrongProofTarget), "{htm} {htu}");
        }
    }

    #[test]
    fn s06_a_certificate_is_sent_in_one_of_three_forms() {
        let der = der_of_pem(ORDERS).unwrap();
        let certificate = |text: &str| read(|parameters| parameters.client_certificate = Some(text.to_owned()));
        let thumbprint =
            |text: &str| read(|parameters| parameters.client_certificate_thumbprint = Some(text.to_owned()));
        assert_eq!(certificate(ORDERS), Ok((false, true)));
        assert_eq!(certificate(&URL_SAFE_NO_PAD.encode(&der)), Ok((false, true)));
        assert_eq!(certificate(&URL_SAFE.encode(&der)), Ok((false, true)));
        assert_eq!(thumbprint(&Digest::of(&der).to_base64url()), Ok((false, true)));
        let truncated = URL_SAFE_NO_PAD.encode(&der[..der.len() - 1]);
        for text in ["AAAA", "-----BEGIN CERTIFICATE-----", &STANDARD.encode(&der), &truncated] {
            assert_eq!(certificate(text), Err(RequestError::WrongClientCertificate), "{text}");
        }
        for text in ["AAAA", &Digest::of(&der).to_hex(), &format!("{}=", Digest::of(&der).to_base64url())] {
            assert_eq!(thumbprint(text), Err(RequestError::WrongClientCertificate), "{text}");
        }
        let both = read(|parameters| {
            parameters.client_certificate = Some(ORDERS.to_owned());
            parameters.client_certificate_thumbprint = Some(Digest::of(&der).to_base64url());
        });
        assert_eq!(both, Err(RequestError::TwoClientCertificates));
    }
}
