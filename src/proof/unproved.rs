//! Why a token is not accepted from its sender: for the audit record and the operator, never for the wire.

use std::fmt;

/// Why possession of the keys is not proved, so that the token must not be accepted from this sender. The order is that
/// of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// A token that is bound by `DPoP` under the scheme `Bearer`, or another one under `DPoP` (RFC 9449 §7.1).
    Scheme,
    /// A proof for a token that is not bound to a key, so that it shows nothing.
    NotBound,
    NoProof,
    /// The proof is not a JWT with a strict header and payload.
    MalformedProof,
    /// The `typ` of the proof is not `dpop+jwt`.
    ProofType,
    /// The proof is not signed with an asymmetric algorithm that is known here.
    ProofAlgorithm,
    /// The key in the proof is missing, is private, or is not written in its one canonical form.
    ProofKey,
    /// The key in the proof is not the one that the token is bound to.
    OtherKey,
    ProofSignature,
    /// `htm` is not the method of the request.
    ProofMethod,
    /// `htu` is not the URL of the request.
    ProofUrl,
    /// The proof is too old or from the future.
    ProofTime,
    /// `ath` is not the hash of the token.
    ProofToken,
    /// The proof has no identifier.
    ProofWithoutJti,
    /// The proof was used before.
    ProofReplayed,
    NoCertificate,
    OtherCertificate,
    /// The token is bound in a way that is not known here.
    UnknownBinding,
}

impl Unproved {
    /// The stable name, as listed in docs/reasons.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheme => "other_token_scheme",
            Self::NotBound => "token_not_bound",
            Self::NoProof => "no_proof",
            Self::MalformedProof => "malformed_proof",
            Self::ProofType => "proof_type",
            Self::ProofAlgorithm => "proof_algorithm",
            Self::ProofKey => "proof_key",
            Self::OtherKey => "other_key",
            Self::ProofSignature => "proof_signature",
            Self::ProofMethod => "proof_method",
            Self::ProofUrl => "proof_url",
            Self::ProofTime => "proof_time",
            Self::ProofToken => "proof_token",
            Self::ProofWithoutJti => "proof_without_jti",
            Self::ProofReplayed => "proof_replayed",
            Self::NoCertificate => "no_certificate",
            Self::OtherCertificate => "other_certificate",
            Self::UnknownBinding => "unknown_binding",
        }
    }

    /// What most likely helps.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Scheme => "send a token that is bound to a key as `DPoP`, and any other one as `Bearer`",
            Self::NotBound => "send no proof with this token, or have the issuer bind its tokens to the key",
            Self::NoProof => "have the resource server forward the header `DPoP` (docs/proofs.md)",
            Self::MalformedProof | Self::ProofType | Self::ProofAlgorithm | Self::ProofKey | Self::ProofWithoutJti => {
                "have the client build the proof as RFC 9449 §4.2 says"
            }
            Self::OtherKey => "have the client sign with the key that it had at the token endpoint",
            Self::ProofSignature => "check that the proof was not altered on its way",
            Self::ProofMethod | Self::ProofUrl => {
                "send the method and the URL that the client requested, and not those behind a proxy"
            }
            Self::ProofTime => "have the client make a proof for each request; compare the clocks",
            Self::ProofToken => "have the client hash this token into the proof (`ath`)",
            Self::ProofReplayed => "have the client make a proof for each request",
            Self::NoCertificate => "have the resource server forward the client's certificate (docs/proofs.md)",
            Self::OtherCertificate => "use the certificate that the client had at the token endpoint",
            Self::UnknownBinding => "have the issuer bind its tokens by `jkt` or `x5t#S256`",
        }
    }
}

impl fmt::Display for Unproved {
    /// One clause without a full stop, about the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it was sent under another scheme than its binding demands",
            Self::NotBound => "it is not bound to a key, but a proof was sent with it",
            Self::NoProof => "it is bound to a key (jkt), and no proof was sent with it",
            Self::MalformedProof => "the proof that was sent with it is not a strict JWT",
            Self::ProofType => "typ of the proof is not dpop+jwt",
            Self::ProofAlgorithm => "alg of the proof is not a supported algorithm with a public key",
            Self::ProofKey => "jwk of the proof is not a public key in canonical form",
            Self::OtherKey => "the proof was signed with another key than the one that it is bound to (jkt)",
            Self::ProofSignature => "the signature of the proof is not valid",
            Self::ProofMethod => "htm of the proof is not the method of the request",
            Self::ProofUrl => "htu of the proof is not the URL of the request",
            Self::ProofTime => "the proof is too old, from the future or without a time",
            Self::ProofToken => "ath of the proof is not the hash of the token",
            Self::ProofWithoutJti => "the proof has no jti",
            Self::ProofReplayed => "the proof was used before",
            Self::NoCertificate => "it is bound to a certificate (x5t#S256), and none was sent with it",
            Self::OtherCertificate => "it is bound to another certificate (x5t#S256)",
            Self::UnknownBinding => "it is bound in a way (cnf) that cannot be checked here",
        })
    }
}
