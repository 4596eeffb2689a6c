//! The mark of one JWT. It is written only if it revokes a token that could be active, because a forged token with the
//! `jti` of another token would revoke that one instead.

use token_introspection::{
    call::now,
    judge,
    jwt::UnverifiedJwt,
    settings::Settings,
    token::{Inactive, UnverifiedToken, own_mark},
};

use super::Target;
use crate::{
    environment::Environment,
    input::Input,
    output::warn,
    problem::Problem,
    signature::{self, Signature},
    store::AdminStore,
    trust::{Force, untrusted},
};

/// A presented JWT, and how the operator presented it.
pub(super) struct Presented<'a> {
    pub text: &'a str,
    pub source: &'a Input,
    /// Whether to write the mark even if it would revoke nothing, or another token.
    pub force: Force,
}

impl Presented<'_> {
    /// The mark of the token.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Negative`] if the token is inactive anyway or the issuer did not sign it, unless the operator
    /// forces it.
    pub async fn target(&self, environment: &Environment, admin: &AdminStore) -> Result<Target, Problem> {
        let settings = environment.settings()?;
        let unverified = match UnverifiedToken::parse(self.text, settings) {
            Ok(unverified) => Box::new(unverified),
            Err(why) => return self.unreadable(&why, settings),
        };
        let claims = unverified.unverified_claims();
        let current = match judge::is_current(claims, now(), settings.clock_skew_seconds) {
            Err(Inactive::NotYetValid { .. } | Inactive::IssuedInTheFuture { .. }) => Ok(()),
            current => current,
        };
        if let Err(why) = judge::follows_profile(&unverified).and(current) {
            self.force.over(&format!("the token is inactive anyway: {why}"))?;
        }
        let issuer = unverified.issuer().issuer.clone();
        let exp = claims.expires_at;
        let mark = unverified.own_mark().clone();
        match signature::result(unverified, settings, admin).await {
            // The `exp` of a token that the issuer did not sign must not determine when the mark expires.
            Signature::Good => return Ok(Target { mark, issuer, last_exp: exp }),
            Signature::Bad => self.force.over(
                "no key of its issuer made the token's signature, so the token is inactive anyway, and a mark could \
                 revoke another token with the same jti",
            )?,
            Signature::Unknown(why) => self.ask_about(&format!("the token's signature could not be checked: {why}"))?,
        }
        Ok(Target { mark, issuer, last_exp: None })
    }

    /// The mark of a token that the function refuses before it reads any mark.
    fn unreadable(&self, why: &Inactive, settings: &Settings) -> Result<Target, Problem> {
        let Ok(jwt) = UnverifiedJwt::parse(self.text) else {
            return Err(Problem::Negative(format!("the token is inactive anyway: {why}; nothing was written")));
        };
        let issuer = jwt.claims.get("iss").and_then(|iss| serde_json::from_str(iss.get()).ok());
        let issuer: String = issuer.unwrap_or_default();
        self.force.over(&match why {
            Inactive::UntrustedIssuer { iss: Some(iss) } => untrusted(iss, settings),
            why => format!("the token is inactive anyway: {why}"),
        })?;
        let issuer = settings.trusted_issuer(&issuer).map_or(issuer, |entry| entry.issuer.clone());
        let mark = own_mark(&jwt, &issuer).map_err(|why| Problem::Negative(format!("no mark is possible: {why}")))?;
        Ok(Target { mark, issuer, last_exp: None })
    }

    /// Continues if the operator agrees, now or with `--force`.
    fn ask_about(&self, why: &str) -> Result<(), Problem> {
        let refused = || {
            Problem::Negative(format!(
                "{why}; nothing was written, since a forged token could revoke another one with the same jti; --force \
                 writes the mark anyway"
            ))
        };
        if self.force.0 {
            warn(why);
            return Ok(());
        }
        let answer = self.source.confirm(&format!("{why}; a forged token could revoke another one. Revoke it?"));
        if answer == Some(true) { Ok(()) } else { Err(refused()) }
    }
}
