//! The proof of `DPoP`: a JWT that the sender signed for this one request and token (RFC 9449 §4.3, RFC 9449 §7.1).

use serde_json::value::RawValue;

use super::{TargetUrl, Unproved};
use crate::{
    digest::Digest,
    jwt::{Algorithm, EmbeddedKey, RawMembers, UnverifiedJwt},
    media_type,
    records::{ItemKey, UnixTime},
};

/// The `typ` of a proof (RFC 9449 §4.2).
const TYPE: &str = "dpop+jwt";
/// How old a proof may be, in seconds, beside the tolerated difference between the clocks. RFC 9449 §11.1: a relatively
/// brief period, in the order of seconds or minutes.
const LIFETIME: i64 = 300;

/// A proof, and the request that it must be for. It contains a credential, so it has no `Debug`.
pub struct PresentedDpop {
    /// The value of the header `DPoP`.
    pub proof: String,
    /// The method of the request to the resource server, compared with its case.
    pub method: String,
    /// The URL of that request. `None` if it is unknown, so that no proof is for it.
    pub url: Option<TargetUrl>,
    /// The digest of the token that was sent with the proof.
    pub token: Digest,
    /// Seconds since the epoch.
    pub received_at: i64,
}

/// A proof that passed every check except whether it was used before.
pub struct ValidProof {
    /// The key of the item that records its use.
    pub guard: ItemKey,
    /// When the item is no longer needed, because the proof is too old from then on.
    pub expires_at: UnixTime,
}

impl PresentedDpop {
    /// Checks the proof against its request, and against the key that the token is bound to (`jkt`).
    ///
    /// # Errors
    ///
    /// Returns the first check that fails.
    pub(super) fn check(&self, jkt: &RawValue, skew: i64) -> Result<ValidProof, Unproved> {
        let (claims, thumbprint) = self.signed_claims(jkt)?;
        // RFC 9449 §4.3: the method and the URL are those of the request (S-07, S-08).
        if string(&claims, "htm").as_ref() != Some(&self.method) {
            return Err(Unproved::ProofMethod);
        }
        let url = string(&claims, "htu").and_then(|url| TargetUrl::parse(&url)).ok_or(Unproved::ProofUrl)?;
        if self.url != Some(url) {
            return Err(Unproved::ProofUrl);
        }
        let issued_at = self.issued_at(&claims, skew)?;
        // RFC 9449 §4.3: with an access token, the proof contains its hash (S-14).
        if string(&claims, "ath") != Some(self.token.to_base64url()) {
            return Err(Unproved::ProofToken);
        }
        let jti = string(&claims, "jti").filter(|jti| !jti.is_empty()).ok_or(Unproved::ProofWithoutJti)?;
        Ok(ValidProof {
            guard: ItemKey::proof(&thumbprint, &jti),
            // Until then, the time window accepts the proof.
            expires_at: issued_at.plus(LIFETIME).plus(skew).plus(1),
        })
    }

    /// The claims of the proof, signed with the key that the token is bound to, and the thumbprint of that key (RFC 9449 §4.3,
    /// S-02).
    fn signed_claims(&self, jkt: &RawValue) -> Result<(RawMembers, String), Unproved> {
        let UnverifiedJwt { jws, claims } = UnverifiedJwt::parse(&self.proof).map_err(|_| Unproved::MalformedProof)?;
        let header = &jws.header;
        if !header.typ.as_deref().is_some_and(|typ| media_type::is_typ(typ, TYPE)) {
            return Err(Unproved::ProofType);
        }
        if header.critical || header.unencoded {
            return Err(Unproved::MalformedProof);
        }
        let algorithm = Algorithm::from_name(&header.alg).ok_or(Unproved::ProofAlgorithm)?;
        let key = EmbeddedKey::read(&jws, algorithm).map_err(|_| Unproved::ProofKey)?;
        if !serde_json::from_str::<String>(jkt.get()).is_ok_and(|bound| bound == key.thumbprint()) {
            return Err(Unproved::OtherKey);
        }
        if !key.verifies(&jws) {
            return Err(Unproved::ProofSignature);
        }
        Ok((claims, key.thumbprint().to_owned()))
    }

    /// `iat`, if the proof is recent (RFC 9449 §4.3, S-09). A proof may also limit its own life.
    fn issued_at(&self, claims: &RawMembers, skew: i64) -> Result<UnixTime, Unproved> {
        let now = self.received_at;
        let time = |name| match claims.get(name) {
            None => Ok(None),
            Some(value) => serde_json::from_str(value.get()).map(Some).map_err(|_| Unproved::ProofTime),
        };
        let UnixTime(issued_at) = time("iat")?.ok_or(Unproved::ProofTime)?;
        let is_recent =
            (now.saturating_sub(LIFETIME).saturating_sub(skew)..=now.saturating_add(skew)).contains(&issued_at);
        let has_begun = time("nbf")?.is_none_or(|UnixTime(nbf)| nbf <= now.saturating_add(skew));
        let has_ended = time("exp")?.is_some_and(|UnixTime(exp)| exp <= now);
        if is_recent && has_begun && !has_ended { Ok(UnixTime(issued_at)) } else { Err(Unproved::ProofTime) }
    }
}

fn string(claims: &RawMembers, name: &str) -> Option<String> {
    claims.get(name).and_then(|value| serde_json::from_str(value.get()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::raw;

    /// The request of RFC 9449 §7.1.
    const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    const URL: &str = "https://resource.example.org/protectedresource";
    const ISSUED_AT: i64 = 1_562_262_618;
    const HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUk\
        RZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6Il\
        AtMjU2In19";
    const CLAIMS: &str = "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9w\
        cm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9";
    const SIGNATURE: &str = "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

    fn presented() -> PresentedDpop {
        PresentedDpop {
            proof: format!("{HEADER}.{CLAIMS}.{SIGNATURE}"),
            method: "GET".to_owned(),
            url: TargetUrl::parse(URL),
            token: Digest::of(TOKEN),
            received_at: ISSUED_AT,
        }
    }

    fn check(change: impl FnOnce(&mut PresentedDpop)) -> Option<Unproved> {
        let mut presented = presented();
        change(&mut presented);
        presented.check(&raw(&JKT).unwrap(), 10).err()
    }

    #[test]
    fn s02_the_proof_of_rfc_9449_is_valid_for_its_request_and_for_no_other() {
        assert_eq!(check(|_| {}), None);
        assert_eq!(check(|dpop| dpop.url = TargetUrl::parse(&format!("{URL}?page=2#top"))), None);
        assert_eq!(check(|dpop| dpop.method = "get".to_owned()), Some(Unproved::ProofMethod));
        assert_eq!(check(|dpop| dpop.method = "POST".to_owned()), Some(Unproved::ProofMethod));
        assert_eq!(check(|dpop| dpop.url = TargetUrl::parse(&format!("{URL}/"))), Some(Unproved::ProofUrl));
        assert_eq!(check(|dpop| dpop.url = None), Some(Unproved::ProofUrl));
        assert_eq!(check(|dpop| dpop.token = Digest::of("another")), Some(Unproved::ProofToken));
        let other = presented().check(&raw(&"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J").unwrap(), 10);
        assert_eq!(other.err(), Some(Unproved::OtherKey));
        assert_eq!(presented().check(&raw(&1).unwrap(), 10).err(), Some(Unproved::OtherKey));
    }

    #[test]
    fn s09_a_proof_is_accepted_for_five_minutes_and_the_tolerated_difference_of_clocks() {
        for (difference, expected) in [
            (-11, Some(Unproved::ProofTime)),
            (-10, None),
            (0, None),
            (310, None),
            (311, Some(Unproved::ProofTime)),
            (i64::MAX - ISSUED_AT, Some(Unproved::ProofTime)),
        ] {
            assert_eq!(check(|dpop| dpop.received_at += difference), expected, "{difference}");
        }
        let valid = presented().check(&raw(&JKT).unwrap(), 10).unwrap_or_else(|why| panic!("{why:?}"));
        // The guard outlives the last second in which the proof is accepted.
        assert_eq!(valid.expires_at, UnixTime(ISSUED_AT + 311));
        assert!(valid.guard == ItemKey::proof(JKT, "e1j3V_bKic8-LAEB"));
    }

    #[test]
    fn s02_a_proof_that_does_not_parse_or_is_signed_by_another_key_is_refused() {
        for (proof, expected) in [
            (String::new(), Unproved::MalformedProof),
            ("a.b.c".to_owned(), Unproved::MalformedProof),
            (format!("{HEADER}.{CLAIMS}"), Unproved::MalformedProof),
            (format!("{HEADER}.{CLAIMS}."), Unproved::ProofSignature),
            (format!("{HEADER}.{CLAIMS}.{SIGNATURE}="), Unproved::MalformedProof),
            (format!("{HEADER}.{CLAIMS}.{SIGNATURE}.a"), Unproved::MalformedProof),
            (format!("{HEADER}.e30.{SIGNATURE}"), Unproved::ProofSignature),
            (format!("eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.{SIGNATURE}"), Unproved::ProofType),
        ] {
            assert_eq!(check(|dpop| dpop.proof.clone_from(&proof)), Some(expected), "{proof}");
        }
    }
}
